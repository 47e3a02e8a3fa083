/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plan: where everything of a domain will be, computed without a
 * hypervisor and without touching anything.
 *
 * The layout is the start-of-day contract of Xen's public header xen.h
 * ("Start-of-day memory layout"): one contiguous region of virtual addresses,
 * mapped 1:1 to the first pseudo-physical frames (PFNs), holding kernel,
 * modules, p2m list, start_info, xenstore and console pages, page tables and
 * boot stack, in that order; at least 512 KiB of padding; ending on 4 MiB.
 *
 * A guest on Arm is translated by the processor: it has banks of memory at fixed
 * guest physical addresses, magic pages, a device tree, and page tables of its own only.
 */
#ifndef PVBUILD_PLAN_H
#define PVBUILD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/export.h>
#include <pvbuild/guest-abi.h>
#include <pvbuild/host.h>
#include <pvbuild/image.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pvb_plan;

/* A ramdisk or other module: only its length matters here; 0 is refused. */
struct pvb_plan_module {
	const char *name; /* for messages, and what the host is told of: its path; or NULL */
	uint64_t bytes;
};

/* What form the p2m is to have. */
enum pvb_p2m_wish {
	PVB_P2M_AS_GUEST_ASKS, /* by its note; a list where it has none */
	PVB_P2M_WANT_LIST,
	PVB_P2M_WANT_TREE, /* beside the list, which every PV guest has */
};

/*
 * A piece of the guest's physical addresses that has memory.
 *
 *   gpa, bytes   whole pages
 *   node         NUMA node of the host to take it from, or PVB_ANY_NODE
 *   exact        from that node or not at all; otherwise it is where to look first. Ranges are
 *                filled in ascending order, so that one which may come from anywhere can take
 *                what one behind it wants exactly
 */
#define PVB_ANY_NODE (-1)
struct pvb_memory_range {
	uint64_t gpa;
	uint64_t bytes;
	int node;
	bool exact;
};

/*
 * What the user asks for.
 *
 *   size              sizeof(struct pvb_spec); PVB_SPEC_INIT sets it
 *   memory            bytes of guest memory, a multiple of the page size
 *   vcpus             0 means 1
 *   command_line      NULL means empty; at most 1023 bytes (start_info's field less its NUL)
 *   modules           module_count of them; a PV guest is given the first as its ramdisk,
 *                     and more than one is refused
 *   max_address_bits  the administrator's limit on machine addresses, in bits; 0 for none.
 *                     It lowers what a note declares, and never raises it; it goes before
 *                     what is known of a kernel's version and before the default, both ways
 *   strict_p2m        refuse an INIT_P2M address that cannot be honoured, instead of putting
 *                     the list into the initial mapping
 *   guest_page_size   arm64: bytes of the kernel's pages where its header does not say; 0 for
 *                     what the header says
 *   p2m               the form of the p2m; p2m_levels of a tree, 0 for what the guest asks for,
 *                     else the fewest that reach all of its memory. A kernel's note that asks
 *                     for more is not overruled by 0, and is by a number
 *   ranges            where memory is in the guest's physical addresses, range_count of them,
 *                     ascending and apart, whole pages, the first from 0 on; what lies between
 *                     is a hole. Their sum is memory, which may then be 0. NULL: all of it
 *                     from 0 on
 *   max_vcpus         vCPUs that the domain has, of which the first vcpus are online when it
 *                     starts and the others wait for a toolstack; 0 for as many as vcpus
 */
struct pvb_spec {
	size_t size;
	uint64_t memory;
	uint32_t vcpus;
	uint32_t max_address_bits;
	const char *command_line;
	const struct pvb_plan_module *modules;
	size_t module_count;
	bool strict_p2m;
	uint32_t guest_page_size;
	enum pvb_p2m_wish p2m;
	uint32_t p2m_levels;
	const struct pvb_memory_range *ranges;
	size_t range_count;
	uint32_t max_vcpus;
};

#define PVB_SPEC_INIT                                                                              \
	{                                                                                          \
		.size = sizeof(struct pvb_spec)                                                    \
	}

enum pvb_segment_kind {
	PVB_SEGMENT_KERNEL,
	PVB_SEGMENT_MODULE,
	PVB_SEGMENT_P2M, /* the linear p2m list */
	PVB_SEGMENT_START_INFO,
	PVB_SEGMENT_XENSTORE,
	PVB_SEGMENT_CONSOLE,
	PVB_SEGMENT_PAGE_TABLES, /* of the initial mapping */
	PVB_SEGMENT_BOOT_STACK,
	PVB_SEGMENT_PADDING,
	PVB_SEGMENT_P2M_TABLES, /* page tables that map a list outside the initial mapping */
	PVB_SEGMENT_P2M_TREE, /* pages of a p2m tree above its leaves, which are the list's pages */
	/* Of arm64 guests. */
	PVB_SEGMENT_DEVICE_TREE,
	PVB_SEGMENT_MEMACCESS, /* the page of the ring for memory events */
	PVB_SEGMENT_VUART,     /* the page of the emulated serial port's ring */
};

