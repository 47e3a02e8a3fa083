/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/xen/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cleanup.h"

/* "PID (NAME) STATE ..." of proc(5). A name can have parentheses itself. */
struct stat_line {
	char text[1024];
	const char *name;
	size_t name_length;
	const char *state; /* and what follows it */
};

static bool read_stat(int proc, const char *pid, struct stat_line *line)
{
	char path[32];

	(void)snprintf(path, sizeof path, "%.16s/stat", pid);
	PVB_AUTO_CLOSE int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, line->text, sizeof line->text - 1);
	if (got <= 0)
		return false;
	line->text[got] = '\0';

	const char *from = strchr(line->text, '(');
	const char *to = strrchr(line->text, ')');

	if (!from || !to || to < from || to[1] != ' ' || !to[2])
		return false;
	line->name = from + 1;
	line->name_length = (size_t)(to - from - 1);
	line->state = to + 2;
	return true;
}

static enum xen_process state_of(const struct stat_line *line)
{
	switch (line->state[0]) {
	case 'Z':
	case 'X':
		return XEN_PROCESS_ABSENT;
	case 'T':
	case 't':
		return XEN_PROCESS_STOPPED;
	default:
		return XEN_PROCESS_RUNS;
	}
}

enum xen_process xen_process_find(const char *proc, const char *name)
{
	enum xen_process found = XEN_PROCESS_ABSENT;
	const struct dirent *entry;
	DIR *folder = opendir(proc);

	if (!folder)
		return XEN_PROCESS_RUNS;
	while (found != XEN_PROCESS_RUNS && (entry = readdir(folder))) {
		struct stat_line line;

		if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name) ||
		    !read_stat(dirfd(folder), entry->d_name, &line) ||
		    line.name_length != strlen(name) ||
		    memcmp(line.name, name, line.name_length) != 0)
			continue;
		if (state_of(&line) > found)
			found = state_of(&line);
	}
	(void)closedir(folder);
	return found;
}

/* Field 22, where the state is field 3. */
static uint64_t started_of(const struct stat_line *line)
{
	const char *at = line->state;

	for (unsigned field = 3; field < 22; field++) {
		at = strchr(at, ' ');
		if (!at)
			return 0;
		at++;
	}
	return strtoull(at, NULL, 10);
}

enum xen_process xen_process_look(const char *proc, uint32_t pid, uint64_t *started)
{
	PVB_AUTO_CLOSE int folder = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat_line line;
	char number[16];

	*started = 0;
	(void)snprintf(number, sizeof number, "%" PRIu32, pid);
	if (folder < 0 || !read_stat(folder, number, &line) ||
	    state_of(&line) == XEN_PROCESS_ABSENT)
		return XEN_PROCESS_ABSENT;
	*started = started_of(&line);
	return state_of(&line);
}
