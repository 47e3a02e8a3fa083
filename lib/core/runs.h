/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sparse function from numbers to numbers, kept as runs: the count keys from
 * "from" on map to the count values from "to" on. Memory is this everywhere
 * (PFN to MFN, MFN to PFN, owned and free frames), because a list of pages
 * would cost memory in proportion to the guest.
 *
 * Runs are kept sorted by key, disjoint, and merged wherever both sides
 * continue. Costs are O(log runs) to look up and O(runs) at worst to change;
 * appending in ascending order is O(1).
 */
#ifndef PVB_CORE_RUNS_H
#define PVB_CORE_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pvb_run {
	uint64_t from;
	uint64_t to;
	uint64_t count;
};

struct pvb_runs {
	struct pvb_run *v;
	size_t n;
	size_t capacity;
};

#define PVB_RUNS_INIT                                                                              \
	{                                                                                          \
		0                                                                                  \
	}

void pvb_runs_free(struct pvb_runs *runs);

/*
 * Add a run. Keys that are already there are refused, as are runs that wrap;
 * count must not be 0. Returns 0, -EEXIST, -EINVAL or -ENOMEM, having changed
 * nothing unless 0.
 */
int pvb_runs_add(struct pvb_runs *runs, uint64_t from, uint64_t to, uint64_t count);

/* Take keys away, whether or not they are there. Returns 0 or -ENOMEM (a run had to be split). */
int pvb_runs_remove(struct pvb_runs *runs, uint64_t from, uint64_t count);

/* Index of the run that holds key, or of the first one above it; runs->n if there is none. */
size_t pvb_runs_lower(const struct pvb_runs *runs, uint64_t key);

/*
 * What key maps to; *count (may be NULL) is how many keys from there on
 * continue the run. False if key is not there.
 */
bool pvb_runs_find(const struct pvb_runs *runs, uint64_t key, uint64_t *value, uint64_t *count);

/* Number of keys. */
uint64_t pvb_runs_total(const struct pvb_runs *runs);

#endif
