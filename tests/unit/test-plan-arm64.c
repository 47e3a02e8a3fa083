/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan of an arm64 guest: where things go, what clashes, and what the device tree says. */
#include "unit/arm64-kernels.h"

#include <libfdt.h>

#include "plan/areas.h"
#include "plan/arm64.h"

#define RAM0 UINT64_C(0x40000000)
#define RAM1 UINT64_C(0x200000000)

static const unsigned shifts[] = {12, 14, 16};

static struct pvb_plan *plan_ok(struct arm64_guest *made)
{
	struct pvb_plan *plan;
	struct pvb_error error;

	assert_ok(plan_guest(arm64_finish(made), &plan, &error), &error);
	return plan;
}

static void assert_no_plan(struct arm64_guest *made, enum pvb_code code)
{
	struct pvb_plan *plan;
	struct pvb_error error;

	assert_fails_with(plan_guest(arm64_finish(made), &plan, &error), code, &error);
	assert_null(plan);
	assert_string_equal(error.stage, "plan");
}

/* ---- layout ---- */

static void everything_has_its_place_at_each_granule(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct arm64_guest made = arm64_aware_guest(shifts[i], shifts[i]);
		uint64_t page = UINT64_C(1) << shifts[i];

		made.guest.module = (struct pvb_plan_module){"initrd", MIB(5) + 1};
		struct pvb_plan *plan = plan_ok(&made);
		const struct pvb_plan_info *info = pvb_plan_info(plan);
		const struct pvb_plan_segment *kernel = segment_of(plan, "kernel");
		const struct pvb_plan_segment *tree = segment_of(plan, "dtb");
		const struct pvb_plan_segment *module = segment_of(plan, "module0");

		assert_int_equal(kernel->gpa, RAM0);
		assert_int_equal(kernel->bytes, MIB(21) + 0x10000);
		assert_int_equal(kernel->occupied, MIB(22));
		assert_int_equal(tree->gpa, RAM0 + MIB(22));
		assert_int_equal(tree->bytes, info->device_tree_size);
		assert_int_equal(tree->occupied % page, 0);
		assert_int_equal(module->gpa, tree->gpa + tree->occupied);
		assert_int_equal(module->bytes, MIB(5) + 1);
		assert_int_equal(info->registers.pc, kernel->gpa);
		assert_int_equal(info->registers.x0, tree->gpa);
		assert_int_equal(segment_of(plan, "console")->gpa, 0x39000000);
		assert_int_equal(segment_of(plan, "xenstore")->gpa, 0x39000000 + page);
		assert_int_equal(segment_of(plan, "memaccess")->gpa, 0x39000000 + 2 * page);
		assert_int_equal(segment_of(plan, "vuart")->gpa, 0x39000000 + 3 * page);
		for (size_t n = 0; n < info->segment_count; n++) {
			assert_int_equal(
				(info->segments[n].gpa + info->segments[n].occupied) % page, 0);
			assert_true(n == 0 || info->segments[n].gpa >=
						      info->segments[n - 1].gpa +
							      info->segments[n - 1].occupied);
			assert_true(info->segments[n].va == PVB_NONE);
		}
		pvb_plan_free(plan);
	}
}

static void memory_is_in_two_banks(void **state)
{
	static const struct {
		uint64_t memory, first, second;
	} sizes[] = {
		{MIB(512), MIB(512), 0},
		{GIB(3), GIB(3), 0},
		{GIB(3) + 65536, GIB(3), 65536},
		{GIB(1019), GIB(3), GIB(1016)},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct arm64_guest made = arm64_guest(12, 12);
		uint64_t first = 0, second = 0;

		made.guest.spec.memory = sizes[i].memory;
		struct pvb_plan *plan = plan_ok(&made);
		const struct pvb_plan_info *info = pvb_plan_info(plan);

		for (size_t n = 0; n < info->area_count; n++)
			if (info->areas[n].kind == PVB_AREA_RAM)
				*(info->areas[n].gpa == RAM0 ? &first : &second) =
					info->areas[n].bytes;
		assert_int_equal(first, sizes[i].first);
		assert_int_equal(second, sizes[i].second);
		pvb_plan_free(plan);
	}
	struct arm64_guest made = arm64_guest(12, 12);
	made.guest.spec.memory = GIB(1019) + 4096;
	assert_no_plan(&made, PVB_E_ARG_MEMORY_LARGE);
	made = arm64_aware_guest(16, 16);
	made.guest.spec.memory = GIB(1) + 4096;
	assert_no_plan(&made, PVB_E_ARG_INVALID);
}

