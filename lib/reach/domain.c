/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The p2m of a domain on a host: frames are mapped read-only in small windows and copied out. */
#include <pvbuild/p2m-domain.h>

#include <inttypes.h>
#include <stdio.h>

#include "core/budget.h"
#include "core/checked.h"
#include "core/error.h"
#include "p2m/read.h"
#include "reach/reach.h"

#define PAGE_BYTES 4096u
#define WINDOW_PAGES 256u
#define OWNER_RUNS 256u

/* Word by word, as the guest may be writing them: no word is half an old one. */
static void copy_words(void *to, const void *from, size_t bytes)
{
	const uint64_t *source = from;
	uint64_t *target = to;

	for (size_t i = 0; i < bytes / 8; i++)
		target[i] = __atomic_load_n(&source[i], __ATOMIC_RELAXED);
}

static int read_frames(void *opaque, const uint64_t *mfns, size_t count, void *to,
		       struct pvb_error *error)
{
	struct reach_domain *reach = opaque;
	pvb_mfn_t frames[WINDOW_PAGES];
	uint8_t *at = to;

	for (size_t done = 0; done < count;) {
		size_t n = (size_t)pvb_min(count - done, WINDOW_PAGES);
		void *window;

		for (size_t i = 0; i < n; i++)
			frames[i] = PVB_MFN(mfns[done + i]);
		int rc = pvb_host_map_frames(reach->host, reach->domain.domid, frames, n, false,
					     &window, error);

		if (rc)
			return rc;
		copy_words(at + done * PAGE_BYTES, window, n * PAGE_BYTES);
		pvb_host_unmap_frames(reach->host, window, n);
		done += n;
	}
	return 0;
}

static int read_anchors(void *opaque, struct pvb_p2m_anchors *anchors, struct pvb_error *error)
{
	const struct reach_domain *reach = opaque;
	uint64_t page[PAGE_BYTES / 8];

	copy_words(page, reach->shared_info, sizeof page);
	return pvb_p2m_read_anchors(page, sizeof page, reach->domain.guest_bits, anchors, error);
}

static int ask_m2p(void *opaque, uint64_t mfn, uint64_t limit, uint64_t *pfn, uint64_t *count,
		   struct pvb_error *error)
{
	struct reach_domain *reach = opaque;
	pvb_pfn_t found = PVB_PFN(PVB_NO_FRAME);
	int rc = pvb_host_get_m2p_run(reach->host, PVB_MFN(mfn), limit, &found, count, error);

	*pfn = found.n;
	return rc;
}

static int ask_owner(void *opaque, const struct pvb_p2m_extent *extents, size_t count, bool *owned,
		     uint64_t *frames, struct pvb_error *error)
{
	struct reach_domain *reach = opaque;
	struct pvb_host_frames runs[OWNER_RUNS];
	size_t n = (size_t)pvb_min(count, OWNER_RUNS);

	for (size_t i = 0; i < n; i++)
		runs[i] = (struct pvb_host_frames){PVB_MFN(extents[i].mfn), extents[i].count};
	return pvb_host_get_owned_run(reach->host, reach->domain.domid, runs, n, owned, frames,
				      error);
}

static int check_guest(const struct pvb_host_domain *domain, const struct pvb_host_info *info,
		       struct pvb_error *error)
{
	if (domain->translated || domain->hvm)
		return pvb_fail(error, PVB_E_HOST_GUEST_TYPE, P2M_STAGE,
				"domain %u is no PV guest, and has no p2m of its own",
				domain->domid);
	if (domain->guest_bits != 32 && domain->guest_bits != 64)
		return pvb_fail(error, PVB_E_HOST_GUEST_TYPE, P2M_STAGE,
				"domain %u is a %u-bit guest; PV guests have 32 or 64 bits",
				domain->domid, domain->guest_bits);
	if (info->page_shift != 12 || info->address_bits < 13 || info->address_bits > 63)
		return pvb_fail(error, PVB_E_ARG_UNSUPPORTED, P2M_STAGE,
				"the host has pages of 1 << %u bytes and addresses of %u bits; the "
				"p2m of an x86 guest is of pages of %u bytes",
				info->page_shift, info->address_bits, PAGE_BYTES);
	return 0;
}

