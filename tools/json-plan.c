/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* {"type": "pvbuild.plan"} */
#include "json-build.h"

/* Those that it touches: the kernel of an arm64 guest need not begin on one. */
static uint64_t frames_of(const struct pvb_plan_segment *segment, uint32_t page_size)
{
	uint64_t bytes = segment->gpa % page_size + segment->occupied;

	return bytes / page_size + (bytes % page_size != 0);
}

struct json_object *json_segments(const struct pvb_plan_info *plan)
{
	struct json_object *segments = json_array();

	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct pvb_plan_segment *segment = &plan->segments[i];
		struct json_object *object = json_map();

		json_add_text(object, "name", segment->name);
		json_add_hex(object, "pfn", segment->gpa / plan->page_size);
		json_add_number(object, "frames", frames_of(segment, plan->page_size));
		json_add_hex_or_null(object, "va", segment->va);
		json_add_hex(object, "gpa", segment->gpa);
		json_add_number(object, "bytes", segment->bytes);
		json_append(segments, object);
	}
	return segments;
}

static struct json_object *levels_array(const struct pvb_plan_tables *tables, size_t count,
					uint32_t page_size)
{
	struct json_object *levels = json_array();

	for (size_t i = 0; i < count; i++) {
		struct json_object *object = json_map();

		json_add_number(object, "level", tables[i].level);
		json_add_hex(object, "pfn", tables[i].gpa / page_size);
		json_add_number(object, "frames", tables[i].count);
		json_add_hex(object, "va_from", tables[i].va_from);
		json_append(levels, object);
	}
	return levels;
}

static void add_bit(struct json_object *object, const char *key, unsigned bit)
{
	if (bit == PVB_GUEST_PTE_NO_BIT)
		json_add_null(object, key);
	else
		json_add_number(object, key, bit);
}

static struct json_object *pte_bits_object(const struct pvb_plan_pte_bits *bits)
{
	struct json_object *object = json_map();
	const bool declared = bits->source == PVB_PTE_DECLARED;

	json_add_text(object, "source", pvb_pte_source_name(bits->source));
	json_add_bool(object, "fixed", bits->fixed);
	add_bit(object, "kernel_bit", bits->kernel_bit);
	add_bit(object, "grant_bit", bits->grant_bit);
	json_add_bool(object, "grants_unmarked", bits->grants_unmarked);
	json_add_bool(object, "keys", bits->keys);
	json_add_bool(object, "keys_wanted", bits->keys_wanted);
	json_add_hex_or_null(object, "unused_l1", declared ? bits->unused_l1 : PVB_NONE);
	json_add_hex_or_null(object, "unused_upper", declared ? bits->unused_upper : PVB_NONE);
	return object;
}

static struct json_object *width_object(unsigned bits, enum pvb_bits_source source)
{
	struct json_object *object = json_map();

	json_add_number(object, "bits", bits);
	json_add_text(object, "source", pvb_bits_source_name(source));
	return object;
}

struct json_object *json_address_bits(const struct pvb_plan_info *plan)
{
	struct json_object *object = width_object(plan->address_bits, plan->address_bits_source);

	json_add_bool(object, "binding", plan->address_bits_binding);
	(void)json_add(object, "own",
		       width_object(plan->own_address_bits, plan->own_address_bits_source));
	(void)json_add(object, "declared",
		       plan->declared_address_bits
			       ? width_object(plan->declared_address_bits,
					      plan->declared_address_bits_source)
			       : NULL);
	return object;
}

static struct json_object *ranges_array(const struct pvb_plan_info *plan)
{
	struct json_object *ranges = json_array();

	for (size_t i = 0; i < plan->range_count; i++) {
		const struct pvb_memory_range *range = &plan->ranges[i];
		struct json_object *object = json_map();

		json_add_hex(object, "gpa", range->gpa);
		json_add_number(object, "bytes", range->bytes);
		if (range->node == PVB_ANY_NODE)
			json_add_null(object, "node");
		else
			json_add_number(object, "node", (uint64_t)range->node);
		json_add_bool(object, "exact", range->exact);
		json_append(ranges, object);
	}
	return ranges;
}

