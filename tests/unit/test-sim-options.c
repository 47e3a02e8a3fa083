/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be said of a simulated host, and what it then says of itself. */
#include "support/test.h"

#include "host/sim/options.h"
#include "host/sim/sim.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define TIB (GIB * 1024)

static struct pvb_host_info info_of(const char *options)
{
	struct pvb_host *host;
	struct pvb_host_info info;
	struct pvb_error error;

	assert_ok(pvb_sim_open(options, &host, &error), &error);
	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	assert_null(pvb_sim_check(host));
	pvb_host_close(host);
	return info;
}

static void the_default_host_is_a_plain_one(void **state)
{
	(void)state;
	struct pvb_host_info info = info_of(NULL);

	assert_string_equal(info.name, "sim");
	assert_string_equal(info.version, "4.17");
	assert_string_equal(info.capabilities, "xen-3.0-x86_64 xen-3.0-x86_32p");
	assert_int_equal(info.xen_major, 4);
	assert_int_equal(info.xen_minor, 17);
	assert_int_equal(info.page_shift, 12);
	assert_int_equal(info.address_bits, 46);
	assert_int_equal(info.max_extent_order, 9);
	assert_int_equal(info.max_extents, (1 << 26) - 1);
	assert_int_equal(info.nodes, 1);
	assert_false(info.debug);
	assert_true(info.claims);
	assert_true(info.memory_total == 64 * GIB);
	assert_true(info.memory_free == 64 * GIB);
	assert_true(info.memory_scrubbing == 0);
	assert_true(info.memory_claimed == 0);
	assert_memory_equal(&info, &(struct pvb_host_info[]){info_of("")}[0], sizeof info);
}

static void each_option_shows_in_the_facts(void **state)
{
	(void)state;
	struct pvb_host_info info = info_of("memory=1T,xen=4.22,width=48,nodes=4,debug,no-pv32,"
					    "noclaim,scrubbing=3G,used=5G,claimed=7G,granule=4K,"
					    "short=10,scramble,descending,clean,fail=1000,"
					    "cpus=9,pools=3,sched=credit");

	assert_true(info.memory_total == TIB);
	assert_true(info.memory_free == TIB - 8 * GIB);
	assert_true(info.memory_scrubbing == 3 * GIB);
	assert_true(info.memory_claimed == 7 * GIB);
	assert_int_equal(info.max_extent_order, 18);
	assert_int_equal(info.address_bits, 48);
	assert_int_equal(info.nodes, 4);
	assert_true(info.debug);
	assert_false(info.claims);
	assert_string_equal(info.capabilities, "xen-3.0-x86_64");
	assert_string_equal(info.version, "4.22");
}

static void the_largest_extent_follows_the_version_or_what_was_said(void **state)
{
	(void)state;
	assert_int_equal(info_of("xen=4.21").max_extent_order, 9);
	assert_int_equal(info_of("xen=4.22").max_extent_order, 18);
	assert_int_equal(info_of("xen=4.22,extent=2M").max_extent_order, 9);
	assert_int_equal(info_of("extent=1G").max_extent_order, 18);
	assert_int_equal(info_of("extent=4K").max_extent_order, 0);
}

static void the_width_covers_the_memory(void **state)
{
	(void)state;
	assert_int_equal(info_of("layout=0+4G/70T+30T").address_bits, 47);
	assert_int_equal(info_of("layout=0+4G/0x400000000000+1G").address_bits, 47);
	assert_int_equal(info_of("width=52").address_bits, 52);
	assert_int_equal(info_of("memory=2G,width=32").address_bits, 32);
}

static void memory_lies_as_in_a_pc_or_as_told(void **state)
{
	(void)state;
	struct sim_options options;
	struct pvb_error error;

	assert_ok(sim_options_parse("memory=8G", &options, &error), &error);
	assert_int_equal(options.range_count, 2);
	assert_true(options.ranges[0].base == MIB);
	assert_true(options.ranges[0].size == 0xd0000000 - MIB);
	assert_true(options.ranges[1].base == 4 * GIB);
	assert_true(options.ranges[0].size + options.ranges[1].size == 8 * GIB);

	assert_ok(sim_options_parse("memory=512M", &options, &error), &error);
	assert_int_equal(options.range_count, 1);
	assert_true(options.ranges[0].size == 512 * MIB);

	/* The first MiB is nobody's. */
	assert_ok(sim_options_parse("layout=0+64K/512K+1M/2G+4K", &options, &error), &error);
	assert_int_equal(options.range_count, 2);
	assert_true(options.ranges[0].base == MIB);
	assert_true(options.ranges[0].size == 512 * KIB);
	assert_true(options.memory == 516 * KIB);
}

