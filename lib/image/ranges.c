/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/ranges.h"

#include <stdlib.h>

#include "core/checked.h"
#include "image/image.h"

void pvb_ranges_free(struct pvb_ranges *ranges)
{
	free(ranges->list);
	*ranges = (struct pvb_ranges){0};
}

int pvb_ranges_add(struct pvb_ranges *ranges, uint64_t file_size, uint64_t offset, uint64_t size,
		   struct pvb_error *error)
{
	if (offset >= file_size || !size)
		return 0;
	if (ranges->count == ranges->room) {
		size_t room = ranges->room ? 2 * ranges->room : 16;
		struct pvb_range *list =
			(struct pvb_range *)reallocarray(ranges->list, room, sizeof *list);

		if (!list)
			return pvb_fail_memory(error, PVB_IMAGE_STAGE, "ranges of the file");
		ranges->list = list;
		ranges->room = room;
	}
	ranges->list[ranges->count++] =
		(struct pvb_range){offset, offset + pvb_min(size, file_size - offset)};
	return 0;
}

static int by_begin(const void *a, const void *b)
{
	const struct pvb_range *x = (const struct pvb_range *)a;
	const struct pvb_range *y = (const struct pvb_range *)b;

	return (x->begin > y->begin) - (x->begin < y->begin);
}

void pvb_ranges_settle(struct pvb_ranges *ranges)
{
	size_t kept = 0;

	if (!ranges->count)
		return;
	qsort(ranges->list, ranges->count, sizeof *ranges->list, by_begin);
	for (size_t i = 1; i < ranges->count; i++) {
		struct pvb_range *last = &ranges->list[kept], next = ranges->list[i];

		if (next.begin <= last->end)
			last->end = pvb_max(last->end, next.end);
		else
			ranges->list[++kept] = next;
	}
	ranges->count = kept + 1;
}

bool pvb_ranges_have(const struct pvb_ranges *ranges, uint64_t offset, uint64_t size)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->list[middle].end < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ranges->count && ranges->list[low].begin <= offset &&
	       size <= ranges->list[low].end - offset;
}

uint64_t pvb_ranges_gap(const struct pvb_ranges *ranges, size_t *at, uint64_t *begin, uint64_t end)
{
	for (; *at < ranges->count && ranges->list[*at].begin < end; ++*at) {
		const struct pvb_range *range = &ranges->list[*at];

		if (range->begin > *begin)
			return range->begin;
		*begin = pvb_min(end, pvb_max(*begin, range->end));
		if (range->end > end)
			break;
	}
	return end;
}
