/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What --json prints: one object on standard output. Its keys are a contract,
 * described in pvbuild(1). Functions return 0 or a negative code.
 */
#ifndef PVB_TOOLS_JSON_H
#define PVB_TOOLS_JSON_H

#include <stdbool.h>

#include <pvbuild/pvbuild.h>

#include "command.h"
#include "creation.h"
#include "p2m-view.h"
#include "ward.h"

/* Whether this build can. Where it cannot, the others refuse. */
bool json_available(void);
int json_refuse(struct pvb_error *error);

void json_print_error(const struct pvb_error *problem);
int json_print_version(struct pvb_error *error);

/* command NULL: all of them. */
int json_print_help(const struct command *command, struct pvb_error *error);

/* least is the plan with the least memory that the image can be given, or NULL. */
int json_print_image(const struct pvb_image_info *image, const struct pvb_plan_info *least,
		     struct pvb_error *error);
int json_print_plan(const struct pvb_plan_info *plan, struct pvb_error *error);
int json_print_domain(const struct creation *creation, struct pvb_error *error);
int json_print_list(const struct pvb_domain_state *domains,
		    const struct pvb_domain_monitor *monitors, size_t count,
		    struct pvb_error *error);

/* That something was done with a domain: "pause", ... */
int json_print_action(const char *action, const struct pvb_domain_state *domain,
		      struct pvb_error *error);
int json_print_dump(const struct pvb_domain_state *domain, const char *path, uint64_t bytes,
		    const struct pvb_dump_result *result, struct pvb_error *error);
int json_print_end(struct pvb_host *host, const struct ward *ward, const struct ward_end *end,
		   struct pvb_error *error);
int json_print_audit(const struct pvb_audit_report *report, struct pvb_error *error);
int json_print_p2m(const struct p2m_view *view, struct pvb_error *error);
int json_print_p2m_entry(const struct p2m_view *view, struct pvb_error *error);

#endif
