/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures of what is else told in tables. */
#ifndef PVB_TOOLS_PICTURE_H
#define PVB_TOOLS_PICTURE_H

#include <stdbool.h>

#include <pvbuild/error.h>
#include <pvbuild/plan.h>

#include "p2m-view.h"

/* Whether this build can. */
bool picture_available(void);

/* Refuses a file whose name ends in neither .svg nor .png, before any work is done. */
int picture_check(const char *path, struct pvb_error *error);

/*
 * A layout: the virtual and the pseudo-physical addresses side by side; and a p2m: its levels, what
 * they lead to, and where that is in the machine. On failure no file is left.
 */
int picture_draw(const char *path, const struct pvb_plan_info *plan, struct pvb_error *error);
int picture_draw_p2m(const char *path, const struct p2m_view *view, struct pvb_error *error);

#endif
