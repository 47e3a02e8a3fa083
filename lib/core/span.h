/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one way to read bytes that somebody else wrote. A span knows its bounds;
 * every access checks them and says false instead of reading outside. Loads
 * are byte-wise, so nothing has to be aligned. All formats here are little-endian.
 */
#ifndef PVB_CORE_SPAN_H
#define PVB_CORE_SPAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct pvb_span {
	const uint8_t *bytes;
	uint64_t size;
};

static inline struct pvb_span pvb_span(const void *bytes, uint64_t size)
{
	return (struct pvb_span){.bytes = (const uint8_t *)bytes, .size = size};
}

static inline bool pvb_span_has(struct pvb_span span, uint64_t offset, uint64_t size)
{
	return offset <= span.size && size <= span.size - offset;
}

static inline bool pvb_span_part(struct pvb_span span, uint64_t offset, uint64_t size,
				 struct pvb_span *part)
{
	if (!pvb_span_has(span, offset, size))
		return false;
	*part = pvb_span(span.bytes + offset, size);
	return true;
}

static inline bool pvb_span_copy(struct pvb_span span, uint64_t offset, void *to, uint64_t size)
{
	if (!pvb_span_has(span, offset, size))
		return false;
	if (size)
		memcpy(to, span.bytes + offset, size);
	return true;
}

static inline bool pvb_span_u8(struct pvb_span span, uint64_t offset, uint8_t *value)
{
	return pvb_span_copy(span, offset, value, 1);
}

static inline bool pvb_span_u16(struct pvb_span span, uint64_t offset, uint16_t *value)
{
	if (!pvb_span_has(span, offset, 2))
		return false;
	const uint8_t *p = span.bytes + offset;
	*value = (uint16_t)(p[0] | p[1] << 8);
	return true;
}

static inline bool pvb_span_u32(struct pvb_span span, uint64_t offset, uint32_t *value)
{
	if (!pvb_span_has(span, offset, 4))
		return false;
	const uint8_t *p = span.bytes + offset;
	*value = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	return true;
}

static inline bool pvb_span_u64(struct pvb_span span, uint64_t offset, uint64_t *value)
{
	uint32_t low, high;

	if (!pvb_span_u32(span, offset, &low) || !pvb_span_has(span, offset, 8) ||
	    !pvb_span_u32(span, offset + 4, &high))
		return false;
	*value = (uint64_t)high << 32 | low;
	return true;
}

/* Length of the string at offset, not counting its NUL; false if no NUL follows within the span. */
static inline bool pvb_span_string(struct pvb_span span, uint64_t offset, uint64_t *length)
{
	if (!pvb_span_has(span, offset, 1))
		return false;
	const void *end = memchr(span.bytes + offset, 0, span.size - offset);

	if (!end)
		return false;
	*length = (uint64_t)((const uint8_t *)end - (span.bytes + offset));
	return true;
}

#endif
