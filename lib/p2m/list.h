/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The linear p2m list: an array, indexed by PFN, of MFNs as wide as the guest's
 * own words (start_info.mfn_list of Xen's public xen.h). A PFN without a frame,
 * and what is left of the last page, reads all ones.
 *
 * Nothing here knows how the frames that hold it are reached: it is handed a way.
 */
#ifndef PVB_P2M_LIST_H
#define PVB_P2M_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/error.h>

#include "core/runs.h"

/*
 *   pages        PFNs that the list covers: 0 to pages - 1
 *   entry_size   8 or 4 bytes
 *   page_shift   of the frames that hold it
 */
struct pvb_p2m_geometry {
	uint64_t pages;
	unsigned entry_size;
	unsigned page_shift;
};

uint64_t pvb_p2m_entries_per_frame(const struct pvb_p2m_geometry *geometry);

/* Frames that hold the whole list. */
uint64_t pvb_p2m_list_frames(const struct pvb_p2m_geometry *geometry);

/*
 * Encode count frames of the list, from its frame first on, into to. memory maps PFN to MFN.
 * False, with *pfn set, where an MFN does not fit into an entry or would read as a hole.
 */
bool pvb_p2m_list_encode(const struct pvb_p2m_geometry *geometry, const struct pvb_runs *memory,
			 uint64_t first, uint64_t count, void *to, uint64_t *pfn);

/* Called with count frames, from frame first on, that lie one after the other at "at". */
typedef int (*pvb_p2m_visit_fn)(void *visitor, void *at, uint64_t first, uint64_t count,
				struct pvb_error *error);

/*
 * How the frames of a p2m are reached: each() calls visit for count frames from first on
 * (counted within the p2m), in order, in as many pieces as it likes, and stops at the first
 * that does not return 0.
 */
struct pvb_p2m_frames {
	void *opaque;
	int (*each)(void *opaque, uint64_t first, uint64_t count, pvb_p2m_visit_fn visit,
		    void *visitor, struct pvb_error *error);
};

/* Write the whole list, each frame once. */
int pvb_p2m_list_write(const struct pvb_p2m_geometry *geometry, const struct pvb_runs *memory,
		       const struct pvb_p2m_frames *frames, struct pvb_error *error);

#endif
