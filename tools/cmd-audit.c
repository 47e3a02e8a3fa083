/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pvbuild/pvbuild.h>

#include "auto.h"
#include "command.h"
#include "fault.h"
#include "guest.h"
#include "json.h"
#include "render.h"
#include "target.h"

/* What is held while an audit is made. */
struct examination {
	struct ramdisk ramdisk;
	struct pvb_image *image;
	struct target target;
	struct pvb_audit *audit;
};

static void examination_end(struct examination *examination)
{
	pvb_audit_free(examination->audit);
	target_close(&examination->target);
	pvb_image_free(examination->image);
	ramdisk_close(&examination->ramdisk);
}

static int examine(struct examination *examination, const struct options *options,
		   struct pvb_error *error)
{
	struct pvb_image_options limits = guest_image_options(options);
	struct pvb_audit_options wanted = PVB_AUDIT_OPTIONS_INIT;
	struct target *target = &examination->target;
	const char *operand = options->operands[0];
	int rc = ramdisk_open(&examination->ramdisk, options->ramdisk, error);

	if (!rc && options->kernel)
		rc = pvb_image_open(options->kernel, &limits, &examination->image, error);
	if (rc)
		return rc;
	wanted.image = examination->image;
	wanted.command_line = options->cmdline;
	wanted.memory = options->memory;
	wanted.ranges = options->range_count ? options->ranges : NULL;
	wanted.range_count = options->range_count;
	wanted.address_bits = options->max_address_bits;
	wanted.max_extents = (size_t)options->max_extents;
	if (examination->ramdisk.fd >= 0) {
		wanted.module_fds = &examination->ramdisk.fd;
		wanted.module_fd_count = 1;
	}
	if (!target_is_domain(operand, options))
		return pvb_audit_core(operand, &wanted, &examination->audit, error);
	rc = target_find(target, operand, "audit", options, error);
	return rc ? rc
		  : pvb_audit_domain(target->host, target->state.domid, &wanted,
				     &examination->audit, error);
}

static int run(const struct options *options, struct pvb_error *error)
{
	AUTO(examination_end) struct examination examination = {.ramdisk = {.fd = -1}};
	int rc = examine(&examination, options, error);

	if (rc)
		return rc;

	const struct pvb_audit_report *report = pvb_audit_report(examination.audit);

	if (option_given(options, OPTION_JSON))
		rc = json_print_audit(report, error);
	else
		render_audit(report);
	if (rc)
		return rc;
	return report->passed ? 0 : EXIT_FINDINGS;
}

const struct command command_audit = {
	.name = "audit",
	.operands = "CORE | DOMAIN [options]",
	.summary = "read a domain back and list what is wrong with it",
	.details =
		"Reads a domain that has not run yet, starting from its registers, and checks it\n"
		"against the rules of the PV ABI. CORE is a core in the format of \"xl "
		"dump-core\",\n"
		"DOMAIN the number or the name of a paused domain; whoever wrote or made it. With\n"
		"options, the domain is also compared with what it was to be made of. Exit status\n"
		"4 tells of findings.\n"
		"\n"
		"Examples:\n"
		"  pvbuild audit guest.core\n"
		"  pvbuild audit guest.core --kernel vmlinuz --ramdisk initrd.img --memory 1G\n"
		"  xl create -p guest.cfg && pvbuild audit guest && xl unpause guest",
	.options = OPTIONS_GUEST | OPTIONS_IMAGE | OPTION_BIT(OPTION_MAX_EXTENTS),
	.least = 1,
	.most = 1,
	.run = run,
};
