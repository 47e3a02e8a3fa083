/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture-p2m-rows.h"

#include <inttypes.h>
#include <stdio.h>

/* More ribbons than these say no more. */
#define RIBBONS_MOST 64u

static const struct colour machine_colour = RGB(0xcbd2d9);

/* The largest extents, in no order. */
struct largest {
	const struct pvb_p2m_extent *extents[RIBBONS_MOST];
	size_t count;
};

static void find_largest(struct largest *largest, const struct pvb_p2m_info *info)
{
	size_t least = 0;

	*largest = (struct largest){0};
	for (size_t i = 0; i < info->extent_count; i++) {
		const struct pvb_p2m_extent *extent = &info->extents[i];

		if (largest->count < RIBBONS_MOST)
			largest->extents[largest->count++] = extent;
		else if (extent->count > largest->extents[least]->count)
			largest->extents[least] = extent;
		else
			continue;
		for (size_t j = 0; largest->count == RIBBONS_MOST && j < largest->count; j++)
			if (largest->extents[j]->count < largest->extents[least]->count)
				least = j;
	}
}

struct machine {
	uint64_t from;
	uint64_t to;
};

static struct machine machine_of(const struct pvb_p2m_info *info)
{
	struct machine machine = {.from = UINT64_MAX};

	for (size_t i = 0; i < info->extent_count; i++) {
		const struct pvb_p2m_extent *extent = &info->extents[i];

		if (extent->mfn < machine.from)
			machine.from = extent->mfn;
		if (extent->mfn + extent->count > machine.to)
			machine.to = extent->mfn + extent->count;
	}
	return machine;
}

static double x_of_frame(const struct machine *machine, uint64_t mfn)
{
	return PFNS_LEFT +
	       PFNS_WIDTH * (double)(mfn - machine->from) / (double)(machine->to - machine->from);
}

static void draw_ribbon(cairo_t *cr, const struct pvb_p2m_info *info, const struct machine *machine,
			const struct pvb_p2m_extent *extent, double top)
{
	const double left = p2m_x_of(info, extent->pfn);
	const double right = p2m_x_of(info, extent->pfn + extent->count);
	const double to_left = x_of_frame(machine, extent->mfn);
	const double to_right = x_of_frame(machine, extent->mfn + extent->count);
	const double middle = top + RIBBON_HEIGHT / 2;
	const double bottom = top + RIBBON_HEIGHT;

	cairo_move_to(cr, left, top);
	cairo_curve_to(cr, left, middle, to_left, middle, to_left, bottom);
	cairo_line_to(cr, to_right, bottom);
	cairo_curve_to(cr, to_right, middle, right, middle, right, top);
	cairo_close_path(cr);
	pen_use(cr, p2m_frame_colour, 0.45);
	cairo_fill_preserve(cr);
	pen_use(cr, p2m_frame_colour, 0.9);
	cairo_set_line_width(cr, 1);
	cairo_stroke(cr);
}

/* Parts of the machine that the guest has frames in. */
static void draw_taken(cairo_t *cr, const struct pvb_p2m_info *info, const struct machine *machine,
		       double top)
{
	struct strips strips = {0};

	for (size_t i = 0; i < info->extent_count; i++) {
		const struct pvb_p2m_extent *extent = &info->extents[i];
		const double from = x_of_frame(machine, extent->mfn) - PFNS_LEFT;
		const double to = x_of_frame(machine, extent->mfn + extent->count) - PFNS_LEFT;

		for (unsigned strip = (unsigned)(from / STRIP_WIDTH);
		     strip < STRIPS && strip * STRIP_WIDTH < to; strip++)
			strips.filled[strip] = true;
	}
	for (unsigned i = 0; i < STRIPS; i++)
		if (strips.filled[i])
			cairo_rectangle(cr, PFNS_LEFT + i * STRIP_WIDTH, top, STRIP_WIDTH + 0.2,
					ROW_HEIGHT);
	pen_use(cr, p2m_frame_colour, 1);
	cairo_fill(cr);
	cairo_rectangle(cr, PFNS_LEFT, top, PFNS_WIDTH, ROW_HEIGHT);
	p2m_stroke(cr, 1);
}

void p2m_draw_machine(cairo_t *cr, const struct pvb_p2m_info *info, double top)
{
	const struct machine machine = machine_of(info);
	const double bar = top + RIBBON_HEIGHT;
	struct largest largest;
	char text[96];

	if (!info->extent_count)
		return;
	find_largest(&largest, info);
	for (size_t i = 0; i < largest.count; i++)
		draw_ribbon(cr, info, &machine, largest.extents[i], top);
	cairo_rectangle(cr, PFNS_LEFT, bar, PFNS_WIDTH, ROW_HEIGHT);
	pen_use(cr, machine_colour, 1);
	cairo_fill(cr);
	draw_taken(cr, info, &machine, bar);
	p2m_draw_name(cr, bar, "machine", "frames, MFN");
	(void)snprintf(text, sizeof text, "%zu extent%s", info->extent_count,
		       info->extent_count == 1 ? "" : "s");
	p2m_draw_number(cr, bar, text,
			info->extent_count > RIBBONS_MOST ? "ribbons: the largest 64" : "");
	pen_font(cr, "monospace", false, PEN_SMALL_SIZE);
	pen_use(cr, pen_ink, 1);
	(void)snprintf(text, sizeof text, "0x%" PRIx64, machine.from);
	(void)pen_put(cr, PFNS_LEFT, bar + ROW_HEIGHT + 12, ANCHOR_LEFT, text);
	(void)snprintf(text, sizeof text, "0x%" PRIx64, machine.to);
	(void)pen_put(cr, PFNS_RIGHT, bar + ROW_HEIGHT + 12, ANCHOR_RIGHT, text);
}
