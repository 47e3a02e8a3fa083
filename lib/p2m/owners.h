/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The question whose frames are, asked of many extents at once: most are short where memory is
 * in pieces.
 */
#ifndef PVB_P2M_OWNERS_H
#define PVB_P2M_OWNERS_H

#include <stdbool.h>
#include <stddef.h>

#include <pvbuild/p2m.h>

#define P2M_OWNERS_QUEUE 256u

/*
 * take() gets every extent that was added, in order and in as many parts as there are answers.
 * Where access cannot tell, all frames are the guest's.
 */
struct p2m_owners {
	const struct pvb_p2m_access *access;
	void *opaque;
	int (*take)(void *opaque, struct pvb_p2m_extent part, bool owned, struct pvb_error *error);
	struct pvb_p2m_extent queue[P2M_OWNERS_QUEUE];
	size_t queued;
};

int pvb_p2m_owners_add(struct p2m_owners *owners, struct pvb_p2m_extent extent,
		       struct pvb_error *error);

/* What was added last is asked for, too. */
int pvb_p2m_owners_flush(struct p2m_owners *owners, struct pvb_error *error);

#endif
