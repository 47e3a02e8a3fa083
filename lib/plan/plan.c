/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/error.h"
#include "plan/arm64.h"
#include "plan/mapping.h"
#include "plan/ranges.h"
#include "plan/request.h"

#define STAGE "plan"

/* A plan with all that its public numbers point to. */
struct plan_storage {
	struct pvb_plan plan; /* first: pvb_plan_free() is given its address */
	struct pvb_plan_segment segments[PVB_SEGMENT_KINDS];
	struct pvb_plan_tables tables[PVB_MAX_LEVELS];
	struct pvb_plan_tables p2m_tables[PVB_MAX_LEVELS];
	struct pvb_plan_p2m_level p2m_tree[PVB_P2M_LEVELS_MAX];
	char command_line[PVB_MAX_COMMAND_LINE + 1];
	struct pvb_memory_range ranges[]; /* and, behind them, the name of the module */
};

static pvb_va_t va_of(const struct pvb_plan *plan, uint64_t pfn)
{
	return PVB_VA(plan->virt_base.a + (pfn << plan->page_shift));
}

/* What of a part's pages is used; all of them, but for what is counted in bytes. */
static uint64_t bytes_used(const struct pvb_plan *plan, const struct pvb_plan_request *request,
			   const struct pvb_image_pv *pv, enum pvb_segment_kind kind,
			   uint64_t count)
{
	if (kind == PVB_SEGMENT_KERNEL)
		return pv->kernel_end -
		       pvb_round_down(pv->kernel_start, UINT64_C(1) << plan->page_shift);
	if (kind == PVB_SEGMENT_MODULE)
		return request->module_bytes;
	if (kind == PVB_SEGMENT_P2M)
		return plan->p2m_geometry.pfns * plan->p2m_geometry.entry_size;
	return count << plan->page_shift;
}

/* Where the plan keeps a part, or NULL: nobody writes padding. */
static struct pvb_plan_region *region_of(struct pvb_plan *plan, enum pvb_segment_kind kind)
{
	switch (kind) {
	case PVB_SEGMENT_KERNEL:
		return &plan->kernel;
	case PVB_SEGMENT_MODULE:
		return &plan->module;
	case PVB_SEGMENT_P2M:
		return &plan->p2m;
	case PVB_SEGMENT_START_INFO:
		return &plan->start_info;
	case PVB_SEGMENT_XENSTORE:
		return &plan->xenstore;
	case PVB_SEGMENT_CONSOLE:
		return &plan->console;
	case PVB_SEGMENT_PAGE_TABLES:
		return &plan->page_tables;
	case PVB_SEGMENT_BOOT_STACK:
		return &plan->boot_stack;
	case PVB_SEGMENT_P2M_TABLES:
		return &plan->p2m_tables;
	case PVB_SEGMENT_P2M_TREE:
		return &plan->p2m_tree;
	case PVB_SEGMENT_PADDING:
	case PVB_SEGMENT_DEVICE_TREE:
	case PVB_SEGMENT_MEMACCESS:
	case PVB_SEGMENT_VUART:
		break;
	}
	return NULL;
}

/* Append the parts that are inside the initial mapping, or those that are not. */
static void add_segments(struct plan_storage *storage, const struct pvb_plan_request *request,
			 const struct pvb_image_pv *pv, const struct pvb_layout *layout,
			 bool mapped)
{
	struct pvb_plan *plan = &storage->plan;

	for (unsigned i = 0; i < PVB_SEGMENT_KINDS; i++) {
		enum pvb_segment_kind kind = (enum pvb_segment_kind)i;
		const struct pvb_layout_part *part = &layout->part[i];
		struct pvb_plan_region *region = region_of(plan, kind);
		pvb_va_t va = PVB_VA(PVB_NONE);
		uint64_t bytes;

		if (!part->count || (part->first < layout->map_end) != mapped)
			continue;
		if (mapped)
			va = va_of(plan, part->first);
		else if (kind == PVB_SEGMENT_P2M)
			va = PVB_VA(pv->init_p2m);
		bytes = bytes_used(plan, request, pv, kind, part->count);
		if (region)
			*region = (struct pvb_plan_region){
				.first = PVB_PFN(part->first),
				.count = part->count,
				.bytes = bytes,
				.va = va,
			};
		storage->segments[plan->info.segment_count++] = (struct pvb_plan_segment){
			.kind = kind,
			.name = pvb_segment_name(kind),
			.gpa = part->first << plan->page_shift,
			.bytes = bytes,
			.occupied = part->count << plan->page_shift,
			.va = va.a,
		};
	}
}

