/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "fault.h"
#include "session.h"

#define PATIENCE UINT64_C(1000000000) /* before the bar is shown */
#define INTERVAL UINT64_C(100000000)  /* between two drawings */
#define BAR_WIDTH 30

/* A signal handler can reach nothing else. */
static volatile sig_atomic_t caught_signal;

static void remember(int number)
{
	caught_signal = number;
}

void progress_catch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	/* SA_RESETHAND: a second one ends the process at once. */
	struct sigaction action = {.sa_handler = remember,
				   .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};

	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		struct sigaction before;

		/* nohup(1) has them ignored, and so they stay. */
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &action, NULL);
	}
}

int progress_signal(void)
{
	return caught_signal;
}

void progress_begin(struct progress *progress)
{
	*progress = (struct progress){
		.began = session_clock(),
		.enabled = isatty(STDERR_FILENO) == 1,
	};
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		(void)fputs("\r\033[K", stderr);
	progress->shown = false;
}

int progress_report(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	struct progress *progress = opaque;
	uint64_t now = session_clock();

	if (progress_signal())
		return 1;
	if (!progress->enabled || now - progress->began < PATIENCE ||
	    now - progress->shown_at < INTERVAL)
		return 0;
	progress->shown = true;
	progress->shown_at = now;

	if (!total) {
		(void)fprintf(stderr, "\r\033[K%s ...", stage);
		return 0;
	}

	double share = done < total ? (double)done / (double)total : 1.0;
	int filled = (int)(share * BAR_WIDTH);

	(void)fprintf(stderr, "\r\033[K%-16s [", stage);
	for (int i = 0; i < BAR_WIDTH; i++)
		(void)putc(i < filled ? '#' : ' ', stderr);
	(void)fprintf(stderr, "] %3d %%", (int)(share * 100));
	return 0;
}

void progress_log(void *opaque, int level, const char *line)
{
	struct progress *progress = opaque;

	progress_end(progress);
	(void)fputs(level ? "  " : "", stderr);
	put_text(stderr, line);
	(void)putc('\n', stderr);
}
