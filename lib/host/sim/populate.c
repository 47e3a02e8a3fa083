/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of domains: claims, giving it out, whose it is, and the M2P. */
#include "host/sim/model.h"

#include <stdio.h>

#include "core/checked.h"

/*
 * The M2P of a 32-bit guest has room for so many entries (arch-x86/xen-x86_32.h,
 * 0xf5800000 to 0xffe00000, 4 bytes each), of which Xen uses a power of two.
 */
#define COMPAT_M2P_ENTRIES ((UINT64_C(0xffe00000) - UINT64_C(0xf5800000)) / 4)
#define COMPAT_ADDRESS_BITS 37u

/* nr_extents of a populate_physmap (Xen common/memory.c, UINT_MAX >> MEMOP_EXTENT_SHIFT). */
#define MAX_EXTENTS ((UINT64_C(1) << 26) - 1)

bool sim_owns(const struct sim *sim, const struct sim_domain *domain, uint64_t mfn,
	      struct sim_frame *frame)
{
	uint64_t count;

	*frame = sim_books_look(&sim->books, mfn, &count);
	return (frame->kind == SIM_OWNED || frame->kind == SIM_XEN) &&
	       frame->domid == domain->domid;
}

static bool is_memory(const struct sim *sim, uint64_t mfn)
{
	for (size_t i = 0; i < sim->options.range_count; i++)
		if (mfn - (sim->options.ranges[i].base >> sim->options.page_shift) <
		    sim->options.ranges[i].size >> sim->options.page_shift)
			return true;
	return false;
}

static const char *xen_use_name(unsigned use)
{
	return use == SIM_SHARED_INFO ? "shared info" : "a page of the grant table";
}

const char *sim_whose(const struct sim *sim, uint64_t mfn, char *text, size_t size)
{
	uint64_t count;
	struct sim_frame frame = sim_books_look(&sim->books, mfn, &count);

	if (frame.kind == SIM_OWNED)
		(void)snprintf(text, size, "memory of domain %u", (unsigned)frame.domid);
	else if (frame.kind == SIM_XEN)
		(void)snprintf(text, size, "%s of domain %u", xen_use_name(frame.order),
			       (unsigned)frame.domid);
	else
		(void)snprintf(text, size, "%s",
			       is_memory(sim, mfn) ? "no domain's memory" : "not memory at all");
	return text;
}

/* ---- giving out ------------------------------------------------------------------ */

/* Write a block that was just allocated into the books. */
static void assign(struct sim *sim, uint64_t mfn, unsigned order, struct sim_frame as)
{
	uint64_t frames = UINT64_C(1) << order;

	if (order < SIM_CHUNK_ORDER) {
		struct sim_frame *entry = sim_books_held(&sim->books, mfn);

		for (uint64_t i = 0; i < frames; i++, as.link++)
			entry[i] = as;
		return;
	}
	for (uint64_t i = 0; i < frames; i += SIM_CHUNK_FRAMES, as.link += SIM_CHUNK_FRAMES)
		*sim_books_chunk(&sim->books, mfn + i) = as;
}

/*
 * Xen's own pages lie in its direct map, of which a PV guest leaves 5 TiB: in a machine
 * with memory above that, they are taken from the largest power of two below (Xen
 * arch/x86/setup.c and common/page_alloc.c, xenheap_max_mfn()).
 */
#define XEN_HEAP_END (UINT64_C(5) << 40)
#define XEN_HEAP_BITS 42u

static unsigned xen_heap_bits(const struct sim *sim, unsigned bits)
{
	if (sim->options.arm64 || sim->contents.frames <= XEN_HEAP_END >> sim->options.page_shift)
		return bits;
	return bits ? (unsigned)pvb_min(bits, XEN_HEAP_BITS) : XEN_HEAP_BITS;
}

int sim_xen_frame_alloc(struct sim *sim, const struct sim_domain *domain, const char *call,
			enum sim_xen_use use, unsigned bits, uint64_t *mfn, struct pvb_error *error)
{
	struct sim_request request = {.node = SIM_ANY_NODE};

	bits = xen_heap_bits(sim, bits);
	request.bits = bits;

	switch (sim_heap_alloc(&sim->heap, &request, mfn)) {
	case SIM_GRANTED:
		break;
	case SIM_OUT_OF_PROCESS_MEMORY:
		return pvb_fail_memory(error, call, "the simulated host's books");
	case SIM_NO_SUCH_MEMORY:
		return pvb_fail(error, bits ? PVB_E_HOST_NO_MEMORY_BELOW : PVB_E_HOST_NO_MEMORY,
				call, "no free page below 2^%u for %s of domain %u",
				bits ? bits : sim->options.width, xen_use_name(use), domain->domid);
	}

