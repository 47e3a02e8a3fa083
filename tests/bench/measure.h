/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Measures builds. Each is in a process of its own, so that peaks are its own.
 */
#ifndef PVB_BENCH_MEASURE_H
#define PVB_BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "peer/peer.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

struct measurement {
	double wall; /* seconds */
	double cpu;
	double decoding;    /* of cpu */
	double p2m;         /* of cpu, where the builder tells it */
	uint64_t anonymous; /* bytes at the peak, beyond what the process began with */
	uint64_t resident;
	uint64_t populate_calls;
	uint64_t map_calls;
	uint64_t bytes_mapped;
	bool ok;
	char why[256];
};

typedef int build_fn(struct pvb_host *, const struct peer_case *, struct peer_domain *);

/* On a host of this description. Times are the least of so many runs, memory is the most. */
struct measurement best_of(unsigned runs, const char *host, build_fn *build,
			   const struct peer_case *which);

#endif
