/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "terminal.h"

bool terminal_make_raw(struct terminal *terminal, int fd)
{
	struct termios raw;

	*terminal = (struct terminal){.fd = fd};
	if (tcgetattr(fd, &terminal->before) != 0)
		return false;
	raw = terminal->before;
	cfmakeraw(&raw);
	terminal->raw = tcsetattr(fd, TCSANOW, &raw) == 0;
	return terminal->raw;
}

void terminal_restore(struct terminal *terminal)
{
	if (terminal->raw)
		(void)tcsetattr(terminal->fd, TCSANOW, &terminal->before);
	terminal->raw = false;
}
