/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How page tables and the layout in them can be broken. */
#include "support/test.h"
#include "unit/audit-mutations.h"

/* ---- layout ------------------------------------------------------------ */

static uint64_t *padding(struct paper_domain *d)
{
	return paper_entry(d, paper_va(d, d->end - 3), 1);
}

/* Another frame for an entry, with its flags. */
static void point_to(struct paper_domain *d, uint64_t *entry, uint64_t pfn)
{
	*entry = (*entry & UINT64_C(0xfff0000000000fff)) | d->frames[pfn].mfn << 12;
}

/* An L2 entry that covers nothing. */
static uint64_t *free_l2(struct paper_domain *d)
{
	return paper_entry(d, paper_va(d, d->end) + (UINT64_C(64) << 20), 2);
}

static void unmapped_page(struct paper_domain *d)
{
	*padding(d) = 0;
}

static void unmapped_kernel(struct paper_domain *d)
{
	*paper_entry(d, paper_va(d, d->kernel_first + 1), 1) = 0;
}

static void wrong_pfn(struct paper_domain *d)
{
	point_to(d, padding(d), d->end + 200);
}

static void last_page_unmapped(struct paper_domain *d)
{
	*paper_entry(d, paper_va(d, d->end - 1), 1) = 0;
}

static void rings_swapped(struct paper_domain *d)
{
	uint64_t store = paper_get(d, SI_STORE_MFN), console = paper_get(d, SI_CONSOLE_MFN);

	paper_set(d, SI_STORE_MFN, console);
	paper_set(d, SI_CONSOLE_MFN, store);
	d->grants[0].frame = PVB_MFN(store);
	d->grants[1].frame = PVB_MFN(console);
}

static void stack_a_page_later(struct paper_domain *d)
{
	d->vcpu.rsp += 4096;
	d->vcpu.kernel_sp += 4096;
}

static void mapped_behind_the_list(struct paper_domain *d)
{
	uint64_t *last = paper_entry(d, d->list_va + (d->list_pages - 1) * 4096, 1);

	last[2] = last[0];
	point_to(d, &last[2], d->end + 200);
}

static void in_xens_slot(struct paper_domain *d)
{
	uint64_t *entry = paper_entry(d, UINT64_C(0xffff828000000000), 4);

	*entry = d->frames[d->end + 200].mfn << 12 | 0x67;
}

static void in_xens_l2_slot(struct paper_domain *d)
{
	*paper_entry(d, 0xf5800000, 2) = d->frames[d->end + 200].mfn << 12 | 0x67;
}

static void nothing(struct paper_domain *d)
{
	(void)d;
}

static void other_base(struct domain_spec *spec)
{
	spec->base_note = true;
}

/* ---- tables ------------------------------------------------------------ */

static void cached_oddly(struct paper_domain *d)
{
	*padding(d) |= 8;
}

static void upper_global(struct paper_domain *d)
{
	*paper_entry(d, d->base, 2) |= 0x100;
}

static void superpage(struct paper_domain *d)
{
	*free_l2(d) = d->frames[d->end + 200].mfn << 12 | 0xe7;
}

static void available_bit(struct paper_domain *d)
{
	*padding(d) |= 0x200;
}

static void high_available_bit(struct paper_domain *d)
{
	*padding(d) |= UINT64_C(1) << 53;
}

/* The mark of a domain with another. */
static void usual_mark(struct paper_domain *d)
{
	*padding(d) |= UINT64_C(1) << 52;
}

static void marked_table(struct paper_domain *d)
{
	*paper_entry(d, d->base, 3) |= UINT64_C(1) << 52;
}

static void global_leaf(struct paper_domain *d)
{
	*padding(d) |= 0x100;
}

static void upper_no_execute(struct paper_domain *d)
{
	*paper_entry(d, d->base, 2) |= UINT64_C(1) << 63;
}

static void marked_as_a_grant(struct paper_domain *d)
{
	d->grant_bit = d->record.pte_grant_bit = 62;
	*padding(d) |= UINT64_C(1) << 62;
}

static void not_marked(struct paper_domain *d)
{
	*padding(d) &= ~(UINT64_C(1) << 52);
}

static void not_marked_by_its_bit(struct paper_domain *d)
{
	*padding(d) &= ~(UINT64_C(1) << 57);
}

static void upper_available_bit(struct paper_domain *d)
{
	*paper_entry(d, d->base, 2) |= 0x200;
}

static void upper_not_user(struct paper_domain *d)
{
	*paper_entry(d, d->base, 2) &= ~UINT64_C(4);
}

static void upper_read_only(struct paper_domain *d)
{
	*paper_entry(d, d->list_va, 2) &= ~UINT64_C(2);
}

