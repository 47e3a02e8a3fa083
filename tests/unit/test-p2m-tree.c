/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Trees small enough to look at every entry: of any extents, any depth, any page size and
 * both widths they are what the memory is; what a tree cannot be is refused; and the
 * checks themselves see every entry that is wrong.
 */
#include "support/test.h"

#include "unit/p2m-store.h"

/* Anything that a tree can be, with about so many PFNs. */
static void make_case(struct p2m_case *c, uint64_t *seed, uint64_t pfns)
{
	unsigned least;

	*c = (struct p2m_case){
		.geometry =
			{
				.pfns = 1 + test_random(seed) % pfns,
				.entry_size = test_random(seed) % 2 ? 8 : 4,
				.page_size = 4096u << 2 * (test_random(seed) % 3),
			},
		.may_miss = test_random(seed) % 2,
		.shared = test_random(seed) % 2,
		.spread = UINT64_C(1) << test_random(seed) % 6,
	};
	least = pvb_p2m_least_levels(&c->geometry);
	c->levels = least + (uint32_t)(test_random(seed) % (6 - least));
	p2m_case_fill(c, seed, c->geometry.pfns / (1 + test_random(seed) % 20) + 1);
}

static void write_case(struct p2m_case *c, struct store *store, uint64_t *seed)
{
	struct pvb_error error = {0};

	store->page_size = c->geometry.page_size;
	assert_ok(p2m_case_write(c, store, 1 + (unsigned)(test_random(seed) % 5), SPOIL_NOTHING,
				 &error),
		  &error);
}

static uint64_t root_of(struct p2m_case *c)
{
	struct pvb_p2m_tree tree = p2m_case_tree(c);

	return pvb_p2m_root(&tree);
}

static void try_cases(uint64_t *seed, unsigned rounds, uint64_t pfns)
{
	for (unsigned round = 0; round < rounds; round++) {
		struct store store = {0};
		struct p2m_case c;
		const char *fault;

		make_case(&c, seed, pfns);
		write_case(&c, &store, seed);
		fault = p2m_case_check(&c, &store, root_of(&c));
		if (fault)
			fail_msg("round %u, %u levels: %s", round, (unsigned)c.levels, fault);
		for (unsigned i = 0; i < 200; i++) {
			uint64_t pfn = test_random(seed) % c.geometry.pfns, mfn;

			assert_true(store_read_tree(&store, &c.geometry, c.levels, root_of(&c), pfn,
						    &mfn));
			assert_int_equal(mfn, p2m_case_mfn(&c, pfn));
		}
		store_free(&store);
	}
}

static void any_tree_is_what_the_memory_is(void **state)
{
	(void)state;
	uint64_t seed = 11;

	try_cases(&seed, 100, 3000);
	try_cases(&seed, 40, 60000);
	try_cases(&seed, 6, 700000); /* more than one page above the leaves */
}

/* ---- the checks of this test ---- */

static void a_wrong_entry_anywhere_is_seen(void **state)
{
	(void)state;
	uint64_t seed = 5;

	for (unsigned round = 0; round < 40; round++) {
		struct store store = {0};
		struct p2m_case c;

		make_case(&c, &seed, 5000);
		write_case(&c, &store, &seed);
		assert_null(p2m_case_check(&c, &store, root_of(&c)));
		for (unsigned i = 0; i < 30; i++) {
			size_t slot = test_random(&seed) % store.slots;
			uint64_t at =
				test_random(&seed) % (c.geometry.page_size / c.geometry.entry_size);

			while (!store.pages[slot].bytes)
				slot = (slot + 1) % store.slots;
			uint8_t *page = store.pages[slot].bytes;
			uint64_t was = entry_get(page, c.geometry.entry_size, at);
			uint64_t now = i % 3 == 0   ? 0
				       : i % 3 == 1 ? was ^ UINT64_C(1) << i
						    : c.shared_frames[0] + 99;

			entry_put(page, c.geometry.entry_size, at, now);
			assert_non_null(p2m_case_check(&c, &store, root_of(&c)));
			entry_put(page, c.geometry.entry_size, at, was);
			assert_null(p2m_case_check(&c, &store, root_of(&c)));
		}
		assert_non_null(p2m_case_check(&c, &store, root_of(&c) + 1));
		(void)store_add(&store, 5);
		assert_non_null(p2m_case_check(&c, &store, root_of(&c)));
		store_free(&store);
	}
}

static void pages_left_out_or_in_each_others_place_are_seen(void **state)
{
	(void)state;
	static const enum store_spoil spoils[] = {SPOIL_LEAVE_OUT, SPOIL_SWAP};
	uint64_t seed = 2;

	for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
		struct store store = {.page_size = 4096};
		struct p2m_case c = {
			.geometry = {.pfns = 3000, .entry_size = 8, .page_size = 4096},
			.levels = 3,
			.spread = 4,
		};
		struct pvb_error error = {0};

		p2m_case_fill(&c, &seed, 900);
		assert_ok(p2m_case_write(&c, &store, 3, spoils[i], &error), &error);
		assert_non_null(p2m_case_check(&c, &store, root_of(&c)));
		store_free(&store);
	}
}

