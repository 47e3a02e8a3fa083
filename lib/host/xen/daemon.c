/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/xen/daemon.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/cleanup.h"

/* "PID (NAME) STATE ..." of proc(5). A name can have parentheses itself. */
static bool parse(const char *text, const char *name, char *state)
{
	const char *from = strchr(text, '(');
	const char *to = strrchr(text, ')');

	if (!from || !to || to < from || to[1] != ' ' || !to[2])
		return false;
	*state = to[2];
	return strlen(name) == (size_t)(to - from - 1) && memcmp(from + 1, name, strlen(name)) == 0;
}

static enum xen_daemon look_at(int proc, const char *pid, const char *name)
{
	char path[32], text[128] = "", state;

	(void)snprintf(path, sizeof path, "%.16s/stat", pid);
	PVB_AUTO_CLOSE int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof text - 1) <= 0 || !parse(text, name, &state))
		return XEN_DAEMON_ABSENT;
	if (state == 'Z' || state == 'X')
		return XEN_DAEMON_ABSENT;
	return state == 'T' || state == 't' ? XEN_DAEMON_STOPPED : XEN_DAEMON_RUNS;
}

enum xen_daemon xen_daemon_look(const char *proc, const char *name)
{
	enum xen_daemon found = XEN_DAEMON_ABSENT;
	const struct dirent *entry;
	DIR *folder = opendir(proc);

	if (!folder)
		return XEN_DAEMON_RUNS;
	while (found != XEN_DAEMON_RUNS && (entry = readdir(folder))) {
		if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name))
			continue;

		enum xen_daemon one = look_at(dirfd(folder), entry->d_name, name);

		if (one > found)
			found = one;
	}
	(void)closedir(folder);
	return found;
}
