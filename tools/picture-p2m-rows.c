/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture-p2m-rows.h"

const struct colour p2m_frame_colour = RGB(0x9cc3e6);

double p2m_x_of(const struct pvb_p2m_info *info, uint64_t pfn)
{
	return PFNS_LEFT + PFNS_WIDTH * (double)pfn / (double)info->geometry.pfns;
}

static unsigned strip_of(const struct pvb_p2m_info *info, uint64_t pfn)
{
	const double at = (double)STRIPS * (double)pfn / (double)info->geometry.pfns;

	return at < STRIPS ? (unsigned)at : STRIPS - 1;
}

void p2m_fill(struct strips *strips, const struct pvb_p2m_info *info, uint64_t span)
{
	unsigned done = 0;

	*strips = (struct strips){0};
	for (size_t i = 0; i < info->extent_count; i++) {
		const struct pvb_p2m_extent *extent = &info->extents[i];
		const uint64_t last = extent->pfn + extent->count - 1;
		const uint64_t left = span - 1 - last % span;
		uint64_t end = info->geometry.pfns - 1;

		if (left < end - last)
			end = last + left;

		unsigned from = strip_of(info, extent->pfn - extent->pfn % span);
		const unsigned to = strip_of(info, end);

		for (from = from > done ? from : done; from <= to; from++)
			strips->filled[from] = true;
		done = to > done ? to : done;
	}
}

uint64_t p2m_count_filled(const struct pvb_p2m_info *info, uint64_t span)
{
	uint64_t count = 0, next = 0;

	for (size_t i = 0; i < info->extent_count; i++) {
		const struct pvb_p2m_extent *extent = &info->extents[i];
		const uint64_t first = extent->pfn / span;
		const uint64_t end = (extent->pfn + extent->count - 1) / span + 1;

		count += end - (first > next ? first : next);
		next = end;
	}
	return count;
}

void p2m_stroke(cairo_t *cr, double width)
{
	pen_use(cr, pen_line, 1);
	cairo_set_line_width(cr, width);
	cairo_stroke(cr);
}

void p2m_draw_strips(cairo_t *cr, const struct strips *strips, double top, struct colour colour)
{
	const double dash[] = {3, 3};

	cairo_rectangle(cr, PFNS_LEFT, top, PFNS_WIDTH, ROW_HEIGHT);
	cairo_set_dash(cr, dash, 2, 0);
	p2m_stroke(cr, 1);
	cairo_set_dash(cr, NULL, 0, 0);
	for (unsigned i = 0; i < STRIPS;) {
		unsigned run = 1;

		while (i + run < STRIPS && strips->filled[i + run] == strips->filled[i])
			run++;
		if (strips->filled[i]) {
			cairo_rectangle(cr, PFNS_LEFT + i * STRIP_WIDTH, top, run * STRIP_WIDTH,
					ROW_HEIGHT);
			pen_use(cr, colour, 1);
			cairo_fill_preserve(cr);
			p2m_stroke(cr, 1);
		}
		i += run;
	}
}

void p2m_draw_name(cairo_t *cr, double top, const char *name, const char *below)
{
	pen_font(cr, "sans", true, PEN_TEXT_SIZE);
	pen_use(cr, pen_ink, 1);
	(void)pen_put(cr, MARGIN, top + (*below ? 9 : ROW_HEIGHT / 2), ANCHOR_LEFT, name);
	pen_font(cr, "sans", false, PEN_SMALL_SIZE);
	pen_use(cr, pen_faint_ink, 1);
	(void)pen_put(cr, MARGIN, top + 26, ANCHOR_LEFT, below);
}

void p2m_draw_number(cairo_t *cr, double top, const char *number, const char *below)
{
	pen_font(cr, "sans", false, PEN_TEXT_SIZE);
	pen_use(cr, pen_ink, 1);
	(void)pen_put(cr, PFNS_RIGHT + 14, top + (*below ? 9 : ROW_HEIGHT / 2), ANCHOR_LEFT,
		      number);
	pen_font(cr, "sans", false, PEN_SMALL_SIZE);
	pen_use(cr, pen_faint_ink, 1);
	(void)pen_put(cr, PFNS_RIGHT + 14, top + 26, ANCHOR_LEFT, below);
}
