/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way to one PFN is the way that the guest's pages have, and costs a page for each step of it.
 */
#include "unit/p2m-guest.h"

#include "support/test.h"

#define VADDR(bits) ((bits) == 64 ? GUEST_VADDR_64 : GUEST_VADDR_32)

static const struct pvb_p2m_extent extents[] = {
	{0, 0x123456, 3},
	{5000, 0x200000, 2000},
	{299999, 0x300000, 1},
};
#define EXTENTS (sizeof extents / sizeof extents[0])
#define PFNS 300000u

/* PFNs with a frame and without, at the ends of pages and behind them. */
static const uint64_t pfns[] = {0,    2,    3,    511,  512,    1023,  4999,
				5000, 6143, 6999, 7000, 299998, 299999};

static uint64_t mfn_of(uint64_t pfn)
{
	for (size_t i = 0; i < EXTENTS; i++)
		if (pfn >= extents[i].pfn && pfn - extents[i].pfn < extents[i].count)
			return extents[i].mfn + (pfn - extents[i].pfn);
	return PVB_P2M_NONE;
}

static void trace(struct p2m_guest *guest, uint64_t pfn, struct pvb_p2m_path *path)
{
	const uint64_t before = guest->pages_read;
	struct pvb_error error;

	assert_ok(pvb_p2m_trace(&guest->access, NULL, NULL, pfn, path, &error), &error);
	assert_int_equal(path->pfn, pfn);
	assert_int_equal(path->entry, mfn_of(pfn));
	assert_int_equal(path->kind,
			 path->entry == PVB_P2M_NONE ? PVB_P2M_ENTRY_INVALID : PVB_P2M_ENTRY_FRAME);
	assert_int_equal(path->geometry.pfns, PFNS);
	assert_int_equal(path->geometry.entry_size, guest->bits / 8);
	assert_int_equal(path->anchors.max_pfn, PFNS);
	assert_int_equal(path->restarts, 0);
	assert_int_equal(guest->pages_read - before, path->step_count);
	assert_int_equal(path->m2p_known, path->entry != PVB_P2M_NONE);
	assert_int_equal(path->m2p_pfn, path->m2p_known ? pfn : PVB_P2M_NONE);
	for (size_t i = 0; i + 1 < path->step_count; i++) {
		const struct pvb_p2m_step *step = &path->steps[i];
		const bool table = step->kind == PVB_P2M_STEP_PAGE_TABLE;

		/* What stands there leads to the next. */
		assert_int_equal(step->entry, table ? *guest_pte(guest, step->mfn, step->index)
						    : guest_get(guest, step->mfn, step->index));
		assert_int_equal(table ? step->entry >> 12 & ((UINT64_C(1) << 40) - 1)
				       : step->entry,
				 path->steps[i + 1].mfn);
	}
}

static void try_tree(unsigned bits, uint32_t page_size, unsigned levels)
{
	struct p2m_guest guest;
	struct pvb_p2m_path path;

	guest_open(&guest, bits, page_size);
	guest_tree(&guest, levels, PFNS, extents, EXTENTS);
	guest_confirm(&guest, extents, EXTENTS);
	for (size_t i = 0; i < sizeof pfns / sizeof pfns[0]; i++) {
		uint64_t below = pfns[i];

		trace(&guest, pfns[i], &path);
		assert_int_equal(path.anchor, PVB_P2M_ANCHOR_ROOT);
		assert_int_equal(path.levels, levels);
		assert_int_equal(path.root, guest.anchors.p2m_root);
		assert_int_equal(path.vaddr, PVB_P2M_NONE);
		assert_in_range(path.step_count, 1, levels);
		if (path.entry != PVB_P2M_NONE)
			assert_int_equal(path.step_count, levels);
		for (unsigned level = 1; level <= levels;
		     level++, below /= guest_per_page(&guest)) {
			const struct pvb_p2m_step *step = &path.steps[levels - level];

			if (levels - level >= path.step_count)
				continue;
			assert_int_equal(step->kind,
					 level == 1 ? PVB_P2M_STEP_LEAF : PVB_P2M_STEP_NODE);
			assert_int_equal(step->level, level);
			assert_int_equal(step->mfn, guest_node(&guest, level, pfns[i]));
			assert_int_equal(step->index, below % guest_per_page(&guest));
		}
	}
	guest_close(&guest);
}

static void the_way_through_a_tree_has_a_page_of_each_level(void **state)
{
	(void)state;

	for (unsigned bits = 32; bits <= 64; bits += 32)
		for (unsigned levels = 3; levels <= 5; levels++) {
			try_tree(bits, 4096, levels);
			try_tree(bits, 16384, levels);
		}
	try_tree(32, 4096, 2);
	try_tree(64, 65536, 2);
}

