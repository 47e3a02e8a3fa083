/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sound p2m, whatever its form: what stands in it is what is read. */
#include "unit/p2m-guest.h"

#include "p2m/p2m.h"
#include "support/test.h"

static struct pvb_p2m *read_p2m(struct p2m_guest *guest, const struct pvb_p2m_options *options)
{
	struct pvb_p2m *p2m;
	struct pvb_error error;

	assert_ok(pvb_p2m_read(&guest->access, NULL, options, &p2m, &error), &error);
	return p2m;
}

static void assert_extents(const struct pvb_p2m *p2m, const struct pvb_p2m_extent *extents,
			   size_t count)
{
	const struct pvb_p2m_info *info = pvb_p2m_info(p2m);
	uint64_t frames = 0;

	assert_int_equal(info->extent_count, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t last = extents[i].count - 1;

		assert_int_equal(info->extents[i].pfn, extents[i].pfn);
		assert_int_equal(info->extents[i].mfn, extents[i].mfn);
		assert_int_equal(info->extents[i].count, extents[i].count);
		assert_int_equal(pvb_p2m_find(p2m, extents[i].pfn), extents[i].mfn);
		assert_int_equal(pvb_p2m_find(p2m, extents[i].pfn + last), extents[i].mfn + last);
		frames += extents[i].count;
	}
	assert_int_equal(info->frames, frames);
	assert_int_equal(info->frames + info->holes + info->foreign + info->identity + info->wild,
			 info->geometry.pfns);
	assert_int_equal(info->leaf_pages + info->missing_pages,
			 pvb_p2m_list_pages(&info->geometry));
}

static void assert_looked_up(struct p2m_guest *guest, uint64_t pfn, uint64_t mfn)
{
	struct pvb_error error;
	enum pvb_p2m_entry kind;
	uint64_t entry;

	assert_ok(pvb_p2m_lookup(&guest->access, NULL, NULL, pfn, &kind, &entry, &error), &error);
	assert_int_equal(entry, mfn);
	assert_int_equal(kind, mfn == PVB_P2M_NONE ? PVB_P2M_ENTRY_INVALID : PVB_P2M_ENTRY_FRAME);
}

/* ---- every shape ---- */

/* One frame at each end, one in the middle, and a run where pages meet. */
static size_t ends_of(uint64_t pfns, uint64_t per_page, struct pvb_p2m_extent extents[4])
{
	size_t count = 0;

	extents[count++] = (struct pvb_p2m_extent){0, 0x123456, 1};
	if (pfns > 2 * per_page)
		extents[count++] = (struct pvb_p2m_extent){per_page - 2, 0x200000, 4};
	if (pfns > 8 * per_page)
		extents[count++] = (struct pvb_p2m_extent){pfns / 2, 0x300000, 3};
	if (pfns > 1)
		extents[count++] = (struct pvb_p2m_extent){pfns - 1, 0x3fffff, 1};
	return count;
}

static void read_tree_of(unsigned bits, uint32_t page_size, unsigned levels, uint64_t pfns)
{
	struct p2m_guest guest;
	struct pvb_p2m_extent extents[4];

	guest_open(&guest, bits, page_size);
	size_t count = ends_of(pfns, guest_per_page(&guest), extents);

	guest_tree(&guest, levels, pfns, extents, count);
	guest_confirm(&guest, extents, count);

	struct pvb_p2m *p2m = read_p2m(&guest, NULL);
	const struct pvb_p2m_info *info = pvb_p2m_info(p2m);

	assert_extents(p2m, extents, count);
	assert_int_equal(info->anchor, PVB_P2M_ANCHOR_ROOT);
	assert_int_equal(info->levels, levels);
	assert_int_equal(info->root, guest.anchors.p2m_root);
	assert_int_equal(info->total_disagreements, 0);
	assert_true(info->m2p_known);
	assert_true(guest.pages_read <= guest.count);
	assert_int_equal(info->table_pages + info->leaf_pages, guest.count);
	pvb_p2m_free(p2m);
	for (size_t i = 0; i < count; i++)
		assert_looked_up(&guest, extents[i].pfn, extents[i].mfn);
	if (pfns > 8 * guest_per_page(&guest)) {
		assert_looked_up(&guest, 1, PVB_P2M_NONE);
		assert_looked_up(&guest, pfns / 2 - 1, PVB_P2M_NONE);
	}
	guest_close(&guest);
}

static void trees_of_every_depth_are_read(void **state)
{
	(void)state;
	for (unsigned bits = 32; bits <= 64; bits += 32) {
		uint64_t per_page = 4096 / (bits / 8), reach = 1;

		for (unsigned levels = 1; levels <= 5; levels++) {
			read_tree_of(bits, 0, levels, 1);
			if (reach > 1) {
				read_tree_of(bits, 0, levels, reach - 1);
				read_tree_of(bits, 0, levels, reach);
				read_tree_of(bits, 0, levels, reach + 1);
			}
			reach *= per_page;
			read_tree_of(bits, 0, levels, reach - 1);
			read_tree_of(bits, 0, levels, reach);
		}
	}
}

static void trees_of_larger_pages_are_read(void **state)
{
	(void)state;
	for (uint32_t page_size = 16384; page_size <= 65536; page_size *= 4)
		for (unsigned levels = 1; levels <= 4; levels++) {
			uint64_t reach = 1;

			for (unsigned i = 0; i < levels; i++)
				reach *= page_size / 8;
			read_tree_of(64, page_size, levels, reach);
			read_tree_of(64, page_size, levels, reach - 1);
		}
}

