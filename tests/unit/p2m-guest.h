/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's frames, in which a p2m can be made by hand, by code that shares nothing with the
 * library's writers, and read from: every read is counted, and a test may change things between
 * any two.
 */
#ifndef PVB_TESTS_P2M_GUEST_H
#define PVB_TESTS_P2M_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/guest-abi.h>
#include <pvbuild/p2m.h>

#include "core/runs.h"

/* The first of its frames; others can be named, and not be read. */
#define GUEST_FIRST 0x4000

/* Frames that there can be on the machine. */
#define GUEST_FRAMES (UINT64_C(1) << 28)

/* A list's address that begins in the middle of tables of each level. */
#define GUEST_VADDR_64 UINT64_C(0xffffc9007fdff000)
#define GUEST_VADDR_32 UINT64_C(0x7fbff000)

/*
 *   looks, reads, pages_read   how often anchors and pages were asked for, and how many pages
 *   hook                       called before each of both; may change anything
 *   fail_read                  nonzero: the read of this number fails
 *   strangers, owner_asks      frames that are not the guest's; how often that was asked
 */
struct p2m_guest {
	unsigned bits;
	uint32_t page_size;
	size_t capacity;
	size_t count;
	uint8_t *pages;
	struct pvb_p2m_access access;
	struct pvb_p2m_anchors anchors;
	struct pvb_runs m2p;
	uint64_t looks;
	uint64_t reads;
	uint64_t pages_read;
	uint64_t fail_read;
	void (*hook)(struct p2m_guest *guest, bool look);
	void *hook_opaque;
	struct pvb_runs strangers;
	uint64_t owner_asks;
};

/* page_size 0 means 4096. Nothing is published yet. */
void guest_open(struct p2m_guest *guest, unsigned bits, uint32_t page_size);
void guest_close(struct p2m_guest *guest);

/* A new page, all ones; its frame. */
uint64_t guest_page(struct p2m_guest *guest);
void *guest_at(struct p2m_guest *guest, uint64_t mfn);

/* Entries of pages of a p2m, as wide as the guest's words, and of page tables. */
void guest_put(struct p2m_guest *guest, uint64_t mfn, uint64_t index, uint64_t entry);
uint64_t guest_get(struct p2m_guest *guest, uint64_t mfn, uint64_t index);
uint64_t guest_per_page(const struct p2m_guest *guest);
uint64_t *guest_pte(struct p2m_guest *guest, uint64_t table, uint64_t index);

/* A page of entries for the PFNs from pfn on. */
uint64_t guest_leaf(struct p2m_guest *guest, uint64_t pfn, uint64_t pfns,
		    const struct pvb_p2m_extent *extents, size_t count);

/* A tree that has the pages which are needed, and all ones elsewhere; it is published. */
void guest_tree(struct p2m_guest *guest, unsigned levels, uint64_t pfns,
		const struct pvb_p2m_extent *extents, size_t count);

/* The frame at a level of the published tree above a PFN: 1 the page of entries. */
uint64_t guest_node(struct p2m_guest *guest, unsigned level, uint64_t pfn);

/* The same as a list; pages that nothing is in are not mapped. */
void guest_list(struct p2m_guest *guest, uint64_t pfns, const struct pvb_p2m_extent *extents,
		size_t count);

/* The page table of a level that maps an address, by p2m_cr3; 0 where there is none. */
uint64_t guest_table(struct p2m_guest *guest, unsigned level, uint64_t va);
void guest_map(struct p2m_guest *guest, uint64_t va, uint64_t mfn);

/* What the M2P says of extents: that they are right. */
void guest_confirm(struct p2m_guest *guest, const struct pvb_p2m_extent *extents, size_t count);

/* From now on somebody can be asked whose a frame is: all are the guest's but those. */
void guest_estrange(struct p2m_guest *guest, uint64_t mfn, uint64_t count);

/* Fill in as a kernel would: cr3 as the register holds it. */
uint64_t guest_cr3(const struct p2m_guest *guest, uint64_t root);

#endif
