/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains of the simulated host: their life, their settings, and mapping their memory. */
#include "test-sim.h"

#include <pvbuild/host.h>

static struct pvb_host_domain about(struct pvb_host *host, uint32_t domid)
{
	struct pvb_host_domain domain;
	struct pvb_error error;

	assert_ok(pvb_host_get_domain(host, domid, &domain, &error), &error);
	return domain;
}

static void a_new_domain_is_as_was_asked_for(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	struct pvb_host_domain_config config = plain_config();
	struct pvb_error error;
	uint32_t domid;

	memset(config.uuid, 7, sizeof config.uuid);
	memset(config.name, 'x', sizeof config.name);
	assert_ok(pvb_host_create_domain(host, &config, &domid, &error), &error);

	struct pvb_host_domain domain = about(host, domid);
	assert_int_equal(domain.domid, domid);
	assert_int_equal(strlen(domain.name), PVB_HOST_NAME_MAX - 1);
	assert_memory_equal(domain.uuid, config.uuid, sizeof config.uuid);
	assert_int_equal(domain.guest_bits, 64);
	assert_true(domain.paused);
	assert_false(domain.dying);
	assert_false(domain.shutdown);
	assert_int_equal(domain.vcpus, 2);
	assert_int_equal(domain.pages, 0);
	assert_int_equal(domain.max_pages, 0);
	assert_true(domain.shared_info.n < 4 * GIB / PAGE);

	/* Without a limit there is no memory. */
	pvb_mfn_t out[1];
	assert_int_equal(give(host, domid, 0, 0, 1, out), 0);
	close_sim(host);
}

static void what_no_domain_can_have_is_refused(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	struct pvb_host_domain_config config = plain_config();
	struct pvb_error error;
	uint32_t domid;
	uint64_t all = free_memory(host);

	config.vcpus = 0;
	assert_fails_with(pvb_host_create_domain(host, &config, &domid, &error), PVB_E_ARG_VCPUS,
			  &error);
	config.vcpus = 8193;
	assert_fails_with(pvb_host_create_domain(host, &config, &domid, &error), PVB_E_ARG_VCPUS,
			  &error);
	config.vcpus = 8192;
	config.max_grant_frames = 65;
	assert_fails_with(pvb_host_create_domain(host, &config, &domid, &error), PVB_E_HOST_LIMIT,
			  &error);
	assert_true(free_memory(host) == all);
	config.max_grant_frames = 64;
	assert_ok(pvb_host_create_domain(host, &config, &domid, &error), &error);
	close_sim(host);
}

static void numbers_go_round_and_are_listed_in_order(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=64M");
	struct pvb_host_domain list[8];
	struct pvb_error error;
	size_t count;

	for (uint32_t i = 1; i <= 5; i++)
		assert_int_equal(new_domain(host, MIB), i);
	destroy(host, 2);
	destroy(host, 4);
	assert_int_equal(new_domain(host, MIB), 6);
	assert_ok(pvb_host_list_domains(host, 0, list, 8, &count, &error), &error);
	assert_int_equal(count, 4);
	static const uint32_t wanted[] = {1, 3, 5, 6};
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(list[i].domid, wanted[i]);
	assert_ok(pvb_host_list_domains(host, 3, list, 2, &count, &error), &error);
	assert_int_equal(count, 2);
	assert_int_equal(list[0].domid, 3);
	assert_int_equal(list[1].domid, 5);
	assert_ok(pvb_host_list_domains(host, 7, list, 8, &count, &error), &error);
	assert_int_equal(count, 0);
	assert_fails_with(pvb_host_get_domain(host, 4, list, &error), PVB_E_HOST_NO_DOMAIN, &error);

	/* Numbers are used again only after all others were. */
	for (unsigned i = 7; i < 0x7ff0; i++) {
		assert_int_equal(new_domain(host, MIB), i);
		destroy(host, i);
	}
	assert_int_equal(new_domain(host, MIB), 2);
	assert_int_equal(new_domain(host, MIB), 4);
	assert_int_equal(new_domain(host, MIB), 7);
	close_sim(host);
}

