/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Host xen, with Xen's own libraries, on the adapter: what it asks of a hypervisor
 * is decoded as Xen would and carried out by the simulated host, which must be
 * left as it is by who asks it directly.
 */
#include "config.h"

#include "support/test.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xenctrl.h>

#include <pvbuild/pvbuild.h>

#include "host/host.h"
#include "host/sim/sim.h"
#include "peer/adapter/adapter.h"
#include "peer/peer.h"
#include "torture/scenario.h"
#include "unit/fake-xenstore.h"

#define MIB (UINT64_C(1) << 20)
#define PAGE 4096u

/* Pages that nobody wrote to are zero, so that it does not matter that Xen cannot tell which. */
#define MACHINE "sim:memory=256M,width=38,clean"

/* ---- a hypervisor and who talks to it -------------------------------------------------------- */

/*
 *   sim      the hypervisor
 *   xen      the host through Xen's libraries
 *   folder   of the guards: see tests/unit/fake-guard.c
 */
struct bench {
	struct pvb_host *sim;
	struct pvb_host *xen;
	char folder[64];
	int guards;
	unsigned small; /* domains so far: each has a name of its own */
	struct pvb_error error;
};

/* An object pointer that is a function's: POSIX has it so. */
static void attach(struct pvb_host *sim)
{
	union {
		void *object;
		peer_attach_fn *function;
	} found = {.object = dlsym(RTLD_DEFAULT, PEER_ATTACH)};

	assert_non_null(found.object);
	found.function(sim);
}

static void refuse(unsigned op, unsigned command, int reason)
{
	union {
		void *object;
		peer_refuse_fn *function;
	} found = {.object = dlsym(RTLD_DEFAULT, PEER_REFUSE)};

	assert_non_null(found.object);
	found.function(op, command, reason);
}

static const char *path_of(const struct bench *bench, const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", bench->folder, name);
	return path;
}

