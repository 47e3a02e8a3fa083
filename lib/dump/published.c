/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the memory of a domain is that has run: in the p2m that its kernel keeps and tells
 * toolstacks of through shared info, as Linux and Mini-OS do so that they can be saved. That is
 * either a list in virtual memory, with the page tables to find it by, or a tree of frames.
 *
 * It is longer than the guest's memory where the kernel could grow (Linux' list is as long as
 * 512 GiB want it, whatever the guest has), with its empty parts mapped to one and the same page;
 * so that what was found to be empty once is not looked at again.
 */
#include "dump/dump.h"

#include "core/checked.h"
#include "core/error.h"
#include "dump/walk.h"

#define STAGE "dump"

/*
 * Xen public arch-x86/xen.h, struct arch_shared_info: max_pfn, pfn_to_mfn_frame_list_list,
 * nmi_reason, p2m_cr3, p2m_vaddr, each a word of the guest's; behind what of xen.h's struct
 * shared_info goes before it.
 */
#define ARCH_AT_64 3088u
#define ARCH_AT_32 2316u
enum { MAX_PFN, FRAME_LIST_LIST, NMI_REASON, P2M_CR3, P2M_VADDR, ARCH_WORDS };

/* More PFNs than any kernel speaks of: 256 TiB of them. */
#define PFN_LIMIT (UINT64_C(1) << 36)

/* Frames that were seen to name nothing of the guest's: one of holes, one of identities, and more.
 */
#define BARREN 4u

struct barren {
	uint64_t frames[BARREN];
	unsigned next;
};

struct published {
	const struct dump_guest *guest;
	struct pvb_runs *runs;
	uint64_t pfns;     /* that the p2m has entries for */
	uint64_t per_page; /* entries of a page of it */
	uint64_t pages;    /* of it */
	uint64_t va;       /* a list's */
	pvb_mfn_t root;    /* a list's page tables; a tree's topmost frame */
	struct barren barren_pages;
	struct barren barren_tables;
};

static bool is_barren(const struct barren *barren, pvb_mfn_t frame)
{
	for (unsigned i = 0; i < BARREN; i++)
		if (barren->frames[i] == frame.n)
			return true;
	return false;
}

static void note_barren(struct barren *barren, pvb_mfn_t frame)
{
	barren->frames[barren->next++ % BARREN] = frame.n;
}

static void forget_barren(struct barren *barren)
{
	*barren = (struct barren){.next = 0};
	for (unsigned i = 0; i < BARREN; i++)
		barren->frames[i] = PVB_NO_FRAME;
}

/* count PFNs that the p2m has at frames from mfn on; those stay of which the M2P says so too. */
static int take_run(struct published *p2m, uint64_t pfn, uint64_t mfn, uint64_t count,
		    struct pvb_error *error)
{
	for (uint64_t done = 0; done < count;) {
		uint64_t agreed;
		pvb_pfn_t owner;
		int rc = pvb_host_get_m2p_run(p2m->guest->host, PVB_MFN(mfn + done), count - done,
					      &owner, &agreed, error);

		if (!rc && owner.n == pfn + done)
			rc = pvb_dump_add_run(pfn + done, mfn + done, agreed, p2m->runs, error);
		if (rc)
			return rc;
		done += agreed;
	}
	return 0;
}

/*
 * A page of entries, for PFNs from pfn on. What is no frame of this host is no memory: nothing, a
 * page of another domain's or of the machine's (Linux marks those in the topmost bits).
 */
static int take_page(struct published *p2m, struct pvb_span bytes, uint64_t pfn, bool *empty,
		     struct pvb_error *error)
{
	const struct dump_guest *guest = p2m->guest;
	uint64_t count = pvb_min(p2m->per_page, p2m->pfns - pfn);

	*empty = true;
	for (uint64_t i = 0; i < count;) {
		uint64_t mfn = pvb_dump_p2m_entry(guest, bytes, i);
		uint64_t n = 1;

		if (mfn < guest->frames) {
			while (i + n < count && mfn + n < guest->frames &&
			       pvb_dump_p2m_entry(guest, bytes, i + n) == mfn + n)
				n++;
			int rc = take_run(p2m, pfn + i, mfn, n, error);

			if (rc)
				return rc;
			*empty = false;
		}
		i += n;
	}
	return 0;
}

/* count pages of the p2m, from the first on. *empty: none of them names a frame. */
static int take_pages(struct published *p2m, const pvb_mfn_t *frames, uint64_t first,
		      uint64_t count, bool *empty, struct pvb_error *error)
{
	*empty = true;
	for (uint64_t i = 0; i < count; i++) {
		struct dump_page page;
		bool nothing;

		if (frames[i].n >= p2m->guest->frames || is_barren(&p2m->barren_pages, frames[i]))
			continue;
		int rc = pvb_dump_map_page(p2m->guest, frames[i], &page, error);

		if (rc)
			return rc;
		rc = take_page(p2m, page.bytes, (first + i) * p2m->per_page, &nothing, error);
		pvb_dump_unmap_page(&page);
		if (rc)
			return rc;
		if (nothing)
			note_barren(&p2m->barren_pages, frames[i]);
		else
			*empty = false;
	}
	return 0;
}

