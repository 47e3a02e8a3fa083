/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a target says of an outcome: the process aborts where it is not so. */
#ifndef PVB_TESTS_FUZZ_CHECK_H
#define PVB_TESTS_FUZZ_CHECK_H

#include <stdbool.h>

#include <pvbuild/error.h>

#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_broken(#condition, __FILE__, __LINE__, NULL);                         \
	} while (0)

/* The same, of a call that filled error. */
#define must_after(condition, error)                                                               \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_broken(#condition, __FILE__, __LINE__, (error));                      \
	} while (0)

_Noreturn void fuzz_broken(const char *what, const char *file, int line,
			   const struct pvb_error *error);

/* rc is 0, or what error says, which is whole, can be acted on, and is not a bug of ours. */
void must_be_sound(int rc, const struct pvb_error *error);

#endif
