/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "construct.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvbuild/pvbuild.h>

#include "dumped.h"
#include "fault.h"
#include "progress.h"
#include "signals.h"

int construct_stopped(struct pvb_error *error)
{
	if (!signals_caught())
		return 0;
	return fault(error, PVB_E_ARG_CANCELLED, "create",
		     "stopped by a signal (%s); nothing is left of the domain",
		     strsignal(signals_caught()));
}

/*
 * A list of CPUs for each vCPU; *filled is the caller's to free, and NULL where the guest's own
 * array is that already.
 */
static int list_cpus(const struct guest_cpus *cpus, uint32_t vcpus, const char ***filled,
		     const char *const **lists, size_t *count, struct pvb_error *error)
{
	*filled = NULL;
	*lists = (const char *const *)cpus->v;
	*count = cpus->n;
	if (!cpus->for_all)
		return 0;
	*filled = calloc(vcpus, sizeof(const char *));
	if (!*filled)
		return fault_memory(error, "lists of CPUs");
	for (uint32_t i = 0; i < vcpus; i++)
		(*filled)[i] = cpus->v[0];
	*lists = *filled;
	*count = vcpus;
	return 0;
}

static void take_limits(struct pvb_build_options *wanted, const struct guest *guest)
{
	wanted->max_event_channels = guest->limits.event_channels;
	wanted->max_grant_frames = guest->limits.grant_frames;
	wanted->max_maptrack_frames = guest->limits.maptrack_frames;
	wanted->max_grant_version = guest->limits.grant_version;
	wanted->pool = guest->pool;
	wanted->cpu_weight = guest->cpu_weight;
	wanted->cpu_cap = guest->cpu_cap;
}

/* Beside what is wanted already, where each vCPU may run and should. */
static int build_with_cpus(struct construct *made, struct session *session,
			   struct pvb_build_options *wanted, struct pvb_error *error)
{
	const struct guest *guest = &session->guest;
	const uint32_t vcpus = pvb_plan_info(session->plan)->max_vcpus;
	const char **hard = NULL;
	const char **soft = NULL;
	int rc = list_cpus(&guest->cpus, vcpus, &hard, &wanted->cpus, &wanted->cpus_count, error);

	if (!rc)
		rc = list_cpus(&guest->soft_cpus, vcpus, &soft, &wanted->soft_cpus,
			       &wanted->soft_cpus_count, error);
	if (!rc)
		rc = pvb_build(session->host, session->plan, session->image, wanted, &made->domain,
			       error);
	free((void *)hard);
	free((void *)soft);
	return rc;
}

static int build(struct construct *made, struct session *session, const struct options *options,
		 struct pvb_error *error)
{
	struct pvb_build_options wanted = PVB_BUILD_OPTIONS_INIT;
	struct progress progress;

	wanted.name = session->guest.name;
	memcpy(wanted.uuid, session->guest.uuid, sizeof wanted.uuid);
	if (session->ramdisk.fd >= 0) {
		wanted.module_fds = &session->ramdisk.fd;
		wanted.module_fd_count = 1;
	}
	wanted.guarded = true;
	wanted.strict_address_bits = option_given(options, OPTION_STRICT_ADDRESS_BITS);
	progress_begin(&progress);
	wanted.progress = progress_report;
	wanted.progress_opaque = &progress;
	progress.verbose = option_given(options, OPTION_VERBOSE);
	wanted.log = progress_log;
	wanted.log_opaque = &progress;
	take_limits(&wanted, &session->guest);
	int rc = build_with_cpus(made, session, &wanted, error);

	progress_end(&progress);
	return rc == -PVB_E_ARG_CANCELLED ? construct_stopped(error) : rc;
}