static void memory_is_where_it_is_and_takes_no_ranges(void **state)
{
	static const struct pvb_memory_range range = {0, GIB(4), PVB_ANY_NODE, false};
	struct arm64_guest made = arm64_guest(12, 12);

	(void)state;
	made.guest.spec.memory = GIB(4);
	struct pvb_plan *plan = plan_ok(&made);
	const struct pvb_plan_info *info = pvb_plan_info(plan);

	assert_int_equal(info->range_count, 2);
	assert_int_equal(info->ranges[0].gpa, RAM0);
	assert_int_equal(info->ranges[0].bytes, GIB(3));
	assert_int_equal(info->ranges[1].gpa, UINT64_C(0x200000000));
	assert_int_equal(info->ranges[1].bytes, GIB(1));
	assert_int_equal(info->ranges[1].node, PVB_ANY_NODE);
	pvb_plan_free(plan);

	made.guest.spec.ranges = &range;
	made.guest.spec.range_count = 1;
	assert_no_plan(&made, PVB_E_ARG_RANGES);
}

static void the_least_memory_is_the_least(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned module = 0; module < 4; module++) {
			static const uint64_t sizes[] = {0, 1, MIB(300), GIB(4)};
			struct arm64_guest made = arm64_aware_guest(shifts[i], 16);
			struct pvb_error error;
			uint64_t least;

			made.guest.module = (struct pvb_plan_module){"initrd", sizes[module]};
			assert_ok(least_memory(arm64_finish(&made), &least, &error), &error);
			made.guest.spec.memory = least;
			struct pvb_plan *plan = plan_ok(&made);
			assert_int_equal(pvb_plan_info(plan)->minimum_memory, least);
			pvb_plan_free(plan);
			made.guest.spec.memory = least - (UINT64_C(1) << shifts[i]);
			assert_no_plan(&made, PVB_E_ARG_MEMORY_SMALL);
		}
}

static void a_large_ramdisk_goes_to_the_second_bank_within_32_gib(void **state)
{
	(void)state;
	struct arm64_guest made = arm64_guest(12, 12);

	made.guest.spec.memory = GIB(64);
	made.guest.module = (struct pvb_plan_module){"initrd", GIB(25)};
	struct pvb_plan *plan = plan_ok(&made);
	assert_true(segment_of(plan, "module0")->gpa == RAM1);
	pvb_plan_free(plan);

	made.guest.module.bytes++;
	assert_no_plan(&made, PVB_E_ARG_MODULES);
	made.guest.module.bytes = UINT64_MAX;
	assert_no_plan(&made, PVB_E_ARG_MODULES);
}

static void the_window_starts_on_a_gibibyte(void **state)
{
	(void)state;
	assert_true(pvb_arm64_in_window(GIB(1), GIB(1) + 1, GIB(33) - 1, GIB(33)));
	assert_false(pvb_arm64_in_window(GIB(1), GIB(1) + 1, GIB(33), GIB(33) + 1));
	/* It starts below the lower of the two, wherever in its gibibyte that is. */
	assert_true(pvb_arm64_in_window(GIB(2) - 1, GIB(2), GIB(32), GIB(33)));
	assert_false(pvb_arm64_in_window(GIB(2) - 1, GIB(2), GIB(33), GIB(33) + 1));
	/* The ramdisk may be the lower one. */
	assert_true(pvb_arm64_in_window(GIB(32), GIB(33), GIB(1), GIB(2)));
	assert_false(pvb_arm64_in_window(GIB(33), GIB(33) + 1, GIB(1), GIB(2)));
}

