/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "p2m-convert.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "auto.h"
#include "fault.h"
#include "outfile.h"

#define STAGE "convert"
#define WINDOW_BYTES (UINT64_C(1) << 20)
#define HEAD_PAGES 1u

/*
 * Pages of the file for pages of a p2m, by their numbers: runs of them, one after the other. What
 * has no number among them is not written.
 */
struct places {
	struct pvb_p2m_extent *runs;
	size_t count;
	size_t room;
	struct pvb_p2m_extents extents;
};

struct writer {
	struct outfile file;
	uint32_t page_size;
	uint8_t *window;
	uint64_t pages; /* of the file, so far */
	struct places above;
	struct places leaves;
};

static void writer_end(struct writer *writer)
{
	outfile_close(&writer->file);
	free(writer->window);
	free(writer->above.runs);
	free(writer->leaves.runs);
}

/* The next pages of the file are for count pages from number "first" on, in ascending order. */
static int add_places(struct writer *writer, struct places *places, uint64_t first, uint64_t count,
		      struct pvb_error *error)
{
	struct pvb_p2m_extent *last = places->count ? &places->runs[places->count - 1] : NULL;

	if (last && first < last->pfn + last->count) {
		uint64_t known = last->pfn + last->count - first;

		if (known >= count)
			return 0;
		first += known;
		count -= known;
	}
	if (last && first == last->pfn + last->count) {
		last->count += count;
	} else {
		if (!places->runs || places->count == places->room) {
			size_t room = places->room ? 2 * places->room : 64;
			struct pvb_p2m_extent *runs =
				reallocarray(places->runs, room, sizeof runs[0]);

			if (!runs)
				return fault_memory(error, "the pages of a tree");
			places->runs = runs;
			places->room = room;
		}
		places->runs[places->count++] =
			(struct pvb_p2m_extent){.pfn = first, .mfn = writer->pages, .count = count};
	}
	writer->pages += count;
	return 0;
}

static struct pvb_p2m_map map_of(struct places *places)
{
	places->extents = (struct pvb_p2m_extents){.list = places->runs, .count = places->count};
	return pvb_p2m_map_of(&places->extents);
}

/* A guest chooses how long its p2m is, and is not to fill a disk by that. */
static int check_room(const struct writer *writer, struct pvb_error *error)
{
	return outfile_check_room(&writer->file, writer->pages * writer->page_size, error);
}

/* What a sink writes to: those pages of what is being written that have a place. */
struct target {
	const struct writer *writer;
	struct pvb_p2m_map map;
};

static int each(void *opaque, uint64_t first, uint64_t count, pvb_p2m_visit_fn visit, void *visitor,
		struct pvb_error *error)
{
	const struct target *target = (const struct target *)opaque;
	const struct writer *writer = target->writer;
	const uint64_t most = WINDOW_BYTES / writer->page_size;
	uint64_t run;

	for (uint64_t done = 0; done < count; done += run) {
		uint64_t place;

		target->map.find(target->map.opaque, first + done, count - done, &place, &run);
		if (place == PVB_P2M_NONE)
			continue;
		run = run < most ? run : most;

		int rc = visit(visitor, writer->window, first + done, run, error);

		if (!rc)
			rc = outfile_write(&writer->file, writer->window, run * writer->page_size,
					   place * writer->page_size, error);
		if (rc)
			return rc;
	}
	return 0;
}

/* Pages of a level that have a frame below them; numbers begin at "first". */
static int place_level(struct writer *writer, struct places *places,
		       const struct pvb_p2m_info *info, unsigned level, uint64_t first,
		       struct pvb_error *error)
{
	const uint64_t span = pvb_p2m_capacity(&info->geometry, level);
	int rc = 0;

	for (size_t i = 0; i < info->extent_count && !rc; i++) {
		const struct pvb_p2m_extent *extent = &info->extents[i];
		const uint64_t from = extent->pfn / span;
		const uint64_t to = (extent->pfn + extent->count - 1) / span;

		rc = add_places(writer, places, first + from, to - from + 1, error);
	}
	return rc;
}

/* Page 0: where everything is, as a guest would publish it. */
static int write_head(const struct writer *writer, const struct conversion *conversion,
		      const struct pvb_p2m_info *info, struct pvb_error *error)
{
	const struct pvb_p2m_anchors anchors = {
		.guest_bits = info->geometry.entry_size * 8,
		.max_pfn = info->geometry.pfns,
		.frame_list_list = conversion->levels == 3 ? conversion->root : PVB_P2M_NONE,
		.has_tree = true,
		.p2m_levels = conversion->levels,
		.p2m_root = conversion->root,
	};

	memset(writer->window, 0, writer->page_size);

	int rc = pvb_p2m_write_anchors(&anchors, writer->window, writer->page_size, error);

	return rc ? rc : outfile_write(&writer->file, writer->window, writer->page_size, 0, error);
}

/* Whether a page of the list has no frame in it. */
static bool leaves_missing(const struct pvb_p2m_info *info)
{
	const uint64_t per_page = pvb_p2m_entries_per_page(&info->geometry);
	uint64_t next = 0; /* behind the pages that are known to have one */

	for (size_t i = 0; i < info->extent_count; i++) {
		const struct pvb_p2m_extent *extent = &info->extents[i];

		if (extent->pfn / per_page > next)
			return true;
		next = (extent->pfn + extent->count - 1) / per_page + 1;
	}
	return next < pvb_p2m_list_pages(&info->geometry);
}