static void bench_without_xen(struct bench *bench, const char *machine)
{
	memset(bench, 0, sizeof *bench);
	fake_store_reset();
	snprintf(bench->folder, sizeof bench->folder, "/tmp/pvbuild-peer-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	assert_int_equal(setenv("FAKE_DOMAINS", bench->folder, 1), 0);
	assert_int_equal(mkfifo(path_of(bench, "ended"), 0600), 0);
	bench->guards = open(path_of(bench, "ended"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(bench->guards >= 0);
	assert_int_equal(fcntl(bench->guards, F_SETFL, 0), 0);
	assert_ok(pvb_host_open(machine, &bench->sim, &bench->error), &bench->error);
	attach(bench->sim);
}

static void bench_open(struct bench *bench, const char *machine)
{
	bench_without_xen(bench, machine);
	assert_ok(pvb_host_open("xen", &bench->xen, &bench->error), &bench->error);
}

static void bench_close(struct bench *bench)
{
	static const char *const names[] = {"ended", "pid", "cleared", "forgot-1", "forgot-2"};
	char byte;

	refuse(0, 0, 0);
	pvb_host_close(bench->xen);
	/* Until every guard that was started has ended. */
	assert_int_equal(read(bench->guards, &byte, 1), 0);
	assert_int_equal(close(bench->guards), 0);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)unlink(path_of(bench, names[i]));
	assert_int_equal(rmdir(bench->folder), 0);
	pvb_host_close(bench->sim);
	assert_int_equal(fake_store_connections(), 0);
	assert_int_equal(fake_store_transactions(), 0);
}

/* A line of the store that is of no other than a guest, or "". */
static const char *fake_store_left(void)
{
	static char line[200];
	char *all = fake_store_print();
	char *rest = all;

	line[0] = '\0';
	for (char *at = strsep(&rest, "\n"); at; at = strsep(&rest, "\n"))
		if (strncmp(at, "/local/domain/1", 15) == 0 || strncmp(at, "/vm/", 4) == 0)
			snprintf(line, sizeof line, "%s", at);
	free(all);
	return line;
}

static uint32_t small_domain(struct bench *bench, uint32_t vcpus)
{
	struct pvb_host_domain_config config = {.vcpus = vcpus};
	uint32_t domid = 0;

	snprintf(config.name, sizeof config.name, "small-%u", ++bench->small);
	assert_ok(pvb_host_create_domain(bench->xen, &config, &domid, &bench->error),
		  &bench->error);
	assert_ok(pvb_host_keep_domain(bench->xen, domid, &bench->error), &bench->error);
	assert_ok(pvb_host_set_max_memory(bench->xen, domid, 16 * MIB, &bench->error),
		  &bench->error);
	return domid;
}

static void populate(struct bench *bench, uint32_t domid, pvb_mfn_t *frames, uint64_t count)
{
	pvb_extent_t extents[8];
	struct pvb_host_populate request = {
		.shift = 12, .count = count, .node = PVB_HOST_ANY_NODE, .out = extents};
	uint64_t done;

	assert_true(count <= sizeof extents / sizeof extents[0]);
	assert_ok(pvb_host_populate(bench->xen, domid, &request, &done, &bench->error),
		  &bench->error);
	assert_int_equal(done, count);
	for (uint64_t i = 0; i < count; i++)
		frames[i] = pvb_extent_frame(extents[i], 12);
}

/* ---- what is read ---------------------------------------------------------------------------- */

static void the_facts_are_the_hypervisors(void **state)
{
	struct bench bench;
	struct pvb_host_info sim, xen;

	(void)state;
	bench_open(&bench, MACHINE ",nodes=2,xen=4.20,debug");
	assert_ok(pvb_host_get_info(bench.sim, &sim, &bench.error), &bench.error);
	assert_ok(pvb_host_get_info(bench.xen, &xen, &bench.error), &bench.error);
	assert_string_equal(xen.name, "xen");
	assert_string_equal(xen.version, "4.20");
	assert_int_equal(xen.xen_major, 4);
	assert_int_equal(xen.xen_minor, 20);
	assert_string_equal(xen.capabilities, sim.capabilities);
	assert_int_equal(xen.page_shift, 12);
	assert_int_equal(xen.guest_page_sizes, 1 << 12);
	assert_int_equal(xen.gic_version, 0);
	assert_int_equal(xen.address_bits, 38);
	assert_int_equal(xen.nodes, 2);
	assert_true(xen.claims);
	assert_true(xen.debug);
	assert_non_null(strstr(xen.reasons, "debug: yes"));
	assert_int_equal(xen.max_extents, sim.max_extents);
	assert_int_equal(xen.memory_total, sim.memory_total);
	assert_int_equal(xen.memory_free, sim.memory_free);
	assert_int_equal(xen.memory_claimed, 0);
	bench_close(&bench);
}

static void large_extents_are_for_who_scrubs_in_pieces(void **state)
{
	static const struct {
		const char *machine;
		unsigned order;
	} releases[] = {{"sim:xen=4.17", 9}, {"sim:xen=4.21", 9}, {"sim:xen=4.22", 18}};

	(void)state;
	for (size_t i = 0; i < sizeof releases / sizeof releases[0]; i++) {
		struct bench bench;
		struct pvb_host_info info;

		bench_open(&bench, releases[i].machine);
		assert_ok(pvb_host_get_info(bench.xen, &info, &bench.error), &bench.error);
		assert_int_equal(info.max_extent_order, releases[i].order);
		assert_non_null(strstr(info.reasons, "extents:"));
		bench_close(&bench);
	}
}

static void what_cannot_be_learned_is_no_and_said_to_be_unknown(void **state)
{
	struct bench bench;
	struct pvb_host_info info;

	(void)state;
	bench_without_xen(&bench, MACHINE ",debug");
	refuse(__HYPERVISOR_sysctl, XEN_SYSCTL_readconsole, EPERM);
	assert_ok(pvb_host_open("xen", &bench.xen, &bench.error), &bench.error);
	assert_ok(pvb_host_get_info(bench.xen, &info, &bench.error), &bench.error);
	assert_false(info.debug);
	assert_non_null(strstr(info.reasons, "debug: unknown"));
	bench_close(&bench);

	bench_without_xen(&bench, MACHINE);
	refuse(__HYPERVISOR_memory_op, XENMEM_claim_pages, ENOSYS);
	assert_ok(pvb_host_open("xen", &bench.xen, &bench.error), &bench.error);
	assert_ok(pvb_host_get_info(bench.xen, &info, &bench.error), &bench.error);
	assert_false(info.claims);
	assert_non_null(strstr(info.reasons, "claims: no"));
	bench_close(&bench);
}

/* ---- not to be opened -------------------------------------------------------------------------
 */

static void opening_fails(const char *machine, unsigned op, unsigned command, int reason,
			  enum pvb_code code, const char *word, const char *other)
{
	struct bench bench;

	bench_without_xen(&bench, machine);
	refuse(op, command, reason);
	assert_fails_with(pvb_host_open("xen", &bench.xen, &bench.error), code, &bench.error);
	assert_null(bench.xen);
	assert_string_equal(bench.error.stage, "host");
	assert_non_null(strstr(bench.error.message, word));
	assert_non_null(strstr(bench.error.message, other));
	assert_true(bench.error.hint[0] != '\0');
	bench_close(&bench);
}

static void another_releases_hypervisor_is_named_with_ours(void **state)
{
	(void)state;
	opening_fails("sim:xen=4.21", __HYPERVISOR_domctl, XEN_DOMCTL_getdomaininfo, EACCES,
		      PVB_E_HOST_DENIED, "against Xen " XEN_LIBRARIES_VERSION, "Xen 4.21");
	opening_fails("sim:xen=4.16", __HYPERVISOR_sysctl, XEN_SYSCTL_physinfo, EACCES,
		      PVB_E_HOST_DENIED, "sysctl", "Xen 4.16");
}

static void a_domain_that_may_not_build_others_is_told_so(void **state)
{
	(void)state;
	opening_fails("sim", __HYPERVISOR_domctl, XEN_DOMCTL_getdomaininfo, EPERM,
		      PVB_E_HOST_DENIED, "not let this domain build", "not permitted");
	opening_fails("sim", __HYPERVISOR_sysctl, XEN_SYSCTL_physinfo, EPERM, PVB_E_HOST_DENIED,
		      "memory", "not permitted");
	opening_fails("sim", __HYPERVISOR_xen_version, 0, EPERM, PVB_E_HOST_DENIED, "version",
		      "not permitted");
}

/* ---- a build, through Xen's libraries and without them ------------------------------------------
 */

static int same_bytes(const char *one, const char *other)
{
	FILE *a = fopen(one, "re"), *b = fopen(other, "re");
	char left[PAGE], right[PAGE];
	size_t n;
	int differ = 0;

	assert_true(a && b);
	do {
		n = fread(left, 1, sizeof left, a);
		differ |= fread(right, 1, sizeof right, b) != n || memcmp(left, right, n) != 0;
	} while (n && !differ);
	fclose(a);
	fclose(b);
	return !differ;
}

static void dump_to(const struct bench *bench, struct pvb_host *host, uint32_t domid,
		    const char *name, char path[128])
{
	struct pvb_error error;

	snprintf(path, 128, "%s", path_of(bench, name));
	assert_ok(pvb_dump_core(host, domid, path, NULL, &error), &error);
}

/* Where the vCPUs may run, weight and cap, the pool and its CPUs, and how far grants go. */
static void assert_schedules_alike(struct bench *bench, uint32_t domid, uint32_t vcpus)
{
	struct pvb_host *const hosts[] = {bench->sim, bench->xen};
	struct pvb_cpus hard[2], soft[2], cpus[2];
	struct pvb_host_share share[2];
	struct pvb_host_pool pool[2];
	uint32_t frames[2];

	for (uint32_t vcpu = 0; vcpu < vcpus; vcpu++) {
		for (unsigned i = 0; i < 2; i++)
			assert_ok(pvb_host_get_affinity(hosts[i], domid, vcpu, &hard[i], &soft[i],
							&bench->error),
				  &bench->error);
		assert_memory_equal(&hard[0], &hard[1], sizeof hard[0]);
		assert_memory_equal(&soft[0], &soft[1], sizeof soft[0]);
	}
	for (unsigned i = 0; i < 2; i++) {
		assert_ok(pvb_host_get_share(hosts[i], domid, &share[i], &bench->error),
			  &bench->error);
		assert_ok(pvb_host_get_pool(hosts[i], 0, &pool[i], &bench->error), &bench->error);
		assert_ok(pvb_host_get_cpus(hosts[i], PVB_HOST_ANY_NODE, &cpus[i], &bench->error),
			  &bench->error);
		assert_ok(pvb_host_get_grant_limit(hosts[i], domid, &frames[i], &bench->error),
			  &bench->error);
	}
	assert_string_equal(share[0].scheduler, share[1].scheduler);
	assert_int_equal(share[0].weighted, share[1].weighted);
	assert_int_equal(share[0].weight, share[1].weight);
	assert_int_equal(share[0].cap, share[1].cap);
	assert_memory_equal(&pool[0].cpus, &pool[1].cpus, sizeof pool[0].cpus);
	assert_string_equal(pool[0].scheduler, pool[1].scheduler);
	assert_memory_equal(&cpus[0], &cpus[1], sizeof cpus[0]);
	assert_int_equal(frames[0], frames[1]);
}

/* What reading through Xen's libraries gives is what the hypervisor itself has. */
static void assert_reads_alike(struct bench *bench, uint32_t domid)
{
	struct pvb_host_domain left, right, list[4];
	struct pvb_host_vcpu vcpu[2];
	struct pvb_host_grant grants[2][4];
	size_t count[2];

	memset(vcpu, 0, sizeof vcpu);
	memset(grants, 0, sizeof grants);
	assert_ok(pvb_host_get_domain(bench->sim, domid, &left, &bench->error), &bench->error);
	assert_ok(pvb_host_get_domain(bench->xen, domid, &right, &bench->error), &bench->error);
	assert_int_equal(left.guest_bits, right.guest_bits);
	assert_int_equal(left.pages, right.pages);
	assert_int_equal(left.max_pages, right.max_pages);
	assert_int_equal(left.vcpus, right.vcpus);
	assert_int_equal(left.shared_info.n, right.shared_info.n);
	assert_int_equal(left.paused, right.paused);
	assert_int_equal(left.pool, right.pool);
	assert_string_equal(right.name, "pvbuild");
	assert_ok(pvb_host_list_domains(bench->xen, 0, list, 4, &count[0], &bench->error),
		  &bench->error);
	assert_int_equal(count[0], 1);
	assert_int_equal(list[0].domid, domid);
	assert_memory_equal(list[0].uuid, right.uuid, 16);

	assert_ok(pvb_host_get_vcpu(bench->sim, domid, 0, &vcpu[0], &bench->error), &bench->error);
	assert_ok(pvb_host_get_vcpu(bench->xen, domid, 0, &vcpu[1], &bench->error), &bench->error);
	assert_memory_equal(&vcpu[0], &vcpu[1], sizeof vcpu[0]);
	assert_ok(pvb_host_get_grants(bench->sim, domid, grants[0], 4, &count[0], &bench->error),
		  &bench->error);
	assert_ok(pvb_host_get_grants(bench->xen, domid, grants[1], 4, &count[1], &bench->error),
		  &bench->error);
	assert_int_equal(count[0], 2);
	assert_int_equal(count[1], 2);
	assert_memory_equal(grants[0], grants[1], sizeof grants[0]);
	assert_schedules_alike(bench, domid, left.vcpus);
}

/* From every run's beginning, and from inside it; across holes, and past the end of all memory. */
static void assert_same_m2p(struct bench *bench)
{
	uint64_t end = UINT64_C(1) << (38 - 12), random = 7;

	for (uint64_t frame = 0, step; frame < end + 10; frame += step) {
		uint64_t limit = 1 + test_random(&random) % (end / 2), count[2];
		pvb_pfn_t pfn[2];

		assert_ok(pvb_host_get_m2p_run(bench->sim, PVB_MFN(frame), limit, &pfn[0],
					       &count[0], &bench->error),
			  &bench->error);
		assert_ok(pvb_host_get_m2p_run(bench->xen, PVB_MFN(frame), limit, &pfn[1],
					       &count[1], &bench->error),
			  &bench->error);
		assert_int_equal(pfn[0].n, pfn[1].n);
		assert_int_equal(count[0], count[1]);
		step = count[0] > 1 ? count[0] / 2 : 1;
	}
}

static void assert_same_frame_info(struct bench *bench, uint32_t domid, const pvb_mfn_t *frames,
				   size_t count)
{
	struct pvb_host_frame_info *info[2];

	for (unsigned i = 0; i < 2; i++) {
		info[i] = calloc(count, sizeof **info);
		assert_non_null(info[i]);
		assert_ok(pvb_host_get_frame_info(i ? bench->xen : bench->sim, domid, frames, count,
						  info[i], &bench->error),
			  &bench->error);
	}
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(info[0][i].type, info[1][i].type);
		assert_int_equal(info[0][i].pinned, info[1][i].pinned);
	}
	free(info[0]);
	free(info[1]);
}

/* The same frames, as runs: the simulated host knows them, Xen's is asked for batches. */
static void assert_same_owners(struct bench *bench, uint32_t domid)
{
	struct pvb_host_frames runs[100];
	uint64_t seed = 5;

	for (unsigned i = 0; i < 100; i++)
		runs[i] = (struct pvb_host_frames){PVB_MFN(test_random(&seed) % 70000),
						   1 + test_random(&seed) % 5000};
	for (size_t first = 0; first < 100; first++) {
		uint64_t count[2];
		bool owned[2];

		for (unsigned i = 0; i < 2; i++)
			assert_ok(pvb_host_get_owned_run(i ? bench->xen : bench->sim, domid,
							 runs + first, 100 - first, &owned[i],
							 &count[i], &bench->error),
				  &bench->error);
		assert_int_equal(owned[0], owned[1]);
		assert_int_equal(count[0], count[1]);
	}
}

/* vCPU 0 knows nothing of start_info any more: where no tree is, all is by M2P and owner. */
static void assert_same_search(struct bench *bench, uint32_t domid)
{
	struct pvb_host_vcpu vcpu;
	char cores[2][128];

	assert_ok(pvb_host_get_vcpu(bench->sim, domid, 0, &vcpu, &bench->error), &bench->error);
	vcpu.rsi = 0x1234;
	assert_int_equal(pvb_sim_set_registers(bench->sim, domid, 0, &vcpu), 0);
	dump_to(bench, bench->sim, domid, "searched", cores[0]);
	dump_to(bench, bench->xen, domid, "searched-through", cores[1]);
	assert_true(same_bytes(cores[0], cores[1]));
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(unlink(cores[i]), 0);
}

static void build_both_ways(const struct scenario *scenario)
{
	struct scenario_files files;
	struct scenario_result direct = {0}, through = {0};
	struct bench bench;
	struct pvb_host *other;
	char cores[3][128];

	scenario_prepare(scenario, &files);
	bench_open(&bench, MACHINE);
	assert_ok(pvb_host_open(MACHINE, &other, &bench.error), &bench.error);
	scenario_run(scenario, &files, other, true, &direct);
	assert_ok(direct.rc, &direct.error);
	scenario_run(scenario, &files, bench.xen, true, &through);
	if (through.rc)
		print_error("%s: %s\n", through.error.stage, through.error.message);
	assert_int_equal(through.rc, 0);
	assert_int_equal(through.domid, direct.domid);
	assert_int_equal(through.extents, direct.extents);
	assert_true(fake_store_introduced(through.domid, &(unsigned long){0}, &(unsigned){0}));

	/* Memory, page tables after pinning, p2m, registers: to the last bit. */
	dump_to(&bench, other, direct.domid, "direct", cores[0]);
	dump_to(&bench, bench.sim, through.domid, "through", cores[1]);
	dump_to(&bench, bench.xen, through.domid, "read", cores[2]);
	assert_true(same_bytes(cores[0], cores[1]));
	assert_true(same_bytes(cores[1], cores[2]));
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(unlink(cores[i]), 0);

	assert_reads_alike(&bench, through.domid);
	assert_same_m2p(&bench);
	size_t count = 5000;
	pvb_mfn_t *frames = calloc(count, sizeof *frames);
	assert_non_null(frames);
	for (size_t i = 0; i < count; i++)
		frames[i] = PVB_MFN(i * 13);
	assert_same_frame_info(&bench, through.domid, frames, count);
	free(frames);
	assert_same_owners(&bench, through.domid);
	assert_same_search(&bench, through.domid);

	assert_host_is_clean(other, &direct);
	assert_ok(pvb_domain_destroy(bench.xen, through.domid, &bench.error), &bench.error);
	assert_fails_with(pvb_domain_destroy(bench.xen, through.domid, &bench.error),
			  PVB_E_HOST_NO_DOMAIN, &bench.error);
	through.step = "build"; /* it is gone */
	through.rc = -1;
	assert_host_is_clean(bench.sim, &through);
	pvb_host_close(other);
	bench_close(&bench);
	scenario_forget(&files);
}

static void a_domain_is_the_same_through_xens_libraries_and_without(void **state)
{
	(void)state;
	for (unsigned i = 0; i < scenario_count; i++) {
		print_message("# %s\n", scenarios[i].name);
		build_both_ways(&scenarios[i]);
	}
}

/*
 * Done without harm is a populate: what fails is a short count, after which the builder asks for
 * less at a time, for each range. So is what tells how far the numbers of nodes go, beside the
 * count of them. The grant table is memory, which the adapter reads when it is given back:
 * that this failed, nobody can hear.
 */
static void every_call_to_the_hypervisor_fails_in_turn(void **state)
{
	(void)state;
	for (unsigned i = 0; i < scenario_count; i += 2) {
		struct scenario_files files;
		uint64_t points = 0, calls;
		unsigned survived = 0;

		scenario_prepare(&scenarios[i], &files);
		do {
			struct scenario_result result = {0};
			struct bench bench;

			bench_open(&bench, MACHINE);
			calls = pvb_sim_calls(bench.sim);
			pvb_sim_fail_after(bench.sim, ++points);
			scenario_run(&scenarios[i], &files, bench.xen, false, &result);
			calls = pvb_sim_calls(bench.sim) - calls;
			if (result.rc)
				assert_clean_error(&result);
			else
				survived++;
			if (result.rc && strcmp(result.step, "build") == 0)
				assert_string_equal(fake_store_left(), "");
			assert_host_is_clean(bench.sim, &result);
			bench_close(&bench);
		} while (calls >= points);
		print_message("# %s: %llu calls failed in turn, %u of them without harm\n",
			      scenarios[i].name, (unsigned long long)points - 1, survived - 1);
		assert_true(points > 30);
		assert_true(survived - 1 <= 3 + scenarios[i].range_count);
		scenario_forget(&files);
	}
}

/* Each is a round trip to another process. */
static void xenstore_is_asked_for_names_only_where_they_are_wanted(void **state)
{
	struct pvb_host_domain_config config = {.name = "next", .uuid = {1}, .vcpus = 1};
	struct bench bench;
	uint32_t domid;

	(void)state;
	bench_open(&bench, MACHINE);
	for (unsigned i = 0; i < 3; i++)
		(void)small_domain(&bench, 1);
	unsigned before = fake_store_calls();
	assert_ok(pvb_host_create_domain(bench.xen, &config, &domid, &bench.error), &bench.error);
	/* Early and when the name is taken, who might have it, and that all four have another; to
	 * take it, 11 more. Names of the hypervisor's list are not asked for. */
	assert_int_equal(fake_store_calls() - before, 2 * (1 + 4) + 11);
	assert_ok(pvb_host_keep_domain(bench.xen, domid, &bench.error), &bench.error);
	bench_close(&bench);
}

static uint64_t calls_of(const struct pvb_host *host, const char *call)
{
	const char *name;
	uint64_t count;

	for (size_t i = 0; (name = pvb_host_call_count(host, i, &count)); i++)
		if (strcmp(name, call) == 0)
			return count;
	fail_msg("no call is named %s", call);
	return 0;
}

/* ---- refusals ----------------------------------------------------------------------------------
 */

static void a_frame_that_cannot_be_mapped_is_named(void **state)
{
	struct bench bench;
	pvb_mfn_t frames[4];
	char frame[32];
	void *at;

	(void)state;
	bench_open(&bench, MACHINE);
	uint32_t domid = small_domain(&bench, 1);
	populate(&bench, domid, frames, 4);
	frames[2] = PVB_MFN(0xabcd);
	assert_fails_with(pvb_host_map_frames(bench.xen, domid, frames, 4, true, &at, &bench.error),
			  PVB_E_HOST_MAP, &bench.error);
	snprintf(frame, sizeof frame, "0x%llx", (unsigned long long)frames[2].n);
	assert_non_null(strstr(bench.error.message, frame));
	assert_non_null(strstr(bench.error.message, "1 of 4 frames"));
	assert_fails_with(pvb_host_map_frames(bench.xen, domid, frames, 0, true, &at, &bench.error),
			  PVB_E_ARG_INVALID, &bench.error);
	bench_close(&bench);
}

static void the_name_of_domain_0_is_refused_before_there_is_a_domain(void **state)
{
	struct pvb_host_domain_config config = {.name = "Domain-0", .vcpus = 1};
	struct bench bench;
	uint32_t domid;

	(void)state;
	bench_open(&bench, MACHINE);
	assert_fails_with(pvb_host_create_domain(bench.xen, &config, &domid, &bench.error),
			  PVB_E_ARG_NAME, &bench.error);
	bench_close(&bench);
}

/* A number of 32 bits, of which Xen's libraries would take 16. */
static void a_number_beyond_all_domains_is_not_cut_to_one(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, MACHINE);
	uint32_t domid = small_domain(&bench, 1);

	assert_fails_with(pvb_domain_unpause(bench.xen, domid + (1u << 16), &bench.error),
			  PVB_E_HOST_NO_DOMAIN, &bench.error);
	assert_fails_with(pvb_domain_pause(bench.xen, domid + (1u << 16), &bench.error),
			  PVB_E_HOST_NO_DOMAIN, &bench.error);
	assert_ok(pvb_domain_unpause(bench.xen, domid, &bench.error), &bench.error);
	assert_fails_with(pvb_domain_unpause(bench.xen, domid, &bench.error), PVB_E_HOST_STATE,
			  &bench.error);
	bench_close(&bench);
}

