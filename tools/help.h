/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What --help prints. Both return 0, so that a command can end with them. */
#ifndef PVB_TOOLS_HELP_H
#define PVB_TOOLS_HELP_H

#include <stdio.h>

#include "command.h"

int help_overview(FILE *out);
int help_command(FILE *out, const struct command *command);

#endif
