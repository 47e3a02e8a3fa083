/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auto.h"
#include "fault.h"
#include "logfile.h"
#include "signals.h"

#define STAGE "keeper"
/* Where xl has its logs of domains. */
#define LOG_FOLDER "/var/log/xen"

/* The connection's descriptor in the background process. */
#define CONNECTION 3

#define DISMISSED 'd'

static void close_from(int first)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (!folder)
		return;
	while ((entry = readdir(folder))) {
		int fd = (int)strtol(entry->d_name, NULL, 10);

		if (fd >= first && fd != dirfd(folder))
			(void)close(fd);
	}
	(void)closedir(folder);
}

/* NULL where there is no memory for it. The caller frees it. */
static char *log_path(const char *name)
{
	char *path;

	return asprintf(&path, LOG_FOLDER "/pvbuild-%s.log", name) < 0 ? NULL : path;
}

static int open_log(const char *name)
{
	AUTO_FREE char *path = log_path(name);

	return path ? logfile_open(path, LOGFILE_MOST) : -1;
}

void keeper_renew_log(const char *name)
{
	static const int fds[] = {STDERR_FILENO, STDOUT_FILENO};
	AUTO_FREE char *path = log_path(name);

	if (path)
		logfile_renew(path, LOGFILE_MOST, fds, 2);
}

/* Out of the way of the descriptors that are about to be given their places. */
static int move_up(int fd)
{
	int moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, CONNECTION + 1);

	return moved < 0 ? fd : moved;
}

/* Hold nothing of the parent's: neither its terminal, nor pipes that somebody reads to their end.
 */
static bool settle(int fd, const char *name)
{
	int connection = move_up(fd);
	int null = move_up(open("/dev/null", O_RDWR | O_CLOEXEC));
	int log = move_up(open_log(name));

	(void)setsid();
	signals_forget();
	if (log < 0)
		log = null;
	if (dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
	    dup2(log, STDERR_FILENO) < 0 || dup2(connection, CONNECTION) < 0)
		return false;
	close_from(CONNECTION + 1);
	return fcntl(CONNECTION, F_SETFD, FD_CLOEXEC) == 0;
}

static int live(int fd, const char *name, keeper_work work, void *opaque)
{
	struct ward ward;

	if (!settle(fd, name))
		return EXIT_REFUSED;
	/* The parent has given up before there was a domain. */
	if (recv(CONNECTION, &ward, sizeof ward, 0) != (ssize_t)sizeof ward)
		return EXIT_DONE;
	return work(opaque, &ward, CONNECTION);
}

int keeper_start(struct keeper *keeper, const char *name, keeper_work work, void *opaque,
		 struct pvb_error *error)
{
	int ends[2];

	*keeper = (struct keeper){.fd = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return fault(error, PVB_E_ARG_NO_MEMORY, STAGE,
			     "cannot connect with a background process: %s", strerror(errno));
	/* What is buffered must be written once. */
	(void)fflush(NULL);
	keeper->pid = fork();
	if (keeper->pid == 0) {
		(void)close(ends[0]);
		int status = live(ends[1], name, work, opaque);

		(void)fflush(NULL);
		_exit(status);
	}
	(void)close(ends[1]);
	if (keeper->pid < 0) {
		(void)close(ends[0]);
		return fault(error, PVB_E_ARG_NO_MEMORY, STAGE,
			     "cannot start a background process: %s", strerror(errno));
	}
	keeper->fd = ends[0];
	return 0;
}

int keeper_appoint(struct keeper *keeper, const struct ward *ward, struct pvb_error *error)
{
	struct pvb_error answer;

	if (send(keeper->fd, ward, sizeof *ward, MSG_NOSIGNAL) == (ssize_t)sizeof *ward &&
	    recv(keeper->fd, &answer, sizeof answer, 0) == (ssize_t)sizeof answer) {
		if (answer.code)
			*error = answer;
		return -answer.code;
	}
	int rc = fault(error, PVB_E_HOST_STATE, STAGE,
		       "the background process that was to wait for the end of domain %u is gone",
		       ward->domid);

	fault_hint(error, "its last words may be in " LOG_FOLDER "/pvbuild-%s.log", ward->name);
	return rc;
}

void keeper_leave(struct keeper *keeper)
{
	if (keeper->fd >= 0)
		(void)close(keeper->fd);
	keeper->fd = -1;
}

void keeper_dismiss(struct keeper *keeper)
{
	static const char word = DISMISSED;

	if (keeper->fd < 0)
		return;
	(void)send(keeper->fd, &word, sizeof word, MSG_NOSIGNAL);
	keeper_leave(keeper);
	while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void keeper_answer(int fd, const struct pvb_error *error)
{
	struct pvb_error answer = {0};

	if (error)
		answer = *error;
	(void)send(fd, &answer, sizeof answer, MSG_NOSIGNAL);
}

bool keeper_inherits(int fd)
{
	char word = 0;
	ssize_t got;

	do
		got = recv(fd, &word, sizeof word, 0);
	while (got < 0 && errno == EINTR);
	(void)close(fd);
	return !(got == 1 && word == DISMISSED);
}
