/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file that appears in its place whole, or not at all. It has no name until then, where the
 * file system has such files (O_TMPFILE): a process that is killed leaves nothing behind.
 * Elsewhere it has one beside its place.
 *
 * It needs nothing but the system, as the tool is built with it, too. What fails returns -1,
 * with errno.
 */
#ifndef PVB_CORE_NEWFILE_H
#define PVB_CORE_NEWFILE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 *   fd          to write to; -1 where there is none
 *   path        where it is to be; borrowed
 *   temporary   its name until then, or NULL
 */
struct pvb_newfile {
	int fd;
	const char *path;
	char *temporary;
};

#define PVB_NEWFILE_INIT                                                                           \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* Whether a file can be put at path: nothing is there, or a regular file, which it replaces. */
bool pvb_newfile_fits(const char *path);

/* The folder of a path, to be freed; NULL without memory. */
char *pvb_newfile_folder(const char *path);

int pvb_newfile_open(struct pvb_newfile *file, const char *path, mode_t mode);

/* The same with a name, as on a file system without O_TMPFILE. */
int pvb_newfile_open_named(struct pvb_newfile *file, const char *path, mode_t mode);

/*
 * Put it in its place; what was there is replaced at once. durable: first wait until the disk
 * has it.
 */
int pvb_newfile_commit(struct pvb_newfile *file, bool durable);

/* Nothing is left of one that was not committed. */
void pvb_newfile_discard(struct pvb_newfile *file);

#endif
