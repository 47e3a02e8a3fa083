/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What went wrong, whose fault it is, and what to do about it.
 *
 * Every function of libpvbuild that can fail returns 0, or the negative of
 * one of the codes below, and fills the struct pvb_error that the caller
 * handed in. The library never prints, exits or aborts because of input.
 */
#ifndef PVBUILD_ERROR_H
#define PVBUILD_ERROR_H

#include <stddef.h>

#include <pvbuild/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The codes. A number never changes once released, and gaps are left on
 * purpose. The hundreds say whose fault it is:
 *
 *   1xx  your argument: the configuration, an option, a file that you named
 *   2xx  your image: the kernel (or core file) is not what it claims to be
 *   3xx  the host: the hypervisor refused, ran short, or lacks something
 *   9xx  a bug in pvbuild
 *
 * X(identifier, number, "public name", "what it means"). doc/errors.md has
 * an entry for each and a test compares the two.
 */
/* clang-format off */
#define PVB_ARGUMENT_ERRORS(X)                                                                      \
	X(ARG_USAGE,            100, "arg.usage",            "the command line cannot be understood")     \
	X(ARG_INVALID,          101, "arg.invalid",          "an argument is out of its range")           \
	X(ARG_VERSION,          102, "arg.version",          "an options structure is newer than this library") \
	X(ARG_FILE,             103, "arg.file",             "a file that was named cannot be read or written") \
	X(ARG_CONFIG,           104, "arg.config",           "the configuration file cannot be understood") \
	X(ARG_CONFIG_KEY,       105, "arg.config-key",       "a configuration key asks for something that a build cannot give") \
	X(ARG_NO_MEMORY,        106, "arg.no-memory",        "this process has no memory left")           \
	X(ARG_UNSUPPORTED,      107, "arg.unsupported",      "this build of pvbuild was configured without what is asked for") \
	X(ARG_COMMAND_LINE,     110, "arg.command-line",     "the kernel command line does not fit")      \
	X(ARG_MODULES,          111, "arg.modules",          "too many modules, or one that the guest cannot take") \
	X(ARG_MODULE_CHANGED,   112, "arg.module-changed",   "a ramdisk changed between plan and build")  \
	X(ARG_MEMORY_SMALL,     113, "arg.memory-small",     "the guest does not fit into the memory given to it") \
	X(ARG_MEMORY_LARGE,     114, "arg.memory-large",     "more memory than this guest's ABI can address") \
	X(ARG_ADDRESS_BITS,     115, "arg.address-bits",     "an address width outside what the ABI has") \
	X(ARG_VCPUS,            116, "arg.vcpus",            "a number of vCPUs that no PV guest can have") \
	X(ARG_CANCELLED,        117, "arg.cancelled",        "the caller's progress callback asked to stop") \
	X(ARG_NAME,             118, "arg.name",             "a name that no domain can have, or that another one has") \
	X(ARG_P2M,              119, "arg.p2m",              "a form of the p2m that this guest cannot have") \
	X(ARG_RANGES,           120, "arg.ranges",           "ranges of guest memory that contradict each other or the rest") \
	X(ARG_CPUS,             130, "arg.cpus",             "a list of CPUs that cannot be understood, or names none of the host's") \
	X(ARG_LIMIT,            131, "arg.limit",            "a limit or a share that no domain can have")

