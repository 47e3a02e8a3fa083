/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a domain's memory is. The domain itself is asked first: its p2m, which Linux and
 * Mini-OS tell toolstacks of so that they can be saved, or which a domain that has not run yet
 * was handed by its builder. What that does not name is searched for.
 */
#include "dump/dump.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

static int read_published(struct reach_domain *reach, const struct pvb_host_vcpu *vcpu,
			  struct pvb_p2m **p2m, struct pvb_error *error)
{
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct pvb_p2m_anchors anchors;
	const struct reach_start start = {
		.guest_bits = reach->domain.guest_bits,
		.cr3 = vcpu->cr[3],
		.rsi = vcpu->rsi,
		.most_frames = reach->domain.max_pages,
	};
	bool built = false;
	int rc = reach->access.anchors(reach->access.opaque, &anchors, error);

	if (!rc && reach_leads_nowhere(&anchors))
		rc = reach_find_start(&reach->access, &start, &options, &built, error);
	if (rc)
		return rc;

	/*
	 * The domain is paused. If that was in the midst of a change, or it crashed there, what the
	 * hypervisor confirms is right all the same, and more than that is not wanted.
	 */
	reach->access.anchors = NULL;
	anchors.p2m_generation = 0;
	options.confirmed = true;
	reach_limit_extents(reach, &options);
	rc = pvb_p2m_read(&reach->access, &anchors, &options, p2m, error);
	if (rc && options.anchor == PVB_P2M_ANCHOR_BY_PREFERENCE && reach_leads_nowhere(&anchors))
		pvb_context(error, "nor does vCPU 0 point at a start_info: rsi is 0x%" PRIx64,
			    vcpu->rsi);
	return rc;
}

static uint64_t pages_of(const struct pvb_p2m_extent *extents, size_t count)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < count; i++)
		pages += extents[i].count;
	return pages;
}

/* Both ascend, and no PFN is in both. */
static int merge(struct dump_memory *memory, const struct pvb_p2m_extent *found, size_t count,
		 struct pvb_error *error)
{
	size_t all = memory->count + count, a = 0, b = 0;
	struct pvb_p2m_extent *merged = calloc(all, sizeof *merged);

	if (!merged)
		return pvb_fail_memory(error, DUMP_STAGE, "where a domain's memory is");
	for (size_t i = 0; i < all; i++)
		merged[i] =
			b == count || (a < memory->count && memory->extents[a].pfn < found[b].pfn)
				? memory->extents[a++]
				: found[b++];
	memory->merged = merged;
	memory->extents = merged;
	memory->count = all;
	return 0;
}

static int search(struct reach_domain *reach, struct dump_memory *memory, struct pvb_error *error)
{
	struct pvb_dump_result *result = &memory->result;
	struct pvb_p2m_extent *found = NULL;
	size_t count = 0;
	int rc;

	if (result->by_p2m >= result->domain_pages)
		return 0;
	rc = pvb_dump_search(reach, memory->extents, memory->count,
			     result->domain_pages - result->by_p2m, &found, &count, error);
	if (rc || !count)
		return rc;
	result->by_m2p = pages_of(found, count);
	rc = merge(memory, found, count, error);
	free(found);
	return rc;
}

/* Whatever is wrong with its p2m, a domain has memory all the same. */
static int ask_domain(struct reach_domain *reach, const struct pvb_host_vcpu *vcpu,
		      struct dump_memory *memory, struct pvb_error *error)
{
	struct pvb_error why = {0};
	int rc = read_published(reach, vcpu, &memory->p2m, &why);

	if (!rc) {
		const struct pvb_p2m_info *info = pvb_p2m_info(memory->p2m);

		memory->extents = info->extents;
		memory->count = info->extent_count;
		memory->result.by_p2m = pages_of(info->extents, info->extent_count);
		memory->result.foreign = info->foreign + info->total_not_owned;
		return 0;
	}
	/* Frames that cannot be mapped are those that the guest names. */
	if (!reach_is_guests_doing(rc) && rc != -PVB_E_HOST_MAP) {
		if (error)
			*error = why;
		return rc;
	}
	memory->result.p2m = why;
	return 0;
}

static int found_nothing(const struct dump_memory *memory, uint32_t domid, struct pvb_error *error)
{
	const struct pvb_dump_result *result = &memory->result;
	int rc =
		pvb_fail(error, PVB_E_HOST_STATE, DUMP_STAGE,
			 "of domain %u's %" PRIu64 " pages none is found: its p2m and the M2P name "
			 "none",
			 domid, result->domain_pages);

	if (result->p2m.code)
		pvb_context(error, "%s", result->p2m.message);
	pvb_hint(error, "there is nothing to write a core of");
	return rc;
}

int pvb_dump_find_memory(struct pvb_host *host, const struct pvb_host_domain *domain,
			 const struct pvb_host_vcpu *vcpu, struct dump_memory *memory,
			 struct pvb_error *error)
{
	struct pvb_dump_result *result = &memory->result;
	struct reach_domain reach;
	int rc = reach_domain_open(host, domain, &reach, error);

	if (rc)
		return rc;
	result->domain_pages = domain->pages;
	rc = ask_domain(&reach, vcpu, memory, error);
	if (!rc)
		rc = search(&reach, memory, error);
	reach_domain_close(&reach);
	if (rc)
		return rc;
	result->pages = result->by_p2m + result->by_m2p;
	if (result->pages < result->domain_pages)
		result->missing = result->domain_pages - result->pages;
	return result->pages ? 0 : found_nothing(memory, domain->domid, error);
}

void pvb_dump_forget_memory(struct dump_memory *memory)
{
	pvb_p2m_free(memory->p2m);
	free(memory->merged);
}
