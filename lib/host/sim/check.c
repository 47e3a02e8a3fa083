/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the simulated hypervisor's books balance. */
#include "host/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/checked.h"
#include "host/sim/model.h"

struct audit {
	struct sim *sim;
	bool failed;
	uint64_t free_listed;
	uint64_t free_seen;
	uint64_t given;
	uint64_t taken;
	int32_t direction; /* +1 or -1: what references() adds */
};

static void complain(struct audit *audit, const char *format, ...) PVB_PRINTF(2, 3);

static void complain(struct audit *audit, const char *format, ...)
{
	va_list arguments;

	if (audit->failed)
		return;
	audit->failed = true;
	va_start(arguments, format);
	(void)vsnprintf(audit->sim->verdict, sizeof audit->sim->verdict, format, arguments);
	va_end(arguments);
}

/* Call back for every frame's entry; those of chunks that are all the same once for all. */
typedef void visit(struct audit *audit, uint64_t mfn, uint64_t count, struct sim_frame *entry);

static void visit_all(struct audit *audit, visit *call)
{
	struct sim_books *books = &audit->sim->books;

	for (uint64_t mfn = 0; mfn < books->spans << SIM_SPAN_ORDER; mfn += SIM_CHUNK_FRAMES) {
		struct sim_frame *chunk = sim_books_chunk(books, mfn);

		if (!chunk) {
			mfn |= (UINT64_C(1) << SIM_SPAN_ORDER) - SIM_CHUNK_FRAMES;
			continue;
		}
		if (chunk->kind != SIM_SPLIT) {
			call(audit, mfn, SIM_CHUNK_FRAMES, chunk);
			continue;
		}
		for (uint64_t i = 0; i < SIM_CHUNK_FRAMES; i++)
			call(audit, mfn + i, 1, &chunk->page[i]);
	}
}

/* ---- places -------------------------------------------------------------------- */

static void count_frame(struct audit *audit, uint64_t mfn, uint64_t count, struct sim_frame *entry)
{
	switch ((enum sim_kind)entry->kind) {
	case SIM_FREE:
		audit->free_seen += UINT64_C(1) << entry->order;
		if (entry->domid != sim_heap_node(&audit->sim->heap, mfn))
			complain(audit, "free block %#llx is on the list of the wrong node",
				 (unsigned long long)mfn);
		break;
	case SIM_OWNED:
	case SIM_XEN:
		audit->given += count;
		if (!sim_find_domain(audit->sim, entry->domid))
			complain(audit, "frame %#llx belongs to domain %u, which there is not",
				 (unsigned long long)mfn, (unsigned)entry->domid);
		break;
	case SIM_TAKEN:
		audit->taken += count;
		break;
	case SIM_NONE:
	case SIM_SPLIT:
		break;
	}
}

static void check_list(struct audit *audit, unsigned node, unsigned zone, unsigned order)
{
	const struct sim_heap *heap = &audit->sim->heap;
	const struct sim_zone *z = &heap->nodes[node].zone[zone];
	uint64_t previous = SIM_NO_LINK;

	if (!(z->orders & 1u << order))
		return;
	for (uint64_t mfn = z->list[order].head; mfn != SIM_NO_LINK;) {
		const struct sim_frame *chunk = sim_books_chunk(&audit->sim->books, mfn);
		const struct sim_frame *entry = chunk;

		if (chunk && chunk->kind == SIM_SPLIT)
			entry = &chunk->page[mfn % SIM_CHUNK_FRAMES];
		if (!entry || entry->kind != SIM_FREE || entry->order != order ||
		    entry->previous != previous) {
			complain(audit, "node %u, zone %u: no free block of order %u at %#llx",
				 node, zone, order, (unsigned long long)mfn);
			return;
		}
		audit->free_listed += UINT64_C(1) << order;
		previous = mfn;
		mfn = entry->link;
	}
	if (z->list[order].tail != previous)
		complain(audit, "node %u, zone %u: the list of order %u does not end in its tail",
			 node, zone, order);
}

