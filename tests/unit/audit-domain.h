/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A finished PV domain on paper: made by hand for the auditor's tests, by code
 * that shares nothing with the builder, or copied from a domain on another
 * host. It is a host of its own, whose every byte a test may spoil, and it can
 * be written as a core dump laid out as "xl dump-core" lays it out.
 */
#ifndef PVB_TESTS_AUDIT_DOMAIN_H
#define PVB_TESTS_AUDIT_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/audit.h>

#include "host/host.h"
#include "support/blob.h"

/*
 *   bits           32 or 64
 *   pages          of memory; 0 means 2048, or 4096 for a large kernel
 *   hole_first, hole_count   PFNs without memory; pages counts them
 *   long_list      wrong: the list has a page more than it needs
 *   kernel_pages   of the kernel, less than all of one mapping; 0 means 40
 *   kernel_pfn     where it stands; 0 means 256
 *   at_zero        PFN 0 is at address 0, and not where Linux has it
 *   init_p2m       the list outside the initial region (64-bit)
 *   hypercall      the kernel has a hypercall page
 *   is_linux       the kernel says that it is Linux
 *   module_bytes   of a ramdisk, 0 for none; module_by_pfn outside the mapping
 *   scrambled      frames in no order
 *   mfn_base       lowest frame; 0 means 0x4000
 *   unpinned       leaves as a builder writes them, and no pin
 *   no_padding     wrong: the initial region ends right behind the boot stack's 4 MiB
 *   declares       the kernel says that it copes with 40 bits of address, and is answered
 *   tree_levels    of the p2m's tree; 0 for a list alone
 *   kernel_bit     by which the hypervisor marks leaves of this domain, where that is no
 *                  bit that it has wired in; 0 for the usual one
 *   pte_note       the kernel declares that it leaves these bits of L1 entries alone
 *   base_note, init_p2m_note, no_module_note   the kernel's note is not what the domain is like
 */
struct domain_spec {
	unsigned bits;
	uint64_t pages;
	uint64_t hole_first, hole_count;
	bool long_list;
	uint64_t kernel_pages;
	uint64_t kernel_pfn;
	bool at_zero;
	bool init_p2m;
	bool hypercall;
	bool is_linux;
	uint64_t module_bytes;
	bool module_by_pfn;
	bool scrambled;
	uint64_t mfn_base;
	bool unpinned;
	bool no_padding;
	bool base_note;
	bool init_p2m_note;
	bool no_module_note;
	bool declares;
	unsigned tree_levels;
	unsigned kernel_bit;
	uint64_t pte_note;
};

/* A frame: its number, what the M2P says of it, and what the hypervisor holds it for. */
struct paper_frame {
	uint64_t mfn;
	uint64_t m2p;
	enum pvb_frame_type type;
	bool pinned;
	bool foreign;
};

struct paper_domain {
	struct pvb_host host; /* first: it is a host */
	struct domain_spec spec;
	unsigned bits;
	uint64_t pages; /* PFNs */
	uint64_t owned; /* what the hypervisor says that it owns */
	uint8_t *memory;
	struct paper_frame *frames; /* by PFN */
	uint64_t *by_mfn;           /* PFNs, ascending by MFN */
	uint8_t shared_info[4096];
	uint64_t shared_frame;
	struct pvb_host_vcpu vcpu;
	struct pvb_host_grant grants[4];
	size_t grant_count;
	pvb_mfn_t grant_frames[2];
	size_t grant_frame_count;
	struct pvb_host_record record;
	unsigned fail_after; /* nonzero: the call of this number fails */
	unsigned calls;
	bool paused, dying, shutdown, hvm;
	uint64_t cpu_time_ns;
	unsigned page_shift, address_bits, said_bits;
	unsigned grant_bit; /* PVB_GUEST_PTE_NO_BIT: a release build */
	uint64_t mapped_pages;

	struct blob kernel; /* the file */
	struct blob module;

