/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the adapter offers to the program that it is preloaded into.
 *
 * The adapter stands in for libxencall, libxenforeignmemory and (as far as
 * opening it goes) libxendevicemodel, so that Xen's own libxenctrl and
 * libxenguest, unmodified, work on a host of ours. It decodes each hypercall as
 * the hypervisor would and turns it into calls of lib/host/host.h.
 */
#ifndef PVB_PEER_ADAPTER_H
#define PVB_PEER_ADAPTER_H

#include <pvbuild/host.h>

/*
 * Handles that are opened from now on talk to this host, until another is
 * attached. A program finds the function with dlsym(): that it is there says
 * that the adapter is loaded.
 */
#define PEER_ATTACH "peer_attach"
typedef void peer_attach_fn(struct pvb_host *host);
PVB_API peer_attach_fn peer_attach;

/*
 * From now on the hypercall of this number (__HYPERVISOR_*), where its command is this
 * one (of domctl, sysctl, memory_op, ...), fails with this errno; 0 for as it is.
 */
#define PEER_REFUSE "peer_refuse"
typedef void peer_refuse_fn(unsigned op, unsigned command, int reason);
PVB_API peer_refuse_fn peer_refuse;

#endif
