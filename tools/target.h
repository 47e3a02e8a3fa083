/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domain that a command is about, and its host. */
#ifndef PVB_TOOLS_TARGET_H
#define PVB_TOOLS_TARGET_H

#include <stdbool.h>

#include <pvbuild/pvbuild.h>

#include "options.h"

struct target {
	struct pvb_host *host;
	struct pvb_domain_state state;
};

/*
 * Whether an operand that names a domain or a core means the domain. A core where there is one of
 * that name, and whatever has a slash, is a file. Otherwise, where this host has domains, it is
 * a domain, also if a file that is no core is called so; elsewhere only a number that names no
 * file is.
 */
bool target_is_domain(const char *operand, const struct options *options);

/*
 * Open the host and find a domain by its number or its name. On the simulated host there is
 * none. verb: what is to be done with it, for messages; NULL where that may be done with
 * domain 0, too.
 */
int target_find(struct target *target, const char *which, const char *verb,
		const struct options *options, struct pvb_error *error);
void target_close(struct target *target);

/*
 * Pause it, where that is not so already, for as long as something is done with it. The second
 * takes that back; the error of what was done meanwhile goes before its own.
 */
int target_hold(struct target *target, bool *held, struct pvb_error *error);
int target_release(struct target *target, bool held, int rc, struct pvb_error *error);

#endif
