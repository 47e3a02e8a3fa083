/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <string.h>

#include "fault.h"

static const struct command *const commands[] = {
	&command_inspect, &command_plan,    &command_create,  &command_list,    &command_pause,
	&command_unpause, &command_destroy, &command_console, &command_wait,    &command_dump,
	&command_audit,   &command_p2m,     &command_help,    &command_version,
};

const struct command *command_at(size_t index)
{
	return index < sizeof commands / sizeof commands[0] ? commands[index] : NULL;
}

const struct command *command_find(const char *name, struct pvb_error *error)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++)
		if (!strcmp(command->name, name))
			return command;
	(void)fault(error, PVB_E_ARG_USAGE, "usage", "there is no command \"%s\"", name);
	fault_hint(error, "\"pvbuild help\" lists the commands");
	return NULL;
}
