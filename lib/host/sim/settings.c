/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a toolstack sets of a domain before it runs. */
#include "host/sim/model.h"

#include <stdlib.h>
#include <string.h>

#include "core/checked.h"

int sim_set_guest_bits(struct pvb_host *host, uint32_t domid, unsigned bits,
		       struct pvb_error *error)
{
	static const char call[] = "set_guest_bits";
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call_live(sim, call, domid, &domain, error);

	if (rc)
		return rc;
	if (domain->translated ? bits != 64 : bits != 32 && bits != 64)
		return pvb_fail(error, PVB_E_HOST_GUEST_TYPE, call,
				"this hypervisor runs no %u-bit %s domains", bits,
				domain->translated ? "arm" : "PV");
	if (domain->translated && domain->pages)
		return pvb_fail(error, PVB_E_HOST_STATE, call,
				"domain %u has %u pages already, and arm64 wants to be told before",
				domid, domain->pages);
	if (bits == domain->bits)
		return 0;
	if (bits == 64)
		return pvb_fail(error, PVB_E_HOST_STATE, call,
				"domain %u is 32-bit, and Xen does not turn that back", domid);
	if (!sim->options.pv32) {
		rc = pvb_fail(error, PVB_E_HOST_GUEST_TYPE, call,
			      "this hypervisor runs no 32-bit PV domains");
		pvb_hint(error,
			 "Xen has to be built with CONFIG_PV32, and booted without pv=no-32");
		return rc;
	}
	if (domain->pages)
		return pvb_fail(
			error, PVB_E_HOST_STATE, call,
			"domain %u has %u pages already; its width is set before it has any", domid,
			domain->pages);

	/* A page that is low enough stays (Xen 8a9255405c). */
	uint64_t mfn = domain->shared_info;
	if (mfn >> (32 - sim->options.page_shift) != 0) {
		if (sim_is_mapped(sim, mfn, 1))
			return pvb_fail(error, PVB_E_HOST_STATE, call,
					"the shared info of domain %u has to move, but is mapped",
					domid);
		rc = sim_xen_frame_alloc(sim, domain, call, SIM_SHARED_INFO, 32,
					 &domain->shared_info, error);
		if (rc) {
			domain->shared_info = mfn;
			return rc;
		}
		sim_xen_frame_free(sim, mfn);
	}
	domain->bits = bits;
	domain->pte_bits = sim_default_pte_bits(sim, bits);
	return 0;
}

int sim_set_max_memory(struct pvb_host *host, uint32_t domid, uint64_t bytes,
		       struct pvb_error *error)
{
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call_live(sim, "set_max_memory", domid, &domain, error);

	/* Xen keeps the number in an unsigned int, and cuts what does not fit. */
	if (rc == 0)
		domain->max_pages = (uint32_t)pvb_min(bytes >> sim->options.page_shift, UINT32_MAX);
	return rc;
}

/* E820MAX: Xen looks at their number, and not at what is in them. */
static size_t memory_map_max(const struct sim_options *options)
{
	return options->xen_major == 4 && options->xen_minor < 9 ? 128 : 1024;
}

int sim_set_memory_map(struct pvb_host *host, uint32_t domid, const struct pvb_host_memory *map,
		       size_t count, struct pvb_error *error)
{
	static const char call[] = "set_memory_map";
	struct sim *sim = sim_of(host);
	const size_t most = memory_map_max(&sim->options);
	struct pvb_host_memory *copy;
	struct sim_domain *domain;
	int rc = sim_call_live(sim, call, domid, &domain, error);

	if (rc == 0)
		rc = sim_want_pv(domain, call, error);
	if (rc)
		return rc;
	if (!count || count > most)
		return pvb_fail(error, PVB_E_ARG_INVALID, call,
				"a memory map of %zu entries, and there can be 1 to %zu", count,
				most);
	copy = reallocarray(NULL, count, sizeof *copy);
	if (!copy)
		return pvb_fail_memory(error, call, "the simulated host's memory map");
	memcpy(copy, map, count * sizeof *copy);
	free(domain->memory_map);
	domain->memory_map = copy;
	domain->memory_map_count = count;
	return 0;
}

int sim_apply_cpu_policy(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	static const char call[] = "apply_cpu_policy";
	struct sim_domain *domain;
	int rc = sim_call_live(sim_of(host), call, domid, &domain, error);

	if (rc == 0)
		rc = sim_want_pv(domain, call, error);
	if (rc)
		return rc;
	if (domain->created)
		return pvb_fail(error, PVB_E_HOST_STATE, call,
				"domain %u has been running: its CPU cannot change any more",
				domid);
	domain->cpu_policy = true;
	return 0;
}

/* Xen keeps no such thing: it is the toolstack's, and stands in the store. */
int sim_set_record(struct pvb_host *host, uint32_t domid, const struct pvb_host_record *record,
		   struct pvb_error *error)
{
	struct sim_domain *domain;
	int rc = sim_call_live(sim_of(host), "set_record", domid, &domain, error);

	if (rc == 0)
		domain->record = *record;
	return rc;
}

int sim_get_record(struct pvb_host *host, uint32_t domid, struct pvb_host_record *record,
		   struct pvb_error *error)
{
	struct sim_domain *domain;
	int rc = sim_call(sim_of(host), "get_record", domid, &domain, error);

	if (rc == 0)
		*record = domain->record;
	return rc;
}
