/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The record of a domain (struct pvb_host_record), in the store: a folder "pvbuild" in the
 * domain's own, so that whoever removes the domain removes it too, which the toolstack's
 * domain alone may read.
 */
#ifndef PVB_HOST_XEN_RECORD_H
#define PVB_HOST_XEN_RECORD_H

#include <stdint.h>

#include "host/xen/xs.h"

#include "host/host.h"

/* After the domain was introduced: that clears its folder. */
int xen_record_write(struct xen_xs *store, uint32_t domid, const struct pvb_host_record *record,
		     struct pvb_error *error);

/* All zero where there is none. Fails with PVB_E_HOST_STORE where what is there is no record. */
int xen_record_read(struct xen_xs *store, uint32_t domid, struct pvb_host_record *record,
		    struct pvb_error *error);

#endif
