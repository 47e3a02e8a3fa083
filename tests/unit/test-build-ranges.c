/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests whose memory has holes, built on a simulated host with nodes, and read back. */
#include "support/test.h"

#include <inttypes.h>
#include <unistd.h>

#include <pvbuild/dump.h>

#include "core/checked.h"
#include "host/sim/sim.h"
#include "torture/scenario.h"

#define PAGE UINT64_C(4096)
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)
#define RANGES_MAX 8

/* A guest of a kernel of its own, on a host of its own. */
struct bench {
	struct pvb_host *host;
	struct pvb_image *image;
	struct pvb_plan *plan;
	struct pvb_domain *domain;
	struct pvb_memory_range ranges[RANGES_MAX];
	size_t count;
	uint64_t memory;
	unsigned p2m_levels; /* 0: a list alone */
	struct pvb_error error;
};

static void bench_open(struct bench *bench, const char *host, struct blob (*kernel)(void))
{
	struct blob bytes = kernel();

	*bench = (struct bench){0};
	assert_ok(pvb_host_open(host, &bench->host, &bench->error), &bench->error);
	assert_ok(pvb_image_open_memory(bytes.bytes, bytes.size, "kernel", NULL, &bench->image,
					&bench->error),
		  &bench->error);
	blob_free(&bytes);
}

static void bench_close(struct bench *bench)
{
	pvb_domain_free(bench->domain);
	pvb_plan_free(bench->plan);
	pvb_image_free(bench->image);
	assert_null(pvb_sim_check(bench->host));
	pvb_host_close(bench->host);
}

static void add_range(struct bench *bench, uint64_t gpa, uint64_t bytes, int node, bool exact)
{
	assert_true(bench->count < RANGES_MAX);
	bench->ranges[bench->count++] = (struct pvb_memory_range){gpa, bytes, node, exact};
	bench->memory += bytes;
}

static int build(struct bench *bench)
{
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_host_info info;

	spec.ranges = bench->ranges;
	spec.range_count = bench->count;
	spec.p2m = bench->p2m_levels ? PVB_P2M_WANT_TREE : PVB_P2M_WANT_LIST;
	spec.p2m_levels = bench->p2m_levels;
	assert_ok(pvb_host_get_info(bench->host, &info, &bench->error), &bench->error);
	assert_ok(pvb_plan_create(bench->image, &spec, &info, &bench->plan, &bench->error),
		  &bench->error);
	return pvb_build(bench->host, bench->plan, bench->image, NULL, &bench->domain,
			 &bench->error);
}

static uint32_t domid_of(const struct bench *bench)
{
	return pvb_domain_info(bench->domain)->domid;
}

/* The ranges, those that adjoin as one. */
static size_t merged(const struct bench *bench, struct pvb_host_memory map[RANGES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < bench->count; i++) {
		if (n && map[n - 1].address + map[n - 1].bytes == bench->ranges[i].gpa)
			map[n - 1].bytes += bench->ranges[i].bytes;
		else
			map[n++] = (struct pvb_host_memory){bench->ranges[i].gpa,
							    bench->ranges[i].bytes};
	}
	return n;
}

static const struct pvb_memory_range *range_of(const struct bench *bench, uint64_t gpa)
{
	for (size_t i = 0; i < bench->count; i++)
		if (gpa - bench->ranges[i].gpa < bench->ranges[i].bytes)
			return &bench->ranges[i];
	return NULL;
}

/*
 * Every page of every range has a frame, in the M2P too, of its node where that alone would do,
 * and there are no others.
 */
