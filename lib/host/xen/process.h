/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that others depend on, as proc(5) has them. */
#ifndef PVB_HOST_XEN_PROCESS_H
#define PVB_HOST_XEN_PROCESS_H

#include <stdint.h>

enum xen_process {
	XEN_PROCESS_ABSENT,  /* or a zombie */
	XEN_PROCESS_STOPPED, /* by a signal or a debugger */
	XEN_PROCESS_RUNS,
};

/*
 * Look for a process of that name. Pid files and locks do not say whether a daemon runs: where they
 * are differs by distribution, and xenconsoled gives up its lock as soon as it runs.
 *
 * proc: where proc(5) is. Where it cannot be read, RUNS: nothing is known, and whoever waits does
 * so for longer.
 */
enum xen_process xen_process_find(const char *proc, const char *name);

/*
 * Look at a process by its number. *started: when that was, in the units of proc(5), which tells it
 * from a later one of the same number; 0 where it is absent.
 */
enum xen_process xen_process_look(const char *proc, uint32_t pid, uint64_t *started);

#endif