/*
 * A part of the layout, in ascending order of guest physical address.
 *
 *   name     "kernel", "module0", "p2m", "start_info", "xenstore", "console",
 *            "page_tables", "boot_stack", "padding", "p2m_tables", "p2m_tree", "dtb",
 *            "memaccess", "vuart"
 *   gpa      guest (pseudo-)physical byte address of its first page
 *   bytes    bytes used
 *   occupied bytes taken up, which is bytes rounded up to the page size
 *   va       guest virtual address, or PVB_NONE where it is not mapped
 */
struct pvb_plan_segment {
	enum pvb_segment_kind kind;
	const char *name;
	uint64_t gpa;
	uint64_t bytes;
	uint64_t occupied;
	uint64_t va;
};

/* One level of the page tables of a mapping. count tables stand at gpa, one page each. */
struct pvb_plan_tables {
	unsigned level; /* 4 is the L4; 1 holds the leaves */
	uint64_t gpa;
	uint64_t count;
	uint64_t va_from; /* first address that these tables cover */
};

enum pvb_p2m_form {
	PVB_P2M_LIST,
	PVB_P2M_TREE, /* list and tree */
};

/* A level of the p2m's tree above its leaves: count pages from gpa on. */
struct pvb_plan_p2m_level {
	unsigned level;
	uint64_t gpa;
	uint64_t count;
};

/*
 * The registers of vCPU 0 that the layout decides: rip, rsp and rsi of x86, pc and
 * x0 of arm64.
 */
struct pvb_plan_registers {
	uint64_t rip;
	uint64_t rsp;
	uint64_t rsi;
	uint64_t pc;
	uint64_t x0;
};

/* What is at guest physical addresses of an arm64 guest. */
enum pvb_area_kind {
	PVB_AREA_RAM,     /* memory, the guest's alone */
	PVB_AREA_SHARED,  /* a page of memory that a backend uses, too */
	PVB_AREA_TRAPPED, /* nothing: an access goes to the hypervisor */
	PVB_AREA_DEVICE,  /* a device's own registers, mapped */
	PVB_AREA_HOLE,    /* nothing, left to the guest to map something there */
};

PVB_API const char *pvb_area_kind_name(enum pvb_area_kind kind);

/*
 * A region of guest physical addresses. No two of them lie in one page of the
 * hypervisor's, which is what it maps, shares and traps by.
 */
struct pvb_plan_area {
	const char *name;
	enum pvb_area_kind kind;
	uint64_t gpa;
	uint64_t bytes;
};

/* Who says which bits of page-table entries the hypervisor may use. */
enum pvb_pte_source {
	PVB_PTE_LEGACY, /* nobody: those that Xen has always used */
	PVB_PTE_DECLARED,
};
PVB_API const char *pvb_pte_source_name(enum pvb_pte_source source);

/*
 * The software bits of L1 page-table entries that the hypervisor uses of this guest
 * (doc/guest-abi.md). It uses none in entries above L1.
 *
 *   fixed            the hypervisor has its bits wired in, and they agree with what the
 *                    kernel declares; otherwise they were picked from that
 *   kernel_bit       marks kernel mappings; PVB_GUEST_PTE_NO_BIT for 32-bit guests, whose
 *                    entries are left alone
 *   grant_bit        marks mapped grants in debug builds of the hypervisor, or NO_BIT
 *   grants_unmarked  a debug build that would mark them cannot: the kernel leaves no bit
 *   keys, _wanted    protection keys: whether the kernel may use them, and wants to
 *   unused_l1/upper  what the kernel declares, of PVB_GUEST_PTE_SOFTWARE; 0 for LEGACY
 */
struct pvb_plan_pte_bits {
	enum pvb_pte_source source;
	bool fixed;
	unsigned kernel_bit;
	unsigned grant_bit;
	bool grants_unmarked;
	bool keys;
	bool keys_wanted;
	uint64_t unused_l1;
	uint64_t unused_upper;
};

