/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains: how they come and go, and what there is of them. */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "host/xen/end.h"
#include "host/xen/life.h"
#include "host/xen/xen.h"

/*
 * How Flask labels a domain for which nobody named a label, and what libxl asks for:
 * SECINITSID_DOMU, the twelfth of xen/xsm/flask/policy/initial_sids. Without Flask nobody looks at
 * it.
 */
#define FLASK_LABEL_DOMU 12

/* Xen's MAX_VIRT_CPUS. */
#define MAX_VCPUS 8192u

/* Xen's libraries cut such a number to 16 bits, and may mean another domain by that. */
static bool is_no_number(uint32_t domid)
{
	return domid >= DOMID_FIRST_RESERVED;
}

static int no_domain(uint32_t domid, struct pvb_error *error)
{
	return pvb_fail(error, PVB_E_HOST_NO_DOMAIN, "get_domain", "there is no domain %u", domid);
}

/* ---- birth and death ---------------------------------------------------------------------- */

/*
 * The version of grant tables that a domain is to have: the newest that the hypervisor lets one
 * have where nobody says so, as libxl asks for.
 */
static int grant_version(struct xen_host *xen, uint32_t wanted, uint32_t *version,
			 struct pvb_error *error)
{
	static const char call[] = "create_domain";
	struct xen_sysctl sysctl = {.cmd = XEN_SYSCTL_physinfo};

	if (xc_sysctl(xen->xc, &sysctl))
		return xen_refused(xen, error, PVB_E_HOST_DENIED, call, errno,
				   "the hypervisor does not say which grant tables it has");
	*version = sysctl.u.physinfo.capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v2 ? 2 : 1;
	if (wanted > *version)
		return pvb_fail(error, PVB_E_HOST_LIMIT, call,
				"grant tables of version %u are wanted, but the hypervisor has up "
				"to version %u",
				wanted, *version);
	if (wanted)
		*version = wanted;
	return 0;
}

static int32_t frames(uint32_t wanted)
{
	if (wanted == PVB_HOST_NO_MAPTRACK)
		return 0;
	return wanted ? (int32_t)wanted : -1;
}

/*
 * Xen has one errno for all limits that it does not grant. Up to 4.17 a domain cannot have more
 * frames than Xen's own default, which is also ours: domain 0 is made without asking for any.
 */
static int refused_creation(struct xen_host *xen, const struct pvb_host_domain_config *config,
			    int reason, struct pvb_error *error)
{
	static const char call[] = "create_domain";
	uint32_t most;
	int rc = 0;

	/* What cpupool_add_domain() has for a pool that is not there, or has no CPUs. */
	if (reason == ESRCH || reason == ENODEV)
		return pvb_fail(error, PVB_E_HOST_POOL, call,
				"CPU pool %u is not there, or has no CPUs", config->pool);
	if (reason == EINVAL && config->max_grant_frames &&
	    xen_query_grant_limit(xen, DOMID_SELF, &most) == 0 && config->max_grant_frames > most)
		rc = pvb_fail(error, PVB_E_HOST_LIMIT, call,
			      "a grant table of %u pages (pvb_build_options.max_grant_frames) is "
			      "wanted, but the "
			      "hypervisor lets a domain have at most %u",
			      config->max_grant_frames, most);
	else if (reason == EINVAL && config->max_maptrack_frames &&
		 config->max_maptrack_frames != PVB_HOST_NO_MAPTRACK)
		rc = pvb_fail(error, PVB_E_HOST_LIMIT, call,
			      "the hypervisor refuses a domain with %u maptrack pages "
			      "(pvb_build_options.max_maptrack_frames)",
			      config->max_maptrack_frames);
	if (rc) {
		pvb_hint(error, "ask for fewer, or boot Xen with a larger gnttab_max_frames or "
				"gnttab_max_maptrack_frames");
		return rc;
	}
	rc = xen_refused(xen, error, PVB_E_HOST_LIMIT, call, reason,
			 "a domain of %u vCPUs cannot be created", config->vcpus);
	if (reason == ENOMEM)
		pvb_hint(error, "the hypervisor has no memory left even for its own notes "
				"of a domain: destroy one, or balloon one down");
	return rc;
}

