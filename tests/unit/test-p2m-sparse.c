/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists and trees of up to as many PFNs as five levels hold. They are written into a sink that
 * keeps the pages alone which lead to the PFNs that are looked at.
 */
#include "support/test.h"

#include "unit/p2m-store.h"

#define TIB(n) (UINT64_C(n) << 40)

enum { PROBES_MAX = 4 * P2M_EXTENTS_MAX + 40 };

struct probes {
	uint64_t pfn[PROBES_MAX];
	size_t count;
	uint64_t page[PROBES_MAX * PVB_P2M_LEVELS_MAX]; /* numbers, ascending */
	size_t pages;
};

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void probe(struct probes *probes, const struct p2m_case *c, uint64_t pfn)
{
	if (pfn < c->geometry.pfns && probes->count < PROBES_MAX)
		probes->pfn[probes->count++] = pfn;
}

/* First and last PFNs, those around the ends of extents, and some at random. */
static void choose_probes(struct probes *probes, const struct p2m_case *c, uint64_t *seed)
{
	probes->count = 0;
	probe(probes, c, 0);
	probe(probes, c, c->geometry.pfns - 1);
	for (size_t i = 0; i < c->extents.count; i++) {
		probe(probes, c, c->list[i].pfn - 1);
		probe(probes, c, c->list[i].pfn);
		probe(probes, c, c->list[i].pfn + c->list[i].count - 1);
		probe(probes, c, c->list[i].pfn + c->list[i].count);
	}
	for (unsigned i = 0; i < 30; i++)
		probe(probes, c, test_random(seed) % c->geometry.pfns);
}

/* The pages at the levels from low to high that lead to the probes. */
static void choose_pages(struct probes *probes, const struct p2m_case *c, unsigned low,
			 unsigned high)
{
	size_t kept = 0;

	probes->pages = 0;
	for (size_t i = 0; i < probes->count; i++) {
		uint64_t index = probes->pfn[i];

		for (unsigned level = 1; level <= high; level++) {
			index /= c->geometry.page_size / c->geometry.entry_size;
			if (level >= low)
				probes->page[probes->pages++] =
					high == 1 ? index : p2m_case_number(c, level, index);
		}
	}
	for (unsigned i = 0; c->shared && high > 1 && i < c->levels - 1; i++)
		probes->page[probes->pages++] = p2m_case_number(c, 1, 0) + i;
	qsort(probes->page, probes->pages, sizeof probes->page[0], compare);
	for (size_t i = 0; i < probes->pages; i++)
		if (i == 0 || probes->page[i] != probes->page[kept - 1])
			probes->page[kept++] = probes->page[i];
	probes->pages = kept;
}

/* Pages above the leaves that are there, counted from the extents. */
static uint64_t pages_there(const struct p2m_case *c)
{
	uint64_t pages = c->shared ? c->levels - 1 : 0;

	for (unsigned level = 2; level <= c->levels; level++) {
		uint64_t next = 0;

		if (!c->may_miss || level == c->levels) {
			pages += p2m_case_pages(c, level);
			continue;
		}
		for (size_t i = 0; i < c->extents.count; i++) {
			uint64_t first = c->list[i].pfn, last = first + c->list[i].count - 1;

			for (unsigned j = 0; j < level; j++) {
				first /= c->geometry.page_size / c->geometry.entry_size;
				last /= c->geometry.page_size / c->geometry.entry_size;
			}
			if (first < next)
				first = next;
			if (last + 1 > first)
				pages += last + 1 - first;
			if (last + 1 > next)
				next = last + 1;
		}
	}
	return pages;
}

