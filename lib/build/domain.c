/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The domain as such: what a toolstack does with the hypervisor before and
 * after the guest's memory is written, in libxl's order.
 */
#include "build/builder.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <pvbuild/guest-abi.h>
#include <pvbuild/image.h>

#include "build/abi.h"
#include "core/checked.h"
#include "core/cleanup.h"

/* Allowed beyond the guest's memory, for pages that Xen counts to a domain (as libxl does). */
#define MAX_MEMORY_SLACK (UINT64_C(1) << 20)

/* What libxl gives a domain where its configuration does not say. */
#define MAX_EVENT_CHANNEL 1023

static uint64_t guest_bytes(const struct pvb_builder *builder)
{
	return builder->plan->pages << builder->host->page_shift;
}

static_assert(PVB_NO_MAPTRACK == PVB_HOST_NO_MAPTRACK, "both stand for no maptrack pages at all");

int pvb_build_create(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_build_options *options = &builder->options;
	struct pvb_host_domain_config config = {
		.vcpus = builder->plan->info.max_vcpus,
		.max_event_channel = options->max_event_channels ? options->max_event_channels
								 : MAX_EVENT_CHANNEL,
		.max_grant_frames = options->max_grant_frames,
		.max_maptrack_frames = options->max_maptrack_frames,
		.max_grant_version = options->max_grant_version,
		.translated = builder->plan->arm64 != NULL,
	};
	int rc = 0;

	if (options->pool || options->cpus_count || options->soft_cpus_count)
		rc = pvb_build_find_pool(builder, &builder->pool, error);
	if (rc)
		return rc;
	config.pool = builder->pool.number;
	strncpy(config.name, options->name, sizeof config.name - 1);
	memcpy(config.uuid, options->uuid, sizeof config.uuid);
	rc = pvb_host_create_domain(builder->host, &config, &builder->domid, error);
	builder->created = rc == 0;
	return rc;
}

int pvb_build_destroy(struct pvb_builder *builder, struct pvb_error *error)
{
	if (!builder->created)
		return 0;
	int rc = pvb_host_destroy_domain(builder->host, builder->domid, error);
	builder->created = rc != 0;
	return rc;
}

/*
 * Xen counts a domain's pages in 32 bits and cuts a limit that does not fit, so that
 * what came of it is looked at: a guest of 16 TiB would run dry at its last page.
 */
int pvb_build_max_memory(struct pvb_builder *builder, struct pvb_error *error)
{
	const uint64_t pages = pvb_build_pages(builder), beside = pages - builder->plan->pages;
	struct pvb_host_domain domain;
	int rc = pvb_host_set_max_memory(builder->host, builder->domid,
					 guest_bytes(builder) + MAX_MEMORY_SLACK, error);

	if (rc == 0)
		rc = pvb_host_get_domain(builder->host, builder->domid, &domain, error);
	if (rc || domain.max_pages >= pages)
		return rc;
	rc = pvb_fail(error, PVB_E_HOST_LIMIT, builder->stage,
		      "the guest is to have %" PRIu64
		      " pages, but the host lets a domain have at most %" PRIu64,
		      pages, domain.max_pages);
	pvb_hint(error, "give the guest at most %" PRIu64 " bytes of memory",
		 (domain.max_pages - pvb_min(beside, domain.max_pages))
			 << builder->host->page_shift);
	return rc;
}

int pvb_build_event_channels(struct pvb_builder *builder, struct pvb_error *error)
{
	int rc = pvb_host_alloc_event_channel(builder->host, builder->domid,
					      builder->options.xenstore_domid, &builder->store_port,
					      error);

	if (rc)
		return rc;
	return pvb_host_alloc_event_channel(builder->host, builder->domid,
					    builder->options.console_domid, &builder->console_port,
					    error);
}

