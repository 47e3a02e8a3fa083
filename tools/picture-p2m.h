/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Painting a p2m: its levels over one another, each as wide as the PFNs that it is about. */
#ifndef PVB_TOOLS_PICTURE_P2M_H
#define PVB_TOOLS_PICTURE_P2M_H

#include <cairo.h>

#include "p2m-view.h"

double picture_p2m_height(const struct p2m_view *view);
void picture_p2m_paint(cairo_t *cr, const struct p2m_view *view);

#endif
