/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain that somebody stays with until it ends, to do then what was said of that. */
#ifndef PVB_TOOLS_WARD_H
#define PVB_TOOLS_WARD_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/pvbuild.h>

#include "fate.h"
#include "restarts.h"

/*
 * Numbers come round again, so that the uuid tells whether it is still the same domain. started_ms
 * is by restarts_clock_ms(); 0 where nobody knows.
 */
struct ward {
	uint32_t domid;
	uint8_t uuid[16];
	char name[64];
	uint64_t started_ms;
};

struct ward ward_of(const struct pvb_domain_state *state);

/*
 *   gone     somebody has destroyed it, or is about to
 *   ended    its guest had ended before, for reason (enum pvb_shutdown_reason)
 */
struct ward_end {
	bool gone;
	bool ended;
	unsigned reason;
};

/* 1 once it has ended, 0 while it lives, or a negative code. */
int ward_has_ended(struct pvb_host *host, const struct ward *ward, struct ward_end *end,
		   struct pvb_error *error);

/* Wait for that. */
int ward_wait(struct pvb_host *host, const struct ward *ward, struct ward_end *end,
	      struct pvb_error *error);

/* "poweroff", "crash", ...; "destroyed" where no more is known. */
struct ward_end_text {
	char text[24];
};
struct ward_end_text ward_end_name(const struct ward_end *end);

/* The exit status that says so: 0 after a poweroff. */
int ward_end_status(const struct ward_end *end);

/* Whether the guest crashed, and what it crashed with can still be looked at. */
bool ward_crashed(const struct ward_end *end);

/*
 * Do what is to be done now that it has ended, and say so; nothing where somebody else does.
 * *restart: the domain has been destroyed and is to be built anew. One that was to be destroyed
 * once its core is written stays where there is no core: its memory is the evidence. One that was
 * to be restarted is, without.
 *
 * Before it is built anew there is a pause, in which the domain is still there: to be looked at,
 * and for others to end all that by destroying it. restarts->stop ends it with PVB_E_ARG_CANCELLED.
 */
int ward_bury(struct pvb_host *host, const struct ward *ward, const struct ward_end *end,
	      const struct fates *fates, struct restarts *restarts, bool *restart,
	      struct pvb_error *error);

#endif