static void a_frame_list_list_is_a_tree_of_three_levels(void **state)
{
	struct p2m_guest guest;
	struct pvb_p2m_extent extents[4];

	(void)state;
	guest_open(&guest, 64, 0);
	size_t count = ends_of(1 << 27, 512, extents);

	guest_tree(&guest, 3, 1 << 27, extents, count);
	guest.anchors.has_tree = false;
	guest.anchors.frame_list_list = guest.anchors.p2m_root;

	struct pvb_p2m *p2m = read_p2m(&guest, NULL);

	assert_extents(p2m, extents, count);
	assert_int_equal(pvb_p2m_info(p2m)->anchor, PVB_P2M_ANCHOR_FRAME_LIST);
	assert_int_equal(pvb_p2m_info(p2m)->levels, 3);
	assert_int_equal(pvb_p2m_info(p2m)->vaddr, PVB_P2M_NONE);
	pvb_p2m_free(p2m);
	guest_close(&guest);
}

static void read_list_of(unsigned bits, uint64_t pfns)
{
	struct p2m_guest guest;
	struct pvb_p2m_extent extents[4];

	guest_open(&guest, bits, 0);
	size_t count = ends_of(pfns, guest_per_page(&guest), extents);

	guest_list(&guest, pfns, extents, count);
	guest_confirm(&guest, extents, count);
	/* A list is taken before any tree. */
	guest.anchors.frame_list_list = PVB_P2M_NONE;
	guest.anchors.has_tree = true;

	struct pvb_p2m *p2m = read_p2m(&guest, NULL);
	const struct pvb_p2m_info *info = pvb_p2m_info(p2m);

	assert_extents(p2m, extents, count);
	assert_int_equal(info->anchor, PVB_P2M_ANCHOR_CR3);
	assert_int_equal(info->levels, 0);
	assert_int_equal(info->vaddr, guest.anchors.p2m_vaddr);
	assert_int_equal(info->total_disagreements, 0);
	assert_int_equal(info->table_pages + info->leaf_pages, guest.count);
	assert_true(guest.pages_read <= guest.count);
	pvb_p2m_free(p2m);
	for (size_t i = 0; i < count; i++)
		assert_looked_up(&guest, extents[i].pfn, extents[i].mfn);
	if (pfns > 2048)
		assert_looked_up(&guest, pfns / 2 - 1, PVB_P2M_NONE);
	guest_close(&guest);
}

static void lists_are_read_through_the_guests_page_tables(void **state)
{
	(void)state;
	const uint64_t sizes[] = {1,    2,       511,     512,           513,
				  1024, 1 << 18, 3 << 18, (1 << 27) + 1, UINT64_C(1) << 34};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		read_list_of(64, sizes[i]);
		if (sizes[i] < 1 << 28)
			read_list_of(32, sizes[i]);
	}
}

static void a_dense_list_takes_a_read_for_many_pages(void **state)
{
	const struct pvb_p2m_extent memory = {0, 0x100000, 512 * 1024};
	struct p2m_guest guest;

	(void)state;
	guest_open(&guest, 64, 0);
	guest_list(&guest, memory.count, &memory, 1);

	struct pvb_p2m *p2m = read_p2m(&guest, NULL);

	assert_extents(p2m, &memory, 1);
	/* 1024 pages of entries, 256 at a time, and begun anew with each of 3 tables of them. */
	assert_int_equal(pvb_p2m_info(p2m)->leaf_pages, 1024);
	print_message("%llu reads of %llu pages\n", (unsigned long long)guest.reads,
		      (unsigned long long)guest.pages_read);
	assert_true(guest.reads <= 14);
	assert_int_equal(guest.looks, 2);
	pvb_p2m_free(p2m);
	guest_close(&guest);
}

/* ---- what the library writes ---- */

struct sink {
	struct p2m_guest *guest;
	const uint64_t *frames;
};

static int each(void *opaque, uint64_t first, uint64_t count, pvb_p2m_visit_fn visit, void *visitor,
		struct pvb_error *error)
{
	const struct sink *sink = opaque;
	int rc = 0;

	for (uint64_t i = first; !rc && i < first + count; i++)
		rc = visit(visitor, guest_at(sink->guest, sink->frames[i]), i, 1, error);
	return rc;
}

/* Frames by page, as a map. */
struct frame_list {
	const uint64_t *frames;
};

static void find_frame(void *opaque, uint64_t at, uint64_t limit, uint64_t *mfn, uint64_t *count)
{
	const struct frame_list *list = opaque;

	(void)limit;
	*mfn = list->frames[at];
	*count = 1;
}

enum { ROUND_EXTENTS = 40, ROUND_PAGES = 600 };

static size_t random_extents(uint64_t *seed, uint64_t pfns, struct pvb_p2m_extent *extents)
{
	size_t count = 0;
	uint64_t mfn = 0x100000, pfn = 0;

	while (count < ROUND_EXTENTS) {
		uint64_t n = 1 + test_random(seed) % 3000;

		pfn += test_random(seed) % 3 ? test_random(seed) % 4000 : 1;
		mfn += 1 + test_random(seed) % 5000;
		if (pfn >= pfns)
			break;
		if (n > pfns - pfn)
			n = pfns - pfn;
		extents[count++] = (struct pvb_p2m_extent){pfn, mfn, n};
		pfn += n;
		mfn += n;
	}
	return count;
}

