/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest may be changing its p2m while it is read. Of its list in virtual memory it says when:
 * p2m_generation is raised before a change of what the list is mapped to, and once more behind
 * it (Xen public arch-x86/xen.h), so that it is odd in between. So it is read before and after,
 * with all the other anchors; what was read counts if they are the same and the number is
 * even. Single entries may change at any time, by one store each.
 */
#include <pvbuild/p2m.h>

#include <inttypes.h>
#include <stdlib.h>

#include "core/budget.h"
#include "core/checked.h"
#include "core/cleanup.h"
#include "core/error.h"
#include "p2m/read.h"
#include "p2m/result.h"
#include "p2m/walk.h"

#define ATTEMPTS 8u
#define DISAGREEMENTS 64u

/* ---- the protocol ---- */

/* What is done between two looks at the anchors; it has to be fine to do it again. */
struct reading {
	const struct pvb_p2m_access *access;
	struct pvb_p2m_options options;
	struct pvb_p2m_anchors anchors;
	unsigned restarts;
	int (*attempt)(struct reading *reading, struct pvb_error *error);
};

static int look(const struct reading *reading, struct pvb_p2m_anchors *anchors,
		struct pvb_error *error)
{
	int rc;

	*anchors = (struct pvb_p2m_anchors){0};
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	rc = reading->access->anchors(reading->access->opaque, anchors, error);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return rc;
}

static bool same(const struct pvb_p2m_anchors *a, const struct pvb_p2m_anchors *b)
{
	return a->guest_bits == b->guest_bits && a->max_pfn == b->max_pfn &&
	       a->frame_list_list == b->frame_list_list && a->p2m_cr3 == b->p2m_cr3 &&
	       a->p2m_vaddr == b->p2m_vaddr && a->p2m_generation == b->p2m_generation &&
	       a->has_tree == b->has_tree && a->p2m_levels == b->p2m_levels &&
	       a->p2m_root == b->p2m_root;
}

static int stuck(const struct pvb_p2m_anchors *anchors, unsigned attempts, struct pvb_error *error)
{
	int rc;

	if (!attempts)
		rc = pvb_fail(error, PVB_E_P2M_STUCK, P2M_STAGE,
			      "p2m_generation is %" PRIu64
			      ", which is odd: the guest was stopped while it was changing its p2m",
			      anchors->p2m_generation);
	else
		rc = pvb_fail(error, PVB_E_P2M_STUCK, P2M_STAGE,
			      "p2m_generation is %" PRIu64
			      ", which is odd, and was so each of the %u times that it was looked "
			      "at: the guest has begun to change its p2m, and has not ended that",
			      anchors->p2m_generation, attempts);
	pvb_hint(error,
		 attempts ? "a guest that is paused does not go on: unpause it for a moment. One "
			    "that has crashed there has no p2m to rely on"
			  : "make another dump");
	return rc;
}

static int torn(const struct pvb_p2m_anchors *before, const struct pvb_p2m_anchors *after,
		unsigned attempts, struct pvb_error *error)
{
	int rc;

	if (before->p2m_generation != after->p2m_generation)
		rc = pvb_fail(error, PVB_E_P2M_TORN, P2M_STAGE,
			      "the p2m changed each of the %u times that it was read: "
			      "p2m_generation went from %" PRIu64 " to %" PRIu64 " the last time",
			      attempts, before->p2m_generation, after->p2m_generation);
	else
		rc = pvb_fail(error, PVB_E_P2M_TORN, P2M_STAGE,
			      "the p2m changed each of the %u times that it was read: its anchors "
			      "are others than before, the last time with p2m_generation at "
			      "%" PRIu64 " all the while",
			      attempts, before->p2m_generation);
	pvb_hint(error, "pause the domain, or raise pvb_p2m_options.attempts");
	return rc;
}

