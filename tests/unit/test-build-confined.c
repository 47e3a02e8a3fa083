/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What contains a domain and what it gets of the host's CPUs: limits, vCPUs online and not, pool,
 * affinity, weight and cap, from the options of a build to what a simulated host has of it.
 */
#include "support/test.h"

#include <unistd.h>

#include <pvbuild/pvbuild.h>

#include "build/cpus.h"
#include "core/cpus.h"
#include "host/sim/sim.h"
#include "support/elf-builder.h"

#define MIB (UINT64_C(1) << 20)

struct bench {
	struct pvb_host *host;
	struct pvb_image *image;
	struct pvb_plan *plan;
	struct pvb_domain *domain;
	struct pvb_build_options options;
	char log[500];
	struct pvb_error error;
};

static void hear(void *opaque, int level, const char *line)
{
	struct bench *bench = opaque;
	size_t used = strlen(bench->log);

	/* Things that were asked for and have no effect. */
	if (level >= 0)
		return;
	(void)snprintf(bench->log + used, sizeof bench->log - used, "%s\n", line);
}

static void bench_open(struct bench *bench, const char *host, uint32_t vcpus, uint32_t max_vcpus)
{
	struct blob kernel = small_kernel(64);
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_host_info info;

	*bench = (struct bench){.options = PVB_BUILD_OPTIONS_INIT};
	bench->options.log = hear;
	bench->options.log_opaque = bench;
	assert_ok(pvb_sim_open(host, &bench->host, &bench->error), &bench->error);
	assert_ok(pvb_host_get_info(bench->host, &info, &bench->error), &bench->error);
	assert_ok(pvb_image_open_memory(kernel.bytes, kernel.size, "kernel", NULL, &bench->image,
					&bench->error),
		  &bench->error);
	blob_free(&kernel);
	spec.memory = 8 * MIB;
	spec.vcpus = vcpus;
	spec.max_vcpus = max_vcpus;
	assert_ok(pvb_plan_create(bench->image, &spec, &info, &bench->plan, &bench->error),
		  &bench->error);
}

static int build(struct bench *bench)
{
	return pvb_build(bench->host, bench->plan, bench->image, &bench->options, &bench->domain,
			 &bench->error);
}

static uint32_t domid_of(const struct bench *bench)
{
	return pvb_domain_info(bench->domain)->domid;
}

static void bench_close(struct bench *bench)
{
	assert_null(pvb_sim_check(bench->host));
	pvb_domain_free(bench->domain);
	pvb_plan_free(bench->plan);
	pvb_image_free(bench->image);
	pvb_host_close(bench->host);
}

/* A build that fails so, with these words, and leaves no domain. */
static void refused(struct bench *bench, enum pvb_code code, const char *words)
{
	struct pvb_host_domain domain;
	size_t count;

	assert_fails_with(build(bench), code, &bench->error);
	if (!strstr(bench->error.message, words))
		fail_msg("\"%s\" is not in \"%s\"", words, bench->error.message);
	assert_null(bench->domain);
	assert_int_equal(pvb_host_list_domains(bench->host, 0, &domain, 1, &count, &bench->error),
			 0);
	assert_int_equal(count, 0);
}

/* ---- vCPUs --------------------------------------------------------------------------------- */

static void a_domain_has_all_its_vcpus_and_says_which_are_online(void **state)
{
	struct bench bench;
	struct pvb_host_domain domain;

	(void)state;
	bench_open(&bench, "memory=64M", 2, 4);
	assert_int_equal(pvb_plan_info(bench.plan)->vcpus, 2);
	assert_int_equal(pvb_plan_info(bench.plan)->max_vcpus, 4);
	assert_ok(build(&bench), &bench.error);
	assert_ok(pvb_host_get_domain(bench.host, domid_of(&bench), &domain, &bench.error),
		  &bench.error);
	assert_int_equal(domain.vcpus, 4);
	assert_int_equal(pvb_sim_introduction(bench.host, domid_of(&bench))->vcpus, 4);
	assert_int_equal(pvb_sim_introduction(bench.host, domid_of(&bench))->online_vcpus, 2);
	bench_close(&bench);
}

