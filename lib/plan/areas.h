/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The regions of a guest's physical addresses, held against the hypervisor's page size. */
#ifndef PVB_PLAN_AREAS_H
#define PVB_PLAN_AREAS_H

#include <pvbuild/plan.h>

/*
 * Sort the areas by address, and see that no page of the hypervisor's, of 1 << shift bytes,
 * is in two of them, and that what is not trapped starts and ends on such pages. Two trapped
 * areas may meet in a page: the hypervisor gets every access, and looks at its address. The
 * first clash by address is the error.
 */
int pvb_areas_check(struct pvb_plan_area *areas, size_t count, unsigned shift,
		    struct pvb_error *error);

#endif
