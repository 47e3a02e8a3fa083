/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the files that write a core dump. */
#ifndef PVB_DUMP_DUMP_H
#define PVB_DUMP_DUMP_H

#include <stdint.h>

#include <pvbuild/p2m.h>

#include "host/host.h"

/*
 * Bytes of one vcpu_guest_context in a core. xl gives each entry the size of
 * the 64-bit structure, for 32-bit guests too.
 */
#define PVB_DUMP_CONTEXT_BYTES 5168u

/* The registers as struct vcpu_guest_context of the guest's width (Xen public arch-x86/xen.h). */
void pvb_dump_encode_context(const struct pvb_host_vcpu *vcpu, unsigned guest_bits,
			     uint8_t out[PVB_DUMP_CONTEXT_BYTES]);

/*
 * Find a paused domain's memory: in the p2m that its kernel has published, of which only what
 * the M2P confirms is taken, or, before it has run, in the list that its start_info names, all
 * of which has to be right. The caller frees *p2m.
 */
int pvb_dump_find_memory(struct pvb_host *host, const struct pvb_host_domain *domain,
			 const struct pvb_host_vcpu *vcpu, struct pvb_p2m **p2m,
			 struct pvb_error *error);

#endif
