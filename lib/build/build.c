/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The build: its stages, in order, as one table, and what happens when one of
 * them fails.
 */
#include "build/builder.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <pvbuild/domain.h>
#include <pvbuild/image.h>

#include "build/abi.h"
#include "core/checked.h"
#include "plan/arm64-matrix.h"

/*
 *   act     does it
 *   undo    gives back what it acquired; called for every stage that was begun, the last
 *           first, once a later one (or itself) has failed
 *   total   bytes that its progress counts up to; NULL where there is nothing to count
 *
 * The order is that of libxl around libxenguest, and matters: the width before any memory and
 * before shared_info is looked for; whatever is mapped, written and unmapped before the pin;
 * shared_info before the vCPU.
 */
struct stage {
	const char *name;
	int (*act)(struct pvb_builder *builder, struct pvb_error *error);
	int (*undo)(struct pvb_builder *builder, struct pvb_error *error);
	uint64_t (*total)(const struct pvb_builder *builder);
};

static const struct stage pv_stages[] = {
	{"create", pvb_build_create, pvb_build_destroy, NULL},
	{"affinity", pvb_build_affinity, NULL, NULL},
	{"max_memory", pvb_build_max_memory, NULL, NULL},
	{"event_channels", pvb_build_event_channels, NULL, NULL},
	{"memory_map", pvb_build_memory_map, NULL, NULL},
	{"cpu_policy", pvb_build_cpu_policy, NULL, NULL},
	{"guest_bits", pvb_build_guest_bits, NULL, NULL},
	{"pte_bits", pvb_build_pte_bits, NULL, NULL},
	{"claim", pvb_build_claim, pvb_build_release_claim, NULL},
	{"populate", pvb_build_populate, NULL, pvb_build_populate_bytes},
	{"load", pvb_build_load, NULL, pvb_build_load_bytes},
	{"rings", pvb_build_rings, NULL, NULL},
	{"p2m", pvb_build_p2m, NULL, pvb_build_p2m_bytes},
	{"page_tables", pvb_build_page_tables, NULL, pvb_build_page_tables_bytes},
	{"start_info", pvb_build_start_info, NULL, NULL},
	{"hypercall_page", pvb_build_hypercall_page, NULL, NULL},
	{"pin", pvb_build_pin, NULL, NULL},
	{"shared_info", pvb_build_shared_info, NULL, NULL},
	{"vcpu", pvb_build_vcpu, NULL, NULL},
	{"grants", pvb_build_grants, NULL, NULL},
	{"share", pvb_build_share, NULL, NULL},
	{"introduce", pvb_build_introduce, NULL, NULL},
	{"record", pvb_build_record, NULL, NULL},
	{"keep", pvb_build_keep, NULL, NULL},
};

/* A translated guest is told nothing of machine memory, and starts without tables of its own. */
static const struct stage arm64_stages[] = {
	{"create", pvb_build_create, pvb_build_destroy, NULL},
	{"affinity", pvb_build_affinity, NULL, NULL},
	{"max_memory", pvb_build_max_memory, NULL, NULL},
	{"event_channels", pvb_build_event_channels, NULL, NULL},
	{"guest_bits", pvb_build_arm64_bits, NULL, NULL},
	{"claim", pvb_build_claim, pvb_build_release_claim, NULL},
	{"populate", pvb_build_populate, NULL, pvb_build_populate_bytes},
	{"load", pvb_build_arm64_load, NULL, pvb_build_arm64_load_bytes},
	{"rings", pvb_build_arm64_rings, NULL, NULL},
	{"parameters", pvb_build_arm64_parameters, NULL, NULL},
	{"vcpu", pvb_build_arm64_vcpu, NULL, NULL},
	{"grants", pvb_build_grants, NULL, NULL},
	{"share", pvb_build_share, NULL, NULL},
	{"introduce", pvb_build_introduce, NULL, NULL},
	{"record", pvb_build_record, NULL, NULL},
	{"keep", pvb_build_keep, NULL, NULL},
};

struct stages {
	const struct stage *list;
	size_t count;
};

