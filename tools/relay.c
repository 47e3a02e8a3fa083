/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "heard.h"

#define STAGE "console"
#define ESCAPE '\x1d' /* Ctrl-] */

/*
 * What a guest wrote last is in a ring of its memory, from where the console daemon takes it some
 * time after the guest told it so, and at most every 200 ms (RATE_LIMIT_PERIOD of xenconsoled). On
 * a loaded host it can be much later. Silence alone ends nothing: the ring says what is still to
 * come. A daemon that says nothing for that long is given up, and the ring has what it owes; but
 * where it owes more than the ring has, that would be lost.
 */
#define SILENCE_MS 500
#define PATIENCE 20      /* silences */
#define PATIENCE_GAP 120 /* silences, where something would be lost */

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
	bool draining;     /* the domain has ended */
	bool over;         /* nothing more is to come but what is on its way to the person */
	unsigned silences; /* the first of them is none: it lasts no time */
	struct heard heard;
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
	bool take = load_empty(&state->to_person) && !state->over;
	bool give = !load_empty(&state->to_guest);

	fds[IN] = wish(relay->in, state->listening && !give ? POLLIN : 0);
	fds[OUT] = wish(relay->out, take ? 0 : POLLOUT);
	fds[CONSOLE] = wish(relay->console, (short)((take ? POLLIN : 0) | (give ? POLLOUT : 0)));
	fds[ENDED] = wish(relay->ended, state->draining || state->over ? 0 : POLLIN);
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

	if (got > 0) {
		heard_add(&state->heard, state->to_person.bytes, (size_t)got);
		state->silences = 0;
	}
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
	if (state->draining || !load_give(&state->to_guest, state->relay->console))
		state->to_guest.start = state->to_guest.end;
}

static int check_domain(struct state *state, struct pvb_error *error)
{
	const struct relay *relay = state->relay;
	int ended = relay->has_ended ? relay->has_ended(relay->opaque, error) : 0;

	if (ended <= 0)
		return ended;
	state->draining = true;
	/* A person at a terminal can still leave. */
	state->listening = state->listening && relay->escape;
	return 0;
}

/* ---- the end ---- */

static bool look_at_ring(const struct state *state, struct pvb_console_ring *ring)
{
	const struct relay *relay = state->relay;

	*ring = (struct pvb_console_ring)PVB_CONSOLE_RING_INIT;
	return relay->ring && relay->ring(relay->opaque, ring);
}

/* What the daemon owes is passed on in its place. */
static void finish(struct state *state, const struct pvb_console_ring *ring,
		   const struct heard_rest *rest, struct relay_result *result)
{
	state->over = true;
	result->outcome = RELAY_ENDED;
	result->rescued = rest->rest;
	result->gap = rest->gap;
	result->lost = rest->lost;
	memcpy(state->to_person.bytes, ring->last + ring->count - rest->rest, rest->rest);
	state->to_person.start = 0;
	state->to_person.end = rest->rest;
}

/* How many silences end the console of a domain that has ended. */
static unsigned silences_wanted(const struct heard_rest *rest)
{
	if (rest->whole)
		return 0;
	if (!rest->rest && !rest->owed)
		return 1;
	return rest->gap ? PATIENCE_GAP : PATIENCE;
}

static void hear_silence(struct state *state, struct relay_result *result)
{
	struct pvb_console_ring ring;
	struct heard_rest rest = {0};
	unsigned wanted = 1;

	if (!load_empty(&state->to_person))
		return;
	if (look_at_ring(state, &ring)) {
		rest = heard_compare(&state->heard, &ring);
		wanted = silences_wanted(&rest);
	}
	if (state->silences++ >= wanted)
		finish(state, &ring, &rest, result);
}

/* The console has ended: by the domain's end, or the daemon's. */
static int hear_end(struct state *state, struct relay_result *result, struct pvb_error *error)
{
	struct pvb_console_ring ring;
	struct heard_rest rest = {0};
	int rc = check_domain(state, error);

	if (rc)
		return rc;
	result->closed = true;
	if (state->draining) {
		if (look_at_ring(state, &ring))
			rest = heard_compare(&state->heard, &ring);
		finish(state, &ring, &rest, result);
	} else {
		state->over = true;
		result->outcome = RELAY_CLOSED;
	}
	return 0;
}

/* 1 when it is over, 0 to go on, or a negative code. */
static int step(struct state *state, const struct pollfd *fds, struct relay_result *result,
		struct pvb_error *error)
{
	int rc = 0;

	if (fds[STOP].revents) {
		result->outcome = RELAY_STOPPED;
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
	if ((fds[CONSOLE].revents & ~POLLOUT) && load_empty(&state->to_person) && !state->over &&
	    hear_guest(state))
		return hear_end(state, result, error);
	if (state->leaving) {
		result->outcome = RELAY_LEFT;
		return 1;
	}
	return 0;
}

/* How long to wait: where the domain has ended, at first only for what is there already. */
static int patience(const struct state *state)
{
	if (!state->draining || state->over)
		return -1;
	if (!state->silences)
		return 0;
	return state->relay->silence_ms ? state->relay->silence_ms : SILENCE_MS;
}

static int go_on(struct state *state, struct relay_result *result, struct pvb_error *error)
{
	int rc = check_domain(state, error);

	while (!rc && !(state->over && load_empty(&state->to_person))) {
		struct pollfd fds[DESCRIPTORS];

		make_wishes(state, fds);
		int ready = poll(fds, DESCRIPTORS, patience(state));

		if (ready < 0 && errno != EINTR && errno != EAGAIN)
			return fault(error, PVB_E_ARG_NO_MEMORY, STAGE,
				     "cannot wait for the console: %s", strerror(errno));
		if (ready == 0)
			hear_silence(state, result);
		if (ready > 0)
			rc = step(state, fds, result, error);
	}
	return rc < 0 ? rc : 0;
}

int relay_run(const struct relay *relay, struct relay_result *result, struct pvb_error *error)
{
	struct state state = {.relay = relay, .listening = relay->in >= 0};
	struct pvb_console_ring ring;
	int flags = fcntl(relay->console, F_GETFL);

	*result = (struct relay_result){0};
	if (flags < 0 || fcntl(relay->console, F_SETFL, flags | O_NONBLOCK) != 0)
		return fault(error, PVB_E_HOST_STATE, STAGE, "the console cannot be used: %s",
			     strerror(errno));
	state.heard.from_start = look_at_ring(&state, &ring) && ring.written == 0;
	return go_on(&state, result, error);
}
