/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/layout.h"

#include <inttypes.h>

#include "core/checked.h"
#include "core/error.h"
#include "plan/mapping.h"
#include "plan/space.h"

#define STAGE "plan"

/* Xen public xen.h, start-of-day: padding behind the last element, and where the region ends. */
#define PADDING_SIZE (UINT64_C(512) << 10)
#define REGION_ALIGN (UINT64_C(4) << 20)

const char *pvb_segment_name(enum pvb_segment_kind kind)
{
	switch (kind) {
	case PVB_SEGMENT_KERNEL:
		return "kernel";
	case PVB_SEGMENT_MODULE:
		return "module0";
	case PVB_SEGMENT_P2M:
		return "p2m";
	case PVB_SEGMENT_START_INFO:
		return "start_info";
	case PVB_SEGMENT_XENSTORE:
		return "xenstore";
	case PVB_SEGMENT_CONSOLE:
		return "console";
	case PVB_SEGMENT_PAGE_TABLES:
		return "page_tables";
	case PVB_SEGMENT_BOOT_STACK:
		return "boot_stack";
	case PVB_SEGMENT_PADDING:
		return "padding";
	case PVB_SEGMENT_P2M_TABLES:
		return "p2m_tables";
	case PVB_SEGMENT_P2M_TREE:
		return "p2m_tree";
	case PVB_SEGMENT_DEVICE_TREE:
		return "dtb";
	case PVB_SEGMENT_MEMACCESS:
		return "memaccess";
	case PVB_SEGMENT_VUART:
		return "vuart";
	}
	return "unknown";
}

static void place(struct pvb_layout *layout, enum pvb_segment_kind kind, uint64_t count)
{
	layout->part[kind] = (struct pvb_layout_part){.first = layout->frames, .count = count};
	layout->frames += count;
}

/*
 * The initial mapping. Its tables map themselves, so their number is a fixed
 * point; it is approached from below, which finds the least.
 */
static void place_mapping(const struct pvb_layout_input *input, uint64_t list_pages,
			  struct pvb_layout *layout)
{
	unsigned shift = input->page_shift;
	uint64_t base = input->virt_base >> shift;
	uint64_t stack_and_padding = 1 + (PADDING_SIZE >> shift);
	uint64_t align = REGION_ALIGN >> shift;
	uint64_t tables = 0;
	uint64_t fixed, end;

	layout->frames = input->kernel_first;
	place(layout, PVB_SEGMENT_KERNEL, input->kernel_pages);
	place(layout, PVB_SEGMENT_MODULE, input->module_unmapped ? 0 : input->module_pages);
	place(layout, PVB_SEGMENT_P2M, list_pages);
	place(layout, PVB_SEGMENT_START_INFO, 1);
	place(layout, PVB_SEGMENT_XENSTORE, 1);
	place(layout, PVB_SEGMENT_CONSOLE, 1);

	fixed = base + layout->frames + stack_and_padding;
	do {
		end = (fixed + tables + align - 1) & ~(align - 1);
		tables = pvb_count_tables(input->levels, true, base, end).total;
	} while (fixed + tables > end);

	place(layout, PVB_SEGMENT_PAGE_TABLES, tables);
	place(layout, PVB_SEGMENT_BOOT_STACK, 1);
	layout->map_end = end - base;
	place(layout, PVB_SEGMENT_PADDING, layout->map_end - layout->frames);
}

/* A guest without any memory still has a PFN 0. */
static struct pvb_p2m_geometry p2m_of(const struct pvb_layout_input *input, uint64_t pfns)
{
	return (struct pvb_p2m_geometry){
		.pfns = pvb_max(pfns, 1),
		.entry_size = input->p2m_entry_size,
		.page_size = UINT32_C(1) << input->page_shift,
	};
}

struct pvb_layout pvb_layout_solve(const struct pvb_layout_input *input, uint64_t pfns)
{
	struct pvb_layout layout = {.p2m = p2m_of(input, pfns)};
	uint64_t list_pages = pvb_p2m_list_pages(&layout.p2m);

