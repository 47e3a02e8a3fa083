/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain in a core dump. .xen_p2m takes the place of the M2P; the pages are read where they are.
 */
#include <stdlib.h>
#include <string.h>

#include "audit/core-file.h"
#include "audit/view.h"
#include "core/checked.h"
#include "core/cleanup.h"
#include "core/error.h"
#include "core/span.h"

/* Frames from mfn on, in PFNs from pfn on, whose contents stand in .xen_pages from page on. */
struct extent {
	uint64_t mfn;
	uint64_t pfn;
	uint64_t page;
	uint64_t count;
};

struct core {
	struct view view;
	struct core_file file;
	struct extent *extents; /* ascending by mfn, disjoint */
	size_t count;
	size_t capacity;
};

static void core_close(struct view *view)
{
	struct core *core = (struct core *)view;

	core_file_close(&core->file);
	free(core->extents);
	free(core);
}

/* The extent that holds mfn, or the first one above it, or NULL. */
static const struct extent *extent_from(const struct core *core, uint64_t mfn)
{
	size_t low = 0, high = core->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct extent *extent = &core->extents[middle];

		if (extent->mfn + (extent->count - 1) < mfn)
			low = middle + 1;
		else
			high = middle;
	}
	return low < core->count ? &core->extents[low] : NULL;
}

static const struct extent *extent_of(const struct core *core, uint64_t mfn)
{
	const struct extent *extent = extent_from(core, mfn);

	return extent && extent->mfn <= mfn ? extent : NULL;
}

static int core_read(struct view *view, const pvb_mfn_t *frames, size_t count, uint8_t *to,
		     struct pvb_error *error)
{
	struct core *core = (struct core *)view;

	for (size_t i = 0; i < count;) {
		const struct extent *extent = extent_of(core, frames[i].n);
		size_t run = 1;

		if (!extent)
			return pvb_fail(error, PVB_E_CORE_SECTION, "audit",
					"frame 0x%llx is wanted, which the core does not have: it "
					"changed while it was read",
					(unsigned long long)frames[i].n);
		uint64_t skip = frames[i].n - extent->mfn;

		while (i + run < count && run < extent->count - skip &&
		       frames[i + run].n == frames[i].n + run)
			run++;
		uint64_t offset =
			core->file.page_data.offset + (extent->page + skip) * VIEW_PAGE_SIZE;
		int rc = core_file_read(&core->file, offset, to + i * VIEW_PAGE_SIZE,
					run * VIEW_PAGE_SIZE, error);

		if (rc)
			return rc;
		i += run;
	}
	return 0;
}

static int core_m2p(struct view *view, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn,
		    uint64_t *count, struct pvb_error *error)
{
	const struct core *core = (const struct core *)view;
	const struct extent *extent = extent_from(core, first.n);

	(void)error;
	if (!extent || extent->mfn > first.n) {
		*pfn = PVB_PFN(PVB_NO_FRAME);
		*count = extent ? pvb_min(limit, extent->mfn - first.n) : limit;
		return 0;
	}
	uint64_t skip = first.n - extent->mfn;

	*pfn = PVB_PFN(extent->pfn + skip);
	*count = pvb_min(limit, extent->count - skip);
	return 0;
}

static int core_frames(struct view *view, const pvb_mfn_t *frames, size_t count,
		       struct view_frame *info, struct pvb_error *error)
{
	const struct core *core = (const struct core *)view;

	(void)error;
	for (size_t i = 0; i < count; i++)
		info[i] = (struct view_frame){
			.owned = extent_of(core, frames[i].n) != NULL,
			.type = PVB_FRAME_PLAIN,
		};
	return 0;
}

static const struct view_ops core_ops = {
	.close = core_close,
	.read = core_read,
	.m2p = core_m2p,
	.frames = core_frames,
};

static int add_extent(struct core *core, struct extent extent, struct pvb_error *error)
{
	if (core->count == core->capacity) {
		size_t capacity = core->capacity ? core->capacity * 2 : 64;
		struct extent *grown =
			(struct extent *)reallocarray(core->extents, capacity, sizeof *grown);

		if (!grown)
			return pvb_fail_memory(error, "audit", "the p2m of a core");
		core->extents = grown;
		core->capacity = capacity;
	}
	core->extents[core->count++] = extent;
	return 0;
}

static int by_mfn(const void *a, const void *b)
{
	const struct extent *x = (const struct extent *)a, *y = (const struct extent *)b;

	return x->mfn < y->mfn ? -1 : x->mfn > y->mfn;
}

/*
 * Whoever wrote the core may have taken the p2m from the guest, and a guest
 * may name a frame twice: the first place counts, as in an M2P there can be
 * only one, and the p2m rules find the other.
 */
