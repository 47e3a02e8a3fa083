/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A terminal that hands on every key as it is, and is as before afterwards. */
#ifndef PVB_TOOLS_TERMINAL_H
#define PVB_TOOLS_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

struct terminal {
	int fd;
	bool raw;
	struct termios before;
};

#define TERMINAL_INIT                                                                              \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* False, and nothing done, where fd is no terminal. */
bool terminal_make_raw(struct terminal *terminal, int fd);

/* Fine where it is not raw. */
void terminal_restore(struct terminal *terminal);

#endif