static void write_and_read(uint64_t *seed, unsigned bits, unsigned levels, bool shared)
{
	struct pvb_p2m_extent list[ROUND_EXTENTS];
	struct p2m_guest guest;
	struct pvb_error error = {0};
	uint64_t leaves[ROUND_PAGES], nodes[ROUND_PAGES], shared_frames[4] = {0};

	guest_open(&guest, bits, 0);

	struct pvb_p2m_geometry geometry = {.entry_size = bits / 8, .page_size = 4096};
	uint64_t capacity = 1;

	for (unsigned i = 0; i < levels; i++)
		capacity *= guest_per_page(&guest);
	geometry.pfns = 1 + test_random(seed) % (capacity < 200000 ? capacity : 200000);

	struct pvb_p2m_extents extents = {list, random_extents(seed, geometry.pfns, list)};
	struct pvb_p2m_map memory = pvb_p2m_map_of(&extents);
	uint64_t pages = pvb_p2m_list_pages(&geometry);
	uint64_t node_count = pvb_p2m_tree_pages(&geometry, levels);

	assert_true(pages <= ROUND_PAGES && node_count + 4 <= ROUND_PAGES);
	for (uint64_t i = 0; i < pages; i++)
		leaves[i] = guest_page(&guest);
	for (uint64_t i = 0; i < node_count; i++)
		nodes[i] = guest_page(&guest);

	struct sink list_sink = {&guest, leaves}, tree_sink = {&guest, nodes};
	struct pvb_p2m_sink sink = {&list_sink, each};
	struct frame_list leaf_list = {leaves}, node_list = {nodes};
	struct pvb_p2m_tree tree = {
		.geometry = geometry,
		.levels = levels,
		.leaves = {&leaf_list, find_frame},
		.nodes = {&node_list, find_frame},
	};

	assert_ok(pvb_p2m_write_list(&geometry, &memory, &sink, &error), &error);
	if (shared) {
		/* Pages of entries without a frame are missing, and the shared ones stand there. */
		for (uint64_t i = 0; i < pages; i++) {
			uint64_t mfn, count, per_page = guest_per_page(&guest);

			memory.find(memory.opaque, i * per_page, per_page, &mfn, &count);
			if (mfn == PVB_P2M_NONE && count >= per_page && i + 1 < pages)
				leaves[i] = PVB_P2M_NONE;
		}
		for (unsigned i = 0; i + 1 < levels; i++)
			nodes[node_count + i] = shared_frames[i] = guest_page(&guest);
		tree.shared = shared_frames;
		tree.shared_count = levels - 1;
	}
	sink = (struct pvb_p2m_sink){&tree_sink, each};
	assert_ok(pvb_p2m_write_tree(&tree, &sink, &error), &error);
	guest.anchors.max_pfn = geometry.pfns;
	guest.anchors.has_tree = true;
	guest.anchors.p2m_levels = levels;
	guest.anchors.p2m_root = pvb_p2m_root(&tree);
	guest_confirm(&guest, list, extents.count);

	struct pvb_p2m_options strict = PVB_P2M_OPTIONS_INIT;

	strict.strict = true;

	struct pvb_p2m *p2m = read_p2m(&guest, &strict);

	assert_extents(p2m, list, extents.count);
	pvb_p2m_free(p2m);
	for (unsigned i = 0; i < 50; i++) {
		uint64_t pfn = test_random(seed) % geometry.pfns, mfn, count;

		memory.find(memory.opaque, pfn, 1, &mfn, &count);
		assert_looked_up(&guest, pfn, mfn);
	}
	guest_close(&guest);
}

static void what_is_written_reads_back(void **state)
{
	uint64_t seed = 2014;

	(void)state;
	for (unsigned round = 0; round < 12; round++)
		for (unsigned levels = 1; levels <= 5; levels++)
			for (unsigned bits = 32; bits <= 64; bits += 32) {
				write_and_read(&seed, bits, levels, false);
				write_and_read(&seed, bits, levels, levels > 1);
			}
}

/* ---- entries ---- */

static void marks_are_told_apart(unsigned bits)
{
	const struct pvb_p2m_extent memory = {0, 0x100000, 2000};
	const uint64_t foreign = UINT64_C(1) << (bits - 1), identity = UINT64_C(1) << (bits - 2);
	struct p2m_guest guest;
	struct pvb_error error;
	enum pvb_p2m_entry kind;
	uint64_t entry;

	guest_open(&guest, bits, 0);
	guest_tree(&guest, 3, 2000, &memory, 1);

	uint64_t leaf = guest_node(&guest, 1, 0);

	guest_put(&guest, leaf, 3, UINT64_MAX);
	guest_put(&guest, leaf, 4, foreign | 0x100);
	guest_put(&guest, leaf, 5, foreign | 0x101);
	guest_put(&guest, leaf, 6, identity | 6);
	guest_put(&guest, leaf, 7, foreign | identity | 7);
	guest_put(&guest, leaf, 8, GUEST_FRAMES);
	guest_put(&guest, leaf, 9, GUEST_FRAMES - 1);

	struct pvb_p2m *p2m = read_p2m(&guest, NULL);
	const struct pvb_p2m_info *info = pvb_p2m_info(p2m);

	assert_int_equal(info->foreign, 3);
	assert_int_equal(info->identity, 1);
	assert_int_equal(info->wild, 1);
	assert_int_equal(info->holes, 1);
	assert_int_equal(info->frames, 1994);
	assert_int_equal(info->extent_count, 3);
	assert_int_equal(pvb_p2m_find(p2m, 2), 0x100002);
	assert_int_equal(pvb_p2m_find(p2m, 3), PVB_P2M_NONE);
	assert_int_equal(pvb_p2m_find(p2m, 8), PVB_P2M_NONE);
	assert_int_equal(pvb_p2m_find(p2m, 9), GUEST_FRAMES - 1);
	assert_int_equal(pvb_p2m_find(p2m, 2000), PVB_P2M_NONE);
	pvb_p2m_free(p2m);

	const struct {
		uint64_t pfn;
		enum pvb_p2m_entry kind;
		uint64_t entry;
	} wanted[] = {
		{2, PVB_P2M_ENTRY_FRAME, 0x100002},
		{3, PVB_P2M_ENTRY_INVALID, PVB_P2M_NONE},
		{4, PVB_P2M_ENTRY_FOREIGN, foreign | 0x100},
		{6, PVB_P2M_ENTRY_IDENTITY, identity | 6},
		{8, PVB_P2M_ENTRY_WILD, GUEST_FRAMES},
	};

	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		assert_ok(pvb_p2m_lookup(&guest.access, NULL, NULL, wanted[i].pfn, &kind, &entry,
					 &error),
			  &error);
		assert_int_equal(kind, wanted[i].kind);
		assert_int_equal(entry, wanted[i].entry);
	}
	assert_fails_with(pvb_p2m_lookup(&guest.access, NULL, NULL, 2000, &kind, &entry, &error),
			  PVB_E_ARG_INVALID, &error);
	guest_close(&guest);
}