static void what_is_not_known_is_refused_by_name(void **state)
{
	(void)state;
	struct pvb_host *host;
	struct pvb_error error;
	static const char *const wrong[] = {
		"colour=red",
		"colour",
		"memory",
		"debug=1",
		",",
		"debug,",
		"debug,debug",
		"xen=4.17,xen=4.18",
		"memory=",
		"memory=G",
		"memory=-1",
		"memory=0",
		"memory=1000",
		"memory=64Q",
		"memory=64GB",
		"memory=99999999999999999999",
		"memory=99999999999T",
		"memory=3000T",
		"memory=1G,layout=1M+1G",
		"layout=",
		"layout=1M",
		"layout=1M+",
		"layout=1M+1G/",
		"layout=1M+1G;2G+1G",
		"layout=1M+0",
		"layout=1M+1000",
		"layout=100+1M",
		"layout=0+1M",
		"layout=2G+1G/1G+1G",
		"layout=1M+2G/1G+1G",
		"layout=2047T+2T",
		"layout=0xfffffffffffff000+8K",
		"width=31",
		"width=53",
		"width=x",
		"memory=1T,width=39",
		"nodes=0",
		"nodes=65",
		"cpus=0",
		"cpus=4097",
		"pools=0",
		"pools=5",
		"cpus=2,pools=3",
		"sched=",
		"sched=sedf",
		"memory=2M,nodes=2",
		"granule=16K",
		"granule=64K",
		"granule=8K",
		"granule=2M",
		"granule=",
		"arch=x86,granule=64K",
		"arch=arm",
		"arch=",
		"arch=arm64,arch=arm64",
		"arch=arm64,granule=32K",
		"arch=arm64,granule=64K,memory=100K",
		"arch=arm64,granule=64K,layout=1M+4K",
		"arch=arm64,granule=64K,used=4K",
		"arch=arm64,granule=64K,memory=32M,nodes=2",
		"arch=arm64,granule=16K,extent=2M",
		"arch=arm64,granule=64K,extent=4K",
		"arch=arm64,granule=64K,extent=1G",
		"arch=arm64,no-pv32",
		"arch=arm64,pte-bits=domain",
		"arch=arm64,guest-pages=",
		"arch=arm64,guest-pages=4K+",
		"arch=arm64,guest-pages=4K64K",
		"arch=arm64,guest-pages=2M",
		"arch=arm64,gic=4",
		"arch=arm64,gic=",
		"arch=arm64,memory=2048T",
		"arch=arm64,layout=2047T+2T",
		"guest-pages=4K",
		"gic=3",
		"extent=16K",
		"extent=512M",
		"fragment=101",
		"short=-1",
		"xen=4",
		"xen=4.",
		"xen=4.6",
		"xen=5.0",
		"xen=4.17.1",
		"xen=.17",
		"xen=4.x",
		"extent=4M",
		"fail=0",
		"fail=",
		"used=65G",
		"used=60G,scrubbing=5G",
		"scrubbing=4K,used=4K,claimed=64G",
		"claimed=1K",
		"used=x",
		"scrubbing=1",
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		unsigned fds = count_open_fds();

		host = (struct pvb_host *)1;
		if (pvb_sim_open(wrong[i], &host, &error) == 0)
			print_error("\"%s\" was accepted\n", wrong[i]);
		assert_fails_with(pvb_sim_open(wrong[i], &host, &error), PVB_E_HOST_OPTION, &error);
		assert_null(host);
		assert_int_equal(count_open_fds(), fds);
	}
	assert_fails_with(pvb_sim_open("colour=red", &host, &error), PVB_E_HOST_OPTION, &error);
	assert_non_null(strstr(error.message, "colour=red"));
	assert_non_null(strstr(error.hint, "fragment=PERCENT"));
	assert_non_null(strstr(error.hint, "pte-bits=xen|domain"));
}

static void an_arm64_host_is_told_by_its_processor(void **state)
{
	(void)state;
	struct pvb_host_info info = info_of("arch=arm64");

	assert_string_equal(info.capabilities, "xen-3.0-aarch64");
	assert_int_equal(info.page_shift, 12);
	assert_int_equal(info.guest_page_sizes, 1 << 12 | 1 << 14 | 1 << 16);
	assert_int_equal(info.gic_version, 3);
	assert_int_equal(info.address_bits, 48);
	assert_int_equal(info.max_extent_order, 9);
	assert_int_equal(info_of("arch=arm64,xen=4.22").max_extent_order, 18);
	assert_int_equal(info_of("arch=arm64,extent=1G").max_extent_order, 18);
	assert_int_equal(info_of("arch=arm64,gic=2").gic_version, 2);

	/* what others depend on can come last */
	info = info_of("memory=64M,guest-pages=16K,extent=32M,granule=16K,arch=arm64");
	assert_int_equal(info.page_shift, 14);
	assert_int_equal(info.guest_page_sizes, 1 << 14);
	assert_int_equal(info.max_extent_order, 11);
	assert_int_equal(info_of("arch=arm64,granule=64K").max_extent_order, 13);
	assert_int_equal(info_of("arch=arm64,granule=64K,extent=64K").max_extent_order, 0);

	info = info_of("arch=x86,granule=4K");
	assert_int_equal(info.guest_page_sizes, 1 << 12);
	assert_int_equal(info.gic_version, 0);

	struct sim_options options;
	struct pvb_error error;
	assert_ok(sim_options_parse("arch=arm64,memory=8G", &options, &error), &error);
	assert_int_equal(options.range_count, 2);
	assert_true(options.ranges[0].base == 2 * GIB && options.ranges[0].size == 2 * GIB);
	assert_true(options.ranges[1].base == 34 * GIB && options.ranges[1].size == 6 * GIB);
}

static void too_many_ranges_are_refused(void **state)
{
	(void)state;
	struct pvb_host *host;
	struct pvb_error error;
	char text[2000] = "layout=";

	for (unsigned i = 1; i <= SIM_MAX_RANGES + 1; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%uG+4K",
			       i > 1 ? "/" : "", i);
	assert_fails_with(pvb_sim_open(text, &host, &error), PVB_E_HOST_OPTION, &error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_host_is_a_plain_one),
		cmocka_unit_test(each_option_shows_in_the_facts),
		cmocka_unit_test(the_largest_extent_follows_the_version_or_what_was_said),
		cmocka_unit_test(the_width_covers_the_memory),
		cmocka_unit_test(memory_lies_as_in_a_pc_or_as_told),
		cmocka_unit_test(an_arm64_host_is_told_by_its_processor),
		cmocka_unit_test(what_is_not_known_is_refused_by_name),
		cmocka_unit_test(too_many_ranges_are_refused),
	};

	return cmocka_run_group_tests_name("sim-options", tests, NULL, NULL);
}
