/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/error.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <pvbuild/pvbuild.h>

struct code_entry {
	int code;
	const char *name;
	const char *meaning;
};

static const struct code_entry codes[] = {
#define ENTRY(id, number, name, meaning) {PVB_E_##id, name, meaning},
	PVB_ERRORS(ENTRY)
#undef ENTRY
};

static const struct code_entry *find_code(int code)
{
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (codes[i].code == code)
			return &codes[i];
	return NULL;
}

const char *pvb_code_name(int code)
{
	const struct code_entry *entry = find_code(code);

	return entry ? entry->name : "unknown";
}

const char *pvb_code_meaning(int code)
{
	const struct code_entry *entry = find_code(code);

	return entry ? entry->meaning : "an unknown error code";
}

enum pvb_fault pvb_code_fault(int code)
{
	if (!find_code(code))
		return PVB_FAULT_NONE;
	return (enum pvb_fault)(code / 100);
}

size_t pvb_code_count(void)
{
	return sizeof codes / sizeof codes[0];
}

int pvb_code_at(size_t index)
{
	return index < pvb_code_count() ? codes[index].code : PVB_OK;
}

const char *pvb_version(void)
{
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
	return TEXT(PVB_VERSION_MAJOR) "." TEXT(PVB_VERSION_MINOR) "." TEXT(PVB_VERSION_PATCH);
}

int pvb_vfail(struct pvb_error *error, enum pvb_code code, const char *stage, const char *format,
	      va_list arguments)
{
	if (error) {
		error->code = (int)code;
		error->context[0] = '\0';
		error->hint[0] = '\0';
		(void)snprintf(error->stage, sizeof error->stage, "%s", stage);
		(void)vsnprintf(error->message, sizeof error->message, format, arguments);
	}
	return -(int)code;
}

int pvb_fail(struct pvb_error *error, enum pvb_code code, const char *stage, const char *format,
	     ...)
{
	va_list arguments;

	va_start(arguments, format);
	int rc = pvb_vfail(error, code, stage, format, arguments);
	va_end(arguments);
	return rc;
}

void pvb_hint(struct pvb_error *error, const char *format, ...)
{
	if (!error)
		return;
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(error->hint, sizeof error->hint, format, arguments);
	va_end(arguments);
}

void pvb_context(struct pvb_error *error, const char *format, ...)
{
	if (!error)
		return;
	size_t used = strlen(error->context);

	if (used && used + 3 < sizeof error->context) {
		memcpy(error->context + used, "; ", 3);
		used += 2;
	}
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(error->context + used, sizeof error->context - used, format, arguments);
	va_end(arguments);
}

int pvb_fail_memory(struct pvb_error *error, const char *stage, const char *what)
{
	return pvb_fail(error, PVB_E_ARG_NO_MEMORY, stage, "no memory left in this process for %s",
			what);
}

int pvb_check_path(const char *path, const char *stage, const char *what, struct pvb_error *error)
{
	if (!path)
		return pvb_fail(error, PVB_E_ARG_INVALID, stage, "the path of %s is NULL", what);
	if (!*path)
		return pvb_fail(error, PVB_E_ARG_FILE, stage, "the path of %s is empty", what);
	return 0;
}

int pvb_options(void *out, size_t out_size, const void *options, const char *stage,
		struct pvb_error *error)
{
	memset(out, 0, out_size);
	if (!options)
		return 0;

	size_t size;
	memcpy(&size, options, sizeof size);
	if (size < sizeof size)
		return pvb_fail(error, PVB_E_ARG_INVALID, stage,
				"an options structure says that it has %zu bytes", size);

	const uint8_t *bytes = (const uint8_t *)options;
	for (size_t i = out_size; i < size; i++)
		if (bytes[i])
			return pvb_fail(error, PVB_E_ARG_VERSION, stage,
					"an options structure of %zu bytes sets byte %zu, but this "
					"library knows only %zu bytes of it",
					size, i, out_size);
	memcpy(out, options, size < out_size ? size : out_size);
	return 0;
}

int pvb_result(void *result, const void *own, size_t own_size, const char *stage,
	       struct pvb_error *error)
{
	size_t size;

	memcpy(&size, result, sizeof size);
	if (size < sizeof size)
		return pvb_fail(error, PVB_E_ARG_INVALID, stage,
				"the structure to be filled says that it has %zu bytes", size);

	size_t known = size < own_size ? size : own_size;
	uint8_t *bytes = (uint8_t *)result;

	memcpy(bytes + sizeof size, (const uint8_t *)own + sizeof size, known - sizeof size);
	memset(bytes + known, 0, size - known);
	return 0;
}
