/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory, looked at from below: page-table entries hold frames of the machine, and the M2P
 * says which page of ours such a frame is. What is to be looked at is mapped at a window, by
 * its frame, so that nothing here believes start_info, the p2m list, or the initial mapping.
 */
#include "hypercall.h"
#include "probe.h"

static struct page windows[WINDOWS];
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
	return pfn < facts.pfns ? pfn : NO_PFN;
}

void *direct(uint64_t pfn)
{
	return (void *)((uint64_t)PROBE_VIRT_BASE + (pfn << PAGE_SHIFT));
}

static uint64_t index_of(uint64_t va, unsigned level)
{
	return va >> (PAGE_SHIFT + 9 * (level - 1)) & (TABLE_ENTRIES - 1);
}

/* An entry of the table in that frame; 0 if the frame is not ours to see. */
static uint64_t table_entry(uint64_t mfn, uint64_t index)
{
	static uint64_t shown = UINT64_MAX;

	if (shown != mfn) {
		if (!window_map(WINDOW_TABLE, mfn, 0))
			return 0;
		shown = mfn;
	}
	return ((const volatile uint64_t *)window_page(WINDOW_TABLE))[index];
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
	uint64_t entry = facts.root << PAGE_SHIFT;

	for (unsigned level = 4; level > 0; level--) {
		uint64_t mfn = entry_mfn(entry), index = index_of(va, level);

		entry = table_entry(mfn, index);
		if (!(entry & PTE_PRESENT))
			return 0;
		if (place)
			*place = (mfn << PAGE_SHIFT) + index * sizeof entry;
	}
	return leaf_entry(va & ~(uint64_t)(PAGE_SIZE - 1), entry);
}

uint64_t frame_of(uint64_t pfn)
{
	return entry_mfn(leaf_of((uint64_t)direct(pfn), NULL));
}

uint64_t root_entry(uint64_t slot)
{
	return table_entry(facts.root, slot);
}

static void walk_table(const struct walker *walker, unsigned level, uint64_t va, uint64_t mfn)
{
	if (walker->table)
		walker->table(walker->context, level, va, mfn);
	for (uint64_t i = 0; i < TABLE_ENTRIES; i++) {
		uint64_t at = va + (i << (PAGE_SHIFT + 9 * (level - 1)));
		uint64_t entry = table_entry(mfn, i);

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

/*
 * The window that shows tables cannot show its own entry before it was changed. So that one
 * is read where the initial mapping should have the tables; 0 if it has them not.
 */
static uint64_t leaf_of_first_window(void)
{
	uint64_t entry = facts.root << PAGE_SHIFT;

	for (unsigned level = 4; level > 0; level--) {
		uint64_t pfn = m2p(entry_mfn(entry));
		uint64_t index = index_of((uint64_t)&windows[WINDOW_TABLE], level);

		if (pfn == NO_PFN || !peek_word((uint64_t *)direct(pfn) + index, &entry) ||
		    !(entry & PTE_PRESENT))
			return 0;
	}
	return m2p(entry_mfn(entry)) == page_of(&windows[WINDOW_TABLE]) ? entry : 0;
}

/* Which frame the M2P has for a page, by looking through all of it. */
static uint64_t frame_by_m2p(uint64_t pfn)
{
	const uint64_t in_page = PAGE_SIZE / sizeof(uint64_t);

	for (uint64_t mfn = 0; mfn < facts.m2p_frames;) {
		uint64_t found;

		if (!peek_word((uint64_t *)facts.m2p_start + mfn, &found)) {
			mfn += in_page - mfn % in_page; /* a hole in the machine's memory */
			continue;
		}
		if (found == pfn)
			return mfn;
		mfn++;
	}
	return 0;
}

bool pages_start(void)
{
	struct machphys_mapping mapping = {0};
	uint64_t cr3;

	/* Xen carries it out for us, and answers with the machine address of our root. */
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	facts.root = cr3 >> PAGE_SHIFT;
	if (hypercall_memory_op(XENMEM_MACHPHYS_MAPPING, &mapping))
		return false;
	facts.m2p_start = mapping.v_start;
	facts.m2p_frames = mapping.max_mfn + 1;
	windows_own[WINDOW_TABLE] = leaf_of_first_window();
	for (unsigned i = WINDOW_TABLE + 1; i < WINDOWS; i++) {
		windows_own[i] = leaf_of((uint64_t)&windows[i], NULL);
		if (!windows_own[i])
			return false;
	}
	/* That the tables are not where they belong is tables.map's to say, and of those only. */
	if (!windows_own[WINDOW_TABLE])
		windows_own[WINDOW_TABLE] = frame_by_m2p(page_of(&windows[WINDOW_TABLE]))
						    << PAGE_SHIFT |
					    (windows_own[WINDOW_PAGE] & ~PTE_FRAME);
	windows_known = true;
	return true;
}
