/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extents of a p2m as they are found, ascending; those that continue each other are merged. */
#ifndef PVB_P2M_PIECES_H
#define PVB_P2M_PIECES_H

#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/p2m.h>

/* most: more than so many are PVB_E_P2M_SCATTERED. The list is the caller's to free. */
struct p2m_pieces {
	struct pvb_p2m_extent *list;
	size_t count;
	size_t capacity;
	size_t most;
};

int pvb_p2m_add_piece(struct p2m_pieces *pieces, struct pvb_p2m_extent piece,
		      struct pvb_error *error);

#endif
