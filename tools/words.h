/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library calls "pvb_spec.memory", in the words of who uses the tool. */
#ifndef PVB_TOOLS_WORDS_H
#define PVB_TOOLS_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* What the guest is comes out of a configuration file: its keys are named where there are any. */
void words_from_file(bool from_file);

/*
 * A message, context or hint of the library's, with the tool's words in place of the library's.
 * Returns text, which is cut to size.
 */
const char *words_of(const char *message, char *text, size_t size);

#endif
