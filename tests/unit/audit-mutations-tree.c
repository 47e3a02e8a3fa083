/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the p2m's tree can be broken, and what is said of it. */
#include "support/test.h"
#include "unit/audit-mutations.h"

#define ANSWER 0xe00
#define NOBODY 0x7654321

static uint64_t frame(const struct paper_domain *d, uint64_t pfn)
{
	return d->frames[pfn].mfn;
}

/* A PFN that nothing stands in and nothing maps. */
static uint64_t spare(const struct paper_domain *d)
{
	return d->pages - 1;
}

static void say_root(struct paper_domain *d, uint64_t mfn)
{
	memcpy(d->shared_info + ANSWER + 40, &mfn, sizeof mfn);
}

/* ---- what is said ---- */

static void other_record(struct paper_domain *d)
{
	d->record.p2m_levels++;
}

static void no_record_of_it(struct paper_domain *d)
{
	d->record.p2m_levels = 0;
}

static void not_told(struct paper_domain *d)
{
	d->shared_info[ANSWER + 16] = 7;
	memset(d->shared_info + ANSWER + 32, 0, 16);
	paper_set_anchors(d, 0, 0);
}

static void six_levels(struct paper_domain *d)
{
	d->shared_info[ANSWER + 32] = d->record.p2m_levels = 6;
}

static void no_levels(struct paper_domain *d)
{
	d->shared_info[ANSWER + 32] = d->record.p2m_levels = 0;
}

static void too_few_levels(struct paper_domain *d)
{
	d->shared_info[ANSWER + 32] = d->record.p2m_levels = 1;
}

static void max_pfn_short(struct paper_domain *d)
{
	paper_set_anchors(d, d->pages - 1,
			  d->spec.tree_levels == 3 ? frame(d, d->tree) : UINT64_MAX);
}

static void max_pfn_unsaid(struct paper_domain *d)
{
	paper_set_anchors(d, 0, UINT64_MAX);
}

static void max_pfn_beyond_the_list(struct paper_domain *d)
{
	paper_set_anchors(d, UINT64_MAX - 1, UINT64_MAX);
}

static void list_list_unsaid(struct paper_domain *d)
{
	paper_set_anchors(d, d->pages, 0);
}

static void list_list_invalid(struct paper_domain *d)
{
	paper_set_anchors(d, d->pages, UINT64_MAX);
}

static void list_list_is_the_root(struct paper_domain *d)
{
	paper_set_anchors(d, d->pages, frame(d, d->tree));
}

static void reserved_byte(struct paper_domain *d)
{
	d->shared_info[ANSWER + 36] = 1;
}

static void levels_of_no_tree(struct paper_domain *d)
{
	d->shared_info[ANSWER + 12] = 48;
	d->shared_info[ANSWER + 32] = 3;
}

static void generation(struct paper_domain *d)
{
	d->shared_info[d->bits == 64 ? 0xc38 : 0x920] = 2;
}

static void behind_the_answer(struct paper_domain *d)
{
	d->shared_info[ANSWER + 48] = 1;
}

static void range_without_the_tree(struct paper_domain *d)
{
	paper_set(d, SI_NR_P2M_FRAMES, paper_get(d, SI_NR_P2M_FRAMES) - d->tree_count);
}

static void module_over_the_tree(struct paper_domain *d)
{
	paper_set(d, SI_MOD_START, d->tree + d->tree_count - 1);
}

/* A tree as it should be, and a ramdisk that has its root, too. */
static void root_in_the_module(struct paper_domain *d)
{
	const uint64_t pages = (d->module.size + 4095) / 4096;

	paper_set(d, SI_MOD_START, d->tree + 1 - pages);
}

/* ---- its pages ---- */

static void root_of_nobody(struct paper_domain *d)
{
	say_root(d, NOBODY);
}

static void root_of_zero(struct paper_domain *d)
{
	say_root(d, 0);
}

static void page_of_nobody(struct paper_domain *d)
{
	paper_tree_set(d, d->spec.tree_levels, 0, NOBODY);
}

static void page_missing(struct paper_domain *d)
{
	paper_tree_set(d, d->spec.tree_levels, 0, UINT64_MAX);
}

static void page_elsewhere(struct paper_domain *d)
{
	memcpy(paper_page(d, spare(d)), paper_page(d, paper_tree_page(d, 2, 0)), 4096);
	paper_tree_set(d, 3, 0, frame(d, spare(d)));
}

static void root_elsewhere(struct paper_domain *d)
{
	memcpy(paper_page(d, spare(d)), paper_page(d, d->tree), 4096);
	say_root(d, frame(d, spare(d)));
}

