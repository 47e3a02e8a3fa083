/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The page tables of a domain, walked once from the root: the tables there are
 * and the regions that they map. A table is visited once, however often it is
 * referred to, so that the walk ends whatever the guest has made of it.
 */
#ifndef PVB_AUDIT_WALK_H
#define PVB_AUDIT_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/view.h"

/* page: first virtual page that it covers (48 bits of address for 64-bit guests, no sign). */
struct walk_table {
	pvb_mfn_t frame;
	pvb_pfn_t pfn;
	uint64_t page;
	unsigned level;
};

/* count virtual pages that map as many consecutive PFNs alike. */
struct walk_region {
	uint64_t page;
	uint64_t count;
	pvb_pfn_t pfn;
	bool writable;
	bool no_execute;
};

struct walk_by_pfn {
	uint64_t pfn;
	uint32_t index; /* of tables */
};

/*
 *   tables    in the order of the walk: level by level, ascending by page
 *   by_pfn    the same, ascending by PFN
 *   regions   ascending by page
 */
struct walk {
	struct walk_table *tables;
	size_t table_count;
	size_t table_capacity;
	uint32_t *hash;
	size_t hash_size; /* a power of two */
	uint64_t hash_key;
	struct walk_by_pfn *by_pfn;
	struct walk_region *regions;
	size_t region_count;
	size_t region_capacity;
	bool truncated;
};

/*
 * Bounds on what a guest can make an audit remember: tables enough for the list of a guest of
 * 256 TiB, and many more regions than the handful that a start of day has.
 */
#define WALK_MAX_TABLES (1u << 20)
#define WALK_MAX_REGIONS 1024u

struct check;

/* Walk from check->root, an owned frame, and apply the rules that are about single entries. */
int walk_tables(struct check *check, struct pvb_error *error);
void walk_free(struct walk *walk);

/* The table in a frame, or NULL. */
const struct walk_table *walk_table_of(const struct walk *walk, pvb_mfn_t frame);

/* The region that holds a page, or NULL; walk_region_from() also the first one above it. */
const struct walk_region *walk_region_of(const struct walk *walk, uint64_t page);
const struct walk_region *walk_region_from(const struct walk *walk, uint64_t page);

/* Number of tables with PFNs in [first, first + count), and in *index the first of them in by_pfn.
 */
size_t walk_tables_in(const struct walk *walk, pvb_pfn_t first, uint64_t count, size_t *index);

/*
 * The frames that count pages from page on are mapped to; *done of them, up to one that is in no
 * region.
 */
int walk_frames(struct check *check, uint64_t page, size_t count, pvb_mfn_t *frames, size_t *done,
		struct pvb_error *error);

#endif
