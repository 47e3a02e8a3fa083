/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long a guest that is to be built anew is left alone first. xl waits for 2 s. A guest that
 * ends as soon as it has started would keep the host busy for ever, so that the pause doubles with
 * each of them in a row, up to a minute.
 */
#ifndef PVB_TOOLS_RESTARTS_H
#define PVB_TOOLS_RESTARTS_H

#include <stdint.h>

/*
 *   quick       guests in a row that ended soon
 *   second_ms   how long a second of a pause is
 *   stop        readable once the wait is to end; or -1
 */
struct restarts {
	unsigned quick;
	unsigned second_ms;
	int stop;
};

#define RESTARTS_INIT                                                                              \
	{                                                                                          \
		.second_ms = 1000, .stop = -1                                                      \
	}

/* How many seconds to wait after a guest that ran for so long. */
unsigned restarts_pause(struct restarts *restarts, uint64_t lived_ms);

/* Milliseconds of a clock that only goes forward, the same in all processes. */
uint64_t restarts_clock_ms(void);

#endif
