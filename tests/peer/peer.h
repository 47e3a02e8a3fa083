/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The same domain built twice: once by libpvbuild and once by Xen's own
 * libxenguest, each on a simulated host of the same kind.
 */
#ifndef PVB_PEER_PEER_H
#define PVB_PEER_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/plan.h>

#include "host/host.h"

/* What a domain is built from. */
struct peer_case {
	const char *kernel; /* path */
	uint64_t memory;
	const char *command_line;
	int ramdisk; /* file descriptor, or -1 */
	uint64_t ramdisk_bytes;
	/*
	 * libxenguest sets SIF_VIRT_P2M_4TOOLS, and xc_linux_build() keeps it; libxl erases it.
	 * False is libxl's way.
	 */
	bool keep_flags;
	enum pvb_p2m_wish p2m; /* libpvbuild's alone: libxenguest has lists */
};

struct peer_segment {
	bool present;
	uint64_t pfn;
	uint64_t pages;
	uint64_t va; /* PVB_NONE where it is not mapped */
};

/* A layout, as the builder itself says it is. */
struct peer_layout {
	struct peer_segment kernel, module, p2m, start_info, xenstore, console, page_tables,
		boot_stack;
	uint64_t end_pfn; /* past the last frame that was laid out */
	uint64_t map_end; /* past the last address that the initial tables map */
};

#define PEER_WHY_MAX 2048

struct peer_domain {
	struct pvb_host *host; /* owned */
	uint32_t domid;
	struct peer_layout layout;
	uint64_t decoded;  /* nanoseconds of CPU time until the kernel was unpacked and parsed */
	uint64_t p2m_time; /* nanoseconds of CPU time in which libpvbuild wrote the p2m */
	char why[PEER_WHY_MAX]; /* of a refusal, in the builder's own words */
};

/*
 * Open a host by its description and build on it. Both return 0, or -1 with
 * domain->why filled. The domain is to be closed in either case.
 */
int peer_build_ours(const char *host, const struct peer_case *which, struct peer_domain *domain);
int peer_build_theirs(const char *host, const struct peer_case *which, struct peer_domain *domain);
void peer_domain_close(struct peer_domain *domain);

/*
 * The steps that the two above consist of, for those who measure: building on a
 * host that is open already.
 */
int peer_ours_on(struct pvb_host *host, const struct peer_case *which, struct peer_domain *domain);
int peer_theirs_on(struct pvb_host *host, const struct peer_case *which,
		   struct peer_domain *domain);

/* CPU time of this process so far, in nanoseconds. */
uint64_t peer_cpu_time(void);

/*
 * Make sure that the adapter is loaded: where it is not, run this program again
 * with it preloaded. Returns only if it is there, or with -1 where it cannot be had.
 */
int peer_preload(char **argv);

#endif