static void entries_that_are_no_frames_are_told_apart(void **state)
{
	(void)state;
	marks_are_told_apart(64);
	marks_are_told_apart(32);
}

static void the_all_ones_of_32_bits_are_an_mfn_of_64(void **state)
{
	const struct pvb_p2m_extent memory = {0, 0x100000, 4};
	struct p2m_guest guest;

	(void)state;
	guest_open(&guest, 64, 0);
	guest_tree(&guest, 1, 4, &memory, 1);
	guest_put(&guest, guest.anchors.p2m_root, 1, UINT32_MAX);

	struct pvb_p2m *p2m = read_p2m(&guest, NULL);

	assert_int_equal(pvb_p2m_info(p2m)->holes, 0);
	assert_int_equal(pvb_p2m_info(p2m)->wild, 1);
	pvb_p2m_free(p2m);
	guest.access.frames = UINT64_C(1) << 33;
	p2m = read_p2m(&guest, NULL);
	assert_int_equal(pvb_p2m_find(p2m, 1), UINT32_MAX);
	pvb_p2m_free(p2m);
	guest_close(&guest);
}

/* ---- pages that stand in several places ---- */

static void empty_pages_are_looked_at_twice_however_often_they_stand_there(void **state)
{
	const struct pvb_p2m_extent memory = {0, 0x100000, 5};
	struct p2m_guest guest;

	(void)state;
	guest_open(&guest, 64, 0);
	guest_tree(&guest, 5, UINT64_C(1) << 45, &memory, 1);

	/* Linux' three: a page of holes, a page of identities, and tables of both. */
	uint64_t missing = guest_page(&guest), identity = guest_page(&guest), node = missing;

	for (unsigned i = 0; i < 512; i++)
		guest_put(&guest, identity, i, UINT64_C(1) << 62 | i);
	for (unsigned level = 2; level <= 5; level++) {
		uint64_t above = level == 5 ? guest.anchors.p2m_root : guest_page(&guest);

		for (unsigned i = level == 5; i < 512; i++)
			guest_put(&guest, above, i, level == 2 && i == 7 ? identity : node);
		node = above;
	}

	struct pvb_p2m *p2m = read_p2m(&guest, NULL);
	const struct pvb_p2m_info *info = pvb_p2m_info(p2m);

	assert_int_equal(info->frames, 5);
	assert_int_equal(info->identity, UINT64_C(511) << 27);
	assert_int_equal(info->holes, (UINT64_C(1) << 45) - 5 - info->identity);
	assert_int_equal(info->leaf_pages, 1 + (UINT64_C(511) << 27));
	assert_int_equal(info->shared_pages, info->leaf_pages - 3);
	assert_int_equal(info->missing_pages, (UINT64_C(1) << 36) - info->leaf_pages);
	print_message("%llu pages read for %llu PFNs\n", (unsigned long long)guest.pages_read,
		      (unsigned long long)info->geometry.pfns);
	assert_true(guest.pages_read < 20);
	pvb_p2m_free(p2m);
	guest_close(&guest);
}

static void a_list_for_512_gib_that_shares_its_tables_costs_what_is_in_it(void **state)
{
	const struct pvb_p2m_extent memory = {0, 0x100000, 300000};
	struct p2m_guest guest;

	(void)state;
	guest_open(&guest, 64, 0);
	guest_list(&guest, memory.count, &memory, 1);
	guest.anchors.max_pfn = 1 << 27;

	uint64_t missing = guest_page(&guest), table = guest_page(&guest);
	uint64_t va = guest.anchors.p2m_vaddr, end = va + (UINT64_C(8) << 27);

	for (unsigned i = 0; i < 512; i++)
		*guest_pte(&guest, table, i) = missing << 12 | 0x67;
	for (uint64_t at = va + (300000 * 8 + 4095) / 4096 * 4096; at < end; at += 4096) {
		if (at & 0x1fffff || end - at < 0x200000) {
			guest_map(&guest, at, missing);
			continue;
		}
		guest_map(&guest, at, missing); /* makes the tables above */
		*guest_pte(&guest, guest_table(&guest, 2, at), at >> 21 & 511) = table << 12 | 0x67;
		at += 0x1ff000;
	}

	struct pvb_p2m *p2m = read_p2m(&guest, NULL);

	assert_extents(p2m, &memory, 1);
	assert_int_equal(pvb_p2m_info(p2m)->holes, (1 << 27) - 300000);
	assert_int_equal(pvb_p2m_info(p2m)->missing_pages, 0);
	print_message("%llu reads of %llu pages\n", (unsigned long long)guest.reads,
		      (unsigned long long)guest.pages_read);
	assert_true(guest.pages_read < 620);
	pvb_p2m_free(p2m);
	guest_close(&guest);
}

