/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a domain's memory is, asked of the domain itself. One that has not run
 * yet has vCPU 0's rsi point at start_info, and that at the p2m list, through
 * the guest's own page tables. One that has run is asked for what its kernel
 * has published.
 */
#include "dump/dump.h"

#include <inttypes.h>
#include <string.h>

#include "core/checked.h"
#include "core/error.h"
#include "dump/walk.h"

#define STAGE "dump"
#define HINT                                                                                       \
	"a domain can be dumped that has not run yet, or whose kernel has published its p2m in "   \
	"shared info"

/* Xen public xen.h: struct start_info */
#define NR_PAGES_AT 32u
#define MFN_LIST_AT_64 104u
#define MFN_LIST_AT_32 68u

/*
 * The frames behind up to *count pages from va on that one leaf table maps, *count of them up to
 * the first that is not there, and at least one.
 */
static int leaf_frames(const struct dump_guest *guest, pvb_mfn_t root, uint64_t va,
		       pvb_mfn_t frames[DUMP_TABLE_ENTRIES], uint64_t *count,
		       struct pvb_error *error)
{
	pvb_mfn_t table = PVB_MFN(PVB_NO_FRAME);
	unsigned missing;
	int rc = pvb_dump_leaf_table(guest, root, va, &table, &missing, error);

	if (!rc && missing) {
		rc = pvb_fail(error, PVB_E_HOST_STATE, STAGE,
			      "nothing is mapped at 0x%" PRIx64
			      " of domain %u (no entry in its L%u)",
			      va, guest->domid, missing);
		pvb_hint(error, HINT);
	}
	if (!rc)
		rc = pvb_dump_leaf_frames(guest, table, va, frames, count, error);
	if (rc)
		return rc;
	for (uint64_t i = 0; i < *count; i++)
		if (frames[i].n == PVB_NO_FRAME)
			*count = i;
	if (*count)
		return 0;
	return pvb_fail(error, PVB_E_HOST_STATE, STAGE,
			"no frame of this host is mapped at 0x%" PRIx64 " of domain %u", va,
			guest->domid);
}

/* Note that count PFNs from pfn on are the MFNs from mfn on, if the M2P says so too. */
static int take_run(const struct dump_guest *guest, uint64_t pfn, uint64_t mfn, uint64_t count,
		    struct pvb_runs *runs, struct pvb_error *error)
{
	int rc = pvb_dump_check_frame(guest, mfn, count, error);

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

	return pvb_dump_add_run(pfn, mfn, count, runs, error);
}

/*
 * Entries [pfn, pfn + count) of the list, which lie at bytes, as long as there are pages left
 * that have memory. All ones is a hole.
 */
static int take_entries(const struct dump_guest *guest, struct pvb_span bytes, uint64_t pfn,
			uint64_t count, uint64_t *pages, struct pvb_runs *runs,
			struct pvb_error *error)
{
	for (uint64_t i = 0; i < count && *pages;) {
		uint64_t mfn = pvb_dump_p2m_entry(guest, bytes, i);
		uint64_t n = 1;

		if (mfn != UINT64_MAX) {
			while (i + n < count && n < *pages &&
			       pvb_dump_p2m_entry(guest, bytes, i + n) == mfn + n)
				n++;
			*pages -= n;
			int rc = take_run(guest, pfn + i, mfn, n, runs, error);

			if (rc)
				return rc;
		}
		i += n;
	}
	return 0;
}

/*
 * So many pages have memory, and the list is longer than that where there are holes between
 * them: it ends with the last of them. What is mapped behind that is not looked into.
 */
static int read_list(const struct dump_guest *guest, pvb_mfn_t root, uint64_t list, uint64_t pages,
		     struct pvb_runs *runs, struct pvb_error *error)
{
	uint64_t per_page = DUMP_PAGE_BYTES / (guest->bits / 8);
	uint64_t done = 0;

