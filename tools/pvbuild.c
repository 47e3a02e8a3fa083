/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pvbuild: from a command line to a command, and from its outcome to an exit status. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "fault.h"
#include "help.h"
#include "json.h"
#include "signals.h"

static int check_operands(const struct command *command, const struct options *options,
			  struct pvb_error *error)
{
	if (options->operand_count > command->most) {
		int rc = fault(error, PVB_E_ARG_USAGE, "usage",
			       "%s does not know what to do with \"%s\"", command->name,
			       options->operands[command->most]);

		fault_hint(error, "usage: pvbuild %s %s", command->name, command->operands);
		return rc;
	}
	if (options->operand_count < command->least) {
		int rc = fault(error, PVB_E_ARG_USAGE, "usage", "%s needs %s", command->name,
			       command->operands);

		fault_hint(error, "\"pvbuild help %s\" explains it", command->name);
		return rc;
	}
	return 0;
}

/* --help and --version want no work done, whatever else there is. */
static bool wants_words(const struct options *options)
{
	return option_given(options, OPTION_HELP) || option_given(options, OPTION_VERSION);
}

static int print_words(const struct options *options, const struct command *command,
		       struct pvb_error *error)
{
	if (option_given(options, OPTION_JSON) && !json_available())
		return json_refuse(error);
	return option_given(options, OPTION_HELP) ? help_print(options, command, error)
						  : version_print(options, error);
}

static int run(int count, char **arguments, struct options *options, struct pvb_error *error)
{
	int rc = options_parse(options, OPTIONS_GLOBAL, true, count, arguments, error);

	if (rc)
		return rc;
	if (options->operand_count == 0) {
		if (wants_words(options))
			return print_words(options, NULL, error);
		rc = fault(error, PVB_E_ARG_USAGE, "usage", "no command was given");
		fault_hint(error, "\"pvbuild help\" lists the commands");
		return rc;
	}

	const struct command *command = command_find(options->operands[0], error);

	if (!command)
		return -error->code;
	rc = options_parse(options, OPTIONS_GLOBAL | command->options, false,
			   options->operand_count, options->operands, error);
	if (rc)
		return rc;
	if (wants_words(options))
		return print_words(options, command, error);
	rc = check_operands(command, options, error);
	if (rc)
		return rc;
	if (option_given(options, OPTION_JSON) && !json_available())
		return json_refuse(error);
	return command->run(options, error);
}

/* Whether JSON is wanted of errors, of those of the command line too. */
static bool wants_json(int count, char **arguments)
{
	for (int i = 1; i < count && strcmp(arguments[i], "--") != 0; i++)
		if (!strcmp(arguments[i], "--json"))
			return true;
	return false;
}

/*
 * A standard descriptor that the caller closed would be given to the next file that is opened,
 * and what is meant for a person would be written into that. In its place stands /dev/null,
 * opened so that reading standard input and writing standard output still fail.
 */
static bool fill_standard_descriptors(void)
{
	static const int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			return false;
	return true;
}

int main(int count, char **arguments)
{
	if (!fill_standard_descriptors())
		return EXIT_HOST;

	bool json = wants_json(count, arguments) && json_available();
	struct options options = {0};
	struct pvb_error error = {0};

	/* A file that would be too long is an error of write(), which has words. */
	(void)signal(SIGXFSZ, SIG_IGN);

	int rc = run(count, arguments, &options, &error);

	if (rc < 0) {
		fault_say(&error);
		if (json)
			json_print_error(&error);
		int status = (int)fault_status(&error);

		/* It has been said already where it is what ended the command. */
		bool said = output_failed(&error);

		if (output_flush(&error) && !said)
			fault_say(&error);
		/* Everything has been undone: now end as whoever sent the signal expects. */
		if (signals_caught()) {
			(void)signal(signals_caught(), SIG_DFL);
			(void)raise(signals_caught());
		}
		return status;
	}
	if (output_flush(&error)) {
		fault_say(&error);
		return (int)fault_status(&error);
	}
	return rc;
}
