/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The anchors of a p2m, as they stand in a page of shared info. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <string.h>

#include <pvbuild/guest-abi.h>
#include <pvbuild/p2m.h>

#include "core/error.h"

#define STAGE "p2m"

/*
 * Xen public arch-x86/xen.h, struct arch_shared_info: words of the guest's, behind what struct
 * shared_info of xen.h has before it. Between the second and the third stands nmi_reason.
 */
enum { MAX_PFN, FRAME_LIST_LIST, NMI_REASON, P2M_CR3, P2M_VADDR, P2M_GENERATION, WORDS };
#define ARCH_AT_64 3088u
#define ARCH_AT_32 2316u

static void put(uint8_t *at, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *at, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = size; i-- > 0;)
		value = value << 8 | at[i];
	return value;
}

/* A tree's place, in the part of the page that <pvbuild/guest-abi.h> describes. */
static void put_tree(uint8_t *abi, const struct pvb_p2m_anchors *anchors)
{
	const bool there =
		get(abi + offsetof(struct pvb_guest_abi, magic), 8) == PVB_GUEST_ABI_MAGIC;
	uint8_t *size = abi + offsetof(struct pvb_guest_abi, size);
	uint8_t *valid = abi + offsetof(struct pvb_guest_abi, valid);

	if (!there && !anchors->has_tree)
		return;
	if (!there) {
		memset(abi, 0, sizeof(struct pvb_guest_abi));
		put(abi + offsetof(struct pvb_guest_abi, magic), PVB_GUEST_ABI_MAGIC, 8);
		put(abi + offsetof(struct pvb_guest_abi, version), PVB_GUEST_ABI_VERSION, 4);
	}
	if (get(size, 4) < sizeof(struct pvb_guest_abi) && anchors->has_tree)
		put(size, sizeof(struct pvb_guest_abi), 4);
	put(valid, get(valid, 8) & ~(uint64_t)PVB_GUEST_ABI_HAS_P2M_TREE, 8);
	if (get(size, 4) < sizeof(struct pvb_guest_abi))
		return;
	put(abi + offsetof(struct pvb_guest_abi, p2m_levels),
	    anchors->has_tree ? anchors->p2m_levels : 0, 4);
	put(abi + offsetof(struct pvb_guest_abi, p2m_root),
	    anchors->has_tree ? anchors->p2m_root : 0, 8);
	if (anchors->has_tree)
		put(valid, get(valid, 8) | PVB_GUEST_ABI_HAS_P2M_TREE, 8);
}

int pvb_p2m_write_anchors(const struct pvb_p2m_anchors *anchors, void *shared_info, size_t size,
			  struct pvb_error *error)
{
	const unsigned word = anchors->guest_bits / 8;
	const struct {
		unsigned index;
		const char *name;
		uint64_t value;
	} words[] = {
		{MAX_PFN, "max_pfn", anchors->max_pfn},
		{FRAME_LIST_LIST, "pfn_to_mfn_frame_list_list", anchors->frame_list_list},
		{P2M_CR3, "p2m_cr3", anchors->p2m_cr3},
		{P2M_VADDR, "p2m_vaddr", anchors->p2m_vaddr},
		{P2M_GENERATION, "p2m_generation", anchors->p2m_generation},
	};
	uint8_t *at = (uint8_t *)shared_info;

	if ((word != 8 && word != 4) || size < PVB_GUEST_ABI_OFFSET + sizeof(struct pvb_guest_abi))
		return pvb_fail(error, PVB_E_ARG_INVALID, STAGE,
				"a shared info page of %zu bytes for a guest of %" PRIu32
				" bits cannot be",
				size, anchors->guest_bits);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (word == 4 && words[i].value > UINT32_MAX && words[i].value != PVB_P2M_NONE)
			return pvb_fail(error, PVB_E_ARG_INVALID, STAGE,
					"%s is 0x%" PRIx64
					", which a word of a 32-bit guest cannot hold",
					words[i].name, words[i].value);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		put(at + (word == 8 ? ARCH_AT_64 : ARCH_AT_32) + (size_t)words[i].index * word,
		    words[i].value, word);
	put_tree(at + PVB_GUEST_ABI_OFFSET, anchors);
	return 0;
}
