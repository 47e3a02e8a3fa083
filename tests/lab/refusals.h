/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that a hypervisor must not do, and what became of them, as facts. */
#ifndef PVB_TESTS_LAB_REFUSALS_H
#define PVB_TESTS_LAB_REFUSALS_H

#include "host/host.h"
#include "lab/facts.h"

/*
 * Try each, on small domains of its own that are gone afterwards. The facts have the name of the
 * refusal, or "accepted". Returns the number of those that were accepted or could not be
 * tried; what the hypervisor said is printed with a '#' before it where verbose.
 */
unsigned try_refusals(struct pvb_host *host, struct facts *facts, bool verbose);

#endif
