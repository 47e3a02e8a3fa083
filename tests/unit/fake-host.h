/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host that does as it is told, for answers that no sound one gives: short
 * counts at will, frames too high, failures of a chosen call. It checks nothing.
 * Frame contents are kept in one sparse file.
 */
#ifndef PVB_TESTS_FAKE_HOST_H
#define PVB_TESTS_FAKE_HOST_H

#include "host/host.h"

#define FAKE_LOG 64
#define FAKE_MAP_MAX 8

struct fake_host {
	struct pvb_host host;
	struct pvb_host_info info;
	int fd;
	uint32_t domid;
	pvb_mfn_t shared_info;

	/* populate: the frame that comes next, and what a call may give */
	uint64_t next_mfn;
	uint64_t (*allow)(struct fake_host *fake, const struct pvb_host_populate *request);
	void (*spoil)(pvb_extent_t *extent); /* the first one of a call */
	uint64_t budget;                     /* for allow functions */
	uint64_t extra;                      /* added to the count that is reported */
	uint64_t populated;                  /* pages */
	struct {
		uint64_t first, count;
		unsigned order, address_bits;
		uint64_t done;
		int node;
		bool exact;
	} log[FAKE_LOG];
	size_t logged;

	/* free memory below any width; 0 for as much as there is in all */
	uint64_t free_below;
	pvb_mfn_t grant_frames[4];
	size_t grant_frame_count;
	struct pvb_host_record record;

	/* the call that fails, with this code, after so many of it that succeed */
	enum pvb_host_call fail_call;
	int fail_code;
	unsigned fail_after;

	/* or the one that is the fail_nth of all, from 1; the last one made is failed_call */
	uint64_t fail_nth;
	uint64_t calls;
	enum pvb_host_call failed_call;

	/* frames are filled with dirt each time that they are mapped: what is not written shows,
	 * and so does what is written in two goes */
	bool dirty;

	/* what was done */
	uint64_t frames_mapped;
	uint64_t largest_map;
	uint64_t claimed;
	unsigned claim_calls;
	unsigned destroyed;
	uint8_t own_uuid; /* fills the handle that the host gives, instead of the wanted one */
	struct pvb_host_vcpu vcpu;
	struct pvb_host_grant grants[4];
	size_t grant_count;
	unsigned pinned_level;
	pvb_mfn_t pinned;
	uint64_t mapped_at_pin;
	pvb_mfn_t hypercall_page;
	unsigned guest_bits;
	uint64_t most_pages; /* that a domain is let have, whatever is set; 0 for any number */
	uint64_t max_memory;
	struct pvb_host_memory memory_map[FAKE_MAP_MAX];
	size_t memory_map_count;
	uint32_t remotes[4];
	size_t channels;
	struct pvb_host_domain_config config;
	struct pvb_host_introduction introduction; /* strings are not kept */
};

/* 4 KiB pages, 46 bits, everything allowed, frames handed out upwards from 0x1000. */
void fake_open(struct fake_host *fake);
void fake_close(struct fake_host *fake);

/* Copy a frame (4 KiB) out. */
void fake_read(const struct fake_host *fake, uint64_t mfn, void *page);

#endif