/* ---- a list in virtual memory ---- */

/* Up to how many pages of the list share an entry of a table of that level. */
static uint64_t pages_of_entry(unsigned level)
{
	return UINT64_C(1) << (9 * (level - 1));
}

static int read_list(struct published *p2m, struct pvb_error *error)
{
	for (uint64_t done = 0; done < p2m->pages;) {
		uint64_t va = p2m->va + done * DUMP_PAGE_BYTES;
		pvb_mfn_t frames[DUMP_TABLE_ENTRIES];
		pvb_mfn_t table = PVB_MFN(PVB_NO_FRAME);
		unsigned missing;
		int rc = pvb_dump_leaf_table(p2m->guest, p2m->root, va, &table, &missing, error);

		if (rc)
			return rc;

		/* As far as one entry goes: of the table above the leaf, or of the one without. */
		uint64_t span = pages_of_entry(missing ? missing : 2);
		uint64_t count = pvb_min(p2m->pages - done, span - (va >> 12) % span);
		bool empty;

		if (!missing && !is_barren(&p2m->barren_tables, table)) {
			rc = pvb_dump_leaf_frames(p2m->guest, table, va, frames, &count, error);
			if (!rc)
				rc = take_pages(p2m, frames, done, count, &empty, error);
			if (rc)
				return rc;
			if (empty && count == DUMP_TABLE_ENTRIES)
				note_barren(&p2m->barren_tables, table);
		}
		done += count;
	}
	return 0;
}

/* ---- a tree of frames ---- */

/* The frames that a page of the tree names. */
static int read_frames(const struct published *p2m, pvb_mfn_t from, pvb_mfn_t *frames,
		       struct pvb_error *error)
{
	struct dump_page page;
	int rc = pvb_dump_map_page(p2m->guest, from, &page, error);

	if (rc)
		return rc;
	for (uint64_t i = 0; i < p2m->per_page; i++)
		frames[i] = PVB_MFN(pvb_dump_p2m_entry(p2m->guest, page.bytes, i));
	pvb_dump_unmap_page(&page);
	return 0;
}

static int read_tree(struct published *p2m, struct pvb_error *error)
{
	enum { ENTRIES_MAX = DUMP_PAGE_BYTES / 4 };
	pvb_mfn_t lists[ENTRIES_MAX] = {{0}};
	pvb_mfn_t frames[ENTRIES_MAX] = {{0}};
	int rc = read_frames(p2m, p2m->root, lists, error);

	for (uint64_t i = 0; !rc && i < p2m->per_page && i * p2m->per_page < p2m->pages; i++) {
		uint64_t first = i * p2m->per_page;
		bool empty;

		if (lists[i].n >= p2m->guest->frames)
			continue;
		rc = read_frames(p2m, lists[i], frames, error);
		if (!rc)
			rc = take_pages(p2m, frames, first,
					pvb_min(p2m->per_page, p2m->pages - first), &empty, error);
	}
	return rc;
}

/* ---- shared info ---- */

static int read_arch(const struct dump_guest *guest, pvb_mfn_t shared_info,
		     uint64_t words[ARCH_WORDS], struct pvb_error *error)
{
	struct dump_page page;
	int rc = pvb_dump_map_page(guest, shared_info, &page, error);

	if (rc)
		return rc;
	for (unsigned i = 0; i < ARCH_WORDS; i++) {
		uint32_t narrow = 0;

		words[i] = 0;
		if (guest->bits == 64) {
			(void)pvb_span_u64(page.bytes, ARCH_AT_64 + 8 * i, &words[i]);
		} else {
			(void)pvb_span_u32(page.bytes, ARCH_AT_32 + 4 * i, &narrow);
			/* All ones are no frame in either width, and no other value is. */
			words[i] = narrow == UINT32_MAX ? UINT64_MAX : narrow;
		}
	}
	pvb_dump_unmap_page(&page);
	return 0;
}

int pvb_dump_published(const struct dump_guest *guest, pvb_mfn_t shared_info, bool *published,
		       struct pvb_runs *runs, struct pvb_error *error)
{
	struct published p2m = {.guest = guest, .runs = runs};
	uint64_t words[ARCH_WORDS];
	int rc = read_arch(guest, shared_info, words, error);

	*published = false;
	if (rc || !words[MAX_PFN])
		return rc;
	p2m.pfns = pvb_min(words[MAX_PFN], PFN_LIMIT);
	p2m.per_page = DUMP_PAGE_BYTES / (guest->bits / 8);
	p2m.pages = pvb_div_round_up(p2m.pfns, p2m.per_page);
	forget_barren(&p2m.barren_pages);
	forget_barren(&p2m.barren_tables);
	*published = true;
	if (words[P2M_CR3]) {
		p2m.va = words[P2M_VADDR] & ~(uint64_t)(DUMP_PAGE_BYTES - 1);
		p2m.root = pvb_dump_root(guest, words[P2M_CR3]);
		return read_list(&p2m, error);
	}
	if (words[FRAME_LIST_LIST] && words[FRAME_LIST_LIST] < guest->frames) {
		p2m.root = PVB_MFN(words[FRAME_LIST_LIST]);
		return read_tree(&p2m, error);
	}
	*published = false;
	return 0;
}
