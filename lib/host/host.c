/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a host, and the counted way through its table of calls. */
#include "host/host.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "host/xen/device.h"

static const char *const call_names[PVB_CALL_COUNT] = {
	[PVB_CALL_GET_INFO] = "get_info",
	[PVB_CALL_CREATE_DOMAIN] = "create_domain",
	[PVB_CALL_KEEP_DOMAIN] = "keep_domain",
	[PVB_CALL_DESTROY_DOMAIN] = "destroy_domain",
	[PVB_CALL_PAUSE_DOMAIN] = "pause_domain",
	[PVB_CALL_UNPAUSE_DOMAIN] = "unpause_domain",
	[PVB_CALL_GET_DOMAIN] = "get_domain",
	[PVB_CALL_LIST_DOMAINS] = "list_domains",
	[PVB_CALL_OPEN_CONSOLE] = "open_console",
	[PVB_CALL_FIND_CONSOLE] = "find_console",
	[PVB_CALL_WATCH_DOMAINS] = "watch_domains",
	[PVB_CALL_SET_GUEST_BITS] = "set_guest_bits",
	[PVB_CALL_SET_PTE_BITS] = "set_pte_bits",
	[PVB_CALL_GET_PTE_BITS] = "get_pte_bits",
	[PVB_CALL_SET_MAX_MEMORY] = "set_max_memory",
	[PVB_CALL_SET_MEMORY_MAP] = "set_memory_map",
	[PVB_CALL_APPLY_CPU_POLICY] = "apply_cpu_policy",
	[PVB_CALL_ALLOC_EVENT_CHANNEL] = "alloc_event_channel",
	[PVB_CALL_INTRODUCE_DOMAIN] = "introduce_domain",
	[PVB_CALL_CLAIM_MEMORY] = "claim_memory",
	[PVB_CALL_POPULATE] = "populate",
	[PVB_CALL_MAP_FRAMES] = "map_frames",
	[PVB_CALL_UNMAP_FRAMES] = "unmap_frames",
	[PVB_CALL_GET_M2P_RUN] = "get_m2p_run",
	[PVB_CALL_GET_FRAME_INFO] = "get_frame_info",
	[PVB_CALL_FILL_HYPERCALL_PAGE] = "fill_hypercall_page",
	[PVB_CALL_PIN_TABLE] = "pin_table",
	[PVB_CALL_SET_VCPU] = "set_vcpu",
	[PVB_CALL_GET_VCPU] = "get_vcpu",
	[PVB_CALL_SET_GRANTS] = "set_grants",
	[PVB_CALL_GET_GRANTS] = "get_grants",
	[PVB_CALL_GET_TOUCHED_RUN] = "get_touched_run",
	[PVB_CALL_GET_FREE_BELOW] = "get_free_below",
	[PVB_CALL_GET_GRANT_FRAMES] = "get_grant_frames",
	[PVB_CALL_SET_RECORD] = "set_record",
	[PVB_CALL_GET_RECORD] = "get_record",
	[PVB_CALL_SET_MONITOR] = "set_monitor",
	[PVB_CALL_GET_MONITOR] = "get_monitor",
	[PVB_CALL_GET_GRANT_LIMIT] = "get_grant_limit",
	[PVB_CALL_GET_CPUS] = "get_cpus",
	[PVB_CALL_GET_POOL] = "get_pool",
	[PVB_CALL_SET_AFFINITY] = "set_affinity",
	[PVB_CALL_GET_AFFINITY] = "get_affinity",
	[PVB_CALL_SET_SHARE] = "set_share",
	[PVB_CALL_GET_SHARE] = "get_share",
	[PVB_CALL_SET_PARAMETER] = "set_parameter",
	[PVB_CALL_GET_PARAMETER] = "get_parameter",
	[PVB_CALL_GET_MEMORY_RUN] = "get_memory_run",
	[PVB_CALL_SET_ARM64_VCPU] = "set_arm64_vcpu",
	[PVB_CALL_GET_ARM64_VCPU] = "get_arm64_vcpu",
	[PVB_CALL_GET_OWNED_RUN] = "get_owned_run",
};

