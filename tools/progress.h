/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far a build is, on a terminal, for as long as it lasts. */
#ifndef PVB_TOOLS_PROGRESS_H
#define PVB_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 *   began    session_clock() at the start: nothing is shown in the first second
 *   enabled  standard error is a terminal
 *   verbose  every line of the log is for the reader, else those that say what has no effect
 *   shown    there is a line to erase; shown_at when it was drawn
 */
struct progress {
	uint64_t began;
	uint64_t shown_at;
	bool enabled;
	bool verbose;
	bool shown;
};

void progress_begin(struct progress *progress);

/* Erases what is shown. */
void progress_end(struct progress *progress);

/* pvb_progress_fn: draws, and asks the build to stop once a signal has come. */
int progress_report(void *opaque, const char *stage, uint64_t done, uint64_t total);

/* pvb_log_fn: a line on standard error, above the bar, if it is for the reader. */
void progress_log(void *opaque, int level, const char *line);

#endif