/* ---- refusals ---- */

/* A tree of three pages of list, whose every part can be made wrong. */
struct refused {
	struct p2m_case c;
	struct pvb_p2m_tree tree;
	struct store store;
	struct store_sink sink;
	struct pvb_p2m_sink writes;
	struct pvb_error error;
};

static struct pvb_p2m_extents extents_of(const struct pvb_p2m_extent *extent)
{
	return (struct pvb_p2m_extents){extent, 1};
}

static void prepare(struct refused *r, unsigned entry_size)
{
	uint64_t seed = 1;

	*r = (struct refused){
		.c =
			{
				.geometry = {.pfns = UINT64_C(3) * (4096 / entry_size),
					     .entry_size = entry_size,
					     .page_size = 4096},
				.levels = 3,
				.spread = 1,
			},
		.store = {.page_size = 4096},
		.sink = {.store = &r->store, .c = &r->c, .at_once = 4},
	};
	p2m_case_fill(&r->c, &seed, 100);
	r->tree = p2m_case_tree(&r->c);
	r->writes = store_sink_of(&r->sink);
}

static void expect(struct refused *r, enum pvb_code code, const char *words)
{
	assert_fails_with(pvb_p2m_write_tree(&r->tree, &r->writes, &r->error), code, &r->error);
	if (!strstr(r->error.message, words))
		fail_msg("\"%s\" has no \"%s\"", r->error.message, words);
	store_free(&r->store);
}

static void a_tree_too_flat_for_its_memory_is_refused(void **state)
{
	(void)state;
	static const struct {
		uint64_t pfns;
		uint32_t entry_size, page_size;
		unsigned levels;
		const char *words;
	} cases[] = {
		{UINT64_C(0x8000001), 8, 4096, 3, "0x8000001 PFNs needs 4 levels; 3 reach 512 GiB"},
		{UINT64_C(0x40000001), 4, 4096, 3, "0x40000001 PFNs needs 4 levels; 3 reach 4 TiB"},
		{513, 8, 4096, 1, "0x201 PFNs needs 2 levels; 1 reach 2 MiB"},
		{262145, 8, 4096, 2, "0x40001 PFNs needs 3 levels; 2 reach 1 GiB"},
		{UINT64_C(0x1000000001), 8, 4096, 4, "needs 5 levels; 4 reach 256 TiB"},
		{8193, 8, 65536, 1, "0x2001 PFNs needs 2 levels; 1 reach 512 MiB"},
		{UINT64_C(1) << 45 | 1, 8, 4096, 5, "5 levels reach 128 PiB"},
		{UINT64_MAX, 8, 4096, 5, "5 levels reach 128 PiB"},
		{600, 8, 4096, 0, "a tree of 0 levels"},
		{600, 8, 4096, 6, "a tree of 6 levels"},
		{600, 8, 4096, UINT32_MAX, "a tree of 4294967295 levels"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct refused r;

		prepare(&r, 8);
		r.tree.geometry = (struct pvb_p2m_geometry){cases[i].pfns, cases[i].entry_size,
							    cases[i].page_size};
		r.tree.levels = cases[i].levels;
		expect(&r, PVB_E_ARG_P2M, cases[i].words);
		assert_int_equal(r.sink.offered, 0);
	}
}

static void a_tree_of_an_impossible_shape_is_refused(void **state)
{
	(void)state;
	static const struct pvb_p2m_geometry shapes[] = {
		{0, 8, 4096}, {1, 0, 4096}, {1, 2, 4096}, {1, 8, 0}, {1, 8, 2048}, {1, 8, 5000},
	};
	struct refused r;

	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		prepare(&r, 8);
		r.tree.geometry = shapes[i];
		expect(&r, PVB_E_ARG_INVALID, "there is no p2m of");
	}
	prepare(&r, 8);
	r.tree.shared = r.c.shared_frames;
	r.tree.shared_count = 3;
	expect(&r, PVB_E_ARG_INVALID, "3 shared pages for a tree of 3 levels, which has 2 or none");
	prepare(&r, 8);
	r.tree.shared_count = 2;
	expect(&r, PVB_E_ARG_INVALID, "2 shared pages");
	prepare(&r, 4);
	r.tree.shared = r.c.shared_frames;
	r.tree.shared_count = 2;
	r.c.shared_frames[1] = UINT32_MAX;
	expect(&r, PVB_E_ARG_INVALID, "the shared page of level 2 is in frame 0xffffffff");
	prepare(&r, 8);
	r.tree.shared = r.c.shared_frames;
	r.tree.shared_count = 2;
	r.c.shared_frames[0] = 0;
	expect(&r, PVB_E_ARG_INVALID, "the shared page of level 1 is in frame 0x0");
}

