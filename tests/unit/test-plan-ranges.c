/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory with holes between its ranges: what a plan refuses of them, and what follows from them. */
#include "unit/plan-kernels.h"

#include <inttypes.h>

#include "core/checked.h"
#include "plan/ranges.h"

#define ANY PVB_ANY_NODE

static struct guest guest_of(struct guest guest, const struct pvb_memory_range *ranges,
			     size_t count)
{
	guest.spec.memory = 0;
	guest.spec.ranges = ranges;
	guest.spec.range_count = count;
	return guest;
}

/* ---- what is refused ---------------------------------------------------------- */

static void ranges_that_contradict_are_refused_with_their_numbers(void **state)
{
	(void)state;
	static const struct {
		struct pvb_memory_range ranges[3];
		uint64_t memory;
		const char *says;
	} cases[] = {
		{{{GIB(1), GIB(1), ANY, false}}, 0, "begins at 0x40000000"},
		{{{0, 0, ANY, false}}, 0, "range 0 of memory, at 0x0, is empty"},
		{{{0, GIB(1), ANY, false}, {GIB(2), 0, ANY, false}},
		 0,
		 "range 1 of memory, at 0x80000000, is empty"},
		{{{0, GIB(1) + 1, ANY, false}}, 0, "range 0 of memory, 1073741825 bytes"},
		{{{0, GIB(1), ANY, false}, {GIB(2) + 2048, GIB(1), ANY, false}},
		 0,
		 "at 0x80000800, is not whole pages of 4096"},
		{{{0, GIB(1), ANY, false},
		  {GIB(4), GIB(1), ANY, false},
		  {GIB(2), GIB(1), ANY, false}},
		 0,
		 "range 2 of memory, at 0x80000000, lies before range 1, at 0x100000000"},
		{{{0, GIB(1), ANY, false}, {GIB(1) - PAGE, GIB(1), ANY, false}},
		 0,
		 "range 1 of memory begins at 0x3ffff000 and overlaps range 0, which goes from 0x0 "
		 "to 0x40000000"},
		{{{0, GIB(1), ANY, false}, {0, GIB(1), ANY, false}}, 0, "overlaps range 0"},
		{{{0, GIB(1), ANY, false}, {GIB(2), UINT64_MAX - PAGE + 1, ANY, false}},
		 0,
		 "goes past guest physical address 2^52"},
		{{{0, GIB(1), ANY, false}, {UINT64_C(1) << 52, PAGE, ANY, false}},
		 0,
		 "range 1 of memory, 4096 bytes at 0x10000000000000, goes past"},
		{{{0, GIB(1), ANY, false}, {GIB(2), GIB(1), ANY, false}},
		 GIB(1),
		 "to have 1073741824 bytes of memory, and its ranges come to 2147483648"},
		{{{0, GIB(1), ANY, true}}, 0, "exactly, and names none"},
		{{{0, GIB(1), 255, false}}, 0, "node 255, and no host has more than 255 nodes"},
		{{{0, GIB(1), -2, false}}, 0, "node -2"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t count = 1;
		struct pvb_error error = {0};

		while (count < 3 && (cases[i].ranges[count].gpa || cases[i].ranges[count].bytes))
			count++;
		struct guest guest = guest_of(linux_guest(), cases[i].ranges, count);

		guest.spec.memory = cases[i].memory;
		assert_refused(&guest, PVB_E_ARG_RANGES);
		if (!strstr(error.message, cases[i].says))
			fail_msg("case %zu: \"%s\" is not in \"%s\"", i, cases[i].says,
				 error.message);

		/* Nor is there a least memory, unless it is the memory alone that is wrong. */
		uint64_t least;
		if (!cases[i].memory)
			assert_fails_with(least_memory(&guest, &least, &error), PVB_E_ARG_RANGES,
					  &error);
	}
}

static void there_are_as_many_ranges_as_a_memory_map_holds(void **state)
{
	(void)state;
	struct pvb_memory_range ranges[PVB_MAX_RANGES + 1];
	struct guest guest = guest_of(linux_guest(), ranges, PVB_MAX_RANGES);
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	for (size_t i = 0; i <= PVB_MAX_RANGES; i++)
		ranges[i] = (struct pvb_memory_range){GIB(2) * i, GIB(1), ANY, false};
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(pvb_plan_info(plan)->range_count, PVB_MAX_RANGES);
	assert_int_equal(pvb_plan_info(plan)->memory, GIB(128));
	pvb_plan_free(plan);

	guest.spec.range_count++;
	assert_refused(&guest, PVB_E_ARG_RANGES);
	assert_non_null(strstr(error.message, "129 ranges"));
	assert_non_null(strstr(error.message, "1 to 128"));
	guest.spec.range_count = 0;
	assert_refused(&guest, PVB_E_ARG_RANGES);
	guest.spec.ranges = NULL;
	guest.spec.range_count = 2;
	assert_refused(&guest, PVB_E_ARG_RANGES);
	assert_non_null(strstr(error.message, "in no list"));
}

static void a_node_is_one_of_the_hosts(void **state)
{
	(void)state;
	const struct pvb_host_info host = {
		.capabilities = "xen-3.0-x86_64",
		.page_shift = 12,
		.address_bits = 46,
		.nodes = 3,
	};
	struct pvb_memory_range range = {0, GIB(1), 2, true};
	struct guest guest = guest_of(linux_guest(), &range, 1);
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	guest.host = &host;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(pvb_plan_info(plan)->ranges[0].node, 2);
	assert_true(pvb_plan_info(plan)->ranges[0].exact);
	pvb_plan_free(plan);
	range.node = 3;
	assert_refused(&guest, PVB_E_ARG_RANGES);
	assert_non_null(strstr(error.message, "node 3, and the host has 3 nodes, from 0 on"));

	/* Nobody knows the host yet. */
	guest.host = NULL;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);
}

