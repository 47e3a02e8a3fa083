/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What fuzzing begins with: sound inputs of every kind, and what once broke something. */
#ifndef PVB_TESTS_FUZZ_SEEDS_H
#define PVB_TESTS_FUZZ_SEEDS_H

#include "support/blob.h"

struct seed {
	const char *name;
	int (*target)(const uint8_t *data, size_t size);
	struct blob (*make)(void);
};

/* Ends with a name of NULL. */
extern const struct seed seeds[];

#endif