/* That is no fault of anybody's, and may be none of the guest's business. */
static void warn_of_grant_table(const struct pvb_domain_info *domain)
{
	if (domain->grant_table_high)
		warn("the hypervisor has put %zu of %zu pages of domain %" PRIu32 "'s grant table "
		     "above the guest's %u address bits: a guest that uses grants may not cope",
		     domain->grant_table_high, domain->grant_table_pages, domain->domid,
		     domain->address_bits);
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
static int audit(struct construct *made, struct session *session, struct pvb_error *error)
{
	const struct pvb_plan_info *plan = pvb_plan_info(session->plan);
	struct pvb_audit_options wanted = PVB_AUDIT_OPTIONS_INIT;
	uint64_t since = session_clock();
	/* Without ranges it is all from 0 on, and a hole is as wrong as one in another place. */
	const struct pvb_memory_range all = {.bytes = session->guest.memory, .node = PVB_ANY_NODE};

	wanted.image = session->image;
	wanted.command_line = session->guest.cmdline ? session->guest.cmdline : "";
	wanted.memory = session->guest.memory;
	wanted.ranges = session->guest.ranges ? session->guest.ranges : &all;
	wanted.range_count = session->guest.ranges ? session->guest.range_count : 1;
	wanted.address_bits = plan->address_bits;
	if (session->ramdisk.fd >= 0) {
		wanted.module_fds = &session->ramdisk.fd;
		wanted.module_fd_count = 1;
	}
	int rc = pvb_audit_domain(session->host, pvb_domain_info(made->domain)->domid, &wanted,
				  &made->audit, error);

	if (!rc)
		session_step(session, "audit", since);
	return rc;
}

static int dump(const struct construct *made, struct session *session, const char *path,
		struct pvb_error *error)
{
	struct pvb_dump_options wanted = PVB_DUMP_OPTIONS_INIT;
	struct pvb_dump_result result = PVB_DUMP_RESULT_INIT;
	struct progress progress;
	uint64_t since = session_clock();

	progress_begin(&progress);
	wanted.progress = progress_report;
	wanted.progress_opaque = &progress;
	wanted.result = &result;
	int rc = pvb_dump_core(session->host, pvb_domain_info(made->domain)->domid, path, &wanted,
			       error);

	progress_end(&progress);
	if (!rc) {
		dumped_warn(&result);
		session_step(session, "dump", since);
	}
	return rc == -PVB_E_ARG_CANCELLED ? construct_stopped(error) : rc;
}

int construct(struct construct *made, struct session *session, const struct options *options,
	      struct pvb_error *error)
{
	int rc = session_plan(session, options, error);

	signals_catch();
	if (!rc)
		rc = build(made, session, options, error);
	if (rc)
		return rc;
	take_stages(session, pvb_domain_info(made->domain));
	warn_of_grant_table(pvb_domain_info(made->domain));
	if (session_simulated(session) || option_given(options, OPTION_AUDIT))
		rc = audit(made, session, error);
	if (!rc)
		rc = construct_stopped(error);
	if (!rc && options->dump)
		rc = dump(made, session, options->dump, error);
	if (rc)
		construct_destroy(made, session);
	return rc;
}

void construct_free(struct construct *made)
{
	pvb_audit_free(made->audit);
	pvb_domain_free(made->domain);
	*made = (struct construct){0};
}

bool construct_passed(const struct construct *made)
{
	return !made->audit || pvb_audit_report(made->audit)->passed;
}

struct ward construct_ward(const struct construct *made)
{
	const struct pvb_domain_info *info = pvb_domain_info(made->domain);
	struct ward ward = {.domid = info->domid, .started_ms = restarts_clock_ms()};

	(void)snprintf(ward.name, sizeof ward.name, "%s", info->name);
	memcpy(ward.uuid, info->uuid, sizeof ward.uuid);
	return ward;
}

void construct_destroy(const struct construct *made, struct session *session)
{
	uint32_t domid = pvb_domain_info(made->domain)->domid;
	struct pvb_error error;

	int rc = pvb_domain_destroy(session->host, domid, &error);

	if (rc && rc != -PVB_E_HOST_NO_DOMAIN)
		warn("domain %u could not be cleared away: %s", domid, error.message);
}
