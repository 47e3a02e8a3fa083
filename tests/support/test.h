/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every test includes: cmocka in the order that it wants, and a few checks of ours. */
#ifndef PVB_TESTS_TEST_H
#define PVB_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pvbuild/error.h>

/*
 * The call failed with exactly this code, said why, and returned what it
 * recorded. Shows the message where it did not.
 */
#define assert_fails_with(call, code_, error_)                                                     \
	do {                                                                                       \
		memset((error_), 0, sizeof *(error_));                                             \
		int rc_ = (call);                                                                  \
		if (rc_ != -(int)(code_))                                                          \
			print_error("%s: wanted %s, got %s: %s\n", #call,                          \
				    pvb_code_name((int)(code_)), pvb_code_name(-rc_),              \
				    (error_)->message);                                            \
		assert_int_equal(rc_, -(int)(code_));                                              \
		assert_int_equal((error_)->code, (int)(code_));                                    \
		assert_true((error_)->message[0] != '\0');                                         \
	} while (0)

/* The call succeeded; shows the error where it did not. */
#define assert_ok(call, error_)                                                                    \
	do {                                                                                       \
		memset((error_), 0, sizeof *(error_));                                             \
		int rc_ = (call);                                                                  \
		if (rc_)                                                                           \
			print_error("%s: %s: %s [%s] %s\n", #call, (error_)->stage,                \
				    (error_)->message, (error_)->context, (error_)->hint);         \
		assert_int_equal(rc_, 0);                                                          \
	} while (0)

/* Open file descriptors of this process, to see that nothing leaks. */
unsigned count_open_fds(void);

/* Mappings of this process (lines of /proc/self/maps). */
unsigned count_mappings(void);

/* Of them those whose line has a word in it: whatever else malloc() or a sanitizer may map. */
unsigned count_mappings_of(const char *what);

/* A memfd of so many bytes, with some of the generator's in each of its pages. */
int random_file(uint64_t bytes, uint64_t seed);

/* Where a kernel of the distribution is; says why there is none. */
bool kernel_of_distribution(const char *name, char path[4096]);

/* A small, fast, seeded generator for property tests: the same sequence every run. */
uint64_t test_random(uint64_t *state);

#endif
