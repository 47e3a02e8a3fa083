/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include <pvbuild/pvbuild.h>

#include "auto.h"
#include "command.h"
#include "fault.h"
#include "json.h"
#include "monitor.h"
#include "render.h"
#include "session.h"
#include "target.h"

static int show(struct pvb_host *host, const struct pvb_domain_state *domains, size_t count,
		const struct options *options, struct pvb_error *error)
{
	/* One more than there are: no domains are a list, too. */
	AUTO_FREE struct pvb_domain_monitor *monitors = calloc(count + 1, sizeof *monitors);

	if (!monitors)
		return fault_memory(error, "who looks after domains");
	for (size_t i = 0; i < count; i++)
		monitors[i] = monitor_of(host, domains[i].domid);
	if (option_given(options, OPTION_JSON))
		return json_print_list(domains, monitors, count, error);
	render_list(domains, count);
	for (size_t i = 0; i < count; i++)
		monitor_say(&domains[i], &monitors[i]);
	return 0;
}

static int run(const struct options *options, struct pvb_error *error)
{
	AUTO(target_close) struct target target = {0};
	AUTO_FREE struct pvb_domain_state *list = NULL;
	struct pvb_host_info info;
	size_t count;
	int rc;

	if (options->operand_count) {
		rc = target_find(&target, options->operands[0], NULL, options, error);
		return rc ? rc : show(target.host, &target.state, 1, options, error);
	}
	rc = session_open_host(&target.host, &info, options, error);
	if (rc)
		return rc;
	session_announce(&info, options);
	rc = pvb_domain_list(target.host, &list, &count, error);
	return rc ? rc : show(target.host, list, count, options, error);
}

const struct command command_list = {
	.name = "list",
	.operands = "[DOMAIN]",
	.summary = "list the domains of the host, or one of them",
	.details =
		"Lists the domains of the host, whoever made them, in the columns of \"xl list\":\n"
		"name, number, memory in MiB, vCPUs, state, and seconds of CPU time. The letters\n"
		"of the state: r running, b blocked, p paused, s shut down, and how that came\n"
		"(r reboot, s suspend, c crash, w watchdog, S soft reset), d dying. DOMAIN is a\n"
		"number or a name, here as for all commands. Where the process in the background\n"
		"that was to wait for a domain's end is gone, a warning says so.\n"
		"\n"
		"Examples:\n"
		"  pvbuild list\n"
		"  pvbuild --json list | jq '.domains[] | select(.paused) | .name'",
	.least = 0,
	.most = 1,
	.run = run,
};
