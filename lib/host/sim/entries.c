/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/sim/entries.h"

#include <string.h>

#include "core/checked.h"

/* mm.c: base_disallow_mask, turned round. */
#define ALLOWED                                                                                    \
	(SIM_PTE_P | SIM_PTE_RW | SIM_PTE_US | SIM_PTE_A | SIM_PTE_D | SIM_PTE_AVAIL |             \
	 SIM_PTE_AVAIL_HIGH | SIM_PTE_NX | SIM_PTE_ADDRESS)
/* mm.c: l3_disallow_mask() of a 32-bit domain. */
#define ALLOWED_PAE_L3                                                                             \
	(SIM_PTE_P | SIM_PTE_RW | SIM_PTE_US | SIM_PTE_A | SIM_PTE_D | SIM_PTE_AVAIL |             \
	 SIM_PTE_ADDRESS)

/* Slots of an L4 that are the hypervisor's (public arch-x86/xen-x86_64.h, HYPERVISOR_VIRT_*). */
#define L4_FIRST_XEN_SLOT SIM_L4_RO_M2P_SLOT
#define L4_LAST_XEN_SLOT 271u
/* From here on Xen has memory mapped (asm-x86/config.h, DIRECTMAP_VIRT_START). */
#define L4_FIRST_DIRECT_SLOT 262u
#define FRAMES_PER_L4_SLOT (UINT64_C(1) << 27)

/* The same in the L2 of a PAE guest's slot 3: from 0xf5800000 on (arch-x86/xen-x86_32.h). */
#define L2_FIRST_XEN_SLOT 428u

/*
 * The tables behind the hypervisor's entries lie in the first MiB, which is no
 * domain's memory. Nobody looks inside; that they are there, and whose they
 * are, is all that can be seen of them.
 */
#define XEN_TABLE(n) ((UINT64_C(0x10) + (n)) << SIM_PAGE_SHIFT)
#define XEN_COMPAT_M2P(n) ((UINT64_C(0x40) + (n)) << SIM_PAGE_SHIFT)
#define XEN_RW (SIM_PTE_P | SIM_PTE_RW | SIM_PTE_A | SIM_PTE_D)
#define COMPAT_M2P_FRAMES_PER_SLOT (UINT64_C(1) << 19) /* 2 MiB of 4-byte entries */

bool sim_entry_is_guests(const struct sim_domain *domain, unsigned level, unsigned flags,
			 unsigned index)
{
	if (level == 4)
		return index < L4_FIRST_XEN_SLOT || index > L4_LAST_XEN_SLOT;
	if (level == 3 && sim_is_compat(domain))
		return index < SIM_PAE_L3_ENTRIES;
	if (level == 2 && flags & SIM_PAE_XEN_L2)
		return index < L2_FIRST_XEN_SLOT;
	return true;
}

uint64_t sim_entry_refused(const struct sim_domain *domain, unsigned level, uint64_t entry)
{
	uint64_t allowed = ALLOWED;

	if (level == 1) {
		allowed |= SIM_PTE_G;
		allowed &= ~sim_pte_mark(domain->pte_bits.grant_bit);
	} else if (level == 3 && sim_is_compat(domain)) {
		allowed = ALLOWED_PAE_L3;
	}
	return entry & ~allowed;
}

/*
 * Entries that are not present must not point a speculating CPU at memory (L1TF;
 * Xen asm-x86/shadow.h pv_l1tf_check_pte()). An address is safe if it is 0 or in the
 * top quarter of what the CPU has, and above all memory.
 */
bool sim_entry_is_safe(const struct sim *sim, unsigned level, uint64_t entry)
{
	unsigned width = sim->options.width;
	uint64_t safe = pvb_max(UINT64_C(3) << (width - 2), sim->contents.frames << SIM_PAGE_SHIFT);
	uint64_t address = entry & ((UINT64_C(1) << width) - 1) & ~(SIM_PAGE_SIZE - 1);

	if (level > 1 && entry & SIM_PTE_PSE)
		return false;
	return address == 0 || address >= safe;
}

