/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attach.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auto.h"
#include "fault.h"
#include "relay.h"
#include "signals.h"
#include "terminal.h"

struct attachment {
	struct pvb_host *host;
	const struct ward *ward;
	struct ward_end *end;
};

static int has_ended(void *opaque, struct pvb_error *error)
{
	const struct attachment *attachment = opaque;
	int fd;
	/* Asked for before the domain is looked at, so that nothing falls between. */
	int rc = pvb_domain_watch(attachment->host, &fd, error);

	return rc ? rc : ward_has_ended(attachment->host, attachment->ward, attachment->end, error);
}

/* A domain that is gone has nothing more to say, and one that cannot be asked is not waited for. */
static bool expects(void *opaque)
{
	const struct attachment *attachment = opaque;
	struct pvb_error unused;
	uint32_t bytes;

	return !attachment->end->gone &&
	       pvb_domain_console_pending(attachment->host, attachment->ward->domid, &bytes,
					  &unused) == 0 &&
	       bytes > 0;
}

/* The console has ended. So has the domain, or else nobody serves its console any more. */
static int explain_end(const struct attachment *attachment, struct pvb_error *error)
{
	int ended = ward_has_ended(attachment->host, attachment->ward, attachment->end, error);

	if (ended)
		return ended < 0 ? ended : 0;
	int rc = fault(error, PVB_E_HOST_STATE, "console",
		       "the console of domain %u, \"%s\", was closed, and the domain goes on",
		       attachment->ward->domid, attachment->ward->name);

	fault_hint(error, "is xenconsoled running? \"pvbuild console\" attaches anew");
	return rc;
}

int attach(struct pvb_host *host, const struct ward *ward, int fd, bool *left, struct ward_end *end,
	   struct pvb_error *error)
{
	AUTO(terminal_restore) struct terminal terminal = TERMINAL_INIT;
	struct attachment attachment = {.host = host, .ward = ward, .end = end};
	enum relay_outcome outcome;
	struct relay relay = {
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.console = fd,
		.has_ended = has_ended,
		.expects = expects,
		.opaque = &attachment,
	};
	int rc = pvb_domain_watch(host, &relay.ended, error);

	if (rc)
		return rc;
	relay.stop = signals_watch();
	relay.escape = terminal_make_raw(&terminal, STDIN_FILENO);
	rc = relay_run(&relay, &outcome, error);
	terminal_restore(&terminal);
	if (relay.escape)
		(void)fputc('\n', stderr);
	if (rc)
		return rc;
	*left = outcome == RELAY_LEFT;
	switch (outcome) {
	case RELAY_LEFT:
		note("left the console of domain %u, \"%s\", which goes on", ward->domid,
		     ward->name);
		return 0;
	case RELAY_STOPPED:
		return fault(error, PVB_E_ARG_CANCELLED, "console",
			     "stopped by a signal (%s); domain %u, \"%s\", goes on",
			     strsignal(signals_caught()), ward->domid, ward->name);
	case RELAY_CLOSED:
		return explain_end(&attachment, error);
	case RELAY_ENDED:
		break;
	}
	return 0;
}

int attach_check_options(const struct options *options, const char *what, struct pvb_error *error)
{
	if (!option_given(options, OPTION_JSON))
		return 0;

	int rc = fault(error, PVB_E_ARG_USAGE, "usage",
		       "%s and --json both want standard output: one for the guest's console, one "
		       "for an object",
		       what);

	fault_hint(error, "\"pvbuild --json create --paused\" says which domain it is; then attach "
			  "with \"console\", and \"unpause\" it");
	return rc;
}
