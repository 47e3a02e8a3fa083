/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated hypervisor's free memory: a buddy allocator for each NUMA node
 * and zone, as Xen's (xen/common/page_alloc.c). A zone is what lies between two
 * powers of two, so that "below so many address bits" is a set of zones, and the
 * highest zone that will do is used first: low memory is kept for who needs it.
 *
 * Free blocks are linked through the book of frames. Memory that was never
 * asked for is not in it, but counted as whole spans, and becomes blocks when it
 * is needed.
 */
#ifndef PVB_HOST_SIM_HEAP_H
#define PVB_HOST_SIM_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "host/sim/books.h"
#include "host/sim/options.h"

/* Zone z holds the frames from 1 << (z - 1) up to 1 << z; the smallest frames need most zones. */
#define SIM_ZONES (SIM_MAX_WIDTH - 12 + 1)

#define SIM_ANY_NODE (-1)

/* Free blocks of one size: a list, first block and last. */
struct sim_list {
	uint64_t head;
	uint64_t tail;
};

struct sim_zone {
	uint32_t orders; /* bit k: there is a block of 1 << k */
	uint64_t listed; /* frames in its blocks */
	struct sim_list list[SIM_MAX_ORDER + 1];
};

struct sim_node {
	uint64_t end;   /* first frame that is not the node's or a lower one's */
	uint64_t zones; /* bit z: zone z has blocks, or spans that were never asked for */
	struct sim_zone zone[SIM_ZONES];
};

/* Spans [first, end), all of them free, of one node and zone, that nobody asked for yet. */
struct sim_fresh {
	unsigned node;
	unsigned zone;
	uint64_t first;
	uint64_t end;
};

/*
 * All in frames. free + given + taken + withheld = total: given are with domains
 * or the hypervisor, taken is what fragments memory, withheld is used or still
 * being scrubbed.
 */
struct sim_heap {
	const struct sim_options *options;
	struct sim_books *books;
	struct sim_node *nodes;
	struct sim_fresh *fresh;
	size_t fresh_count;
	size_t fresh_capacity;
	unsigned fresh_order; /* the largest block that a fresh span has in it */
	uint64_t total;
	uint64_t free;
	uint64_t given;
	uint64_t taken;
	uint64_t withheld;
	uint64_t free_at_start;
	uint64_t claimed; /* by everybody together */
	uint64_t random;
};

/* options and books must outlive it. False if this process has no memory. */
bool sim_heap_open(struct sim_heap *heap, const struct sim_options *options,
		   struct sim_books *books);
void sim_heap_close(struct sim_heap *heap);

/* Everything came back: be as it was at the start, frame for frame. */
void sim_heap_reset(struct sim_heap *heap);

struct sim_request {
	unsigned order;
	unsigned bits;       /* frames below 1 << bits bytes; 0 for any */
	int node;            /* or SIM_ANY_NODE */
	bool exact_node;     /* node or none */
	uint64_t own_claim;  /* frames that the asking domain has claimed */
	unsigned *last_node; /* of the asking domain, for taking turns; may be NULL */
};

enum sim_grant {
	SIM_GRANTED,
	SIM_NO_SUCH_MEMORY,
	SIM_OUT_OF_PROCESS_MEMORY, /* the book could not grow */
};

/* Where last_node starts, before any allocation. */
#define SIM_NO_NODE UINT32_MAX

/* A block of 1 << order frames; its entries in the book are NONE. */
enum sim_grant sim_heap_alloc(struct sim_heap *heap, const struct sim_request *request,
			      uint64_t *mfn);

/* Its entries in the book must be NONE. */
void sim_heap_free(struct sim_heap *heap, uint64_t mfn, unsigned order);

/* Free frames below 1 << bits bytes. */
uint64_t sim_heap_free_below(const struct sim_heap *heap, unsigned bits);

/* The node that a frame belongs to. */
unsigned sim_heap_node(const struct sim_heap *heap, uint64_t mfn);

/* Frames that no domain can have been given, in each fresh span. */
uint64_t sim_heap_taken_in_span(const struct sim_heap *heap);

#endif
