/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains: their life, and what can be learned of them. */
#include "host/sim/model.h"

#include <stdlib.h>
#include <string.h>

#include "core/checked.h"

struct sim_domain *sim_find_domain(const struct sim *sim, uint32_t domid)
{
	for (size_t i = 0; i < sim->domain_count; i++)
		if (sim->domains[i]->domid == domid)
			return sim->domains[i];
	return NULL;
}

int sim_call(struct sim *sim, const char *call, uint32_t domid, struct sim_domain **domain,
	     struct pvb_error *error)
{
	int rc = sim_enter(sim, call, error);

	if (rc)
		return rc;
	struct sim_domain *found = sim_find_domain(sim, domid);

	*domain = found;
	if (found)
		return 0;
	(void)pvb_fail(error, PVB_E_HOST_NO_DOMAIN, call, "there is no domain %u", domid);
	return -PVB_E_HOST_NO_DOMAIN;
}

int sim_call_live(struct sim *sim, const char *call, uint32_t domid, struct sim_domain **domain,
		  struct pvb_error *error)
{
	int rc = sim_call(sim, call, domid, domain, error);

	if (rc == 0 && (*domain)->dying)
		return pvb_fail(error, PVB_E_HOST_STATE, call, "domain %u is dying", domid);
	return rc;
}

/* ---- birth --------------------------------------------------------------------- */

/* The next number, going round, as Xen does: one that was just given back stays unused for long. */
static bool pick_domid(const struct sim *sim, uint32_t *domid)
{
	uint32_t candidate = sim->last_domid;

	for (uint32_t i = 1; i < SIM_FIRST_RESERVED_DOMID; i++) {
		if (++candidate >= SIM_FIRST_RESERVED_DOMID)
			candidate = 1;
		if (!sim_find_domain(sim, candidate)) {
			*domid = candidate;
			return true;
		}
	}
	return false;
}

/* Before 4.18 (b2ea81d2b9) what a domain has by default is also the most that it can have. */
static int check_frames(const struct sim *sim, const char *what, uint32_t wanted, uint32_t usual,
			struct pvb_error *error)
{
	if (wanted <= (sim_xen_since(&sim->options, 4, 18) ? INT32_MAX : usual))
		return 0;
	return pvb_fail(error, PVB_E_HOST_LIMIT, "create_domain",
			"%u %s pages, but this host allows %u", wanted, what, usual);
}

static int check_config(const struct sim *sim, const struct pvb_host_domain_config *config,
			struct pvb_error *error)
{
	static const char call[] = "create_domain";
	uint32_t most = config->translated ? sim_arm64_max_vcpus(sim) : SIM_MAX_VCPUS;
	int rc = sim_translated_check(sim, config, error);

	if (rc)
		return rc;
	if (!config->vcpus || config->vcpus > most)
		return pvb_fail(error, PVB_E_ARG_VCPUS, call,
				"%u vCPUs, but a domain of this kind has 1 to %u", config->vcpus,
				most);
	rc = check_frames(sim, "grant table", config->max_grant_frames, SIM_GRANT_FRAMES, error);
	if (rc == 0 && config->max_maptrack_frames != PVB_HOST_NO_MAPTRACK)
		rc = check_frames(sim, "maptrack", config->max_maptrack_frames, SIM_MAPTRACK_FRAMES,
				  error);
	if (rc)
		return rc;
	if (config->max_grant_version > SIM_MAX_GRANT_VERSION)
		return pvb_fail(error, PVB_E_HOST_LIMIT, call,
				"grant tables of version %u, but this host has up to version %u",
				config->max_grant_version, SIM_MAX_GRANT_VERSION);
	if (config->pool >= sim->options.pools)
		return pvb_fail(error, PVB_E_HOST_POOL, call, "there is no CPU pool %u",
				config->pool);
	return 0;
}

