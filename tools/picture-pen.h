/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all pictures are drawn with: colours, text, hatching. */
#ifndef PVB_TOOLS_PICTURE_PEN_H
#define PVB_TOOLS_PICTURE_PEN_H

#include <stdbool.h>

#include <cairo.h>

#define PEN_TEXT_SIZE 12.5
#define PEN_SMALL_SIZE 11.0

struct colour {
	double red;
	double green;
	double blue;
};

#define RGB(hex)                                                                                   \
	{                                                                                          \
		((hex) >> 16 & 255) / 255.0, ((hex) >> 8 & 255) / 255.0, ((hex)&255) / 255.0       \
	}

extern const struct colour pen_ink;
extern const struct colour pen_faint_ink;
extern const struct colour pen_line;

void pen_use(cairo_t *cr, struct colour colour, double alpha);

enum pen_anchor { ANCHOR_LEFT, ANCHOR_MIDDLE, ANCHOR_RIGHT };

void pen_font(cairo_t *cr, const char *family, bool bold, double size);

/* Text whose middle line is at y. Returns its width. */
double pen_put(cairo_t *cr, double x, double y, enum pen_anchor anchor, const char *text);

/* Text without any of that. */
double pen_width(cairo_t *cr, const char *text);

struct pen_box {
	double left;
	double top;
	double width;
	double height;
};

/* What is there, but is nobody's business here. */
void pen_hatch(cairo_t *cr, const struct pen_box *box);

#endif
