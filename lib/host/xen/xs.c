/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages to and from xenstored, and how long they are waited for. */
#include "host/xen/xs.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "host/xen/xs-wire.h"

/* How soon a socket is tried again whose queue of connections is full. */
#define MOMENT_MS 10

/* An event that came while an answer was waited for. */
struct event {
	struct event *next;
	struct xen_xs_body body;
};

/*
 *   header, filled   the message that is just coming, and how many bytes of it are there, header
 *                    included; body is allocated once the header is whole
 *   noticed          somebody was told of the present silence
 */
struct xen_xs {
	struct xen_xs_patience patience;
	int fd;
	bool is_socket;
	int broken;
	bool noticed;
	uint32_t last_request;
	struct xsd_sockmsg header;
	struct xen_xs_body body;
	size_t filled;
	struct event *events, **last_event;
};

/* ---- waiting ---- */

/*
 * Wait until the descriptor is ready or the time is over. What is ready at the end counts: this
 * process may have been stopped itself.
 */
static bool wait_until(struct xen_xs *xs, short events, int64_t begun)
{
	struct pollfd ready = {.fd = xs->fd, .events = events};
	int64_t end = begun + xs->patience.limit_ms;

	for (;;) {
		int64_t now = pvb_now_ms();
		int64_t until = end;

		if (xs->patience.notice && !xs->noticed &&
		    xs->patience.notice_ms < xs->patience.limit_ms)
			until = begun + xs->patience.notice_ms;

		int rc = poll(&ready, 1, until > now ? (int)(until - now) : 0);

		if (rc > 0)
			return true;
		if (rc < 0 && errno != EINTR)
			return false;
		if (rc < 0 || pvb_now_ms() < until)
			continue;
		if (until == end) {
			errno = ETIMEDOUT;
			return false;
		}
		xs->noticed = true;
		xs->patience.notice(xs->patience.opaque);
	}
}

/* Closed, so that xenstored carries out nothing that was asked for and given up. */
static bool break_off(struct xen_xs *xs)
{
	xs->broken = errno ? errno : EIO;
	(void)close(xs->fd);
	xs->fd = -1;
	errno = xs->broken;
	return false;
}

/* ---- sending ---- */

static ssize_t send_some(struct xen_xs *xs, const char *bytes, size_t length)
{
	return xs->is_socket ? send(xs->fd, bytes, length, MSG_NOSIGNAL)
			     : write(xs->fd, bytes, length);
}

static bool send_all(struct xen_xs *xs, const char *bytes, size_t length, int64_t begun)
{
	while (length) {
		ssize_t sent = send_some(xs, bytes, length);

		if (sent > 0) {
			bytes += sent;
			length -= (size_t)sent;
			continue;
		}
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EPIPE)
			errno = ECONNRESET;
		if (sent == 0 || errno != EAGAIN || !wait_until(xs, POLLOUT, begun))
			return false;
	}
	return true;
}

static bool send_request(struct xen_xs *xs, struct xsd_sockmsg header, const struct iovec *parts,
			 size_t count, int64_t begun)
{
	char message[sizeof header + XENSTORE_PAYLOAD_MAX];
	size_t length = sizeof header;

	for (size_t i = 0; i < count; i++) {
		memcpy(message + length, parts[i].iov_base, parts[i].iov_len);
		length += parts[i].iov_len;
	}
	memcpy(message, &header, sizeof header);
	return send_all(xs, message, length, begun);
}

/* ---- receiving ---- */

enum pulled { PULLED_MESSAGE, PULLED_NOTHING, PULLED_END };

static bool begin_body(struct xen_xs *xs)
{
	/* xenstored keeps to it; whoever speaks otherwise is no xenstored. */
	if (xs->header.len > XENSTORE_PAYLOAD_MAX) {
		errno = EPROTO;
		return false;
	}
	xs->body.length = xs->header.len;
	xs->body.bytes = calloc(1, (size_t)xs->header.len + 1);
	return xs->body.bytes != NULL;
}

