/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command is, and the table of them. */
#ifndef PVB_TOOLS_COMMAND_H
#define PVB_TOOLS_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>

#include "options.h"

/*
 *   name        as typed
 *   operands    what stands behind it, for the synopsis
 *   summary     one line
 *   details     paragraphs and examples for "help COMMAND"
 *   options     OPTION_BIT of those that it takes beside the global ones
 *   least/most  number of operands
 *   run         0, a negative code with *error filled, or a positive exit status.
 *               Writes its result to standard output only once it has it
 */
struct command {
	const char *name;
	const char *operands;
	const char *summary;
	const char *details;
	uint64_t options;
	int least;
	int most;
	int (*run)(const struct options *options, struct pvb_error *error);
};

extern const struct command command_inspect;
extern const struct command command_plan;
extern const struct command command_create;
extern const struct command command_list;
extern const struct command command_pause;
extern const struct command command_unpause;
extern const struct command command_destroy;
extern const struct command command_console;
extern const struct command command_wait;
extern const struct command command_dump;
extern const struct command command_audit;
extern const struct command command_p2m;
extern const struct command command_help;
extern const struct command command_version;

/* NULL past the end. */
const struct command *command_at(size_t index);

/* NULL, with *error filled, where there is none of that name. */
const struct command *command_find(const char *name, struct pvb_error *error);

#endif
