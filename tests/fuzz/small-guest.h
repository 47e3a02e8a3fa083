/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small PV domain on a simulated host, and a neighbour there, to be spoilt; and the places in
 * it that a reader of domains goes by.
 */
#ifndef PVB_TESTS_FUZZ_SMALL_GUEST_H
#define PVB_TESTS_FUZZ_SMALL_GUEST_H

#include <stdint.h>

#include <pvbuild/pvbuild.h>

#include "fuzz/input.h"
#include "support/blob.h"

enum small_guest_kind {
	SMALL_64_TREE, /* the list outside the initial mapping, and a tree of three levels */
	SMALL_64_HOLE, /* a list alone, and a hole in the memory */
	SMALL_32_TREE, /* a tree of two levels */
	SMALL_GUESTS,
};

#define SMALL_GUEST_PAGES 2048u
#define SMALL_GUEST_TABLES 32u

/*
 *   mfns        by PFN, PVB_P2M_NONE in a hole; pfns of them
 *   tables      PFNs of its page tables, table_count of them
 *   foreign     a frame of the neighbour's; some more follow
 */
struct small_guest {
	unsigned bits;
	struct pvb_host *host;
	struct pvb_image *image;
	struct pvb_plan *plan;
	struct pvb_domain *domain;
	uint32_t domid;
	uint64_t mfns[2 * SMALL_GUEST_PAGES];
	uint64_t pfns;
	uint64_t tables[SMALL_GUEST_TABLES];
	size_t table_count;
	uint64_t foreign;
	uint64_t shared_info;
};

void small_guest_make(struct small_guest *guest, enum small_guest_kind kind);
void small_guest_free(struct small_guest *guest);

/* ---- spoiling it ---- */

enum spoil_where {
	SPOIL_ANCHORS, /* of shared info */
	SPOIL_SHARED_INFO,
	SPOIL_START_INFO,
	SPOIL_LIST,
	SPOIL_TREE,
	SPOIL_TABLES,
	SPOIL_PAGE, /* any */
	SPOIL_REGISTERS,
	SPOIL_M2P,
	SPOIL_OTHER, /* for the target to say */
	SPOIL_WHERES,
};

/* count words from a place on, of which index says which, and how they are to be. */
struct spoil {
	enum spoil_where where;
	unsigned index;
	unsigned how;
	unsigned count;
	uint64_t value;
};

#define SPOIL_BYTES 10u

struct spoil take_spoil(struct fuzz_input *input);

/* The same as bytes of a seed. how has the number of words in its upper half: 1 + 4 * half * half.
 */
void add_spoil(struct blob *input, enum spoil_where where, unsigned how, unsigned index,
	       uint64_t value);

/* The word that is to stand in the place of this one, of number nth. */
uint64_t spoilt_word(const struct small_guest *guest, const struct spoil *spoil, unsigned nth,
		     uint64_t before);

/* A word in a page of the guest's, or of its shared info (where pfn is PVB_P2M_NONE). */
struct spoil_place {
	uint64_t pfn;
	unsigned offset;
	unsigned width;
};

/* Of all but SPOIL_REGISTERS, SPOIL_M2P and SPOIL_OTHER. */
struct spoil_place spoil_place(const struct small_guest *guest, const struct spoil *spoil,
			       unsigned nth);

#endif