static void a_domain_that_is_not_ours_to_destroy_is_not_touched(void **state)
{
	struct bench bench;
	char path[64];

	(void)state;
	bench_open(&bench, MACHINE);
	uint32_t domid = small_domain(&bench, 1);

	snprintf(path, sizeof path, "/libxl/%u/device/vbd/51712/backend", domid);
	fake_store_put(path, "/local/domain/0/backend/vbd/1/51712");
	assert_fails_with(pvb_domain_destroy(bench.xen, domid, &bench.error), PVB_E_HOST_STATE,
			  &bench.error);
	assert_int_equal(calls_of(bench.sim, "pause_domain"), 0);
	assert_int_equal(calls_of(bench.sim, "destroy_domain"), 0);
	assert_true(fake_store_has(path));
	bench_close(&bench);
}

static void what_xen_refuses_has_the_code_that_the_model_has(void **state)
{
	struct bench bench;
	struct pvb_host_domain domain;
	struct pvb_host_vcpu vcpu = {.flags = 4};
	pvb_mfn_t frames[2];

	(void)state;
	bench_open(&bench, MACHINE ",no-pv32");
	struct pvb_host *xen = bench.xen;
	struct pvb_error *error = &bench.error;
	uint32_t domid = small_domain(&bench, 1);

	assert_fails_with(pvb_host_get_domain(xen, 77, &domain, error), PVB_E_HOST_NO_DOMAIN,
			  error);
	/* The one that answers in 4.17 where there is none of this number. */
	assert_fails_with(pvb_host_get_domain(xen, domid - 1, &domain, error), PVB_E_HOST_NO_DOMAIN,
			  error);
	assert_fails_with(pvb_host_get_domain(xen, 1u << 20, &domain, error), PVB_E_HOST_NO_DOMAIN,
			  error);
	assert_fails_with(pvb_host_pause_domain(xen, 77, error), PVB_E_HOST_NO_DOMAIN, error);
	assert_ok(pvb_host_pause_domain(xen, domid, error), error);
	assert_ok(pvb_host_unpause_domain(xen, domid, error), error);
	assert_fails_with(pvb_host_set_guest_bits(xen, domid, 32, error), PVB_E_HOST_GUEST_TYPE,
			  error);
	assert_fails_with(pvb_host_get_vcpu(xen, domid, 0, &vcpu, error), PVB_E_HOST_STATE, error);
	assert_fails_with(pvb_host_get_vcpu(xen, domid, 9, &vcpu, error), PVB_E_ARG_INVALID, error);
	populate(&bench, domid, frames, 2);
	assert_fails_with(pvb_host_pin_table(xen, domid, 4, PVB_MFN(0xabcd), error), PVB_E_HOST_PIN,
			  error);
	assert_non_null(strstr(error->message, "0xabcd"));
	assert_fails_with(pvb_host_pin_table(xen, domid, 5, frames[0], error), PVB_E_ARG_INVALID,
			  error);
	vcpu = (struct pvb_host_vcpu){.flags = 4, .rip = UINT64_C(1) << 50};
	assert_fails_with(pvb_host_set_vcpu(xen, domid, 0, &vcpu, error), PVB_E_HOST_CONTEXT,
			  error);
	vcpu = (struct pvb_host_vcpu){.flags = 4, .gdt_entries = 1};
	assert_fails_with(pvb_host_set_vcpu(xen, domid, 0, &vcpu, error), PVB_E_HOST_CONTEXT,
			  error);
	assert_fails_with(pvb_host_claim_memory(xen, domid, 1 << 12, error), PVB_E_HOST_CLAIM,
			  error);
	assert_fails_with(pvb_host_unpause_domain(xen, 77, error), PVB_E_HOST_NO_DOMAIN, error);
	assert_ok(pvb_host_unpause_domain(xen, domid, error), error);
	assert_fails_with(pvb_host_unpause_domain(xen, domid, error), PVB_E_HOST_STATE, error);
	assert_fails_with(pvb_domain_destroy(xen, 0, error), PVB_E_HOST_NO_DOMAIN, error);
	bench_close(&bench);
}

