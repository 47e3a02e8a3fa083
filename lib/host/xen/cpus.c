/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPUs, their pools, and where and how much of them a domain runs. */
#include "host/xen/xen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/cleanup.h"
#include "host/xen/life.h"

/* ---- the machine's ---- */

/* As many entries as there are CPU numbers; the array is the caller's to free. */
static xc_cputopo_t *topology(struct xen_host *xen, unsigned *count)
{
	xc_cputopo_t *all = NULL;

	*count = 0;
	if (xc_cputopoinfo(xen->xc, count, NULL))
		return NULL;
	all = calloc(*count + (size_t)1, sizeof *all);
	if (all && xc_cputopoinfo(xen->xc, count, all)) {
		int reason = errno;

		free(all);
		errno = reason;
		all = NULL;
	}
	return all;
}

int xen_get_cpus(struct pvb_host *host, int node, struct pvb_cpus *cpus, struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	unsigned count;
	PVB_AUTO_FREE xc_cputopo_t *all = topology(xen, &count);

	if (!all)
		return xen_refused(xen, error, PVB_E_HOST_DENIED, "get_cpus", errno,
				   "the hypervisor does not say which CPUs there are");
	*cpus = (struct pvb_cpus){{0}};
	for (unsigned cpu = 0; cpu < count; cpu++)
		if (node == PVB_HOST_ANY_NODE || all[cpu].node == (uint32_t)node)
			pvb_cpus_put(cpus, cpu, true);
	return 0;
}

static void name_scheduler(uint32_t number, char name[PVB_HOST_SCHEDULER_MAX])
{
	static const char *const names[] = {
		[XEN_SCHEDULER_CREDIT] = "credit",     [XEN_SCHEDULER_CREDIT2] = "credit2",
		[XEN_SCHEDULER_ARINC653] = "arinc653", [XEN_SCHEDULER_RTDS] = "rtds",
		[XEN_SCHEDULER_NULL] = "null",
	};

	if (number < sizeof names / sizeof names[0] && names[number])
		(void)snprintf(name, PVB_HOST_SCHEDULER_MAX, "%s", names[number]);
	else
		(void)snprintf(name, PVB_HOST_SCHEDULER_MAX, "%" PRIu32, number);
}

/* Pool "first" or the next one, without its name. */
static int look_at_pool(struct xen_host *xen, const char *call, uint32_t first,
			struct pvb_host_pool *pool, uint32_t *scheduler, struct pvb_error *error)
{
	xc_cpupoolinfo_t *info = xc_cpupool_getinfo(xen->xc, first);
	int bytes;

	if (!info && errno == ENOENT)
		return pvb_fail(error, PVB_E_HOST_POOL, call,
				"there is no CPU pool of number %" PRIu32 " or above", first);
	if (!info)
		return xen_refused(xen, error, PVB_E_HOST_DENIED, call, errno,
				   "the hypervisor does not say which CPU pools there are");
	*pool = (struct pvb_host_pool){.number = info->cpupool_id};
	*scheduler = info->sched_id;
	name_scheduler(info->sched_id, pool->scheduler);
	bytes = xc_get_cpumap_size(xen->xc);
	if (bytes > 0)
		memcpy(pool->cpus.byte, info->cpumap,
		       pvb_min((uint64_t)bytes, sizeof pool->cpus.byte));
	xc_cpupool_infofree(xen->xc, info);
	return 0;
}

int xen_get_pool(struct pvb_host *host, uint32_t first, struct pvb_host_pool *pool,
		 struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	uint32_t scheduler;
	int rc = look_at_pool(xen, "get_pool", first, pool, &scheduler, error);

	if (rc == 0)
		xen_name_pool(xen, pool->number, pool->name);
	return rc;
}

/* ---- a domain's ---- */

/* Xen writes into the maps what it makes of them. A host with more CPUs than they hold is none. */
static bool maps_fit(struct xen_host *xen)
{
	int bytes = xc_get_cpumap_size(xen->xc);

	return bytes > 0 && (size_t)bytes <= sizeof(struct pvb_cpus);
}

int xen_set_affinity(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		     const struct pvb_cpus *hard, const struct pvb_cpus *soft,
		     struct pvb_error *error)
{
	static const char call[] = "set_affinity";
	struct xen_host *xen = xen_of(host);
	struct pvb_cpus maps[2];
	uint32_t flags = (hard ? XEN_VCPUAFFINITY_HARD : 0u) | (soft ? XEN_VCPUAFFINITY_SOFT : 0u);

	if (!flags)
		return 0;
	if (!maps_fit(xen))
		return pvb_fail(error, PVB_E_HOST_LIMIT, call,
				"the host's CPUs have numbers above %u", PVB_CPUS_MAX - 1);
	if (hard)
		maps[0] = *hard;
	if (soft)
		maps[1] = *soft;
	if (xc_vcpu_setaffinity(xen->xc, domid, (int)vcpu, hard ? maps[0].byte : NULL,
				soft ? maps[1].byte : NULL, flags) == 0)
		return 0;
	return xen_refused(xen, error, PVB_E_ARG_CPUS, call, errno,
			   "the hypervisor refuses CPUs %s for vCPU %" PRIu32 " of domain %" PRIu32,
			   pvb_cpus_format(hard ? hard : soft).text, vcpu, domid);
}

