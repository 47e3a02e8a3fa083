/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What plan and create have in common: from a command line to a plan for a host. */
#ifndef PVB_TOOLS_SESSION_H
#define PVB_TOOLS_SESSION_H

#include <stdbool.h>

#include <pvbuild/pvbuild.h>

#include "creation.h"
#include "guest.h"

struct session {
	struct guest guest;
	struct ramdisk ramdisk;
	struct pvb_host *host;
	struct pvb_host_info host_info;
	struct pvb_image *image;
	struct pvb_plan *plan;
	struct creation_step steps[CREATION_STEPS_MAX];
	size_t step_count;
};

#define SESSION_INIT                                                                               \
	{                                                                                          \
		.guest = GUEST_INIT, .ramdisk = {.fd = -1 }                                        \
	}

/* Read the guest, and open the host. layout_only: as in struct cfg_source. */
int session_open(struct session *session, const struct options *options, bool layout_only,
		 struct pvb_error *error);

/* Then open the ramdisk and the image, and make the plan. */
int session_plan(struct session *session, const struct options *options, struct pvb_error *error);

void session_close(struct session *session);

/* Close all but the guest and the host, to plan again. */
void session_rewind(struct session *session);

/* Nothing runs on this host, and what is built ends with the process. */
bool session_simulated(const struct session *session);

/* Record that a part of the way has taken from "since" until now. */
void session_step(struct session *session, const char *name, uint64_t since);

/* Nanoseconds of a clock that only goes forward. */
uint64_t session_clock(void);

/* Whether the host that is meant is one that has domains of its own. */
bool session_wants_xen(const struct options *options);

/*
 * The host that the options name; else the hypervisor where this machine runs on one, and the
 * simulated host where not.
 */
int session_open_host(struct pvb_host **host, struct pvb_host_info *info,
		      const struct options *options, struct pvb_error *error);

/*
 * Say that the host is the simulated one where nobody asked for it: for commands that a
 * person could believe to have reached a hypervisor. A plan is the same on either.
 */
void session_announce(const struct pvb_host_info *info, const struct options *options);

#endif
