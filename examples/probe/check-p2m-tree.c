/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The p2m as a tree, where there is one: from p2m_root down, page by page, each mapped by its
 * frame. doc/guest-abi.md tells how it is made.
 */
#include <pvbuild/guest-abi.h>

#include "check.h"

#define INDEX_BITS 9
#define ENTRIES (1u << INDEX_BITS)
#define NOTHING UINT64_MAX /* of an entry with nothing below */

#if defined PROBE_P2M_TREE
#define TREE_ASKED true
static const unsigned levels_asked = PROBE_P2M_TREE;
#else
#define TREE_ASKED false
static const unsigned levels_asked;
#endif

/* ---- what the answer says ----------------------------------------------------------- */

unsigned p2m_tree_levels(void)
{
	const struct pvb_guest_abi *abi = guest_abi();

	if (abi->magic != PVB_GUEST_ABI_MAGIC || abi->version != PVB_GUEST_ABI_VERSION ||
	    abi->size < offsetof(struct pvb_guest_abi, p2m_root) + sizeof abi->p2m_root ||
	    !(abi->valid & PVB_GUEST_ABI_HAS_P2M_TREE))
		return 0;
	return abi->p2m_levels;
}

bool p2m_tree_is_there(void)
{
	return guest_abi()->magic == PVB_GUEST_ABI_MAGIC &&
	       guest_abi()->valid & PVB_GUEST_ABI_HAS_P2M_TREE;
}

static bool there(void)
{
	if (!p2m_tree_is_there())
		untested("there is no tree");
	return p2m_tree_is_there();
}

static uint64_t root(void)
{
	return guest_abi()->p2m_root;
}

/* ---- how it has to look -------------------------------------------------------------- */

/* The pages that it has at a level, 1 being the leaves'. */
static uint64_t pages_at(unsigned level)
{
	return ((facts.pages - 1) >> (INDEX_BITS * level)) + 1;
}

uint64_t p2m_tree_pages(void)
{
	uint64_t pages = 0;

	if (p2m_tree_levels() > PVB_GUEST_P2M_LEVELS_MOST)
		return 0;
	for (unsigned level = 2; level <= p2m_tree_levels(); level++)
		pages += pages_at(level);
	return pages;
}

/* How many entries have something below, of the number-th page of a level. */
static unsigned entries_used(unsigned level, uint64_t number)
{
	uint64_t below = level == 1 ? facts.pages : pages_at(level - 1);
	uint64_t left = below - (number << INDEX_BITS);

	return left < ENTRIES ? (unsigned)left : ENTRIES;
}

/* The frame that a page has to be: one of the list's, or one of those that follow the root. */
static uint64_t frame_wanted(unsigned level, uint64_t number)
{
	uint64_t pfn = m2p(root()) + number;

	if (level == 1)
		return entry_mfn(leaf_of((uint64_t)p2m() + (number << PAGE_SHIFT), NULL));
	for (unsigned above = p2m_tree_levels(); above > level; above--)
		pfn += pages_at(above);
	return pfn < facts.pages ? p2m()[pfn] : NOTHING;
}

/* ---- the walk -------------------------------------------------------------------------- */

/* A page on the way: told of before what is below it, unless false comes back. */
typedef bool see_page(unsigned level, uint64_t number, const uint64_t *entries);

static void see_from(unsigned level, uint64_t number, uint64_t mfn, see_page *see)
{
	enum window window = (enum window)(WINDOW_TREE + level - 1);
	const uint64_t *entries = window_page(window);

	if (!window_map(window, mfn, 0)) {
		fail("frame %lx, page %lu of level %u, is not ours to map", mfn, number, level);
		return;
	}
	if (!see(level, number, entries) || level == 1)
		return;
	for (unsigned i = 0; i < entries_used(level, number); i++)
		see_from(level - 1, (number << INDEX_BITS) + i, entries[i], see);
}

static void see_all(see_page *see)
{
	see_from(p2m_tree_levels(), 0, root(), see);
}

/* Whether all that is below a page is as wanted. */
static bool leads_right(unsigned level, uint64_t number, const uint64_t *entries)
{
	bool right = true;

	for (unsigned i = 0; i < entries_used(level, number); i++) {
		uint64_t below = (number << INDEX_BITS) + i,
			 wanted = frame_wanted(level - 1, below);

		if (entries[i] == wanted)
			continue;
		fail("entry %u of page %lu of level %u is %lx, not %lx", i, number, level,
		     entries[i], wanted);
		right = false;
	}
	return right;
}