static void try_list(unsigned bits)
{
	const unsigned tables = bits == 64 ? 4 : 3;
	struct p2m_guest guest;
	struct pvb_p2m_path path;

	guest_open(&guest, bits, 0);
	guest_list(&guest, PFNS, extents, EXTENTS);
	guest_confirm(&guest, extents, EXTENTS);
	for (size_t i = 0; i < sizeof pfns / sizeof pfns[0]; i++) {
		const uint64_t va = VADDR(bits) + pfns[i] * (bits / 8);

		trace(&guest, pfns[i], &path);
		assert_int_equal(path.anchor, PVB_P2M_ANCHOR_CR3);
		assert_int_equal(path.levels, 0);
		assert_int_equal(path.vaddr, va);
		if (path.entry != PVB_P2M_NONE)
			assert_int_equal(path.step_count, tables + 1);
		for (unsigned n = 0; n < path.step_count; n++) {
			const struct pvb_p2m_step *step = &path.steps[n];

			if (n == tables) {
				assert_int_equal(step->kind, PVB_P2M_STEP_LEAF);
				assert_int_equal(step->index, va % 4096 / (bits / 8));
				continue;
			}
			assert_int_equal(step->kind, PVB_P2M_STEP_PAGE_TABLE);
			assert_int_equal(step->level, tables - n);
			assert_int_equal(step->mfn, guest_table(&guest, tables - n, va));
			assert_int_equal(step->index, va >> (12 + 9 * (tables - n - 1)) & 511);
		}
	}
	guest_close(&guest);
}

static void the_way_to_a_list_goes_through_the_guests_page_tables(void **state)
{
	(void)state;
	try_list(64);
	try_list(32);
}

static void what_the_m2p_says_of_the_frame_is_told(void **state)
{
	(void)state;
	const struct pvb_p2m_extent other = {77, 0x123456, 1};
	struct p2m_guest guest;
	struct pvb_p2m_path path;
	struct pvb_error error;

	guest_open(&guest, 64, 0);
	guest_tree(&guest, 3, PFNS, extents, EXTENTS);
	guest_confirm(&guest, &other, 1);
	assert_ok(pvb_p2m_trace(&guest.access, NULL, NULL, 0, &path, &error), &error);
	assert_true(path.m2p_known);
	assert_int_equal(path.m2p_pfn, 77);
	assert_ok(pvb_p2m_trace(&guest.access, NULL, NULL, 1, &path, &error), &error);
	assert_true(path.m2p_known);
	assert_int_equal(path.m2p_pfn, PVB_P2M_NONE);
	guest.access.m2p = NULL;
	assert_ok(pvb_p2m_trace(&guest.access, NULL, NULL, 1, &path, &error), &error);
	assert_false(path.m2p_known);
	guest_close(&guest);
}

/* The first read moves the tree to other pages, which has to be noticed. */
static void move_once(struct p2m_guest *guest, bool is_look)
{
	if (is_look || guest->reads > 1)
		return;
	guest->anchors.p2m_root = guest_page(guest);
	guest_put(guest, guest->anchors.p2m_root, 0, guest_page(guest));
	guest_put(guest, guest_get(guest, guest->anchors.p2m_root, 0), 0, guest_page(guest));
	guest->anchors.p2m_generation += 2;
}

static void a_way_that_changes_is_gone_again_from_its_start(void **state)
{
	(void)state;
	struct p2m_guest guest;
	struct pvb_p2m_path path;
	struct pvb_error error;

	guest_open(&guest, 64, 0);
	guest_tree(&guest, 3, PFNS, extents, EXTENTS);
	guest.hook = move_once;
	guest.reads = 0;
	assert_ok(pvb_p2m_trace(&guest.access, NULL, NULL, 0, &path, &error), &error);
	assert_int_equal(path.restarts, 1);
	assert_int_equal(path.root, guest.anchors.p2m_root);
	assert_int_equal(path.step_count, 3);
	assert_int_equal(path.steps[0].mfn, path.root);
	assert_int_equal(path.kind, PVB_P2M_ENTRY_INVALID);
	guest_close(&guest);
}

static void behind_the_last_pfn_there_is_no_way(void **state)
{
	(void)state;
	struct p2m_guest guest;
	struct pvb_p2m_path path;
	struct pvb_error error;

	guest_open(&guest, 64, 0);
	guest_tree(&guest, 3, PFNS, extents, EXTENTS);
	assert_fails_with(pvb_p2m_trace(&guest.access, NULL, NULL, PFNS, &path, &error),
			  PVB_E_ARG_INVALID, &error);
	guest_close(&guest);
}

static void the_owner_of_one_frame_is_asked(void **state)
{
	struct p2m_guest guest;
	struct pvb_p2m_path path;

	(void)state;
	guest_open(&guest, 64, 0);
	guest_tree(&guest, 3, PFNS, extents, EXTENTS);
	guest_confirm(&guest, extents, EXTENTS);
	trace(&guest, 5000, &path);
	assert_false(path.owner_known);
	guest_estrange(&guest, 0x200000, 1);
	trace(&guest, 5000, &path);
	assert_true(path.owner_known);
	assert_false(path.owned);
	trace(&guest, 5001, &path);
	assert_true(path.owner_known);
	assert_true(path.owned);
	trace(&guest, 4999, &path);
	assert_false(path.owner_known);
	guest_close(&guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_way_through_a_tree_has_a_page_of_each_level),
		cmocka_unit_test(the_way_to_a_list_goes_through_the_guests_page_tables),
		cmocka_unit_test(what_the_m2p_says_of_the_frame_is_told),
		cmocka_unit_test(a_way_that_changes_is_gone_again_from_its_start),
		cmocka_unit_test(behind_the_last_pfn_there_is_no_way),
		cmocka_unit_test(the_owner_of_one_frame_is_asked),
	};

	return cmocka_run_group_tests_name("p2m trace", tests, NULL, NULL);
}