/* ---- what follows ------------------------------------------------------------- */

static void assert_same_plan(const struct pvb_plan *a, const struct pvb_plan *b)
{
	assert_int_equal(a->info.memory, b->info.memory);
	assert_int_equal(a->info.minimum_memory, b->info.minimum_memory);
	assert_int_equal(a->info.p2m_pfns, b->info.p2m_pfns);
	assert_int_equal(a->info.p2m_bytes, b->info.p2m_bytes);
	assert_int_equal(a->info.segment_count, b->info.segment_count);
	assert_memory_equal(a->info.segments, b->info.segments,
			    a->info.segment_count * sizeof a->info.segments[0]);
	assert_memory_equal(&a->initial, &b->initial, sizeof a->initial);
	assert_memory_equal(&a->p2m_mapping, &b->p2m_mapping, sizeof a->p2m_mapping);
	assert_memory_equal(&a->info.registers, &b->info.registers, sizeof a->info.registers);
}

static void a_plan_always_says_where_its_memory_is(void **state)
{
	(void)state;
	/* Two that adjoin, as of two nodes, have no hole between them: the layout spans both. */
	static const struct pvb_memory_range one[] = {{0, GIB(1), ANY, false}};
	static const struct pvb_memory_range two[] = {{0, MIB(32), 1, true},
						      {MIB(32), GIB(1) - MIB(32), 0, false}};
	struct guest plain = linux_guest(), first = guest_of(plain, one, 1),
		     second = guest_of(plain, two, 2);
	struct pvb_plan *plans[3];
	struct pvb_error error = {0};

	first.spec.memory = GIB(1);
	assert_ok(plan_guest(&plain, &plans[0], &error), &error);
	assert_ok(plan_guest(&first, &plans[1], &error), &error);
	assert_ok(plan_guest(&second, &plans[2], &error), &error);
	assert_int_equal(plans[0]->info.p2m_pfns, GIB(1) / PAGE);
	for (unsigned i = 0; i < 3; i++) {
		const struct pvb_plan_info *info = pvb_plan_info(plans[i]);

		assert_same_plan(plans[0], plans[i]);
		assert_int_equal(info->range_count, i == 2 ? 2 : 1);
		assert_int_equal(info->ranges[0].gpa, 0);
		assert_int_equal(info->ranges[0].bytes, i == 2 ? MIB(32) : GIB(1));
		assert_int_equal(info->ranges[0].node, i == 2 ? 1 : ANY);
	}
	for (unsigned i = 0; i < 3; i++)
		pvb_plan_free(plans[i]);
}

