/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's end in the hypervisor: what the library and the guard do in the same way. */
#ifndef PVB_HOST_XEN_END_H
#define PVB_HOST_XEN_END_H

#include <stdint.h>

#include <xenctrl.h>

#include "host/xen/xs.h"

/* Stop a domain and destroy it. Returns 0, or the errno of the hypervisor; ESRCH: there is none. */
int xen_end(xc_interface *xc, uint32_t domid);

enum xen_ended {
	XEN_ENDED_GONE,    /* the number is free, or another domain's */
	XEN_ENDED_STAYS,   /* somebody has pages of it still */
	XEN_ENDED_UNKNOWN, /* the hypervisor does not say: errno */
};

/*
 * Wait until the hypervisor does not know a destroyed domain of this handle any more.
 *
 *   pages   that it still has, where it stays
 */
enum xen_ended xen_await_end(xc_interface *xc, uint32_t domid, const uint8_t handle[16],
			     const struct xen_xs_patience *patience, uint64_t *pages);

#endif
