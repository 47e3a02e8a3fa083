/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine-to-physical table, which Xen shares read-only with control domains:
 * for each frame its owner's PFN. It has 8 bytes a frame, so that it is never
 * mapped whole: a few chunks of it are at a time.
 */
#ifndef PVB_HOST_XEN_M2P_H
#define PVB_HOST_XEN_M2P_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/frames.h"

struct pvb_error;
struct pvb_host;
struct xen_host;

/* Xen backs the table in pieces of 2 MiB, each of which stands for 1 GiB of machine memory. */
#define XEN_M2P_CHUNK_ENTRIES (UINT64_C(1) << 18)

/* Chunks that are mapped at a time: 16 MiB. */
#define XEN_M2P_WINDOWS 8

struct xen_m2p_window {
	uint64_t chunk;
	uint64_t used; /* when last, by xen_m2p.clock */
	const uint64_t *entries;
};

/*
 *   chunks   where each chunk lies, NULL until they were asked for
 *   limit    frames that the hypervisor has; none from there on is in the table
 */
struct xen_m2p {
	uint64_t *chunks;
	uint64_t limit;
	uint64_t clock;
	struct xen_m2p_window window[XEN_M2P_WINDOWS];
};

int xen_get_m2p_run(struct pvb_host *host, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn,
		    uint64_t *count, struct pvb_error *error);
void xen_m2p_close(struct xen_host *xen);

/* Whether a chunk of the table stands for machine addresses without any memory, and is none. */
bool xen_m2p_is_hole(const uint64_t *chunks, uint64_t chunk);

/* The PFN that an entry stands for; PVB_NO_FRAME where the frame is nobody's. */
uint64_t xen_m2p_pfn(uint64_t entry);

/*
 * How many of count entries go on as a run does of which seen entries are known, the
 * first of them with PFN start (or PVB_NO_FRAME, and then those that have none).
 */
uint64_t xen_m2p_continue(const uint64_t *entries, uint64_t count, uint64_t start, uint64_t seen);

#endif
