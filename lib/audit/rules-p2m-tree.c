/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The p2m's tree (doc/guest-abi.md), of a domain whose guest was told of one: from the root down,
 * a page at a time, to the pages of the list. How many pages there are is known beforehand, so
 * that a walk ends whatever the guest has made of it.
 */
#include <stdlib.h>
#include <string.h>

#include "audit/check.h"
#include "core/checked.h"
#include "core/cleanup.h"
#include "core/span.h"

#define LEVELS_MOST 5u

/* That pfn_to_mfn_frame_list_list anchors (Xen public arch-x86/xen.h). */
#define FRAME_LIST_LEVELS 3u

/* Pages of a level that are read at once. */
#define WINDOW 64u

/* Beyond so many wrong entries the rest of a tree tells nothing new. */
#define MAX_WRONG 4096u

/* arch in shared_info, by guest width: max_pfn, and the word behind it. */
#define MAX_PFN_64 0xc10u
#define MAX_PFN_32 0x90cu

static uint64_t get_entry(unsigned width, const uint8_t *page, uint64_t index)
{
	const struct pvb_span span = pvb_span(page, VIEW_PAGE_SIZE);
	uint64_t wide = 0;
	uint32_t narrow = 0;

	if (width == 8) {
		(void)pvb_span_u64(span, index * 8, &wide);
		return wide;
	}
	(void)pvb_span_u32(span, index * 4, &narrow);
	return narrow == UINT32_MAX ? UINT64_MAX : narrow;
}

static unsigned width_of(const struct check *check)
{
	return check->view->guest_bits / 8;
}

static uint64_t pages_of_level(uint64_t pfns, unsigned width, unsigned level)
{
	const uint64_t per_page = VIEW_PAGE_SIZE / width;

	while (level--)
		pfns = pvb_div_round_up(pfns, per_page);
	return pfns;
}

void find_tree(struct check *check)
{
	const struct answer *answer = &check->answer;
	const unsigned width = width_of(check);
	const size_t max_pfn = width == 8 ? MAX_PFN_64 : MAX_PFN_32;
	struct tree *tree = &check->tree;

	*tree = (struct tree){0};
	if (!answer->has_tree)
		return;
	tree->told = true;
	tree->levels = answer->p2m_levels;
	tree->root = answer->p2m_root;
	tree->max_pfn = get_entry(width, check->view->shared_info, max_pfn / width);
	tree->list_list = get_entry(width, check->view->shared_info, max_pfn / width + 1);
}

uint64_t tree_pages(const struct check *check)
{
	const struct tree *tree = &check->tree;
	uint64_t pages = 0;

	if (!tree->told || tree->levels > LEVELS_MOST ||
	    pages_of_level(tree->max_pfn, width_of(check), 1) > check->layout.list_pages)
		return 0;
	for (unsigned level = 2; level <= tree->levels; level++)
		pages += pages_of_level(tree->max_pfn, width_of(check), level);
	return pages;
}

/* ---- what is said of it ---- */

static struct place field(const char *name)
{
	return place("shared_info: %s", name);
}

static void check_told(struct check *check)
{
	const struct pvb_host_record *record = &check->view->record;
	const struct tree *tree = &check->tree;
	const unsigned levels = tree->told ? tree->levels : 0;

	if (record->known)
		expect(check, RULE_P2M_TREE_TOLD, levels == record->p2m_levels,
		       field("valid, p2m_levels"),
		       "the guest is told of a p2m tree of %u levels, and one of %u is on record "
		       "(0: none)",
		       levels, record->p2m_levels);
}