static bool see_nodes(unsigned level, uint64_t number, const uint64_t *entries)
{
	return level > 2 && leads_right(level, number, entries);
}

static bool see_leaves(unsigned level, uint64_t number, const uint64_t *entries)
{
	if (level == 2)
		(void)leads_right(level, number, entries);
	return level > 2;
}

static bool see_entries(unsigned level, uint64_t number, const uint64_t *entries)
{
	uint64_t pfn = number << INDEX_BITS;

	for (unsigned i = 0; level == 1 && i < entries_used(1, number); i++, pfn++)
		if (entries[i] != p2m()[pfn] || m2p(entries[i]) != pfn)
			fail("PFN %lx is frame %lx by the tree, %lx by the list; the M2P has the "
			     "former as %lx",
			     pfn, entries[i], p2m()[pfn], m2p(entries[i]));
	return true;
}

static bool see_tail(unsigned level, uint64_t number, const uint64_t *entries)
{
	for (unsigned i = entries_used(level, number); i < ENTRIES; i++)
		if (entries[i] != NOTHING)
			fail("entry %u of page %lu of level %u, behind the last PFN, is %lx", i,
			     number, level, entries[i]);
	return level > 2;
}

/* ---- the checks ------------------------------------------------------------------------ */

void check_p2m_tree_levels(void)
{
	unsigned levels = guest_abi()->p2m_levels;

	if (TREE_ASKED && !p2m_tree_is_there())
		odd("a tree is asked for, and there is none");
	if (!there())
		return;
	if (levels != p2m_tree_levels())
		fail("the answer's size, %u, does not cover it", guest_abi()->size);
	else if (levels < 1 || levels > PVB_GUEST_P2M_LEVELS_MOST)
		fail("%u levels are none that a tree can have", levels);
	else if (pages_at(levels) > 1)
		fail("%u levels do not reach %lu pages", levels, facts.pages);
	else if (levels < levels_asked)
		odd("%u levels are fewer than the %u that are asked for", levels, levels_asked);
}

void check_p2m_tree_root(void)
{
	uint64_t pfn = m2p(root());

	if (!there())
		return;
	if (pfn == NO_PFN)
		fail("p2m_root, %lx, is no frame of our memory", root());
	else if (p2m()[pfn] != root())
		fail("p2m_root, %lx, is PFN %lx for the M2P, and frame %lx is ours of that PFN",
		     root(), pfn, p2m()[pfn]);
	else if (!window_map(WINDOW_TREE, root(), 0))
		fail("p2m_root, %lx, is not ours to map", root());
}

void check_p2m_tree_nodes(void)
{
	if (there())
		see_all(see_nodes);
}

void check_p2m_tree_leaves(void)
{
	if (!there())
		return;
	if (p2m_tree_levels() > 1)
		see_all(see_leaves);
	else if (root() != frame_wanted(1, 0))
		fail("the only page, %lx, is not the list's, %lx", root(), frame_wanted(1, 0));
}

void check_p2m_tree_entries(void)
{
	if (there())
		see_all(see_entries);
}

void check_p2m_tree_tail(void)
{
	if (there() && p2m_tree_levels() > 1)
		see_all(see_tail);
}

/* What says so: a tree of three levels is what the older anchor leads to, and no other is. */
void check_p2m_tree_list_list(void)
{
	const struct shared_info *shared = (const struct shared_info *)&shared_info_page;
	uint64_t wanted = p2m_tree_levels() == 3 ? root() : NOTHING;

	if (there() && shared->pfn_to_mfn_frame_list_list != wanted)
		fail("pfn_to_mfn_frame_list_list is %lx, not %lx, with %u levels",
		     shared->pfn_to_mfn_frame_list_list, wanted, p2m_tree_levels());
}

void check_p2m_tree_max_pfn(void)
{
	const struct shared_info *shared = (const struct shared_info *)&shared_info_page;

	if (there() && shared->max_pfn != facts.pages)
		fail("max_pfn is %lu, and there are %lu pages", shared->max_pfn, facts.pages);
}
