/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that is there whole, or not at all, and the tool's messages about it. */
#ifndef PVB_TOOLS_OUTFILE_H
#define PVB_TOOLS_OUTFILE_H

#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>

#include "../lib/core/newfile.h"

struct outfile {
	const char *stage; /* for messages */
	struct pvb_newfile new;
};

#define OUTFILE_INIT                                                                               \
	{                                                                                          \
		.new = PVB_NEWFILE_INIT                                                            \
	}

/* Refuses, before any work is done, to replace what is no regular file. */
int outfile_check(const char *path, const char *stage, struct pvb_error *error);

int outfile_open(struct outfile *file, const char *path, const char *stage,
		 struct pvb_error *error);
/* Refuses, before it is written, more than there is room for. */
int outfile_check_room(const struct outfile *file, uint64_t size, struct pvb_error *error);
/* Fails with PVB_E_ARG_CANCELLED once a signal has been caught. */
int outfile_write(const struct outfile *file, const void *bytes, uint64_t size, uint64_t offset,
		  struct pvb_error *error);
/* Move it to its place; what was there is replaced. */
int outfile_commit(struct outfile *file, struct pvb_error *error);
/* Nothing is left of one that was not committed. */
void outfile_close(struct outfile *file);

#endif
