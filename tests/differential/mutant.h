/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernels with something changed. A mutant is named by a seed and a number, and the same each time
 * that it is made. It begins as a sound kernel and goes through a few steps, each of which
 * changes one thing; a step that knows the format sets a field to a value that means something.
 */
#ifndef PVB_TESTS_DIFFERENTIAL_MUTANT_H
#define PVB_TESTS_DIFFERENTIAL_MUTANT_H

#include <stdbool.h>
#include <stdint.h>

#include "support/blob.h"

enum { MUTANT_WHAT_MAX = 1024, MUTANT_STEPS_MAX = 6 };

struct mutant {
	struct blob file;
	struct blob inner; /* what the file unpacks to, where it is packed */
	bool packed;
	unsigned steps;             /* how many there were, those left out included */
	char what[MUTANT_WHAT_MAX]; /* the kernel, and the steps */
};

/* All steps. */
#define MUTANT_WHOLE UINT32_MAX

/* steps has a bit for each step that is to be done. */
void mutant_make(uint64_t seed, uint64_t number, uint32_t steps, struct mutant *mutant);
void mutant_free(struct mutant *mutant);

/*
 * The kernels to begin with: those that are made here, and what real ones there are in the
 * directory, which may be NULL. The end frees them.
 */
void mutant_begin(const char *directory);
void mutant_end(void);

/* No mutant is larger. */
enum { MUTANT_LARGEST = 64 << 20 };

#endif
