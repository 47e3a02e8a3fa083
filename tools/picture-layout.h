/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where things go in the picture of a layout: two columns of blocks, the same
 * scale in both. Knows nothing of drawing.
 */
#ifndef PVB_TOOLS_PICTURE_LAYOUT_H
#define PVB_TOOLS_PICTURE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/plan.h>

enum block_kind {
	BLOCK_SEGMENT,    /* of the plan */
	BLOCK_BELOW,      /* memory below the kernel, mapped but not used */
	BLOCK_FREE,       /* memory that is neither used nor mapped */
	BLOCK_UNMAPPED,   /* addresses with nothing behind them */
	BLOCK_HYPERVISOR, /* addresses that are Xen's */
	BLOCK_HOLE,       /* addresses that the processor does not have */
	BLOCK_AREA,       /* an arm64 guest's region that is no memory */
};

enum block_scale {
	SCALE_TRUE,
	SCALE_RAISED, /* too small to be seen: taller than it should be */
	SCALE_BROKEN, /* too large: a part is left out */
};

/*
 *   segment   index into the plan's segments, or, where kind is AREA, into its areas
 *   from      first address, of the column's own kind
 *   top       and height: in units of the picture, from its top
 */
struct block {
	enum block_kind kind;
	enum block_scale scale;
	size_t segment;
	uint64_t from;
	uint64_t bytes;
	double top;
	double height;
};

struct column {
	struct block *blocks;
	size_t count;
	size_t room;
};

/* unit: bytes that one unit of height stands for, where the scale is true. */
struct picture_layout {
	struct column virtual;
	struct column physical;
	double bottom;
	double unit;
};

/* Arrange everything from "top" down. False where there is no memory. */
bool picture_layout(struct picture_layout *layout, const struct pvb_plan_info *plan, double top);
void picture_layout_free(struct picture_layout *layout);

#endif
