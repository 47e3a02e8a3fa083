/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's console, as its terminal in this domain. */
#ifndef PVB_HOST_XEN_CONSOLE_H
#define PVB_HOST_XEN_CONSOLE_H

#include <stdint.h>

#include <pvbuild/error.h>

#include "core/frames.h"

/*
 * Open the terminal that the console daemon has made for a domain, raw. It makes one
 * a moment after the domain was introduced, which is waited for.
 */
int xen_console_open(uint32_t domid, int *fd, struct pvb_error *error);

struct xs_handle;

/* Where the ring of a domain's console is. PVB_NO_FRAME where it has none. */
pvb_mfn_t xen_console_ring(struct xs_handle *store, uint32_t domid);

#endif
