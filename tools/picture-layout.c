/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture-layout.h"

#include <stdlib.h>

#define HEIGHT_LEAST 24.0    /* one line of text */
#define HEIGHT_LARGEST 230.0 /* the largest block of the initial mapping */
#define HEIGHT_MOST 330.0    /* above this, a part is left out */
#define HEIGHT_BROKEN 96.0
#define HEIGHT_GAP 58.0 /* addresses with nothing behind them */

/* Where four levels of page tables leave off: bit 47 is the sign (Intel SDM, canonical addresses).
 */
#define CANONICAL_END UINT64_C(0x800000000000)

/* Xen public arch-x86/xen-x86_64.h and xen-x86_32.h: HYPERVISOR_VIRT_START and _END. */
#define HYPERVISOR_64 UINT64_C(0xffff800000000000)
#define HYPERVISOR_64_END UINT64_C(0xffff880000000000)
#define HYPERVISOR_32 UINT64_C(0xf5800000)
#define HYPERVISOR_32_END UINT64_C(0x100000000)

static bool add(struct column *column, struct block block)
{
	if (column->count == column->room) {
		size_t room = column->room ? 2 * column->room : 32;
		struct block *blocks = reallocarray(column->blocks, room, sizeof blocks[0]);

		if (!blocks)
			return false;
		column->blocks = blocks;
		column->room = room;
	}
	column->blocks[column->count++] = block;
	return true;
}

static int by_address(const void *a, const void *b)
{
	uint64_t left = ((const struct block *)a)->from;
	uint64_t right = ((const struct block *)b)->from;

	return left < right ? -1 : left > right;
}

/* Sort, and put a block of "kind" wherever nothing is, between from and to (0: no end). */
static bool fill_gaps(struct column *column, enum block_kind kind, uint64_t from, uint64_t to)
{
	size_t known = column->count;
	uint64_t at = from;

	qsort(column->blocks, known, sizeof column->blocks[0], by_address);
	for (size_t i = 0; i < known; i++) {
		struct block block = column->blocks[i];

		if (block.from > at &&
		    !add(column,
			 (struct block){.kind = kind, .from = at, .bytes = block.from - at}))
			return false;
		at = block.from + block.bytes;
	}
	if (to > at && !add(column, (struct block){.kind = kind, .from = at, .bytes = to - at}))
		return false;
	qsort(column->blocks, column->count, sizeof column->blocks[0], by_address);
	return true;
}

static bool fill_physical(struct column *column, const struct pvb_plan_info *plan)
{
	uint64_t first = plan->segment_count ? plan->segments[0].gpa : 0, end = 0;

	if (first && !add(column, (struct block){.kind = BLOCK_BELOW, .from = 0, .bytes = first}))
		return false;
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct pvb_plan_segment *segment = &plan->segments[i];

		if (segment->occupied && !add(column, (struct block){.kind = BLOCK_SEGMENT,
								     .segment = i,
								     .from = segment->gpa,
								     .bytes = segment->occupied}))
			return false;
		end = segment->gpa + segment->occupied;
	}
	for (size_t i = 0; i < plan->range_count; i++) {
		const struct pvb_memory_range *range = &plan->ranges[i];
		uint64_t from = range->gpa > end ? range->gpa : end;
		uint64_t to = range->gpa + range->bytes;

		if (from < to &&
		    !add(column,
			 (struct block){.kind = BLOCK_FREE, .from = from, .bytes = to - from}))
			return false;
	}
	return fill_gaps(column, BLOCK_UNMAPPED, 0, 0);
}

/* What of a bank no segment takes; column has the segments, ascending. */
static bool fill_bank(struct column *column, const struct pvb_plan_info *plan,
		      const struct pvb_plan_area *bank)
{
	uint64_t at = bank->gpa, end = bank->gpa + bank->bytes;

	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct pvb_plan_segment *segment = &plan->segments[i];

		if (segment->gpa < at || segment->gpa >= end)
			continue;
		if (segment->gpa > at && !add(column, (struct block){.kind = BLOCK_FREE,
								     .from = at,
								     .bytes = segment->gpa - at}))
			return false;
		at = segment->gpa + segment->occupied;
	}
	return at >= end ||
	       add(column, (struct block){.kind = BLOCK_FREE, .from = at, .bytes = end - at});
}

/* All that an arm64 guest has is at guest physical addresses. */
static bool fill_arm64(struct column *column, const struct pvb_plan_info *plan)
{
	bool whole = true;

	for (size_t i = 0; i < plan->segment_count && whole; i++)
		whole = add(column, (struct block){.kind = BLOCK_SEGMENT,
						   .segment = i,
						   .from = plan->segments[i].gpa,
						   .bytes = plan->segments[i].occupied});
	for (size_t i = 0; i < plan->area_count && whole; i++) {
		const struct pvb_plan_area *area = &plan->areas[i];

		if (area->kind == PVB_AREA_RAM)
			whole = fill_bank(column, plan, area);
		else if (area->kind != PVB_AREA_SHARED)
			whole = add(column, (struct block){.kind = BLOCK_AREA,
							   .segment = i,
							   .from = area->gpa,
							   .bytes = area->bytes});
	}
	return whole && fill_gaps(column, BLOCK_UNMAPPED, 0, 0);
}

