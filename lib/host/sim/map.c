/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mapping a domain's frames into this process, as a privileged domain does. A
 * writable mapping counts as writable use of each frame, just as an entry in the
 * guest's own page tables does.
 */
#include <config.h>

#include "host/sim/model.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/cleanup.h"

static const char call[] = "map_frames";

bool sim_is_mapped(const struct sim *sim, uint64_t mfn, uint64_t count)
{
	for (const struct sim_mapping *m = sim->mappings; m; m = m->next)
		for (size_t i = 0; i < m->run_count; i++)
			if (mfn < m->run[i].mfn + m->run[i].count && m->run[i].mfn < mfn + count)
				return true;
	return false;
}

/* Group frames that follow each other; run may be NULL, to count. */
static size_t group(const pvb_mfn_t *frames, size_t count, struct sim_mapped_run *run)
{
	size_t runs = 0;

	for (size_t i = 0, length; i < count; i += length, runs++) {
		length = 1;
		while (i + length < count && frames[i + length].n == frames[i].n + length)
			length++;
		if (run)
			run[runs] = (struct sim_mapped_run){frames[i].n, length};
	}
	return runs;
}

static int check_frames(const struct sim *sim, const struct sim_domain *domain,
			const pvb_mfn_t *frames, size_t count, struct pvb_error *error)
{
	struct sim_frame frame;
	char whose[SIM_WHOSE_MAX];

	for (size_t i = 0; i < count; i++)
		if (!sim_owns(sim, domain, frames[i].n, &frame))
			return pvb_fail(error, PVB_E_HOST_MAP, call,
					"frame %zu of %zu to map, machine frame %#llx, is not "
					"domain %u's: it is %s",
					i, count, (unsigned long long)frames[i].n, domain->domid,
					sim_whose(sim, frames[i].n, whose, sizeof whose));
	return 0;
}

static void put_all(struct sim *sim, const pvb_mfn_t *frames, size_t count)
{
	while (count-- > 0)
		sim_put_writable(sim, frames[count].n);
}

static int get_all(struct sim *sim, const struct sim_domain *domain, const pvb_mfn_t *frames,
		   size_t count, struct pvb_error *error)
{
	for (size_t i = 0; i < count; i++) {
		bool no_memory;
		struct sim_frame frame;

		if (sim_get_writable(sim, frames[i].n, &no_memory) == 0)
			continue;
		put_all(sim, frames, i);
		if (no_memory)
			return pvb_fail_memory(error, call, "the simulated host's books");
		(void)sim_owns(sim, domain, frames[i].n, &frame);
		return pvb_fail(error, PVB_E_HOST_MAP, call,
				"machine frame %#llx of domain %u cannot be mapped writable: it is "
				"in use as %s",
				(unsigned long long)frames[i].n, domain->domid,
				sim_type_name(frame.type));
	}
	return 0;
}

static bool map_runs(const struct sim *sim, struct sim_mapping *mapping)
{
	unsigned shift = sim->options.page_shift;
	size_t bytes = mapping->count << shift;
	char *at = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return false;
	mapping->at = at;
	for (size_t i = 0; i < mapping->run_count; i++) {
		if (!sim_contents_map(&sim->contents, mapping->run[i].mfn, mapping->run[i].count,
				      mapping->writable, at)) {
			int saved = errno;
			(void)munmap(mapping->at, bytes);
			errno = saved;
			return false;
		}
		at += mapping->run[i].count << shift;
	}
	return true;
}

static int map(struct sim *sim, const struct sim_domain *domain, const pvb_mfn_t *frames,
	       size_t count, bool writable, void **at, struct pvb_error *error)
{
	int rc = check_frames(sim, domain, frames, count, error);

	if (rc)
		return rc;

	size_t runs = group(frames, count, NULL);
	size_t bytes = sizeof(struct sim_mapping) + runs * sizeof(struct sim_mapped_run);
	struct sim_mapping *mapping = malloc(bytes);
	if (!mapping)
		return pvb_fail_memory(error, call, "a mapping");
	mapping->at = NULL;
	mapping->count = count;
	mapping->domid = domain->domid;
	mapping->writable = writable;
	mapping->run_count = group(frames, count, mapping->run);

	if (writable)
		rc = get_all(sim, domain, frames, count, error);
	if (rc == 0 && !map_runs(sim, mapping)) {
		int reason = errno;

		if (writable)
			put_all(sim, frames, count);
		rc = pvb_fail(error, PVB_E_HOST_MAP, call,
			      "%zu frames of domain %u in %zu pieces cannot be mapped: %s", count,
			      domain->domid, runs, strerror(reason));
		if (reason == ENOMEM)
			pvb_hint(error, "map less at a time, or raise vm.max_map_count: each piece "
					"takes a mapping of this process");
	}
	if (rc) {
		free(mapping);
		return rc;
	}
	mapping->next = sim->mappings;
	sim->mappings = mapping;
	*at = mapping->at;
	return 0;
}

/* The machine frames behind guest frames. */
static int translate(const struct sim_domain *domain, const pvb_mfn_t *frames, size_t count,
		     pvb_mfn_t *machine, struct pvb_error *error)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = sim_translated_frame(domain, call, frames[i].n, &machine[i].n, error);
	return rc;
}

int sim_map_frames(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		   bool writable, void **at, struct pvb_error *error)
{
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call_live(sim, call, domid, &domain, error);

	if (rc)
		return rc;
	if (!count || count > SIZE_MAX >> sim->options.page_shift)
		return pvb_fail(error, PVB_E_ARG_INVALID, call, "a mapping of %zu frames", count);
	if (!domain->translated)
		return map(sim, domain, frames, count, writable, at, error);

	PVB_AUTO_FREE pvb_mfn_t *machine = calloc(count, sizeof *machine);
	if (!machine)
		return pvb_fail_memory(error, call, "a mapping");
	rc = translate(domain, frames, count, machine, error);
	return rc ? rc : map(sim, domain, machine, count, writable, at, error);
}

void sim_unmap_frames(struct pvb_host *host, void *at, size_t count)
{
	struct sim *sim = sim_of(host);
	struct sim_mapping **link = &sim->mappings;

	while (*link && (*link)->at != at)
		link = &(*link)->next;

	struct sim_mapping *mapping = *link;
	assert(mapping && mapping->count == count);
	*link = mapping->next;
	(void)munmap(at, count << sim->options.page_shift);

	for (size_t i = 0; mapping->writable && i < mapping->run_count; i++)
		for (uint64_t k = 0; k < mapping->run[i].count; k++)
			sim_put_writable(sim, mapping->run[i].mfn + k);

	struct sim_domain *domain = sim_find_domain(sim, mapping->domid);
	free(mapping);
	if (domain && domain->dying)
		sim_domain_release(sim, domain);
}
