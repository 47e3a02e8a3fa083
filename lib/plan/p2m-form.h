/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which form a guest's p2m gets: by the one who asks, else by the kernel's note. */
#ifndef PVB_PLAN_P2M_FORM_H
#define PVB_PLAN_P2M_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/p2m.h>
#include <pvbuild/plan.h>

/*
 *   tree         list and tree; otherwise what follows is 0
 *   declared     it is the kernel's note that decides
 *   levels       of the tree, exactly; 0: the fewest that reach every PFN, but no fewer
 *                than at_least
 */
struct pvb_p2m_wanted {
	bool tree;
	bool declared;
	unsigned levels;
	unsigned at_least;
};

/* What of spec is about an x86 guest's p2m, and the kernel's note. */
int pvb_resolve_p2m(const struct pvb_image_declares *declares, const struct pvb_spec *spec,
		    struct pvb_p2m_wanted *wanted, struct pvb_error *error);

/* A guest without a p2m of its own is asked nothing about one. */
int pvb_check_no_p2m(const struct pvb_spec *spec, enum pvb_guest_type type,
		     struct pvb_error *error);

/* Levels of the tree over a p2m of this size; of a list 0. */
unsigned pvb_p2m_levels(const struct pvb_p2m_wanted *wanted,
			const struct pvb_p2m_geometry *geometry);

/* The tree that is asked for reaches all of it. */
int pvb_check_p2m_levels(const struct pvb_p2m_wanted *wanted,
			 const struct pvb_p2m_geometry *geometry, struct pvb_error *error);

#endif
