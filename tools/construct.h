/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a plan to a finished, paused domain that has been looked at as the options want it. */
#ifndef PVB_TOOLS_CONSTRUCT_H
#define PVB_TOOLS_CONSTRUCT_H

#include <stdbool.h>

#include "session.h"
#include "ward.h"

/* The domain once it is there, and what was found out about it. */
struct construct {
	struct pvb_domain *domain;
	struct pvb_audit *audit;
};

/*
 * Build it, audit it (always where it is simulated, as it will be gone soon), write its core.
 * On a real host it still goes when this process does. Where anything fails, it is gone.
 */
int construct(struct construct *made, struct session *session, const struct options *options,
	      struct pvb_error *error);

/* Forget it; the domain goes on. */
void construct_free(struct construct *made);

bool construct_passed(const struct construct *made);
struct ward construct_ward(const struct construct *made);

/* Destroy what was made, because of an error that stays as it is. */
void construct_destroy(const struct construct *made, struct session *session);

/* The error of a signal that has come, or 0. */
int construct_stopped(struct pvb_error *error);

#endif
