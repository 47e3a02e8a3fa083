/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pause, unpause, destroy: one call to the host each. */
#include <stddef.h>

#include <pvbuild/pvbuild.h>

#include "auto.h"
#include "command.h"
#include "json.h"
#include "target.h"

static int control(const char *verb,
		   int (*act)(struct pvb_host *, uint32_t domid, struct pvb_error *),
		   const struct options *options, struct pvb_error *error)
{
	AUTO(target_close) struct target target = {0};
	int rc = target_find(&target, options->operands[0], verb, options, error);

	if (!rc)
		rc = act(target.host, target.state.domid, error);
	if (!rc && option_given(options, OPTION_JSON))
		rc = json_print_action(verb, &target.state, error);
	return rc;
}

static int run_pause(const struct options *options, struct pvb_error *error)
{
	return control("pause", pvb_domain_pause, options, error);
}

static int run_unpause(const struct options *options, struct pvb_error *error)
{
	return control("unpause", pvb_domain_unpause, options, error);
}

static int run_destroy(const struct options *options, struct pvb_error *error)
{
	return control("destroy", pvb_domain_destroy, options, error);
}

const struct command command_pause = {
	.name = "pause",
	.operands = "DOMAIN",
	.summary = "stop a domain for a while",
	.details = "Stops all vCPUs of a domain until \"unpause\". Pauses are counted: each wants\n"
		   "an unpause.\n"
		   "\n"
		   "Examples:\n"
		   "  pvbuild pause guest",
	.least = 1,
	.most = 1,
	.run = run_pause,
};

const struct command command_unpause = {
	.name = "unpause",
	.operands = "DOMAIN",
	.summary = "let a paused domain go on",
	.details = "Lets a domain go on that was paused, or begin where it was built with\n"
		   "\"create --paused\".\n"
		   "\n"
		   "Examples:\n"
		   "  pvbuild create guest.cfg --paused && pvbuild audit guest && pvbuild unpause "
		   "guest",
	.least = 1,
	.most = 1,
	.run = run_unpause,
};

const struct command command_destroy = {
	.name = "destroy",
	.operands = "DOMAIN",
	.summary = "end a domain at once",
	.details = "Ends a domain at once, without asking its guest, and gives back all that the\n"
		   "host keeps of it: memory, event channels, its nodes in xenstore. The\n"
		   "hypervisor's part comes first, and the domain is waited for until it is gone.\n"
		   "\n"
		   "Examples:\n"
		   "  pvbuild destroy guest",
	.least = 1,
	.most = 1,
	.run = run_destroy,
};
