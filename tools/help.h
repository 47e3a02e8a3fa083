/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What --help and --version print, before or behind a command. */
#ifndef PVB_TOOLS_HELP_H
#define PVB_TOOLS_HELP_H

#include <pvbuild/error.h>

#include "command.h"

/* command NULL: of all commands. With --json, an object. */
int help_print(const struct options *options, const struct command *command,
	       struct pvb_error *error);

/* NULL where this build has no Xen. */
const char *version_of_xen(void);
int version_print(const struct options *options, struct pvb_error *error);

#endif
