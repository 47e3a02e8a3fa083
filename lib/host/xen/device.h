/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether there is a hypervisor below; for this no library of Xen's is needed. */
#ifndef PVB_HOST_XEN_DEVICE_H
#define PVB_HOST_XEN_DEVICE_H

#include <stdbool.h>
#include <unistd.h>

/* What Linux lets a domain make hypercalls through. */
#define XEN_DEVICE "/dev/xen/privcmd"

static inline bool xen_device_present(void)
{
	return access(XEN_DEVICE, F_OK) == 0;
}

#endif
