/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <pvbuild/pvbuild.h>

#include "attach.h"
#include "auto.h"
#include "command.h"
#include "construct.h"
#include "fault.h"
#include "json.h"
#include "keeper.h"
#include "monitor.h"
#include "registers.h"
#include "render.h"
#include "session.h"
#include "signals.h"
#include "ward.h"

/* ---- before anything is done ---- */

static int name_taken(const struct session *session, const struct pvb_domain_state *domain,
		      struct pvb_error *error)
{
	struct pvb_domain_monitor monitor = monitor_of(session->host, domain->domid);
	bool left = domain->shutdown && monitor.gone;
	int rc = fault(error, PVB_E_ARG_NAME, "create",
		       "there is a domain \"%s\" already, number %u%s", domain->name, domain->domid,
		       left ? ", which has ended and whose monitor is gone" : "");

	if (left)
		fault_hint(error, "remove what is left of it: pvbuild destroy %u", domain->domid);
	else
		fault_hint(error, "give another one with --name, or destroy that one");
	return rc;
}

/* Two domains with one name are ambiguous, so the second is refused. */
static int check_name(const struct session *session, struct pvb_error *error)
{
	AUTO_FREE struct pvb_domain_state *list = NULL;
	size_t count;
	int rc = pvb_domain_list(session->host, &list, &count, error);

	for (size_t i = 0; !rc && i < count; i++)
		if (strcmp(list[i].name, session->guest.name) == 0)
			rc = name_taken(session, &list[i], error);
	return rc;
}

/* All that can be known to fail before there is a domain. */
static int check(const struct session *session, const struct options *options,
		 struct pvb_error *error)
{
	int rc = 0;

	if (options->dump)
		rc = pvb_dump_check(options->dump, error);
	if (!rc && !session_simulated(session))
		rc = check_name(session, error);
	if (rc || !session_simulated(session) || !option_given(options, OPTION_CONSOLE))
		return rc;
	rc = fault(error, PVB_E_HOST_STATE, "create",
		   "-c: no console of a simulated domain ever says a word, as nothing runs there");
	fault_hint(error, "--host xen builds on a hypervisor");
	return rc;
}

/* ---- the result ---- */

static void print_steps(const struct session *session)
{
	for (size_t i = 0; i < session->step_count; i++)
		(void)fprintf(stderr, "%10.3f ms  %s\n",
			      (double)session->steps[i].nanoseconds / 1e6, session->steps[i].name);
}

static int print(const struct session *session, const struct construct *made,
		 const struct options *options, bool runs, struct pvb_error *error)
{
	struct rusage usage;
	uint64_t mapped_now;
	struct creation creation = {
		.host = session->host,
		.host_info = &session->host_info,
		.plan = pvb_plan_info(session->plan),
		.domain = pvb_domain_info(made->domain),
		.audit = made->audit ? pvb_audit_report(made->audit) : NULL,
		.dump = options->dump,
		.runs = runs,
		.step_count = session->step_count,
	};

	memcpy(creation.steps, session->steps, sizeof creation.steps);
	pvb_host_mapped(session->host, &mapped_now, &creation.mapped_peak);
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		creation.peak_rss = (uint64_t)usage.ru_maxrss * 1024;
	creation.image_peak = pvb_image_info(session->image)->memory_peak;
	if (option_given(options, OPTION_VERBOSE))
		print_steps(session);
	/* Standard output is the console's then. */
	if (option_given(options, OPTION_CONSOLE))
		return 0;
	if (option_given(options, OPTION_JSON))
		return json_print_domain(&creation, error);
	render_domain(&creation);
	return 0;
}

/* ---- a domain that is to stay ---- */

/*
 * What a round ends with. A domain that stays on a real host has a console open where that
 * was asked for.
 */
struct round {
	struct construct made;
	struct ward ward;
	int console;
};

static void round_end(struct round *round)
{
	construct_free(&round->made);
	if (round->console >= 0)
		(void)close(round->console);
	round->console = -1;
}

/*
 * From a finished domain to one that stays. The order is that of what may go wrong: until the
 * last step the domain goes when this process does.
 */
static int let_go(struct round *round, struct session *session, struct keeper *keeper,
		  const struct options *options, bool runs, struct pvb_error *error)
{
	uint32_t domid = round->ward.domid;
	int rc = 0;

	if (option_given(options, OPTION_CONSOLE))
		rc = attach_open(session->host, domid, &round->console, error);
	if (rc == -PVB_E_ARG_CANCELLED)
		return construct_stopped(error);
	if (!rc && keeper && keeper->fd >= 0)
		rc = keeper_appoint(keeper, &round->ward, error);
	if (!rc)
		rc = construct_stopped(error);
	if (!rc && runs)
		rc = pvb_domain_unpause(session->host, domid, error);
	if (!rc)
		rc = pvb_domain_keep(session->host, domid, error);
	return rc;
}