/* ---- limits -------------------------------------------------------------------------------- */

static struct pvb_sim_limits limits_of(const struct bench *bench)
{
	struct pvb_sim_limits limits;

	assert_true(pvb_sim_limits(bench->host, domid_of(bench), &limits));
	return limits;
}

static void without_a_word_limits_are_libxls(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, "memory=64M", 1, 0);
	assert_ok(build(&bench), &bench.error);
	struct pvb_sim_limits limits = limits_of(&bench);

	assert_int_equal(limits.event_channels, 1023);
	assert_int_equal(limits.grant_frames, 64);
	assert_int_equal(limits.maptrack_frames, 1024);
	assert_int_equal(limits.grant_version, 2);
	bench_close(&bench);
}

static void limits_contain_the_guest(void **state)
{
	struct bench bench;
	struct pvb_host_grant grant = {.index = 8 * 512, .flags = 1, .frame = PVB_MFN(1)};
	uint32_t port, free_ports = 0, frames;

	(void)state;
	bench_open(&bench, "memory=64M", 1, 0);
	bench.options.max_event_channels = 64;
	bench.options.max_grant_frames = 8;
	bench.options.max_maptrack_frames = 5;
	bench.options.max_grant_version = 1;
	assert_ok(build(&bench), &bench.error);
	struct pvb_sim_limits limits = limits_of(&bench);

	assert_int_equal(limits.event_channels, 64);
	assert_int_equal(limits.grant_frames, 8);
	assert_int_equal(limits.maptrack_frames, 5);
	assert_int_equal(limits.grant_version, 1);

	/* And they are kept to. The store and the console have one channel each. */
	while (pvb_host_alloc_event_channel(bench.host, domid_of(&bench), 0, &port, NULL) == 0)
		free_ports++;
	assert_int_equal(free_ports, 62);
	assert_ok(pvb_host_get_grant_limit(bench.host, domid_of(&bench), &frames, &bench.error),
		  &bench.error);
	assert_int_equal(frames, 8);
	assert_fails_with(
		pvb_host_set_grants(bench.host, domid_of(&bench), &grant, 1, &bench.error),
		PVB_E_HOST_LIMIT, &bench.error);
	bench_close(&bench);
}

static void no_maptrack_pages_at_all_can_be_asked_for(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, "memory=64M", 1, 0);
	bench.options.max_maptrack_frames = PVB_NO_MAPTRACK;
	assert_ok(build(&bench), &bench.error);
	assert_int_equal(limits_of(&bench).maptrack_frames, 0);
	bench_close(&bench);
}

static void what_a_host_does_not_grant_is_refused(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, "memory=64M,xen=4.17", 1, 0);
	bench.options.max_grant_frames = 65;
	refused(&bench, PVB_E_HOST_LIMIT, "65 grant table pages");
	bench.options.max_grant_frames = 0;
	bench.options.max_maptrack_frames = 1025;
	refused(&bench, PVB_E_HOST_LIMIT, "1025 maptrack pages");
	bench.options.max_maptrack_frames = 0;
	bench.options.max_event_channels = 1;
	refused(&bench, PVB_E_HOST_LIMIT, "all of its 1 event channels");
	bench_close(&bench);

	/* From this release on the defaults bound nobody who asks for more. */
	bench_open(&bench, "memory=64M,xen=4.18", 1, 0);
	bench.options.max_grant_frames = 300;
	bench.options.max_maptrack_frames = 2000;
	assert_ok(build(&bench), &bench.error);
	assert_int_equal(limits_of(&bench).grant_frames, 300);
	bench_close(&bench);
}

