/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "p2m/list.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "core/checked.h"
#include "core/error.h"

uint64_t pvb_p2m_entries_per_frame(const struct pvb_p2m_geometry *geometry)
{
	return (UINT64_C(1) << geometry->page_shift) / geometry->entry_size;
}

uint64_t pvb_p2m_list_frames(const struct pvb_p2m_geometry *geometry)
{
	return pvb_div_round_up(geometry->pages, pvb_p2m_entries_per_frame(geometry));
}

/* The entries of count PFNs whose MFNs ascend from mfn on. */
static void encode_run(unsigned entry_size, void *to, uint64_t mfn, uint64_t count)
{
	if (entry_size == 8) {
		uint64_t *entries = to;

		for (uint64_t i = 0; i < count; i++)
			entries[i] = htole64(mfn + i);
	} else {
		uint32_t *entries = to;

		for (uint64_t i = 0; i < count; i++)
			entries[i] = htole32((uint32_t)(mfn + i));
	}
}

bool pvb_p2m_list_encode(const struct pvb_p2m_geometry *geometry, const struct pvb_runs *memory,
			 uint64_t first, uint64_t count, void *to, uint64_t *pfn)
{
	uint64_t per_frame = pvb_p2m_entries_per_frame(geometry);
	uint64_t highest = geometry->entry_size == 8 ? UINT64_MAX - 1 : UINT32_MAX - 1;
	uint64_t at = first * per_frame, end = at + count * per_frame;
	uint64_t last = pvb_min(end, geometry->pages);
	uint8_t *bytes = to;

	for (size_t i = pvb_runs_lower(memory, at); at < end;) {
		bool found = i < memory->n && memory->v[i].from < last;
		uint64_t from = found ? pvb_max(memory->v[i].from, at) : end;

		memset(bytes, 0xff, (from - at) * geometry->entry_size);
		bytes += (from - at) * geometry->entry_size;
		at = from;
		if (!found)
			break;

		const struct pvb_run *run = &memory->v[i++];
		uint64_t here = pvb_min(run->from + run->count, last) - from;
		uint64_t mfn = run->to + (from - run->from);

		if (mfn > highest || here - 1 > highest - mfn) {
			*pfn = mfn > highest ? from : from + (highest - mfn) + 1;
			return false;
		}
		encode_run(geometry->entry_size, bytes, mfn, here);
		bytes += here * geometry->entry_size;
		at += here;
	}
	return true;
}

struct list_writer {
	const struct pvb_p2m_geometry *geometry;
	const struct pvb_runs *memory;
};

static int write_frames(void *visitor, void *at, uint64_t first, uint64_t count,
			struct pvb_error *error)
{
	const struct list_writer *writer = visitor;
	uint64_t pfn, mfn;

	if (pvb_p2m_list_encode(writer->geometry, writer->memory, first, count, at, &pfn))
		return 0;
	(void)pvb_runs_find(writer->memory, pfn, &mfn, NULL);
	return pvb_fail(error, PVB_E_HOST_FRAME_TOO_HIGH, "p2m",
			"PFN 0x%" PRIx64 " was given frame 0x%" PRIx64
			", which a p2m list of %u-byte entries cannot hold",
			pfn, mfn, writer->geometry->entry_size);
}

int pvb_p2m_list_write(const struct pvb_p2m_geometry *geometry, const struct pvb_runs *memory,
		       const struct pvb_p2m_frames *frames, struct pvb_error *error)
{
	struct list_writer writer = {.geometry = geometry, .memory = memory};

	return frames->each(frames->opaque, 0, pvb_p2m_list_frames(geometry), write_frames, &writer,
			    error);
}