/* ---- the M2P ---- */

static void disagreements_are_told_in_runs(void **state)
{
	const struct pvb_p2m_extent memory[] = {{0, 0x100000, 1000}, {2000, 0x300000, 1000}};
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;
	struct pvb_p2m *p2m;
	struct pvb_error error;

	(void)state;
	guest_open(&guest, 64, 0);
	guest_tree(&guest, 2, 3000, memory, 2);
	guest_confirm(&guest, memory, 2);
	/* Frames given back, and frames that are now other pages. */
	assert_int_equal(pvb_runs_remove(&guest.m2p, 0x100064, 10), 0);
	assert_int_equal(pvb_runs_remove(&guest.m2p, 0x3001f0, 20), 0);
	assert_int_equal(pvb_runs_add(&guest.m2p, 0x3001f0, 7000, 20), 0);

	p2m = read_p2m(&guest, NULL);
	const struct pvb_p2m_info *info = pvb_p2m_info(p2m);

	assert_int_equal(info->total_disagreements, 30);
	assert_int_equal(info->disagreement_count, 2);
	assert_int_equal(info->disagreements[0].pfn, 100);
	assert_int_equal(info->disagreements[0].mfn, 0x100064);
	assert_int_equal(info->disagreements[0].m2p_pfn, PVB_P2M_NONE);
	assert_int_equal(info->disagreements[0].count, 10);
	assert_int_equal(info->disagreements[1].pfn, 2496);
	assert_int_equal(info->disagreements[1].m2p_pfn, 7000);
	assert_int_equal(info->disagreements[1].count, 20);
	assert_int_equal(info->frames, 2000);
	assert_int_equal(info->extent_count, 2);
	pvb_p2m_free(p2m);

	options.confirmed = true;
	options.max_disagreements = 1;
	p2m = read_p2m(&guest, &options);
	info = pvb_p2m_info(p2m);
	assert_int_equal(info->total_disagreements, 30);
	assert_int_equal(info->disagreement_count, 1);
	assert_int_equal(info->extent_count, 4);
	assert_int_equal(pvb_p2m_find(p2m, 99), 0x100063);
	assert_int_equal(pvb_p2m_find(p2m, 100), PVB_P2M_NONE);
	assert_int_equal(pvb_p2m_find(p2m, 110), 0x10006e);
	assert_int_equal(pvb_p2m_find(p2m, 2515), PVB_P2M_NONE);
	pvb_p2m_free(p2m);

	options.strict = true;
	assert_fails_with(pvb_p2m_read(&guest.access, NULL, &options, &p2m, &error), PVB_E_P2M_M2P,
			  &error);
	assert_non_null(
		strstr(error.message, "PFN 0x64 at MFN 0x100064, but the M2P knows no PFN"));
	assert_null(p2m);

	/* Nobody asks an M2P that is not there. */
	guest.access.m2p = NULL;
	options.confirmed = false;
	p2m = read_p2m(&guest, &options);
	assert_false(pvb_p2m_info(p2m)->m2p_known);
	pvb_p2m_free(p2m);
	guest_close(&guest);
}

/* ---- owners ---- */

/* The M2P agrees on all of it: the pages of another domain have the same PFNs there. */
static void frames_of_others_are_told_though_the_m2p_agrees(void **state)
{
	const struct pvb_p2m_extent memory[] = {{0, 0x100000, 1000}, {2000, 0x300000, 1000}};
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;
	struct pvb_p2m *p2m;
	struct pvb_error error;

	(void)state;
	guest_open(&guest, 64, 0);
	guest_tree(&guest, 2, 3000, memory, 2);
	guest_confirm(&guest, memory, 2);
	p2m = read_p2m(&guest, NULL);
	assert_false(pvb_p2m_info(p2m)->owners_known);
	pvb_p2m_free(p2m);

	/* The end of one extent and the beginning of the other, and one in its midst. */
	guest_estrange(&guest, 0x100000 + 990, 10);
	guest_estrange(&guest, 0x300000, 5);
	guest_estrange(&guest, 0x300000 + 500, 1);
	p2m = read_p2m(&guest, NULL);

	const struct pvb_p2m_info *info = pvb_p2m_info(p2m);

	assert_true(info->owners_known);
	assert_int_equal(info->total_not_owned, 16);
	assert_int_equal(info->not_owned_count, 3);
	assert_int_equal(info->not_owned[0].pfn, 990);
	assert_int_equal(info->not_owned[0].mfn, 0x100000 + 990);
	assert_int_equal(info->not_owned[0].count, 10);
	assert_int_equal(info->not_owned[1].pfn, 2000);
	assert_int_equal(info->not_owned[1].count, 5);
	assert_int_equal(info->not_owned[2].pfn, 2500);
	assert_int_equal(info->total_disagreements, 0);
	assert_int_equal(info->frames, 2000);
	assert_int_equal(info->extent_count, 2);
	pvb_p2m_free(p2m);

	options.confirmed = true;
	options.max_disagreements = 1;
	p2m = read_p2m(&guest, &options);
	info = pvb_p2m_info(p2m);
	assert_int_equal(info->total_not_owned, 16);
	assert_int_equal(info->not_owned_count, 1);
	assert_int_equal(info->extent_count, 3);
	assert_int_equal(pvb_p2m_find(p2m, 989), 0x100000 + 989);
	assert_int_equal(pvb_p2m_find(p2m, 990), PVB_P2M_NONE);
	assert_int_equal(pvb_p2m_find(p2m, 2004), PVB_P2M_NONE);
	assert_int_equal(pvb_p2m_find(p2m, 2005), 0x300005);
	assert_int_equal(pvb_p2m_find(p2m, 2500), PVB_P2M_NONE);
	pvb_p2m_free(p2m);

	/* So it is where there is no M2P. */
	guest.access.m2p = NULL;
	p2m = read_p2m(&guest, &options);
	assert_int_equal(pvb_p2m_info(p2m)->extent_count, 3);
	assert_false(pvb_p2m_info(p2m)->m2p_known);
	pvb_p2m_free(p2m);

	options.strict = true;
	assert_fails_with(pvb_p2m_read(&guest.access, NULL, &options, &p2m, &error),
			  PVB_E_P2M_FOREIGN, &error);
	assert_non_null(strstr(error.message,
			       "PFN 0x3de at MFN 0x1003de, but that frame is not the guest's"));
	assert_non_null(strstr(error.hint, "16 PFNs"));
	assert_null(p2m);
	guest_close(&guest);
}