	/* Its one reference keeps it from ever being a page table. */
	struct sim_frame as = {
		.kind = SIM_XEN, .domid = domain->domid & 0xffffu, .link = SIM_NO_LINK};
	as.order = use & 31u;
	as.type = SIM_TYPE_WRITABLE;
	as.flags = SIM_VALIDATED;
	as.count = 1;
	*sim_books_held(&sim->books, *mfn) = as;
	if (sim_contents_zero(&sim->contents, *mfn))
		return 0;

	int rc = sim_contents_failed(call, error);
	sim_xen_frame_free(sim, *mfn);
	return rc;
}

void sim_xen_frame_free(struct sim *sim, uint64_t mfn)
{
	sim_contents_forget(&sim->contents, mfn, 1);
	*sim_books_held(&sim->books, mfn) = (struct sim_frame){0};
	sim_heap_free(&sim->heap, mfn, 0);
}

static unsigned clamp_bits(const struct sim *sim, const struct sim_domain *domain, unsigned bits)
{
	uint64_t frames = sim->contents.frames;

	if (bits && UINT64_C(1) << pvb_min(bits - sim->options.page_shift, 63) >= frames)
		bits = 0;
	if (domain->bits == 32 && frames > COMPAT_M2P_ENTRIES &&
	    (!bits || bits > COMPAT_ADDRESS_BITS))
		bits = COMPAT_ADDRESS_BITS;
	return bits;
}

/* How many extents a call gives that was asked for count: fewer, with "short", but some. */
static uint64_t shortened(const struct sim *sim, uint64_t count)
{
	uint64_t less = count - count * sim->options.short_percent / 100;

	return less ? less : 1;
}

static int check_request(const struct sim *sim, const struct pvb_host_populate *request,
			 struct pvb_error *error)
{
	static const char call[] = "populate";
	unsigned shift = sim->options.page_shift;
	uint64_t first, bytes, end;

	if (request->address_bits && request->address_bits <= shift)
		return pvb_fail(error, PVB_E_ARG_INVALID, call,
				"no memory has addresses of %u bits", request->address_bits);
	if (request->node < SIM_ANY_NODE || request->node >= (int)SIM_MAX_NODES)
		return pvb_fail(error, PVB_E_ARG_INVALID, call, "no host has a node %d",
				request->node);
	if (request->shift < shift || request->shift > 63 ||
	    !pvb_whole_frames(request->address, shift, &first))
		return pvb_fail(error, PVB_E_ARG_INVALID, call,
				"extents of 2^%u bytes from %#llx on are not whole pages of %u "
				"bytes",
				request->shift, (unsigned long long)request->address, 1u << shift);
	if (!pvb_mul(request->count, UINT64_C(1) << request->shift, &bytes) ||
	    !pvb_add(request->address, bytes, &end) || end >> shift > SIM_NO_LINK)
		return pvb_fail(error, PVB_E_ARG_INVALID, call,
				"%llu extents of 2^%u bytes from %#llx on go past what there "
				"are numbers for",
				(unsigned long long)request->count, request->shift,
				(unsigned long long)request->address);
	return 0;
}

int sim_populate(struct pvb_host *host, uint32_t domid, const struct pvb_host_populate *request,
		 uint64_t *done, struct pvb_error *error)
{
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call_live(sim, "populate", domid, &domain, error);

	*done = 0;
	if (rc == 0)
		rc = check_request(sim, request, error);
	if (rc == 0 && domain->translated)
		rc = sim_translated_check_populate(domain, request, error);
	if (rc)
		return rc;
	/* What Xen does not like about a request it answers with a count of none. */
	unsigned shift = sim->options.page_shift, order = request->shift - shift;
	if (order > sim->options.max_order || request->count > MAX_EXTENTS)
		return 0;

	uint64_t first = request->address >> shift, frames = UINT64_C(1) << order;
	uint64_t count = request->count ? shortened(sim, request->count) : 0;
	struct sim_request want = {
		.order = order,
		.bits = clamp_bits(sim, domain, request->address_bits),
		.node = request->node,
		.exact_node = request->exact_node,
		.last_node = &domain->last_node,
	};
	enum sim_grant grant = SIM_GRANTED;
	uint64_t i, mfn;

	for (i = 0; i < count; i++) {
		/* A limit that was lowered below what there is lets nothing more in. */
		if (domain->pages > domain->max_pages || frames > domain->max_pages - domain->pages)
			break;
		want.own_claim = domain->claim;
		grant = domain->translated && !sim_stage2_reserve(&domain->translated->stage2)
				? SIM_OUT_OF_PROCESS_MEMORY
				: sim_heap_alloc(&sim->heap, &want, &mfn);
		if (grant != SIM_GRANTED)
			break;

		struct sim_frame as = {
			.kind = SIM_OWNED,
			.domid = domid & 0xffffu,
			.link = (first + i * frames) & SIM_NO_LINK,
		};
		assign(sim, mfn, order, as);
		if (domain->translated)
			sim_stage2_map(&domain->translated->stage2, as.link, mfn, order);
		domain->pages += (uint32_t)frames;
		uint64_t used = pvb_min(domain->claim, frames);
		domain->claim -= used;
		sim->heap.claimed -= used;
		request->out[i].word = mfn << shift | request->shift;
	}
	*done = i;
	if (i == 0 && grant == SIM_OUT_OF_PROCESS_MEMORY)
		return pvb_fail_memory(error, "populate", "the simulated host's books");
	return 0;
}

