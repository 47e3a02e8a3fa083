/* SPDX-License-Identifier: MIT */
/*
 * Copyright the authors of pvbuild
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy of this
 * software and associated documentation files (the "Software"), to deal in the Software
 * without restriction, including without limitation the rights to use, copy, modify, merge,
 * publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons
 * to whom the Software is furnished to do so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in all copies or
 * substantial portions of the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED,
 * INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR
 * PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE
 * FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
 * OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER
 * DEALINGS IN THE SOFTWARE.
 */
/*
 * What a guest kernel and its builder say to each other beyond Xen's own ABI:
 * the kernel declares in ELF notes what it can cope with, the builder sets that
 * against what the host has, and publishes the result in the shared info page.
 * doc/guest-abi.md explains it. For kernels: needs nothing but <stdint.h>, and
 * nothing at all from assembly.
 */
#ifndef PVBUILD_GUEST_ABI_H
#define PVBUILD_GUEST_ABI_H

/*
 * The owner of the notes. An ELF note is known by owner and type together, so no number
 * here can collide with one of Xen's; readers of Xen's notes skip these. All numbers in
 * descriptors are little-endian.
 */
#define PVB_GUEST_NOTE_OWNER "pvbuild"

/*
 * An arm64 Image has no ELF headers, but with an EFI stub it has a PE header. There a
 * section of this name (of 8 bytes, so that there is no NUL) holds the notes, one after the
 * other as in a PT_NOTE segment.
 */
#define PVB_GUEST_NOTE_SECTION ".pvnotes"

/*
 * ADDRESS_BITS, 4 bytes: a width in bits, 32 to 52. The kernel copes with machine
 * addresses below 1 << width in its page tables, and with none above.
 */
#define PVB_GUEST_NOTE_ADDRESS_BITS 1
#define PVB_GUEST_ADDRESS_BITS_LEAST 32
#define PVB_GUEST_ADDRESS_BITS_MOST 52

/*
 * PTE_BITS, 8, 16 or 24 bytes: masks of the software bits of page-table entries that the
 * kernel leaves alone: in L1 entries, in those above (the same where it is left out), and
 * PVB_GUEST_PTE_* flags. Bits outside PVB_GUEST_PTE_SOFTWARE are ignored.
 */
#define PVB_GUEST_NOTE_PTE_BITS 2

/*
 * GRANULES, 4 bytes: a mask of the hypervisor's page sizes, 1 << log2(bytes), that the
 * kernel copes with at the interface to it: 1 << 12 for 4 KiB, 1 << 14, 1 << 16.
 */
#define PVB_GUEST_NOTE_GRANULES 3

/*
 * P2M_TREE, 4 bytes: the kernel wants the p2m as a tree beside the list, of at least so many
 * levels; 0 for the fewest that reach all of its memory.
 */
#define PVB_GUEST_NOTE_P2M_TREE 4
#define PVB_GUEST_P2M_LEVELS_MOST 5

/* Bits 9 to 11 and 52 to 62 are software's in an entry that is present (Intel SDM 3A, 4.5). */
#define PVB_GUEST_PTE_SOFTWARE 0x7ff0000000000e00
/* The kernel wants protection keys, whose numbers stand in bits 59 to 62. */
#define PVB_GUEST_PTE_KEYS 1

/*
 * The result stands PVB_GUEST_ABI_OFFSET bytes into the shared info page, behind all that
 * Xen keeps there. It is there only for a kernel that has a note of ours, and where a p2m
 * tree was asked for: everybody else finds zeros, as Xen leaves them.
 */
#define PVB_GUEST_ABI_OFFSET 0xe00
#define PVB_GUEST_ABI_MAGIC 0x7473657567627670 /* "pvbguest" */
#define PVB_GUEST_ABI_VERSION 1

/* Bits of valid: which fields say something. */
#define PVB_GUEST_ABI_HAS_ADDRESS_BITS 0x1
#define PVB_GUEST_ABI_HAS_PTE_BITS 0x2
#define PVB_GUEST_ABI_HAS_GRANULE 0x4
#define PVB_GUEST_ABI_HAS_P2M_TREE 0x8

/*
 * An arm64 guest finds the result in its device tree instead, in the node /hypervisor, as
 * cells: the version, and the hypervisor's page size in bytes.
 */
#define PVB_GUEST_FDT_VERSION "pvbuild,version"
#define PVB_GUEST_FDT_GRANULE "pvbuild,granule"

/* No bit was picked. */
#define PVB_GUEST_PTE_NO_BIT 0xff

#if !defined(__ASSEMBLER__) && !defined(__ASSEMBLY__)

#include <stdint.h>

/*
 * Fields are only ever added behind the last one, and version stays; it changes when what
 * stands there means something else. A reader takes what lies below size.
 *
 *   size           bytes of this structure as the builder knows it
 *   valid          PVB_GUEST_ABI_HAS_*
 *   address_bits   every machine address that the builder gave the guest is below 1 << this
 *   pte_kernel_bit the bit of L1 entries by which the hypervisor marks kernel mappings, or
 *                  PVB_GUEST_PTE_NO_BIT (32-bit guests have none)
 *   pte_grant_bit  the one by which it marks mapped grants (debug builds of it), or NO_BIT
 *   pte_flags      PVB_GUEST_PTE_* that were granted
 *   granule_shift  log2 of the hypervisor's page size in bytes
 *   p2m_levels     levels of the p2m's tree, 1 to PVB_GUEST_P2M_LEVELS_MOST: 1 is one page of
 *                  entries
 *   p2m_root       machine frame number of its root page
 *
 * The tree is the kernel's own: it writes these two when it moves it, and clears the bit in
 * valid before it gives the pages away. Readers go by p2m_cr3 first, where it is not 0.
 */
struct pvb_guest_abi {
	uint64_t magic;
	uint32_t version;
	uint32_t size;
	uint64_t valid;
	uint8_t address_bits;
	uint8_t pte_kernel_bit;
	uint8_t pte_grant_bit;
	uint8_t pte_flags;
	uint8_t granule_shift;
	uint8_t reserved[3];
	uint32_t p2m_levels;
	uint32_t reserved_p2m;
	uint64_t p2m_root;
};

#endif

#endif
