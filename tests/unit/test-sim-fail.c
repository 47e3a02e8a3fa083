/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each call to the simulated host fails in turn, and each thing that it asks of this
 * process: nothing may be left behind, and the books have to balance.
 */
#include "test-sim.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/types.h>

/* ---- failures of this process: the linker sends these calls here first ------------- */

static uint64_t asked, failing;

static bool fails(void)
{
	return failing && ++asked == failing;
}

#define WRAP(type, name, parameters, arguments, failure)                                           \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		if (fails()) {                                                                     \
			errno = ENOMEM;                                                            \
			return failure;                                                            \
		}                                                                                  \
		return __real_##name arguments;                                                    \
	}

WRAP(void *, malloc, (size_t size), (size), NULL)
WRAP(void *, calloc, (size_t count, size_t size), (count, size), NULL)
WRAP(void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size), NULL)
WRAP(char *, strdup, (const char *text), (text), NULL)
WRAP(void *, mmap, (void *at, size_t size, int protection, int flags, int fd, off_t offset),
     (at, size, protection, flags, fd, offset), MAP_FAILED)
WRAP(int, memfd_create, (const char *name, unsigned flags), (name, flags), -1)
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), -1)
WRAP(int, mprotect, (void *at, size_t size, int protection), (at, size, protection), -1)
WRAP(ssize_t, pwrite, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at), -1)
WRAP(ssize_t, pread, (int fd, void *bytes, size_t size, off_t at), (fd, bytes, size, at), -1)

/* ---- a domain's whole life, step by step ---------------------------------------------- */

/* Go on as long as nothing fails. */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		rc = (call);                                                                       \
		if (rc)                                                                            \
			goto out;                                                                  \
	} while (0)

/* Whatever failed: the books balance, and a domain that is there can be destroyed. */
static void clear_away(struct pvb_host *host)
{
	struct pvb_host_domain domain;

	assert_books_balance(host);
	if (pvb_host_get_domain(host, 1, &domain, NULL) == 0)
		assert_int_equal(pvb_host_destroy_domain(host, 1, NULL), 0);
}

static int fill_tables(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frame,
		       struct pvb_error *error)
{
	uint64_t *table;
	void *at;
	int rc = pvb_host_map_frames(host, domid, frame, 4, true, &at, error);

	if (rc)
		return rc;
	table = at;
	memset(table, 0, 4 * PAGE);
	for (size_t i = 0; i < 3; i++)
		table[i * 512] = frame[i + 1].n << 12 | 0x67;
	for (size_t i = 0; i < 8; i++)
		table[3 * 512 + i] = frame[i].n << 12 | (i < 4 ? 0x21 : 0x23);
	pvb_host_unmap_frames(host, at, 4);
	return 0;
}