static void check_memory(struct bench *bench)
{
	const struct pvb_domain_info *info = pvb_domain_info(bench->domain);
	struct pvb_host_memory map[RANGES_MAX];
	const struct pvb_host_memory *told;
	struct pvb_host_domain domain;
	size_t n = merged(bench, map), count;
	uint64_t pages = 0;

	for (size_t i = 0; i < info->extent_count; i++) {
		const struct pvb_memory_extent *extent = &info->extents[i];

		for (uint64_t at = 0; at < extent->bytes; at += PAGE, pages++) {
			const pvb_mfn_t frame = PVB_MFN((extent->maddr + at) / PAGE);
			const struct pvb_memory_range *range = range_of(bench, extent->gpa + at);
			struct pvb_sim_frame seen;

			pvb_sim_look(bench->host, frame, &seen);
			assert_non_null(range);
			assert_true(seen.owned && seen.domid == info->domid);
			assert_int_equal(seen.pfn, (extent->gpa + at) / PAGE);
			if (range->exact)
				assert_int_equal(pvb_sim_node(bench->host, frame), range->node);
		}
	}
	assert_int_equal(pages * PAGE, bench->memory);
	assert_int_equal(info->start_info.nr_pages * PAGE, bench->memory);
	assert_ok(pvb_host_get_domain(bench->host, info->domid, &domain, &bench->error),
		  &bench->error);
	assert_int_equal(domain.pages * PAGE, bench->memory);
	assert_true(pvb_sim_memory_map(bench->host, info->domid, &told, &count));
	assert_int_equal(count, n);
	assert_memory_equal(told, map, n * sizeof map[0]);
}

/* Rules that fired; 0 for none. */
static uint64_t findings(struct bench *bench, const char *core,
			 const struct pvb_memory_range *ranges, const char *rule)
{
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	const struct pvb_audit_report *report;
	struct pvb_audit *audit;
	uint64_t n;

	options.image = bench->image;
	options.memory = bench->memory;
	options.ranges = ranges;
	options.range_count = ranges ? bench->count : 0;
	if (core)
		assert_ok(pvb_audit_core(core, &options, &audit, &bench->error), &bench->error);
	else
		assert_ok(pvb_audit_domain(bench->host, domid_of(bench), &options, &audit,
					   &bench->error),
			  &bench->error);
	report = pvb_audit_report(audit);
	for (size_t i = 0; i < report->finding_count; i++)
		if (!rule || strcmp(report->findings[i].rule, rule) != 0)
			fail_msg("%s at %s: %s", report->findings[i].rule,
				 report->findings[i].where, report->findings[i].message);
	n = report->total_findings;
	pvb_audit_free(audit);
	return n;
}

/* Live and dumped, told where memory is and not. */
static void check_audits(struct bench *bench)
{
	char path[] = "/tmp/pvbuild-ranges-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(findings(bench, NULL, NULL, NULL), 0);
	assert_int_equal(findings(bench, NULL, bench->ranges, NULL), 0);
	assert_ok(pvb_dump_core(bench->host, domid_of(bench), path, NULL, &bench->error),
		  &bench->error);
	assert_int_equal(findings(bench, path, NULL, NULL), 0);
	assert_int_equal(findings(bench, path, bench->ranges, NULL), 0);
	assert_int_equal(unlink(path), 0);

	/* One that is told something else sees it. */
	struct pvb_memory_range other[RANGES_MAX];

	memcpy(other, bench->ranges, sizeof other);
	other[bench->count - 1].bytes += PAGE;
	assert_int_equal(findings(bench, NULL, other, "p2m.ranges"), 1);
	other[bench->count - 1].bytes -= 2 * PAGE;
	if (other[bench->count - 1].bytes)
		assert_int_equal(findings(bench, NULL, other, "p2m.ranges"), 1);
}

static struct blob (*const kernels[])(void) = {
	scenario_linux_64,
	scenario_small_64,
	scenario_linux_32,
	scenario_legacy_32,
};

