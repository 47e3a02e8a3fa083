/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a simulated host is to be like: the text after "sim:" as numbers. */
#ifndef PVB_HOST_SIM_OPTIONS_H
#define PVB_HOST_SIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>

#define SIM_MAX_RANGES 64
#define SIM_MAX_NODES 64
#define SIM_MAX_CPUS 4096

/*
 * Memory may lie up to here. No 64-bit PV guest can look up a frame that lies above 47
 * bits, as its read-only M2P window has room for 2^35 entries (Xen asm-x86 config.h,
 * RO_MPT_VIRT_*), and Xen's own is no larger; a builder has to keep to that by itself.
 */
#define SIM_MAX_WIDTH 51u

/* Machine memory, in bytes; whole pages. */
struct sim_range {
	uint64_t base;
	uint64_t size;
};

/*
 *   arm64         an arm64 host, whose domains are auto-translated; otherwise x86 and PV
 *   page_shift    log2 of the hypervisor's page
 *   guest_page_sizes, gic_version   as in struct pvb_host_info
 *   ranges        ascending, disjoint, nothing below 1 MiB
 *   memory        bytes in them
 *   width         machine address width that the host reports
 *   max_order     largest extent that the allocator gives to one request
 *   advised_order largest that it gives without a long stall
 *   fragment      percent of the chunks of 512 pages that have one taken out of them
 *   short_percent by how much populate falls short of what it was asked for
 *   domain_pte_bits   a domain can have bits of page-table entries of its own for what the
 *                 hypervisor marks by them; Xen's are wired in
 *   cpus, pools   CPUs, and pools that share them
 *   scheduler     of all pools
 *   fail          the call that fails, counted from 1; 0 for none
 */
struct sim_options {
	bool arm64;
	unsigned page_shift;
	uint32_t guest_page_sizes;
	unsigned gic_version;
	struct sim_range ranges[SIM_MAX_RANGES];
	size_t range_count;
	uint64_t memory;
	uint64_t used;
	uint64_t scrubbing;
	uint64_t claimed;
	uint64_t fail;
	unsigned width;
	unsigned nodes;
	unsigned cpus;
	unsigned pools;
	char scheduler[16];
	unsigned max_order;
	unsigned advised_order;
	unsigned fragment;
	unsigned short_percent;
	unsigned xen_major;
	unsigned xen_minor;
	bool scramble;
	bool descending;
	bool debug;
	bool pv32;
	bool claims;
	bool domain_pte_bits;
	bool clean;
};

/* text may be NULL: everything as it is by default. */
int sim_options_parse(const char *text, struct sim_options *options, struct pvb_error *error);

/*
 * The extents that an entry of a table maps where pages have 1 << page_shift bytes: bit k,
 * 1 << k pages. Blocks of more than these take FEAT_LPA or FEAT_LPA2, which are not here.
 */
uint32_t sim_extent_orders(unsigned page_shift);

/* Xen's version is at least this. */
static inline bool sim_xen_since(const struct sim_options *options, unsigned major, unsigned minor)
{
	return options->xen_major > major ||
	       (options->xen_major == major && options->xen_minor >= minor);
}

#endif
