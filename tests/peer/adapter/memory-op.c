/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memory_op: populating a domain, claims, and the memory map. */
#include "peer/adapter/internal.h"

#include <errno.h>

#include <xen/memory.h>

/* Numbers of Xen's public memory.h. */
static const char *const names[] = {
	[XENMEM_increase_reservation] = "increase_reservation",
	[XENMEM_decrease_reservation] = "decrease_reservation",
	[XENMEM_maximum_ram_page] = "maximum_ram_page",
	[XENMEM_current_reservation] = "current_reservation",
	[XENMEM_maximum_reservation] = "maximum_reservation",
	[XENMEM_machphys_mfn_list] = "machphys_mfn_list",
	[XENMEM_add_to_physmap] = "add_to_physmap",
	[XENMEM_memory_map] = "memory_map",
	[XENMEM_machine_memory_map] = "machine_memory_map",
	[XENMEM_exchange] = "exchange",
	[XENMEM_machphys_mapping] = "machphys_mapping",
	[XENMEM_maximum_gpfn] = "maximum_gpfn",
	[XENMEM_remove_from_physmap] = "remove_from_physmap",
	[XENMEM_set_pod_target] = "set_pod_target",
	[XENMEM_get_pod_target] = "get_pod_target",
	[XENMEM_claim_pages] = "claim_pages",
	[XENMEM_acquire_resource] = "acquire_resource",
};

/*
 * The hypervisor takes any list of PFNs and overwrites it with MFNs, in place;
 * a host of ours takes consecutive extents. So a list is cut where it is not
 * consecutive. A short count is all that is said of a failure.
 */
static long populate(struct peer_link *link, const struct xen_memory_reservation *reservation)
{
	xen_pfn_t *extents = reservation->extent_start.p;
	unsigned shift = reservation->extent_order + XC_PAGE_SHIFT;
	uint64_t step = UINT64_C(1) << reservation->extent_order;
	uint64_t done = 0;

	if (reservation->mem_flags & XENMEMF_vnode)
		return peer_unknown("memory flag", XENMEMF_vnode, "vnode");
	while (done < reservation->nr_extents) {
		uint64_t run = 1;

		while (done + run < reservation->nr_extents &&
		       extents[done + run] == extents[done] + run * step)
			run++;

		const struct pvb_host_populate request = {
			.address = extents[done] << XC_PAGE_SHIFT,
			.shift = shift,
			.count = run,
			.address_bits = XENMEMF_get_address_bits(reservation->mem_flags),
			.node = (reservation->mem_flags & 0xff00)
					? (int)XENMEMF_get_node(reservation->mem_flags)
					: PVB_HOST_ANY_NODE,
			.exact_node = (reservation->mem_flags & XENMEMF_exact_node_request) != 0,
			.out = (pvb_extent_t *)(void *)&extents[done],
		};
		struct pvb_error error;
		uint64_t count;

		if (pvb_host_populate(link->host, reservation->domid, &request, &count, &error)) {
			(void)peer_refused(&error);
			break;
		}
		for (uint64_t i = done; i < done + count; i++)
			extents[i] = pvb_extent_frame((pvb_extent_t){extents[i]}, XC_PAGE_SHIFT).n;
		done += count;
		if (count < run)
			break;
	}
	return (long)done;
}

static long claim(struct peer_link *link, const struct xen_memory_reservation *reservation)
{
	struct pvb_error error;

	if (reservation->extent_start.p || reservation->extent_order || reservation->mem_flags)
		return -EINVAL;
	/* Domain 0 is there in Xen, and has no claim that it could give back. */
	if (reservation->domid == 0 && reservation->nr_extents == 0) {
		struct pvb_host_info info;

		if (pvb_host_get_info(link->host, &info, &error))
			return peer_refused(&error);
		return info.claims ? 0 : -ENOSYS;
	}
	if (pvb_host_claim_memory(link->host, reservation->domid,
				  (uint64_t)reservation->nr_extents << XC_PAGE_SHIFT, &error))
		return peer_refused(&error);
	return 0;
}

/* Entries of RAM, from 0 on: toolstacks give a PV domain one, and those with holes several. */
static long set_memory_map(struct peer_link *link, const struct xen_foreign_memory_map *request)
{
	enum { MOST = 1024 }; /* E820MAX */
	const struct e820entry *entry = request->map.buffer.p;
	struct pvb_host_memory map[MOST];
	struct pvb_error error;

	if (request->map.nr_entries > MOST)
		return -EINVAL;
	for (uint32_t i = 0; i < request->map.nr_entries; i++) {
		if (entry[i].type != E820_RAM || (i == 0 && entry[i].addr != 0))
			return peer_unknown("a memory map other than of memory from 0",
					    request->map.nr_entries, NULL);
		map[i] = (struct pvb_host_memory){entry[i].addr, entry[i].size};
	}
	if (pvb_host_set_memory_map(link->host, request->domid, map, request->map.nr_entries,
				    &error))
		return peer_refused(&error);
	return 0;
}

long peer_memory_op(struct peer_link *link, const uint64_t *arguments)
{
	switch (arguments[0]) {
	case XENMEM_populate_physmap:
		return populate(link, peer_pointer(arguments[1]));
	case XENMEM_claim_pages:
		return claim(link, peer_pointer(arguments[1]));
	case XENMEM_set_memory_map:
		return set_memory_map(link, peer_pointer(arguments[1]));
	case XENMEM_machphys_mfn_list:
		return peer_machphys_mfn_list(link, peer_pointer(arguments[1]));
	default:
		return peer_unknown("memory_op", arguments[0], PEER_NAME(names, arguments[0]));
	}
}