/* Before the hypervisor is asked: it would only see what is left of it in frames. */
static void what_is_not_whole_pages_never_becomes_frames(void **state)
{
	static const struct {
		uint64_t address;
		unsigned shift;
		uint64_t count;
	} wrong[] = {
		{1, 12, 1},
		{4095, 12, 1},
		{UINT64_C(1) << 30 | 2048, 21, 1},
		{0, 0, 1},
		{0, 11, 1},
		{0, 64, 1},
		{UINT64_MAX << 12, 12, 1},
		{4096, 63, 2},
		{0, 21, UINT64_MAX >> 4},
	};
	struct bench bench;

	(void)state;
	bench_open(&bench, MACHINE);
	uint32_t domid = small_domain(&bench, 1);
	uint64_t calls = pvb_sim_calls(bench.sim);

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		pvb_extent_t out[1];
		struct pvb_host_populate request = {
			.address = wrong[i].address,
			.shift = wrong[i].shift,
			.count = wrong[i].count,
			.node = PVB_HOST_ANY_NODE,
			.out = out,
		};
		uint64_t done;

		assert_fails_with(
			pvb_host_populate(bench.xen, domid, &request, &done, &bench.error),
			PVB_E_ARG_INVALID, &bench.error);
		assert_int_equal(done, 0);
	}
	assert_true(pvb_sim_calls(bench.sim) == calls);

	/* nor is a guest of another machine tried */
	struct pvb_host_domain_config config = {.name = "arm", .vcpus = 1, .translated = true};
	uint32_t none;
	assert_fails_with(pvb_host_create_domain(bench.xen, &config, &none, &bench.error),
			  PVB_E_HOST_GUEST_TYPE, &bench.error);
	assert_true(pvb_sim_calls(bench.sim) == calls);
	assert_ok(pvb_host_destroy_domain(bench.xen, domid, &bench.error), &bench.error);
	bench_close(&bench);
}