static void a_page_whose_frame_no_entry_can_hold_is_named(void **state)
{
	(void)state;
	static const struct {
		unsigned entry_size;
		struct pvb_p2m_extent list, tree;
		enum pvb_code code;
		const char *words;
	} cases[] = {
		{8, {0, 10, 3}, {0, 20, 2}, PVB_OK, NULL},
		{8,
		 {0, 0, 3},
		 {0, 20, 2},
		 PVB_E_ARG_INVALID,
		 "page 0 of the list was given frame 0"},
		{8,
		 {0, 10, 3},
		 {0, 0, 2},
		 PVB_E_ARG_INVALID,
		 "page 0 of the tree was given frame 0"},
		{8, {0, 10, 3}, {1, 20, 1}, PVB_E_ARG_INVALID, "the root of the tree has no frame"},
		{8,
		 {0, 10, 3},
		 {0, 20, 1},
		 PVB_E_ARG_INVALID,
		 "page 1 of the tree, at level 2, has"},
		{8,
		 {2, 10, 1},
		 {0, 20, 1},
		 PVB_E_ARG_INVALID,
		 "page 1 of the tree, at level 2, has"},
		{4, {0, UINT32_MAX - 3, 3}, {0, 20, 2}, PVB_OK, NULL},
		{4,
		 {0, UINT32_MAX - 2, 3},
		 {0, 20, 2},
		 PVB_E_HOST_FRAME_TOO_HIGH,
		 "page 2 of the list was given frame 0xffffffff, which a p2m tree of 4-byte "
		 "entries"},
		{4,
		 {0, UINT64_C(1) << 32, 3},
		 {0, 20, 2},
		 PVB_E_HOST_FRAME_TOO_HIGH,
		 "page 0 of the list was given frame 0x100000000"},
		{4,
		 {0, 10, 3},
		 {0, UINT32_MAX, 2},
		 PVB_E_HOST_FRAME_TOO_HIGH,
		 "page 0 of the tree was given frame 0xffffffff"},
		{8, {0, UINT64_C(1) << 32, 3}, {0, UINT32_MAX, 2}, PVB_OK, NULL},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pvb_p2m_extents list = extents_of(&cases[i].list);
		struct pvb_p2m_extents tree = extents_of(&cases[i].tree);
		struct refused r;

		prepare(&r, cases[i].entry_size);
		r.tree.leaves = pvb_p2m_map_of(&list);
		r.tree.nodes = pvb_p2m_map_of(&tree);
		if (cases[i].code != PVB_OK) {
			expect(&r, cases[i].code, cases[i].words);
			continue;
		}
		assert_ok(pvb_p2m_write_tree(&r.tree, &r.writes, &r.error), &r.error);
		assert_int_equal(pvb_p2m_root(&r.tree), cases[i].tree.mfn);
		assert_int_equal(r.sink.offered, 2);
		store_free(&r.store);
	}
}

/* ---- failures of others ---- */

static int fails(void *opaque, uint64_t first, uint64_t count, pvb_p2m_visit_fn visit,
		 void *visitor, struct pvb_error *error)
{
	unsigned *calls = opaque;

	(void)first;
	(void)count;
	(void)visit;
	(void)visitor;
	(void)error;
	++*calls;
	return -PVB_E_HOST_MAP;
}

static void a_sink_that_fails_ends_the_writing(void **state)
{
	(void)state;
	unsigned calls = 0;
	struct pvb_p2m_sink sink = {&calls, fails};
	struct refused r;

	prepare(&r, 8);
	struct pvb_p2m_map memory = pvb_p2m_map_of(&r.c.extents);

	assert_int_equal(pvb_p2m_write_tree(&r.tree, &sink, &r.error), -PVB_E_HOST_MAP);
	assert_int_equal(calls, 1);
	assert_int_equal(pvb_p2m_write_list(&r.c.geometry, &memory, &sink, &r.error),
			 -PVB_E_HOST_MAP);
	assert_int_equal(calls, 2);
}

static void says_nothing(void *opaque, uint64_t at, uint64_t limit, uint64_t *mfn, uint64_t *count)
{
	(void)opaque;
	(void)at;
	(void)limit;
	*mfn = PVB_P2M_NONE;
	*count = 0;
}

static void a_map_that_breaks_its_word_is_refused(void **state)
{
	(void)state;
	struct refused r;

	prepare(&r, 8);
	r.tree.leaves.find = says_nothing;
	expect(&r, PVB_E_ARG_INVALID, "the map of list");
	prepare(&r, 8);
	r.tree.nodes.find = says_nothing;
	expect(&r, PVB_E_ARG_INVALID, "the map of tree");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_tree_is_what_the_memory_is),
		cmocka_unit_test(a_wrong_entry_anywhere_is_seen),
		cmocka_unit_test(pages_left_out_or_in_each_others_place_are_seen),
		cmocka_unit_test(a_tree_too_flat_for_its_memory_is_refused),
		cmocka_unit_test(a_tree_of_an_impossible_shape_is_refused),
		cmocka_unit_test(a_page_whose_frame_no_entry_can_hold_is_named),
		cmocka_unit_test(a_sink_that_fails_ends_the_writing),
		cmocka_unit_test(a_map_that_breaks_its_word_is_refused),
	};

	return cmocka_run_group_tests_name("p2m tree", tests, NULL, NULL);
}
