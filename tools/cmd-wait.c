/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include <pvbuild/pvbuild.h>

#include "auto.h"
#include "command.h"
#include "json.h"
#include "monitor.h"
#include "registers.h"
#include "target.h"
#include "ward.h"

static int run(const struct options *options, struct pvb_error *error)
{
	AUTO(target_close) struct target target = {0};
	struct ward_end end;
	int rc = target_find(&target, options->operands[0], "wait for the end of", options, error);

	if (rc)
		return rc;

	struct ward ward = ward_of(&target.state);
	struct pvb_domain_monitor monitor = monitor_of(target.host, ward.domid);

	monitor_say(&target.state, &monitor);
	rc = ward_wait(target.host, &ward, &end, error);
	if (rc)
		return rc;
	if (option_given(options, OPTION_JSON)) {
		rc = json_print_end(target.host, &ward, &end, error);
	} else {
		(void)printf("%s\n", ward_end_name(&end).text);
		if (ward_crashed(&end))
			registers_say(target.host, ward.domid);
	}
	return rc ? rc : ward_end_status(&end);
}

const struct command command_wait = {
	.name = "wait",
	.operands = "DOMAIN",
	.summary = "wait until a domain ends, and say why it did",
	.details =
		"Waits until the guest of a domain ends, and prints one word: poweroff, reboot,\n"
		"suspend, crash, watchdog or soft_reset as the guest had it; or destroyed, where\n"
		"somebody made an end of the domain before the reason could be seen. Who waits in\n"
		"the background may be that somebody: build with --no-monitor to see the reason\n"
		"always. After a crash, standard error has the registers. The exit status says\n"
		"the same: 0 poweroff, 11 reboot, 12 suspend, 13 crash, 14 watchdog,\n"
		"15 soft_reset, 16 destroyed.\n"
		"\n"
		"Examples:\n"
		"  pvbuild create guest.cfg --no-monitor >/dev/null\n"
		"  test \"$(pvbuild wait guest)\" = poweroff; pvbuild destroy guest",
	.least = 1,
	.most = 1,
	.run = run,
};
