/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a domain's memory is, asked of the domain itself: from vCPU 0's rsi to
 * start_info, from there to the p2m list, through the guest's own page tables.
 */
#include "dump/dump.h"

#include <errno.h>
#include <inttypes.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/span.h"

#define STAGE "dump"
#define PAGE_BYTES 4096u
#define ENTRIES 512u /* of a page table; PAE tables have as many */

/* Xen public xen.h: struct start_info */
#define NR_PAGES_AT 32u
#define MFN_LIST_AT_64 104u
#define MFN_LIST_AT_32 68u

#define PTE_PRESENT 1u
#define PTE_FRAME(entry) (((entry) >> 12) & ((UINT64_C(1) << 40) - 1))

struct guest {
	struct pvb_host *host;
	uint32_t domid;
	unsigned bits;
	unsigned levels;
	pvb_mfn_t root;
	uint64_t frames; /* below which all of the host's frames lie */
};

/* One page table or page, mapped read-only for as long as it is looked at. */
struct page {
	struct pvb_host *host;
	const uint8_t *bytes;
	void *at;
};

/* The guest wrote these numbers, and the host is not asked about what cannot be. */
static int check_frame(const struct guest *guest, uint64_t mfn, uint64_t count,
		       struct pvb_error *error)
{
	if (mfn < guest->frames && count <= guest->frames - mfn)
		return 0;
	return pvb_fail(error, PVB_E_HOST_STATE, STAGE,
			"domain %u speaks of MFN 0x%" PRIx64
			", and this host has none from 0x%" PRIx64 " on",
			guest->domid, mfn + count - 1, guest->frames);
}

static int page_map(const struct guest *guest, pvb_mfn_t frame, struct page *page,
		    struct pvb_error *error)
{
	*page = (struct page){.host = guest->host};
	int rc = check_frame(guest, frame.n, 1, error);

	if (!rc)
		rc = pvb_host_map_frames(guest->host, guest->domid, &frame, 1, false, &page->at,
					 error);
	if (rc)
		return rc;
	page->bytes = (const uint8_t *)page->at;
	return 0;
}

static void page_unmap(struct page *page)
{
	pvb_host_unmap_frames(page->host, page->at, 1);
}

/* The table of level 1 that maps va, found anew from the root. */
static int find_leaf_table(const struct guest *guest, uint64_t va, pvb_mfn_t *table,
			   struct pvb_error *error)
{
	pvb_mfn_t frame = guest->root;

	for (unsigned level = guest->levels; level > 1; level--) {
		uint64_t index = (va >> (12 + 9 * (level - 1))) % ENTRIES;
		uint64_t entry = 0;
		struct page page;
		int rc = page_map(guest, frame, &page, error);

		if (rc)
			return rc;
		(void)pvb_span_u64(pvb_span(page.bytes, PAGE_BYTES), 8 * index, &entry);
		page_unmap(&page);
		if (!(entry & PTE_PRESENT)) {
			rc = pvb_fail(error, PVB_E_HOST_STATE, STAGE,
				      "nothing is mapped at 0x%" PRIx64
				      " of domain %u (entry %" PRIu64 " of its L%u)",
				      va, guest->domid, index, level);
			pvb_hint(error, "only a domain that has not run yet can be dumped");
			return rc;
		}
		frame = PVB_MFN(PTE_FRAME(entry));
	}
	*table = frame;
	return 0;
}

/*
 * The frames behind up to ENTRIES pages from va on that one leaf table maps;
 * *count of them.
 */
