/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "words.h"

int fault(struct pvb_error *error, enum pvb_code code, const char *stage, const char *format, ...)
{
	va_list arguments;

	error->code = (int)code;
	error->context[0] = '\0';
	error->hint[0] = '\0';
	(void)snprintf(error->stage, sizeof error->stage, "%s", stage);
	va_start(arguments, format);
	(void)vsnprintf(error->message, sizeof error->message, format, arguments);
	va_end(arguments);
	return -(int)code;
}

void fault_hint(struct pvb_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(error->hint, sizeof error->hint, format, arguments);
	va_end(arguments);
}

int fault_memory(struct pvb_error *error, const char *what)
{
	return fault(error, PVB_E_ARG_NO_MEMORY, "tool", "no memory left in this process for %s",
		     what);
}

enum exit_status fault_status(const struct pvb_error *error)
{
	switch (pvb_code_fault(error->code)) {
	case PVB_FAULT_ARGUMENT:
		return error->code == PVB_E_ARG_USAGE ? EXIT_USAGE : EXIT_REFUSED;
	case PVB_FAULT_IMAGE:
		return EXIT_REFUSED;
	case PVB_FAULT_HOST:
		/* The words after --host are the command line's. */
		return error->code == PVB_E_HOST_OPTION ? EXIT_USAGE : EXIT_HOST;
	case PVB_FAULT_BUG:
	case PVB_FAULT_NONE:
		break;
	}
	return EXIT_BUG;
}

static void put_labelled(const char *label, const char *text)
{
	char ours[1024];

	if (!*text)
		return;
	(void)fputs(label, stderr);
	put_text(stderr, words_of(text, ours, sizeof ours));
	(void)putc('\n', stderr);
}

void fault_say(const struct pvb_error *error)
{
	put_labelled("pvbuild: ", error->message);
	put_labelled("  while: ", error->context);
	put_labelled("  hint:  ", error->hint);
	(void)fprintf(stderr, "  [%s, %s]\n", pvb_code_name(error->code), error->stage);
}

#define OUTPUT_STAGE "output"

bool output_failed(const struct pvb_error *error)
{
	return error->code == PVB_E_ARG_FILE && !strcmp(error->stage, OUTPUT_STAGE);
}

int output_flush(struct pvb_error *error)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (fflush(stdout) == 0 && !failed)
		return 0;
	return fault(error, PVB_E_ARG_FILE, OUTPUT_STAGE, "cannot write to standard output: %s",
		     errno ? strerror(errno) : "an earlier write failed");
}

static void say(const char *kind, const char *format, va_list arguments) PRINTF_LIKE(2, 0);
static void say(const char *kind, const char *format, va_list arguments)
{
	char line[1024];

	(void)vsnprintf(line, sizeof line, format, arguments);
	put_labelled(kind, line);
}

void warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("pvbuild: warning: ", format, arguments);
	va_end(arguments);
}

void note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("pvbuild: note: ", format, arguments);
	va_end(arguments);
}
