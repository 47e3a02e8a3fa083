/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdbool.h>

#include <pvbuild/pvbuild.h>

#include "auto.h"
#include "command.h"
#include "guest.h"
#include "json.h"
#include "render.h"

static void release_image(struct pvb_image **image)
{
	pvb_image_free(*image);
}

static void release_plan(struct pvb_plan **plan)
{
	pvb_plan_free(*plan);
}

/* The plan with the least memory says what this kernel needs. None, if there can be no plan. */
static struct pvb_plan *plan_least(const struct pvb_image *image)
{
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_plan *plan = NULL;
	struct pvb_error unused;

	if (!pvb_image_info(image)->pv.supported)
		return NULL;
	if (pvb_plan_minimum_memory(image, &spec, NULL, &spec.memory, &unused) == 0)
		(void)pvb_plan_create(image, &spec, NULL, &plan, &unused);
	return plan;
}

static int run(const struct options *options, struct pvb_error *error)
{
	struct pvb_image_options limits = guest_image_options(options);
	AUTO(release_image) struct pvb_image *image = NULL;
	int rc = pvb_image_open(options->operands[0], &limits, &image, error);

	if (rc)
		return rc;

	AUTO(release_plan) struct pvb_plan *plan = plan_least(image);
	const struct pvb_plan_info *least = plan ? pvb_plan_info(plan) : NULL;

	if (option_given(options, OPTION_JSON))
		return json_print_image(pvb_image_info(image), least, error);
	render_image(pvb_image_info(image), least);
	return 0;
}

const struct command command_inspect = {
	.name = "inspect",
	.operands = "FILE",
	.summary = "say what a kernel is, without Xen and without root",
	.details =
		"Says of a kernel image: its container and compression, its ELF segments and "
		"notes,\n"
		"whether a PV domain can be built of it and why not, and the least memory that it\n"
		"needs. A file that contradicts itself is refused; one that merely is no PV "
		"kernel\n"
		"is not.\n"
		"\n"
		"Examples:\n"
		"  pvbuild inspect /boot/vmlinuz-6.1.0-18-amd64\n"
		"  pvbuild --json inspect vmlinuz | jq -r .pv.guest_type",
	.options = OPTIONS_IMAGE,
	.least = 1,
	.most = 1,
	.run = run,
};
