/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's page tables before the pin, what is predicted of them, and what came of it. */
#ifndef PVB_TESTS_LAB_PIN_H
#define PVB_TESTS_LAB_PIN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lab/relay.h"

#define PIN_ENTRIES 512u

struct pin_table {
	uint64_t mfn;
	uint64_t page; /* first virtual page that it covers, without sign */
	unsigned level;
	uint64_t entries[PIN_ENTRIES]; /* before the pin */
};

/*
 *   guest_bits, kernel_bit   what the prediction goes by; set before the build
 *   tables                   in the order of a walk from the root, taken when it is pinned
 *   entries, present         compared, and how many of them were present
 *   changed, wrong           how many the pin changed, and how many not as predicted
 *   xens                     entries in the hypervisor's own slots, which are not compared
 */
struct pin {
	unsigned guest_bits;
	unsigned kernel_bit;
	struct pin_table *tables;
	size_t count;
	size_t capacity;
	uint64_t entries;
	uint64_t present;
	uint64_t changed;
	uint64_t wrong;
	uint64_t xens;
	int rc; /* of reading them after the pin */
	struct pvb_error error;
	FILE *out; /* a line for each that is wrong; or NULL */
};

/* For relay_open(): reads before the pin, and compares behind it. */
struct relay_watcher pin_watcher(struct pin *pin);

void pin_free(struct pin *pin);

#endif
