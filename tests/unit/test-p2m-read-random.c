/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A p2m spoilt at random is read or refused, and never costs more than its pages: reads are
 * counted, and what is read is held against the M2P of what was there before.
 */
#include "unit/p2m-guest.h"

#include "support/test.h"

static const struct pvb_p2m_extent memory[] = {
	{0, 0x100000, 3000},
	{5000, 0x200000, 1},
	{70000, 0x300000, 2000},
};
#define EXTENTS 3u
#define PFNS 80000u

static bool is_known(int rc)
{
	switch (-rc) {
	case PVB_E_P2M_SHARED:
	case PVB_E_P2M_SCATTERED:
	case PVB_E_P2M_NONE:
	case PVB_E_P2M_SHAPE:
	case PVB_E_P2M_ANCHOR:
	case PVB_E_P2M_ZERO:
	case PVB_E_P2M_RANGE:
	case PVB_E_P2M_CYCLE:
	case PVB_E_P2M_UNMAPPED:
	case PVB_E_P2M_STUCK:
	case PVB_E_HOST_MAP:
		return true;
	default:
		return rc == 0;
	}
}

/* What a lying guest would write: something that looks right elsewhere. */
static uint64_t any_word(const struct p2m_guest *guest, uint64_t *seed)
{
	uint64_t page = GUEST_FIRST + test_random(seed) % guest->count;

	switch (test_random(seed) % 8) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return test_random(seed) >> test_random(seed) % 64;
	case 3:
		return UINT64_C(1) << test_random(seed) % 64;
	case 4:
		return 0x100000 + test_random(seed) % 4000;
	case 5:
	case 6:
		return page << 12 | 0x67;
	default:
		return page;
	}
}

static void spoil(struct p2m_guest *guest, uint64_t *seed)
{
	uint64_t times = 1 + test_random(seed) % 6;

	while (times--) {
		uint64_t page = GUEST_FIRST + test_random(seed) % guest->count;
		uint64_t word = any_word(guest, seed),
			 *anchor[] = {
				 &guest->anchors.max_pfn,         &guest->anchors.p2m_root,
				 &guest->anchors.p2m_cr3,         &guest->anchors.p2m_vaddr,
				 &guest->anchors.frame_list_list, &guest->anchors.p2m_generation,
			 };
		uint64_t place = test_random(seed) % 12;

		if (place < 6) {
			if (test_random(seed) % 4 == 0)
				*anchor[place] = word;
		} else if (place == 6) {
			/* A page full of one word: whatever leads there, leads on. */
			for (uint64_t i = 0; i < guest_per_page(guest); i++)
				guest_put(guest, page, i, word);
		} else {
			guest_put(guest, page, test_random(seed) % guest_per_page(guest), word);
		}
	}
}

/* Every page is read once for each level that it can stand at, and once more; each attempt. */
static void assert_cheap(const struct p2m_guest *guest)
{
	assert_true(guest->pages_read <= guest->count * 6);
	assert_int_equal(guest->looks, 2);
}

static void assert_sane(const struct pvb_p2m *p2m)
{
	const struct pvb_p2m_info *info = pvb_p2m_info(p2m);
	uint64_t frames = 0, end = 0;

	for (size_t i = 0; i < info->extent_count; i++) {
		assert_true(info->extents[i].count > 0);
		assert_true(info->extents[i].pfn >= end);
		end = info->extents[i].pfn + info->extents[i].count;
		frames += info->extents[i].count;
	}
	assert_true(end <= info->geometry.pfns);
	assert_int_equal(frames, info->frames);
	assert_int_equal(info->frames + info->holes + info->foreign + info->identity + info->wild,
			 info->geometry.pfns);
	assert_int_equal(info->leaf_pages + info->missing_pages,
			 pvb_p2m_list_pages(&info->geometry));
}

/* Of what the M2P confirms, nothing is wrong. */
static void assert_true_words(const struct pvb_p2m *p2m)
{
	const struct pvb_p2m_info *info = pvb_p2m_info(p2m);

	for (size_t i = 0; i < info->extent_count; i++) {
		const struct pvb_p2m_extent *extent = &info->extents[i];
		bool found = false;

		for (unsigned j = 0; j < EXTENTS; j++)
			found |= extent->mfn - memory[j].mfn < memory[j].count &&
				 extent->mfn - memory[j].mfn == extent->pfn - memory[j].pfn &&
				 extent->pfn - memory[j].pfn + extent->count <= memory[j].count;
		assert_true(found);
	}
}