static void sort_extents(struct core *core)
{
	size_t kept = 0;
	uint64_t end = 0;

	if (core->count)
		qsort(core->extents, core->count, sizeof core->extents[0], by_mfn);
	for (size_t i = 0; i < core->count; i++) {
		struct extent extent = core->extents[i];
		uint64_t cut =
			kept && extent.mfn < end ? pvb_min(end - extent.mfn, extent.count) : 0;

		extent.mfn += cut;
		extent.pfn += cut;
		extent.page += cut;
		extent.count -= cut;
		if (!extent.count)
			continue;
		end = extent.mfn + extent.count;
		core->extents[kept++] = extent;
	}
	core->count = kept;
}

#define ENTRIES 16384u
#define FRAME_LIMIT (UINT64_C(1) << 52)

static int read_p2m(struct core *core, struct pvb_error *error)
{
	PVB_AUTO_FREE uint8_t *window = (uint8_t *)malloc((size_t)ENTRIES * 16);
	struct extent run = {0};
	uint64_t next_pfn = 0;
	bool ended = false;

	if (!window)
		return pvb_fail_memory(error, "audit", "the p2m of a core");
	for (uint64_t i = 0; i < core->file.pages; i++) {
		uint64_t in_window = i % ENTRIES, pfn = 0, mfn = 0;

		if (in_window == 0) {
			size_t bytes = (size_t)pvb_min(ENTRIES, core->file.pages - i) * 16;
			int rc = core_file_read(&core->file, core->file.p2m.offset + i * 16, window,
						bytes, error);

			if (rc)
				return rc;
		}
		struct pvb_span entry = pvb_span(window + in_window * 16, 16);

		(void)pvb_span_u64(entry, 0, &pfn);
		(void)pvb_span_u64(entry, 8, &mfn);
		/* "Invalid" pairs stand for pages that went away while a live domain was dumped. */
		if (pfn == UINT64_MAX && mfn == UINT64_MAX) {
			ended = true;
			continue;
		}
		if (ended || pfn < next_pfn || pfn >= FRAME_LIMIT || mfn >= FRAME_LIMIT)
			return pvb_fail(error, PVB_E_CORE_SECTION, "audit",
					"entry %llu of .xen_p2m is PFN 0x%llx at MFN 0x%llx, which "
					"%s",
					(unsigned long long)i, (unsigned long long)pfn,
					(unsigned long long)mfn,
					ended            ? "follows an entry that ends the list"
					: pfn < next_pfn ? "does not ascend"
							 : "no machine has");
		next_pfn = pfn + 1;
		core->view.pages++;
		if (run.count && pfn == run.pfn + run.count && mfn == run.mfn + run.count) {
			run.count++;
			continue;
		}
		int rc = run.count ? add_extent(core, run, error) : 0;

		if (rc)
			return rc;
		run = (struct extent){.mfn = mfn, .pfn = pfn, .page = i, .count = 1};
	}
	int rc = run.count ? add_extent(core, run, error) : 0;

	if (!rc)
		sort_extents(core);
	return rc;
}

/* Offsets in vcpu_guest_context (Xen public arch-x86/xen.h), by guest width. */
static void read_context_64(struct pvb_span c, struct pvb_host_vcpu *v)
{
	uint64_t *const registers[] = {&v->r15, &v->r14, &v->r13, &v->r12, &v->rbp,
				       &v->rbx, &v->r11, &v->r10, &v->r9,  &v->r8,
				       &v->rax, &v->rcx, &v->rdx, &v->rsi, &v->rdi};
	uint64_t flags = 0, vm_assist = 0;

	(void)pvb_span_u64(c, 512, &flags);
	for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++)
		(void)pvb_span_u64(c, 520 + 8 * i, registers[i]);
	(void)pvb_span_u64(c, 648, &v->rip);
	(void)pvb_span_u16(c, 656, &v->cs);
	(void)pvb_span_u64(c, 664, &v->rflags);
	(void)pvb_span_u64(c, 672, &v->rsp);
	(void)pvb_span_u16(c, 680, &v->ss);
	(void)pvb_span_u16(c, 688, &v->es);
	(void)pvb_span_u16(c, 696, &v->ds);
	(void)pvb_span_u16(c, 704, &v->fs);
	(void)pvb_span_u16(c, 712, &v->gs);
	(void)pvb_span_u64(c, 4816, &v->ldt_base);
	(void)pvb_span_u64(c, 4824, &v->ldt_entries);
	(void)pvb_span_u64(c, 4960, &v->gdt_entries);
	(void)pvb_span_u64(c, 4968, &v->kernel_ss);
	(void)pvb_span_u64(c, 4976, &v->kernel_sp);
	for (size_t i = 0; i < 8; i++) {
		(void)pvb_span_u64(c, 4984 + 8 * i, &v->cr[i]);
		(void)pvb_span_u64(c, 5048 + 8 * i, &v->debugreg[i]);
	}
	(void)pvb_span_u64(c, 5112, &v->event_callback_eip);
	(void)pvb_span_u64(c, 5120, &v->failsafe_callback_eip);
	(void)pvb_span_u64(c, 5128, &v->syscall_callback_eip);
	(void)pvb_span_u64(c, 5136, &vm_assist);
	(void)pvb_span_u64(c, 5144, &v->fs_base);
	(void)pvb_span_u64(c, 5152, &v->gs_base_kernel);
	(void)pvb_span_u64(c, 5160, &v->gs_base_user);
	/* Assists and flags above bit 31 are none that a new domain can have; keep them visible. */
	v->flags = (uint32_t)flags | (flags >> 32 ? UINT32_C(1) << 31 : 0);
	v->vm_assist = (uint32_t)vm_assist | (vm_assist >> 32 ? UINT32_C(1) << 31 : 0);
}

