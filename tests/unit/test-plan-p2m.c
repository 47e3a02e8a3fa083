/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which form the p2m is planned in, how deep its tree is, and where the tree lies. */
#include "unit/plan-kernels.h"

#include <inttypes.h>

#include "core/checked.h"

static const struct pvb_plan_segment *segment_of(const struct pvb_plan_info *info,
						 enum pvb_segment_kind kind)
{
	for (size_t i = 0; i < info->segment_count; i++)
		if (info->segments[i].kind == kind)
			return &info->segments[i];
	return NULL;
}

/* ---- who decides ------------------------------------------------------------ */

static void the_caller_goes_before_the_note(void **state)
{
	(void)state;
	static const struct {
		enum pvb_p2m_wish wish;
		uint32_t levels;
		bool noted;
		uint32_t note_levels;
		unsigned wanted; /* levels; 0: a list */
		bool declared;
	} cases[] = {
		{PVB_P2M_AS_GUEST_ASKS, 0, false, 0, 0, false},
		{PVB_P2M_AS_GUEST_ASKS, 0, true, 0, 2, true},
		{PVB_P2M_AS_GUEST_ASKS, 0, true, 1, 2, true},
		{PVB_P2M_AS_GUEST_ASKS, 0, true, 2, 2, true},
		{PVB_P2M_AS_GUEST_ASKS, 0, true, 5, 5, true},
		{PVB_P2M_WANT_LIST, 0, false, 0, 0, false},
		{PVB_P2M_WANT_LIST, 0, true, 4, 0, false},
		{PVB_P2M_WANT_TREE, 0, false, 0, 2, false},
		{PVB_P2M_WANT_TREE, 2, false, 0, 2, false},
		{PVB_P2M_WANT_TREE, 3, false, 0, 3, false},
		{PVB_P2M_WANT_TREE, 5, false, 0, 5, false},
		{PVB_P2M_WANT_TREE, 0, true, 4, 4, false},
		{PVB_P2M_WANT_TREE, 3, true, 4, 3, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct guest guest = linux_guest();
		struct pvb_error error = {0};
		const struct pvb_plan_info *info;
		struct pvb_plan *plan;

		guest.image.declares.p2m_tree = cases[i].noted;
		guest.image.declares.p2m_levels = cases[i].note_levels;
		guest.image.declares.guest_abi = cases[i].noted;
		guest.spec.p2m = cases[i].wish;
		guest.spec.p2m_levels = cases[i].levels;
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		info = pvb_plan_info(plan);
		assert_int_equal(info->p2m_levels, cases[i].wanted);
		assert_int_equal(info->p2m_form, cases[i].wanted ? PVB_P2M_TREE : PVB_P2M_LIST);
		assert_int_equal(info->p2m_declared, cases[i].declared);
		assert_int_equal(segment_of(info, PVB_SEGMENT_P2M_TREE) != NULL,
				 cases[i].wanted != 0);
		assert_int_equal(info->p2m_root_gpa == PVB_NONE, cases[i].wanted == 0);
		assert_int_equal(info->p2m_pfns, GIB(1) / PAGE);
		/* Where there is a tree, it is told of. */
		assert_int_equal(info->guest_abi, cases[i].noted || cases[i].wanted);
		pvb_plan_free(plan);
	}
}

static void forms_that_there_are_not_are_refused(void **state)
{
	(void)state;
	static const struct {
		enum pvb_p2m_wish wish;
		uint32_t levels;
		const char *why;
	} cases[] = {
		{PVB_P2M_WANT_TREE, 6, "trees of 1 to 5"},
		{PVB_P2M_WANT_TREE, UINT32_MAX, "trees of 1 to 5"},
		{PVB_P2M_WANT_LIST, 3, "no tree is asked for"},
		{PVB_P2M_AS_GUEST_ASKS, 3, "no tree is asked for"},
		{(enum pvb_p2m_wish)3, 0, "no form 3"},
		{(enum pvb_p2m_wish)3, 3, "no form 3"},
		{PVB_P2M_WANT_TREE, 1, "PFNs needs 2 levels; 1 reach 2 MiB"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct guest guest = linux_guest();
		struct pvb_error error = {0};

		guest.image.declares.p2m_tree = true;
		guest.spec.p2m = cases[i].wish;
		guest.spec.p2m_levels = cases[i].levels;
		assert_refused(&guest, PVB_E_ARG_P2M);
		if (!strstr(error.message, cases[i].why))
			print_error("%s: %s\n", cases[i].why, error.message);
		assert_non_null(strstr(error.message, cases[i].why));
	}
}

/* ---- how deep it is ----------------------------------------------------------- */

static void each_power_of_the_entries_takes_one_level_more(void **state)
{
	(void)state;
	static const struct {
		enum pvb_guest_type type;
		uint64_t pages;
		unsigned levels;
		uint64_t nodes[PVB_P2M_LEVELS_MAX - 1]; /* pages from the root down */
		const char *too_few;                    /* what one level less is refused with */
	} cases[] = {
		{PVB_GUEST_X86_64, UINT64_C(1) << 18, 2, {1}, "1 reach 2 MiB"},
		{PVB_GUEST_X86_64, (UINT64_C(1) << 18) + 1, 3, {1, 2}, "2 reach 1 GiB"},
		{PVB_GUEST_X86_64, (UINT64_C(1) << 27) - 1, 3, {1, 512}, "2 reach 1 GiB"},
		{PVB_GUEST_X86_64, UINT64_C(1) << 27, 3, {1, 512}, "2 reach 1 GiB"},
		{PVB_GUEST_X86_64, (UINT64_C(1) << 27) + 1, 4, {1, 2, 513}, "3 reach 512 GiB"},
		{PVB_GUEST_X86_64, UINT64_C(1) << 28, 4, {1, 2, 1024}, "3 reach 512 GiB"},
		{PVB_GUEST_X86_64, UINT64_C(1) << 30, 4, {1, 8, 4096}, "3 reach 512 GiB"},
		{PVB_GUEST_X86_64, UINT64_C(1) << 35, 4, {1, 256, 131072}, "3 reach 512 GiB"},
		{PVB_GUEST_X86_32P, UINT64_C(1) << 10, 1, {0}, NULL},
		{PVB_GUEST_X86_32P, UINT64_C(1) << 20, 2, {1}, "1 reach 4 MiB"},
		{PVB_GUEST_X86_32P, (UINT64_C(1) << 20) + 1, 3, {1, 2}, "2 reach 4 GiB"},
		{PVB_GUEST_X86_32P, UINT64_C(1) << 25, 3, {1, 32}, "2 reach 4 GiB"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct guest guest = small_guest(cases[i].type);
		struct pvb_error error = {0};
		const struct pvb_plan_info *info;
		struct pvb_plan *plan;
		uint64_t next, total = 0;

		guest.spec.p2m = PVB_P2M_WANT_TREE;
		guest.spec.memory = cases[i].pages * PAGE;
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		info = pvb_plan_info(plan);
		assert_int_equal(info->p2m_levels, cases[i].levels);
		assert_int_equal(info->p2m_tree_level_count, cases[i].levels - 1);
		next = info->p2m_root_gpa;
		for (size_t l = 0; l < info->p2m_tree_level_count; l++) {
			assert_int_equal(info->p2m_tree[l].level, cases[i].levels - l);
			assert_int_equal(info->p2m_tree[l].gpa, next);
			assert_int_equal(info->p2m_tree[l].count, cases[i].nodes[l]);
			next += info->p2m_tree[l].count * PAGE;
			total += info->p2m_tree[l].count;
		}
		const struct pvb_plan_segment *tree = segment_of(info, PVB_SEGMENT_P2M_TREE);

		assert_int_equal(plan->p2m_tree.count, total);
		if (total) {
			assert_int_equal(tree->gpa, info->p2m_root_gpa);
			assert_int_equal(tree->bytes, total * PAGE);
			assert_int_equal(tree->occupied, total * PAGE);
		} else {
			/* The only page of the list is the root. */
			assert_null(tree);
			assert_int_equal(info->p2m_root_gpa, info->p2m_gpa);
			assert_int_equal(plan->p2m.count, 1);
		}
		pvb_plan_free(plan);

		guest.spec.p2m_levels = cases[i].levels;
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		pvb_plan_free(plan);
		guest.spec.p2m_levels--;
		if (!cases[i].too_few)
			continue;
		assert_refused(&guest, PVB_E_ARG_P2M);
		assert_non_null(strstr(error.message, cases[i].too_few));
	}
}

static void a_tree_may_be_deeper_than_it_need_be(void **state)
{
	(void)state;
	for (unsigned bits = 32; bits <= 64; bits += 32)
		for (uint32_t levels = 2; levels <= PVB_P2M_LEVELS_MAX; levels++) {
			struct guest guest =
				small_guest(bits == 64 ? PVB_GUEST_X86_64 : PVB_GUEST_X86_32P);
			struct pvb_error error = {0};
			struct pvb_plan *plan;

			guest.spec.p2m = PVB_P2M_WANT_TREE;
			guest.spec.p2m_levels = levels;
			assert_ok(plan_guest(&guest, &plan, &error), &error);
			assert_int_equal(plan->info.p2m_levels, levels);
			assert_int_equal(plan->info.p2m_tree_level_count, levels - 1);
			/* 512 MiB are 131072 PFNs, which one page of pages holds. */
			assert_int_equal(plan->p2m_tree.count, levels - 1);
			pvb_plan_free(plan);
		}
}

/* ---- where it lies -------------------------------------------------------------- */

/* Last, behind all else, unmapped; and all before it is where it is without a tree. */
static void a_tree_moves_nothing_else(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct guest guest = i % 3 == 0   ? linux_guest()
				     : i % 3 == 1 ? small_guest(PVB_GUEST_X86_64)
						  : pae_guest();
		struct pvb_error error = {0};
		struct pvb_plan *list, *tree;

		guest.module.bytes = i >= 3 ? 5000000 : 0;
		guest.spec.memory = GIB(2);
		guest.spec.p2m = PVB_P2M_WANT_LIST;
		assert_ok(plan_guest(&guest, &list, &error), &error);
		guest.spec.p2m = PVB_P2M_WANT_TREE;
		assert_ok(plan_guest(&guest, &tree, &error), &error);

		size_t count = list->info.segment_count;
		const struct pvb_plan_segment *last = &tree->info.segments[count];
		const struct pvb_plan_segment *before = last - 1;

		assert_int_equal(tree->info.segment_count, count + 1);
		for (size_t s = 0; s < count; s++) {
			const struct pvb_plan_segment *a = &list->info.segments[s];
			const struct pvb_plan_segment *b = &tree->info.segments[s];

			assert_int_equal(a->kind, b->kind);
			assert_int_equal(a->gpa, b->gpa);
			assert_int_equal(a->occupied, b->occupied);
			assert_int_equal(a->va, b->va);
		}
		assert_int_equal(last->kind, PVB_SEGMENT_P2M_TREE);
		assert_string_equal(last->name, "p2m_tree");
		assert_int_equal(last->gpa, before->gpa + before->occupied);
		assert_int_equal(last->va, PVB_NONE);
		assert_int_equal(list->info.map_to, tree->info.map_to);
		assert_true(last->gpa >= tree->info.map_to - tree->info.map_from);
		assert_int_equal(tree->info.minimum_memory, list->info.minimum_memory + PAGE);
		pvb_plan_free(list);
		pvb_plan_free(tree);
	}
}

static void the_least_memory_has_room_for_the_tree(void **state)
{
	(void)state;
	for (uint32_t levels = 0; levels <= PVB_P2M_LEVELS_MAX; levels++) {
		struct guest guest = linux_guest();
		struct pvb_error error = {0};
		struct pvb_plan *plan;
		uint64_t least;

		guest.spec.p2m = PVB_P2M_WANT_TREE;
		guest.spec.p2m_levels = levels;
		if (levels == 1) {
			/* No size that would be enough for the kernel is one that it reaches. */
			assert_fails_with(least_memory(&guest, &least, &error), PVB_E_ARG_P2M,
					  &error);
			continue;
		}
		assert_ok(least_memory(&guest, &least, &error), &error);
		guest.spec.memory = least;
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		assert_int_equal(plan->info.minimum_memory, least);
		assert_int_equal(plan->p2m_tree.first.n + plan->p2m_tree.count, least / PAGE);
		pvb_plan_free(plan);
		guest.spec.memory = least - PAGE;
		assert_refused(&guest, PVB_E_ARG_MEMORY_SMALL);
		assert_non_null(strstr(error.message, ": p2m_tree, "));
	}
}

/* A tree that reaches too little is that, and not too little memory for what it would take. */
static void the_least_memory_may_be_beyond_a_tree(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	struct pvb_plan *plan;
	uint64_t least;

	guest.spec.p2m = PVB_P2M_WANT_TREE;
	guest.spec.p2m_levels = 2;
	guest.module.bytes = GIB(1) - MIB(76);
	assert_fails_with(least_memory(&guest, &least, &error), PVB_E_ARG_P2M, &error);
	assert_non_null(strstr(error.message, "2 reach 1 GiB"));
	guest.spec.memory = GIB(1);
	assert_fails_with(plan_guest(&guest, &plan, &error), PVB_E_ARG_MEMORY_SMALL, &error);
	assert_non_null(strstr(error.hint, "needs 3 levels; 2 reach 1 GiB"));
	guest.spec.memory = GIB(2);
	assert_refused(&guest, PVB_E_ARG_P2M);
	guest.spec.p2m_levels = 3;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);
}

/* ---- the list in its L4 slot ------------------------------------------------------- */

/* Every size of list up to the last byte of the slot, and none beyond it. */
static void a_list_may_end_with_its_slot(void **state)
{
	(void)state;
	static const uint64_t ends[] = {UINT64_C(0x10000000000), UINT64_C(0x800000000000),
					UINT64_C(0xffff888000000000), UINT64_C(0xffffff8000000000)};

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		for (unsigned tree = 0; tree < 2; tree++) {
			struct guest guest = linux_guest();
			struct pvb_error error = {0};
			struct pvb_plan *plan;

			guest.spec.p2m = tree ? PVB_P2M_WANT_TREE : PVB_P2M_WANT_LIST;
			guest.spec.strict_p2m = true;
			/* 1 TiB and a page: 2 GiB of list and one entry more. */
			guest.spec.memory = TIB(1) + PAGE;
			guest.image.pv.init_p2m = ends[i] - GIB(2) - PAGE;
			assert_ok(plan_guest(&guest, &plan, &error), &error);
			assert_true(plan->p2m_outside);
			assert_int_equal(plan->p2m_mapping.to.a, ends[i]);
			assert_int_equal(plan->p2m.count, GIB(2) / PAGE + 1);
			/* One L3, and of the others what the last address needs. */
			assert_int_equal(plan->info.p2m_tables[0].count, 1);
			assert_int_equal(plan->info.p2m_tables[1].count, 3);
			assert_int_equal(plan->info.p2m_tables[2].count, 1025);
			assert_int_equal(plan->p2m_tables.first.n,
					 plan->p2m.first.n + plan->p2m.count);
			if (tree)
				assert_int_equal(plan->p2m_tree.first.n,
						 plan->p2m_tables.first.n + plan->p2m_tables.count);
			pvb_plan_free(plan);

			/* The last entry that this page holds, and one that it does not. */
			guest.spec.memory = TIB(1) + 512 * PAGE;
			assert_ok(plan_guest(&guest, &plan, &error), &error);
			assert_int_equal(plan->p2m_mapping.to.a, ends[i]);
			pvb_plan_free(plan);
			guest.spec.memory += PAGE;
			assert_refused(&guest, PVB_E_PLAN_LINUX_1G);
			assert_non_null(strstr(error.message, "INIT_P2M"));
			assert_non_null(strstr(error.hint, "one L4 slot"));
			/* Where there is room for it elsewhere, it may only not be there. */
			guest.spec.memory = MIB(512);
			guest.image.pv.init_p2m = ends[i] - MIB(1);
			assert_ok(plan_guest(&guest, &plan, &error), &error);
			assert_int_equal(plan->p2m_mapping.to.a, ends[i]);
			pvb_plan_free(plan);
			guest.spec.memory += PAGE;
			assert_refused(&guest, PVB_E_PLAN_P2M_BASE);
			assert_non_null(strstr(error.message, "one L4 slot"));
		}
}

/* 128 TiB, all that a guest sees of the M2P: a list of 256 GiB, in the upper half of its slot. */
static void the_largest_guest_has_room_for_its_list_in_half_a_slot(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	guest.spec.strict_p2m = true;
	guest.spec.p2m = PVB_P2M_WANT_TREE;
	guest.spec.memory = TIB(128);
	guest.image.pv.init_p2m = UINT64_C(0x10000000000) - GIB(256);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->p2m_mapping.to.a, UINT64_C(0x10000000000));
	assert_int_equal(plan->info.p2m_tables[1].count, 256);
	assert_int_equal(plan->p2m_tree.count, 1 + 256 + 131072);
	pvb_plan_free(plan);
	guest.image.pv.init_p2m += PAGE;
	assert_refused(&guest, PVB_E_PLAN_LINUX_1G);
	assert_non_null(strstr(error.hint, "one L4 slot"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_caller_goes_before_the_note),
		cmocka_unit_test(forms_that_there_are_not_are_refused),
		cmocka_unit_test(each_power_of_the_entries_takes_one_level_more),
		cmocka_unit_test(a_tree_may_be_deeper_than_it_need_be),
		cmocka_unit_test(a_tree_moves_nothing_else),
		cmocka_unit_test(the_least_memory_has_room_for_the_tree),
		cmocka_unit_test(the_least_memory_may_be_beyond_a_tree),
		cmocka_unit_test(a_list_may_end_with_its_slot),
		cmocka_unit_test(the_largest_guest_has_room_for_its_list_in_half_a_slot),
	};

	return cmocka_run_group_tests_name("plan p2m", tests, NULL, NULL);
}
