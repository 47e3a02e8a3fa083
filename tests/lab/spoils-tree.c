/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong in a p2m tree of four levels, and in what shared info says of it. */
#include "lab/spoil-pages.h"

#include <pvbuild/guest-abi.h>
#include <xenctrl.h>

#include "core/error.h"
#include "plan/plan.h"

#define LEVELS 4
#define ENTRY_SIZE sizeof(uint64_t)
#define LAST_ENTRY (PAGE_SIZE / ENTRY_SIZE - 1)

/* ---- the pages ------------------------------------------------------------------------- */

/* The guest is so small that there is one page at each level above the leaves: the root first. */
static uint64_t page_at(const struct spoiling *spoiling, unsigned level)
{
	return spoiling->plan->p2m_tree.first.n + (LEVELS - level);
}

/* An entry of that page. There has to be a tree: of a domain without, this would be anybody's. */
static int tree_entry(struct spoiling *spoiling, unsigned level, uint64_t index, uint64_t mfn,
		      struct pvb_error *error)
{
	if (spoiling->plan->p2m_tree.count != LEVELS - 1)
		return pvb_fail(error, PVB_E_ARG_UNSUPPORTED, "spoil",
				"the p2m tree has not one page at each level above the leaves");
	return spoil_write_word(spoiling, page_at(spoiling, level), index * ENTRY_SIZE, mfn, error);
}

static uint64_t list_mfn(const struct spoiling *spoiling, uint64_t page)
{
	return spoil_mfn(spoiling, spoiling->plan->p2m.first.n + page);
}

static int tree_node(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	uint64_t root = spoil_mfn(spoiling, page_at(spoiling, LEVELS));

	(void)call;
	return tree_entry(spoiling, LEVELS, 0, root, error);
}

static int tree_tail(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	(void)call;
	return tree_entry(spoiling, 3, LAST_ENTRY, 0, error);
}

static int tree_leaves_swapped(struct spoiling *spoiling, struct relay_call *call,
			       struct pvb_error *error)
{
	int rc = tree_entry(spoiling, 2, 1, list_mfn(spoiling, 2), error);

	(void)call;
	return rc ? rc : tree_entry(spoiling, 2, 2, list_mfn(spoiling, 1), error);
}

/* The last page of the padding says the same as the list's first. */
static int tree_leaf_copied(struct spoiling *spoiling, struct relay_call *call,
			    struct pvb_error *error)
{
	const struct pvb_plan *plan = spoiling->plan;
	uint64_t copy = ((plan->initial.to.a - plan->virt_base.a) >> PAGE_SHIFT) - 1;
	uint8_t page[PAGE_SIZE];
	int rc = spoil_read(spoiling, plan->p2m.first.n, 0, page, sizeof page, error);

	(void)call;
	if (rc == 0)
		rc = spoil_write(spoiling, copy, 0, page, sizeof page, error);
	return rc ? rc : tree_entry(spoiling, 2, 0, spoil_mfn(spoiling, copy), error);
}

/* ---- shared info ------------------------------------------------------------------------- */

#define ARCH(name) offsetof(shared_info_x86_64_t, arch.name)
#define ANSWER(name) (PVB_GUEST_ABI_OFFSET + offsetof(struct pvb_guest_abi, name))

#define SHARED_WORD(function, offset, value, size)                                                 \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)call;                                                                        \
		return spoil_shared_info(spoiling, offset, value, size, error);                    \
	}

SHARED_WORD(tree_levels_few, ANSWER(p2m_levels), 1, 4)
SHARED_WORD(tree_levels_many, ANSWER(p2m_levels), 6, 4)
SHARED_WORD(tree_root, ANSWER(p2m_root), 0, 8)
SHARED_WORD(tree_list_list, ARCH(pfn_to_mfn_frame_list_list), 0, 8)
SHARED_WORD(tree_max_pfn, ARCH(max_pfn), spoiling->plan->pages + 1, 8)
SHARED_WORD(tree_cr3, ARCH(p2m_cr3), UINT64_C(1) << PAGE_SHIFT, 8)
SHARED_WORD(tree_unsaid, ANSWER(valid),
	    PVB_GUEST_ABI_HAS_ADDRESS_BITS | PVB_GUEST_ABI_HAS_PTE_BITS | PVB_GUEST_ABI_HAS_GRANULE,
	    8)

/* As if nobody had made one, though the kernel asks for it. */
static int tree_absent(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	const size_t words[] = {ARCH(max_pfn), ARCH(pfn_to_mfn_frame_list_list), ANSWER(p2m_levels),
				ANSWER(p2m_root)};
	int rc = tree_unsaid(spoiling, call, error);

	for (size_t i = 0; rc == 0 && i < sizeof words / sizeof words[0]; i++)
		rc = spoil_shared_info(spoiling, words[i], 0, 8, error);
	return rc;
}

/* ---- all of them ------------------------------------------------------------------------- */

#define PIN .at = PVB_CALL_PIN_TABLE, .kernel = SPOIL_PROBE_TREE, .tree = LEVELS
#define VCPU .at = PVB_CALL_SET_VCPU, .kernel = SPOIL_PROBE_TREE, .tree = LEVELS

const struct spoil spoils_of_trees[] = {
	{"tree-node", "the root of the p2m tree leads to itself", "p2m_tree.nodes", PIN,
	 .act = tree_node, .group = 2},
	{"tree-leaves-swapped", "two leaves of the p2m tree are exchanged",
	 "p2m_tree.leaves p2m_tree.entries", PIN, .act = tree_leaves_swapped, .group = 1},
	{"tree-leaf-copied", "a leaf of the p2m tree is a copy of the list's page",
	 "p2m_tree.leaves", PIN, .act = tree_leaf_copied, .group = 3},
	{"tree-tail", "something stands behind the last PFN in the p2m tree", "p2m_tree.tail", PIN,
	 .act = tree_tail, .group = 1},
	{"tree-levels-few", "the p2m tree is said to have one level", "p2m_tree.levels", VCPU,
	 .act = tree_levels_few, .group = 4},
	{"tree-levels-many", "the p2m tree is said to have six levels", "p2m_tree.levels", VCPU,
	 .act = tree_levels_many, .group = 5},
	{"tree-root", "the root of the p2m tree is frame 0", "p2m_tree.root", VCPU,
	 .act = tree_root, .group = 6},
	{"tree-list-list", "pfn_to_mfn_frame_list_list is 0 with four levels", "p2m_tree.list_list",
	 VCPU, .act = tree_list_list, .group = 1},
	{"tree-max-pfn", "arch.max_pfn is one more than there are pages", "p2m_tree.max_pfn", VCPU,
	 .act = tree_max_pfn, .group = 1},
	{"tree-cr3", "arch.p2m_cr3 is set beside a p2m tree", "shared_info.arch", VCPU,
	 .act = tree_cr3, .group = 1},
	{"tree-unsaid", "the answer has a p2m tree, and does not say so",
	 "shared_info.arch guest_abi.answer", VCPU, .act = tree_unsaid},
	{"tree-absent", "the kernel asks for a p2m tree, and there is none", "p2m_tree.levels",
	 VCPU, .act = tree_absent, .group = 7},
};

const size_t spoils_of_trees_count = sizeof spoils_of_trees / sizeof spoils_of_trees[0];