static bool fill_virtual(struct column *column, const struct pvb_plan_info *plan)
{
	bool wide = plan->guest_type == PVB_GUEST_X86_64;
	struct block hypervisor = {.kind = BLOCK_HYPERVISOR};
	uint64_t lowest = UINT64_MAX;

	if (wide && !add(column, (struct block){.kind = BLOCK_HOLE,
						.from = CANONICAL_END,
						.bytes = HYPERVISOR_64 - CANONICAL_END}))
		return false;
	hypervisor.from = wide ? HYPERVISOR_64 : HYPERVISOR_32;
	hypervisor.bytes = (wide ? HYPERVISOR_64_END : HYPERVISOR_32_END) - hypervisor.from;
	if (!add(column, hypervisor))
		return false;
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct pvb_plan_segment *segment = &plan->segments[i];

		if (segment->va == PVB_NONE || !segment->occupied)
			continue;
		if (!add(column, (struct block){.kind = BLOCK_SEGMENT,
						.segment = i,
						.from = segment->va,
						.bytes = segment->occupied}))
			return false;
		if (segment->va >= plan->map_from && segment->va < lowest)
			lowest = segment->va;
	}
	if (lowest != UINT64_MAX && lowest > plan->map_from &&
	    !add(column, (struct block){.kind = BLOCK_BELOW,
					.from = plan->map_from,
					.bytes = lowest - plan->map_from}))
		return false;
	qsort(column->blocks, column->count, sizeof column->blocks[0], by_address);
	return fill_gaps(column, BLOCK_UNMAPPED, column->blocks[0].from, 0);
}

/* Bytes a unit, so that the largest block of the initial mapping gets its height. */
static double choose_unit(const struct column *column, const struct pvb_plan_info *plan)
{
	uint64_t largest = plan->page_size;

	for (size_t i = 0; i < column->count; i++) {
		const struct block *block = &column->blocks[i];

		if ((block->kind == BLOCK_SEGMENT || block->kind == BLOCK_BELOW) &&
		    block->from >= plan->map_from && block->from < plan->map_to &&
		    block->bytes > largest)
			largest = block->bytes;
	}
	return (double)largest / HEIGHT_LARGEST;
}

static void choose_height(struct block *block, double unit)
{
	double height = (double)block->bytes / unit;
	bool gap = block->kind == BLOCK_UNMAPPED || block->kind == BLOCK_HYPERVISOR ||
		   block->kind == BLOCK_HOLE;

	block->scale = SCALE_TRUE;
	if (height < HEIGHT_LEAST) {
		height = HEIGHT_LEAST;
		block->scale = SCALE_RAISED;
	} else if (gap && height > HEIGHT_GAP) {
		height = HEIGHT_GAP;
		block->scale = SCALE_BROKEN;
	} else if (height > HEIGHT_MOST) {
		height = HEIGHT_BROKEN;
		block->scale = SCALE_BROKEN;
	}
	block->height = height;
}

/* Stack a column; returns its bottom. */
static double stack(struct column *column, double top, double unit)
{
	for (size_t i = 0; i < column->count; i++) {
		choose_height(&column->blocks[i], unit);
		column->blocks[i].top = top;
		top += column->blocks[i].height;
	}
	return top;
}

static double top_of_segment(const struct column *column, size_t segment)
{
	for (size_t i = 0; i < column->count; i++)
		if (column->blocks[i].kind == BLOCK_SEGMENT && column->blocks[i].segment == segment)
			return column->blocks[i].top;
	return 0;
}

bool picture_layout(struct picture_layout *layout, const struct pvb_plan_info *plan, double top)
{
	*layout = (struct picture_layout){.unit = 1};
	if (plan->guest_type == PVB_GUEST_ARM64) {
		if (!fill_arm64(&layout->physical, plan))
			return false;
		for (size_t i = 0; i < plan->segment_count; i++)
			if ((double)plan->segments[i].occupied / HEIGHT_LARGEST > layout->unit)
				layout->unit = (double)plan->segments[i].occupied / HEIGHT_LARGEST;
		layout->bottom = stack(&layout->physical, top, layout->unit);
		return true;
	}
	if (!fill_virtual(&layout->virtual, plan) || !fill_physical(&layout->physical, plan))
		return false;
	layout->unit = choose_unit(&layout->virtual, plan);

	double bottom_virtual = stack(&layout->virtual, top, layout->unit);
	double bottom_physical = stack(&layout->physical, top, layout->unit);
	/* The kernel stands at the same height in both: the columns are 1:1 from there on. */
	double shift = top_of_segment(&layout->virtual, 0) - top_of_segment(&layout->physical, 0);

	if (shift > 0)
		bottom_physical = stack(&layout->physical, top + shift, layout->unit);
	else
		bottom_virtual = stack(&layout->virtual, top - shift, layout->unit);
	layout->bottom = bottom_virtual > bottom_physical ? bottom_virtual : bottom_physical;
	return true;
}

void picture_layout_free(struct picture_layout *layout)
{
	free(layout->virtual.blocks);
	free(layout->physical.blocks);
	*layout = (struct picture_layout){0};
}
