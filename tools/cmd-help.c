/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"

#include <stdio.h>

#include "json.h"

static void print_overview(FILE *out)
{
	const struct command *command;

	(void)fputs("usage: pvbuild [--host xen|sim[:KEY=VALUE,...]] [--json] [-v] COMMAND ...\n"
		    "\n"
		    "Build Xen PV domains from userspace, on a simulated host where there is no "
		    "Xen.\n"
		    "\n"
		    "Commands:\n",
		    out);
	for (size_t i = 0; (command = command_at(i)); i++)
		(void)fprintf(out, "  %-9s %s\n", command->name, command->summary);
	(void)fputs("\nOptions of all commands:\n", out);
	options_describe(out, OPTIONS_GLOBAL);
	(void)fputs("\n"
		    "\"pvbuild help COMMAND\" explains a command; pvbuild(1) explains everything.\n"
		    "Exit status: 0 done, 1 the image or the configuration is refused, 2 usage,\n"
		    "3 the host failed or lacks something, 4 the audit found faults or a p2m is "
		    "wrong,\n"
		    "70 a bug.\n",
		    out);
}

static void print_command(FILE *out, const struct command *command)
{
	(void)fprintf(out, "usage: pvbuild %s%s%s\n\n%s\n", command->name,
		      *command->operands ? " " : "", command->operands, command->details);
	if (command->options) {
		(void)fputs("\nOptions:\n", out);
		options_describe(out, command->options);
	}
	(void)fputs("\nOptions of all commands:\n", out);
	options_describe(out, OPTIONS_GLOBAL);
}

int help_print(const struct options *options, const struct command *command,
	       struct pvb_error *error)
{
	if (option_given(options, OPTION_JSON))
		return json_print_help(command, error);
	if (command)
		print_command(stdout, command);
	else
		print_overview(stdout);
	return 0;
}

static int run(const struct options *options, struct pvb_error *error)
{
	const struct command *command = NULL;

	if (options->operand_count) {
		command = command_find(options->operands[0], error);
		if (!command)
			return -error->code;
	}
	return help_print(options, command, error);
}

const struct command command_help = {
	.name = "help",
	.operands = "[COMMAND]",
	.summary = "explain a command",
	.details = "Lists the commands, or explains one.",
	.most = 1,
	.run = run,
};
