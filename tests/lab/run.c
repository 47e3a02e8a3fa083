/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/run.h"

#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/cleanup.h"

/* A domain that ends is announced; this is for what was missed. */
#define LOOK_AGAIN_MS 200

/* What a domain wrote just before it ended takes its way through the console's server. */
#define LAST_WORDS_MS 1000

static uint64_t milliseconds(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* Take what there is; false once the terminal has come to its end. */
static bool listen_to(int console, struct run *run)
{
	char bytes[1024];
	ssize_t n = read(console, bytes, sizeof bytes);

	for (ssize_t i = 0; i < n; i++)
		if (bytes[i] != '\r' && bytes[i] && run->length + 1 < sizeof run->text)
			run->text[run->length++] = bytes[i];
	run->text[run->length] = '\0';
	return n > 0;
}

static int follow(struct pvb_host *host, uint32_t domid, uint64_t until,
		  bool (*whole)(const char *text), int console, struct run *run,
		  struct pvb_error *error)
{
	bool open = true;

	for (;;) {
		struct pvb_domain_state state;
		int watch;
		int rc = pvb_domain_watch(host, &watch, error);

		if (rc == 0)
			rc = pvb_domain_get(host, domid, &state, error);
		if (rc)
			return rc;
		if (state.shutdown && !run->ended) {
			run->ended = true;
			run->reason = state.shutdown_reason;
			until = milliseconds() + LAST_WORDS_MS;
		}
		if (run->ended && (!open || (whole && whole(run->text))))
			return 0;
		if (milliseconds() >= until)
			return 0;

		struct pollfd fds[] = {{.fd = open ? console : -1, .events = POLLIN},
				       {.fd = watch, .events = POLLIN}};

		if (poll(fds, 2, LOOK_AGAIN_MS) > 0 && fds[0].revents)
			open = listen_to(console, run);
	}
}

int run_domain(struct pvb_host *host, uint32_t domid, unsigned seconds,
	       bool (*whole)(const char *text), struct run *run, struct pvb_error *error)
{
	PVB_AUTO_CLOSE int console = -1;
	int rc = pvb_domain_open_console(host, domid, &console, error);

	*run = (struct run){.length = 0};
	if (rc == 0)
		rc = pvb_domain_unpause(host, domid, error);
	if (rc)
		return rc;
	return follow(host, domid, milliseconds() + (uint64_t)seconds * 1000, whole, console, run,
		      error);
}
