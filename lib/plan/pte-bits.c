/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/pte-bits.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/error.h"

#define NO_BIT PVB_GUEST_PTE_NO_BIT

/* What Xen has always used: _PAGE_GUEST_KERNEL, and in debug builds _PAGE_GNTTAB. */
#define LEGACY_KERNEL_BIT 52u
#define LEGACY_GRANT_BIT 62u

/* Where protection keys stand (Intel SDM 3A, 4.6.2). */
#define KEY_BITS (UINT64_C(0xf) << 59)

static uint64_t mask_of(unsigned bit)
{
	return bit == NO_BIT ? 0 : UINT64_C(1) << bit;
}

/* The usual bit, or else what guests and processors have the least use for. */
static unsigned take(uint64_t *available, unsigned usual)
{
	static const struct {
		unsigned from, down_to;
	} ranges[] = {{58, 52}, {62, 59}, {11, 9}};
	unsigned bit = *available & mask_of(usual) ? usual : NO_BIT;

	for (size_t i = 0; bit == NO_BIT && i < sizeof ranges / sizeof ranges[0]; i++)
		for (unsigned b = ranges[i].from; bit == NO_BIT && b >= ranges[i].down_to; b--)
			if (*available & mask_of(b))
				bit = b;
	*available &= ~mask_of(bit);
	return bit;
}

static enum pvb_pte_verdict compare(const struct pvb_pte_guest *guest,
				    const struct pvb_pte_hypervisor *hypervisor,
				    struct pvb_plan_pte_bits *bits)
{
	/* Compatibility mode has no use for the mark: Xen leaves entries of 32-bit guests alone. */
	bits->kernel_bit = guest->guest_bits == 32 ? NO_BIT : hypervisor->kernel_bit;
	bits->grant_bit = hypervisor->grant_bit;
	/* No hypervisor that picks no bits gives PV guests protection keys (Xen pv_make_cr4()). */
	bits->keys = false;
	if (guest->declared &&
	    (mask_of(bits->kernel_bit) | mask_of(bits->grant_bit)) & ~bits->unused_l1)
		return PVB_PTE_TAKEN;
	return PVB_PTE_FINE;
}

enum pvb_pte_verdict pvb_pte_bits_pick(const struct pvb_pte_guest *guest,
				       const struct pvb_pte_hypervisor *hypervisor,
				       struct pvb_plan_pte_bits *bits)
{
	*bits = (struct pvb_plan_pte_bits){
		.source = guest->declared ? PVB_PTE_DECLARED : PVB_PTE_LEGACY,
		.fixed = hypervisor->fixed,
		.kernel_bit = NO_BIT,
		.grant_bit = NO_BIT,
		.keys_wanted = guest->declared && guest->keys,
		.unused_l1 = guest->declared ? guest->unused_l1 & PVB_GUEST_PTE_SOFTWARE : 0,
		.unused_upper = guest->declared ? guest->unused_upper & PVB_GUEST_PTE_SOFTWARE : 0,
	};
	if (!guest->guest_bits)
		return PVB_PTE_FINE;
	if (hypervisor->fixed)
		return compare(guest, hypervisor, bits);

	uint64_t available = guest->declared
				     ? bits->unused_l1
				     : mask_of(LEGACY_KERNEL_BIT) | mask_of(LEGACY_GRANT_BIT);

	bits->keys = bits->keys_wanted;
	if (bits->keys)
		available &= ~KEY_BITS;
	if (guest->guest_bits != 32) {
		bits->kernel_bit = take(&available, LEGACY_KERNEL_BIT);
		if (bits->kernel_bit == NO_BIT)
			return PVB_PTE_NO_KERNEL_BIT;
	}
	if (hypervisor->debug) {
		bits->grant_bit = take(&available, LEGACY_GRANT_BIT);
		bits->grants_unmarked = bits->grant_bit == NO_BIT;
	}
	return PVB_PTE_FINE;
}

struct pvb_pte_guest pvb_pte_guest_of(const struct pvb_image_info *image)
{
	const struct pvb_image_declares *declares = &image->declares;

	return (struct pvb_pte_guest){
		.guest_bits = image->pv.guest_type == PVB_GUEST_X86_64    ? 64
			      : image->pv.guest_type == PVB_GUEST_X86_32P ? 32
									  : 0,
		.declared = declares->pte_bits,
		.keys = declares->pte_keys,
		.unused_l1 = declares->pte_unused_l1,
		.unused_upper = declares->pte_unused_upper,
	};
}

