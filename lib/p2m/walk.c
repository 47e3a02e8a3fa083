/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables are looked at one by one, and the pages of entries below one table together, a window
 * of them at a time. A kernel that could grow has a longer p2m than it has memory, with what is
 * empty of it led to the same few pages (Linux' list is as long as 512 GiB want it, whatever
 * the guest has): what was met twice and has no frame in it is not looked at again.
 *
 * Every table and page is read at most once for each height that it stands at, and once
 * more: the first time it is marked as met, the second time noted as having no frame, or
 * refused for having one. So a p2m costs in proportion to the memory that the guest has put into
 * it, and not to the max_pfn that it claims.
 */
#include "p2m/walk.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/checked.h"
#include "core/error.h"

#define WINDOW_BYTES (1u << 20)

/* Entries that a table has at most: of 4 bytes in 64 KiB. */
#define TABLE_ENTRIES_MOST 16384u

/* ---- entries ---- */

static int too_scattered(const struct p2m_walk *walk, uint64_t pfn, struct pvb_error *error)
{
	int rc = pvb_fail(error, PVB_E_P2M_SCATTERED, P2M_STAGE,
			  "the p2m is in more than %zu pieces that do not continue each other, up "
			  "to PFN 0x%" PRIx64 " alone",
			  walk->max_extents, pfn);

	pvb_hint(error, "max_extents can be raised for a guest that is trusted");
	return rc;
}

static int add_extent(struct p2m_walk *walk, uint64_t pfn, uint64_t mfn, uint64_t count,
		      struct pvb_error *error)
{
	struct pvb_p2m_extent *last =
		walk->extent_count ? &walk->extents[walk->extent_count - 1] : NULL;

	walk->frames += count;
	if (last && last->pfn + last->count == pfn && last->mfn + last->count == mfn) {
		last->count += count;
		return 0;
	}
	if (walk->extent_count == walk->max_extents)
		return too_scattered(walk, pfn, error);
	if (walk->extent_count == walk->extent_capacity) {
		size_t capacity = walk->extent_capacity ? walk->extent_capacity * 2 : 64;
		struct pvb_p2m_extent *grown = reallocarray(walk->extents, capacity, sizeof *grown);

		if (!grown)
			return pvb_fail_memory(error, P2M_STAGE, "the extents of a p2m");
		walk->extents = grown;
		walk->extent_capacity = capacity;
	}
	walk->extents[walk->extent_count++] = (struct pvb_p2m_extent){pfn, mfn, count};
	return 0;
}

static int take_other(struct p2m_walk *walk, const struct p2m_place *place, uint64_t index,
		      uint64_t entry, struct pvb_error *error)
{
	enum pvb_p2m_entry kind = p2m_kind(walk->source, entry);
	uint64_t per_page = pvb_p2m_entries_per_page(&walk->route->geometry);
	int rc;

	if (kind == PVB_P2M_ENTRY_INVALID)
		return 0;
	walk->totals.foreign += kind == PVB_P2M_ENTRY_FOREIGN;
	walk->totals.identity += kind == PVB_P2M_ENTRY_IDENTITY;
	walk->totals.wild += kind == PVB_P2M_ENTRY_WILD;
	if (!walk->strict)
		return 0;
	rc = pvb_p2m_fail_at(walk->route, place, PVB_E_P2M_RANGE, error,
			     "entry %" PRIu64 " of the page there, PFN 0x%" PRIx64 ", is 0x%" PRIx64
			     ", which is %s and no MFN below 0x%" PRIx64,
			     index, place->page * per_page + index, entry,
			     kind == PVB_P2M_ENTRY_FOREIGN    ? "marked as another domain's"
			     : kind == PVB_P2M_ENTRY_IDENTITY ? "marked as the machine's own"
							      : "no hole",
			     walk->source->frames);
	pvb_hint(error, "where such entries are fine, as in a Linux that has mapped grants, do not "
			"ask to be strict");
	return rc;
}

