/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "render.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "size.h"
#include "table.h"

static void render_segments(const struct pvb_plan_info *plan)
{
	struct table *table = table_new("lrrrr");

	table_cell(table, "segment");
	table_cell(table, "PFN");
	table_cell(table, "pages");
	table_cell(table, "bytes");
	table_cell(table, "virtual address");
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct pvb_plan_segment *segment = &plan->segments[i];

		table_cell(table, "%s", segment->name);
		table_cell(table, "0x%" PRIx64, segment->gpa / plan->page_size);
		table_cell(table, "%" PRIu64, segment->occupied / plan->page_size);
		table_cell(table, "%" PRIu64, segment->bytes);
		if (segment->va == PVB_NONE)
			table_cell(table, "not mapped");
		else
			table_cell(table, "0x%" PRIx64, segment->va);
	}
	(void)putchar('\n');
	table_print(table, "", stdout);
	(void)putchar('\n');
}

struct levels_text {
	char text[160];
};

/* "L4 1, L3 1, L2 1, L1 34" */
static struct levels_text format_levels(const struct pvb_plan_tables *tables, size_t count)
{
	struct levels_text result = {""};
	size_t used = 0;

	for (size_t i = 0; i < count && used < sizeof result.text; i++) {
		int written =
			snprintf(result.text + used, sizeof result.text - used, "%sL%u %" PRIu64,
				 i ? ", " : "", tables[i].level, tables[i].count);

		used += written > 0 ? (size_t)written : sizeof result.text;
	}
	return result;
}

/* "1, 2, 1024 pages" */
static struct levels_text format_tree(const struct pvb_plan_info *plan)
{
	struct levels_text result = {""};
	size_t used = 0;

	for (size_t i = 0; i < plan->p2m_tree_level_count && used < sizeof result.text; i++) {
		const bool last = i + 1 == plan->p2m_tree_level_count;
		const bool one = last && i == 0 && plan->p2m_tree[i].count == 1;
		int written = snprintf(result.text + used, sizeof result.text - used,
				       "%s%" PRIu64 "%s", i ? ", " : "", plan->p2m_tree[i].count,
				       one    ? " page"
				       : last ? " pages"
					      : "");

		used += written > 0 ? (size_t)written : sizeof result.text;
	}
	return result;
}

struct bit_text {
	char text[16];
};

static struct bit_text format_bit(unsigned bit)
{
	struct bit_text result = {"no bit"};

	if (bit != PVB_GUEST_PTE_NO_BIT)
		(void)snprintf(result.text, sizeof result.text, "bit %u", bit);
	return result;
}

static void render_pte_bits(const struct pvb_plan_pte_bits *bits)
{
	render_fact("entry bits", "%s marks kernel mappings, %s grants (%s%s)%s",
		    format_bit(bits->kernel_bit).text, format_bit(bits->grant_bit).text,
		    pvb_pte_source_name(bits->source),
		    bits->fixed ? ", wired into the hypervisor" : "",
		    bits->keys ? "; protection keys" : "");
	if (bits->source == PVB_PTE_DECLARED)
		render_fact("",
			    "left alone by the kernel: 0x%" PRIx64 " in L1, 0x%" PRIx64 " above",
			    bits->unused_l1, bits->unused_upper);
	if (bits->grants_unmarked)
		render_fact("", "the kernel leaves no bit for grants: their check is off");
	if (bits->keys_wanted && !bits->keys)
		render_fact("", "the kernel wants protection keys, which the hypervisor does not "
				"give");
}

static void render_address_bits(const struct pvb_plan_info *plan)
{
	render_fact("addresses", "below 2^%u (%s)%s%s", plan->address_bits,
		    pvb_bits_source_name(plan->address_bits_source),
		    plan->address_bits_binding ? ", less than the host has" : "",
		    plan->root_below_4g ? "; root table below 4 GiB" : "");
	if (plan->declared_address_bits &&
	    plan->declared_address_bits_source != plan->address_bits_source)
		render_fact("", "the kernel copes with 2^%u (%s)", plan->declared_address_bits,
			    pvb_bits_source_name(plan->declared_address_bits_source));
	if (plan->guest_abi)
		render_fact("", "the guest is told of it in its shared info page");
}

