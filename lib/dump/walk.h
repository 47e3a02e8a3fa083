/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's own page tables and its p2m, as those read them who look for its memory. */
#ifndef PVB_DUMP_WALK_H
#define PVB_DUMP_WALK_H

#include <stdint.h>

#include "core/runs.h"
#include "core/span.h"
#include "host/host.h"

#define DUMP_PAGE_BYTES 4096u
#define DUMP_TABLE_ENTRIES 512u /* of a page table; PAE tables have as many */

struct dump_guest {
	struct pvb_host *host;
	uint32_t domid;
	unsigned bits;
	unsigned levels;
	uint64_t frames; /* below which all of the host's frames lie */
};

/* One page table or page, mapped read-only for as long as it is looked at. */
struct dump_page {
	struct pvb_host *host;
	struct pvb_span bytes;
	void *at;
};

int pvb_dump_guest(struct pvb_host *host, const struct pvb_host_domain *domain,
		   struct dump_guest *guest, struct pvb_error *error);

/* The frame of the root table, from cr3 as the guest has it (Xen's xen_cr3_to_pfn()). */
pvb_mfn_t pvb_dump_root(const struct dump_guest *guest, uint64_t cr3);

/* The guest wrote these numbers, and the host is not asked about what cannot be. */
int pvb_dump_check_frame(const struct dump_guest *guest, uint64_t mfn, uint64_t count,
			 struct pvb_error *error);

int pvb_dump_map_page(const struct dump_guest *guest, pvb_mfn_t frame, struct dump_page *page,
		      struct pvb_error *error);
void pvb_dump_unmap_page(struct dump_page *page);

/*
 * The table of level 1 that maps va. Where there is none, *missing is the level of the table
 * whose entry is not there (else 0).
 */
int pvb_dump_leaf_table(const struct dump_guest *guest, pvb_mfn_t root, uint64_t va,
			pvb_mfn_t *table, unsigned *missing, struct pvb_error *error);

/*
 * What up to count entries of a table of level 1 map, from the one for va on, as far as the
 * table goes: *count of them. What is not there, or no frame of this host, is PVB_NO_FRAME.
 */
int pvb_dump_leaf_frames(const struct dump_guest *guest, pvb_mfn_t table, uint64_t va,
			 pvb_mfn_t frames[DUMP_TABLE_ENTRIES], uint64_t *count,
			 struct pvb_error *error);

/* An entry of a p2m of that width, the narrow one's "nothing" as UINT64_MAX. */
uint64_t pvb_dump_p2m_entry(const struct dump_guest *guest, struct pvb_span bytes, uint64_t index);

/* Note a run. A PFN that was noted before is an error. */
int pvb_dump_add_run(uint64_t pfn, uint64_t mfn, uint64_t count, struct pvb_runs *runs,
		     struct pvb_error *error);

#endif
