/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names that are tried where others have the ones before. */
#define ATTEMPTS 100u

bool pvb_newfile_fits(const char *path)
{
	struct stat there;

	return lstat(path, &there) != 0 || S_ISREG(there.st_mode);
}

char *pvb_newfile_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash ? strdup(".") : strndup(path, slash > path ? (size_t)(slash - path) : 1);
}

static int open_unnamed(const char *path, mode_t mode)
{
	char *folder = pvb_newfile_folder(path);
	int fd = folder ? open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, mode) : -1;

	free(folder);
	return fd;
}

/* How a file without a name is given one: proc(5) has it, and open(2) this use. */
static void describe(int fd, char text[32])
{
	(void)snprintf(text, 32, "/proc/self/fd/%d", fd);
}

int pvb_newfile_open_named(struct pvb_newfile *file, const char *path, mode_t mode)
{
	*file = (struct pvb_newfile){.fd = -1, .path = path};
	if (asprintf(&file->temporary, "%s.XXXXXX", path) < 0) {
		file->temporary = NULL;
		errno = ENOMEM;
		return -1;
	}
	file->fd = mkostemp(file->temporary, O_CLOEXEC);
	if (file->fd >= 0 && fchmod(file->fd, mode) == 0)
		return 0;

	int reason = errno;

	if (file->fd < 0) {
		/* There is no such file. */
		free(file->temporary);
		file->temporary = NULL;
	}
	pvb_newfile_discard(file);
	errno = reason;
	return -1;
}

int pvb_newfile_open(struct pvb_newfile *file, const char *path, mode_t mode)
{
	char name[32];

	*file = (struct pvb_newfile){.fd = open_unnamed(path, mode), .path = path};
	if (file->fd < 0)
		return pvb_newfile_open_named(file, path, mode);
	describe(file->fd, name);
	if (access(name, F_OK) == 0 && fchmod(file->fd, mode) == 0)
		return 0;
	pvb_newfile_discard(file);
	return pvb_newfile_open_named(file, path, mode);
}

/* A free name beside its place; between this and a rename() it is there twice if all goes wrong. */
static int link_beside(struct pvb_newfile *file, const char *name)
{
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		uint32_t number = 0;

		if (getrandom(&number, sizeof number, 0) < 0)
			return -1;
		if (asprintf(&file->temporary, "%s.%06x", file->path, number & 0xffffffu) < 0) {
			file->temporary = NULL;
			errno = ENOMEM;
			return -1;
		}
		if (linkat(AT_FDCWD, name, AT_FDCWD, file->temporary, AT_SYMLINK_FOLLOW) == 0)
			return 0;

		int reason = errno;

		free(file->temporary);
		file->temporary = NULL;
		errno = reason;
		if (reason != EEXIST)
			return -1;
	}
	return -1;
}

/* A link cannot replace a file, which a rename can. */
static int place(struct pvb_newfile *file)
{
	char name[32];

	describe(file->fd, name);
	if (!file->temporary) {
		if (linkat(AT_FDCWD, name, AT_FDCWD, file->path, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST || link_beside(file, name) != 0)
			return -1;
	}
	if (rename(file->temporary, file->path) != 0)
		return -1;
	free(file->temporary);
	file->temporary = NULL;
	return 0;
}

/* Some file systems tell of a failed write only when a descriptor is closed. */
static int flush(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? -1 : close(copy);
}

/* The name in it is on the disk. The file is in its place already, so that a failure is none. */
static void sync_folder(const char *path)
{
	char *folder = pvb_newfile_folder(path);
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	free(folder);
	if (fd < 0)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

int pvb_newfile_commit(struct pvb_newfile *file, bool durable)
{
	if ((durable && fsync(file->fd) != 0) || flush(file->fd) != 0 || place(file) != 0)
		return -1;
	if (durable)
		sync_folder(file->path);
	pvb_newfile_discard(file);
	return 0;
}

void pvb_newfile_discard(struct pvb_newfile *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
	if (file->temporary)
		(void)unlink(file->temporary);
	free(file->temporary);
	file->temporary = NULL;
}
