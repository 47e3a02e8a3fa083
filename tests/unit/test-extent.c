/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The extent word: every size and low bit, at every place where a carry or a border could be. */
#include "support/test.h"

#include "core/extent.h"

static const unsigned granules[] = {12, 14, 16};

#define GRANULES (sizeof granules / sizeof granules[0])

/* Addresses around each power of two, and both ends. */
static size_t addresses(uint64_t *list)
{
	size_t n = 0;

	list[n++] = 0;
	list[n++] = UINT64_MAX;
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t power = UINT64_C(1) << bit;

		list[n++] = power;
		list[n++] = power - 1;
		list[n++] = power + 1;
		list[n++] = -power;
		list[n++] = power | UINT64_C(1) << 63;
		list[n++] = power * 3;
	}
	return n;
}

#define ADDRESSES (2 + 64 * 6)

/* The same rules, said with numbers that cannot overflow. */
static enum pvb_extent_flaw expected(uint64_t address, unsigned shift, unsigned flags,
				     unsigned granule)
{
	__extension__ typedef unsigned __int128 wide;

	if (shift < 12)
		return PVB_EXTENT_TINY;
	if (flags)
		return PVB_EXTENT_FLAGGED;
	if (shift < granule)
		return PVB_EXTENT_SPLITS;
	if (shift > 63)
		return PVB_EXTENT_WRAPS;
	if ((wide)address % ((wide)1 << shift))
		return PVB_EXTENT_MISALIGNED;
	return (wide)address + ((wide)1 << shift) > UINT64_MAX ? PVB_EXTENT_WRAPS
							       : PVB_EXTENT_SOUND;
}

static void what_is_encoded_is_decoded_and_all_else_refused(void **state)
{
	(void)state;
	uint64_t list[ADDRESSES];
	size_t count = addresses(list);
	unsigned seen[PVB_EXTENT_WRAPS + 1] = {0};

	for (size_t g = 0; g < GRANULES; g++) {
		for (size_t i = 0; i < count; i++) {
			for (unsigned shift = 0; shift < 70; shift++) {
				pvb_extent_t extent = {.word = 0x5a5a};
				enum pvb_extent_flaw flaw =
					pvb_extent_encode(list[i], shift, granules[g], &extent);

				assert_int_equal(flaw, expected(list[i], shift, 0, granules[g]));
				seen[flaw]++;
				if (flaw) {
					assert_int_equal(extent.word, 0x5a5a);
					continue;
				}
				assert_int_equal(pvb_extent_check(extent, granules[g]),
						 PVB_EXTENT_SOUND);
				assert_int_equal(pvb_extent_address(extent), list[i]);
				assert_int_equal(pvb_extent_shift(extent), shift);
				assert_int_equal(pvb_extent_bytes(extent), UINT64_C(1) << shift);
				assert_int_equal(pvb_extent_frame(extent, granules[g]).n
							 << granules[g],
						 list[i]);
			}
		}
	}
	/* encoding has no flags to get wrong */
	for (unsigned flaw = 0; flaw <= PVB_EXTENT_WRAPS; flaw++)
		assert_int_equal(seen[flaw] != 0, flaw != PVB_EXTENT_FLAGGED);
}

static void every_pattern_of_the_low_bits_has_one_verdict(void **state)
{
	(void)state;
	uint64_t list[ADDRESSES];
	size_t count = addresses(list);
	unsigned seen[PVB_EXTENT_WRAPS + 1] = {0};

	for (size_t g = 0; g < GRANULES; g++) {
		for (size_t i = 0; i < count; i++) {
			for (uint64_t low = 0; low < 4096; low++) {
				uint64_t address = list[i] & ~UINT64_C(4095);
				pvb_extent_t extent = {.word = address | low};
				enum pvb_extent_flaw flaw = pvb_extent_check(extent, granules[g]);

				if (flaw != expected(address, low & 63, low >> 6 & 63, granules[g]))
					fail_msg("0x%llx: %d", (unsigned long long)extent.word,
						 (int)flaw);
				seen[flaw]++;
			}
		}
	}
	for (unsigned flaw = 0; flaw <= PVB_EXTENT_WRAPS; flaw++)
		assert_int_not_equal(seen[flaw], 0);
}