#ifdef HAVE_XEN
static const bool have_xen = true;

static int open_xen(struct pvb_host **host, struct pvb_error *error)
{
	return pvb_xen_open(host, error);
}
#else
static const bool have_xen = false;

static int open_xen(struct pvb_host **host, struct pvb_error *error)
{
	(void)host;
	int rc = pvb_fail(error, PVB_E_ARG_UNSUPPORTED, "host",
			  "host \"xen\" is not in this build: it was configured without Xen's "
			  "libraries");
	pvb_hint(error, "install libxen-dev, configure and build again; or use the simulated host");
	return rc;
}
#endif

int pvb_host_open(const char *description, struct pvb_host **host, struct pvb_error *error)
{
	*host = NULL;
	if (!description)
		description = have_xen && xen_device_present() ? "xen" : "sim";
	if (strcmp(description, "xen") == 0)
		return open_xen(host, error);
	if (strcmp(description, "sim") == 0)
		return pvb_sim_open(NULL, host, error);
	if (strncmp(description, "sim:", 4) == 0)
		return pvb_sim_open(description + 4, host, error);

	int rc = pvb_fail(error, PVB_E_HOST_OPTION, "host", "there is no host \"%s\"", description);
	pvb_hint(error, "use \"xen\", or \"sim\" or \"sim:KEY=VALUE,...\" for the simulated host");
	return rc;
}

void pvb_host_close(struct pvb_host *host)
{
	if (host)
		host->ops->close(host);
}

void pvb_host_set_notice(struct pvb_host *host, pvb_host_notice_fn notice, void *opaque)
{
	host->notice = notice;
	host->notice_opaque = opaque;
}

void pvb_host_notice(const struct pvb_host *host, const char *format, ...)
{
	char line[160];
	va_list arguments;

	if (!host->notice)
		return;
	va_start(arguments, format);
	(void)vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	host->notice(host->notice_opaque, line);
}

int pvb_host_lingers(struct pvb_error *error, uint32_t domid, uint64_t pages)
{
	int rc = pvb_fail(error, PVB_E_HOST_DYING, "destroy_domain",
			  "domain %" PRIu32 " was destroyed but stays, dying: somebody still holds "
			  "%" PRIu64 " of its pages%s",
			  domid, pages, pages ? "" : ", or its grant table or shared info");

	pvb_hint(error,
		 "end what has its memory mapped: a backend of its devices, a device model, a "
		 "debugger, a dump; it goes then, and need not be destroyed again");
	return rc;
}

const char *pvb_host_call_count(const struct pvb_host *host, size_t index, uint64_t *count)
{
	if (index >= PVB_CALL_COUNT)
		return NULL;
	*count = host->calls[index];
	return call_names[index];
}

void pvb_host_mapped(const struct pvb_host *host, uint64_t *now, uint64_t *peak)
{
	*now = host->mapped_now;
	*peak = host->mapped_peak;
}

int pvb_host_get_info(struct pvb_host *host, struct pvb_host_info *info, struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_INFO]++;
	return host->ops->get_info(host, info, error);
}

int pvb_host_create_domain(struct pvb_host *host, const struct pvb_host_domain_config *config,
			   uint32_t *domid, struct pvb_error *error)
{
	host->calls[PVB_CALL_CREATE_DOMAIN]++;
	return host->ops->create_domain(host, config, domid, error);
}

int pvb_host_keep_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	host->calls[PVB_CALL_KEEP_DOMAIN]++;
	return host->ops->keep_domain ? host->ops->keep_domain(host, domid, error) : 0;
}

int pvb_host_destroy_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	host->calls[PVB_CALL_DESTROY_DOMAIN]++;
	return host->ops->destroy_domain(host, domid, error);
}

