/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening and closing a simulated host, and its table of calls. */
#include "host/sim/sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host/sim/model.h"

#define MAX_EXTENTS ((1u << 26) - 1)

int sim_enter(struct sim *sim, const char *call, struct pvb_error *error)
{
	if (++sim->calls != sim->options.fail)
		return 0;
	return pvb_fail(error, PVB_E_HOST_INJECTED, call,
			"%s, call %llu to the simulated host, failed as it was told to", call,
			(unsigned long long)sim->calls);
}

int sim_contents_failed(const char *call, struct pvb_error *error)
{
	return pvb_fail(error, PVB_E_ARG_NO_MEMORY, call,
			"the file that stands for the simulated host's memory failed: %s",
			strerror(errno));
}

static int get_info(struct pvb_host *host, struct pvb_host_info *info, struct pvb_error *error)
{
	struct sim *sim = sim_of(host);
	const struct sim_options *options = &sim->options;
	int rc = sim_enter(sim, "get_info", error);

	if (rc)
		return rc;
	*info = (struct pvb_host_info){
		.name = "sim",
		.xen_major = options->xen_major,
		.xen_minor = options->xen_minor,
		.page_shift = options->page_shift,
		.address_bits = options->width,
		.max_extent_order = options->advised_order,
		.max_extents = MAX_EXTENTS,
		.nodes = options->nodes,
		.debug = options->debug,
		.debug_known = true,
		.claims = options->claims,
		.memory_total = sim->heap.total << options->page_shift,
		.memory_free = sim->heap.free << options->page_shift,
		.memory_scrubbing = options->scrubbing,
		.guest_page_sizes = options->guest_page_sizes,
		.gic_version = options->gic_version,
		.memory_claimed = sim->heap.claimed << options->page_shift,
		.pte_bits_fixed = !options->domain_pte_bits,
		.pte_kernel_bit = options->arm64 ? PVB_GUEST_PTE_NO_BIT : SIM_KERNEL_BIT,
		.pte_grant_bit =
			options->debug && !options->arm64 ? SIM_GRANT_BIT : PVB_GUEST_PTE_NO_BIT,
	};
	(void)snprintf(info->version, sizeof info->version, "%u.%u", options->xen_major,
		       options->xen_minor);
	(void)snprintf(info->capabilities, sizeof info->capabilities, "%s",
		       options->arm64  ? "xen-3.0-aarch64"
		       : options->pv32 ? "xen-3.0-x86_64 xen-3.0-x86_32p"
				       : "xen-3.0-x86_64");
	return 0;
}

static void sim_close(struct pvb_host *host)
{
	struct sim *sim = sim_of(host);

	while (sim->mappings) {
		struct sim_mapping *mapping = sim->mappings;

		sim->mappings = mapping->next;
		(void)munmap(mapping->at, mapping->count << sim->options.page_shift);
		free(mapping);
	}
	while (sim->domain_count)
		sim_domain_free(sim, sim->domains[sim->domain_count - 1]);
	free(sim->domains);
	sim_heap_close(&sim->heap);
	sim_books_close(&sim->books);
	sim_contents_close(&sim->contents);
	free(sim);
}

static const struct pvb_host_ops ops = {
	.name = "sim",
	.close = sim_close,
	.get_info = get_info,
	.create_domain = sim_create_domain,
	.destroy_domain = sim_destroy_domain,
	.pause_domain = sim_pause_domain,
	.unpause_domain = sim_unpause_domain,
	.get_domain = sim_get_domain,
	.list_domains = sim_list_domains,
	.set_guest_bits = sim_set_guest_bits,
	.set_pte_bits = sim_set_pte_bits,
	.get_pte_bits = sim_get_pte_bits,
	.set_max_memory = sim_set_max_memory,
	.set_memory_map = sim_set_memory_map,
	.apply_cpu_policy = sim_apply_cpu_policy,
	.alloc_event_channel = sim_alloc_event_channel,
	.introduce_domain = sim_introduce_domain,
	.find_console = sim_find_console,
	.claim_memory = sim_claim_memory,
	.populate = sim_populate,
	.map_frames = sim_map_frames,
	.unmap_frames = sim_unmap_frames,
	.get_m2p_run = sim_get_m2p_run,
	.get_frame_info = sim_get_frame_info,
	.fill_hypercall_page = sim_fill_hypercall_page,
	.pin_table = sim_pin_table,
	.set_vcpu = sim_set_vcpu,
	.get_vcpu = sim_get_vcpu,
	.set_grants = sim_set_grants,
	.get_grants = sim_get_grants,
	.get_touched_run = sim_get_touched_run,
	.get_free_below = sim_get_free_below,
	.get_grant_frames = sim_get_grant_frames,
	.set_record = sim_set_record,
	.get_record = sim_get_record,
	.get_grant_limit = sim_get_grant_limit,
	.get_cpus = sim_get_cpus,
	.get_pool = sim_get_pool,
	.set_affinity = sim_set_affinity,
	.get_affinity = sim_get_affinity,
	.set_share = sim_set_share,
	.get_share = sim_get_share,
	.set_parameter = sim_set_parameter,
	.get_parameter = sim_get_parameter,
	.get_memory_run = sim_get_memory_run,
	.set_arm64_vcpu = sim_set_arm64_vcpu,
	.get_arm64_vcpu = sim_get_arm64_vcpu,
	.get_owned_run = sim_get_owned_run,
};

int pvb_sim_open(const char *options, struct pvb_host **host, struct pvb_error *error)
{
	struct sim *sim = calloc(1, sizeof *sim);

	*host = NULL;
	if (!sim)
		return pvb_fail_memory(error, "host", "a simulated host");
	sim->ops = ops;
	sim->host.ops = &sim->ops;
	sim->books.fd = -1;
	sim->contents.fd = -1;

	int rc = sim_options_parse(options, &sim->options, error);
	if (rc) {
		sim_close(&sim->host);
		return rc;
	}
	if (!sim->options.domain_pte_bits) {
		sim->ops.set_pte_bits = NULL;
		sim->ops.get_pte_bits = NULL;
	}

	const struct sim_range *last = &sim->options.ranges[sim->options.range_count - 1];
	unsigned shift = sim->options.page_shift;
	uint64_t frames = (last->base + last->size) >> shift;

	sim->host.page_shift = shift;
	if (sim_contents_open(&sim->contents, shift, frames, sim->options.clean) != 0 ||
	    sim_books_open(&sim->books, frames) != 0 ||
	    !sim_heap_open(&sim->heap, &sim->options, &sim->books)) {
		rc = pvb_fail(error, PVB_E_ARG_NO_MEMORY, "host",
			      "a simulated host of %llu bytes cannot be set up: %s",
			      (unsigned long long)sim->options.memory, strerror(errno));
		sim_close(&sim->host);
		return rc;
	}
	*host = &sim->host;
	return 0;
}
