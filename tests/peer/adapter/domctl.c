/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domctl: making a domain, asking after it, and setting its first vCPU's registers. */
#include "peer/adapter/internal.h"

#include <errno.h>
#include <string.h>

/* Numbers of Xen's public domctl.h. */
static const char *const names[] = {
	[XEN_DOMCTL_createdomain] = "createdomain",
	[XEN_DOMCTL_destroydomain] = "destroydomain",
	[XEN_DOMCTL_pausedomain] = "pausedomain",
	[XEN_DOMCTL_unpausedomain] = "unpausedomain",
	[XEN_DOMCTL_getdomaininfo] = "getdomaininfo",
	[XEN_DOMCTL_setvcpuaffinity] = "setvcpuaffinity",
	[XEN_DOMCTL_getvcpuaffinity] = "getvcpuaffinity",
	[XEN_DOMCTL_scheduler_op] = "scheduler_op",
	[XEN_DOMCTL_shadow_op] = "shadow_op",
	[XEN_DOMCTL_max_mem] = "max_mem",
	[XEN_DOMCTL_setvcpucontext] = "setvcpucontext",
	[XEN_DOMCTL_getvcpucontext] = "getvcpucontext",
	[XEN_DOMCTL_getvcpuinfo] = "getvcpuinfo",
	[XEN_DOMCTL_max_vcpus] = "max_vcpus",
	[XEN_DOMCTL_setdomainhandle] = "setdomainhandle",
	[XEN_DOMCTL_hypercall_init] = "hypercall_init",
	[XEN_DOMCTL_settimeoffset] = "settimeoffset",
	[XEN_DOMCTL_set_address_size] = "set_address_size",
	[XEN_DOMCTL_get_address_size] = "get_address_size",
	[XEN_DOMCTL_settscinfo] = "settscinfo",
	[XEN_DOMCTL_getpageframeinfo3] = "getpageframeinfo3",
	[XEN_DOMCTL_setnodeaffinity] = "setnodeaffinity",
	[XEN_DOMCTL_setvnumainfo] = "setvnumainfo",
	[XEN_DOMCTL_get_cpu_policy] = "get_cpu_policy",
	[XEN_DOMCTL_set_cpu_policy] = "set_cpu_policy",
};

/*
 * A domain of ours keeps the handle that it was made with. Xen lets it be changed: the last
 * domain of which it was has the other one here.
 */
static struct {
	uint8_t made[16];
	uint8_t set[16];
} handle;

static const uint8_t *handle_of(const struct pvb_host_domain *domain)
{
	return memcmp(domain->uuid, handle.made, sizeof handle.made) ? domain->uuid : handle.set;
}

static long set_handle(struct peer_link *link, const struct xen_domctl *op)
{
	struct pvb_host_domain domain;
	struct pvb_error error;

	if (pvb_host_get_domain(link->host, op->domain, &domain, &error))
		return peer_refused(&error);
	memcpy(handle.made, domain.uuid, sizeof handle.made);
	memcpy(handle.set, op->u.setdomainhandle.handle, sizeof handle.set);
	return 0;
}

static uint32_t maptrack_frames(int32_t wanted)
{
	if (wanted == 0)
		return PVB_HOST_NO_MAPTRACK;
	return wanted < 0 ? 0 : (uint32_t)wanted;
}

static long create(struct peer_link *link, struct xen_domctl *op)
{
	const struct xen_domctl_createdomain *in = &op->u.createdomain;
	struct pvb_host_domain_config config = {
		.vcpus = in->max_vcpus,
		.max_event_channel = in->max_evtchn_port,
		.max_grant_frames = in->max_grant_frames < 0 ? 0 : (uint32_t)in->max_grant_frames,
		.max_maptrack_frames = maptrack_frames(in->max_maptrack_frames),
		.max_grant_version = in->grant_opts & XEN_DOMCTL_GRANT_version_mask,
		.pool = in->cpupool_id,
	};
	struct pvb_error error;
	uint32_t domid;

	if (in->flags || in->arch.emulation_flags)
		return peer_unknown("createdomain flag", in->flags | in->arch.emulation_flags,
				    NULL);
	memcpy(config.uuid, in->handle, sizeof config.uuid);
	if (!config.max_grant_version || in->max_grant_frames == 0)
		return -EINVAL;
	/* Xen has this one errno for every limit that it does not grant. */
	if (pvb_host_create_domain(link->host, &config, &domid, &error))
		return error.code == PVB_E_HOST_LIMIT ? -EINVAL : peer_refused(&error);
	op->domain = (domid_t)domid;
	return 0;
}

void peer_describe(const struct pvb_host_domain *domain, struct xen_domctl_getdomaininfo *out)
{
	memset(out, 0, sizeof *out);
	out->domain = (domid_t)domain->domid;
	out->flags = (domain->dying ? XEN_DOMINF_dying : 0u) |
		     (domain->shutdown ? XEN_DOMINF_shutdown : 0u) |
		     (domain->paused ? XEN_DOMINF_paused : 0u) |
		     (domain->shutdown_reason & XEN_DOMINF_shutdownmask)
			     << XEN_DOMINF_shutdownshift;
	out->tot_pages = domain->pages;
	out->max_pages = domain->max_pages;
	out->outstanding_pages = domain->claimed_pages;
	out->shared_info_frame = domain->shared_info.n;
	out->cpu_time = domain->cpu_time_ns;
	out->max_vcpu_id = domain->vcpus - 1;
	out->cpupool = domain->pool;
	memcpy(out->handle, handle_of(domain), sizeof out->handle);
}

