/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A finished domain as the auditor sees it, wherever it is: on a host
 * (live.c) or in a core dump (core.c). Nothing here trusts the guest, and
 * nothing costs memory in proportion to it.
 */
#ifndef PVB_AUDIT_VIEW_H
#define PVB_AUDIT_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>

#include "core/frames.h"
#include "host/host.h"

/* x86 PV: the page of the ABI. */
#define VIEW_PAGE_SHIFT 12u
#define VIEW_PAGE_SIZE 4096u

/* Frames that one call may ask for. */
#define VIEW_BATCH 1024u

/* type and pinned mean something where the view knows types. */
struct view_frame {
	bool owned;
	bool pinned;
	enum pvb_frame_type type;
};

struct view;

/*
 * read      copy count frames, at most VIEW_BATCH and all of them owned
 * m2p       *pfn of a frame (PVB_NO_FRAME if it has none), and how many frames from there
 *           on continue it, 1 <= *count <= limit
 * frames    what count frames, at most VIEW_BATCH, are to the domain
 */
struct view_ops {
	void (*close)(struct view *view);
	int (*read)(struct view *view, const pvb_mfn_t *frames, size_t count, uint8_t *to,
		    struct pvb_error *error);
	int (*m2p)(struct view *view, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn,
		   uint64_t *count, struct pvb_error *error);
	int (*frames)(struct view *view, const pvb_mfn_t *frames, size_t count,
		      struct view_frame *info, struct pvb_error *error);
};

#define VIEW_CACHE 32u

/*
 *   guest_bits    32 or 64
 *   pages         frames that the domain owns
 *   vcpu          registers of vCPU 0
 *   shared_info   the page, where has_shared_info; its frame where known, else PVB_NO_FRAME
 *   knows_types   the hypervisor was asked for frame types
 *   pte_bits      that the hypervisor uses of this domain, where knows_pte_bits; its grant
 *                 bit only where knows_grant_bit
 *   grants        the first of them, where knows_grants; and the first frames of their table
 *   record        what whoever made the domain left of it
 */
struct view {
	const struct view_ops *ops;
	unsigned guest_bits;
	uint64_t pages;
	struct pvb_host_vcpu vcpu;
	bool has_shared_info;
	bool knows_types;
	bool knows_grant_bit;
	bool knows_grants;
	bool knows_pte_bits;
	struct pvb_host_pte_bits pte_bits;
	pvb_mfn_t shared_info_frame;
	uint8_t shared_info[VIEW_PAGE_SIZE];
	struct pvb_host_grant grants[64];
	size_t grant_count;
	pvb_mfn_t grant_frames[64];
	size_t grant_frame_count;
	struct pvb_host_record record;

	/* The last run of the M2P and the last frames that were asked for. */
	struct {
		pvb_mfn_t first;
		pvb_pfn_t pfn;
		uint64_t count;
	} run;
	struct {
		pvb_mfn_t frame;
		uint8_t bytes[VIEW_PAGE_SIZE];
	} cache[VIEW_CACHE];
};

int view_live(struct pvb_host *host, uint32_t domid, struct view **view, struct pvb_error *error);
int view_core(const char *path, size_t max_extents, struct view **view, struct pvb_error *error);

/* A domain whose memory is still as it was built: paused, and never run. */
int view_check_state(const struct pvb_host_domain *domain, struct pvb_error *error);

/* For implementations: what every view begins with. */
void view_init(struct view *view, const struct view_ops *ops);

/* NULL is fine. */
void view_close(struct view *view);

/* Copy owned frames, any number of them. */
int view_read(struct view *view, const pvb_mfn_t *frames, size_t count, uint8_t *to,
	      struct pvb_error *error);

/* An owned frame; valid until the next call. */
int view_page(struct view *view, pvb_mfn_t frame, const uint8_t **bytes, struct pvb_error *error);

int view_m2p(struct view *view, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn, uint64_t *count,
	     struct pvb_error *error);

/* Any number of frames. */
int view_frames(struct view *view, const pvb_mfn_t *frames, size_t count, struct view_frame *info,
		struct pvb_error *error);

/* One frame, and its PFN: PVB_NO_FRAME where it is not the domain's or has none. */
int view_own(struct view *view, pvb_mfn_t frame, struct view_frame *info, pvb_pfn_t *pfn,
	     struct pvb_error *error);

#endif
