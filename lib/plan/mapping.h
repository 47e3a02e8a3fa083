/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The geometry of x86 page tables: how many tables a linear mapping takes at
 * each level, for the four levels of a 64-bit guest and the three of PAE.
 */
#ifndef PVB_PLAN_MAPPING_H
#define PVB_PLAN_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"

/* A table of level l covers 512^l pages; a 64-bit entry wherever the guest is PAE or 64-bit. */
#define PVB_TABLE_SHIFT 9

#define PVB_LEVELS_X86_64 4
#define PVB_LEVELS_PAE 3

struct pvb_table_counts {
	uint64_t level[PVB_MAX_LEVELS]; /* [l - 1] for level l */
	uint64_t total;
};

/*
 * Tables that map the virtual pages [from, to), from < to. Page numbers, not
 * addresses: they cannot overflow, so that a mapping can be measured before it
 * is known to fit into the address space. with_root is false for a mapping
 * that hangs off the root of another.
 */
struct pvb_table_counts pvb_count_tables(unsigned levels, bool with_root, uint64_t from,
					 uint64_t to);

/*
 * Describe the mapping of [from, to) onto the frames from first on, its tables
 * standing at "tables", root first. to - from is not zero and the range fits
 * into the guest's address space.
 */
struct pvb_plan_mapping pvb_make_mapping(unsigned levels, unsigned page_shift, bool with_root,
					 pvb_va_t from, pvb_va_t to, pvb_pfn_t first,
					 pvb_pfn_t tables);

#endif
