/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All of a p2m, read once from its root: what its PFNs map to, as extents. */
#ifndef PVB_P2M_WALK_H
#define PVB_P2M_WALK_H

#include "p2m/read.h"
#include "p2m/seen.h"

struct p2m_batch;

/*
 *   pfns          that it covers, once it was read: what the route says, or where it ended
 *   extents       ascending, adjacent ones merged; frames PFNs in them
 *   table_pages   tables read, each once
 */
struct p2m_walk {
	const struct p2m_source *source;
	const struct p2m_route *route;
	bool strict;
	size_t max_extents;

	uint64_t pfns;
	struct pvb_p2m_extent *extents;
	size_t extent_count;
	size_t extent_capacity;
	uint64_t frames;
	uint64_t table_pages;
	struct p2m_totals totals;

	/* While it is read. */
	struct p2m_seen seen;
	uint64_t path[P2M_HEIGHT_MAX + 1]; /* the tables above, by height */
	void *tables[P2M_HEIGHT_MAX + 1];
	struct p2m_batch *batch;
	uint8_t *window;
	size_t window_pages;
	bool ended;
	bool any_missing;
	struct p2m_place first_missing;
};

/* source, route, strict and max_extents are set, all else is zero. */
int pvb_p2m_walk(struct p2m_walk *walk, struct pvb_error *error);

/* What it found, too. */
void pvb_p2m_walk_free(struct p2m_walk *walk);

#endif