int reach_domain_open(struct pvb_host *host, const struct pvb_host_domain *domain,
		      struct reach_domain *reach, struct pvb_error *error)
{
	struct pvb_host_info info;
	int rc = pvb_host_get_info(host, &info, error);

	if (!rc)
		rc = check_guest(domain, &info, error);
	if (rc)
		return rc;
	*reach = (struct reach_domain){
		.host = host,
		.domain = *domain,
		.access = {.opaque = reach,
			   .page_size = PAGE_BYTES,
			   .frames = UINT64_C(1) << (info.address_bits - info.page_shift),
			   .read = read_frames,
			   .anchors = read_anchors,
			   .m2p = ask_m2p,
			   .owned = ask_owner},
	};
	return pvb_host_map_frames(host, domain->domid, &domain->shared_info, 1, false,
				   &reach->shared_info, error);
}

void reach_domain_close(struct reach_domain *reach)
{
	pvb_host_unmap_frames(reach->host, reach->shared_info, 1);
}

void reach_limit_extents(const struct reach_domain *reach, struct pvb_p2m_options *options)
{
	const uint64_t pages = pvb_max(reach->domain.pages, reach->domain.max_pages);
	const size_t most = PVB_BUDGET_PIECES(sizeof(struct pvb_p2m_extent));

	if (!options->max_extents)
		options->max_extents = pages < most - PVB_BUDGET_PIECES_BESIDE
					       ? (size_t)pages + PVB_BUDGET_PIECES_BESIDE
					       : most;
}

static int get_start(void *opaque, struct reach_start *start, struct pvb_error *error)
{
	const struct reach_domain *reach = opaque;
	struct pvb_host_vcpu vcpu;
	int rc = pvb_host_get_vcpu(reach->host, reach->domain.domid, 0, &vcpu, error);

	if (rc)
		return rc;
	*start = (struct reach_start){
		.guest_bits = reach->domain.guest_bits,
		.cr3 = vcpu.cr[3],
		.rsi = vcpu.rsi,
		.most_frames = reach->domain.max_pages,
	};
	return 0;
}

static int look(struct pvb_host *host, uint32_t domid, const struct pvb_p2m_options *options,
		const struct reach_wish *wish, struct pvb_error *error)
{
	struct pvb_p2m_options known;
	struct pvb_host_domain domain;
	struct reach_domain reach;
	struct pvb_p2m_anchors anchors;
	char who[32];
	int rc = pvb_options(&known, sizeof known, options, P2M_STAGE, error);

	if (!rc)
		rc = pvb_host_get_domain(host, domid, &domain, error);
	if (!rc)
		rc = reach_domain_open(host, &domain, &reach, error);
	if (rc)
		return rc;
	known.size = sizeof known;
	reach_limit_extents(&reach, &known);
	(void)snprintf(who, sizeof who, "domain %" PRIu32, domid);
	rc = read_anchors(&reach, &anchors, error);
	if (!rc)
		rc = reach_read(&reach.access, &anchors, &known, get_start, who, wish, error);
	reach_domain_close(&reach);
	return rc;
}

int pvb_p2m_domain(struct pvb_host *host, uint32_t domid, const struct pvb_p2m_options *options,
		   struct pvb_p2m **p2m, struct pvb_error *error)
{
	const struct reach_wish wish = {.p2m = p2m};

	*p2m = NULL;
	return look(host, domid, options, &wish, error);
}

int pvb_p2m_domain_trace(struct pvb_host *host, uint32_t domid,
			 const struct pvb_p2m_options *options, uint64_t pfn,
			 struct pvb_p2m_path *path, struct pvb_error *error)
{
	const struct reach_wish wish = {.path = path, .pfn = pfn};

	return look(host, domid, options, &wish, error);
}
