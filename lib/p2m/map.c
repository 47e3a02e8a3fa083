/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps that a p2m is written from. */
#include "p2m/p2m.h"

#include <inttypes.h>

#include "core/checked.h"
#include "core/error.h"

static void find_extent(void *opaque, uint64_t at, uint64_t limit, uint64_t *mfn, uint64_t *count)
{
	const struct pvb_p2m_extents *extents = opaque;
	size_t low = 0, high = extents->count;

	/* the first whose last PFN is not below at */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct pvb_p2m_extent *extent = &extents->list[middle];

		if (extent->pfn <= at && at - extent->pfn >= extent->count)
			low = middle + 1;
		else
			high = middle;
	}

	const struct pvb_p2m_extent *extent = low < extents->count ? &extents->list[low] : NULL;

	if (extent && extent->pfn <= at) {
		*mfn = extent->mfn + (at - extent->pfn);
		*count = pvb_min(extent->count - (at - extent->pfn), limit);
	} else {
		*mfn = PVB_P2M_NONE;
		*count = extent ? pvb_min(extent->pfn - at, limit) : limit;
	}
}

struct pvb_p2m_map pvb_p2m_map_of(struct pvb_p2m_extents *extents)
{
	return (struct pvb_p2m_map){.opaque = extents, .find = find_extent};
}

static void find_run(void *opaque, uint64_t at, uint64_t limit, uint64_t *mfn, uint64_t *count)
{
	const struct pvb_p2m_runs *map = opaque;
	uint64_t key = map->first + at;
	size_t i = pvb_runs_lower(map->runs, key);
	const struct pvb_run *run = i < map->runs->n ? &map->runs->v[i] : NULL;

	if (run && run->from <= key) {
		*mfn = run->to + (key - run->from);
		*count = pvb_min(run->count - (key - run->from), limit);
	} else {
		*mfn = PVB_P2M_NONE;
		*count = run ? pvb_min(run->from - key, limit) : limit;
	}
}

struct pvb_p2m_map pvb_p2m_map_of_runs(struct pvb_p2m_runs *runs)
{
	return (struct pvb_p2m_map){.opaque = runs, .find = find_run};
}

int pvb_p2m_map_find(const struct pvb_p2m_map *map, const char *name, uint64_t at, uint64_t limit,
		     uint64_t *mfn, uint64_t *count, struct pvb_error *error)
{
	*mfn = PVB_P2M_NONE;
	*count = 0;
	map->find(map->opaque, at, limit, mfn, count);
	if (*count == 0 || *count > limit)
		return pvb_fail(error, PVB_E_ARG_INVALID, "p2m",
				"the map of %s said of number 0x%" PRIx64 " and %" PRIu64
				" more that it is true of %" PRIu64,
				name, at, limit - 1, *count);
	return 0;
}
