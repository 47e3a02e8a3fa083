/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The linear p2m list: its geometry, its encoding, and writing it piece by piece. */
#include "support/test.h"

#include "p2m/list.h"

#define HOLE UINT64_MAX

static uint64_t entry_at(const uint8_t *bytes, unsigned entry_size, uint64_t index)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < entry_size; i++)
		value |= (uint64_t)bytes[index * entry_size + i] << (8 * i);
	return entry_size == 4 && value == UINT32_MAX ? HOLE : value;
}

static void the_list_has_as_many_frames_as_its_entries_need(void **state)
{
	(void)state;
	static const struct {
		uint64_t pages;
		unsigned entry_size, page_shift;
		uint64_t frames;
	} cases[] = {
		{1, 8, 12, 1},
		{512, 8, 12, 1},
		{513, 8, 12, 2},
		{1024, 4, 12, 1},
		{1025, 4, 12, 2},
		{UINT64_C(1) << 28, 8, 12, 524288},            /* 1 TiB */
		{UINT64_C(1) << 32, 8, 12, UINT64_C(1) << 23}, /* 16 TiB */
		{8193, 8, 16, 2},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pvb_p2m_geometry geometry = {cases[i].pages, cases[i].entry_size,
						    cases[i].page_shift};

		assert_int_equal(pvb_p2m_list_frames(&geometry), cases[i].frames);
	}
}

/* A model: an array of MFNs, filled with runs at random, some PFNs left without. */
enum { PAGES_MAX = 6000, FRAMES_MAX = PAGES_MAX / 512 + 1 };

static void fill_at_random(uint64_t *seed, uint64_t pages, struct pvb_runs *memory, uint64_t *model)
{
	for (uint64_t pfn = 0; pfn < pages;) {
		uint64_t count = 1 + test_random(seed) % 900;
		uint64_t mfn = test_random(seed) % UINT32_C(0xffff0000);

		if (count > pages - pfn)
			count = pages - pfn;
		if (test_random(seed) % 4 == 0) {
			for (uint64_t i = 0; i < count; i++)
				model[pfn + i] = HOLE;
		} else {
			assert_int_equal(pvb_runs_add(memory, pfn, mfn, count), 0);
			for (uint64_t i = 0; i < count; i++)
				model[pfn + i] = mfn + i;
		}
		pfn += count;
	}
}

static void any_part_of_any_list_reads_as_the_memory_is(void **state)
{
	(void)state;
	static uint64_t model[PAGES_MAX];
	static uint8_t bytes[(FRAMES_MAX + 1) * 4096];
	uint64_t seed = 7;

	for (unsigned round = 0; round < 300; round++) {
		struct pvb_runs memory = PVB_RUNS_INIT;
		struct pvb_p2m_geometry geometry = {
			.pages = 1 + test_random(&seed) % PAGES_MAX,
			.entry_size = test_random(&seed) % 2 ? 8 : 4,
			.page_shift = 12,
		};
		uint64_t per_frame = pvb_p2m_entries_per_frame(&geometry);
		uint64_t frames = pvb_p2m_list_frames(&geometry);
		uint64_t first = test_random(&seed) % frames;
		uint64_t count = 1 + test_random(&seed) % (frames - first), pfn;

		fill_at_random(&seed, geometry.pages, &memory, model);
		memset(bytes, 0x5a, sizeof bytes);
		assert_true(pvb_p2m_list_encode(&geometry, &memory, first, count, bytes, &pfn));
		for (uint64_t i = 0; i < count * per_frame; i++) {
			uint64_t at = first * per_frame + i;

			assert_int_equal(entry_at(bytes, geometry.entry_size, i),
					 at < geometry.pages ? model[at] : HOLE);
		}
		assert_int_equal(bytes[count * 4096], 0x5a);
		pvb_runs_free(&memory);
	}
}

static void memory_beyond_the_list_is_left_out(void **state)
{
	(void)state;
	struct pvb_runs memory = PVB_RUNS_INIT;
	struct pvb_p2m_geometry geometry = {.pages = 10, .entry_size = 8, .page_shift = 12};
	uint8_t page[4096];
	uint64_t pfn;

	assert_int_equal(pvb_runs_add(&memory, 5, 100, 50), 0);
	assert_true(pvb_p2m_list_encode(&geometry, &memory, 0, 1, page, &pfn));
	assert_int_equal(entry_at(page, 8, 4), HOLE);
	assert_int_equal(entry_at(page, 8, 9), 104);
	assert_int_equal(entry_at(page, 8, 10), HOLE);
	pvb_runs_free(&memory);
}

