/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "fuzz/scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/check.h"

static char folder[64];

void scratch_make(void)
{
	static const char *const places[] = {"/dev/shm", "/tmp"};

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		(void)snprintf(folder, sizeof folder, "%s/pvb-fuzz.XXXXXX", places[i]);
		if (mkdtemp(folder))
			return;
	}
	fuzz_broken("there is a place for a folder", __FILE__, __LINE__, NULL);
}

const char *scratch_path(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

/* Names of what is in it, one a call; NULL in the end. */
static const char *next_name(DIR *directory)
{
	struct dirent *entry;

	do
		entry = readdir(directory);
	while (entry && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")));
	return entry ? entry->d_name : NULL;
}

void scratch_must_be_empty(void)
{
	DIR *directory = opendir(folder);

	must(directory);
	must(!next_name(directory));
	(void)closedir(directory);
}

void scratch_remove(void)
{
	DIR *directory = opendir(folder);
	const char *name;

	while (directory && (name = next_name(directory)))
		(void)unlink(scratch_path(name));
	if (directory)
		(void)closedir(directory);
	must(rmdir(folder) == 0);
}

const char *memory_file_path(int fd)
{
	static char path[64];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return path;
}

int memory_file(const void *bytes, size_t count, uint64_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0);
	must(!count || pwrite(fd, bytes, count, 0) == (ssize_t)count);
	must(size <= count || ftruncate(fd, (off_t)size) == 0);
	return fd;
}
