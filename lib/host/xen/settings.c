/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a toolstack sets of a domain before it runs. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "host/xen/xen.h"

#include "core/cleanup.h"

int xen_set_guest_bits(struct pvb_host *host, uint32_t domid, unsigned bits,
		       struct pvb_error *error)
{
	static const char call[] = "set_guest_bits";
	struct xen_host *xen = xen_of(host);
	struct xen_domctl domctl = {
		.cmd = XEN_DOMCTL_set_address_size,
		.domain = (domid_t)domid,
		.u.address_size.size = bits,
	};

	if (xc_domctl(xen->xc, &domctl) == 0)
		return 0;
	if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL) {
		int rc = pvb_fail(error, PVB_E_HOST_GUEST_TYPE, call,
				  "this hypervisor runs no %u-bit PV domains: it has \"%s\"", bits,
				  xen->info.capabilities);
		if (bits == 32)
			pvb_hint(error, "Xen has to be built with CONFIG_PV32, and booted without "
					"pv=no-32");
		return rc;
	}
	if (errno == EACCES)
		return pvb_fail(error, PVB_E_HOST_STATE, call,
				"domain %u has memory already; its width is set before it has any",
				domid);
	return xen_refused(xen, error, PVB_E_HOST_GUEST_TYPE, call, errno,
			   "domain %u cannot be made a %u-bit one", domid, bits);
}

int xen_set_max_memory(struct pvb_host *host, uint32_t domid, uint64_t bytes,
		       struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);

	if (xc_domain_setmaxmem(xen->xc, domid, bytes >> 10) == 0)
		return 0;
	return xen_refused(xen, error, PVB_E_HOST_LIMIT, "set_max_memory", errno,
			   "domain %u cannot be allowed %" PRIu64 " bytes of memory", domid, bytes);
}

/* Xen takes 128 entries, and from 4.9 on 1024 (E820MAX). */
int xen_set_memory_map(struct pvb_host *host, uint32_t domid, const struct pvb_host_memory *map,
		       size_t count, struct pvb_error *error)
{
	static const char call[] = "set_memory_map";
	struct xen_host *xen = xen_of(host);
	uint64_t bytes = 0;

	if (!count)
		return pvb_fail(error, PVB_E_ARG_INVALID, call, "a memory map without memory");
	PVB_AUTO_FREE struct e820entry *entries = calloc(count, sizeof *entries);

	if (!entries)
		return pvb_fail_memory(error, call, "a memory map");
	for (size_t i = 0; i < count; i++) {
		entries[i].addr = map[i].address;
		entries[i].size = map[i].bytes;
		entries[i].type = E820_RAM;
		bytes += map[i].bytes;
	}
	if (xc_domain_set_memory_map(xen->xc, domid, entries, (uint32_t)count) == 0)
		return 0;
	return xen_refused(xen, error, PVB_E_HOST_DENIED, call, errno,
			   "domain %u cannot be given a memory map of %" PRIu64
			   " bytes in %zu pieces",
			   domid, bytes, count);
}

int xen_alloc_event_channel(struct pvb_host *host, uint32_t domid, uint32_t remote, uint32_t *port,
			    struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	xc_evtchn_port_or_error_t got = xc_evtchn_alloc_unbound(xen->xc, domid, remote);

	if (got < 0)
		return xen_refused(xen, error, PVB_E_HOST_LIMIT, "alloc_event_channel", errno,
				   "domain %u gets no event channel that domain %u can bind", domid,
				   remote);
	*port = (uint32_t)got;
	return 0;
}
