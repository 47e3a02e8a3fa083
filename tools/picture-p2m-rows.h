/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The picture of a p2m is rows over one another, in which a PFN is everywhere at the same place. */
#ifndef PVB_TOOLS_PICTURE_P2M_ROWS_H
#define PVB_TOOLS_PICTURE_P2M_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include <cairo.h>

#include <pvbuild/p2m.h>

#include "picture-pen.h"

/* The page, from left to right: names, PFNs, numbers of pages. */
#define MARGIN 36.0
#define PFNS_LEFT 220.0
#define PFNS_WIDTH 800.0
#define PFNS_RIGHT (PFNS_LEFT + PFNS_WIDTH)

#define ROW_HEIGHT 34.0
#define RIBBON_HEIGHT 96.0

/* Strips of the PFNs, each of which is of one kind. */
#define STRIPS 1600u
#define STRIP_WIDTH (PFNS_WIDTH / STRIPS)

extern const struct colour p2m_frame_colour;

struct strips {
	bool filled[STRIPS];
};

double p2m_x_of(const struct pvb_p2m_info *info, uint64_t pfn);

/* Where pages that are about "span" PFNs each have a frame below them, and how many do. */
void p2m_fill(struct strips *strips, const struct pvb_p2m_info *info, uint64_t span);
uint64_t p2m_count_filled(const struct pvb_p2m_info *info, uint64_t span);

void p2m_stroke(cairo_t *cr, double width);

/* A row as long as all PFNs, in colour where there is something and empty elsewhere. */
void p2m_draw_strips(cairo_t *cr, const struct strips *strips, double top, struct colour colour);

/* Words at both ends of a row, in two lines. */
void p2m_draw_name(cairo_t *cr, double top, const char *name, const char *below);
void p2m_draw_number(cairo_t *cr, double top, const char *number, const char *below);

/* Ribbons from a row of PFNs, whose bottom is "top", to where their frames are in the machine. */
void p2m_draw_machine(cairo_t *cr, const struct pvb_p2m_info *info, double top);

#endif
