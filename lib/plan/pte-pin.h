/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a hypervisor makes of page-table entries when it takes a table into use: a prediction,
 * which the lab holds against real Xen bit for bit.
 */
#ifndef PVB_PLAN_PTE_PIN_H
#define PVB_PLAN_PTE_PIN_H

#include <stdbool.h>
#include <stdint.h>

/* The slots that the hypervisor fills itself, whatever stood there. last_gib: of a PAE guest's. */
bool pvb_pte_is_hypervisors(unsigned guest_bits, unsigned level, bool last_gib, unsigned index);

/*
 * The entry after the pin. kernel_bit is the domain's (struct pvb_plan_pte_bits), or
 * PVB_GUEST_PTE_NO_BIT. An entry that was pinned once is as it stays.
 */
uint64_t pvb_pte_pinned(unsigned guest_bits, unsigned kernel_bit, unsigned level, uint64_t entry);

#endif
