/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated hypervisor's book of frames: what each machine frame is, whose
 * it is, where in its owner's memory (the M2P), and how it is in use.
 *
 * A tree of three steps, 512 wide each: the root has a page of entries for
 * every span of 2^18 frames that was ever looked at (1 GiB, in pages of 4 KiB);
 * that page has an entry for each chunk of 512 frames; and a chunk that is not
 * all the same has a page with an entry for each frame. So a chunk that one domain got in one piece
 * costs 16 bytes, looking anything up takes two steps, and memory that nobody asked for costs
 * nothing.
 *
 * The pages live in a memfd, not on the heap: they are the hypervisor's memory,
 * and must not count as the builder's.
 */
#ifndef PVB_HOST_SIM_BOOKS_H
#define PVB_HOST_SIM_BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_CHUNK_ORDER 9u
#define SIM_CHUNK_FRAMES (UINT64_C(1) << SIM_CHUNK_ORDER)
#define SIM_SPAN_ORDER 18u
#define SIM_SPAN_FRAMES (UINT64_C(1) << SIM_SPAN_ORDER)

/* The largest block: 1 GiB of 4 KiB frames, as Xen's MAX_ORDER. */
#define SIM_MAX_ORDER SIM_SPAN_ORDER

/*
 *   NONE   not memory, or inside a free block, or never looked at
 *   FREE   the first frame of a free block of 1 << order
 *   OWNED  a domain's
 *   XEN    the hypervisor's own, shared with a domain
 *   TAKEN  somebody else's: what fragments memory
 *   SPLIT  (chunks only) look at the frames
 */
enum sim_kind { SIM_NONE, SIM_FREE, SIM_OWNED, SIM_XEN, SIM_TAKEN, SIM_SPLIT };

/* What of the hypervisor's own is shared; in a XEN frame's entry it takes the place of order. */
enum sim_xen_use { SIM_SHARED_INFO, SIM_GRANT_TABLE };

enum sim_type {
	SIM_TYPE_NONE,
	SIM_TYPE_L1,
	SIM_TYPE_L2,
	SIM_TYPE_L3,
	SIM_TYPE_L4,
	SIM_TYPE_WRITABLE
};

#define SIM_VALIDATED 1u
#define SIM_PINNED 2u
/* The L2 in slot 3 of a PAE L3, which holds the hypervisor's entries. */
#define SIM_PAE_XEN_L2 4u

/* No PFN in the M2P, or the end of a list. */
#define SIM_NO_LINK ((UINT64_C(1) << 40) - 1)

/*
 * FREE: link is the next block's first frame, previous the one before, domid
 * the node. OWNED: link is the PFN. For a chunk that is OWNED, of its first frame.
 */
struct sim_frame {
	uint64_t link : 40;
	uint64_t domid : 16;
	uint64_t kind : 3;
	uint64_t order : 5;
	union {
		struct {
			uint32_t count; /* references to it as type */
			int16_t linear; /* Xen's linear_pt_count: entries above 0, uses below */
			uint8_t type;
			uint8_t flags;
		};
		uint64_t previous;
		struct sim_frame *page;
	};
};

_Static_assert(sizeof(struct sim_frame) == 16, "entries are 16 bytes");

struct sim_books {
	struct sim_frame **root; /* one for each span up to the end of memory */
	uint64_t spans;
	int fd;
	char **segments;
	size_t segment_count;
	size_t segment_capacity;
	uint64_t next;              /* pages handed out so far, from the first segment on */
	struct sim_frame *released; /* pages that came back, linked through their first entry */
	uint64_t released_count;
};

/* -1 with errno set. frames: up to where memory goes. */
int sim_books_open(struct sim_books *books, uint64_t frames);
void sim_books_close(struct sim_books *books);

/* Make sure that so many more pages can be had; false if this process has no memory. */
bool sim_books_reserve(struct sim_books *books, uint64_t pages);

/* Forget everything, and give the memory back. */
void sim_books_clear(struct sim_books *books);

/* The page of chunks of a span, made if it is not there; reserve a page before. */
struct sim_frame *sim_books_add_span(struct sim_books *books, uint64_t span);

/* The entry of a chunk; NULL where there is none yet. */
struct sim_frame *sim_books_chunk(const struct sim_books *books, uint64_t mfn);

/*
 * Make a chunk SPLIT, each frame being what the chunk was (NONE if that was
 * FREE); reserve a page before. Returns the frames' entries.
 */
struct sim_frame *sim_books_split(struct sim_books *books, struct sim_frame *chunk);

/* Make a SPLIT chunk NONE again. */
void sim_books_unsplit(struct sim_books *books, struct sim_frame *chunk);

/* The entry of this frame alone, splitting its chunk; NULL if this process has no memory. */
struct sim_frame *sim_books_frame(struct sim_books *books, uint64_t mfn);

/* The same of a chunk that is known to be SPLIT. */
struct sim_frame *sim_books_held(const struct sim_books *books, uint64_t mfn);

/*
 * What a frame is, and how many frames from there on (at most to the end of its chunk
 * or span) are the same and continue its PFN. Frames outside memory are NONE.
 */
struct sim_frame sim_books_look(const struct sim_books *books, uint64_t mfn, uint64_t *count);

#endif