static void holes_are_in_the_p2m_and_not_in_the_memory(void **state)
{
	(void)state;
	static const struct pvb_memory_range ranges[] = {
		{0, GIB(1), ANY, false}, {TIB(1), GIB(2), ANY, false}, {TIB(2), PAGE, ANY, false}};
	struct guest guest = guest_of(linux_guest(), ranges, 3);
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	/* The list takes 4 GiB, all of it before the first hole. */
	assert_refused(&guest, PVB_E_ARG_RANGES);
	assert_non_null(
		strstr(error.message, "the memory before the first hole is 1073741824: p2m"));
	assert_non_null(strstr(error.hint, "each PFN up to 0x20000000"));

	struct pvb_memory_range wide[] = {
		{0, GIB(5), ANY, false}, {TIB(1), GIB(2), ANY, false}, {TIB(2), PAGE, ANY, false}};

	guest.spec.ranges = wide;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->info.memory, GIB(7) + PAGE);
	assert_int_equal(plan->pages, (GIB(7) + PAGE) / PAGE);
	assert_int_equal(plan->info.p2m_pfns, TIB(2) / PAGE + 1);
	assert_int_equal(plan->info.p2m_bytes, plan->info.p2m_pfns * 8);
	assert_int_equal(plan->p2m.count, GIB(4) / PAGE + 1);
	assert_int_equal(plan->info.range_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(plan->info.ranges[i].gpa, wide[i].gpa);
		assert_int_equal(plan->info.ranges[i].bytes, wide[i].bytes);
		assert_int_equal(plan->info.ranges[i].node, wide[i].node);
		assert_int_equal(plan->info.ranges[i].exact, wide[i].exact);
	}
	wide[0].bytes = 0;
	assert_int_equal(plan->info.ranges[0].bytes, GIB(5));
	pvb_plan_free(plan);
}

static uint64_t layout_end(const struct pvb_plan *plan)
{
	uint64_t end = 0;

	for (size_t i = 0; i < plan->info.segment_count; i++)
		end = pvb_max(end, plan->info.segments[i].gpa + plan->info.segments[i].occupied);
	return end;
}

/* Any kernel and any ranges: the least that is told will do, and a page less will not. */
static void the_least_memory_of_a_guest_with_holes_is_the_least(void **state)
{
	(void)state;
	uint64_t seed = 5;
	unsigned planned = 0;

	for (unsigned round = 0; round < 3000; round++) {
		struct pvb_memory_range ranges[6];
		size_t count = 2 + test_random(&seed) % 5;
		struct guest guest =
			guest_of(test_random(&seed) % 3   ? linux_guest()
				 : test_random(&seed) % 2 ? pae_guest()
							  : small_guest(PVB_GUEST_X86_64),
				 ranges, count);
		bool narrow = guest.image.pv.guest_type == PVB_GUEST_X86_32P;
		uint64_t at = 0, behind = 0, least;
		struct pvb_error error = {0};
		struct pvb_plan *plan;
		int rc;

		for (size_t i = 0; i < count; i++) {
			uint64_t bytes = (test_random(&seed) % (narrow ? 4096 : 100000) + 1) * PAGE;

			ranges[i] = (struct pvb_memory_range){at, bytes, ANY, false};
			behind += i ? bytes : 0;
			at += bytes + (test_random(&seed) % (narrow ? 20000 : 2000000) + 1) * PAGE;
		}
		guest.module.bytes = test_random(&seed) % 2 ? test_random(&seed) % MIB(8) + 1 : 0;
		rc = least_memory(&guest, &least, &error);
		if (rc) {
			/* Its list has no room before the hole ends, or in the address space. */
			assert_true(rc == -PVB_E_ARG_RANGES || rc == -PVB_E_PLAN_LINUX_1G ||
				    rc == -PVB_E_PLAN_ADDRESS_SPACE);
			assert_int_not_equal(plan_guest(&guest, &plan, &error), 0);
			continue;
		}
		assert_true(least > behind);
		ranges[0].bytes = least - behind;
		if (ranges[0].bytes >= ranges[1].gpa) { /* it would have no hole any more */
			assert_int_equal(ranges[0].bytes, ranges[1].gpa);
			continue;
		}
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		assert_int_equal(plan->info.minimum_memory, least);
		assert_int_equal(plan->info.memory, least);
		assert_int_equal(layout_end(plan), ranges[0].bytes);
		pvb_plan_free(plan);
		ranges[0].bytes -= PAGE;
		assert_refused(&guest, PVB_E_ARG_RANGES);
		planned++;
	}
	assert_true(planned > 1000);
}

