/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What plan and create have in common: from a command line to a plan for a host. */
#ifndef PVB_TOOLS_SESSION_H
#define PVB_TOOLS_SESSION_H

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
		.ramdisk = {.fd = -1 }                                                             \
	}

/* Read the guest, open the host, the image and the ramdisk, and make the plan. */
int session_plan(struct session *session, const struct options *options, struct pvb_error *error);
void session_close(struct session *session);

/* Record that a part of the way has taken from "since" until now. */
void session_step(struct session *session, const char *name, uint64_t since);

/* Nanoseconds of a clock that only goes forward. */
uint64_t session_clock(void);

/* The host that the options name, or what this machine has; says so where that is sim. */
int session_open_host(struct pvb_host **host, struct pvb_host_info *info,
		      const struct options *options, struct pvb_error *error);

#endif
