/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the library fills a struct pvb_error. */
#ifndef PVB_CORE_ERROR_H
#define PVB_CORE_ERROR_H

#include <stdarg.h>

#include <pvbuild/error.h>

#define PVB_PRINTF(string, first) __attribute__((format(printf, string, first)))

/*
 * Record an error and return -code, so that a caller can write
 * "return pvb_fail(error, PVB_E_..., "plan", "...")". Clears context and hint.
 * error may be NULL.
 */
int pvb_fail(struct pvb_error *error, enum pvb_code code, const char *stage, const char *format,
	     ...) PVB_PRINTF(4, 5);
int pvb_vfail(struct pvb_error *error, enum pvb_code code, const char *stage, const char *format,
	      va_list arguments) PVB_PRINTF(4, 0);

/* Say what to do about the error just recorded. */
void pvb_hint(struct pvb_error *error, const char *format, ...) PVB_PRINTF(2, 3);

/* Say what was being done when it happened; the root cause stays where it is. */
void pvb_context(struct pvb_error *error, const char *format, ...) PVB_PRINTF(2, 3);

/* Out of memory in this process, while allocating for "what". */
int pvb_fail_memory(struct pvb_error *error, const char *stage, const char *what);

/* That a caller gave a path: PVB_E_ARG_INVALID for NULL, PVB_E_ARG_FILE for an empty one. */
int pvb_check_path(const char *path, const char *stage, const char *what, struct pvb_error *error);

/*
 * Check an options structure that can grow: its first member is the caller's
 * sizeof. Copies what both know of it to out (out_size bytes, the rest zero).
 * Unknown tail bytes that are not zero are refused. options may be NULL.
 */
int pvb_options(void *out, size_t out_size, const void *options, const char *stage,
		struct pvb_error *error);

/*
 * The same for a structure that the caller has filled: result is the caller's, whose first member
 * says how many bytes of it there are; own is ours. What both know is copied, but for that member;
 * what only the caller knows becomes zero.
 */
int pvb_result(void *result, const void *own, size_t own_size, const char *stage,
	       struct pvb_error *error);

#endif
