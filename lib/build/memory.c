/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's memory: claimed whole, then populated in the largest extents that
 * the host has, and kept as runs.
 *
 * Which order to ask for: a host only loses large extents while a domain is being
 * built, so an order is given up for the rest of a region once it has made no
 * progress at all, and asked for again as long as it makes some. Each order costs
 * at most one call in vain, whatever the host's memory looks like.
 */
#include "build/builder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "build/abi.h"
#include "core/checked.h"
#include "plan/arm64.h"

/* Extents asked for in one call, whatever the host would take: bounds our own memory. */
#define BATCH_MAX (UINT64_C(1) << 18)
#define ORDER_MAX 40

/* Without extended cr3, the root of a PAE guest has an address of so many bits. */
#define ROOT_BITS 32

#define SIZE_TEXT 48

/* "1073741824 bytes (1 GiB)" */
static const char *size_text(char text[static SIZE_TEXT], uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
	double value = (double)bytes / 1024;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
		value /= 1024;
		unit++;
	}
	(void)snprintf(text, SIZE_TEXT, "%" PRIu64 " bytes (%.4g %s)", bytes, value, units[unit]);
	return text;
}

static uint64_t bytes_of(const struct pvb_builder *builder, uint64_t pages)
{
	return pages << builder->host->page_shift;
}

uint64_t pvb_build_pages(const struct pvb_builder *builder)
{
	return builder->plan->pages + (builder->plan->arm64 ? PVB_ARM64_MAGIC_PAGES : 0);
}

uint64_t pvb_build_populate_bytes(const struct pvb_builder *builder)
{
	return bytes_of(builder, pvb_build_pages(builder));
}

int pvb_builder_frame(const struct pvb_builder *builder, pvb_pfn_t pfn, pvb_mfn_t *mfn,
		      struct pvb_error *error)
{
	if (pvb_runs_find(&builder->memory, pfn.n, &mfn->n, NULL)) {
		if (builder->plan->arm64)
			*mfn = PVB_MFN(pfn.n);
		return 0;
	}
	return pvb_fail(error, PVB_E_BUG, builder->stage, "PFN 0x%" PRIx64 " has no memory", pfn.n);
}

/* What the host has left, as one sentence, for a refusal. */
struct shortage {
	uint64_t free;
	uint64_t available; /* free, and claimed by no other domain */
	bool known;
	char text[240];
};

static void look_at_host(struct pvb_builder *builder, struct shortage *shortage)
{
	struct pvb_host_info info;
	char free_text[SIZE_TEXT], scrubbing[SIZE_TEXT], claimed[SIZE_TEXT];

	*shortage = (struct shortage){0};
	if (pvb_host_get_info(builder->host, &info, NULL)) {
		(void)snprintf(shortage->text, sizeof shortage->text,
			       "what the host has free could not be learned");
		return;
	}

	uint64_t ours = builder->claimed
				? bytes_of(builder, pvb_build_pages(builder) - builder->populated)
				: 0;
	uint64_t others = info.memory_claimed - pvb_min(ours, info.memory_claimed);

	shortage->known = true;
	shortage->free = info.memory_free;
	shortage->available = info.memory_free - pvb_min(others, info.memory_free);
	(void)snprintf(shortage->text, sizeof shortage->text,
		       "the host has %s free, %s being scrubbed, %s claimed by other domains",
		       size_text(free_text, info.memory_free),
		       size_text(scrubbing, info.memory_scrubbing), size_text(claimed, others));
}

static void hint_memory(struct pvb_error *error)
{
	pvb_hint(error, "give the guest less memory, or free some: destroy a domain, or balloon "
			"one down");
}

/* Set the guest's memory aside, where the host can do that. */
static int claim(struct pvb_builder *builder, struct pvb_error *error)
{
	uint64_t wanted = bytes_of(builder, pvb_build_pages(builder));
	struct shortage shortage;
	char text[SIZE_TEXT];

	if (!builder->host_info.claims)
		return 0;

	int rc = pvb_host_claim_memory(builder->host, builder->domid, wanted, error);
	if (rc == 0) {
		builder->claimed = true;
		return 0;
	}
	if (rc != -PVB_E_HOST_CLAIM && rc != -PVB_E_HOST_NO_MEMORY)
		return rc;

	look_at_host(builder, &shortage);
	rc = pvb_fail(error,
		      shortage.known && shortage.free < wanted ? PVB_E_HOST_NO_MEMORY
							       : PVB_E_HOST_CLAIM,
		      builder->stage, "the guest is to have %s, and %s", size_text(text, wanted),
		      shortage.text);
	hint_memory(error);
	return rc;
}

