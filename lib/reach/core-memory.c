/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/core-memory.h"

#include <stdlib.h>
#include <string.h>

#include "core/budget.h"
#include "core/checked.h"
#include "core/cleanup.h"
#include "core/error.h"
#include "core/span.h"

/* Frames from mfn on, in PFNs from pfn on, whose contents stand in .xen_pages from page on. */
struct core_extent {
	uint64_t mfn;
	uint64_t pfn;
	uint64_t page;
	uint64_t count;
};

void core_memory_close(struct core_memory *core)
{
	core_file_close(&core->file);
	free(core->extents);
	core->extents = NULL;
}

/* The extent that holds mfn, or the first one above it, or NULL. */
static const struct core_extent *extent_from(const struct core_memory *core, uint64_t mfn)
{
	size_t low = 0, high = core->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct core_extent *extent = &core->extents[middle];

		if (extent->mfn + (extent->count - 1) < mfn)
			low = middle + 1;
		else
			high = middle;
	}
	return low < core->count ? &core->extents[low] : NULL;
}

static const struct core_extent *extent_of(const struct core_memory *core, uint64_t mfn)
{
	const struct core_extent *extent = extent_from(core, mfn);

	return extent && extent->mfn <= mfn ? extent : NULL;
}

bool core_memory_has(const struct core_memory *core, pvb_mfn_t frame)
{
	return extent_of(core, frame.n) != NULL;
}

int core_memory_read(const struct core_memory *core, const pvb_mfn_t *frames, size_t count,
		     uint8_t *to, struct pvb_error *error)
{
	for (size_t i = 0; i < count;) {
		const struct core_extent *extent = extent_of(core, frames[i].n);
		size_t run = 1;

		if (!extent)
			return pvb_fail(error, PVB_E_CORE_SECTION, "core",
					"frame 0x%llx is wanted, which the core does not have: it "
					"changed while it was read",
					(unsigned long long)frames[i].n);
		uint64_t skip = frames[i].n - extent->mfn;

		while (i + run < count && run < extent->count - skip &&
		       frames[i + run].n == frames[i].n + run)
			run++;
		uint64_t offset =
			core->file.page_data.offset + (extent->page + skip) * CORE_PAGE_SIZE;
		int rc = core_file_read(&core->file, offset, to + i * CORE_PAGE_SIZE,
					run * CORE_PAGE_SIZE, error);

		if (rc)
			return rc;
		i += run;
	}
	return 0;
}

void core_memory_m2p(const struct core_memory *core, pvb_mfn_t first, uint64_t limit,
		     pvb_pfn_t *pfn, uint64_t *count)
{
	const struct core_extent *extent = extent_from(core, first.n);

	if (!extent || extent->mfn > first.n) {
		*pfn = PVB_PFN(PVB_NO_FRAME);
		*count = extent ? pvb_min(limit, extent->mfn - first.n) : limit;
		return;
	}
	uint64_t skip = first.n - extent->mfn;

	*pfn = PVB_PFN(extent->pfn + skip);
	*count = pvb_min(limit, extent->count - skip);
}

static int add_extent(struct core_memory *core, struct core_extent extent, struct pvb_error *error)
{
	if (core->count == core->most) {
		int rc = pvb_fail(error, PVB_E_P2M_SCATTERED, "core",
				  "the core's memory is in more than %zu pieces that do not "
				  "continue each other, up to PFN 0x%llx alone",
				  core->most, (unsigned long long)extent.pfn);

		pvb_hint(error, "raise pvb_p2m_options.max_extents for a core that is trusted");
		return rc;
	}
	if (core->count == core->capacity) {
		size_t capacity = pvb_budget_grow(core->capacity, core->most);
		struct core_extent *grown =
			(struct core_extent *)reallocarray(core->extents, capacity, sizeof *grown);

		if (!grown)
			return pvb_fail_memory(error, "core", "the p2m of a core");
		core->extents = grown;
		core->capacity = capacity;
	}
	core->extents[core->count++] = extent;
	return 0;
}

static int by_mfn(const void *a, const void *b)
{
	const struct core_extent *x = (const struct core_extent *)a,
				 *y = (const struct core_extent *)b;

	return x->mfn < y->mfn ? -1 : x->mfn > y->mfn;
}

/*
 * Whoever wrote the core may have taken the p2m from the guest, and a guest
 * may name a frame twice: the first place counts, as in an M2P there can be
 * only one, and the p2m rules find the other.
 */
static void sort_extents(struct core_memory *core)
{
	size_t kept = 0;
	uint64_t end = 0;

	if (core->count)
		qsort(core->extents, core->count, sizeof core->extents[0], by_mfn);
	for (size_t i = 0; i < core->count; i++) {
		struct core_extent extent = core->extents[i];
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
	core->frames = end;
}

#define ENTRIES 16384u
#define FRAME_LIMIT (UINT64_C(1) << 52)

static int read_p2m(struct core_memory *core, struct pvb_error *error)
{
	PVB_AUTO_FREE uint8_t *window = (uint8_t *)malloc((size_t)ENTRIES * 16);
	struct core_extent run = {0};
	uint64_t next_pfn = 0;
	bool ended = false;

	if (!window)
		return pvb_fail_memory(error, "core", "the p2m of a core");
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
			return pvb_fail(error, PVB_E_CORE_SECTION, "core",
					"entry %llu of .xen_p2m is PFN 0x%llx at MFN 0x%llx, which "
					"%s",
					(unsigned long long)i, (unsigned long long)pfn,
					(unsigned long long)mfn,
					ended            ? "follows an entry that ends the list"
					: pfn < next_pfn ? "does not ascend"
							 : "no machine has");
		next_pfn = pfn + 1;
		core->pages++;
		if (run.count && pfn == run.pfn + run.count && mfn == run.mfn + run.count) {
			run.count++;
			continue;
		}
		int rc = run.count ? add_extent(core, run, error) : 0;

		if (rc)
			return rc;
		run = (struct core_extent){.mfn = mfn, .pfn = pfn, .page = i, .count = 1};
	}
	int rc = run.count ? add_extent(core, run, error) : 0;

	if (!rc)
		sort_extents(core);
	return rc;
}

static int read_context(struct core_memory *core, struct pvb_error *error)
{
	uint8_t bytes[5168] = {0};
	size_t size = (size_t)pvb_min(sizeof bytes, core->file.prstatus.size / core->file.vcpus);
	int rc = core_file_read(&core->file, core->file.prstatus.offset, bytes, size, error);

	if (rc)
		return rc;
	core_read_context(core->file.guest_bits, pvb_span(bytes, size), &core->vcpu);
	return 0;
}

static int fill(struct core_memory *core, struct pvb_error *error)
{
	int rc = read_p2m(core, error);

	if (!rc)
		rc = read_context(core, error);
	if (!rc && core->file.shared_info.size)
		rc = core_file_read(&core->file, core->file.shared_info.offset, core->shared_info,
				    (size_t)pvb_min(CORE_PAGE_SIZE, core->file.shared_info.size),
				    error);
	core->has_shared_info = core->file.shared_info.size != 0;
	return rc;
}

int core_memory_open(const char *path, size_t max_extents, struct core_memory *core,
		     struct pvb_error *error)
{
	*core = (struct core_memory){
		.file.fd = -1,
		.most = max_extents ? max_extents : PVB_BUDGET_PIECES(sizeof *core->extents),
	};
	int rc = core_file_open(path, &core->file, error);

	if (!rc)
		rc = fill(core, error);
	if (rc)
		core_memory_close(core);
	return rc;
}