static int take_entries(struct p2m_walk *walk, const struct p2m_place *place, const void *page,
			struct pvb_error *error)
{
	const struct p2m_route *route = walk->route;
	const unsigned size = route->geometry.entry_size;
	const uint64_t per_page = pvb_p2m_entries_per_page(&route->geometry);
	const uint64_t first = place->page * per_page, limit = walk->source->frames;
	const uint64_t count = pvb_min(per_page, route->geometry.pfns - first);

	for (uint64_t i = 0; i < count && !walk->ended;) {
		uint64_t entry = p2m_entry(size, page, i), n = 1;
		int rc;

		if (entry < limit) {
			while (i + n < count && entry + n < limit &&
			       p2m_entry(size, page, i + n) == entry + n)
				n++;
			if (route->frames && walk->frames + n >= route->frames) {
				n = route->frames - walk->frames;
				walk->pfns = first + i + n;
				walk->ended = true;
			}
			rc = add_extent(walk, first + i, entry, n, error);
		} else {
			rc = take_other(walk, place, i, entry, error);
		}
		if (rc)
			return rc;
		i += n;
	}
	return 0;
}

/* ---- what is known already ---- */

static void add_totals(struct p2m_totals *to, const struct p2m_totals *more)
{
	to->foreign += more->foreign;
	to->identity += more->identity;
	to->wild += more->wild;
	to->leaf_pages += more->leaf_pages;
	to->shared_pages += more->shared_pages;
	to->missing_pages += more->missing_pages;
}

static struct p2m_totals totals_since(const struct p2m_walk *walk, const struct p2m_totals *before)
{
	const struct p2m_totals *now = &walk->totals;

	return (struct p2m_totals){
		.foreign = now->foreign - before->foreign,
		.identity = now->identity - before->identity,
		.wild = now->wild - before->wild,
		.leaf_pages = now->leaf_pages - before->leaf_pages,
		.shared_pages = now->shared_pages - before->shared_pages,
		.missing_pages = now->missing_pages - before->missing_pages,
	};
}

/* Take what is below a frame from what was noted of it. */
static bool take_noted(struct p2m_walk *walk, uint64_t frame, unsigned height)
{
	const struct p2m_totals *noted = pvb_p2m_seen_barren(&walk->seen, frame, height);

	if (noted)
		add_totals(&walk->totals, noted);
	return noted != NULL;
}

/* All that it leads to was read, and none of it is a frame: so it is the next time, too. */
static int note_barren(struct p2m_walk *walk, uint64_t frame, unsigned height,
		       const struct p2m_totals *before, struct pvb_error *error)
{
	struct p2m_totals totals = totals_since(walk, before);

	totals.shared_pages = totals.leaf_pages;
	return pvb_p2m_seen_note_barren(&walk->seen, frame, height, &totals, error);
}

/* ---- pages of entries ---- */

/* The last page may be of use in part only: what is noted is of whole ones. */
static bool is_whole(const struct p2m_walk *walk, uint64_t page)
{
	const struct pvb_p2m_geometry *geometry = &walk->route->geometry;

	return page < geometry->pfns / pvb_p2m_entries_per_page(geometry);
}

static int fail_shared(const struct p2m_walk *walk, const struct p2m_place *from, uint64_t frame,
		       struct pvb_error *error)
{
	int rc = pvb_p2m_fail_at(walk->route, from, PVB_E_P2M_SHARED, error,
				 "the entry leads to MFN 0x%" PRIx64
				 ", which stands elsewhere in the p2m already: its frames would be "
				 "two PFNs each",
				 frame);

	pvb_hint(error, "only pages without a frame may stand in several places: the table was "
			"overwritten, or is a lie");
	return rc;
}

