/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that whoever reads a domain may keep of where its memory is. In how many pieces that
 * is, the guest chooses, or whoever made a core; so it has a limit, which options can move.
 */
#ifndef PVB_CORE_BUDGET_H
#define PVB_CORE_BUDGET_H

#include <stddef.h>
#include <stdint.h>

/* For one list of pieces. Of a p2m there are two while those are sought that are confirmed. */
#define PVB_BUDGET_PIECES_BYTES (UINT64_C(384) << 20)

/* How many pieces of so many bytes that is. */
#define PVB_BUDGET_PIECES(size) ((size_t)(PVB_BUDGET_PIECES_BYTES / (size)))

/* Foreign and stale entries that a guest may have beside its own pages. */
#define PVB_BUDGET_PIECES_BESIDE 1024u

/*
 * How many elements a list is to have room for that has so many and is full, of no more than
 * "most": it doubles, and does not end with twice what it may have.
 */
static inline size_t pvb_budget_grow(size_t count, size_t most)
{
	size_t room = count ? count * 2 : 64;

	return room < most ? room : most;
}

#endif