static void other_form(struct paper_domain *d)
{
	*padding(d) &= ~(UINT64_C(1) << 52 | 4);
}

static void not_present(struct paper_domain *d)
{
	*free_l2(d) = 0x1000;
}

static void leads_to_nobody(struct paper_domain *d)
{
	*free_l2(d) = UINT64_C(0x7654321) << 12 | 0x67;
}

static void leads_beyond_the_host(struct paper_domain *d)
{
	*free_l2(d) = UINT64_C(0xffffffffff) << 12 | 0x67;
}

static void leaf_of_nobody(struct paper_domain *d)
{
	*padding(d) = (*padding(d) & UINT64_C(0xfff0000000000fff)) | UINT64_C(0x7654321) << 12;
}

static void table_twice(struct paper_domain *d)
{
	*free_l2(d) = *paper_entry(d, d->base, 2);
}

static void root_as_a_table(struct paper_domain *d)
{
	*free_l2(d) = d->frames[d->tables].mfn << 12 | 0x67;
}

static void tables_swapped(struct paper_domain *d)
{
	uint64_t *first = paper_entry(d, d->base, 2), *second = first + 1, entry = *first;
	uint64_t a = paper_pfn(d, *first >> 12 & 0xffffffffff);
	uint64_t b = paper_pfn(d, *second >> 12 & 0xffffffffff);
	uint8_t page[4096];

	*first = *second;
	*second = entry;
	memcpy(page, paper_page(d, a), 4096);
	memcpy(paper_page(d, a), paper_page(d, b), 4096);
	memcpy(paper_page(d, b), page, 4096);
}

static void table_elsewhere(struct paper_domain *d)
{
	*free_l2(d) = d->frames[d->end + 200].mfn << 12 | 0x67;
	d->frames[d->end + 200].type = PVB_FRAME_L1;
	memset(paper_page(d, d->end + 200), 0, 4096);
}

static void table_writable(struct paper_domain *d)
{
	*paper_entry(d, paper_va(d, d->tables + 2), 1) |= 2;
}

static void page_read_only(struct paper_domain *d)
{
	*padding(d) &= ~UINT64_C(2);
}

static void p2m_table_mapped(struct paper_domain *d)
{
	point_to(d, padding(d), d->p2m_tables);
	*padding(d) &= ~UINT64_C(2);
}

static void pae_fifth_entry(struct paper_domain *d)
{
	((uint64_t *)(void *)paper_page(d, d->tables))[7] = 0x1001;
}

static void pae_no_slot3(struct paper_domain *d)
{
	((uint64_t *)(void *)paper_page(d, d->tables))[3] = 0;
}

static void many_regions(struct paper_domain *d)
{
	for (uint64_t pfn = d->stack + 1; pfn < d->end; pfn += 2)
		*paper_entry(d, paper_va(d, pfn), 1) |= UINT64_C(1) << 63;
}

static void not_pinned(struct paper_domain *d)
{
	d->frames[d->tables].pinned = false;
}

static void not_a_table(struct paper_domain *d)
{
	d->frames[d->tables + d->table_count - 1].type = PVB_FRAME_PLAIN;
}

static void a_page_as_a_table(struct paper_domain *d)
{
	d->frames[d->end - 3].type = PVB_FRAME_L1;
}

static void not_marked_nor_pinned(struct paper_domain *d)
{
	not_marked(d);
	d->frames[d->tables].pinned = false;
}

#define OTHER_MARK                                                                                 \
	{                                                                                          \
		.bits = 64, .init_p2m = true, .declares = true, .kernel_bit = 57                   \
	}
