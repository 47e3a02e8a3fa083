/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's console on standard input and output. */
#ifndef PVB_TOOLS_ATTACH_H
#define PVB_TOOLS_ATTACH_H

#include <stdbool.h>

#include "options.h"
#include "ward.h"

/*
 * Open the console of a domain. A terminal that takes long to come is waited for and told of; a
 * signal ends that.
 */
int attach_open(struct pvb_host *host, uint32_t domid, int *fd, struct pvb_error *error);

/*
 * Stay attached to the console that is open at fd until the domain ends or the person leaves.
 * *left: the domain goes on. Else *end says how it ended. A terminal is as before afterwards.
 * A signal is an error.
 */
int attach(struct pvb_host *host, const struct ward *ward, int fd, bool *left, struct ward_end *end,
	   struct pvb_error *error);

/* Refuse --json: standard output is the guest's. */
int attach_check_options(const struct options *options, const char *what, struct pvb_error *error);

#endif