/* Single pages all over the machine: they are asked for together. */
static void owners_of_scattered_frames_are_asked_for_at_once(void **state)
{
	struct pvb_p2m_extent memory[512];
	struct p2m_guest guest;
	struct pvb_p2m *p2m;

	(void)state;
	for (uint64_t i = 0; i < 512; i++)
		memory[i] = (struct pvb_p2m_extent){i, 0x100000 + 2 * i, 1};
	guest_open(&guest, 64, 0);
	guest_tree(&guest, 1, 512, memory, 512);
	guest_confirm(&guest, memory, 512);
	guest_estrange(&guest, 0x50, 1);
	p2m = read_p2m(&guest, NULL);
	assert_int_equal(pvb_p2m_info(p2m)->extent_count, 512);
	assert_int_equal(pvb_p2m_info(p2m)->total_not_owned, 0);
	assert_int_equal(guest.owner_asks, 2);
	pvb_p2m_free(p2m);
	guest_close(&guest);
}

static int tell_of_none(void *opaque, const struct pvb_p2m_extent *extents, size_t count,
			bool *owned, uint64_t *frames, struct pvb_error *error)
{
	(void)opaque, (void)extents, (void)count, (void)error;
	*owned = true;
	*frames = 0;
	return 0;
}

static int tell_of_too_many(void *opaque, const struct pvb_p2m_extent *extents, size_t count,
			    bool *owned, uint64_t *frames, struct pvb_error *error)
{
	(void)opaque, (void)extents, (void)count, (void)error;
	*owned = true;
	*frames = 513;
	return 0;
}

static void a_function_for_owners_that_miscounts_is_refused(void **state)
{
	const struct pvb_p2m_extent memory[] = {{0, 0x100000, 512}};
	struct p2m_guest guest;
	struct pvb_p2m *p2m;
	struct pvb_error error;

	(void)state;
	guest_open(&guest, 64, 0);
	guest_tree(&guest, 1, 512, memory, 1);
	guest_confirm(&guest, memory, 1);
	guest.access.owned = tell_of_none;
	assert_fails_with(pvb_p2m_read(&guest.access, NULL, NULL, &p2m, &error), PVB_E_ARG_INVALID,
			  &error);
	guest.access.owned = tell_of_too_many;
	assert_fails_with(pvb_p2m_read(&guest.access, NULL, NULL, &p2m, &error), PVB_E_ARG_INVALID,
			  &error);
	assert_null(p2m);
	guest_close(&guest);
}

/* Of one piece that the guest claims, the M2P confirms every other frame. */
static void what_is_confirmed_is_in_no_more_pieces_than_are_kept(void **state)
{
	const struct pvb_p2m_extent memory[] = {{0, 0x100000, 512}};
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;
	struct pvb_p2m *p2m = NULL;
	struct pvb_error error;

	(void)state;
	guest_open(&guest, 64, 0);
	guest_tree(&guest, 1, 512, memory, 1);
	for (uint64_t pfn = 0; pfn < 512; pfn += 2)
		assert_int_equal(pvb_runs_add(&guest.m2p, 0x100000 + pfn, pfn, 1), 0);
	options.confirmed = true;
	options.max_extents = 256;
	p2m = read_p2m(&guest, &options);
	assert_int_equal(pvb_p2m_info(p2m)->extent_count, 256);
	pvb_p2m_free(p2m);
	options.max_extents = 255;
	assert_fails_with(pvb_p2m_read(&guest.access, NULL, &options, &p2m, &error),
			  PVB_E_P2M_SCATTERED, &error);
	assert_non_null(strstr(error.message, "more than 255 pieces"));
	assert_null(p2m);
	guest_close(&guest);
}

