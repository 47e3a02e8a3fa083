/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every rule of the audit: X(identifier, "group.name", severity, "meaning"). */
#ifndef PVB_AUDIT_RULES_H
#define PVB_AUDIT_RULES_H

/* clang-format off */
#define AUDIT_REGISTER_RULES(X)                                                                     \
	X(REGISTERS_CR3,          "registers.cr3",          ERROR,   "cr3 holds a frame of the domain, in the guest's encoding") \
	X(REGISTERS_CR3_HIGH,     "registers.cr3-high",     ERROR,   "the root of a 32-bit guest lies below 4 GiB, unless it takes an extended cr3") \
	X(REGISTERS_RIP,          "registers.rip",          ERROR,   "rip is the kernel's entry, in a mapped and executable page") \
	X(REGISTERS_RSI,          "registers.rsi",          ERROR,   "rsi is the page-aligned, mapped address of start_info") \
	X(REGISTERS_RSP,          "registers.rsp",          ERROR,   "rsp is the top of a mapped and writable boot stack page") \
	X(REGISTERS_FLAGS,        "registers.flags",        ERROR,   "events are enabled and no other flag is set") \
	X(REGISTERS_SELECTORS,    "registers.selectors",    ERROR,   "the selectors are the hypervisor's flat kernel segments") \
	X(REGISTERS_KERNEL_STACK, "registers.kernel-stack", ERROR,   "kernel_ss and kernel_sp equal ss and rsp") \
	X(REGISTERS_CONTEXT,      "registers.context-flags", ERROR,  "vCPU 0 is online, in kernel mode, and nothing else") \
	X(REGISTERS_TABLES,       "registers.descriptor-tables", ERROR, "there is no GDT and no LDT yet") \
	X(REGISTERS_CALLBACKS,    "registers.callbacks",    ERROR,   "no event, failsafe or syscall callback is set yet") \
	X(REGISTERS_USER_ROOT,    "registers.user-root",    ERROR,   "there is no page table for user mode yet") \
	X(REGISTERS_VM_ASSIST,    "registers.vm-assist",    ERROR,   "no assist is on but an extended cr3 for a 32-bit kernel that takes one") \
	X(REGISTERS_GENERAL,      "registers.general",      WARNING, "general registers without a meaning are zero") \
	X(REGISTERS_DEBUG,        "registers.debug",        WARNING, "debug registers hold their reset values") \
	X(REGISTERS_BASES,        "registers.segment-bases", WARNING, "the bases of fs and gs are zero")

#define AUDIT_START_INFO_RULES(X)                                                                   \
	X(START_MAGIC,            "start_info.magic",       ERROR,   "the magic names the guest's width") \
	X(START_NR_PAGES,         "start_info.nr-pages",    ERROR,   "nr_pages is the number of pages that the domain owns") \
	X(START_SHARED_INFO,      "start_info.shared-info", ERROR,   "shared_info is the machine address of the domain's shared info page") \
	X(START_FLAGS,            "start_info.flags",       ERROR,   "the flags are known and are those of an unprivileged domain") \
	X(START_STORE,            "start_info.store-frame", ERROR,   "store_mfn is a frame of the domain within the initial mapping") \
	X(START_CONSOLE,          "start_info.console-frame", ERROR, "console.domU.mfn is a frame of the domain within the initial mapping") \
	X(START_EVENT_CHANNELS,   "start_info.event-channels", ERROR, "store and console have event channels, and different ones") \
	X(START_PT_BASE,          "start_info.pt-base",     ERROR,   "pt_base is the address at which the root page table is mapped") \
	X(START_NR_PT_FRAMES,     "start_info.nr-pt-frames", ERROR,  "nr_pt_frames is the number of tables of the initial mapping") \
	X(START_MFN_LIST,         "start_info.mfn-list",    ERROR,   "mfn_list is a page-aligned address at which the p2m list is mapped") \
	X(START_MODULE,           "start_info.module",      ERROR,   "mod_start and mod_len lie within the guest and touch nothing else") \
	X(START_CMD_LINE,         "start_info.cmd-line",    ERROR,   "the command line is terminated") \
	X(START_P2M_RANGE,        "start_info.p2m-range",   ERROR,   "first_p2m_pfn and nr_p2m_frames hold exactly the list, its tables and the tree, or are zero")