/* Where the memory is, if that is not plain. An arm64 guest's is among its areas. */
static void render_ranges(const struct pvb_plan_info *plan)
{
	uint64_t end = 0;

	if (plan->guest_type == PVB_GUEST_ARM64 ||
	    (plan->range_count == 1 && plan->ranges[0].node == PVB_ANY_NODE))
		return;
	for (size_t i = 0; i < plan->range_count; i++) {
		const struct pvb_memory_range *range = &plan->ranges[i];
		char node[48] = "", hole[80] = "";

		if (range->node != PVB_ANY_NODE)
			(void)snprintf(node, sizeof node, ", node %d%s", range->node,
				       range->exact ? " alone" : "");
		if (range->gpa > end)
			(void)snprintf(hole, sizeof hole, ", behind a hole of %s",
				       format_size(range->gpa - end).text);
		render_fact("", "%s at 0x%" PRIx64 "%s%s", format_size(range->bytes).text,
			    range->gpa, node, hole);
		end = range->gpa + range->bytes;
	}
}

void render_plan(const struct pvb_plan_info *plan)
{
	if (plan->max_vcpus > plan->vcpus)
		render_fact("guest", "%s, %u vCPUs, of which %u online",
			    pvb_guest_type_name(plan->guest_type), plan->max_vcpus, plan->vcpus);
	else
		render_fact("guest", "%s, %u vCPU%s", pvb_guest_type_name(plan->guest_type),
			    plan->vcpus, plan->vcpus == 1 ? "" : "s");
	render_fact("memory", "%s (%" PRIu64 " pages of %u); at least %s",
		    format_size(plan->memory).text, plan->memory / plan->page_size, plan->page_size,
		    format_size(plan->minimum_memory).text);
	render_ranges(plan);
	if (*plan->command_line)
		render_fact("command line", "%s", plan->command_line);
	if (plan->guest_type == PVB_GUEST_ARM64) {
		render_arm64_plan(plan);
		return;
	}
	render_segments(plan);
	render_fact("initial mapping", "0x%" PRIx64 " - 0x%" PRIx64 ", %s", plan->map_from,
		    plan->map_to, format_size(plan->map_to - plan->map_from).text);
	render_fact("page tables", "%" PRIu64 ": %s", plan->table_pages,
		    format_levels(plan->tables, plan->table_level_count).text);
	render_fact("p2m", "list of %" PRIu64 " entries of %u bytes at 0x%" PRIx64,
		    plan->p2m_bytes / plan->p2m_entry_size, plan->p2m_entry_size, plan->p2m_va);
	if (plan->p2m_table_pages)
		render_fact("", "mapped by %" PRIu64 " tables of its own: %s",
			    plan->p2m_table_pages,
			    format_levels(plan->p2m_tables, plan->p2m_table_level_count).text);
	if (plan->p2m_fallback)
		render_fact("", "in the initial mapping, as %s", plan->p2m_fallback);
	if (plan->p2m_levels)
		render_fact("", "and a tree of %" PRIu32 " level%s above it%s%s%s",
			    plan->p2m_levels, plan->p2m_levels == 1 ? "" : "s",
			    plan->p2m_tree_level_count ? ": " : "", format_tree(plan).text,
			    plan->p2m_declared ? ", as the kernel asks" : "");
	render_fact("registers", "rip 0x%" PRIx64 "  rsp 0x%" PRIx64 "  rsi 0x%" PRIx64,
		    plan->registers.rip, plan->registers.rsp, plan->registers.rsi);
	if (plan->hypercall_page != PVB_NONE)
		render_fact("hypercall page", "0x%" PRIx64, plan->hypercall_page);
	render_address_bits(plan);
	render_pte_bits(&plan->pte_bits);
}
