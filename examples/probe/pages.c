/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory, looked at from below: page-table entries hold frames of the machine, and the M2P
 * says which page of ours such a frame is. A page of the initial mapping is found at virt_base
 * plus its number; any other is mapped at a window first. Nothing here believes start_info or
 * the p2m list.
 */
#include "hypercall.h"
#include "probe.h"

static struct page windows[WINDOWS] __attribute__((aligned(PAGE_SIZE)));
static uint64_t windows_own[WINDOWS]; /* the leaf entries they came with */
static bool windows_known;

void *window_page(enum window window)
{
	return &windows[window];
}

bool window_map(enum window window, uint64_t mfn, uint64_t flags)
{
	return hypercall_update_va_mapping((uint64_t)&windows[window], mfn << PAGE_SHIFT | flags |
									       PTE_PRESENT |
									       PTE_ACCESSED) == 0;
}

bool window_close(enum window window)
{
	return hypercall_update_va_mapping((uint64_t)&windows[window], windows_own[window]) == 0;
}

uint64_t m2p(uint64_t mfn)
{
	uint64_t pfn;

	if (mfn >= facts.m2p_frames || !peek_word((uint64_t *)facts.m2p_start + mfn, &pfn))
		return NO_PFN;
	return pfn < facts.pages ? pfn : NO_PFN;
}

void *direct(uint64_t pfn)
{
	return (void *)((uint64_t)PROBE_VIRT_BASE + (pfn << PAGE_SHIFT));
}

static bool in_reach(uint64_t pfn)
{
	uint64_t word;

	return pfn < (UINT64_MAX - PROBE_VIRT_BASE) >> PAGE_SHIFT && peek_word(direct(pfn), &word);
}

/* The entries of a table: where the initial mapping has them, or else in the level's window. */
static const uint64_t *table(uint64_t mfn, unsigned level)
{
	static const enum window window[] = {0, WINDOW_L1, WINDOW_L2, WINDOW_L3, WINDOW_L4};
	uint64_t pfn = m2p(mfn);

	if (pfn != NO_PFN && in_reach(pfn))
		return direct(pfn);
	return window_map(window[level], mfn, 0) ? window_page(window[level]) : NULL;
}

static uint64_t index_of(uint64_t va, unsigned level)
{
	return va >> (PAGE_SHIFT + 9 * (level - 1)) & (TABLE_ENTRIES - 1);
}

/* The leaf of a window is what it came with, whatever it shows now. */
static uint64_t leaf_entry(uint64_t va, uint64_t entry)
{
	uint64_t window = (va - (uint64_t)windows) >> PAGE_SHIFT;

	if (windows_known && va >= (uint64_t)windows && window < WINDOWS)
		return windows_own[window];
	return entry;
}

uint64_t leaf_of(uint64_t va, uint64_t *place)
{
	uint64_t entry = facts.root << PAGE_SHIFT | PTE_PRESENT;

	for (unsigned level = 4; level > 0; level--) {
		const uint64_t *entries = table(entry_mfn(entry), level);

		if (!entries)
			return 0;
		if (place)
			*place = (entry & PTE_FRAME) + index_of(va, level) * sizeof entry;
		entry = entries[index_of(va, level)];
		if (!(entry & PTE_PRESENT))
			return 0;
	}
	return leaf_entry(va & ~(uint64_t)(PAGE_SIZE - 1), entry);
}

static void walk_table(const struct walker *walker, unsigned level, uint64_t va, uint64_t mfn)
{
	const uint64_t *entries = table(mfn, level);

	if (walker->table)
		walker->table(walker->context, level, va, mfn);
	for (uint64_t i = 0; entries && i < TABLE_ENTRIES; i++) {
		uint64_t at = va + (i << (PAGE_SHIFT + 9 * (level - 1)));
		uint64_t entry = entries[i];

		if (level == 4 && i >= XEN_SLOT_FIRST && i < XEN_SLOT_END)
			continue;
		if (level == 4 && i >= TABLE_ENTRIES / 2)
			at |= 0xfffful << 48;
		if (!(entry & PTE_PRESENT))
			continue;
		if (level == 1) {
			if (walker->leaf)
				walker->leaf(walker->context, at, leaf_entry(at, entry));
			continue;
		}
		if (walker->upper)
			walker->upper(walker->context, level, at, entry);
		walk_table(walker, level - 1, at, entry_mfn(entry));
	}
}

void walk(const struct walker *walker)
{
	walk_table(walker, 4, 0, facts.root);
}

bool pages_start(void)
{
	struct machphys_mapping mapping;
	uint64_t cr3;

	/* Xen carries it out for us, and answers with the machine address of our root. */
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	facts.root = cr3 >> PAGE_SHIFT;
	if (hypercall_memory_op(XENMEM_MACHPHYS_MAPPING, &mapping))
		return false;
	facts.m2p_start = mapping.v_start;
	facts.m2p_frames = mapping.max_mfn + 1;
	for (unsigned i = 0; i < WINDOWS; i++) {
		windows_own[i] = leaf_of((uint64_t)&windows[i], NULL);
		if (!windows_own[i])
			return false;
	}
	windows_known = true;
	return true;
}
