/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"

#include <stdio.h>
#include <string.h>

#include "cfg.h"
#include "fault.h"
#include "help.h"
#include "json-build.h"
#include "picture.h"
#include "words.h"

bool json_available(void)
{
	return true;
}

int json_refuse(struct pvb_error *error)
{
	return fault(error, PVB_E_BUG, "json", "JSON was refused where it is available");
}

static void begin_line(unsigned depth)
{
	(void)printf("\n%*s", 2 * (int)depth, "");
}

/* A value, its further lines indented. No string has line ends: they are escaped. */
static int print_value(struct json_object *value, unsigned depth, struct pvb_error *error)
{
	size_t length = 0;
	const char *text = json_object_to_json_string_length(
		value,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE,
		&length);

	if (!text)
		return fault_memory(error, "JSON");
	while (length) {
		const char *end = memchr(text, '\n', length);
		size_t part = end ? (size_t)(end - text) : length;

		(void)fwrite(text, 1, part, stdout);
		if (end)
			begin_line(depth);
		text += end ? part + 1 : part;
		length -= end ? part + 1 : part;
	}
	return 0;
}

/* One element after the other, so that a list of millions does not have to be there at once. */
static int print_list(const struct json_list *list, unsigned depth, struct pvb_error *error)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < list->count; i++) {
		struct json_object *element = list->element(list->owner, i);

		(void)putchar(i ? ',' : '[');
		begin_line(depth + 1);
		rc = print_value(element, depth + 1, error);
		(void)json_object_put(element);
	}
	begin_line(depth);
	(void)putchar(']');
	return rc;
}

/* Objects do not lie deep in each other: there is a contract of what they are. */
static int print_map(struct json_object *object, unsigned depth, struct pvb_error *error)
{
	char before = '{';
	int rc = 0;

	json_object_object_foreach(object, key, value)
	{
		const struct json_list *list = json_object_is_type(value, json_type_array)
						       ? json_object_get_userdata(value)
						       : NULL;

		(void)putchar(before);
		begin_line(depth + 1);
		(void)printf("\"%s\": ", key);
		if (list)
			rc = print_list(list, depth + 1, error);
		else if (json_object_is_type(value, json_type_object))
			rc = print_map(value, depth + 1, error);
		else
			rc = print_value(value, depth + 1, error);
		if (rc)
			return rc;
		before = ',';
	}
	if (before == '{')
		(void)putchar(before);
	begin_line(depth);
	(void)putchar('}');
	return 0;
}

/* Print and release. Whether it arrived is seen when standard output is flushed. */
static int print(struct json_object *object, struct pvb_error *error)
{
	int rc = print_map(object, 0, error);

	(void)putchar('\n');
	(void)json_object_put(object);
	return rc;
}

static struct json_object *error_object(const struct pvb_error *problem)
{
	struct json_object *object = json_typed("pvbuild.error");
	char message[1024], context[1024], hint[1024];

	json_add_text(object, "code", pvb_code_name(problem->code));
	json_add_number(object, "number", (uint64_t)problem->code);
	json_add_text(object, "stage", problem->stage);
	json_add_text(object, "message", words_of(problem->message, message, sizeof message));
	json_add_text(object, "context",
		      *problem->context ? words_of(problem->context, context, sizeof context)
					: NULL);
	json_add_text(object, "hint",
		      *problem->hint ? words_of(problem->hint, hint, sizeof hint) : NULL);
	return object;
}

void json_print_error(const struct pvb_error *problem)
{
	struct pvb_error unused;

	(void)print(error_object(problem), &unused);
}

int json_print_version(struct pvb_error *error)
{
	struct json_object *object = json_typed("pvbuild.version");

	json_add_text(object, "library", pvb_version());

	struct json_object *codecs = json_add(object, "codecs", json_map());

	for (unsigned codec = PVB_CODEC_GZIP; codec <= PVB_CODEC_ZSTD; codec++)
		json_add_bool(codecs, pvb_codec_name((enum pvb_codec)codec),
			      pvb_codec_available((enum pvb_codec)codec));
	json_add_text(object, "xen", version_of_xen());
	json_add_bool(object, "config", cfg_available());
	json_add_bool(object, "pictures", picture_available());
	return print(object, error);
}

int json_print_help(const struct command *command, struct pvb_error *error)
{
	return print(json_help(command), error);
}

int json_print_list(const struct pvb_domain_state *domains,
		    const struct pvb_domain_monitor *monitors, size_t count,
		    struct pvb_error *error)
{
	return print(json_list(domains, monitors, count), error);
}

int json_print_action(const char *action, const struct pvb_domain_state *domain,
		      struct pvb_error *error)
{
	struct json_object *object = json_typed("pvbuild.action");

	json_add_text(object, "action", action);
	json_add_number(object, "domid", domain->domid);
	json_add_text(object, "name", domain->name);
	return print(object, error);
}

int json_print_dump(const struct pvb_domain_state *domain, const char *path, uint64_t bytes,
		    const struct pvb_dump_result *result, struct pvb_error *error)
{
	struct json_object *object = json_typed("pvbuild.dump");

	json_add_number(object, "domid", domain->domid);
	json_add_text(object, "name", domain->name);
	json_add_text(object, "file", path);
	json_add_number(object, "bytes", bytes);
	json_add_number(object, "domain_pages", result->domain_pages);
	json_add_number(object, "pages", result->pages);
	json_add_number(object, "by_p2m", result->by_p2m);
	json_add_number(object, "by_m2p", result->by_m2p);
	json_add_number(object, "missing", result->missing);
	json_add_number(object, "foreign", result->foreign);
	if (result->p2m.code)
		(void)json_add(object, "p2m_error", error_object(&result->p2m));
	else
		json_add_null(object, "p2m_error");
	return print(object, error);
}

int json_print_end(struct pvb_host *host, const struct ward *ward, const struct ward_end *end,
		   struct pvb_error *error)
{
	struct json_object *object = json_typed("pvbuild.end");

	json_add_number(object, "domid", ward->domid);
	json_add_text(object, "name", ward->name);
	json_add_text(object, "reason", ward_end_name(end).text);
	json_add_number(object, "status", (uint64_t)ward_end_status(end));
	if (ward_crashed(end))
		json_add(object, "vcpus", json_registers(host, ward->domid));
	else
		json_add_null(object, "vcpus");
	return print(object, error);
}

int json_print_image(const struct pvb_image_info *image, const struct pvb_plan_info *least,
		     struct pvb_error *error)
{
	return print(json_image(image, least), error);
}

int json_print_plan(const struct pvb_plan_info *plan, struct pvb_error *error)
{
	return print(json_plan(plan), error);
}

int json_print_domain(const struct creation *creation, struct pvb_error *error)
{
	return print(json_domain(creation), error);
}

int json_print_audit(const struct pvb_audit_report *report, struct pvb_error *error)
{
	return print(json_audit(report), error);
}

int json_print_p2m(const struct p2m_view *view, struct pvb_error *error)
{
	return print(json_p2m(view), error);
}

int json_print_p2m_entry(const struct p2m_view *view, struct pvb_error *error)
{
	return print(json_p2m_entry(view), error);
}