static int take_page(struct p2m_walk *walk, const struct p2m_place *place, uint64_t frame,
		     const void *page, struct pvb_error *error)
{
	const struct p2m_totals before = walk->totals;
	const uint64_t frames = walk->frames;
	bool met, whole = is_whole(walk, place->page);
	int rc;

	if (whole && take_noted(walk, frame, 0))
		return 0;
	rc = pvb_p2m_seen_add(&walk->seen, frame, &met, error);
	if (rc)
		return rc;
	walk->totals.leaf_pages++;
	walk->totals.shared_pages += met;
	rc = take_entries(walk, place, page, error);
	if (rc || !met)
		return rc;
	if (walk->frames != frames)
		return fail_shared(walk, place, frame, error);
	return whole ? note_barren(walk, frame, 0, &before, error) : 0;
}

/* Pages below one table that are read together: items by place, slots by what is read of them. */
struct p2m_batch {
	struct p2m_place place;
	size_t items;
	size_t slots;
	struct {
		uint64_t index;
		uint64_t page;
		uint64_t frame;
		size_t slot;
	} item[TABLE_ENTRIES_MOST];
	uint64_t frames[WINDOW_BYTES / 4096];
};

/*
 * A window that cannot be read is read once more page by page, to tell which of them it is that
 * the guest does not have: that is its fault, and anything else the host's.
 */
static int explain(struct p2m_walk *walk, int failed, struct pvb_error *error)
{
	const struct pvb_p2m_access *access = walk->source->access;
	const struct p2m_batch *batch = walk->batch;
	struct pvb_error found;

	if (failed != -PVB_E_HOST_MAP && failed != -PVB_E_HOST_DENIED && failed != -PVB_E_P2M_RANGE)
		return failed;
	for (size_t i = 0; i < batch->items; i++) {
		struct p2m_place place = batch->place;
		int rc;

		rc = access->read(access->opaque, &batch->item[i].frame, 1, walk->window, &found);
		if (!rc)
			continue;
		place.index = batch->item[i].index;
		place.page = batch->item[i].page;
		pvb_p2m_context_at(walk->route, &place, &found);
		if (error)
			*error = found;
		return rc;
	}
	return failed;
}

static int take_batch(struct p2m_walk *walk, struct pvb_error *error)
{
	const struct pvb_p2m_access *access = walk->source->access;
	struct p2m_batch *batch = walk->batch;
	struct p2m_place place = batch->place;
	int rc = 0;

	if (batch->slots)
		rc = access->read(access->opaque, batch->frames, batch->slots, walk->window, error);
	if (rc)
		return explain(walk, rc, error);
	for (size_t i = 0; !rc && !walk->ended && i < batch->items; i++) {
		place.index = batch->item[i].index;
		place.page = batch->item[i].page;
		rc = take_page(walk, &place, batch->item[i].frame,
			       walk->window + batch->item[i].slot * walk->source->page_size, error);
	}
	batch->items = 0;
	batch->slots = 0;
	return rc;
}

/* Which slot of a batch a frame is read into, the latest ones first; slots where into none. */
static size_t slot_of(const struct p2m_batch *batch, uint64_t frame)
{
	for (size_t slot = batch->slots; slot > 0; slot--)
		if (batch->frames[slot - 1] == frame)
			return slot - 1;
	return batch->slots;
}

static int add_to_batch(struct p2m_walk *walk, const struct p2m_place *place, uint64_t frame,
			struct pvb_error *error)
{
	struct p2m_batch *batch = walk->batch;
	bool noted = is_whole(walk, place->page) && pvb_p2m_seen_barren(&walk->seen, frame, 0);
	size_t slot = noted ? 0 : slot_of(batch, frame);

	if (!noted && slot == walk->window_pages) {
		int rc = take_batch(walk, error);

		if (rc)
			return rc;
		slot = 0;
	}
	if (!noted && slot == batch->slots)
		batch->frames[batch->slots++] = frame;
	batch->item[batch->items].index = place->index;
	batch->item[batch->items].page = place->page;
	batch->item[batch->items].frame = frame;
	batch->item[batch->items].slot = slot;
	batch->items++;
	return 0;
}

/* ---- tables ---- */

