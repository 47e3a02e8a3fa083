/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/pte-pin.h"

/* Bits of an entry (Intel SDM 3A, 4.5). */
#define P UINT64_C(0x001)
#define RW UINT64_C(0x002)
#define US UINT64_C(0x004)
#define A UINT64_C(0x020)
#define G UINT64_C(0x100)

bool pvb_pte_is_hypervisors(unsigned guest_bits, unsigned level, bool last_gib, unsigned index)
{
	/* Public xen-x86_64.h, HYPERVISOR_VIRT_START to _END; xen-x86_32.h, from 0xf5800000 on. */
	if (guest_bits == 64)
		return level == 4 && index >= 256 && index <= 271;
	return level == 2 && last_gib && index >= 428;
}

/*
 * Xen arch/x86/pv/mm.h, adjust_guest_l1e() to _l4e(). A 64-bit PV kernel runs in ring 3, so that
 * all it maps has to be open to user mode, and a software bit keeps what was kernel's apart
 * from what was user's; the latter is global, as both see it.
 */
uint64_t pvb_pte_pinned(unsigned guest_bits, unsigned kernel_bit, unsigned level, uint64_t entry)
{
	if (!(entry & P))
		return entry;
	if (guest_bits == 32)
		return level == 3 ? entry | US | RW : entry;
	if (level == 4)
		return entry | US | A;
	if (level > 1)
		return entry | US;

	uint64_t mark = kernel_bit < 64 ? UINT64_C(1) << kernel_bit : 0;

	if (!(entry & US))
		entry |= mark;
	return entry & mark ? entry | US : entry | US | G;
}