static void what_no_domain_can_have_is_refused_by_its_name(void **state)
{
	static const struct {
		uint32_t channels, frames, maptrack, version, weight, cap;
		const char *words;
	} wrong[] = {
		{1u << 31, 0, 0, 0, 0, 0, "max_event_channels is 2147483648"},
		{0, 1u << 31, 0, 0, 0, 0, "max_grant_frames is 2147483648"},
		{0, 0, 1u << 31, 0, 0, 0, "max_maptrack_frames is 2147483648"},
		{0, 0, 0, 3, 0, 0, "max_grant_version is 3, and can be 1 to 2"},
		{0, 0, 0, 0, 65536, 0, "cpu_weight is 65536, and can be 1 to 65535"},
		{0, 0, 0, 0, 0, 301, "cpu_cap is 301, and can be 1 to 300"},
	};
	struct bench bench;

	(void)state;
	bench_open(&bench, "memory=64M", 1, 3);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		bench.options.max_event_channels = wrong[i].channels;
		bench.options.max_grant_frames = wrong[i].frames;
		bench.options.max_maptrack_frames = wrong[i].maptrack;
		bench.options.max_grant_version = wrong[i].version;
		bench.options.cpu_weight = wrong[i].weight;
		bench.options.cpu_cap = wrong[i].cap;
		refused(&bench, PVB_E_ARG_LIMIT, wrong[i].words);
	}
	bench_close(&bench);
}

/* ---- lists of CPUs -------------------------------------------------------------------------- */

static const char *read_as(struct pvb_host *host, const char *list)
{
	static struct pvb_cpus_text text;
	struct pvb_host_info info;
	struct pvb_cpus cpus;
	struct pvb_error error;

	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	assert_ok(pvb_parse_cpus(host, info.nodes, list, &cpus, &error), &error);
	text = pvb_cpus_format(&cpus);
	return text.text;
}

/* 16 CPUs, four a node. */
static void lists_of_cpus_are_read_as_xl_reads_them(void **state)
{
	static const struct {
		const char *list, *cpus;
	} lists[] = {
		{"3", "3"},
		{"0-3", "0-3"},
		{"0-3,^1", "0,2-3"},
		{"^1,0-3", "0-3"},
		{"all", "0-15"},
		{"all,^0-13", "14-15"},
		{"nodes:all", "0-15"},
		{"node:1", "4-7"},
		{"nodes:1-2", "4-11"},
		{"nodes:0-3,^node:2", "0-7,12-15"},
		{"node:0,^2,9", "0-1,3,9"},
		{"0, 2", "0,2"},
		{",,5,", "5"},
		{"", "none"},
		/* What there is no CPU or node of is nobody's. */
		{"15-200", "15"},
		{"16", "none"},
		{"node:3-70000", "12-15"},
		{"node:4", "none"},
		{"18446744073709551615", "none"},
	};
	static const char *const wrong[] = {
		"x",      "1-",  "-1",      "3-1",   "^all",  "^nodes:all", "1 ",
		"all ",   "0x3", "node:",   "nodes", "1-2-3", "^",          "18446744073709551616",
		"Node:1", "^^1", "node:^1",
	};
	struct pvb_host *host;
	struct pvb_error error;
	struct pvb_cpus cpus;

	(void)state;
	assert_ok(pvb_sim_open("cpus=16,nodes=4", &host, &error), &error);
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		assert_string_equal(read_as(host, lists[i].list), lists[i].cpus);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_fails_with(pvb_parse_cpus(host, 4, wrong[i], &cpus, &error), PVB_E_ARG_CPUS,
				  &error);
	pvb_host_close(host);
}

/* Whatever a set is, its text reads as that set. */
static void a_set_that_is_written_down_is_read_back(void **state)
{
	struct pvb_host *host;
	struct pvb_error error;
	uint64_t random = 5;

	(void)state;
	assert_ok(pvb_sim_open("cpus=13", &host, &error), &error);
	for (unsigned i = 0; i < 500; i++) {
		struct pvb_cpus cpus = {{0}}, again;
		uint64_t bits = test_random(&random);

		pvb_cpus_put(&cpus, 3, true);
		for (unsigned cpu = 0; cpu < 13; cpu++)
			pvb_cpus_put(&cpus, cpu, bits >> cpu & 1 || cpu == 3);
		assert_ok(pvb_parse_cpus(host, 1, pvb_cpus_format(&cpus).text, &again, &error),
			  &error);
		assert_memory_equal(&cpus, &again, sizeof cpus);
		assert_int_equal(pvb_cpus_has(&again, pvb_cpus_end(&again) - 1), true);
	}
	pvb_host_close(host);
}

