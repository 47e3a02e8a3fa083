/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a 64-bit PV guest needs of Xen's public interface, and nothing else. Each
 * part names the header of Xen that it describes; a test holds the two together.
 */
#ifndef PROBE_ABI_H
#define PROBE_ABI_H

/* xen.h, arch-x86/xen-x86_64.h: where a kernel is entered and what it finds. */
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096

#define KERNEL_CS 0xe033
#define KERNEL_SS 0xe02b

/* Xen's part of every address space: slots of the root table. */
#define XEN_SLOT_FIRST 256
#define XEN_SLOT_END 272

/* xen.h: numbers of hypercalls. */
#define HYPERCALL_SET_TRAP_TABLE 0
#define HYPERCALL_MMU_UPDATE 1
#define HYPERCALL_GET_DEBUGREG 9
#define HYPERCALL_MEMORY_OP 12
#define HYPERCALL_UPDATE_VA_MAPPING 14
#define HYPERCALL_XEN_VERSION 17
#define HYPERCALL_CONSOLE_IO 18
#define HYPERCALL_GRANT_TABLE_OP 20
#define HYPERCALL_VCPU_OP 24
#define HYPERCALL_SCHED_OP 29
#define HYPERCALL_EVENT_CHANNEL_OP 32

#ifndef __ASSEMBLER__

#include <stdint.h>

#define DOMID_SELF 0x7ff0

/* xen.h: start-of-day. */
#define START_INFO_MAGIC "xen-3.0-x86_64"
#define COMMAND_LINE_SIZE 1024

struct start_info {
	char magic[32];
	uint64_t nr_pages;
	uint64_t shared_info; /* machine address */
	uint32_t flags;
	uint32_t pad0;
	uint64_t store_mfn;
	uint32_t store_evtchn;
	uint32_t pad1;
	uint64_t console_mfn;
	uint32_t console_evtchn;
	uint32_t pad2;
	uint64_t pt_base;
	uint64_t nr_pt_frames;
	uint64_t mfn_list;
	uint64_t mod_start;
	uint64_t mod_len;
	char cmd_line[COMMAND_LINE_SIZE];
	uint64_t first_p2m_pfn;
	uint64_t nr_p2m_frames;
};

/* What is mapped at the start ends at a multiple of this. */
#define REGION_ALIGN (UINT64_C(4) << 20)

#define SIF_PRIVILEGED (1u << 0)
#define SIF_INITDOMAIN (1u << 1)
#define SIF_MULTIBOOT_MOD (1u << 2)
#define SIF_MOD_START_PFN (1u << 3)
#define SIF_VIRT_P2M_4TOOLS (1u << 4)

/* xen.h, arch-x86/xen.h: the page that Xen and the guest share. */
#define LEGACY_VCPUS 32
#define EVENT_WORDS 64

struct vcpu_time_info {
	uint32_t version; /* odd while it is being written */
	uint32_t pad0;
	uint64_t tsc_timestamp;
	uint64_t system_time;
	uint32_t tsc_to_system_mul;
	int8_t tsc_shift;
	uint8_t flags;
	uint8_t pad1[2];
};

struct vcpu_info {
	uint8_t evtchn_upcall_pending;
	uint8_t evtchn_upcall_mask;
	uint8_t pad0[6];
	uint64_t evtchn_pending_sel;
	uint64_t cr2;
	uint64_t pad1;
	struct vcpu_time_info time;
};

struct shared_info {
	struct vcpu_info vcpu_info[LEGACY_VCPUS];
	uint64_t evtchn_pending[EVENT_WORDS];
	uint64_t evtchn_mask[EVENT_WORDS];
	uint32_t wc_version;
	uint32_t wc_sec;
	uint32_t wc_nsec;
	uint32_t wc_sec_hi;
	uint64_t max_pfn;
	uint64_t pfn_to_mfn_frame_list_list;
	uint64_t nmi_reason;
	uint64_t p2m_cr3;
	uint64_t p2m_vaddr;
	uint64_t p2m_generation;
};

/* xen.h: page-table updates. */
struct mmu_update {
	uint64_t ptr; /* machine address of the entry; what to do with it in its low bits */
	uint64_t val;
};

#define MMU_NORMAL_PT_UPDATE 0
#define UVMF_INVLPG 2