/*
 * pv/mm.h, adjust_guest_l*e(). Kernel mappings are open to user mode, in which a PV kernel
 * runs, and what is not marked as one is the user's and stays in the TLB across address
 * spaces. (A mapping that is both marked and global is warned of by Xen, and left so.)
 */
uint64_t sim_entry_adjusted(const struct sim_domain *domain, unsigned level, uint64_t entry)
{
	if (!(entry & SIM_PTE_P))
		return entry;
	if (sim_is_compat(domain))
		return level == 3 ? entry | SIM_PTE_US | SIM_PTE_RW : entry;

	const uint64_t mark = sim_pte_mark(domain->pte_bits.kernel_bit);

	switch (level) {
	case 1:
		if (!(entry & SIM_PTE_US))
			entry |= mark | SIM_PTE_US;
		if (!(entry & mark))
			entry |= SIM_PTE_G | SIM_PTE_US;
		return entry;
	case 4:
		return entry | SIM_PTE_US | SIM_PTE_A;
	default:
		return entry | SIM_PTE_US;
	}
}

uint64_t sim_entry_unadjusted_pae_l3(uint64_t entry)
{
	return entry & SIM_PTE_P ? entry & ~(SIM_PTE_US | SIM_PTE_RW | SIM_PTE_A) : entry;
}

/* __PAGE_HYPERVISOR_RO | _PAGE_USER: not to be written or executed, whatever lies below. */
uint64_t sim_ro_m2p_entry(void)
{
	return XEN_TABLE(0) | SIM_PTE_P | SIM_PTE_US | SIM_PTE_A | SIM_PTE_NX;
}

/*
 * mm.c, init_xen_l4_slots(): the M2P (if it is to be seen from user space too), MMCFG (which
 * this machine does not have), the table itself, nothing, the domain's own, Xen itself with
 * what it keeps of memory, and memory, as far as there is any.
 */
void sim_fill_xen_l4(const struct sim *sim, const struct sim_domain *domain, uint64_t mfn,
		     uint64_t *entries)
{
	bool strict = domain->vm_assist & 1u << 5; /* VMASST_TYPE_m2p_strict */
	uint64_t *slot = entries + L4_FIRST_XEN_SLOT;
	uint64_t end = pvb_min(L4_FIRST_DIRECT_SLOT +
				       pvb_div_round_up(sim->contents.frames, FRAMES_PER_L4_SLOT),
			       L4_LAST_XEN_SLOT + 1);

	memset(slot, 0, (L4_LAST_XEN_SLOT + 1 - L4_FIRST_XEN_SLOT) * sizeof *slot);
	slot[0] = strict ? sim_ro_m2p_entry() : 0;
	slot[2] = mfn << SIM_PAGE_SHIFT | XEN_RW | SIM_PTE_NX;
	slot[4] = XEN_TABLE(2) | XEN_RW | SIM_PTE_NX;
	slot[5] = XEN_TABLE(5) | XEN_RW;
	for (uint64_t i = L4_FIRST_DIRECT_SLOT; i < end; i++)
		entries[i] = XEN_TABLE(i - L4_FIRST_XEN_SLOT) | XEN_RW | SIM_PTE_NX;
}

/* pv/mm.c, init_xen_pae_l2_slots(): the M2P, as far as there is memory. */
void sim_fill_xen_pae_l2(const struct sim *sim, uint64_t *entries)
{
	uint64_t slots = pvb_div_round_up(sim->contents.frames, COMPAT_M2P_FRAMES_PER_SLOT);

	for (unsigned i = L2_FIRST_XEN_SLOT; i < SIM_TABLE_ENTRIES; i++) {
		unsigned n = i - L2_FIRST_XEN_SLOT;
		bool used = n < slots && i < SIM_TABLE_ENTRIES - 1;

		entries[i] = used ? XEN_COMPAT_M2P(n) | SIM_PTE_P | SIM_PTE_US | SIM_PTE_A : 0;
	}
}
