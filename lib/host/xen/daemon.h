/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a process that others wait for is there at all. */
#ifndef PVB_HOST_XEN_DAEMON_H
#define PVB_HOST_XEN_DAEMON_H

/* Neither pid files nor locks say so: where they are differs by distribution, and xenconsoled's
 * lock is gone as soon as it runs. */
enum xen_daemon {
	XEN_DAEMON_ABSENT,
	XEN_DAEMON_STOPPED, /* by a signal or a debugger */
	XEN_DAEMON_RUNS,
};

/*
 * Look for a process of that name. proc: where proc(5) is. Where it cannot be read, RUNS: nothing
 * is known, and whoever waits does so for longer.
 */
enum xen_daemon xen_daemon_look(const char *proc, const char *name);

#endif
