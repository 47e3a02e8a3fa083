/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong in page tables. Most of it Xen lets through: it protects itself, not the guest. */
#include "lab/spoil-pages.h"

#include "core/error.h"
#include "plan/plan.h"

/* A frame that no domain has. */
#define NOBODYS_FRAME UINT64_C(0xfffffff)

/* The last page of the initial mapping, and others before it: padding, that nobody uses. */
static uint64_t padding_va(const struct spoiling *spoiling, unsigned before)
{
	return spoiling->plan->initial.to.a - (before + 1) * PAGE_SIZE;
}

static uint64_t spare_va(const struct spoiling *spoiling)
{
	return padding_va(spoiling, 0);
}

static uint64_t pfn_of(const struct spoiling *spoiling, uint64_t va)
{
	return (va - spoiling->plan->virt_base.a) >> PAGE_SHIFT;
}

static uint64_t tables_va(const struct spoiling *spoiling)
{
	return spoiling->plan->page_tables.va.a;
}

/* A spoil of the entry of one address: bits to clear, and to set. */
#define ENTRY(function, va, level, clear, set)                                                     \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)call;                                                                        \
		return spoil_entry(spoiling, va, level, clear, set, error);                        \
	}

ENTRY(read_only, padding_va(spoiling, 2), 1, PTE_RW, 0)
ENTRY(no_execute, padding_va(spoiling, 3), 1, 0, PTE_NX)
ENTRY(upper_read_only, spare_va(spoiling), 2, PTE_RW, 0)
ENTRY(last_unmapped, spare_va(spoiling), 1, UINT64_MAX, 0)
ENTRY(other_page, spare_va(spoiling), 1, PTE_FRAME,
      spoil_maddr(spoiling, spoiling->plan->pages - 1))
ENTRY(table_writable, tables_va(spoiling), 1, 0, PTE_RW)
ENTRY(table_alias, spare_va(spoiling), 1, PTE_FRAME,
      spoil_maddr(spoiling, spoiling->plan->page_tables.first.n))
ENTRY(nobodys, spare_va(spoiling), 1, PTE_FRAME, NOBODYS_FRAME << PAGE_SHIFT)
ENTRY(uncached, spare_va(spoiling), 1, 0, PTE_PCD)
/* The L3 table of the initial mapping, a second time. */
ENTRY(second_time, UINT64_C(300) << 39, 4, 0,
      spoil_maddr(spoiling, spoiling->plan->initial.level[2].first.n) | PTE_P | PTE_RW | PTE_US |
	      PTE_A)
ENTRY(superpage, spare_va(spoiling), 2, 0, PTE_PSE)

static int swapped(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	uint64_t a = spare_va(spoiling), b = a - PAGE_SIZE;
	int rc = spoil_entry(spoiling, a, 1, PTE_FRAME, spoil_maddr(spoiling, pfn_of(spoiling, b)),
			     error);

	(void)call;
	return rc ? rc
		  : spoil_entry(spoiling, b, 1, PTE_FRAME,
				spoil_maddr(spoiling, pfn_of(spoiling, a)), error);
}

/* The L1 table of the padding, by its PFN and where it is mapped. */
static int find_last_table(struct spoiling *spoiling, uint64_t *pfn, uint64_t *va,
			   struct pvb_error *error)
{
	size_t offset;
	int rc = spoil_find_entry(spoiling, spare_va(spoiling), 1, pfn, &offset, error);

	*va = spoiling->plan->virt_base.a + (*pfn << PAGE_SHIFT);
	return rc;
}

/* Its L2 entry leads to the table before it; itself it is an ordinary page then. */
static int table_twice(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	uint64_t pfn, va, entry = 0;
	int rc = find_last_table(spoiling, &pfn, &va, error);

	(void)call;
	if (rc == 0)
		rc = spoil_read_entry(spoiling, spare_va(spoiling) - (UINT64_C(1) << 21), 2, &entry,
				      error);
	if (rc == 0)
		rc = spoil_entry(spoiling, va, 1, 0, PTE_RW, error);
	if (rc == 0)
		rc = spoil_entry(spoiling, spare_va(spoiling), 2, UINT64_MAX, entry, error);
	return rc;
}

/* A copy in the padding takes its place. */
static int table_elsewhere(struct spoiling *spoiling, struct relay_call *call,
			   struct pvb_error *error)
{
	uint64_t spare = pfn_of(spoiling, spare_va(spoiling));
	uint8_t copy[PAGE_SIZE];
	uint64_t pfn, va;
	int rc = find_last_table(spoiling, &pfn, &va, error);

