/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture-paint.h"

#include <inttypes.h>
#include <stdio.h>

#include "picture-pen.h"
#include "size.h"

/* The page, from left to right: addresses, column, connections, column, addresses. */
#define MARGIN 36.0
#define COLUMN_WIDTH 330.0
#define VIRTUAL_LEFT 200.0
#define VIRTUAL_RIGHT (VIRTUAL_LEFT + COLUMN_WIDTH)
#define PHYSICAL_LEFT 670.0
#define PHYSICAL_RIGHT (PHYSICAL_LEFT + COLUMN_WIDTH)

#define HEIGHT_OF_LINE 24.0

static const struct colour segment_colours[] = {
	[PVB_SEGMENT_KERNEL] = RGB(0x9cc3e6),      [PVB_SEGMENT_MODULE] = RGB(0xa8d8a0),
	[PVB_SEGMENT_P2M] = RGB(0xf6c38b),         [PVB_SEGMENT_START_INFO] = RGB(0xd3b5e5),
	[PVB_SEGMENT_XENSTORE] = RGB(0xf2b6c6),    [PVB_SEGMENT_CONSOLE] = RGB(0x9fdcd6),
	[PVB_SEGMENT_PAGE_TABLES] = RGB(0xf0a19a), [PVB_SEGMENT_BOOT_STACK] = RGB(0xf3e08a),
	[PVB_SEGMENT_PADDING] = RGB(0xe4e7eb),     [PVB_SEGMENT_P2M_TABLES] = RGB(0xe8a36a),
	[PVB_SEGMENT_P2M_TREE] = RGB(0xd99a4e),    [PVB_SEGMENT_DEVICE_TREE] = RGB(0xd3b5e5),
	[PVB_SEGMENT_MEMACCESS] = RGB(0xe4e7eb),   [PVB_SEGMENT_VUART] = RGB(0xe4e7eb),
};

static struct colour colour_of(const struct block *block, const struct pvb_plan_info *plan)
{
	static const struct colour below = RGB(0xeef1f4);
	static const struct colour empty = RGB(0xffffff);
	static const struct colour hypervisor = RGB(0xcbd2d9);

	switch (block->kind) {
	case BLOCK_SEGMENT:
		return segment_colours[plan->segments[block->segment].kind];
	case BLOCK_BELOW:
		return below;
	case BLOCK_HYPERVISOR:
	case BLOCK_AREA:
		return hypervisor;
	case BLOCK_FREE:
	case BLOCK_UNMAPPED:
	case BLOCK_HOLE:
		break;
	}
	return empty;
}

static const char *name_of(const struct block *block, const struct pvb_plan_info *plan)
{
	switch (block->kind) {
	case BLOCK_SEGMENT:
		return plan->segments[block->segment].name;
	case BLOCK_BELOW:
		return "mapped, below the kernel";
	case BLOCK_FREE:
		return "free memory";
	case BLOCK_UNMAPPED:
		return "nothing mapped";
	case BLOCK_HYPERVISOR:
		return "Xen's own";
	case BLOCK_HOLE:
		return "no addresses";
	case BLOCK_AREA:
		return plan->areas[block->segment].name;
	}
	return "";
}

/* A wavy cut across the middle of a block: here a part is left out. */
static void draw_break(cairo_t *cr, double left, const struct block *block)
{
	const double right = left + COLUMN_WIDTH;
	const double gap = 7;
	const double step = COLUMN_WIDTH / 22;

	for (int side = 0; side < 2; side++) {
		double y = block->top + block->height - 14 + (side ? gap : 0);

		cairo_move_to(cr, left, y);
		for (int i = 1; i <= 22; i++)
			cairo_line_to(cr, left + i * step, y + (i % 2 ? -4 : 0));
		if (side == 0) {
			/* the gap itself, wiped */
			for (int i = 22; i >= 0; i--)
				cairo_line_to(cr, left + i * step, y + gap + (i % 2 ? -4 : 0));
			cairo_close_path(cr);
			cairo_set_source_rgb(cr, 1, 1, 1);
			cairo_fill(cr);
			cairo_move_to(cr, left, y);
			for (int i = 1; i <= 22; i++)
				cairo_line_to(cr, left + i * step, y + (i % 2 ? -4 : 0));
		}
		pen_use(cr, pen_line, 1);
		cairo_set_line_width(cr, 1);
		cairo_stroke(cr);
	}
	/* the sides are open there */
	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_set_line_width(cr, 3);
	double y = block->top + block->height - 14;

	cairo_move_to(cr, left, y + 0.6);
	cairo_line_to(cr, left, y + gap - 0.6);
	cairo_move_to(cr, right, y + 0.6);
	cairo_line_to(cr, right, y + gap - 0.6);
	cairo_stroke(cr);
}