/* The last two looks that differ. */
static void remember(struct pvb_p2m_anchors seen[2], const struct pvb_p2m_anchors *now)
{
	if (same(&seen[1], now))
		return;
	seen[0] = seen[1];
	seen[1] = *now;
}

/* A guest that has not run has no generations yet. */
static bool is_odd(const struct reading *reading)
{
	return reading->options.anchor != PVB_P2M_ANCHOR_START_INFO &&
	       reading->anchors.p2m_generation % 2;
}

/* Nobody changes what is read: a dump, or nobody who could tell. */
static int read_still(struct reading *reading, struct pvb_error *error)
{
	if (is_odd(reading))
		return stuck(&reading->anchors, 0, error);
	return reading->attempt(reading, error);
}

static int read_steadily(struct reading *reading, struct pvb_error *error)
{
	const unsigned attempts = reading->options.attempts;
	struct pvb_p2m_anchors seen[2] = {0}, after, *before = &reading->anchors;
	bool always_odd = true;
	uint64_t first_odd = 0;

	for (unsigned i = 0; i < attempts; i++) {
		struct pvb_error late;
		int rc = look(reading, before, error);

		if (rc)
			return rc;
		remember(seen, before);
		if (i == 0)
			first_odd = before->p2m_generation;
		if (is_odd(reading)) {
			always_odd &= before->p2m_generation == first_odd;
			continue;
		}
		always_odd = false;
		rc = reading->attempt(reading, error);
		if (rc == -PVB_E_ARG_NO_MEMORY)
			return rc;

		/* What went wrong may have done so because of a change. */
		int late_rc = look(reading, &after, &late);

		if (late_rc && !rc && error)
			*error = late;
		if (late_rc)
			return rc ? rc : late_rc;
		if (same(before, &after))
			return rc;
		remember(seen, &after);
		reading->restarts++;
	}
	return always_odd ? stuck(before, attempts, error)
			  : torn(&seen[0], &seen[1], attempts, error);
}

static int read_with(struct reading *reading, const struct pvb_p2m_anchors *anchors,
		     const struct pvb_p2m_options *options, struct pvb_error *error)
{
	int rc = pvb_options(&reading->options, sizeof reading->options, options, P2M_STAGE, error);

	if (rc)
		return rc;
	if (!reading->options.attempts)
		reading->options.attempts = ATTEMPTS;
	if (!reading->options.max_disagreements)
		reading->options.max_disagreements = DISAGREEMENTS;
	reading->options.max_disagreements =
		pvb_min(reading->options.max_disagreements,
			PVB_BUDGET_PIECES(sizeof(struct pvb_p2m_disagreement)));
	if (!reading->options.max_extents)
		reading->options.max_extents = PVB_BUDGET_PIECES(sizeof(struct pvb_p2m_extent));
	if (!reading->access->anchors && !anchors)
		return pvb_fail(error, PVB_E_ARG_INVALID, P2M_STAGE,
				"neither anchors nor a way to look at them was given");
	if (reading->access->anchors)
		return read_steadily(reading, error);
	reading->anchors = *anchors;
	return read_still(reading, error);
}

/* ---- all of it ---- */

struct whole {
	struct reading reading;
	struct p2m_source source;
	struct p2m_route route;
	struct p2m_walk walk;
};

static int read_whole(struct reading *reading, struct pvb_error *error)
{
	struct whole *whole = (struct whole *)reading;
	int rc = pvb_p2m_check_source(reading->access, reading->anchors.guest_bits, &whole->source,
				      error);

	if (!rc)
		rc = pvb_p2m_choose_route(&whole->source, &reading->anchors, &reading->options,
					  &whole->route, error);
	if (rc)
		return rc;
	pvb_p2m_walk_free(&whole->walk);
	whole->walk = (struct p2m_walk){
		.source = &whole->source,
		.route = &whole->route,
		.strict = reading->options.strict,
		.extents.most = reading->options.max_extents,
	};
	return pvb_p2m_walk(&whole->walk, error);
}

