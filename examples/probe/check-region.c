/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The region that is mapped at the start, by the start-of-day comment of Xen's xen.h. */
#include "check.h"

#define REGION_ALIGN (UINT64_C(4) << 20)
#define PADDING_PAGES ((UINT64_C(512) << 10) / PAGE_SIZE)

struct position {
	uint64_t next; /* address that should come now */
};

static void contiguous(void *context, uint64_t va, uint64_t entry)
{
	struct position *position = context;
	uint64_t pfn = (va - PROBE_VIRT_BASE) >> PAGE_SHIFT;

	if (va < PROBE_VIRT_BASE)
		return;
	if (va != position->next)
		fail("%lx to %lx is not mapped", position->next, va - 1);
	if (m2p(entry_mfn(entry)) != pfn)
		fail("%lx maps frame %lx, which is PFN %lx and not %lx", va, entry_mfn(entry),
		     m2p(entry_mfn(entry)), pfn);
	position->next = va + PAGE_SIZE;
}

void check_region_contiguous(void)
{
	struct position position = {PROBE_VIRT_BASE};
	struct walker walker = {.context = &position, .leaf = contiguous};

	walk(&walker);
}

void check_region_end(void)
{
	uint64_t end = (uint64_t)direct(facts.region_pages);
	uint64_t used = m2p(facts.root) + facts.region_tables + 1; /* and the stack */

	if (end % REGION_ALIGN)
		fail("the region ends at %lx, which is no multiple of 4 MiB", end);
	if (facts.region_pages < used + PADDING_PAGES)
		fail("the region ends %lu pages behind the boot stack; 512 KiB are promised",
		     facts.region_pages - used);
}

/* Kernel, ramdisk, list, start_info, store, console, tables, stack: packed together. */
void check_region_order(void)
{
	uint64_t expected = ((uint64_t)kernel_end - PROBE_VIRT_BASE) >> PAGE_SHIFT;

	if (module_mapped())
		expected += module_pages();
#ifndef PROBE_INIT_P2M
	expected += facts.list_pages;
#endif
	if (facts.start_info_pfn != expected)
		fail("start_info is in PFN %lx; what precedes it ends at PFN %lx",
		     facts.start_info_pfn, expected);
	if (m2p(facts.root) != facts.console_pfn + 1)
		fail("the page tables begin at PFN %lx, not at %lx behind the console",
		     m2p(facts.root), facts.console_pfn + 1);
}

static void alone(void *context, uint64_t va, uint64_t entry)
{
	(void)context;
	if (va >= PROBE_VIRT_BASE)
		return;
#ifdef PROBE_INIT_P2M
	if (va >= PROBE_INIT_P2M && (va - PROBE_INIT_P2M) >> PAGE_SHIFT < facts.list_pages)
		return;
#endif
	fail("%lx is mapped, to frame %lx, and nothing should be there", va, entry_mfn(entry));
}

void check_region_alone(void)
{
	static const struct walker walker = {.leaf = alone};

	walk(&walker);
}