/* The two hypercalls; where the second fails, the domain is there, and *domid its number. */
static int create(struct xen_host *xen, const struct pvb_host_domain_config *config,
		  const uint8_t handle[XEN_HANDLE_SIZE], uint32_t *domid, struct pvb_error *error)
{
	static const char call[] = "create_domain";
	struct xen_domctl_createdomain wanted = {
		.ssidref = FLASK_LABEL_DOMU,
		.max_vcpus = config->vcpus,
		.max_evtchn_port = config->max_event_channel ? config->max_event_channel : INT_MAX,
		.max_grant_frames = frames(config->max_grant_frames),
		.max_maptrack_frames = frames(config->max_maptrack_frames),
		.cpupool_id = config->pool,
	};
	uint32_t version = 0;
	int rc = grant_version(xen, config->max_grant_version, &version, error);

	if (rc)
		return rc;
	memcpy(wanted.handle, handle, sizeof wanted.handle);
	wanted.grant_opts = XEN_DOMCTL_GRANT_version(version);
	if (xc_domain_create(xen->xc, domid, &wanted)) {
		*domid = 0;
		return refused_creation(xen, config, errno, error);
	}
	if (xc_domain_max_vcpus(xen->xc, *domid, config->vcpus))
		return xen_refused(xen, error, PVB_E_HOST_LIMIT, call, errno,
				   "domain %u cannot be given %u vCPUs", *domid, config->vcpus);
	return 0;
}

/*
 * The guard comes first and knows the domain by a handle that was made up for this; the domain has
 * the one that was asked for only once the guard knows its number.
 */
int xen_create_domain(struct pvb_host *host, const struct pvb_host_domain_config *config,
		      uint32_t *domid, struct pvb_error *error)
{
	static const char call[] = "create_domain";
	struct xen_host *xen = xen_of(host);
	uint8_t birth[XEN_HANDLE_SIZE], uuid[XEN_HANDLE_SIZE];
	struct xen_guard *guard;
	uint32_t number = 0;
	int rc;

	if (config->translated)
		return pvb_fail(error, PVB_E_HOST_GUEST_TYPE, call,
				"an arm64 guest, but this hypervisor runs on x86");
	if (!config->vcpus || config->vcpus > MAX_VCPUS)
		return pvb_fail(error, PVB_E_ARG_VCPUS, call,
				"%u vCPUs, but a PV domain has 1 to %u", config->vcpus, MAX_VCPUS);
	if (config->max_grant_frames > INT32_MAX)
		return pvb_fail(error, PVB_E_HOST_LIMIT, call, "%u grant table pages",
				config->max_grant_frames);
	if (config->max_maptrack_frames > INT32_MAX &&
	    config->max_maptrack_frames != PVB_HOST_NO_MAPTRACK)
		return pvb_fail(error, PVB_E_HOST_LIMIT, call, "%u maptrack pages",
				config->max_maptrack_frames);
	rc = xen_expect_domain(xen, config, birth, uuid, &guard, error);
	if (rc)
		return rc;
	rc = create(xen, config, birth, &number, error);
	if (!number) {
		xen_guard_dismiss(guard);
		return rc;
	}

	int came = xen_domain_came(xen, guard, number, rc ? NULL : error);
	if (rc == 0)
		rc = came;
	if (rc == 0 && xc_domain_sethandle(xen->xc, number, uuid))
		rc = xen_refused(xen, error, PVB_E_HOST_DENIED, call, errno,
				 "domain %u cannot be given its UUID", number);
	if (rc == 0)
		rc = xen_claim_domain(xen, number, uuid, config->name, error);
	if (rc == 0) {
		*domid = number;
		return 0;
	}

	struct pvb_error undoing = {0};
	if (xen_destroy_regardless(xen, number, &undoing))
		pvb_context(error, "and domain %u could not be cleared away: %.100s", number,
			    undoing.message);
	return rc;
}

