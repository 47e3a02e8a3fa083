/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pages of a tree above its leaves.
 *
 * They are numbered from the root down, level by level, each level ascending; the shared
 * pages come behind them. A page that has no leaf below is not there: no frame is asked for
 * it, nothing is written, and above it stands what stands for a missing subtree.
 */
#include "p2m/p2m.h"

#include <inttypes.h>

#include "core/checked.h"
#include "core/error.h"

/* ---- what there is ---- */

/* Number of the first page of a level. */
static uint64_t first_of_level(const struct pvb_p2m_tree *tree, unsigned level)
{
	uint64_t number = 0;

	for (unsigned above = tree->levels; above > level; above--)
		number += pvb_p2m_level_pages(&tree->geometry, above);
	return number;
}

/* What a map says of a page's frame, which has to go into an entry. */
static int find_frame(const struct pvb_p2m_tree *tree, const struct pvb_p2m_map *map,
		      const char *name, uint64_t at, uint64_t limit, uint64_t *mfn, uint64_t *count,
		      struct pvb_error *error)
{
	uint64_t highest = pvb_p2m_highest_mfn(&tree->geometry);
	int rc = pvb_p2m_map_find(map, name, at, limit, mfn, count, error);

	if (rc || *mfn == PVB_P2M_NONE)
		return rc;
	if (*mfn == 0) {
		rc = pvb_fail(error, PVB_E_ARG_INVALID, "p2m",
			      "page %" PRIu64 " of the %s was given frame 0", at, name);
		pvb_hint(error, "An entry of 0 is one that was never filled in.");
		return rc;
	}
	if (*mfn <= highest && *count - 1 <= highest - *mfn)
		return 0;

	uint64_t fitting = *mfn <= highest ? highest - *mfn + 1 : 0;

	return pvb_fail(error, PVB_E_HOST_FRAME_TOO_HIGH, "p2m",
			"page %" PRIu64 " of the %s was given frame 0x%" PRIx64
			", which a p2m tree of %" PRIu32 "-byte entries cannot hold",
			at + fitting, name, *mfn + fitting, tree->geometry.entry_size);
}

/*
 * Whether pages of a level are there, from index on: *count of them, at most limit, are
 * or are not.
 */
static int find_presence(const struct pvb_p2m_tree *tree, unsigned level, uint64_t index,
			 uint64_t limit, bool *there, uint64_t *count, struct pvb_error *error)
{
	uint64_t leaves = pvb_p2m_list_pages(&tree->geometry);
	uint64_t below = pvb_p2m_leaves_below(&tree->geometry, level);
	uint64_t first = index * below, at = first;
	uint64_t end = limit <= (leaves - first) / below ? first + limit * below : leaves;

	*there = level == tree->levels;
	*count = 1;
	while (!*there && at < end) {
		uint64_t mfn, here;
		int rc = find_frame(tree, &tree->leaves, "list", at, end - at, &mfn, &here, error);

		if (rc)
			return rc;
		if (mfn == PVB_P2M_NONE) {
			at += here;
			continue;
		}
		/* What is missing before ends with the page that this leaf belongs to. */
		*there = at - first < below;
		*count = *there ? (at + here - 1) / below - index + 1 : at / below - index;
		return 0;
	}
	if (!*there)
		*count = pvb_div_round_up(end - first, below);
	return 0;
}

/* The frames of pages of a level, as an entry above tells of them. */
static int find_pages(const struct pvb_p2m_tree *tree, unsigned level, uint64_t index,
		      uint64_t limit, uint64_t *mfn, uint64_t *count, struct pvb_error *error)
{
	bool there;

	if (level == 1)
		return find_frame(tree, &tree->leaves, "list", index, limit, mfn, count, error);

	int rc = find_presence(tree, level, index, limit, &there, count, error);

	if (rc == 0 && !there)
		*mfn = PVB_P2M_NONE;
	if (rc || !there)
		return rc;

	uint64_t number = first_of_level(tree, level) + index;

	rc = find_frame(tree, &tree->nodes, "tree", number, *count, mfn, count, error);
	if (rc == 0 && *mfn == PVB_P2M_NONE)
		rc = pvb_fail(error, PVB_E_ARG_INVALID, "p2m",
			      "page %" PRIu64 " of the tree, at level %u, has leaves and no frame",
			      number, level);
	return rc;
}

/* ---- writing ---- */

/* A page of a level: what is missing is shared, or all ones. */
static int write_page(const struct pvb_p2m_tree *tree, unsigned level, uint64_t index, void *at,
		      struct pvb_error *error)
{
	const struct pvb_p2m_geometry *geometry = &tree->geometry;
	uint64_t entries = pvb_p2m_entries_per_page(geometry), child = index * entries;
	uint64_t children = pvb_p2m_level_pages(geometry, level - 1);

	while (entries && child < children) {
		uint64_t mfn, count;
		int rc = find_pages(tree, level - 1, child, pvb_min(entries, children - child),
				    &mfn, &count, error);

		if (rc)
			return rc;
		if (mfn != PVB_P2M_NONE)
			at = pvb_p2m_put_run(geometry, at, mfn, count);
		else if (tree->shared)
			at = pvb_p2m_put_same(geometry, at, tree->shared[level - 2], count);
		else
			at = pvb_p2m_put_same(geometry, at, PVB_P2M_NONE, count);
		child += count;
		entries -= count;
	}
	pvb_p2m_put_same(geometry, at, PVB_P2M_NONE, entries);
	return 0;
}

