/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A finished domain, read back from its vCPU's registers, its page tables, the
 * M2P and its shared info, with the structures of Xen's own public headers.
 * Machine frames are told as the PFNs that they are, because two builds of the
 * same domain have different machine frames.
 */
#ifndef PVB_PEER_VIEW_H
#define PVB_PEER_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/host.h"

#define VIEW_PAGE_SHIFT 12
#define VIEW_PAGE_SIZE 4096
#define VIEW_WHY_MAX 256

/* start_info of either width; frames as PFNs. */
struct view_start_info {
	char magic[32];
	uint64_t nr_pages;
	uint64_t shared_info; /* machine byte address */
	uint64_t flags;
	uint64_t store_pfn;
	uint64_t store_port;
	uint64_t console_pfn;
	uint64_t console_port;
	uint64_t pt_base;
	uint64_t nr_pt_frames;
	uint64_t mfn_list;
	uint64_t mod_start;
	uint64_t mod_len;
	uint64_t first_p2m_pfn;
	uint64_t nr_p2m_frames;
	uint8_t cmd_line[1024];
	size_t size; /* of the structure in its page */
};

struct view {
	struct pvb_host *host;
	uint32_t domid;
	struct pvb_host_domain domain;
	struct pvb_host_vcpu vcpu;
	struct view_start_info start_info;
	unsigned levels;
	uint64_t root_mfn;
	uint64_t *p2m; /* nr_pages entries, INVALID as all ones */
	struct peer_view_frame *frames;
	size_t frame_count;
	struct {
		uint64_t from, to, count;
	} last_m2p;
	char why[VIEW_WHY_MAX];
};

/* Returns 0, or -1 with view->why filled. To be closed in either case. */
int peer_view_open(struct view *view, struct pvb_host *host, uint32_t domid);
void peer_view_close(struct view *view);

/* The PFN of a frame, or PVB_NO_FRAME. */
uint64_t peer_view_pfn(struct view *view, uint64_t mfn);

/* A frame's bytes, kept mapped until the view is closed: for page tables and single pages. */
const void *peer_view_frame(struct view *view, uint64_t mfn);

/* Bytes of pages first, first + 1, ... by PFN; NULL with why filled. To be given back. */
const void *peer_view_map(struct view *view, uint64_t first_pfn, uint64_t count);
void peer_view_unmap(struct view *view, const void *at, uint64_t count);

/* The frame that a virtual address is mapped to. */
bool peer_view_walk(struct view *view, uint64_t va, uint64_t *mfn);

/* Flags and frame of a page-table entry. */
#define VIEW_ENTRY_FRAME(entry) (((entry)&UINT64_C(0x000ffffffffff000)) >> VIEW_PAGE_SHIFT)
#define VIEW_ENTRY_FLAGS(entry) ((entry) & ~UINT64_C(0x000ffffffffff000))

#endif