/* Until nobody has a page of it any more. */
static int await_end(struct xen_host *xen, const struct pvb_host_domain *domain,
		     struct pvb_error *error)
{
	const struct xen_xs_patience patience = xen_end_patience(xen);
	uint64_t pages = 0;

	switch (xen_await_end(xen->xc, domain->domid, domain->uuid, &patience, &pages)) {
	case XEN_ENDED_GONE:
		return xen_forget_late(xen, domain->domid, error);
	case XEN_ENDED_STAYS:
		return pvb_host_lingers(error, domain->domid, pages);
	case XEN_ENDED_UNKNOWN:
		break;
	}
	return xen_refused(xen, error, PVB_E_HOST_DENIED, "destroy_domain", errno,
			   "domain %u was destroyed, and cannot be looked at", domain->domid);
}

/*
 * The hypervisor's part first: it does not depend on any daemon, and frees the memory. What is then
 * done to the store is for nobody who has got the number meanwhile.
 */
static int destroy(struct xen_host *xen, uint32_t domid, bool regardless, struct pvb_error *error)
{
	static const char call[] = "destroy_domain";
	struct pvb_host_domain domain = {.domid = domid};
	struct pvb_error unwanted;
	int rc = xen_look_at_domain(xen, domid, &domain, error);

	if (rc == -(int)PVB_E_HOST_NO_DOMAIN)
		xen_domain_went(xen, domid, true);
	if (rc)
		return rc;
	if (!error)
		error = &unwanted;
	/* Domain 0 has no one to clear up behind it. */
	if (domid == PVB_DOMID_0)
		return pvb_fail(error, PVB_E_HOST_STATE, call,
				"domain 0 is the one that this runs in, and cannot be destroyed");
	/* Where the store does not answer, it cannot be known, and the domain goes. */
	if (!regardless && xen_check_devices(xen, domid, error) == -(int)PVB_E_HOST_STATE)
		return -(int)PVB_E_HOST_STATE;

	int cause = xen_end(xen->xc, domid);
	if (cause && cause != ESRCH)
		return xen_refused(xen, error, PVB_E_HOST_DENIED, call, cause,
				   "domain %u cannot be destroyed", domid);
	rc = xen_forget_domain(xen, domid, domain.uuid, error);
	xen_domain_went(xen, domid, rc == 0);
	if (rc == 0)
		return await_end(xen, &domain, error);
	pvb_context(error, "domain %u was destroyed, but others still believe that it lives",
		    domid);
	return rc;
}

int xen_destroy_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	return destroy(xen_of(host), domid, false, error);
}

int xen_destroy_regardless(struct xen_host *xen, uint32_t domid, struct pvb_error *error)
{
	return destroy(xen, domid, true, error);
}

/* ---- running or not ------------------------------------------------------------------------ */

int xen_pause_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);

	if (is_no_number(domid))
		return no_domain(domid, error);
	if (xc_domain_pause(xen->xc, domid) == 0)
		return 0;
	return xen_refused(xen, error, PVB_E_HOST_STATE, "pause_domain", errno,
			   "domain %u cannot be paused", domid);
}

int xen_unpause_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	static const char call[] = "unpause_domain";
	struct xen_host *xen = xen_of(host);

	if (is_no_number(domid))
		return no_domain(domid, error);
	if (xc_domain_unpause(xen->xc, domid) == 0)
		return 0;
	if (errno == EINVAL)
		return pvb_fail(error, PVB_E_HOST_STATE, call, "domain %u is not paused", domid);
	return xen_refused(xen, error, PVB_E_HOST_STATE, call, errno,
			   "domain %u cannot be unpaused", domid);
}

/* ---- what there is -------------------------------------------------------------------------- */

int xen_guest_bits(struct xen_host *xen, uint32_t domid, unsigned *bits)
{
	struct xen_domctl domctl = {
		.cmd = XEN_DOMCTL_get_address_size,
		.domain = (domid_t)domid,
	};

	if (xc_domctl(xen->xc, &domctl))
		return -1;
	*bits = domctl.u.address_size.size;
	return 0;
}

