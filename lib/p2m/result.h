/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A p2m that was read. */
#ifndef PVB_P2M_RESULT_H
#define PVB_P2M_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include <pvbuild/p2m.h>

/* info borrows the lists. */
struct pvb_p2m {
	struct pvb_p2m_info info;
	struct pvb_p2m_extent *extents;
	size_t extent_count;
	struct pvb_p2m_disagreement *disagreements;
	size_t disagreement_count;
	size_t max_disagreements;
};

/*
 * Hold the extents against the M2P: what it does not confirm is noted, and, confirmed_only,
 * taken out of them.
 */
int pvb_p2m_compare(struct pvb_p2m *p2m, const struct pvb_p2m_access *access, bool strict,
		    bool confirmed_only, struct pvb_error *error);

#endif
