/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The second stage of translation of an arm64 domain: which machine frame is behind
 * each guest frame, in pages of the hypervisor's (its granule). What the hypervisor
 * keeps for itself there is in no table: it traps, or is a device; no memory can be
 * put where a page of it would lie.
 *
 * It is kept as the book of machine frames is, and for the same reasons: an extent
 * costs an entry for each chunk, and none of it counts as the builder's memory.
 */
#ifndef PVB_HOST_SIM_STAGE2_H
#define PVB_HOST_SIM_STAGE2_H

#include <stdbool.h>
#include <stdint.h>

#include "host/sim/books.h"

/* Guest physical addresses: the map of public arch-arm.h ends here. */
#define SIM_GUEST_BITS 40u

struct sim_stage2 {
	struct sim_books map;
	unsigned shift;
	unsigned gic_version;
};

/* -1 with errno set. */
int sim_stage2_open(struct sim_stage2 *stage2, unsigned shift, unsigned gic_version);
void sim_stage2_close(struct sim_stage2 *stage2);

/* What of the hypervisor's lies in the pages from address to end; NULL if nothing does. */
const char *sim_stage2_reserved(const struct sim_stage2 *stage2, uint64_t address, uint64_t end);

/*
 * Two things of which one traps and the other is a device, and that share a page: no
 * guest can have both. False if there are none.
 */
bool sim_stage2_clash(unsigned shift, unsigned gic_version, const char *names[2]);

/* Make sure that sim_stage2_map() of one extent has room; false if this process has no memory. */
bool sim_stage2_reserve(struct sim_stage2 *stage2);

/* Put 1 << order frames behind as many; there is nothing behind them yet. */
void sim_stage2_map(struct sim_stage2 *stage2, uint64_t gfn, uint64_t mfn, unsigned order);

/* Nothing is behind a frame any more. False if this process has no memory. */
bool sim_stage2_unmap(struct sim_stage2 *stage2, uint64_t gfn);

/*
 * The machine frame behind a guest frame, PVB_NO_FRAME if there is none, and how many
 * from there on (at least 1) go on in the same way.
 */
uint64_t sim_stage2_look(const struct sim_stage2 *stage2, uint64_t gfn, uint64_t *count);

/* Whether there is memory, and how many frames from there on (at most limit) share the answer. */
bool sim_stage2_present(const struct sim_stage2 *stage2, uint64_t gfn, uint64_t limit,
			uint64_t *count);

#endif
