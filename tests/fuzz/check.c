/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_broken(const char *what, const char *file, int line, const struct pvb_error *error)
{
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	if (error)
		(void)fprintf(stderr, "%s [%s, %s] %s\n", error->message,
			      pvb_code_name(error->code), error->stage, error->context);
	abort();
}

#define must_be_terminated(field, error)                                                           \
	must_after(strnlen((error)->field, sizeof(error)->field) < sizeof(error)->field, (error))

void must_be_sound(int rc, const struct pvb_error *error)
{
	if (rc == 0)
		return;
	must_after(error->code == -rc, error);
	must_after(strcmp(pvb_code_name(-rc), "unknown") != 0, error);
	must_after(pvb_code_fault(-rc) != PVB_FAULT_BUG, error);
	must_be_terminated(stage, error);
	must_be_terminated(message, error);
	must_be_terminated(context, error);
	must_be_terminated(hint, error);
	must_after(error->stage[0] && error->message[0], error);
}