#define PVB_IMAGE_ERRORS(X)                                                                         \
	X(IMAGE_EMPTY,          200, "image.empty",          "the file is empty")                         \
	X(IMAGE_NO_LOADER,      201, "image.no-loader",      "no loader knows this file")                 \
	X(IMAGE_TRUNCATED,      202, "image.truncated",      "the file ends before something that it declares") \
	X(IMAGE_TOO_LARGE,      203, "image.too-large",      "the image unpacks to more than the limit")  \
	X(IMAGE_RATIO,          204, "image.ratio",          "the image unpacks to implausibly more than its own size") \
	X(IMAGE_NOT_A_KERNEL,   205, "image.not-a-kernel",   "what unpacks is no kernel")                 \
	X(IMAGE_OUTGROWN,       206, "image.outgrown",       "what unpacks is larger than its own ELF header accounts for") \
	X(IMAGE_NESTED,         207, "image.nested",         "too many layers of compression")            \
	X(CODEC_MISSING,        210, "codec.missing",        "this build has no decoder for the compression used") \
	X(CODEC_CORRUPT,        211, "codec.corrupt",        "a compressed stream is damaged")            \
	X(CODEC_TRUNCATED,      212, "codec.truncated",      "a compressed stream ends early")            \
	X(CODEC_MEMORY,         213, "codec.memory",         "a compressed stream needs a larger decoder than the limit") \
	X(CODEC_UNKNOWN,        214, "codec.unknown",        "a compressed payload of an unknown kind")   \
	X(BZIMAGE_PROTOCOL,     220, "bzimage.protocol",     "a bzImage too old to carry its payload's place") \
	X(BZIMAGE_HEADER,       221, "bzimage.header",       "the bzImage setup header contradicts itself or the file") \
	X(ELF_HEADER,           230, "elf.header",           "the ELF header is malformed")               \
	X(ELF_MACHINE,          231, "elf.machine",          "an ELF for a machine that has no PV guests") \
	X(ELF_CLASS,            232, "elf.class",            "the ELF class does not go with its machine") \
	X(ELF_TABLE,            233, "elf.table",            "a program or section header table lies outside the file") \
	X(ELF_SEGMENT_FILE,     234, "elf.segment-file",     "a segment lies outside the file")           \
	X(ELF_SEGMENT_SIZE,     235, "elf.segment-size",     "a segment has more bytes in the file than in memory") \
	X(ELF_SEGMENT_WRAP,     236, "elf.segment-wrap",     "a segment wraps around the address space")  \
	X(ELF_SEGMENT_OVERLAP,  237, "elf.segment-overlap",  "two segments overlap")                      \
	X(ELF_SEGMENT_WX,       238, "elf.segment-wx",       "a segment is writable and executable, which was forbidden") \
	X(ELF_NO_SEGMENTS,      239, "elf.no-segments",      "no loadable segment")                       \
	X(ELF_SYMTAB,           240, "elf.symtab",           "the symbol table that the kernel wants loaded is malformed") \
	X(ELF_SECTION,          241, "elf.section",          "a section that is needed lies outside the file") \
	X(MULTIBOOT_HEADER,     245, "multiboot.header",     "the flat binary's header contradicts itself or the file") \
	X(ARM64_HEADER,         246, "arm64.header",         "the arm64 Image header is malformed")       \
	X(NOTE_MALFORMED,       250, "note.malformed",       "an ELF note is cut off or has an impossible size") \
	X(NOTE_TOO_MANY,        251, "note.too-many",        "more ELF notes than any kernel has")        \
	X(NOTE_VALUE,           252, "note.value",           "a Xen note has a value that cannot be")     \
	X(NOTE_SIZE,            253, "note.size",            "a declaration in a note has a size that it cannot have") \
	X(NOTE_TWICE,           254, "note.twice",           "the same thing is declared twice")          \
	X(NOTE_CONTRADICTION,   255, "note.contradiction",   "two declarations contradict each other")    \
	X(NOTE_ABSURD,          256, "note.absurd",          "something is declared that no kernel can mean") \
	X(PV_NO_NOTES,          260, "pv.no-notes",          "no Xen notes: not a Xen kernel")            \
	X(PV_PVH_ONLY,          261, "pv.pvh-only",          "a PVH-only image: it has no PV entry")      \
	X(PV_NON_PAE,           262, "pv.non-pae",           "a 32-bit non-PAE kernel, which no Xen runs any more") \
	X(PV_XEN_VERSION,       263, "pv.xen-version",       "the kernel was built for another Xen interface") \
	X(PV_LOADER,            264, "pv.loader",            "the kernel asks for a loader that is not the generic one") \
	X(PV_FEATURE,           265, "pv.feature",           "the kernel requires a feature that we do not provide") \
	X(PV_ADDRESSES,         266, "pv.addresses",         "the kernel's addresses contradict each other") \
	X(PV_MACHINE,           267, "pv.machine",           "a machine or container that has no PV guests") \
	X(PLAN_HYPERVISOR_HOLE, 270, "plan.hypervisor-hole", "something would lie in the hypervisor's part of the address space") \
	X(PLAN_ADDRESS_SPACE,   271, "plan.address-space",   "the initial mapping runs past the end of the address space") \
	X(PLAN_LINUX_1G,        272, "plan.linux-1g",        "the initial mapping is larger than the 1 GiB that Linux takes over") \
	X(PLAN_P2M_BASE,        273, "plan.p2m-base",        "the address wanted for the p2m list cannot be used") \
	X(PLAN_HYPERCALL_PAGE,  274, "plan.hypercall-page",  "the hypercall page lies outside the kernel") \
	X(PLAN_PTE_BITS,        275, "plan.pte-bits",        "the kernel leaves no bit of page-table entries for what the hypervisor needs") \
	X(PLAN_GRANULE,         276, "plan.granule",         "the kernel's page size and the hypervisor's do not go together") \
	X(PLAN_CLASH,           277, "plan.clash",           "two regions that must be apart share a page of the hypervisor's") \
	X(CORE_FORMAT,          280, "core.format",          "not a Xen core dump")                       \
	X(CORE_TRUNCATED,       281, "core.truncated",       "the core dump ends early")                  \
	X(CORE_SECTION,         282, "core.section",         "a section that a Xen core dump must have is missing or malformed") \
	X(P2M_FOREIGN,          287, "p2m.foreign",          "the guest's p2m names a frame that is not the guest's") \
	X(P2M_SHARED,           288, "p2m.shared",           "a page of the guest's p2m stands in two places")  \
	X(P2M_SCATTERED,        289, "p2m.scattered",        "the guest's p2m is in more pieces than can be kept") \
	X(P2M_NONE,             290, "p2m.none",             "the guest has not published its p2m yet")   \
	X(P2M_SHAPE,            291, "p2m.shape",            "what the guest says of its p2m's size and depth does not go together") \
	X(P2M_ANCHOR,           292, "p2m.anchor",           "an anchor of the guest's p2m is no frame that there can be") \
	X(P2M_ZERO,             293, "p2m.zero",             "an entry of the guest's p2m tree was never filled in") \
	X(P2M_RANGE,            294, "p2m.range",            "an entry of the guest's p2m is no frame of this host") \
	X(P2M_CYCLE,            295, "p2m.cycle",            "a page of the guest's p2m tree stands above itself") \
	X(P2M_UNMAPPED,         296, "p2m.unmapped",         "the guest's page tables do not map its p2m list") \
	X(P2M_TORN,             297, "p2m.torn",             "the guest's p2m changed each time that it was read") \
	X(P2M_STUCK,            298, "p2m.stuck",            "the guest has begun to change its p2m, and does not end it") \
	X(P2M_M2P,              299, "p2m.m2p",              "the guest's p2m and the hypervisor's M2P disagree")