static void pages_swapped(struct paper_domain *d)
{
	uint64_t first = paper_tree_get(d, 3, 0);

	paper_tree_set(d, 3, 0, paper_tree_get(d, 3, 1));
	paper_tree_set(d, 3, 1, first);
}

static void page_is_a_table(struct paper_domain *d)
{
	d->frames[d->tree].type = PVB_FRAME_L1;
}

static void page_mapped(struct paper_domain *d)
{
	const uint64_t *last = paper_entry(d, d->list_va + (d->list_pages - 1) * 4096, 1);

	paper_entry(d, d->list_va, 1)[d->list_pages + 5] =
		(*last & 0xfff0000000000fff) | frame(d, d->tree) << 12;
}

/* ---- its entries ---- */

static void leaves_swapped(struct paper_domain *d)
{
	uint64_t first = paper_tree_get(d, 2, 0);

	paper_tree_set(d, 2, 0, paper_tree_get(d, 2, 1));
	paper_tree_set(d, 2, 1, first);
}

static void leaf_never_filled_in(struct paper_domain *d)
{
	paper_tree_set(d, 2, d->list_pages - 1, 0);
}

static void leaf_missing(struct paper_domain *d)
{
	paper_tree_set(d, 2, d->list_pages - 1, UINT64_MAX);
}

static void leaf_is_a_copy(struct paper_domain *d)
{
	memcpy(paper_page(d, spare(d)), paper_page(d, d->list), 4096);
	paper_tree_set(d, 2, 0, frame(d, spare(d)));
}

static void only_leaf_is_another(struct paper_domain *d)
{
	say_root(d, frame(d, d->list + 1));
}

static void entry_beyond(struct paper_domain *d)
{
	paper_tree_set(d, 2, d->list_pages, frame(d, spare(d)));
}

static void last_entry_beyond(struct paper_domain *d)
{
	paper_tree_set(d, 2, 4096 / (d->bits / 8) - 1, 0);
}

static void entry_of_the_root_beyond(struct paper_domain *d)
{
	paper_tree_set(d, d->spec.tree_levels, 1, paper_tree_get(d, d->spec.tree_levels, 0));
}

#define TREE_3                                                                                     \
	{                                                                                          \
		.bits = 64, .init_p2m = true, .hypercall = true, .is_linux = true,                 \
		.module_bytes = 12345, .module_by_pfn = true, .tree_levels = 3                     \
	}
#define TREE_3_DECLARING                                                                           \
	{                                                                                          \
		.bits = 64, .init_p2m = true, .hypercall = true, .is_linux = true,                 \
		.module_bytes = 12345, .module_by_pfn = true, .declares = true, .tree_levels = 3   \
	}
#define TREE_4_INSIDE                                                                              \
	{                                                                                          \
		.bits = 64, .module_bytes = 12345, .scrambled = true, .tree_levels = 4             \
	}
#define TREE_INSIDE_BY_PFN                                                                         \
	{                                                                                          \
		.bits = 64, .module_bytes = 12345, .module_by_pfn = true, .tree_levels = 4         \
	}
#define TREE_32                                                                                    \
	{                                                                                          \
		.bits = 32, .hypercall = true, .module_bytes = 4097, .tree_levels = 2              \
	}
#define TREE_32_3                                                                                  \
	{                                                                                          \
		.bits = 32, .hypercall = true, .module_bytes = 4097, .tree_levels = 3              \
	}
#define TREE_32_1                                                                                  \
	{                                                                                          \
		.bits = 32, .pages = 1024, .tree_levels = 1                                        \
	}
/* Two pages at level 2. */
#define TREE_WIDE                                                                                  \
	{                                                                                          \
		.bits = 64, .init_p2m = true, .pages = 262144 + 513, .tree_levels = 3              \
	}

