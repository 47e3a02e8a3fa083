/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of CPUs as people write them, in the syntax of xl.cfg(5). */
#ifndef PVB_BUILD_CPUS_H
#define PVB_BUILD_CPUS_H

#include "core/cpus.h"
#include "core/error.h"
#include "host/host.h"

/*
 * The CPUs that a list names; numbers that no CPU of the host has are left out. nodes:
 * NUMA nodes have numbers below this. An empty list names none. PVB_E_ARG_CPUS where the list
 * cannot be understood.
 */
int pvb_parse_cpus(struct pvb_host *host, unsigned nodes, const char *list, struct pvb_cpus *cpus,
		   struct pvb_error *error);

#endif
