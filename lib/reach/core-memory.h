/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory of a domain as a core dump has it: frames by their number, the PFNs that go with
 * them (.xen_p2m, which takes the place of the M2P), shared info, and the registers of vCPU 0.
 * Nothing in it is trusted.
 */
#ifndef PVB_REACH_CORE_MEMORY_H
#define PVB_REACH_CORE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>

#include "core/frames.h"
#include "core/span.h"
#include "host/host.h"
#include "reach/core-file.h"

#define CORE_PAGE_SIZE 4096u

struct core_extent;

/*
 *   pages     frames that there are
 *   frames    all of them are below this number
 *   extents   ascending by MFN, disjoint
 */
struct core_memory {
	struct core_file file;
	uint64_t pages;
	uint64_t frames;
	bool has_shared_info;
	uint8_t shared_info[CORE_PAGE_SIZE];
	struct pvb_host_vcpu vcpu;
	struct core_extent *extents;
	size_t count;
	size_t capacity;
	size_t most;
};

/* Memory in more than max_extents pieces is PVB_E_P2M_SCATTERED; 0 for what budget.h allows. */
int core_memory_open(const char *path, size_t max_extents, struct core_memory *core,
		     struct pvb_error *error);
void core_memory_close(struct core_memory *core);

bool core_memory_has(const struct core_memory *core, pvb_mfn_t frame);

/* Copy frames; one that the core does not have is PVB_E_CORE_SECTION. */
int core_memory_read(const struct core_memory *core, const pvb_mfn_t *frames, size_t count,
		     uint8_t *to, struct pvb_error *error);

/*
 * The PFN of a frame (PVB_NO_FRAME if it has none), and how many frames from there on
 * continue it, 1 <= *count <= limit.
 */
void core_memory_m2p(const struct core_memory *core, pvb_mfn_t first, uint64_t limit,
		     pvb_pfn_t *pfn, uint64_t *count);

/* Registers, from what a core has of a vCPU. */
void core_read_context(unsigned guest_bits, struct pvb_span context, struct pvb_host_vcpu *vcpu);

#endif
