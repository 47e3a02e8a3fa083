/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The virtual address space of a PV guest: what of it is the guest's, and what of that Linux takes.
 */
#ifndef PVB_PLAN_SPACE_H
#define PVB_PLAN_SPACE_H

#include "plan/layout.h"

/*
 * Why a p2m list of so many pages cannot lie at the address that INIT_P2M
 * wants; or NULL where it can. *room is then the largest list, in pages, that could.
 */
const char *pvb_p2m_refusal(const struct pvb_layout_input *input, uint64_t list_pages,
			    uint64_t *room);

#endif
