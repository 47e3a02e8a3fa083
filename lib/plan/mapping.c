/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/mapping.h"

#include "core/checked.h"

struct pvb_table_counts pvb_count_tables(unsigned levels, bool with_root, uint64_t from,
					 uint64_t to)
{
	struct pvb_table_counts counts = {0};

	for (unsigned level = 1; level < levels; level++) {
		unsigned shift = PVB_TABLE_SHIFT * level;
		uint64_t last = (to - 1) >> shift;

		/*
		 * A PAE guest's fourth L2 is mandatory: the hypervisor puts its
		 * read-only M2P there. All between it and the mapping come with it.
		 */
		if (levels == PVB_LEVELS_PAE && level == 2)
			last = pvb_max(last, 3);
		counts.level[level - 1] = last - (from >> shift) + 1;
		counts.total += counts.level[level - 1];
	}
	if (with_root) {
		counts.level[levels - 1] = 1;
		counts.total++;
	}
	return counts;
}

struct pvb_plan_mapping pvb_make_mapping(unsigned levels, unsigned page_shift, bool with_root,
					 pvb_va_t from, pvb_va_t to, pvb_pfn_t first,
					 pvb_pfn_t tables)
{
	struct pvb_table_counts counts =
		pvb_count_tables(levels, with_root, from.a >> page_shift, to.a >> page_shift);
	struct pvb_plan_mapping mapping = {.from = from, .to = to, .first = first};
	uint64_t next = tables.n;

	for (unsigned level = levels; level > 0; level--) {
		uint64_t covers = UINT64_C(1) << (page_shift + PVB_TABLE_SHIFT * level);
		bool root = level == levels;

		mapping.level[level - 1].from =
			root ? PVB_VA(0) : PVB_VA(pvb_round_down(from.a, covers));
		mapping.level[level - 1].first = PVB_PFN(next);
		mapping.level[level - 1].count = counts.level[level - 1];
		next += counts.level[level - 1];
	}
	mapping.table_frames = counts.total;
	return mapping;
}
