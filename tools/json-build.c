/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json-build.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auto.h"
#include "fault.h"
#include "text.h"

static void *got(void *pointer)
{
	if (!pointer) {
		(void)fputs("pvbuild: no memory left in this process for JSON\n", stderr);
		exit(EXIT_REFUSED);
	}
	return pointer;
}

struct json_object *json_map(void)
{
	return (struct json_object *)got(json_object_new_object());
}

struct json_object *json_array(void)
{
	return (struct json_object *)got(json_object_new_array());
}

struct json_object *json_typed(const char *type)
{
	struct json_object *object = json_map();

	json_add_text(object, "type", type);
	json_add_number(object, "version", 1);
	return object;
}

struct json_object *json_add(struct json_object *parent, const char *key, struct json_object *child)
{
	if (json_object_object_add(parent, key, child) != 0)
		(void)got(NULL);
	return child;
}

void json_append(struct json_object *array, struct json_object *child)
{
	if (json_object_array_add(array, child) != 0)
		(void)got(NULL);
}

void json_append_name(struct json_object *array, const char *name)
{
	json_append(array, got(json_object_new_string(name)));
}

void json_append_number(struct json_object *array, uint64_t value)
{
	json_append(array, got(json_object_new_uint64(value)));
}

static void release_list(struct json_object *object, void *list)
{
	(void)object;
	free(list);
}

void json_add_list(struct json_object *parent, const char *key, struct json_list list)
{
	struct json_object *array = json_add(parent, key, json_array());

	if (!list.count)
		return;
	struct json_list *kept = got(malloc(sizeof *kept));

	*kept = list;
	json_object_set_userdata(array, kept, release_list);
}

void json_add_null(struct json_object *parent, const char *key)
{
	(void)json_add(parent, key, NULL);
}

void json_add_bool(struct json_object *parent, const char *key, bool value)
{
	(void)json_add(parent, key, got(json_object_new_boolean(value)));
}

void json_add_number(struct json_object *parent, const char *key, uint64_t value)
{
	(void)json_add(parent, key, got(json_object_new_uint64(value)));
}

void json_add_ms(struct json_object *parent, const char *key, uint64_t nanoseconds)
{
	char text[40];

	(void)snprintf(text, sizeof text, "%" PRIu64 ".%03" PRIu64, nanoseconds / 1000000,
		       nanoseconds / 1000 % 1000);
	(void)json_add(parent, key, got(json_object_new_double_s((double)nanoseconds / 1e6, text)));
}

void json_add_hex(struct json_object *parent, const char *key, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof text, "0x%" PRIx64, value);
	(void)json_add(parent, key, got(json_object_new_string(text)));
}

void json_add_hex_or_null(struct json_object *parent, const char *key, uint64_t value)
{
	if (value == PVB_NONE)
		json_add_null(parent, key);
	else
		json_add_hex(parent, key, value);
}

void json_add_bytes(struct json_object *parent, const char *key, const uint8_t *bytes,
		    uint64_t size)
{
	static const char digits[] = "0123456789abcdef";
	const size_t shown = size < JSON_BYTES ? (size_t)size : JSON_BYTES;
	AUTO_FREE char *text = got(calloc(shown + 1, 2));

	for (size_t i = 0; i < shown; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	(void)json_add(parent, key, got(json_object_new_string(text)));
}

void json_add_text(struct json_object *parent, const char *key, const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd";

	if (!text) {
		json_add_null(parent, key);
		return;
	}

	AUTO_FREE char *clean = got(calloc(strlen(text) + 1, 3));
	char *to = clean;

	while (*text) {
		size_t length = text_utf8_length(text);

		if (length) {
			memcpy(to, text, length);
			text += length;
			to += length;
		} else {
			memcpy(to, replacement, 3);
			text++;
			to += 3;
		}
	}
	(void)json_add(parent, key, got(json_object_new_string(clean)));
}
