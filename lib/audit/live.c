/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain on a host. Frames are mapped read-only in small windows and copied out. */
#include <stdlib.h>
#include <string.h>

#include "audit/view.h"
#include "core/checked.h"
#include "core/error.h"

#define GRANT_FRAMES (sizeof((struct view *)NULL)->grant_frames / sizeof(pvb_mfn_t))

struct live {
	struct view view;
	struct pvb_host *host;
	uint32_t domid;
	uint64_t frame_limit; /* no frame of the host lies at or above it */
};

static void live_close(struct view *view)
{
	free(view);
}

static int live_read(struct view *view, const pvb_mfn_t *frames, size_t count, uint8_t *to,
		     struct pvb_error *error)
{
	struct live *live = (struct live *)view;
	void *at;
	int rc = pvb_host_map_frames(live->host, live->domid, frames, count, false, &at, error);

	if (rc)
		return rc;
	memcpy(to, at, count * VIEW_PAGE_SIZE);
	pvb_host_unmap_frames(live->host, at, count);
	return 0;
}

static int live_m2p(struct view *view, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn,
		    uint64_t *count, struct pvb_error *error)
{
	struct live *live = (struct live *)view;

	if (first.n >= live->frame_limit) {
		*pfn = PVB_PFN(PVB_NO_FRAME);
		*count = limit;
		return 0;
	}
	if (limit > live->frame_limit - first.n)
		limit = live->frame_limit - first.n;
	return pvb_host_get_m2p_run(live->host, first, limit, pfn, count, error);
}

static int live_frames(struct view *view, const pvb_mfn_t *frames, size_t count,
		       struct view_frame *info, struct pvb_error *error)
{
	struct live *live = (struct live *)view;
	pvb_mfn_t asked[VIEW_BATCH];
	struct pvb_host_frame_info answers[VIEW_BATCH];
	size_t n = 0;

	/* A guest may name frames that no machine has: those are not for the hypervisor. */
	for (size_t i = 0; i < count; i++)
		if (frames[i].n < live->frame_limit)
			asked[n++] = frames[i];
	int rc = n ? pvb_host_get_frame_info(live->host, live->domid, asked, n, answers, error) : 0;

	if (rc)
		return rc;
	n = 0;
	for (size_t i = 0; i < count; i++) {
		info[i] = (struct view_frame){.type = PVB_FRAME_FOREIGN};
		if (frames[i].n >= live->frame_limit)
			continue;
		info[i].owned = answers[n].type != PVB_FRAME_FOREIGN;
		info[i].pinned = answers[n].pinned;
		info[i].type = answers[n].type;
		n++;
	}
	return 0;
}

static const struct view_ops live_ops = {
	.close = live_close,
	.read = live_read,
	.m2p = live_m2p,
	.frames = live_frames,
};

int view_check_state(const struct pvb_host_domain *domain, struct pvb_error *error)
{
	bool ran = domain->paused && domain->cpu_time_ns > 0;

	/* A kernel changes its tables and registers from its first instruction on. */
	if (domain->dying || domain->shutdown || !domain->paused || ran) {
		int rc = pvb_fail(error, PVB_E_HOST_STATE, "audit",
				  "domain %u %s, and only a paused domain that has not run yet "
				  "can be audited",
				  domain->domid,
				  domain->dying      ? "is dying"
				  : domain->shutdown ? "has shut down"
				  : ran              ? "is paused, but has been running before"
						     : "is running");
		pvb_hint(error, "audit it before pvb_domain_unpause(), or a core of it that was "
				"made before");
		return rc;
	}
	return 0;
}

static int check_domain(const struct pvb_host_domain *domain, struct pvb_error *error)
{
	if (domain->hvm)
		return pvb_fail(error, PVB_E_HOST_GUEST_TYPE, "audit",
				"domain %u is no PV guest: it has none of what an audit reads",
				domain->domid);
	int rc = view_check_state(domain, error);
	if (rc)
		return rc;
	if (domain->guest_bits != 32 && domain->guest_bits != 64)
		return pvb_fail(error, PVB_E_HOST_GUEST_TYPE, "audit",
				"domain %u is a %u-bit guest; PV guests have 32 or 64 bits",
				domain->domid, domain->guest_bits);
	return 0;
}

