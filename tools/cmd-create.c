/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <pvbuild/pvbuild.h>

#include "auto.h"
#include "command.h"
#include "fault.h"
#include "json.h"
#include "progress.h"
#include "render.h"
#include "session.h"

/* The domain once it is there, and what was found out about it. */
struct outcome {
	struct pvb_domain *domain;
	struct pvb_audit *audit;
};

static void outcome_free(struct outcome *outcome)
{
	pvb_audit_free(outcome->audit);
	pvb_domain_free(outcome->domain);
}

/* What to say once a signal has come. */
static int stopped(struct pvb_error *error)
{
	if (!progress_signal())
		return 0;
	return fault(error, PVB_E_ARG_CANCELLED, "create",
		     "stopped by a signal (%s); nothing is left of the domain",
		     strsignal(progress_signal()));
}

static int build(struct session *session, struct outcome *outcome, const struct options *options,
		 struct pvb_error *error)
{
	struct pvb_build_options build = PVB_BUILD_OPTIONS_INIT;
	struct progress progress;

	build.name = session->guest.name;
	memcpy(build.uuid, session->guest.uuid, sizeof build.uuid);
	if (session->ramdisk.fd >= 0) {
		build.module_fds = &session->ramdisk.fd;
		build.module_fd_count = 1;
	}
	progress_begin(&progress);
	build.progress = progress_report;
	build.progress_opaque = &progress;
	if (option_given(options, OPTION_VERBOSE)) {
		build.log = progress_log;
		build.log_opaque = &progress;
	}
	int rc = pvb_build(session->host, session->plan, session->image, &build, &outcome->domain,
			   error);

	progress_end(&progress);
	return rc == -PVB_E_ARG_CANCELLED ? stopped(error) : rc;
}

static void take_stages(struct session *session, const struct pvb_domain_info *domain)
{
	for (size_t i = 0; i < domain->stage_count; i++)
		if (session->step_count < CREATION_STEPS_MAX)
			session->steps[session->step_count++] = (struct creation_step){
				.name = domain->stages[i].name,
				.nanoseconds = domain->stages[i].nanoseconds};
}

/* The auditor is told what was asked for, and nothing of what was done. */
static int audit(struct session *session, struct outcome *outcome, struct pvb_error *error)
{
	const struct pvb_plan_info *plan = pvb_plan_info(session->plan);
	struct pvb_audit_options wanted = PVB_AUDIT_OPTIONS_INIT;
	uint64_t since = session_clock();

	wanted.image = session->image;
	wanted.command_line = session->guest.cmdline ? session->guest.cmdline : "";
	wanted.memory = session->guest.memory;
	wanted.address_bits = plan->address_bits;
	if (session->ramdisk.fd >= 0) {
		wanted.module_fds = &session->ramdisk.fd;
		wanted.module_fd_count = 1;
	}
	int rc = pvb_audit_domain(session->host, pvb_domain_info(outcome->domain)->domid, &wanted,
				  &outcome->audit, error);

	if (!rc)
		session_step(session, "audit", since);
	return rc;
}

static int dump(struct session *session, const struct outcome *outcome, const char *path,
		struct pvb_error *error)
{
	uint64_t since = session_clock();
	int rc = pvb_dump_core(session->host, pvb_domain_info(outcome->domain)->domid, path, error);

	if (!rc)
		session_step(session, "dump", since);
	return rc;
}

static void print_steps(const struct session *session)
{
	for (size_t i = 0; i < session->step_count; i++)
		(void)fprintf(stderr, "%10.3f ms  %s\n",
			      (double)session->steps[i].nanoseconds / 1e6, session->steps[i].name);
}

static int print(const struct session *session, const struct outcome *outcome,
		 const struct options *options, struct pvb_error *error)
{
	struct rusage usage;
	uint64_t mapped_now;
	struct creation creation = {
		.host = session->host,
		.host_info = &session->host_info,
		.plan = pvb_plan_info(session->plan),
		.domain = pvb_domain_info(outcome->domain),
		.audit = outcome->audit ? pvb_audit_report(outcome->audit) : NULL,
		.dump = options->dump,
		.step_count = session->step_count,
	};

	memcpy(creation.steps, session->steps, sizeof creation.steps);
	pvb_host_mapped(session->host, &mapped_now, &creation.mapped_peak);
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		creation.peak_rss = (uint64_t)usage.ru_maxrss * 1024;
	if (option_given(options, OPTION_VERBOSE))
		print_steps(session);
	if (option_given(options, OPTION_JSON))
		return json_print_domain(&creation, error);
	render_domain(&creation);
	return 0;
}

/* What comes after the domain is there; where it fails, the domain must not stay. */
static int finish(struct session *session, struct outcome *outcome, const struct options *options,
		  struct pvb_error *error)
{
	bool simulated = !strcmp(session->host_info.name, "sim");
	int rc = 0;

	/* A simulated domain ends with this process: now is the only time to look at it. */
	if (simulated || option_given(options, OPTION_AUDIT))
		rc = audit(session, outcome, error);
	if (!rc)
		rc = stopped(error);
	if (!rc && options->dump)
		rc = dump(session, outcome, options->dump, error);
	if (!rc)
		return print(session, outcome, options, error);

	struct pvb_error unused;

	(void)pvb_domain_destroy(session->host, pvb_domain_info(outcome->domain)->domid, &unused);
	return rc;
}

static int run(const struct options *options, struct pvb_error *error)
{
	AUTO(session_close) struct session session = SESSION_INIT;
	AUTO(outcome_free) struct outcome outcome = {0};
	int rc = session_plan(&session, options, error);

	if (rc)
		return rc;
	progress_catch_signals();
	rc = build(&session, &outcome, options, error);
	if (rc)
		return rc;
	take_stages(&session, pvb_domain_info(outcome.domain));
	rc = finish(&session, &outcome, options, error);
	if (rc)
		return rc;
	return outcome.audit && !pvb_audit_report(outcome.audit)->passed ? EXIT_FINDINGS : 0;
}

const struct command command_create = {
	.name = "create",
	.operands = "CFG | --kernel FILE --memory SIZE [options]",
	.summary = "build a domain",
	.details =
		"Builds a domain and prints its layout, registers, calls to the host and times. "
		"CFG\n"
		"is an xl.cfg file; options go before what it says. A simulated domain lives as "
		"long\n"
		"as this process, so it is audited before that ends, and --dump keeps it. Where\n"
		"anything fails, nothing is left behind.\n"
		"\n"
		"Examples:\n"
		"  pvbuild create --kernel vmlinuz --ramdisk initrd.img --memory 1G \\\n"
		"      --cmdline \"console=hvc0\" --dump guest.core\n"
		"  pvbuild --host sim:memory=2T create --kernel vmlinuz --memory 1T\n"
		"  pvbuild --json create guest.cfg | jq .calls.populate",
	.options = OPTIONS_LAYOUT | OPTION_BIT(OPTION_PAUSED) | OPTION_BIT(OPTION_AUDIT) |
		   OPTION_BIT(OPTION_DUMP),
	.least = 0,
	.most = 1,
	.run = run,
};
