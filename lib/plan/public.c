/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where an image meets a plan. All else here needs to know of a kernel only what is in its info. */
#include "core/error.h"
#include "plan/plan.h"

static int no_image(struct pvb_error *error)
{
	return pvb_fail(error, PVB_E_ARG_INVALID, "plan", "there is no image to plan for");
}

int pvb_plan_create(const struct pvb_image *image, const struct pvb_spec *spec,
		    const struct pvb_host_info *host, struct pvb_plan **plan,
		    struct pvb_error *error)
{
	*plan = NULL;
	if (!image)
		return no_image(error);
	return pvb_plan_from_info(pvb_image_info(image), spec, host, plan, error);
}

int pvb_plan_minimum_memory(const struct pvb_image *image, const struct pvb_spec *spec,
			    const struct pvb_host_info *host, uint64_t *bytes,
			    struct pvb_error *error)
{
	if (!image)
		return no_image(error);
	return pvb_plan_minimum_from_info(pvb_image_info(image), spec, host, bytes, error);
}