static void all_disagreements_can_be_asked_for(void **state)
{
	const struct pvb_p2m_extent memory[] = {{0, 0x100000, 512}};
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;
	struct pvb_p2m *p2m;

	(void)state;
	guest_open(&guest, 64, 0);
	guest_tree(&guest, 1, 512, memory, 1);
	for (uint64_t pfn = 0; pfn < 512; pfn += 2)
		assert_int_equal(pvb_runs_add(&guest.m2p, 0x100000 + pfn, pfn, 1), 0);
	options.max_disagreements = SIZE_MAX;
	p2m = read_p2m(&guest, &options);
	assert_int_equal(pvb_p2m_info(p2m)->disagreement_count, 256);
	assert_int_equal(pvb_p2m_info(p2m)->total_disagreements, 256);
	assert_int_equal(pvb_p2m_info(p2m)->disagreements[255].pfn, 511);
	pvb_p2m_free(p2m);
	guest_close(&guest);
}

/* ---- shared info ---- */

static void anchors_are_read_at_both_widths(void **state)
{
	uint8_t page[4096] = {0};
	const uint64_t words[6] = {0x1234, UINT64_MAX, 7, 0x5678000, 0x9abc000, 42};
	const struct pvb_guest_abi abi = {
		.magic = PVB_GUEST_ABI_MAGIC,
		.version = PVB_GUEST_ABI_VERSION,
		.size = sizeof abi,
		.valid = PVB_GUEST_ABI_HAS_P2M_TREE,
		.p2m_levels = 4,
		.p2m_root = 0x777,
	};
	struct pvb_p2m_anchors anchors;
	struct pvb_error error;

	(void)state;
	memcpy(page + 0xc10, words, sizeof words);
	assert_ok(pvb_p2m_read_anchors(page, sizeof page, 64, &anchors, &error), &error);
	assert_int_equal(anchors.guest_bits, 64);
	assert_int_equal(anchors.max_pfn, 0x1234);
	assert_int_equal(anchors.frame_list_list, PVB_P2M_NONE);
	assert_int_equal(anchors.p2m_cr3, 0x5678000);
	assert_int_equal(anchors.p2m_vaddr, 0x9abc000);
	assert_int_equal(anchors.p2m_generation, 42);
	assert_false(anchors.has_tree);

	memcpy(page + PVB_GUEST_ABI_OFFSET, &abi, sizeof abi);
	assert_ok(pvb_p2m_read_anchors(page, sizeof page, 64, &anchors, &error), &error);
	assert_true(anchors.has_tree);
	assert_int_equal(anchors.p2m_levels, 4);
	assert_int_equal(anchors.p2m_root, 0x777);

	/* The extension may be cleared, or of a builder that did not know of trees. */
	page[PVB_GUEST_ABI_OFFSET + offsetof(struct pvb_guest_abi, valid)] = 7;
	assert_ok(pvb_p2m_read_anchors(page, sizeof page, 64, &anchors, &error), &error);
	assert_false(anchors.has_tree);
	memcpy(page + PVB_GUEST_ABI_OFFSET, &abi, sizeof abi);
	page[PVB_GUEST_ABI_OFFSET + offsetof(struct pvb_guest_abi, size)] =
		offsetof(struct pvb_guest_abi, p2m_levels);
	assert_ok(pvb_p2m_read_anchors(page, sizeof page, 64, &anchors, &error), &error);
	assert_false(anchors.has_tree);

	/* xl's cores of 64-bit guests may end with Xen's own structure. */
	assert_ok(pvb_p2m_read_anchors(page, 3136, 64, &anchors, &error), &error);
	assert_fails_with(pvb_p2m_read_anchors(page, 3135, 64, &anchors, &error), PVB_E_ARG_INVALID,
			  &error);
	assert_fails_with(pvb_p2m_read_anchors(page, 4096, 16, &anchors, &error), PVB_E_ARG_INVALID,
			  &error);

	const uint32_t narrow[6] = {UINT32_MAX, UINT32_MAX, 7, UINT32_MAX, 0x9abc000, UINT32_MAX};

	memset(page, 0, sizeof page);
	memcpy(page + 0x90c, narrow, sizeof narrow);
	assert_ok(pvb_p2m_read_anchors(page, sizeof page, 32, &anchors, &error), &error);
	assert_int_equal(anchors.max_pfn, UINT32_MAX);
	assert_int_equal(anchors.frame_list_list, PVB_P2M_NONE);
	assert_int_equal(anchors.p2m_cr3, PVB_P2M_NONE);
	assert_int_equal(anchors.p2m_vaddr, 0x9abc000);
	assert_int_equal(anchors.p2m_generation, UINT32_MAX);

	/* In 64 bits that is no sentinel. */
	const uint64_t odd[6] = {UINT32_MAX, UINT32_MAX, 7, UINT32_MAX, UINT32_MAX, 42};

	memcpy(page + 0xc10, odd, sizeof odd);
	assert_ok(pvb_p2m_read_anchors(page, sizeof page, 64, &anchors, &error), &error);
	assert_int_equal(anchors.frame_list_list, UINT32_MAX);
	assert_int_equal(anchors.p2m_cr3, UINT32_MAX);
}

static void anchors_have_names(void **state)
{
	(void)state;
	assert_string_equal(pvb_p2m_anchor_name(PVB_P2M_ANCHOR_CR3), "p2m_cr3");
	assert_string_equal(pvb_p2m_anchor_name(PVB_P2M_ANCHOR_ROOT), "p2m_root");
	assert_string_equal(pvb_p2m_anchor_name(PVB_P2M_ANCHOR_FRAME_LIST),
			    "pfn_to_mfn_frame_list_list");
	assert_string_equal(pvb_p2m_anchor_name(PVB_P2M_ANCHOR_START_INFO), "mfn_list");
	assert_string_equal(pvb_p2m_anchor_name((enum pvb_p2m_anchor)99), "unknown");
}