static struct stages stages_of(const struct pvb_plan *plan)
{
	if (plan->arm64)
		return (struct stages){arm64_stages, sizeof arm64_stages / sizeof arm64_stages[0]};
	return (struct stages){pv_stages, sizeof pv_stages / sizeof pv_stages[0]};
}

/* ---- progress and log ---- */

static int report_progress(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_build_options *options = &builder->options;

	if (!options->progress || options->progress(options->progress_opaque, builder->stage,
						    builder->done, builder->total) == 0)
		return 0;
	return pvb_fail(error, PVB_E_ARG_CANCELLED, builder->stage,
			"the build was cancelled by its caller in stage \"%s\"", builder->stage);
}

int pvb_builder_advance(struct pvb_builder *builder, uint64_t by, struct pvb_error *error)
{
	if (!builder->total)
		return 0;
	builder->done += by;
	return report_progress(builder, error);
}

void pvb_builder_log(const struct pvb_builder *builder, int level, const char *format, ...)
{
	char line[256];
	va_list arguments;

	if (!builder->options.log)
		return;
	int used = snprintf(line, sizeof line, "%s: ", builder->stage);

	va_start(arguments, format);
	(void)vsnprintf(line + used, sizeof line - (size_t)used, format, arguments);
	va_end(arguments);
	builder->options.log(builder->options.log_opaque, level, line);
}

/* ---- the arguments ---- */

static int take_options(struct pvb_builder *builder, const struct pvb_build_options *options,
			struct pvb_error *error)
{
	struct pvb_build_options *own = &builder->options;
	size_t modules = builder->plan->has_module ? 1 : 0;
	int rc = pvb_options(own, sizeof *own, options, "build", error);

	if (rc)
		return rc;
	if (!own->name)
		own->name = "pvbuild";
	rc = pvb_domain_check_name(own->name, error);
	if (rc)
		return rc;
	if (own->module_fd_count != modules || (modules && !own->module_fds))
		return pvb_fail(error, PVB_E_ARG_MODULES, "build",
				"the plan has %zu modules, but %zu files were handed in for them",
				modules, own->module_fd_count);
	return pvb_build_check_confinement(builder, error);
}

/* What a device tree says is the machine's, and the kernel's pages are the processor's. */
static int check_arm64_host(const struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan_info *planned = &builder->plan->info;
	const struct pvb_host_info *host = &builder->host_info;

	/* A host without one is of another kind, and refuses to create the domain. */
	if (!host->gic_version)
		return 0;
	if (planned->gic != host->gic_version)
		return pvb_fail(error, PVB_E_ARG_INVALID, "build",
				"the plan was made for a host with a GICv%u, and this one has a "
				"GICv%u",
				planned->gic, host->gic_version);
	if (!planned->guest_page_size)
		return 0;
	return pvb_granules_check_processor((unsigned)__builtin_ctz(planned->guest_page_size),
					    host->guest_page_sizes, "build", error);
}

static int take_host(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	int rc = pvb_host_get_info(builder->host, &builder->host_info, error);

	if (rc)
		return rc;

	unsigned host_bits = builder->host_info.address_bits;
	unsigned plan_bits = plan->info.address_bits;

	if (plan->page_shift != builder->host->page_shift)
		return pvb_fail(error, PVB_E_ARG_INVALID, "build",
				"the plan was made for a host with pages of %u bytes, not %u",
				1u << plan->page_shift, 1u << builder->host->page_shift);
	if (!plan->arm64 && plan->page_shift != PVB_ABI_X86_PAGE_SHIFT)
		return pvb_fail(error, PVB_E_HOST_GUEST_TYPE, "build",
				"x86 page tables map pages of %u bytes, but this host's have %u",
				1u << PVB_ABI_X86_PAGE_SHIFT, 1u << plan->page_shift);
	if (!plan_bits || plan_bits > host_bits)
		plan_bits = host_bits;
	builder->address_bits = (unsigned)pvb_min(plan_bits, PVB_ABI_PTE_ADDRESS_BITS);
	if (plan->info.address_bits_binding || builder->address_bits < host_bits)
		builder->bits_to_ask = builder->address_bits;
	return plan->arm64 ? check_arm64_host(builder, error) : 0;
}

