/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that a domain's own p2m does not name. The M2P has a PFN for every frame of the
 * machine, and the hypervisor knows whose a frame is. Together they find what a p2m would say.
 * This reads the M2P of the machine, so that it is done only where pages are missing, and it
 * ends once they are all found.
 */
#include "dump/dump.h"

#include <stdlib.h>

#include "core/budget.h"
#include "core/checked.h"
#include "core/error.h"
#include "p2m/owners.h"
#include "p2m/pieces.h"

/*
 * Memory in more pieces than this is left out. They are in proportion to what the domain has,
 * and not to what it claims.
 */
#define PIECES PVB_BUDGET_PIECES(sizeof(struct pvb_p2m_extent))

/*
 *   named      what the p2m has, by PFN
 *   wanted     frames of the domain's that are not among these; found, so far
 *   full       there are more pieces than can be kept
 */
struct search {
	struct reach_domain *reach;
	struct pvb_p2m_extents extents;
	struct pvb_p2m_map named;
	struct p2m_owners owners;
	struct p2m_pieces pieces;
	uint64_t wanted;
	uint64_t found;
	bool full;
};

static int take(void *opaque, struct pvb_p2m_extent part, bool owned, struct pvb_error *error)
{
	struct search *search = opaque;
	int rc;

	if (!owned || search->full)
		return 0;
	search->found += part.count;
	rc = pvb_p2m_add_piece(&search->pieces, part, error);
	if (rc != -PVB_E_P2M_SCATTERED)
		return rc;
	search->full = true;
	return 0;
}

/* A PFN that the p2m has rightly is no other frame's: the guest has set this in the M2P. */
static int ask_about(struct search *search, struct pvb_p2m_extent run, struct pvb_error *error)
{
	int rc = 0;

	while (!rc && run.count) {
		struct pvb_p2m_extent part = run;
		uint64_t mfn;

		search->named.find(search->named.opaque, run.pfn, run.count, &mfn, &part.count);
		if (mfn == PVB_P2M_NONE)
			rc = pvb_p2m_owners_add(&search->owners, part, error);
		run.pfn += part.count;
		run.mfn += part.count;
		run.count -= part.count;
	}
	return rc;
}

static int search_machine(struct search *search, struct pvb_error *error)
{
	const struct pvb_p2m_access *access = &search->reach->access;
	int rc = 0;

	for (uint64_t mfn = 0;
	     !rc && mfn < access->frames && search->found < search->wanted && !search->full;) {
		struct pvb_p2m_extent run = {.mfn = mfn};

		rc = access->m2p(access->opaque, mfn, access->frames - mfn, &run.pfn, &run.count,
				 error);
		if (!rc && run.pfn != PVB_P2M_NONE)
			rc = ask_about(search, run, error);
		mfn += run.count;
	}
	return rc ? rc : pvb_p2m_owners_flush(&search->owners, error);
}

static int by_pfn(const void *a, const void *b)
{
	const struct pvb_p2m_extent *x = a, *y = b;

	return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

/*
 * Ascending by PFN. A guest can set the same PFN for two of its frames: one of them stays, and
 * the other has no place in a core.
 */
static void sort(struct p2m_pieces *pieces)
{
	uint64_t end = 0;
	size_t kept = 0;

	if (pieces->count)
		qsort(pieces->list, pieces->count, sizeof pieces->list[0], by_pfn);
	for (size_t i = 0; i < pieces->count; i++) {
		struct pvb_p2m_extent piece = pieces->list[i];
		uint64_t cut = piece.pfn < end ? pvb_min(end - piece.pfn, piece.count) : 0;

		piece.pfn += cut;
		piece.mfn += cut;
		piece.count -= cut;
		if (!piece.count)
			continue;
		end = piece.pfn + piece.count;
		pieces->list[kept++] = piece;
	}
	pieces->count = kept;
}

int pvb_dump_search(struct reach_domain *reach, const struct pvb_p2m_extent *named, size_t count,
		    uint64_t wanted, struct pvb_p2m_extent **found, size_t *found_count,
		    struct pvb_error *error)
{
	struct search search = {
		.reach = reach,
		.extents = {.list = named, .count = count},
		.owners = {.access = &reach->access, .take = take},
		.pieces.most = PIECES,
		.wanted = wanted,
	};
	int rc;

	search.named = pvb_p2m_map_of(&search.extents);
	search.owners.opaque = &search;
	rc = search_machine(&search, error);
	if (rc) {
		free(search.pieces.list);
		return rc;
	}
	sort(&search.pieces);
	*found = search.pieces.list;
	*found_count = search.pieces.count;
	return 0;
}