static void calls_to_no_domain_are_refused(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=64M");
	struct pvb_host_vcpu vcpu = {.flags = 4};
	struct pvb_host_populate request = {.shift = 12, .node = -1};
	struct pvb_host_introduction introduction = {.name = "x"};
	struct pvb_host_grant grant = {.index = 0};
	struct pvb_host_frame_info info;
	const struct pvb_host_memory map[] = {{0, PAGE}, {4 * PAGE, PAGE}}, *told;
	pvb_mfn_t frame = PVB_MFN(0x100);
	struct pvb_error error;
	uint64_t done;
	uint32_t port;
	size_t count;
	bool owned;
	void *at;

#define NO_DOMAIN(call) assert_fails_with(call, PVB_E_HOST_NO_DOMAIN, &error)
	NO_DOMAIN(pvb_host_destroy_domain(host, 1, &error));
	NO_DOMAIN(pvb_host_pause_domain(host, 1, &error));
	NO_DOMAIN(pvb_host_unpause_domain(host, 1, &error));
	NO_DOMAIN(pvb_host_set_guest_bits(host, 1, 64, &error));
	NO_DOMAIN(pvb_host_set_max_memory(host, 1, PAGE, &error));
	NO_DOMAIN(pvb_host_set_memory_map(host, 1, map, 2, &error));
	NO_DOMAIN(pvb_host_apply_cpu_policy(host, 1, &error));
	NO_DOMAIN(pvb_host_alloc_event_channel(host, 1, 0, &port, &error));
	NO_DOMAIN(pvb_host_introduce_domain(host, 1, &introduction, &error));
	NO_DOMAIN(pvb_host_claim_memory(host, 1, 0, &error));
	NO_DOMAIN(pvb_host_populate(host, 1, &request, &done, &error));
	NO_DOMAIN(pvb_host_map_frames(host, 1, &frame, 1, false, &at, &error));
	NO_DOMAIN(pvb_host_get_frame_info(host, 1, &frame, 1, &info, &error));
	NO_DOMAIN(pvb_host_get_owned_run(host, 1, &(struct pvb_host_frames){frame, 1}, 1, &owned,
					 &done, &error));
	NO_DOMAIN(pvb_host_fill_hypercall_page(host, 1, frame, &error));
	NO_DOMAIN(pvb_host_pin_table(host, 1, 4, frame, &error));
	NO_DOMAIN(pvb_host_set_vcpu(host, 1, 0, &vcpu, &error));
	NO_DOMAIN(pvb_host_get_vcpu(host, 1, 0, &vcpu, &error));
	NO_DOMAIN(pvb_host_set_grants(host, 1, &grant, 1, &error));
	NO_DOMAIN(pvb_host_get_grants(host, 1, &grant, 1, &count, &error));
#undef NO_DOMAIN
	assert_null(pvb_sim_introduction(host, 1));
	assert_false(pvb_sim_memory_map(host, 1, &told, &count));
	assert_false(pvb_sim_has_cpu_policy(host, 1));
	assert_int_equal(pvb_sim_set_registers(host, 1, 0, &vcpu), -1);
	close_sim(host);
}

static void pauses_are_counted(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=64M");
	uint32_t domid = new_domain(host, MIB);
	struct pvb_error error;

	assert_ok(pvb_host_apply_cpu_policy(host, domid, &error), &error);
	assert_true(pvb_sim_has_cpu_policy(host, domid));
	assert_ok(pvb_host_pause_domain(host, domid, &error), &error);
	assert_ok(pvb_host_unpause_domain(host, domid, &error), &error);
	assert_true(about(host, domid).paused);
	assert_ok(pvb_host_unpause_domain(host, domid, &error), &error);
	assert_false(about(host, domid).paused);
	assert_fails_with(pvb_host_unpause_domain(host, domid, &error), PVB_E_HOST_STATE, &error);

	/* A CPU does not change under a domain that was running. */
	assert_ok(pvb_host_pause_domain(host, domid, &error), &error);
	assert_fails_with(pvb_host_apply_cpu_policy(host, domid, &error), PVB_E_HOST_STATE, &error);

	close_sim(host);
}

static void a_memory_map_has_holes_and_as_many_entries_as_xen_takes(void **state)
{
	static struct pvb_host_memory map[1025];
	static const struct {
		const char *options;
		size_t most;
	} xens[] = {{"xen=4.8", 128}, {"xen=4.9", 1024}, {"xen=4.17", 1024}};
	const struct pvb_host_memory *told;
	struct pvb_error error;
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
		map[i] = (struct pvb_host_memory){i * 16 * PAGE, (i % 8 + 1) * PAGE};
	for (size_t i = 0; i < sizeof xens / sizeof xens[0]; i++) {
		struct pvb_host *host = open_sim(xens[i].options);
		uint32_t domid = new_domain(host, 100);

		assert_true(pvb_sim_memory_map(host, domid, &told, &count));
		assert_int_equal(count, 0);
		assert_ok(pvb_host_set_memory_map(host, domid, map, 3, &error), &error);
		assert_ok(pvb_host_set_memory_map(host, domid, map, xens[i].most, &error), &error);
		assert_fails_with(
			pvb_host_set_memory_map(host, domid, map, xens[i].most + 1, &error),
			PVB_E_ARG_INVALID, &error);
		assert_fails_with(pvb_host_set_memory_map(host, domid, map, 0, &error),
				  PVB_E_ARG_INVALID, &error);
		assert_true(pvb_sim_memory_map(host, domid, &told, &count));
		assert_int_equal(count, xens[i].most);
		assert_memory_equal(told, map, count * sizeof map[0]);
		close_sim(host);
	}
}

