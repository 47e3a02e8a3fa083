/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time that only goes forward, for what is not waited for forever. */
#ifndef PVB_CORE_CLOCK_H
#define PVB_CORE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t pvb_now_ms(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

#endif