	/* Where things are, in PFNs and pages. */
	uint64_t base; /* address of PFN 0 */
	uint64_t kernel_first, entry, hypercall_page, init_p2m;
	uint64_t start_info, store, console, tables, table_count, stack, end;
	uint64_t module_first;
	uint64_t list, list_pages, list_va, p2m_tables, p2m_table_count;
	uint64_t tree, tree_count; /* the pages above the list's, root first */
};

struct paper_domain *paper_domain_make(const struct domain_spec *spec);
/* A copy of a domain of any host, with what can be read off it. Small ones only. */
struct paper_domain *paper_domain_copy(struct pvb_host *host, uint32_t domid);
/* Where its memory is: one range, or two with a hole between them. */
size_t paper_ranges(const struct paper_domain *domain, struct pvb_memory_range ranges[2]);
/* Checks that nothing is left mapped. */
void paper_domain_free(struct paper_domain *domain);

uint8_t *paper_page(struct paper_domain *domain, uint64_t pfn);
/* Entry of the table of a level that covers a virtual address; fails the test where there is none.
 */
uint64_t *paper_entry(struct paper_domain *domain, uint64_t va, unsigned level);
/* PFN of a frame; UINT64_MAX where it is not the domain's. */
uint64_t paper_pfn(const struct paper_domain *domain, uint64_t mfn);
uint64_t paper_va(const struct paper_domain *domain, uint64_t pfn);

/* What makes it a host. */
extern const struct pvb_host_ops paper_ops;

/* Fields of start_info. */
enum paper_field {
	SI_NR_PAGES,
	SI_SHARED_INFO,
	SI_FLAGS,
	SI_STORE_MFN,
	SI_STORE_EVTCHN,
	SI_CONSOLE_MFN,
	SI_CONSOLE_EVTCHN,
	SI_PT_BASE,
	SI_NR_PT_FRAMES,
	SI_MFN_LIST,
	SI_MOD_START,
	SI_MOD_LEN,
	SI_CMD_LINE,
	SI_FIRST_P2M_PFN,
	SI_NR_P2M_FRAMES,
};
uint8_t *paper_start_info(struct paper_domain *domain, enum paper_field field);
uint64_t paper_get(struct paper_domain *domain, enum paper_field field);
void paper_set(struct paper_domain *domain, enum paper_field field, uint64_t value);
/* Entry of a level of the p2m's tree, counted through all its pages: level 2 leads to the list. */
uint64_t paper_tree_get(struct paper_domain *domain, unsigned level, uint64_t entry);
void paper_tree_set(struct paper_domain *domain, unsigned level, uint64_t entry, uint64_t mfn);
/* PFN of a page of a level. */
uint64_t paper_tree_page(const struct paper_domain *domain, unsigned level, uint64_t index);
/* max_pfn and pfn_to_mfn_frame_list_list. */
void paper_set_anchors(struct paper_domain *domain, uint64_t max_pfn, uint64_t list_list);
/* Entry of the p2m list. */
uint64_t paper_list_get(struct paper_domain *domain, uint64_t pfn);
void paper_list_set(struct paper_domain *domain, uint64_t pfn, uint64_t mfn);

#define PAPER_COMMAND_LINE "console=hvc0 root=/dev/xvda1"

/* How to write a core; zeros mean as xl does. */
struct core_style {
	bool sections_last; /* section headers at the end of the file, sections in another order */
	bool no_shared_info;
	bool small_contexts; /* 2800 bytes for a 32-bit vCPU, and not 5168 */
	unsigned vcpus;      /* 0 means 1 */
	uint64_t invalid;    /* as many invalid entries at the end of the p2m */
};

/* The bytes of a core file. */
struct blob paper_core(struct paper_domain *domain, const struct core_style *style);
/* Write a blob to a new file in the test's directory; the path is to be freed, the file removed. */
char *write_temporary(const struct blob *blob);

/* A test kernel to go with spec, as paper_domain_make() uses. */
struct blob paper_kernel(const struct domain_spec *spec);

#endif