int pvb_build_release_claim(struct pvb_builder *builder, struct pvb_error *error)
{
	if (!builder->claimed)
		return 0;
	int rc = pvb_host_claim_memory(builder->host, builder->domid, 0, error);
	if (rc == 0)
		builder->claimed = false;
	return rc;
}

/*
 * PFNs whose machine addresses share a limit: count of them from first on, below
 * 1 << bits, of which the host must be told where ask is not 0.
 */
struct region {
	uint64_t first;
	uint64_t count;
	unsigned bits;
	unsigned ask;
	const char *why; /* for a refusal: what it is that must lie there */
	int node;        /* or PVB_HOST_ANY_NODE */
	bool exact_node;
};

struct regions {
	struct region *list;
	size_t count;
};

/* What a leaf's parent covers: 2 MiB in pages of 4 KiB. */
#define LARGE_PAGES(shift) (UINT64_C(1) << ((shift)-3))

/* What an entry of each level of tables covers: log2 of how many of the level below. */
static unsigned level_bits(const struct pvb_builder *builder)
{
	return builder->host->page_shift - 3;
}

/* 1 GiB, 2 MiB, 4 KiB, for pages of 4 KiB: what one entry of each level of tables covers. */
static unsigned next_order(const struct pvb_builder *builder, unsigned order)
{
	return (order - 1) / level_bits(builder) * level_bits(builder);
}

/*
 * The largest extent to ask for. Of a translated guest's it is what one entry of the
 * processor's second stage can map: blocks of 2 MiB and 1 GiB where pages have 4 KiB, of 32 MiB
 * where they have 16, of 512 MiB where they have 64 (Arm ARM D8.2).
 */
static unsigned first_order(const struct pvb_builder *builder)
{
	unsigned order = (unsigned)pvb_min(builder->host_info.max_extent_order, ORDER_MAX);
	unsigned bits = level_bits(builder);

	if (!builder->plan->arm64)
		return order;
	order = (unsigned)pvb_min(order, builder->host->page_shift == 12 ? 2 * bits : bits);
	return order / bits * bits;
}

/* Extents to ask for in one call: count of them, of 1 << order pages. */
struct step {
	unsigned order;
	uint64_t count;
};

/*
 * The largest there may be from a PFN on, with left to go. A PV guest's need not
 * be aligned; a translated one's are, and go only as far as to where larger ones can follow.
 */
static struct step next_step(const struct pvb_builder *builder, uint64_t pfn, uint64_t left,
			     unsigned most)
{
	bool aligned = builder->plan->arm64 != NULL;
	struct step step = {.order = most};

	while (step.order && (left >> step.order == 0 ||
			      (aligned && !pvb_is_aligned(pfn, UINT64_C(1) << step.order))))
		step.order = next_order(builder, step.order);
	step.count = left >> step.order;
	if (aligned && step.order < most) {
		uint64_t larger = UINT64_C(1) << (step.order + level_bits(builder));
		uint64_t up_to = larger - (pfn & (larger - 1));

		if (up_to < left)
			step.count = up_to >> step.order;
	}
	return step;
}

/*
 * There is memory, but not where it is wanted. below: bytes that are free there, or NULL where
 * that is not known.
 */
static int no_memory_below(struct pvb_builder *builder, const struct region *region,
			   const uint64_t *below, const struct shortage *shortage,
			   struct pvb_error *error)
{
	char low[SIZE_TEXT] = "an unknown amount";
	char want[SIZE_TEXT], got[SIZE_TEXT], end[SIZE_TEXT];

	if (below)
		(void)size_text(low, *below);
	int rc = pvb_fail(error, PVB_E_HOST_NO_MEMORY_BELOW, builder->stage,
			  "%s must lie below %s of machine address, where the host has %s free: "
			  "of %s wanted, %s were allocated; in all, %s",
			  region->why, size_text(end, UINT64_C(1) << region->bits), low,
			  size_text(want, bytes_of(builder, pvb_build_pages(builder))),
			  size_text(got, bytes_of(builder, builder->populated)), shortage->text);

