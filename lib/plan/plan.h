/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan as the rest of the library sees it: the public numbers, and the same
 * layout in frames.
 */
#ifndef PVB_PLAN_PLAN_H
#define PVB_PLAN_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/p2m.h>
#include <pvbuild/plan.h>

#include "core/frames.h"
#include "plan/pte-bits.h"

#define PVB_MAX_LEVELS 4

/*
 * Page tables that map [from, to) linearly: the page at from + i * page size is
 * the frame first + i. Tables of level l (4 the root, 1 the leaves' parents)
 * stand at level[l - 1].first, count of them, in ascending order of address;
 * the first one covers addresses from level[l - 1].from on (aligned to what one
 * table of that level covers). count 0: the mapping has no tables of its own at
 * that level (the p2m mapping hangs off the initial mapping's root).
 */
struct pvb_plan_mapping {
	pvb_va_t from;
	pvb_va_t to;
	pvb_pfn_t first;
	struct {
		pvb_va_t from;
		pvb_pfn_t first;
		uint64_t count;
	} level[PVB_MAX_LEVELS];
	uint64_t table_frames;
};

/* count frames from first on; bytes of them are used. va is PVB_NONE where unmapped. */
struct pvb_plan_region {
	pvb_pfn_t first;
	uint64_t count;
	uint64_t bytes;
	pvb_va_t va;
};

struct pvb_plan_arm64;

struct pvb_plan {
	struct pvb_plan_info info;

	/*
	 * Of an arm64 guest; NULL for others. What follows is then there as far as it is not about
	 * virtual addresses: PFNs are the guest's physical frames, and of the regions there are
	 * module, xenstore and console.
	 */
	const struct pvb_plan_arm64 *arm64;

	enum pvb_guest_type guest_type;
	unsigned guest_bits; /* 32 or 64 */
	unsigned levels;     /* of the guest's page tables: 4, or 3 for PAE */
	unsigned page_shift;
	uint64_t pages; /* of guest memory, holes not counted */
	pvb_va_t virt_base;

	struct pvb_p2m_geometry p2m_geometry; /* its PFNs: pages, and holes between them */
	unsigned p2m_levels;                  /* of its tree; 0: a list alone */

	struct pvb_plan_region kernel, module, p2m, start_info, xenstore, console, page_tables,
		boot_stack, p2m_tables, p2m_tree; /* count 0 where there is none */
	bool has_module;
	const char *module_name; /* as it was given, or NULL */
	bool module_unmapped;    /* passed by PFN, with SIF_MOD_START_PFN */
	bool p2m_outside;        /* outside the initial mapping, with tables of its own */

	struct pvb_plan_mapping initial;
	struct pvb_plan_mapping p2m_mapping; /* where p2m_outside */

	bool has_hypercall_page;
	pvb_pfn_t hypercall_page;

	struct pvb_pte_guest pte_guest; /* what info.pte_bits was made from */

	/* The image that it was made from: what pvb_build() checks before it trusts the pair. */
	uint64_t image_unpacked_size;
};

/* As their public namesakes, from what is known of an image instead of an image. */
int pvb_plan_from_info(const struct pvb_image_info *image, const struct pvb_spec *spec,
		       const struct pvb_host_info *host, struct pvb_plan **plan,
		       struct pvb_error *error);
int pvb_plan_minimum_from_info(const struct pvb_image_info *image, const struct pvb_spec *spec,
			       const struct pvb_host_info *host, uint64_t *bytes,
			       struct pvb_error *error);

#endif
