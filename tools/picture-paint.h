/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Painting a layout that has been arranged, whatever the surface. */
#ifndef PVB_TOOLS_PICTURE_PAINT_H
#define PVB_TOOLS_PICTURE_PAINT_H

#include <cairo.h>

#include <pvbuild/plan.h>

#include "picture-layout.h"

/* The page: its width, and the room above and below the columns. */
#define PICTURE_WIDTH 1240.0
#define PICTURE_TOP 142.0
#define PICTURE_FOOT 112.0

void picture_paint(cairo_t *cr, const struct picture_layout *layout,
		   const struct pvb_plan_info *plan);

#endif