#define AUDIT_LAYOUT_RULES(X)                                                                       \
	X(LAYOUT_CONTIGUOUS,      "layout.contiguous",      ERROR,   "the initial region has no holes") \
	X(LAYOUT_LINEAR,          "layout.linear",          ERROR,   "the initial region maps the first PFNs one to one") \
	X(LAYOUT_END,             "layout.end",             ERROR,   "the initial region ends on a 4 MiB boundary") \
	X(LAYOUT_PADDING,         "layout.padding",         ERROR,   "at least 512 KiB follow the boot stack") \
	X(LAYOUT_ORDER,           "layout.order",           ERROR,   "kernel, ramdisk, list, start_info, rings, tables and stack follow in order") \
	X(LAYOUT_PACKED,          "layout.packed",          ERROR,   "no page is left between the elements") \
	X(LAYOUT_STRAY,           "layout.stray-mapping",   ERROR,   "nothing is mapped but the initial region and the p2m list") \
	X(LAYOUT_HYPERVISOR,      "layout.hypervisor-area", ERROR,   "nothing of the domain is mapped in the hypervisor's area") \
	X(LAYOUT_VIRT_BASE,       "layout.virt-base",       ERROR,   "PFN 0 is mapped where the kernel wants it") \
	X(LAYOUT_LINUX_1G,        "layout.linux-1g",        ERROR,   "the initial region is not larger than what Linux takes over")

#define AUDIT_TABLE_RULES(X)                                                                        \
	X(TABLES_ILLEGAL_BITS,    "tables.illegal-bits",    ERROR,   "no entry has a bit that the hypervisor refuses") \
	X(TABLES_SUPERPAGE,       "tables.superpage",       ERROR,   "every leaf maps 4 KiB") \
	X(TABLES_UNUSUAL_BITS,    "tables.unusual-bits",    WARNING, "no entry has legal bits that a start of day has no use for") \
	X(TABLES_UPPER_FLAGS,     "tables.upper-flags",     ERROR,   "entries above the leaves are writable and open to the guest kernel") \
	X(TABLES_SOFTWARE_BITS,   "tables.software-bits",   ERROR,   "no entry has a software bit but the mark of kernel mappings, and that in leaves only") \
	X(TABLES_LEAF_FORM,       "tables.leaf-form",       ERROR,   "all leaves are as written, or all as the hypervisor leaves them after a pin") \
	X(TABLES_KERNEL_MARK,     "tables.kernel-mark",     ERROR,   "under a pin every leaf of a 64-bit guest has the domain's mark of kernel mappings") \
	X(TABLES_TOLD_BITS,       "tables.told-bits",       ERROR,   "the bits of entries that are on record, or that the guest was told of, are those that the hypervisor uses") \
	X(TABLES_NOT_PRESENT,     "tables.not-present",     ERROR,   "entries that are not present are zero") \
	X(TABLES_FOREIGN,         "tables.foreign-frame",   ERROR,   "every entry points to a frame of the domain") \
	X(TABLES_SHARED,          "tables.shared",          ERROR,   "every table is used once, at one level") \
	X(TABLES_ORDER,           "tables.order",           ERROR,   "tables stand root first, then level by level, ascending") \
	X(TABLES_PLACE,           "tables.place",           ERROR,   "every table is one of the initial mapping's or of the list's") \
	X(TABLES_WRITABLE,        "tables.writable",        ERROR,   "no table is mapped writable") \
	X(TABLES_READ_ONLY,       "tables.read-only-page",  ERROR,   "no page but a table is mapped read-only") \
	X(TABLES_P2M_MAPPED,      "tables.p2m-mapped",      ERROR,   "the tables of the p2m list are mapped nowhere") \
	X(TABLES_PAE_SLOT3,       "tables.pae-slot3",       ERROR,   "a PAE root has its fourth entry, and no others past it") \
	X(TABLES_TOO_MANY,        "tables.too-many",        ERROR,   "the tables are no more than a domain could need") \
	X(TABLES_ADDRESS_BITS,    "tables.address-bits",    ERROR,   "every table lies below the limit on machine addresses") \
	X(TYPES_ROOT,             "types.root",             ERROR,   "the root is pinned, as a table of the top level") \
	X(TYPES_TABLE,            "types.table",            ERROR,   "the hypervisor knows every table by its level") \
	X(TYPES_LEAF,             "types.leaf",             ERROR,   "no page outside the tables is a table to the hypervisor")

