/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A finished domain as facts, read through the host interface only, from vCPU 0's registers
 * on. Machine frames are told as what they are: a PFN, the shared info page, or the
 * hypervisor's.
 */
#ifndef PVB_TESTS_LAB_DUMP_H
#define PVB_TESTS_LAB_DUMP_H

#include "host/host.h"
#include "lab/facts.h"

/*
 * The domain as the hypervisor counts it, the registers, start_info, the shared info page, every
 * entry of every page table, what each page is in use as, the M2P entry of each page, the
 * grants, and what lies in the ring pages and the hypercall page (hypercall_va, or PVB_NONE). 0,
 * or -1 with a sentence in why.
 */
int dump_domain(struct pvb_host *host, uint32_t domid, uint64_t hypercall_va, struct facts *facts,
		char *why, size_t size);

#endif
