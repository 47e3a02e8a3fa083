/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The layout solver: which frame every part of a guest gets.
 *
 * A layout is made first, whatever it comes to, and judged afterwards; frames
 * and virtual pages are counted in 64 bits, which no sum of these can overflow.
 * So a refusal can say by how much something does not fit.
 */
#ifndef PVB_PLAN_LAYOUT_H
#define PVB_PLAN_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/plan.h>

#include "plan/p2m-form.h"

/* Those of x86. */
#define PVB_SEGMENT_KINDS (PVB_SEGMENT_P2M_TREE + 1)

/* All that decides a layout but the size of the guest. */
struct pvb_layout_input {
	unsigned levels; /* of page tables: 4, or 3 for PAE */
	unsigned page_shift;
	unsigned p2m_entry_size;
	bool is_linux;
	bool strict_p2m;
	bool module_unmapped;
	uint64_t virt_base;    /* page aligned */
	uint64_t kernel_first; /* frame */
	uint64_t kernel_pages;
	uint64_t module_pages;
	uint64_t init_p2m;     /* or PVB_NONE */
	uint64_t hv_start_low; /* or PVB_NONE */
	struct pvb_p2m_wanted p2m;
};

struct pvb_layout_part {
	uint64_t first;
	uint64_t count; /* 0 where there is none */
};

/*
 * Frames of every part, by enum pvb_segment_kind, whose order is the order in
 * the initial mapping. The mapping covers frames [0, map_end); a part from
 * there on is not in it. frames is how many all of it takes.
 *
 * The p2m's list covers p2m.pfns; its tree has p2m_levels, 0 where there is none.
 */
struct pvb_layout {
	struct pvb_layout_part part[PVB_SEGMENT_KINDS];
	uint64_t map_end;
	uint64_t frames;
	struct pvb_p2m_geometry p2m;
	unsigned p2m_levels;
	bool p2m_outside;
	uint64_t p2m_room; /* where outside: the pages that a list there has entries for */
	const char *p2m_fallback;
};

/* The layout for a guest whose p2m covers so many PFNs: its pages, where there are no holes. */
struct pvb_layout pvb_layout_solve(const struct pvb_layout_input *input, uint64_t pfns);

/*
 * It lies where the guest's address space has room for it, its list where it may, and the p2m's
 * tree reaches all of it.
 */
int pvb_layout_check_addresses(const struct pvb_layout_input *input,
			       const struct pvb_layout *layout, struct pvb_error *error);

/* It fits into so many pages of memory; max_pages is for the hint. */
int pvb_layout_check_memory(const struct pvb_layout_input *input, const struct pvb_layout *layout,
			    uint64_t pages, uint64_t max_pages, struct pvb_error *error);

/* The first part that is not whole within so many pages, and its name; NULL where all are. */
const struct pvb_layout_part *pvb_layout_first_past(const struct pvb_layout *layout, uint64_t pages,
						    const char **name);

/*
 * The least number of pages, not under at_least and not over at_most, that
 * holds its own layout. What refuses every size is the error.
 */
int pvb_layout_least_pages(const struct pvb_layout_input *input, uint64_t at_least,
			   uint64_t at_most, uint64_t *pages, struct pvb_error *error);

/* The public name of a part: "start_info". */
const char *pvb_segment_name(enum pvb_segment_kind kind);

#endif
