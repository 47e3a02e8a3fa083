/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support/test.h"

#include "support/blob.h"

void blob_free(struct blob *blob)
{
	free(blob->bytes);
	*blob = (struct blob)BLOB_INIT;
}

size_t blob_append(struct blob *blob, const void *bytes, size_t size)
{
	size_t offset = blob->size;

	if (blob->capacity - blob->size < size) {
		blob->capacity = (blob->capacity + size) * 2;
		blob->bytes = (uint8_t *)realloc(blob->bytes, blob->capacity);
		assert_non_null(blob->bytes);
	}
	if (size && bytes)
		memcpy(blob->bytes + offset, bytes, size);
	else if (size)
		memset(blob->bytes + offset, 0, size);
	blob->size += size;
	return offset;
}

size_t blob_append_text(struct blob *blob, const char *text)
{
	return blob_append(blob, text, strlen(text));
}

size_t blob_append_number(struct blob *blob, uint64_t value, unsigned width)
{
	size_t offset = blob_append(blob, NULL, width);

	blob_put(blob, offset, value, width);
	return offset;
}

size_t blob_append_number_be(struct blob *blob, uint64_t value, unsigned width)
{
	size_t offset = blob_append(blob, NULL, width);

	for (unsigned i = 0; i < width; i++)
		blob->bytes[offset + i] = (uint8_t)(value >> 8 * (width - 1 - i));
	return offset;
}

size_t blob_append_blob(struct blob *blob, const struct blob *other)
{
	return blob_append(blob, other->bytes, other->size);
}

void blob_align(struct blob *blob, size_t unit)
{
	if (blob->size % unit)
		blob_append(blob, NULL, unit - blob->size % unit);
}

void blob_put(struct blob *blob, size_t offset, uint64_t value, unsigned width)
{
	assert_true(offset + width <= blob->size);
	for (unsigned i = 0; i < width; i++)
		blob->bytes[offset + i] = (uint8_t)(value >> 8 * i);
}

uint64_t blob_get(const struct blob *blob, size_t offset, unsigned width)
{
	uint64_t value = 0;

	assert_true(offset + width <= blob->size);
	for (unsigned i = 0; i < width; i++)
		value |= (uint64_t)blob->bytes[offset + i] << 8 * i;
	return value;
}

void blob_cut(struct blob *blob, size_t size)
{
	assert_true(size <= blob->size);
	blob->size = size;
}

struct blob blob_copy(const struct blob *blob)
{
	struct blob copy = BLOB_INIT;

	blob_append_blob(&copy, blob);
	return copy;
}