int pvb_host_pause_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	host->calls[PVB_CALL_PAUSE_DOMAIN]++;
	return host->ops->pause_domain(host, domid, error);
}

int pvb_host_unpause_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	host->calls[PVB_CALL_UNPAUSE_DOMAIN]++;
	return host->ops->unpause_domain(host, domid, error);
}

int pvb_host_get_domain(struct pvb_host *host, uint32_t domid, struct pvb_host_domain *domain,
			struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_DOMAIN]++;
	return host->ops->get_domain(host, domid, domain, error);
}

int pvb_host_list_domains(struct pvb_host *host, uint32_t first, struct pvb_host_domain *domains,
			  size_t room, size_t *count, struct pvb_error *error)
{
	host->calls[PVB_CALL_LIST_DOMAINS]++;
	return host->ops->list_domains(host, first, domains, room, count, error);
}

int pvb_host_open_console(struct pvb_host *host, uint32_t domid,
			  const struct pvb_console_options *options, int *fd,
			  struct pvb_error *error)
{
	host->calls[PVB_CALL_OPEN_CONSOLE]++;
	*fd = -1;
	if (host->ops->open_console)
		return host->ops->open_console(host, domid, options, fd, error);
	return pvb_fail(error, PVB_E_HOST_STATE, "open_console",
			"domain %u has no console to look at: nothing runs on the %s host", domid,
			host->ops->name);
}

int pvb_host_find_console(struct pvb_host *host, uint32_t domid, pvb_mfn_t *frame,
			  struct pvb_error *error)
{
	host->calls[PVB_CALL_FIND_CONSOLE]++;
	*frame = PVB_MFN(PVB_NO_FRAME);
	return host->ops->find_console ? host->ops->find_console(host, domid, frame, error) : 0;
}

int pvb_host_watch_domains(struct pvb_host *host, int *fd, struct pvb_error *error)
{
	host->calls[PVB_CALL_WATCH_DOMAINS]++;
	*fd = -1;
	if (host->ops->watch_domains)
		return host->ops->watch_domains(host, fd, error);
	return pvb_fail(error, PVB_E_HOST_STATE, "watch_domains",
			"no domain will ever end by itself: nothing runs on the %s host",
			host->ops->name);
}

int pvb_host_set_guest_bits(struct pvb_host *host, uint32_t domid, unsigned bits,
			    struct pvb_error *error)
{
	host->calls[PVB_CALL_SET_GUEST_BITS]++;
	return host->ops->set_guest_bits(host, domid, bits, error);
}

static int fixed_pte_bits(const struct pvb_host *host, const char *call, struct pvb_error *error)
{
	return pvb_fail(error, PVB_E_HOST_PTE_BITS, call,
			"no domain of the %s host has bits of page-table entries of its own: the "
			"hypervisor's are wired in",
			host->ops->name);
}

int pvb_host_set_pte_bits(struct pvb_host *host, uint32_t domid,
			  const struct pvb_host_pte_bits *bits, struct pvb_error *error)
{
	host->calls[PVB_CALL_SET_PTE_BITS]++;
	return host->ops->set_pte_bits ? host->ops->set_pte_bits(host, domid, bits, error)
				       : fixed_pte_bits(host, "set_pte_bits", error);
}

int pvb_host_get_pte_bits(struct pvb_host *host, uint32_t domid, struct pvb_host_pte_bits *bits,
			  struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_PTE_BITS]++;
	return host->ops->get_pte_bits ? host->ops->get_pte_bits(host, domid, bits, error)
				       : fixed_pte_bits(host, "get_pte_bits", error);
}

int pvb_host_set_max_memory(struct pvb_host *host, uint32_t domid, uint64_t bytes,
			    struct pvb_error *error)
{
	host->calls[PVB_CALL_SET_MAX_MEMORY]++;
	return host->ops->set_max_memory(host, domid, bytes, error);
}

