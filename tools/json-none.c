/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In place of the other json files where json-c is not there. */
#include "json.h"

#include "fault.h"

bool json_available(void)
{
	return false;
}

int json_refuse(struct pvb_error *error)
{
	int rc = fault(error, PVB_E_ARG_UNSUPPORTED, "usage",
		       "--json: this build of pvbuild has no json-c");

	fault_hint(error, "leave --json out, or install a pvbuild that was configured with json-c");
	return rc;
}

void json_print_error(const struct pvb_error *problem)
{
	(void)problem;
}

int json_print_version(struct pvb_error *error)
{
	return json_refuse(error);
}

int json_print_image(const struct pvb_image_info *image, const struct pvb_plan_info *least,
		     struct pvb_error *error)
{
	(void)image;
	(void)least;
	return json_refuse(error);
}

int json_print_plan(const struct pvb_plan_info *plan, struct pvb_error *error)
{
	(void)plan;
	return json_refuse(error);
}

int json_print_domain(const struct creation *creation, struct pvb_error *error)
{
	(void)creation;
	return json_refuse(error);
}

int json_print_audit(const struct pvb_audit_report *report, struct pvb_error *error)
{
	(void)report;
	return json_refuse(error);
}

int json_print_help(const struct command *command, struct pvb_error *error)
{
	(void)command;
	return json_refuse(error);
}

int json_print_list(const struct pvb_domain_state *domains,
		    const struct pvb_domain_monitor *monitors, size_t count,
		    struct pvb_error *error)
{
	(void)domains;
	(void)monitors;
	(void)count;
	return json_refuse(error);
}

int json_print_action(const char *action, const struct pvb_domain_state *domain,
		      struct pvb_error *error)
{
	(void)action;
	(void)domain;
	return json_refuse(error);
}

int json_print_dump(const struct pvb_domain_state *domain, const char *path, uint64_t bytes,
		    const struct pvb_dump_result *result, struct pvb_error *error)
{
	(void)domain;
	(void)path;
	(void)bytes;
	(void)result;
	return json_refuse(error);
}

int json_print_end(struct pvb_host *host, const struct ward *ward, const struct ward_end *end,
		   struct pvb_error *error)
{
	(void)host;
	(void)ward;
	(void)end;
	return json_refuse(error);
}

int json_print_p2m(const struct p2m_view *view, struct pvb_error *error)
{
	(void)view;
	return json_refuse(error);
}

int json_print_p2m_entry(const struct p2m_view *view, struct pvb_error *error)
{
	(void)view;
	return json_refuse(error);
}