static void a_frame_that_no_entry_can_hold_is_named(void **state)
{
	(void)state;
	static const struct {
		unsigned entry_size;
		uint64_t mfn, count, bad; /* bad: which of them, or count for none */
	} cases[] = {
		{4, UINT32_MAX - 3, 3, 3},
		{4, UINT32_MAX - 3, 4, 3}, /* all ones reads as a hole */
		{4, UINT64_C(1) << 32, 2, 0},
		{8, UINT64_C(1) << 32, 2, 2},
		{8, UINT64_MAX - 2, 2, 2},
		{8, UINT64_MAX - 2, 3, 2},
	};
	uint8_t page[4096];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pvb_runs memory = PVB_RUNS_INIT;
		struct pvb_p2m_geometry geometry = {
			.pages = 100, .entry_size = cases[i].entry_size, .page_shift = 12};
		uint64_t pfn = HOLE;

		assert_int_equal(pvb_runs_add(&memory, 20, cases[i].mfn, cases[i].count), 0);
		assert_int_equal(pvb_p2m_list_encode(&geometry, &memory, 0, 1, page, &pfn),
				 cases[i].bad == cases[i].count);
		if (cases[i].bad < cases[i].count)
			assert_int_equal(pfn, 20 + cases[i].bad);
		pvb_runs_free(&memory);
	}
}

/* Frames that are reached three at a time, in memory. */
struct arena {
	uint8_t *bytes;
	unsigned visits;
	uint64_t next;
};

static int each(void *opaque, uint64_t first, uint64_t count, pvb_p2m_visit_fn visit, void *visitor,
		struct pvb_error *error)
{
	struct arena *arena = opaque;
	int rc = 0;

	for (uint64_t i = 0; i < count && rc == 0; i += 3) {
		uint64_t here = count - i < 3 ? count - i : 3;

		assert_int_equal(first + i, arena->next);
		arena->next += here;
		arena->visits++;
		rc = visit(visitor, arena->bytes + (first + i) * 4096, first + i, here, error);
	}
	return rc;
}

static void a_list_is_written_whole_in_pieces(void **state)
{
	(void)state;
	static uint64_t model[PAGES_MAX];
	static uint8_t bytes[FRAMES_MAX * 4096];
	struct pvb_runs memory = PVB_RUNS_INIT;
	struct pvb_error error = {0};
	struct pvb_p2m_geometry geometry = {.pages = 5000, .entry_size = 8, .page_shift = 12};
	struct arena arena = {.bytes = bytes};
	struct pvb_p2m_frames frames = {.opaque = &arena, .each = each};
	uint64_t seed = 3;

	fill_at_random(&seed, geometry.pages, &memory, model);
	assert_ok(pvb_p2m_list_write(&geometry, &memory, &frames, &error), &error);
	assert_int_equal(arena.visits, 4); /* 10 frames */
	for (uint64_t i = 0; i < geometry.pages; i++)
		assert_int_equal(entry_at(bytes, 8, i), model[i]);
	pvb_runs_free(&memory);

	geometry = (struct pvb_p2m_geometry){.pages = 9000, .entry_size = 4, .page_shift = 12};
	arena = (struct arena){.bytes = bytes};
	assert_int_equal(pvb_runs_add(&memory, 4000, UINT32_MAX - 500, 600), 0);
	assert_fails_with(pvb_p2m_list_write(&geometry, &memory, &frames, &error),
			  PVB_E_HOST_FRAME_TOO_HIGH, &error);
	assert_non_null(strstr(error.message, "PFN 0x1194")); /* 4500 */
	assert_non_null(strstr(error.message, "frame 0xffffffff"));
	assert_int_equal(arena.visits, 2);
	pvb_runs_free(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_has_as_many_frames_as_its_entries_need),
		cmocka_unit_test(any_part_of_any_list_reads_as_the_memory_is),
		cmocka_unit_test(memory_beyond_the_list_is_left_out),
		cmocka_unit_test(a_frame_that_no_entry_can_hold_is_named),
		cmocka_unit_test(a_list_is_written_whole_in_pieces),
	};

	return cmocka_run_group_tests_name("p2m list", tests, NULL, NULL);
}