static void check_places(struct audit *audit)
{
	const struct sim_heap *heap = &audit->sim->heap;
	uint64_t fresh = 0, fresh_taken = 0;

	visit_all(audit, count_frame);
	for (unsigned node = 0; node < audit->sim->options.nodes; node++)
		for (unsigned zone = 0; zone < SIM_ZONES; zone++)
			for (unsigned order = 0; order <= SIM_MAX_ORDER; order++)
				check_list(audit, node, zone, order);
	for (size_t i = 0; i < heap->fresh_count; i++) {
		uint64_t spans = heap->fresh[i].end - heap->fresh[i].first;

		fresh += spans << SIM_SPAN_ORDER;
		fresh_taken += spans * sim_heap_taken_in_span(heap);
	}
	uint64_t free_frames = audit->free_listed + fresh - fresh_taken;
	uint64_t taken = audit->taken + fresh_taken;
	uint64_t below = sim_heap_free_below(heap, 64);

	if (audit->free_listed != audit->free_seen)
		complain(audit, "%llu free frames are on lists, but %llu are marked as free",
			 (unsigned long long)audit->free_listed,
			 (unsigned long long)audit->free_seen);
	if (free_frames != heap->free)
		complain(audit, "%llu frames are free, but %llu are counted",
			 (unsigned long long)free_frames, (unsigned long long)heap->free);
	if (below != heap->free)
		complain(audit, "%llu frames are free in the zones, but %llu are counted",
			 (unsigned long long)below, (unsigned long long)heap->free);
	if (audit->given != heap->given)
		complain(audit, "%llu frames are in use, but %llu are counted",
			 (unsigned long long)audit->given, (unsigned long long)heap->given);
	if (taken != heap->taken)
		complain(audit, "%llu frames are taken, but %llu are counted",
			 (unsigned long long)taken, (unsigned long long)heap->taken);
	if (heap->free + heap->given + heap->taken + heap->withheld != heap->total)
		complain(audit, "frames do not add up to the %llu that there are",
			 (unsigned long long)heap->total);
}

static void check_domains(struct audit *audit)
{
	struct sim *sim = audit->sim;
	uint64_t claimed = sim->options.claimed >> sim->options.page_shift, pages = 0;

	for (size_t i = 0; i < sim->domain_count; i++) {
		const struct sim_domain *domain = sim->domains[i];

		claimed += domain->claim;
		pages += domain->pages + (domain->shared_info != PVB_NO_FRAME) +
			 domain->grant_frame_count;
	}
	if (claimed != sim->heap.claimed)
		complain(audit, "domains claim %llu frames, but %llu are counted",
			 (unsigned long long)claimed, (unsigned long long)sim->heap.claimed);
	if (pages != sim->heap.given)
		complain(audit, "domains count %llu frames, but have %llu",
			 (unsigned long long)pages, (unsigned long long)sim->heap.given);
}

/* Each guest frame has a frame of its own domain behind it, which knows that, and none is left. */
static void check_stage2(struct audit *audit, const struct sim_domain *domain)
{
	const struct sim_stage2 *stage2 = &domain->translated->stage2;
	uint64_t end = UINT64_C(1) << (SIM_GUEST_BITS - stage2->shift), frames = 0, run, one;

	for (uint64_t gfn = 0; gfn < end; gfn += run) {
		uint64_t mfn = sim_stage2_look(stage2, gfn, &run);

		if (mfn == PVB_NO_FRAME)
			continue;
		for (uint64_t i = 0; i < run; i += one) {
			const uint64_t guest = gfn + i, machine = mfn + i;
			struct sim_frame frame = sim_books_look(&audit->sim->books, machine, &one);

			one = pvb_min(one, run - i);
			if (frame.kind != SIM_OWNED || frame.domid != domain->domid ||
			    frame.link != guest)
				complain(audit,
					 "behind guest frame %#llx of domain %u is %#llx, which is "
					 "not there for it",
					 (unsigned long long)guest, domain->domid,
					 (unsigned long long)machine);
		}
		frames += run;
	}
	if (frames != domain->pages)
		complain(audit, "domain %u has %u pages, of which %llu can be reached",
			 domain->domid, domain->pages, (unsigned long long)frames);
}