#define AUDIT_MEMORY_RULES(X)                                                                       \
	X(P2M_LIST_MAPPED,        "p2m.list-mapped",        ERROR,   "all of the p2m list is mapped") \
	X(P2M_LIST_FRAMES,        "p2m.list-frames",        ERROR,   "a list outside the initial region stands in consecutive PFNs") \
	X(P2M_MISSING,            "p2m.missing",            ERROR,   "every page of the domain is in the list, and where there is no hole every PFN has one") \
	X(P2M_FOREIGN,            "p2m.foreign-frame",      ERROR,   "every frame in the list is the domain's") \
	X(P2M_TWICE,              "p2m.frame-twice",        ERROR,   "no frame is in the list twice") \
	X(P2M_M2P,                "p2m.m2p",                ERROR,   "the M2P says of every frame what the list says") \
	X(P2M_TAIL,               "p2m.tail",               WARNING, "the rest of the list's last page is all ones or all zeros") \
	X(P2M_RANGES,             "p2m.ranges",             ERROR,   "every PFN of the ranges that were asked for has a frame, and no other has") \
	X(P2M_INIT,               "p2m.init-p2m",           ERROR,   "a list outside the initial region is where the kernel wants it") \
	X(P2M_TREE_TOLD,          "p2m-tree.told",          ERROR,   "the guest is told of a tree of so many levels as are on record, and of none where none is") \
	X(P2M_TREE_LEVELS,        "p2m-tree.levels",        ERROR,   "the tree has 1 to 5 levels, which reach every PFN") \
	X(P2M_TREE_MAX_PFN,       "p2m-tree.max-pfn",       ERROR,   "max_pfn is the number of PFNs that the list covers") \
	X(P2M_TREE_FRAME_LIST,    "p2m-tree.frame-list",    ERROR,   "pfn_to_mfn_frame_list_list is the root of a tree of three levels, and all ones of any other") \
	X(P2M_TREE_FOREIGN,       "p2m-tree.foreign-frame", ERROR,   "every page above the list is the domain's") \
	X(P2M_TREE_PLACE,         "p2m-tree.place",         ERROR,   "the pages stand root first, then level by level, ascending, behind all else") \
	X(P2M_TREE_MAPPED,        "p2m-tree.mapped",        ERROR,   "no page of the tree is mapped, or a page table") \
	X(P2M_TREE_LEAVES,        "p2m-tree.leaves",        ERROR,   "the lowest entries lead to the pages of the list, each to its own") \
	X(P2M_TREE_BEYOND,        "p2m-tree.beyond",        ERROR,   "entries behind the last page are all ones") \
	X(MEMORY_AMOUNT,          "memory.amount",          ERROR,   "the domain owns the memory that it was to have") \
	X(MEMORY_ADDRESS_BITS,    "memory.address-bits",    ERROR,   "every frame lies below the limit on machine addresses") \
	X(MEMORY_M2P_WINDOW,      "memory.m2p-window",      ERROR,   "every frame lies within the guest's view of the M2P")