/* Ranges that adjoin are one to the guest, whichever nodes they are of. */
int pvb_build_memory_map(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan_info *planned = &builder->plan->info;
	PVB_AUTO_FREE struct pvb_host_memory *map = calloc(planned->range_count, sizeof *map);
	size_t count = 0;

	if (!map)
		return pvb_fail_memory(error, builder->stage, "a memory map");
	for (size_t i = 0; i < planned->range_count; i++) {
		const struct pvb_memory_range *range = &planned->ranges[i];
		struct pvb_host_memory *last = count ? &map[count - 1] : NULL;

		if (last && last->address + last->bytes == range->gpa)
			last->bytes += range->bytes;
		else
			map[count++] = (struct pvb_host_memory){range->gpa, range->bytes};
	}
	return pvb_host_set_memory_map(builder->host, builder->domid, map, count, error);
}

int pvb_build_cpu_policy(struct pvb_builder *builder, struct pvb_error *error)
{
	return pvb_host_apply_cpu_policy(builder->host, builder->domid, error);
}

/*
 * Before any memory, and before the shared info page is looked for: it may move. That page, and
 * those of the grant table, cannot be asked for where they are wanted, so that they are looked at
 * while nothing else has been done yet.
 */
int pvb_build_guest_bits(struct pvb_builder *builder, struct pvb_error *error)
{
	int rc = pvb_host_set_guest_bits(builder->host, builder->domid, builder->plan->guest_bits,
					 error);

	if (rc == 0)
		rc = pvb_build_find_shared_info(builder, error);
	return rc ? rc : pvb_build_find_grant_table(builder, error);
}

/* Also before any memory, so that no entry was ever read in another way. */
int pvb_build_pte_bits(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_host_pte_bits bits = {
		.kernel_bit = builder->pte_bits.kernel_bit,
		.grant_bit = builder->pte_bits.grant_bit,
		.keys = builder->pte_bits.keys,
	};

	if (builder->pte_bits.fixed)
		return 0;
	return pvb_host_set_pte_bits(builder->host, builder->domid, &bits, error);
}

/* From here on others know of the domain. */
int pvb_build_introduce(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	struct pvb_host_introduction introduction = {
		.name = builder->options.name,
		.memory = guest_bytes(builder),
		.vcpus = plan->info.max_vcpus,
		.online_vcpus = plan->info.vcpus,
		.store_port = builder->store_port,
		.console_port = builder->console_port,
		.console_domid = builder->options.console_domid,
		.kernel = pvb_image_info(builder->image)->file,
		.ramdisk = plan->module_name,
		.command_line = plan->info.command_line,
	};
	int rc = pvb_result_complete(builder, error);

	if (rc == 0)
		rc = pvb_builder_frame(builder, plan->xenstore.first, &introduction.store_frame,
				       error);
	if (rc == 0)
		rc = pvb_builder_frame(builder, plan->console.first, &introduction.console_frame,
				       error);
	if (rc)
		return rc;
	return pvb_host_introduce_domain(builder->host, builder->domid, &introduction, error);
}

/* For those who come later. After the introduction, which clears what an earlier domain left. */
int pvb_build_record(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_host_record record = {
		.known = true,
		.guest_abi = builder->plan->info.guest_abi,
		.address_bits = (uint8_t)builder->address_bits,
		.granule_shift = (uint8_t)builder->host->page_shift,
		.pte_bits = !builder->plan->arm64,
		.pte_kernel_bit = (uint8_t)builder->pte_bits.kernel_bit,
		.pte_grant_bit = (uint8_t)builder->pte_bits.grant_bit,
		.pte_flags = builder->pte_bits.keys ? PVB_GUEST_PTE_KEYS : 0,
		.p2m_levels = (uint8_t)builder->plan->p2m_levels,
	};

	return pvb_host_set_record(builder->host, builder->domid, &record, error);
}

/* The last stage: the domain is whole, and no longer goes when this process does. */
int pvb_build_keep(struct pvb_builder *builder, struct pvb_error *error)
{
	if (builder->options.guarded)
		return 0;
	return pvb_host_keep_domain(builder->host, builder->domid, error);
}
