/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/view.h"

#include <string.h>

#include "core/checked.h"

void view_init(struct view *view, const struct view_ops *ops)
{
	view->ops = ops;
	view->shared_info_frame = PVB_MFN(PVB_NO_FRAME);
	view->run.count = 0;
	for (size_t i = 0; i < VIEW_CACHE; i++)
		view->cache[i].frame = PVB_MFN(PVB_NO_FRAME);
}

void view_close(struct view *view)
{
	if (view)
		view->ops->close(view);
}

int view_read(struct view *view, const pvb_mfn_t *frames, size_t count, uint8_t *to,
	      struct pvb_error *error)
{
	while (count) {
		size_t batch = (size_t)pvb_min(count, VIEW_BATCH);
		int rc = view->ops->read(view, frames, batch, to, error);

		if (rc)
			return rc;
		frames += batch;
		count -= batch;
		to += batch * VIEW_PAGE_SIZE;
	}
	return 0;
}

int view_page(struct view *view, pvb_mfn_t frame, const uint8_t **bytes, struct pvb_error *error)
{
	/* Spread: neighbouring frames and frames a table's span apart both fall into other slots.
	 */
	size_t slot = (size_t)((frame.n ^ frame.n >> 9) % VIEW_CACHE);

	if (view->cache[slot].frame.n != frame.n) {
		view->cache[slot].frame = PVB_MFN(PVB_NO_FRAME);
		int rc = view->ops->read(view, &frame, 1, view->cache[slot].bytes, error);

		if (rc)
			return rc;
		view->cache[slot].frame = frame;
	}
	*bytes = view->cache[slot].bytes;
	return 0;
}

int view_m2p(struct view *view, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn, uint64_t *count,
	     struct pvb_error *error)
{
	/* Asking for more than is wanted now makes the next questions cheap. */
	const uint64_t ahead = UINT64_C(1) << 18;

	if (first.n - view->run.first.n >= view->run.count) {
		view->run.count = 0;
		int rc = view->ops->m2p(view, first, pvb_max(limit, ahead), &view->run.pfn,
					&view->run.count, error);

		if (rc)
			return rc;
		view->run.first = first;
	}
	uint64_t skip = first.n - view->run.first.n;

	*pfn = view->run.pfn.n == PVB_NO_FRAME ? view->run.pfn : PVB_PFN(view->run.pfn.n + skip);
	*count = pvb_min(limit, view->run.count - skip);
	return 0;
}

int view_frames(struct view *view, const pvb_mfn_t *frames, size_t count, struct view_frame *info,
		struct pvb_error *error)
{
	while (count) {
		size_t batch = (size_t)pvb_min(count, VIEW_BATCH);
		int rc = view->ops->frames(view, frames, batch, info, error);

		if (rc)
			return rc;
		frames += batch;
		info += batch;
		count -= batch;
	}
	return 0;
}

int view_own(struct view *view, pvb_mfn_t frame, struct view_frame *info, pvb_pfn_t *pfn,
	     struct pvb_error *error)
{
	uint64_t count;
	int rc = view_frames(view, &frame, 1, info, error);

	*pfn = PVB_PFN(PVB_NO_FRAME);
	if (rc || !info->owned)
		return rc;
	return view_m2p(view, frame, 1, pfn, &count, error);
}
