/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The p2m of a domain in a core dump. */
#include <pvbuild/p2m-domain.h>

#include <inttypes.h>

#include "core/error.h"
#include "p2m/read.h"
#include "reach/core-memory.h"
#include "reach/reach.h"

static int read_frames(void *opaque, const uint64_t *mfns, size_t count, void *to,
		       struct pvb_error *error)
{
	const struct core_memory *core = opaque;
	uint8_t *at = to;

	for (size_t i = 0; i < count;) {
		pvb_mfn_t frames[64];
		size_t n = 0;

		for (; n < sizeof frames / sizeof frames[0] && i + n < count; n++) {
			frames[n] = PVB_MFN(mfns[i + n]);
			if (core_memory_has(core, frames[n]))
				continue;

			int rc = pvb_fail(error, PVB_E_P2M_RANGE, P2M_STAGE,
					  "MFN 0x%" PRIx64 " is no page of the core", mfns[i + n]);

			pvb_hint(error, "the core has the pages that were the guest's when it was "
					"written; what leads elsewhere was stale or a lie");
			return rc;
		}
		int rc = core_memory_read(core, frames, n, at + i * CORE_PAGE_SIZE, error);

		if (rc)
			return rc;
		i += n;
	}
	return 0;
}

static int ask_m2p(void *opaque, uint64_t mfn, uint64_t limit, uint64_t *pfn, uint64_t *count,
		   struct pvb_error *error)
{
	const struct core_memory *core = opaque;
	pvb_pfn_t found;

	(void)error;
	core_memory_m2p(core, PVB_MFN(mfn), limit, &found, count);
	*pfn = found.n;
	return 0;
}

static int get_start(void *opaque, struct reach_start *start, struct pvb_error *error)
{
	const struct core_memory *core = opaque;

	(void)error;
	*start = (struct reach_start){
		.guest_bits = core->file.guest_bits,
		.cr3 = core->vcpu.cr[3],
		.rsi = core->vcpu.rsi,
		.most_frames = core->pages,
	};
	return 0;
}

static int look(const char *path, const struct pvb_p2m_options *options,
		const struct reach_wish *wish, struct pvb_error *error)
{
	struct pvb_p2m_options known;
	struct core_memory core;
	struct pvb_p2m_anchors anchors;
	int rc = pvb_options(&known, sizeof known, options, P2M_STAGE, error);

	if (!rc)
		rc = core_memory_open(path, known.max_extents, &core, error);
	if (rc)
		return rc;

	const struct pvb_p2m_access access = {
		.opaque = &core,
		.page_size = CORE_PAGE_SIZE,
		.frames = core.frames,
		.read = read_frames,
		.m2p = ask_m2p,
	};

	anchors = (struct pvb_p2m_anchors){.guest_bits = core.file.guest_bits};
	if (core.has_shared_info)
		rc = pvb_p2m_read_anchors(core.shared_info, sizeof core.shared_info,
					  core.file.guest_bits, &anchors, error);
	if (!rc)
		rc = reach_read(&access, &anchors, options, get_start, path, wish, error);
	core_memory_close(&core);
	return rc;
}

int pvb_p2m_core(const char *path, const struct pvb_p2m_options *options, struct pvb_p2m **p2m,
		 struct pvb_error *error)
{
	const struct reach_wish wish = {.p2m = p2m};

	*p2m = NULL;
	return look(path, options, &wish, error);
}

int pvb_p2m_core_trace(const char *path, const struct pvb_p2m_options *options, uint64_t pfn,
		       struct pvb_p2m_path *found, struct pvb_error *error)
{
	const struct reach_wish wish = {.path = found, .pfn = pfn};

	return look(path, options, &wish, error);
}
