/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "restarts.h"

#include <time.h>

#define LEAST_MS 2000
#define MOST_MS 60000

/* A guest that ran for as long has got somewhere. */
#define LONG_MS 60000

uint64_t restarts_pause_ms(struct restarts *restarts, uint64_t lived_ms)
{
	uint64_t pause = LEAST_MS;

	if (lived_ms >= LONG_MS) {
		restarts->quick = 0;
		return pause;
	}
	for (unsigned i = 0; i < restarts->quick && pause < MOST_MS; i++)
		pause *= 2;
	restarts->quick++;
	return pause < MOST_MS ? pause : MOST_MS;
}

uint64_t restarts_clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