/* Nothing is there for count pages of entries from a place on. */
static int take_missing(struct p2m_walk *walk, const struct p2m_place *place, uint64_t count,
			struct pvb_error *error)
{
	const struct p2m_route *route = walk->route;
	uint64_t per_page = pvb_p2m_entries_per_page(&route->geometry);
	int rc;

	/* How long the list is was not known, and it has been read as far as it must go. */
	if (route->frames && place->page * per_page >= route->frames) {
		walk->ended = true;
		return 0;
	}
	walk->totals.missing_pages += count;
	if (!route->page_tables)
		return 0;
	if (!walk->any_missing)
		walk->first_missing = *place;
	walk->any_missing = true;
	if (!walk->strict)
		return 0;
	rc = pvb_p2m_fail_at(route, place, PVB_E_P2M_UNMAPPED, error,
			     "the entry is not present: nothing is mapped at 0x%" PRIx64
			     ", where the list from 0x%" PRIx64 " on goes",
			     route->vaddr + place->page * P2M_TABLE_PAGE_SIZE, route->vaddr);
	pvb_hint(error,
		 "the address of the list and its root table do not go together, or max_pfn is "
		 "more than the list has");
	return rc;
}

static int walk_table(struct p2m_walk *walk, unsigned height, uint64_t frame, uint64_t base,
		      const struct p2m_place *from, struct pvb_error *error);

static int walk_entry(struct p2m_walk *walk, const struct p2m_place *place, uint64_t count,
		      uint64_t base, struct pvb_error *error)
{
	const struct p2m_route *route = walk->route;
	const bool lowest = place->height == 1;
	uint64_t frame;
	int rc = pvb_p2m_follow(walk->source, route, place, walk->tables[place->height], &frame,
				error);

	if (rc)
		return rc;
	if (frame == PVB_P2M_NONE) {
		rc = lowest ? take_batch(walk, error) : 0;
		return rc || walk->ended ? rc : take_missing(walk, place, count, error);
	}
	for (unsigned height = place->height; height <= route->height; height++)
		if (walk->path[height] == frame)
			return pvb_p2m_fail_cycle(route, place, height, frame, error);
	if (lowest)
		return add_to_batch(walk, place, frame, error);
	return walk_table(walk, place->height - 1, frame, base, place, error);
}

/* The entries of a table that the pages from first to end are below; base is below its first. */
static int walk_entries(struct p2m_walk *walk, unsigned height, uint64_t base, uint64_t first,
			uint64_t end, struct pvb_error *error)
{
	const struct p2m_route *route = walk->route;
	const uint64_t below = p2m_pages_of_entry(route, height);
	int rc = 0;

	if (height == 1) {
		walk->batch->items = 0;
		walk->batch->slots = 0;
		walk->batch->place = (struct p2m_place){.height = 1, .table = walk->path[1]};
	}
	for (uint64_t at = first; !rc && !walk->ended && at < end;) {
		uint64_t entry_base = at - (at - base) % below;
		uint64_t next = pvb_min(end, entry_base + below);
		struct p2m_place place = {
			.height = height,
			.table = walk->path[height],
			.index = (at - base) / below,
			.page = at - route->place,
		};

		rc = walk_entry(walk, &place, next - at, entry_base, error);
		at = next;
	}
	return rc || walk->ended || height > 1 ? rc : take_batch(walk, error);
}

