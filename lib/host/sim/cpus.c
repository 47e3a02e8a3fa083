/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPUs, their pools, and where and how much of them a domain runs. Nothing does run here. */
#include "host/sim/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CSCHED_DEFAULT_WEIGHT, CSCHED2_DEFAULT_WEIGHT. */
#define DEFAULT_WEIGHT 256u

/* ---- the machine's ---- */

/* Spread over nodes, and over pools, in the order of their numbers. */
static unsigned part_of(const struct sim_options *options, unsigned cpu, unsigned parts)
{
	return (unsigned)((uint64_t)cpu * parts / options->cpus);
}

int sim_get_cpus(struct pvb_host *host, int node, struct pvb_cpus *cpus, struct pvb_error *error)
{
	struct sim *sim = sim_of(host);
	const struct sim_options *options = &sim->options;
	int rc = sim_enter(sim, "get_cpus", error);

	if (rc)
		return rc;
	*cpus = (struct pvb_cpus){{0}};
	for (unsigned cpu = 0; cpu < options->cpus; cpu++)
		if (node == PVB_HOST_ANY_NODE || (int)part_of(options, cpu, options->nodes) == node)
			pvb_cpus_put(cpus, cpu, true);
	return 0;
}

static void describe_pool(const struct sim_options *options, uint32_t number,
			  struct pvb_host_pool *pool)
{
	*pool = (struct pvb_host_pool){.number = number};
	(void)snprintf(pool->name, sizeof pool->name, "Pool-%u", number);
	memcpy(pool->scheduler, options->scheduler, sizeof pool->scheduler);
	for (unsigned cpu = 0; cpu < options->cpus; cpu++)
		if (part_of(options, cpu, options->pools) == number)
			pvb_cpus_put(&pool->cpus, cpu, true);
}

int sim_get_pool(struct pvb_host *host, uint32_t first, struct pvb_host_pool *pool,
		 struct pvb_error *error)
{
	static const char call[] = "get_pool";
	struct sim *sim = sim_of(host);
	int rc = sim_enter(sim, call, error);

	if (rc)
		return rc;
	if (first >= sim->options.pools)
		return pvb_fail(error, PVB_E_HOST_POOL, call,
				"there are %u CPU pools, none of number %u or above",
				sim->options.pools, first);
	describe_pool(&sim->options, first, pool);
	return 0;
}

/* ---- a domain's ---- */

static int check_vcpu(const struct sim_domain *domain, const char *call, uint32_t vcpu,
		      struct pvb_error *error)
{
	if (vcpu < domain->vcpu_count)
		return 0;
	return pvb_fail(error, PVB_E_ARG_INVALID, call, "vCPU %u of domain %u, which has %u", vcpu,
			domain->domid, domain->vcpu_count);
}

/* As a vCPU is made: it may and should run anywhere. */
static void anywhere(const struct sim *sim, struct sim_affinity *affinity)
{
	pvb_cpus_first(&affinity->hard, sim->options.cpus);
	affinity->soft = affinity->hard;
}

/* Xen's vcpu_set_hard_affinity(): one of the pool's CPUs at least. */
static int check_hard(const struct sim *sim, const struct sim_domain *domain, uint32_t vcpu,
		      const struct pvb_cpus *hard, struct pvb_error *error)
{
	struct pvb_host_pool pool;

	describe_pool(&sim->options, domain->pool, &pool);
	pvb_cpus_and(&pool.cpus, hard);
	if (!pvb_cpus_empty(&pool.cpus))
		return 0;
	return pvb_fail(error, PVB_E_ARG_CPUS, "set_affinity",
			"vCPU %u of domain %u could run on no CPU of pool %u", vcpu, domain->domid,
			domain->pool);
}

int sim_set_affinity(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		     const struct pvb_cpus *hard, const struct pvb_cpus *soft,
		     struct pvb_error *error)
{
	static const char call[] = "set_affinity";
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	struct sim_affinity all;
	int rc = sim_call_live(sim, call, domid, &domain, error);

	if (rc == 0)
		rc = check_vcpu(domain, call, vcpu, error);
	if (rc == 0 && hard)
		rc = check_hard(sim, domain, vcpu, hard, error);
	if (rc)
		return rc;

	struct sim_affinity **place = &domain->affinity[vcpu];

	anywhere(sim, &all);
	if (!*place) {
		*place = malloc(sizeof **place);
		if (!*place)
			return pvb_fail_memory(error, call, "the CPUs of a vCPU");
		**place = all;
	}
	/* Xen keeps no number that no CPU has. */
	if (hard) {
		(*place)->hard = *hard;
		pvb_cpus_and(&(*place)->hard, &all.hard);
	}
	if (soft) {
		(*place)->soft = *soft;
		pvb_cpus_and(&(*place)->soft, &all.hard);
	}
	return 0;
}

int sim_get_affinity(struct pvb_host *host, uint32_t domid, uint32_t vcpu, struct pvb_cpus *hard,
		     struct pvb_cpus *soft, struct pvb_error *error)
{
	static const char call[] = "get_affinity";
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	struct sim_affinity affinity;
	int rc = sim_call(sim, call, domid, &domain, error);

	if (rc == 0)
		rc = check_vcpu(domain, call, vcpu, error);
	if (rc)
		return rc;
	anywhere(sim, &affinity);
	if (domain->affinity[vcpu])
		affinity = *domain->affinity[vcpu];
	*hard = affinity.hard;
	*soft = affinity.soft;
	return 0;
}

static bool is_weighted(const struct sim_options *options)
{
	return strncmp(options->scheduler, "credit", 6) == 0;
}

void sim_default_share(const struct sim *sim, struct sim_domain *domain)
{
	domain->weight = is_weighted(&sim->options) ? DEFAULT_WEIGHT : 0;
	domain->cap = 0;
}

int sim_set_share(struct pvb_host *host, uint32_t domid, const struct pvb_host_share *share,
		  struct pvb_error *error)
{
	static const char call[] = "set_share";
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call_live(sim, call, domid, &domain, error);

	if (rc)
		return rc;
	if (!is_weighted(&sim->options))
		return pvb_fail(error, PVB_E_HOST_STATE, call,
				"the scheduler \"%s\" knows no weight and no cap",
				sim->options.scheduler);
	/* The credit scheduler believes any, libxl asks for none of these. */
	if (!share->weight || share->weight > UINT16_MAX || share->cap > domain->vcpu_count * 100)
		return pvb_fail(error, PVB_E_HOST_LIMIT, call,
				"weight %u and cap %u of domain %u, which has %u vCPUs",
				share->weight, share->cap, domid, domain->vcpu_count);
	domain->weight = share->weight;
	domain->cap = share->cap;
	return 0;
}

int sim_get_share(struct pvb_host *host, uint32_t domid, struct pvb_host_share *share,
		  struct pvb_error *error)
{
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call(sim, "get_share", domid, &domain, error);

	if (rc)
		return rc;
	*share = (struct pvb_host_share){
		.weighted = is_weighted(&sim->options),
		.weight = domain->weight,
		.cap = domain->cap,
	};
	memcpy(share->scheduler, sim->options.scheduler, sizeof share->scheduler);
	return 0;
}