/* Returns the first failure; whatever happens, the domain is gone afterwards. */
static int live_and_die(struct pvb_host *host, struct pvb_error *error)
{
	struct pvb_host_domain_config config = plain_config();
	struct pvb_host_info info;
	struct pvb_host_domain domain;
	struct pvb_host_frame_info frames_info[8];
	struct pvb_host_vcpu registers = {.flags = 4};
	struct pvb_host_introduction introduction = {
		.name = "guest", .kernel = "k", .ramdisk = "r", .command_line = "c"};
	struct pvb_host_grant grants[40];
	pvb_mfn_t frame[8], big[2];
	pvb_extent_t pages[8], extents[2];
	struct pvb_host_populate request = {.shift = 12, .count = 8, .node = -1, .out = pages};
	struct pvb_host_populate big_request = {
		.address = 2 * MIB, .shift = 21, .count = 2, .node = -1, .out = extents};
	uint64_t done, count;
	uint32_t domid, port;
	size_t listed;
	pvb_pfn_t pfn;
	bool touched;
	void *at;
	int rc;

	TRY(pvb_host_get_info(host, &info, error));
	rc = pvb_host_create_domain(host, &config, &domid, error);
	if (rc)
		return rc;
	TRY(pvb_host_set_guest_bits(host, domid, 64, error));
	TRY(pvb_host_set_max_memory(host, domid, 16 * MIB, error));
	TRY(pvb_host_set_memory_map(host, domid, &(struct pvb_host_memory){0, 16 * MIB}, 1, error));
	TRY(pvb_host_apply_cpu_policy(host, domid, error));
	TRY(pvb_host_claim_memory(host, domid, 8 * MIB, error));
	TRY(pvb_host_populate(host, domid, &request, &done, error));
	if (done != 8) { /* the process ran out in the middle */
		rc = -PVB_E_ARG_NO_MEMORY;
		goto out;
	}
	TRY(pvb_host_populate(host, domid, &big_request, &done, error));
	if (done != 2) {
		rc = -PVB_E_ARG_NO_MEMORY;
		goto out;
	}
	for (unsigned i = 0; i < 8; i++)
		frame[i] = pvb_extent_frame(pages[i], 12);
	for (unsigned i = 0; i < 2; i++)
		big[i] = pvb_extent_frame(extents[i], 12);
	TRY(pvb_host_claim_memory(host, domid, 0, error));
	for (unsigned i = 0; i < 20; i++)
		TRY(pvb_host_alloc_event_channel(host, domid, 0, &port, error));
	TRY(fill_tables(host, domid, frame, error));
	/* Some frames in the middle of a chunk, read-only: dirty ones are filled first. */
	TRY(pvb_host_map_frames(host, domid, (pvb_mfn_t[]){{big[1].n + 3}, {big[1].n + 7}}, 2,
				false, &at, error));
	pvb_host_unmap_frames(host, at, 2);
	TRY(pvb_host_fill_hypercall_page(host, domid, frame[5], error));
	TRY(pvb_host_pin_table(host, domid, 4, frame[0], error));
	registers.cr[3] = frame[0].n << 12;
	TRY(pvb_host_set_vcpu(host, domid, 0, &registers, error));
	TRY(pvb_host_get_vcpu(host, domid, 0, &registers, error));
	for (uint32_t i = 0; i < 40; i++)
		grants[i] = (struct pvb_host_grant){i, 1, 0, frame[6]};
	TRY(pvb_host_set_grants(host, domid, grants, 2, error));
	TRY(pvb_host_set_grants(host, domid, grants, 40, error));
	TRY(pvb_host_get_grants(host, domid, grants, 40, &listed, error));
	introduction.store_frame = frame[6];
	introduction.console_frame = frame[7];
	introduction.store_port = 1;
	introduction.console_port = 2;
	TRY(pvb_host_introduce_domain(host, domid, &introduction, error));
	TRY(pvb_host_get_m2p_run(host, frame[0], 100, &pfn, &count, error));
	TRY(pvb_host_get_frame_info(host, domid, frame, 8, frames_info, error));
	TRY(pvb_host_get_owned_run(host, domid, &(struct pvb_host_frames){frame[0], 1}, 1, &touched,
				   &count, error));
	TRY(pvb_host_get_touched_run(host, frame[0], 100, &touched, &count, error));
	TRY(pvb_host_unpause_domain(host, domid, error));
	TRY(pvb_host_pause_domain(host, domid, error));
	TRY(pvb_host_get_domain(host, domid, &domain, error));
	TRY(pvb_host_list_domains(host, 0, &domain, 1, &listed, error));
	rc = pvb_host_destroy_domain(host, domid, error);
	if (rc == 0)
		return 0;
out:
	clear_away(host);
	return rc;
}

/* The same for a translated domain. */
static int live_and_die_translated(struct pvb_host *host, struct pvb_error *error)
{
	struct pvb_host_domain_config config = plain_config();
	struct pvb_host_arm64_vcpu registers = {.pc = GIB, .cpsr = 0x3c5};
	struct pvb_host_introduction introduction = {.name = "guest", .kernel = "k"};
	struct pvb_host_domain domain;
	struct pvb_host_info info;
	unsigned shift = host->page_shift;
	pvb_extent_t extents[8];
	struct pvb_host_populate request = {
		.address = GIB, .shift = shift, .count = 8, .node = -1, .out = extents};
	pvb_mfn_t gfn[2] = {{(GIB >> shift) + 7}, {(GIB >> shift) + 1}};
	uint64_t done, value;
	uint32_t domid, port;
	bool present;
	void *at;
	int rc;

	config.translated = true;
	TRY(pvb_host_get_info(host, &info, error));
	rc = pvb_host_create_domain(host, &config, &domid, error);
	if (rc)
		return rc;
	TRY(pvb_host_set_guest_bits(host, domid, 64, error));
	TRY(pvb_host_set_max_memory(host, domid, GIB, error));
	TRY(pvb_host_claim_memory(host, domid, 16 * MIB, error));
	TRY(pvb_host_populate(host, domid, &request, &done, error));
	request.address = 8 * GIB;
	request.shift = shift == 12 ? 21 : 2 * shift - 3;
	request.count = 1;
	if (done == 8)
		TRY(pvb_host_populate(host, domid, &request, &done, error));
	if (done != 1) {
		rc = -PVB_E_ARG_NO_MEMORY;
		goto out;
	}
	TRY(pvb_host_claim_memory(host, domid, 0, error));
	for (unsigned i = 0; i < 2; i++)
		TRY(pvb_host_alloc_event_channel(host, domid, 0, &port, error));
	TRY(pvb_host_map_frames(host, domid, gfn, 2, true, &at, error));
	pvb_host_unmap_frames(host, at, 2);
	TRY(pvb_host_get_memory_run(host, domid, 0, TIB, &present, &value, error));
	TRY(pvb_host_set_parameter(host, domid, PVB_PARAMETER_STORE_PORT, 1, error));
	TRY(pvb_host_get_parameter(host, domid, PVB_PARAMETER_STORE_PORT, &value, error));
	TRY(pvb_host_set_arm64_vcpu(host, domid, 0, &registers, error));
	TRY(pvb_host_get_arm64_vcpu(host, domid, 0, &registers, error));
	introduction.store_frame = gfn[0];
	introduction.console_frame = gfn[1];
	introduction.store_port = 1;
	introduction.console_port = 2;
	TRY(pvb_host_introduce_domain(host, domid, &introduction, error));
	TRY(pvb_host_unpause_domain(host, domid, error));
	TRY(pvb_host_get_domain(host, domid, &domain, error));
	rc = pvb_host_destroy_domain(host, domid, error);
	if (rc == 0)
		return 0;
out:
	clear_away(host);
	return rc;
}

