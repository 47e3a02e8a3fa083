/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * check-json CHECK...: standard input is one JSON object and nothing else, and
 * each check holds. A check is PATH:KIND or PATH=VALUE. A path is like
 * "segments[0].pfn"; a kind is hex, number, string, bool, object, array or null,
 * or two of them with a bar between. "PATH[*]" stands for every element.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

static bool is_hex(const char *text)
{
	size_t digits = strspn(text + (strlen(text) > 2 ? 2 : 0), "0123456789abcdef");

	return !strncmp(text, "0x", 2) && digits && strlen(text) == digits + 2;
}

static bool is_kind(struct json_object *value, const char *kind, size_t length)
{
	static const struct {
		const char *name;
		enum json_type type;
	} kinds[] = {
		{"number", json_type_int},    {"number", json_type_double},
		{"string", json_type_string}, {"bool", json_type_boolean},
		{"object", json_type_object}, {"array", json_type_array},
		{"null", json_type_null},
	};

	if (length == 3 && !strncmp(kind, "hex", 3))
		return json_object_is_type(value, json_type_string) &&
		       is_hex(json_object_get_string(value));
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strlen(kinds[i].name) == length && !strncmp(kind, kinds[i].name, length) &&
		    json_object_is_type(value, kinds[i].type))
			return true;
	return false;
}

static bool is_one_of(struct json_object *value, const char *kinds)
{
	for (;;) {
		size_t length = strcspn(kinds, "|");

		if (is_kind(value, kinds, length))
			return true;
		if (!kinds[length])
			return false;
		kinds += length + 1;
	}
}

static bool check_value(struct json_object *value, const char *path, const char *wanted)
{
	bool good = *wanted == ':' ? is_one_of(value, wanted + 1)
				   : value && !strcmp(json_object_get_string(value), wanted + 1);

	if (!good)
		(void)fprintf(stderr, "%s is %s\n", path,
			      value ? json_object_to_json_string(value) : "null");
	return good;
}

static bool check(struct json_object *value, const char *path, const char *at)
{
	if (*at == ':' || *at == '=')
		return check_value(value, path, at);
	if (*at == '[') {
		size_t count = json_object_is_type(value, json_type_array)
				       ? json_object_array_length(value)
				       : 0;
		bool all = at[1] == '*';
		size_t index = all ? 0 : strtoul(at + 1, NULL, 10);
		const char *rest = strchr(at, ']') + 1;

		if (index >= count) {
			(void)fprintf(stderr, "%s: there are %zu elements\n", path, count);
			return false;
		}
		do {
			if (!check(json_object_array_get_idx(value, index), path, rest))
				return false;
		} while (all && ++index < count);
		return true;
	}
	if (*at == '.')
		at++;

	size_t length = strcspn(at, ".[:=");
	char *key = strndup(at, length);
	struct json_object *child = NULL;
	bool there = json_object_is_type(value, json_type_object) &&
		     json_object_object_get_ex(value, key, &child);

	free(key);
	if (!there) {
		(void)fprintf(stderr, "%s is not there\n", path);
		return false;
	}
	return check(child, path, at + length);
}

static char *read_all(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	int c;

	while ((c = getchar()) != EOF)
		(void)putc(c, stream);
	(void)fclose(stream);
	return text;
}

int main(int count, char **arguments)
{
	char *text = read_all();
	struct json_tokener *tokener = json_tokener_new();

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *object = json_tokener_parse_ex(tokener, text, (int)strlen(text) + 1);
	bool good = object && json_object_is_type(object, json_type_object);

	if (!good)
		(void)fprintf(stderr, "no JSON object: %s\n",
			      json_tokener_error_desc(json_tokener_get_error(tokener)));
	for (int i = 1; good && i < count; i++)
		good = check(object, arguments[i], arguments[i]);
	(void)json_object_put(object);
	json_tokener_free(tokener);
	free(text);
	return good ? 0 : 1;
}
