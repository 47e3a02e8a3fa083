/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"

#define PRIVCMD "/dev/xen/privcmd"

uint64_t session_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void session_step(struct session *session, const char *name, uint64_t since)
{
	if (session->step_count == CREATION_STEPS_MAX)
		return;
	session->steps[session->step_count++] =
		(struct creation_step){.name = name, .nanoseconds = session_clock() - since};
}

bool session_wants_xen(const struct options *options)
{
	const char *host = options->host;

	if (!host)
		return access(PRIVCMD, F_OK) == 0;
	return strcmp(host, "sim") != 0 && strncmp(host, "sim:", 4) != 0;
}

/* What is waited for; a progress bar may stand in the line. */
static void say_wait(void *opaque, const char *line)
{
	(void)opaque;
	if (isatty(STDERR_FILENO) == 1)
		(void)fputs("\r\033[K", stderr);
	note("%s", line);
}

int session_open_host(struct pvb_host **host, struct pvb_host_info *info,
		      const struct options *options, struct pvb_error *error)
{
	int rc = pvb_host_open(options->host, host, error);

	if (rc)
		return rc;
	pvb_host_set_notice(*host, say_wait, NULL);
	return pvb_host_get_info(*host, info, error);
}

void session_announce(const struct pvb_host_info *info, const struct options *options)
{
	if (options->host || strcmp(info->name, "sim") != 0)
		return;
	note("%s, so this is for the simulated host; --host says otherwise",
	     access(PRIVCMD, F_OK) ? "there is no " PRIVCMD " here"
				   : "this pvbuild cannot reach a hypervisor");
}

bool session_simulated(const struct session *session)
{
	return !strcmp(session->host_info.name, "sim");
}

static int make_plan(struct session *session, const struct options *options,
		     struct pvb_error *error)
{
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_plan_module module = {.name = session->guest.ramdisk,
					 .bytes = session->ramdisk.bytes};

	spec.memory = session->guest.memory;
	spec.ranges = session->guest.ranges;
	spec.range_count = session->guest.range_count;
	spec.vcpus = session->guest.vcpus;
	spec.max_vcpus = session->guest.max_vcpus;
	spec.max_address_bits = session->guest.max_address_bits;
	spec.command_line = session->guest.cmdline;
	spec.p2m = session->guest.p2m.wish;
	spec.p2m_levels = session->guest.p2m.levels;
	spec.strict_p2m = option_given(options, OPTION_STRICT_P2M);
	spec.guest_page_size = options->guest_page_size;
	if (session->ramdisk.fd >= 0) {
		spec.modules = &module;
		spec.module_count = 1;
	}
	return pvb_plan_create(session->image, &spec, &session->host_info, &session->plan, error);
}

/* It is said and not refused: a kernel may be the first that does. */
static void warn_of_holes(const struct session *session)
{
	const struct pvb_plan_info *plan = pvb_plan_info(session->plan);

	if (pvb_image_info(session->image)->pv.is_linux &&
	    plan->p2m_pfns > plan->memory / plan->page_size)
		warn("there are holes in the guest's memory, and no Linux is known to start with "
		     "any: it takes the number of its pages for that of its PFNs");
}

int session_open(struct session *session, const struct options *options, bool layout_only,
		 struct pvb_error *error)
{
	int rc = guest_read(&session->guest, options, layout_only, error);

	return rc ? rc : session_open_host(&session->host, &session->host_info, options, error);
}

int session_plan(struct session *session, const struct options *options, struct pvb_error *error)
{
	struct pvb_image_options limits = guest_image_options(options);
	int rc = ramdisk_open(&session->ramdisk, session->guest.ramdisk, error);
	uint64_t since = session_clock();

	if (!rc)
		rc = pvb_image_open(session->guest.kernel, &limits, &session->image, error);
	if (rc)
		return rc;
	session_step(session, "image", since);
	since = session_clock();
	rc = make_plan(session, options, error);
	if (rc)
		return rc;
	session_step(session, "plan", since);
	warn_of_holes(session);
	return 0;
}

void session_rewind(struct session *session)
{
	pvb_plan_free(session->plan);
	pvb_image_free(session->image);
	session->plan = NULL;
	session->image = NULL;
	session->step_count = 0;
	ramdisk_close(&session->ramdisk);
}

void session_close(struct session *session)
{
	session_rewind(session);
	pvb_host_close(session->host);
	guest_clear(&session->guest);
}