static void spoilt(unsigned bits, unsigned levels, unsigned rounds, uint64_t seed)
{
	unsigned outcomes[2] = {0};

	for (unsigned round = 0; round < rounds; round++) {
		struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
		struct p2m_guest guest;
		struct pvb_error error;
		struct pvb_p2m *p2m;

		guest_open(&guest, bits, 0);
		if (levels)
			guest_tree(&guest, levels, PFNS, memory, EXTENTS);
		else
			guest_list(&guest, PFNS, memory, EXTENTS);
		guest_confirm(&guest, memory, EXTENTS);
		spoil(&guest, &seed);
		options.attempts = 1;

		int rc = pvb_p2m_read(&guest.access, NULL, &options, &p2m, &error);

		if (!is_known(rc))
			print_error("round %u: %s\n", round, error.message);
		assert_true(is_known(rc));
		if (rc != -PVB_E_P2M_STUCK)
			assert_cheap(&guest);
		outcomes[rc != 0]++;
		if (rc == 0) {
			assert_sane(p2m);
			pvb_p2m_free(p2m);
			options.confirmed = true;
			assert_ok(pvb_p2m_read(&guest.access, NULL, &options, &p2m, &error),
				  &error);
			assert_true_words(p2m);
			pvb_p2m_free(p2m);
		}

		enum pvb_p2m_entry kind;
		uint64_t entry;

		rc = pvb_p2m_lookup(&guest.access, NULL, &options, test_random(&seed) % PFNS, &kind,
				    &entry, &error);
		assert_true(is_known(rc) || rc == -PVB_E_ARG_INVALID);
		guest_close(&guest);
	}
	assert_true(outcomes[0] > rounds / 20);
	assert_true(outcomes[1] > rounds / 20);
}

static void spoilt_trees_are_read_or_refused(void **state)
{
	(void)state;
	spoilt(64, 3, 1500, 1);
	spoilt(64, 5, 1500, 2);
	spoilt(32, 2, 700, 3);
	spoilt(32, 4, 700, 4);
}

static void spoilt_lists_are_read_or_refused(void **state)
{
	(void)state;
	spoilt(64, 0, 2000, 5);
	spoilt(32, 0, 1000, 6);
}

/* Pages of nothing but numbers of each other: the deepest tree, and the longest list. */
static void tangles_end(void **state)
{
	uint64_t seed = 99;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct p2m_guest guest;
		struct pvb_error error;
		struct pvb_p2m *p2m = NULL;
		unsigned pages = 2 + (unsigned)(test_random(&seed) % 600);
		bool list = round % 2, barren = round % 3;

		guest_open(&guest, 64, 0);
		for (unsigned i = 0; i < pages; i++)
			(void)guest_page(&guest);
		/* In layers, so that there is no cycle and every path has its full length. */
		for (unsigned i = 0; i < pages; i++)
			for (unsigned j = 0; j < 512; j++) {
				unsigned layer = i * 6 / pages, per_layer = pages / 6 + 1;
				uint64_t to = GUEST_FIRST + (layer + 1) * (uint64_t)pages / 6 +
					      test_random(&seed) % per_layer;

				if (to >= GUEST_FIRST + pages)
					to = GUEST_FIRST + pages - 1;
				if (layer >= 4)
					to = barren ? UINT64_MAX
						    : 0x100000 + test_random(&seed) % 9;
				else if (list)
					to = to << 12 | 0x67;
				guest_put(&guest, GUEST_FIRST + i, j, to);
			}
		if (list) {
			guest.anchors.p2m_cr3 = (uint64_t)GUEST_FIRST << 12;
			guest.anchors.p2m_vaddr = 0;
			guest.anchors.max_pfn = UINT64_C(1) << 44;
		} else {
			guest.anchors.has_tree = true;
			guest.anchors.p2m_levels = 5;
			guest.anchors.p2m_root = GUEST_FIRST;
			guest.anchors.max_pfn = UINT64_C(1) << 45;
		}

		int rc = pvb_p2m_read(&guest.access, NULL, NULL, &p2m, &error);

		assert_true(is_known(rc));
		assert_true(guest.pages_read <= guest.count * 6);
		if (!rc)
			assert_sane(p2m);
		pvb_p2m_free(p2m);
		guest_close(&guest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spoilt_trees_are_read_or_refused),
		cmocka_unit_test(spoilt_lists_are_read_or_refused),
		cmocka_unit_test(tangles_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
