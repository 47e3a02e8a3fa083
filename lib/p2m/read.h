/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the files that read a p2m which somebody else has written. */
#ifndef PVB_P2M_READ_H
#define PVB_P2M_READ_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <pvbuild/p2m.h>

#define P2M_STAGE "p2m"

/* Linux marks entries that are no frame of its own in the two topmost bits of a word. */
#define P2M_FOREIGN_BIT(bits) (UINT64_C(1) << ((bits)-1))
#define P2M_IDENTITY_BIT(bits) (UINT64_C(1) << ((bits)-2))

/* x86: 52 bits of address are the most that there are. */
#define P2M_FRAMES_MOST (UINT64_C(1) << 40)

#define P2M_TABLE_BITS 9u /* log2 of the entries of a page table */
#define P2M_TABLE_PAGE_SIZE 4096u

/* Tables above a page of entries: page tables of a 64-bit guest, or a tree of five levels. */
#define P2M_HEIGHT_MAX 4u

/* How frames are reached, as it was checked. frames: what an entry may name lies below. */
struct p2m_source {
	const struct pvb_p2m_access *access;
	uint32_t page_size;
	unsigned guest_bits;
	uint64_t frames;
};

/*
 * The way from an anchor to the pages of entries: tables of 1 << bits entries each, the
 * guest's page tables or pages of a tree, the root "height" of them above a page of entries.
 * A table of height h has entries for as many pages as h - 1 of them below can lead to.
 *
 *   place   of the first page of entries, among all that the root leads to: a list may begin
 *           anywhere in virtual memory
 *   frames  the list ends behind so many PFNs with a frame; 0 where geometry.pfns is right
 */
struct p2m_route {
	enum pvb_p2m_anchor anchor;
	struct pvb_p2m_geometry geometry;
	bool page_tables;
	unsigned height;
	unsigned bits;
	uint64_t root;
	uint64_t vaddr;
	uint64_t place;
	uint64_t pages;
	uint64_t frames;
};

int pvb_p2m_check_source(const struct pvb_p2m_access *access, unsigned guest_bits,
			 struct p2m_source *source, struct pvb_error *error);

/* The anchor that is to be followed, checked: where it leads to, and that it reaches max_pfn. */
int pvb_p2m_choose_route(const struct p2m_source *source, const struct pvb_p2m_anchors *anchors,
			 const struct pvb_p2m_options *options, struct p2m_route *route,
			 struct pvb_error *error);

/*
 * The frame that holds a page of entries, found without looking at the rest; PVB_P2M_NONE where
 * nothing leads there.
 */
int pvb_p2m_frame_of_page(const struct p2m_source *source, const struct p2m_route *route,
			  uint64_t page, uint64_t *frame, struct pvb_error *error);

/*
 * The frame that a guest's page tables map at a virtual address, from cr3 as the register
 * holds it; PVB_P2M_NONE where nothing is mapped.
 */
int pvb_p2m_translate(const struct p2m_source *source, uint64_t cr3, uint64_t vaddr,
		      uint64_t *frame, struct pvb_error *error);

/* The frame of the root table, from cr3 as the guest has it (xen_cr3_to_pfn() of Xen's headers). */
uint64_t pvb_p2m_cr3_frame(unsigned guest_bits, uint64_t cr3);

/* ---- following entries ---- */

/*
 * Where an entry stands: in which table, of which height, and which one it is; and the page of
 * entries that it leads to, or the first of them.
 */
struct p2m_place {
	unsigned height;
	uint64_t table;
	uint64_t index;
	uint64_t page;
};

/*
 * What an entry above the pages of entries leads to: PVB_P2M_NONE where it says that nothing is
 * there. table is what the table in a frame holds.
 */
int pvb_p2m_follow(const struct p2m_source *source, const struct p2m_route *route,
		   const struct p2m_place *place, const void *table, uint64_t *frame,
		   struct pvb_error *error);

/* A failure at an entry: the sentence begins with where it stands. */
int pvb_p2m_fail_at(const struct p2m_route *route, const struct p2m_place *place,
		    enum pvb_code code, struct pvb_error *error, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* An entry leads to a frame that is the table of that height above it. */
int pvb_p2m_fail_cycle(const struct p2m_route *route, const struct p2m_place *place,
		       unsigned height, uint64_t frame, struct pvb_error *error);

/* Say of the error just recorded at which entry it was. */
void pvb_p2m_context_at(const struct p2m_route *route, const struct p2m_place *place,
			struct pvb_error *error);

/* Which page of entries a table's entry leads to, counted among all that the root leads to. */
static inline uint64_t p2m_pages_of_entry(const struct p2m_route *route, unsigned height)
{
	return UINT64_C(1) << (route->bits * (height - 1));
}

static inline uint64_t p2m_index(const struct p2m_route *route, unsigned height, uint64_t place)
{
	return place >> (route->bits * (height - 1)) & ((UINT64_C(1) << route->bits) - 1);
}

/* ---- entries ---- */

/* The entry at an index of a page of them: a narrow all ones is widened, and nothing else. */
static inline uint64_t p2m_entry(unsigned entry_size, const void *page, uint64_t index)
{
	if (entry_size == 8) {
		uint64_t wide;

		memcpy(&wide, (const uint8_t *)page + 8 * index, sizeof wide);
		return le64toh(wide);
	}

	uint32_t narrow;

	memcpy(&narrow, (const uint8_t *)page + 4 * index, sizeof narrow);
	narrow = le32toh(narrow);
	return narrow == UINT32_MAX ? PVB_P2M_NONE : narrow;
}

static inline enum pvb_p2m_entry p2m_kind(const struct p2m_source *source, uint64_t entry)
{
	if (entry < source->frames)
		return PVB_P2M_ENTRY_FRAME;
	if (entry == PVB_P2M_NONE)
		return PVB_P2M_ENTRY_INVALID;
	if (entry & P2M_FOREIGN_BIT(source->guest_bits))
		return PVB_P2M_ENTRY_FOREIGN;
	if (entry & P2M_IDENTITY_BIT(source->guest_bits))
		return PVB_P2M_ENTRY_IDENTITY;
	return PVB_P2M_ENTRY_WILD;
}

#endif
