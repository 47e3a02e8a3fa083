/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hearing of domains that come and end. */
#ifndef PVB_HOST_XEN_WATCH_H
#define PVB_HOST_XEN_WATCH_H

#include "host/xen/xs.h"

#include <pvbuild/error.h>

/*
 * A descriptor that is readable once a domain was introduced, shut down or released since the last
 * call. *watching is NULL at first; it is the connection that this goes over, to be closed with
 * xen_xen_xs_close() in the end. What is drawn from it belongs to nobody else.
 */
int xen_watch(struct xen_xs **watching, const struct xen_xs_patience *patience, int *fd,
	      struct pvb_error *error);

#endif