/* A register that points into a block, as a tag behind the block's name. */
static double draw_tag(cairo_t *cr, double x, double y, const char *text)
{
	cairo_text_extents_t extents;
	const double height = 15;

	pen_font(cr, "monospace", true, PEN_SMALL_SIZE);
	cairo_text_extents(cr, text, &extents);

	double width = extents.x_advance + 10;

	cairo_rectangle(cr, x, y - height / 2, width, height);
	pen_use(cr, pen_ink, 0.85);
	cairo_fill(cr);
	cairo_set_source_rgb(cr, 1, 1, 1);
	(void)pen_put(cr, x + 5, y, ANCHOR_LEFT, text);
	return width + 5;
}

/* The height at which an address lies, but with room for a line of text in the block. */
static double height_of(uint64_t address, const struct block *block)
{
	const double share = (double)(address - block->from) / (double)block->bytes;
	const double y = block->top + block->height * share;
	const double first = block->top + HEIGHT_OF_LINE / 2;
	const double last = block->top + block->height - HEIGHT_OF_LINE / 2;

	return y < first || block->scale != SCALE_TRUE ? first : y > last ? last : y;
}

static void draw_tags(cairo_t *cr, double x, const struct block *block,
		      const struct pvb_plan_info *plan)
{
	const bool arm64 = plan->guest_type == PVB_GUEST_ARM64;
	const struct {
		const char *name;
		uint64_t address;
	} registers[] = {
		{arm64 ? "pc" : "rip", arm64 ? plan->registers.pc : plan->registers.rip},
		{arm64 ? "x0" : "rsi", arm64 ? plan->registers.x0 : plan->registers.rsi},
		{"rsp", plan->registers.rsp - 1}, /* the stack is what lies below it */
	};

	for (size_t i = 0; i < (arm64 ? 2 : sizeof registers / sizeof registers[0]); i++)
		if (block->kind == BLOCK_SEGMENT && registers[i].address >= block->from &&
		    registers[i].address - block->from < block->bytes)
			x += draw_tag(cr, x, height_of(registers[i].address, block),
				      registers[i].name);
}

static void draw_block(cairo_t *cr, const struct block *block, const struct pvb_plan_info *plan,
		       bool is_virtual)
{
	const double left = is_virtual ? VIRTUAL_LEFT : PHYSICAL_LEFT;
	const double dash[] = {3, 3};
	double y = block->top + HEIGHT_OF_LINE / 2;
	bool empty = block->kind == BLOCK_UNMAPPED || block->kind == BLOCK_FREE ||
		     block->kind == BLOCK_HOLE;

	cairo_rectangle(cr, left, block->top, COLUMN_WIDTH, block->height);
	pen_use(cr, colour_of(block, plan), 1);
	cairo_fill_preserve(cr);
	pen_use(cr, pen_line, 1);
	cairo_set_line_width(cr, 1);
	if (block->kind == BLOCK_UNMAPPED || block->kind == BLOCK_HOLE)
		cairo_set_dash(cr, dash, 2, 0);
	cairo_stroke(cr);
	cairo_set_dash(cr, NULL, 0, 0);
	if (block->kind == BLOCK_HYPERVISOR)
		pen_hatch(cr, &(struct pen_box){left, block->top, COLUMN_WIDTH, block->height});
	if (block->scale == SCALE_BROKEN)
		draw_break(cr, left, block);

	const char *name = name_of(block, plan);

	pen_font(cr, "sans", block->kind == BLOCK_SEGMENT, PEN_TEXT_SIZE);
	pen_use(cr, empty ? pen_faint_ink : pen_ink, 1);
	double width = pen_put(cr, left + 10, y, ANCHOR_LEFT, name);

	pen_font(cr, "sans", false, PEN_TEXT_SIZE);
	(void)pen_put(cr, left + COLUMN_WIDTH - 10, y, ANCHOR_RIGHT,
		      format_size(block->bytes).text);
	if (is_virtual || plan->guest_type == PVB_GUEST_ARM64)
		draw_tags(cr, left + 10 + width + 9, block, plan);
}

