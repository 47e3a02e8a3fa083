/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A p2m that was read. */
#ifndef PVB_P2M_RESULT_H
#define PVB_P2M_RESULT_H

#include <stddef.h>

#include <pvbuild/p2m.h>

/* info borrows the lists. */
struct pvb_p2m {
	struct pvb_p2m_info info;
	struct pvb_p2m_extent *extents;
	size_t extent_count;
	struct pvb_p2m_disagreement *disagreements;
	size_t disagreement_count;
	size_t disagreement_capacity;
	struct pvb_p2m_extent *not_owned;
	size_t not_owned_count;
	size_t not_owned_capacity;
};

/*
 * Hold the extents against the owners of their frames and the M2P, as far as there is somebody
 * to ask. What these do not confirm is noted, and, where only what is confirmed is asked for,
 * taken out of the extents.
 */
int pvb_p2m_compare(struct pvb_p2m *p2m, const struct pvb_p2m_access *access,
		    const struct pvb_p2m_options *options, struct pvb_error *error);

#endif