/* Bits of page-table entries (the processor's), and the one that Xen marks a kernel's pages by. */
#define PTE_PRESENT (1ul << 0)
#define PTE_WRITABLE (1ul << 1)
#define PTE_USER (1ul << 2)
#define PTE_ACCESSED (1ul << 5)
#define PTE_DIRTY (1ul << 6)
#define PTE_GLOBAL (1ul << 8)
#define PTE_XEN_KERNEL (1ul << 52)
#define PTE_FRAME 0x000ffffffffff000ul
#define TABLE_ENTRIES 512

/* arch-x86/xen.h: exceptions. */
struct trap_info {
	uint8_t vector;
	uint8_t flags;
	uint16_t cs;
	uint64_t address;
};

/* memory.h */
#define XENMEM_CURRENT_RESERVATION 3
#define XENMEM_MAXIMUM_RESERVATION 4
#define XENMEM_MEMORY_MAP 9
#define XENMEM_MACHPHYS_MAPPING 12

struct memory_map {
	uint32_t nr_entries;
	uint32_t pad;
	void *buffer;
};

struct e820_entry {
	uint64_t addr;
	uint64_t size;
	uint32_t type;
} __attribute__((packed));

#define E820_RAM 1

struct machphys_mapping {
	uint64_t v_start, v_end;
	uint64_t max_mfn;
};

/* sched.h */
#define SCHEDOP_YIELD 0
#define SCHEDOP_SHUTDOWN 2
#define SCHEDOP_POLL 3

#define SHUTDOWN_POWEROFF 0
#define SHUTDOWN_CRASH 3

struct sched_shutdown {
	uint32_t reason;
};

struct sched_poll {
	const uint32_t *ports;
	uint32_t nr_ports;
	uint32_t pad;
	uint64_t timeout; /* system time, or 0: for ever */
};

/* vcpu.h */
#define VCPUOP_IS_UP 3

/* event_channel.h */
#define EVTCHNOP_CLOSE 3
#define EVTCHNOP_SEND 4
#define EVTCHNOP_STATUS 5
#define EVTCHNOP_ALLOC_UNBOUND 6

#define EVTCHNSTAT_UNBOUND 1
#define EVTCHNSTAT_INTERDOMAIN 2

struct evtchn_send {
	uint32_t port;
};

struct evtchn_close {
	uint32_t port;
};

struct evtchn_alloc_unbound {
	uint16_t dom;
	uint16_t remote;
	uint32_t port;
};

struct evtchn_status {
	uint16_t dom;
	uint16_t pad0;
	uint32_t port;
	uint32_t status;
	uint32_t vcpu;
	uint16_t remote; /* of an unbound and of an interdomain channel */
	uint16_t pad1;
	uint32_t remote_port;
};

/* grant_table.h */
#define GNTTABOP_SETUP_TABLE 2
#define GNTTABOP_QUERY_SIZE 6
#define GNTTABOP_SET_VERSION 8
#define GRANT_CONSOLE 0
#define GRANT_STORE 1

#define GTF_PERMIT_ACCESS 1
#define GTF_READING (1u << 3) /* set while the other side has it mapped */
#define GTF_WRITING (1u << 4)

struct grant_entry {
	uint16_t flags;
	uint16_t domid;
	uint32_t frame;
};

struct setup_table {
	uint16_t dom;
	uint16_t pad0;
	uint32_t nr_frames;
	int16_t status;
	uint16_t pad1[3];
	uint64_t *frame_list;
};

struct query_size {
	uint16_t dom;
	uint16_t pad0;
	uint32_t nr_frames;
	uint32_t max_nr_frames;
	int16_t status;
	uint16_t pad1;
};

struct set_version {
	uint32_t version;
};

/* io/console.h */
#define CONSOLE_IN_SIZE 1024
#define CONSOLE_OUT_SIZE 2048

struct console_ring {
	char in[CONSOLE_IN_SIZE];
	char out[CONSOLE_OUT_SIZE];
	uint32_t in_cons, in_prod;
	uint32_t out_cons, out_prod;
	uint8_t connection; /* since 4.21: 1 until the console is attached */
};

/* io/xs_wire.h */
#define STORE_RING_SIZE 1024
#define STORE_READ 2
#define STORE_WRITE 11
#define STORE_ERROR 16

struct store_ring {
	char req[STORE_RING_SIZE];
	char rsp[STORE_RING_SIZE];
	uint32_t req_cons, req_prod;
	uint32_t rsp_cons, rsp_prod;
	uint32_t server_features;
	uint32_t connection;
	uint32_t error;
};

struct store_message {
	uint32_t type;
	uint32_t req_id;
	uint32_t tx_id;
	uint32_t len; /* of what follows */
};

#endif /* __ASSEMBLER__ */

#endif
