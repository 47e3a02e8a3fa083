/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Single entries of page tables, as Xen judges and changes them when a table
 * comes into use (Xen arch/x86/mm.c and pv/mm.h). What they lead to is for
 * tables.c.
 */
#ifndef PVB_HOST_SIM_ENTRIES_H
#define PVB_HOST_SIM_ENTRIES_H

#include "host/sim/model.h"

#define SIM_TABLE_ENTRIES 512u

/* Bits of an entry (Intel SDM 3A, 4.5; the upper ones are software's). */
#define SIM_PTE_P (UINT64_C(1) << 0)
#define SIM_PTE_RW (UINT64_C(1) << 1)
#define SIM_PTE_US (UINT64_C(1) << 2)
#define SIM_PTE_A (UINT64_C(1) << 5)
#define SIM_PTE_D (UINT64_C(1) << 6)
#define SIM_PTE_PSE (UINT64_C(1) << 7)
#define SIM_PTE_G (UINT64_C(1) << 8)
#define SIM_PTE_AVAIL (UINT64_C(7) << 9)
#define SIM_PTE_ADDRESS UINT64_C(0x000ffffffffff000)
#define SIM_PTE_AVAIL_HIGH (UINT64_C(0x7ff) << 52)
#define SIM_PTE_NX (UINT64_C(1) << 63)

/* A mark of the hypervisor's in L1 entries; nothing for PVB_GUEST_PTE_NO_BIT. */
static inline uint64_t sim_pte_mark(unsigned bit)
{
	return bit < 64 ? UINT64_C(1) << bit : 0;
}

/* The root of a PAE guest: entries in use, and the one whose L2 table takes Xen's own. */
#define SIM_PAE_L3_ENTRIES 4u
#define SIM_PAE_XEN_ENTRY 3u

static inline bool sim_is_compat(const struct sim_domain *domain)
{
	return domain->bits == 32;
}

static inline uint64_t sim_entry_target(uint64_t entry)
{
	return (entry & SIM_PTE_ADDRESS) >> SIM_PAGE_SHIFT;
}

/* Is this slot the guest's to fill? flags are the table's (SIM_PAE_XEN_L2). */
bool sim_entry_is_guests(const struct sim_domain *domain, unsigned level, unsigned flags,
			 unsigned index);

/* What of an entry that is present a guest may not set at this level; 0 for a good one. */
uint64_t sim_entry_refused(const struct sim_domain *domain, unsigned level, uint64_t entry);

/* An entry that is not present is safe from a CPU that speculates (L1TF). */
bool sim_entry_is_safe(const struct sim *sim, unsigned level, uint64_t entry);

/* What Xen makes of a good entry, and back where it lets go of the root of a PAE guest. */
uint64_t sim_entry_adjusted(const struct sim_domain *domain, unsigned level, uint64_t entry);
uint64_t sim_entry_unadjusted_pae_l3(uint64_t entry);

/* The hypervisor's slots of an L4 table in frame mfn, whatever the guest had there. */
void sim_fill_xen_l4(const struct sim *sim, const struct sim_domain *domain, uint64_t mfn,
		     uint64_t *entries);

/* The same of the L2 table behind the last entry of a PAE root. */
void sim_fill_xen_pae_l2(const struct sim *sim, uint64_t *entries);

/* The L4 slot through which a guest reads the M2P, and what stands there. */
#define SIM_L4_RO_M2P_SLOT 256u
uint64_t sim_ro_m2p_entry(void);

#endif
