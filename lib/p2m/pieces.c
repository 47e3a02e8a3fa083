/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "p2m/pieces.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/budget.h"
#include "core/error.h"
#include "p2m/read.h"

static int too_scattered(const struct p2m_pieces *pieces, uint64_t pfn, struct pvb_error *error)
{
	int rc = pvb_fail(error, PVB_E_P2M_SCATTERED, P2M_STAGE,
			  "the p2m is in more than %zu pieces that do not continue each other, up "
			  "to PFN 0x%" PRIx64 " alone",
			  pieces->most, pfn);

	pvb_hint(error, "raise pvb_p2m_options.max_extents for a guest that is trusted");
	return rc;
}

int pvb_p2m_add_piece(struct p2m_pieces *pieces, struct pvb_p2m_extent piece,
		      struct pvb_error *error)
{
	struct pvb_p2m_extent *last = pieces->count ? &pieces->list[pieces->count - 1] : NULL;

	if (last && last->pfn + last->count == piece.pfn && last->mfn + last->count == piece.mfn) {
		last->count += piece.count;
		return 0;
	}
	if (pieces->count == pieces->most)
		return too_scattered(pieces, piece.pfn, error);
	if (!pieces->list || pieces->count == pieces->capacity) {
		size_t capacity = pvb_budget_grow(pieces->capacity, pieces->most);
		struct pvb_p2m_extent *grown = reallocarray(pieces->list, capacity, sizeof *grown);

		if (!grown)
			return pvb_fail_memory(error, P2M_STAGE, "the extents of a p2m");
		pieces->list = grown;
		pieces->capacity = capacity;
	}
	pieces->list[pieces->count++] = piece;
	return 0;
}
