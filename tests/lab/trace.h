/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls that a host gets, in their order and with their results, as facts. */
#ifndef PVB_TESTS_LAB_TRACE_H
#define PVB_TESTS_LAB_TRACE_H

#include "lab/facts.h"
#include "lab/relay.h"

struct trace {
	struct facts *facts;
	unsigned calls;
};

/* For relay_open(). Machine frames are told as PFNs. */
struct relay_watcher trace_watcher(struct trace *trace);

#endif
