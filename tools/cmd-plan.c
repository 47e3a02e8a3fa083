/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include <pvbuild/pvbuild.h>

#include "auto.h"
#include "command.h"
#include "json.h"
#include "picture.h"
#include "render.h"
#include "session.h"

static int run(const struct options *options, struct pvb_error *error)
{
	AUTO(session_close) struct session session = SESSION_INIT;
	int rc = options->picture ? picture_check(options->picture, error) : 0;

	if (!rc)
		rc = session_open(&session, options, true, error);
	if (!rc)
		rc = session_plan(&session, options, error);
	if (!rc && options->picture)
		rc = picture_draw(options->picture, pvb_plan_info(session.plan), error);
	if (rc)
		return rc;
	if (option_given(options, OPTION_JSON))
		return json_print_plan(pvb_plan_info(session.plan), error);
	render_plan(pvb_plan_info(session.plan));
	return 0;
}

const struct command command_plan = {
	.name = "plan",
	.operands = "CFG [KEY=VALUE...] | --kernel FILE --memory SIZE [options]",
	.summary = "compute the whole layout of a domain, before anything is done",
	.details =
		"Says where everything of a domain would be: every segment, the page tables, the\n"
		"p2m and the registers. Nothing is allocated and nothing is changed; whatever can "
		"be\n"
		"known to fail is refused here, as \"create\" would refuse it. CFG is an xl.cfg "
		"file,\n"
		"or - for standard input; KEY=VALUE goes before what it says, and options before\n"
		"both. Devices and what else says nothing of a layout are named and left aside.\n"
		"\n"
		"Examples:\n"
		"  pvbuild plan --kernel vmlinuz --memory 1G --cmdline \"console=hvc0\"\n"
		"  pvbuild plan --kernel vmlinuz --ramdisk initrd.img --memory 16T\n"
		"  pvbuild plan guest.cfg --picture layout.svg",
	.options = OPTIONS_LAYOUT | OPTION_BIT(OPTION_PICTURE),
	.least = 0,
	.most = INT_MAX,
	.run = run,
};