/* What has come of a message, without waiting for more. */
static enum pulled pull(struct xen_xs *xs)
{
	for (;;) {
		bool in_header = xs->filled < sizeof xs->header;
		size_t at = in_header ? xs->filled : xs->filled - sizeof xs->header;
		size_t left = (in_header ? sizeof xs->header : xs->body.length) - at;
		char *to = in_header ? (char *)&xs->header : xs->body.bytes;
		ssize_t got;

		if (!left)
			return PULLED_MESSAGE;
		got = read(xs->fd, to + at, left);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return PULLED_NOTHING;
		if (got == 0)
			errno = ECONNRESET;
		if (got <= 0)
			return PULLED_END;
		xs->filled += (size_t)got;
		if (xs->filled == sizeof xs->header && !begin_body(xs))
			return PULLED_END;
	}
}

static struct xen_xs_body take_body(struct xen_xs *xs)
{
	struct xen_xs_body body = xs->body;

	xs->body = (struct xen_xs_body){NULL, 0};
	xs->filled = 0;
	xs->noticed = false;
	return body;
}

static bool queue_event(struct xen_xs *xs)
{
	struct event *event = malloc(sizeof *event);

	if (!event)
		return false;
	*event = (struct event){NULL, take_body(xs)};
	*xs->last_event = event;
	xs->last_event = &event->next;
	return true;
}

/* The next message, which is waited for where "wait" is set; EAGAIN where there is none. */
static bool next_message(struct xen_xs *xs, bool wait, int64_t begun)
{
	for (;;) {
		switch (pull(xs)) {
		case PULLED_MESSAGE:
			return true;
		case PULLED_END:
			return break_off(xs);
		case PULLED_NOTHING:
			break;
		}
		if (!wait) {
			errno = EAGAIN;
			return false;
		}
		if (!wait_until(xs, POLLIN, begun))
			return break_off(xs);
	}
}

static bool receive_answer(struct xen_xs *xs, const struct xsd_sockmsg *request, int64_t begun,
			   struct xen_xs_body *answer)
{
	for (;;) {
		if (!next_message(xs, true, begun))
			return false;
		if (xs->header.type == XS_WATCH_EVENT) {
			if (!queue_event(xs))
				return break_off(xs);
			continue;
		}
		if (xs->header.req_id != request->req_id ||
		    (xs->header.type != request->type && xs->header.type != XS_ERROR)) {
			errno = EPROTO;
			return break_off(xs);
		}
		*answer = take_body(xs);
		return true;
	}
}

/* ---- for xs-calls.c ---- */

/* Errors come by their names. */
static int error_of(const char *name)
{
	for (size_t i = 0; i < sizeof xsd_errors / sizeof xsd_errors[0]; i++)
		if (strcmp(xsd_errors[i].errstring, name) == 0)
			return xsd_errors[i].errnum;
	return EINVAL;
}

static bool is_error(struct xen_xs *xs, struct xen_xs_body *answer)
{
	if (xs->header.type != XS_ERROR)
		return false;

	int cause = error_of(answer->bytes);

	free(answer->bytes);
	*answer = (struct xen_xs_body){NULL, 0};
	errno = cause;
	return true;
}

bool xen_xs_talk(struct xen_xs *xs, enum xsd_sockmsg_type type, xs_transaction_t transaction,
		 const struct iovec *parts, size_t count, struct xen_xs_body *answer)
{
	struct xsd_sockmsg request = {.type = type, .tx_id = transaction};
	int64_t begun = pvb_now_ms();
	size_t length = 0;

	if (xs->broken) {
		errno = xs->broken;
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (parts[i].iov_len > XENSTORE_PAYLOAD_MAX - length) {
			errno = E2BIG;
			return false;
		}
		length += parts[i].iov_len;
	}
	request.req_id = ++xs->last_request;
	request.len = (uint32_t)length;
	if (!send_request(xs, request, parts, count, begun))
		return break_off(xs);
	return receive_answer(xs, &request, begun, answer) && !is_error(xs, answer);
}

bool xen_xs_take_event(struct xen_xs *xs, bool wait, struct xen_xs_body *event)
{
	struct event *first = xs->events;

	if (first) {
		*event = first->body;
		xs->events = first->next;
		if (!xs->events)
			xs->last_event = &xs->events;
		free(first);
		return true;
	}
	if (xs->broken) {
		errno = xs->broken;
		return false;
	}
	if (!next_message(xs, wait, pvb_now_ms()))
		return false;
	if (xs->header.type != XS_WATCH_EVENT) {
		errno = EPROTO;
		return break_off(xs);
	}
	*event = take_body(xs);
	return true;
}

