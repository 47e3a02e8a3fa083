/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host: something that runs PV domains. The simulated one is always there, the
 * real one ("xen") in a control domain of Xen; what both offer a builder stands in
 * lib/host/host.h.
 */
#ifndef PVBUILD_HOST_H
#define PVBUILD_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/export.h>
#include <pvbuild/guest-abi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pvb_host;

/*
 * Facts about a host, probed once when it is opened; the memory figures are as
 * of the call.
 *
 *   name               "sim" or "xen"
 *   version            of the hypervisor, as "4.17"; xen_major and xen_minor as numbers
 *   debug              a debug build of the hypervisor
 *   page_shift         log2 of the page size
 *   capabilities       guest types it runs, space separated ("xen-3.0-x86_64 ...")
 *   address_bits       width of machine addresses: all memory, hotplug included, lies
 *                      below 1 << address_bits
 *   memory_*           bytes: total, free, still being scrubbed, claimed by domains
 *   claims             memory can be claimed ahead of being allocated
 *   max_extent_order   largest extent, as log2 of pages, that is handed out without a
 *                      long stall (18 is 1 GiB in 4 KiB pages)
 *   max_extents        extents that one call may ask for
 *   nodes              NUMA nodes have numbers below this; there may be gaps in them
 *   guest_page_sizes   page sizes that the processor offers a guest's kernel, each as
 *                      1 << log2 of it (x86: 1 << 12 alone)
 *   gic_version        of the interrupt controller that an arm64 guest is given: 2 or 3;
 *                      0 on x86
 *   debug_known        somebody said whether it is one; else debug is false, as is usual
 *   reasons            how it was decided what a hypervisor does not plainly say, a line
 *                      each ("debug: no, by Xen's first message"); may be empty
 *   pte_bits_fixed     the bits of page-table entries that the hypervisor uses are wired in:
 *                      pte_kernel_bit marks kernel mappings of 64-bit guests, pte_grant_bit
 *                      mapped grants (PVB_GUEST_PTE_NO_BIT: none). Otherwise every domain can
 *                      have its own, and these are what it has where nobody says so
 */
struct pvb_host_info {
	char name[8];
	char version[16];
	char capabilities[128];
	unsigned xen_major;
	unsigned xen_minor;
	unsigned page_shift;
	unsigned address_bits;
	unsigned max_extent_order;
	unsigned max_extents;
	unsigned nodes;
	bool debug;
	bool claims;
	uint64_t memory_total;
	uint64_t memory_free;
	uint64_t memory_scrubbing;
	uint64_t memory_claimed;
	char reasons[512];
	uint32_t guest_page_sizes;
	unsigned gic_version;
	bool pte_bits_fixed;
	unsigned pte_kernel_bit;
	unsigned pte_grant_bit;
	bool debug_known;
};

/*
 * Open a host by description: "xen", "sim" or "sim:KEY=VALUE,..." (its keys are in
 * pvbuild(1)), or NULL for the hypervisor that this machine runs on where there is
 * one and this library knows Xen, and otherwise the simulated host as it is by
 * default. "xen" fails with PVB_E_HOST_ABSENT where there is no hypervisor, with
 * PVB_E_HOST_DENIED where we may not use it, and with PVB_E_ARG_UNSUPPORTED in a
 * library that was built without Xen's. Any other description, and a key that the simulated
 * host does not have, fails with PVB_E_HOST_OPTION.
 */
PVB_API int pvb_host_open(const char *description, struct pvb_host **host, struct pvb_error *error);

/* NULL is fine. A simulated host takes its domains with it; a real one does not. */
PVB_API void pvb_host_close(struct pvb_host *host);

PVB_API int pvb_host_get_info(struct pvb_host *host, struct pvb_host_info *info,
			      struct pvb_error *error);

/*
 * Say what is waited for. Some calls depend on others of the host (xenstored answers, backends let
 * go of a domain), and fail when those take too long. notice is called with one line of text,
 * without a line's end, once such a wait has lasted for 2 seconds: from within the call that waits,
 * in its thread. It must not call the host. NULL, as at first: nobody is told.
 */
typedef void (*pvb_host_notice_fn)(void *opaque, const char *line);
PVB_API void pvb_host_set_notice(struct pvb_host *host, pvb_host_notice_fn notice, void *opaque);

/*
 * How often each call was made to the hypervisor since the host was opened.
 * index runs from 0; returns the call's name and its count, or NULL past the end.
 */
PVB_API const char *pvb_host_call_count(const struct pvb_host *host, size_t index, uint64_t *count);

/* Bytes of guest memory mapped into this process: now, and the most there ever were at once. */
PVB_API void pvb_host_mapped(const struct pvb_host *host, uint64_t *now, uint64_t *peak);

#ifdef __cplusplus
}
#endif

#endif