/* ---- start_info ---- */

static void a_list_as_built_ends_with_its_last_frame(void **state)
{
	const struct pvb_p2m_extent memory[] = {{0, 0x100000, 700}, {5000, 0x200000, 300}};
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;

	(void)state;
	guest_open(&guest, 64, 0);
	guest_list(&guest, 5300, memory, 2);
	for (uint64_t page = 2; page < 9; page++)
		guest_map(&guest, GUEST_VADDR_64 + page * 4096, guest_page(&guest));
	options.anchor = PVB_P2M_ANCHOR_START_INFO;
	options.start_info.cr3 = guest.anchors.p2m_cr3;
	options.start_info.list = guest.anchors.p2m_vaddr;
	options.start_info.pfns = 20 * 512;
	options.start_info.frames = 1000;
	options.strict = true;
	guest.access.m2p = NULL;
	guest.anchors = (struct pvb_p2m_anchors){.guest_bits = 64, .p2m_generation = 1};

	struct pvb_p2m *p2m = read_p2m(&guest, &options);

	assert_int_equal(pvb_p2m_info(p2m)->geometry.pfns, 5300);
	assert_int_equal(pvb_p2m_info(p2m)->frames, 1000);
	assert_int_equal(pvb_p2m_info(p2m)->holes, 4300);
	assert_int_equal(pvb_p2m_info(p2m)->anchor, PVB_P2M_ANCHOR_START_INFO);
	pvb_p2m_free(p2m);

	/* Where a frame is missing, it ends where nothing is mapped. */
	struct pvb_error error;

	options.start_info.frames = 1001;
	assert_fails_with(pvb_p2m_read(&guest.access, NULL, &options, &p2m, &error),
			  PVB_E_P2M_SHAPE, &error);
	assert_non_null(
		strstr(error.message, "speaks of 1001 pages, and mfn_list has 1000 frames"));
	options.strict = false;
	p2m = read_p2m(&guest, &options);
	assert_int_equal(pvb_p2m_info(p2m)->geometry.pfns, 5300);
	assert_int_equal(pvb_p2m_info(p2m)->frames, 1000);
	pvb_p2m_free(p2m);

	/* It must be there as far as it has to go. */
	options.strict = true;
	options.start_info.frames = 20 * 512;
	assert_fails_with(pvb_p2m_read(&guest.access, NULL, &options, &p2m, &error),
			  PVB_E_P2M_UNMAPPED, &error);
	guest_close(&guest);
}

/* Entries behind the last frame that are no frames are within what was read, too. */
static void a_list_as_built_that_is_short_has_all_that_was_counted(void **state)
{
	const struct pvb_p2m_extent memory[] = {{0, 0x100000, 10}};
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;

	(void)state;
	guest_open(&guest, 64, 0);
	guest_list(&guest, 512, memory, 1);

	const uint64_t table = guest_table(&guest, 1, GUEST_VADDR_64);
	const uint64_t leaf = *guest_pte(&guest, table, GUEST_VADDR_64 >> 12 & 511) << 1 >> 13;

	for (uint64_t index = 200; index < 400; index++)
		guest_put(&guest, leaf, index, UINT64_C(0x1000000000000) + index);
	options.anchor = PVB_P2M_ANCHOR_START_INFO;
	options.start_info.cr3 = guest.anchors.p2m_cr3;
	options.start_info.list = guest.anchors.p2m_vaddr;
	options.start_info.pfns = 512;
	options.start_info.frames = 20;
	guest.access.m2p = NULL;
	guest.anchors = (struct pvb_p2m_anchors){.guest_bits = 64};

	struct pvb_p2m *p2m = read_p2m(&guest, &options);
	const struct pvb_p2m_info *info = pvb_p2m_info(p2m);

	assert_int_equal(info->frames, 10);
	assert_int_equal(info->wild, 200);
	assert_int_equal(info->geometry.pfns, 512);
	assert_int_equal(info->holes, 512 - 10 - 200);
	pvb_p2m_free(p2m);
	guest_close(&guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees_of_every_depth_are_read),
		cmocka_unit_test(trees_of_larger_pages_are_read),
		cmocka_unit_test(a_frame_list_list_is_a_tree_of_three_levels),
		cmocka_unit_test(lists_are_read_through_the_guests_page_tables),
		cmocka_unit_test(a_dense_list_takes_a_read_for_many_pages),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(entries_that_are_no_frames_are_told_apart),
		cmocka_unit_test(the_all_ones_of_32_bits_are_an_mfn_of_64),
		cmocka_unit_test(empty_pages_are_looked_at_twice_however_often_they_stand_there),
		cmocka_unit_test(a_list_for_512_gib_that_shares_its_tables_costs_what_is_in_it),
		cmocka_unit_test(disagreements_are_told_in_runs),
		cmocka_unit_test(frames_of_others_are_told_though_the_m2p_agrees),
		cmocka_unit_test(owners_of_scattered_frames_are_asked_for_at_once),
		cmocka_unit_test(a_function_for_owners_that_miscounts_is_refused),
		cmocka_unit_test(what_is_confirmed_is_in_no_more_pieces_than_are_kept),
		cmocka_unit_test(all_disagreements_can_be_asked_for),
		cmocka_unit_test(anchors_are_read_at_both_widths),
		cmocka_unit_test(anchors_have_names),
		cmocka_unit_test(a_list_as_built_ends_with_its_last_frame),
		cmocka_unit_test(a_list_as_built_that_is_short_has_all_that_was_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
