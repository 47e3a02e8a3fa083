/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The console: a ring of 2 KiB in a page of our own, which the other side reads when it gets
 * our event. What is said before the ring is known is kept.
 */
#include "hypercall.h"
#include "probe.h"

#define LINE_SIZE 512
#define FEW_PORTS 64

static struct console_ring *ring;
static uint32_t port;
static bool deaf; /* nobody reads: do not wait again */

static char kept[8192];
static size_t kept_length;

static void send(const char *text, size_t length)
{
	uint64_t since = 0;

	for (size_t i = 0; i < length && !deaf; i++) {
		while (ring->out_prod - __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE) >=
		       CONSOLE_OUT_SIZE) {
			event_send(port);
			(void)event_take(port);
			if (!event_wait(port, &since))
				deaf = true;
			if (deaf)
				return;
		}
		ring->out[ring->out_prod % CONSOLE_OUT_SIZE] = text[i];
		__atomic_store_n(&ring->out_prod, ring->out_prod + 1, __ATOMIC_RELEASE);
	}
	event_send(port);
}

/* A terminal wants its carriage back. */
static void send_lines(const char *text, size_t length)
{
	size_t from = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] != '\n')
			continue;
		send(text + from, i - from);
		send("\r\n", 2);
		from = i + 1;
	}
	send(text + from, length - from);
}

void say(const char *format, ...)
{
	char text[LINE_SIZE];
	size_t length = 0;
	__builtin_va_list arguments;

	__builtin_va_start(arguments, format);
	text_format(text, sizeof text, &length, format, arguments);
	__builtin_va_end(arguments);
	if (ring) {
		send_lines(text, length);
		return;
	}
	for (size_t i = 0; i < length && kept_length < sizeof kept; i++)
		kept[kept_length++] = text[i];
}

void console_drain(void)
{
	uint64_t since = 0;

	if (!ring)
		(void)hypercall_console_write(kept, kept_length);
	while (ring && !deaf &&
	       __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE) != ring->out_prod) {
		(void)event_take(port);
		if (!event_wait(port, &since))
			deaf = true;
	}
}

/* The port that start_info has; where that is no channel, another that is one. */
static uint32_t find_port(void)
{
	uint32_t given = facts.start_info->console_evtchn;
	uint16_t remote;

	if (given != facts.start_info->store_evtchn && event_channel_status(given, &remote))
		return given;
	for (uint32_t other = 1; other < FEW_PORTS; other++)
		if (other != facts.start_info->store_evtchn && event_channel_status(other, &remote))
			return other;
	return given;
}

/* By the order of xen.h, not by start_info: what is wrong there is to be said here. */
void console_start(void)
{
	if (!facts.has_console)
		return;
	ring = window_page(WINDOW_CONSOLE);
	port = find_port();
	send_lines(kept, kept_length);
}