static int leaf_frames(const struct guest *guest, uint64_t va, uint64_t limit,
		       pvb_mfn_t frames[ENTRIES], uint64_t *count, struct pvb_error *error)
{
	uint64_t index = (va >> 12) % ENTRIES;
	pvb_mfn_t table = PVB_MFN(PVB_NO_FRAME);
	struct page page;
	int rc = find_leaf_table(guest, va, &table, error);

	if (!rc)
		rc = page_map(guest, table, &page, error);
	if (rc)
		return rc;
	*count = pvb_min(limit, ENTRIES - index);
	for (uint64_t i = 0; i < *count; i++) {
		uint64_t entry = 0;

		(void)pvb_span_u64(pvb_span(page.bytes, PAGE_BYTES), 8 * (index + i), &entry);
		if (!(entry & PTE_PRESENT)) {
			rc = pvb_fail(error, PVB_E_HOST_STATE, STAGE,
				      "nothing is mapped at 0x%" PRIx64 " of domain %u",
				      va + i * PAGE_BYTES, guest->domid);
			break;
		}
		frames[i] = PVB_MFN(PTE_FRAME(entry));
		rc = check_frame(guest, frames[i].n, 1, error);
		if (rc)
			break;
	}
	page_unmap(&page);
	return rc;
}

static uint64_t list_entry(struct pvb_span bytes, uint64_t index, unsigned guest_bits)
{
	uint64_t wide = UINT64_MAX;
	uint32_t narrow = UINT32_MAX;

	if (guest_bits == 64) {
		(void)pvb_span_u64(bytes, 8 * index, &wide);
		return wide;
	}
	(void)pvb_span_u32(bytes, 4 * index, &narrow);
	return narrow == UINT32_MAX ? UINT64_MAX : narrow;
}

/* Note that count PFNs from pfn on are the MFNs from mfn on, if the M2P says so too. */
static int take_run(const struct guest *guest, uint64_t pfn, uint64_t mfn, uint64_t count,
		    struct pvb_runs *runs, struct pvb_error *error)
{
	int rc = check_frame(guest, mfn, count, error);

	if (rc)
		return rc;
	for (uint64_t done = 0; done < count;) {
		uint64_t agreed;
		pvb_pfn_t owner;

		rc = pvb_host_get_m2p_run(guest->host, PVB_MFN(mfn + done), count - done, &owner,
					  &agreed, error);

		if (rc)
			return rc;
		if (owner.n != pfn + done)
			return pvb_fail(error, PVB_E_HOST_STATE, STAGE,
					"the p2m list of domain %u says that PFN 0x%" PRIx64
					" is MFN 0x%" PRIx64
					", but the M2P has that frame as PFN 0x%" PRIx64,
					guest->domid, pfn + done, mfn + done, owner.n);
		done += agreed;
	}

	rc = pvb_runs_add(runs, pfn, mfn, count);
	if (rc == -ENOMEM)
		return pvb_fail_memory(error, STAGE, "the memory of the domain");
	return rc ? pvb_fail(error, PVB_E_BUG, STAGE, "PFN 0x%" PRIx64 " was listed twice", pfn)
		  : 0;
}

/* Entries [pfn, pfn + count) of the list, which lie at bytes. All ones is a hole. */
static int take_entries(const struct guest *guest, struct pvb_span bytes, uint64_t pfn,
			uint64_t count, struct pvb_runs *runs, struct pvb_error *error)
{
	for (uint64_t i = 0; i < count;) {
		uint64_t mfn = list_entry(bytes, i, guest->bits);
		uint64_t n = 1;

		if (mfn != UINT64_MAX) {
			while (i + n < count && list_entry(bytes, i + n, guest->bits) == mfn + n)
				n++;
			int rc = take_run(guest, pfn + i, mfn, n, runs, error);

			if (rc)
				return rc;
		}
		i += n;
	}
	return 0;
}

static int read_list(const struct guest *guest, uint64_t list, uint64_t pages,
		     struct pvb_runs *runs, struct pvb_error *error)
{
	uint64_t per_page = PAGE_BYTES / (guest->bits / 8);
	uint64_t list_pages = pvb_div_round_up(pages, per_page);
	uint64_t done = 0;