static void a_domain_becomes_32_bit_before_it_has_memory(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=8G");
	uint32_t domid = new_domain(host, GIB);
	struct pvb_error error;
	pvb_mfn_t out[1];

	assert_ok(pvb_host_set_guest_bits(host, domid, 64, &error), &error);
	assert_fails_with(pvb_host_set_guest_bits(host, domid, 16, &error), PVB_E_HOST_GUEST_TYPE,
			  &error);
	assert_ok(pvb_host_set_guest_bits(host, domid, 32, &error), &error);
	assert_ok(pvb_host_set_guest_bits(host, domid, 32, &error), &error);
	assert_int_equal(about(host, domid).guest_bits, 32);
	assert_fails_with(pvb_host_set_guest_bits(host, domid, 64, &error), PVB_E_HOST_STATE,
			  &error);

	domid = new_domain(host, GIB);
	assert_int_equal(give(host, domid, 0, 0, 1, out), 1);
	assert_ok(pvb_host_set_guest_bits(host, domid, 64, &error), &error);
	assert_fails_with(pvb_host_set_guest_bits(host, domid, 32, &error), PVB_E_HOST_STATE,
			  &error);
	close_sim(host);

	host = open_sim("memory=8G,no-pv32");
	domid = new_domain(host, GIB);
	assert_fails_with(pvb_host_set_guest_bits(host, domid, 32, &error), PVB_E_HOST_GUEST_TYPE,
			  &error);
	assert_non_null(strstr(error.hint, "CONFIG_PV32"));
	close_sim(host);
}

static void shared_info_may_lie_high_from_4_19_on_and_then_moves(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=8G,xen=4.18");
	assert_true(about(host, new_domain(host, GIB)).shared_info.n < 4 * GIB / PAGE);
	close_sim(host);

	host = open_sim("memory=8G,xen=4.19");
	uint64_t all = free_memory(host);
	uint32_t domid = new_domain(host, GIB);
	struct pvb_error error;
	pvb_mfn_t before = about(host, domid).shared_info;
	void *at;

	assert_true(before.n >= 4 * GIB / PAGE);
	assert_ok(pvb_host_map_frames(host, domid, &before, 1, true, &at, &error), &error);
	assert_fails_with(pvb_host_set_guest_bits(host, domid, 32, &error), PVB_E_HOST_STATE,
			  &error);
	pvb_host_unmap_frames(host, at, 1);
	assert_ok(pvb_host_set_guest_bits(host, domid, 32, &error), &error);
	assert_true(about(host, domid).shared_info.n < 4 * GIB / PAGE);
	assert_true(free_memory(host) == all - 2 * PAGE);
	assert_books_balance(host);

	/* The old one is nobody's any more. */
	assert_fails_with(pvb_host_map_frames(host, domid, &before, 1, true, &at, &error),
			  PVB_E_HOST_MAP, &error);
	close_sim(host);

	/* Nowhere to go: all stays as it was. */
	host = open_sim("layout=8G+1G,xen=4.22");
	domid = new_domain(host, GIB);
	before = about(host, domid).shared_info;
	assert_fails_with(pvb_host_set_guest_bits(host, domid, 32, &error),
			  PVB_E_HOST_NO_MEMORY_BELOW, &error);
	assert_int_equal(about(host, domid).shared_info.n, before.n);
	assert_int_equal(about(host, domid).guest_bits, 64);
	close_sim(host);
}

static void event_channels_are_numbered_from_one(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=64M");
	struct pvb_host_domain_config config = plain_config();
	struct pvb_error error;
	uint32_t domid, port;

	config.max_event_channel = 20;
	assert_ok(pvb_host_create_domain(host, &config, &domid, &error), &error);
	for (uint32_t i = 1; i <= 20; i++) {
		assert_ok(pvb_host_alloc_event_channel(host, domid, PVB_DOMID_0, &port, &error),
			  &error);
		assert_int_equal(port, i);
	}
	assert_fails_with(pvb_host_alloc_event_channel(host, domid, 0, &port, &error),
			  PVB_E_HOST_LIMIT, &error);
	assert_fails_with(pvb_host_alloc_event_channel(host, domid, 0x7ff0, &port, &error),
			  PVB_E_ARG_INVALID, &error);
	close_sim(host);
}

