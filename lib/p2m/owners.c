/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "p2m/owners.h"

#include <inttypes.h>

#include "core/checked.h"
#include "core/error.h"
#include "p2m/read.h"

/* The first frames of what is queued from *at on share an answer. */
static int take_frames(struct p2m_owners *owners, struct pvb_p2m_extent **at, uint64_t frames,
		       bool owned, struct pvb_error *error)
{
	const struct pvb_p2m_extent *end = owners->queue + owners->queued;

	while (frames && *at < end) {
		struct pvb_p2m_extent *extent = *at, part = *extent;
		int rc;

		part.count = pvb_min(extent->count, frames);
		rc = owners->take(owners->opaque, part, owned, error);
		if (rc)
			return rc;
		frames -= part.count;
		extent->pfn += part.count;
		extent->mfn += part.count;
		extent->count -= part.count;
		if (!extent->count)
			++*at;
	}
	if (!frames)
		return 0;
	return pvb_fail(error, PVB_E_ARG_INVALID, P2M_STAGE,
			"the function for owners told of %" PRIu64
			" frames more than it was asked for",
			frames);
}

int pvb_p2m_owners_flush(struct p2m_owners *owners, struct pvb_error *error)
{
	const struct pvb_p2m_access *access = owners->access;
	const struct pvb_p2m_extent *end = owners->queue + owners->queued;
	int rc = 0;

	for (struct pvb_p2m_extent *at = owners->queue; !rc && at < end;) {
		uint64_t frames = at->count;
		bool owned = true;

		if (access->owned)
			rc = access->owned(access->opaque, at, (size_t)(end - at), &owned, &frames,
					   error);
		if (!rc && !frames)
			rc = pvb_fail(error, PVB_E_ARG_INVALID, P2M_STAGE,
				      "the function for owners told of no frame");
		if (!rc)
			rc = take_frames(owners, &at, frames, owned, error);
	}
	owners->queued = 0;
	return rc;
}

int pvb_p2m_owners_add(struct p2m_owners *owners, struct pvb_p2m_extent extent,
		       struct pvb_error *error)
{
	owners->queue[owners->queued++] = extent;
	return owners->queued < P2M_OWNERS_QUEUE ? 0 : pvb_p2m_owners_flush(owners, error);
}
