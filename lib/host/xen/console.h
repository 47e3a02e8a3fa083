/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's console, as its terminal in this domain. */
#ifndef PVB_HOST_XEN_CONSOLE_H
#define PVB_HOST_XEN_CONSOLE_H

#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/progress.h>

#include "core/frames.h"
#include "host/xen/xs.h"

/*
 * How long a terminal is waited for.
 *
 *   proc        where proc(5) is, which says whether there is a console daemon
 *   served_ms   where there is one: on a loaded host it takes its time
 *   alone_ms    where there is none: one that is just being started
 *   look_ms     between two looks at whether there is one, and whether the caller will wait on
 *   progress    may be NULL; as of struct pvb_console_options
 */
struct xen_console_wait {
	const char *proc;
	int64_t served_ms;
	int64_t alone_ms;
	int look_ms;
	pvb_progress_fn progress;
	void *progress_opaque;
};

#define XEN_CONSOLE_WAIT_INIT                                                                      \
	{                                                                                          \
		.proc = "/proc", .served_ms = 120000, .alone_ms = 3000, .look_ms = 500             \
	}

/*
 * Open the terminal that the console daemon has made for a domain, raw. It makes one
 * a moment after the domain was introduced, which is waited for.
 */
int xen_console_open(uint32_t domid, const struct xen_console_wait *wait,
		     const struct xen_xs_patience *patience, int *fd, struct pvb_error *error);

/* Where the ring of a domain's console is. PVB_NO_FRAME where it has none. */
pvb_mfn_t xen_console_ring(struct xen_xs *store, uint32_t domid);

#endif