int pvb_host_set_memory_map(struct pvb_host *host, uint32_t domid,
			    const struct pvb_host_memory *map, size_t count,
			    struct pvb_error *error)
{
	host->calls[PVB_CALL_SET_MEMORY_MAP]++;
	return host->ops->set_memory_map(host, domid, map, count, error);
}

int pvb_host_apply_cpu_policy(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	host->calls[PVB_CALL_APPLY_CPU_POLICY]++;
	return host->ops->apply_cpu_policy(host, domid, error);
}

int pvb_host_alloc_event_channel(struct pvb_host *host, uint32_t domid, uint32_t remote,
				 uint32_t *port, struct pvb_error *error)
{
	host->calls[PVB_CALL_ALLOC_EVENT_CHANNEL]++;
	return host->ops->alloc_event_channel(host, domid, remote, port, error);
}

int pvb_host_introduce_domain(struct pvb_host *host, uint32_t domid,
			      const struct pvb_host_introduction *introduction,
			      struct pvb_error *error)
{
	host->calls[PVB_CALL_INTRODUCE_DOMAIN]++;
	return host->ops->introduce_domain(host, domid, introduction, error);
}

int pvb_host_claim_memory(struct pvb_host *host, uint32_t domid, uint64_t bytes,
			  struct pvb_error *error)
{
	host->calls[PVB_CALL_CLAIM_MEMORY]++;
	return host->ops->claim_memory(host, domid, bytes, error);
}

int pvb_host_populate(struct pvb_host *host, uint32_t domid,
		      const struct pvb_host_populate *request, uint64_t *done,
		      struct pvb_error *error)
{
	host->calls[PVB_CALL_POPULATE]++;
	*done = 0;
	return host->ops->populate(host, domid, request, done, error);
}

int pvb_host_map_frames(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames,
			size_t count, bool writable, void **at, struct pvb_error *error)
{
	host->calls[PVB_CALL_MAP_FRAMES]++;
	int rc = host->ops->map_frames(host, domid, frames, count, writable, at, error);

	if (rc == 0) {
		host->mapped_now += (uint64_t)count << host->page_shift;
		if (host->mapped_now > host->mapped_peak)
			host->mapped_peak = host->mapped_now;
	}
	return rc;
}

void pvb_host_unmap_frames(struct pvb_host *host, void *at, size_t count)
{
	host->calls[PVB_CALL_UNMAP_FRAMES]++;
	host->mapped_now -= (uint64_t)count << host->page_shift;
	host->ops->unmap_frames(host, at, count);
}

int pvb_host_get_m2p_run(struct pvb_host *host, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn,
			 uint64_t *count, struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_M2P_RUN]++;
	return host->ops->get_m2p_run(host, first, limit, pfn, count, error);
}

int pvb_host_get_frame_info(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames,
			    size_t count, struct pvb_host_frame_info *info, struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_FRAME_INFO]++;
	return host->ops->get_frame_info(host, domid, frames, count, info, error);
}

int pvb_host_fill_hypercall_page(struct pvb_host *host, uint32_t domid, pvb_mfn_t frame,
				 struct pvb_error *error)
{
	host->calls[PVB_CALL_FILL_HYPERCALL_PAGE]++;
	return host->ops->fill_hypercall_page(host, domid, frame, error);
}

int pvb_host_pin_table(struct pvb_host *host, uint32_t domid, unsigned level, pvb_mfn_t frame,
		       struct pvb_error *error)
{
	host->calls[PVB_CALL_PIN_TABLE]++;
	return host->ops->pin_table(host, domid, level, frame, error);
}

int pvb_host_set_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		      const struct pvb_host_vcpu *registers, struct pvb_error *error)
{
	host->calls[PVB_CALL_SET_VCPU]++;
	return host->ops->set_vcpu(host, domid, vcpu, registers, error);
}

int pvb_host_get_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		      struct pvb_host_vcpu *registers, struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_VCPU]++;
	return host->ops->get_vcpu(host, domid, vcpu, registers, error);
}

