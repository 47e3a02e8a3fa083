/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel declared (notes.S), what came of it, and what the builder says that came of
 * it: doc/guest-abi.md.
 */
#include <pvbuild/guest-abi.h>

#include "check.h"

#if defined PROBE_ADDRESS_BITS || defined PROBE_PTE_L1 || defined PROBE_GRANULES ||                \
	defined PROBE_P2M_TREE
#define ASKED true
#else
#define ASKED false
#endif

#if defined PROBE_ADDRESS_BITS
#define DECLARED_BITS PROBE_ADDRESS_BITS
#elif defined PROBE_MAXPHYS
#define DECLARED_BITS PROBE_MAXPHYS
#else
#define DECLARED_BITS 0
#endif

#if !defined PROBE_PTE_L1
#define PROBE_PTE_L1 0
#endif
#if !defined PROBE_GRANULES
#define PROBE_GRANULES 0
#endif

const struct pvb_guest_abi *guest_abi(void)
{
	return (const struct pvb_guest_abi *)&shared_info_page.bytes[PVB_GUEST_ABI_OFFSET];
}

/* ---- the width --------------------------------------------------------------------- */

static bool lies_below(uint64_t mfn, unsigned bits)
{
	return mfn >> (bits - PAGE_SHIFT) == 0;
}

static uint64_t highest_frame(void)
{
	uint64_t highest = 0;

	for (uint64_t pfn = 0; pfn < facts.pfns; pfn++)
		if (p2m()[pfn] != UINT64_MAX && p2m()[pfn] > highest)
			highest = p2m()[pfn];
	return highest;
}

static void memory_below(unsigned bits)
{
	for (uint64_t pfn = 0; pfn < facts.pfns; pfn++)
		if (in_memory(pfn) && !lies_below(p2m()[pfn], bits))
			fail("PFN %lx is frame %lx, not below %u bits of address", pfn, p2m()[pfn],
			     bits);
}

void check_width_memory(void)
{
	if (DECLARED_BITS)
		memory_below(DECLARED_BITS);
	else
		untested("no width is declared; the highest frame is %lx", highest_frame());
}

/* As the processor finds them: the list is not believed. */
void check_width_tables(void)
{
	if (!DECLARED_BITS) {
		untested("no width is declared");
		return;
	}
	for (unsigned i = 0; i < facts.tables; i++)
		if (!lies_below(table_at(i)->mfn, DECLARED_BITS))
			fail("frame %lx, a table of level %u, is not below %u bits of address",
			     table_at(i)->mfn, table_at(i)->level, DECLARED_BITS);
}

void check_width_shared(void)
{
	const struct {
		const char *name;
		uint64_t mfn;
	} pages[] = {
		{"shared info", facts.start_info->shared_info >> PAGE_SHIFT},
		{"the store's ring", facts.start_info->store_mfn},
		{"the console's ring", facts.start_info->console_mfn},
	};

	if (!DECLARED_BITS) {
		untested("no width is declared");
		return;
	}
	for (unsigned i = 0; i < sizeof pages / sizeof pages[0]; i++)
		if (!lies_below(pages[i].mfn, DECLARED_BITS))
			fail("%s, frame %lx, is not below %u bits of address", pages[i].name,
			     pages[i].mfn, DECLARED_BITS);
}

/*
 * Xen takes the grant table from where it likes, and no builder can have it elsewhere: a kernel
 * that really copes with no more cannot map it then. This one can.
 */
void check_width_grants(void)
{
	if (facts.grant_mfn == UINT64_MAX)
		untested("Xen does not say where the grant table is");
	else if (!DECLARED_BITS)
		untested("no width is declared; the grant table is frame %lx", facts.grant_mfn);
	else if (!lies_below(facts.grant_mfn, DECLARED_BITS))
		untested("Xen has put the grant table to frame %lx, not below %u bits of address",
			 facts.grant_mfn, DECLARED_BITS);
}

/* ---- the answer --------------------------------------------------------------------- */

/* There is one for who asks for something, and where there is a tree that somebody asked for. */
static bool is_answered(void)
{
	return ASKED || p2m_tree_is_there();
}

