/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where bytes come from: a file, a memfd, or memory of the caller's; always
 * readable at any offset. What cannot be (a pipe) is first taken into a memfd.
 */
#ifndef PVB_IMAGE_SOURCE_H
#define PVB_IMAGE_SOURCE_H

#include <stdint.h>

#include "core/error.h"
#include "core/span.h"
#include "image/limits.h"
#include "image/store.h"

/*
 *   fd      -1: memory
 *   store   a file that is closed with the source; then fd is its
 */
struct pvb_source {
	const char *name;
	int fd;
	struct pvb_store store;
	struct pvb_span memory;
	uint64_t size;
};

#define PVB_SOURCE_INIT                                                                            \
	{                                                                                          \
		.fd = -1, .store = PVB_STORE_INIT                                                  \
	}

void pvb_source_memory(struct pvb_source *source, struct pvb_span memory, const char *name);

/* fd is borrowed and its file offset left alone, unless it is a pipe or the like. */
int pvb_source_fd(struct pvb_source *source, int fd, const char *name,
		  const struct pvb_limits *limits, struct pvb_error *error);

/* Take a file over, and read from it from now on. */
void pvb_source_replace(struct pvb_source *source, struct pvb_store *store);

void pvb_source_close(struct pvb_source *source);

/* Exactly size bytes, which must be there. */
int pvb_source_read(const struct pvb_source *source, uint64_t offset, void *to, size_t size,
		    struct pvb_error *error);

#endif
