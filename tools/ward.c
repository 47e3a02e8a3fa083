/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ward.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auto.h"
#include "dumped.h"
#include "fault.h"
#include "monitor.h"
#include "names.h"
#include "registers.h"

/* Where xl puts them (XEN_DUMP_DIR). */
#define CORE_FOLDER "/var/lib/xen/dump"

struct ward ward_of(const struct pvb_domain_state *state)
{
	struct ward ward = {.domid = state->domid};

	memcpy(ward.uuid, state->uuid, sizeof ward.uuid);
	memcpy(ward.name, state->name, sizeof ward.name);
	return ward;
}

int ward_has_ended(struct pvb_host *host, const struct ward *ward, struct ward_end *end,
		   struct pvb_error *error)
{
	struct pvb_domain_state state;
	struct pvb_error why;
	int rc = pvb_domain_get(host, ward->domid, &state, &why);

	if (rc && rc != -PVB_E_HOST_NO_DOMAIN) {
		*error = why;
		return rc;
	}
	*end = (struct ward_end){.gone = true};
	if (rc || memcmp(state.uuid, ward->uuid, sizeof state.uuid) != 0)
		return 1;
	*end = (struct ward_end){
		.gone = state.dying, .ended = state.shutdown, .reason = state.shutdown_reason};
	return end->gone || end->ended;
}

int ward_wait(struct pvb_host *host, const struct ward *ward, struct ward_end *end,
	      struct pvb_error *error)
{
	for (;;) {
		struct pollfd news = {.events = POLLIN};
		/* Asked for before the domain is looked at, so that nothing falls between. */
		int rc = pvb_domain_watch(host, &news.fd, error);

		if (!rc)
			rc = ward_has_ended(host, ward, end, error);
		if (rc)
			return rc < 0 ? rc : 0;
		if (poll(&news, 1, -1) < 0 && errno != EINTR)
			return fault(error, PVB_E_ARG_NO_MEMORY, "wait",
				     "cannot wait for news of domain %u: %s", ward->domid,
				     strerror(errno));
	}
}

struct ward_end_text ward_end_name(const struct ward_end *end)
{
	struct ward_end_text name;
	const char *reason = end->ended ? shutdown_reason_name(end->reason) : "destroyed";

	if (reason)
		(void)snprintf(name.text, sizeof name.text, "%s", reason);
	else
		(void)snprintf(name.text, sizeof name.text, "reason %u", end->reason);
	return name;
}

int ward_end_status(const struct ward_end *end)
{
	if (!end->ended)
		return EXIT_DESTROYED;
	if (end->reason == PVB_SHUTDOWN_POWEROFF)
		return EXIT_DONE;
	return shutdown_reason_name(end->reason) ? EXIT_ENDED + (int)end->reason
						 : EXIT_ENDED_OTHERWISE;
}

bool ward_crashed(const struct ward_end *end)
{
	return !end->gone && end->ended && end->reason == PVB_SHUTDOWN_CRASH;
}

/* False where there is none. */
static bool dump(struct pvb_host *host, const struct ward *ward)
{
	struct pvb_dump_options options = PVB_DUMP_OPTIONS_INIT;
	struct pvb_dump_result result = PVB_DUMP_RESULT_INIT;
	struct pvb_error error;
	AUTO_FREE char *path = NULL;

	if (asprintf(&path, CORE_FOLDER "/%s", ward->name) < 0) {
		path = NULL;
		warn("no memory left for the name of a core");
		return false;
	}

	int rc = pvb_domain_pause(host, ward->domid, &error);

	options.result = &result;
	if (!rc)
		rc = pvb_dump_core(host, ward->domid, path, &options, &error);
	if (!rc) {
		dumped_warn(&result);
		note("the core of domain %u is in %s: %" PRIu64 " of %" PRIu64 " pages",
		     ward->domid, path, result.pages, result.domain_pages);
		return true;
	}
	warn("there is no core of domain %u:", ward->domid);
	fault_say(&error);
	return false;
}

static bool is_stopped(const struct restarts *restarts)
{
	struct pollfd stop = {.fd = restarts->stop, .events = POLLIN};

	return poll(&stop, 1, 0) > 0;
}

static int tell_stopped(const struct ward *ward, struct pvb_error *error)
{
	return fault(error, PVB_E_ARG_CANCELLED, "wait",
		     "stopped by a signal before domain %u, \"%s\", was built anew; it is left to "
		     "the process in the background",
		     ward->domid, ward->name);
}

