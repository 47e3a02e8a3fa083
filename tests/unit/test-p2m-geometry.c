/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many pages a p2m has at each level, for every page size and both widths. */
#include "support/test.h"

#include <pvbuild/p2m.h>

#define TIB(n) (UINT64_C(n) << 40)

static const uint32_t page_sizes[] = {4096, 16384, 65536, UINT32_C(1) << 21};
static const uint32_t entry_sizes[] = {8, 4};

/* A power of the entries per page; 0 where 64 bits end before. */
static uint64_t power(uint64_t base, unsigned exponent)
{
	uint64_t value = 1;

	while (exponent--)
		if (__builtin_mul_overflow(value, base, &value))
			return 0;
	return value;
}

static void known_sizes_have_the_pages_that_they_have(void **state)
{
	(void)state;
	static const struct {
		uint64_t bytes; /* of memory, in pages of 4 KiB */
		uint32_t entry_size;
		unsigned levels;
		uint64_t pages[5];
	} cases[] = {
		{4096, 8, 1, {1, 1, 1, 1, 1}},
		{UINT64_C(2) << 20, 8, 1, {1, 1, 1, 1, 1}},
		{(UINT64_C(2) << 20) + 4096, 8, 2, {2, 1, 1, 1, 1}},
		{UINT64_C(1) << 30, 8, 2, {512, 1, 1, 1, 1}},
		{(UINT64_C(1) << 30) + 4096, 8, 3, {513, 2, 1, 1, 1}},
		{UINT64_C(512) << 30, 8, 3, {262144, 512, 1, 1, 1}},
		{(UINT64_C(512) << 30) + 4096, 8, 4, {262145, 513, 2, 1, 1}},
		{TIB(1), 8, 4, {524288, 1024, 2, 1, 1}},
		{TIB(4), 8, 4, {2097152, 4096, 8, 1, 1}},
		{TIB(128), 8, 4, {67108864, 131072, 256, 1, 1}},
		{TIB(256), 8, 4, {134217728, 262144, 512, 1, 1}},
		{TIB(256) + 4096, 8, 5, {134217729, 262145, 513, 2, 1}},
		{UINT64_C(4) << 20, 4, 1, {1, 1, 1, 1, 1}},
		{UINT64_C(4) << 30, 4, 2, {1024, 1, 1, 1, 1}},
		{UINT64_C(64) << 30, 4, 3, {16384, 16, 1, 1, 1}},
		{TIB(4), 4, 3, {1048576, 1024, 1, 1, 1}},
		{TIB(4) + 4096, 4, 4, {1048577, 1025, 2, 1, 1}},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pvb_p2m_geometry geometry = {cases[i].bytes >> 12, cases[i].entry_size,
						    4096};
		uint64_t above = 0;

		assert_int_equal(pvb_p2m_least_levels(&geometry), cases[i].levels);
		assert_int_equal(pvb_p2m_list_pages(&geometry), cases[i].pages[0]);
		for (unsigned level = 1; level <= 5; level++) {
			assert_int_equal(pvb_p2m_level_pages(&geometry, level),
					 cases[i].pages[level - 1]);
			above += level > 1 ? cases[i].pages[level - 1] : 0;
			assert_int_equal(pvb_p2m_tree_pages(&geometry, level),
					 level < cases[i].levels ? 0 : above);
		}
	}
}

