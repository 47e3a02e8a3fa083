/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The p2m of a guest of up to 64 pages: a byte of flags (bit 0: 32 bits; 1: a list; 2: a list of
 * frame lists), one of levels, three of max_pfn, of its most significant bits first and a shift;
 * then words of pages, each a byte for the page, two for the first entry, one for how many
 * more, and eight for what is written there.
 */
#include "fuzz/targets.h"

#include <stdlib.h>
#include <string.h>

#include <pvbuild/p2m.h>

#include "fuzz/check.h"

#define PAGES 64u
#define PAGE 4096u
#define HEADER 5u
#define RECORD 12u

struct guest {
	uint8_t pages[PAGES][PAGE];
	uint64_t pages_read;
};

/* Each page at most once for each level, and once more; looked up alone, once a level. */
#define PAGES_READ (PAGES * 6u)
#define LOOKUP_PAGES 5u

static int read_pages(void *opaque, const uint64_t *mfns, size_t count, void *to,
		      struct pvb_error *error)
{
	struct guest *guest = opaque;

	for (size_t i = 0; i < count; i++) {
		if (mfns[i] >= PAGES) {
			*error = (struct pvb_error){.code = PVB_E_HOST_MAP,
						    .stage = "fuzz",
						    .message = "there is no such page"};
			return -PVB_E_HOST_MAP;
		}
		memcpy((uint8_t *)to + i * PAGE, guest->pages[mfns[i]], PAGE);
		guest->pages_read++;
	}
	return 0;
}

static void check_info(const struct pvb_p2m_info *info)
{
	uint64_t end = 0, frames = 0;

	for (size_t i = 0; i < info->extent_count; i++) {
		must(info->extents[i].pfn >= end && info->extents[i].count);
		end = info->extents[i].pfn + info->extents[i].count;
		frames += info->extents[i].count;
	}
	must(end <= info->geometry.pfns && frames == info->frames);
	must(frames + info->holes + info->foreign + info->identity + info->wild ==
	     info->geometry.pfns);
}

/* What is said of one PFN alone is what the whole says of it. */
static void check_lookup(const struct pvb_p2m_access *access, const struct pvb_p2m_anchors *anchors,
			 const struct pvb_p2m *p2m, uint64_t pfn)
{
	struct guest *guest = access->opaque;
	enum pvb_p2m_entry kind;
	struct pvb_error error;
	uint64_t entry;

	guest->pages_read = 0;
	int rc = pvb_p2m_lookup(access, anchors, NULL, pfn, &kind, &entry, &error);

	must(guest->pages_read <= LOOKUP_PAGES);
	must_be_sound(rc, &error);
	if (!p2m || pfn >= pvb_p2m_info(p2m)->geometry.pfns)
		return;
	must_after(rc == 0, &error);
	must(pvb_p2m_find(p2m, pfn) == (kind == PVB_P2M_ENTRY_FRAME ? entry : PVB_P2M_NONE));
}

static void fill(struct guest *guest, const uint8_t *data, size_t size, unsigned width)
{
	for (; size >= RECORD; data += RECORD, size -= RECORD) {
		size_t at = (size_t)(data[1] | data[2] << 8) * width;

		for (unsigned n = 0; n <= data[3] && at + width <= PAGE; n++, at += width)
			memcpy(guest->pages[data[0] % PAGES] + at, data + 4, width);
	}
}

static void read_all(struct guest *guest, const struct pvb_p2m_anchors *anchors)
{
	/* More frames than pages: entries can be in range and not be read. */
	const struct pvb_p2m_access access = {
		.opaque = guest, .frames = 1 << 20, .read = read_pages};
	struct pvb_p2m *p2m = NULL;
	struct pvb_error error;
	int rc = pvb_p2m_read(&access, anchors, NULL, &p2m, &error);

	must_be_sound(rc, &error);
	must((rc == 0) == (p2m != NULL));
	must(guest->pages_read <= PAGES_READ);
	if (p2m)
		check_info(pvb_p2m_info(p2m));
	check_lookup(&access, anchors, p2m, 0);
	check_lookup(&access, anchors, p2m, anchors->max_pfn / 2);
	check_lookup(&access, anchors, p2m, anchors->max_pfn - 1);
	pvb_p2m_free(p2m);
}