#define PVB_HOST_ERRORS(X)                                                                          \
	X(HOST_ABSENT,          300, "host.absent",          "there is no such host here")                \
	X(HOST_OPTION,          301, "host.option",          "no host or option of a host is called that") \
	X(HOST_DENIED,          302, "host.denied",          "the hypervisor refused a call")             \
	X(HOST_NO_MEMORY,       303, "host.no-memory",       "the host has not enough free memory")       \
	X(HOST_NO_MEMORY_BELOW, 304, "host.no-memory-below", "the host has memory, but not below the address that the guest can handle") \
	X(HOST_CLAIM,           305, "host.claim",           "the host cannot set the guest's memory aside") \
	X(HOST_GUEST_TYPE,      306, "host.guest-type",      "this hypervisor does not run guests of this kind") \
	X(HOST_NO_DOMAIN,       307, "host.no-domain",       "no such domain")                            \
	X(HOST_MAP,             308, "host.map",             "guest memory cannot be mapped")             \
	X(HOST_PIN,             309, "host.pin",             "the hypervisor rejected a page table")      \
	X(HOST_CONTEXT,         310, "host.context",         "the hypervisor rejected a vCPU's registers") \
	X(HOST_LIMIT,           311, "host.limit",           "a limit of the hypervisor or of the domain is exceeded") \
	X(HOST_FRAME_TOO_HIGH,  312, "host.frame-too-high",  "the host handed out a frame above what the guest can handle") \
	X(HOST_INJECTED,        313, "host.injected",        "the simulated host failed this call as it was told to") \
	X(HOST_STATE,           314, "host.state",           "the call is not legal in the domain's present state") \
	X(HOST_GUARD,           316, "host.guard",           "the process that would clear a half-built domain away is not there") \
	X(HOST_STORE,           317, "host.store",           "xenstore cannot be reached, or refused something") \
	X(HOST_PTE_BITS,        318, "host.pte-bits",        "the hypervisor uses bits of page-table entries that the kernel keeps for itself") \
	X(HOST_GRANULE,         319, "host.granule",         "this host's processor or hypervisor lacks a page size that is needed") \
	X(HOST_SILENT,          320, "host.silent",          "a daemon of the host does not answer")      \
	X(HOST_DYING,           321, "host.dying",           "a destroyed domain stays, because somebody holds pages of it") \
	X(HOST_POOL,            330, "host.pool",            "the host has no such CPU pool")