/* *gone: somebody has destroyed it meanwhile. */
static int rest(struct pvb_host *host, const struct ward *ward, const struct restarts *restarts,
		uint64_t until_ms, bool *gone, struct pvb_error *error)
{
	for (;;) {
		struct pollfd news[] = {{.events = POLLIN},
					{.fd = restarts->stop, .events = POLLIN}};
		struct ward_end end = {0};

		if (is_stopped(restarts))
			return tell_stopped(ward, error);

		int rc = pvb_domain_watch(host, &news[0].fd, error);

		if (!rc)
			rc = ward_has_ended(host, ward, &end, error);
		if (rc < 0)
			return rc;
		*gone = end.gone;

		uint64_t now = restarts_clock_ms();

		if (*gone || now >= until_ms)
			return 0;
		rc = poll(news, 2, (int)(until_ms - now));
		if (rc < 0 && errno != EINTR)
			return fault(error, PVB_E_ARG_NO_MEMORY, "wait",
				     "cannot wait before domain %u is built anew: %s", ward->domid,
				     strerror(errno));
	}
}

static int rest_before_restart(struct pvb_host *host, const struct ward *ward,
			       struct restarts *restarts, bool *gone, struct pvb_error *error)
{
	uint64_t now = restarts_clock_ms();
	uint64_t lived = now - ward->started_ms;
	unsigned pause = restarts_pause(restarts, lived);

	note("domain %u, \"%s\", ran for %" PRIu64
	     " s, and is built anew in %u s; \"pvbuild destroy %u\" ends that",
	     ward->domid, ward->name, lived / 1000, pause, ward->domid);

	int rc = rest(host, ward, restarts, now + (uint64_t)pause * restarts->second_ms, gone,
		      error);

	/* Whoever is about to destroy it takes it out of the store, its monitor's note included. */
	if (!rc && !*gone)
		*gone = monitor_of(host, ward->domid).pid == 0;
	return rc;
}

/* On purpose: it needs nobody from here on. */
static void leave(struct pvb_host *host, const struct ward *ward)
{
	struct pvb_error error;

	if (pvb_domain_set_monitor(host, ward->domid, false, &error))
		warn("domain %u will seem to have lost its monitor: %s", ward->domid,
		     error.message);
}

static void tell_gone(const struct ward *ward)
{
	note("domain %u, \"%s\", has been destroyed", ward->domid, ward->name);
}

int ward_bury(struct pvb_host *host, const struct ward *ward, const struct ward_end *end,
	      const struct fates *fates, struct restarts *restarts, bool *restart,
	      struct pvb_error *error)
{
	enum fate fate = fate_of(fates, end->reason);

	*restart = false;
	if (end->gone) {
		tell_gone(ward);
		return 0;
	}
	note("domain %u, \"%s\", has ended: %s, to be followed by %s", ward->domid, ward->name,
	     ward_end_name(end).text, fate_name(fate));
	if (ward_crashed(end))
		registers_say(host, ward->domid);
	if (fate == FATE_PRESERVE) {
		leave(host, ward);
		return 0;
	}
	if (fate_dumps(fate) && !dump(host, ward) && !fate_restarts(fate)) {
		/* The domain's memory is all that is left of what happened. */
		warn("domain %u stays as it ended, because it has no core; \"pvbuild destroy\" "
		     "makes an end of it",
		     ward->domid);
		leave(host, ward);
		return 0;
	}
	if (fate_restarts(fate)) {
		bool gone = false;
		int rested = rest_before_restart(host, ward, restarts, &gone, error);

		if (!rested && gone)
			tell_gone(ward);
		if (rested || gone)
			return rested;
	}

	struct pvb_error why;
	int rc = pvb_domain_destroy(host, ward->domid, &why);

	/* Somebody else was faster, who did not want it to be built anew. */
	if (rc == -PVB_E_HOST_NO_DOMAIN) {
		tell_gone(ward);
		return 0;
	}
	/* What somebody still holds of it is in nobody's way: not its name, nor its next life. */
	if (rc == -PVB_E_HOST_DYING) {
		warn("%s", why.message);
	} else if (rc) {
		*error = why;
		return rc;
	}
	*restart = fate_restarts(fate);
	return 0;
}