static void sets_end_where_no_cpu_can_be(void **state)
{
	struct pvb_cpus cpus, other = {{0}};

	(void)state;
	pvb_cpus_first(&cpus, UINT64_MAX);
	assert_int_equal(pvb_cpus_end(&cpus), PVB_CPUS_MAX);
	assert_string_equal(pvb_cpus_format(&cpus).text, "0-16383");
	pvb_cpus_put(&other, PVB_CPUS_MAX, true);
	pvb_cpus_put(&other, UINT64_MAX, true);
	assert_true(pvb_cpus_empty(&other));
	assert_false(pvb_cpus_has(&cpus, PVB_CPUS_MAX));
	for (unsigned cpu = 0; cpu < PVB_CPUS_MAX; cpu += 2)
		pvb_cpus_put(&other, cpu, true);
	pvb_cpus_without(&cpus, &other);
	assert_true(pvb_cpus_has(&cpus, 1));
	assert_false(pvb_cpus_has(&cpus, 2));
	/* Too long to be shown, and cut where a number ends. */
	struct pvb_cpus_text text = pvb_cpus_format(&cpus);

	assert_int_equal(strncmp(text.text, "1,3,5,", 6), 0);
	assert_string_equal(text.text + strlen(text.text) - 4, ",...");
	assert_true(strlen(text.text) < sizeof text.text);
}

/* ---- pools and affinity ---------------------------------------------------------------------- */

static const char *affinity_of(const struct bench *bench, uint32_t vcpu)
{
	static char text[2 * PVB_CPUS_TEXT + 1];
	struct pvb_cpus hard, soft;
	struct pvb_error error;

	assert_ok(pvb_host_get_affinity(bench->host, domid_of(bench), vcpu, &hard, &soft, &error),
		  &error);
	(void)snprintf(text, sizeof text, "%s/%s", pvb_cpus_format(&hard).text,
		       pvb_cpus_format(&soft).text);
	return text;
}

static uint32_t pool_of(const struct bench *bench)
{
	struct pvb_host_domain domain;
	struct pvb_error error;

	assert_ok(pvb_host_get_domain(bench->host, domid_of(bench), &domain, &error), &error);
	return domain.pool;
}

static void each_vcpu_has_the_cpus_that_it_was_given(void **state)
{
	static const char *const hard[] = {"0", "1-2", "node:1"};
	static const char *const soft[] = {"all", "2"};
	struct bench bench;

	(void)state;
	bench_open(&bench, "memory=64M,cpus=8,nodes=2", 2, 4);
	bench.options.cpus = hard;
	bench.options.cpus_count = 3;
	bench.options.soft_cpus = soft;
	bench.options.soft_cpus_count = 2;
	assert_ok(build(&bench), &bench.error);
	assert_string_equal(affinity_of(&bench, 0), "0/0-7");
	assert_string_equal(affinity_of(&bench, 1), "1-2/2");
	assert_string_equal(affinity_of(&bench, 2), "4-7/0-7");
	assert_string_equal(affinity_of(&bench, 3), "0-7/0-7");
	assert_string_equal(bench.log, "");
	bench_close(&bench);
}

static void a_vcpu_of_which_nothing_is_said_may_run_anywhere(void **state)
{
	static const char *const hard[] = {NULL, "1"}, *const soft[] = {"0"};
	struct bench bench;

	(void)state;
	bench_open(&bench, "memory=64M,cpus=2", 2, 0);
	bench.options.cpus = hard;
	bench.options.cpus_count = 2;
	bench.options.soft_cpus = soft;
	bench.options.soft_cpus_count = 1;
	assert_ok(build(&bench), &bench.error);
	assert_string_equal(affinity_of(&bench, 0), "0-1/0");
	assert_string_equal(affinity_of(&bench, 1), "1/0-1");
	bench_close(&bench);

	bench_open(&bench, "memory=64M", 1, 0);
	bench.options.cpus_count = 1;
	refused(&bench, PVB_E_ARG_INVALID, "1 lists of CPUs and 0 of soft ones");
	bench.options.cpus_count = 0;
	bench.options.soft_cpus_count = 1;
	refused(&bench, PVB_E_ARG_INVALID, "0 lists of CPUs and 1 of soft ones");
	bench_close(&bench);
}