static void grants_are_kept_by_index(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=64M");
	struct pvb_host_domain_config config = plain_config();
	struct pvb_host_grant grants[] = {{9, 1, 0, PVB_MFN(7)}, {0, 1, 3, PVB_MFN(8)}};
	struct pvb_host_grant got[8];
	struct pvb_error error;
	uint32_t domid;
	size_t count;

	config.max_grant_frames = 1;
	assert_ok(pvb_host_create_domain(host, &config, &domid, &error), &error);
	assert_ok(pvb_host_get_grants(host, domid, got, 8, &count, &error), &error);
	assert_int_equal(count, 0);
	assert_ok(pvb_host_set_grants(host, domid, grants, 2, &error), &error);
	grants[0] = (struct pvb_host_grant){1, 1, 5, PVB_MFN(9)};
	assert_ok(pvb_host_set_grants(host, domid, grants, 1, &error), &error);
	grants[0].domid = 6;
	assert_ok(pvb_host_set_grants(host, domid, grants, 1, &error), &error);
	assert_ok(pvb_host_get_grants(host, domid, got, 8, &count, &error), &error);
	assert_int_equal(count, 3);
	assert_int_equal(got[0].index, 0);
	assert_int_equal(got[0].frame.n, 8);
	assert_int_equal(got[1].index, 1);
	assert_int_equal(got[1].domid, 6);
	assert_int_equal(got[2].index, 9);
	assert_ok(pvb_host_get_grants(host, domid, got, 1, &count, &error), &error);
	assert_int_equal(count, 1);

	/* An entry without flags is none. */
	grants[0].flags = 0;
	assert_ok(pvb_host_set_grants(host, domid, grants, 1, &error), &error);
	assert_ok(pvb_host_get_grants(host, domid, got, 8, &count, &error), &error);
	assert_int_equal(count, 2);

	/* The table has an end, and an entry has 32 bits for a frame. */
	grants[0] = (struct pvb_host_grant){511, 1, 0, PVB_MFN(UINT32_MAX)};
	assert_ok(pvb_host_set_grants(host, domid, grants, 1, &error), &error);
	grants[0].index = 512;
	assert_fails_with(pvb_host_set_grants(host, domid, grants, 1, &error), PVB_E_HOST_LIMIT,
			  &error);
	grants[0] = (struct pvb_host_grant){5, 1, 0, PVB_MFN(UINT64_C(1) << 32)};
	assert_fails_with(pvb_host_set_grants(host, domid, grants, 1, &error), PVB_E_HOST_LIMIT,
			  &error);
	close_sim(host);
}

static void an_introduction_is_checked_and_kept(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=64M");
	uint32_t domid = new_domain(host, MIB), store, console;
	struct pvb_error error;
	pvb_mfn_t frame[2];
	char name[] = "guest";

	assert_int_equal(give(host, domid, 0, 0, 2, frame), 2);
	assert_ok(pvb_host_alloc_event_channel(host, domid, 0, &store, &error), &error);
	assert_ok(pvb_host_alloc_event_channel(host, domid, 0, &console, &error), &error);
	struct pvb_host_introduction good = {.name = name,
					     .memory = MIB,
					     .vcpus = 2,
					     .store_frame = frame[0],
					     .store_port = store,
					     .console_frame = frame[1],
					     .console_port = console,
					     .command_line = "quiet"};
	struct pvb_host_introduction bad = good;

	bad.store_frame = PVB_MFN(0x101);
	assert_fails_with(pvb_host_introduce_domain(host, domid, &bad, &error), PVB_E_HOST_DENIED,
			  &error);
	bad = good;
	bad.console_frame = about(host, domid).shared_info;
	assert_fails_with(pvb_host_introduce_domain(host, domid, &bad, &error), PVB_E_HOST_DENIED,
			  &error);
	bad = good;
	bad.console_port = 3;
	assert_fails_with(pvb_host_introduce_domain(host, domid, &bad, &error), PVB_E_HOST_DENIED,
			  &error);
	bad.console_port = 1000;
	assert_fails_with(pvb_host_introduce_domain(host, domid, &bad, &error), PVB_E_HOST_DENIED,
			  &error);
	assert_int_equal(pvb_sim_set_use(host, frame[0], PVB_SIM_L1, false), 0);
	assert_fails_with(pvb_host_introduce_domain(host, domid, &good, &error), PVB_E_HOST_DENIED,
			  &error);
	assert_int_equal(pvb_sim_set_use(host, frame[0], PVB_SIM_NOTHING, false), 0);
	assert_null(pvb_sim_introduction(host, domid));

	assert_ok(pvb_host_introduce_domain(host, domid, &good, &error), &error);
	name[0] = 'X';
	const struct pvb_host_introduction *told = pvb_sim_introduction(host, domid);
	assert_string_equal(told->name, "guest");
	assert_string_equal(told->command_line, "quiet");
	assert_null(told->kernel);
	assert_int_equal(told->console_port, console);
	assert_fails_with(pvb_host_introduce_domain(host, domid, &good, &error), PVB_E_HOST_STATE,
			  &error);
	close_sim(host);
}

