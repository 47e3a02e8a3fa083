/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What came of "create": what the renderers for people and for programs are handed. */
#ifndef PVB_TOOLS_CREATION_H
#define PVB_TOOLS_CREATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/pvbuild.h>

/* A part of the way and its time, in the order in which they were gone. */
struct creation_step {
	const char *name;
	uint64_t nanoseconds;
};

enum { CREATION_STEPS_MAX = 48 };

/*
 *   host        for its counts of calls
 *   audit       NULL where none was asked for
 *   runs        it is started; else it stays paused
 *   dump        path of the core that was written, or NULL
 *   mapped_peak most guest memory that was mapped at once, in bytes
 *   peak_rss    most memory that this process had, in bytes
 *   image_peak  and most that the unpacked kernel took beside it, in files in memory
 */
struct creation {
	const struct pvb_host *host;
	const struct pvb_host_info *host_info;
	const struct pvb_plan_info *plan;
	const struct pvb_domain_info *domain;
	const struct pvb_audit_report *audit;
	const char *dump;
	bool runs;
	struct creation_step steps[CREATION_STEPS_MAX];
	size_t step_count;
	uint64_t mapped_peak;
	uint64_t peak_rss;
	uint64_t image_peak;
};

#endif
