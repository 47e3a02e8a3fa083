/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is in machine memory: one sparse memfd, indexed by machine address. A
 * page that nobody touched is a hole in it, and costs nothing.
 *
 * Unless memory is to be clean, such a page is not zero but has the pattern that
 * a hypervisor with CONFIG_SCRUB_DEBUG leaves, so that whoever relies on zeros is
 * found out. The pattern is written when the page is first looked at.
 */
#ifndef PVB_HOST_SIM_CONTENTS_H
#define PVB_HOST_SIM_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Xen's SCRUB_PATTERN, a byte of it. */
#define SIM_DIRTY_BYTE 0xc2

struct sim_contents {
	int fd;
	unsigned shift; /* log2 of a frame's bytes */
	uint64_t frames;
	bool clean;
};

/* -1 with errno set. */
int sim_contents_open(struct sim_contents *contents, unsigned shift, uint64_t frames, bool clean);
void sim_contents_close(struct sim_contents *contents);

/* A part of a frame, size bytes at offset. False (with errno set) if the memfd fails. */
bool sim_contents_read(const struct sim_contents *contents, uint64_t mfn, size_t offset,
		       void *bytes, size_t size);
bool sim_contents_write(const struct sim_contents *contents, uint64_t mfn, size_t offset,
			const void *bytes, size_t size);

/* All of a frame. */
bool sim_contents_zero(const struct sim_contents *contents, uint64_t mfn);

/* Map count frames at "at", over what is there. False with errno set. */
bool sim_contents_map(const struct sim_contents *contents, uint64_t mfn, uint64_t count,
		      bool writable, void *at);

/* Make frames untouched again. */
void sim_contents_forget(const struct sim_contents *contents, uint64_t mfn, uint64_t count);

/* Whether a frame was touched, and how many from there on (up to limit) share the answer. */
bool sim_contents_touched(const struct sim_contents *contents, uint64_t mfn, uint64_t limit,
			  uint64_t *count);

#endif