/* ---- mapping ------------------------------------------------------------------- */

static void memory_is_dirty_when_first_seen(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	uint32_t domid = new_domain(host, GIB);
	struct pvb_error error;
	pvb_mfn_t out[1], frames[3];
	unsigned char byte, *at;

	assert_int_equal(give(host, domid, 0, 9, 1, out), 1);
	/* Out of order: the second of three was written before. */
	frames[0] = PVB_MFN(out[0].n + 4);
	frames[1] = PVB_MFN(out[0].n + 5);
	frames[2] = PVB_MFN(out[0].n + 2);
	assert_int_equal(pvb_sim_poke(host, frames[1], 100, "abc", 3), 0);
	assert_ok(pvb_host_map_frames(host, domid, frames, 3, false, (void **)&at, &error), &error);
	for (size_t i = 0; i < 3 * PAGE; i++)
		if (i < PAGE + 100 || i >= PAGE + 103)
			assert_int_equal(at[i], 0xc2);
	assert_memory_equal(at + PAGE + 100, "abc", 3);
	pvb_host_unmap_frames(host, at, 3);
	assert_int_equal(pvb_sim_peek(host, PVB_MFN(out[0].n + 9), 5, &byte, 1), 0);
	assert_int_equal(byte, 0xc2);

	/* The shared info page is the exception. */
	pvb_mfn_t shared = about(host, domid).shared_info;
	assert_ok(pvb_host_map_frames(host, domid, &shared, 1, true, (void **)&at, &error), &error);
	for (size_t i = 0; i < PAGE; i++)
		assert_int_equal(at[i], 0);
	pvb_host_unmap_frames(host, at, 1);
	close_sim(host);

	host = open_sim("memory=4G,clean");
	domid = new_domain(host, GIB);
	assert_int_equal(give(host, domid, 0, 0, 1, out), 1);
	assert_ok(pvb_host_map_frames(host, domid, out, 1, true, (void **)&at, &error), &error);
	for (size_t i = 0; i < PAGE; i++)
		assert_int_equal(at[i], 0);
	pvb_host_unmap_frames(host, at, 1);
	close_sim(host);
}

static void mappings_show_the_same_memory(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G,scramble");
	uint32_t domid = new_domain(host, GIB);
	struct pvb_error error;
	static pvb_mfn_t frames[1000];
	uint64_t *write, now, peak;
	uint64_t *read;

	assert_int_equal(give(host, domid, 0, 0, 1000, frames), 1000);
	assert_ok(pvb_host_map_frames(host, domid, frames, 1000, true, (void **)&write, &error),
		  &error);
	for (size_t i = 0; i < 1000; i++)
		write[i * 512] = frames[i].n;
	for (size_t i = 0; i < 1000; i++) {
		uint64_t mfn;

		assert_int_equal(pvb_sim_peek(host, frames[i], 0, &mfn, sizeof mfn), 0);
		assert_int_equal(mfn, frames[i].n);
	}
	assert_ok(pvb_host_map_frames(host, domid, frames + 500, 2, false, (void **)&read, &error),
		  &error);
	write[501 * 512] = 5;
	assert_int_equal(read[512], 5);
	pvb_host_mapped(host, &now, &peak);
	assert_int_equal(now, 1002 * PAGE);
	pvb_host_unmap_frames(host, read, 2);
	pvb_host_unmap_frames(host, write, 1000);
	pvb_host_mapped(host, &now, &peak);
	assert_int_equal(now, 0);
	assert_int_equal(peak, 1002 * PAGE);
	close_sim(host);
}