	while (pages) {
		pvb_mfn_t frames[DUMP_TABLE_ENTRIES];
		uint64_t count = DUMP_TABLE_ENTRIES;
		void *at;
		int rc = leaf_frames(guest, root, list + done * DUMP_PAGE_BYTES, frames, &count,
				     error);

		if (!rc)
			rc = pvb_host_map_frames(guest->host, guest->domid, frames, (size_t)count,
						 false, &at, error);
		if (rc)
			return rc;
		rc = take_entries(guest, pvb_span(at, count * DUMP_PAGE_BYTES), done * per_page,
				  count * per_page, &pages, runs, error);
		pvb_host_unmap_frames(guest->host, at, (size_t)count);
		if (rc)
			return rc;
		done += count;
	}
	return 0;
}

/* nr_pages and mfn_list of the start_info that vCPU 0 is to be handed. */
static int read_start_info(const struct dump_guest *guest, pvb_mfn_t root, uint64_t va,
			   uint64_t *pages, uint64_t *list, struct pvb_error *error)
{
	pvb_mfn_t frame[DUMP_TABLE_ENTRIES] = {{PVB_NO_FRAME}};
	uint64_t count = 1;
	struct dump_page page;
	int rc = leaf_frames(guest, root, va, frame, &count, error);

	if (!rc)
		rc = pvb_dump_map_page(guest, frame[0], &page, error);
	if (rc)
		return rc;

	char magic[5] = {0};

	(void)pvb_span_copy(page.bytes, 0, magic, 4);
	if (guest->bits == 64) {
		(void)pvb_span_u64(page.bytes, NR_PAGES_AT, pages);
		(void)pvb_span_u64(page.bytes, MFN_LIST_AT_64, list);
	} else {
		uint32_t narrow_pages = 0, narrow_list = 0;

		(void)pvb_span_u32(page.bytes, NR_PAGES_AT, &narrow_pages);
		(void)pvb_span_u32(page.bytes, MFN_LIST_AT_32, &narrow_list);
		*pages = narrow_pages;
		*list = narrow_list;
	}
	pvb_dump_unmap_page(&page);
	if (strcmp(magic, "xen-") != 0 || !pvb_is_aligned(*list, DUMP_PAGE_BYTES)) {
		rc = pvb_fail(error, PVB_E_HOST_STATE, STAGE,
			      "vCPU 0 of domain %u does not point at a start_info (rsi 0x%" PRIx64
			      ")",
			      guest->domid, va);
		pvb_hint(error, HINT);
	}
	return rc;
}

/* In the p2m list that the builder made, in which everything has to be right. */
static int find_as_built(const struct dump_guest *guest, const struct pvb_host_domain *domain,
			 const struct pvb_host_vcpu *vcpu, struct pvb_runs *runs,
			 struct pvb_error *error)
{
	pvb_mfn_t root = pvb_dump_root(guest, vcpu->cr[3]);
	uint64_t pages = 0, list = 0;
	int rc = read_start_info(guest, root, vcpu->rsi, &pages, &list, error);

	if (rc)
		return rc;
	if (!pages || pages > domain->max_pages)
		return pvb_fail(error, PVB_E_HOST_STATE, STAGE,
				"start_info of domain %u speaks of %" PRIu64
				" pages, of which the domain may have %" PRIu64,
				domain->domid, pages, domain->max_pages);
	return read_list(guest, root, list, pages, runs, error);
}

int pvb_dump_find_memory(struct pvb_host *host, const struct pvb_host_domain *domain,
			 const struct pvb_host_vcpu *vcpu, struct pvb_runs *runs,
			 struct pvb_error *error)
{
	struct dump_guest guest;
	bool published = false;
	int rc = pvb_dump_guest(host, domain, &guest, error);

	if (!rc)
		rc = pvb_dump_published(&guest, domain->shared_info, &published, runs, error);
	if (!rc && !published)
		rc = find_as_built(&guest, domain, vcpu, runs, error);
	if (rc)
		pvb_runs_free(runs);
	return rc;
}
