/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain that runs until it ends by itself, and what it says on its console meanwhile. */
#ifndef PVB_TESTS_LAB_RUN_H
#define PVB_TESTS_LAB_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/pvbuild.h>

/*
 *   text      what it said, without carriage returns; cut where there is no room
 *   ended     it shut down by itself, for reason (PVB_SHUTDOWN_*); else it was out of time
 */
struct run {
	char text[16384];
	size_t length;
	bool ended;
	unsigned reason;
};

/*
 * Unpause a built domain and follow it for so many seconds at most. Once it has shut down, what is
 * still on its way is waited for until whole() says that there is no more to come, or for a
 * moment; whole may be NULL. The domain is left as it is.
 */
int run_domain(struct pvb_host *host, uint32_t domid, unsigned seconds,
	       bool (*whole)(const char *text), struct run *run, struct pvb_error *error);

#endif
