/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which software bits of L1 entries the hypervisor uses of a guest: the one by
 * which it marks kernel mappings, and the one by which a debug build of it marks
 * mapped grants. A guest may declare which ones it leaves alone; where the hypervisor
 * is free to pick, one is picked for it, and where it is not, what it has is compared.
 * Nothing is used in entries above L1. doc/guest-abi.md has the rules.
 */
#ifndef PVB_PLAN_PTE_BITS_H
#define PVB_PLAN_PTE_BITS_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/plan.h>

/*
 * What a guest declares; where it does not, nothing but guest_bits means something: 32 or 64,
 * or 0 for one whose page tables are none of the hypervisor's business.
 */
struct pvb_pte_guest {
	unsigned guest_bits;
	bool declared;
	bool keys;
	uint64_t unused_l1;
	uint64_t unused_upper;
};

/* What the hypervisor is: its two bits are set in stone, or it takes those that it is told. */
struct pvb_pte_hypervisor {
	bool fixed;
	bool debug;
	unsigned kernel_bit; /* where fixed; PVB_GUEST_PTE_NO_BIT for none */
	unsigned grant_bit;
};

enum pvb_pte_verdict {
	PVB_PTE_FINE,
	PVB_PTE_NO_KERNEL_BIT, /* the guest leaves none that could be picked */
	PVB_PTE_TAKEN,         /* the hypervisor uses one that the guest does not leave alone */
};

/*
 * Pure, total and deterministic: the same question has the same answer on every host
 * and in every version. *bits is filled in any case; without a verdict of FINE it has
 * the bits that the hypervisor would need, or none.
 */
enum pvb_pte_verdict pvb_pte_bits_pick(const struct pvb_pte_guest *guest,
				       const struct pvb_pte_hypervisor *hypervisor,
				       struct pvb_plan_pte_bits *bits);

/* What of an image and of a host counts here. host may be NULL: it takes what it is told. */
struct pvb_pte_guest pvb_pte_guest_of(const struct pvb_image_info *image);
struct pvb_pte_hypervisor pvb_pte_hypervisor_of(const struct pvb_host_info *host);

/* The same with a sentence for what is refused. */
int pvb_pte_bits_resolve(const struct pvb_pte_guest *guest, const struct pvb_host_info *host,
			 const char *stage, struct pvb_plan_pte_bits *bits,
			 struct pvb_error *error);

#endif
