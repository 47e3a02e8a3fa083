/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What connects a domain with the others: event channels, grants, the store. */
#include "host/sim/model.h"

#include <stdlib.h>
#include <string.h>

#include "core/checked.h"

/* Version 1 grant table: 8 bytes an entry (public grant_table.h). */
#define GRANT_SHIFT 3

/* ---- event channels -------------------------------------------------------------- */

static bool grow_ports(struct sim_domain *domain)
{
	uint32_t count = domain->port_count ? domain->port_count * 2 : 8;
	uint32_t *ports = reallocarray(domain->ports, count, sizeof *ports);

	if (!ports)
		return false;
	for (uint32_t i = domain->port_count; i < count; i++)
		ports[i] = SIM_NO_PORT;
	domain->ports = ports;
	domain->port_count = count;
	return true;
}

int sim_alloc_event_channel(struct pvb_host *host, uint32_t domid, uint32_t remote, uint32_t *port,
			    struct pvb_error *error)
{
	static const char call[] = "alloc_event_channel";
	struct sim_domain *domain;
	int rc = sim_call_live(sim_of(host), call, domid, &domain, error);

	if (rc)
		return rc;
	if (remote >= SIM_FIRST_RESERVED_DOMID)
		return pvb_fail(error, PVB_E_ARG_INVALID, call, "no domain can have number %u",
				remote);

	/* Port 0 is never one. */
	uint32_t free_port = 1;
	while (free_port < domain->port_count && domain->ports[free_port] != SIM_NO_PORT)
		free_port++;
	if (free_port > domain->port_limit)
		return pvb_fail(error, PVB_E_HOST_LIMIT, call,
				"domain %u has all of its %u event channels in use", domid,
				domain->port_limit);
	if (free_port >= domain->port_count && !grow_ports(domain))
		return pvb_fail_memory(error, call, "an event channel");
	domain->ports[free_port] = remote;
	*port = free_port;
	return 0;
}

/* ---- grants ---------------------------------------------------------------------- */

/* Where the entry of an index is, or belongs. */
static size_t lower(const struct sim_domain *domain, uint32_t index)
{
	size_t i = 0;

	while (i < domain->grant_count && domain->grants[i].index < index)
		i++;
	return i;
}

static int check_grants(const struct sim *sim, const struct sim_domain *domain,
			const struct pvb_host_grant *grants, size_t count, struct pvb_error *error)
{
	static const char call[] = "set_grants";
	uint64_t end = (uint64_t)domain->grant_limit << (sim->options.page_shift - GRANT_SHIFT);

	for (size_t i = 0; i < count; i++) {
		if (grants[i].index >= end)
			return pvb_fail(error, PVB_E_HOST_LIMIT, call,
					"grant %u of domain %u, whose table ends at %llu",
					grants[i].index, domain->domid, (unsigned long long)end);
		if (grants[i].frame.n > UINT32_MAX)
			return pvb_fail(error, PVB_E_HOST_LIMIT, call,
					"grant %u of domain %u: frame %#llx does not fit the "
					"32 bits of a version 1 entry",
					grants[i].index, domain->domid,
					(unsigned long long)grants[i].frame.n);
	}
	return 0;
}

int sim_grow_grant_table(struct sim *sim, struct sim_domain *domain, const char *call,
			 uint32_t pages, struct pvb_error *error)
{
	if (pages > domain->grant_limit)
		return pvb_fail(error, PVB_E_HOST_LIMIT, call,
				"a grant table of %u pages for domain %u, which may have %u", pages,
				domain->domid, domain->grant_limit);
	while (domain->grant_frame_count < pages) {
		uint32_t count = domain->grant_frame_count;
		uint64_t *frames =
			reallocarray(domain->grant_frame, count + (size_t)1, sizeof *frames);

		if (!frames)
			return pvb_fail_memory(error, call, "a page of the grant table");
		domain->grant_frame = frames;
		int rc = sim_xen_frame_alloc(sim, domain, call, SIM_GRANT_TABLE, 0, &frames[count],
					     error);

		if (rc)
			return rc;
		domain->grant_frame_count++;
	}
	return 0;
}

static bool reserve_grants(struct sim_domain *domain, size_t more)
{
	size_t capacity;

	if (__builtin_add_overflow(domain->grant_count, more, &capacity))
		return false;
	if (capacity <= domain->grant_capacity)
		return true;

	struct pvb_host_grant *grants = reallocarray(domain->grants, capacity, sizeof *grants);
	if (!grants)
		return false;
	domain->grants = grants;
	domain->grant_capacity = capacity;
	return true;
}

int sim_set_grants(struct pvb_host *host, uint32_t domid, const struct pvb_host_grant *grants,
		   size_t count, struct pvb_error *error)
{
	static const char call[] = "set_grants";
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call_live(sim, call, domid, &domain, error);

	if (rc == 0)
		rc = check_grants(sim, domain, grants, count, error);
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = sim_grow_grant_table(
			sim, domain, call,
			(grants[i].index >> (sim->options.page_shift - GRANT_SHIFT)) + 1, error);
	if (rc)
		return rc;
	if (!reserve_grants(domain, count))
		return pvb_fail_memory(error, call, "grant table entries");

	for (size_t i = 0; i < count; i++) {
		size_t at = lower(domain, grants[i].index);
		struct pvb_host_grant *entry = &domain->grants[at];

		if (at == domain->grant_count || entry->index != grants[i].index) {
			memmove(entry + 1, entry, (domain->grant_count - at) * sizeof *entry);
			domain->grant_count++;
		}
		*entry = grants[i];
	}
	return 0;
}

