/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a build hands out: a domain, described. */
#include "build/builder.h"

#include <stdlib.h>
#include <string.h>

struct pvb_domain {
	struct pvb_domain_info info;
	char *name;
	char *command_line;
	struct pvb_build_stage *stages;
	struct pvb_memory_extent *extents;
	uint64_t *grant_table;
};

void pvb_domain_free(struct pvb_domain *domain)
{
	if (!domain)
		return;
	free(domain->name);
	free(domain->command_line);
	free(domain->stages);
	free(domain->extents);
	free(domain->grant_table);
	free(domain);
}

const struct pvb_domain_info *pvb_domain_info(const struct pvb_domain *domain)
{
	return &domain->info;
}

int pvb_result_create(struct pvb_builder *builder, size_t stages, struct pvb_error *error)
{
	struct pvb_domain *domain = calloc(1, sizeof *domain);

	if (!domain)
		return pvb_fail_memory(error, "build", "a domain's description");
	builder->domain = domain;
	domain->name = strdup(builder->options.name);
	domain->command_line = strdup(builder->plan->info.command_line);
	domain->stages = calloc(stages, sizeof *domain->stages);
	if (!domain->name || !domain->command_line || !domain->stages)
		return pvb_fail_memory(error, "build", "a domain's description");

	domain->info.name = domain->name;
	domain->info.start_info.cmd_line = domain->command_line;
	domain->info.stages = domain->stages;
	return 0;
}

struct pvb_start_info *pvb_result_start_info(struct pvb_domain *domain)
{
	return &domain->info.start_info;
}

void pvb_result_stage(struct pvb_domain *domain, const char *name, uint64_t nanoseconds)
{
	domain->stages[domain->info.stage_count++] =
		(struct pvb_build_stage){.name = name, .nanoseconds = nanoseconds};
}

int pvb_result_grant_table(struct pvb_builder *builder, const pvb_mfn_t *frames, size_t count,
			   struct pvb_error *error)
{
	struct pvb_domain *domain = builder->domain;
	uint64_t *table = count ? reallocarray(domain->grant_table, count, sizeof *table) : NULL;

	if (count && !table)
		return pvb_fail_memory(error, builder->stage, "the pages of a grant table");
	if (!count)
		return 0;
	for (size_t i = 0; i < count; i++)
		table[i] = frames[i].n << builder->host->page_shift;
	domain->grant_table = table;
	domain->info.grant_table = table;
	domain->info.grant_table_pages = count;
	domain->info.grant_table_high = builder->grant_pages_high;
	return 0;
}

static int tell_root(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	pvb_mfn_t root;
	int rc = pvb_builder_frame(builder, plan->initial.level[plan->levels - 1].first, &root,
				   error);

	if (rc == 0)
		builder->domain->info.root_maddr = root.n << builder->host->page_shift;
	return rc;
}

static void tell_parameters(struct pvb_builder *builder)
{
	const struct pvb_plan *plan = builder->plan;
	unsigned shift = builder->host->page_shift;

	builder->domain->info.translated = true;
	builder->domain->info.parameters = (struct pvb_domain_parameters){
		.store_gpa = plan->xenstore.first.n << shift,
		.store_port = builder->store_port,
		.console_gpa = plan->console.first.n << shift,
		.console_port = builder->console_port,
	};
}

int pvb_result_complete(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	struct pvb_domain *domain = builder->domain;
	unsigned shift = builder->host->page_shift;
	size_t count = builder->memory.n;
	int rc = plan->arm64 ? 0 : tell_root(builder, error);

	if (rc)
		return rc;
	if (plan->arm64)
		tell_parameters(builder);
	domain->extents = calloc(count, sizeof *domain->extents);
	if (!domain->extents)
		return pvb_fail_memory(error, builder->stage, "the extents of a domain");
	for (size_t i = 0; i < count; i++) {
		const struct pvb_run *run = &builder->memory.v[i];

		domain->extents[i] = (struct pvb_memory_extent){
			.gpa = run->from << shift,
			.maddr = run->to << shift,
			.bytes = run->count << shift,
		};
	}
	domain->info.domid = builder->domid;
	memcpy(domain->info.uuid, builder->uuid, sizeof domain->info.uuid);
	domain->info.p2m_root_maddr = plan->p2m_levels ? builder->p2m_root.n << shift : PVB_NONE;
	domain->info.shared_info_maddr = builder->shared_info.n << shift;
	domain->info.address_bits = builder->address_bits;
	domain->info.extents = domain->extents;
	domain->info.extent_count = count;
	return 0;
}
