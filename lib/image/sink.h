/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where bytes go: a file in memory (store.h). What comes in is watched from its first bytes on
 * (watch.h), so that a stream which cannot be a kernel is refused when that can first be known.
 */
#ifndef PVB_IMAGE_SINK_H
#define PVB_IMAGE_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "image/limits.h"
#include "image/store.h"
#include "image/watch.h"

/*
 *   size     bytes taken in
 *   held     bytes of files in memory that were there before
 *   fill     bytes of buffer, the last of size
 *   decoded  they come out of a decoder, and count as growth
 */
struct pvb_sink {
	struct pvb_store store;
	uint64_t size;
	uint64_t held;
	uint8_t *buffer;
	size_t fill;
	bool decoded;
	const struct pvb_limits *limits;
	struct pvb_watch *watch;
};

#define PVB_SINK_INIT                                                                              \
	{                                                                                          \
		.store = PVB_STORE_INIT                                                            \
	}
#define PVB_SINK_AUTO __attribute__((cleanup(pvb_sink_close)))

int pvb_sink_open(struct pvb_sink *sink, const struct pvb_limits *limits, enum pvb_expect expect,
		  struct pvb_error *error);
int pvb_sink_write(struct pvb_sink *sink, const void *bytes, size_t size, struct pvb_error *error);

/* Hands the file over. It is not sealed yet. */
int pvb_sink_finish(struct pvb_sink *sink, struct pvb_store *store, struct pvb_error *error);

/* What a failed one leaves behind; nothing after pvb_sink_finish(). */
void pvb_sink_close(struct pvb_sink *sink);

/* Bytes that came in before, for the watch. */
int pvb_sink_read_back(struct pvb_sink *sink, uint64_t offset, void *to, size_t size,
		       struct pvb_error *error);

#endif