/* ---- a UUID is one domain's -------------------------------------------------------------------
 */

#define UUID_TEXT "0a000000-0000-0000-0000-000000000000"

static void a_uuid_that_another_domain_has_is_refused(void **state)
{
	struct pvb_host_domain_config config = {.name = "one", .uuid = {10}, .vcpus = 1};
	struct bench bench;
	uint32_t domid, none;

	(void)state;
	bench_open(&bench, MACHINE);
	assert_ok(pvb_host_create_domain(bench.xen, &config, &domid, &bench.error), &bench.error);
	assert_ok(pvb_host_keep_domain(bench.xen, domid, &bench.error), &bench.error);
	snprintf(config.name, sizeof config.name, "two");
	assert_fails_with(pvb_host_create_domain(bench.xen, &config, &none, &bench.error),
			  PVB_E_ARG_INVALID, &bench.error);
	assert_non_null(strstr(bench.error.message, UUID_TEXT));
	assert_int_equal(calls_of(bench.sim, "create_domain"), 1);
	assert_true(fake_store_has("/vm/" UUID_TEXT));
	bench_close(&bench);
}

/* As one that another builder has taken in between: seen in the store alone. */
static void a_uuid_that_was_taken_meanwhile_costs_the_new_domain_and_no_other(void **state)
{
	struct pvb_host_domain_config config = {.name = "two", .uuid = {10}, .vcpus = 1};
	struct pvb_host_domain domain;
	struct bench bench;
	uint32_t none;

	(void)state;
	bench_open(&bench, MACHINE);
	uint32_t domid = small_domain(&bench, 1);
	fake_store_put("/local/domain/1/vm", "/vm/" UUID_TEXT);
	fake_store_put("/vm/" UUID_TEXT "/name", "small-1");
	char *before = fake_store_print();
	assert_fails_with(pvb_host_create_domain(bench.xen, &config, &none, &bench.error),
			  PVB_E_ARG_INVALID, &bench.error);
	assert_string_equal(bench.error.context, "");
	assert_int_equal(calls_of(bench.sim, "create_domain"), 2);
	assert_fails_with(pvb_host_get_domain(bench.sim, domid + 1, &domain, &bench.error),
			  PVB_E_HOST_NO_DOMAIN, &bench.error);
	char *after = fake_store_print();
	assert_string_equal(after, before);
	free(before);
	free(after);
	bench_close(&bench);
}

/* ---- a store that says nothing ------------------------------------------------------------------
 */

