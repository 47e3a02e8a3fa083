/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of a file, so that what several headers name is read once. */
#ifndef PVB_IMAGE_RANGES_H
#define PVB_IMAGE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

struct pvb_range {
	uint64_t begin, end;
};

struct pvb_ranges {
	struct pvb_range *list;
	size_t count, room;
};

#define PVB_RANGES_AUTO __attribute__((cleanup(pvb_ranges_free)))

void pvb_ranges_free(struct pvb_ranges *ranges);

/* Add size bytes at offset, of which no more are taken than a file of so many bytes has. */
int pvb_ranges_add(struct pvb_ranges *ranges, uint64_t file_size, uint64_t offset, uint64_t size,
		   struct pvb_error *error);

/* Put them into order, with none meeting or touching another. */
void pvb_ranges_settle(struct pvb_ranges *ranges);

/* Whether size bytes at offset are all in one of them. They are settled. */
bool pvb_ranges_have(const struct pvb_ranges *ranges, uint64_t offset, uint64_t size);

/*
 * What of [*begin, end) no range has: moves *begin to where that starts, and returns where it
 * ends; *begin is end where there is nothing more. The ranges are settled; *at begins as 0.
 */
uint64_t pvb_ranges_gap(const struct pvb_ranges *ranges, size_t *at, uint64_t *begin, uint64_t end);

#endif