static size_t list_tables(const struct pvb_plan *plan, const struct pvb_plan_mapping *mapping,
			  struct pvb_plan_tables *tables)
{
	size_t n = 0;

	for (unsigned level = plan->levels; level > 0; level--) {
		if (!mapping->level[level - 1].count)
			continue;
		tables[n++] = (struct pvb_plan_tables){
			.level = level,
			.gpa = mapping->level[level - 1].first.n << plan->page_shift,
			.count = mapping->level[level - 1].count,
			.va_from = mapping->level[level - 1].from.a,
		};
	}
	return n;
}

/* The levels above the leaves, as they lie one behind the other. */
static size_t list_tree(const struct pvb_plan *plan, struct pvb_plan_p2m_level *tree)
{
	uint64_t pfn = plan->p2m_tree.first.n;
	size_t n = 0;

	for (unsigned level = plan->p2m_levels; level > 1; level--) {
		tree[n] = (struct pvb_plan_p2m_level){
			.level = level,
			.gpa = pfn << plan->page_shift,
			.count = pvb_p2m_level_pages(&plan->p2m_geometry, level),
		};
		pfn += tree[n++].count;
	}
	return n;
}

static void fill_frames(struct pvb_plan *plan, const struct pvb_image_info *image,
			const struct pvb_plan_request *request,
			const struct pvb_plan_memory *memory, const struct pvb_layout *layout)
{
	const struct pvb_image_pv *pv = &image->pv;

	plan->guest_type = pv->guest_type;
	plan->guest_bits = pv->guest_type == PVB_GUEST_X86_64 ? 64 : 32;
	plan->levels = request->input.levels;
	plan->page_shift = request->input.page_shift;
	plan->pages = memory->pages;
	plan->virt_base = PVB_VA(pv->virt_base);
	plan->has_module = request->has_module;
	plan->module_unmapped = request->input.module_unmapped;
	plan->p2m_geometry = layout->p2m;
	plan->p2m_levels = layout->p2m_levels;
	plan->p2m_outside = layout->p2m_outside;
	plan->image_unpacked_size = image->unpacked_size;
	plan->pte_guest = pvb_pte_guest_of(image);
	if (pv->hypercall_page != PVB_NONE) {
		plan->has_hypercall_page = true;
		plan->hypercall_page =
			PVB_PFN((pv->hypercall_page - pv->virt_base) >> plan->page_shift);
	}
}

static void fill_mappings(struct pvb_plan *plan, const struct pvb_layout *layout)
{
	plan->initial =
		pvb_make_mapping(plan->levels, plan->page_shift, true, plan->virt_base,
				 va_of(plan, layout->map_end), PVB_PFN(0), plan->page_tables.first);
	if (plan->p2m_outside)
		plan->p2m_mapping = pvb_make_mapping(
			plan->levels, plan->page_shift, false, plan->p2m.va,
			PVB_VA(plan->p2m.va.a + (plan->p2m.count << plan->page_shift)),
			plan->p2m.first, plan->p2m_tables.first);
}

static void fill_info(struct plan_storage *storage, const struct pvb_image_info *image,
		      const struct pvb_plan_request *request, const struct pvb_plan_memory *memory,
		      const struct pvb_layout *layout, uint64_t minimum)
{
	const struct pvb_image_pv *pv = &image->pv;
	struct pvb_plan *plan = &storage->plan;
	struct pvb_plan_info *info = &plan->info;

	memcpy(storage->command_line, request->command_line, strlen(request->command_line));
	info->guest_type = plan->guest_type;
	info->memory = plan->pages << plan->page_shift;
	info->minimum_memory = minimum << plan->page_shift;
	info->page_size = UINT32_C(1) << plan->page_shift;
	info->vcpus = request->vcpus.online;
	info->max_vcpus = request->vcpus.max;
	info->virt_base = plan->virt_base.a;
	info->map_from = plan->initial.from.a;
	info->map_to = plan->initial.to.a;
	info->segments = storage->segments;
	info->tables = storage->tables;
	info->table_level_count = list_tables(plan, &plan->initial, storage->tables);
	info->p2m_tables = storage->p2m_tables;
	info->p2m_table_level_count = list_tables(plan, &plan->p2m_mapping, storage->p2m_tables);
	info->table_pages = plan->initial.table_frames;
	info->p2m_table_pages = plan->p2m_mapping.table_frames;
	info->p2m_form = plan->p2m_levels ? PVB_P2M_TREE : PVB_P2M_LIST;
	info->p2m_va = plan->p2m.va.a;
	info->p2m_gpa = plan->p2m.first.n << plan->page_shift;
	info->p2m_bytes = plan->p2m.bytes;
	info->p2m_entry_size = request->input.p2m_entry_size;
	info->p2m_fallback = layout->p2m_fallback;
	info->p2m_pfns = plan->p2m_geometry.pfns;
	info->p2m_levels = plan->p2m_levels;
	info->p2m_declared = request->input.p2m.declared;
	info->p2m_tree = storage->p2m_tree;
	info->p2m_tree_level_count = list_tree(plan, storage->p2m_tree);
	info->p2m_root_gpa = info->p2m_tree_level_count ? info->p2m_tree[0].gpa
			     : plan->p2m_levels         ? info->p2m_gpa
							: PVB_NONE;
	info->registers = (struct pvb_plan_registers){
		.rip = pv->entry,
		.rsp = va_of(plan, plan->boot_stack.first.n + plan->boot_stack.count).a,
		.rsi = plan->start_info.va.a,
	};
	info->hypercall_page = pv->hypercall_page;
	pvb_tell_declared(info, image, &request->width);
	if (plan->p2m_levels)
		info->guest_abi = true;
	info->root_below_4g = plan->guest_type == PVB_GUEST_X86_32P && pv->pae == PVB_PAE_YES;
	info->command_line = storage->command_line;
	info->pte_bits = request->pte_bits;
	info->ranges = storage->ranges;
	info->range_count = memory->count;
	pvb_tell_ranges(memory, storage->ranges);
}