static void a_page_more_is_needed_behind_each_power_of_its_entries(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof page_sizes / sizeof page_sizes[0]; i++) {
		for (size_t j = 0; j < sizeof entry_sizes / sizeof entry_sizes[0]; j++) {
			struct pvb_p2m_geometry geometry = {1, entry_sizes[j], page_sizes[i]};
			uint64_t per_page = pvb_p2m_entries_per_page(&geometry);

			assert_int_equal(per_page, page_sizes[i] / entry_sizes[j]);
			for (unsigned k = 1; k <= 5; k++) {
				uint64_t full = power(per_page, k);

				assert_int_equal(pvb_p2m_capacity(&geometry, k),
						 full ? full : UINT64_MAX);
				if (!full)
					continue;
				geometry.pfns = full - 1;
				assert_int_equal(pvb_p2m_least_levels(&geometry), k);
				assert_int_equal(pvb_p2m_level_pages(&geometry, k), 1);
				geometry.pfns = full;
				assert_int_equal(pvb_p2m_least_levels(&geometry), k);
				assert_int_equal(pvb_p2m_level_pages(&geometry, k), 1);
				assert_int_equal(pvb_p2m_list_pages(&geometry), full / per_page);
				geometry.pfns = full + 1;
				assert_int_equal(pvb_p2m_least_levels(&geometry),
						 k < 5 ? k + 1 : 0);
				assert_int_equal(pvb_p2m_level_pages(&geometry, k), 2);
				assert_int_equal(pvb_p2m_list_pages(&geometry),
						 full / per_page + 1);
				assert_int_equal(pvb_p2m_tree_pages(&geometry, k), 0);
			}
		}
	}
}

static void counts_end_where_64_bits_do(void **state)
{
	(void)state;
	struct pvb_p2m_geometry small = {UINT64_MAX, 8, 4096}, large = {UINT64_MAX, 8, 65536};

	assert_int_equal(pvb_p2m_list_pages(&small), UINT64_C(1) << 55);
	assert_int_equal(pvb_p2m_capacity(&small, 5), UINT64_C(1) << 45);
	assert_int_equal(pvb_p2m_least_levels(&small), 0);
	assert_int_equal(pvb_p2m_tree_pages(&small, 5), 0);
	assert_int_equal(pvb_p2m_capacity(&large, 4), UINT64_C(1) << 52);
	assert_int_equal(pvb_p2m_capacity(&large, 5), UINT64_MAX);
	assert_int_equal(pvb_p2m_least_levels(&large), 5);
	assert_int_equal(pvb_p2m_level_pages(&large, 5), 1);
	assert_int_equal(pvb_p2m_level_pages(&large, 4), UINT64_C(1) << 12);
}

static void what_cannot_be_has_no_pages(void **state)
{
	(void)state;
	static const struct pvb_p2m_geometry shapes[] = {
		{0, 8, 4096}, {1, 0, 4096}, {1, 2, 4096}, {1, 16, 4096},
		{1, 8, 0},    {1, 8, 2048}, {1, 8, 5000},
	};
	struct pvb_p2m_geometry sound = {1, 8, 4096};

	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		assert_int_equal(pvb_p2m_entries_per_page(&shapes[i]), 0);
		assert_int_equal(pvb_p2m_list_pages(&shapes[i]), 0);
		assert_int_equal(pvb_p2m_capacity(&shapes[i], 3), 0);
		assert_int_equal(pvb_p2m_least_levels(&shapes[i]), 0);
		assert_int_equal(pvb_p2m_level_pages(&shapes[i], 2), 0);
		assert_int_equal(pvb_p2m_tree_pages(&shapes[i], 3), 0);
	}
	assert_int_equal(pvb_p2m_capacity(&sound, 0), 0);
	assert_int_equal(pvb_p2m_capacity(&sound, 6), 0);
	assert_int_equal(pvb_p2m_level_pages(&sound, 0), 0);
	assert_int_equal(pvb_p2m_level_pages(&sound, 6), 0);
	assert_int_equal(pvb_p2m_tree_pages(&sound, 0), 0);
	assert_int_equal(pvb_p2m_tree_pages(&sound, 6), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_sizes_have_the_pages_that_they_have),
		cmocka_unit_test(a_page_more_is_needed_behind_each_power_of_its_entries),
		cmocka_unit_test(counts_end_where_64_bits_do),
		cmocka_unit_test(what_cannot_be_has_no_pages),
	};

	return cmocka_run_group_tests_name("p2m geometry", tests, NULL, NULL);
}