static bool make_room(struct sim *sim)
{
	if (sim->domain_count < sim->domain_capacity)
		return true;

	size_t capacity = sim->domain_capacity ? sim->domain_capacity * 2 : 8;
	struct sim_domain **domains = reallocarray(sim->domains, capacity, sizeof(void *));

	if (!domains)
		return false;
	sim->domains = domains;
	sim->domain_capacity = capacity;
	return true;
}

static void insert(struct sim *sim, struct sim_domain *domain)
{
	size_t i = sim->domain_count++;

	for (; i > 0 && sim->domains[i - 1]->domid > domain->domid; i--)
		sim->domains[i] = sim->domains[i - 1];
	sim->domains[i] = domain;
}

/*
 * On x86 the shared info page is below 4 GiB: always before 8a9255405c, then for 32-bit guests.
 * That is in 4.22, and in 4.19.5, 4.20.3 and 4.21.1: a release is modelled as the last of its
 * branch.
 */
static unsigned shared_info_bits(const struct sim *sim, unsigned guest_bits)
{
	if (sim->options.arm64)
		return 0;
	return guest_bits == 32 || !sim_xen_since(&sim->options, 4, 19) ? 32 : 0;
}

static void free_introduction(struct sim_introduction *introduction)
{
	if (!introduction)
		return;
	for (size_t i = 0; i < sizeof introduction->strings / sizeof introduction->strings[0]; i++)
		free(introduction->strings[i]);
	free(introduction);
}

static void free_domain(struct sim_domain *domain)
{
	if (!domain)
		return;
	for (uint32_t v = 0; domain->vcpu && v < domain->vcpu_count; v++)
		free(domain->vcpu[v]);
	free(domain->vcpu);
	for (uint32_t v = 0; domain->affinity && v < domain->vcpu_count; v++)
		free(domain->affinity[v]);
	free(domain->affinity);
	free(domain->ports);
	free(domain->grants);
	free(domain->grant_frame);
	free(domain->memory_map);
	free_introduction(domain->introduction);
	sim_translated_free(domain->translated);
	free(domain);
}

static struct sim_domain *new_domain(const struct sim *sim,
				     const struct pvb_host_domain_config *config)
{
	struct sim_domain *domain = calloc(1, sizeof *domain);

	if (!domain)
		return NULL;
	domain->vcpu = calloc(config->vcpus, sizeof(void *));
	domain->affinity = calloc(config->vcpus, sizeof(void *));
	if (config->translated)
		domain->translated = sim_translated_new(sim, config->vcpus);
	if (domain->vcpu && domain->affinity && (domain->translated || !config->translated))
		return domain;
	free_domain(domain);
	return NULL;
}

static uint32_t limit(uint32_t wanted, uint32_t usual)
{
	return wanted ? wanted : usual;
}

static void take_limits(struct sim_domain *domain, const struct pvb_host_domain_config *config)
{
	domain->port_limit = limit(config->max_event_channel, SIM_DEFAULT_EVENT_CHANNELS);
	domain->grant_limit = limit(config->max_grant_frames, SIM_GRANT_FRAMES);
	domain->maptrack_limit = limit(config->max_maptrack_frames, SIM_MAPTRACK_FRAMES);
	if (domain->maptrack_limit == PVB_HOST_NO_MAPTRACK)
		domain->maptrack_limit = 0;
	domain->grant_version = limit(config->max_grant_version, SIM_MAX_GRANT_VERSION);
	domain->pool = config->pool;
}