int xen_get_affinity(struct pvb_host *host, uint32_t domid, uint32_t vcpu, struct pvb_cpus *hard,
		     struct pvb_cpus *soft, struct pvb_error *error)
{
	static const char call[] = "get_affinity";
	struct xen_host *xen = xen_of(host);

	*hard = *soft = (struct pvb_cpus){{0}};
	if (!maps_fit(xen))
		return pvb_fail(error, PVB_E_HOST_LIMIT, call,
				"the host's CPUs have numbers above %u", PVB_CPUS_MAX - 1);
	if (xc_vcpu_getaffinity(xen->xc, domid, (int)vcpu, hard->byte, soft->byte,
				XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT) == 0)
		return 0;
	return xen_refused(xen, error, PVB_E_ARG_INVALID, call, errno,
			   "vCPU %" PRIu32 " of domain %" PRIu32, vcpu, domid);
}

/* ---- weight and cap ---- */

/* Number and name of the scheduler of the domain's pool. */
static int find_scheduler(struct xen_host *xen, const char *call, uint32_t domid, uint32_t *number,
			  struct pvb_host_share *share, struct pvb_error *error)
{
	struct pvb_host_domain domain;
	struct pvb_host_pool pool;
	int rc = xen_look_at_domain(xen, domid, &domain, error);

	*number = 0;
	if (rc == 0)
		rc = look_at_pool(xen, call, domain.pool, &pool, number, error);
	if (rc)
		return rc;
	*share = (struct pvb_host_share){.weighted = *number == XEN_SCHEDULER_CREDIT ||
						     *number == XEN_SCHEDULER_CREDIT2};
	memcpy(share->scheduler, pool.scheduler, sizeof share->scheduler);
	return 0;
}

int xen_get_share(struct pvb_host *host, uint32_t domid, struct pvb_host_share *share,
		  struct pvb_error *error)
{
	static const char call[] = "get_share";
	struct xen_host *xen = xen_of(host);
	struct xen_domctl_sched_credit credit = {0};
	struct xen_domctl_sched_credit2 credit2 = {0};
	uint32_t scheduler;
	int rc = find_scheduler(xen, call, domid, &scheduler, share, error);

	if (rc || !share->weighted)
		return rc;
	if (scheduler == XEN_SCHEDULER_CREDIT2) {
		rc = xc_sched_credit2_domain_get(xen->xc, domid, &credit2);
		share->weight = credit2.weight;
		share->cap = credit2.cap;
	} else {
		rc = xc_sched_credit_domain_get(xen->xc, domid, &credit);
		share->weight = credit.weight;
		share->cap = credit.cap;
	}
	if (rc)
		return xen_refused(xen, error, PVB_E_HOST_DENIED, call, errno,
				   "the hypervisor does not say weight and cap of domain %" PRIu32,
				   domid);
	return 0;
}

int xen_set_share(struct pvb_host *host, uint32_t domid, const struct pvb_host_share *share,
		  struct pvb_error *error)
{
	static const char call[] = "set_share";
	struct xen_host *xen = xen_of(host);
	struct xen_domctl_sched_credit credit = {
		.weight = (uint16_t)share->weight,
		.cap = (uint16_t)share->cap,
	};
	struct xen_domctl_sched_credit2 credit2 = {
		.weight = (uint16_t)share->weight,
		.cap = (uint16_t)share->cap,
	};
	struct pvb_host_share now;
	uint32_t scheduler;
	int rc = find_scheduler(xen, call, domid, &scheduler, &now, error);

	if (rc)
		return rc;
	if (!now.weighted)
		return pvb_fail(error, PVB_E_HOST_STATE, call,
				"the scheduler \"%s\" knows no weight and no cap", now.scheduler);
	/* Both are 16 bits to the hypervisor. It takes a weight of 0 for none, and leaves it. */
	if (!share->weight || share->weight > UINT16_MAX || share->cap > UINT16_MAX)
		return pvb_fail(error, PVB_E_HOST_LIMIT, call,
				"weight %" PRIu32 " and cap %" PRIu32 " of domain %" PRIu32,
				share->weight, share->cap, domid);
	if (scheduler == XEN_SCHEDULER_CREDIT2)
		rc = xc_sched_credit2_domain_set(xen->xc, domid, &credit2);
	else
		rc = xc_sched_credit_domain_set(xen->xc, domid, &credit);
	if (rc)
		return xen_refused(xen, error, PVB_E_HOST_LIMIT, call, errno,
				   "the hypervisor refuses weight %" PRIu32 " and cap %" PRIu32
				   " for domain %" PRIu32,
				   share->weight, share->cap, domid);
	return 0;
}