/* False where nothing can be found at the end of it. */
static bool check_shape(struct check *check, uint64_t pfns)
{
	const struct tree *tree = &check->tree;
	const bool known = tree->levels >= 1 && tree->levels <= LEVELS_MOST;
	const bool enough = known && pages_of_level(pfns, width_of(check), tree->levels) == 1;
	const uint64_t anchor = tree->levels == FRAME_LIST_LEVELS ? tree->root : UINT64_MAX;

	if (!known)
		finding(check, RULE_P2M_TREE_LEVELS, field("p2m_levels"),
			"the guest is told of a tree of %u levels; there are trees of 1 to %u",
			tree->levels, LEVELS_MOST);
	else
		expect(check, RULE_P2M_TREE_LEVELS, enough, field("p2m_levels"),
		       "a tree of %u levels does not reach PFN 0x%llx, the last", tree->levels,
		       (unsigned long long)(pfns - 1));
	expect(check, RULE_P2M_TREE_MAX_PFN, tree->max_pfn == pfns, field("max_pfn"),
	       "max_pfn is 0x%llx, and the list has 0x%llx PFNs", (unsigned long long)tree->max_pfn,
	       (unsigned long long)pfns);
	expect(check, RULE_P2M_TREE_FRAME_LIST, tree->list_list == anchor,
	       field("pfn_to_mfn_frame_list_list"),
	       "the anchor of a tree of %u levels is 0x%llx, and should be 0x%llx", tree->levels,
	       (unsigned long long)tree->list_list, (unsigned long long)anchor);
	return enough;
}

/* ---- the walk ---- */

/* Pages of a level, of which the first is so many pages behind the root. */
struct level {
	uint64_t pages;
	uint64_t behind;
};

struct walk_of_tree {
	struct check *check;
	unsigned width;
	uint64_t per_page;
	uint64_t root; /* its PFN */
	struct level levels[LEVELS_MOST + 1];
	unsigned wrong;
};

static struct place place_entry(unsigned level, uint64_t index, uint64_t entry)
{
	return place("p2m tree, level %u, page %llu, entry %llu", level, (unsigned long long)index,
		     (unsigned long long)entry);
}

static struct place place_of_page(unsigned level, uint64_t index)
{
	return place("p2m tree, level %u, page %llu", level, (unsigned long long)index);
}

static bool is_table(enum pvb_frame_type type)
{
	return type == PVB_FRAME_L1 || type == PVB_FRAME_L2 || type == PVB_FRAME_L3 ||
	       type == PVB_FRAME_L4;
}

static void check_mapped(struct walk_of_tree *walk, uint64_t pfn, struct place where)
{
	const struct walk *tables = &walk->check->walk;

	for (size_t i = 0; i < tables->region_count; i++) {
		const struct walk_region *region = &tables->regions[i];

		if (pfn - region->pfn.n >= region->count)
			continue;
		walk->wrong++;
		finding(walk->check, RULE_P2M_TREE_MAPPED, where, "PFN 0x%llx is mapped at 0x%llx",
			(unsigned long long)pfn,
			(unsigned long long)page_address(walk->check,
							 region->page + (pfn - region->pfn.n)));
	}
}

/* A page above the leaves; *sound where it can be read, which it is even in a wrong place. */
static int check_page(struct walk_of_tree *walk, unsigned level, uint64_t index, pvb_mfn_t frame,
		      bool *sound, struct pvb_error *error)
{
	struct check *check = walk->check;
	const uint64_t want = walk->root + walk->levels[level].behind + index;
	const struct place where = place_of_page(level, index);
	struct view_frame info;
	pvb_pfn_t pfn;
	int rc = view_own(check->view, frame, &info, &pfn, error);

	if (rc)
		return rc;
	*sound = pfn.n != PVB_NO_FRAME;
	if (!*sound) {
		walk->wrong++;
		finding(check, RULE_P2M_TREE_FOREIGN, where, "MFN 0x%llx is not the domain's",
			(unsigned long long)frame.n);
		return 0;
	}
	if (pfn.n != want) {
		walk->wrong++;
		finding(check, RULE_P2M_TREE_PLACE, where,
			"the page is PFN 0x%llx, and should be PFN 0x%llx",
			(unsigned long long)pfn.n, (unsigned long long)want);
	}
	check_mapped(walk, pfn.n, where);
	if (walk_table_of(&check->walk, frame) ||
	    (check->view->knows_types && is_table(info.type))) {
		walk->wrong++;
		finding(check, RULE_P2M_TREE_MAPPED, where, "PFN 0x%llx is a page table, too",
			(unsigned long long)pfn.n);
	}
	return 0;
}

