/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Building JSON objects. Out of memory ends the process, as there is nothing left to say it with.
 */
#ifndef PVB_TOOLS_JSON_BUILD_H
#define PVB_TOOLS_JSON_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "command.h"
#include "creation.h"
#include "p2m-view.h"

/* {"type": type, "version": 1} */
struct json_object *json_typed(const char *type);
struct json_object *json_map(void);
struct json_object *json_array(void);

/* The child becomes the parent's. */
struct json_object *json_add(struct json_object *parent, const char *key,
			     struct json_object *child);
void json_append(struct json_object *array, struct json_object *child);
void json_append_name(struct json_object *array, const char *name);
void json_append_number(struct json_object *array, uint64_t value);

/*
 * A list of what may be very many, in an object that no array is around: an element is made when
 * its turn has come. owner stays until all is printed.
 */
struct json_list {
	const void *owner;
	size_t count;
	struct json_object *(*element)(const void *owner, size_t index);
};
void json_add_list(struct json_object *parent, const char *key, struct json_list list);

void json_add_null(struct json_object *parent, const char *key);
void json_add_bool(struct json_object *parent, const char *key, bool value);
void json_add_number(struct json_object *parent, const char *key, uint64_t value);
void json_add_ms(struct json_object *parent, const char *key, uint64_t nanoseconds);

/* "0x1f"; _or_null: null for PVB_NONE. */
void json_add_hex(struct json_object *parent, const char *key, uint64_t value);
void json_add_hex_or_null(struct json_object *parent, const char *key, uint64_t value);

/* "1f00...": bytes in their order, no more than JSON_BYTES of them. */
#define JSON_BYTES 4096u
void json_add_bytes(struct json_object *parent, const char *key, const uint8_t *bytes,
		    uint64_t size);

/* null for NULL. What is no UTF-8 becomes U+FFFD. */
void json_add_text(struct json_object *parent, const char *key, const char *text);

/* The objects of the contract. */
struct json_object *json_help(const struct command *command);
/* Of each vCPU that is up. */
struct json_object *json_registers(struct pvb_host *host, uint32_t domid);
struct json_object *json_list(const struct pvb_domain_state *domains,
			      const struct pvb_domain_monitor *monitors, size_t count);
struct json_object *json_image(const struct pvb_image_info *image,
			       const struct pvb_plan_info *least);
/* Of a plan of either kind. */
struct json_object *json_segments(const struct pvb_plan_info *plan);
struct json_object *json_address_bits(const struct pvb_plan_info *plan);
/* All but what every plan begins with. */
void json_add_arm64_plan(struct json_object *object, const struct pvb_plan_info *plan);
struct json_object *json_plan(const struct pvb_plan_info *plan);
struct json_object *json_domain(const struct creation *creation);
struct json_object *json_audit(const struct pvb_audit_report *report);
struct json_object *json_p2m(const struct p2m_view *view);
struct json_object *json_p2m_entry(const struct p2m_view *view);

#endif
