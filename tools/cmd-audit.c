/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <pvbuild/pvbuild.h>

#include "auto.h"
#include "command.h"
#include "fault.h"
#include "guest.h"
#include "json.h"
#include "render.h"
#include "session.h"
#include "size.h"

/* What is held while an audit is made. */
struct examination {
	struct ramdisk ramdisk;
	struct pvb_image *image;
	struct pvb_host *host;
	struct pvb_audit *audit;
};

static void examination_end(struct examination *examination)
{
	pvb_audit_free(examination->audit);
	pvb_host_close(examination->host);
	pvb_image_free(examination->image);
	ramdisk_close(&examination->ramdisk);
}

/* The operand is a domain's number where it is all digits and no file is called so. */
static bool is_domid(const char *operand, uint64_t *domid)
{
	return parse_number(operand, UINT32_MAX, domid) && access(operand, F_OK) != 0;
}

static int audit_domain(struct examination *examination, uint32_t domid,
			const struct pvb_audit_options *wanted, const struct options *options,
			struct pvb_error *error)
{
	struct pvb_host_info info;
	int rc = session_open_host(&examination->host, &info, options, error);

	if (rc)
		return rc;
	if (!strcmp(info.name, "sim")) {
		rc = fault(error, PVB_E_HOST_NO_DOMAIN, "audit",
			   "there is no domain %u: a simulated domain lives only as long as the "
			   "process that made it",
			   domid);
		fault_hint(error, "\"pvbuild create\" audits what it builds on sim; keep a core "
				  "with --dump CORE and audit that");
		return rc;
	}
	return pvb_audit_domain(examination->host, domid, wanted, &examination->audit, error);
}

static int examine(struct examination *examination, const struct options *options,
		   struct pvb_error *error)
{
	struct pvb_image_options limits = guest_image_options(options);
	struct pvb_audit_options wanted = PVB_AUDIT_OPTIONS_INIT;
	const char *operand = options->operands[0];
	uint64_t domid;
	int rc = ramdisk_open(&examination->ramdisk, options->ramdisk, error);

	if (!rc && options->kernel)
		rc = pvb_image_open(options->kernel, &limits, &examination->image, error);
	if (rc)
		return rc;
	wanted.image = examination->image;
	wanted.command_line = options->cmdline;
	wanted.memory = options->memory;
	wanted.address_bits = options->max_address_bits;
	if (examination->ramdisk.fd >= 0) {
		wanted.module_fds = &examination->ramdisk.fd;
		wanted.module_fd_count = 1;
	}
	if (is_domid(operand, &domid))
		return audit_domain(examination, (uint32_t)domid, &wanted, options, error);
	return pvb_audit_core(operand, &wanted, &examination->audit, error);
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
	.operands = "CORE | DOMID [options]",
	.summary = "read a domain back and list what is wrong with it",
	.details =
		"Reads a domain that has not run yet, starting from its registers, and checks it\n"
		"against the rules of the PV ABI. CORE is a core in the format of \"xl "
		"dump-core\",\n"
		"whoever wrote it. With options, the domain is also compared with what it was to "
		"be\n"
		"made of. Exit status 4 tells of findings.\n"
		"\n"
		"Examples:\n"
		"  pvbuild audit guest.core\n"
		"  pvbuild audit guest.core --kernel vmlinuz --ramdisk initrd.img --memory 1G",
	.options = OPTIONS_GUEST | OPTIONS_IMAGE,
	.least = 1,
	.most = 1,
	.run = run,
};