	(void)call;
	if (rc == 0)
		rc = spoil_entry(spoiling, va, 1, 0, PTE_RW, error);
	if (rc == 0)
		rc = spoil_entry(spoiling, spare_va(spoiling), 1, PTE_RW, 0, error);
	if (rc == 0)
		rc = spoil_read(spoiling, pfn, 0, copy, sizeof copy, error);
	if (rc == 0)
		rc = spoil_write(spoiling, spare, 0, copy, sizeof copy, error);
	if (rc == 0)
		rc = spoil_entry(spoiling, spare_va(spoiling), 2, PTE_FRAME,
				 spoil_maddr(spoiling, spare), error);
	return rc;
}

/* ---- where the p2m list is mapped by itself --------------------------------------------- */

static int list_entry(struct spoiling *spoiling, uint64_t page, uint64_t value,
		      struct pvb_error *error)
{
	const struct pvb_plan *plan = spoiling->plan;

	if (!plan->p2m_outside || page > 511)
		return pvb_fail(error, PVB_E_ARG_UNSUPPORTED, "spoil",
				"the p2m list has no page tables of its own, or several");
	return spoil_write_word(spoiling, plan->p2m_mapping.level[0].first.n, page * sizeof value,
				value, error);
}

static int list_unmapped(struct spoiling *spoiling, struct relay_call *call,
			 struct pvb_error *error)
{
	(void)call;
	return list_entry(spoiling, 1, 0, error);
}

static int behind_the_list(struct spoiling *spoiling, struct relay_call *call,
			   struct pvb_error *error)
{
	uint64_t spare = spoil_maddr(spoiling, pfn_of(spoiling, spare_va(spoiling)));

	(void)call;
	return list_entry(spoiling, spoiling->plan->p2m.count, spare | PTE_P | PTE_RW | PTE_A,
			  error);
}

/* ---- all of them ------------------------------------------------------------------------- */

#define PIN .at = PVB_CALL_PIN_TABLE
#define REFUSED .refused = PVB_E_HOST_PIN, PIN

const struct spoil spoils_of_tables[] = {
	{"last-unmapped", "the last page of the initial mapping is not mapped", "tables.map", PIN,
	 .act = last_unmapped, .group = 2},
	{"swapped", "two pages of the padding are mapped in each other's place", "tables.map", PIN,
	 .act = swapped, .group = 4},
	{"other-page", "a page is mapped where another belongs", "tables.map", PIN,
	 .act = other_page, .group = 6},
	{"table-twice", "an L1 table is used by two L2 entries", "tables.map", PIN,
	 .act = table_twice},
	{"second-time", "an L4 entry behind the hypervisor's maps everything again", "tables.stray",
	 PIN, .act = second_time, .group = 6},
	{"behind-the-list", "a page is mapped behind the p2m list", "tables.stray", PIN,
	 .act = behind_the_list, .kernel = SPOIL_PROBE_P2M, .group = 1},
	{"table-elsewhere", "an L1 table is in the padding", "tables.place", PIN,
	 .act = table_elsewhere, .group = 3},
	{"read-only", "a page of the padding is read-only", "tables.flags", PIN, .act = read_only,
	 .group = 2},
	{"no-execute", "a page of the padding cannot be executed", "tables.flags", PIN,
	 .act = no_execute, .group = 6},
	{"upper-read-only", "an L2 entry is read-only", "tables.flags", PIN, .act = upper_read_only,
	 .group = 4},
	{"list-unmapped", "a page of the p2m list is not mapped", "p2m.mapped", PIN,
	 .act = list_unmapped, .kernel = SPOIL_PROBE_P2M, .group = 1},

	{"table-writable", "the root table is mapped writable where it belongs", REFUSED,
	 .act = table_writable},
	{"table-alias", "the root table is mapped writable elsewhere", REFUSED, .act = table_alias},
	{"nobodys", "a page is mapped that is nobody's", REFUSED, .act = nobodys},
	{"uncached", "a page is mapped uncached", REFUSED, .act = uncached},
	{"superpage", "an L2 entry maps a superpage", REFUSED, .act = superpage},
};

const size_t spoils_of_tables_count = sizeof spoils_of_tables / sizeof spoils_of_tables[0];