/*
 * Build the domain and, on a real host, let it go. keeper is told of it where there is one.
 * Returns an exit status where the domain is whole but not to stay.
 */
static int build_round(struct round *round, struct session *session, struct keeper *keeper,
		       const struct options *options, bool quiet, struct pvb_error *error)
{
	int rc = construct(&round->made, session, options, error);

	if (rc)
		return rc;

	bool real = !session_simulated(session);
	bool passed = construct_passed(&round->made);
	bool paused = option_given(options, OPTION_PAUSED);

	round->ward = construct_ward(&round->made);
	if (!quiet)
		rc = print(session, &round->made, options, real && passed && !paused, error);
	if (!rc && !quiet)
		rc = output_flush(error);
	if (!rc && real && (passed || paused))
		rc = let_go(round, session, keeper, options, !paused, error);
	if (rc || (!passed && !paused))
		construct_destroy(&round->made, session);
	if (!rc && !passed && real)
		warn("the audit found faults: domain %u %s", round->ward.domid,
		     paused ? "stays as it is, paused" : "is not started, and is gone");
	return rc ? rc : passed ? 0 : EXIT_FINDINGS;
}

/* ---- what comes after ---- */

/* As for the first time, but for what makes sense only then. */
static struct options anew(const struct options *options)
{
	struct options again = *options;

	again.given &= ~(OPTION_BIT(OPTION_PAUSED) | OPTION_BIT(OPTION_DUMP));
	again.dump = NULL;
	return again;
}

struct inheritance {
	struct session *session;
	const struct options *options;
	struct restarts *restarts;
};

/* Wait for the domain's end, again and again for as long as it is to be built anew. */
static int stay(struct session *session, const struct options *options, struct ward *ward,
		struct restarts *restarts, struct pvb_error *error)
{
	for (;;) {
		AUTO(round_end) struct round round = {.console = -1};
		struct pvb_error unused;
		struct ward_end end;
		bool restart = false;
		int rc = ward_wait(session->host, ward, &end, error);

		keeper_renew_log(session->guest.name);
		if (!rc)
			rc = ward_bury(session->host, ward, &end, &session->guest.fates, restarts,
				       &restart, error);
		if (!rc && restart)
			rc = check_name(session, error);
		if (rc || !restart)
			return rc;
		rc = build_round(&round, session, NULL, options, true, error);
		if (rc)
			return rc;
		*ward = round.ward;
		if (pvb_domain_set_monitor(session->host, ward->domid, true, &unused))
			warn("nobody will see if this process is killed: %s", unused.message);
		session_rewind(session);
	}
}

/* In the background process. Nothing of the parent's host can be used here. */
static int keep_on(void *opaque, const struct ward *known, int fd)
{
	const struct inheritance *inheritance = opaque;
	struct session *session = inheritance->session;
	struct options options = anew(inheritance->options);
	struct restarts restarts = *inheritance->restarts;
	struct ward ward = *known;
	struct ward_end end;
	struct pvb_error error = {0};
	int news;

	options.given &= ~OPTION_BIT(OPTION_CONSOLE);
	session->host = NULL;
	int rc = session_open_host(&session->host, &session->host_info, &options, &error);

	if (!rc)
		rc = pvb_domain_watch(session->host, &news, &error);
	if (!rc)
		rc = ward_has_ended(session->host, &ward, &end, &error);
	if (rc >= 0 && pvb_domain_set_monitor(session->host, ward.domid, true, &error))
		rc = -error.code;
	keeper_answer(fd, rc < 0 ? &error : NULL);
	if (rc < 0 || !keeper_inherits(fd))
		return EXIT_DONE;
	rc = stay(session, &options, &ward, &restarts, &error);
	if (rc < 0)
		fault_say(&error);
	pvb_host_close(session->host);
	return rc < 0 ? (int)fault_status(&error) : rc;
}

/*
 * The console until the domain ends, and then what was said of that. Returns an exit status where
 * that was all.
 */
static int attend(struct session *session, struct round *round, struct keeper *keeper,
		  const struct options *options, struct restarts *restarts, bool *restart,
		  struct pvb_error *error)
{
	struct ward_end end;
	bool left;
	int rc;

	*restart = false;
	if (isatty(STDIN_FILENO))
		note("domain %u, \"%s\": Ctrl-] leaves its console", round->ward.domid,
		     round->ward.name);
	rc = attach(session->host, &round->ward, round->console, &left, &end, error);
	if (rc || left)
		return rc;
	if (option_given(options, OPTION_NO_MONITOR)) {
		note("domain %u, \"%s\", has ended: %s", round->ward.domid, round->ward.name,
		     ward_end_name(&end).text);
		if (ward_crashed(&end))
			registers_say(session->host, round->ward.domid);
		return ward_end_status(&end);
	}
	restarts->stop = signals_watch();
	rc = ward_bury(session->host, &round->ward, &end, &session->guest.fates, restarts, restart,
		       error);
	restarts->stop = -1;
	/* Otherwise it does it, and tells of it in its log. */
	if (!rc)
		keeper_dismiss(keeper);
	return rc || *restart ? rc : ward_end_status(&end);
}