static int ask_pte_bits(struct live *live, const struct pvb_host_info *info, unsigned guest_bits,
			struct pvb_error *error)
{
	struct view *view = &live->view;

	view->knows_pte_bits = true;
	view->knows_grant_bit = !info->pte_bits_fixed || info->debug_known;
	if (!info->pte_bits_fixed)
		return pvb_host_get_pte_bits(live->host, live->domid, &view->pte_bits, error);
	view->pte_bits = (struct pvb_host_pte_bits){
		.kernel_bit = guest_bits == 64 ? info->pte_kernel_bit : PVB_GUEST_PTE_NO_BIT,
		.grant_bit = info->pte_grant_bit,
	};
	return 0;
}

static int fill(struct live *live, struct pvb_error *error)
{
	struct view *view = &live->view;
	struct pvb_host_info info;
	struct pvb_host_domain domain;
	void *page;
	int rc = pvb_host_get_info(live->host, &info, error);

	if (rc)
		return rc;
	if (info.page_shift != VIEW_PAGE_SHIFT)
		return pvb_fail(error, PVB_E_ARG_UNSUPPORTED, "audit",
				"the host's pages have %llu bytes; x86 PV domains have pages of %u",
				1ULL << (info.page_shift & 63), VIEW_PAGE_SIZE);
	if (info.address_bits < VIEW_PAGE_SHIFT || info.address_bits > 63)
		return pvb_fail(error, PVB_E_HOST_LIMIT, "audit",
				"the host says that its machine addresses have %u bits",
				info.address_bits);
	live->frame_limit = UINT64_C(1) << (info.address_bits - VIEW_PAGE_SHIFT);

	rc = pvb_host_get_domain(live->host, live->domid, &domain, error);
	if (!rc)
		rc = check_domain(&domain, error);
	if (!rc)
		rc = pvb_host_get_vcpu(live->host, live->domid, 0, &view->vcpu, error);
	if (!rc)
		rc = ask_pte_bits(live, &info, domain.guest_bits, error);
	if (!rc)
		rc = pvb_host_get_grants(live->host, live->domid, view->grants,
					 sizeof view->grants / sizeof view->grants[0],
					 &view->grant_count, error);
	if (!rc)
		rc = pvb_host_get_grant_frames(live->host, live->domid, view->grant_frames,
					       GRANT_FRAMES, &view->grant_frame_count, error);
	if (!rc)
		rc = pvb_host_get_record(live->host, live->domid, &view->record, error);
	if (!rc)
		rc = pvb_host_map_frames(live->host, live->domid, &domain.shared_info, 1, false,
					 &page, error);
	if (rc)
		return rc;
	view->grant_frame_count = (size_t)pvb_min(view->grant_frame_count, GRANT_FRAMES);
	memcpy(view->shared_info, page, VIEW_PAGE_SIZE);
	pvb_host_unmap_frames(live->host, page, 1);

	view->guest_bits = domain.guest_bits;
	view->pages = domain.pages;
	view->shared_info_frame = domain.shared_info;
	view->has_shared_info = true;
	view->knows_types = true;
	view->knows_grants = true;
	return 0;
}

int view_live(struct pvb_host *host, uint32_t domid, struct view **view, struct pvb_error *error)
{
	struct live *live = (struct live *)calloc(1, sizeof *live);

	*view = NULL;
	if (!live)
		return pvb_fail_memory(error, "audit", "the view of a domain");
	view_init(&live->view, &live_ops);
	live->host = host;
	live->domid = domid;
	int rc = fill(live, error);

	if (rc) {
		free(live);
		return rc;
	}
	*view = &live->view;
	return 0;
}
