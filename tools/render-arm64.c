/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "render.h"

#include <inttypes.h>
#include <stdio.h>

#include "size.h"
#include "table.h"

/* An arm64 guest's segments are by address, and so is all else that it has. */
static void render_areas(const struct pvb_plan_info *plan)
{
	struct table *table = table_new("llrrr");

	table_cell(table, "region");
	table_cell(table, "kind");
	table_cell(table, "guest address");
	table_cell(table, "pages");
	table_cell(table, "bytes");
	for (size_t i = 0; i < plan->area_count; i++) {
		const struct pvb_plan_area *area = &plan->areas[i];
		uint64_t first = area->gpa / plan->page_size;
		uint64_t last = (area->gpa + area->bytes - 1) / plan->page_size;

		table_cell(table, "%s", area->name);
		table_cell(table, "%s", pvb_area_kind_name(area->kind));
		table_cell(table, "0x%" PRIx64, area->gpa);
		table_cell(table, "%" PRIu64, last - first + 1);
		table_cell(table, "%" PRIu64, area->bytes);
	}
	table_print(table, "", stdout);
	(void)putchar('\n');
}

static void render_arm64_segments(const struct pvb_plan_info *plan)
{
	struct table *table = table_new("lrrr");

	table_cell(table, "segment");
	table_cell(table, "guest address");
	table_cell(table, "bytes");
	table_cell(table, "takes up");
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct pvb_plan_segment *segment = &plan->segments[i];

		table_cell(table, "%s", segment->name);
		table_cell(table, "0x%" PRIx64, segment->gpa);
		table_cell(table, "%" PRIu64, segment->bytes);
		table_cell(table, "%" PRIu64, segment->occupied);
	}
	(void)putchar('\n');
	table_print(table, "", stdout);
	(void)putchar('\n');
}

void render_arm64_plan(const struct pvb_plan_info *plan)
{
	render_arm64_segments(plan);
	render_areas(plan);
	if (plan->guest_page_size)
		render_fact("page sizes", "hypervisor %s, kernel %s",
			    format_size(plan->page_size).text,
			    format_size(plan->guest_page_size).text);
	else
		render_fact("page sizes", "hypervisor %s, kernel unstated",
			    format_size(plan->page_size).text);
	render_fact("interrupts", "GICv%" PRIu32, plan->gic);
	render_fact("device tree", "%zu bytes", plan->device_tree_size);
	render_fact("registers", "pc 0x%" PRIx64 "  x0 0x%" PRIx64, plan->registers.pc,
		    plan->registers.x0);
	render_fact("addresses", "machine memory below 2^%u (%s)%s", plan->address_bits,
		    pvb_bits_source_name(plan->address_bits_source),
		    plan->address_bits_binding ? ", less than the host has" : "");
}
