/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump/walk.h"

#include <errno.h>
#include <inttypes.h>

#include "core/checked.h"
#include "core/error.h"

#define STAGE "dump"

#define PTE_PRESENT 1u
#define PTE_FRAME(entry) (((entry) >> 12) & ((UINT64_C(1) << 40) - 1))

int pvb_dump_guest(struct pvb_host *host, const struct pvb_host_domain *domain,
		   struct dump_guest *guest, struct pvb_error *error)
{
	struct pvb_host_info info;
	int rc = pvb_host_get_info(host, &info, error);

	if (rc)
		return rc;
	*guest = (struct dump_guest){
		.host = host,
		.domid = domain->domid,
		.bits = domain->guest_bits,
		.levels = domain->guest_bits == 64 ? 4 : 3,
		.frames = UINT64_C(1) << (info.address_bits - info.page_shift),
	};
	return 0;
}

pvb_mfn_t pvb_dump_root(const struct dump_guest *guest, uint64_t cr3)
{
	if (guest->bits == 64)
		return PVB_MFN(cr3 >> 12);
	return PVB_MFN((uint32_t)cr3 >> 12 | (uint32_t)((uint32_t)cr3 << 20));
}

int pvb_dump_check_frame(const struct dump_guest *guest, uint64_t mfn, uint64_t count,
			 struct pvb_error *error)
{
	if (mfn < guest->frames && count <= guest->frames - mfn)
		return 0;
	return pvb_fail(error, PVB_E_HOST_STATE, STAGE,
			"domain %u speaks of MFN 0x%" PRIx64
			", and this host has none from 0x%" PRIx64 " on",
			guest->domid, mfn + count - 1, guest->frames);
}

int pvb_dump_map_page(const struct dump_guest *guest, pvb_mfn_t frame, struct dump_page *page,
		      struct pvb_error *error)
{
	*page = (struct dump_page){.host = guest->host};
	int rc = pvb_dump_check_frame(guest, frame.n, 1, error);

	if (!rc)
		rc = pvb_host_map_frames(guest->host, guest->domid, &frame, 1, false, &page->at,
					 error);
	if (rc)
		return rc;
	page->bytes = pvb_span(page->at, DUMP_PAGE_BYTES);
	return 0;
}

void pvb_dump_unmap_page(struct dump_page *page)
{
	pvb_host_unmap_frames(page->host, page->at, 1);
}

int pvb_dump_leaf_table(const struct dump_guest *guest, pvb_mfn_t root, uint64_t va,
			pvb_mfn_t *table, unsigned *missing, struct pvb_error *error)
{
	pvb_mfn_t frame = root;

	*missing = 0;
	for (unsigned level = guest->levels; level > 1; level--) {
		uint64_t index = (va >> (12 + 9 * (level - 1))) % DUMP_TABLE_ENTRIES;
		uint64_t entry = 0;
		struct dump_page page;
		int rc = pvb_dump_map_page(guest, frame, &page, error);

		if (rc)
			return rc;
		(void)pvb_span_u64(page.bytes, 8 * index, &entry);
		pvb_dump_unmap_page(&page);
		if (!(entry & PTE_PRESENT)) {
			*missing = level;
			return 0;
		}
		frame = PVB_MFN(PTE_FRAME(entry));
	}
	*table = frame;
	return 0;
}

int pvb_dump_leaf_frames(const struct dump_guest *guest, pvb_mfn_t table, uint64_t va,
			 pvb_mfn_t frames[DUMP_TABLE_ENTRIES], uint64_t *count,
			 struct pvb_error *error)
{
	uint64_t index = (va >> 12) % DUMP_TABLE_ENTRIES;
	struct dump_page page;
	int rc = pvb_dump_map_page(guest, table, &page, error);

	if (rc)
		return rc;
	*count = pvb_min(*count, DUMP_TABLE_ENTRIES - index);
	for (uint64_t i = 0; i < *count; i++) {
		uint64_t entry = 0;

		(void)pvb_span_u64(page.bytes, 8 * (index + i), &entry);
		frames[i] = PVB_MFN(PVB_NO_FRAME);
		if ((entry & PTE_PRESENT) && PTE_FRAME(entry) < guest->frames)
			frames[i] = PVB_MFN(PTE_FRAME(entry));
	}
	pvb_dump_unmap_page(&page);
	return 0;
}

uint64_t pvb_dump_p2m_entry(const struct dump_guest *guest, struct pvb_span bytes, uint64_t index)
{
	uint64_t wide = UINT64_MAX;
	uint32_t narrow = UINT32_MAX;

	if (guest->bits == 64) {
		(void)pvb_span_u64(bytes, 8 * index, &wide);
		return wide;
	}
	(void)pvb_span_u32(bytes, 4 * index, &narrow);
	return narrow == UINT32_MAX ? UINT64_MAX : narrow;
}

int pvb_dump_add_run(uint64_t pfn, uint64_t mfn, uint64_t count, struct pvb_runs *runs,
		     struct pvb_error *error)
{
	int rc = pvb_runs_add(runs, pfn, mfn, count);

	if (rc == -ENOMEM)
		return pvb_fail_memory(error, STAGE, "the memory of the domain");
	return rc ? pvb_fail(error, PVB_E_BUG, STAGE, "PFN 0x%" PRIx64 " was listed twice", pfn)
		  : 0;
}