static void fill_info(const struct whole *whole, struct pvb_p2m_info *info)
{
	const struct p2m_walk *walk = &whole->walk;

	*info = (struct pvb_p2m_info){
		.geometry = whole->route.geometry,
		.anchors = whole->reading.anchors,
		.anchor = whole->route.anchor,
		.levels = whole->route.page_tables ? 0 : whole->route.height + 1,
		.root = whole->route.root,
		.vaddr = whole->route.vaddr,
		.table_pages = walk->table_pages,
		.leaf_pages = walk->totals.leaf_pages,
		.shared_pages = walk->totals.shared_pages,
		.missing_pages = walk->totals.missing_pages,
		.frames = walk->frames,
		.foreign = walk->totals.foreign,
		.identity = walk->totals.identity,
		.wild = walk->totals.wild,
		.restarts = whole->reading.restarts,
	};
	info->geometry.pfns = walk->pfns;
	info->holes = walk->pfns - info->frames - info->foreign - info->identity - info->wild;
}

static int finish(struct whole *whole, struct pvb_p2m **p2m, struct pvb_error *error)
{
	struct pvb_p2m *result = calloc(1, sizeof *result);
	int rc = 0;

	if (!result)
		return pvb_fail_memory(error, P2M_STAGE, "a p2m");
	fill_info(whole, &result->info);
	result->extents = whole->walk.extents.list;
	result->extent_count = whole->walk.extents.count;
	whole->walk.extents.list = NULL;
	if (whole->reading.access->m2p || whole->reading.access->owned)
		rc = pvb_p2m_compare(result, whole->reading.access, &whole->reading.options, error);
	if (rc) {
		pvb_p2m_free(result);
		return rc;
	}
	result->info.extents = result->extents;
	result->info.extent_count = result->extent_count;
	result->info.disagreements = result->disagreements;
	result->info.disagreement_count = result->disagreement_count;
	result->info.not_owned = result->not_owned;
	result->info.not_owned_count = result->not_owned_count;
	*p2m = result;
	return 0;
}

int pvb_p2m_read(const struct pvb_p2m_access *access, const struct pvb_p2m_anchors *anchors,
		 const struct pvb_p2m_options *options, struct pvb_p2m **p2m,
		 struct pvb_error *error)
{
	struct whole whole = {.reading = {.access = access, .attempt = read_whole}};
	int rc = read_with(&whole.reading, anchors, options, error);

	*p2m = NULL;
	if (!rc)
		rc = finish(&whole, p2m, error);
	pvb_p2m_walk_free(&whole.walk);
	return rc;
}

void pvb_p2m_free(struct pvb_p2m *p2m)
{
	if (!p2m)
		return;
	free(p2m->extents);
	free(p2m->disagreements);
	free(p2m->not_owned);
	free(p2m);
}

const struct pvb_p2m_info *pvb_p2m_info(const struct pvb_p2m *p2m)
{
	return &p2m->info;
}

uint64_t pvb_p2m_find(const struct pvb_p2m *p2m, uint64_t pfn)
{
	size_t low = 0, high = p2m->extent_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p2m->extents[middle].pfn + (p2m->extents[middle].count - 1) < pfn)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == p2m->extent_count || p2m->extents[low].pfn > pfn)
		return PVB_P2M_NONE;
	return p2m->extents[low].mfn + (pfn - p2m->extents[low].pfn);
}

/* ---- one PFN of it ---- */

struct single {
	struct reading reading;
	uint64_t pfn;
	struct pvb_p2m_path path;
};

/* What stands in a page of entries, the last on the way. */
static int read_leaf(const struct p2m_source *source, uint64_t frame, struct pvb_p2m_path *path,
		     struct pvb_error *error)
{
	const struct pvb_p2m_access *access = source->access;
	PVB_AUTO_FREE void *page = malloc(source->page_size);
	uint64_t index = path->pfn % pvb_p2m_entries_per_page(&path->geometry);

