/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the M2P, a chunk of it at a time. */
#include "host/xen/m2p.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/checked.h"
#include "core/cleanup.h"
#include "host/xen/xen.h"

static const char call[] = "get_m2p_run";

#define CHUNK_PAGES (XEN_M2P_CHUNK_ENTRIES * sizeof(uint64_t) >> XEN_SHIFT)

/* x86 has physical addresses of 52 bits at most. */
#define PFN_LIMIT (UINT64_C(1) << (52 - XEN_SHIFT))

/* The last one before it again is what Xen says; its public memory.h speaks of zero. */
bool xen_m2p_is_hole(const uint64_t *chunks, uint64_t chunk)
{
	return chunks[chunk] == 0 || (chunk > 0 && chunks[chunk] == chunks[chunk - 1]);
}

/* Xen marks frames that have no PFN with values that are far from being one. */
uint64_t xen_m2p_pfn(uint64_t entry)
{
	return entry < PFN_LIMIT ? entry : PVB_NO_FRAME;
}

uint64_t xen_m2p_continue(const uint64_t *entries, uint64_t count, uint64_t start, uint64_t seen)
{
	uint64_t i = 0;

	if (start == PVB_NO_FRAME)
		while (i < count && xen_m2p_pfn(entries[i]) == PVB_NO_FRAME)
			i++;
	else
		while (i < count && xen_m2p_pfn(entries[i]) == start + seen + i)
			i++;
	return i;
}

/* ---- where the table is ------------------------------------------------------------------ */

static int keep_chunks(struct xen_m2p *m2p, const xen_pfn_t *extents, uint64_t count,
		       struct pvb_error *error)
{
	uint64_t *chunks = calloc(count + 1, sizeof *chunks);

	if (!chunks)
		return pvb_fail_memory(error, call, "the places of the M2P");
	for (uint64_t i = 0; i < count; i++)
		chunks[i] = extents[i];
	m2p->chunks = chunks;
	m2p->limit = count * XEN_M2P_CHUNK_ENTRIES;
	return 0;
}

static int find_chunks(struct xen_host *xen, struct pvb_error *error)
{
	uint64_t frames = xen->top_frame + 1;
	uint64_t count = pvb_div_round_up(frames, XEN_M2P_CHUNK_ENTRIES);
	struct xen_machphys_mfn_list list = {.max_extents = (unsigned)count};
	DECLARE_HYPERCALL_BUFFER(xen_pfn_t, extents);
	int rc;

	if (xen->m2p.chunks)
		return 0;
	if (count > UINT32_MAX)
		return pvb_fail(error, PVB_E_HOST_LIMIT, call,
				"the hypervisor says that it has %" PRIu64 " frames", frames);
	extents = xc_hypercall_buffer_alloc(xen->xc, extents, count * sizeof *extents);
	if (!extents)
		return pvb_fail_memory(error, call, "the places of the M2P");
	set_xen_guest_handle_raw(list.extent_start, extents);
	if (xc_memory_op(xen->xc, XENMEM_machphys_mfn_list, &list, sizeof list)) {
		rc = xen_refused(xen, error, PVB_E_HOST_DENIED, call, errno,
				 "the hypervisor does not say where its M2P is");
	} else {
		rc = keep_chunks(&xen->m2p, extents, pvb_min(list.nr_extents, count), error);
		/* The table is of memory that is there, not of what can still be plugged in. */
		xen->m2p.limit = pvb_min(frames, xen->m2p.limit);
	}
	xc_hypercall_buffer_free(xen->xc, extents);
	return rc;
}

static int map_chunk(struct xen_host *xen, uint64_t chunk, struct xen_m2p_window *window,
		     struct pvb_error *error)
{
	PVB_AUTO_FREE xen_pfn_t *frames = malloc(CHUNK_PAGES * sizeof *frames);

	if (!frames)
		return pvb_fail_memory(error, call, "a part of the M2P");
	for (size_t i = 0; i < CHUNK_PAGES; i++)
		frames[i] = xen->m2p.chunks[chunk] + i;
	void *at =
		xenforeignmemory_map(xen->foreign, DOMID_XEN, PROT_READ, CHUNK_PAGES, frames, NULL);

	if (!at)
		return xen_refused(xen, error, PVB_E_HOST_MAP, call, errno,
				   "the M2P of frames from 0x%" PRIx64 " on cannot be mapped",
				   chunk * XEN_M2P_CHUNK_ENTRIES);
	if (window->entries)
		(void)xenforeignmemory_unmap(xen->foreign, (void *)(uintptr_t)window->entries,
					     CHUNK_PAGES);
	window->entries = at;
	window->chunk = chunk;
	return 0;
}

/* The chunk, mapped; the window that went unused for longest makes room. */
static int look_at(struct xen_host *xen, uint64_t chunk, const uint64_t **entries,
		   struct pvb_error *error)
{
	struct xen_m2p *m2p = &xen->m2p;
	struct xen_m2p_window *oldest = &m2p->window[0];

	for (size_t i = 0; i < XEN_M2P_WINDOWS; i++) {
		struct xen_m2p_window *window = &m2p->window[i];

		if (window->entries && window->chunk == chunk) {
			window->used = ++m2p->clock;
			*entries = window->entries;
			return 0;
		}
		if (window->used < oldest->used)
			oldest = window;
	}
	int rc = map_chunk(xen, chunk, oldest, error);

	if (rc)
		return rc;
	oldest->used = ++m2p->clock;
	*entries = oldest->entries;
	return 0;
}

void xen_m2p_close(struct xen_host *xen)
{
	for (size_t i = 0; i < XEN_M2P_WINDOWS; i++)
		if (xen->m2p.window[i].entries)
			(void)xenforeignmemory_unmap(xen->foreign,
						     (void *)(uintptr_t)xen->m2p.window[i].entries,
						     CHUNK_PAGES);
	free(xen->m2p.chunks);
	xen->m2p = (struct xen_m2p){0};
}

/* ---- runs ---------------------------------------------------------------------------------- */

int xen_get_m2p_run(struct pvb_host *host, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn,
		    uint64_t *count, struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	uint64_t start = PVB_NO_FRAME;
	uint64_t seen = 0;

	if (!limit)
		return pvb_fail(error, PVB_E_ARG_INVALID, call, "a run of no frames");
	int rc = find_chunks(xen, error);

	if (rc)
		return rc;
	while (seen < limit) {
		uint64_t frame = first.n + seen;
		uint64_t chunk = frame / XEN_M2P_CHUNK_ENTRIES;
		uint64_t at = frame % XEN_M2P_CHUNK_ENTRIES;
		uint64_t here = pvb_min(limit - seen, XEN_M2P_CHUNK_ENTRIES - at);
		const uint64_t *entries;

		if (frame >= xen->m2p.limit || frame < first.n) {
			if (start == PVB_NO_FRAME)
				seen = limit;
			break;
		}
		here = pvb_min(here, xen->m2p.limit - frame);
		if (xen_m2p_is_hole(xen->m2p.chunks, chunk)) {
			if (start != PVB_NO_FRAME)
				break;
			seen += here;
			continue;
		}
		rc = look_at(xen, chunk, &entries, error);
		if (rc)
			return rc;
		if (seen == 0)
			start = xen_m2p_pfn(entries[at]);

		uint64_t more = xen_m2p_continue(entries + at, here, start, seen);

		seen += more;
		if (more < here)
			break;
	}
	*pfn = PVB_PFN(start);
	*count = seen;
	return 0;
}