int sim_create_domain(struct pvb_host *host, const struct pvb_host_domain_config *config,
		      uint32_t *domid, struct pvb_error *error)
{
	static const char call[] = "create_domain";
	struct sim *sim = sim_of(host);
	int rc = sim_enter(sim, call, error);
	uint32_t number;

	if (rc == 0)
		rc = check_config(sim, config, error);
	if (rc)
		return rc;
	if (!pick_domid(sim, &number))
		return pvb_fail(error, PVB_E_HOST_LIMIT, call, "all domain numbers are in use");

	struct sim_domain *domain = new_domain(sim, config);
	if (!domain || !make_room(sim)) {
		free_domain(domain);
		return pvb_fail_memory(error, call, "a domain");
	}
	domain->domid = number;
	domain->bits = 64;
	domain->pte_bits = sim_default_pte_bits(sim, 64);
	domain->pauses = 1;
	domain->last_node = SIM_NO_NODE;
	domain->vcpu_count = config->vcpus;
	take_limits(domain, config);
	sim_default_share(sim, domain);
	memcpy(domain->uuid, config->uuid, sizeof domain->uuid);
	memcpy(domain->name, config->name, sizeof domain->name);
	domain->name[sizeof domain->name - 1] = '\0';

	rc = sim_xen_frame_alloc(sim, domain, call, SIM_SHARED_INFO, shared_info_bits(sim, 64),
				 &domain->shared_info, error);
	if (rc == 0) {
		rc = sim_grow_grant_table(sim, domain, call, 1, error);
		if (rc)
			sim_xen_frame_free(sim, domain->shared_info);
	}
	if (rc) {
		free_domain(domain);
		return rc;
	}
	insert(sim, domain);
	sim->last_domid = number;
	*domid = number;
	return 0;
}

/* ---- death --------------------------------------------------------------------- */

/* Frames given back one after the other, whose contents are to be forgotten in one go. */
struct given_back {
	uint64_t first;
	uint64_t count;
};

static void forget(struct sim *sim, struct given_back *back, uint64_t mfn, uint64_t count)
{
	if (back->count && back->first + back->count == mfn) {
		back->count += count;
		return;
	}
	if (back->count)
		sim_contents_forget(&sim->contents, back->first, back->count);
	*back = (struct given_back){mfn, count};
}

static void give_back(struct sim *sim, struct sim_domain *domain, struct given_back *back,
		      uint64_t mfn, unsigned order)
{
	forget(sim, back, mfn, UINT64_C(1) << order);
	sim_heap_free(&sim->heap, mfn, order);
	domain->pages -= UINT32_C(1) << order;
}

static void release_frames(struct sim *sim, struct sim_domain *domain, struct given_back *back,
			   struct sim_frame *chunk, uint64_t mfn)
{
	bool some_mapped = sim_is_mapped(sim, mfn, SIM_CHUNK_FRAMES);

	/* The last frame of a chunk to be free takes the page of entries with it. */
	for (uint64_t i = 0; i < SIM_CHUNK_FRAMES && chunk->kind == SIM_SPLIT; i++) {
		struct sim_frame *frame = &chunk->page[i];

		if (frame->kind != SIM_OWNED || frame->domid != domain->domid ||
		    (some_mapped && sim_is_mapped(sim, mfn + i, 1)))
			continue;
		*frame = (struct sim_frame){0};
		give_back(sim, domain, back, mfn + i, 0);
	}
}

static void release_memory(struct sim *sim, struct sim_domain *domain)
{
	struct given_back back = {0, 0};

	for (uint64_t span = 0; span < sim->books.spans && domain->pages; span++) {
		for (uint64_t i = 0; i < SIM_CHUNK_FRAMES; i++) {
			uint64_t mfn = (span << SIM_SPAN_ORDER) + (i << SIM_CHUNK_ORDER);
			struct sim_frame *chunk = sim_books_chunk(&sim->books, mfn);

			if (!chunk)
				break;
			if (chunk->kind == SIM_SPLIT) {
				release_frames(sim, domain, &back, chunk, mfn);
			} else if (chunk->kind == SIM_OWNED && chunk->domid == domain->domid &&
				   !sim_is_mapped(sim, mfn, SIM_CHUNK_FRAMES)) {
				*chunk = (struct sim_frame){0};
				give_back(sim, domain, &back, mfn, SIM_CHUNK_ORDER);
			}
		}
	}
	if (back.count)
		sim_contents_forget(&sim->contents, back.first, back.count);
}

