/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the files that write a core dump. */
#ifndef PVB_DUMP_DUMP_H
#define PVB_DUMP_DUMP_H

#include <stdint.h>

#include "core/runs.h"
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
 * Find a domain's memory, PFN to MFN: in the p2m that its kernel has published,
 * or, before it has run, in the list that its start_info names. Every entry is
 * checked against the M2P. The caller frees runs.
 */
int pvb_dump_find_memory(struct pvb_host *host, const struct pvb_host_domain *domain,
			 const struct pvb_host_vcpu *vcpu, struct pvb_runs *runs,
			 struct pvb_error *error);

struct dump_guest;

/*
 * The same in the p2m that a running kernel has published in shared info. *published tells
 * whether it has; where not, nothing was done. What the kernel says is not its own memory,
 * and what the M2P does not confirm, is left out.
 */
int pvb_dump_published(const struct dump_guest *guest, pvb_mfn_t shared_info, bool *published,
		       struct pvb_runs *runs, struct pvb_error *error);

#endif
