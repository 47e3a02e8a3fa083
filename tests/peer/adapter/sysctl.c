/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sysctl: the machine, the list of domains, the hypervisor's messages, CPU policies. */
#include "peer/adapter/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of Xen's public sysctl.h. */
static const char *const names[] = {
	[XEN_SYSCTL_readconsole] = "readconsole",
	[XEN_SYSCTL_tbuf_op] = "tbuf_op",
	[XEN_SYSCTL_physinfo] = "physinfo",
	[XEN_SYSCTL_sched_id] = "sched_id",
	[XEN_SYSCTL_perfc_op] = "perfc_op",
	[XEN_SYSCTL_getdomaininfolist] = "getdomaininfolist",
	[XEN_SYSCTL_debug_keys] = "debug_keys",
	[XEN_SYSCTL_getcpuinfo] = "getcpuinfo",
	[XEN_SYSCTL_availheap] = "availheap",
	[XEN_SYSCTL_cputopoinfo] = "cputopoinfo",
	[XEN_SYSCTL_numainfo] = "numainfo",
	[XEN_SYSCTL_cpupool_op] = "cpupool_op",
	[XEN_SYSCTL_get_cpu_featureset] = "get_cpu_featureset",
	[XEN_SYSCTL_get_cpu_policy] = "get_cpu_policy",
};

/* Any hypervisor's first message, where what matters here stands at its end. */
#define BANNER "(XEN) Xen version %u.%u (peer@adapter) (gcc (Debian)) debug=%c  once\n"

/* Room that a CPU policy takes. */
#define POLICY_LEAVES 64
#define POLICY_MSRS 8

static long physinfo(struct peer_link *link, struct xen_sysctl *op)
{
	struct xen_sysctl_physinfo *out = &op->u.physinfo;
	struct pvb_host_info info;
	struct pvb_error error;
	unsigned cpus;
	long rc = peer_cpu_count(link, &cpus);

	if (rc)
		return rc;
	if (pvb_host_get_info(link->host, &info, &error))
		return peer_refused(&error);
	memset(out, 0, sizeof *out);
	out->threads_per_core = out->cores_per_socket = 1;
	out->nr_cpus = cpus;
	out->max_cpu_id = cpus - 1;
	out->nr_nodes = info.nodes > 1 ? info.nodes - 1 : 1; /* the first is not there */
	out->max_node_id = 63;
	out->capabilities =
		XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1 | XEN_SYSCTL_PHYSCAP_gnttab_v2;
	out->total_pages = info.memory_total >> info.page_shift;
	out->free_pages = info.memory_free >> info.page_shift;
	out->scrub_pages = info.memory_scrubbing >> info.page_shift;
	out->outstanding_pages = info.memory_claimed >> info.page_shift;
	out->max_mfn = (UINT64_C(1) << (info.address_bits - info.page_shift)) - 1;
	return 0;
}

/* No more than how far their numbers go. */
static long numainfo(struct peer_link *link, struct xen_sysctl *op)
{
	struct pvb_host_info info;
	struct pvb_error error;

	if (op->u.numainfo.meminfo.p || op->u.numainfo.distance.p)
		return peer_unknown("numainfo of memory or distances", 0, NULL);
	if (pvb_host_get_info(link->host, &info, &error))
		return peer_refused(&error);
	op->u.numainfo.num_nodes = info.nodes;
	return 0;
}

/* Xen adds up from one width to another; nobody here asks for less than all nodes. */
static long availheap(struct peer_link *link, struct xen_sysctl *op)
{
	struct xen_sysctl_availheap *heap = &op->u.availheap;
	unsigned bits = heap->max_bitwidth ? heap->max_bitwidth : 64;
	uint64_t to, from = 0;
	struct pvb_error error;

	if (heap->node != -1)
		return peer_unknown("availheap of node", (uint64_t)heap->node, NULL);
	if (pvb_host_get_free_below(link->host, bits, &to, &error) ||
	    (heap->min_bitwidth &&
	     pvb_host_get_free_below(link->host, heap->min_bitwidth - 1, &from, &error)))
		return peer_refused(&error);
	heap->avail_bytes = to - from;
	return 0;
}

static long list_domains(struct peer_link *link, struct xen_sysctl *op)
{
	struct xen_sysctl_getdomaininfolist *list = &op->u.getdomaininfolist;
	struct pvb_host_domain *domains = calloc(list->max_domains, sizeof *domains);
	struct pvb_error error;
	size_t count;

	if (!domains)
		return -ENOMEM;
	if (pvb_host_list_domains(link->host, list->first_domain, domains, list->max_domains,
				  &count, &error)) {
		free(domains);
		return peer_refused(&error);
	}
	for (size_t i = 0; i < count; i++)
		peer_describe(&domains[i], &list->buffer.p[i]);
	list->num_domains = (uint32_t)count;
	free(domains);
	return 0;
}

static long read_console(struct peer_link *link, struct xen_sysctl *op)
{
	struct xen_sysctl_readconsole *console = &op->u.readconsole;
	struct pvb_host_info info;
	struct pvb_error error;
	char text[128];

	if (pvb_host_get_info(link->host, &info, &error))
		return peer_refused(&error);
	int length = snprintf(text, sizeof text, BANNER, info.xen_major, info.xen_minor,
			      info.debug ? 'y' : 'n');
	if (console->count > (uint32_t)length)
		console->count = (uint32_t)length;
	memcpy(console->buffer.p, text, console->count);
	return 0;
}

/* A policy that says nothing but that there is no leaf above the first. */
static long cpu_policy(struct xen_sysctl *op)
{
	xen_cpuid_leaf_t *leaves = op->u.cpu_policy.leaves.p;

	if (leaves && op->u.cpu_policy.nr_leaves < POLICY_LEAVES)
		return -ENOBUFS;
	for (size_t i = 0; leaves && i < POLICY_LEAVES; i++)
		leaves[i] = (xen_cpuid_leaf_t){.subleaf = XEN_CPUID_NO_SUBLEAF};
	op->u.cpu_policy.nr_leaves = POLICY_LEAVES;
	op->u.cpu_policy.nr_msrs = leaves ? 0 : POLICY_MSRS;
	return 0;
}

long peer_sysctl(struct peer_link *link, const uint64_t *arguments)
{
	struct xen_sysctl *op = peer_pointer(arguments[0]);

	if (op->interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return -EACCES;
	switch (op->cmd) {
	case XEN_SYSCTL_physinfo:
		return physinfo(link, op);
	case XEN_SYSCTL_numainfo:
		return numainfo(link, op);
	case XEN_SYSCTL_getdomaininfolist:
		return list_domains(link, op);
	case XEN_SYSCTL_availheap:
		return availheap(link, op);
	case XEN_SYSCTL_cputopoinfo:
		return peer_cputopoinfo(link, op);
	case XEN_SYSCTL_cpupool_op:
		return peer_cpupool_op(link, op);
	case XEN_SYSCTL_readconsole:
		return read_console(link, op);
	case XEN_SYSCTL_get_cpu_featureset:
		memset(op->u.cpu_featureset.features.p, 0,
		       op->u.cpu_featureset.nr_features * sizeof(uint32_t));
		return 0;
	case XEN_SYSCTL_get_cpu_policy:
		return cpu_policy(op);
	default:
		return peer_unknown("sysctl", op->cmd, PEER_NAME(names, op->cmd));
	}
}
