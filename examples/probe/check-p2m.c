/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The p2m list: where it is, and every entry of it against the M2P. */
#include "check.h"

const uint64_t *p2m(void)
{
	return (const uint64_t *)facts.start_info->mfn_list;
}

void check_start_info_mfn_list(void)
{
#ifdef PROBE_INIT_P2M
	uint64_t expected = PROBE_INIT_P2M;
#else
	uint64_t expected = (uint64_t)direct(facts.start_info_pfn - facts.list_pages);
#endif

	if (facts.start_info->mfn_list != expected)
		fail("mfn_list is %lx, not %lx", facts.start_info->mfn_list, expected);
}

void check_p2m_mapped(void)
{
	uint64_t first = NO_PFN;

	for (uint64_t i = 0; i < facts.list_pages; i++) {
		uint64_t va = facts.start_info->mfn_list + (i << PAGE_SHIFT);
		uint64_t entry = leaf_of(va, NULL), pfn = m2p(entry_mfn(entry));

		if (!entry) {
			fail("%lx, page %lu of the list's %lu, is not mapped", va, i,
			     facts.list_pages);
			return;
		}
		if (i == 0)
			first = pfn;
		if (pfn != first + i || pfn == NO_PFN)
			fail("%lx maps PFN %lx, not %lx", va, pfn, first + i);
	}
}

void check_p2m_list(void)
{
	for (uint64_t pfn = 0; pfn < facts.pfns; pfn++)
		if (!in_memory(pfn)) {
			if (p2m()[pfn] != UINT64_MAX)
				fail("the entry of PFN %lx, in a hole of the memory, is frame %lx",
				     pfn, p2m()[pfn]);
		} else if (m2p(p2m()[pfn]) != pfn) {
			fail("the entry of PFN %lx is frame %lx, which is PFN %lx", pfn, p2m()[pfn],
			     m2p(p2m()[pfn]));
		}
}

void check_p2m_tail(void)
{
	uint64_t end = (facts.list_pages << PAGE_SHIFT) / sizeof(uint64_t);

	if (facts.pfns == end)
		untested("%lu entries fill their pages", end);
	for (uint64_t pfn = facts.pfns; pfn < end; pfn++)
		if (p2m()[pfn] != UINT64_MAX)
			odd("the entry of PFN %lx, of which there is none, is %lx and not all ones",
			    pfn, p2m()[pfn]);
}
