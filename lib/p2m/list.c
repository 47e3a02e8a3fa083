/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entries, and the list that is made of them. */
#include "p2m/p2m.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "core/checked.h"
#include "core/error.h"

uint64_t pvb_p2m_highest_mfn(const struct pvb_p2m_geometry *geometry)
{
	return (geometry->entry_size == 8 ? UINT64_MAX : UINT32_MAX) - 1;
}

void *pvb_p2m_put_run(const struct pvb_p2m_geometry *geometry, void *to, uint64_t mfn,
		      uint64_t count)
{
	if (geometry->entry_size == 8) {
		uint64_t *entries = to;

		for (uint64_t i = 0; i < count; i++)
			entries[i] = htole64(mfn + i);
		return entries + count;
	}

	uint32_t *entries = to;

	for (uint64_t i = 0; i < count; i++)
		entries[i] = htole32((uint32_t)(mfn + i));
	return entries + count;
}

void *pvb_p2m_put_same(const struct pvb_p2m_geometry *geometry, void *to, uint64_t mfn,
		       uint64_t count)
{
	uint8_t *at = to;

	if (mfn == PVB_P2M_NONE) {
		memset(at, 0xff, count * geometry->entry_size);
		return at + count * geometry->entry_size;
	}
	for (uint64_t i = 0; i < count; i++)
		at = pvb_p2m_put_run(geometry, at, mfn, 1);
	return at;
}

struct list_writer {
	const struct pvb_p2m_geometry *geometry;
	const struct pvb_p2m_map *memory;
};

static int check_run(const struct pvb_p2m_geometry *geometry, uint64_t pfn, uint64_t mfn,
		     uint64_t count, struct pvb_error *error)
{
	uint64_t highest = pvb_p2m_highest_mfn(geometry);

	if (mfn <= highest && count - 1 <= highest - mfn)
		return 0;

	uint64_t fitting = mfn <= highest ? highest - mfn + 1 : 0;

	return pvb_fail(error, PVB_E_HOST_FRAME_TOO_HIGH, "p2m",
			"PFN 0x%" PRIx64 " was given frame 0x%" PRIx64
			", which a p2m list of %" PRIu32 "-byte entries cannot hold",
			pfn + fitting, mfn + fitting, geometry->entry_size);
}

static int write_pages(void *visitor, void *at, uint64_t first, uint64_t count,
		       struct pvb_error *error)
{
	const struct list_writer *writer = visitor;
	const struct pvb_p2m_geometry *geometry = writer->geometry;
	uint64_t per_page = pvb_p2m_entries_per_page(geometry);
	uint64_t pfn = first * per_page, entries = count * per_page;

	while (entries && pfn < geometry->pfns) {
		uint64_t limit = pvb_min(entries, geometry->pfns - pfn), mfn, here;
		int rc = pvb_p2m_map_find(writer->memory, "memory", pfn, limit, &mfn, &here, error);

		if (rc == 0 && mfn != PVB_P2M_NONE)
			rc = check_run(geometry, pfn, mfn, here, error);
		if (rc)
			return rc;
		at = mfn == PVB_P2M_NONE ? pvb_p2m_put_same(geometry, at, mfn, here)
					 : pvb_p2m_put_run(geometry, at, mfn, here);
		pfn += here;
		entries -= here;
	}
	pvb_p2m_put_same(geometry, at, PVB_P2M_NONE, entries);
	return 0;
}

int pvb_p2m_write_list(const struct pvb_p2m_geometry *geometry, const struct pvb_p2m_map *memory,
		       const struct pvb_p2m_sink *sink, struct pvb_error *error)
{
	struct list_writer writer = {.geometry = geometry, .memory = memory};
	int rc = pvb_p2m_check_geometry(geometry, error);

	if (rc)
		return rc;
	return sink->each(sink->opaque, 0, pvb_p2m_list_pages(geometry), write_pages, &writer,
			  error);
}
