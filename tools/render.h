/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Results for people, on standard output. */
#ifndef PVB_TOOLS_RENDER_H
#define PVB_TOOLS_RENDER_H

#include <stddef.h>

#include <pvbuild/pvbuild.h>

#include "creation.h"
#include "p2m-view.h"

/* least is the plan with the least memory that the image can be given, or NULL. */
void render_image(const struct pvb_image_info *image, const struct pvb_plan_info *least);
void render_plan(const struct pvb_plan_info *plan);
/* All but what every plan begins with. */
void render_arm64_plan(const struct pvb_plan_info *plan);
void render_domain(const struct creation *creation);
void render_list(const struct pvb_domain_state *domains, size_t count);
void render_audit(const struct pvb_audit_report *report);
void render_p2m(const struct p2m_view *view);
/* What it says of one PFN. */
void render_p2m_entry(const struct p2m_view *view);

/* "label     value": one line of a list of facts. */
void render_fact(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
