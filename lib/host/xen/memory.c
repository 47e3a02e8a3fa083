/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory: setting it aside, allocating it, mapping it, and what Xen uses it as. */
#include "host/xen/xen.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/checked.h"
#include "core/cleanup.h"

static_assert(sizeof(pvb_mfn_t) == sizeof(xen_pfn_t), "lists of frames are handed to Xen as is");
static_assert(sizeof(pvb_extent_t) == sizeof(xen_pfn_t), "extents come in the place of frames");

/* Frames that one XEN_DOMCTL_getpageframeinfo3 may ask about (Xen arch/x86/domctl.c). */
#define FRAME_INFO_MAX 1024

int xen_claim_memory(struct pvb_host *host, uint32_t domid, uint64_t bytes, struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	struct xen_memory_reservation claim = {
		.nr_extents = bytes >> XEN_SHIFT,
		.domid = (domid_t)domid,
	};

	if (xc_memory_op(xen->xc, XENMEM_claim_pages, &claim, sizeof claim) == 0)
		return 0;
	if (errno == ENOMEM)
		return pvb_fail(error, PVB_E_HOST_CLAIM, "claim_memory",
				"%" PRIu64
				" bytes cannot be set aside for domain %u: so much is not "
				"free, or others have claimed it",
				bytes, domid);
	return xen_refused(xen, error, PVB_E_HOST_CLAIM, "claim_memory", errno,
			   "%" PRIu64 " bytes cannot be set aside for domain %u", bytes, domid);
}

/* Bytes become frames here, and only what they say exactly. */
static int check_extents(const struct pvb_host_populate *request, uint64_t *first,
			 struct pvb_error *error)
{
	uint64_t bytes, end;

	if (request->shift < XEN_SHIFT || request->shift > 63 ||
	    !pvb_whole_frames(request->address, XEN_SHIFT, first))
		return pvb_fail(error, PVB_E_ARG_INVALID, "populate",
				"extents of 2^%u bytes from 0x%" PRIx64
				" on are not whole pages of %u bytes",
				request->shift, request->address, 1u << XEN_SHIFT);
	if (!pvb_mul(request->count, UINT64_C(1) << request->shift, &bytes) ||
	    !pvb_add(request->address, bytes, &end))
		return pvb_fail(error, PVB_E_ARG_INVALID, "populate",
				"%" PRIu64 " extents of 2^%u bytes from 0x%" PRIx64
				" on do not end below 2^64",
				request->count, request->shift, request->address);
	return 0;
}

/* What was asked for came as frames, and is handed on as extents, in the same place. */
static int take_extents(const struct pvb_host_populate *request, const xen_pfn_t *frames,
			uint64_t count, struct pvb_error *error)
{
	for (uint64_t i = 0; i < count; i++) {
		uint64_t address = 0, frame = frames[i];
		enum pvb_extent_flaw flaw = PVB_EXTENT_WRAPS;

		if (pvb_mul(frame, UINT64_C(1) << XEN_SHIFT, &address))
			flaw = pvb_extent_encode(address, request->shift, XEN_SHIFT,
						 &request->out[i]);
		if (flaw)
			return pvb_fail(error, PVB_E_HOST_DENIED, "populate",
					"the hypervisor answered with machine frame 0x%" PRIx64
					" for an extent of 2^%u bytes, which %s",
					frame, request->shift, pvb_extent_flaw_text(flaw));
	}
	return 0;
}

int xen_populate(struct pvb_host *host, uint32_t domid, const struct pvb_host_populate *request,
		 uint64_t *done, struct pvb_error *error)
{
	static const char call[] = "populate";
	struct xen_host *xen = xen_of(host);
	unsigned flags = 0;
	uint64_t first = 0;

	*done = 0;
	if (request->address_bits && request->address_bits <= XEN_SHIFT)
		return pvb_fail(error, PVB_E_ARG_INVALID, call,
				"no memory has addresses of %u bits", request->address_bits);
	if (request->node != PVB_HOST_ANY_NODE && (request->node < 0 || request->node > 0xfe))
		return pvb_fail(error, PVB_E_ARG_INVALID, call, "no host has a node %d",
				request->node);
	if (!request->count)
		return 0;

	int rc = check_extents(request, &first, error);
	if (rc)
		return rc;
	if (request->address_bits)
		flags |= XENMEMF_address_bits((unsigned)pvb_min(request->address_bits, 0xff));
	if (request->node != PVB_HOST_ANY_NODE)
		flags |= request->exact_node ? XENMEMF_exact_node((unsigned)request->node)
					     : XENMEMF_node((unsigned)request->node);

	/* The PFNs go in, and the frames come out in their place. */
	uint64_t count = pvb_min(request->count, xen->info.max_extents);
	unsigned order = request->shift - XEN_SHIFT;
	xen_pfn_t *extents = (xen_pfn_t *)(void *)request->out;

	for (uint64_t i = 0; i < count; i++)
		extents[i] = first + (i << order);
	int got = xc_domain_populate_physmap(xen->xc, domid, count, order, flags, extents);

	if (got < 0)
		return xen_refused(xen, error, PVB_E_HOST_DENIED, call, errno,
				   "%" PRIu64 " extents of order %u for domain %u", count, order,
				   domid);
	rc = take_extents(request, extents, (uint64_t)got, error);
	if (rc == 0)
		*done = (uint64_t)got;
	return rc;
}

