/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "render.h"

#include <stdarg.h>
#include <stdio.h>

#include "auto.h"
#include "fault.h"
#include "text.h"

void render_fact(const char *label, const char *format, ...)
{
	AUTO_FREE char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	(void)printf("%-16s ", label);
	put_text(stdout, text ? text : "(no memory)");
	(void)putchar('\n');
}