static void an_offset_is_kept_and_the_block_reserved(void **state)
{
	(void)state;
	struct arm64_guest made = arm64_guest(12, 12);

	made.guest.image.arm64.text_offset = 0x80000;
	made.guest.image.arm64.anywhere = false;
	struct pvb_plan *plan = plan_ok(&made);
	assert_int_equal(segment_of(plan, "kernel")->gpa, RAM0 + 0x80000);
	assert_int_equal(segment_of(plan, "kernel")->occupied, MIB(22) - 0x80000);
	assert_int_equal(segment_of(plan, "dtb")->gpa, RAM0 + MIB(22));
	assert_int_equal(pvb_plan_info(plan)->registers.pc, RAM0 + 0x80000);
	pvb_plan_free(plan);
}

static void behind_a_kernel_of_unknown_size_memory_is_left_free(void **state)
{
	(void)state;
	struct arm64_guest made = arm64_guest(12, 0);

	made.guest.image.arm64 = (struct pvb_image_arm64){.text_offset = 0x80000};
	made.guest.spec.memory = GIB(1);
	made.guest.module = (struct pvb_plan_module){"initrd", MIB(10)};
	struct pvb_plan *plan = plan_ok(&made);
	const struct pvb_plan_segment *tree = segment_of(plan, "dtb");

	/* All of the tree is in one block of 2 MiB. */
	assert_int_equal(tree->gpa, RAM0 + MIB(510));
	assert_int_equal(segment_of(plan, "module0")->gpa, tree->gpa - MIB(10));
	pvb_plan_free(plan);

	/* One that does not fit below goes above; a small guest has what there is. */
	made.guest.module.bytes = MIB(500);
	plan = plan_ok(&made);
	assert_int_equal(segment_of(plan, "module0")->gpa, RAM0 + MIB(512));
	pvb_plan_free(plan);
	made.guest.module.bytes = MIB(10);
	made.guest.spec.memory = MIB(64);
	plan = plan_ok(&made);
	tree = segment_of(plan, "dtb");
	assert_int_equal(tree->gpa, RAM0 + MIB(62));
	pvb_plan_free(plan);

	/* Also where memory ends within a block, just behind its start. */
	made.guest.spec.memory = MIB(64) + 4096;
	made.guest.spec.vcpus = 128;
	plan = plan_ok(&made);
	tree = segment_of(plan, "dtb");
	assert_true(tree->bytes > 4096);
	assert_int_equal(tree->gpa, RAM0 + MIB(62));
	pvb_plan_free(plan);
}

static void kernels_that_cannot_be_placed_are_refused(void **state)
{
	(void)state;
	struct arm64_guest made = arm64_guest(12, 12);

	made.guest.image.arm64.image_size = GIB(3) + 1;
	assert_no_plan(&made, PVB_E_PLAN_ADDRESS_SPACE);

	made = arm64_guest(12, 12);
	(void)arm64_finish(&made);
	made.guest.image.pv.entry++;
	struct pvb_plan *plan;
	struct pvb_error error;
	assert_fails_with(plan_guest(&made.guest, &plan, &error), PVB_E_PV_ADDRESSES, &error);
}

static void arguments_are_checked(void **state)
{
	static char line[2049];

	(void)state;
	memset(line, 'x', sizeof line - 1);
	struct arm64_guest made = arm64_guest(12, 12);
	made.guest.spec.command_line = line;
	assert_no_plan(&made, PVB_E_ARG_COMMAND_LINE);
	made.guest.spec.command_line = line + 1;
	pvb_plan_free(plan_ok(&made));

	made = arm64_guest(12, 12);
	made.guest.spec.vcpus = 128;
	pvb_plan_free(plan_ok(&made));
	made.guest.spec.vcpus = 129;
	assert_no_plan(&made, PVB_E_ARG_VCPUS);
	made.host.gic_version = 2;
	made.guest.spec.vcpus = 8;
	pvb_plan_free(plan_ok(&made));
	made.guest.spec.vcpus = 9;
	assert_no_plan(&made, PVB_E_ARG_VCPUS);
	made.host.gic_version = 5;
	assert_no_plan(&made, PVB_E_HOST_GUEST_TYPE);

	made = arm64_guest(12, 12);
	(void)snprintf(made.host.capabilities, sizeof made.host.capabilities, "xen-3.0-x86_64");
	assert_no_plan(&made, PVB_E_HOST_GUEST_TYPE);

	made = arm64_guest(12, 12);
	made.guest.spec.max_address_bits = 31;
	assert_no_plan(&made, PVB_E_ARG_ADDRESS_BITS);
	made.guest.spec.max_address_bits = 32;
	made.guest.spec.memory = GIB(8);
	assert_no_plan(&made, PVB_E_ARG_MEMORY_LARGE);
}

