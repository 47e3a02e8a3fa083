/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Carrying a plan out on a host: from nothing to a paused domain, ready to run.
 */
#ifndef PVBUILD_BUILD_H
#define PVBUILD_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/export.h>
#include <pvbuild/host.h>
#include <pvbuild/image.h>
#include <pvbuild/plan.h>
#include <pvbuild/progress.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pvb_domain;

/*
 *   size          sizeof(struct pvb_build_options); PVB_BUILD_OPTIONS_INIT sets it
 *   name          of the domain; NULL means "pvbuild"
 *   uuid          handle of the domain; all zero leaves it to the host, of which a real one
 *                 makes a random one
 *   module_fds    one file descriptor a module of the plan, read with pread() from 0; borrowed
 *   console_domid, xenstore_domid   the backends' domains, usually 0
 *   guarded       the built domain still goes when this process does, however that ends, until
 *                 pvb_domain_keep(); otherwise pvb_build() does that once all is done. A domain
 *                 that is not finished never outlives the process that builds it.
 *   progress, log may be NULL
 *   strict_address_bits   refuse where a page of the grant table, which Xen takes from where
 *                 it likes, lies above the plan's width, instead of building all the same
 *
 * These contain the guest; 0 stands for the default, which comes last:
 *
 *   max_event_channels    highest port that it can have, the store's and the console's included;
 *                         1023
 *   max_grant_frames      pages that its grant table can grow to; the host's own limit
 *   max_maptrack_frames   pages in which the hypervisor notes what the guest has mapped of
 *                         others; the host's own limit. PVB_NO_MAPTRACK: none
 *   max_grant_version     1 or 2, of grant tables; the newest that the host lets a guest have
 *
 * These say where and how much it runs; 0 or NULL stands for the default, which comes last:
 *
 *   pool                  the CPU pool's name, or its number in decimal; NULL for pool 0
 *   cpus                  CPUs that each vCPU may run on: cpus_count strings, the first for vCPU 0.
 *                         A vCPU without a string, or with NULL, may run on all of the pool's;
 * strings for vCPUs that the domain does not have are ignored soft_cpus             CPUs that it
 * should run on where it can, in the same way cpu_weight            its share of the pool's CPUs
 * beside that of other domains, 1 to 65535; the scheduler's default cpu_cap               most CPU
 * time that it gets, in percent of one CPU, up to 100 for each vCPU; no limit
 *
 * CPUs are named as in xl.cfg(5), terms with commas between them: "3", "0-5", "node:1",
 * "nodes:0-1", "all", and with "^" before it what is to be left out of those before:
 * "0-7,^2-3". Numbers that no CPU has are ignored, but a vCPU that may run on none is refused with
 * PVB_E_ARG_CPUS. A scheduler that knows no weight or cap ignores both, and the log says so.
 */
#define PVB_NO_MAPTRACK UINT32_MAX

struct pvb_build_options {
	size_t size;
	const char *name;
	uint8_t uuid[16];
	const int *module_fds;
	size_t module_fd_count;
	uint16_t console_domid;
	uint16_t xenstore_domid;
	pvb_progress_fn progress;
	void *progress_opaque;
	pvb_log_fn log;
	void *log_opaque;
	bool guarded;
	bool strict_address_bits;
	uint32_t max_event_channels;
	uint32_t max_grant_frames;
	uint32_t max_maptrack_frames;
	uint32_t max_grant_version;
	const char *pool;
	const char *const *cpus;
	size_t cpus_count;
	const char *const *soft_cpus;
	size_t soft_cpus_count;
	uint32_t cpu_weight;
	uint32_t cpu_cap;
};

#define PVB_BUILD_OPTIONS_INIT                                                                     \
	{                                                                                          \
		.size = sizeof(struct pvb_build_options)                                           \
	}

/* A stage of the build and the time it took. */
struct pvb_build_stage {
	const char *name;
	uint64_t nanoseconds;
};

/* start_info as it was written (fields of Xen's public xen.h; frame numbers are frames). */
struct pvb_start_info {
	char magic[32];
	uint64_t nr_pages;
	uint64_t shared_info; /* machine byte address */
	uint32_t flags;       /* SIF_* */
	uint64_t store_mfn;
	uint32_t store_evtchn;
	uint64_t console_mfn;
	uint32_t console_evtchn;
	uint64_t pt_base;
	uint64_t nr_pt_frames;
	uint64_t mfn_list;
	uint64_t mod_start;
	uint64_t mod_len;
	const char *cmd_line; /* owned by the domain */
	uint64_t first_p2m_pfn;
	uint64_t nr_p2m_frames;
};

/* A run of guest memory: bytes at gpa lie contiguously at maddr of the machine. */
struct pvb_memory_extent {
	uint64_t gpa;
	uint64_t maddr;
	uint64_t bytes;
};

/*
 * What a translated guest asks the hypervisor for, which a PV one reads in start_info: pages by
 * guest physical address, and event channels.
 */
struct pvb_domain_parameters {
	uint64_t store_gpa;
	uint32_t store_port;
	uint64_t console_gpa;
	uint32_t console_port;
};

/*
 * A built domain. Owned by the domain handle, immutable. One that is translated (arm64) has
 * parameters, and neither start_info, shared info nor root page table: those are all zero.
 */
struct pvb_domain_info {
	uint32_t domid;
	const char *name;
	uint8_t uuid[16];
	struct pvb_start_info start_info;
	uint64_t shared_info_maddr;
	uint64_t root_maddr;     /* machine address of the root page table */
	uint64_t p2m_root_maddr; /* and of the root of the p2m's tree; PVB_NONE without one */
	const struct pvb_build_stage *stages;
	size_t stage_count;
	const struct pvb_memory_extent *extents; /* ascending by gpa */
	size_t extent_count;
	const uint64_t *grant_table; /* machine addresses of its pages */
	size_t grant_table_pages;
	size_t grant_table_high; /* pages of it above what the guest copes with */
	unsigned address_bits;   /* that every machine address of guest memory keeps to */
	bool translated;
	struct pvb_domain_parameters parameters;
};

/*
 * Build a domain. It is left paused. plan, image and host are borrowed for the
 * call; plan must have been made from image, for a host like this one.
 * On failure nothing is left behind on the host.
 */
PVB_API int pvb_build(struct pvb_host *host, const struct pvb_plan *plan,
		      const struct pvb_image *image, const struct pvb_build_options *options,
		      struct pvb_domain **domain, struct pvb_error *error);

PVB_API const struct pvb_domain_info *pvb_domain_info(const struct pvb_domain *domain);

/* Forget the handle; the domain goes on. NULL is fine. */
PVB_API void pvb_domain_free(struct pvb_domain *domain);

#ifdef __cplusplus
}
#endif

#endif