void check_guest_abi_answer(void)
{
	const struct pvb_guest_abi *abi = guest_abi();
	const uint64_t known = PVB_GUEST_ABI_HAS_ADDRESS_BITS | PVB_GUEST_ABI_HAS_PTE_BITS |
			       PVB_GUEST_ABI_HAS_GRANULE | PVB_GUEST_ABI_HAS_P2M_TREE;
	uint64_t at = first_nonzero(abi, sizeof *abi);

	if (!is_answered()) {
		if (at < sizeof *abi)
			fail("byte %lu of the page is not zero, and nothing was asked for",
			     PVB_GUEST_ABI_OFFSET + at);
		return;
	}
	if (abi->magic != PVB_GUEST_ABI_MAGIC) {
		fail("the magic is %lx, not %lx", abi->magic, PVB_GUEST_ABI_MAGIC);
		return;
	}
	if (abi->version != PVB_GUEST_ABI_VERSION)
		fail("the version is %u; this kernel knows %u", abi->version,
		     PVB_GUEST_ABI_VERSION);
	if (!p2m_tree_is_there() && (abi->p2m_levels || abi->p2m_root))
		fail("there is no p2m tree, and it has %u levels from frame %lx on",
		     abi->p2m_levels, abi->p2m_root);
	if (abi->size != sizeof *abi)
		odd("the size is %u, and this kernel knows %lu bytes", abi->size, sizeof *abi);
	if (abi->valid & ~known)
		odd("bits %lx of valid have no meaning", abi->valid & ~known);
	if (first_nonzero(abi->reserved, sizeof abi->reserved) < sizeof abi->reserved ||
	    abi->reserved_p2m)
		odd("what is reserved is not zero");
}

static bool has(uint64_t field, bool declared)
{
	if (!is_answered())
		untested("nothing is declared in a note of the owner " PVB_GUEST_NOTE_OWNER);
	else if (!(guest_abi()->valid & field) && declared)
		fail("the answer does not have it: valid is %lx", guest_abi()->valid);
	else if (!(guest_abi()->valid & field))
		untested("it is not declared, and not answered");
	return is_answered() && guest_abi()->valid & field;
}

void check_guest_abi_address_bits(void)
{
	unsigned bits = guest_abi()->address_bits;

	if (!has(PVB_GUEST_ABI_HAS_ADDRESS_BITS, DECLARED_BITS))
		return;
	if (bits <= PAGE_SHIFT || bits > 64) {
		fail("the width is %u bits", bits);
		return;
	}
	if (DECLARED_BITS && bits > DECLARED_BITS)
		fail("the width is %u bits, and the kernel copes with %u", bits, DECLARED_BITS);
	memory_below(bits);
}

static void marked(void *context, uint64_t va, uint64_t entry)
{
	const uint64_t *mark = context;

	if (!(entry & *mark))
		fail("the entry for %lx, %lx, is a kernel's and has not the bit %lx", va, entry,
		     *mark);
}

static void free_bit(const char *name, unsigned bit)
{
	if (bit != PVB_GUEST_PTE_NO_BIT && (bit > 63 || !(PROBE_PTE_L1 & UINT64_C(1) << bit)))
		fail("%s is bit %u, which this kernel does not leave alone", name, bit);
}

void check_guest_abi_pte_bits(void)
{
	static uint64_t mark;
	const struct walker walker = {.context = &mark, .leaf = marked};
	const struct pvb_guest_abi *abi = guest_abi();

	if (!has(PVB_GUEST_ABI_HAS_PTE_BITS, PROBE_PTE_L1))
		return;
	if (PROBE_PTE_L1) {
		free_bit("the kernel's mark", abi->pte_kernel_bit);
		free_bit("the grants' mark", abi->pte_grant_bit);
	}
	if (abi->pte_kernel_bit != PVB_GUEST_PTE_NO_BIT &&
	    abi->pte_kernel_bit == abi->pte_grant_bit)
		fail("bit %u marks both kernel and grants", abi->pte_kernel_bit);
	if (abi->pte_flags)
		fail("flags %x are granted, and none was asked for", abi->pte_flags);
	if (abi->pte_kernel_bit > 63) {
		fail("no bit marks the mappings of a 64-bit kernel");
		return;
	}
	mark = UINT64_C(1) << abi->pte_kernel_bit;
	walk(&walker);
}

void check_guest_abi_granule(void)
{
	unsigned shift = guest_abi()->granule_shift;

	if (!has(PVB_GUEST_ABI_HAS_GRANULE, PROBE_GRANULES))
		return;
	if (shift != PAGE_SHIFT)
		fail("the page size is 2^%u bytes, and a PV guest's is 2^%u", shift, PAGE_SHIFT);
	if (PROBE_GRANULES && !(PROBE_GRANULES >> shift & 1))
		fail("pages of 2^%u bytes are none that this kernel copes with", shift);
}
