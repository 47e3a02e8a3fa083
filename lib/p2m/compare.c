/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a p2m says held against the M2P, run by run. */
#include "p2m/result.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/error.h"
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
		size_t capacity = p2m->disagreement_capacity ? p2m->disagreement_capacity * 2 : 64;
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

static int compare_extent(struct pvb_p2m *p2m, const struct pvb_p2m_access *access,
			  const struct pvb_p2m_options *options, struct pvb_p2m_extent extent,
			  struct p2m_pieces *confirmed, struct pvb_error *error)
{
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
			rc = note(p2m,
				  (struct pvb_p2m_disagreement){extent.pfn, extent.mfn, pfn, count},
				  options->max_disagreements, error);
		else if (options->confirmed)
			rc = pvb_p2m_add_piece(
				confirmed, (struct pvb_p2m_extent){extent.pfn, extent.mfn, count},
				error);
		if (rc)
			return rc;
		extent.pfn += count;
		extent.mfn += count;
		extent.count -= count;
	}
	return 0;
}

int pvb_p2m_compare(struct pvb_p2m *p2m, const struct pvb_p2m_access *access,
		    const struct pvb_p2m_options *options, struct pvb_error *error)
{
	struct p2m_pieces confirmed = {.most = options->max_extents};
	int rc = 0;

	p2m->info.m2p_known = true;
	for (size_t i = 0; !rc && i < p2m->extent_count; i++)
		rc = compare_extent(p2m, access, options, p2m->extents[i], &confirmed, error);
	if (!rc && options->strict && p2m->info.total_disagreements)
		rc = fail_strict(p2m, error);
	if (rc) {
		free(confirmed.list);
		return rc;
	}
	if (options->confirmed) {
		free(p2m->extents);
		p2m->extents = confirmed.list;
		p2m->extent_count = confirmed.count;
	}
	return 0;
}