static void a_layout_that_reaches_the_next_range_is_told_to_move_it(void **state)
{
	(void)state;
	static const struct pvb_memory_range ranges[] = {{0, MIB(16), ANY, false},
							 {MIB(32), GIB(1), ANY, false}};
	struct guest guest = guest_of(linux_guest(), ranges, 2);
	struct pvb_error error = {0};
	uint64_t least;

	assert_refused(&guest, PVB_E_ARG_RANGES);
	assert_non_null(strstr(error.hint, "at 0x2000000, begin above that"));
	assert_fails_with(least_memory(&guest, &least, &error), PVB_E_ARG_RANGES, &error);
	assert_non_null(strstr(error.message, "behind the first hole begins at 0x2000000"));
}

/* ---- how large a guest can be ------------------------------------------------- */

static void the_largest_guest_has_all_that_the_m2p_shows(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {GIB(512), GIB(512) + PAGE, TIB(1),   TIB(4),
					 TIB(16),  TIB(64),         TIB(127), TIB(128)};
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		const uint64_t pages = sizes[i] / PAGE, list = pvb_div_round_up(pages * 8, PAGE);

		guest.spec.memory = sizes[i];
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		assert_int_equal(plan->info.p2m_pfns, pages);
		assert_int_equal(plan->p2m.count, list);
		assert_true(plan->p2m_outside);
		/* From 0x8000000000 on: an L1 for each 512 pages of it, and so on up. */
		assert_int_equal(plan->info.p2m_table_pages,
				 pvb_div_round_up(list, 512) + pvb_div_round_up(list, 512 * 512) +
					 pvb_div_round_up(list, 512 * 512 * 512));
		assert_true(layout_end(plan) <= sizes[i]);
		pvb_plan_free(plan);
	}
	guest.spec.memory = TIB(128) + PAGE;
	assert_refused(&guest, PVB_E_ARG_MEMORY_LARGE);
	assert_non_null(strstr(error.message, "140737488355328 bytes in the machine-to-physical"));
	assert_non_null(strstr(error.hint, "128 TiB"));

	/* The memory counts, wherever it is. */
	const struct pvb_memory_range ranges[] = {{0, TIB(100), ANY, false},
						  {TIB(200), TIB(28) + PAGE, ANY, false}};

	guest = guest_of(guest, ranges, 2);
	assert_refused(&guest, PVB_E_ARG_MEMORY_LARGE);
}