static struct json_object *p2m_tree_array(const struct pvb_plan_info *plan)
{
	struct json_object *levels = json_array();

	for (size_t i = 0; i < plan->p2m_tree_level_count; i++) {
		struct json_object *object = json_map();

		json_add_number(object, "level", plan->p2m_tree[i].level);
		json_add_hex(object, "pfn", plan->p2m_tree[i].gpa / plan->page_size);
		json_add_number(object, "frames", plan->p2m_tree[i].count);
		json_append(levels, object);
	}
	return levels;
}

/* The list, and of a tree what is above it. */
static struct json_object *p2m_object(const struct pvb_plan_info *plan)
{
	struct json_object *p2m = json_map();

	json_add_text(p2m, "form", plan->p2m_form == PVB_P2M_TREE ? "tree" : "list");
	json_add_number(p2m, "levels", plan->p2m_levels); /* a list has none */
	json_add_hex(p2m, "va", plan->p2m_va);
	json_add_hex(p2m, "pfn", plan->p2m_gpa / plan->page_size);
	json_add_number(p2m, "frames",
			plan->p2m_bytes / plan->page_size +
				(plan->p2m_bytes % plan->page_size != 0));
	json_add_number(p2m, "bytes", plan->p2m_bytes);
	json_add_number(p2m, "pfns", plan->p2m_pfns);
	json_add_number(p2m, "entry_size", plan->p2m_entry_size);
	json_add_bool(p2m, "declared", plan->p2m_declared);
	if (plan->p2m_root_gpa == PVB_NONE)
		json_add_null(p2m, "root_pfn");
	else
		json_add_hex(p2m, "root_pfn", plan->p2m_root_gpa / plan->page_size);
	(void)json_add(p2m, "tree", p2m_tree_array(plan));
	json_add_text(p2m, "fallback", plan->p2m_fallback);
	return p2m;
}

struct json_object *json_plan(const struct pvb_plan_info *plan)
{
	struct json_object *object = json_typed("pvbuild.plan");

	json_add_text(object, "guest_type", pvb_guest_type_name(plan->guest_type));
	json_add_number(object, "memory", plan->memory);
	json_add_number(object, "minimum_memory", plan->minimum_memory);
	(void)json_add(object, "ranges", ranges_array(plan));
	json_add_number(object, "page_size", plan->page_size);
	json_add_number(object, "vcpus", plan->vcpus);
	json_add_number(object, "max_vcpus", plan->max_vcpus);
	json_add_text(object, "command_line", plan->command_line);
	if (plan->guest_type == PVB_GUEST_ARM64) {
		json_add_arm64_plan(object, plan);
		return object;
	}
	json_add_hex(object, "virt_base", plan->virt_base);
	(void)json_add(object, "segments", json_segments(plan));

	struct json_object *map = json_add(object, "initial_mapping", json_map());

	json_add_hex(map, "from", plan->map_from);
	json_add_hex(map, "to", plan->map_to);
	json_add_number(map, "bytes", plan->map_to - plan->map_from);

	struct json_object *tables = json_add(object, "page_tables", json_map());

	json_add_number(tables, "frames", plan->table_pages);
	json_add_number(tables, "p2m_frames", plan->p2m_table_pages);
	(void)json_add(tables, "levels",
		       levels_array(plan->tables, plan->table_level_count, plan->page_size));
	(void)json_add(
		tables, "p2m_levels",
		levels_array(plan->p2m_tables, plan->p2m_table_level_count, plan->page_size));
	json_add_bool(tables, "root_below_4g", plan->root_below_4g);

	(void)json_add(object, "p2m", p2m_object(plan));

	struct json_object *registers = json_add(object, "registers", json_map());

	json_add_hex(registers, "rip", plan->registers.rip);
	json_add_hex(registers, "rsp", plan->registers.rsp);
	json_add_hex(registers, "rsi", plan->registers.rsi);
	json_add_hex_or_null(object, "hypercall_page", plan->hypercall_page);

	(void)json_add(object, "address_bits", json_address_bits(plan));
	json_add_bool(object, "guest_abi", plan->guest_abi);
	(void)json_add(object, "pte_bits", pte_bits_object(&plan->pte_bits));
	return object;
}