static void lists_of_vcpus_that_are_not_there_are_ignored(void **state)
{
	static const char *const hard[] = {"0", "1", "no list at all"};
	struct bench bench;

	(void)state;
	bench_open(&bench, "memory=64M,cpus=2", 2, 0);
	bench.options.cpus = hard;
	bench.options.cpus_count = 3;
	assert_ok(build(&bench), &bench.error);
	assert_string_equal(affinity_of(&bench, 1), "1/0-1");
	bench_close(&bench);
}

static void a_pool_is_found_by_name_and_by_number(void **state)
{
	static const char *const pools[] = {"Pool-2", "2", "002"};
	struct bench bench;

	(void)state;
	for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++) {
		bench_open(&bench, "memory=64M,cpus=6,pools=3", 1, 0);
		bench.options.pool = pools[i];
		assert_ok(build(&bench), &bench.error);
		assert_int_equal(pool_of(&bench), 2);
		bench_close(&bench);
	}
	bench_open(&bench, "memory=64M,cpus=6,pools=3", 1, 0);
	assert_ok(build(&bench), &bench.error);
	assert_int_equal(pool_of(&bench), 0);
	bench_close(&bench);
}

static void a_pool_that_is_not_there_is_refused_by_its_name(void **state)
{
	static const char *const pools[] = {"Pool-3", "3", "", "99999999999999999999", "pool-0"};
	struct bench bench;
	char words[64];

	(void)state;
	bench_open(&bench, "memory=64M,cpus=6,pools=3", 1, 0);
	for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++) {
		(void)snprintf(words, sizeof words, "no CPU pool \"%s\"", pools[i]);
		bench.options.pool = pools[i];
		refused(&bench, PVB_E_HOST_POOL, words);
	}
	bench_close(&bench);
}

static void a_vcpu_that_could_run_nowhere_is_refused(void **state)
{
	static const char *const lists[] = {"0-2", "9", "", "node:7"};
	struct bench bench;

	(void)state;
	bench_open(&bench, "memory=64M,cpus=6,pools=2", 1, 0);
	bench.options.pool = "1";
	bench.options.cpus_count = 1;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		bench.options.cpus = &lists[i];
		refused(&bench, PVB_E_ARG_CPUS,
			"CPU pool 1 \"Pool-1\" has none of them: it has 3-5");
	}
	bench_close(&bench);
}

static void a_list_that_cannot_be_read_is_named_with_its_vcpu(void **state)
{
	static const char *const lists[] = {"0", "1-x"};
	struct bench bench;

	(void)state;
	bench_open(&bench, "memory=64M", 2, 0);
	bench.options.cpus = lists;
	bench.options.cpus_count = 2;
	refused(&bench, PVB_E_ARG_CPUS, "\"1-x\" is neither");
	assert_fails_with(build(&bench), PVB_E_ARG_CPUS, &bench.error);
	assert_non_null(strstr(bench.error.context, "vCPU 1"));
	bench_close(&bench);
}

/* Xen takes it, and so do we, but somebody should hear of it. */
static void soft_affinity_that_has_no_effect_is_logged(void **state)
{
	static const char *const hard[] = {"0"}, *const soft[] = {"1"};
	struct bench bench;

	(void)state;
	bench_open(&bench, "memory=64M", 1, 0);
	bench.options.cpus = hard;
	bench.options.soft_cpus = soft;
	bench.options.cpus_count = bench.options.soft_cpus_count = 1;
	assert_ok(build(&bench), &bench.error);
	assert_string_equal(affinity_of(&bench, 0), "0/1");
	assert_non_null(strstr(bench.log, "vCPU 0 cannot run on any of the CPUs that it should"));
	bench_close(&bench);
}

/* ---- weight and cap ---------------------------------------------------------------------------
 */

