/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a p2m says held against the owners of its frames and the M2P, run by run. */
#include "p2m/result.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/budget.h"
#include "core/error.h"
#include "p2m/owners.h"
#include "p2m/pieces.h"
#include "p2m/read.h"

static int note(struct pvb_p2m *p2m, struct pvb_p2m_disagreement found, size_t most,
		struct pvb_error *error)
{
	const struct pvb_p2m_disagreement *last =
		p2m->disagreement_count ? &p2m->disagreements[p2m->disagreement_count - 1] : NULL;
	bool nobody = found.m2p_pfn == PVB_P2M_NONE;

	p2m->info.total_disagreements += found.count;
	if (last && last->pfn + last->count == found.pfn && last->mfn + last->count == found.mfn &&
	    (nobody ? last->m2p_pfn == PVB_P2M_NONE
		    : last->m2p_pfn != PVB_P2M_NONE &&
			      last->m2p_pfn + last->count == found.m2p_pfn)) {
		p2m->disagreements[p2m->disagreement_count - 1].count += found.count;
		return 0;
	}
	if (p2m->disagreement_count == most)
		return 0;
	if (!p2m->disagreements || p2m->disagreement_count == p2m->disagreement_capacity) {
		size_t capacity = pvb_budget_grow(p2m->disagreement_capacity, most);
		struct pvb_p2m_disagreement *grown =
			reallocarray(p2m->disagreements, capacity, sizeof *grown);

		if (!grown)
			return pvb_fail_memory(error, P2M_STAGE, "what the M2P does not confirm");
		p2m->disagreements = grown;
		p2m->disagreement_capacity = capacity;
	}
	p2m->disagreements[p2m->disagreement_count++] = found;
	return 0;
}

/* A frame of somebody else, or of nobody. */
static int note_not_owned(struct pvb_p2m *p2m, struct pvb_p2m_extent found, size_t most,
			  struct pvb_error *error)
{
	struct pvb_p2m_extent *last =
		p2m->not_owned_count ? &p2m->not_owned[p2m->not_owned_count - 1] : NULL;

	p2m->info.total_not_owned += found.count;
	if (last && last->pfn + last->count == found.pfn && last->mfn + last->count == found.mfn) {
		last->count += found.count;
		return 0;
	}
	if (p2m->not_owned_count == most)
		return 0;
	if (!p2m->not_owned || p2m->not_owned_count == p2m->not_owned_capacity) {
		size_t capacity = p2m->not_owned_capacity ? p2m->not_owned_capacity * 2 : 64;
		struct pvb_p2m_extent *grown =
			reallocarray(p2m->not_owned, capacity, sizeof *grown);

		if (!grown)
			return pvb_fail_memory(error, P2M_STAGE, "frames that are not the guest's");
		p2m->not_owned = grown;
		p2m->not_owned_capacity = capacity;
	}
	p2m->not_owned[p2m->not_owned_count++] = found;
	return 0;
}

static int fail_foreign(const struct pvb_p2m *p2m, struct pvb_error *error)
{
	int rc = pvb_fail(error, PVB_E_P2M_FOREIGN, P2M_STAGE,
			  "the p2m at %s has PFN 0x%" PRIx64 " at MFN 0x%" PRIx64
			  ", but that frame is not the guest's",
			  pvb_p2m_anchor_name(p2m->info.anchor), p2m->not_owned[0].pfn,
			  p2m->not_owned[0].mfn);

	pvb_hint(error,
		 "%" PRIu64 " PFNs have such frames; a guest that runs may give pages back in the "
		 "meantime, one that is paused may not",
		 p2m->info.total_not_owned);
	return rc;
}