#define PVB_BUG_ERRORS(X)                                                                           \
	X(BUG,                  900, "bug.internal",         "pvbuild contradicts itself: please report this") \
	X(BUG_TABLE_ENTRY,      901, "bug.table-entry",      "a page-table entry that breaks the hypervisor's rules was about to be pinned")
/* clang-format on */

#define PVB_ERRORS(X)                                                                              \
	PVB_ARGUMENT_ERRORS(X)                                                                     \
	PVB_IMAGE_ERRORS(X)                                                                        \
	PVB_HOST_ERRORS(X)                                                                         \
	PVB_BUG_ERRORS(X)

enum pvb_code {
	PVB_OK = 0,
#define PVB_ERROR_ENUM(id, number, name, meaning) PVB_E_##id = (number),
	PVB_ERRORS(PVB_ERROR_ENUM)
#undef PVB_ERROR_ENUM
};

/* Whose fault a code is. */
enum pvb_fault {
	PVB_FAULT_NONE = 0,
	PVB_FAULT_ARGUMENT = 1,
	PVB_FAULT_IMAGE = 2,
	PVB_FAULT_HOST = 3,
	PVB_FAULT_BUG = 9,
};

/*
 * One error. The caller owns the storage (usually the stack) and hands it to
 * a function zeroed or left over from before; a function that succeeds does
 * not touch it. Strings are always terminated; a too long one is cut.
 *
 *   code     one of enum pvb_code
 *   stage    the part that failed: "image", "plan", "populate", ...
 *   message  the root cause in one sentence, with its numbers
 *   context  what was being done, outermost last; may be empty
 *   hint     what to do about it; may be empty
 *
 * Where a hint names what a caller can set or call, it does so as "pvb_spec.memory" or
 * "pvb_domain_list()", and nowhere else does "pvb_" stand: whoever has other names for these
 * (options of a tool, keys of a file) can put them in their place.
 */
struct pvb_error {
	int code;
	char stage[24];
	char message[600];
	char context[240];
	char hint[320];
};

/* The public name of a code ("image.truncated"), or "unknown". Never NULL. */
PVB_API const char *pvb_code_name(int code);

/* What a code means, in one line. Never NULL. */
PVB_API const char *pvb_code_meaning(int code);

PVB_API enum pvb_fault pvb_code_fault(int code);

/* Every code that exists, in ascending order: 0 <= index < pvb_code_count(). */
PVB_API size_t pvb_code_count(void);
PVB_API int pvb_code_at(size_t index);

#ifdef __cplusplus
}
#endif

#endif
