/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPUs and their pools, and what of them a domain gets. */
#include "peer/adapter/internal.h"

#include <errno.h>
#include <string.h>

/* A map in the caller's memory, which has room for nr_bits. */
static void take_map(const struct xenctl_bitmap *map, struct pvb_cpus *cpus)
{
	*cpus = (struct pvb_cpus){{0}};
	memcpy(cpus->byte, map->bitmap.p, map->nr_bits / 8);
}

static void give_map(const struct pvb_cpus *cpus, const struct xenctl_bitmap *map)
{
	memcpy(map->bitmap.p, cpus->byte, map->nr_bits / 8);
}

long peer_cpu_count(struct peer_link *link, unsigned *count)
{
	struct pvb_cpus cpus;
	struct pvb_error error;

	if (pvb_host_get_cpus(link->host, PVB_HOST_ANY_NODE, &cpus, &error))
		return peer_refused(&error);
	*count = pvb_cpus_end(&cpus);
	return 0;
}

static long node_of(struct peer_link *link, unsigned cpu, uint32_t *node)
{
	struct pvb_host_info info;
	struct pvb_cpus cpus;
	struct pvb_error error;

	if (pvb_host_get_info(link->host, &info, &error))
		return peer_refused(&error);
	for (*node = 0; *node < info.nodes; ++*node) {
		if (pvb_host_get_cpus(link->host, (int)*node, &cpus, &error))
			return peer_refused(&error);
		if (pvb_cpus_has(&cpus, cpu))
			return 0;
	}
	*node = XEN_INVALID_NODE_ID;
	return 0;
}

long peer_cputopoinfo(struct peer_link *link, struct xen_sysctl *op)
{
	struct xen_sysctl_cputopoinfo *info = &op->u.cputopoinfo;
	unsigned count;
	long rc = peer_cpu_count(link, &count);

	for (unsigned cpu = 0; rc == 0 && info->cputopo.p && cpu < count; cpu++) {
		if (cpu >= info->num_cpus)
			return -ENOBUFS;
		info->cputopo.p[cpu] = (xen_sysctl_cputopo_t){.core = cpu};
		rc = node_of(link, cpu, &info->cputopo.p[cpu].node);
	}
	info->num_cpus = count;
	return rc;
}

static uint32_t scheduler_number(const char *name)
{
	static const struct {
		const char *name;
		uint32_t number;
	} known[] = {
		{"credit", XEN_SCHEDULER_CREDIT},
		{"credit2", XEN_SCHEDULER_CREDIT2},
		{"null", XEN_SCHEDULER_NULL},
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(name, known[i].name) == 0)
			return known[i].number;
	return 0;
}

long peer_cpupool_op(struct peer_link *link, struct xen_sysctl *op)
{
	struct xen_sysctl_cpupool_op *out = &op->u.cpupool_op;
	struct pvb_host_pool pool;
	struct pvb_error error;
	int rc;

	if (out->op != XEN_SYSCTL_CPUPOOL_OP_INFO)
		return peer_unknown("cpupool_op", out->op, NULL);
	rc = pvb_host_get_pool(link->host, out->cpupool_id, &pool, &error);
	if (rc == -PVB_E_HOST_POOL)
		return -ENOENT;
	if (rc)
		return peer_refused(&error);
	out->cpupool_id = pool.number;
	out->sched_id = scheduler_number(pool.scheduler);
	out->n_dom = 0;
	give_map(&pool.cpus, &out->cpumap);
	return 0;
}

long peer_set_affinity(struct peer_link *link, struct xen_domctl *op)
{
	struct xen_domctl_vcpuaffinity *in = &op->u.vcpuaffinity;
	bool has_hard = in->flags & XEN_VCPUAFFINITY_HARD;
	bool has_soft = in->flags & XEN_VCPUAFFINITY_SOFT;
	struct pvb_cpus hard, soft;
	struct pvb_error error;

	if (!in->flags)
		return -EINVAL;
	if (has_hard)
		take_map(&in->cpumap_hard, &hard);
	if (has_soft)
		take_map(&in->cpumap_soft, &soft);
	return peer_result(pvb_host_set_affinity(link->host, op->domain, in->vcpu,
						 has_hard ? &hard : NULL, has_soft ? &soft : NULL,
						 &error),
			   &error);
}

long peer_get_affinity(struct peer_link *link, struct xen_domctl *op)
{
	struct xen_domctl_vcpuaffinity *out = &op->u.vcpuaffinity;
	struct pvb_cpus hard, soft;
	struct pvb_error error;

	if (pvb_host_get_affinity(link->host, op->domain, out->vcpu, &hard, &soft, &error))
		return peer_refused(&error);
	if (out->flags & XEN_VCPUAFFINITY_HARD)
		give_map(&hard, &out->cpumap_hard);
	if (out->flags & XEN_VCPUAFFINITY_SOFT)
		give_map(&soft, &out->cpumap_soft);
	return 0;
}

/* Both schedulers that have them keep weight and cap in the same two fields. */
long peer_scheduler_op(struct peer_link *link, struct xen_domctl *op)
{
	struct xen_domctl_scheduler_op *in = &op->u.scheduler_op;
	struct pvb_host_share share;
	struct pvb_error error;

	_Static_assert(sizeof in->u.credit == sizeof in->u.credit2, "the same two fields");
	if (pvb_host_get_share(link->host, op->domain, &share, &error))
		return peer_refused(&error);
	if (in->sched_id != scheduler_number(share.scheduler))
		return -EINVAL;
	switch (in->cmd) {
	case XEN_DOMCTL_SCHEDOP_getinfo:
		in->u.credit.weight = (uint16_t)share.weight;
		in->u.credit.cap = (uint16_t)share.cap;
		return 0;
	case XEN_DOMCTL_SCHEDOP_putinfo:
		if (in->u.credit.weight)
			share.weight = in->u.credit.weight;
		share.cap = in->u.credit.cap;
		return peer_result_as(pvb_host_set_share(link->host, op->domain, &share, &error),
				      &error, EINVAL);
	default:
		return peer_unknown("scheduler_op", in->cmd, NULL);
	}
}
