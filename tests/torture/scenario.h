/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small domain, from the bytes of its kernel to its audit, on a simulated host. */
#ifndef PVB_TESTS_SCENARIO_H
#define PVB_TESTS_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/pvbuild.h>

#include "support/blob.h"

/*
 *   kernel    makes the kernel
 *   ramdisk   bytes, 0 for none
 *   tree      levels of a p2m tree beside the list, 0 for none
 *   host      what the simulated host is told besides, with a comma behind it, or NULL
 *   ranges    where the memory is, range_count of them; NULL for one from 0 on
 *   confined  all limits, CPUs and shares are said, and a vCPU more than vcpus is offline
 */
struct scenario {
	const char *name;
	struct blob (*kernel)(void);
	uint64_t ramdisk;
	uint64_t memory;
	uint32_t vcpus;
	const char *host;
	uint32_t tree;
	const struct pvb_memory_range *ranges;
	size_t range_count;
	bool confined;
};

struct blob scenario_linux_64(void);
struct blob scenario_bzimage_64(void);
struct blob scenario_linux_32(void);
struct blob scenario_small_64(void);
struct blob scenario_legacy_32(void); /* wants its root below 4 GiB */

/*
 * A 64-bit and a 32-bit guest with a ramdisk each, two that do with less, of which one has a p2m
 * tree, and one with a tree and a hole in its memory.
 */
extern const struct scenario scenarios[];
extern const unsigned scenario_count;

/* Guests that are translated, one a page size of the host's; none without libfdt. */
extern const struct scenario arm64_scenarios[];
extern const unsigned arm64_scenario_count;

/* What a run works on, made once: no part of what is tried. */
struct scenario_files {
	struct blob kernel;
	int ramdisk;
};

void scenario_prepare(const struct scenario *scenario, struct scenario_files *files);
void scenario_forget(struct scenario_files *files);

/* What became of a run. */
struct scenario_result {
	int rc;
	struct pvb_error error;
	const char *step; /* "host", "image", "plan", "build", "audit" */
	uint32_t domid;   /* of what was built */
	uint64_t extents;
};

/*
 * Open the image, plan, build on the host and, where audit is set, audit what was built.
 * Everything but the domain is released again.
 */
void scenario_run(const struct scenario *scenario, const struct scenario_files *files,
		  struct pvb_host *host, bool audit, struct scenario_result *result);

/*
 * What a host must be left with: nothing mapped, its books in order and, where the build
 * failed, no domain and no claim; a domain that was built is destroyed without a trace.
 */
void assert_host_is_clean(struct pvb_host *host, const struct scenario_result *result);

/* The error of a result is one that a user can act on. */
void assert_clean_error(const struct scenario_result *result);

/*
 * What this process holds: open files and mappings. Under a sanitizer or valgrind, which
 * have mappings of their own, only those of files in memory count, such as guest memory
 * and unpacked images.
 */
struct holdings {
	unsigned fds;
	unsigned mappings;
};

struct holdings count_holdings(void);
void assert_holds_only(struct holdings before);

/* All of it: open the host that description names ("sim:..."), run, check, close. */
void scenario_try(const struct scenario *scenario, const struct scenario_files *files,
		  const char *description, bool audit, struct scenario_result *result);

#endif
