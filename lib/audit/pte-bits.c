/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The software bits of page-table entries that the hypervisor uses of a domain: which they
 * are, who was told of them, and whether the kernel leaves them alone (doc/guest-abi.md).
 */
#include "audit/check.h"

/* What is so where nobody can say: in a core dump of a guest that declares nothing. */
#define USUAL_KERNEL_BIT 52u

#define SOFTWARE_BITS UINT64_C(0x7ff0000000000e00)

/* Of the answer in shared info. */
#define FLAG_KEYS 1u

static uint64_t mask_of(unsigned bit)
{
	return bit < 64 ? UINT64_C(1) << bit & SOFTWARE_BITS : 0;
}

/* Without shared info, or where nothing was said of bits, there is nothing. */
static bool was_told(const struct check *check)
{
	return check->answer.whole && check->answer.valid & HAS_PTE_BITS;
}

void find_marks(struct check *check)
{
	const struct view *view = check->view;
	struct marks *marks = &check->marks;
	unsigned grant_bit = NO_BIT;

	/* In a core it is for the guest to know; on a host the hypervisor itself was asked. */
	*marks = (struct marks){.kernel_bit = USUAL_KERNEL_BIT};
	if (view->knows_pte_bits) {
		marks->kernel_bit = view->pte_bits.kernel_bit;
		grant_bit = view->knows_grant_bit   ? view->pte_bits.grant_bit
			    : view->record.pte_bits ? view->record.pte_grant_bit
						    : NO_BIT;
	} else if (was_told(check)) {
		marks->kernel_bit = check->answer.pte_kernel_bit;
		grant_bit = check->answer.pte_grant_bit;
	}
	marks->known = view->knows_pte_bits || was_told(check);
	marks->grant = mask_of(grant_bit);
	if (view->guest_bits == 64)
		marks->kernel = mask_of(marks->kernel_bit);
}

/* What the guest goes by, or who comes later will: the record, or else the answer. */
static void check_told(struct check *check)
{
	const struct pvb_host_pte_bits *used = &check->view->pte_bits;
	const struct pvb_host_record *record = &check->view->record;
	const struct answer *answer = &check->answer;
	unsigned kernel_bit = answer->pte_kernel_bit, grant_bit = answer->pte_grant_bit;
	bool keys = answer->pte_flags & FLAG_KEYS;

	if (record->pte_bits) {
		kernel_bit = record->pte_kernel_bit;
		grant_bit = record->pte_grant_bit;
		keys = record->pte_flags & FLAG_KEYS;
	} else if (!was_told(check)) {
		return;
	}
	expect(check, RULE_TABLES_TOLD_BITS,
	       kernel_bit == used->kernel_bit && keys == used->keys &&
		       (grant_bit == used->grant_bit || !check->view->knows_grant_bit),
	       place("page-table entries"),
	       "the hypervisor uses bits %u and %u of L1 entries%s, and by %s it is %u and %u%s "
	       "(%u means none)",
	       used->kernel_bit, used->grant_bit, used->keys ? " and gives protection keys" : "",
	       record->pte_bits ? "the record" : "what the guest was told", kernel_bit, grant_bit,
	       keys ? " with protection keys" : "", NO_BIT);
}

void check_marks(struct check *check)
{
	const uint64_t used = check->marks.kernel | check->marks.grant;

	if (check->view->knows_pte_bits)
		check_told(check);
	if (!check->marks.known || !check->image || !check->image->declares.pte_bits)
		return;
	expect(check, RULE_KERNEL_PTE_BITS, !(used & ~check->image->declares.pte_unused_l1),
	       place("page-table entries"),
	       "the hypervisor uses bits 0x%llx of L1 entries, and of those the kernel uses 0x%llx "
	       "itself",
	       (unsigned long long)used,
	       (unsigned long long)(used & ~check->image->declares.pte_unused_l1));
}
