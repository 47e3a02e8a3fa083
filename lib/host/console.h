/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page of a guest's console, which the guest can write to at any time. */
#ifndef PVB_HOST_CONSOLE_H
#define PVB_HOST_CONSOLE_H

#include <pvbuild/domain.h>

/* Where things are in it: struct xencons_interface of Xen's public io/console.h. */
enum {
	PVB_CONSOLE_RING_OUT = 1024,
	PVB_CONSOLE_RING_TAKEN = 3080,   /* out_cons */
	PVB_CONSOLE_RING_WRITTEN = 3084, /* out_prod */
};

/* Fill all of ring but its size from the page. */
void pvb_console_ring_read(struct pvb_console_ring *ring, const void *page);

#endif