static int fail_strict(const struct pvb_p2m *p2m, struct pvb_error *error)
{
	const struct pvb_p2m_disagreement *first = &p2m->disagreements[0];
	const char *name = pvb_p2m_anchor_name(p2m->info.anchor);
	int rc;

	if (first->m2p_pfn == PVB_P2M_NONE)
		rc = pvb_fail(error, PVB_E_P2M_M2P, P2M_STAGE,
			      "the p2m at %s has PFN 0x%" PRIx64 " at MFN 0x%" PRIx64
			      ", but the M2P knows no PFN of that frame",
			      name, first->pfn, first->mfn);
	else
		rc = pvb_fail(error, PVB_E_P2M_M2P, P2M_STAGE,
			      "the p2m at %s has PFN 0x%" PRIx64 " at MFN 0x%" PRIx64
			      ", but the M2P has that frame as PFN 0x%" PRIx64,
			      name, first->pfn, first->mfn, first->m2p_pfn);
	pvb_hint(error,
		 "%" PRIu64 " PFNs are not confirmed; a guest that runs may give pages back "
		 "in the meantime, one that is paused may not",
		 p2m->info.total_disagreements);
	return rc;
}

struct comparison {
	struct pvb_p2m *p2m;
	const struct pvb_p2m_access *access;
	const struct pvb_p2m_options *options;
	struct p2m_pieces confirmed;
};

/* The M2P of an extent; where "owned", what it confirms is kept. */
static int ask_m2p(struct comparison *comparison, struct pvb_p2m_extent extent, bool owned,
		   struct pvb_error *error)
{
	const struct pvb_p2m_access *access = comparison->access;
	const struct pvb_p2m_options *options = comparison->options;

	while (extent.count) {
		uint64_t pfn = PVB_P2M_NONE, count = 0;
		int rc = access->m2p(access->opaque, extent.mfn, extent.count, &pfn, &count, error);

		if (rc)
			return rc;
		if (count < 1 || count > extent.count)
			return pvb_fail(error, PVB_E_ARG_INVALID, P2M_STAGE,
					"the function for the M2P was asked for up to %" PRIu64
					" frames, and told of %" PRIu64,
					extent.count, count);
		if (pfn != extent.pfn)
			rc = note(comparison->p2m,
				  (struct pvb_p2m_disagreement){extent.pfn, extent.mfn, pfn, count},
				  options->max_disagreements, error);
		else if (options->confirmed && owned)
			rc = pvb_p2m_add_piece(
				&comparison->confirmed,
				(struct pvb_p2m_extent){extent.pfn, extent.mfn, count}, error);
		if (rc)
			return rc;
		extent.pfn += count;
		extent.mfn += count;
		extent.count -= count;
	}
	return 0;
}

/* All frames of an extent have the same answer to the question for their owner. */
static int compare_extent(void *opaque, struct pvb_p2m_extent extent, bool owned,
			  struct pvb_error *error)
{
	struct comparison *comparison = opaque;
	int rc = 0;

	if (!owned)
		rc = note_not_owned(comparison->p2m, extent, comparison->options->max_disagreements,
				    error);
	if (rc)
		return rc;
	if (comparison->access->m2p)
		return ask_m2p(comparison, extent, owned, error);
	return comparison->options->confirmed && owned
		       ? pvb_p2m_add_piece(&comparison->confirmed, extent, error)
		       : 0;
}

int pvb_p2m_compare(struct pvb_p2m *p2m, const struct pvb_p2m_access *access,
		    const struct pvb_p2m_options *options, struct pvb_error *error)
{
	struct comparison comparison = {
		.p2m = p2m,
		.access = access,
		.options = options,
		.confirmed.most = options->max_extents,
	};
	struct p2m_owners owners = {
		.access = access, .opaque = &comparison, .take = compare_extent};
	int rc = 0;

	p2m->info.m2p_known = access->m2p != NULL;
	p2m->info.owners_known = access->owned != NULL;
	for (size_t i = 0; !rc && i < p2m->extent_count; i++)
		rc = pvb_p2m_owners_add(&owners, p2m->extents[i], error);
	if (!rc)
		rc = pvb_p2m_owners_flush(&owners, error);
	if (!rc && options->strict && p2m->info.total_not_owned)
		rc = fail_foreign(p2m, error);
	if (!rc && options->strict && p2m->info.total_disagreements)
		rc = fail_strict(p2m, error);
	if (rc) {
		free(comparison.confirmed.list);
		return rc;
	}
	if (options->confirmed) {
		free(p2m->extents);
		p2m->extents = comparison.confirmed.list;
		p2m->extent_count = comparison.confirmed.count;
	}
	return 0;
}