/*
 * The plan as numbers. Owned by the plan, immutable.
 *
 *   memory           bytes given to the guest, holes not counted
 *   minimum_memory   the least that this image, with these modules and command line,
 *                    can be given; a page less is refused
 *   page_size        bytes, a property of the host
 *   map_from/to      virtual addresses covered by the initial mapping, [from, to)
 *   segments         the layout, ascending, without gaps from the kernel's first page
 *   tables           initial page tables, root first
 *   p2m_tables       tables of a p2m list outside the initial mapping (its L4 is the
 *                    shared root), root first; none where the list is inside
 *   table_pages      number of initial tables; p2m_table_pages of the others
 *   p2m_va           where the list is mapped; p2m_entry_size 8 or 4
 *   p2m_fallback     NULL, or why INIT_P2M was not honoured
 *   p2m_pfns         PFNs that the p2m covers: up to the last that has memory, holes included
 *   p2m_levels       of the tree; 0 where there is only a list
 *   p2m_declared     there is a tree because the kernel's note asks for it, and nobody else
 *   p2m_tree         p2m_tree_level_count levels of it, root first; none where the root is
 *                    the only page of the list
 *   p2m_root_gpa     its root's guest physical address; PVB_NONE where there is only a list
 *   ranges           where the memory is, range_count of them, ascending
 *   address_bits     machine addresses that the guest may be given, in bits; _source what
 *                    decides it, and _binding whether that is less than the host has
 *   own_address_bits the guest's own width, before its ABI and the host narrow it: the
 *                    caller's, the kernel's, or the default for its kind
 *   declared_address_bits   what the kernel's notes or its version say, or 0
 *   guest_abi        the result is published to the guest (<pvbuild/guest-abi.h>)
 *   vcpus            vCPUs that are online when it starts, of max_vcpus in all
 *   root_below_4g    the root table must have a machine address below 4 GiB
 *   pte_bits         bits of page-table entries that the hypervisor uses
 *
 * Of an arm64 guest, which has no use for what belongs to page tables, p2m and addresses in
 * virtual memory (PVB_NONE or 0):
 *
 *   areas            all that is anywhere in its guest physical addresses, ascending; the banks
 *                    of memory are those of kind RAM, and their sum is memory
 *   guest_page_size  bytes of the kernel's pages, 0 where nobody says
 *   gic              version of the interrupt controller
 *   device_tree      flattened, device_tree_size bytes
 */
struct pvb_plan_info {
	enum pvb_guest_type guest_type;
	uint64_t memory;
	uint64_t minimum_memory;
	uint32_t page_size;
	uint32_t vcpus;
	uint64_t virt_base;
	uint64_t map_from;
	uint64_t map_to;
	const struct pvb_plan_segment *segments;
	size_t segment_count;
	const struct pvb_plan_tables *tables;
	size_t table_level_count;
	const struct pvb_plan_tables *p2m_tables;
	size_t p2m_table_level_count;
	uint64_t table_pages;
	uint64_t p2m_table_pages;
	enum pvb_p2m_form p2m_form;
	uint64_t p2m_va;
	uint64_t p2m_gpa;
	uint64_t p2m_bytes;
	uint32_t p2m_entry_size;
	const char *p2m_fallback;
	struct pvb_plan_registers registers;
	uint64_t hypercall_page; /* VA, or PVB_NONE */
	unsigned address_bits;
	enum pvb_bits_source address_bits_source;
	bool address_bits_binding;
	bool root_below_4g;
	const char *command_line; /* never NULL */
	unsigned own_address_bits;
	enum pvb_bits_source own_address_bits_source;
	unsigned declared_address_bits;
	enum pvb_bits_source declared_address_bits_source;
	bool guest_abi;
	uint32_t max_vcpus;
	struct pvb_plan_pte_bits pte_bits;
	const struct pvb_plan_area *areas;
	size_t area_count;
	uint32_t guest_page_size;
	uint32_t gic;
	const void *device_tree;
	size_t device_tree_size;
	uint64_t p2m_pfns;
	uint32_t p2m_levels;
	bool p2m_declared;
	const struct pvb_plan_p2m_level *p2m_tree;
	size_t p2m_tree_level_count;
	uint64_t p2m_root_gpa;
	const struct pvb_memory_range *ranges;
	size_t range_count;
};

/*
 * Compute a plan. host says what the host offers; NULL stands for a host that
 * runs every kind of guest, has 4 KiB pages and no limit of its own, so that a
 * plan can be made anywhere. The plan keeps no reference to the image or spec.
 *
 * Everything that can be known to fail is refused here, before any memory is
 * allocated. Costs no memory or time in proportion to the guest's size.
 */
PVB_API int pvb_plan_create(const struct pvb_image *image, const struct pvb_spec *spec,
			    const struct pvb_host_info *host, struct pvb_plan **plan,
			    struct pvb_error *error);

/* The least memory, in bytes, for which pvb_plan_create() would succeed; spec->memory is ignored.
 */
PVB_API int pvb_plan_minimum_memory(const struct pvb_image *image, const struct pvb_spec *spec,
				    const struct pvb_host_info *host, uint64_t *bytes,
				    struct pvb_error *error);

/* NULL is fine. */
PVB_API void pvb_plan_free(struct pvb_plan *plan);

PVB_API const struct pvb_plan_info *pvb_plan_info(const struct pvb_plan *plan);

#ifdef __cplusplus
}
#endif

#endif