int pvb_host_set_grants(struct pvb_host *host, uint32_t domid, const struct pvb_host_grant *grants,
			size_t count, struct pvb_error *error)
{
	host->calls[PVB_CALL_SET_GRANTS]++;
	return host->ops->set_grants(host, domid, grants, count, error);
}

int pvb_host_get_grants(struct pvb_host *host, uint32_t domid, struct pvb_host_grant *grants,
			size_t room, size_t *count, struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_GRANTS]++;
	return host->ops->get_grants(host, domid, grants, room, count, error);
}

int pvb_host_get_touched_run(struct pvb_host *host, pvb_mfn_t first, uint64_t limit, bool *touched,
			     uint64_t *count, struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_TOUCHED_RUN]++;
	if (host->ops->get_touched_run)
		return host->ops->get_touched_run(host, first, limit, touched, count, error);
	*touched = true;
	*count = limit;
	return 0;
}

int pvb_host_get_free_below(struct pvb_host *host, unsigned bits, uint64_t *bytes,
			    struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_FREE_BELOW]++;
	*bytes = 0;
	if (host->ops->get_free_below)
		return host->ops->get_free_below(host, bits, bytes, error);
	return pvb_fail(error, PVB_E_HOST_STATE, "get_free_below",
			"the %s host does not say where its free memory is", host->ops->name);
}

int pvb_host_get_grant_frames(struct pvb_host *host, uint32_t domid, pvb_mfn_t *frames, size_t room,
			      size_t *count, struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_GRANT_FRAMES]++;
	*count = 0;
	return host->ops->get_grant_frames
		       ? host->ops->get_grant_frames(host, domid, frames, room, count, error)
		       : 0;
}

int pvb_host_set_record(struct pvb_host *host, uint32_t domid, const struct pvb_host_record *record,
			struct pvb_error *error)
{
	host->calls[PVB_CALL_SET_RECORD]++;
	return host->ops->set_record ? host->ops->set_record(host, domid, record, error) : 0;
}

int pvb_host_get_record(struct pvb_host *host, uint32_t domid, struct pvb_host_record *record,
			struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_RECORD]++;
	*record = (struct pvb_host_record){0};
	return host->ops->get_record ? host->ops->get_record(host, domid, record, error) : 0;
}

int pvb_host_set_monitor(struct pvb_host *host, uint32_t domid, uint32_t pid,
			 struct pvb_error *error)
{
	host->calls[PVB_CALL_SET_MONITOR]++;
	return host->ops->set_monitor ? host->ops->set_monitor(host, domid, pid, error) : 0;
}

int pvb_host_get_monitor(struct pvb_host *host, uint32_t domid, struct pvb_host_monitor *monitor,
			 struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_MONITOR]++;
	*monitor = (struct pvb_host_monitor){0};
	return host->ops->get_monitor ? host->ops->get_monitor(host, domid, monitor, error) : 0;
}

static int no_such_call(const struct pvb_host *host, enum pvb_host_call call,
			struct pvb_error *error)
{
	return pvb_fail(error, PVB_E_HOST_STATE, call_names[call], "the %s host has no call %s",
			host->ops->name, call_names[call]);
}

int pvb_host_get_grant_limit(struct pvb_host *host, uint32_t domid, uint32_t *frames,
			     struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_GRANT_LIMIT]++;
	if (!host->ops->get_grant_limit)
		return no_such_call(host, PVB_CALL_GET_GRANT_LIMIT, error);
	return host->ops->get_grant_limit(host, domid, frames, error);
}

int pvb_host_get_cpus(struct pvb_host *host, int node, struct pvb_cpus *cpus,
		      struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_CPUS]++;
	if (!host->ops->get_cpus)
		return no_such_call(host, PVB_CALL_GET_CPUS, error);
	return host->ops->get_cpus(host, node, cpus, error);
}

int pvb_host_get_pool(struct pvb_host *host, uint32_t first, struct pvb_host_pool *pool,
		      struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_POOL]++;
	if (!host->ops->get_pool)
		return no_such_call(host, PVB_CALL_GET_POOL, error);
	return host->ops->get_pool(host, first, pool, error);
}