int sim_get_grants(struct pvb_host *host, uint32_t domid, struct pvb_host_grant *grants,
		   size_t room, size_t *count, struct pvb_error *error)
{
	struct sim_domain *domain;
	int rc = sim_call(sim_of(host), "get_grants", domid, &domain, error);

	if (rc)
		return rc;
	*count = 0;
	for (size_t i = 0; i < domain->grant_count && *count < room; i++)
		if (domain->grants[i].flags)
			grants[(*count)++] = domain->grants[i];
	return 0;
}

int sim_get_grant_frames(struct pvb_host *host, uint32_t domid, pvb_mfn_t *frames, size_t room,
			 size_t *count, struct pvb_error *error)
{
	struct sim_domain *domain;
	int rc = sim_call(sim_of(host), "get_grant_frames", domid, &domain, error);

	if (rc)
		return rc;
	*count = domain->grant_frame_count;
	for (size_t i = 0; i < *count && i < room; i++)
		frames[i] = PVB_MFN(domain->grant_frame[i]);
	return 0;
}

int sim_get_grant_limit(struct pvb_host *host, uint32_t domid, uint32_t *frames,
			struct pvb_error *error)
{
	struct sim_domain *domain;
	int rc = sim_call(sim_of(host), "get_grant_limit", domid, &domain, error);

	if (rc == 0)
		*frames = domain->grant_limit;
	return rc;
}

/* ---- the store --------------------------------------------------------------------- */

static int check_ring(const struct sim *sim, const struct sim_domain *domain, const char *what,
		      pvb_mfn_t frame, uint32_t port, struct pvb_error *error)
{
	static const char call[] = "introduce_domain";
	uint64_t asked = frame.n;
	struct sim_frame entry;
	char whose[SIM_WHOSE_MAX];

	if (domain->translated && sim_translated_frame(domain, call, frame.n, &frame.n, NULL))
		return pvb_fail(error, PVB_E_HOST_DENIED, call,
				"the %s ring of domain %u, guest frame %#llx, is no memory", what,
				domain->domid, (unsigned long long)asked);
	if (!sim_owns(sim, domain, frame.n, &entry) || entry.kind != SIM_OWNED)
		return pvb_fail(error, PVB_E_HOST_DENIED, call,
				"the %s ring of domain %u, machine frame %#llx, is %s", what,
				domain->domid, (unsigned long long)frame.n,
				sim_whose(sim, frame.n, whose, sizeof whose));
	if (entry.count && entry.type != SIM_TYPE_WRITABLE)
		return pvb_fail(error, PVB_E_HOST_DENIED, call,
				"the %s ring of domain %u, machine frame %#llx, is %s", what,
				domain->domid, (unsigned long long)frame.n,
				sim_type_name(entry.type));
	if (port >= domain->port_count || domain->ports[port] == SIM_NO_PORT)
		return pvb_fail(error, PVB_E_HOST_DENIED, call,
				"the %s of domain %u is to use event channel %u, which it does not "
				"have",
				what, domain->domid, port);
	return 0;
}

static bool copy_introduction(const struct pvb_host_introduction *told,
			      struct sim_introduction *copy)
{
	const char **to[] = {&copy->told.name, &copy->told.kernel, &copy->told.ramdisk,
			     &copy->told.command_line};

	copy->told = *told;
	for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
		if (!*to[i])
			continue;
		copy->strings[i] = strdup(*to[i]);
		if (!copy->strings[i]) {
			while (i-- > 0)
				free(copy->strings[i]);
			return false;
		}
		*to[i] = copy->strings[i];
	}
	return true;
}

int sim_introduce_domain(struct pvb_host *host, uint32_t domid,
			 const struct pvb_host_introduction *told, struct pvb_error *error)
{
	static const char call[] = "introduce_domain";
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call_live(sim, call, domid, &domain, error);

	if (rc)
		return rc;
	if (domain->introduction)
		return pvb_fail(error, PVB_E_HOST_STATE, call, "domain %u was introduced already",
				domid);
	rc = check_ring(sim, domain, "store", told->store_frame, told->store_port, error);
	if (rc == 0)
		rc = check_ring(sim, domain, "console", told->console_frame, told->console_port,
				error);
	if (rc)
		return rc;

	struct sim_introduction *copy = calloc(1, sizeof *copy);
	if (!copy || !copy_introduction(told, copy)) {
		free(copy);
		return pvb_fail_memory(error, call, "what the domain is introduced with");
	}
	domain->introduction = copy;
	return 0;
}

int sim_find_console(struct pvb_host *host, uint32_t domid, pvb_mfn_t *frame,
		     struct pvb_error *error)
{
	struct sim_domain *domain;
	int rc = sim_call(sim_of(host), "find_console", domid, &domain, error);

	if (rc == 0 && domain->introduction)
		*frame = domain->introduction->told.console_frame;
	return rc;
}