/* clang-format off */
static const struct mutation mutations[] = {
	{"p2m-tree.told", "", TREE_3, other_record, .where = LIVE},
	{"p2m-tree.told", "", TREE_32, other_record, .where = LIVE},
	{"p2m-tree.told", "", TREE_3_DECLARING, no_record_of_it, .where = LIVE},
	{"p2m-tree.told", "", TREE_4_INSIDE, not_told, .where = LIVE},
	{"p2m-tree.levels", "", TREE_4_INSIDE, six_levels, .where = BOTH},
	{"p2m-tree.levels", "start_info.p2m-range p2m-tree.frame-list", TREE_3, six_levels, .where = BOTH},
	{"p2m-tree.levels", "", TREE_4_INSIDE, no_levels, .where = CORE},
	{"p2m-tree.levels", "", TREE_4_INSIDE, too_few_levels, .where = BOTH},
	{"p2m-tree.levels", "", TREE_32, too_few_levels, .where = BOTH},
	{"p2m-tree.max-pfn", "", TREE_3, max_pfn_short, .where = BOTH},
	{"p2m-tree.max-pfn", "", TREE_32, max_pfn_short, .where = BOTH},
	{"p2m-tree.max-pfn", "", TREE_32_3, max_pfn_short, .where = BOTH},
	{"p2m-tree.max-pfn", "", TREE_4_INSIDE, max_pfn_unsaid, .where = BOTH},
	{"p2m-tree.max-pfn", "", TREE_4_INSIDE, max_pfn_beyond_the_list, .where = BOTH},
	{"p2m-tree.frame-list", "", TREE_3, list_list_unsaid, .where = BOTH},
	{"p2m-tree.frame-list", "", TREE_3, list_list_invalid, .where = BOTH},
	{"p2m-tree.frame-list", "", TREE_32_3, list_list_invalid, .where = BOTH},
	{"p2m-tree.frame-list", "", TREE_4_INSIDE, list_list_is_the_root, .where = BOTH},
	{"p2m-tree.frame-list", "", TREE_32, list_list_unsaid, .where = BOTH},
	{"p2m-tree.foreign-frame", "", TREE_4_INSIDE, root_of_nobody, .where = BOTH},
	{"p2m-tree.foreign-frame", "", TREE_4_INSIDE, root_of_zero, .where = BOTH},
	{"p2m-tree.foreign-frame", "", TREE_3, page_of_nobody, .where = BOTH},
	{"p2m-tree.foreign-frame", "", TREE_3, page_missing, .where = BOTH},
	{"p2m-tree.foreign-frame", "", TREE_32_3, page_missing, .where = BOTH},
	{"p2m-tree.place", "", TREE_3, page_elsewhere, .where = BOTH},
	{"p2m-tree.place", "", TREE_4_INSIDE, page_elsewhere, .where = BOTH},
	{"p2m-tree.place", "", TREE_4_INSIDE, root_elsewhere, .where = BOTH},
	{"p2m-tree.place", "p2m-tree.frame-list", TREE_3, root_elsewhere, .where = BOTH},
	{"p2m-tree.place", "p2m-tree.leaves p2m-tree.beyond", TREE_WIDE, pages_swapped, .where = LIVE},
	{"p2m-tree.mapped", "", TREE_3, page_is_a_table, .where = LIVE},
	{"p2m-tree.mapped", "layout.stray-mapping", TREE_3, page_mapped, .where = BOTH},
	{"p2m-tree.leaves", "", TREE_3, leaves_swapped, .where = BOTH},
	{"p2m-tree.leaves", "", TREE_32, leaves_swapped, .where = BOTH},
	{"p2m-tree.leaves", "", TREE_3, leaf_never_filled_in, .where = BOTH},
	{"p2m-tree.leaves", "", TREE_4_INSIDE, leaf_missing, .where = BOTH},
	{"p2m-tree.leaves", "", TREE_32_3, leaf_missing, .where = BOTH},
	{"p2m-tree.leaves", "", TREE_3, leaf_is_a_copy, .where = BOTH},
	{"p2m-tree.leaves", "", TREE_32_1, only_leaf_is_another, .where = BOTH},
	{"p2m-tree.beyond", "", TREE_3, entry_beyond, .where = BOTH},
	{"p2m-tree.beyond", "", TREE_3, last_entry_beyond, .where = BOTH},
	{"p2m-tree.beyond", "", TREE_32, last_entry_beyond, .where = BOTH},
	{"p2m-tree.beyond", "", TREE_4_INSIDE, entry_of_the_root_beyond, .where = BOTH},

	{"p2m-tree.place", "module.bytes module.tail", TREE_INSIDE_BY_PFN, root_in_the_module, .where = BOTH},

	{"start_info.p2m-range", "", TREE_3, range_without_the_tree, .where = BOTH},
	{"start_info.module", "", TREE_3, module_over_the_tree, .where = BOTH},
	{"shared_info.arch", "", TREE_3, generation, .where = BOTH},
	{"shared_info.arch", "", TREE_32, generation, .where = BOTH},
	{"shared_info.spare", "", TREE_3, behind_the_answer, .where = BOTH},
	{"shared_info.guest-abi", "", TREE_3, reserved_byte, .where = BOTH},
	{"shared_info.guest-abi", "", DECLARING, levels_of_no_tree, .where = BOTH},
};
/* clang-format on */

const struct mutations tree_mutations = {mutations, sizeof mutations / sizeof mutations[0]};