/* common/page_alloc.c, domain_set_outstanding_pages(). */
int sim_claim_memory(struct pvb_host *host, uint32_t domid, uint64_t bytes, struct pvb_error *error)
{
	static const char call[] = "claim_memory";
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call_live(sim, call, domid, &domain, error);
	uint64_t pages = bytes >> sim->options.page_shift;

	if (rc)
		return rc;
	if (!pages) {
		sim->heap.claimed -= domain->claim;
		domain->claim = 0;
		return 0;
	}
	if (!sim->options.claims)
		return pvb_fail(error, PVB_E_HOST_CLAIM, call, "this hypervisor has no claims");
	if (domain->claim)
		return pvb_fail(error, PVB_E_HOST_CLAIM, call,
				"domain %u has a claim already, of %llu pages", domid,
				(unsigned long long)domain->claim);
	if (pages <= domain->pages || pages > domain->max_pages)
		return pvb_fail(error, PVB_E_HOST_CLAIM, call,
				"a claim of %llu pages for domain %u, which has %u and may have %u",
				(unsigned long long)pages, domid, domain->pages, domain->max_pages);

	uint64_t wanted = pages - domain->pages;
	uint64_t available =
		sim->heap.free > sim->heap.claimed ? sim->heap.free - sim->heap.claimed : 0;
	if (wanted > available)
		return pvb_fail(error, PVB_E_HOST_CLAIM, call,
				"domain %u claims %llu pages, but of %llu free ones %llu are "
				"claimed",
				domid, (unsigned long long)wanted,
				(unsigned long long)sim->heap.free,
				(unsigned long long)sim->heap.claimed);
	domain->claim = wanted;
	sim->heap.claimed += wanted;
	return 0;
}

/* ---- looking ------------------------------------------------------------------- */

int sim_get_m2p_run(struct pvb_host *host, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn,
		    uint64_t *count, struct pvb_error *error)
{
	static const char call[] = "get_m2p_run";
	struct sim *sim = sim_of(host);
	int rc = sim_enter(sim, call, error);

	if (rc)
		return rc;
	if (sim->options.arm64)
		return pvb_fail(
			error, PVB_E_HOST_STATE, call,
			"an arm64 hypervisor has no table of what is behind machine frames");
	if (!limit)
		return pvb_fail(error, PVB_E_ARG_INVALID, call, "a run of no frames");

	uint64_t at = first.n, seen = 0, run;
	uint64_t start = SIM_NO_LINK;

	while (seen < limit) {
		struct sim_frame frame = sim_books_look(&sim->books, at, &run);
		uint64_t link = frame.kind == SIM_OWNED ? frame.link : SIM_NO_LINK;

		if (seen == 0)
			start = link;
		else if (link != (start == SIM_NO_LINK ? SIM_NO_LINK : start + seen))
			break;
		if (at >= sim->contents.frames)
			run = limit - seen;
		seen += run;
		at += run;
	}
	*pfn = PVB_PFN(start == SIM_NO_LINK ? PVB_NO_FRAME : start);
	*count = pvb_min(seen, limit);
	return 0;
}

int sim_get_touched_run(struct pvb_host *host, pvb_mfn_t first, uint64_t limit, bool *touched,
			uint64_t *count, struct pvb_error *error)
{
	static const char call[] = "get_touched_run";
	struct sim *sim = sim_of(host);
	int rc = sim_enter(sim, call, error);

	if (rc)
		return rc;
	if (!limit)
		return pvb_fail(error, PVB_E_ARG_INVALID, call, "a run of no frames");
	*touched = sim_contents_touched(&sim->contents, first.n, limit, count);
	return 0;
}

int sim_get_free_below(struct pvb_host *host, unsigned bits, uint64_t *bytes,
		       struct pvb_error *error)
{
	struct sim *sim = sim_of(host);
	int rc = sim_enter(sim, "get_free_below", error);

	if (rc == 0)
		*bytes = sim_heap_free_below(&sim->heap, bits) << sim->options.page_shift;
	return rc;
}
