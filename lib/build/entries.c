/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "build/entries.h"

#include <endian.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "build/abi.h"
#include "plan/pte-pin.h"

#define PAE_LAST_GIB UINT64_C(0xc0000000)
#define PAE_L3_ENTRIES 4u

#define FLAGS                                                                                      \
	(PVB_ABI_PTE_P | PVB_ABI_PTE_RW | PVB_ABI_PTE_US | PVB_ABI_PTE_A | PVB_ABI_PTE_D |         \
	 PVB_ABI_PTE_ADDRESS)

/* The slot has to be empty, whatever it might hold; NULL where it has not. */
static const char *why_empty(const struct pvb_entry_rules *rules,
			     const struct pvb_entry_table *table, unsigned index, uint64_t entry)
{
	if (pvb_pte_is_hypervisors(rules->guest_bits, table->level, table->va == PAE_LAST_GIB,
				   index))
		return "the slot is the hypervisor's, which overwrites it";
	if (rules->guest_bits == 32 && table->level == 3 && index >= PAE_L3_ENTRIES)
		return "a PAE root has four entries";
	/* An address in one invites speculation (L1TF), and Xen answers with shadow paging. */
	if (!(entry & PVB_ABI_PTE_P))
		return "an entry that is not present has to be zero";
	return NULL;
}

/*
 * What may be set of an entry that is present. Xen takes other software bits too (mm.c,
 * base_disallow_mask), but they are the guest's, and the builder has no business with them.
 */
static uint64_t allowed(const struct pvb_entry_rules *rules, unsigned level, uint64_t entry)
{
	uint64_t mark = rules->kernel_bit < 64 ? UINT64_C(1) << rules->kernel_bit : 0;

	if (rules->guest_bits == 32 && level == 3)
		return FLAGS;
	if (level > 1)
		return FLAGS | PVB_ABI_PTE_NX;

	/* A global kernel mapping would outlive the switch to user mode's tables. */
	bool kernels = rules->guest_bits == 64 && (!(entry & PVB_ABI_PTE_US) || entry & mark);

	return FLAGS | PVB_ABI_PTE_NX | mark | (kernels ? 0 : PVB_ABI_PTE_G);
}

static const char *name_of(unsigned bit, unsigned level)
{
	switch (bit) {
	case 3:
		return "PWT";
	case 4:
		return "PCD";
	case 7:
		return level == 1 ? "PAT" : "PS";
	case 8:
		return "G";
	case 9:
	case 10:
	case 11:
		return "software's";
	default:
		return bit == 63 ? "NX" : "software's";
	}
}

static int refuse(const struct pvb_entry_rules *rules, const struct pvb_entry_table *table,
		  unsigned index, uint64_t entry, const char *stage, struct pvb_error *error,
		  unsigned bit, const char *why)
{
	unsigned shift = PVB_ABI_X86_PAGE_SHIFT + PVB_ABI_TABLE_SHIFT * (table->level - 1);
	uint64_t va = table->va + ((uint64_t)index << shift);

	if (rules->guest_bits == 64 && va >> (PVB_ABI_VA_BITS_64 - 1) & 1)
		va |= UINT64_MAX << PVB_ABI_VA_BITS_64;
	int rc = pvb_fail(error, PVB_E_BUG_TABLE_ENTRY, stage,
			  "entry %u of the L%u table at PFN 0x%" PRIx64 ", for address 0x%" PRIx64
			  ", is 0x%016" PRIx64 ": bit %u, %s",
			  index, table->level, table->pfn, va, entry, bit, why);

	pvb_hint(error, "this is a mistake of pvbuild's: please report it with this message");
	return rc;
}

static unsigned lowest(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits);
}

static int check(const struct pvb_entry_rules *rules, const struct pvb_entry_table *table,
		 unsigned index, uint64_t entry, const char *stage, struct pvb_error *error)
{
	const char *empty = why_empty(rules, table, index, entry);
	uint64_t bad = entry & ~allowed(rules, table->level, entry);
	uint64_t address = entry & PVB_ABI_PTE_ADDRESS;
	char why[80];

	if (empty)
		return refuse(rules, table, index, entry, stage, error, lowest(entry), empty);
	if (bad) {
		(void)snprintf(why, sizeof why, "%s, must not be set there",
			       name_of(lowest(bad), table->level));
		return refuse(rules, table, index, entry, stage, error, lowest(bad), why);
	}
	if (address >> rules->address_bits) {
		(void)snprintf(why, sizeof why, "the guest copes with %u bits of address",
			       rules->address_bits);
		return refuse(rules, table, index, entry, stage, error,
			      63 - (unsigned)__builtin_clzll(address), why);
	}
	if (table->level == 1 && entry & PVB_ABI_PTE_RW &&
	    pvb_runs_find(rules->tables, address >> PVB_ABI_X86_PAGE_SHIFT, &address, NULL))
		return refuse(rules, table, index, entry, stage, error, lowest(PVB_ABI_PTE_RW),
			      "RW, lets the guest write to a page table");
	return 0;
}

int pvb_entries_check(const struct pvb_entry_rules *rules, const struct pvb_entry_table *table,
		      const uint64_t *entries, const char *stage, struct pvb_error *error)
{
	for (unsigned index = 0; index < PVB_ABI_TABLE_ENTRIES; index++) {
		uint64_t entry = le64toh(entries[index]);

		if (!entry)
			continue;
		int rc = check(rules, table, index, entry, stage, error);
		if (rc)
			return rc;
	}
	return 0;
}
