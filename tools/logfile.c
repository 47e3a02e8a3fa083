/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "logfile.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auto.h"

static int open_at(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0640);
}

static bool is_full(int fd, size_t most)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (size_t)status.st_size >= most;
}

/* Somebody else who turns logs over has done so, or removed it. */
static bool is_at(int fd, const char *path)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 && lstat(path, &there) == 0 && ours.st_dev == there.st_dev &&
	       ours.st_ino == there.st_ino;
}

static void put_aside(const char *path)
{
	AUTO_FREE char *aside = NULL;

	if (asprintf(&aside, "%s.1", path) < 0)
		aside = NULL;
	else
		(void)rename(path, aside);
}

int logfile_open(const char *path, size_t most)
{
	int fd = open_at(path);

	if (fd < 0 || !is_full(fd, most))
		return fd;
	put_aside(path);
	(void)close(fd);
	return open_at(path);
}

void logfile_renew(const char *path, size_t most, const int *fds, size_t count)
{
	if (!is_full(fds[0], most))
		return;
	if (is_at(fds[0], path))
		put_aside(path);

	int fd = open_at(path);

	for (size_t i = 0; i < count && fd >= 0; i++)
		(void)dup2(fd, fds[i]);
	if (fd >= 0)
		(void)close(fd);
}
