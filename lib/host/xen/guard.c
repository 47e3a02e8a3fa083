/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The builder's side of a guard: starting it, and speaking with it. */
#include "host/xen/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "core/error.h"

#define STAGE "guard"

/*
 * A guard answers at once, or does not live. Only one that somebody stopped, or whose store does
 * not answer, would keep its builder waiting for so long.
 */
#define PATIENCE_MS 30000

struct xen_guard {
	struct xen_guard *next;
	int channel;
	uint32_t domid; /* 0 until there is one */
};

static int guard_is_gone(const struct xen_guard *guard, const char *how, struct pvb_error *error)
{
	int rc;

	if (guard->domid)
		rc = pvb_fail(error, PVB_E_HOST_GUARD, STAGE,
			      "the process that guards domain %" PRIu32 " %s", guard->domid, how);
	else
		rc = pvb_fail(error, PVB_E_HOST_GUARD, STAGE,
			      "the process that is to guard the new domain %s", how);
	pvb_hint(error, "without it nobody would clear the domain away if this process were "
			"killed; see why it ended, or who stops it");
	return rc;
}

/* ---- speaking ---- */

static int say(const struct xen_guard *guard, const struct xen_guard_message *message,
	       struct pvb_error *error)
{
	ssize_t sent;

	do
		sent = send(guard->channel, message, sizeof *message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? guard_is_gone(guard, "has ended", error) : 0;
}

static int hear(const struct xen_guard *guard, struct xen_guard_message *message,
		struct pvb_error *error)
{
	struct pollfd ready = {.fd = guard->channel, .events = POLLIN};
	int64_t end = pvb_now_ms() + PATIENCE_MS;
	ssize_t got;
	int rc;

	/* A timer of the caller's that keeps interrupting this is not to prolong it. */
	do {
		int64_t left = end - pvb_now_ms();

		rc = left > 0 ? poll(&ready, 1, (int)left) : 0;
	} while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return guard_is_gone(guard, "does not answer", error);
	/* MSG_TRUNC: a word that is too long is another release's, too. */
	do
		got = recv(guard->channel, message, sizeof *message, MSG_DONTWAIT | MSG_TRUNC);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof *message)
		return guard_is_gone(guard, "has ended", error);
	return 0;
}

/* ---- starting ---- */

/*
 * In a library that is used by a privileged program of somebody else's user, the environment
 * says nothing; otherwise it can name the guard of a build that is not installed.
 */
static const char *default_program(void)
{
	const char *named = secure_getenv("PVBUILD_GUARD");

	return named && named[0] ? named : PVB_GUARD_PROGRAM;
}

/* Above the numbers that the guard gets its own descriptors by, so that none is in another's way.
 */
static int move_up(int *fd)
{
	int up = fcntl(*fd, F_DUPFD_CLOEXEC, XEN_GUARD_BUILDER + 1);

	if (up < 0)
		return errno;
	(void)close(*fd);
	*fd = up;
	return 0;
}

/* This process, as something that can be waited for. -1 where the kernel (before 5.3) has no such
 * thing. */
static int own_pidfd(void)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, getpid(), 0);
#else
	return -1;
#endif
}

/*
 * All signals are blocked from its first instruction on, and it is in a session of its own: what is
 * typed at the builder's terminal, or sent to its process group, is not for the guard.
 */
static int prepare_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all;
	int rc = sigfillset(&all) ? errno : 0;

	if (rc == 0)
		rc = posix_spawnattr_setsigmask(attributes, &all);
	if (rc == 0)
		rc = posix_spawnattr_setflags(attributes,
					      POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
	return rc;
}

static int spawn(const char *program, int channel, int builder)
{
	char name[] = "pvbuild-guard", with_builder[] = "--builder";
	char *arguments[] = {name, NULL, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	pid_t child;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc)
		return rc;
	if (builder >= 0)
		arguments[1] = with_builder;
	rc = posix_spawnattr_init(&attributes);
	if (rc == 0) {
		rc = prepare_attributes(&attributes);
		if (rc == 0)
			rc = posix_spawn_file_actions_adddup2(&actions, channel, XEN_GUARD_CHANNEL);
		if (rc == 0 && builder >= 0)
			rc = posix_spawn_file_actions_adddup2(&actions, builder, XEN_GUARD_BUILDER);
		if (rc == 0)
			rc = posix_spawn(&child, program, &actions, &attributes, arguments,
					 environ);
		(void)posix_spawnattr_destroy(&attributes);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	/*
	 * The program forks and its first process ends at once. A caller that ignores SIGCHLD, or
	 * waits for any child, may have been faster, which is as well.
	 */
	if (rc == 0)
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	return rc;
}

static int open_channel(const char *program, struct xen_guard *guard, struct pvb_error *error)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return pvb_fail(error, PVB_E_HOST_GUARD, STAGE,
				"no socket to speak with a guard: %s", strerror(errno));

	PVB_AUTO_CLOSE int its_end = pair[1];
	PVB_AUTO_CLOSE int builder = own_pidfd();
	int rc = move_up(&its_end);

	guard->channel = pair[0];
	if (rc == 0 && builder >= 0)
		rc = move_up(&builder);
	if (rc == 0)
		rc = spawn(program, its_end, builder);
	if (rc) {
		(void)pvb_fail(error, PVB_E_HOST_GUARD, STAGE,
			       "the guard of a new domain, %s, cannot be started: %s", program,
			       strerror(rc));
		pvb_hint(error, "it is installed with pvbuild; the environment variable "
				"PVBUILD_GUARD can name another");
		return -(int)PVB_E_HOST_GUARD;
	}
	return 0;
}

