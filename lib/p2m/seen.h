/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which frames a walk has met, and what it knows of those that stand in more places than one,
 * so that it ends in good time whatever the guest has made of its p2m: a bit for each frame
 * that was met, and a note of each page, or table with all below it, that was met again and
 * has no frame in it. Memory grows with the pages of the p2m, and has a limit.
 */
#ifndef PVB_P2M_SEEN_H
#define PVB_P2M_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>

/* Of entries that are no frames of the guest's, and of the pages that have them. */
struct p2m_totals {
	uint64_t foreign;
	uint64_t identity;
	uint64_t wild;
	uint64_t leaf_pages;
	uint64_t shared_pages;
	uint64_t missing_pages;
};

struct p2m_seen_chunk;
struct p2m_seen_barren;

/* Hash tables, their sizes powers of two; zero is an empty one. */
struct p2m_seen {
	struct p2m_seen_chunk *chunks;
	size_t chunk_count;
	size_t chunk_size;
	struct p2m_seen_barren *barren;
	size_t barren_count;
	size_t barren_size;
	uint64_t key;
};

void pvb_p2m_seen_free(struct p2m_seen *seen);

/* Note that a frame was met; *before tells whether it had been already. */
int pvb_p2m_seen_add(struct p2m_seen *seen, uint64_t frame, bool *before, struct pvb_error *error);

/* What is below a frame at a height, if that has been noted; else NULL. */
const struct p2m_totals *pvb_p2m_seen_barren(const struct p2m_seen *seen, uint64_t frame,
					     unsigned height);

int pvb_p2m_seen_note_barren(struct p2m_seen *seen, uint64_t frame, unsigned height,
			     const struct p2m_totals *totals, struct pvb_error *error);

#endif