/* What a table leads to whose first entry is for "base"; "from" is the entry that led there. */
static int walk_table(struct p2m_walk *walk, unsigned height, uint64_t frame, uint64_t base,
		      const struct p2m_place *from, struct pvb_error *error)
{
	const struct p2m_route *route = walk->route;
	const struct pvb_p2m_access *access = walk->source->access;
	const struct p2m_totals before = walk->totals;
	const uint64_t frames = walk->frames, list_end = route->place + route->pages;
	const uint64_t span = p2m_pages_of_entry(route, height) << route->bits;
	const uint64_t first = pvb_max(base, route->place), end = pvb_min(base + span, list_end);
	const bool whole =
		first == base && end == base + span && is_whole(walk, end - route->place - 1);
	bool met;
	int rc;

	if (whole && take_noted(walk, frame, height))
		return 0;
	rc = access->read(access->opaque, &frame, 1, walk->tables[height], error);
	if (rc) {
		pvb_p2m_context_at(route, from, error);
		return rc;
	}
	rc = pvb_p2m_seen_add(&walk->seen, frame, &met, error);
	if (rc)
		return rc;
	walk->table_pages += !met;
	walk->path[height] = frame;
	rc = walk_entries(walk, height, base, first, end, error);
	walk->path[height] = PVB_P2M_NONE;
	if (rc || !met)
		return rc;
	if (walk->frames != frames)
		return fail_shared(walk, from, frame, error);
	return whole ? note_barren(walk, frame, height, &before, error) : 0;
}

/* A tree of one level: its root is the page of entries. */
static int walk_page(struct p2m_walk *walk, const struct p2m_place *root, struct pvb_error *error)
{
	const struct pvb_p2m_access *access = walk->source->access;
	int rc = access->read(access->opaque, &root->table, 1, walk->window, error);

	if (rc)
		pvb_p2m_context_at(walk->route, root, error);
	return rc ? rc : take_page(walk, root, root->table, walk->window, error);
}

/* How long the list is was to show from how many frames it has, and it has fewer. */
static int take_shortage(struct p2m_walk *walk, struct pvb_error *error)
{
	const struct p2m_route *route = walk->route;
	const struct pvb_p2m_extent *last =
		walk->extent_count ? &walk->extents[walk->extent_count - 1] : NULL;
	int rc;

	walk->pfns = pvb_min(route->geometry.pfns,
			     pvb_max(route->frames, last ? last->pfn + last->count : 0));
	if (!walk->strict)
		return 0;
	rc = pvb_fail(error, PVB_E_P2M_SHAPE, P2M_STAGE,
		      "start_info speaks of %" PRIu64 " pages, and %s has %" PRIu64
		      " frames, the last of them for PFN 0x%" PRIx64,
		      route->frames, pvb_p2m_anchor_name(route->anchor), walk->frames,
		      last ? last->pfn + last->count - 1 : 0);
	pvb_hint(error, "the list was cut short or overwritten, or nr_pages was");
	return rc;
}

int pvb_p2m_walk(struct p2m_walk *walk, struct pvb_error *error)
{
	const struct p2m_route *route = walk->route;
	const struct p2m_place root = {.height = route->height, .table = route->root};
	int rc;

	walk->pfns = route->geometry.pfns;
	walk->window_pages = WINDOW_BYTES / walk->source->page_size;
	walk->window = malloc(WINDOW_BYTES);
	walk->batch = malloc(sizeof *walk->batch);
	for (unsigned height = 1; height <= route->height; height++) {
		walk->path[height] = PVB_P2M_NONE;
		walk->tables[height] = malloc(walk->source->page_size);
		if (!walk->tables[height])
			return pvb_fail_memory(error, P2M_STAGE, "a page of a p2m");
	}
	if (!walk->window || !walk->batch)
		return pvb_fail_memory(error, P2M_STAGE, "a window onto a p2m");
	rc = route->height ? walk_table(walk, route->height, route->root, 0, &root, error)
			   : walk_page(walk, &root, error);
	if (!rc && !walk->totals.leaf_pages && walk->any_missing) {
		walk->strict = true;
		rc = take_missing(walk, &walk->first_missing, 0, error);
	}
	return !rc && walk->frames < route->frames ? take_shortage(walk, error) : rc;
}

void pvb_p2m_walk_free(struct p2m_walk *walk)
{
	pvb_p2m_seen_free(&walk->seen);
	for (unsigned height = 0; height <= P2M_HEIGHT_MAX; height++)
		free(walk->tables[height]);
	free(walk->window);
	free(walk->batch);
	free(walk->extents);
}