	if (region->bits == builder->address_bits &&
	    builder->plan->info.own_address_bits_source == PVB_BITS_NOTE)
		pvb_hint(error,
			 "free memory below 2^%u bytes, or use a kernel that takes wider addresses",
			 region->bits);
	else if (region->bits == builder->address_bits)
		pvb_hint(error,
			 "free memory below 2^%u bytes, or raise pvb_spec.max_address_bits if the "
			 "kernel is "
			 "known to take wider addresses",
			 region->bits);
	else
		pvb_hint(error, "free memory below 2^%u bytes", region->bits);
	return rc;
}

static int no_memory_on_node(const struct pvb_builder *builder, const struct region *region,
			     uint64_t missing, const struct shortage *shortage,
			     struct pvb_error *error)
{
	char want[SIZE_TEXT], short_of[SIZE_TEXT], below[48] = "";

	if (region->ask)
		(void)snprintf(below, sizeof below, ", below 2^%u bytes", region->bits);
	int rc = pvb_fail(error, PVB_E_HOST_NO_MEMORY, builder->stage,
			  "%s from guest physical address 0x%" PRIx64
			  " on are to come from node %d alone%s, which is %s short; in all, %s",
			  size_text(want, bytes_of(builder, region->count)),
			  bytes_of(builder, region->first), region->node, below,
			  size_text(short_of, bytes_of(builder, missing)), shortage->text);

	pvb_hint(error, "free memory on that node, or let the range come from others, too");
	return rc;
}

static int no_memory(struct pvb_builder *builder, const struct region *region, uint64_t missing,
		     struct pvb_error *error)
{
	uint64_t wanted = bytes_of(builder, pvb_build_pages(builder)), below;
	char want[SIZE_TEXT], got[SIZE_TEXT];
	struct shortage shortage;

	look_at_host(builder, &shortage);
	if (region->exact_node)
		return no_memory_on_node(builder, region, missing, &shortage, error);
	if (region->ask && shortage.known && shortage.available >= bytes_of(builder, missing)) {
		bool known =
			pvb_host_get_free_below(builder->host, region->bits, &below, NULL) == 0;

		return no_memory_below(builder, region, known ? &below : NULL, &shortage, error);
	}
	int rc = pvb_fail(error, PVB_E_HOST_NO_MEMORY, builder->stage,
			  "the guest is to have %s; after %s there was no more: %s",
			  size_text(want, wanted),
			  size_text(got, bytes_of(builder, builder->populated)), shortage.text);
	hint_memory(error);
	return rc;
}

/* Put the extents that came into the runs; what the host hands out is not taken on trust. */
static int keep_extents(struct pvb_builder *builder, const struct region *region, uint64_t pfn,
			unsigned order, const pvb_extent_t *extents, uint64_t count,
			struct pvb_error *error)
{
	unsigned shift = builder->host->page_shift;
	uint64_t pages = UINT64_C(1) << order;
	uint64_t frames = UINT64_C(1) << (region->bits - shift);

	for (uint64_t i = 0; i < count; i++, pfn += pages) {
		enum pvb_extent_flaw flaw = pvb_extent_check(extents[i], shift);

		if (flaw || pvb_extent_shift(extents[i]) != order + shift)
			return pvb_fail(error, PVB_E_BUG, builder->stage,
					"the host answered with extent 0x%" PRIx64
					" where 2^%u bytes were asked for, which %s",
					extents[i].word, order + shift,
					flaw ? pvb_extent_flaw_text(flaw) : "is of another size");

		uint64_t mfn = pvb_extent_frame(extents[i], shift).n;

		if (mfn >= frames || frames - mfn < pages) {
			uint64_t bad = mfn >= frames ? mfn : frames;
			int rc = pvb_fail(
				error, PVB_E_HOST_FRAME_TOO_HIGH, builder->stage,
				"PFN 0x%" PRIx64 " was given frame 0x%" PRIx64
				", but %s must lie below frame 0x%" PRIx64 " (%u address bits)",
				pfn + (bad - mfn), bad, region->why, frames, region->bits);
			pvb_hint(error, "the hypervisor did not heed the address limit of the "
					"allocation: report this to its vendor");
			return rc;
		}
		if (pvb_runs_add(&builder->memory, pfn, mfn, pages))
			return pvb_fail_memory(error, builder->stage, "the map of guest memory");
	}
	return 0;
}

