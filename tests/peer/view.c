/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peer/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>

struct peer_view_frame {
	uint64_t mfn;
	void *at;
};

uint64_t peer_view_pfn(struct view *view, uint64_t mfn)
{
	struct pvb_error error;
	pvb_pfn_t pfn;
	uint64_t count;

	if (mfn - view->last_m2p.from < view->last_m2p.count)
		return view->last_m2p.to + (mfn - view->last_m2p.from);
	if (pvb_host_get_m2p_run(view->host, PVB_MFN(mfn), UINT64_C(1) << 40, &pfn, &count,
				 &error) ||
	    pfn.n == PVB_NO_FRAME)
		return PVB_NO_FRAME;
	view->last_m2p.from = mfn;
	view->last_m2p.to = pfn.n;
	view->last_m2p.count = count;
	return pfn.n;
}

const void *peer_view_frame(struct view *view, uint64_t mfn)
{
	struct pvb_error error;
	pvb_mfn_t frame = PVB_MFN(mfn);
	size_t low = 0, high = view->frame_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (view->frames[middle].mfn == mfn)
			return view->frames[middle].at;
		if (view->frames[middle].mfn < mfn)
			low = middle + 1;
		else
			high = middle;
	}

	struct peer_view_frame *grown =
		reallocarray(view->frames, view->frame_count + 1, sizeof *view->frames);
	void *at;

	if (!grown)
		return NULL;
	view->frames = grown;
	if (pvb_host_map_frames(view->host, view->domid, &frame, 1, false, &at, &error)) {
		snprintf(view->why, sizeof view->why, "frame 0x%llx: %.200s",
			 (unsigned long long)mfn, error.message);
		return NULL;
	}
	memmove(&grown[low + 1], &grown[low], (view->frame_count - low) * sizeof *grown);
	grown[low] = (struct peer_view_frame){.mfn = mfn, .at = at};
	view->frame_count++;
	return at;
}

bool peer_view_walk(struct view *view, uint64_t va, uint64_t *mfn)
{
	*mfn = view->root_mfn;
	for (unsigned level = view->levels; level > 0; level--) {
		const uint64_t *table = peer_view_frame(view, *mfn);
		unsigned index = (va >> (VIEW_PAGE_SHIFT + 9 * (level - 1))) & 511;

		if (!table || !(table[index] & 1))
			return false;
		*mfn = VIEW_ENTRY_FRAME(table[index]);
	}
	return true;
}

const void *peer_view_map(struct view *view, uint64_t first_pfn, uint64_t count)
{
	struct pvb_error error;
	pvb_mfn_t *frames = calloc(count, sizeof *frames);
	void *at = NULL;

	if (!frames)
		return NULL;
	for (uint64_t i = 0; i < count; i++)
		frames[i] = PVB_MFN(view->p2m[first_pfn + i]);
	if (pvb_host_map_frames(view->host, view->domid, frames, count, false, &at, &error)) {
		snprintf(view->why, sizeof view->why, "PFN 0x%llx and on: %.200s",
			 (unsigned long long)first_pfn, error.message);
		at = NULL;
	}
	free(frames);
	return at;
}

void peer_view_unmap(struct view *view, const void *at, uint64_t count)
{
	union {
		const void *in;
		void *out;
	} pointer = {.in = at};

	if (at)
		pvb_host_unmap_frames(view->host, pointer.out, count);
}

static int fail(struct view *view, const char *what)
{
	if (!view->why[0])
		snprintf(view->why, sizeof view->why, "%.*s", VIEW_WHY_MAX - 1, what);
	return -1;
}