static void a_silent_store_costs_names_and_not_the_list(void **state)
{
	struct pvb_domain_state *list, found;
	struct bench bench;
	size_t count;

	(void)state;
	bench_open(&bench, MACHINE);
	uint32_t domid = small_domain(&bench, 1);
	(void)small_domain(&bench, 1);
	unsigned before = fake_store_calls();
	fake_store_silence(1);
	assert_ok(pvb_domain_list(bench.xen, &list, &count, &bench.error), &bench.error);
	assert_int_equal(count, 2);
	for (size_t i = 0; i < count; i++) {
		assert_true(list[i].name_unknown);
		assert_string_equal(list[i].name, "");
	}
	free(list);
	assert_fails_with(pvb_domain_find(bench.xen, "small-1", &found, &bench.error),
			  PVB_E_HOST_SILENT, &bench.error);
	assert_non_null(strstr(bench.error.hint, "number"));
	assert_ok(pvb_domain_find(bench.xen, "1", &found, &bench.error), &bench.error);
	assert_true(found.domid == domid && found.name_unknown);
	assert_ok(pvb_domain_pause(bench.xen, domid, &bench.error), &bench.error);
	/* It was waited for once. */
	assert_int_equal(fake_store_calls() - before, 1);
	bench_close(&bench);
}

static int ask_for_record(struct pvb_host *host, struct pvb_error *error)
{
	struct pvb_host_record record;

	return pvb_host_get_record(host, 1, &record, error);
}

static int ask_for_watch(struct pvb_host *host, struct pvb_error *error)
{
	int fd;

	return pvb_domain_watch(host, &fd, error);
}

static int ask_for_console(struct pvb_host *host, struct pvb_error *error)
{
	int fd;

	return pvb_domain_open_console(host, 1, &fd, error);
}

static int ask_for_ring(struct pvb_host *host, struct pvb_error *error)
{
	uint32_t bytes;

	return pvb_domain_console_pending(host, 1, &bytes, error);
}

static void whoever_asks_a_silent_store_is_told_its_name(void **state)
{
	static int (*const ask[])(struct pvb_host *, struct pvb_error *) = {
		ask_for_record, ask_for_watch, ask_for_console, ask_for_ring};
	struct bench bench;

	(void)state;
	for (size_t i = 0; i < sizeof ask / sizeof ask[0]; i++) {
		bench_open(&bench, MACHINE);
		(void)small_domain(&bench, 1);
		/* At the first request of whichever connection, then of none. */
		for (unsigned nth = 2; nth >= 1; nth--) {
			pvb_host_close(bench.xen);
			assert_ok(pvb_host_open("xen", &bench.xen, &bench.error), &bench.error);
			fake_store_silence(nth);
			assert_fails_with(ask[i](bench.xen, &bench.error), PVB_E_HOST_SILENT,
					  &bench.error);
			assert_non_null(strstr(bench.error.message, "15 s"));
			assert_fails_with(ask[i](bench.xen, &bench.error), PVB_E_HOST_SILENT,
					  &bench.error);
		}
		bench_close(&bench);
	}
}

/* Somebody waits for ends; a name that is not told is no reason to stop. */
static void whoever_watches_goes_on_when_the_store_was_silent(void **state)
{
	struct pvb_domain_state *list;
	struct bench bench;
	size_t count;
	int fd;

	(void)state;
	bench_open(&bench, MACHINE);
	(void)small_domain(&bench, 1);
	assert_ok(pvb_domain_watch(bench.xen, &fd, &bench.error), &bench.error);
	fake_store_silence(1);
	assert_ok(pvb_domain_list(bench.xen, &list, &count, &bench.error), &bench.error);
	assert_true(list[0].name_unknown);
	free(list);
	fake_store_silence(0);
	assert_ok(pvb_domain_watch(bench.xen, &fd, &bench.error), &bench.error);
	bench_close(&bench);
}

/* Whoever waits for memory does not wait for the store. */
static void a_silent_store_does_not_keep_a_domain_alive(void **state)
{
	struct pvb_host_domain domain;
	struct bench bench;
	pvb_mfn_t frames[8];

	(void)state;
	bench_open(&bench, MACHINE);
	uint32_t domid = small_domain(&bench, 1);
	populate(&bench, domid, frames, 8);
	fake_store_silence(1);
	assert_fails_with(pvb_domain_destroy(bench.xen, domid, &bench.error), PVB_E_HOST_SILENT,
			  &bench.error);
	assert_non_null(strstr(bench.error.context, "domain 1 was destroyed"));
	assert_fails_with(pvb_host_get_domain(bench.sim, domid, &domain, &bench.error),
			  PVB_E_HOST_NO_DOMAIN, &bench.error);

	/* What is left takes nobody's name, and is not in the way of the next. */
	fake_store_silence(0);
	pvb_host_close(bench.xen);
	assert_ok(pvb_host_open("xen", &bench.xen, &bench.error), &bench.error);
	assert_true(fake_store_has("/local/domain/1/name"));
	bench.small = 0;
	(void)small_domain(&bench, 1);
	bench_close(&bench);
}

/* Whatever was written by then, its guard knows of. */
static void assert_guard_has_the_rest(const struct bench *bench)
{
	if (fake_store_left()[0])
		assert_int_equal(access(path_of(bench, "forgot-1"), F_OK), 0);
}

/* From any call of a build on; the first build counts them. */
static void whenever_the_store_falls_silent_a_build_is_undone(void **state)
{
	struct scenario_files files;
	unsigned calls = 1;

	(void)state;
	scenario_prepare(&scenarios[0], &files);
	for (unsigned nth = 1; nth <= calls; nth++) {
		struct scenario_result result = {0};
		struct bench bench;
		char byte;

		bench_open(&bench, MACHINE);
		fake_store_silence(nth == 1 && calls == 1 ? 100000 : nth);
		unsigned before = fake_store_calls();
		scenario_run(&scenarios[0], &files, bench.xen, false, &result);
		if (calls == 1) {
			assert_int_equal(result.rc, 0);
			calls = fake_store_calls() - before;
			nth = 0;
		} else {
			assert_int_equal(result.rc, -(int)PVB_E_HOST_SILENT);
			assert_int_equal(fake_store_calls() - before, nth);
			assert_non_null(strstr(result.error.message, "15 s"));
			assert_clean_error(&result);
		}
		assert_host_is_clean(bench.sim, &result);
		pvb_host_close(bench.xen);
		bench.xen = NULL;
		assert_int_equal(read(bench.guards, &byte, 1), 0);
		assert_int_equal(fake_store_transactions(), 0);
		if (result.rc)
			assert_guard_has_the_rest(&bench);
		bench_close(&bench);
	}
	assert_true(calls > 60);
	scenario_forget(&files);
}

/* ---- pages that somebody holds ------------------------------------------------------------------
 */

static void a_domain_that_somebody_holds_pages_of_is_not_said_to_be_gone(void **state)
{
	struct pvb_host_domain domain;
	struct bench bench;
	pvb_mfn_t frames[8];
	void *at;

	(void)state;
	bench_open(&bench, MACHINE);
	uint32_t domid = small_domain(&bench, 1);
	populate(&bench, domid, frames, 8);
	assert_ok(pvb_host_map_frames(bench.sim, domid, frames, 3, false, &at, &bench.error),
		  &bench.error);
	assert_int_equal(setenv("PVBUILD_PATIENCE", "0", 1), 0);
	for (unsigned again = 0; again < 2; again++) {
		assert_fails_with(pvb_domain_destroy(bench.xen, domid, &bench.error),
				  PVB_E_HOST_DYING, &bench.error);
		assert_non_null(strstr(bench.error.message, "holds 3 of its pages"));
	}
	assert_string_equal(fake_store_left(), "");
	pvb_host_unmap_frames(bench.sim, at, 3);
	assert_int_equal(unsetenv("PVBUILD_PATIENCE"), 0);
	assert_fails_with(pvb_host_get_domain(bench.sim, domid, &domain, &bench.error),
			  PVB_E_HOST_NO_DOMAIN, &bench.error);
	bench_close(&bench);
}

