/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text from outside: names, paths, what a guest or a file says. */
#ifndef PVB_TOOLS_TEXT_H
#define PVB_TOOLS_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* The length of the UTF-8 sequence at text (RFC 3629), or 0 where there is none. */
size_t text_utf8_length(const char *text);

/* For a terminal: control characters, and bytes that are no UTF-8, are shown as \xNN. */
void put_text(FILE *out, const char *text);

#endif
