/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every page-table entry is held to before the hypervisor sees it. Xen refuses a bad one
 * with EINVAL for the tree as a whole, and takes some that do harm later; this says which one.
 */
#ifndef PVB_BUILD_ENTRIES_H
#define PVB_BUILD_ENTRIES_H

#include <stdint.h>

#include "core/error.h"
#include "core/runs.h"

/*
 *   guest_bits     32 or 64
 *   address_bits   of machine addresses: every entry points below 1 << this
 *   kernel_bit     the software bit that a leaf may have; PVB_GUEST_PTE_NO_BIT for none
 *   tables         frames that are page tables, by MFN
 */
struct pvb_entry_rules {
	unsigned guest_bits;
	unsigned address_bits;
	unsigned kernel_bit;
	const struct pvb_runs *tables;
};

/* A table whose first entry is for guest address va (without sign extension). */
struct pvb_entry_table {
	unsigned level;
	uint64_t pfn;
	uint64_t va;
};

/* All 512 entries of a table as they stand in memory; PVB_E_BUG_TABLE_ENTRY for the first bad one.
 */
int pvb_entries_check(const struct pvb_entry_rules *rules, const struct pvb_entry_table *table,
		      const uint64_t *entries, const char *stage, struct pvb_error *error);

#endif
