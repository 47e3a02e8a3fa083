/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Case after case, and what came of it. */
#ifndef PVB_TESTS_DIFFERENTIAL_RUN_H
#define PVB_TESTS_DIFFERENTIAL_RUN_H

#include <stdio.h>

#include "differential/judge.h"
#include "differential/mutant.h"
#include "support/elf-builder.h"

struct run {
	struct theirs *theirs;
	uint64_t seed;
	uint64_t next; /* number of the next case */
	uint64_t cases, accepted, accepted_by_both, built, built_by_both, ended;
	uint64_t failures; /* cases with a difference that nothing excuses */
	uint64_t excused[EXCUSES_MAX];
	/* Of each entry the first case that it alone excused; of others the first of all. */
	uint64_t example[EXCUSES_MAX];
	bool alone[EXCUSES_MAX];
};

/* PVB_KERNELS names a folder of real kernels, or they are left out. */
void run_begin(struct run *run, uint64_t seed);
void run_end(struct run *run);

/* Of what both accept, and find the same facts of, one in so many cases is built. */
enum { RUN_BUILD_EVERY = 64, RUN_BUILD_OF_ODD = 8 };

/* Failures are printed as they come, the first twenty of them. */
void run_cases(struct run *run, uint64_t count);
void run_report(const struct run *run, FILE *to);

/* One case by its number, without an entry of the list, or excuse_count. */
void run_judge(struct run *run, uint64_t number, size_t without, struct verdict *verdict);

/* A file that is no mutant. */
void run_read(struct run *run, const struct blob *file, struct facts *ours, struct facts *theirs);

/*
 * Leave out steps of a case, and undo bytes of what remains, as long as what is not excused stays
 * the same. The file that comes out is the caller's.
 */
void run_shrink(struct run *run, uint64_t number, size_t without, struct blob *file,
		struct verdict *verdict);

/* The program's commands; returns its exit status. */
int run_command(int argc, char **argv);

#endif
