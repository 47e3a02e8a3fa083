/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture-pen.h"

#define HATCH_STEP 8.0

const struct colour pen_ink = RGB(0x1f2933);
const struct colour pen_faint_ink = RGB(0x6b7780);
const struct colour pen_line = RGB(0x52606d);

void pen_use(cairo_t *cr, struct colour colour, double alpha)
{
	cairo_set_source_rgba(cr, colour.red, colour.green, colour.blue, alpha);
}

void pen_font(cairo_t *cr, const char *family, bool bold, double size)
{
	cairo_select_font_face(cr, family, CAIRO_FONT_SLANT_NORMAL,
			       bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(cr, size);
}

double pen_width(cairo_t *cr, const char *text)
{
	cairo_text_extents_t extents;

	cairo_text_extents(cr, text, &extents);
	return extents.x_advance;
}

double pen_put(cairo_t *cr, double x, double y, enum pen_anchor anchor, const char *text)
{
	const double width = pen_width(cr, text);
	cairo_font_extents_t font;

	cairo_font_extents(cr, &font);
	if (anchor == ANCHOR_MIDDLE)
		x -= width / 2;
	else if (anchor == ANCHOR_RIGHT)
		x -= width;
	cairo_move_to(cr, x, y + (font.ascent - font.descent) / 2);
	cairo_show_text(cr, text);
	return width;
}

void pen_hatch(cairo_t *cr, const struct pen_box *box)
{
	cairo_save(cr);
	cairo_rectangle(cr, box->left, box->top, box->width, box->height);
	cairo_clip(cr);
	pen_use(cr, pen_line, 0.22);
	cairo_set_line_width(cr, 1);
	for (int i = 0; i * HATCH_STEP < box->width + box->height; i++) {
		double x = box->left - box->height + i * HATCH_STEP;

		cairo_move_to(cr, x, box->top + box->height);
		cairo_line_to(cr, x + box->height, box->top);
	}
	cairo_stroke(cr);
	cairo_restore(cr);
}
