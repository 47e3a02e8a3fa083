/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The p2m of a domain that has not run yet: vCPU 0's rsi points at start_info, and that at the
 * list, both in the guest's own virtual memory.
 */
#include "reach/reach.h"

#include <inttypes.h>
#include <string.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/span.h"
#include "p2m/read.h"

#define PAGE_BYTES 4096u

/* Xen public xen.h: struct start_info. */
#define NR_PAGES_AT 32u
#define MFN_LIST_AT_64 104u
#define MFN_LIST_AT_32 68u
#define NR_P2M_FRAMES_AT_64 1160u
#define NR_P2M_FRAMES_AT_32 1108u

struct start_info {
	uint64_t pages;
	uint64_t list;
	uint64_t p2m_frames;
};

static uint64_t word_at(unsigned guest_bits, struct pvb_span page, uint64_t at)
{
	uint64_t wide = 0;
	uint32_t narrow = 0;

	if (guest_bits == 64)
		(void)pvb_span_u64(page, at, &wide);
	else
		(void)pvb_span_u32(page, at, &narrow);
	return guest_bits == 64 ? wide : narrow;
}

/* Where registers point nowhere, the guest has other things in them. */
bool reach_is_guests_doing(int rc)
{
	return -rc >= PVB_E_P2M_FOREIGN && -rc <= PVB_E_P2M_M2P;
}

static int read_start_info(const struct p2m_source *source, const struct reach_start *start,
			   struct start_info *info, bool *found, struct pvb_error *error)
{
	uint64_t page[PAGE_BYTES / 8];
	unsigned bits = start->guest_bits;
	uint64_t frame;
	int rc;

	*found = false;
	if (!pvb_is_aligned(start->rsi, PAGE_BYTES))
		return 0;
	rc = pvb_p2m_translate(source, start->cr3, start->rsi, &frame, error);
	if (!rc && frame == PVB_P2M_NONE)
		return 0;
	if (!rc)
		rc = source->access->read(source->access->opaque, &frame, 1, page, error);
	if (rc)
		return reach_is_guests_doing(rc) || rc == -PVB_E_HOST_MAP ? 0 : rc;
	*found = memcmp(page, "xen-", 4) == 0;
	*info = (struct start_info){
		.pages = word_at(bits, pvb_span(page, PAGE_BYTES), NR_PAGES_AT),
		.list = word_at(bits, pvb_span(page, PAGE_BYTES),
				bits == 64 ? MFN_LIST_AT_64 : MFN_LIST_AT_32),
		.p2m_frames = word_at(bits, pvb_span(page, PAGE_BYTES),
				      bits == 64 ? NR_P2M_FRAMES_AT_64 : NR_P2M_FRAMES_AT_32),
	};
	return 0;
}

/*
 * PFNs that the list can have. start_info tells how many pages there are, and where memory
 * has holes the list is longer than that. It lies in a region of its own, of so many frames, or
 * before start_info.
 */
static uint64_t most_pfns(const struct reach_start *start, const struct start_info *info)
{
	uint64_t per_page = PAGE_BYTES / (start->guest_bits / 8), pages = 0, pfns;

	if (info->p2m_frames)
		pages = info->p2m_frames;
	else if (info->list < start->rsi)
		pages = (start->rsi - info->list) / PAGE_BYTES;
	return pvb_mul(pages, per_page, &pfns) ? pvb_max(pfns, info->pages) : info->pages;
}

int reach_find_start(const struct pvb_p2m_access *access, const struct reach_start *start,
		     struct pvb_p2m_options *options, bool *found, struct pvb_error *error)
{
	struct p2m_source source;
	struct start_info info = {0};
	int rc = pvb_p2m_check_source(access, start->guest_bits, &source, error);

	if (!rc)
		rc = read_start_info(&source, start, &info, found, error);
	if (rc || !*found)
		return rc;
	if (!info.pages || info.pages > start->most_frames) {
		rc = pvb_fail(error, PVB_E_P2M_SHAPE, P2M_STAGE,
			      "start_info speaks of %" PRIu64
			      " pages, of which the domain can have %" PRIu64,
			      info.pages, start->most_frames);
		pvb_hint(error,
			 "what rsi 0x%" PRIx64 " points at is no start_info that a builder "
			 "made, or it was overwritten",
			 start->rsi);
		return rc;
	}
	options->anchor = PVB_P2M_ANCHOR_START_INFO;
	options->start_info.cr3 = start->cr3;
	options->start_info.list = info.list;
	options->start_info.pfns = most_pfns(start, &info);
	options->start_info.frames = info.pages;
	return 0;
}

bool reach_leads_nowhere(const struct pvb_p2m_anchors *anchors)
{
	return !anchors->p2m_cr3 && !anchors->has_tree &&
	       (!anchors->frame_list_list || anchors->frame_list_list == PVB_P2M_NONE);
}

static int read_wish(const struct pvb_p2m_access *access, const struct pvb_p2m_anchors *anchors,
		     const struct pvb_p2m_options *options, const struct reach_wish *wish,
		     struct pvb_error *error)
{
	return wish->path ? pvb_p2m_trace(access, anchors, options, wish->pfn, wish->path, error)
			  : pvb_p2m_read(access, anchors, options, wish->p2m, error);
}

int reach_read(const struct pvb_p2m_access *access, const struct pvb_p2m_anchors *anchors,
	       const struct pvb_p2m_options *options,
	       int (*get_start)(void *opaque, struct reach_start *start, struct pvb_error *error),
	       const char *who, const struct reach_wish *wish, struct pvb_error *error)
{
	struct pvb_p2m_options asked;
	struct reach_start start;
	bool found = false;
	int rc = pvb_options(&asked, sizeof asked, options, P2M_STAGE, error);

	if (rc)
		return rc;
	asked.size = sizeof asked;

	bool built = asked.anchor == PVB_P2M_ANCHOR_START_INFO;
	bool nowhere = asked.anchor == PVB_P2M_ANCHOR_BY_PREFERENCE && reach_leads_nowhere(anchors);

	if (!built && !nowhere)
		return read_wish(access, anchors, &asked, wish, error);
	rc = get_start(access->opaque, &start, error);
	if (!rc)
		rc = reach_find_start(access, &start, &asked, &found, error);
	if (rc)
		return rc;
	if (!found && built) {
		rc = pvb_fail(error, PVB_E_P2M_NONE, P2M_STAGE,
			      "vCPU 0 of %s does not point at a start_info: rsi is 0x%" PRIx64, who,
			      start.rsi);
		pvb_hint(error, "it does so only before the first instruction: follow what the "
				"kernel has published instead");
		return rc;
	}
	rc = read_wish(access, anchors, &asked, wish, error);
	if (rc && !found)
		pvb_context(error, "nor does vCPU 0 of %s point at a start_info: rsi is 0x%" PRIx64,
			    who, start.rsi);
	return rc;
}