/* Entries of a page of level 2 against the frames that the list is mapped to. */
static int check_leaves(struct walk_of_tree *walk, uint64_t index, const uint8_t *page,
			uint64_t count, struct pvb_error *error)
{
	const uint64_t first = index * walk->per_page;
	pvb_mfn_t frames[VIEW_PAGE_SIZE / 4];
	size_t done = 0;
	int rc = walk_frames(walk->check, walk->check->layout.list + first, (size_t)count, frames,
			     &done, error);

	for (size_t i = 0; !rc && i < done; i++) {
		const uint64_t entry = get_entry(walk->width, page, i);
		const uint64_t leaf = first + i;

		if (entry == frames[i].n)
			continue;
		walk->wrong++;
		finding(walk->check, RULE_P2M_TREE_LEAVES, place_entry(2, index, i),
			"the entry is 0x%llx, and page %llu of the list is MFN 0x%llx",
			(unsigned long long)entry, (unsigned long long)leaf,
			(unsigned long long)frames[i].n);
	}
	return rc;
}

static int check_node(struct walk_of_tree *walk, unsigned level, uint64_t index,
		      const uint8_t *page, struct pvb_error *error);

/* Pages below a page, count of them from its entry "first" on. */
static int check_children(struct walk_of_tree *walk, unsigned level, uint64_t index,
			  const uint8_t *page, uint64_t first, uint64_t count,
			  struct pvb_error *error)
{
	PVB_AUTO_FREE uint8_t *bytes = (uint8_t *)malloc((size_t)WINDOW * VIEW_PAGE_SIZE);
	uint64_t children[WINDOW];
	pvb_mfn_t frames[WINDOW] = {{0}};
	size_t found = 0;
	int rc = 0;

	if (!bytes)
		return pvb_fail_memory(error, "audit", "a window onto the p2m's tree");
	for (uint64_t i = first; i < first + count && !rc; i++) {
		const pvb_mfn_t frame = PVB_MFN(get_entry(walk->width, page, i));
		const uint64_t child = index * walk->per_page + i;
		bool sound;

		rc = check_page(walk, level - 1, child, frame, &sound, error);
		if (rc || !sound)
			continue;
		frames[found] = frame;
		children[found++] = child;
	}
	if (!rc)
		rc = view_read(walk->check->view, frames, found, bytes, error);
	for (size_t i = 0; i < found && !rc; i++)
		rc = check_node(walk, level - 1, children[i], bytes + i * VIEW_PAGE_SIZE, error);
	return rc;
}

/* What a page of a level says, of level 2 or above; at most as deep as there are levels. */
static int check_node(struct walk_of_tree *walk, unsigned level, uint64_t index,
		      const uint8_t *page, struct pvb_error *error)
{
	const uint64_t below = walk->levels[level - 1].pages - index * walk->per_page;
	const uint64_t used = pvb_min(below, walk->per_page);
	int rc = 0;

	for (uint64_t i = used; i < walk->per_page; i++) {
		const uint64_t entry = get_entry(walk->width, page, i);

		if (entry == UINT64_MAX)
			continue;
		walk->wrong++;
		finding(walk->check, RULE_P2M_TREE_BEYOND, place_entry(level, index, i),
			"the entry is 0x%llx, and nothing is below it", (unsigned long long)entry);
	}
	if (level == 2)
		return check_leaves(walk, index, page, used, error);
	for (uint64_t i = 0; i < used && !rc && walk->wrong < MAX_WRONG; i += WINDOW)
		rc = check_children(walk, level, index, page, i, pvb_min(WINDOW, used - i), error);
	return rc;
}