/* The address at which a block begins, beside the column, with a tick. */
static void draw_address(cairo_t *cr, double y, uint64_t address, const struct pvb_plan_info *plan,
			 bool is_virtual)
{
	char text[64];

	pen_use(cr, pen_line, 1);
	cairo_set_line_width(cr, 1);
	cairo_move_to(cr, is_virtual ? VIRTUAL_LEFT - 6 : PHYSICAL_RIGHT, y);
	cairo_line_to(cr, is_virtual ? VIRTUAL_LEFT : PHYSICAL_RIGHT + 6, y);
	cairo_stroke(cr);
	pen_use(cr, pen_ink, 1);
	pen_font(cr, "monospace", false, PEN_SMALL_SIZE);
	if (is_virtual) {
		(void)snprintf(text, sizeof text, "0x%" PRIx64, address);
		(void)pen_put(cr, VIRTUAL_LEFT - 11, y, ANCHOR_RIGHT, text);
		return;
	}
	(void)snprintf(text, sizeof text, "0x%" PRIx64, address / plan->page_size);
	double width = pen_put(cr, PHYSICAL_RIGHT + 11, y, ANCHOR_LEFT, text);

	(void)snprintf(text, sizeof text, "0x%" PRIx64, address);
	pen_use(cr, pen_faint_ink, 1);
	(void)pen_put(cr, PHYSICAL_RIGHT + 11 + (width > 82 ? width + 10 : 92), y, ANCHOR_LEFT,
		      text);
}

static void draw_column(cairo_t *cr, const struct column *column, const struct pvb_plan_info *plan,
			bool is_virtual)
{
	for (size_t i = 0; i < column->count; i++) {
		const struct block *block = &column->blocks[i];

		draw_block(cr, block, plan, is_virtual);
		draw_address(cr, block->top, block->from, plan, is_virtual);
	}

	if (!column->count)
		return;

	const struct block *last = &column->blocks[column->count - 1];

	/* The end of the address space is a number that wraps to 0. */
	if (last->from + last->bytes)
		draw_address(cr, last->top + last->height, last->from + last->bytes, plan,
			     is_virtual);
}

static const struct block *find(const struct column *column, const struct block *like)
{
	for (size_t i = 0; i < column->count; i++)
		if (column->blocks[i].kind == like->kind &&
		    column->blocks[i].segment == like->segment)
			return &column->blocks[i];
	return NULL;
}

/* What is mapped where: a ribbon from each block to its other half. */
static void draw_ribbons(cairo_t *cr, const struct picture_layout *layout,
			 const struct pvb_plan_info *plan)
{
	for (size_t i = 0; i < layout->virtual.count; i++) {
		const struct block *from = &layout->virtual.blocks[i];

		if (from->kind != BLOCK_SEGMENT && from->kind != BLOCK_BELOW)
			continue;

		const struct block *to = find(&layout->physical, from);
		const double middle = (VIRTUAL_RIGHT + PHYSICAL_LEFT) / 2;

		if (!to)
			continue;
		cairo_move_to(cr, VIRTUAL_RIGHT, from->top);
		cairo_curve_to(cr, middle, from->top, middle, to->top, PHYSICAL_LEFT, to->top);
		cairo_line_to(cr, PHYSICAL_LEFT, to->top + to->height);
		cairo_curve_to(cr, middle, to->top + to->height, middle, from->top + from->height,
			       VIRTUAL_RIGHT, from->top + from->height);
		cairo_close_path(cr);
		pen_use(cr, colour_of(from, plan), 0.45);
		cairo_fill_preserve(cr);
		pen_use(cr, colour_of(from, plan), 0.9);
		cairo_set_line_width(cr, 1);
		cairo_stroke(cr);
	}
}

/* What a length means where the scale is true: a power of two, some 60 units high. */
static void draw_scale(cairo_t *cr, const struct picture_layout *layout)
{
	const double right = PHYSICAL_RIGHT;
	uint64_t bytes = 4096;

	while ((double)bytes * 2 / layout->unit <= 64)
		bytes *= 2;

	const double height = (double)bytes / layout->unit;
	const double top = 58 - height / 2;

	pen_use(cr, pen_line, 1);
	cairo_set_line_width(cr, 1.5);
	cairo_move_to(cr, right - 5, top);
	cairo_line_to(cr, right + 5, top);
	cairo_move_to(cr, right, top);
	cairo_line_to(cr, right, top + height);
	cairo_move_to(cr, right - 5, top + height);
	cairo_line_to(cr, right + 5, top + height);
	cairo_stroke(cr);
	pen_font(cr, "sans", false, PEN_TEXT_SIZE);
	pen_use(cr, pen_ink, 1);
	(void)pen_put(cr, right + 12, 58, ANCHOR_LEFT, format_size(bytes).text);
}

