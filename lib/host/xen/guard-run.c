/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guard's side: wait for what the builder says, and for its end. */
#include "host/xen/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What is known of the domain that is guarded. */
struct charge {
	bool expected;
	bool created;
	uint32_t domid;
	uint8_t birth[XEN_HANDLE_SIZE];
	uint8_t uuid[XEN_HANDLE_SIZE];
};

enum heard { HEARD_WORD, HEARD_NOTHING, HEARD_END };

static bool say(int channel, const struct xen_guard_message *message)
{
	return send(channel, message, sizeof *message, MSG_NOSIGNAL) == (ssize_t)sizeof *message;
}

static enum heard hear(int channel, struct xen_guard_message *message)
{
	ssize_t got;

	do
		got = recv(channel, message, sizeof *message, MSG_DONTWAIT | MSG_TRUNC);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return HEARD_NOTHING;
	return got == (ssize_t)sizeof *message ? HEARD_WORD : HEARD_END;
}

/* Returns once there is something to hear, or the builder is gone: false then. */
static bool wait_for_builder(int channel, int builder)
{
	struct pollfd ready[] = {
		{.fd = channel, .events = POLLIN},
		{.fd = builder, .events = POLLIN}, /* one that is -1 is passed over */
	};

	while (poll(ready, sizeof ready / sizeof ready[0], -1) < 0)
		if (errno != EINTR && errno != EAGAIN && errno != ENOMEM)
			return false;
	return ready[1].revents == 0;
}

/*
 * The builder speaks until it says that its domain is to be kept or forgotten (false), or until
 * it is gone without that (true). What it said before it went is heard to the end: a copy of its
 * end of the channel may live on in a process that it forked, so that the pidfd is what tells.
 */
static bool listen_to_builder(int channel, int builder, struct charge *charge)
{
	struct xen_guard_message message;
	bool lives = true;

	for (;;) {
		switch (hear(channel, &message)) {
		case HEARD_END:
			return true;
		case HEARD_NOTHING:
			if (!lives)
				return true;
			lives = wait_for_builder(channel, builder);
			continue;
		case HEARD_WORD:
			break;
		}
		switch (message.word) {
		case XEN_GUARD_EXPECT:
			charge->expected = true;
			memcpy(charge->birth, message.birth, XEN_HANDLE_SIZE);
			memcpy(charge->uuid, message.uuid, XEN_HANDLE_SIZE);
			break;
		case XEN_GUARD_CREATED:
			charge->created = true;
			charge->domid = message.domid;
			break;
		case XEN_GUARD_KEEP:
			message.word = XEN_GUARD_KEPT;
			(void)say(channel, &message);
			return false;
		case XEN_GUARD_FORGET:
			return false;
		case XEN_GUARD_READY:
		case XEN_GUARD_UNABLE:
		case XEN_GUARD_KEPT:
			break;
		}
	}
}

/* Its number may be another domain's by now, if somebody else destroyed it; its handle is not. */
static int find_domain(const struct charge *charge, const struct xen_guard_ops *ops, void *opaque,
		       uint32_t *domid, bool *found, struct pvb_error *error)
{
	uint8_t handle[XEN_HANDLE_SIZE];
	int rc;

	*found = false;
	if (!charge->created)
		return ops->find(opaque, charge->birth, domid, found, error);
	*domid = charge->domid;
	rc = ops->get(opaque, *domid, handle, found, error);
	if (rc == 0 && *found)
		*found = memcmp(handle, charge->birth, XEN_HANDLE_SIZE) == 0 ||
			 memcmp(handle, charge->uuid, XEN_HANDLE_SIZE) == 0;
	return rc;
}

static int clear_away(const struct charge *charge, const struct xen_guard_ops *ops, void *opaque)
{
	struct pvb_error error = {0};
	uint32_t domid = 0;
	bool found;

	if (!charge->expected)
		return 0;

	int rc = find_domain(charge, ops, opaque, &domid, &found, &error);

	/* Nothing was ever told of a domain whose number the builder did not learn. */
	if (rc == 0 && !found && !charge->created)
		return 0;
	if (rc == 0)
		rc = found ? ops->destroy(opaque, domid, charge->uuid, &error)
			   : ops->forget(opaque, domid, charge->uuid, &error);
	if (rc || found)
		ops->report(opaque, domid, rc ? &error : NULL);
	return rc;
}

int xen_guard_run(int channel, int builder, const struct xen_guard_ops *ops, void *opaque)
{
	struct xen_guard_message message = {.word = XEN_GUARD_READY};
	struct charge charge = {0};
	int rc = ops->open(opaque, &message.error);

	if (rc)
		message.word = XEN_GUARD_UNABLE;
	if (!say(channel, &message) || rc)
		return rc;
	if (!listen_to_builder(channel, builder, &charge))
		return 0;
	return clear_away(&charge, ops, opaque);
}

/* ---- a program of its own ---- */

/*
 * Everything that was inherited but its own descriptors: the builder's other files, and other
 * guards' channels that another thread had just made, would otherwise be held open for as long as
 * it lives.
 */
static void let_go(int first)
{
	long most = sysconf(_SC_OPEN_MAX);

#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, ~0u, 0) == 0)
		return;
#endif
	for (int fd = first; fd < most; fd++)
		(void)close(fd);
}

static bool take_null(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return false;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return false;
	if (null > STDERR_FILENO)
		(void)close(null);
	return true;
}

/* It needs little memory, and is needed most when there is none. Who may not say so does without.
 */
static void ask_to_be_spared(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "-1000", 5) < 0)
		errno = 0;
	(void)close(fd);
}

static bool is_socket(int fd)
{
	int type;
	socklen_t size = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

int xen_guard_main(int argc, char **argv, const struct xen_guard_ops *ops, void *opaque)
{
	bool has_builder = argc == 2 && strcmp(argv[1], "--builder") == 0;
	int builder = has_builder ? XEN_GUARD_BUILDER : -1;

	if ((argc != 1 && !has_builder) || !is_socket(XEN_GUARD_CHANNEL)) {
		(void)fprintf(stderr, "pvbuild-guard: libpvbuild starts this program to destroy a "
				      "half-built domain if its builder is killed; it is of no "
				      "other use\n");
		return 2;
	}
	let_go(has_builder ? XEN_GUARD_BUILDER + 1 : XEN_GUARD_CHANNEL + 1);
	switch (fork()) {
	case -1:
		return 1;
	case 0:
		break;
	default:
		return 0;
	}
	if (!take_null() || chdir("/"))
		return 1;
	ask_to_be_spared();
	return xen_guard_run(XEN_GUARD_CHANNEL, builder, ops, opaque) ? 1 : 0;
}