/* One domain after the other, for as long as each is to be followed by the next. */
static int run_rounds(struct session *session, const struct options *options,
		      struct pvb_error *error)
{
	struct restarts restarts = RESTARTS_INIT;
	struct inheritance inheritance = {
		.session = session, .options = options, .restarts = &restarts};
	bool real = !session_simulated(session);
	bool attached = option_given(options, OPTION_CONSOLE);
	struct options current = *options;

	for (bool restart = true; restart;) {
		AUTO(keeper_leave) struct keeper keeper = KEEPER_INIT;
		AUTO(round_end) struct round round = {.console = -1};
		int rc = 0;

		if (real && !option_given(options, OPTION_NO_MONITOR))
			rc = keeper_start(&keeper, session->guest.name, keep_on, &inheritance,
					  error);
		if (!rc)
			rc = build_round(&round, session, &keeper, &current, false, error);
		if (rc || !attached)
			return rc;
		/* An image and a ramdisk of any size are not needed while the guest runs. */
		session_rewind(session);
		rc = attend(session, &round, &keeper, options, &restarts, &restart, error);
		if (rc)
			return rc;
		current = anew(options);
	}
	return 0;
}

/* With -n that is all. */
static int show_plan(struct session *session, const struct options *options,
		     struct pvb_error *error)
{
	int rc = session_plan(session, options, error);

	if (rc)
		return rc;
	if (option_given(options, OPTION_JSON))
		return json_print_plan(pvb_plan_info(session->plan), error);
	render_plan(pvb_plan_info(session->plan));
	return 0;
}

static int run(const struct options *options, struct pvb_error *error)
{
	AUTO(session_close) struct session session = SESSION_INIT;
	int rc = 0;

	if (option_given(options, OPTION_CONSOLE))
		rc = attach_check_options(options, "-c", error);
	if (!rc)
		rc = session_open(&session, options, !session_wants_xen(options), error);
	if (rc)
		return rc;
	session_announce(&session.host_info, options);
	rc = check(&session, options, error);
	if (!rc && option_given(options, OPTION_DRY_RUN))
		return show_plan(&session, options, error);
	return rc ? rc : run_rounds(&session, options, error);
}

const struct command command_create = {
	.name = "create",
	.operands = "CFG [KEY=VALUE...] | --kernel FILE --memory SIZE [options]",
	.summary = "build a domain and start it",
	.details =
		"Builds a domain, prints its layout, registers, calls to the host and times, and\n"
		"starts it. CFG is an xl.cfg file, or - for standard input; KEY=VALUE goes before\n"
		"what it says, and options before both. Where anything fails, nothing is left\n"
		"behind.\n"
		"\n"
		"A process in the background waits for the guest's end and does what the file\n"
		"says of it (on_poweroff, on_reboot, on_crash), as xl's does. With -c this "
		"process\n"
		"stays, with the guest's console on standard input and output, and does it. Its\n"
		"exit status then says how the last guest ended: 0 poweroff, 11 reboot,\n"
		"12 suspend, 13 crash, 14 watchdog, 15 soft reset, 16 destroyed.\n"
		"\n"
		"A simulated domain never runs, and lives as long as this process: it is audited\n"
		"before that ends, and --dump keeps it.\n"
		"\n"
		"Examples:\n"
		"  pvbuild create guest.cfg -c\n"
		"  pvbuild create --kernel vmlinuz --ramdisk initrd.img --memory 1G \\\n"
		"      --cmdline \"console=hvc0\" --name guest\n"
		"  pvbuild create guest.cfg --paused --audit\n"
		"  pvbuild create guest.cfg memory=512 'extra=\"quiet\"' -n\n"
		"  pvbuild --host sim create --kernel vmlinuz --memory 1G --dump guest.core\n"
		"  pvbuild --json --host sim create guest.cfg | jq .calls.populate",
	.options = OPTIONS_LAYOUT | OPTION_BIT(OPTION_CONSOLE) | OPTION_BIT(OPTION_PAUSED) |
		   OPTION_BIT(OPTION_NO_MONITOR) | OPTION_BIT(OPTION_AUDIT) |
		   OPTION_BIT(OPTION_STRICT_ADDRESS_BITS) | OPTION_BIT(OPTION_DUMP) |
		   OPTION_BIT(OPTION_DRY_RUN),
	.least = 0,
	.most = INT_MAX,
	.run = run,
};
