/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page tables, from cr3 on: what maps what, how, and what nothing may map. */
#include "check.h"

#define UPPER_NEEDED (PTE_PRESENT | PTE_WRITABLE | PTE_USER)
#define UPPER_FREE (PTE_ACCESSED | PTE_DIRTY)
/* How Xen, in adjust_guest_l1e(), marks what a kernel maps for itself alone. */
#define LEAF_KERNEL (PTE_USER | PTE_XEN_KERNEL)
#define LEAF_FREE (PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED | PTE_DIRTY)

/* xen.h: pt_base, nr_pt_frames. Reckoned from the root, since start_info is another check's. */
void check_tables_place(void)
{
	uint64_t first = m2p(facts.root);

	for (unsigned i = 0; i < facts.tables; i++) {
		const struct table *table = table_at(i);
		uint64_t pfn = m2p(table->mfn);

		if (pfn == NO_PFN)
			fail("frame %lx, a table of level %u, is no memory of this guest",
			     table->mfn, table->level);
		else if (table->of_region && (pfn < first || pfn - first >= facts.region_tables))
			fail("PFN %lx, a table of level %u, is none of the %lu pages from PFN %lx "
			     "on",
			     pfn, table->level, facts.region_tables, first);
	}
}

static void read_only(void *context, uint64_t va, uint64_t entry)
{
	(void)context;
	if (entry & PTE_WRITABLE && is_table(entry_mfn(entry)))
		fail("the entry for %lx, %lx, makes a page table writable", va, entry);
}

void check_tables_read_only(void)
{
	static const struct walker walker = {.leaf = read_only};

	walk(&walker);
}

static void flags_upper(void *context, unsigned level, uint64_t va, uint64_t entry)
{
	uint64_t flags = entry & ~PTE_FRAME;

	(void)context;
	if ((flags & UPPER_NEEDED) != UPPER_NEEDED)
		fail("the level %u entry for %lx has flags %lx and needs %lx", level, va, flags,
		     UPPER_NEEDED);
	if (flags & ~(UPPER_NEEDED | UPPER_FREE))
		odd("the level %u entry for %lx has flags %lx, unasked", level, va,
		    flags & ~(UPPER_NEEDED | UPPER_FREE));
}

/* A page that is read-only is a table, or it is where a table belongs, which is tables.map's. */
static void flags_leaf(void *context, uint64_t va, uint64_t entry)
{
	uint64_t flags = entry & ~PTE_FRAME;
	uint64_t pfn = page_of((const void *)va), first = m2p(facts.root);
	bool may_read_only = is_table(entry_mfn(entry)) ||
			     (in_region(va) && pfn >= first && pfn - first < facts.region_tables);

	(void)context;
	if (!(flags & PTE_WRITABLE) && !may_read_only)
		fail("the entry for %lx, %lx, is read-only and maps no page table", va, entry);
	if ((flags & ~LEAF_FREE) != LEAF_KERNEL)
		odd("the entry for %lx has flags %lx, not %lx, which are those of a kernel's page",
		    va, flags & ~LEAF_FREE, LEAF_KERNEL);
}

void check_tables_flags(void)
{
	static const struct walker walker = {.upper = flags_upper, .leaf = flags_leaf};

	walk(&walker);
}

/*
 * Xen puts its own entries there whatever the builder wrote. Only the way to the M2P may be
 * open to a guest, and not to be written through; the slot that maps the root itself is Xen's too.
 */
void check_tables_xen_slots(void)
{
	if (!(root_entry(XEN_SLOT_FIRST) & PTE_PRESENT))
		fail("slot %u is empty, and the M2P should be there", XEN_SLOT_FIRST);
	for (unsigned slot = XEN_SLOT_FIRST; slot < XEN_SLOT_END; slot++) {
		uint64_t entry = root_entry(slot);
		uint64_t open = PTE_PRESENT | PTE_USER;

		if (slot == XEN_SLOT_FIRST)
			open |= PTE_WRITABLE;
		if ((entry & open) == open)
			fail("slot %u, %lx, is open to the guest", slot, entry);
	}
}

/*
 * The guest's side of page tables: a page is unmapped by its address, another is mapped there
 * by the machine address of the entry, and what is written at one address is read at the other.
 */
void check_tables_update(void)
{
	static struct page page;
	volatile uint64_t *there = window_page(WINDOW_PAGE), *here = (uint64_t *)&page;
	uint64_t pfn = page_of(&page), word, place;
	struct mmu_update update;

	if (!leaf_of((uint64_t)there, &place)) {
		fail("a page of the kernel's own has no entry");
		return;
	}
	if (hypercall_update_va_mapping((uint64_t)there, 0)) {
		fail("HYPERVISOR_update_va_mapping refuses to unmap a page");
		return;
	}
	if (peek_word(there, &word))
		fail("a page that was unmapped can be read");
	update.ptr = place | MMU_NORMAL_PT_UPDATE;
	update.val = p2m()[pfn] << PAGE_SHIFT | PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED;
	if (hypercall_mmu_update(&update, 1)) {
		fail("HYPERVISOR_mmu_update refuses to map PFN %lx, frame %lx", pfn, p2m()[pfn]);
	} else {
		*here = 0x70726f6265ul;
		if (*there != *here)
			fail("PFN %lx, mapped a second time, holds something else there", pfn);
	}
	if (!window_close(WINDOW_PAGE))
		fail("a page cannot be put back");
}
