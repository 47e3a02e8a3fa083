/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libxl keeps of its domains in files. */
#ifndef PVB_HOST_XEN_USERDATA_H
#define PVB_HOST_XEN_USERDATA_H

#include <stdint.h>

/*
 * Remove libxl's files about a domain that it made, as it does itself when it destroys one.
 * There are none of a domain that we made, and it is no fault if some cannot be removed: they carry
 * the handle, so that no later domain will be taken for this one.
 */
void xen_userdata_remove(uint32_t domid, const uint8_t uuid[16]);

#endif
