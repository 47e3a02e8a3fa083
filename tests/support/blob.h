/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that grow: what the builders of test images write into. All little-endian. */
#ifndef PVB_TESTS_BLOB_H
#define PVB_TESTS_BLOB_H

#include <stddef.h>
#include <stdint.h>

struct blob {
	uint8_t *bytes;
	size_t size;
	size_t capacity;
};

#define BLOB_INIT                                                                                  \
	{                                                                                          \
		0                                                                                  \
	}

void blob_free(struct blob *blob);

/* Append bytes (zeros if bytes is NULL); returns the offset at which they stand. */
size_t blob_append(struct blob *blob, const void *bytes, size_t size);
size_t blob_append_text(struct blob *blob, const char *text); /* without its NUL */
size_t blob_append_number(struct blob *blob, uint64_t value, unsigned width);
size_t blob_append_number_be(struct blob *blob, uint64_t value, unsigned width);
size_t blob_append_blob(struct blob *blob, const struct blob *other);

/* Zeros up to a multiple of unit. */
void blob_align(struct blob *blob, size_t unit);

/* Overwrite, or read, what is there: width bytes at offset, which must exist. */
void blob_put(struct blob *blob, size_t offset, uint64_t value, unsigned width);
uint64_t blob_get(const struct blob *blob, size_t offset, unsigned width);

/* Cut to size. */
void blob_cut(struct blob *blob, size_t size);

struct blob blob_copy(const struct blob *blob);

#endif
