/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the plan of an arm64 guest has in the place of page tables and p2m. */
#include "json-build.h"

static struct json_object *areas_array(const struct pvb_plan_info *plan)
{
	struct json_object *areas = json_array();

	for (size_t i = 0; i < plan->area_count; i++) {
		struct json_object *object = json_map();

		json_add_text(object, "name", plan->areas[i].name);
		json_add_text(object, "kind", pvb_area_kind_name(plan->areas[i].kind));
		json_add_hex(object, "gpa", plan->areas[i].gpa);
		json_add_number(object, "bytes", plan->areas[i].bytes);
		json_append(areas, object);
	}
	return areas;
}

void json_add_arm64_plan(struct json_object *object, const struct pvb_plan_info *plan)
{
	static const char *const none[] = {"virt_base", "initial_mapping", "page_tables",
					   "p2m",       "hypercall_page",  "pte_bits"};

	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		json_add_null(object, none[i]);
	(void)json_add(object, "segments", json_segments(plan));
	(void)json_add(object, "areas", areas_array(plan));
	if (plan->guest_page_size)
		json_add_number(object, "guest_page_size", plan->guest_page_size);
	else
		json_add_null(object, "guest_page_size");
	json_add_number(object, "gic", plan->gic);

	struct json_object *registers = json_add(object, "registers", json_map());

	json_add_hex(registers, "pc", plan->registers.pc);
	json_add_hex(registers, "x0", plan->registers.x0);
	json_add_bytes(object, "device_tree", (const uint8_t *)plan->device_tree,
		       plan->device_tree_size);
	(void)json_add(object, "address_bits", json_address_bits(plan));
	json_add_bool(object, "guest_abi", plan->guest_abi);
}
