/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* A signal handler can reach nothing else. */
static volatile sig_atomic_t caught;
static int wake[2] = {-1, -1};

static void remember(int number)
{
	int before = errno;

	caught = number;
	/* The pipe does not block: where it is full, whoever reads it is awake already. */
	if (wake[1] >= 0 && write(wake[1], "", 1) < 0)
		errno = before;
}

static void install(void (*handler)(int), int flags)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		struct sigaction before;

		/* nohup(1) has them ignored, and so they stay. */
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &action, NULL);
	}
}

void signals_catch(void)
{
	install(remember, (int)(SA_RESETHAND | SA_RESTART));
}

int signals_watch(void)
{
	if (wake[0] < 0 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
		wake[0] = wake[1] = -1;
	(void)signal(SIGPIPE, SIG_IGN);
	install(remember, 0);
	/* One that came before has no byte there. */
	if (caught)
		remember(caught);
	return wake[0];
}

void signals_forget(void)
{
	install(SIG_DFL, 0);
	caught = 0;
	for (size_t i = 0; i < 2; i++) {
		if (wake[i] >= 0)
			(void)close(wake[i]);
		wake[i] = -1;
	}
}

int signals_caught(void)
{
	return caught;
}
