/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file in memory. Pages of zeros are left out of it: they are holes, which cost nothing. What
 * it takes is counted in the pvb_cost of the image that it is a part of.
 */
#ifndef PVB_IMAGE_STORE_H
#define PVB_IMAGE_STORE_H

#include <stdint.h>

#include "core/error.h"
#include "image/limits.h"

/* What is looked at for zeros at a time: a page of any host's memory is a multiple of it. */
enum { PVB_STORE_HOLE = 4096 };

/*
 *   fd       -1: there is none
 *   size     of the file
 *   stored   bytes of it that take memory
 */
struct pvb_store {
	int fd;
	uint64_t size;
	uint64_t stored;
	struct pvb_cost *cost;
};

#define PVB_STORE_INIT                                                                             \
	{                                                                                          \
		.fd = -1                                                                           \
	}
#define PVB_STORE_AUTO __attribute__((cleanup(pvb_store_close)))

int pvb_store_open(struct pvb_store *store, struct pvb_cost *cost, struct pvb_error *error);

/* Nothing where there is none. */
void pvb_store_close(struct pvb_store *store);

/* Hands the file on; the other one is then without. */
struct pvb_store pvb_store_steal(struct pvb_store *store);

/*
 * Put bytes where only holes have been. The size moves on with them. Zeros are left out where
 * they fill multiples of PVB_STORE_HOLE, counted from offset, if that is a multiple too.
 */
int pvb_store_put(struct pvb_store *store, uint64_t offset, const uint8_t *bytes, size_t size,
		  struct pvb_error *error);

/* size bytes at offset; what is beyond the end of the file reads as zeros. */
int pvb_store_get(const struct pvb_store *store, uint64_t offset, void *to, size_t size,
		  struct pvb_error *error);

/* Give the file its size: what was not put is a hole. */
int pvb_store_finish(struct pvb_store *store, uint64_t size, struct pvb_error *error);

/* Make a hole, of the pages that lie within it whole. */
void pvb_store_drop(struct pvb_store *store, uint64_t offset, uint64_t size);

/* Look how much memory the file takes: the system knows. */
void pvb_store_measure(struct pvb_store *store);

/*
 * The next stretch of data from offset on, as [*begin, *end); an empty one at the end of the
 * file where there is no more. Holes are not looked into: that would fill them.
 */
void pvb_store_next_data(const struct pvb_store *store, uint64_t offset, uint64_t *begin,
			 uint64_t *end);

#endif