int pvb_host_set_affinity(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
			  const struct pvb_cpus *hard, const struct pvb_cpus *soft,
			  struct pvb_error *error)
{
	host->calls[PVB_CALL_SET_AFFINITY]++;
	if (!host->ops->set_affinity)
		return no_such_call(host, PVB_CALL_SET_AFFINITY, error);
	return host->ops->set_affinity(host, domid, vcpu, hard, soft, error);
}

int pvb_host_get_affinity(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
			  struct pvb_cpus *hard, struct pvb_cpus *soft, struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_AFFINITY]++;
	if (!host->ops->get_affinity)
		return no_such_call(host, PVB_CALL_GET_AFFINITY, error);
	return host->ops->get_affinity(host, domid, vcpu, hard, soft, error);
}

int pvb_host_set_share(struct pvb_host *host, uint32_t domid, const struct pvb_host_share *share,
		       struct pvb_error *error)
{
	host->calls[PVB_CALL_SET_SHARE]++;
	if (!host->ops->set_share)
		return no_such_call(host, PVB_CALL_SET_SHARE, error);
	return host->ops->set_share(host, domid, share, error);
}

int pvb_host_get_share(struct pvb_host *host, uint32_t domid, struct pvb_host_share *share,
		       struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_SHARE]++;
	if (!host->ops->get_share)
		return no_such_call(host, PVB_CALL_GET_SHARE, error);
	return host->ops->get_share(host, domid, share, error);
}

static int no_translated(const struct pvb_host *host, enum pvb_host_call call, uint32_t domid,
			 struct pvb_error *error)
{
	return pvb_fail(error, PVB_E_HOST_STATE, call_names[call],
			"%s is for translated domains, which domain %u is not: the %s host has "
			"none",
			call_names[call], domid, host->ops->name);
}

int pvb_host_set_parameter(struct pvb_host *host, uint32_t domid, enum pvb_host_parameter parameter,
			   uint64_t value, struct pvb_error *error)
{
	host->calls[PVB_CALL_SET_PARAMETER]++;
	if (!host->ops->set_parameter)
		return no_translated(host, PVB_CALL_SET_PARAMETER, domid, error);
	return host->ops->set_parameter(host, domid, parameter, value, error);
}

int pvb_host_get_parameter(struct pvb_host *host, uint32_t domid, enum pvb_host_parameter parameter,
			   uint64_t *value, struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_PARAMETER]++;
	if (!host->ops->get_parameter)
		return no_translated(host, PVB_CALL_GET_PARAMETER, domid, error);
	return host->ops->get_parameter(host, domid, parameter, value, error);
}

int pvb_host_get_memory_run(struct pvb_host *host, uint32_t domid, uint64_t address, uint64_t limit,
			    bool *present, uint64_t *bytes, struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_MEMORY_RUN]++;
	if (!host->ops->get_memory_run)
		return no_translated(host, PVB_CALL_GET_MEMORY_RUN, domid, error);
	return host->ops->get_memory_run(host, domid, address, limit, present, bytes, error);
}

int pvb_host_set_arm64_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
			    const struct pvb_host_arm64_vcpu *registers, struct pvb_error *error)
{
	host->calls[PVB_CALL_SET_ARM64_VCPU]++;
	if (!host->ops->set_arm64_vcpu)
		return no_translated(host, PVB_CALL_SET_ARM64_VCPU, domid, error);
	return host->ops->set_arm64_vcpu(host, domid, vcpu, registers, error);
}

int pvb_host_get_arm64_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
			    struct pvb_host_arm64_vcpu *registers, struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_ARM64_VCPU]++;
	if (!host->ops->get_arm64_vcpu)
		return no_translated(host, PVB_CALL_GET_ARM64_VCPU, domid, error);
	return host->ops->get_arm64_vcpu(host, domid, vcpu, registers, error);
}