/* Any ranges, of any nodes. The first has the least memory or more. */
static void any_ranges_have_memory_and_any_holes_have_none(void **state)
{
	(void)state;
	static const char *const hosts[] = {
		"sim:memory=2G", "sim:memory=2G,nodes=2", "sim:memory=3G,nodes=3,scramble",
		"sim:memory=4G,nodes=4,fragment=60,descending", "sim:layout=0+1G/45T+3G,nodes=2"};
	static const unsigned nodes[] = {1, 2, 3, 4, 2};
	uint64_t seed = 11;

	for (unsigned round = 0; round < 48; round++) {
		struct bench bench;
		unsigned host = round % 5;
		size_t count = 1 + test_random(&seed) % RANGES_MAX;
		uint64_t at = 0;

		bench_open(&bench, hosts[host], kernels[round % 4]);
		for (size_t i = 0; i < count; i++) {
			uint64_t pages = test_random(&seed) % (i % 3 == 2 ? 3 : 6000) + 1;
			int node = (int)(test_random(&seed) % (nodes[host] + 1)) - 1;

			if (i == 0)
				pages += 12000;
			/* A 32-bit guest finds nothing on a node of high memory. */
			bool exact = node != PVB_ANY_NODE && test_random(&seed) % 2 &&
				     (round % 4 < 2 || (host < 3 && i));

			add_range(&bench, at, pages * PAGE, node, exact);
			/* Some adjoin; a list page or more may be a hole. */
			at += pages * PAGE;
			if (test_random(&seed) % 4)
				at += (test_random(&seed) % 300000 + 1) * PAGE;
		}
		/* Three levels reach the last of them. */
		if (round % 3)
			bench.p2m_levels = 3 + (unsigned)(test_random(&seed) % 3);
		assert_ok(build(&bench), &bench.error);
		check_memory(&bench);
		check_audits(&bench);
		assert_ok(pvb_domain_destroy(bench.host, domid_of(&bench), &bench.error),
			  &bench.error);
		bench_close(&bench);
	}
}

static void a_range_is_taken_from_its_node_or_from_others_too(void **state)
{
	(void)state;
	struct bench bench;

	/* Each node has 512 MiB, less what the hypervisor took. */
	bench_open(&bench, "sim:memory=1G,nodes=2", scenario_linux_64);
	add_range(&bench, 0, 600 * MIB, 1, false);
	assert_ok(build(&bench), &bench.error);
	bench.ranges[0].node = PVB_ANY_NODE; /* some of it is not of node 1 */
	check_memory(&bench);

	uint64_t of_node[2] = {0};
	const struct pvb_domain_info *info = pvb_domain_info(bench.domain);

	for (size_t i = 0; i < info->extent_count; i++)
		for (uint64_t at = 0; at < info->extents[i].bytes; at += PAGE)
			of_node[pvb_sim_node(bench.host,
					     PVB_MFN((info->extents[i].maddr + at) / PAGE))]++;
	assert_true(of_node[1] > 500 * MIB / PAGE);
	assert_int_equal(of_node[0] + of_node[1], 600 * MIB / PAGE);
	bench_close(&bench);
}

static void a_node_that_is_short_is_told_by_its_number(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, "sim:memory=1G,nodes=2", scenario_linux_64);
	add_range(&bench, 0, 64 * MIB, 0, true);
	add_range(&bench, 4 * GIB, 600 * MIB, 1, true);
	assert_fails_with(build(&bench), PVB_E_HOST_NO_MEMORY, &bench.error);
	assert_string_equal(bench.error.stage, "populate");
	assert_non_null(strstr(bench.error.message,
			       "629145600 bytes (600 MiB) from guest physical address 0x100000000 "
			       "on are to come from node 1 alone, which is "));
	assert_non_null(strstr(bench.error.hint, "let the range come from others"));
	bench_close(&bench);
}

/* It costs the list that covers it, before the hole, and no other memory. */
static void a_large_hole_is_a_longer_list(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, "sim:memory=1G", scenario_linux_64);
	add_range(&bench, 0, 160 * MIB, PVB_ANY_NODE, false);
	add_range(&bench, 64 * GIB, 8 * MIB, PVB_ANY_NODE, false);
	assert_ok(build(&bench), &bench.error);
	check_memory(&bench);
	assert_int_equal(findings(&bench, NULL, bench.ranges, NULL), 0);
	assert_int_equal(pvb_plan_info(bench.plan)->p2m_pfns, (64 * GIB + 8 * MIB) / PAGE);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_ranges_have_memory_and_any_holes_have_none),
		cmocka_unit_test(a_range_is_taken_from_its_node_or_from_others_too),
		cmocka_unit_test(a_node_that_is_short_is_told_by_its_number),
		cmocka_unit_test(a_large_hole_is_a_longer_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