int pvb_plan_from_info(const struct pvb_image_info *image, const struct pvb_spec *spec,
		       const struct pvb_host_info *host, struct pvb_plan **plan,
		       struct pvb_error *error)
{
	struct pvb_plan_request request;
	struct pvb_plan_memory memory;
	struct plan_storage *storage;
	struct pvb_layout layout;
	uint64_t max_pages, minimum;
	int rc;

	*plan = NULL;
	if (image->pv.supported && image->pv.guest_type == PVB_GUEST_ARM64)
		return pvb_plan_arm64(image, spec, host, plan, error);
	rc = pvb_make_plan_request(image, spec, host, &request, error);
	if (!rc)
		rc = pvb_take_memory(image->pv.guest_type, &request.spec, host,
				     request.input.page_shift, &request.width, &memory, error);
	if (rc)
		return rc;

	max_pages = pvb_max_pages(image->pv.guest_type, request.input.page_shift, &request.width);
	layout = pvb_layout_solve(&request.input, memory.pfns);
	rc = pvb_layout_check_addresses(&request.input, &layout, error);
	if (!rc)
		rc = pvb_memory_check_layout(&memory, &request.input, &layout, max_pages, error);
	if (!rc)
		rc = pvb_memory_least_pages(&memory, &request.input, max_pages, &minimum, error);
	if (rc)
		return rc;

	size_t name_size = request.module_name ? strlen(request.module_name) + 1 : 0;
	storage = calloc(1, sizeof *storage + memory.count * sizeof storage->ranges[0] + name_size);
	if (!storage)
		return pvb_fail_memory(error, STAGE, "the plan");
	fill_frames(&storage->plan, image, &request, &memory, &layout);
	add_segments(storage, &request, &image->pv, &layout, true);
	add_segments(storage, &request, &image->pv, &layout, false);
	fill_mappings(&storage->plan, &layout);
	fill_info(storage, image, &request, &memory, &layout, minimum);
	if (name_size) {
		storage->plan.module_name =
			memcpy(&storage->ranges[memory.count], request.module_name, name_size);
	}
	*plan = &storage->plan;
	return 0;
}

int pvb_plan_minimum_from_info(const struct pvb_image_info *image, const struct pvb_spec *spec,
			       const struct pvb_host_info *host, uint64_t *bytes,
			       struct pvb_error *error)
{
	struct pvb_plan_request request;
	struct pvb_plan_memory memory;
	uint64_t pages;
	int rc;

	if (image->pv.supported && image->pv.guest_type == PVB_GUEST_ARM64)
		return pvb_plan_arm64_minimum(image, spec, host, bytes, error);
	rc = pvb_make_plan_request(image, spec, host, &request, error);
	if (!rc)
		rc = pvb_take_ranges(image->pv.guest_type, &request.spec, host,
				     request.input.page_shift, &memory, error);
	if (!rc)
		rc = pvb_memory_least_pages(&memory, &request.input,
					    pvb_max_pages(image->pv.guest_type,
							  request.input.page_shift, &request.width),
					    &pages, error);
	if (rc)
		return rc;
	*bytes = pages << request.input.page_shift;
	return 0;
}

void pvb_plan_free(struct pvb_plan *plan)
{
	free(plan);
}

const struct pvb_plan_info *pvb_plan_info(const struct pvb_plan *plan)
{
	return &plan->info;
}
