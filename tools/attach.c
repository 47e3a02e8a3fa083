/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attach.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auto.h"
#include "fault.h"
#include "relay.h"
#include "signals.h"
#include "terminal.h"

/* Milliseconds. */
#define QUIET 2000

static int report_wait(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	bool *told = opaque;

	(void)stage;
	(void)total;
	if (done >= QUIET && !*told) {
		*told = true;
		note("waiting for xenconsoled to make a terminal for the console");
	}
	return signals_caught();
}

int attach_open(struct pvb_host *host, uint32_t domid, int *fd, struct pvb_error *error)
{
	struct pvb_console_options options = PVB_CONSOLE_OPTIONS_INIT;
	bool told = false;

	signals_catch();
	options.progress = report_wait;
	options.progress_opaque = &told;
	return pvb_domain_open_console_with(host, domid, &options, fd, error);
}

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

/* A domain that is gone has none, and one that cannot be asked is not waited for. */
static bool look_at_ring(void *opaque, struct pvb_console_ring *ring)
{
	const struct attachment *attachment = opaque;
	struct pvb_error unused;

	return !attachment->end->gone &&
	       pvb_domain_console_ring(attachment->host, attachment->ward->domid, ring, &unused) ==
		       0;
}

/* What did not come through the console daemon. Standard output has the bytes already. */
static void explain_rest(const struct ward *ward, const struct relay_result *result)
{
	if (result->rescued)
		note("the last %" PRIu32
		     " bytes that domain %u, \"%s\", wrote are from its memory: "
		     "xenconsoled %s before it had passed them on",
		     result->rescued, ward->domid, ward->name,
		     result->closed ? "ended" : "fell silent");
	if (result->lost)
		warn("%" PRIu32 " bytes that domain %u, \"%s\", wrote before these are lost",
		     result->lost, ward->domid, ward->name);
	else if (result->gap)
		warn("some of what domain %u, \"%s\", wrote before these may be lost", ward->domid,
		     ward->name);
}

/* The console has ended, and the domain has not. */
static int explain_close(const struct ward *ward, struct pvb_error *error)
{
	int rc = fault(error, PVB_E_HOST_STATE, "console",
		       "the console of domain %u, \"%s\", was closed, and the domain goes on",
		       ward->domid, ward->name);

	fault_hint(error, "is xenconsoled running? \"pvbuild console\" attaches anew");
	return rc;
}

int attach(struct pvb_host *host, const struct ward *ward, int fd, bool *left, struct ward_end *end,
	   struct pvb_error *error)
{
	AUTO(terminal_restore) struct terminal terminal = TERMINAL_INIT;
	struct attachment attachment = {.host = host, .ward = ward, .end = end};
	struct relay_result result;
	struct relay relay = {
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.console = fd,
		.has_ended = has_ended,
		.ring = look_at_ring,
		.opaque = &attachment,
	};
	int rc = pvb_domain_watch(host, &relay.ended, error);

	*end = (struct ward_end){0};
	if (rc)
		return rc;
	relay.stop = signals_watch();
	relay.escape = terminal_make_raw(&terminal, STDIN_FILENO);
	rc = relay_run(&relay, &result, error);
	terminal_restore(&terminal);
	if (relay.escape)
		(void)fputc('\n', stderr);
	if (rc)
		return rc;
	*left = result.outcome == RELAY_LEFT;
	switch (result.outcome) {
	case RELAY_LEFT:
		note("left the console of domain %u, \"%s\", which %s", ward->domid, ward->name,
		     end->ended || end->gone ? "has ended" : "goes on");
		return 0;
	case RELAY_STOPPED:
		return fault(error, PVB_E_ARG_CANCELLED, "console",
			     "stopped by a signal (%s); domain %u, \"%s\", %s",
			     strsignal(signals_caught()), ward->domid, ward->name,
			     end->ended || end->gone ? "has ended" : "goes on");
	case RELAY_CLOSED:
		return explain_close(ward, error);
	case RELAY_ENDED:
		break;
	}
	explain_rest(ward, &result);
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