/* Pages that are there and lie one after the other, until one comes that does not follow. */
struct pending {
	const struct pvb_p2m_tree *tree;
	const struct pvb_p2m_sink *sink;
	uint64_t first;
	uint64_t count;
};

static int write_pages(void *visitor, void *at, uint64_t first, uint64_t count,
		       struct pvb_error *error)
{
	const struct pending *pending = visitor;
	const struct pvb_p2m_tree *tree = pending->tree;
	const struct pvb_p2m_geometry *geometry = &tree->geometry;
	uint64_t pages = pvb_p2m_tree_pages(geometry, tree->levels);
	uint8_t *page = at;
	int rc = 0;

	for (uint64_t i = 0; i < count && rc == 0; i++, page += geometry->page_size) {
		uint64_t number = first + i;
		unsigned level = tree->levels;

		if (number >= pages) {
			uint64_t mfn =
				number == pages ? PVB_P2M_NONE : tree->shared[number - pages - 1];

			pvb_p2m_put_same(geometry, page, mfn, pvb_p2m_entries_per_page(geometry));
			continue;
		}
		while (number - first_of_level(tree, level) >= pvb_p2m_level_pages(geometry, level))
			level--;
		rc = write_page(tree, level, number - first_of_level(tree, level), page, error);
	}
	return rc;
}

static int check_tree(const struct pvb_p2m_tree *tree, struct pvb_error *error)
{
	size_t shared = tree->shared ? tree->levels - 1 : 0;
	int rc = pvb_p2m_check_geometry(&tree->geometry, error);

	if (rc == 0)
		rc = pvb_p2m_check_levels(&tree->geometry, tree->levels, error);
	if (rc)
		return rc;
	if (tree->shared_count != shared)
		return pvb_fail(error, PVB_E_ARG_INVALID, "p2m",
				"%zu shared pages for a tree of %" PRIu32
				" levels, which has %" PRIu32 " or none",
				tree->shared_count, tree->levels, tree->levels - 1);
	for (size_t i = 0; i < shared; i++) {
		uint64_t mfn = tree->shared[i];

		if (mfn == 0 || mfn > pvb_p2m_highest_mfn(&tree->geometry))
			return pvb_fail(error, PVB_E_ARG_INVALID, "p2m",
					"the shared page of level %zu is in frame 0x%" PRIx64
					", which an entry of %" PRIu32 " bytes cannot tell of",
					i + 1, mfn, tree->geometry.entry_size);
	}
	return 0;
}

/* The root has no entry, but a guest has to be told of it in a word as wide as one. */
static int check_root(const struct pvb_p2m_tree *tree, struct pvb_error *error)
{
	const struct pvb_p2m_map *map = tree->levels == 1 ? &tree->leaves : &tree->nodes;
	uint64_t mfn, count;
	int rc = find_frame(tree, map, tree->levels == 1 ? "list" : "tree", 0, 1, &mfn, &count,
			    error);

	if (rc == 0 && mfn == PVB_P2M_NONE)
		rc = pvb_fail(error, PVB_E_ARG_INVALID, "p2m", "the root of the tree has no frame");
	return rc;
}

static int write_pending(struct pending *pending, struct pvb_error *error)
{
	if (pending->count == 0)
		return 0;
	return pending->sink->each(pending->sink->opaque, pending->first, pending->count,
				   write_pages, pending, error);
}

static int add_pending(struct pending *pending, uint64_t first, uint64_t count,
		       struct pvb_error *error)
{
	int rc = 0;

	if (pending->count == 0 || first != pending->first + pending->count) {
		rc = write_pending(pending, error);
		pending->first = first;
		pending->count = 0;
	}
	pending->count += count;
	return rc;
}

int pvb_p2m_write_tree(const struct pvb_p2m_tree *tree, const struct pvb_p2m_sink *sink,
		       struct pvb_error *error)
{
	struct pending pending = {.tree = tree, .sink = sink};
	int rc = check_tree(tree, error);

	if (rc == 0)
		rc = check_root(tree, error);
	for (unsigned level = tree->levels; rc == 0 && level > 1; level--) {
		uint64_t pages = pvb_p2m_level_pages(&tree->geometry, level), count;
		uint64_t first = first_of_level(tree, level);

		for (uint64_t index = 0; index < pages && rc == 0; index += count) {
			bool there;

			rc = find_presence(tree, level, index, pages - index, &there, &count,
					   error);
			if (rc == 0 && there)
				rc = add_pending(&pending, first + index, count, error);
		}
	}
	if (rc == 0 && tree->shared_count)
		rc = add_pending(&pending, pvb_p2m_tree_pages(&tree->geometry, tree->levels),
				 tree->shared_count, error);
	return rc ? rc : write_pending(&pending, error);
}

uint64_t pvb_p2m_root(const struct pvb_p2m_tree *tree)
{
	const struct pvb_p2m_map *map = tree->levels == 1 ? &tree->leaves : &tree->nodes;
	uint64_t mfn = PVB_P2M_NONE, count;

	map->find(map->opaque, 0, 1, &mfn, &count);
	return mfn;
}
