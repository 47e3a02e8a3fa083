/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated host, for those who test with it: looking inside, and breaking
 * things that no call to a hypervisor can break. Each takes a host that
 * pvb_sim_open() opened. None of this counts as a call to the host.
 *
 * One thread uses a host at a time.
 *
 * Where the model leaves Xen's ways, knowingly:
 *   - frames that come back are merged as in Xen, but once the last domain is gone the
 *     free lists are as they were at the start, so that every run is the same
 *   - a block that is cut keeps its lower half (Xen: the upper), which makes long runs;
 *     the option "descending" does it Xen's way
 *   - page tables whose entries are not safe from L1TF are refused, and the domain is
 *     marked as crashed; Xen crashes it and lets the caller find out
 *   - max_event_channel, max_grant_frames, max_maptrack_frames and max_grant_version of 0 mean
 *     the host's defaults (1023, 64, 1024, 2)
 *   - there is no domain 0 to be listed
 *   - an arm64 domain gets memory in extents that one entry of its tables maps, where
 *     there is none yet, and never in a page that traps; Xen cuts extents into what its
 *     tables map, and puts memory over what was there
 *   - an arm64 vCPU does not start where no instruction can be; Xen lets it
 *   - a dying domain's memory that is mapped read-only may stay allocated in pieces of
 *     512 pages until it is unmapped
 */
#ifndef PVB_HOST_SIM_SIM_H
#define PVB_HOST_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/host.h"

enum pvb_sim_use {
	PVB_SIM_NOTHING,
	PVB_SIM_L1,
	PVB_SIM_L2,
	PVB_SIM_L3,
	PVB_SIM_L4,
	PVB_SIM_WRITABLE,
};

/*
 * A frame in the hypervisor's books. owned: a domain's memory; shared_info, grant_table: what
 * the hypervisor shares with it.
 */
struct pvb_sim_frame {
	bool owned;
	bool shared_info;
	bool grant_table;
	bool pinned;
	bool validated;
	enum pvb_sim_use use;
	uint32_t domid;
	uint32_t references;
	uint64_t pfn; /* as the M2P says; PVB_NO_FRAME for none */
};

void pvb_sim_look(struct pvb_host *host, pvb_mfn_t frame, struct pvb_sim_frame *out);

/* Bytes of a frame, whatever it is in use as. 0, or -1 outside memory. */
int pvb_sim_peek(struct pvb_host *host, pvb_mfn_t frame, size_t offset, void *bytes, size_t size);
int pvb_sim_poke(struct pvb_host *host, pvb_mfn_t frame, size_t offset, const void *bytes,
		 size_t size);

/* Change the M2P entry of a domain's frame; PVB_NO_FRAME for none. 0 or -1. */
int pvb_sim_set_m2p(struct pvb_host *host, pvb_mfn_t frame, pvb_pfn_t pfn);

/* Change what a domain's frame is said to be in use as. 0 or -1. */
int pvb_sim_set_use(struct pvb_host *host, pvb_mfn_t frame, enum pvb_sim_use use, bool pinned);

/* Change the registers of a vCPU that is set up, unchecked. 0 or -1. */
int pvb_sim_set_registers(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
			  const struct pvb_host_vcpu *registers);

/*
 * A domain gives a frame back (XENMEM_decrease_reservation). -1 if it is not its, or
 * in use as something.
 */
int pvb_sim_give_back(struct pvb_host *host, uint32_t domid, pvb_mfn_t frame);

/* What was told when a domain was introduced; NULL if it was not. */
const struct pvb_host_introduction *pvb_sim_introduction(struct pvb_host *host, uint32_t domid);

/* What was set of a domain. False if there is none. */
bool pvb_sim_memory_map(struct pvb_host *host, uint32_t domid, const struct pvb_host_memory **map,
			size_t *count);
bool pvb_sim_has_cpu_policy(struct pvb_host *host, uint32_t domid);

/* The limits that were set when a domain was made; 0 for none at all. False if there is none. */
struct pvb_sim_limits {
	uint32_t event_channels;
	uint32_t grant_frames;
	uint32_t maptrack_frames;
	uint32_t grant_version;
};
bool pvb_sim_limits(struct pvb_host *host, uint32_t domid, struct pvb_sim_limits *limits);

/* The NUMA node that a frame belongs to. */
unsigned pvb_sim_node(struct pvb_host *host, pvb_mfn_t frame);

/* Calls that could have failed until now; and have the number-th from now fail (0: none). */
uint64_t pvb_sim_calls(const struct pvb_host *host);
void pvb_sim_fail_after(struct pvb_host *host, uint64_t number);

/*
 * Go through all books: does every frame have its place, is each counted once, are the
 * references to page tables those that page tables, vCPUs, pins and mappings hold?
 * NULL if so, or a sentence saying what is wrong; it lives until the next call.
 */
const char *pvb_sim_check(struct pvb_host *host);

#endif