/* A tree of one level is the list's only page. */
static int check_only_leaf(struct walk_of_tree *walk, struct pvb_error *error)
{
	const struct check *check = walk->check;
	pvb_mfn_t frame;
	size_t done;
	int rc = walk_frames(walk->check, check->layout.list, 1, &frame, &done, error);

	if (!rc && done)
		expect(walk->check, RULE_P2M_TREE_LEAVES, check->tree.root == frame.n,
		       field("p2m_root"),
		       "the root is MFN 0x%llx, and the only page of the list is MFN 0x%llx",
		       (unsigned long long)check->tree.root, (unsigned long long)frame.n);
	return rc;
}

/*
 * Behind the list and its tables where those have a place of their own; else behind what is mapped,
 * and behind a ramdisk that is not.
 */
static void check_root_place(struct walk_of_tree *walk)
{
	struct check *check = walk->check;
	const struct layout *layout = &check->layout;
	uint64_t room = layout->end - layout->base;
	uint64_t want = walk->root;

	if (layout->has_module)
		room = pvb_max(room, layout->module_page.n + layout->module_pages);

	applies(check, RULE_P2M_TREE_PLACE);
	if (!layout->list_inside) {
		const struct walk_region *list = walk_region_of(&check->walk, layout->list);

		want = list->pfn.n + (layout->list - list->page) + layout->list_pages +
		       layout->p2m_tables;
	}
	if (walk->root != want || walk->root < room)
		finding(check, RULE_P2M_TREE_PLACE, place_of_page(check->tree.levels, 0),
			"the root is PFN 0x%llx, and should be %s0x%llx",
			(unsigned long long)walk->root, layout->list_inside ? "at or behind " : "",
			(unsigned long long)(layout->list_inside ? room : want));
}

static int walk_tree(struct walk_of_tree *walk, struct pvb_error *error)
{
	struct check *check = walk->check;
	const pvb_mfn_t root = PVB_MFN(check->tree.root);
	const unsigned top = check->tree.levels;
	PVB_AUTO_FREE uint8_t *page = (uint8_t *)malloc(VIEW_PAGE_SIZE);
	struct view_frame info;
	pvb_pfn_t pfn;
	bool sound = false;

	if (!page)
		return pvb_fail_memory(error, "audit", "a page of the p2m's tree");
	int rc = view_own(check->view, root, &info, &pfn, error);

	walk->root = pfn.n;
	if (!rc)
		rc = check_page(walk, top, 0, root, &sound, error);
	if (!rc && sound) {
		check_root_place(walk);
		rc = view_read(check->view, &root, 1, page, error);
	}
	return rc || !sound ? rc : check_node(walk, top, 0, page, error);
}

int check_p2m_tree(struct check *check, struct pvb_error *error)
{
	const struct tree *tree = &check->tree;
	/* A list that is not whole does not tell how long it is to be. */
	const uint64_t pfns = check->layout.pfns ? check->layout.pfns : tree->max_pfn;
	struct walk_of_tree walk = {.check = check, .width = width_of(check)};

	check_told(check);
	if (!tree->told || !check->layout.list_usable)
		return 0;
	if (!check_shape(check, pfns) ||
	    pages_of_level(pfns, walk.width, 1) > check->layout.list_pages)
		return 0;
	walk.per_page = VIEW_PAGE_SIZE / walk.width;
	for (unsigned level = tree->levels; level >= 1; level--) {
		const struct level *above = &walk.levels[level + 1];

		walk.levels[level].pages = pages_of_level(pfns, walk.width, level);
		if (level < tree->levels)
			walk.levels[level].behind = above->behind + above->pages;
	}
	applies(check, RULE_P2M_TREE_LEAVES);
	if (tree->levels == 1)
		return check_only_leaf(&walk, error);
	applies(check, RULE_P2M_TREE_FOREIGN);
	applies(check, RULE_P2M_TREE_BEYOND);
	applies(check, RULE_P2M_TREE_MAPPED);
	return walk_tree(&walk, error);
}
