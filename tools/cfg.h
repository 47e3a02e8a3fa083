/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl.cfg files. */
#ifndef PVB_TOOLS_CFG_H
#define PVB_TOOLS_CFG_H

#include <stdbool.h>
#include <stddef.h>

#include <pvbuild/error.h>

#include "guest.h"

/* Whether this build can read them. */
bool cfg_available(void);

/*
 * What is read.
 *
 *   path         of the file; "-" for standard input; NULL for none
 *   words        KEY=VALUE, read as lines behind the file, so that they go before it
 *   layout_only  keys that say nothing of a layout are named and left aside, where a
 *                build refuses what it cannot give
 */
struct cfg_source {
	const char *path;
	char *const *words;
	size_t word_count;
	bool layout_only;
};

/* Read it into guest, which is empty before. Says warnings on standard error. */
int cfg_read(struct guest *guest, const struct cfg_source *source, struct pvb_error *error);

#endif