bool xen_xs_wait_for_event(struct xen_xs *xs, int milliseconds)
{
	struct pollfd ready = {.fd = xs->fd, .events = POLLIN};

	return xs->events || xs->broken || poll(&ready, 1, milliseconds) > 0;
}

int xen_xs_fileno(struct xen_xs *xs)
{
	return xs->fd;
}

int xen_xs_broken(const struct xen_xs *xs)
{
	return xs->broken;
}

unsigned xen_xs_limit(const struct xen_xs *xs)
{
	return ((unsigned)xs->patience.limit_ms + 999) / 1000;
}

/* ---- connecting ---- */

static int pause_a_moment(struct xen_xs *xs, int64_t begun)
{
	const struct timespec moment = {.tv_nsec = MOMENT_MS * 1000000L};
	int64_t waited = pvb_now_ms() - begun;

	if (waited >= xs->patience.limit_ms)
		return ETIMEDOUT;
	if (waited >= xs->patience.notice_ms && xs->patience.notice && !xs->noticed) {
		xs->noticed = true;
		xs->patience.notice(xs->patience.opaque);
	}
	(void)nanosleep(&moment, NULL);
	return 0;
}

/* A socket that nobody accepts connections at takes some, and then says EAGAIN. */
static int connect_to(struct xen_xs *xs, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int64_t begun = pvb_now_ms();

	if (strlen(path) >= sizeof address.sun_path)
		return ENAMETOOLONG;
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	xs->is_socket = true;
	xs->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (xs->fd < 0)
		return errno;
	while (connect(xs->fd, (struct sockaddr *)&address, sizeof address)) {
		int rc = errno == EAGAIN ? pause_a_moment(xs, begun) : errno == EINTR ? 0 : errno;

		if (rc)
			return rc;
	}
	return 0;
}

static int open_device(struct xen_xs *xs, const char *path)
{
	xs->is_socket = false;
	xs->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	return xs->fd < 0 ? errno : 0;
}

static int open_path(struct xen_xs *xs, const char *path)
{
	int rc = connect_to(xs, path);

	if (rc && xs->fd >= 0) {
		(void)close(xs->fd);
		xs->fd = -1;
	}
	/* That is no socket, then. */
	return rc == ECONNREFUSED && access(path, R_OK | W_OK) == 0 && open_device(xs, path) == 0
		       ? 0
		       : rc;
}

/*
 * libxenstore's places and variables. A socket that is there but refuses is that of a xenstored
 * which ended: the kernel's device would take requests, and nobody would answer.
 */
static int open_usual(struct xen_xs *xs)
{
	static const char *const sockets[] = {"/run/xenstored/socket", "/var/run/xenstored/socket"};
	static const char *const devices[] = {"/dev/xen/xenbus", "/proc/xen/xenbus"};
	const char *path = secure_getenv("XENSTORED_PATH");
	const char *folder = secure_getenv("XENSTORED_RUNDIR");
	char named[PATH_MAX];
	int rc = ENOENT;

	if (!path && folder) {
		(void)snprintf(named, sizeof named, "%s/socket", folder);
		path = named;
	}
	if (path)
		return open_path(xs, path);
	for (size_t i = 0; i < sizeof sockets / sizeof sockets[0] && rc == ENOENT; i++)
		rc = open_path(xs, sockets[i]);
	for (size_t i = 0; i < sizeof devices / sizeof devices[0] && rc == ENOENT; i++)
		rc = open_device(xs, devices[i]);
	return rc;
}

struct xen_xs *xen_xs_open(const char *path, const struct xen_xs_patience *patience)
{
	struct xen_xs *xs = calloc(1, sizeof *xs);
	int rc;

	if (!xs)
		return NULL;
	xs->patience = *patience;
	xs->fd = -1;
	xs->last_event = &xs->events;
	rc = path ? open_path(xs, path) : open_usual(xs);
	if (!rc)
		return xs;
	xen_xs_close(xs);
	errno = rc;
	return NULL;
}

void xen_xs_close(struct xen_xs *xs)
{
	struct xen_xs_body event;

	if (!xs)
		return;
	while (xs->events && xen_xs_take_event(xs, false, &event))
		free(event.bytes);
	free(xs->body.bytes);
	if (xs->fd >= 0)
		(void)close(xs->fd);
	free(xs);
}