static void only_a_domains_own_frames_are_mapped(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	uint32_t domid = new_domain(host, GIB), other = new_domain(host, GIB);
	struct pvb_error error;
	pvb_mfn_t mine[4], theirs[1];
	unsigned mappings;
	void *at;

	assert_int_equal(give(host, domid, 0, 0, 4, mine), 4);
	assert_int_equal(give(host, other, 0, 0, 1, theirs), 1);
	mappings = count_mappings();
	mine[3] = theirs[0];
	assert_fails_with(pvb_host_map_frames(host, domid, mine, 4, true, &at, &error),
			  PVB_E_HOST_MAP, &error);
	assert_non_null(strstr(error.message, "frame 3 of 4"));
	assert_non_null(strstr(error.message, "memory of domain 2"));
	mine[0] = about(host, other).shared_info;
	assert_fails_with(pvb_host_map_frames(host, domid, mine, 1, false, &at, &error),
			  PVB_E_HOST_MAP, &error);
	mine[0] = PVB_MFN(UINT64_MAX);
	assert_fails_with(pvb_host_map_frames(host, domid, mine, 1, false, &at, &error),
			  PVB_E_HOST_MAP, &error);
	assert_fails_with(pvb_host_map_frames(host, domid, mine, 0, false, &at, &error),
			  PVB_E_ARG_INVALID, &error);
	assert_int_equal(count_mappings(), mappings);
	close_sim(host);
}

static void what_was_touched_is_known(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("layout=4G+1G/64T+1G,xen=4.22");
	uint32_t domid = new_domain(host, GIB);
	struct pvb_error error;
	pvb_mfn_t out[1];
	bool touched;
	uint64_t count;
	void *at;

	assert_int_equal(give(host, domid, 0, 9, 1, out), 1);
	assert_ok(pvb_host_get_touched_run(host, out[0], 512, &touched, &count, &error), &error);
	assert_false(touched);
	assert_int_equal(count, 512);
	assert_ok(pvb_host_map_frames(host, domid, (pvb_mfn_t[]){{out[0].n + 10}, {out[0].n + 11}},
				      2, true, &at, &error),
		  &error);
	pvb_host_unmap_frames(host, at, 2);
	assert_ok(pvb_host_get_touched_run(host, out[0], 512, &touched, &count, &error), &error);
	assert_false(touched);
	assert_int_equal(count, 10);
	assert_ok(pvb_host_get_touched_run(host, PVB_MFN(out[0].n + 10), 512, &touched, &count,
					   &error),
		  &error);
	assert_true(touched);
	assert_int_equal(count, 2);
	assert_ok(
		pvb_host_get_touched_run(host, PVB_MFN(out[0].n + 10), 1, &touched, &count, &error),
		&error);
	assert_int_equal(count, 1);
	assert_ok(pvb_host_get_touched_run(host, PVB_MFN(UINT64_MAX), 7, &touched, &count, &error),
		  &error);
	assert_false(touched);
	assert_int_equal(count, 7);
	assert_fails_with(pvb_host_get_touched_run(host, out[0], 0, &touched, &count, &error),
			  PVB_E_ARG_INVALID, &error);

	/* What a domain leaves behind is gone with it. */
	destroy(host, domid);
	assert_ok(pvb_host_get_touched_run(host, out[0], 512, &touched, &count, &error), &error);
	assert_false(touched);
	assert_int_equal(count, 512);
	close_sim(host);
}

static void contents_can_be_seen_and_broken_anywhere_inside(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=64M");
	uint64_t value = 5;

	assert_int_equal(pvb_sim_poke(host, PVB_MFN(0x200), PAGE - 8, &value, 8), 0);
	value = 0;
	assert_int_equal(pvb_sim_peek(host, PVB_MFN(0x200), PAGE - 8, &value, 8), 0);
	assert_int_equal(value, 5);
	assert_int_equal(pvb_sim_poke(host, PVB_MFN(0x200), PAGE - 7, &value, 8), -1);
	assert_int_equal(pvb_sim_peek(host, PVB_MFN(0x200), SIZE_MAX, &value, 8), -1);
	assert_int_equal(pvb_sim_peek(host, PVB_MFN(UINT64_MAX), 0, &value, 8), -1);
	close_sim(host);
}

/* ---- dying ----------------------------------------------------------------------- */