/* Its note is of no consequence; who asks in so many words is told. */
static void a_translated_guest_has_no_p2m(void **state)
{
	(void)state;
	for (unsigned wish = PVB_P2M_AS_GUEST_ASKS; wish <= PVB_P2M_WANT_TREE; wish++)
		for (uint32_t levels = 0; levels < 2; levels++) {
			struct arm64_guest made = arm64_guest(12, 12);

			made.guest.image.declares.guest_abi = true;
			made.guest.image.declares.p2m_tree = true;
			made.guest.image.declares.p2m_levels = 4;
			made.guest.spec.p2m = (enum pvb_p2m_wish)wish;
			made.guest.spec.p2m_levels = levels;
			if (wish || levels) {
				assert_no_plan(&made, PVB_E_ARG_P2M);
				continue;
			}
			struct pvb_plan *plan = plan_ok(&made);

			assert_int_equal(plan->info.p2m_levels, 0);
			assert_false(plan->info.p2m_declared);
			assert_int_equal(plan->info.p2m_root_gpa, PVB_NONE);
			pvb_plan_free(plan);
		}
}

static void the_width_of_machine_addresses_is_the_least_of_three(void **state)
{
	static const struct {
		unsigned admin, host, bits, own;
		enum pvb_bits_source source;
		bool binding;
	} rows[] = {
		{0, 48, 48, 48, PVB_BITS_ABI, false},   {0, 52, 48, 48, PVB_BITS_ABI, true},
		{0, 40, 40, 48, PVB_BITS_HOST, false},  {36, 40, 36, 36, PVB_BITS_ADMIN, true},
		{44, 40, 40, 44, PVB_BITS_HOST, false},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct arm64_guest made = arm64_guest(12, 12);

		made.guest.spec.max_address_bits = rows[i].admin;
		made.host.address_bits = rows[i].host;
		struct pvb_plan *plan = plan_ok(&made);
		assert_int_equal(pvb_plan_info(plan)->address_bits, rows[i].bits);
		assert_int_equal(pvb_plan_info(plan)->address_bits_source, rows[i].source);
		assert_int_equal(pvb_plan_info(plan)->address_bits_binding, rows[i].binding);
		assert_int_equal(pvb_plan_info(plan)->own_address_bits, rows[i].own);
		assert_int_equal(pvb_plan_info(plan)->own_address_bits_source,
				 rows[i].admin ? PVB_BITS_ADMIN : PVB_BITS_ABI);
		pvb_plan_free(plan);
	}
}

/* ---- clashes ---- */

static void a_gicv2_clashes_at_larger_granules(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct arm64_guest made = arm64_aware_guest(shifts[i], 16);
		struct pvb_plan *plan;
		struct pvb_error error;

		made.host.gic_version = 2;
		if (i == 0) {
			pvb_plan_free(plan_ok(&made));
			continue;
		}
		assert_fails_with(plan_guest(arm64_finish(&made), &plan, &error), PVB_E_PLAN_CLASH,
				  &error);
		assert_non_null(strstr(error.message, "gicd (trapped"));
		assert_non_null(strstr(error.message, "gicc (device"));
		assert_non_null(strstr(error.message, i == 1 ? "page of 16 KiB at 0x3000000"
							     : "page of 64 KiB at 0x3000000"));
	}
}