void sim_domain_free(struct sim *sim, struct sim_domain *domain)
{
	size_t i = 0;

	while (sim->domains[i] != domain)
		i++;
	for (sim->domain_count--; i < sim->domain_count; i++)
		sim->domains[i] = sim->domains[i + 1];
	free_domain(domain);
}

void sim_domain_release(struct sim *sim, struct sim_domain *domain)
{
	release_memory(sim, domain);
	if (domain->shared_info != PVB_NO_FRAME && !sim_is_mapped(sim, domain->shared_info, 1)) {
		sim_xen_frame_free(sim, domain->shared_info);
		domain->shared_info = PVB_NO_FRAME;
	}
	while (domain->grant_frame_count &&
	       !sim_is_mapped(sim, domain->grant_frame[domain->grant_frame_count - 1], 1))
		sim_xen_frame_free(sim, domain->grant_frame[--domain->grant_frame_count]);
	if (domain->pages || domain->shared_info != PVB_NO_FRAME || domain->grant_frame_count)
		return;
	sim_domain_free(sim, domain);
	if (!sim->domain_count)
		sim_heap_reset(&sim->heap);
}

int sim_destroy_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call(sim, "destroy_domain", domid, &domain, error);

	if (rc)
		return rc;
	domain->dying = true;
	sim->heap.claimed -= domain->claim;
	domain->claim = 0;
	sim_domain_release(sim, domain);
	/* Only this process could let go of what it has mapped: that is not waited for. */
	domain = sim_find_domain(sim, domid);
	return domain ? pvb_host_lingers(error, domid, domain->pages) : 0;
}

/* ---- how one is ---------------------------------------------------------------- */

int sim_pause_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	struct sim_domain *domain;
	int rc = sim_call_live(sim_of(host), "pause_domain", domid, &domain, error);

	if (rc == 0)
		domain->pauses++;
	return rc;
}

int sim_unpause_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	static const char call[] = "unpause_domain";
	struct sim_domain *domain;
	int rc = sim_call_live(sim_of(host), call, domid, &domain, error);

	if (rc)
		return rc;
	if (!domain->pauses)
		return pvb_fail(error, PVB_E_HOST_STATE, call, "domain %u is not paused", domid);
	if (--domain->pauses == 0)
		domain->created = true;
	return 0;
}

static void describe(const struct sim_domain *domain, struct pvb_host_domain *out)
{
	*out = (struct pvb_host_domain){
		.domid = domain->domid,
		.guest_bits = domain->bits,
		.hvm = domain->translated,
		.translated = domain->translated,
		.paused = domain->pauses > 0,
		.dying = domain->dying,
		.shutdown = domain->shutdown,
		.shutdown_reason = domain->shutdown_reason,
		.vcpus = domain->vcpu_count,
		.pages = domain->pages,
		.max_pages = domain->max_pages,
		.claimed_pages = domain->claim,
		.shared_info = PVB_MFN(domain->translated ? PVB_NO_FRAME : domain->shared_info),
		.pool = domain->pool,
	};
	memcpy(out->uuid, domain->uuid, sizeof out->uuid);
	memcpy(out->name, domain->name, sizeof out->name);
}

int sim_get_domain(struct pvb_host *host, uint32_t domid, struct pvb_host_domain *out,
		   struct pvb_error *error)
{
	struct sim_domain *domain;
	int rc = sim_call(sim_of(host), "get_domain", domid, &domain, error);

	if (rc == 0)
		describe(domain, out);
	return rc;
}

int sim_list_domains(struct pvb_host *host, uint32_t first, struct pvb_host_domain *out,
		     size_t room, size_t *count, struct pvb_error *error)
{
	struct sim *sim = sim_of(host);
	int rc = sim_enter(sim, "list_domains", error);

	if (rc)
		return rc;
	*count = 0;
	for (size_t i = 0; i < sim->domain_count && *count < room; i++)
		if (sim->domains[i]->domid >= first)
			describe(sim->domains[i], &out[(*count)++]);
	return 0;
}