static void draw_head(cairo_t *cr, const struct pvb_plan_info *plan)
{
	const bool arm64 = plan->guest_type == PVB_GUEST_ARM64;
	char text[160];

	pen_use(cr, pen_ink, 1);
	pen_font(cr, "sans", true, 20);
	(void)snprintf(text, sizeof text, "%s, %s, %u vCPU%s",
		       pvb_guest_type_name(plan->guest_type), format_size(plan->memory).text,
		       plan->max_vcpus, plan->max_vcpus == 1 ? "" : "s");
	(void)pen_put(cr, MARGIN, 40, ANCHOR_LEFT, text);
	pen_font(cr, "sans", false, PEN_TEXT_SIZE);
	pen_use(cr, pen_faint_ink, 1);
	if (arm64)
		(void)snprintf(text, sizeof text, "Pages of the hypervisor's of %s, GICv%" PRIu32,
			       format_size(plan->page_size).text, plan->gic);
	else
		(void)snprintf(text, sizeof text,
			       "Initial mapping 0x%" PRIx64 " to 0x%" PRIx64 ", %s", plan->map_from,
			       plan->map_to, format_size(plan->map_to - plan->map_from).text);
	(void)pen_put(cr, MARGIN, 66, ANCHOR_LEFT, text);

	pen_use(cr, pen_ink, 1);
	pen_font(cr, "sans", true, 14);
	if (!arm64)
		(void)pen_put(cr, VIRTUAL_LEFT + COLUMN_WIDTH / 2, 112, ANCHOR_MIDDLE, "virtual");
	(void)pen_put(cr, PHYSICAL_LEFT + COLUMN_WIDTH / 2, 112, ANCHOR_MIDDLE,
		      arm64 ? "guest physical" : "pseudo-physical");
	pen_font(cr, "sans", false, PEN_SMALL_SIZE);
	pen_use(cr, pen_faint_ink, 1);
	if (!arm64)
		(void)pen_put(cr, VIRTUAL_LEFT - 11, 112, ANCHOR_RIGHT, "address");
	(void)pen_put(cr, PHYSICAL_RIGHT + 11, 112, ANCHOR_LEFT, "PFN");
	(void)pen_put(cr, PHYSICAL_RIGHT + 11 + 92, 112, ANCHOR_LEFT, "address");
}

static void draw_foot(cairo_t *cr, const struct pvb_plan_info *plan, double top)
{
	char text[256];
	size_t used = 0;

	pen_font(cr, "sans", false, PEN_TEXT_SIZE);
	pen_use(cr, pen_ink, 1);
	for (size_t i = 0; i < plan->table_level_count && used < sizeof text; i++) {
		int written =
			snprintf(text + used, sizeof text - used, "%sL%u: %" PRIu64,
				 i ? ",  " : "Page tables, read-only:  ", plan->tables[i].level,
				 plan->tables[i].count);

		used += written > 0 ? (size_t)written : sizeof text;
	}
	if (plan->guest_type == PVB_GUEST_ARM64)
		(void)snprintf(text, sizeof text, "Page tables are the guest's own.");
	(void)pen_put(cr, MARGIN, top, ANCHOR_LEFT, text);
	(void)snprintf(text, sizeof text,
		       "rip 0x%" PRIx64 "    rsi 0x%" PRIx64 "    rsp 0x%" PRIx64
		       "    machine addresses below 2^%u (%s)",
		       plan->registers.rip, plan->registers.rsi, plan->registers.rsp,
		       plan->address_bits, pvb_bits_source_name(plan->address_bits_source));
	if (plan->guest_type == PVB_GUEST_ARM64)
		(void)snprintf(text, sizeof text,
			       "pc 0x%" PRIx64 "    x0 0x%" PRIx64
			       "    machine addresses below 2^%u (%s)",
			       plan->registers.pc, plan->registers.x0, plan->address_bits,
			       pvb_bits_source_name(plan->address_bits_source));
	(void)pen_put(cr, MARGIN, top + 22, ANCHOR_LEFT, text);
	pen_use(cr, pen_faint_ink, 1);
	(void)pen_put(
		cr, MARGIN, top + 44, ANCHOR_LEFT,
		"Addresses grow downwards. What would be lower than a line of text is drawn as "
		"high as one; a wavy cut leaves a part out; all else is to scale.");
}

void picture_paint(cairo_t *cr, const struct picture_layout *layout,
		   const struct pvb_plan_info *plan)
{
	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_paint(cr);
	draw_head(cr, plan);
	draw_scale(cr, layout);
	draw_ribbons(cr, layout, plan);
	draw_column(cr, &layout->virtual, plan, true);
	draw_column(cr, &layout->physical, plan, false);
	draw_foot(cr, plan, layout->bottom + PICTURE_FOOT - 76);
}