static int populate_region(struct pvb_builder *builder, const struct region *region,
			   pvb_extent_t *extents, uint64_t room, struct pvb_error *error)
{
	uint64_t pfn = region->first, left = region->count;
	unsigned most = first_order(builder);

	while (left) {
		const struct step step = next_step(builder, pfn, left, most);
		const unsigned order = step.order;
		struct pvb_host_populate request = {
			.address = bytes_of(builder, pfn),
			.shift = order + builder->host->page_shift,
			.count = pvb_min(step.count, room),
			.address_bits = region->ask,
			.node = region->node,
			.exact_node = region->exact_node,
			.out = extents,
		};
		uint64_t done = 0;
		int rc = pvb_host_populate(builder->host, builder->domid, &request, &done, error);

		if (rc)
			return rc;
		if (done > request.count)
			return pvb_fail(error, PVB_E_BUG, builder->stage,
					"the host says that it allocated %" PRIu64
					" extents where %" PRIu64 " were asked for",
					done, request.count);
		if (done == 0) {
			if (order == 0)
				return no_memory(builder, region, left, error);
			most = next_order(builder, order);
			pvb_builder_log(builder, 1, "going on with extents of order %u", most);
			continue;
		}
		rc = keep_extents(builder, region, pfn, order, extents, done, error);
		if (rc)
			return rc;
		pfn += done << order;
		left -= done << order;
		builder->populated += done << order;
		rc = pvb_builder_advance(builder, bytes_of(builder, done << order), error);
		if (rc)
			return rc;
	}
	return 0;
}

/*
 * The regions of a guest, in the order in which to populate them: what must lie
 * lowest comes first, while there is such memory. Beside the limit for all,
 *
 *   the pages up to the rings lie where a version 1 grant table can name them,
 *   which has frame numbers of 32 bits (up to a whole large extent, as there is
 *   no reason to break one);
 *   the root of a 32-bit guest that takes no extended cr3 lies below 4 GiB.
 *
 * Both are PFNs before the first hole. A range of memory is cut where one of these ends.
 */
#define CUTS_MAX 4

static void add_region(struct regions *regions, struct region region)
{
	size_t at = regions->count++;

	for (; at > 0 && regions->list[at - 1].bits > region.bits; at--)
		regions->list[at] = regions->list[at - 1];
	regions->list[at] = region;
}

static void find_pv_regions(const struct pvb_builder *builder, struct regions *regions)
{
	const struct pvb_plan *plan = builder->plan;
	unsigned shift = builder->host->page_shift;
	unsigned grant_bits = PVB_ABI_GRANT_FRAME_BITS + shift;
	uint64_t rings = pvb_max(plan->console.first.n, plan->xenstore.first.n) + 1;
	uint64_t low_end = 0, root = plan->p2m_geometry.pfns;

	if (builder->address_bits > grant_bits)
		low_end = pvb_min(pvb_div_round_up(rings, LARGE_PAGES(shift)) * LARGE_PAGES(shift),
				  plan->p2m_geometry.pfns);
	if (plan->info.root_below_4g && builder->address_bits > ROOT_BITS)
		root = plan->initial.level[plan->levels - 1].first.n;

	const uint64_t cuts[CUTS_MAX] = {
		pvb_min(low_end, root),
		low_end <= root ? root : root + 1,
		pvb_min(low_end <= root ? root + 1 : low_end, plan->p2m_geometry.pfns),
		plan->p2m_geometry.pfns,
	};

	for (size_t i = 0; i < plan->info.range_count; i++) {
		const struct pvb_memory_range *range = &plan->info.ranges[i];
		uint64_t from = range->gpa >> shift, end = from + (range->bytes >> shift);

		for (unsigned cut = 0; cut < CUTS_MAX; cut++) {
			uint64_t to = pvb_max(from, pvb_min(cuts[cut], end));
			struct region region = {
				.first = from,
				.count = to - from,
				.bits = builder->address_bits,
				.ask = builder->bits_to_ask,
				.why = "the guest's memory",
				.node = range->node,
				.exact_node = range->exact,
			};

			if (from < low_end) {
				region.bits = region.ask = grant_bits;
				region.why = "what the version 1 grant table shares";
			}
			if (from == root) {
				region.bits = region.ask = ROOT_BITS;
				region.why = "the root page table of a guest without extended cr3";
			}
			if (region.count)
				add_region(regions, region);
			from = to;
		}
	}
}

