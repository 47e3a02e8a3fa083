/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How callers follow what takes its time. */
#ifndef PVBUILD_PROGRESS_H
#define PVBUILD_PROGRESS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Called as something goes on. stage is the name of the stage; done of total in
 * the stage's own unit (bytes), total 0 where there is nothing to count. A
 * non-zero return stops it: what was begun is undone, and the call fails with
 * PVB_E_ARG_CANCELLED.
 */
typedef int (*pvb_progress_fn)(void *opaque, const char *stage, uint64_t done, uint64_t total);

/*
 * One line, without a newline, for a log. level: -1 something that was asked for has no effect,
 * 0 notice, 1 detail.
 */
typedef void (*pvb_log_fn)(void *opaque, int level, const char *line);

#ifdef __cplusplus
}
#endif

#endif