#define AUDIT_PAGE_RULES(X)                                                                         \
	X(RINGS_CONSOLE,          "rings.console",          ERROR,   "the console ring is empty and its indices are zero") \
	X(RINGS_CONSOLE_DIRTY,    "rings.console-dirty",    WARNING, "the console page holds nothing else") \
	X(RINGS_STORE,            "rings.xenstore",         ERROR,   "the xenstore ring is empty and its indices are zero") \
	X(RINGS_STORE_DIRTY,      "rings.xenstore-dirty",   WARNING, "the xenstore page holds nothing else") \
	X(SHARED_UPCALL_MASK,     "shared_info.upcall-mask", ERROR,  "upcalls of all 32 legacy vCPUs are masked") \
	X(SHARED_EVENTS,          "shared_info.events",     WARNING, "no event is masked, and none pending but of the store and the console") \
	X(SHARED_ARCH,            "shared_info.arch",       ERROR,   "the fields that the guest fills are zero, but for those that tell of a p2m tree") \
	X(SHARED_SPARE,           "shared_info.spare",      WARNING, "the rest of the page is zero") \
	X(SHARED_ADDRESS_BITS,    "shared_info.address-bits", ERROR, "the page lies below the limit on machine addresses") \
	X(SHARED_ABI,             "shared_info.guest-abi",  ERROR,   "a kernel that declares something finds the answer, in its form") \
	X(SHARED_ABI_VALUES,      "shared_info.guest-abi-values", ERROR, "the answer says what the domain is like, and what is on record of it") \
	X(SHARED_ABI_ABSENT,      "shared_info.guest-abi-absent", ERROR, "a kernel that declares nothing finds zeros where the answer would be") \
	X(GRANTS_CONSOLE,         "grants.console",         ERROR,   "grant 0 gives access to the console page") \
	X(GRANTS_STORE,           "grants.xenstore",        ERROR,   "grant 1 gives access to the xenstore page") \
	X(GRANTS_EXTRA,           "grants.extra",           ERROR,   "no other page is granted") \
	X(GRANTS_ADDRESS_BITS,    "grants.address-bits",    WARNING, "the grant table, which the hypervisor places, lies below the limit on machine addresses")

#define AUDIT_GIVEN_RULES(X)                                                                        \
	X(KERNEL_GUEST_TYPE,      "kernel.guest-type",      ERROR,   "the domain is of the kernel's width") \
	X(KERNEL_BYTES,           "kernel.bytes",           ERROR,   "the kernel's bytes are those of the image") \
	X(KERNEL_BSS,             "kernel.bss",             ERROR,   "the memory that follows them is zero") \
	X(KERNEL_PTE_BITS,        "kernel.pte-bits",        ERROR,   "the bits of entries that the hypervisor uses are ones that the kernel leaves alone") \
	X(KERNEL_HYPERCALL_PAGE,  "kernel.hypercall-page",  ERROR,   "the hypercall page is filled where the kernel asks for one") \
	X(MODULE_FLAG,            "module.flag",            ERROR,   "the ramdisk is passed by PFN only to a kernel that takes it so") \
	X(MODULE_LENGTH,          "module.length",          ERROR,   "mod_len is the ramdisk's length") \
	X(MODULE_ROUNDED,         "module.length-rounded",  WARNING, "mod_len is the ramdisk's length in bytes, not rounded up to a page") \
	X(MODULE_BYTES,           "module.bytes",           ERROR,   "the ramdisk's bytes are those of the file") \
	X(MODULE_TAIL,            "module.tail",            WARNING, "the rest of its last page is zero") \
	X(COMMAND_LINE,           "command-line.text",      ERROR,   "the command line is the one that was given")