	layout.p2m_levels = pvb_p2m_levels(&input->p2m, &layout.p2m);
	if (input->init_p2m != PVB_NONE) {
		uint64_t room = 0;

		layout.p2m_fallback = pvb_p2m_refusal(input, list_pages, &room);
		layout.p2m_outside = !layout.p2m_fallback;
		layout.p2m_room = room * pvb_p2m_entries_per_page(&layout.p2m);
	}
	place_mapping(input, layout.p2m_outside ? 0 : list_pages, &layout);
	if (input->module_unmapped)
		place(&layout, PVB_SEGMENT_MODULE, input->module_pages);
	if (layout.p2m_outside) {
		uint64_t from = input->init_p2m >> input->page_shift;

		place(&layout, PVB_SEGMENT_P2M, list_pages);
		place(&layout, PVB_SEGMENT_P2M_TABLES,
		      pvb_count_tables(input->levels, false, from, from + list_pages).total);
	}
	if (layout.p2m_levels)
		place(&layout, PVB_SEGMENT_P2M_TREE,
		      pvb_p2m_tree_pages(&layout.p2m, layout.p2m_levels));
	return layout;
}

int pvb_layout_least_pages(const struct pvb_layout_input *input, uint64_t at_least,
			   uint64_t at_most, uint64_t *pages, struct pvb_error *error)
{
	/*
	 * No size below "least" will do, all along: what a layout takes never falls
	 * as the guest grows, but where the list no longer fits at its own address and
	 * moves into the initial mapping. So never step over that point at once.
	 */
	uint64_t least = pvb_max(at_least, 1);

	for (;;) {
		struct pvb_layout layout = pvb_layout_solve(input, least);
		int rc = pvb_layout_check_addresses(input, &layout, error);

		if (rc)
			return rc;
		if (layout.frames <= least)
			break;
		if (layout.p2m_outside && layout.frames > layout.p2m_room)
			least = layout.p2m_room + 1;
		else
			least = layout.frames;
		if (least > at_most)
			return pvb_fail(error, PVB_E_ARG_MEMORY_LARGE, STAGE,
					"this kernel and ramdisk take at least %" PRIu64
					" pages of memory; such a guest can have at most %" PRIu64,
					least, at_most);
	}
	*pages = least;
	return 0;
}

const struct pvb_layout_part *pvb_layout_first_past(const struct pvb_layout *layout, uint64_t pages,
						    const char **name)
{
	const struct pvb_layout_part *first = NULL;

	for (unsigned kind = 0; kind < PVB_SEGMENT_KINDS; kind++) {
		const struct pvb_layout_part *part = &layout->part[kind];

		if (!part->count || part->first + part->count <= pages ||
		    (first && first->first <= part->first))
			continue;
		first = part;
		*name = pvb_segment_name((enum pvb_segment_kind)kind);
	}
	return first;
}

int pvb_layout_check_memory(const struct pvb_layout_input *input, const struct pvb_layout *layout,
			    uint64_t pages, uint64_t max_pages, struct pvb_error *error)
{
	const struct pvb_layout_part *first;
	uint64_t least = 0;
	const char *name = NULL;
	int rc;

	if (layout->frames <= pages)
		return 0;
	first = pvb_layout_first_past(layout, pages, &name);

	/* What it would take grows with the guest, because the p2m list does. */
	rc = pvb_layout_least_pages(input, pages, max_pages, &least, NULL);
	if (rc) {
		rc = pvb_fail(error, PVB_E_ARG_MEMORY_SMALL, STAGE,
			      "%" PRIu64 " bytes of memory are too little: %s does not fit",
			      pages << input->page_shift, name);
		pvb_hint(error, "no amount of memory that it may have is enough for this kernel "
				"and ramdisk");
		return rc;
	}
	rc = pvb_fail(error, PVB_E_ARG_MEMORY_SMALL, STAGE,
		      "the guest needs %" PRIu64 " bytes of memory and is given %" PRIu64
		      ": %s, %" PRIu64 " bytes at 0x%" PRIx64 ", does not fit",
		      least << input->page_shift, pages << input->page_shift, name,
		      first->count << input->page_shift, first->first << input->page_shift);
	pvb_hint(error, "give it %" PRIu64 " KiB or more", least << (input->page_shift - 10));
	return rc;
}
