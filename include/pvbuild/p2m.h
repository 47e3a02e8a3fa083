/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The physical-to-machine map (p2m) of a PV guest as a data structure: what it says of every
 * PFN, written and read as a linear list or as a tree. Nothing here knows a host, a domain
 * or a file: frames are reached through functions that the caller hands in, so that it serves
 * for building, saving, dumping and looking into a guest alike.
 *
 * The forms (Xen's public xen.h and arch-x86/xen.h; doc/p2m.md has a picture):
 *
 *   list   an array of MFNs, as wide as the guest's words, indexed by PFN. What has no
 *          frame, and what is left of the last page, is all ones
 *   tree   the same pages of entries as leaves (level 1) under pages of MFNs, each naming
 *          the pages one level below; the single page on top is the root (level "levels").
 *          A tree of one level is one page of the list. Three levels are what
 *          pfn_to_mfn_frame_list_list anchors
 *
 * In a page above the leaves, an entry is the MFN of a page below; all ones where nothing
 * is below, as behind the last PFN; never 0.
 */
#ifndef PVBUILD_P2M_H
#define PVBUILD_P2M_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/export.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PVB_P2M_LEVELS_MAX 5

/* No frame: what the all ones of an entry of either width is read as. */
#define PVB_P2M_NONE UINT64_MAX

/*
 *   pfns         PFNs that it covers: 0 to pfns - 1, holes included; not 0
 *   entry_size   bytes of an entry: 8 or 4
 *   page_size    bytes of the pages that it is made of: a power of two, 4096 or more
 */
struct pvb_p2m_geometry {
	uint64_t pfns;
	uint32_t entry_size;
	uint32_t page_size;
};

/* ---- geometry: arithmetic only, and 0 where there is no such p2m ---- */

PVB_API uint64_t pvb_p2m_entries_per_page(const struct pvb_p2m_geometry *geometry);

/* Pages of the list, which are the leaves of a tree. */
PVB_API uint64_t pvb_p2m_list_pages(const struct pvb_p2m_geometry *geometry);

/* The fewest levels that reach every PFN; 0 where not even PVB_P2M_LEVELS_MAX do. */
PVB_API unsigned pvb_p2m_least_levels(const struct pvb_p2m_geometry *geometry);

/* PFNs that a tree of so many levels can hold at most; UINT64_MAX where 64 bits end before. */
PVB_API uint64_t pvb_p2m_capacity(const struct pvb_p2m_geometry *geometry, unsigned levels);

/* Pages at a level, 1 to PVB_P2M_LEVELS_MAX: 1 the leaves. */
PVB_API uint64_t pvb_p2m_level_pages(const struct pvb_p2m_geometry *geometry, unsigned level);

/*
 * Pages above the leaves of a tree of so many levels, its root included; 0 for one level, and
 * for fewer than reach every PFN.
 */
PVB_API uint64_t pvb_p2m_tree_pages(const struct pvb_p2m_geometry *geometry, unsigned levels);

/* ---- writing ---- */

/*
 * What numbers map to: PFNs to their MFNs, or pages of a p2m to the frames that hold them.
 * find() sets *mfn to what "at" maps to (PVB_P2M_NONE: nothing), and *count to how
 * many from there on continue it (ascending MFNs, or nothing), 1 <= *count <= limit.
 */
struct pvb_p2m_map {
	void *opaque;
	void (*find)(void *opaque, uint64_t at, uint64_t limit, uint64_t *mfn, uint64_t *count);
};

/* A map from extents, ascending and apart; borrows them. */
struct pvb_p2m_extent {
	uint64_t pfn;
	uint64_t mfn;
	uint64_t count;
};
struct pvb_p2m_extents {
	const struct pvb_p2m_extent *list;
	size_t count;
};
PVB_API struct pvb_p2m_map pvb_p2m_map_of(struct pvb_p2m_extents *extents);

/*
 * Called with count pages, from page first on, that lie one after the other at "at", which is
 * a multiple of the entry's size.
 */
typedef int (*pvb_p2m_visit_fn)(void *visitor, void *at, uint64_t first, uint64_t count,
				struct pvb_error *error);

/*
 * Where pages are written to: each() calls visit for count pages from first on (counted
 * within what is being written), in order, in as many pieces as it likes, and stops
 * at the first that does not return 0. Pages that nobody needs it may leave out; the others
 * are written once, and whole.
 */
struct pvb_p2m_sink {
	void *opaque;
	int (*each)(void *opaque, uint64_t first, uint64_t count, pvb_p2m_visit_fn visit,
		    void *visitor, struct pvb_error *error);
};

/* Write the list. An MFN that an entry cannot hold is PVB_E_HOST_FRAME_TOO_HIGH. */
PVB_API int pvb_p2m_write_list(const struct pvb_p2m_geometry *geometry,
			       const struct pvb_p2m_map *memory, const struct pvb_p2m_sink *sink,
			       struct pvb_error *error);

/*
 *   levels    1 to PVB_P2M_LEVELS_MAX, and no fewer than reach every PFN
 *   leaves    the frames of the list's pages, by their number; PVB_P2M_NONE for a page that
 *             is missing because none of its PFNs has a frame
 *   nodes     the frames of the pages above, numbered from the root (0) down, level by
 *             level, each ascending. A page below which every leaf is missing is missing too:
 *             it keeps its number, and is neither asked for nor written. The root is there
 *   shared    where leaves may be missing: frames of the shared pages that stand for what is
 *             missing, shared[0] for a leaf (all ones), shared[l - 1] for a subtree of level l
 *             (all entries naming shared[l - 2]); shared_count of them, levels - 1. NULL:
 *             all ones stand for what is missing, as they do behind the last PFN in any case
 */
struct pvb_p2m_tree {
	struct pvb_p2m_geometry geometry;
	uint32_t levels;
	struct pvb_p2m_map leaves;
	struct pvb_p2m_map nodes;
	const uint64_t *shared;
	size_t shared_count;
};

/*
 * Write the pages above the leaves that are there, ascending, by their numbers, of which there
 * are pvb_p2m_tree_pages(); then the shared pages, numbered on from there. PVB_E_ARG_P2M where
 * levels are too few or too many, PVB_E_HOST_FRAME_TOO_HIGH for a frame that an entry cannot hold,
 * PVB_E_ARG_INVALID for frame 0, or none for a page that has leaves.
 */
PVB_API int pvb_p2m_write_tree(const struct pvb_p2m_tree *tree, const struct pvb_p2m_sink *sink,
			       struct pvb_error *error);

/* The root's frame: of a tree of one level, that of its only leaf. */
PVB_API uint64_t pvb_p2m_root(const struct pvb_p2m_tree *tree);

/* ---- reading ---- */

/*
 * How a p2m is reached that somebody else has written. All of it is untrusted.
 *
 *   page_size bytes of a frame: a power of two from 4096 to 65536; 0 means 4096, and a list
 *             in virtual memory has no other
 *   frames    every frame that there can be is below this number; no more than 1 << 40 are taken
 *             (52 bits of address), of a 32-bit guest 1 << 30, where the marks of Linux begin
 *   read      copy count frames to "to", one after the other, each whole, and what an aligned
 *             word says as one: the guest may be writing to it. No more than 1 MiB at a time,
 *             or one frame
 *   anchors   what shared info says now, or NULL where it does not change (a dump)
 *   m2p       *pfn of a frame (PVB_P2M_NONE if it has none) and how many frames from
 *             there on continue it, 1 <= *count <= limit; or NULL where nobody knows
 *   owned     whether frames are the guest's own memory: the frames of the extents are one
 *             sequence, *owned is true of the first, and *frames of them from there on share
 *             the answer, 1 or more; or NULL where nobody knows
 */
struct pvb_p2m_anchors;
struct pvb_p2m_access {
	void *opaque;
	uint32_t page_size;
	uint64_t frames;
	int (*read)(void *opaque, const uint64_t *mfns, size_t count, void *to,
		    struct pvb_error *error);
	int (*anchors)(void *opaque, struct pvb_p2m_anchors *anchors, struct pvb_error *error);
	int (*m2p)(void *opaque, uint64_t mfn, uint64_t limit, uint64_t *pfn, uint64_t *count,
		   struct pvb_error *error);
	int (*owned)(void *opaque, const struct pvb_p2m_extent *extents, size_t count, bool *owned,
		     uint64_t *frames, struct pvb_error *error);
};

/*
 * What a shared info page says of the p2m: struct arch_shared_info of Xen's public
 * arch-x86/xen.h, and p2m_levels and p2m_root of <pvbuild/guest-abi.h>. Words are as wide
 * as the guest's; where one names a frame or an address, a narrow all ones is widened to
 * PVB_P2M_NONE, and nothing else is.
 */
struct pvb_p2m_anchors {
	uint32_t guest_bits; /* 64 or 32 */
	uint64_t max_pfn;    /* a count: the last PFN and one */
	uint64_t frame_list_list;
	uint64_t p2m_cr3;
	uint64_t p2m_vaddr;
	uint64_t p2m_generation;
	bool has_tree; /* p2m_levels and p2m_root are published */
	uint32_t p2m_levels;
	uint64_t p2m_root;
};

/* From a page of shared info, size bytes of it. */
PVB_API int pvb_p2m_read_anchors(const void *shared_info, size_t size, unsigned guest_bits,
				 struct pvb_p2m_anchors *anchors, struct pvb_error *error);

/*
 * Publish them in such a page, or move or withdraw a tree: has_tree false clears its bit in
 * valid. What else stands there is left alone. A narrow guest's words must be able to hold them.
 */
PVB_API int pvb_p2m_write_anchors(const struct pvb_p2m_anchors *anchors, void *shared_info,
				  size_t size, struct pvb_error *error);

/* Which of the anchors was followed. */
enum pvb_p2m_anchor {
	PVB_P2M_ANCHOR_BY_PREFERENCE, /* asks for the first that is there, in this order */
	PVB_P2M_ANCHOR_CR3,           /* p2m_cr3 and p2m_vaddr: a list, through page tables */
	PVB_P2M_ANCHOR_ROOT,          /* p2m_levels and p2m_root: a tree */
	PVB_P2M_ANCHOR_FRAME_LIST,    /* pfn_to_mfn_frame_list_list: a tree of three levels */
	PVB_P2M_ANCHOR_START_INFO,    /* mfn_list of a domain that has not run: a list */
};
PVB_API const char *pvb_p2m_anchor_name(enum pvb_p2m_anchor anchor);

/* What an entry of a leaf says that is no frame below access->frames. */
enum pvb_p2m_entry {
	PVB_P2M_ENTRY_FRAME,
	PVB_P2M_ENTRY_INVALID,  /* all ones: a hole */
	PVB_P2M_ENTRY_FOREIGN,  /* Linux: bit 63 (31) set, another domain's page */
	PVB_P2M_ENTRY_IDENTITY, /* Linux: bit 62 (30) set, the machine's own */
	PVB_P2M_ENTRY_WILD,     /* out of range, with none of these marks */
};

/*
 * A disagreement: the p2m says that pfn is mfn, the M2P has that frame as m2p_pfn
 * (PVB_P2M_NONE: nobody's).
 */
struct pvb_p2m_disagreement {
	uint64_t pfn;
	uint64_t mfn;
	uint64_t m2p_pfn;
	uint64_t count;
};

/*
 *   size              sizeof(struct pvb_p2m_options); PVB_P2M_OPTIONS_INIT sets it
 *   anchor            the one to follow; BY_PREFERENCE for the first that is there
 *   start_info        with ANCHOR_START_INFO: root table and address of the list, and how many
 *                     PFNs it has; or, where only the number of frames is known (nr_pages),
 *                     the most PFNs that it can have, and frames: it ends with so many
 *   attempts          how often to try until the generation stays; 0 means 8
 *   max_disagreements how many are kept, and how many extents of frames that are not the
 *                     guest's, and no more than 384 MiB of either; all are counted. 0 means 64
 *   max_extents       more than so many are PVB_E_P2M_SCATTERED, in a p2m and in what a core says
 *                     of its memory; 0 means 384 MiB of them (and as much again while those are
 *                     sought that are confirmed), and of a domain on a host no more than it can
 *                     have pages, and 1024
 *   strict            a page of a list that is not mapped is an error, as is an entry of a leaf
 *                     that is neither a frame nor a hole, a frame that is not the guest's, and
 *                     a disagreement with the M2P
 *   confirmed         extents have only frames that are the guest's, as far as that is known,
 *                     and that the M2P confirms
 */
struct pvb_p2m_options {
	size_t size;
	enum pvb_p2m_anchor anchor;
	struct {
		uint64_t cr3; /* as the register holds it */
		uint64_t list;
		uint64_t pfns;
		uint64_t frames;
	} start_info;
	unsigned attempts;
	size_t max_disagreements;
	size_t max_extents;
	bool strict;
	bool confirmed;
};

#define PVB_P2M_OPTIONS_INIT                                                                       \
	{                                                                                          \
		.size = sizeof(struct pvb_p2m_options)                                             \
	}

struct pvb_p2m;

/*
 * What was read. Owned by the p2m, immutable.
 *
 *   anchor, levels    followed; levels 0 for a list
 *   root              frame of the tree's root, or of the root page table of a list
 *   vaddr             of a list; else PVB_P2M_NONE
 *   table_pages       pages of the tree above its leaves, or page tables walked, each once
 *   leaf_pages        pages of entries that are there; of them, shared_pages are filled by a
 *                     page that stood at an earlier place already, which no page with a frame
 *                     in it does
 *   missing_pages     pages of entries that are not there
 *   extents           PFNs that have frames, ascending; adjacent ones merged
 *   frames            PFNs with a frame; holes, foreign, identity, wild: those without
 *   m2p_known         the M2P was asked; then disagreements, of which
 *                     total_disagreements PFNs are not confirmed by it
 *   restarts          how often what was read was thrown away because the guest had changed it
 *   owners_known      the owner of each frame was asked; then not_owned, of which
 *                     total_not_owned PFNs have a frame that is not the guest's, though the
 *                     entry has no mark: such a frame is another domain's, or nobody's
 */
struct pvb_p2m_info {
	struct pvb_p2m_geometry geometry;
	struct pvb_p2m_anchors anchors;
	enum pvb_p2m_anchor anchor;
	uint32_t levels;
	uint64_t root;
	uint64_t vaddr;
	uint64_t table_pages;
	uint64_t leaf_pages;
	uint64_t shared_pages;
	uint64_t missing_pages;
	const struct pvb_p2m_extent *extents;
	size_t extent_count;
	uint64_t frames;
	uint64_t holes;
	uint64_t foreign;
	uint64_t identity;
	uint64_t wild;
	bool m2p_known;
	const struct pvb_p2m_disagreement *disagreements;
	size_t disagreement_count;
	uint64_t total_disagreements;
	unsigned restarts;
	bool owners_known;
	const struct pvb_p2m_extent *not_owned;
	size_t not_owned_count;
	uint64_t total_not_owned;
};

/*
 * Read a whole p2m, and be sure of it: what is returned is what stood there at one time,
 * as far as the generation tells. *p2m is the caller's (pvb_p2m_free()). Every failure says
 * which anchor, which level and index, what was found, and what that means:
 *
 *   PVB_E_P2M_NONE      nothing published yet (the anchors are 0)
 *   PVB_E_P2M_SHARED    a page that has frames stands in two places
 *   PVB_E_P2M_SCATTERED more extents than max_extents, or more pages than can be remembered
 *   PVB_E_P2M_SHAPE     max_pfn, levels and width do not go together
 *   PVB_E_P2M_ANCHOR    an anchor that is no frame
 *   PVB_E_P2M_ZERO      an entry above the leaves that is 0: never filled in
 *   PVB_E_P2M_RANGE     an entry that is no frame of this host
 *   PVB_E_P2M_CYCLE     a page that stands above itself
 *   PVB_E_P2M_UNMAPPED  the guest's page tables do not map the list (strict: a page of it)
 *   PVB_E_P2M_TORN      it changed each time that it was read
 *   PVB_E_P2M_STUCK     a change of it was begun and not ended (an odd generation)
 *   PVB_E_P2M_M2P       the M2P says otherwise (strict)
 *   PVB_E_P2M_FOREIGN   a frame that is not the guest's (strict)
 *
 * anchors may be NULL where access has a function for them. Whatever stands there, a read ends:
 * no page is read more often than a tree has levels, and once more.
 */
PVB_API int pvb_p2m_read(const struct pvb_p2m_access *access, const struct pvb_p2m_anchors *anchors,
			 const struct pvb_p2m_options *options, struct pvb_p2m **p2m,
			 struct pvb_error *error);

/* NULL is fine. */
PVB_API void pvb_p2m_free(struct pvb_p2m *p2m);

PVB_API const struct pvb_p2m_info *pvb_p2m_info(const struct pvb_p2m *p2m);

/* What a PFN maps to, of one that was read: PVB_P2M_NONE for none. */
PVB_API uint64_t pvb_p2m_find(const struct pvb_p2m *p2m, uint64_t pfn);

/* The same for one PFN alone, without reading the rest: what its entry says, and the entry. */
PVB_API int pvb_p2m_lookup(const struct pvb_p2m_access *access,
			   const struct pvb_p2m_anchors *anchors,
			   const struct pvb_p2m_options *options, uint64_t pfn,
			   enum pvb_p2m_entry *kind, uint64_t *entry, struct pvb_error *error);

/* A page on the way to an entry, and what stands in it at index. */
enum pvb_p2m_step_kind {
	PVB_P2M_STEP_PAGE_TABLE, /* of the guest's, that map a list */
	PVB_P2M_STEP_NODE,       /* of a tree */
	PVB_P2M_STEP_LEAF,       /* a page of the list's entries */
};
struct pvb_p2m_step {
	enum pvb_p2m_step_kind kind;
	uint32_t level; /* 1 of what is next to the leaf, or is it */
	uint64_t mfn;
	uint64_t index;
	uint64_t entry;
};

/* Four page tables and a leaf, or a tree of the most levels. */
#define PVB_P2M_STEPS_MAX 5

/*
 * The way to what a p2m says of one PFN.
 *
 *   anchors to vaddr  as in struct pvb_p2m_info; vaddr is that of the entry
 *   steps             step_count of them, from the anchor's on; the last is a leaf, unless there
 *                     is none
 *   kind, entry       what is said of pfn: INVALID and PVB_P2M_NONE where there is no leaf
 *   m2p_known         the M2P was asked of a FRAME: it is that PFN's, or PVB_P2M_NONE
 *   restarts          as in struct pvb_p2m_info
 *   owner_known       somebody was asked whose a FRAME is: the guest's own, if owned
 */
struct pvb_p2m_path {
	struct pvb_p2m_geometry geometry;
	struct pvb_p2m_anchors anchors;
	enum pvb_p2m_anchor anchor;
	uint32_t levels;
	uint64_t root;
	uint64_t vaddr;
	uint64_t pfn;
	struct pvb_p2m_step steps[PVB_P2M_STEPS_MAX];
	size_t step_count;
	enum pvb_p2m_entry kind;
	uint64_t entry;
	bool m2p_known;
	uint64_t m2p_pfn;
	unsigned restarts;
	bool owner_known;
	bool owned;
};

/* Look up one PFN, tell the way, and ask the M2P and for the owner. Fails as pvb_p2m_lookup() does.
 */
PVB_API int pvb_p2m_trace(const struct pvb_p2m_access *access,
			  const struct pvb_p2m_anchors *anchors,
			  const struct pvb_p2m_options *options, uint64_t pfn,
			  struct pvb_p2m_path *path, struct pvb_error *error);

#ifdef __cplusplus
}
#endif

#endif
