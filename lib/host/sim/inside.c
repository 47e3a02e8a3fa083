/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking inside a simulated host, and breaking it on purpose. */
#include "host/sim/sim.h"

#include <string.h>

#include "core/checked.h"
#include "host/sim/model.h"

void pvb_sim_look(struct pvb_host *host, pvb_mfn_t frame, struct pvb_sim_frame *out)
{
	uint64_t count;
	struct sim_frame entry = sim_books_look(&sim_of(host)->books, frame.n, &count);

	*out = (struct pvb_sim_frame){
		.owned = entry.kind == SIM_OWNED,
		.shared_info = entry.kind == SIM_XEN && entry.order == SIM_SHARED_INFO,
		.grant_table = entry.kind == SIM_XEN && entry.order == SIM_GRANT_TABLE,
		.pfn = PVB_NO_FRAME,
	};
	if (entry.kind != SIM_OWNED && entry.kind != SIM_XEN)
		return;
	out->domid = entry.domid;
	out->use = (enum pvb_sim_use)entry.type;
	out->references = entry.count;
	out->pinned = entry.flags & SIM_PINNED;
	out->validated = entry.flags & SIM_VALIDATED;
	if (entry.link != SIM_NO_LINK)
		out->pfn = entry.link;
}

static bool is_inside(const struct sim *sim, pvb_mfn_t frame, size_t offset, size_t size)
{
	size_t page = (size_t)1 << sim->options.page_shift;

	return frame.n < sim->contents.frames && offset <= page && size <= page - offset;
}

int pvb_sim_peek(struct pvb_host *host, pvb_mfn_t frame, size_t offset, void *bytes, size_t size)
{
	const struct sim *sim = sim_of(host);

	return is_inside(sim, frame, offset, size) &&
			       sim_contents_read(&sim->contents, frame.n, offset, bytes, size)
		       ? 0
		       : -1;
}

int pvb_sim_poke(struct pvb_host *host, pvb_mfn_t frame, size_t offset, const void *bytes,
		 size_t size)
{
	const struct sim *sim = sim_of(host);

	return is_inside(sim, frame, offset, size) &&
			       sim_contents_write(&sim->contents, frame.n, offset, bytes, size)
		       ? 0
		       : -1;
}

/* The entry of a frame that is a domain's, to be changed. */
static struct sim_frame *own_entry(struct sim *sim, pvb_mfn_t frame)
{
	uint64_t count;
	struct sim_frame entry = sim_books_look(&sim->books, frame.n, &count);

	if (entry.kind != SIM_OWNED)
		return NULL;
	return sim_books_frame(&sim->books, frame.n);
}

int pvb_sim_set_m2p(struct pvb_host *host, pvb_mfn_t frame, pvb_pfn_t pfn)
{
	struct sim_frame *entry = own_entry(sim_of(host), frame);

	if (!entry || sim_of(host)->options.arm64)
		return -1;
	entry->link = pfn.n & SIM_NO_LINK;
	return 0;
}

int pvb_sim_set_use(struct pvb_host *host, pvb_mfn_t frame, enum pvb_sim_use use, bool pinned)
{
	struct sim_frame *entry = own_entry(sim_of(host), frame);

	if (!entry)
		return -1;
	entry->type = (uint8_t)use;
	entry->flags = (uint8_t)((use ? SIM_VALIDATED : 0) | (pinned ? SIM_PINNED : 0));
	if (!use)
		entry->count = 0;
	else if (!entry->count)
		entry->count = 1;
	return 0;
}

int pvb_sim_set_registers(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
			  const struct pvb_host_vcpu *registers)
{
	struct sim_domain *domain = sim_find_domain(sim_of(host), domid);

	if (!domain || vcpu >= domain->vcpu_count || !domain->vcpu[vcpu])
		return -1;
	domain->vcpu[vcpu]->registers = *registers;
	return 0;
}

int pvb_sim_give_back(struct pvb_host *host, uint32_t domid, pvb_mfn_t frame)
{
	struct sim *sim = sim_of(host);
	struct sim_domain *domain = sim_find_domain(sim, domid);
	struct sim_frame owned;

	if (!domain || !sim_owns(sim, domain, frame.n, &owned) || owned.kind != SIM_OWNED ||
	    owned.count)
		return -1;
	struct sim_frame *entry = sim_books_frame(&sim->books, frame.n);
	if (!entry ||
	    (domain->translated && !sim_stage2_unmap(&domain->translated->stage2, owned.link)))
		return -1;
	*entry = (struct sim_frame){0};
	sim_contents_forget(&sim->contents, frame.n, 1);
	sim_heap_free(&sim->heap, frame.n, 0);
	domain->pages--;
	return 0;
}

const struct pvb_host_introduction *pvb_sim_introduction(struct pvb_host *host, uint32_t domid)
{
	const struct sim_domain *domain = sim_find_domain(sim_of(host), domid);

	return domain && domain->introduction ? &domain->introduction->told : NULL;
}

unsigned pvb_sim_node(struct pvb_host *host, pvb_mfn_t frame)
{
	return sim_heap_node(&sim_of(host)->heap, frame.n);
}

bool pvb_sim_memory_map(struct pvb_host *host, uint32_t domid, const struct pvb_host_memory **map,
			size_t *count)
{
	const struct sim_domain *domain = sim_find_domain(sim_of(host), domid);

	if (!domain)
		return false;
	*map = domain->memory_map;
	*count = domain->memory_map_count;
	return true;
}

bool pvb_sim_has_cpu_policy(struct pvb_host *host, uint32_t domid)
{
	const struct sim_domain *domain = sim_find_domain(sim_of(host), domid);

	return domain && domain->cpu_policy;
}

bool pvb_sim_limits(struct pvb_host *host, uint32_t domid, struct pvb_sim_limits *limits)
{
	const struct sim_domain *domain = sim_find_domain(sim_of(host), domid);

	if (!domain)
		return false;
	*limits = (struct pvb_sim_limits){
		.event_channels = domain->port_limit,
		.grant_frames = domain->grant_limit,
		.maptrack_frames = domain->maptrack_limit,
		.grant_version = domain->grant_version,
	};
	return true;
}

uint64_t pvb_sim_calls(const struct pvb_host *host)
{
	return ((const struct sim *)(const void *)host)->calls;
}

void pvb_sim_fail_after(struct pvb_host *host, uint64_t number)
{
	struct sim *sim = sim_of(host);

	sim->options.fail = number ? sim->calls + number : 0;
}
