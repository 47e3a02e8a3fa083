/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "restarts.h"

#include <time.h>

/* Seconds. */
#define LEAST 2
#define MOST 60

/* A guest that ran for as long has got somewhere. */
#define LONG_MS 60000

unsigned restarts_pause(struct restarts *restarts, uint64_t lived_ms)
{
	unsigned pause = LEAST;

	if (lived_ms >= LONG_MS) {
		restarts->quick = 0;
		return pause;
	}
	for (unsigned i = 0; i < restarts->quick && pause < MOST; i++)
		pause *= 2;
	restarts->quick++;
	return pause < MOST ? pause : MOST;
}

uint64_t restarts_clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