static void the_first_clash_is_named(void **state)
{
	static const struct {
		struct pvb_plan_area areas[3];
		unsigned shift;
		const char *low, *high, *page; /* NULL: none */
	} rows[] = {
		/* Next to each other is not together. */
		{{{"a", PVB_AREA_RAM, 0x10000, 0x10000},
		  {"b", PVB_AREA_SHARED, 0x20000, 0x10000},
		  {"c", PVB_AREA_HOLE, 0x30000, 0x10000}},
		 16,
		 NULL,
		 NULL,
		 NULL},
		/* In any order; pages of 4 KiB in one of 64. */
		{{{"c", PVB_AREA_SHARED, 0x12000, 0x1000},
		  {"a", PVB_AREA_SHARED, 0x10000, 0x1000},
		  {"b", PVB_AREA_SHARED, 0x11000, 0x1000}},
		 16,
		 "a (shared",
		 "b (shared",
		 "page of 64 KiB at 0x10000"},
		{{{"a", PVB_AREA_SHARED, 0x10000, 0x1000},
		  {"b", PVB_AREA_SHARED, 0x11000, 0x1000},
		  {"c", PVB_AREA_SHARED, 0x12000, 0x1000}},
		 12,
		 NULL,
		 NULL,
		 NULL},
		/* What is trapped may share a page with what is trapped, and with nothing else. */
		{{{"a", PVB_AREA_TRAPPED, 0x11000, 0x1000},
		  {"b", PVB_AREA_TRAPPED, 0x12000, 0x1000},
		  {"c", PVB_AREA_RAM, 0x20000, 0x10000}},
		 16,
		 NULL,
		 NULL,
		 NULL},
		{{{"a", PVB_AREA_TRAPPED, 0x11000, 0x1000},
		  {"b", PVB_AREA_TRAPPED, 0x12000, 0x1000},
		  {"c", PVB_AREA_DEVICE, 0x13000, 0x1000}},
		 14,
		 "b (trapped",
		 "c (device",
		 "page of 16 KiB at 0x10000"},
		/* But not its addresses. */
		{{{"a", PVB_AREA_TRAPPED, 0x11000, 0x2000},
		  {"b", PVB_AREA_TRAPPED, 0x12000, 0x1000},
		  {"c", PVB_AREA_RAM, 0x20000, 0x10000}},
		 12,
		 "a (trapped",
		 "b (trapped",
		 "page of 4 KiB at 0x12000"},
		/* A long one hides a short one, and clashes with what follows that. */
		{{{"a", PVB_AREA_TRAPPED, 0x10000, 0x21000},
		  {"b", PVB_AREA_RAM, 0x40000, 0x10000},
		  {"c", PVB_AREA_HOLE, 0x30000, 0x10000}},
		 16,
		 "a (trapped",
		 "c (hole",
		 "page of 64 KiB at 0x30000"},
		/* Alone in its page, but not all of it. */
		{{{"a", PVB_AREA_RAM, 0x10000, 0x10000},
		  {"b", PVB_AREA_SHARED, 0x21000, 0xf000},
		  {"c", PVB_AREA_HOLE, 0x30000, 0x10000}},
		 16,
		 "b (shared",
		 "what is around it",
		 "pages of 64 KiB"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pvb_plan_area areas[3];
		struct pvb_error error;

		memcpy(areas, rows[i].areas, sizeof areas);
		if (!rows[i].low) {
			assert_ok(pvb_areas_check(areas, 3, rows[i].shift, &error), &error);
			continue;
		}
		assert_fails_with(pvb_areas_check(areas, 3, rows[i].shift, &error),
				  PVB_E_PLAN_CLASH, &error);
		if (!strstr(error.message, rows[i].low) || !strstr(error.message, rows[i].high) ||
		    !strstr(error.message, rows[i].page))
			fail_msg("row %u: %s", i, error.message);
	}
}

/* ---- the device tree ---- */

static const void *property(const void *tree, const char *path, const char *name, int *size)
{
	int node = fdt_path_offset(tree, path);
	const void *value = node >= 0 ? fdt_getprop(tree, node, name, size) : NULL;

	if (value)
		return value;
	fail_msg("%s has no %s", path, name);
	return "";
}

static void assert_cells(const void *tree, const char *path, const char *name,
			 const uint32_t *cells, int count)
{
	int size;
	const fdt32_t *found = property(tree, path, name, &size);

	assert_int_equal(size, count * 4);
	for (int i = 0; i < count; i++)
		assert_int_equal(fdt32_to_cpu(found[i]), cells[i]);
}

#define CELLS(tree, path, name, ...)                                                               \
	assert_cells((tree), (path), (name), (const uint32_t[]){__VA_ARGS__},                      \
		     sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void assert_text(const void *tree, const char *path, const char *name, const char *text)
{
	int size;

	assert_string_equal((const char *)property(tree, path, name, &size), text);
}

static void the_tree_says_what_the_machine_is(void **state)
{
	(void)state;
	struct arm64_guest made = arm64_guest(12, 12);

	made.guest.spec.memory = GIB(4);
	/* The tree has all CPUs; which of them are online, a guest learns elsewhere. */
	made.guest.spec.vcpus = 2;
	made.guest.spec.max_vcpus = 18;
	made.guest.spec.command_line = "console=hvc0 root=/dev/ram";
	made.guest.module = (struct pvb_plan_module){"initrd", 5000001};
	struct pvb_plan *plan = plan_ok(&made);
	const struct pvb_plan_info *info = pvb_plan_info(plan);
	const void *tree = info->device_tree;
	uint64_t module = segment_of(plan, "module0")->gpa;
	int size;

	assert_int_equal(fdt_check_full(tree, info->device_tree_size), 0);
	assert_int_equal(fdt_totalsize(tree), info->device_tree_size);
	assert_int_equal((uintptr_t)tree % 8, 0);
	assert_int_equal(info->registers.x0 % 8, 0);
	CELLS(tree, "/", "#address-cells", 2);
	CELLS(tree, "/", "#size-cells", 2);
	CELLS(tree, "/", "interrupt-parent", 65000);
	assert_text(tree, "/", "model", "XENVM-4.17");
	assert_memory_equal(property(tree, "/", "compatible", &size), "xen,xenvm-4.17\0xen,xenvm",
			    25);
	assert_text(tree, "/chosen", "bootargs", made.guest.spec.command_line);
	CELLS(tree, "/chosen", "linux,initrd-start", 0, (uint32_t)module);
	CELLS(tree, "/chosen", "linux,initrd-end", 0, (uint32_t)module + 5000001);
	CELLS(tree, "/memory@40000000", "reg", 0, 0x40000000, 0, 0xc0000000);
	CELLS(tree, "/memory@200000000", "reg", 2, 0, 0, 0x40000000);
	assert_text(tree, "/memory@200000000", "device_type", "memory");
	CELLS(tree, "/cpus", "#address-cells", 1);
	CELLS(tree, "/cpus", "#size-cells", 0);
	CELLS(tree, "/cpus/cpu@0", "reg", 0);
	CELLS(tree, "/cpus/cpu@f", "reg", 15);
	CELLS(tree, "/cpus/cpu@101", "reg", 0x101);
	assert_true(fdt_path_offset(tree, "/cpus/cpu@102") < 0);
	assert_text(tree, "/cpus/cpu@101", "enable-method", "psci");
	assert_text(tree, "/cpus/cpu@101", "compatible", "arm,armv8");
	assert_text(tree, "/psci", "method", "hvc");
	assert_memory_equal(property(tree, "/psci", "compatible", &size),
			    "arm,psci-1.0\0arm,psci-0.2\0arm,psci", 35);
	assert_text(tree, "/interrupt-controller@3001000", "compatible", "arm,gic-v3");
	CELLS(tree, "/interrupt-controller@3001000", "reg", 0, 0x3001000, 0, 0x10000, 0, 0x3020000,
	      0, 0x1000000);
	CELLS(tree, "/interrupt-controller@3001000", "phandle", 65000);
	CELLS(tree, "/interrupt-controller@3001000", "#interrupt-cells", 3);
	(void)property(tree, "/interrupt-controller@3001000", "interrupt-controller", &size);
	assert_text(tree, "/timer", "compatible", "arm,armv8-timer");
	CELLS(tree, "/timer", "interrupts", 1, 13, 0xf08, 1, 14, 0xf08, 1, 11, 0xf08);
	assert_memory_equal(property(tree, "/hypervisor", "compatible", &size),
			    "xen,xen-4.17\0xen,xen", 21);
	CELLS(tree, "/hypervisor", "reg", 0, 0x38000000, 0, 0x1000000);
	CELLS(tree, "/hypervisor", "interrupts", 1, 15, 0xf08);
	/* It has said nothing of our notes, so it hears nothing of them. */
	assert_null(fdt_getprop(tree, fdt_path_offset(tree, "/hypervisor"), PVB_GUEST_FDT_VERSION,
				NULL));
	assert_null(fdt_getprop(tree, fdt_path_offset(tree, "/hypervisor"), PVB_GUEST_FDT_GRANULE,
				NULL));
	pvb_plan_free(plan);
}

static void without_a_ramdisk_and_a_second_bank_there_is_no_word_of_them(void **state)
{
	(void)state;
	struct arm64_guest made = arm64_guest(12, 12);

	made.host.gic_version = 2;
	struct pvb_plan *plan = plan_ok(&made);
	const void *tree = pvb_plan_info(plan)->device_tree;

	assert_text(tree, "/chosen", "bootargs", "");
	assert_null(
		fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "linux,initrd-start", NULL));
	assert_true(fdt_path_offset(tree, "/memory@200000000") < 0);
	CELLS(tree, "/memory@40000000", "reg", 0, 0x40000000, 0, MIB(512));
	CELLS(tree, "/interrupt-controller@3001000", "reg", 0, 0x3001000, 0, 0x1000, 0, 0x3002000,
	      0, 0x2000);
	pvb_plan_free(plan);
}

static void a_kernel_with_our_notes_is_told_the_granule(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct arm64_guest made = arm64_aware_guest(shifts[i], 16);
		struct pvb_plan *plan = plan_ok(&made);
		const void *tree = pvb_plan_info(plan)->device_tree;

		CELLS(tree, "/hypervisor", "pvbuild,version", 1);
		CELLS(tree, "/hypervisor", "pvbuild,granule", 1u << shifts[i]);
		pvb_plan_free(plan);
	}
}

