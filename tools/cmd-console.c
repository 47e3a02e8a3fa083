/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdbool.h>
#include <unistd.h>

#include <pvbuild/pvbuild.h>

#include "attach.h"
#include "auto.h"
#include "command.h"
#include "fault.h"
#include "monitor.h"
#include "registers.h"
#include "target.h"
#include "ward.h"

static int run(const struct options *options, struct pvb_error *error)
{
	AUTO(target_close) struct target target = {0};
	int rc = attach_check_options(options, "console", error);

	if (!rc)
		rc = target_find(&target, options->operands[0], "attach to", options, error);
	if (rc)
		return rc;

	struct ward ward = ward_of(&target.state);
	struct pvb_domain_monitor monitor = monitor_of(target.host, ward.domid);
	struct ward_end end;
	bool left = false;
	int fd;

	monitor_say(&target.state, &monitor);
	rc = attach_open(target.host, ward.domid, &fd, error);
	if (rc)
		return rc;
	if (isatty(STDIN_FILENO))
		note("Ctrl-] leaves the console of domain %u, \"%s\"", ward.domid, ward.name);
	rc = attach(target.host, &ward, fd, &left, &end, error);
	(void)close(fd);
	if (rc || left)
		return rc;
	note("domain %u, \"%s\", has ended: %s", ward.domid, ward.name, ward_end_name(&end).text);
	if (ward_crashed(&end))
		registers_say(target.host, ward.domid);
	return ward_end_status(&end);
}

const struct command command_console = {
	.name = "console",
	.operands = "DOMAIN",
	.summary = "attach to the console of a domain",
	.details =
		"Connects standard input and output with the console of a domain, until that ends\n"
		"or Ctrl-] is typed. A terminal hands on every other key; where standard input is\n"
		"no terminal, every byte is the guest's, and its end ends nothing.\n"
		"\n"
		"The exit status says how the domain ended, as that of \"wait\" does.\n"
		"\n"
		"Examples:\n"
		"  pvbuild console guest\n"
		"  pvbuild console guest </dev/null | tee guest.log",
	.least = 1,
	.most = 1,
	.run = run,
};