static void a_list_outside_covers_256_tib_and_not_a_page_more(void **state)
{
	(void)state;
	struct pvb_memory_range ranges[] = {{0, TIB(1), ANY, false}, {0, GIB(1), ANY, false}};
	struct guest guest = guest_of(linux_guest(), ranges, 2);
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	ranges[1].gpa = TIB(256) - GIB(1);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->info.p2m_pfns, UINT64_C(1) << 36);
	assert_int_equal(plan->p2m.count, UINT64_C(1) << 27);
	assert_int_equal(plan->info.p2m_va, UINT64_C(0x8000000000));
	assert_int_equal(plan->p2m_mapping.to.a, UINT64_C(0x10000000000));
	assert_int_equal(plan->info.p2m_table_pages, (1 << 18) + (1 << 9) + 1);
	pvb_plan_free(plan);

	/* It would have to go into the initial mapping, where there is no room for it. */
	ranges[1].gpa += PAGE;
	assert_refused(&guest, PVB_E_PLAN_LINUX_1G);
	assert_non_null(strstr(error.message, "p2m (which no usable INIT_P2M takes elsewhere)"));
	assert_non_null(strstr(error.hint, "does not fit into one L4 slot"));
	assert_non_null(strstr(error.hint, "smaller holes"));
	guest.spec.strict_p2m = true;
	assert_refused(&guest, PVB_E_PLAN_LINUX_1G);
}

static void a_list_inside_covers_what_its_half_of_the_addresses_holds(void **state)
{
	(void)state;
	struct pvb_memory_range ranges[] = {{0, TIB(127), ANY, false}, {0, GIB(1), ANY, false}};
	struct guest guest = guest_of(small_guest(PVB_GUEST_X86_64), ranges, 2);
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	/* All that a PFN can be. */
	ranges[1].gpa = (UINT64_C(1) << 52) - GIB(1);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->info.p2m_pfns, UINT64_C(1) << 40);
	assert_int_equal(plan->p2m.count, UINT64_C(1) << 31);
	assert_false(plan->p2m_outside);
	pvb_plan_free(plan);
	ranges[1].gpa += PAGE;
	assert_refused(&guest, PVB_E_ARG_RANGES);

	/* From the top half there are 2 GiB for a kernel that is no Linux. */
	guest.image.pv.virt_base = guest.image.pv.kernel_start = guest.image.pv.entry =
		UINT64_C(0xffffffff80000000);
	guest.image.pv.kernel_end += UINT64_C(0xffffffff80000000);
	ranges[1].gpa = GIB(1024);
	ranges[0].bytes = GIB(3);
	assert_refused(&guest, PVB_E_PLAN_ADDRESS_SPACE);
	ranges[1].gpa = GIB(1000);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);
}

static void a_32_bit_list_ends_below_the_hypervisor(void **state)
{
	(void)state;
	struct pvb_memory_range ranges[] = {{0, GIB(4), ANY, false}, {0, GIB(1), ANY, false}};
	struct guest guest = guest_of(small_guest(PVB_GUEST_X86_32P), ranges, 2);
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	ranges[1].gpa = TIB(3);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->info.p2m_bytes, GIB(3) + MIB(1));
	pvb_plan_free(plan);
	ranges[1].gpa = TIB(4);
	assert_refused(&guest, PVB_E_PLAN_ADDRESS_SPACE);
	ranges[1].gpa = TIB(16);
	assert_refused(&guest, PVB_E_ARG_RANGES);
	assert_non_null(strstr(error.message, "2^44"));

	/* And its memory is what the compat M2P shows. */
	ranges[0].bytes = GIB(127);
	ranges[1].gpa = GIB(200);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);
	ranges[1].bytes += PAGE;
	assert_refused(&guest, PVB_E_ARG_MEMORY_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_that_contradict_are_refused_with_their_numbers),
		cmocka_unit_test(there_are_as_many_ranges_as_a_memory_map_holds),
		cmocka_unit_test(a_node_is_one_of_the_hosts),
		cmocka_unit_test(a_plan_always_says_where_its_memory_is),
		cmocka_unit_test(holes_are_in_the_p2m_and_not_in_the_memory),
		cmocka_unit_test(the_least_memory_of_a_guest_with_holes_is_the_least),
		cmocka_unit_test(a_layout_that_reaches_the_next_range_is_told_to_move_it),
		cmocka_unit_test(the_largest_guest_has_all_that_the_m2p_shows),
		cmocka_unit_test(a_list_outside_covers_256_tib_and_not_a_page_more),
		cmocka_unit_test(a_list_inside_covers_what_its_half_of_the_addresses_holds),
		cmocka_unit_test(a_32_bit_list_ends_below_the_hypervisor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
