/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which kernel goes with which hypervisor, by the sizes of their pages
 * ("granules" on Arm). doc/guest-abi.md has the reasons.
 */
#ifndef PVB_PLAN_ARM64_MATRIX_H
#define PVB_PLAN_ARM64_MATRIX_H

#include <stdint.h>

#include <pvbuild/error.h>

/*
 *   host_shift     log2 of the hypervisor's page size
 *   kernel_shift   of the kernel's; 0 where nobody says
 *   declared       mask of 1 << shift of the hypervisor's page sizes that the kernel says it
 *                  copes with, 0 where it does not say
 *   processor      mask of 1 << shift of page sizes that a guest can have on this processor; 0
 *                  where that is not known
 */
struct pvb_granules {
	unsigned host_shift;
	unsigned kernel_shift;
	uint32_t declared;
	uint32_t processor;
};

/* PVB_E_HOST_GRANULE or PVB_E_PLAN_GRANULE where they do not go together. */
int pvb_granules_check(const struct pvb_granules *granules, struct pvb_error *error);

/*
 * PVB_E_HOST_GRANULE where the processor has no pages for guests of the kernel's size. Either
 * may be 0, as above.
 */
int pvb_granules_check_processor(unsigned kernel_shift, uint32_t processor, const char *stage,
				 struct pvb_error *error);

#endif
