/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a frame is in use as (Xen's type_info): a page table of one level, or
 * something that can be written, and never both at a time. How many uses there
 * are is counted; at none the frame can become something else.
 */
#include "host/sim/model.h"

#include <string.h>

#include "core/checked.h"

const char *sim_type_name(unsigned type)
{
	static const char *const names[] = {
		[SIM_TYPE_NONE] = "nothing in particular",
		[SIM_TYPE_L1] = "an L1 table",
		[SIM_TYPE_L2] = "an L2 table",
		[SIM_TYPE_L3] = "an L3 table",
		[SIM_TYPE_L4] = "an L4 table",
		[SIM_TYPE_WRITABLE] = "writable memory",
	};

	return names[type];
}

int sim_get_writable(struct sim *sim, uint64_t mfn, bool *no_memory)
{
	struct sim_frame *frame = sim_books_frame(&sim->books, mfn);

	*no_memory = !frame;
	if (!frame)
		return -1;
	if (frame->count == 0) {
		frame->type = SIM_TYPE_WRITABLE;
		frame->flags = SIM_VALIDATED;
	} else if (frame->type != SIM_TYPE_WRITABLE || frame->count == UINT32_MAX) {
		return -1;
	}
	frame->count++;
	return 0;
}

void sim_put_writable(struct sim *sim, uint64_t mfn)
{
	struct sim_frame *frame = sim_books_held(&sim->books, mfn);

	if (--frame->count == 0) {
		frame->type = SIM_TYPE_NONE;
		frame->flags = 0;
	}
}

static enum pvb_frame_type frame_type(const struct sim_frame *frame)
{
	if (!frame->count)
		return PVB_FRAME_PLAIN;
	switch ((enum sim_type)frame->type) {
	case SIM_TYPE_L1:
		return PVB_FRAME_L1;
	case SIM_TYPE_L2:
		return PVB_FRAME_L2;
	case SIM_TYPE_L3:
		return PVB_FRAME_L3;
	case SIM_TYPE_L4:
		return PVB_FRAME_L4;
	case SIM_TYPE_NONE:
	case SIM_TYPE_WRITABLE:
		break;
	}
	return PVB_FRAME_PLAIN;
}

int sim_get_frame_info(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		       struct pvb_host_frame_info *info, struct pvb_error *error)
{
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call(sim, "get_frame_info", domid, &domain, error);

	if (rc == 0)
		rc = sim_want_pv(domain, "get_frame_info", error);
	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++) {
		struct sim_frame frame;

		info[i] = (struct pvb_host_frame_info){.type = PVB_FRAME_FOREIGN};
		if (!sim_owns(sim, domain, frames[i].n, &frame) || frame.kind != SIM_OWNED)
			continue;
		info[i].type = frame_type(&frame);
		info[i].pinned = frame.flags & SIM_PINNED;
	}
	return 0;
}

int sim_get_owned_run(struct pvb_host *host, uint32_t domid, const struct pvb_host_frames *runs,
		      size_t run_count, bool *owned, uint64_t *count, struct pvb_error *error)
{
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call(sim, "get_owned_run", domid, &domain, error);

	if (rc == 0)
		rc = sim_want_pv(domain, "get_owned_run", error);
	if (rc)
		return rc;
	for (size_t i = 0; i < run_count; i++) {
		for (uint64_t done = 0; done < runs[i].count;) {
			uint64_t mfn = runs[i].first.n + done, alike;
			struct sim_frame frame = sim_books_look(&sim->books, mfn, &alike);
			bool own = frame.kind == SIM_OWNED && frame.domid == domid;

			if (!*count)
				*owned = own;
			else if (own != *owned)
				return 0;
			if (mfn >= sim->contents.frames)
				alike = runs[i].count;
			alike = pvb_min(alike, runs[i].count - done);
			*count += alike;
			done += alike;
		}
	}
	return 0;
}

/* A stub of 32 bytes for each hypercall; iret's is jumped to and does not return. */
static void write_stubs(uint8_t *page, unsigned bits)
{
	static const uint8_t call64[] = {
		0x51,                         /* push %rcx */
		0x41, 0x53,                   /* push %r11 */
		0xb8, 0x00, 0x00, 0x00, 0x00, /* mov $n,%eax */
		0x0f, 0x05,                   /* syscall */
		0x41, 0x5b,                   /* pop %r11 */
		0x59,                         /* pop %rcx */
		0xc3,                         /* ret */
	};
	static const uint8_t iret64[] = {
		0x51, 0x41, 0x53, 0x50, /* and push %rax */
		0xb8, 0x00, 0x00, 0x00, 0x00, 0x0f, 0x05,
	};
	static const uint8_t call32[] = {
		0xb8, 0x00, 0x00, 0x00, 0x00, /* mov $n,%eax */
		0xcd, 0x82,                   /* int $0x82 */
		0xc3,                         /* ret */
	};
	static const uint8_t iret32[] = {
		0x50, /* push %eax */
		0xb8, 0x00, 0x00, 0x00, 0x00, 0xcd, 0x82,
	};
	static const struct {
		const uint8_t *bytes;
		size_t size;
		size_t number_at;
	} stubs[2][2] = {
		{{call64, sizeof call64, 4}, {iret64, sizeof iret64, 5}},
		{{call32, sizeof call32, 1}, {iret32, sizeof iret32, 2}},
	};
	const size_t iret = 23, stub_size = 32;

	memset(page, 0xcc, SIM_PAGE_SIZE); /* int3 */
	for (size_t n = 0; n < SIM_PAGE_SIZE / stub_size; n++) {
		uint8_t *to = page + n * stub_size;
		size_t at = stubs[bits == 32][n == iret].number_at;

		memcpy(to, stubs[bits == 32][n == iret].bytes, stubs[bits == 32][n == iret].size);
		to[at] = (uint8_t)n;
	}
}

int sim_fill_hypercall_page(struct pvb_host *host, uint32_t domid, pvb_mfn_t frame,
			    struct pvb_error *error)
{
	static const char call[] = "fill_hypercall_page";
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call_live(sim, call, domid, &domain, error);

	if (rc == 0)
		rc = sim_want_pv(domain, call, error);
	if (rc)
		return rc;

	struct sim_frame owned;
	char whose[SIM_WHOSE_MAX];
	bool no_memory;

	if (!sim_owns(sim, domain, frame.n, &owned))
		return pvb_fail(error, PVB_E_HOST_DENIED, call,
				"the hypercall page of domain %u cannot be machine frame %#llx, "
				"which is %s",
				domid, (unsigned long long)frame.n,
				sim_whose(sim, frame.n, whose, sizeof whose));
	if (sim_get_writable(sim, frame.n, &no_memory) != 0) {
		if (no_memory)
			return pvb_fail_memory(error, call, "the simulated host's books");
		rc = pvb_fail(error, PVB_E_HOST_DENIED, call,
			      "the hypercall page of domain %u cannot be machine frame %#llx, "
			      "which is in use as %s",
			      domid, (unsigned long long)frame.n, sim_type_name(owned.type));
		pvb_hint(error, "fill the hypercall page before the page tables are pinned, and "
				"keep it out of them");
		return rc;
	}

	uint8_t page[SIM_PAGE_SIZE];

	write_stubs(page, domain->bits);
	bool written = sim_contents_write(&sim->contents, frame.n, 0, page, sizeof page);
	sim_put_writable(sim, frame.n);
	return written ? 0 : sim_contents_failed(call, error);
}
