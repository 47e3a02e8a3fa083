/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* {"type": "pvbuild.domains"} */
#include "json-build.h"

#include "names.h"

static struct json_object *domain_object(const struct pvb_domain_state *domain,
					 const struct pvb_domain_monitor *monitor)
{
	struct json_object *object = json_map();

	json_add_number(object, "domid", domain->domid);
	json_add_text(object, "name", *domain->name ? domain->name : NULL);
	json_add_text(object, "uuid", format_uuid(domain->uuid).text);
	json_add_text(object, "guest", domain->translated ? "arm64" : domain->hvm ? "hvm" : "pv");
	json_add_number(object, "guest_bits", domain->guest_bits);
	json_add_number(object, "memory", domain->memory);
	json_add_number(object, "max_memory", domain->max_memory);
	json_add_number(object, "vcpus", domain->vcpus);
	json_add_bool(object, "running", domain->running);
	json_add_bool(object, "blocked", domain->blocked);
	json_add_bool(object, "paused", domain->paused);
	json_add_bool(object, "shutdown", domain->shutdown);
	json_add_bool(object, "dying", domain->dying);
	json_add_text(object, "shutdown_reason",
		      domain->shutdown ? shutdown_reason_name(domain->shutdown_reason) : NULL);
	json_add_ms(object, "cpu_time_ms", domain->cpu_time_ns);
	json_add_text(object, "monitor", monitor->pid ? monitor->gone ? "gone" : "there" : NULL);
	json_add_bool(object, "name_unknown", domain->name_unknown);
	return object;
}

struct json_object *json_list(const struct pvb_domain_state *domains,
			      const struct pvb_domain_monitor *monitors, size_t count)
{
	struct json_object *object = json_typed("pvbuild.domains");
	struct json_object *array = json_add(object, "domains", json_array());

	for (size_t i = 0; i < count; i++)
		json_append(array, domain_object(&domains[i], &monitors[i]));
	return object;
}