/* Why a guard is unable, in its own words: they come from another program. */
static int take_reason(const struct xen_guard *guard, const struct xen_guard_message *message,
		       struct pvb_error *error)
{
	if (pvb_code_fault(message->error.code) == PVB_FAULT_NONE || !message->error.message[0])
		return guard_is_gone(guard, "is unable to, and gives no reason", error);
	*error = message->error;
	error->stage[sizeof error->stage - 1] = '\0';
	error->message[sizeof error->message - 1] = '\0';
	error->context[sizeof error->context - 1] = '\0';
	error->hint[sizeof error->hint - 1] = '\0';
	pvb_context(error, "starting the guard of a new domain");
	return -error->code;
}

static int meet(struct xen_guard *guard, const uint8_t birth[XEN_HANDLE_SIZE],
		const uint8_t uuid[XEN_HANDLE_SIZE], struct pvb_error *error)
{
	struct xen_guard_message message = {.word = XEN_GUARD_READY};
	int rc = hear(guard, &message, error);

	if (rc)
		return rc;
	if (message.word == XEN_GUARD_UNABLE)
		return take_reason(guard, &message, error);
	if (message.word != XEN_GUARD_READY)
		return pvb_fail(error, PVB_E_BUG, STAGE, "a guard begins with word %d",
				(int)message.word);
	message.word = XEN_GUARD_EXPECT;
	memcpy(message.birth, birth, XEN_HANDLE_SIZE);
	memcpy(message.uuid, uuid, XEN_HANDLE_SIZE);
	return say(guard, &message, error);
}

int xen_guard_start(const char *program, const uint8_t birth[XEN_HANDLE_SIZE],
		    const uint8_t uuid[XEN_HANDLE_SIZE], struct xen_guard **guard,
		    struct pvb_error *error)
{
	struct xen_guard *own = calloc(1, sizeof *own);
	struct pvb_error unwanted;

	*guard = NULL;
	if (!error)
		error = &unwanted;
	if (!own)
		return pvb_fail_memory(error, STAGE, "the guard of a domain");
	own->channel = -1;

	int rc = open_channel(program ? program : default_program(), own, error);
	if (rc == 0)
		rc = meet(own, birth, uuid, error);
	if (rc)
		xen_guard_dismiss(own);
	else
		*guard = own;
	return rc;
}

/* ---- afterwards ---- */

int xen_guard_created(struct xen_guard *guard, uint32_t domid, struct pvb_error *error)
{
	struct xen_guard_message message = {.word = XEN_GUARD_CREATED, .domid = domid};

	guard->domid = domid;
	return say(guard, &message, error);
}

int xen_guard_keep(struct xen_guard *guard, struct pvb_error *error)
{
	struct xen_guard_message message = {.word = XEN_GUARD_KEEP};
	int rc = say(guard, &message, error);

	if (rc == 0)
		rc = hear(guard, &message, error);
	if (rc == 0 && message.word != XEN_GUARD_KEPT)
		rc = pvb_fail(error, PVB_E_BUG, STAGE, "a guard answers with word %d",
			      (int)message.word);
	if (rc == 0) {
		(void)close(guard->channel);
		free(guard);
	}
	return rc;
}

void xen_guard_dismiss(struct xen_guard *guard)
{
	struct xen_guard_message message = {.word = XEN_GUARD_FORGET};

	if (!guard)
		return;
	/* It ends without an answer, which is what is waited for: nothing shall be left running. */
	if (guard->channel >= 0) {
		if (say(guard, &message, NULL) == 0)
			(void)hear(guard, &message, NULL);
		(void)close(guard->channel);
	}
	free(guard);
}

void xen_guard_hand_over(struct xen_guard *guard)
{
	if (!guard)
		return;
	(void)close(guard->channel);
	free(guard);
}

void xen_guard_add(struct xen_guard **list, struct xen_guard *guard)
{
	guard->next = *list;
	*list = guard;
}

struct xen_guard *xen_guard_take(struct xen_guard **list, uint32_t domid)
{
	for (; *list; list = &(*list)->next) {
		struct xen_guard *guard = *list;

		if (guard->domid != domid)
			continue;
		*list = guard->next;
		guard->next = NULL;
		return guard;
	}
	return NULL;
}

void xen_guard_leave(struct xen_guard *list)
{
	while (list) {
		struct xen_guard *next = list->next;

		free(list);
		list = next;
	}
}
