/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel tells its builder, in one place. The variants of the probe differ here only:
 *
 *   PROBE_LEGACY_STRING  no notes, but the string of section __xen_guest that preceded them, with
 *                        a hypercall page
 *   PROBE_INIT_P2M       the p2m list at this address instead of in the initial mapping
 *   PROBE_MOD_START_PFN  the ramdisk by its PFN instead of in the initial mapping
 *   PROBE_ADDRESS_BITS   the width of machine addresses that it copes with
 *   PROBE_PTE_L1, PROBE_PTE_UPPER   the software bits of table entries that it leaves alone
 *   PROBE_GRANULES       the sizes of the hypervisor's pages that it copes with
 *   PROBE_P2M_TREE       the p2m as a tree, of so many levels at least
 *   PROBE_MAXPHYS        the width as Xen's number 19, as it was proposed once
 *
 * PROBE_VIRT_BASE, where PFN 0 is mapped, every variant has.
 */
#include <pvbuild/guest-abi.h>

#include "abi.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

#ifdef PROBE_LEGACY_STRING

/* The linker script puts the page first: the string wants its number as a constant. */
	.section .hypercall_page, "awx"
	.globl hypercall_page
hypercall_page:
	.fill PAGE_SIZE, 1, 0xcc

	.section __xen_guest, "a"
	.ascii "GUEST_OS=pvbuild-probe,XEN_VER=xen-3.0,LOADER=generic"
	.ascii ",VIRT_BASE=", TEXT(PROBE_VIRT_BASE), ",ELF_PADDR_OFFSET=0x0"
	.ascii ",HYPERCALL_PAGE=", TEXT(PROBE_FIRST_PAGE), "\0"

#else

/* A note is: lengths of name and value, number, name, value, each padded to 4 bytes. */
	.macro note_of owner, number, value:vararg
	.balign 4
	.long 2f - 1f, 4f - 3f, \number
1:	.asciz "\owner"
2:	.balign 4
3:	\value
4:	.balign 4
	.endm
	.macro note number, value:vararg
	note_of "Xen", \number, \value
	.endm

/* Numbers: Xen's elfnote.h. */
	.section .note.Xen, "a", @note
	note 6, .asciz "pvbuild-probe"
	note 5, .asciz "xen-3.0"
	note 8, .asciz "generic"
	note 3, .quad PROBE_VIRT_BASE
	note 4, .quad 0
	note 1, .quad _start
#ifdef PROBE_INIT_P2M
	note 15, .quad PROBE_INIT_P2M
#endif
#ifdef PROBE_MOD_START_PFN
	note 16, .long 1
#endif
#ifdef PROBE_MAXPHYS
	note 19, .long PROBE_MAXPHYS
#endif

/* What it can cope with: doc/guest-abi.md. */
	.section .note.pvbuild, "a", @note
#ifdef PROBE_ADDRESS_BITS
	note_of PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_ADDRESS_BITS, .long PROBE_ADDRESS_BITS
#endif
#ifdef PROBE_PTE_L1
	note_of PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_PTE_BITS, .quad PROBE_PTE_L1, PROBE_PTE_UPPER
#endif
#ifdef PROBE_GRANULES
	note_of PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_GRANULES, .long PROBE_GRANULES
#endif
#ifdef PROBE_P2M_TREE
	note_of PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_P2M_TREE, .long PROBE_P2M_TREE
#endif

#endif

	.section .note.GNU-stack, "", @progbits
