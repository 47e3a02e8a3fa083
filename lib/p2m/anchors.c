/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a shared info page says of the guest's p2m. */
#include <pvbuild/p2m.h>

#include <pvbuild/guest-abi.h>

#include "core/error.h"
#include "core/span.h"
#include "p2m/read.h"

/*
 * Xen public arch-x86/xen.h, struct arch_shared_info: max_pfn, pfn_to_mfn_frame_list_list,
 * nmi_reason, p2m_cr3, p2m_vaddr and p2m_generation, each a word of the guest's; behind
 * what of xen.h's struct shared_info goes before it.
 */
#define ARCH_AT_64 3088u
#define ARCH_AT_32 2316u
enum { MAX_PFN, FRAME_LIST_LIST, NMI_REASON, P2M_CR3, P2M_VADDR, P2M_GENERATION, ARCH_WORDS };

#define ABI_FIELD(name) (PVB_GUEST_ABI_OFFSET + offsetof(struct pvb_guest_abi, name))

static uint64_t widened(uint64_t word, unsigned guest_bits)
{
	return guest_bits == 32 && word == UINT32_MAX ? PVB_P2M_NONE : word;
}

/*
 * The extension behind Xen's own part. A page that is not its own (a core may have no more
 * than Xen's structure) or an extension that does not go as far says nothing.
 */
static void read_extension(struct pvb_span page, struct pvb_p2m_anchors *anchors)
{
	uint64_t magic, valid;
	uint32_t version, size;

	if (!pvb_span_u64(page, ABI_FIELD(magic), &magic) || magic != PVB_GUEST_ABI_MAGIC ||
	    !pvb_span_u32(page, ABI_FIELD(version), &version) || version != PVB_GUEST_ABI_VERSION ||
	    !pvb_span_u32(page, ABI_FIELD(size), &size) ||
	    size < offsetof(struct pvb_guest_abi, p2m_root) + 8 ||
	    !pvb_span_u64(page, ABI_FIELD(valid), &valid) || !(valid & PVB_GUEST_ABI_HAS_P2M_TREE))
		return;
	anchors->has_tree = pvb_span_u32(page, ABI_FIELD(p2m_levels), &anchors->p2m_levels) &&
			    pvb_span_u64(page, ABI_FIELD(p2m_root), &anchors->p2m_root);
}

int pvb_p2m_read_anchors(const void *shared_info, size_t size, unsigned guest_bits,
			 struct pvb_p2m_anchors *anchors, struct pvb_error *error)
{
	struct pvb_span page = pvb_span(shared_info, size);
	uint64_t words[ARCH_WORDS] = {0};
	bool whole = true;

	if (guest_bits != 64 && guest_bits != 32)
		return pvb_fail(error, PVB_E_ARG_INVALID, P2M_STAGE,
				"a PV guest has 32 or 64 bits, and not %u", guest_bits);
	for (unsigned i = 0; i < ARCH_WORDS; i++) {
		uint32_t narrow = 0;

		if (guest_bits == 64) {
			whole &= pvb_span_u64(page, ARCH_AT_64 + 8 * i, &words[i]);
		} else {
			whole &= pvb_span_u32(page, ARCH_AT_32 + 4 * i, &narrow);
			words[i] = narrow;
		}
	}
	if (!whole)
		return pvb_fail(error, PVB_E_ARG_INVALID, P2M_STAGE,
				"the shared info of a %u-bit guest ends after %zu bytes, before "
				"what it says of the p2m",
				guest_bits, size);
	*anchors = (struct pvb_p2m_anchors){
		.guest_bits = guest_bits,
		.max_pfn = words[MAX_PFN],
		.frame_list_list = widened(words[FRAME_LIST_LIST], guest_bits),
		.p2m_cr3 = widened(words[P2M_CR3], guest_bits),
		.p2m_vaddr = widened(words[P2M_VADDR], guest_bits),
		.p2m_generation = words[P2M_GENERATION],
	};
	read_extension(page, anchors);
	return 0;
}

const char *pvb_p2m_anchor_name(enum pvb_p2m_anchor anchor)
{
	switch (anchor) {
	case PVB_P2M_ANCHOR_BY_PREFERENCE:
		return "preference";
	case PVB_P2M_ANCHOR_CR3:
		return "p2m_cr3";
	case PVB_P2M_ANCHOR_ROOT:
		return "p2m_root";
	case PVB_P2M_ANCHOR_FRAME_LIST:
		return "pfn_to_mfn_frame_list_list";
	case PVB_P2M_ANCHOR_START_INFO:
		return "mfn_list";
	}
	return "unknown";
}
