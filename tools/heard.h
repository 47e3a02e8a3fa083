/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has come through of a guest's console, beside what the guest has written.
 *
 * A guest writes into a ring of its memory. The console daemon takes bytes from there into a buffer
 * of its own, and passes them on when it gets to it. So an empty ring says nothing of what is still
 * to come, and silence does not either where the daemon is starved or stopped. But the ring keeps
 * what was written last, taken or not.
 */
#ifndef PVB_TOOLS_HEARD_H
#define PVB_TOOLS_HEARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/domain.h>

/*
 *   total        bytes that have come through
 *   last         the last of them, at total modulo the size
 *   from_start   the guest had written nothing before the first of them
 */
struct heard {
	uint64_t total;
	uint8_t last[PVB_CONSOLE_RING_BYTES];
	bool from_start;
};

void heard_add(struct heard *heard, const char *bytes, size_t count);

/*
 *   rest    so many bytes at the end of ring.last have not come through
 *   gap     there are more before them, which the ring does not have any more
 *   lost    how many these are; 0 where nobody can tell
 *   whole   all has come through, and it was counted: nothing more will come
 *   owed    it was counted, and more is to come, whether or not the contents say so
 */
struct heard_rest {
	uint32_t rest;
	uint32_t lost;
	bool gap;
	bool whole;
	bool owed;
};

/*
 * Compare with the ring of a guest that has ended. Nothing in the ring is trusted: at worst, a
 * guest has its own bytes shown twice or not at all.
 */
struct heard_rest heard_compare(const struct heard *heard, const struct pvb_console_ring *ring);

#endif
