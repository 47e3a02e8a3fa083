/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz/targets.h"

#include <stdlib.h>
#include <string.h>

#include <pvbuild/p2m.h>

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

static int read_pages(void *opaque, const uint64_t *mfns, size_t count, void *to,
		      struct pvb_error *error)
{
	struct guest *guest = opaque;

	for (size_t i = 0; i < count; i++) {
		if (mfns[i] >= PAGES) {
			*error = (struct pvb_error){.code = PVB_E_HOST_MAP};
			return -PVB_E_HOST_MAP;
		}
		memcpy((uint8_t *)to + i * PAGE, guest->pages[mfns[i]], PAGE);
		guest->pages_read++;
	}
	return 0;
}

static void check(const struct pvb_p2m_info *info)
{
	uint64_t end = 0, frames = 0;

	for (size_t i = 0; i < info->extent_count; i++) {
		if (info->extents[i].pfn < end || !info->extents[i].count)
			abort();
		end = info->extents[i].pfn + info->extents[i].count;
		frames += info->extents[i].count;
	}
	if (end > info->geometry.pfns || frames != info->frames ||
	    frames + info->holes + info->foreign + info->identity + info->wild !=
		    info->geometry.pfns)
		abort();
}

static void fill(struct guest *guest, const uint8_t *data, size_t size, unsigned width)
{
	for (; size >= RECORD; data += RECORD, size -= RECORD) {
		size_t at = (size_t)(data[1] | data[2] << 8) * width;

		for (unsigned n = 0; n <= data[3] && at + width <= PAGE; n++, at += width)
			memcpy(guest->pages[data[0] % PAGES] + at, data + 4, width);
	}
}

int fuzz_p2m(const uint8_t *data, size_t size)
{
	struct guest *guest;
	struct pvb_p2m *p2m = NULL;
	struct pvb_error error;
	enum pvb_p2m_entry kind;
	uint64_t entry;

	if (size < HEADER)
		return 0;
	guest = calloc(1, sizeof *guest);
	if (!guest)
		return 0;

	const bool list = data[0] & 2;
	const unsigned bits = data[0] & 1 ? 32 : 64;
	struct pvb_p2m_anchors anchors = {
		.guest_bits = bits,
		.max_pfn = (uint64_t)(data[2] << 8 | data[3]) << data[4] % 48,
		.frame_list_list = data[0] & 4 ? 1 : 0,
		.has_tree = !list && !(data[0] & 4),
		.p2m_levels = data[1],
		.p2m_root = 1,
		.p2m_cr3 = list ? 1 << 12 : 0,
		.p2m_vaddr = (uint64_t)data[1] << 12,
	};
	/* More frames than pages: entries can be in range and not be read. */
	const struct pvb_p2m_access access = {
		.opaque = guest, .frames = 1 << 20, .read = read_pages};

	fill(guest, data + HEADER, size - HEADER, list ? 8 : bits / 8);
	if (pvb_p2m_read(&access, &anchors, NULL, &p2m, &error) == 0)
		check(pvb_p2m_info(p2m));
	else if (p2m || !error.code)
		abort();
	if (guest->pages_read > PAGES_READ)
		abort();
	pvb_p2m_free(p2m);
	guest->pages_read = 0;
	(void)pvb_p2m_lookup(&access, &anchors, NULL, anchors.max_pfn / 2, &kind, &entry, &error);
	if (guest->pages_read > 5)
		abort();
	free(guest);
	return 0;
}
