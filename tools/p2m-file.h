/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tree that was written into a file by --convert, as a p2m to be read. */
#ifndef PVB_TOOLS_P2M_FILE_H
#define PVB_TOOLS_P2M_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/p2m.h>

struct p2m_file {
	const char *path;
	int fd;
	uint64_t pages;
	struct pvb_p2m_anchors anchors;
	struct pvb_p2m_access access;
};

#define P2M_FILE_INIT                                                                              \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* *there is false, and nothing was done, where path is no such file. */
int p2m_file_open(struct p2m_file *file, const char *path, bool *there, struct pvb_error *error);
void p2m_file_close(struct p2m_file *file);

#endif
