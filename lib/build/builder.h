/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A build under way: what it was given, what it has acquired, how far it is.
 * The stages stand in build.c, in order; the files beside it carry them out.
 */
#ifndef PVB_BUILD_BUILDER_H
#define PVB_BUILD_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/build.h>

#include "core/error.h"
#include "core/frames.h"
#include "core/runs.h"
#include "host/host.h"
#include "plan/plan.h"

/* Guest memory is mapped in windows of at most this many bytes, one at a time. */
#define PVB_WINDOW_BYTES (UINT64_C(16) << 20)

struct pvb_builder {
	struct pvb_host *host;
	const struct pvb_plan *plan;
	const struct pvb_image *image;
	struct pvb_build_options options;
	struct pvb_host_info host_info;

	/*
	 * Every machine address must lie below 1 << address_bits; bits_to_ask is what to tell
	 * the host of it, 0 where the host cannot go beyond it anyway.
	 */
	unsigned address_bits;
	unsigned bits_to_ask;

	/* The CPU pool that the domain runs in; looked up where the options are about CPUs. */
	struct pvb_host_pool pool;

	/* Bits of page-table entries that this hypervisor uses of the guest. */
	struct pvb_plan_pte_bits pte_bits;

	const char *stage;
	uint64_t done;
	uint64_t total;

	bool created;
	bool claimed;
	uint32_t domid;
	uint8_t uuid[16];       /* as the host has it */
	struct pvb_runs memory; /* PFN to MFN */
	uint64_t populated;     /* pages */
	uint32_t store_port;
	uint32_t console_port;
	pvb_mfn_t shared_info;
	pvb_mfn_t p2m_root; /* of the tree, where there is one */
	size_t grant_pages; /* of the grant table that were looked at, and those too high */
	size_t grant_pages_high;

	pvb_mfn_t *window; /* the MFNs of one window, of window_frames */
	uint64_t window_frames;
	uint64_t mapped; /* frames that this build has mapped now */

	struct pvb_domain *domain; /* what will be handed out */
};

/* ---- build.c: progress and log ---- */

/* Done so much more of the stage. Fails with PVB_E_ARG_CANCELLED where the caller wants to stop. */
int pvb_builder_advance(struct pvb_builder *builder, uint64_t by, struct pvb_error *error);
void pvb_builder_log(const struct pvb_builder *builder, int level, const char *format, ...)
	PVB_PRINTF(3, 4);

/* ---- domain.c: the domain before and after the builder proper, as libxl does it ---- */