static void everything_comes_back_from_a_destroyed_domain(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	uint64_t all = free_memory(host);
	struct pvb_error error;
	pvb_mfn_t first[300], again[300];
	void *at;

	for (unsigned round = 0; round < 3; round++) {
		uint32_t domid = new_domain(host, GIB), port;
		struct pvb_host_grant grant = {1, 1, 0, PVB_MFN(0x100)};

		assert_ok(pvb_host_claim_memory(host, domid, GIB, &error), &error);
		assert_int_equal(give(host, domid, 0, 0, 300, again), 300);
		assert_ok(pvb_host_alloc_event_channel(host, domid, 0, &port, &error), &error);
		assert_ok(pvb_host_set_grants(host, domid, &grant, 1, &error), &error);
		assert_ok(pvb_host_map_frames(host, domid, again, 300, true, &at, &error), &error);
		memset(at, 0x55, 300 * PAGE);
		pvb_host_unmap_frames(host, at, 300);
		destroy(host, domid);
		assert_true(free_memory(host) == all);
		assert_books_balance(host);
		/* The same host again, frame for frame, and nothing of the old contents. */
		if (round)
			assert_memory_equal(first, again, sizeof first);
		memcpy(first, again, sizeof first);
		unsigned char byte;
		assert_int_equal(pvb_sim_peek(host, first[0], 0, &byte, 1), 0);
		assert_int_equal(byte, 0xc2);
	}
	close_sim(host);
}

static void a_grant_table_grows_with_what_is_in_it(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	uint64_t all = free_memory(host);
	uint32_t domid = new_domain(host, GIB);
	struct pvb_host_grant grant = {.index = 3 * 512, .flags = 1};
	pvb_mfn_t out[1], frames[4] = {{0}};
	struct pvb_error error;
	size_t count;
	void *at;

	assert_int_equal(give(host, domid, 0, 0, 1, out), 1);
	grant.frame = out[0];
	assert_ok(pvb_host_set_grants(host, domid, &grant, 1, &error), &error);
	assert_ok(pvb_host_get_grant_frames(host, domid, frames, 2, &count, &error), &error);
	assert_int_equal(count, 4);
	assert_true(frames[0].n && frames[1].n && !frames[2].n);
	assert_ok(pvb_host_get_grant_frames(host, domid, frames, 4, &count, &error), &error);
	assert_true(free_memory(host) == all - 6 * PAGE);
	assert_fails_with(pvb_host_get_grant_frames(host, domid + 1, frames, 4, &count, &error),
			  PVB_E_HOST_NO_DOMAIN, &error);

	/* Its pages are no one's memory, and stay for as long as somebody has them mapped. */
	assert_ok(pvb_host_map_frames(host, domid, &frames[1], 1, true, &at, &error), &error);
	destroy_held(host, domid, 0);
	assert_true(free_memory(host) == all - 2 * PAGE);
	assert_books_balance(host);
	pvb_host_unmap_frames(host, at, 1);
	assert_true(free_memory(host) == all);
	close_sim(host);
}

static void a_record_is_kept_and_goes_with_its_domain(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	uint32_t domid = new_domain(host, GIB), other = new_domain(host, GIB);
	const struct pvb_host_record record = {.known = true, .address_bits = 40};
	struct pvb_host_record read;
	struct pvb_error error;

	assert_ok(pvb_host_get_record(host, domid, &read, &error), &error);
	assert_false(read.known || read.address_bits);
	assert_ok(pvb_host_set_record(host, domid, &record, &error), &error);
	assert_ok(pvb_host_get_record(host, domid, &read, &error), &error);
	assert_memory_equal(&read, &record, sizeof read);
	assert_ok(pvb_host_get_record(host, other, &read, &error), &error);
	assert_false(read.known);
	destroy(host, domid);
	assert_fails_with(pvb_host_get_record(host, domid, &read, &error), PVB_E_HOST_NO_DOMAIN,
			  &error);
	assert_fails_with(pvb_host_set_record(host, domid, &record, &error), PVB_E_HOST_NO_DOMAIN,
			  &error);
	close_sim(host);
}

