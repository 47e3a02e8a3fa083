/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The grant table: where the hypervisor has put it, and what the builder puts into it. */
#include "build/builder.h"

#include <inttypes.h>
#include <stdlib.h>

#include "build/abi.h"
#include "core/cleanup.h"

/* A new domain has one (Xen's INITIAL_NR_GRANT_FRAMES; 4 in older ones). */
#define USUAL_PAGES 4

/*
 * A limit that is no more than the end of the M2P, as that of 32-bit guests usually is, is none on
 * these pages: the M2P does not know them.
 */
static bool has_own_limit(const struct pvb_builder *builder)
{
	return builder->address_bits <
	       (builder->plan->guest_bits == 64 ? PVB_ABI_M2P_BITS_64 : PVB_ABI_M2P_BITS_32);
}

/*
 * A page of it that lies too high is nothing that a guest sees unless it maps its grant table, and
 * nothing that can be helped: Xen takes these pages as it creates the domain, from the top of
 * the memory that it has mapped itself. So it is refused where the caller would rather have no
 * domain.
 */
static int check_page(struct pvb_builder *builder, size_t page, uint64_t frame,
		      struct pvb_error *error)
{
	uint64_t limit = UINT64_C(1) << (builder->address_bits - builder->host->page_shift);

	/* A translated guest never sees where its grant table is. */
	if (frame < limit || builder->plan->arm64 || !has_own_limit(builder))
		return 0;
	builder->grant_pages_high++;
	if (!builder->options.strict_address_bits) {
		pvb_builder_log(builder, 0,
				"page %zu of the grant table is frame 0x%" PRIx64
				", above the guest's %u address bits: the hypervisor chose it",
				page, frame, builder->address_bits);
		return 0;
	}
	int rc = pvb_fail(error, PVB_E_HOST_FRAME_TOO_HIGH, builder->stage,
			  "page %zu of the grant table is frame 0x%" PRIx64
			  ", but must lie below frame 0x%" PRIx64 " (%u address bits)",
			  page, frame, limit, builder->address_bits);

	pvb_hint(error, "Xen takes these pages from where it likes, and cannot be asked for low "
			"ones: allow more address bits, or leave "
			"pvb_build_options.strict_address_bits out if the guest has no use for "
			"grants");
	return rc;
}

/* Keeps where it is for the result. Pages that were there the last time were looked at then. */
int pvb_build_find_grant_table(struct pvb_builder *builder, struct pvb_error *error)
{
	PVB_AUTO_FREE pvb_mfn_t *frames = NULL;
	size_t count = USUAL_PAGES, room;

	do {
		pvb_mfn_t *more = reallocarray(frames, count, sizeof *frames);

		if (!more)
			return pvb_fail_memory(error, builder->stage, "the pages of a grant table");
		frames = more;
		room = count;
		int rc = pvb_host_get_grant_frames(builder->host, builder->domid, frames, room,
						   &count, error);

		if (rc)
			return rc;
	} while (count > room);
	for (size_t i = builder->grant_pages; i < count; i++) {
		int rc = check_page(builder, i, frames[i].n, error);

		if (rc)
			return rc;
	}
	builder->grant_pages = count;
	return pvb_result_grant_table(builder, frames, count, error);
}

/* Share the rings with their backends; one that is the guest itself needs no grant. */
int pvb_build_grants(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	const struct {
		uint32_t index;
		uint16_t backend;
		pvb_pfn_t pfn;
	} rings[] = {
		{PVB_ABI_GRANT_CONSOLE, builder->options.console_domid, plan->console.first},
		{PVB_ABI_GRANT_XENSTORE, builder->options.xenstore_domid, plan->xenstore.first},
	};
	struct pvb_host_grant grants[sizeof rings / sizeof rings[0]];
	size_t count = 0;

	for (size_t i = 0; i < sizeof rings / sizeof rings[0]; i++) {
		if (rings[i].backend == builder->domid)
			continue;
		grants[count] = (struct pvb_host_grant){
			.index = rings[i].index,
			.flags = PVB_ABI_GTF_PERMIT_ACCESS,
			.domid = rings[i].backend,
		};
		int rc = pvb_builder_frame(builder, rings[i].pfn, &grants[count].frame, error);
		if (rc)
			return rc;
		count++;
	}
	if (count == 0)
		return 0;
	int rc = pvb_host_set_grants(builder->host, builder->domid, grants, count, error);

	return rc ? rc : pvb_build_find_grant_table(builder, error);
}
