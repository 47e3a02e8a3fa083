/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* {"type": "pvbuild.help"} */
#include <string.h>

#include "auto.h"
#include "json-build.h"

/* The text for people, as one line. */
static void add_line(struct json_object *object, const char *key, const char *text)
{
	AUTO_FREE char *line = strdup(text);

	for (char *at = line; at && *at; at++)
		if (*at == '|')
			*at = ' ';
	json_add_text(object, key, line);
}

static struct json_object *options_array(uint64_t set)
{
	struct json_object *array = json_array();

	for (unsigned id = 0; id < OPTION_COUNT; id++) {
		const struct option_text *text = option_text((enum option_id)id);
		char letter[2] = {text->letter, '\0'};

		if (!(set & OPTION_BIT(id)))
			continue;

		struct json_object *object = json_map();

		json_add_text(object, "name", text->name);
		json_add_text(object, "letter", text->letter ? letter : NULL);
		json_add_text(object, "argument", text->argument);
		add_line(object, "help", text->help);
		json_append(array, object);
	}
	return array;
}

static struct json_object *command_object(const struct command *command)
{
	struct json_object *object = json_map();

	json_add_text(object, "name", command->name);
	json_add_text(object, "operands", command->operands);
	json_add_text(object, "summary", command->summary);
	json_add_text(object, "details", command->details);
	(void)json_add(object, "options", options_array(command->options));
	return object;
}

struct json_object *json_help(const struct command *command)
{
	struct json_object *object = json_typed("pvbuild.help");
	struct json_object *array = json_add(object, "commands", json_array());
	const struct command *other;

	if (command)
		json_append(array, command_object(command));
	for (size_t i = 0; !command && (other = command_at(i)); i++)
		json_append(array, command_object(other));
	(void)json_add(object, "options", options_array(OPTIONS_GLOBAL));
	return object;
}
