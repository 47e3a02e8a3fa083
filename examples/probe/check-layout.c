/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is mapped where at the start, by the start-of-day comment of Xen's xen.h. */
#include "check.h"

#define PADDING_PAGES ((UINT64_C(512) << 10) / PAGE_SIZE)

static void in_order(void *context, uint64_t va, uint64_t entry)
{
	uint64_t *next = context, mfn = entry_mfn(entry);

	if (!in_region(va))
		return;
	if (va != *next)
		fail("%lx to %lx is not mapped", *next, va - 1);
	if (m2p(mfn) != page_of((const void *)va))
		fail("%lx maps frame %lx, which is PFN %lx and not %lx", va, mfn, m2p(mfn),
		     page_of((const void *)va));
	*next = va + PAGE_SIZE;
}

void check_tables_map(void)
{
	uint64_t next = PROBE_VIRT_BASE;
	struct walker walker = {.context = &next, .leaf = in_order};

	walk(&walker);
	if (next % REGION_ALIGN)
		fail("the region ends at %lx, which is no multiple of 4 MiB", next);
}

void check_layout_padding(void)
{
	uint64_t used = m2p(facts.root) + facts.region_tables + 1; /* and the stack */

	if (facts.region_end < used + PADDING_PAGES)
		fail("the region ends %lu pages behind the boot stack; 512 KiB are promised",
		     facts.region_end - used);
}

/* Kernel, ramdisk, list, start_info, store, console, tables, stack: packed together. */
void check_layout_order(void)
{
	uint64_t expected = page_of(kernel_end);

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

static void stray(void *context, uint64_t va, uint64_t entry)
{
	(void)context;
	if (!in_region(va) && !in_list(va))
		fail("%lx is mapped, to frame %lx, and nothing should be there", va,
		     entry_mfn(entry));
}

void check_tables_stray(void)
{
	static const struct walker walker = {.leaf = stray};

	walk(&walker);
}