static void write_and_probe(struct p2m_case *c, uint64_t *seed)
{
	static struct probes probes;
	struct store store = {.page_size = c->geometry.page_size};
	struct store_sink leaves = {.store = &store, .c = c, .leaves = true, .wanted = probes.page};
	struct store_sink nodes = {.store = &store, .c = c, .wanted = probes.page};
	struct pvb_p2m_sink leaf_sink = store_sink_of(&leaves), node_sink = store_sink_of(&nodes);
	struct pvb_p2m_map memory = pvb_p2m_map_of(&c->extents);
	struct pvb_p2m_tree tree = p2m_case_tree(c);
	struct pvb_error error = {0};

	choose_probes(&probes, c, seed);
	choose_pages(&probes, c, 1, 1);
	leaves.wanted_count = probes.pages;
	assert_ok(pvb_p2m_write_list(&c->geometry, &memory, &leaf_sink, &error), &error);
	assert_int_equal(leaves.offered, p2m_case_pages(c, 1));
	choose_pages(&probes, c, 2, c->levels);
	nodes.wanted_count = probes.pages;
	assert_ok(pvb_p2m_write_tree(&tree, &node_sink, &error), &error);
	assert_int_equal(nodes.offered, pages_there(c));
	if (!c->may_miss && !c->shared)
		assert_int_equal(nodes.offered, pvb_p2m_tree_pages(&c->geometry, c->levels));
	for (size_t i = 0; i < probes.count; i++) {
		uint64_t mfn = 0;
		bool read = store_read_tree(&store, &c->geometry, c->levels, pvb_p2m_root(&tree),
					    probes.pfn[i], &mfn);

		/* A missing leaf's page is the shared one, which the writer of the tree has made.
		 */
		if (!read || mfn != p2m_case_mfn(c, probes.pfn[i]))
			fail_msg("PFN %llx of %llx, %u levels: %llx",
				 (unsigned long long)probes.pfn[i],
				 (unsigned long long)c->geometry.pfns, (unsigned)c->levels,
				 (unsigned long long)mfn);
	}
	store_free(&store);
}

/* All of the ways in which so many PFNs can stand in a tree. */
static void try_size(uint64_t pfns, uint32_t entry_size, uint32_t page_size, uint64_t *seed)
{
	struct p2m_case c = {.geometry = {pfns, entry_size, page_size}};
	unsigned least = pvb_p2m_least_levels(&c.geometry);
	uint64_t leaves = pvb_p2m_list_pages(&c.geometry);

	c.spread = UINT64_C(1) << (entry_size == 8 ? 32 : 20);
	for (unsigned kind = 0; kind < 3; kind++) {
		c.may_miss = kind > 0;
		c.shared = kind == 2;
		/* Frames for so many pages have no numbers of 32 bits. */
		if (entry_size == 4 && !c.may_miss && leaves > UINT32_C(1) << 24)
			continue;
		p2m_case_fill(&c, seed, pfns < UINT32_MAX ? pfns / 3 + 1 : UINT64_C(1) << 31);
		/* One of them at the very end. */
		if (c.extents.count < P2M_EXTENTS_MAX && p2m_case_mfn(&c, pfns - 1) == PVB_P2M_NONE)
			c.list[c.extents.count++] = (struct pvb_p2m_extent){pfns - 1, 77, 1};
		for (c.levels = least; c.levels <= 5; c.levels++)
			write_and_probe(&c, seed);
	}
}

static void try_powers(uint32_t entry_size, uint32_t page_size)
{
	uint64_t full = 1, seed = 9;

	for (unsigned k = 1; k <= 5; k++) {
		if (__builtin_mul_overflow(full, page_size / entry_size, &full))
			return;
		for (unsigned i = 0; i < 3; i++) {
			struct pvb_p2m_geometry geometry = {full - 1 + i, entry_size, page_size};

			if (pvb_p2m_least_levels(&geometry))
				try_size(full - 1 + i, entry_size, page_size, &seed);
		}
	}
}

static void pages_of_4_kib_are_right_around_each_power_of_512(void **state)
{
	(void)state;
	try_powers(8, 4096);
}

static void pages_of_4_kib_are_right_around_each_power_of_1024(void **state)
{
	(void)state;
	try_powers(4, 4096);
}

static void pages_of_16_kib_are_right_around_each_power_of_their_entries(void **state)
{
	(void)state;
	try_powers(8, 16384);
	try_powers(4, 16384);
}

static void pages_of_64_kib_are_right_around_each_power_of_their_entries(void **state)
{
	(void)state;
	try_powers(8, 65536);
	try_powers(4, 65536);
}

static void any_extents_in_a_space_of_any_size_read_back(void **state)
{
	(void)state;
	uint64_t seed = 31;

	for (unsigned round = 0; round < 60; round++) {
		uint64_t bits = 8 + test_random(&seed) % 36;

		try_size(1 + test_random(&seed) % (UINT64_C(1) << bits),
			 test_random(&seed) % 2 ? 8 : 4, 4096u << 2 * (test_random(&seed) % 3),
			 &seed);
	}
}