static void assert_share(const struct bench *bench, uint32_t weight, uint32_t cap)
{
	struct pvb_host_share share;
	struct pvb_error error;

	assert_ok(pvb_host_get_share(bench->host, domid_of(bench), &share, &error), &error);
	assert_int_equal(share.weight, weight);
	assert_int_equal(share.cap, cap);
}

static void weight_and_cap_are_set_each_by_itself(void **state)
{
	static const char *const hosts[] = {"memory=64M,sched=credit", "memory=64M,sched=credit2"};
	static const uint32_t wanted[][4] = {
		{0, 0, 256, 0}, {512, 0, 512, 0}, {0, 150, 256, 150}, {65535, 400, 65535, 400}};
	struct bench bench;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		bench_open(&bench, hosts[i % 2], 2, 4);
		bench.options.cpu_weight = wanted[i / 2][0];
		bench.options.cpu_cap = wanted[i / 2][1];
		assert_ok(build(&bench), &bench.error);
		assert_share(&bench, wanted[i / 2][2], wanted[i / 2][3]);
		assert_string_equal(bench.log, "");
		bench_close(&bench);
	}
}

static void a_scheduler_that_knows_neither_ignores_both_and_the_log_says_so(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, "memory=64M,sched=null", 1, 0);
	bench.options.cpu_weight = 512;
	assert_ok(build(&bench), &bench.error);
	assert_share(&bench, 0, 0);
	assert_non_null(strstr(bench.log, "the scheduler \"null\" knows no weight"));
	bench_close(&bench);
}

/* Nothing asks for any of this: nothing is asked of the host, whose calls are round trips. */
static void a_plain_build_makes_none_of_these_calls(void **state)
{
	static const char *const calls[] = {"get_cpus",     "get_pool",  "set_affinity",
					    "get_affinity", "set_share", "get_share"};
	struct bench bench;
	const char *name;
	uint64_t count;

	(void)state;
	bench_open(&bench, "memory=64M", 2, 4);
	assert_ok(build(&bench), &bench.error);
	for (size_t i = 0; (name = pvb_host_call_count(bench.host, i, &count)); i++)
		for (size_t k = 0; k < sizeof calls / sizeof calls[0]; k++)
			if (strcmp(name, calls[k]) == 0)
				assert_int_equal(count, 0);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_has_all_its_vcpus_and_says_which_are_online),
		cmocka_unit_test(without_a_word_limits_are_libxls),
		cmocka_unit_test(limits_contain_the_guest),
		cmocka_unit_test(no_maptrack_pages_at_all_can_be_asked_for),
		cmocka_unit_test(what_a_host_does_not_grant_is_refused),
		cmocka_unit_test(what_no_domain_can_have_is_refused_by_its_name),
		cmocka_unit_test(lists_of_cpus_are_read_as_xl_reads_them),
		cmocka_unit_test(a_set_that_is_written_down_is_read_back),
		cmocka_unit_test(sets_end_where_no_cpu_can_be),
		cmocka_unit_test(each_vcpu_has_the_cpus_that_it_was_given),
		cmocka_unit_test(a_vcpu_of_which_nothing_is_said_may_run_anywhere),
		cmocka_unit_test(lists_of_vcpus_that_are_not_there_are_ignored),
		cmocka_unit_test(a_pool_is_found_by_name_and_by_number),
		cmocka_unit_test(a_pool_that_is_not_there_is_refused_by_its_name),
		cmocka_unit_test(a_vcpu_that_could_run_nowhere_is_refused),
		cmocka_unit_test(a_list_that_cannot_be_read_is_named_with_its_vcpu),
		cmocka_unit_test(soft_affinity_that_has_no_effect_is_logged),
		cmocka_unit_test(weight_and_cap_are_set_each_by_itself),
		cmocka_unit_test(a_scheduler_that_knows_neither_ignores_both_and_the_log_says_so),
		cmocka_unit_test(a_plain_build_makes_none_of_these_calls),
	};

	return cmocka_run_group_tests_name("build: what contains a domain", tests, NULL, NULL);
}
