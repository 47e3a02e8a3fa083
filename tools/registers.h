/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a guest was when it ended. */
#ifndef PVB_TOOLS_REGISTERS_H
#define PVB_TOOLS_REGISTERS_H

#include <stdint.h>

#include <pvbuild/domain.h>

/*
 * The registers of vCPUs that are up, on standard error. Nothing where the domain is gone
 * meanwhile, or has none that are known.
 */
void registers_say(struct pvb_host *host, uint32_t domid);

/*
 * The first vCPU from *vcpu on that is up, and its registers. False where there is none, or where
 * the domain cannot be looked at.
 */
bool registers_next(struct pvb_host *host, uint32_t domid, uint32_t *vcpu,
		    struct pvb_registers *registers);

#endif