/*
 * A kernel that declares something gets what the plan promises it, or nothing. One that does
 * not gets what the hypervisor has, whichever build of it the plan was made for.
 */
static int take_pte_bits(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	const struct pvb_plan_pte_bits *planned = &plan->info.pte_bits;
	struct pvb_plan_pte_bits *bits = &builder->pte_bits;
	int rc = pvb_pte_bits_resolve(&plan->pte_guest, &builder->host_info, "build", bits, error);

	if (rc || planned->source == PVB_PTE_LEGACY ||
	    (bits->kernel_bit == planned->kernel_bit && bits->grant_bit == planned->grant_bit &&
	     bits->keys == planned->keys))
		return rc;
	return pvb_fail(error, PVB_E_ARG_INVALID, "build",
			"the plan was made for a host that uses bits %u and %u of page-table "
			"entries%s, and this one uses %u and %u%s (%u: none)",
			planned->kernel_bit, planned->grant_bit,
			planned->keys ? " and gives protection keys" : "", bits->kernel_bit,
			bits->grant_bit, bits->keys ? " and gives protection keys" : "",
			PVB_GUEST_PTE_NO_BIT);
}

static int check_pv(struct pvb_builder *builder, struct pvb_error *error)
{
	int rc = take_pte_bits(builder, error);

	return rc ? rc : pvb_build_check_image(builder, error);
}

static int prepare(struct pvb_builder *builder, const struct pvb_build_options *options,
		   struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	int rc = take_options(builder, options, error);

	if (rc == 0)
		rc = take_host(builder, error);
	if (rc == 0)
		rc = plan->arm64 ? pvb_build_check_arm64_image(builder, error)
				 : check_pv(builder, error);
	if (rc == 0)
		rc = pvb_build_check_module(builder, error);
	if (rc == 0)
		rc = pvb_window_create(builder, error);
	if (rc == 0)
		rc = pvb_result_create(builder, stages_of(plan).count, error);
	return rc;
}

/* ---- the run ---- */

static uint64_t now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

static int run_stage(struct pvb_builder *builder, const struct stage *stage,
		     struct pvb_error *error)
{
	uint64_t start = now();

	builder->stage = stage->name;
	builder->done = 0;
	builder->total = stage->total ? stage->total(builder) : 0;

	int rc = report_progress(builder, error);
	if (rc == 0)
		rc = stage->act(builder, error);
	if (rc == 0)
		pvb_result_stage(builder->domain, stage->name, now() - start);
	return rc;
}

/* The cause of the failure stays the error; what cannot be undone is told beside it. */
static void unwind(struct pvb_builder *builder, size_t begun, struct pvb_error *error)
{
	const struct stage *stages = stages_of(builder->plan).list;

	while (begun--) {
		struct pvb_error undoing = {0};

		if (stages[begun].undo && stages[begun].undo(builder, &undoing))
			pvb_context(error, "and domain %u could not be cleared away: %.100s",
				    builder->domid, undoing.message);
	}
}

int pvb_build(struct pvb_host *host, const struct pvb_plan *plan, const struct pvb_image *image,
	      const struct pvb_build_options *options, struct pvb_domain **domain,
	      struct pvb_error *error)
{
	struct pvb_builder builder = {.host = host, .plan = plan, .image = image, .stage = "build"};
	struct pvb_error unwanted;
	int rc;

	*domain = NULL;
	if (!error)
		error = &unwanted;
	rc = prepare(&builder, options, error);
	if (rc == 0) {
		const struct stages stages = stages_of(plan);
		size_t begun = 0;

		while (rc == 0 && begun < stages.count)
			rc = run_stage(&builder, &stages.list[begun++], error);
		if (rc) {
			pvb_context(error, "building domain \"%.64s\"", builder.options.name);
			unwind(&builder, begun, error);
		}
	}
	if (rc == 0) {
		*domain = builder.domain;
	} else {
		(void)snprintf(error->stage, sizeof error->stage, "%s", builder.stage);
		pvb_domain_free(builder.domain);
	}
	pvb_window_free(&builder);
	pvb_runs_free(&builder.memory);
	return rc;
}
