/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Xenstore: requests go through one ring and answers come through another, both in one page
 * of our own; an event tells the other side to look, and another tells us.
 */
#include "probe.h"

#include "hypercall.h"

static struct store_ring *ring(void)
{
	return window_page(WINDOW_STORE);
}

static uint32_t port(void)
{
	return facts.start_info->store_evtchn;
}

static bool put(const void *bytes, size_t count, uint64_t *since)
{
	struct store_ring *to = ring();
	const char *byte = bytes;

	for (size_t i = 0; i < count; i++) {
		while (to->req_prod - __atomic_load_n(&to->req_cons, __ATOMIC_ACQUIRE) >=
		       STORE_RING_SIZE) {
			event_send(port());
			if (!event_wait(port(), since))
				return false;
		}
		to->req[to->req_prod % STORE_RING_SIZE] = byte[i];
		__atomic_store_n(&to->req_prod, to->req_prod + 1, __ATOMIC_RELEASE);
	}
	return true;
}

/* What does not fit is read and dropped. */
static bool get(void *bytes, size_t size, size_t count, uint64_t *since)
{
	struct store_ring *from = ring();

	for (size_t i = 0; i < count; i++) {
		while (__atomic_load_n(&from->rsp_prod, __ATOMIC_ACQUIRE) == from->rsp_cons)
			if (!event_wait(port(), since))
				return false;
		if (i < size)
			((char *)bytes)[i] = from->rsp[from->rsp_cons % STORE_RING_SIZE];
		__atomic_store_n(&from->rsp_cons, from->rsp_cons + 1, __ATOMIC_RELEASE);
	}
	event_send(port());
	return true;
}

static bool ask(uint32_t type, const char *path, const char *value, char *answer, size_t size,
		const char **why)
{
	static uint32_t id;
	size_t path_size = text_length(path) + 1, value_size = value ? text_length(value) : 0;
	struct store_message message = {type, ++id, 0, (uint32_t)(path_size + value_size)};
	uint64_t since = 0;

	/* Nothing is on its way, so that an event from here on is the answer's. */
	(void)event_take(port());
	if (!put(&message, sizeof message, &since) || !put(path, path_size, &since) ||
	    !put(value, value_size, &since)) {
		*why = "the request was not read";
		return false;
	}
	event_send(port());
	if (!get(&message, sizeof message, sizeof message, &since) ||
	    !get(answer, size - 1, message.len, &since)) {
		*why = "there was no answer";
		return false;
	}
	answer[message.len < size ? message.len : size - 1] = 0;
	if (message.req_id != id) {
		*why = "the answer is to another request";
		return false;
	}
	if (message.type == STORE_ERROR) {
		*why = answer;
		return false;
	}
	if (message.type != type) {
		*why = "the answer is of another type";
		return false;
	}
	return true;
}

bool store_read(const char *path, char *value, size_t size, const char **why)
{
	return ask(STORE_READ, path, NULL, value, size, why);
}

bool store_write(const char *path, const char *value, const char **why)
{
	static char answer[64];

	return ask(STORE_WRITE, path, value, answer, sizeof answer, why);
}
