/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a build costs in calls, in memory and in bytes written: counts, and no times. */
#ifndef PVB_TESTS_COST_H
#define PVB_TESTS_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "torture/scenario.h"

/*
 *   p2m       the form that it is asked for
 *   audit     what was built is audited, too
 *   twice     every page that is mapped is counted twice, as if it were written again
 */
struct cost_request {
	struct scenario scenario;
	const char *host;
	enum pvb_p2m_wish p2m;
	bool audit;
	bool twice;
};

/*
 *   bytes_written    mapped for writing, against bytes_planned: what the plan says is written
 *   p2m_written      of them pages of the p2m's list and tree, by the M2P
 *   anonymous        this process's own memory at its peak, of so much that is allowed
 *   runs             extents of the guest's memory
 *   list_pages, tree_pages, levels
 *                    as the plan has them
 *   checks           of the audit, which found nothing
 */
struct cost {
	uint64_t populate_calls, map_calls;
	uint64_t mapped_peak;
	uint64_t bytes_written, bytes_planned;
	uint64_t p2m_written;
	uint64_t anonymous, allowed;
	uint64_t runs;
	uint64_t list_pages, tree_pages, levels;
	uint64_t checks;
};

/*
 * Build in a process of its own, which may have only so much memory more than it has: what
 * the unpacked kernel takes, and 32 MiB.
 */
struct cost cost_of(const struct cost_request *request);

/*
 * No more memory than is allowed, no more mapped at once than 64 MiB, and nothing written
 * that is not in the plan, nor anything twice.
 */
void assert_modest(const struct cost *cost);

#endif