/* ---- limits and CPUs --------------------------------------------------------------------------
 */

static void limits_reach_the_hypervisor(void **state)
{
	static const struct {
		struct pvb_host_domain_config config;
		struct pvb_sim_limits limits;
	} cases[] = {
		{{.max_event_channel = 0}, {INT32_MAX, 64, 1024, 2}},
		{{.max_event_channel = 64,
		  .max_grant_frames = 8,
		  .max_maptrack_frames = 5,
		  .max_grant_version = 1},
		 {64, 8, 5, 1}},
		{{.max_event_channel = 9,
		  .max_maptrack_frames = PVB_HOST_NO_MAPTRACK,
		  .max_grant_version = 2},
		 {9, 64, 0, 2}},
	};
	struct bench bench;

	(void)state;
	bench_open(&bench, MACHINE);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pvb_host_domain_config config = cases[i].config;
		const struct pvb_sim_limits *wanted = &cases[i].limits;
		struct pvb_sim_limits limits;
		uint32_t domid;

		config.vcpus = 1;
		config.uuid[0] = (uint8_t)(i + 1);
		(void)snprintf(config.name, sizeof config.name, "guest%zu", i);
		assert_ok(pvb_host_create_domain(bench.xen, &config, &domid, &bench.error),
			  &bench.error);
		assert_true(pvb_sim_limits(bench.sim, domid, &limits));
		assert_int_equal(limits.event_channels, wanted->event_channels);
		assert_int_equal(limits.grant_frames, wanted->grant_frames);
		assert_int_equal(limits.maptrack_frames, wanted->maptrack_frames);
		assert_int_equal(limits.grant_version, wanted->grant_version);
		assert_ok(pvb_host_destroy_domain(bench.xen, domid, &bench.error), &bench.error);
	}
	bench_close(&bench);
}

/* Xen says "invalid argument" of each, and nothing of which. */
static void a_limit_that_xen_refuses_is_named(void **state)
{
	static const struct {
		struct pvb_host_domain_config config;
		const char *words;
	} cases[] = {
		{{.max_grant_frames = 65},
		 "65 pages (pvb_build_options.max_grant_frames) is wanted, but the "
		 "hypervisor lets a domain have at most 64"},
		{{.max_maptrack_frames = 1025},
		 "1025 maptrack pages (pvb_build_options.max_maptrack_frames)"},
		{{.max_grant_frames = 64, .max_maptrack_frames = 1025}, "1025 maptrack pages"},
		{{.max_grant_version = 3},
		 "version 3 are wanted, but the hypervisor has up to "
		 "version 2"},
	};
	struct bench bench;

	(void)state;
	bench_open(&bench, MACHINE);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pvb_host_domain_config config = cases[i].config;
		uint32_t domid;

		config.vcpus = 1;
		(void)snprintf(config.name, sizeof config.name, "guest");
		assert_fails_with(pvb_host_create_domain(bench.xen, &config, &domid, &bench.error),
				  PVB_E_HOST_LIMIT, &bench.error);
		if (!strstr(bench.error.message, cases[i].words))
			fail_msg("\"%s\" is not in \"%s\"", cases[i].words, bench.error.message);
	}
	bench_close(&bench);
}

static void pools_have_the_names_that_the_store_has(void **state)
{
	struct pvb_host_pool pool;
	struct bench bench;

	(void)state;
	bench_open(&bench, MACHINE ",cpus=6,pools=3");
	fake_store_put("/local/pool/0/name", "Pool-0");
	fake_store_put("/local/pool/2/name", "tenants");
	assert_ok(pvb_host_get_pool(bench.xen, 2, &pool, &bench.error), &bench.error);
	assert_int_equal(pool.number, 2);
	assert_string_equal(pool.name, "tenants");
	assert_string_equal(pvb_cpus_format(&pool.cpus).text, "4-5");
	assert_ok(pvb_host_get_pool(bench.xen, 1, &pool, &bench.error), &bench.error);
	assert_string_equal(pool.name, "");
	assert_fails_with(pvb_host_get_pool(bench.xen, 3, &pool, &bench.error), PVB_E_HOST_POOL,
			  &bench.error);

	struct pvb_host_domain_config config = {.name = "guest", .vcpus = 1, .pool = 2};
	struct pvb_host_domain domain;
	uint32_t domid;

	assert_ok(pvb_host_create_domain(bench.xen, &config, &domid, &bench.error), &bench.error);
	assert_ok(pvb_host_get_domain(bench.sim, domid, &domain, &bench.error), &bench.error);
	assert_int_equal(domain.pool, 2);
	assert_schedules_alike(&bench, domid, 1);
	assert_ok(pvb_host_keep_domain(bench.xen, domid, &bench.error), &bench.error);
	bench_close(&bench);
}

static void nodes_have_their_cpus(void **state)
{
	struct pvb_cpus left, right;
	struct bench bench;

	(void)state;
	bench_open(&bench, MACHINE ",cpus=6,nodes=2");
	for (int node = PVB_HOST_ANY_NODE; node < 3; node++) {
		assert_ok(pvb_host_get_cpus(bench.sim, node, &left, &bench.error), &bench.error);
		assert_ok(pvb_host_get_cpus(bench.xen, node, &right, &bench.error), &bench.error);
		assert_memory_equal(&left, &right, sizeof left);
	}
	bench_close(&bench);
}

static void affinity_and_share_are_set_through_xens_libraries(void **state)
{
	static const char *const schedulers[] = {"credit", "credit2"};
	struct pvb_host_share share = {.weight = 777, .cap = 55};
	struct pvb_cpus some = {{0}}, none = {{0}}, hard, soft;
	struct bench bench;
	char machine[80];

	(void)state;
	pvb_cpus_put(&some, 1, true);
	pvb_cpus_put(&some, 3, true);
	for (unsigned i = 0; i < 2; i++) {
		(void)snprintf(machine, sizeof machine, MACHINE ",sched=%s", schedulers[i]);
		bench_open(&bench, machine);
		uint32_t domid = small_domain(&bench, 2);

		assert_ok(pvb_host_set_affinity(bench.xen, domid, 1, &some, &none, &bench.error),
			  &bench.error);
		assert_ok(pvb_host_get_affinity(bench.sim, domid, 1, &hard, &soft, &bench.error),
			  &bench.error);
		assert_string_equal(pvb_cpus_format(&hard).text, "1,3");
		assert_string_equal(pvb_cpus_format(&soft).text, "none");
		/* A set that is left out stays. */
		assert_ok(pvb_host_set_affinity(bench.xen, domid, 1, NULL, &some, &bench.error),
			  &bench.error);
		assert_ok(pvb_host_set_affinity(bench.xen, domid, 1, NULL, NULL, &bench.error),
			  &bench.error);
		assert_schedules_alike(&bench, domid, 2);
		assert_fails_with(
			pvb_host_set_affinity(bench.xen, domid, 1, &none, NULL, &bench.error),
			PVB_E_ARG_CPUS, &bench.error);
		assert_ok(pvb_host_set_share(bench.xen, domid, &share, &bench.error), &bench.error);
		assert_schedules_alike(&bench, domid, 2);
		assert_ok(pvb_host_get_share(bench.sim, domid, &share, &bench.error), &bench.error);
		assert_int_equal(share.weight, 777);
		assert_int_equal(share.cap, 55);
		bench_close(&bench);
	}
}