/* But for its name, which xenstore has. */
static int describe(struct xen_host *xen, const struct xen_domctl_getdomaininfo *info,
		    struct pvb_host_domain *domain)
{
	*domain = (struct pvb_host_domain){
		.domid = info->domain,
		.hvm = info->flags & XEN_DOMINF_hvm_guest,
		.running = info->flags & XEN_DOMINF_running,
		.blocked = info->flags & XEN_DOMINF_blocked,
		.paused = info->flags & XEN_DOMINF_paused,
		.dying = info->flags & XEN_DOMINF_dying,
		.shutdown = info->flags & XEN_DOMINF_shutdown,
		.vcpus = info->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : info->max_vcpu_id + 1,
		.pages = info->tot_pages,
		.max_pages = info->max_pages,
		.claimed_pages = info->outstanding_pages,
		.cpu_time_ns = info->cpu_time,
		.shared_info = PVB_MFN(info->shared_info_frame),
		.pool = info->cpupool,
	};
	if (domain->shutdown)
		domain->shutdown_reason =
			info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
	static_assert(sizeof info->handle == sizeof domain->uuid, "a handle is a UUID");
	memcpy(domain->uuid, info->handle, sizeof domain->uuid);
	return xen_guest_bits(xen, info->domain, &domain->guest_bits);
}

int xen_look_at_domain(struct xen_host *xen, uint32_t domid, struct pvb_host_domain *domain,
		       struct pvb_error *error)
{
	struct xen_domctl domctl = {
		.cmd = XEN_DOMCTL_getdomaininfo,
		.domain = (domid_t)domid,
	};

	if (is_no_number(domid))
		return no_domain(domid, error);
	if (xc_domctl(xen->xc, &domctl) == 0) {
		const struct xen_domctl_getdomaininfo *info = &domctl.u.getdomaininfo;

		/* Up to 4.17 the next one answers where there is none of this number. */
		if (info->domain != domid)
			return no_domain(domid, error);
		if (describe(xen, info, domain) == 0)
			return 0;
	}
	if (errno == ESRCH)
		return no_domain(domid, error);
	return xen_refused(xen, error, PVB_E_HOST_DENIED, "get_domain", errno,
			   "domain %u cannot be looked at", domid);
}

int xen_get_domain(struct pvb_host *host, uint32_t domid, struct pvb_host_domain *domain,
		   struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	int rc = xen_look_at_domain(xen, domid, domain, error);

	if (rc == 0)
		xen_name_domain(xen, domain);
	return rc;
}

int xen_look_at_domains(struct xen_host *xen, uint32_t first, struct pvb_host_domain *domains,
			size_t room, size_t *count, struct pvb_error *error)
{
	size_t got = 0;

	*count = 0;
	if (first >= DOMID_FIRST_RESERVED || !room)
		return 0;

	PVB_AUTO_FREE xc_domaininfo_t *info = calloc(room, sizeof *info);
	if (!info)
		return pvb_fail_memory(error, "list_domains", "a list of domains");
	do {
		int n = xc_domain_getinfolist(xen->xc, first, (unsigned)(room - *count), info);

		if (n < 0)
			return xen_refused(xen, error, PVB_E_HOST_DENIED, "list_domains", errno,
					   "the hypervisor does not say which domains there are");
		got = (size_t)n;
		/* One that went in between is left out, and the place given to the next. */
		for (size_t i = 0; i < got; i++)
			if (describe(xen, &info[i], &domains[*count]) == 0)
				++*count;
		if (got)
			first = info[got - 1].domain + UINT32_C(1);
	} while (got && *count < room && first < DOMID_FIRST_RESERVED);
	return 0;
}

int xen_list_domains(struct pvb_host *host, uint32_t first, struct pvb_host_domain *domains,
		     size_t room, size_t *count, struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	int rc = xen_look_at_domains(xen, first, domains, room, count, error);

	for (size_t i = 0; i < *count; i++)
		xen_name_domain(xen, &domains[i]);
	return rc;
}
