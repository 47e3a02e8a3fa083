/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A log that does not grow without end: when it is full, it becomes PATH.1, and a new one begins.
 */
#ifndef PVB_TOOLS_LOGFILE_H
#define PVB_TOOLS_LOGFILE_H

#include <stddef.h>

/* Bytes after which a log is full, which is looked at between two entries. */
#define LOGFILE_MOST (1 << 20)

/* Open for appending, begun anew where it is full. -1 and errno as open(2) has it. */
int logfile_open(const char *path, size_t most);

/* The same for one that is open already at those descriptors, "count" of them. */
void logfile_renew(const char *path, size_t most, const int *fds, size_t count);

#endif
