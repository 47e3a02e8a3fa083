/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"

#define STAGE "console"
#define ESCAPE '\x1d' /* Ctrl-] */

/*
 * What a guest wrote last is in a ring of its memory, from where the console daemon takes it
 * some time after the guest told it so, and at most every 200 ms (RATE_LIMIT_PERIOD of
 * xenconsoled). What it has taken it passes on at once. So nothing more will come once the ring
 * is empty and the console silent for that long; or where nobody seems to serve it.
 */
#define SILENCE_MS 500
#define PATIENCE 20 /* silences */

/* Bytes on their way in one direction; more are taken once they have gone. */
struct load {
	char bytes[4096];
	size_t start;
	size_t end;
};

static bool load_empty(const struct load *load)
{
	return load->start == load->end;
}

/* As read(): -1 with errno EAGAIN where there was nothing to be had. */
static ssize_t load_take(struct load *load, int fd)
{
	ssize_t got = read(fd, load->bytes, sizeof load->bytes);

	load->start = 0;
	load->end = got > 0 ? (size_t)got : 0;
	return got;
}

/* False where it failed for good. */
static bool load_give(struct load *load, int fd)
{
	ssize_t given = write(fd, load->bytes + load->start, load->end - load->start);

	if (given > 0)
		load->start += (size_t)given;
	return given >= 0 || errno == EINTR || errno == EAGAIN;
}

struct state {
	const struct relay *relay;
	struct load to_person;
	struct load to_guest;
	bool listening; /* to the person */
	bool leaving;
	bool draining; /* the domain has ended */
	unsigned silences;
};

enum { IN, OUT, CONSOLE, ENDED, STOP, DESCRIPTORS };

/* A descriptor of which nothing is wanted is left out: it could speak up all the time. */
static struct pollfd wish(int fd, short events)
{
	return (struct pollfd){.fd = events ? fd : -1, .events = events};
}

static void make_wishes(const struct state *state, struct pollfd *fds)
{
	const struct relay *relay = state->relay;
	bool take = load_empty(&state->to_person);
	bool give = !load_empty(&state->to_guest);

	fds[IN] = wish(relay->in, state->listening && !give ? POLLIN : 0);
	fds[OUT] = wish(relay->out, take ? 0 : POLLOUT);
	fds[CONSOLE] = wish(relay->console, (short)((take ? POLLIN : 0) | (give ? POLLOUT : 0)));
	fds[ENDED] = wish(relay->ended, state->draining ? 0 : POLLIN);
	fds[STOP] = wish(relay->stop, POLLIN);
}

static void hear_person(struct state *state)
{
	struct load *load = &state->to_guest;
	ssize_t got = load_take(load, state->relay->in);

	if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
		state->listening = false;
	if (got <= 0 || !state->relay->escape)
		return;

	const char *escape = memchr(load->bytes, ESCAPE, (size_t)got);

	if (escape) {
		load->end = (size_t)(escape - load->bytes);
		state->leaving = true;
	}
}

/* True where the console is at its end. */
static bool hear_guest(struct state *state)
{
	ssize_t got = load_take(&state->to_person, state->relay->console);

	/* A terminal whose other side is gone says EIO. */
	return got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
}

static int tell_person(struct state *state, struct pvb_error *error)
{
	if (load_give(&state->to_person, state->relay->out))
		return 0;
	return fault(error, PVB_E_ARG_FILE, "output", "cannot write to standard output: %s",
		     strerror(errno));
}

/* What cannot be written is dropped: that the console is at its end, reading it says. */
static void tell_guest(struct state *state)
{
	if (!load_give(&state->to_guest, state->relay->console))
		state->to_guest.start = state->to_guest.end;
}

static int check_domain(struct state *state, struct pvb_error *error)
{
	const struct relay *relay = state->relay;
	int ended = relay->has_ended ? relay->has_ended(relay->opaque, error) : 0;

	if (ended <= 0)
		return ended;
	state->draining = true;
	state->listening = false;
	state->to_guest.start = state->to_guest.end;
	return 0;
}

/* A silence: whether it is the last one. */
static bool is_over(struct state *state)
{
	const struct relay *relay = state->relay;

	if (!load_empty(&state->to_person))
		return false;
	return !relay->expects || !relay->expects(relay->opaque) || ++state->silences == PATIENCE;
}

/* 1 when it is over, 0 to go on, or a negative code. */
static int step(struct state *state, const struct pollfd *fds, enum relay_outcome *outcome,
		struct pvb_error *error)
{
	int rc = 0;

	if (fds[STOP].revents) {
		*outcome = RELAY_STOPPED;
		return 1;
	}
	if (fds[OUT].revents)
		rc = tell_person(state, error);
	if (!rc && fds[ENDED].revents)
		rc = check_domain(state, error);
	if (rc)
		return rc;
	if (fds[IN].revents && state->listening)
		hear_person(state);
	if (!load_empty(&state->to_guest))
		tell_guest(state);
	if ((fds[CONSOLE].revents & ~POLLOUT) && load_empty(&state->to_person) &&
	    hear_guest(state)) {
		*outcome = RELAY_CLOSED;
		return 1;
	}
	if (state->leaving) {
		*outcome = RELAY_LEFT;
		return 1;
	}
	return 0;
}

int relay_run(const struct relay *relay, enum relay_outcome *outcome, struct pvb_error *error)
{
	struct state state = {.relay = relay, .listening = relay->in >= 0};
	int flags = fcntl(relay->console, F_GETFL);

	if (flags < 0 || fcntl(relay->console, F_SETFL, flags | O_NONBLOCK) != 0)
		return fault(error, PVB_E_HOST_STATE, STAGE, "the console cannot be used: %s",
			     strerror(errno));

	int rc = check_domain(&state, error);

	while (!rc) {
		struct pollfd fds[DESCRIPTORS];

		make_wishes(&state, fds);
		int ready = poll(fds, DESCRIPTORS, state.draining ? SILENCE_MS : -1);

		if (ready < 0 && errno != EINTR && errno != EAGAIN)
			return fault(error, PVB_E_ARG_NO_MEMORY, STAGE,
				     "cannot wait for the console: %s", strerror(errno));
		if (ready < 0)
			continue;
		if (ready == 0 && is_over(&state)) {
			*outcome = RELAY_ENDED;
			return 0;
		}

		rc = step(&state, fds, outcome, error);
	}
	return rc < 0 ? rc : 0;
}
