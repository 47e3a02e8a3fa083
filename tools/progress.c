/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "fault.h"
#include "session.h"
#include "signals.h"
#include "text.h"

#define PATIENCE UINT64_C(1000000000) /* before the bar is shown */
#define INTERVAL UINT64_C(100000000)  /* between two drawings */
#define BAR_WIDTH 30

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

	if (signals_caught())
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

	if (level >= 0 && !progress->verbose)
		return;
	progress_end(progress);
	if (level < 0) {
		warn("%s", line);
		return;
	}
	(void)fputs(level ? "  " : "", stderr);
	put_text(stderr, line);
	(void)putc('\n', stderr);
}