	if (!page)
		return pvb_fail_memory(error, P2M_STAGE, "a page of a p2m");

	int rc = access->read(access->opaque, &frame, 1, page, error);

	if (rc)
		return rc;
	path->entry = p2m_entry(path->geometry.entry_size, page, index);
	path->steps[path->step_count++] = (struct pvb_p2m_step){
		.kind = PVB_P2M_STEP_LEAF,
		.level = 1,
		.mfn = frame,
		.index = index,
		.entry = path->entry,
	};
	return 0;
}

static int read_single(struct reading *reading, struct pvb_error *error)
{
	struct single *single = (struct single *)reading;
	struct pvb_p2m_path *path = &single->path;
	struct p2m_source source;
	struct p2m_route route;
	uint64_t frame;
	int rc = pvb_p2m_check_source(reading->access, reading->anchors.guest_bits, &source, error);

	if (!rc)
		rc = pvb_p2m_choose_route(&source, &reading->anchors, &reading->options, &route,
					  error);
	if (rc)
		return rc;
	if (single->pfn >= route.geometry.pfns)
		return pvb_fail(error, PVB_E_ARG_INVALID, P2M_STAGE,
				"PFN 0x%" PRIx64 " is asked for, and the p2m at %s has those below "
				"0x%" PRIx64,
				single->pfn, pvb_p2m_anchor_name(route.anchor),
				route.geometry.pfns);
	*path = (struct pvb_p2m_path){
		.geometry = route.geometry,
		.anchors = reading->anchors,
		.anchor = route.anchor,
		.levels = route.page_tables ? 0 : route.height + 1,
		.root = route.root,
		.vaddr = route.page_tables ? route.vaddr + single->pfn * route.geometry.entry_size
					   : PVB_P2M_NONE,
		.pfn = single->pfn,
		.entry = PVB_P2M_NONE,
	};
	rc = pvb_p2m_frame_of_page(&source, &route,
				   single->pfn / pvb_p2m_entries_per_page(&route.geometry), &frame,
				   path, error);
	if (!rc && frame != PVB_P2M_NONE)
		rc = read_leaf(&source, frame, path, error);
	path->kind = p2m_kind(&source, path->entry);
	return rc;
}

int pvb_p2m_trace(const struct pvb_p2m_access *access, const struct pvb_p2m_anchors *anchors,
		  const struct pvb_p2m_options *options, uint64_t pfn, struct pvb_p2m_path *path,
		  struct pvb_error *error)
{
	struct single single = {.reading = {.access = access, .attempt = read_single}, .pfn = pfn};
	int rc = read_with(&single.reading, anchors, options, error);
	uint64_t count;

	if (rc)
		return rc;
	*path = single.path;
	path->restarts = single.reading.restarts;
	path->m2p_pfn = PVB_P2M_NONE;
	path->m2p_known = path->owner_known = path->owned = false;
	if (path->kind != PVB_P2M_ENTRY_FRAME)
		return 0;
	path->m2p_known = access->m2p != NULL;
	path->owner_known = access->owned != NULL;
	if (access->owned)
		rc = access->owned(access->opaque, &(struct pvb_p2m_extent){pfn, path->entry, 1}, 1,
				   &path->owned, &count, error);
	if (rc || !access->m2p)
		return rc;
	return access->m2p(access->opaque, path->entry, 1, &path->m2p_pfn, &count, error);
}

int pvb_p2m_lookup(const struct pvb_p2m_access *access, const struct pvb_p2m_anchors *anchors,
		   const struct pvb_p2m_options *options, uint64_t pfn, enum pvb_p2m_entry *kind,
		   uint64_t *entry, struct pvb_error *error)
{
	struct single single = {.reading = {.access = access, .attempt = read_single}, .pfn = pfn};
	int rc = read_with(&single.reading, anchors, options, error);

	if (rc)
		return rc;
	*kind = single.path.kind;
	*entry = single.path.entry;
	return 0;
}