static uint64_t u32_at(struct pvb_span c, uint64_t offset)
{
	uint32_t value = 0;

	(void)pvb_span_u32(c, offset, &value);
	return value;
}

static void read_context_32(struct pvb_span c, struct pvb_host_vcpu *v)
{
	uint64_t *const registers[] = {&v->rbx, &v->rcx, &v->rdx, &v->rsi,
				       &v->rdi, &v->rbp, &v->rax};

	v->flags = (uint32_t)u32_at(c, 512);
	for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++)
		*registers[i] = u32_at(c, 516 + 4 * i);
	v->rip = u32_at(c, 548);
	(void)pvb_span_u16(c, 552, &v->cs);
	v->rflags = u32_at(c, 556);
	v->rsp = u32_at(c, 560);
	(void)pvb_span_u16(c, 564, &v->ss);
	(void)pvb_span_u16(c, 568, &v->es);
	(void)pvb_span_u16(c, 572, &v->ds);
	(void)pvb_span_u16(c, 576, &v->fs);
	(void)pvb_span_u16(c, 580, &v->gs);
	v->ldt_base = u32_at(c, 2632);
	v->ldt_entries = u32_at(c, 2636);
	v->gdt_entries = u32_at(c, 2704);
	v->kernel_ss = u32_at(c, 2708);
	v->kernel_sp = u32_at(c, 2712);
	for (size_t i = 0; i < 8; i++) {
		v->cr[i] = u32_at(c, 2716 + 4 * i);
		v->debugreg[i] = u32_at(c, 2748 + 4 * i);
	}
	v->event_callback_cs = u32_at(c, 2780);
	v->event_callback_eip = u32_at(c, 2784);
	v->failsafe_callback_cs = u32_at(c, 2788);
	v->failsafe_callback_eip = u32_at(c, 2792);
	v->vm_assist = (uint32_t)u32_at(c, 2796);
}

static int read_context(struct core *core, struct pvb_error *error)
{
	uint8_t bytes[5168] = {0};
	size_t size = (size_t)pvb_min(sizeof bytes, core->file.prstatus.size / core->file.vcpus);
	int rc = core_file_read(&core->file, core->file.prstatus.offset, bytes, size, error);

	if (rc)
		return rc;
	if (core->file.guest_bits == 64)
		read_context_64(pvb_span(bytes, size), &core->view.vcpu);
	else
		read_context_32(pvb_span(bytes, size), &core->view.vcpu);
	return 0;
}

static int fill(struct core *core, struct pvb_error *error)
{
	struct view *view = &core->view;
	int rc = read_p2m(core, error);

	if (!rc)
		rc = read_context(core, error);
	if (!rc && core->file.shared_info.size)
		rc = core_file_read(&core->file, core->file.shared_info.offset, view->shared_info,
				    (size_t)pvb_min(VIEW_PAGE_SIZE, core->file.shared_info.size),
				    error);
	view->guest_bits = core->file.guest_bits;
	view->has_shared_info = core->file.shared_info.size != 0;
	return rc;
}

int view_core(const char *path, struct view **view, struct pvb_error *error)
{
	struct core *core = (struct core *)calloc(1, sizeof *core);

	*view = NULL;
	if (!core)
		return pvb_fail_memory(error, "audit", "the view of a core");
	view_init(&core->view, &core_ops);
	core->file.fd = -1;
	int rc = core_file_open(path, &core->file, error);

	if (!rc)
		rc = fill(core, error);
	if (rc) {
		core_close(&core->view);
		return rc;
	}
	*view = &core->view;
	return 0;
}