static void run(const uint8_t *data, size_t size)
{
	struct guest *guest;

	if (size < HEADER)
		return;
	guest = calloc(1, sizeof *guest);
	if (!guest)
		return;

	const bool list = data[0] & 2;
	const unsigned bits = data[0] & 1 ? 32 : 64;
	const struct pvb_p2m_anchors anchors = {
		.guest_bits = bits,
		.max_pfn = (uint64_t)(data[2] << 8 | data[3]) << data[4] % 48,
		.frame_list_list = data[0] & 4 ? 1 : 0,
		.has_tree = !list && !(data[0] & 4),
		.p2m_levels = data[1],
		.p2m_root = 1,
		.p2m_cr3 = list ? 1 << 12 : 0,
		.p2m_vaddr = (uint64_t)data[1] << 12,
	};

	fill(guest, data + HEADER, size - HEADER, list ? 8 : bits / 8);
	read_all(guest, &anchors);
	free(guest);
}

/* ---- what it begins with ------------------------------------------------------------------ */

static struct blob p2m_begin(unsigned flags, unsigned levels, unsigned max_pfn, unsigned shift)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, flags, 1);
	blob_append_number(&input, levels, 1);
	blob_append_number_be(&input, max_pfn, 2);
	blob_append_number(&input, shift, 1);
	return input;
}

static void p2m_words(struct blob *input, unsigned page, unsigned first, unsigned count,
		      uint64_t word)
{
	blob_append_number(input, page, 1);
	blob_append_number(input, first, 2);
	blob_append_number(input, count - 1, 1);
	blob_append_number(input, word, 8);
}

static void p2m_missing(struct blob *input, unsigned page)
{
	for (unsigned first = 0; first < 1024; first += 256)
		p2m_words(input, page, first, 256, UINT64_MAX);
}

/* Pages 1 to 3 one below the other, then two of entries; a third is 5, again and again. */
static struct blob p2m_tree(unsigned flags, unsigned levels, unsigned shift)
{
	struct blob input = p2m_begin(flags, levels, 3000, shift);

	for (unsigned page = 1; page <= 5; page++)
		p2m_missing(&input, page);
	for (unsigned page = 1; page + 1 < levels; page++)
		p2m_words(&input, page, 0, 1, page + 1);
	p2m_words(&input, levels - 1, 0, 1, levels);
	p2m_words(&input, levels - 1, 1, 256, 5);
	p2m_words(&input, levels, 3, 1, 0x1234);
	p2m_words(&input, levels, 4, 1, 0x1235);
	p2m_words(&input, levels, 5, 1, UINT64_C(1) << 63 | 7);
	return input;
}

static struct blob p2m_tree_of_64_bits(void)
{
	return p2m_tree(0, 3, 0);
}

static struct blob p2m_tree_of_32_bits(void)
{
	return p2m_tree(1, 2, 0);
}

static struct blob p2m_frame_lists(void)
{
	return p2m_tree(4, 3, 4);
}

static struct blob p2m_list(void)
{
	struct blob input = p2m_begin(2, 5, 3000, 0);

	for (unsigned page = 1; page < 4; page++)
		p2m_words(&input, page, 0, 1, (page + 1) << 12 | 1);
	p2m_words(&input, 4, 5, 200, 6 << 12 | 1);
	p2m_words(&input, 4, 5, 1, 5 << 12 | 1);
	p2m_missing(&input, 6);
	p2m_words(&input, 5, 0, 100, 0x4321);
	return input;
}

static struct blob p2m_list_of_32_bits(void)
{
	struct blob input = p2m_begin(3, 5, 3000, 0);

	for (unsigned page = 1; page < 3; page++)
		p2m_words(&input, page, 0, 1, (page + 1) << 12 | 1);
	p2m_words(&input, 3, 5, 20, 5 << 12 | 1);
	p2m_missing(&input, 5);
	return input;
}

static const struct fuzz_seed seeds[] = {
	FUZZ_SEED(p2m_tree_of_64_bits), FUZZ_SEED(p2m_tree_of_32_bits),
	FUZZ_SEED(p2m_frame_lists),     FUZZ_SEED(p2m_list),
	FUZZ_SEED(p2m_list_of_32_bits), {.name = NULL},
};

const struct fuzz_target fuzz_p2m = {.name = "p2m", .max_size = 8192, .run = run, .seeds = seeds};