/* ---- mapping ------------------------------------------------------------------------------- */

static int not_mapped(struct xen_host *xen, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		      const int *failed, bool writable, struct pvb_error *error)
{
	size_t first = 0, bad = 0;

	for (size_t i = count; i-- > 0;)
		if (failed[i]) {
			first = i;
			bad++;
		}
	int reason = abs(failed[first]);
	/* Xen looks for device memory behind an address that is no memory (get_page_from_l1e()). */
	if (reason == EPERM)
		return pvb_fail(error, PVB_E_HOST_MAP, "map_frames",
				"%zu of %zu frames of domain %u cannot be mapped%s, the first of "
				"which, machine frame 0x%" PRIx64 ", is no memory",
				bad, count, domid, writable ? " writable" : "", frames[first].n);

	int rc = xen_refused(xen, error, PVB_E_HOST_MAP, "map_frames", reason,
			     "%zu of %zu frames of domain %u cannot be mapped%s, the first of "
			     "which is machine frame 0x%" PRIx64,
			     bad, count, domid, writable ? " writable" : "", frames[first].n);

	if (reason == EINVAL || reason == EFAULT || reason == EBUSY)
		pvb_hint(error, "the frame is not the domain's%s",
			 writable ? ", or is a page table of it" : "");
	return rc;
}

int xen_map_frames(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		   bool writable, void **at, struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	int protection = PROT_READ | (writable ? PROT_WRITE : 0);

	if (!count)
		return pvb_fail(error, PVB_E_ARG_INVALID, "map_frames", "a mapping of no frames");

	PVB_AUTO_FREE int *failed = calloc(count, sizeof *failed);
	if (!failed)
		return pvb_fail_memory(error, "map_frames", "a mapping");
	void *mapped = xenforeignmemory_map(xen->foreign, domid, protection, count,
					    (const xen_pfn_t *)(const void *)frames, failed);

	if (!mapped)
		return xen_refused(xen, error, PVB_E_HOST_MAP, "map_frames", errno,
				   "%zu frames of domain %u, from machine frame 0x%" PRIx64
				   " on, cannot be mapped",
				   count, domid, frames[0].n);
	for (size_t i = 0; i < count; i++)
		if (failed[i]) {
			(void)xenforeignmemory_unmap(xen->foreign, mapped, count);
			return not_mapped(xen, domid, frames, count, failed, writable, error);
		}
	*at = mapped;
	return 0;
}

void xen_unmap_frames(struct pvb_host *host, void *at, size_t count)
{
	(void)xenforeignmemory_unmap(xen_of(host)->foreign, at, count);
}

/* ---- what they are used as ------------------------------------------------------------------ */

static struct pvb_host_frame_info frame_info(uint64_t type)
{
	struct pvb_host_frame_info info = {.pinned = type & XEN_DOMCTL_PFINFO_LPINTAB};

	switch (type & XEN_DOMCTL_PFINFO_LTAB_MASK) {
	case XEN_DOMCTL_PFINFO_XTAB:
	case XEN_DOMCTL_PFINFO_XALLOC:
	case XEN_DOMCTL_PFINFO_BROKEN:
		return (struct pvb_host_frame_info){.type = PVB_FRAME_FOREIGN};
	default:
		break;
	}
	switch (type & XEN_DOMCTL_PFINFO_LTABTYPE_MASK) {
	case XEN_DOMCTL_PFINFO_L1TAB:
		info.type = PVB_FRAME_L1;
		break;
	case XEN_DOMCTL_PFINFO_L2TAB:
		info.type = PVB_FRAME_L2;
		break;
	case XEN_DOMCTL_PFINFO_L3TAB:
		info.type = PVB_FRAME_L3;
		break;
	case XEN_DOMCTL_PFINFO_L4TAB:
		info.type = PVB_FRAME_L4;
		break;
	default:
		info.type = PVB_FRAME_PLAIN;
		break;
	}
	return info;
}

int xen_get_frame_info(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		       struct pvb_host_frame_info *info, struct pvb_error *error)
{
	static const char call[] = "get_frame_info";
	struct xen_host *xen = xen_of(host);
	size_t room = pvb_min(count, FRAME_INFO_MAX);
	DECLARE_HYPERCALL_BUFFER(xen_pfn_t, types);
	int rc = 0;

	if (!count)
		return 0;
	types = xc_hypercall_buffer_alloc(xen->xc, types, room * sizeof *types);
	if (!types)
		return pvb_fail_memory(error, call, "the types of frames");
	for (size_t done = 0, n; done < count && !rc; done += n) {
		struct xen_domctl domctl = {
			.cmd = XEN_DOMCTL_getpageframeinfo3,
			.domain = (domid_t)domid,
		};

		n = pvb_min(count - done, room);
		for (size_t i = 0; i < n; i++)
			types[i] = frames[done + i].n;
		domctl.u.getpageframeinfo3.num = n;
		set_xen_guest_handle_raw(domctl.u.getpageframeinfo3.array, types);
		if (xc_domctl(xen->xc, &domctl))
			rc = xen_refused(xen, error, PVB_E_HOST_DENIED, call, errno,
					 "the types of %zu frames of domain %u", n, domid);
		for (size_t i = 0; i < n && !rc; i++)
			info[done + i] = frame_info(types[i]);
	}
	xc_hypercall_buffer_free(xen->xc, types);
	return rc;
}