int pvb_build_create(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_destroy(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_max_memory(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_event_channels(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_memory_map(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_cpu_policy(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_guest_bits(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_pte_bits(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_introduce(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_record(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_keep(struct pvb_builder *builder, struct pvb_error *error);

/* ---- schedule.c: where and how much the domain runs ---- */

/* That a domain can have the limits and the share that the options want. */
int pvb_build_check_confinement(const struct pvb_builder *builder, struct pvb_error *error);
/* Not a stage of its own: the pool is named with the domain. */
int pvb_build_find_pool(struct pvb_builder *builder, struct pvb_host_pool *pool,
			struct pvb_error *error);
int pvb_build_affinity(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_share(struct pvb_builder *builder, struct pvb_error *error);

/* ---- result.c: struct pvb_domain ---- */

/* Everything that a result needs is allocated before anything is done to the host. */
int pvb_result_create(struct pvb_builder *builder, size_t stages, struct pvb_error *error);
struct pvb_start_info *pvb_result_start_info(struct pvb_domain *domain);
void pvb_result_stage(struct pvb_domain *domain, const char *name, uint64_t nanoseconds);
int pvb_result_grant_table(struct pvb_builder *builder, const pvb_mfn_t *frames, size_t count,
			   struct pvb_error *error);
int pvb_result_complete(struct pvb_builder *builder, struct pvb_error *error);

/* ---- memory.c ---- */

int pvb_build_claim(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_release_claim(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_populate(struct pvb_builder *builder, struct pvb_error *error);
/* All that is populated: what a guest's memory is said to be, and an arm64 guest's magic pages. */
uint64_t pvb_build_pages(const struct pvb_builder *builder);
uint64_t pvb_build_populate_bytes(const struct pvb_builder *builder);

/* The frame by which the hypervisor knows a PFN: of a translated guest it is the PFN itself. */
int pvb_builder_frame(const struct pvb_builder *builder, pvb_pfn_t pfn, pvb_mfn_t *mfn,
		      struct pvb_error *error);

/* ---- window.c ---- */

int pvb_window_create(struct pvb_builder *builder, struct pvb_error *error);
void pvb_window_free(struct pvb_builder *builder);

/* Write count frames, from first on, that lie one after the other at "at". */
typedef int (*pvb_window_fn)(struct pvb_builder *builder, void *opaque, uint8_t *at,
			     pvb_pfn_t first, uint64_t count, struct pvb_error *error);

/* Map count PFNs from first on, a window at a time, have each window written, and unmap it. */
int pvb_window_each(struct pvb_builder *builder, pvb_pfn_t first, uint64_t count,
		    pvb_window_fn write, void *opaque, struct pvb_error *error);

/* The same for one frame that need not be of the guest's memory. */
int pvb_window_frame(struct pvb_builder *builder, pvb_mfn_t frame, uint8_t **at,
		     struct pvb_error *error);
void pvb_window_close(struct pvb_builder *builder, uint8_t *at, uint64_t count);

/* ---- load.c: kernel and ramdisk ---- */

/* That the image's pieces and the modules are what the plan was made for. */
int pvb_build_check_image(const struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_check_module(const struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_load(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_load_module(struct pvb_builder *builder, struct pvb_error *error);
/* Exactly size bytes of the unpacked image. */
int pvb_read_image(const struct pvb_builder *builder, uint64_t offset, void *to, uint64_t size,
		   struct pvb_error *error);
uint64_t pvb_build_load_bytes(const struct pvb_builder *builder);

/* ---- p2m.c ---- */

int pvb_build_p2m(struct pvb_builder *builder, struct pvb_error *error);
uint64_t pvb_build_p2m_bytes(const struct pvb_builder *builder);

/* ---- tables.c: the page tables ---- */

int pvb_build_page_tables(struct pvb_builder *builder, struct pvb_error *error);
uint64_t pvb_build_page_tables_bytes(const struct pvb_builder *builder);
int pvb_build_pin(struct pvb_builder *builder, struct pvb_error *error);

/* ---- info.c: the pages that tell a guest of itself ---- */

int pvb_build_rings(struct pvb_builder *builder, struct pvb_error *error);
/* For pvb_window_each(). */
int pvb_write_zero(struct pvb_builder *builder, void *opaque, uint8_t *at, pvb_pfn_t first,
		   uint64_t count, struct pvb_error *error);
int pvb_build_start_info(struct pvb_builder *builder, struct pvb_error *error);
/* Not a stage of its own: where the hypervisor has put it. */
int pvb_build_find_shared_info(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_shared_info(struct pvb_builder *builder, struct pvb_error *error);

/* ---- grants.c ---- */

/* Not a stage of its own: as far as the hypervisor has made it. */
int pvb_build_find_grant_table(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_grants(struct pvb_builder *builder, struct pvb_error *error);

/* ---- arm64.c: what a translated guest has in the place of page tables and start_info ---- */

int pvb_build_check_arm64_image(const struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_arm64_bits(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_arm64_load(struct pvb_builder *builder, struct pvb_error *error);
uint64_t pvb_build_arm64_load_bytes(const struct pvb_builder *builder);
int pvb_build_arm64_rings(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_arm64_parameters(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_arm64_vcpu(struct pvb_builder *builder, struct pvb_error *error);

/* ---- vcpu.c ---- */

int pvb_build_hypercall_page(struct pvb_builder *builder, struct pvb_error *error);
int pvb_build_vcpu(struct pvb_builder *builder, struct pvb_error *error);

#endif
