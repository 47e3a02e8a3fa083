/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the builder writes: offsets of Xen's public structures, for guests of
 * both widths (public/xen.h, arch-x86/xen.h, io/console.h). A test compares
 * them with Xen's own headers where those are installed.
 */
#ifndef PVB_BUILD_ABI_H
#define PVB_BUILD_ABI_H

#include <stdint.h>

/* struct start_info. word is the size of the guest's "unsigned long" fields. */
struct pvb_abi_start_info {
	uint16_t word;
	uint16_t size;
	uint16_t magic;
	uint16_t nr_pages;
	uint16_t shared_info;
	uint16_t flags;
	uint16_t store_mfn;
	uint16_t store_evtchn;
	uint16_t console_mfn;
	uint16_t console_evtchn;
	uint16_t pt_base;
	uint16_t nr_pt_frames;
	uint16_t mfn_list;
	uint16_t mod_start;
	uint16_t mod_len;
	uint16_t cmd_line;
	uint16_t first_p2m_pfn;
	uint16_t nr_p2m_frames;
};

static const struct pvb_abi_start_info pvb_abi_start_info_64 = {
	.word = 8,
	.size = 1168,
	.magic = 0,
	.nr_pages = 32,
	.shared_info = 40,
	.flags = 48,
	.store_mfn = 56,
	.store_evtchn = 64,
	.console_mfn = 72,
	.console_evtchn = 80,
	.pt_base = 88,
	.nr_pt_frames = 96,
	.mfn_list = 104,
	.mod_start = 112,
	.mod_len = 120,
	.cmd_line = 128,
	.first_p2m_pfn = 1152,
	.nr_p2m_frames = 1160,
};

static const struct pvb_abi_start_info pvb_abi_start_info_32 = {
	.word = 4,
	.size = 1112,
	.magic = 0,
	.nr_pages = 32,
	.shared_info = 36,
	.flags = 40,
	.store_mfn = 44,
	.store_evtchn = 48,
	.console_mfn = 52,
	.console_evtchn = 56,
	.pt_base = 60,
	.nr_pt_frames = 64,
	.mfn_list = 68,
	.mod_start = 72,
	.mod_len = 76,
	.cmd_line = 80,
	.first_p2m_pfn = 1104,
	.nr_p2m_frames = 1108,
};

#define PVB_ABI_MAGIC_SIZE 32
#define PVB_ABI_COMMAND_LINE_SIZE 1024 /* MAX_GUEST_CMDLINE */

/* start_info.flags */
#define PVB_ABI_SIF_MOD_START_PFN (UINT32_C(1) << 3)
#define PVB_ABI_SIF_VIRT_P2M_4TOOLS (UINT32_C(1) << 4)

/* struct shared_info: vcpu_info[] is its first member for both widths. */
#define PVB_ABI_SHARED_INFO_SIZE_64 3136
#define PVB_ABI_SHARED_INFO_SIZE_32 2344
/* Of arch in it: max_pfn, and pfn_to_mfn_frame_list_list, which anchors a tree of three levels. */
struct pvb_abi_shared_info {
	uint16_t word;
	uint16_t max_pfn;
	uint16_t frame_list_list;
};

static const struct pvb_abi_shared_info pvb_abi_shared_info_64 = {
	.word = 8,
	.max_pfn = 3088,
	.frame_list_list = 3096,
};

static const struct pvb_abi_shared_info pvb_abi_shared_info_32 = {
	.word = 4,
	.max_pfn = 2316,
	.frame_list_list = 2320,
};

#define PVB_ABI_FRAME_LIST_LEVELS 3
#define PVB_ABI_LEGACY_VCPUS 32 /* XEN_LEGACY_MAX_VCPUS */
#define PVB_ABI_VCPU_INFO_SIZE 64
#define PVB_ABI_VCPU_UPCALL_MASK 1

/* struct xencons_interface: where it ended until Xen 4.21 gave it "connection" */
#define PVB_ABI_CONSOLE_CONNECTION 3088
#define PVB_ABI_CONSOLE_DISCONNECTED 1 /* XENCONSOLE_DISCONNECTED */

/* Page table entries of x86, all 8 bytes, 512 a table: 4-level and PAE. */
#define PVB_ABI_PTE_P UINT64_C(0x01)
#define PVB_ABI_PTE_RW UINT64_C(0x02)
#define PVB_ABI_PTE_US UINT64_C(0x04)
#define PVB_ABI_PTE_A UINT64_C(0x20)
#define PVB_ABI_PTE_D UINT64_C(0x40)
#define PVB_ABI_PTE_G UINT64_C(0x100)
#define PVB_ABI_PTE_ADDRESS UINT64_C(0x000ffffffffff000)
#define PVB_ABI_PTE_NX (UINT64_C(1) << 63)
#define PVB_ABI_TABLE_SHIFT 9
#define PVB_ABI_TABLE_ENTRIES 512
#define PVB_ABI_X86_PAGE_SHIFT 12
#define PVB_ABI_PTE_ADDRESS_BITS 52
#define PVB_ABI_M2P_BITS_64 47 /* of machine addresses that a guest's view of the M2P covers */
#define PVB_ABI_M2P_BITS_32 37
#define PVB_ABI_VA_BITS_64 48
#define PVB_ABI_VA_BITS_32 32

/* Flat selectors that Xen gives a PV kernel (arch-x86/xen-x86_64.h, xen-x86_32.h). */
#define PVB_ABI_KERNEL_CS_64 0xe033
#define PVB_ABI_KERNEL_SS_64 0xe02b
#define PVB_ABI_KERNEL_CS_32 0xe019
#define PVB_ABI_KERNEL_DS_32 0xe021

#define PVB_ABI_RFLAGS_IF (UINT64_C(1) << 9)
#define PVB_ABI_DR6_DEFAULT UINT64_C(0xffff0ff0)
#define PVB_ABI_DR7_DEFAULT UINT64_C(0x400)
#define PVB_ABI_VGCF_IN_KERNEL (UINT32_C(1) << 2)
#define PVB_ABI_VGCF_ONLINE (UINT32_C(1) << 5)
#define PVB_ABI_VMASST_PAE_EXTENDED_CR3 (UINT32_C(1) << 3)

/* A vCPU of arm64: EL1 with its own stack, all interrupts masked (PSR_GUEST64_INIT); no MMU. */
#define PVB_ABI_ARM64_PSR UINT64_C(0x3c5)
#define PVB_ABI_ARM64_SCTLR UINT64_C(0x00c50078) /* SCTLR_GUEST_INIT */

/* Grant table, version 1: reserved entries, flag, width of a frame number. */
#define PVB_ABI_GRANT_CONSOLE 0
#define PVB_ABI_GRANT_XENSTORE 1
#define PVB_ABI_GTF_PERMIT_ACCESS 1
#define PVB_ABI_GRANT_FRAME_BITS 32

#endif
