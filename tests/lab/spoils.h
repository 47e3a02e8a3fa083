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

/* Which of the probe's kernels (examples/probe/README.md) it takes to see the spoil. */
enum spoil_kernel {
	SPOIL_PROBE,
	SPOIL_PROBE_P2M,
	SPOIL_PROBE_LEGACY,
	SPOIL_PROBE_DECLARES,
	SPOIL_PROBE_TREE
};

/* Before which call it is done; or once the domain is whole. */
#define SPOIL_LAST PVB_CALL_COUNT

/*
 *   what      is wrong then, in words
 *   checks    those of the probe that have to find it, in its order, with blanks between; NULL
 *             where the hypervisor refuses
 *   refused   the code that it refuses with, or 0
 *   at        the call before which (or in which) it is done
 *   act       returns 0 once it is done, or -code. NULL: the plan is for a kernel that is a page
 *             longer than it is
 *   kernel    not every kernel has what is to be spoiled
 *   no_ramdisk   it would be in the way
 *   undeclared   the plan is for a kernel that declares no address width; to be seen only where
 *             there is free memory above that of this one
 *   tree      the domain is given a p2m tree of so many levels; 0 where that is left to the kernel
 *   cmdline   more of the command line
 *   group     spoils of the same number can be in one domain, and be told apart all the same:
 *             none hides another or keeps a check from being made that another one needs. 0: alone
 */
struct spoil {
	const char *name;
	const char *what;
	const char *checks;
	int refused;
	enum pvb_host_call at;
	int (*act)(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error);
	enum spoil_kernel kernel;
	bool no_ramdisk;
	bool undeclared;
	unsigned tree;
	const char *cmdline;
	unsigned group;
};

#define SPOILS_TOGETHER 32

/* What is done to one domain. */
struct spoil_set {
	const struct spoil *v[SPOILS_TOGETHER];
	size_t n;
};

/* All is set by spoil_build(); done says of which spoils it was come to. */
struct spoiling {
	const struct spoil_set *set;
	const struct pvb_image *image;
	const struct pvb_plan *plan;
	struct relay relay;
	bool done[SPOILS_TOGETHER];
};

/* All of them, by number; NULL past the end. */
const struct spoil *spoil_at(size_t index);

/* NULL if there is none of that name. */
const struct spoil *spoil_find(const char *name);

/*
 * Build a guest through spoiling->relay, which is opened over the host and closed again. A spoil
 * that was not come to fails with PVB_E_ARG_INVALID.
 */
int spoil_build(struct spoiling *spoiling, const struct spoil_set *set, struct guest *guest,
		struct pvb_host *host, uint32_t *domid, struct pvb_error *error);

/* The tables that all of them are made of. */
extern const struct spoil spoils_of_contents[], spoils_of_tables[], spoils_of_calls[],
	spoils_of_trees[];
extern const size_t spoils_of_contents_count, spoils_of_tables_count, spoils_of_calls_count,
	spoils_of_trees_count;

#endif