static void a_plan_can_be_made_without_a_host(void **state)
{
	(void)state;
	struct arm64_guest made = arm64_guest(12, 16);
	struct pvb_plan *plan;
	struct pvb_error error;

	(void)arm64_finish(&made);
	made.guest.host = NULL;
	assert_ok(plan_guest(&made.guest, &plan, &error), &error);
	assert_int_equal(pvb_plan_info(plan)->gic, 3);
	assert_int_equal(pvb_plan_info(plan)->guest_page_size, 65536);
	assert_int_equal(pvb_plan_info(plan)->guest_type, PVB_GUEST_ARM64);
	pvb_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_has_its_place_at_each_granule),
		cmocka_unit_test(memory_is_in_two_banks),
		cmocka_unit_test(memory_is_where_it_is_and_takes_no_ranges),
		cmocka_unit_test(the_least_memory_is_the_least),
		cmocka_unit_test(a_large_ramdisk_goes_to_the_second_bank_within_32_gib),
		cmocka_unit_test(the_window_starts_on_a_gibibyte),
		cmocka_unit_test(an_offset_is_kept_and_the_block_reserved),
		cmocka_unit_test(behind_a_kernel_of_unknown_size_memory_is_left_free),
		cmocka_unit_test(kernels_that_cannot_be_placed_are_refused),
		cmocka_unit_test(arguments_are_checked),
		cmocka_unit_test(a_translated_guest_has_no_p2m),
		cmocka_unit_test(the_width_of_machine_addresses_is_the_least_of_three),
		cmocka_unit_test(a_gicv2_clashes_at_larger_granules),
		cmocka_unit_test(the_first_clash_is_named),
		cmocka_unit_test(the_tree_says_what_the_machine_is),
		cmocka_unit_test(without_a_ramdisk_and_a_second_bank_there_is_no_word_of_them),
		cmocka_unit_test(a_kernel_with_our_notes_is_told_the_granule),
		cmocka_unit_test(a_plan_can_be_made_without_a_host),
	};

	return cmocka_run_group_tests_name("plan of an arm64 guest", tests, NULL, NULL);
}