/* Its grants name guest frames, and its tables are its own: all of it may be anywhere. */
static void find_arm64_regions(const struct pvb_builder *builder, struct regions *regions)
{
	const struct pvb_plan_arm64 *arm64 = builder->plan->arm64;
	unsigned shift = builder->host->page_shift;
	struct region region = {
		.first = arm64->magic[0] >> shift,
		.count = PVB_ARM64_MAGIC_PAGES,
		.bits = builder->address_bits,
		.ask = builder->bits_to_ask,
		.why = "the guest's magic pages",
		.node = PVB_HOST_ANY_NODE,
	};

	add_region(regions, region);
	region.why = "the guest's memory";
	for (size_t i = 0; i < arm64->bank_count; i++) {
		region.first = arm64->banks[i].gpa >> shift;
		region.count = arm64->banks[i].bytes >> shift;
		add_region(regions, region);
	}
}

static int find_regions(const struct pvb_builder *builder, struct regions *regions,
			struct pvb_error *error)
{
	size_t most = builder->plan->info.range_count + CUTS_MAX;

	*regions = (struct regions){.list = calloc(most, sizeof *regions->list)};
	if (!regions->list)
		return pvb_fail_memory(error, builder->stage, "the regions of guest memory");
	if (builder->plan->arm64)
		find_arm64_regions(builder, regions);
	else
		find_pv_regions(builder, regions);
	return 0;
}

/*
 * What must lie low is free there, as far as can be known before it is asked for: others may
 * be faster, and a host need not say. Memory that is short anywhere is found when it is asked
 * for.
 */
static int check_low_memory(struct pvb_builder *builder, const struct regions *regions,
			    struct pvb_error *error)
{
	uint64_t wanted = 0;

	for (size_t i = 0; i < regions->count; i++) {
		const struct region *region = &regions->list[i];
		struct shortage shortage;
		uint64_t below;

		/* Those with lower limits lie below this one, too. */
		wanted += region->count;
		if (!region->ask)
			continue;
		/* Asked once for all that share a limit. */
		if (i + 1 < regions->count && region[1].ask == region->ask &&
		    region[1].bits == region->bits)
			continue;
		int rc = pvb_host_get_free_below(builder->host, region->bits, &below, error);

		if (rc == -PVB_E_HOST_STATE || rc == -PVB_E_HOST_DENIED)
			continue;
		if (rc)
			return rc;
		if (below >= bytes_of(builder, wanted))
			continue;
		look_at_host(builder, &shortage);
		if (shortage.known &&
		    shortage.available >= bytes_of(builder, pvb_build_pages(builder)))
			return no_memory_below(builder, region, &below, &shortage, error);
	}
	return 0;
}

int pvb_build_claim(struct pvb_builder *builder, struct pvb_error *error)
{
	struct regions regions;
	int rc = claim(builder, error);

	if (rc == 0)
		rc = find_regions(builder, &regions, error);
	if (rc)
		return rc;
	rc = check_low_memory(builder, &regions, error);
	free(regions.list);
	return rc;
}

static int populate_regions(struct pvb_builder *builder, pvb_extent_t *extents, uint64_t room,
			    struct pvb_error *error)
{
	struct regions regions;
	int rc = find_regions(builder, &regions, error);

	for (size_t i = 0; i < regions.count && rc == 0; i++)
		rc = populate_region(builder, &regions.list[i], extents, room, error);
	free(regions.list);
	return rc;
}

int pvb_build_populate(struct pvb_builder *builder, struct pvb_error *error)
{
	uint64_t pages = pvb_build_pages(builder);
	uint64_t room =
		pvb_min(pvb_min(pvb_max(builder->host_info.max_extents, 1), BATCH_MAX), pages);
	pvb_extent_t *extents = calloc(room, sizeof *extents);

	if (!extents)
		return pvb_fail_memory(error, builder->stage, "a batch of extents");
	int rc = populate_regions(builder, extents, room, error);
	free(extents);
	if (rc == 0)
		rc = pvb_build_release_claim(builder, error);
	if (rc == 0)
		pvb_builder_log(builder, 1, "%" PRIu64 " pages in %zu runs", pages,
				builder->memory.n);
	return rc;
}