/* Any word is either refused, or what encoding its parts gives: there are no two for one extent. */
static void a_word_that_passes_is_the_only_one_for_its_extent(void **state)
{
	(void)state;
	uint64_t seed = 5;
	unsigned sound = 0;

	for (unsigned i = 0; i < 2000000; i++) {
		unsigned shift = (unsigned)(test_random(&seed) % 64);
		uint64_t address = test_random(&seed) & (UINT64_MAX << (shift & 63));
		pvb_extent_t word = {.word = i % 2 ? address | shift : test_random(&seed)}, again;
		unsigned granule = granules[i % GRANULES];

		if (pvb_extent_check(word, granule))
			continue;
		sound++;
		assert_int_equal(pvb_extent_encode(pvb_extent_address(word), pvb_extent_shift(word),
						   granule, &again),
				 PVB_EXTENT_SOUND);
		assert_true(again.word == word.word);
	}
	assert_true(sound > 500000);
}

static void words_are_as_written_down(void **state)
{
	(void)state;
	static const struct {
		uint64_t word;
		unsigned granule;
		enum pvb_extent_flaw flaw;
	} cases[] = {
		{UINT64_C(0x000000004000000c), 12, PVB_EXTENT_SOUND},
		{UINT64_C(0x000000004000001e), 12, PVB_EXTENT_SOUND},
		{UINT64_C(0x000000004000000c), 14, PVB_EXTENT_SPLITS},
		{UINT64_C(0x0000000040004010), 16, PVB_EXTENT_MISALIGNED},
		{UINT64_C(0x000000004000100c), 12, PVB_EXTENT_SOUND},
		{UINT64_C(0x000000004000004c), 12, PVB_EXTENT_FLAGGED},
		{UINT64_C(0x000000004000080c), 12, PVB_EXTENT_FLAGGED},
		{UINT64_C(0x000000004000000b), 12, PVB_EXTENT_TINY},
		{0, 12, PVB_EXTENT_TINY},
		{UINT64_C(0xfffffffffffff00c), 12, PVB_EXTENT_WRAPS},
		{UINT64_C(0xffffffffffffe00c), 12, PVB_EXTENT_SOUND},
		{UINT64_C(0x800000000000003f), 12, PVB_EXTENT_WRAPS},
		{UINT64_C(0x000000000000003f), 16, PVB_EXTENT_SOUND},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(pvb_extent_check((pvb_extent_t){cases[i].word}, cases[i].granule),
				 cases[i].flaw);
	for (unsigned flaw = 0; flaw <= PVB_EXTENT_WRAPS + 1; flaw++)
		assert_true(strlen(pvb_extent_flaw_text((enum pvb_extent_flaw)flaw)) > 5);
}

static void bytes_become_frames_only_where_they_are_whole(void **state)
{
	(void)state;
	for (size_t g = 0; g < GRANULES; g++) {
		uint64_t frames, page = UINT64_C(1) << granules[g];

		for (uint64_t offset = 0; offset < page; offset++)
			assert_int_equal(pvb_whole_frames(7 * page + offset, granules[g], &frames),
					 offset == 0);
		assert_true(pvb_whole_frames(-page, granules[g], &frames));
		assert_true(frames == UINT64_MAX >> granules[g]);
		assert_false(pvb_whole_frames(UINT64_MAX, granules[g], &frames));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_is_decoded_and_all_else_refused),
		cmocka_unit_test(every_pattern_of_the_low_bits_has_one_verdict),
		cmocka_unit_test(a_word_that_passes_is_the_only_one_for_its_extent),
		cmocka_unit_test(words_are_as_written_down),
		cmocka_unit_test(bytes_become_frames_only_where_they_are_whole),
	};

	return cmocka_run_group_tests_name("core: extent", tests, NULL, NULL);
}