static void what_is_mapped_outlives_its_domain(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	uint64_t all = free_memory(host);
	uint32_t domid = new_domain(host, GIB), other = new_domain(host, GIB);
	struct pvb_error error;
	pvb_mfn_t out[600], shared = about(host, domid).shared_info;
	unsigned char *some;
	void *page, *info;

	assert_int_equal(give(host, domid, 0, 9, 1, out), 1);
	assert_int_equal(give(host, domid, 512, 0, 600, out), 600);
	assert_ok(pvb_host_map_frames(host, domid, out, 5, true, (void **)&some, &error), &error);
	assert_ok(pvb_host_map_frames(host, domid, out + 400, 1, false, &page, &error), &error);
	assert_ok(pvb_host_map_frames(host, domid, &shared, 1, true, &info, &error), &error);
	memset(some, 1, 5 * PAGE);
	destroy_held(host, domid, 6);

	/* Xen keeps such a domain as a shell, until nobody refers to it. */
	assert_true(about(host, domid).dying);
	assert_int_equal(about(host, domid).pages, 6);
	assert_true(free_memory(host) == all - 9 * PAGE);
	assert_int_equal(some[4 * PAGE], 1);
	assert_books_balance(host);
	destroy_held(host, domid, 6);
	pvb_extent_t none[1];
	struct pvb_host_populate request = {.shift = 12, .count = 1, .node = -1, .out = none};
	uint64_t done;
	assert_fails_with(pvb_host_populate(host, domid, &request, &done, &error), PVB_E_HOST_STATE,
			  &error);

	pvb_host_unmap_frames(host, some, 5);
	assert_int_equal(about(host, domid).pages, 1);
	pvb_host_unmap_frames(host, page, 1);
	assert_int_equal(about(host, domid).pages, 0);
	pvb_host_unmap_frames(host, info, 1);
	struct pvb_host_domain gone;
	assert_fails_with(pvb_host_get_domain(host, domid, &gone, &error), PVB_E_HOST_NO_DOMAIN,
			  &error);
	assert_true(free_memory(host) == all - 2 * PAGE);
	destroy(host, other);
	assert_true(free_memory(host) == all);
	close_sim(host);
}

static void a_read_only_mapping_may_keep_a_chunk(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	uint64_t all = free_memory(host);
	uint32_t domid = new_domain(host, GIB);
	struct pvb_error error;
	pvb_mfn_t out[8];
	void *at;

	assert_int_equal(give(host, domid, 0, 9, 8, out), 8);
	assert_ok(pvb_host_map_frames(host, domid, out + 2, 1, false, &at, &error), &error);
	destroy_held(host, domid, 512);
	assert_int_equal(about(host, domid).pages, 512);
	assert_books_balance(host);
	pvb_host_unmap_frames(host, at, 1);
	assert_true(free_memory(host) == all);
	close_sim(host);
}

static void a_host_can_be_closed_with_everything_in_use(void **state)
{
	(void)state;
	unsigned fds = count_open_fds(), mappings = 0;

	/* The first round is for what the process keeps for itself. */
	for (unsigned round = 0; round < 4; round++) {
		struct pvb_host *host = open_sim("memory=4G,scramble");
		uint32_t domid = new_domain(host, GIB);
		struct pvb_error error;
		pvb_mfn_t out[64];
		void *at;

		(void)new_domain(host, GIB);
		assert_int_equal(give(host, domid, 0, 0, 64, out), 64);
		assert_ok(pvb_host_map_frames(host, domid, out, 64, true, &at, &error), &error);
		assert_ok(pvb_host_map_frames(host, domid, out, 3, false, &at, &error), &error);
		assert_true(count_mappings() > 60);
		pvb_host_close(host);
		assert_int_equal(count_open_fds(), fds);
		if (!round)
			mappings = count_mappings();
	}
	assert_true(count_mappings() < mappings + 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_domain_is_as_was_asked_for),
		cmocka_unit_test(what_no_domain_can_have_is_refused),
		cmocka_unit_test(numbers_go_round_and_are_listed_in_order),
		cmocka_unit_test(calls_to_no_domain_are_refused),
		cmocka_unit_test(pauses_are_counted),
		cmocka_unit_test(a_memory_map_has_holes_and_as_many_entries_as_xen_takes),
		cmocka_unit_test(a_domain_becomes_32_bit_before_it_has_memory),
		cmocka_unit_test(shared_info_may_lie_high_from_4_19_on_and_then_moves),
		cmocka_unit_test(event_channels_are_numbered_from_one),
		cmocka_unit_test(grants_are_kept_by_index),
		cmocka_unit_test(an_introduction_is_checked_and_kept),
		cmocka_unit_test(memory_is_dirty_when_first_seen),
		cmocka_unit_test(mappings_show_the_same_memory),
		cmocka_unit_test(only_a_domains_own_frames_are_mapped),
		cmocka_unit_test(what_was_touched_is_known),
		cmocka_unit_test(contents_can_be_seen_and_broken_anywhere_inside),
		cmocka_unit_test(everything_comes_back_from_a_destroyed_domain),
		cmocka_unit_test(a_grant_table_grows_with_what_is_in_it),
		cmocka_unit_test(a_record_is_kept_and_goes_with_its_domain),
		cmocka_unit_test(what_is_mapped_outlives_its_domain),
		cmocka_unit_test(a_read_only_mapping_may_keep_a_chunk),
		cmocka_unit_test(a_host_can_be_closed_with_everything_in_use),
	};

	return cmocka_run_group_tests_name("sim-domain", tests, NULL, NULL);
}
