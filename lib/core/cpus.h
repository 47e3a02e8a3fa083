/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of a machine's CPUs, by their numbers. */
#ifndef PVB_CORE_CPUS_H
#define PVB_CORE_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Xen can be configured for 16383 CPUs at most (its Kconfig's NR_CPUS, 4.19 and later). */
#define PVB_CPUS_MAX 16384u

/* CPU n is bit n % 8 of byte n / 8, as in Xen's struct xenctl_bitmap. */
struct pvb_cpus {
	uint8_t byte[PVB_CPUS_MAX / 8];
};

/* Numbers from PVB_CPUS_MAX on are in no set. */
bool pvb_cpus_has(const struct pvb_cpus *cpus, uint64_t cpu);
void pvb_cpus_put(struct pvb_cpus *cpus, uint64_t cpu, bool in);
/* The CPUs from 0 to count - 1. */
void pvb_cpus_first(struct pvb_cpus *cpus, uint64_t count);
bool pvb_cpus_empty(const struct pvb_cpus *cpus);
/* One more than the highest number in the set; 0 of an empty one. */
unsigned pvb_cpus_end(const struct pvb_cpus *cpus);

/* What is in both; what is in either; what is in a and not in b. */
void pvb_cpus_and(struct pvb_cpus *a, const struct pvb_cpus *b);
void pvb_cpus_or(struct pvb_cpus *a, const struct pvb_cpus *b);
void pvb_cpus_without(struct pvb_cpus *a, const struct pvb_cpus *b);

/* "0-3,6", or "none"; cut off with "..." where it does not fit. */
#define PVB_CPUS_TEXT 64
struct pvb_cpus_text {
	char text[PVB_CPUS_TEXT];
};
struct pvb_cpus_text pvb_cpus_format(const struct pvb_cpus *cpus);

#endif
