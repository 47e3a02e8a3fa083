/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The start-of-day memory layout (Xen public xen.h, items 1 to 7). */
#include <string.h>

#include "audit/check.h"
#include "core/checked.h"

#define END_ALIGNMENT ((UINT64_C(4) << 20) >> VIEW_PAGE_SHIFT)
#define PADDING ((UINT64_C(512) << 10) >> VIEW_PAGE_SHIFT)
#define LINUX_MAPPING ((UINT64_C(1) << 30) >> VIEW_PAGE_SHIFT)

static void check_region(struct check *check)
{
	const struct layout *layout = &check->layout;
	const bool list_apart = layout->list_usable && !layout->list_inside;
	uint64_t next = layout->base;

	applies(check, RULE_LAYOUT_CONTIGUOUS);
	applies(check, RULE_LAYOUT_LINEAR);
	if (layout->list_usable)
		applies(check, RULE_LAYOUT_STRAY);
	for (size_t i = 0; i < check->walk.region_count; i++) {
		const struct walk_region *region = &check->walk.regions[i];
		const uint64_t last = region->page + (region->count - 1);

		if (region->page >= layout->base && last < layout->end) {
			if (region->page != next)
				finding(check, RULE_LAYOUT_CONTIGUOUS, place_page(check, next),
					"%llu pages are not mapped here, within the initial region",
					(unsigned long long)(region->page - next));
			if (region->pfn.n != region->page - layout->base)
				finding(check, RULE_LAYOUT_LINEAR, place_page(check, region->page),
					"%llu pages map PFN 0x%llx and on, and should map 0x%llx",
					(unsigned long long)region->count,
					(unsigned long long)region->pfn.n,
					(unsigned long long)(region->page - layout->base));
			next = last + 1;
		} else if (layout->list_usable && !(list_apart && region->page >= layout->list &&
						    last < layout->list + layout->list_pages)) {
			finding(check, RULE_LAYOUT_STRAY, place_page(check, region->page),
				"%llu pages map PFN 0x%llx and on, outside the initial region and "
				"the p2m list",
				(unsigned long long)region->count,
				(unsigned long long)region->pfn.n);
		}
	}
	expect(check, RULE_LAYOUT_END, layout->end % END_ALIGNMENT == 0,
	       place_page(check, layout->end),
	       "the initial region ends at 0x%llx, which is not a multiple of 4 MiB",
	       (unsigned long long)page_address(check, layout->end));
}

/* An element of the layout, in PFNs; count 0 where its place is not known. */
struct element {
	const char *name;
	uint64_t first;
	uint64_t count;
};

static struct element ring_element(const char *name, pvb_pfn_t page)
{
	return (struct element){name, page.n, page.n != PVB_NO_FRAME};
}

static uint64_t kernel_end(const struct check *check)
{
	uint64_t end = check->image->pv.kernel_end;

	for (size_t i = 0; i < check->image->piece_count; i++) {
		const struct pvb_image_piece *piece = &check->image->pieces[i];

		end = pvb_max(end, piece->va + piece->memory_size);
	}
	return end;
}

static size_t list_elements(const struct check *check, struct element *elements)
{
	const struct layout *layout = &check->layout;
	const struct walk_table *root = walk_table_of(&check->walk, check->root);
	size_t n = 0;
	uint64_t page;

	if (check->image && page_of_address(check, kernel_end(check) - 1, &page) &&
	    page >= layout->base)
		elements[n++] = (struct element){"the kernel", 0, page + 1 - layout->base};
	if (check->start.mod_len && !(check->start.flags & SIF_MOD_START_PFN_))
		elements[n++] = (struct element){"the ramdisk", layout->module_page.n,
						 layout->has_module ? layout->module_pages : 0};
	if (layout->list_inside)
		elements[n++] = (struct element){"the p2m list", layout->list - layout->base,
						 layout->list_pages};
	else if (!layout->list_usable)
		elements[n++] = (struct element){"the p2m list", 0, 0};
	elements[n++] = (struct element){"start_info", layout->start_info_page.n, 1};
	elements[n++] = ring_element("the xenstore page", layout->store_page);
	elements[n++] = ring_element("the console page", layout->console_page);
	if (root && root->pfn.n < layout->end - layout->base)
		elements[n++] =
			(struct element){"the page tables", root->pfn.n, layout->initial_tables};
	if (page_of_address(check, check->view->vcpu.rsp - 1, &page) && page >= layout->base &&
	    page < layout->end)
		elements[n++] = (struct element){"the boot stack", page - layout->base, 1};
	return n;
}

/* Below 0 where an element begins before the last one ends, above where pages are left between. */
static int gap_before(const struct element *element)
{
	const struct element *last = element - 1;
	const uint64_t end = last->first + last->count;

	if (!last->count || !element->count || element->first == end)
		return 0;
	return element->first < end ? -1 : 1;
}

static void misplaced(struct check *check, enum audit_rule rule, const struct element *element)
{
	const struct element *last = element - 1;
	const uint64_t end = last->first + last->count;

	finding(check, rule, place("PFN 0x%llx", (unsigned long long)element->first),
		"%s stands at PFN 0x%llx, and %s before it ends at PFN 0x%llx", element->name,
		(unsigned long long)element->first, last->name, (unsigned long long)end);
}

static void check_order(struct check *check)
{
	struct element elements[9];
	const size_t n = list_elements(check, elements);
	bool ordered = true;

	applies(check, RULE_LAYOUT_ORDER);
	for (size_t i = 1; i < n; i++)
		if (gap_before(&elements[i]) < 0) {
			misplaced(check, RULE_LAYOUT_ORDER, &elements[i]);
			ordered = false;
		}
	/* What is out of order is not packed, either: no need to say it twice. */
	if (ordered)
		applies(check, RULE_LAYOUT_PACKED);
	for (size_t i = 1; i < n && ordered; i++)
		if (gap_before(&elements[i]) > 0)
			misplaced(check, RULE_LAYOUT_PACKED, &elements[i]);
	if (!n || strcmp(elements[n - 1].name, "the boot stack") != 0)
		return;

	const uint64_t end = elements[n - 1].first + 1,
		       room = check->layout.end - check->layout.base;

	expect(check, RULE_LAYOUT_PADDING, room - end >= PADDING,
	       place("PFN 0x%llx", (unsigned long long)end),
	       "%llu KiB follow the boot stack, and should be at least 512",
	       (unsigned long long)((room - end) << VIEW_PAGE_SHIFT >> 10));
}

void check_layout(struct check *check)
{
	const struct layout *layout = &check->layout;

	/* Where the walk was cut short the region was, too. */
	if (check->walk.truncated)
		return;
	check_region(check);
	check_order(check);
	if (!check->image)
		return;

	const uint64_t base = page_address(check, layout->base);

	expect(check, RULE_LAYOUT_VIRT_BASE, base == check->image->pv.virt_base,
	       place("address 0x%llx", (unsigned long long)base),
	       "PFN 0 belongs at 0x%llx, and the kernel wants it at 0x%llx",
	       (unsigned long long)base, (unsigned long long)check->image->pv.virt_base);
	expect(check, RULE_LAYOUT_LINUX_1G,
	       !check->image->pv.is_linux || check->view->guest_bits != 64 ||
		       layout->end - layout->base <= LINUX_MAPPING,
	       place_page(check, layout->end),
	       "the initial region has %llu MiB, and Linux takes over no more than 1024",
	       (unsigned long long)((layout->end - layout->base) >> 8));
}