static void check_all_stage2(struct audit *audit)
{
	const struct sim *sim = audit->sim;

	for (size_t i = 0; i < sim->domain_count; i++)
		if (sim->domains[i]->translated && !sim->domains[i]->dying)
			check_stage2(audit, sim->domains[i]);
}

/* ---- references ------------------------------------------------------------------ */

static void add(struct audit *audit, uint64_t mfn)
{
	struct sim_frame *entry = sim_books_frame(&audit->sim->books, mfn);

	if (entry)
		entry->count += (uint32_t)audit->direction;
}

static void add_reference(struct sim *sim, uint64_t mfn, bool linear, void *data)
{
	(void)sim;
	(void)linear;
	add(data, mfn);
}

static void add_from_table(struct audit *audit, uint64_t mfn, uint64_t count,
			   struct sim_frame *entry)
{
	const struct sim_domain *domain = sim_find_domain(audit->sim, entry->domid);

	(void)count;
	if (entry->kind == SIM_XEN)
		entry->count += (uint32_t)audit->direction;
	if (entry->kind != SIM_OWNED || !domain)
		return;
	if (entry->flags & SIM_PINNED)
		entry->count += (uint32_t)audit->direction;
	if (entry->type >= SIM_TYPE_L1 && entry->type <= SIM_TYPE_L4 &&
	    entry->flags & SIM_VALIDATED &&
	    sim_table_references(audit->sim, domain, mfn, entry, add_reference, audit) != 0)
		complain(audit, "table %#llx of domain %u leads to what is not the domain's",
			 (unsigned long long)mfn, domain->domid);
}

/* Add (or take away) every reference that there is a reason for. */
static void add_references(struct audit *audit)
{
	const struct sim *sim = audit->sim;

	visit_all(audit, add_from_table);
	for (const struct sim_mapping *m = sim->mappings; m; m = m->next)
		for (size_t i = 0; m->writable && i < m->run_count; i++)
			for (uint64_t k = 0; k < m->run[i].count; k++)
				add(audit, m->run[i].mfn + k);
	for (size_t i = 0; i < sim->domain_count; i++) {
		const struct sim_domain *domain = sim->domains[i];

		for (uint32_t v = 0; v < domain->vcpu_count; v++)
			for (size_t root = 0; domain->vcpu[v] && root < 2; root++)
				if (domain->vcpu[v]->root[root] != PVB_NO_FRAME)
					add(audit, domain->vcpu[v]->root[root]);
	}
}

static void check_count(struct audit *audit, uint64_t mfn, uint64_t count, struct sim_frame *entry)
{
	(void)count;
	if ((entry->kind == SIM_OWNED || entry->kind == SIM_XEN) && entry->count)
		complain(audit,
			 "frame %#llx, %s, has %d references more than there are reasons for",
			 (unsigned long long)mfn, sim_type_name(entry->type), (int)entry->count);
}

/* Take all away, see that nothing is left, and put them back. */
static void check_references(struct audit *audit)
{
	audit->direction = -1;
	add_references(audit);
	visit_all(audit, check_count);
	audit->direction = 1;
	add_references(audit);
}

const char *pvb_sim_check(struct pvb_host *host)
{
	struct audit audit = {.sim = sim_of(host)};

	check_places(&audit);
	check_domains(&audit);
	check_all_stage2(&audit);
	if (!audit.failed)
		check_references(&audit);
	return audit.failed ? audit.sim->verdict : NULL;
}