/* clang-format off */
static const struct mutation mutations[] = {
	{"layout.contiguous", "", BITS_64, unmapped_page, .where = BOTH},
	{"layout.contiguous", "", BITS_32, unmapped_kernel, .where = BOTH},
	{"layout.linear", "", BITS_64, wrong_pfn, .where = BOTH},
	{"layout.end", "", BITS_64, last_page_unmapped, .where = BOTH},
	{"layout.end", "", BITS_32, last_page_unmapped, .where = BOTH},
	{"layout.padding", "", {.bits = 64, .kernel_pages = 660, .no_padding = true}, nothing, .where = BOTH},
	{"layout.order", "", BITS_64, rings_swapped, .where = BOTH},
	{"layout.packed", "", BITS_64, stack_a_page_later, .where = BOTH},
	{"layout.packed", "", BITS_32, stack_a_page_later, .where = BOTH},
	{"layout.stray-mapping", "", BITS_64, mapped_behind_the_list, .where = BOTH},
	{"layout.hypervisor-area", "", BITS_64, in_xens_slot, .where = BOTH},
	{"layout.hypervisor-area", "", BITS_32, in_xens_l2_slot, .where = BOTH},
	{"layout.virt-base", "", BITS_64, nothing, other_base, .where = BOTH},
	{"layout.linux-1g", "", {.bits = 64, .pages = 0x41400, .kernel_pfn = 0x3ff00,
		.is_linux = true, .init_p2m = true}, nothing, .where = LIVE},

	{"tables.illegal-bits", "", BITS_64, cached_oddly, .where = BOTH},
	{"tables.illegal-bits", "", BITS_32, upper_global, .where = BOTH},
	{"tables.superpage", "", BITS_64, superpage, .where = BOTH},
	{"tables.superpage", "", BITS_32, superpage, .where = BOTH},
	{"tables.illegal-bits", "", BITS_64, marked_as_a_grant, .where = LIVE},
	{"tables.illegal-bits", "", BITS_32, marked_as_a_grant, .where = LIVE},
	{"tables.unusual-bits", "", BITS_64, global_leaf, .where = BOTH},
	{"tables.unusual-bits", "", BITS_32, upper_no_execute, .where = BOTH},
	{"tables.software-bits", "", BITS_64, available_bit, .where = BOTH},
	{"tables.software-bits", "", BITS_64, high_available_bit, .where = BOTH},
	{"tables.software-bits", "", BITS_64, marked_table, .where = BOTH},
	{"tables.software-bits", "", BITS_32, usual_mark, .where = BOTH},
	{"tables.software-bits", "", BITS_32, upper_available_bit, .where = BOTH},
	{"tables.software-bits", "", OTHER_MARK, usual_mark, .where = BOTH},
	{"tables.kernel-mark", "", BITS_64, not_marked, .where = LIVE},
	{"tables.kernel-mark", "", BITS_64, other_form, .where = LIVE},
	{"tables.kernel-mark", "", OTHER_MARK, not_marked_by_its_bit, .where = LIVE},
	{"tables.upper-flags", "", BITS_64, upper_not_user, .where = BOTH},
	{"tables.upper-flags", "", BITS_64, upper_read_only, .where = BOTH},
	{"tables.leaf-form", "", BITS_64, other_form, .where = CORE},
	{"tables.leaf-form", "types.root", BITS_64, not_marked_nor_pinned, .where = LIVE},
	{"tables.not-present", "", BITS_64, not_present, .where = BOTH},
	{"tables.foreign-frame", "", BITS_64, leads_to_nobody, .where = BOTH},
	{"tables.foreign-frame", "", BITS_64, leads_beyond_the_host, .where = BOTH},
	{"tables.foreign-frame", "layout.contiguous", BITS_32, leaf_of_nobody, .where = BOTH},
	{"tables.shared", "", BITS_64, table_twice, .where = BOTH},
	{"tables.shared", "", BITS_32, root_as_a_table, .where = BOTH},
	{"tables.order", "", BITS_64, tables_swapped, .where = BOTH},
	{"tables.order", "", BITS_32, tables_swapped, .where = BOTH},
	{"tables.place", "", BITS_64_INSIDE, table_elsewhere, .where = BOTH},
	{"tables.place", "start_info.p2m-range", BITS_64, table_elsewhere, .where = BOTH},
	{"tables.writable", "", BITS_64, table_writable, .where = BOTH},
	{"tables.writable", "", BITS_32, table_writable, .where = BOTH},
	{"tables.read-only-page", "", BITS_64, page_read_only, .where = BOTH},
	/* Whatever maps it is out of line as well. */
	{"tables.p2m-mapped", "layout.linear", BITS_64, p2m_table_mapped, .where = BOTH},
	{"tables.pae-slot3", "", BITS_32, pae_fifth_entry, .where = BOTH},
	/* The lost L2 is then a page like others, but mapped as a table and counted as one. */
	{"tables.pae-slot3", "start_info.nr-pt-frames tables.order tables.read-only-page layout.packed",
		BITS_32_ZERO, pae_no_slot3, .where = CORE},
	{"tables.pae-slot3", "start_info.nr-pt-frames tables.order tables.read-only-page layout.packed types.leaf",
		BITS_32_ZERO, pae_no_slot3, .where = LIVE},
	{"tables.too-many", "tables.unusual-bits", {.bits = 64, .kernel_pages = 635}, many_regions, .where = BOTH},
	{"types.root", "", BITS_64, not_pinned, .where = LIVE},
	{"types.root", "", BITS_32, not_pinned, .where = LIVE},
	{"types.table", "", BITS_64, not_a_table, .where = LIVE},
	{"types.leaf", "", BITS_64, a_page_as_a_table, .where = LIVE},
};
/* clang-format on */

const struct mutations table_mutations = {mutations, sizeof mutations / sizeof mutations[0]};