static void what_a_scheduler_does_not_know_has_the_code_that_the_model_has(void **state)
{
	const struct pvb_host_share wrong[] = {
		{.weight = 0}, {.weight = 65536}, {.weight = 1, .cap = 65536}};
	struct pvb_host_share share = {.weight = 1};
	struct pvb_cpus hard, soft;
	struct bench bench;
	uint32_t frames;

	(void)state;
	bench_open(&bench, MACHINE);
	uint32_t domid = small_domain(&bench, 1);

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_fails_with(pvb_host_set_share(bench.xen, domid, &wrong[i], &bench.error),
				  PVB_E_HOST_LIMIT, &bench.error);
	share.cap = 101; /* for the hypervisor to refuse: a vCPU fills one CPU */
	assert_fails_with(pvb_host_set_share(bench.xen, domid, &share, &bench.error),
			  PVB_E_HOST_LIMIT, &bench.error);
	assert_fails_with(pvb_host_get_share(bench.xen, 77, &share, &bench.error),
			  PVB_E_HOST_NO_DOMAIN, &bench.error);
	assert_fails_with(pvb_host_get_affinity(bench.xen, domid, 1, &hard, &soft, &bench.error),
			  PVB_E_ARG_INVALID, &bench.error);
	assert_fails_with(pvb_host_get_grant_limit(bench.xen, 77, &frames, &bench.error),
			  PVB_E_HOST_NO_DOMAIN, &bench.error);
	bench_close(&bench);

	bench_open(&bench, MACHINE ",sched=null");
	domid = small_domain(&bench, 1);
	share.cap = 0;
	assert_fails_with(pvb_host_set_share(bench.xen, domid, &share, &bench.error),
			  PVB_E_HOST_STATE, &bench.error);
	assert_ok(pvb_host_get_share(bench.xen, domid, &share, &bench.error), &bench.error);
	assert_false(share.weighted);
	assert_string_equal(share.scheduler, "null");
	bench_close(&bench);
}

static void what_the_hypervisor_denies_of_cpus_is_said(void **state)
{
	struct pvb_host_share share = {.weight = 1};
	struct pvb_host_pool pool;
	struct pvb_cpus cpus;
	struct bench bench;

	(void)state;
	bench_open(&bench, MACHINE);
	uint32_t domid = small_domain(&bench, 1);

	refuse(__HYPERVISOR_sysctl, XEN_SYSCTL_cputopoinfo, EPERM);
	assert_fails_with(pvb_host_get_cpus(bench.xen, 0, &cpus, &bench.error), PVB_E_HOST_DENIED,
			  &bench.error);
	refuse(__HYPERVISOR_sysctl, XEN_SYSCTL_cpupool_op, EPERM);
	assert_fails_with(pvb_host_get_pool(bench.xen, 0, &pool, &bench.error), PVB_E_HOST_DENIED,
			  &bench.error);
	assert_fails_with(pvb_host_get_share(bench.xen, domid, &share, &bench.error),
			  PVB_E_HOST_DENIED, &bench.error);
	refuse(__HYPERVISOR_domctl, XEN_DOMCTL_scheduler_op, EPERM);
	assert_fails_with(pvb_host_get_share(bench.xen, domid, &share, &bench.error),
			  PVB_E_HOST_DENIED, &bench.error);
	share.weight = 1;
	assert_fails_with(pvb_host_set_share(bench.xen, domid, &share, &bench.error),
			  PVB_E_HOST_DENIED, &bench.error);
	bench_close(&bench);
}

int main(int argc, char **argv)
{
	(void)argc;
	if (peer_preload(argv))
		return 1;

	char guard[PATH_MAX];
	const char *builddir = getenv("PVB_BUILDDIR");

	snprintf(guard, sizeof guard, "%s/tests/unit/fake-guard", builddir ? builddir : ".");
	if (setenv("PVBUILD_GUARD", guard, 1))
		return 1;

	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_facts_are_the_hypervisors),
		cmocka_unit_test(large_extents_are_for_who_scrubs_in_pieces),
		cmocka_unit_test(what_cannot_be_learned_is_no_and_said_to_be_unknown),
		cmocka_unit_test(another_releases_hypervisor_is_named_with_ours),
		cmocka_unit_test(a_domain_that_may_not_build_others_is_told_so),
		cmocka_unit_test(a_domain_is_the_same_through_xens_libraries_and_without),
		cmocka_unit_test(every_call_to_the_hypervisor_fails_in_turn),
		cmocka_unit_test(xenstore_is_asked_for_names_only_where_they_are_wanted),
		cmocka_unit_test(a_frame_that_cannot_be_mapped_is_named),
		cmocka_unit_test(the_name_of_domain_0_is_refused_before_there_is_a_domain),
		cmocka_unit_test(a_number_beyond_all_domains_is_not_cut_to_one),
		cmocka_unit_test(a_domain_that_is_not_ours_to_destroy_is_not_touched),
		cmocka_unit_test(what_xen_refuses_has_the_code_that_the_model_has),
		cmocka_unit_test(what_is_not_whole_pages_never_becomes_frames),
		cmocka_unit_test(a_uuid_that_another_domain_has_is_refused),
		cmocka_unit_test(a_uuid_that_was_taken_meanwhile_costs_the_new_domain_and_no_other),
		cmocka_unit_test(a_silent_store_costs_names_and_not_the_list),
		cmocka_unit_test(whoever_asks_a_silent_store_is_told_its_name),
		cmocka_unit_test(whoever_watches_goes_on_when_the_store_was_silent),
		cmocka_unit_test(a_silent_store_does_not_keep_a_domain_alive),
		cmocka_unit_test(whenever_the_store_falls_silent_a_build_is_undone),
		cmocka_unit_test(a_domain_that_somebody_holds_pages_of_is_not_said_to_be_gone),
		cmocka_unit_test(limits_reach_the_hypervisor),
		cmocka_unit_test(a_limit_that_xen_refuses_is_named),
		cmocka_unit_test(pools_have_the_names_that_the_store_has),
		cmocka_unit_test(nodes_have_their_cpus),
		cmocka_unit_test(affinity_and_share_are_set_through_xens_libraries),
		cmocka_unit_test(what_a_scheduler_does_not_know_has_the_code_that_the_model_has),
		cmocka_unit_test(what_the_hypervisor_denies_of_cpus_is_said),
	};

	return cmocka_run_group_tests_name("host xen", tests, NULL, NULL);
}