#define TAKE(info, in, view)                                                                       \
	do {                                                                                       \
		memcpy((info)->magic, (in)->magic, sizeof(info)->magic);                           \
		(info)->nr_pages = (in)->nr_pages;                                                 \
		(info)->shared_info = (in)->shared_info;                                           \
		(info)->flags = (in)->flags;                                                       \
		(info)->store_pfn = peer_view_pfn(view, (in)->store_mfn);                          \
		(info)->store_port = (in)->store_evtchn;                                           \
		(info)->console_pfn = peer_view_pfn(view, (in)->console.domU.mfn);                 \
		(info)->console_port = (in)->console.domU.evtchn;                                  \
		(info)->pt_base = (in)->pt_base;                                                   \
		(info)->nr_pt_frames = (in)->nr_pt_frames;                                         \
		(info)->mfn_list = (in)->mfn_list;                                                 \
		(info)->mod_start = (in)->mod_start;                                               \
		(info)->mod_len = (in)->mod_len;                                                   \
		(info)->first_p2m_pfn = (in)->first_p2m_pfn;                                       \
		(info)->nr_p2m_frames = (in)->nr_p2m_frames;                                       \
		memcpy((info)->cmd_line, (in)->cmd_line, sizeof(info)->cmd_line);                  \
		(info)->size = sizeof *(in);                                                       \
	} while (0)

static int read_start_info(struct view *view)
{
	uint64_t mfn;
	const void *page =
		peer_view_walk(view, view->vcpu.rsi, &mfn) ? peer_view_frame(view, mfn) : NULL;

	if (!page)
		return fail(view, "rsi leads to no start_info");
	if (view->levels == 4)
		TAKE(&view->start_info, (const start_info_x86_64_t *)page, view);
	else
		TAKE(&view->start_info, (const start_info_x86_32_t *)page, view);
	return 0;
}

#define LIST_CHUNK 512

/* Entries at "at", with whatever width they have, to view->p2m from pfn on. */
static void take_entries(struct view *view, const void *at, uint64_t pfn, uint64_t count)
{
	for (uint64_t i = 0; i < count && pfn + i < view->start_info.nr_pages; i++) {
		if (view->levels == 4) {
			view->p2m[pfn + i] = ((const uint64_t *)at)[i];
		} else {
			uint32_t entry = ((const uint32_t *)at)[i];

			view->p2m[pfn + i] = entry == UINT32_MAX ? UINT64_MAX : entry;
		}
	}
}

static int read_p2m(struct view *view)
{
	uint64_t entry = view->levels == 4 ? 8 : 4, per_page = VIEW_PAGE_SIZE / entry;
	uint64_t pages = (view->start_info.nr_pages + per_page - 1) / per_page;

	view->p2m = calloc(view->start_info.nr_pages, sizeof *view->p2m);
	if (!view->p2m)
		return fail(view, "no memory for the p2m list");
	for (uint64_t page = 0; page < pages; page += LIST_CHUNK) {
		uint64_t count = pages - page < LIST_CHUNK ? pages - page : LIST_CHUNK;
		pvb_mfn_t frames[LIST_CHUNK];
		struct pvb_error error;
		void *at;

		for (uint64_t i = 0; i < count; i++) {
			uint64_t va = view->start_info.mfn_list + (page + i) * VIEW_PAGE_SIZE;

			if (!peer_view_walk(view, va, &frames[i].n))
				return fail(view, "the p2m list is not mapped");
		}
		if (pvb_host_map_frames(view->host, view->domid, frames, count, false, &at, &error))
			return fail(view, error.message);
		take_entries(view, at, page * per_page, count * per_page);
		pvb_host_unmap_frames(view->host, at, count);
	}
	return 0;
}

int peer_view_open(struct view *view, struct pvb_host *host, uint32_t domid)
{
	struct pvb_error error;

	memset(view, 0, sizeof *view);
	view->host = host;
	view->domid = domid;
	if (pvb_host_get_domain(host, domid, &view->domain, &error) ||
	    pvb_host_get_vcpu(host, domid, 0, &view->vcpu, &error))
		return fail(view, error.message);
	if (view->domain.guest_bits == 64) {
		view->levels = 4;
		view->root_mfn = view->vcpu.cr[3] >> VIEW_PAGE_SHIFT;
	} else {
		view->levels = 3;
		view->root_mfn = xen_cr3_to_pfn_x86_32(view->vcpu.cr[3]);
	}
	if (read_start_info(view) || read_p2m(view))
		return -1;
	return 0;
}

void peer_view_close(struct view *view)
{
	for (size_t i = 0; i < view->frame_count; i++)
		pvb_host_unmap_frames(view->host, view->frames[i].at, 1);
	free(view->frames);
	free(view->p2m);
}