/* calls: at least so many does that life take; asks: so many things of this process */
static const struct {
	const char *options;
	int (*live)(struct pvb_host *host, struct pvb_error *error);
	unsigned calls, asks;
} hosts[] = {
	{"memory=1G", live_and_die, 46, 31},
	{"memory=1G,scramble,clean", live_and_die, 46, 31},
	{"memory=3G,fragment=30,nodes=2", live_and_die, 46, 31},
	{"arch=arm64,memory=1G", live_and_die_translated, 21, 16},
	{"arch=arm64,memory=3G,granule=64K,fragment=3", live_and_die_translated, 21, 16},
};

static void each_call_fails_in_turn(void **state)
{
	(void)state;
	for (size_t h = 0; h < sizeof hosts / sizeof hosts[0]; h++) {
		unsigned last = 0;

		for (unsigned n = 1;; n++) {
			char options[80];
			struct pvb_error error = {0};

			(void)snprintf(options, sizeof options, "%s,fail=%u", hosts[h].options, n);
			struct pvb_host *host = open_sim(options);
			struct pvb_host *same = open_sim(hosts[h].options);
			int rc = hosts[h].live(host, &error);

			if (rc == 0) {
				last = n;
				assert_int_equal(pvb_sim_calls(host), n - 1);
				close_sim(host);
				close_sim(same);
				break;
			}
			char wanted[40];
			(void)snprintf(wanted, sizeof wanted, "call %u ", n);
			assert_int_equal(rc, -PVB_E_HOST_INJECTED);
			assert_int_equal(error.code, PVB_E_HOST_INJECTED);
			assert_non_null(strstr(error.message, wanted));
			assert_non_null(strstr(error.message, error.stage));
			assert_true(free_memory(host) == free_memory(same));
			close_sim(host);
			close_sim(same);
		}
		assert_true(last >= hosts[h].calls);
	}
}

static void failures_can_be_asked_for_later(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=1G");
	struct pvb_host_info info;
	struct pvb_error error;

	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	pvb_sim_fail_after(host, 2);
	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	assert_fails_with(pvb_host_get_info(host, &info, &error), PVB_E_HOST_INJECTED, &error);
	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	pvb_sim_fail_after(host, 1);
	pvb_sim_fail_after(host, 0);
	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	assert_int_equal(pvb_sim_calls(host), 5);
	close_sim(host);
}

static void the_process_runs_short_at_each_step(void **state)
{
	(void)state;
	for (size_t h = 0; h < sizeof hosts / sizeof hosts[0]; h++) {
		unsigned fds = count_open_fds(), failures = 0;

		for (uint64_t n = 1;; n++) {
			struct pvb_host *host = NULL;
			struct pvb_error error = {0};
			int rc;

			asked = 0;
			failing = n;
			rc = pvb_sim_open(hosts[h].options, &host, &error);
			if (rc == 0) {
				uint64_t all = 0;
				struct pvb_host_info info;

				if (asked < n) {
					assert_int_equal(pvb_host_get_info(host, &info, NULL), 0);
					all = info.memory_free;
				}
				rc = hosts[h].live(host, &error);
				failing = 0;
				if (all)
					assert_true(free_memory(host) == all);
				assert_books_balance(host);
			}
			failing = 0;
			pvb_host_close(host);
			assert_int_equal(count_open_fds(), fds);
			if (rc == 0 && asked < n)
				break;
			if (rc == 0) /* a failure that could be made up for */
				continue;
			failures++;
			if (rc != -PVB_E_ARG_NO_MEMORY && rc != -PVB_E_HOST_MAP)
				print_error("%s %llu: %s\n", hosts[h].options,
					    (unsigned long long)n, error.message);
			assert_true(rc == -PVB_E_ARG_NO_MEMORY || rc == -PVB_E_HOST_MAP);
		}
		assert_true(failures >= hosts[h].asks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_fails_in_turn),
		cmocka_unit_test(failures_can_be_asked_for_later),
		cmocka_unit_test(the_process_runs_short_at_each_step),
	};

	return cmocka_run_group_tests_name("sim-fail", tests, NULL, NULL);
}