/* 4 TiB of which the first and the last page have a frame: by numbers that are known. */
static void a_tree_of_two_pages_far_apart_has_two_branches(void **state)
{
	(void)state;
	struct pvb_error error = {0};

	for (unsigned shared = 0; shared < 2; shared++) {
		struct store store = {.page_size = 4096};
		struct p2m_case c = {
			.geometry = {.pfns = TIB(4) >> 12, .entry_size = 8, .page_size = 4096},
			.levels = 4,
			.may_miss = true,
			.shared = shared,
			.spread = 1,
			.list = {{0, 1000, 1}, {(TIB(4) >> 12) - 1, 2000, 1}},
			.extents = {c.list, 2},
			.shared_frames = {1, 2, 3},
		};
		struct store_sink sink = {.store = &store, .c = &c, .at_once = 2};
		struct pvb_p2m_sink writes = store_sink_of(&sink);
		struct pvb_p2m_tree tree = p2m_case_tree(&c);

		assert_ok(pvb_p2m_write_tree(&tree, &writes, &error), &error);
		/* the root, two of level 3, two of level 2, and the shared ones */
		assert_int_equal(store.count, 5 + 3 * shared);

		const uint8_t *root = store_find(&store, pvb_p2m_root(&tree));
		const uint8_t *first = store_find(&store, entry_get(root, 8, 0));
		const uint8_t *last = store_find(&store, entry_get(root, 8, 7));
		const uint8_t *below;

		for (unsigned i = 1; i < 7; i++)
			assert_int_equal(entry_get(root, 8, i), shared ? 3 : PVB_P2M_NONE);
		for (unsigned i = 8; i < 512; i++)
			assert_int_equal(entry_get(root, 8, i), PVB_P2M_NONE);
		assert_non_null(first);
		assert_non_null(last);
		for (unsigned i = 0; i < 511; i++) {
			assert_int_equal(entry_get(first, 8, i + 1), shared ? 2 : PVB_P2M_NONE);
			assert_int_equal(entry_get(last, 8, i), shared ? 2 : PVB_P2M_NONE);
		}
		below = store_find(&store, entry_get(last, 8, 511));
		assert_non_null(below);
		for (unsigned i = 0; i < 511; i++)
			assert_int_equal(entry_get(below, 8, i), shared ? 1 : PVB_P2M_NONE);
		assert_int_equal(entry_get(below, 8, 511),
				 p2m_case_frame(&c, 1, (TIB(4) >> 21) - 1));
		store_free(&store);
	}
}

/* What is handed in says it as a whole: a tree costs nothing for what it has not. */
struct counted {
	struct pvb_p2m_map map;
	uint64_t calls;
};

static void count_find(void *opaque, uint64_t at, uint64_t limit, uint64_t *mfn, uint64_t *count)
{
	struct counted *counted = opaque;

	counted->calls++;
	counted->map.find(counted->map.opaque, at, limit, mfn, count);
}

static int takes_all(void *opaque, uint64_t first, uint64_t count, pvb_p2m_visit_fn visit,
		     void *visitor, struct pvb_error *error)
{
	uint64_t *pages = opaque;

	(void)first;
	(void)visit;
	(void)visitor;
	(void)error;
	*pages += count;
	return 0;
}

static void finding_what_is_missing_costs_nothing_per_page(void **state)
{
	(void)state;
	static const struct pvb_p2m_extent ends[] = {{5, 100, 1},
						     {(UINT64_C(1) << 36) - 7, 200, 1}};
	static const struct pvb_p2m_extent all = {0, 1000, UINT64_C(1) << 40};
	struct pvb_p2m_extents leaves = {ends, 2}, nodes = {&all, 1};
	struct counted counted = {.map = pvb_p2m_map_of(&leaves)};
	uint64_t pages = 0;
	struct pvb_p2m_sink sink = {&pages, takes_all};
	struct pvb_p2m_tree tree = {
		.geometry = {.pfns = UINT64_C(1) << 45, .entry_size = 8, .page_size = 4096},
		.levels = 5,
		.leaves = {&counted, count_find},
		.nodes = pvb_p2m_map_of(&nodes),
	};
	struct pvb_error error = {0};

	assert_ok(pvb_p2m_write_tree(&tree, &sink, &error), &error);
	assert_int_equal(pages, 1 + 2 + 2 + 2);
	assert_true(counted.calls < 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_of_4_kib_are_right_around_each_power_of_512),
		cmocka_unit_test(pages_of_4_kib_are_right_around_each_power_of_1024),
		cmocka_unit_test(pages_of_16_kib_are_right_around_each_power_of_their_entries),
		cmocka_unit_test(pages_of_64_kib_are_right_around_each_power_of_their_entries),
		cmocka_unit_test(any_extents_in_a_space_of_any_size_read_back),
		cmocka_unit_test(a_tree_of_two_pages_far_apart_has_two_branches),
		cmocka_unit_test(finding_what_is_missing_costs_nothing_per_page),
	};

	return cmocka_run_group_tests_name("p2m sparse", tests, NULL, NULL);
}
