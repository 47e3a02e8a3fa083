/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A machine of frames that exist once somebody writes them, a p2m made of them, and a
 * reader of it that knows nothing of how the library counts.
 */
#ifndef PVB_TESTS_P2M_STORE_H
#define PVB_TESTS_P2M_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/p2m.h>

/* ---- frames ---- */

struct store_page {
	uint64_t mfn;
	uint8_t *bytes;
};

/* Pages by their frame. */
struct store {
	uint32_t page_size;
	struct store_page *pages;
	size_t count;
	size_t slots;
};

void store_free(struct store *store);
uint8_t *store_find(const struct store *store, uint64_t mfn);
/* A frame that nobody has written yet. */
uint8_t *store_add(struct store *store, uint64_t mfn);

uint64_t entry_get(const uint8_t *page, unsigned entry_size, uint64_t index);
void entry_put(uint8_t *page, unsigned entry_size, uint64_t index, uint64_t value);

/* ---- a p2m ---- */

enum { P2M_EXTENTS_MAX = 64 };

/*
 *   may_miss   leaves without a frame are left out
 *   shared     there are shared pages for what is missing
 *   spread     frames of so many pages in a row ascend; a power of two
 */
struct p2m_case {
	struct pvb_p2m_geometry geometry;
	uint32_t levels;
	bool may_miss;
	bool shared;
	uint64_t spread;
	uint64_t salt;
	struct pvb_p2m_extent list[P2M_EXTENTS_MAX];
	struct pvb_p2m_extents extents;
	uint64_t shared_frames[PVB_P2M_LEVELS_MAX - 1];
};

/* Extents at random over the PFNs of c->geometry, none longer than longest; gaps likewise. */
void p2m_case_fill(struct p2m_case *c, uint64_t *seed, uint64_t longest);

/* What a PFN maps to. */
uint64_t p2m_case_mfn(const struct p2m_case *c, uint64_t pfn);

/* Pages of a level, and whether one of them has a PFN with a frame below, or may not miss. */
uint64_t p2m_case_pages(const struct p2m_case *c, unsigned level);
bool p2m_case_has(const struct p2m_case *c, unsigned level, uint64_t index);

/* The number of a page above the leaves, as the library is to count them. */
uint64_t p2m_case_number(const struct p2m_case *c, unsigned level, uint64_t index);
/* The frame of a page that is there. */
uint64_t p2m_case_frame(const struct p2m_case *c, unsigned level, uint64_t index);

/* What the library is handed. It borrows c. */
struct pvb_p2m_tree p2m_case_tree(struct p2m_case *c);

/* ---- writing it ---- */

/*
 * A sink that asserts that pages come once, ascending, and no more than asked for. It makes
 * those alone whose numbers are in wanted (ascending), or all where that is NULL.
 *
 *   spoil      what it does wrong, for tests that must see it
 *   offered    pages that it was asked to hand out
 */
enum store_spoil { SPOIL_NOTHING, SPOIL_LEAVE_OUT, SPOIL_SWAP };

struct store_sink {
	struct store *store;
	const struct p2m_case *c;
	bool leaves;
	const uint64_t *wanted;
	size_t wanted_count;
	unsigned at_once;
	enum store_spoil spoil;
	uint64_t offered;
	uint64_t next;
};

struct pvb_p2m_sink store_sink_of(struct store_sink *sink);

/* List and tree, all of it. */
int p2m_case_write(struct p2m_case *c, struct store *store, unsigned at_once,
		   enum store_spoil spoil, struct pvb_error *error);

/* ---- reading it ---- */

/*
 * What a tree in the store says of a PFN, found from the root alone. False where a page on the way
 * is none; *mfn is PVB_P2M_NONE for all ones, on the way or at its end.
 */
bool store_read_tree(const struct store *store, const struct pvb_p2m_geometry *geometry,
		     unsigned levels, uint64_t root, uint64_t pfn, uint64_t *mfn);

/*
 * Every entry of every page: what is wrong with the first that is not as c has it, or NULL. In a
 * buffer that the next call overwrites.
 */
const char *p2m_case_check(const struct p2m_case *c, const struct store *store, uint64_t root);

#endif
