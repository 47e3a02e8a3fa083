/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The linear p2m list: written piece by piece, and what no list can hold. */
#include "support/test.h"

#include "p2m/p2m.h"

#define HOLE PVB_P2M_NONE

static uint64_t entry_at(const uint8_t *bytes, unsigned entry_size, uint64_t index)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < entry_size; i++)
		value |= (uint64_t)bytes[index * entry_size + i] << (8 * i);
	return entry_size == 4 && value == UINT32_MAX ? HOLE : value;
}

/* A model: an array of MFNs, filled with runs at random, some PFNs left without. */
enum { PFNS_MAX = 6000, LIST_BYTES_MAX = PFNS_MAX * 8 + (1 << 16) };

static void fill_at_random(uint64_t *seed, uint64_t pfns, struct pvb_runs *memory, uint64_t *model)
{
	for (uint64_t pfn = 0; pfn < pfns;) {
		uint64_t count = 1 + test_random(seed) % 900;
		uint64_t mfn = test_random(seed) % UINT32_C(0xffff0000);

		if (count > pfns - pfn)
			count = pfns - pfn;
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

/* Pages that are reached a few at a time, in memory. */
struct arena {
	uint8_t *bytes;
	uint64_t page_size;
	uint64_t at_once;
	unsigned visits;
	uint64_t next;
};

static int each(void *opaque, uint64_t first, uint64_t count, pvb_p2m_visit_fn visit, void *visitor,
		struct pvb_error *error)
{
	struct arena *arena = opaque;
	int rc = 0;

	for (uint64_t i = 0; i < count && rc == 0; i += arena->at_once) {
		uint64_t here = count - i < arena->at_once ? count - i : arena->at_once;

		assert_int_equal(first + i, arena->next);
		arena->next += here;
		arena->visits++;
		rc = visit(visitor, arena->bytes + (first + i) * arena->page_size, first + i, here,
			   error);
	}
	return rc;
}

static struct pvb_p2m_sink sink_of(struct arena *arena)
{
	return (struct pvb_p2m_sink){.opaque = arena, .each = each};
}

static void any_list_reads_as_the_memory_is(void **state)
{
	(void)state;
	static uint64_t model[PFNS_MAX];
	static uint8_t bytes[LIST_BYTES_MAX + 1];
	struct pvb_error error = {0};
	uint64_t seed = 7;

	for (unsigned round = 0; round < 300; round++) {
		struct pvb_runs memory = PVB_RUNS_INIT;
		struct pvb_p2m_geometry geometry = {
			.pfns = 1 + test_random(&seed) % PFNS_MAX,
			.entry_size = test_random(&seed) % 2 ? 8 : 4,
			.page_size = 4096u << 2 * (test_random(&seed) % 3),
		};
		struct arena arena = {bytes, geometry.page_size, 1 + test_random(&seed) % 4, 0, 0};
		struct pvb_p2m_sink sink = sink_of(&arena);
		struct pvb_p2m_runs runs = {.runs = &memory};
		struct pvb_p2m_map map = pvb_p2m_map_of_runs(&runs);
		uint64_t size = pvb_p2m_list_pages(&geometry) * geometry.page_size;

		fill_at_random(&seed, geometry.pfns, &memory, model);
		memset(bytes, 0x5a, sizeof bytes);
		assert_ok(pvb_p2m_write_list(&geometry, &map, &sink, &error), &error);
		assert_int_equal(arena.next * geometry.page_size, size);
		for (uint64_t pfn = 0; pfn < size / geometry.entry_size; pfn++)
			assert_int_equal(entry_at(bytes, geometry.entry_size, pfn),
					 pfn < geometry.pfns ? model[pfn] : HOLE);
		assert_int_equal(bytes[size], 0x5a);
		pvb_runs_free(&memory);
	}
}

static void memory_beyond_the_list_is_left_out(void **state)
{
	(void)state;
	static const struct pvb_p2m_extent extent = {.pfn = 5, .mfn = 100, .count = 50};
	struct pvb_p2m_extents extents = {&extent, 1};
	struct pvb_p2m_map map = pvb_p2m_map_of(&extents);
	struct pvb_p2m_geometry geometry = {.pfns = 10, .entry_size = 8, .page_size = 4096};
	struct pvb_error error = {0};
	uint8_t page[4096];
	struct arena arena = {page, 4096, 1, 0, 0};
	struct pvb_p2m_sink sink = sink_of(&arena);

	assert_ok(pvb_p2m_write_list(&geometry, &map, &sink, &error), &error);
	assert_int_equal(entry_at(page, 8, 4), HOLE);
	assert_int_equal(entry_at(page, 8, 9), 104);
	assert_int_equal(entry_at(page, 8, 10), HOLE);
}

static void a_frame_that_no_entry_can_hold_is_named(void **state)
{
	(void)state;
	static const struct {
		uint32_t entry_size;
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
		struct pvb_p2m_extent extent = {20, cases[i].mfn, cases[i].count};
		struct pvb_p2m_extents extents = {&extent, 1};
		struct pvb_p2m_map map = pvb_p2m_map_of(&extents);
		struct pvb_p2m_geometry geometry = {
			.pfns = 100, .entry_size = cases[i].entry_size, .page_size = 4096};
		struct arena arena = {page, 4096, 1, 0, 0};
		struct pvb_p2m_sink sink = sink_of(&arena);
		struct pvb_error error = {0};
		char pfn[32];

		if (cases[i].bad == cases[i].count) {
			assert_ok(pvb_p2m_write_list(&geometry, &map, &sink, &error), &error);
			continue;
		}
		assert_fails_with(pvb_p2m_write_list(&geometry, &map, &sink, &error),
				  PVB_E_HOST_FRAME_TOO_HIGH, &error);
		(void)snprintf(pfn, sizeof pfn, "PFN 0x%x was", (unsigned)(20 + cases[i].bad));
		assert_non_null(strstr(error.message, pfn));
	}
}

static void the_first_failure_ends_a_list(void **state)
{
	(void)state;
	static uint8_t bytes[9 * 4096];
	static const struct pvb_p2m_extent extent = {4000, UINT32_MAX - 500, 600};
	struct pvb_p2m_extents extents = {&extent, 1};
	struct pvb_p2m_map map = pvb_p2m_map_of(&extents);
	struct pvb_error error = {0};
	struct pvb_p2m_geometry geometry = {.pfns = 9000, .entry_size = 4, .page_size = 4096};
	struct arena arena = {bytes, 4096, 3, 0, 0};
	struct pvb_p2m_sink sink = sink_of(&arena);

	assert_fails_with(pvb_p2m_write_list(&geometry, &map, &sink, &error),
			  PVB_E_HOST_FRAME_TOO_HIGH, &error);
	assert_non_null(strstr(error.message, "PFN 0x1194")); /* 4500 */
	assert_non_null(strstr(error.message, "frame 0xffffffff"));
	assert_int_equal(arena.visits, 2);
}

/* Maps that would have a writer go round in circles, or past the end of its page. */
static void says_nothing(void *opaque, uint64_t at, uint64_t limit, uint64_t *mfn, uint64_t *count)
{
	(void)opaque;
	(void)at;
	(void)limit;
	*mfn = 7;
	*count = 0;
}

static void says_too_much(void *opaque, uint64_t at, uint64_t limit, uint64_t *mfn, uint64_t *count)
{
	(void)opaque;
	(void)at;
	*mfn = 7;
	*count = limit + 1;
}

static void a_map_that_breaks_its_word_is_refused(void **state)
{
	(void)state;
	struct pvb_p2m_map maps[] = {{NULL, says_nothing}, {NULL, says_too_much}};
	struct pvb_p2m_geometry geometry = {.pfns = 10, .entry_size = 8, .page_size = 4096};
	struct pvb_error error = {0};
	uint8_t page[4096];

	for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
		struct arena arena = {page, 4096, 1, 0, 0};
		struct pvb_p2m_sink sink = sink_of(&arena);

		assert_fails_with(pvb_p2m_write_list(&geometry, &maps[i], &sink, &error),
				  PVB_E_ARG_INVALID, &error);
	}
}

static void a_list_of_an_impossible_shape_is_refused(void **state)
{
	(void)state;
	static const struct pvb_p2m_geometry shapes[] = {
		{0, 8, 4096}, {1, 0, 4096}, {1, 2, 4096}, {1, 16, 4096},
		{1, 8, 0},    {1, 8, 2048}, {1, 8, 5000}, {1, 8, 4095},
	};
	struct pvb_p2m_extents extents = {NULL, 0};
	struct pvb_p2m_map map = pvb_p2m_map_of(&extents);
	struct pvb_error error = {0};

	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		struct arena arena = {NULL, 4096, 1, 0, 0};
		struct pvb_p2m_sink sink = sink_of(&arena);

		assert_fails_with(pvb_p2m_write_list(&shapes[i], &map, &sink, &error),
				  PVB_E_ARG_INVALID, &error);
		assert_int_equal(arena.visits, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_list_reads_as_the_memory_is),
		cmocka_unit_test(memory_beyond_the_list_is_left_out),
		cmocka_unit_test(a_frame_that_no_entry_can_hold_is_named),
		cmocka_unit_test(the_first_failure_ends_a_list),
		cmocka_unit_test(a_map_that_breaks_its_word_is_refused),
		cmocka_unit_test(a_list_of_an_impossible_shape_is_refused),
	};

	return cmocka_run_group_tests_name("p2m list", tests, NULL, NULL);
}
