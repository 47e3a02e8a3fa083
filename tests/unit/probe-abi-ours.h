/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interface as the probe guest's header has it. */
#ifndef PVB_TESTS_UNIT_PROBE_ABI_OURS_H
#define PVB_TESTS_UNIT_PROBE_ABI_OURS_H

#include <stddef.h>
#include <stdint.h>

struct probe_abi_fact {
	const char *name;
	uint64_t value;
};

extern const struct probe_abi_fact probe_abi_ours[];
extern const size_t probe_abi_count;

#endif
