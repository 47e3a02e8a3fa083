/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who waits for a domain's end, in the store: a node "monitor" beside the domain's record, with a
 * process's number and when it started.
 */
#ifndef PVB_HOST_XEN_MONITOR_H
#define PVB_HOST_XEN_MONITOR_H

#include <stdint.h>

#include "host/xen/xs.h"

#include "host/host.h"

/* pid 0: nobody. Fails with PVB_E_HOST_NO_DOMAIN where the store does not know the domain. */
int xen_monitor_write(struct xen_xs *store, const char *proc, uint32_t domid, uint32_t pid,
		      struct pvb_error *error);

int xen_monitor_read(struct xen_xs *store, const char *proc, uint32_t domid,
		     struct pvb_host_monitor *monitor, struct pvb_error *error);

#endif
