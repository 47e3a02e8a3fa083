/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a guest's memory is in its physical addresses: all of it from 0 on, or in ranges with
 * holes between them. Three numbers follow that are one and the same where there is no hole:
 * the pages that have memory, the PFNs that its p2m covers, and how far a layout can go.
 */
#ifndef PVB_PLAN_RANGES_H
#define PVB_PLAN_RANGES_H

#include <pvbuild/plan.h>

#include "plan/layout.h"
#include "plan/limits.h"

/* What every Xen takes in a memory map (E820MAX of asm-x86/e820.h, 1024 from 4.9 on). */
#define PVB_MAX_RANGES 128

/*
 * ranges are the spec's, count of them; NULL for one from 0 on.
 *
 *   pages   of memory, holes not counted
 *   pfns    up to the last that has memory, holes included
 *   room    pages before the first hole, where the whole layout has to lie
 *   next    the first PFN behind that hole; pfns where there is none
 */
struct pvb_plan_memory {
	const struct pvb_memory_range *ranges;
	size_t count;
	unsigned page_shift;
	uint64_t pages;
	uint64_t pfns;
	uint64_t room;
	uint64_t next;
};

/* The spec's ranges agree with each other, the guest's ABI and the host, which may be NULL. */
int pvb_take_ranges(enum pvb_guest_type type, const struct pvb_spec *spec,
		    const struct pvb_host_info *host, unsigned page_shift,
		    struct pvb_plan_memory *memory, struct pvb_error *error);

/* The same, and with the memory that is asked for, which the guest can have. */
int pvb_take_memory(enum pvb_guest_type type, const struct pvb_spec *spec,
		    const struct pvb_host_info *host, unsigned page_shift,
		    const struct pvb_address_bits *width, struct pvb_plan_memory *memory,
		    struct pvb_error *error);

/* A guest of another kind has no ranges. */
int pvb_refuse_ranges(const struct pvb_spec *spec, enum pvb_guest_type type,
		      struct pvb_error *error);

/* There is memory for all of a layout; at most max_pages in all, for the hint. */
int pvb_memory_check_layout(const struct pvb_plan_memory *memory,
			    const struct pvb_layout_input *input, const struct pvb_layout *layout,
			    uint64_t max_pages, struct pvb_error *error);

/*
 * The least pages that hold the layout. With holes: what must be before the first one, and all
 * that is behind it, which stays where it is.
 */
int pvb_memory_least_pages(const struct pvb_plan_memory *memory,
			   const struct pvb_layout_input *input, uint64_t max_pages,
			   uint64_t *pages, struct pvb_error *error);

/* The ranges, memory->count of them, into list. */
void pvb_tell_ranges(const struct pvb_plan_memory *memory, struct pvb_memory_range *list);

#endif