/* As 4.17 has it: the domain of that number, or the next that there is. */
static long get_info(struct peer_link *link, struct xen_domctl *op)
{
	struct pvb_host_domain domain;
	struct pvb_error error;
	size_t count;

	if (pvb_host_list_domains(link->host, op->domain, &domain, 1, &count, &error))
		return peer_refused(&error);
	if (count == 0)
		return -ESRCH;
	peer_describe(&domain, &op->u.getdomaininfo);
	op->domain = op->u.getdomaininfo.domain;
	return 0;
}

/* The vCPUs were made with the domain; this only has to agree, as in Xen since 4.13. */
static long max_vcpus(struct peer_link *link, const struct xen_domctl *op)
{
	struct pvb_host_domain domain;
	struct pvb_error error;

	if (pvb_host_get_domain(link->host, op->domain, &domain, &error))
		return peer_refused(&error);
	return domain.vcpus == op->u.max_vcpus.max ? 0 : -EINVAL;
}

static long get_frame_info(struct peer_link *link, const struct xen_domctl *op)
{
	static const uint32_t types[] = {
		[PVB_FRAME_FOREIGN] = XEN_DOMCTL_PFINFO_XTAB,
		[PVB_FRAME_PLAIN] = XEN_DOMCTL_PFINFO_NOTAB,
		[PVB_FRAME_L1] = XEN_DOMCTL_PFINFO_L1TAB,
		[PVB_FRAME_L2] = XEN_DOMCTL_PFINFO_L2TAB,
		[PVB_FRAME_L3] = XEN_DOMCTL_PFINFO_L3TAB,
		[PVB_FRAME_L4] = XEN_DOMCTL_PFINFO_L4TAB,
	};
	const struct xen_domctl_getpageframeinfo3 *request = &op->u.getpageframeinfo3;
	struct pvb_host_frame_info info[1024];
	struct pvb_error error;

	if (request->num > sizeof info / sizeof info[0])
		return -E2BIG;
	if (pvb_host_get_frame_info(link->host, op->domain,
				    (const pvb_mfn_t *)(const void *)request->array.p, request->num,
				    info, &error))
		return peer_refused(&error);
	for (size_t i = 0; i < request->num; i++)
		request->array.p[i] =
			types[info[i].type] | (info[i].pinned ? XEN_DOMCTL_PFINFO_LPINTAB : 0u);
	return 0;
}

static long get_width(struct peer_link *link, struct xen_domctl *op)
{
	struct pvb_host_domain domain;
	struct pvb_error error;

	if (pvb_host_get_domain(link->host, op->domain, &domain, &error))
		return peer_refused(&error);
	op->u.address_size.size = domain.guest_bits;
	return 0;
}

/* The hypervisor has done its part, whoever holds the rest. */
static long destroy(struct pvb_host *host, uint32_t domid)
{
	struct pvb_error error;
	int rc = pvb_host_destroy_domain(host, domid, &error);

	return rc == -(int)PVB_E_HOST_DYING ? 0 : peer_result(rc, &error);
}

long peer_domctl(struct peer_link *link, const uint64_t *arguments)
{
	struct xen_domctl *op = peer_pointer(arguments[0]);
	struct pvb_host *host = link->host;
	struct pvb_error error;

	if (op->interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	switch (op->cmd) {
	case XEN_DOMCTL_createdomain:
		return create(link, op);
	case XEN_DOMCTL_destroydomain:
		return destroy(host, op->domain);
	case XEN_DOMCTL_pausedomain:
		return peer_result(pvb_host_pause_domain(host, op->domain, &error), &error);
	case XEN_DOMCTL_unpausedomain:
		return peer_result_as(pvb_host_unpause_domain(host, op->domain, &error), &error,
				      EINVAL);
	case XEN_DOMCTL_getdomaininfo:
		return get_info(link, op);
	case XEN_DOMCTL_max_mem:
		return peer_result(pvb_host_set_max_memory(host, op->domain,
							   op->u.max_mem.max_memkb << 10, &error),
				   &error);
	case XEN_DOMCTL_max_vcpus:
		return max_vcpus(link, op);
	case XEN_DOMCTL_set_address_size:
		return peer_result_as(
			pvb_host_set_guest_bits(host, op->domain, op->u.address_size.size, &error),
			&error, EACCES);
	case XEN_DOMCTL_get_address_size:
		return get_width(link, op);
	case XEN_DOMCTL_hypercall_init:
		return peer_result(pvb_host_fill_hypercall_page(host, op->domain,
								PVB_MFN(op->u.hypercall_init.gmfn),
								&error),
				   &error);
	case XEN_DOMCTL_setvcpucontext:
		return peer_set_context(link, op);
	case XEN_DOMCTL_getvcpucontext:
		return peer_get_context(link, op);
	case XEN_DOMCTL_getpageframeinfo3:
		return get_frame_info(link, op);
	case XEN_DOMCTL_setvcpuaffinity:
		return peer_set_affinity(link, op);
	case XEN_DOMCTL_getvcpuaffinity:
		return peer_get_affinity(link, op);
	case XEN_DOMCTL_scheduler_op:
		return peer_scheduler_op(link, op);
	case XEN_DOMCTL_setdomainhandle:
		return set_handle(link, op);
	case XEN_DOMCTL_set_cpu_policy:
		return peer_result(pvb_host_apply_cpu_policy(host, op->domain, &error), &error);
	default:
		return peer_unknown("domctl", op->cmd, PEER_NAME(names, op->cmd));
	}
}
