/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors of the tool's own, and saying any error to a person. */
#ifndef PVB_TOOLS_FAULT_H
#define PVB_TOOLS_FAULT_H

#include <stdbool.h>
#include <stdio.h>

#include <pvbuild/error.h>

/*
 * Exit statuses, as in pvbuild(1). Those from EXIT_ENDED on say how a guest ended that was watched:
 * EXIT_ENDED and enum pvb_shutdown_reason, but for a poweroff, which is as good as done.
 */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
	EXIT_HOST = 3,
	EXIT_FINDINGS = 4,
	EXIT_ENDED = 10,
	EXIT_DESTROYED = 16, /* by somebody, before anybody saw why it ended */
	EXIT_ENDED_OTHERWISE = 17,
	EXIT_BUG = 70,
};

#define PRINTF_LIKE(string, first) __attribute__((format(printf, string, first)))

/* Record an error and return -code, as the library does. */
int fault(struct pvb_error *error, enum pvb_code code, const char *stage, const char *format, ...)
	PRINTF_LIKE(4, 5);
void fault_hint(struct pvb_error *error, const char *format, ...) PRINTF_LIKE(2, 3);
int fault_memory(struct pvb_error *error, const char *what);

/* The exit status that goes with an error. */
enum exit_status fault_status(const struct pvb_error *error);

/* Write an error to standard error: cause, context, hint, code. */
void fault_say(const struct pvb_error *error);

/* What was printed has to arrive: a full disk or a closed pipe is an error like any other. */
int output_flush(struct pvb_error *error);

/* Whether an error is that of output_flush(). */
bool output_failed(const struct pvb_error *error);

/* One line on standard error: "pvbuild: warning: ...", "pvbuild: note: ...". */
void warn(const char *format, ...) PRINTF_LIKE(1, 2);
void note(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