/* Which page of the file is for what: those above the leaves, those that stand for what is missing,
 * then the leaves. */
static int place_tree(struct writer *writer, struct conversion *conversion,
		      const struct pvb_p2m_info *info, uint64_t *shared, struct pvb_error *error)
{
	const struct pvb_p2m_geometry *geometry = &info->geometry;
	uint64_t number = 0;
	int rc = 0;

	writer->pages = HEAD_PAGES;
	conversion->root = HEAD_PAGES;
	for (unsigned level = conversion->levels; level > 1 && !rc; level--) {
		/* The root is there, whatever is not. */
		if (level == conversion->levels)
			rc = add_places(writer, &writer->above, 0, 1, error);
		if (!rc)
			rc = place_level(writer, &writer->above, info, level, number, error);
		number += pvb_p2m_level_pages(geometry, level);
	}
	conversion->nodes = writer->pages - HEAD_PAGES;
	if (!rc && leaves_missing(info)) {
		conversion->shared = conversion->levels - 1;
		for (unsigned i = 0; i < conversion->shared; i++)
			shared[i] = writer->pages + i;
		if (conversion->shared)
			rc = add_places(writer, &writer->above, number, conversion->shared, error);
	}

	const uint64_t before = writer->pages;

	if (!rc && conversion->levels == 1)
		rc = add_places(writer, &writer->leaves, 0, 1, error);
	else if (!rc)
		rc = place_level(writer, &writer->leaves, info, 1, 0, error);
	conversion->leaves = writer->pages - before;
	conversion->pages = writer->pages;
	return rc;
}

static int write_tree(struct writer *writer, struct conversion *conversion,
		      const struct pvb_p2m_info *info, const struct pvb_p2m_map *memory,
		      struct pvb_error *error)
{
	uint64_t shared[PVB_P2M_LEVELS_MAX];
	int rc = place_tree(writer, conversion, info, shared, error);

	if (rc)
		return rc;

	struct target above = {.writer = writer, .map = map_of(&writer->above)};
	struct target leaves = {.writer = writer, .map = map_of(&writer->leaves)};
	const struct pvb_p2m_tree tree = {
		.geometry = info->geometry,
		.levels = conversion->levels,
		.leaves = leaves.map,
		.nodes = above.map,
		.shared = conversion->shared ? shared : NULL,
		.shared_count = conversion->shared,
	};
	const struct pvb_p2m_sink nodes_sink = {.opaque = &above, .each = each};
	const struct pvb_p2m_sink leaves_sink = {.opaque = &leaves, .each = each};

	rc = check_room(writer, error);
	if (!rc)
		rc = write_head(writer, conversion, info, error);
	if (!rc)
		rc = pvb_p2m_write_tree(&tree, &nodes_sink, error);
	return rc ? rc : pvb_p2m_write_list(&info->geometry, memory, &leaves_sink, error);
}

static int write_list(struct writer *writer, struct conversion *conversion,
		      const struct pvb_p2m_info *info, const struct pvb_p2m_map *memory,
		      struct pvb_error *error)
{
	int rc = add_places(writer, &writer->leaves, 0, pvb_p2m_list_pages(&info->geometry), error);
	struct target all = {.writer = writer, .map = map_of(&writer->leaves)};
	const struct pvb_p2m_sink sink = {.opaque = &all, .each = each};

	conversion->leaves = writer->pages;
	conversion->pages = writer->pages;
	if (!rc)
		rc = check_room(writer, error);
	return rc ? rc : pvb_p2m_write_list(&info->geometry, memory, &sink, error);
}

/* Whether a tree of so many levels can be, in the words of what would write it. */
static int check_levels(const struct conversion *conversion, const struct pvb_p2m_info *info,
			struct pvb_error *error)
{
	const struct pvb_p2m_tree tree = {.geometry = info->geometry, .levels = conversion->levels};
	const struct pvb_p2m_sink nowhere = {0};

	if (conversion->levels && conversion->levels <= PVB_P2M_LEVELS_MAX &&
	    info->geometry.pfns <= pvb_p2m_capacity(&info->geometry, conversion->levels))
		return 0;
	return pvb_p2m_write_tree(&tree, &nowhere, error);
}

int conversion_write(struct conversion *conversion, const struct pvb_p2m_info *info,
		     struct pvb_error *error)
{
	AUTO(writer_end) struct writer writer = {.file = OUTFILE_INIT};
	struct pvb_p2m_extents extents = {.list = info->extents, .count = info->extent_count};
	const struct pvb_p2m_map memory = pvb_p2m_map_of(&extents);
	int rc = 0;

	if (conversion->tree && !conversion->levels)
		conversion->levels = pvb_p2m_least_levels(&info->geometry);
	if (conversion->tree)
		rc = check_levels(conversion, info, error);
	if (rc)
		return rc;
	conversion->page_size = info->geometry.page_size;
	writer.page_size = info->geometry.page_size;
	writer.window = malloc(WINDOW_BYTES);
	if (!writer.window)
		return fault_memory(error, "pages of a p2m");
	rc = outfile_open(&writer.file, conversion->path, STAGE, error);
	if (!rc)
		rc = (conversion->tree ? write_tree : write_list)(&writer, conversion, info,
								  &memory, error);
	return rc ? rc : outfile_commit(&writer.file, error);
}