struct pvb_pte_hypervisor pvb_pte_hypervisor_of(const struct pvb_host_info *host)
{
	if (!host)
		return (struct pvb_pte_hypervisor){.kernel_bit = NO_BIT, .grant_bit = NO_BIT};
	return (struct pvb_pte_hypervisor){
		.fixed = host->pte_bits_fixed,
		.debug = host->debug,
		.kernel_bit = host->pte_kernel_bit,
		.grant_bit = host->pte_grant_bit,
	};
}

/* ---- refusals in words ---------------------------------------------------------- */

struct bits_text {
	char text[80];
};

/* "9-11, 52, 54-62": a mask as people speak of it. */
static struct bits_text bits_text(uint64_t mask)
{
	struct bits_text result = {"none"};
	size_t used = 0;

	for (unsigned bit = 0; bit < 64; bit++) {
		unsigned last = bit;

		if (!(mask >> bit & 1))
			continue;
		while (last < 63 && mask >> (last + 1) & 1)
			last++;

		char range[16];

		if (last > bit)
			(void)snprintf(range, sizeof range, "%u-%u", bit, last);
		else
			(void)snprintf(range, sizeof range, "%u", bit);
		int written = snprintf(result.text + used, sizeof result.text - used, "%s%s",
				       used ? ", " : "", range);

		used += written > 0 ? (size_t)written : 0;
		if (used >= sizeof result.text)
			break;
		bit = last;
	}
	return result;
}

static int refuse_too_few(const struct pvb_plan_pte_bits *bits, const char *stage,
			  struct pvb_error *error)
{
	int rc;

	if (bits->unused_l1)
		rc = pvb_fail(error, PVB_E_PLAN_PTE_BITS, stage,
			      "of L1 entries the kernel leaves bits %s alone, all of which are "
			      "those of the protection keys that it wants: none is left by which "
			      "the hypervisor could tell kernel mappings",
			      bits_text(bits->unused_l1).text);
	else
		rc = pvb_fail(
			error, PVB_E_PLAN_PTE_BITS, stage,
			"the kernel leaves no software bit of L1 entries alone: there is none "
			"by which the hypervisor could tell kernel mappings");
	pvb_hint(error, "the kernel has to declare one of bits 9-11 or 52-%u as unused%s",
		 bits->keys_wanted ? 58u : 62u,
		 bits->unused_l1 ? ", or do without protection keys" : "");
	return rc;
}

static int refuse_taken(const struct pvb_plan_pte_bits *bits, const struct pvb_host_info *host,
			const char *stage, struct pvb_error *error)
{
	uint64_t taken = mask_of(bits->kernel_bit) | mask_of(bits->grant_bit);
	bool kernel_clash = mask_of(bits->kernel_bit) & ~bits->unused_l1;
	char kernel[40] = "", grant[40] = "";

	if (bits->kernel_bit != NO_BIT)
		(void)snprintf(kernel, sizeof kernel, "bit %u (kernel mappings)", bits->kernel_bit);
	if (bits->grant_bit != NO_BIT)
		(void)snprintf(grant, sizeof grant, "bit %u (mapped grants)", bits->grant_bit);
	int rc = pvb_fail(
		error, PVB_E_HOST_PTE_BITS, stage,
		"the hypervisor (%s%s) uses %s%s%s of L1 entries, and the kernel leaves bits %s "
		"alone: not %s",
		host->version, host->debug ? ", a debug build" : "", kernel,
		*kernel && *grant ? " and " : "", grant, bits_text(bits->unused_l1).text,
		bits_text(taken & ~bits->unused_l1).text);

	if (kernel_clash)
		pvb_hint(error,
			 "this needs a hypervisor that takes the bit that it is told, or a "
			 "kernel that leaves bit %u alone",
			 bits->kernel_bit);
	else
		pvb_hint(error, "a release build of the hypervisor does not use bit %u",
			 bits->grant_bit);
	return rc;
}

int pvb_pte_bits_resolve(const struct pvb_pte_guest *guest, const struct pvb_host_info *host,
			 const char *stage, struct pvb_plan_pte_bits *bits, struct pvb_error *error)
{
	struct pvb_pte_hypervisor hypervisor = pvb_pte_hypervisor_of(host);

	switch (pvb_pte_bits_pick(guest, &hypervisor, bits)) {
	case PVB_PTE_FINE:
		return 0;
	case PVB_PTE_NO_KERNEL_BIT:
		return refuse_too_few(bits, stage, error);
	case PVB_PTE_TAKEN:
		return refuse_taken(bits, host, stage, error);
	}
	return pvb_fail(error, PVB_E_BUG, stage, "the bits of page-table entries have no verdict");
}

const char *pvb_pte_source_name(enum pvb_pte_source source)
{
	switch (source) {
	case PVB_PTE_LEGACY:
		return "legacy";
	case PVB_PTE_DECLARED:
		return "declared";
	}
	return "unknown";
}
