/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In place of the other picture files where cairo is not there. */
#include "picture.h"

#include "fault.h"

bool picture_available(void)
{
	return false;
}

int picture_check(const char *path, struct pvb_error *error)
{
	int rc = fault(error, PVB_E_ARG_UNSUPPORTED, "picture",
		       "cannot draw %s: this build of pvbuild has no cairo", path);

	fault_hint(error,
		   "leave --picture out, or install a pvbuild that was configured with cairo");
	return rc;
}

int picture_draw(const char *path, const struct pvb_plan_info *plan, struct pvb_error *error)
{
	(void)plan;
	return picture_check(path, error);
}

int picture_draw_p2m(const char *path, const struct p2m_view *view, struct pvb_error *error)
{
	(void)view;
	return picture_check(path, error);
}