	while (done < list_pages) {
		pvb_mfn_t frames[ENTRIES];
		uint64_t count;
		void *at;
		int rc = leaf_frames(guest, list + done * PAGE_BYTES, list_pages - done, frames,
				     &count, error);

		if (!rc)
			rc = pvb_host_map_frames(guest->host, guest->domid, frames, (size_t)count,
						 false, &at, error);
		if (rc)
			return rc;
		rc = take_entries(guest, pvb_span(at, count * PAGE_BYTES), done * per_page,
				  pvb_min(pages - done * per_page, count * per_page), runs, error);
		pvb_host_unmap_frames(guest->host, at, (size_t)count);
		if (rc)
			return rc;
		done += count;
	}
	return 0;
}

/* nr_pages and mfn_list of the start_info that vCPU 0 is to be handed. */
static int read_start_info(const struct guest *guest, uint64_t va, uint64_t *pages, uint64_t *list,
			   struct pvb_error *error)
{
	pvb_mfn_t frame[ENTRIES] = {{PVB_NO_FRAME}};
	uint64_t count;
	struct page page;
	int rc = leaf_frames(guest, va, 1, frame, &count, error);

	if (!rc)
		rc = page_map(guest, frame[0], &page, error);
	if (rc)
		return rc;

	struct pvb_span bytes = pvb_span(page.bytes, PAGE_BYTES);
	char magic[5] = {0};

	(void)pvb_span_copy(bytes, 0, magic, 4);
	if (guest->bits == 64) {
		(void)pvb_span_u64(bytes, NR_PAGES_AT, pages);
		(void)pvb_span_u64(bytes, MFN_LIST_AT_64, list);
	} else {
		uint32_t narrow_pages = 0, narrow_list = 0;

		(void)pvb_span_u32(bytes, NR_PAGES_AT, &narrow_pages);
		(void)pvb_span_u32(bytes, MFN_LIST_AT_32, &narrow_list);
		*pages = narrow_pages;
		*list = narrow_list;
	}
	page_unmap(&page);
	if (strcmp(magic, "xen-") != 0 || !pvb_is_aligned(*list, PAGE_BYTES)) {
		rc = pvb_fail(error, PVB_E_HOST_STATE, STAGE,
			      "vCPU 0 of domain %u does not point at a start_info (rsi 0x%" PRIx64
			      ")",
			      guest->domid, va);
		pvb_hint(error, "only a domain that has not run yet can be dumped");
	}
	return rc;
}

int pvb_dump_find_memory(struct pvb_host *host, const struct pvb_host_domain *domain,
			 const struct pvb_host_vcpu *vcpu, struct pvb_runs *runs,
			 struct pvb_error *error)
{
	struct guest guest = {
		.host = host,
		.domid = domain->domid,
		.bits = domain->guest_bits,
		.levels = domain->guest_bits == 64 ? 4 : 3,
	};
	uint64_t cr3 = vcpu->cr[3], pages = 0, list = 0;

	if (guest.bits == 64)
		guest.root = PVB_MFN(cr3 >> 12);
	else
		guest.root = PVB_MFN((uint32_t)cr3 >> 12 | (uint32_t)((uint32_t)cr3 << 20));

	struct pvb_host_info info;
	int rc = pvb_host_get_info(host, &info, error);

	if (rc)
		return rc;
	guest.frames = UINT64_C(1) << (info.address_bits - info.page_shift);
	rc = read_start_info(&guest, vcpu->rsi, &pages, &list, error);
	if (rc)
		return rc;
	if (!pages || pages > domain->max_pages)
		return pvb_fail(error, PVB_E_HOST_STATE, STAGE,
				"start_info of domain %u speaks of %" PRIu64
				" pages, of which the domain may have %" PRIu64,
				domain->domid, pages, domain->max_pages);
	rc = read_list(&guest, list, pages, runs, error);
	if (rc)
		pvb_runs_free(runs);
	return rc;
}
