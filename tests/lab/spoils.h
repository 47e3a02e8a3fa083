/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ways to make a domain that is wrong in one thing. Nothing in the library helps: what the
 * builder has written is changed behind its back, or what it says to the hypervisor on the
 * way.
 */
#ifndef PVB_TESTS_LAB_SPOILS_H
#define PVB_TESTS_LAB_SPOILS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/guest.h"
#include "lab/relay.h"

struct spoiling;

/*
 *   what      is wrong then, in words
 *   check     the check of the probe guest that has to find it; NULL where the hypervisor refuses
 *   refused   the code that it refuses with, or 0
 *   at        the call before which (or in which) it is done
 *   act       returns 0 once it is done, or -code
 */
struct spoil {
	const char *name;
	const char *what;
	const char *check;
	int refused;
	enum pvb_host_call at;
	int (*act)(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error);
};

/* plan, relay and spoil are set by who builds; done says that it came to it. */
struct spoiling {
	const struct spoil *spoil;
	const struct pvb_plan *plan;
	struct relay relay;
	bool done;
};

extern const struct spoil spoils[];
extern const size_t spoil_count;

/* NULL if there is none of that name. */
const struct spoil *spoil_find(const char *name);

/*
 * Build a guest through spoiling->relay, which is opened over the host and closed again. spoil
 * may be NULL: nothing is spoiled. A spoil that was not come to fails with PVB_E_ARG_INVALID.
 */
int spoil_build(struct spoiling *spoiling, const struct spoil *spoil, const struct guest *guest,
		struct pvb_host *host, uint32_t *domid, struct pvb_error *error);

#endif