/* Those of an arm64 guest, for which none of the others is. */
#define AUDIT_ARM64_RULES(X)                                                                        \
	X(ARM64_ENTRY,            "arm64.entry",            ERROR,   "pc is in memory, at the start of an Image") \
	X(ARM64_X0,               "arm64.x0",               ERROR,   "x0 is the aligned address of the device tree, in memory") \
	X(ARM64_ARGUMENTS,        "arm64.arguments",        ERROR,   "x1 to x3 are zero") \
	X(ARM64_PSTATE,           "arm64.pstate",           ERROR,   "the guest starts in EL1, with its own stack and all interrupts masked") \
	X(ARM64_MMU,              "arm64.mmu",              ERROR,   "translation and caches are off, data is little-endian") \
	X(ARM64_ONLINE,           "arm64.online",           ERROR,   "vCPU 0 is online") \
	X(ARM64_TREE,             "arm64.tree",             ERROR,   "there is a device tree, well-formed and of at most 2 MiB") \
	X(ARM64_TREE_ROOT,        "arm64.tree-root",        ERROR,   "addresses and sizes have two cells, and interrupts a controller") \
	X(ARM64_TREE_MEMORY,      "arm64.tree-memory",      ERROR,   "banks of memory are whole pages and do not overlap") \
	X(ARM64_TREE_CPUS,        "arm64.tree-cpus",        ERROR,   "there is a node for each vCPU, under its number") \
	X(ARM64_TREE_PSCI,        "arm64.tree-psci",        ERROR,   "CPUs are started by the hypervisor") \
	X(ARM64_TREE_TIMER,       "arm64.tree-timer",       ERROR,   "the timer has the interrupts that Xen gives it") \
	X(ARM64_TREE_GIC,         "arm64.tree-gic",         ERROR,   "the interrupt controller is the host's, where Xen has it, and no memory is in its pages") \
	X(ARM64_TREE_HYPERVISOR,  "arm64.tree-hypervisor",  ERROR,   "the guest learns of Xen, its event interrupt, and where grants go, which is no memory") \
	X(ARM64_TREE_GRANULE,     "arm64.tree-granule",     ERROR,   "a kernel with notes of pvbuild's is told the hypervisor's page size, and no other is") \
	X(ARM64_COMMAND_LINE,     "arm64.command-line",     ERROR,   "the command line is the one that was given") \
	X(ARM64_MEMORY_BANKS,     "arm64.memory-banks",     ERROR,   "memory is in all of every bank") \
	X(ARM64_MEMORY_STRAY,     "arm64.memory-stray",     ERROR,   "memory is nowhere else but in the magic pages") \
	X(ARM64_MEMORY_AMOUNT,    "arm64.memory-amount",    ERROR,   "the domain owns the memory that it was to have") \
	X(ARM64_MAGIC_PAGES,      "arm64.magic-pages",      ERROR,   "console and xenstore have a page each, outside the banks") \
	X(ARM64_MAGIC_SPACING,    "arm64.magic-spacing",    ERROR,   "no page of the hypervisor's has both rings") \
	X(ARM64_EVENT_CHANNELS,   "arm64.event-channels",   ERROR,   "console and xenstore have event channels, and different ones") \
	X(ARM64_RINGS,            "arm64.rings",            ERROR,   "the rings are empty and their indices are zero") \
	X(ARM64_RINGS_DIRTY,      "arm64.rings-dirty",      WARNING, "their pages hold nothing else") \
	X(ARM64_GRANTS,           "arm64.grants",           ERROR,   "grants 0 and 1 give access to the rings, and no other is there") \
	X(ARM64_KERNEL_PLACE,     "arm64.kernel-place",     ERROR,   "the kernel is as far behind a boundary of 2 MiB as it wants, in one bank") \
	X(ARM64_KERNEL_TYPE,      "arm64.kernel-type",      ERROR,   "the kernel that was given is an arm64 one") \
	X(ARM64_KERNEL_BYTES,     "arm64.kernel-bytes",     ERROR,   "the kernel's bytes are those of the image") \
	X(ARM64_ENDIAN,           "arm64.endian",           ERROR,   "the kernel is little-endian") \
	X(ARM64_GRANULE,          "arm64.granule",          ERROR,   "the kernel's page size, the processor's and the hypervisor's go together") \
	X(ARM64_OVERLAP,          "arm64.overlap",          ERROR,   "kernel, device tree and ramdisk do not overlap") \
	X(ARM64_INITRD,           "arm64.initrd",           ERROR,   "there is a ramdisk in memory where one was given, and only there") \
	X(ARM64_INITRD_WINDOW,    "arm64.initrd-window",    ERROR,   "the ramdisk is within 32 GiB of the kernel") \
	X(ARM64_INITRD_BYTES,     "arm64.initrd-bytes",     ERROR,   "the ramdisk is the one that was given")
/* clang-format on */

#define AUDIT_RULES(X)                                                                             \
	AUDIT_REGISTER_RULES(X)                                                                    \
	AUDIT_START_INFO_RULES(X)                                                                  \
	AUDIT_LAYOUT_RULES(X)                                                                      \
	AUDIT_TABLE_RULES(X)                                                                       \
	AUDIT_MEMORY_RULES(X)                                                                      \
	AUDIT_PAGE_RULES(X)                                                                        \
	AUDIT_GIVEN_RULES(X)                                                                       \
	AUDIT_ARM64_RULES(X)

enum audit_rule {
#define AUDIT_RULE_ID(id, name, severity, meaning) RULE_##id,
	AUDIT_RULES(AUDIT_RULE_ID)
#undef AUDIT_RULE_ID
		RULE_COUNT,
	RULE_FIRST_ARM64 = RULE_ARM64_ENTRY,
};

#endif
