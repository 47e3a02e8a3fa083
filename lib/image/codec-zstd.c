/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>

#include "image/codec.h"

/*
 * What a decoder takes besides the window: its context, and the blocks of up
 * to 128 KiB that it keeps beside it. Measured with 1.5.4: under 300 KiB.
 */
#define BESIDES_WINDOW (UINT64_C(512) << 10)

enum { LOWEST_WINDOW_LOG = 10, HIGHEST_WINDOW_LOG = 31, HEADER_MAX = 18 };

/*
 * The window that a frame asks for (RFC 8878, 3.1.1.1): from its window
 * descriptor, or, where the frame is a single segment, its content's size.
 */
static bool window_of(struct pvb_span head, uint64_t *window)
{
	uint8_t descriptor, byte;

	if (!pvb_span_u8(head, 4, &descriptor))
		return false;
	if (!(descriptor & 0x20)) {
		if (!pvb_span_u8(head, 5, &byte))
			return false;
		*window = UINT64_C(1) << (10 + (byte >> 3));
		*window += *window / 8 * (byte & 7);
		return true;
	}

	static const uint8_t dictionary_id_sizes[] = {0, 1, 2, 4};
	uint64_t at = UINT64_C(5) + dictionary_id_sizes[descriptor & 3];
	uint32_t v32;
	uint16_t v16;

	switch (descriptor >> 6) {
	case 0:
		if (!pvb_span_u8(head, at, &byte))
			return false;
		*window = byte;
		return true;
	case 1:
		if (!pvb_span_u16(head, at, &v16))
			return false;
		*window = v16 + UINT64_C(256);
		return true;
	case 2:
		if (!pvb_span_u32(head, at, &v32))
			return false;
		*window = v32;
		return true;
	default:
		return pvb_span_u64(head, at, window);
	}
}

/* The library's own limit is a power of two: the one that just covers ours. */
static int window_log(uint64_t limit)
{
	int log = LOWEST_WINDOW_LOG;

	while (log < HIGHEST_WINDOW_LOG && UINT64_C(1) << log < limit)
		log++;
	return log;
}

static int check_window(struct pvb_decode *decode, struct pvb_error *error)
{
	uint64_t window;

	if (!window_of(pvb_span(decode->in, decode->avail), &window))
		return 0; /* too short for a header, as the decoder will say */
	if (window > decode->memory_limit || decode->memory_limit - window < BESIDES_WINDOW)
		return pvb_decode_too_hungry(
			decode,
			window > UINT64_MAX - BESIDES_WINDOW ? UINT64_MAX : window + BESIDES_WINDOW,
			error);
	return 0;
}

static int decompress_all(struct pvb_decode *decode, ZSTD_DCtx *context, struct pvb_error *error)
{
	for (;;) {
		int rc = pvb_decode_fill(decode, 1, error);

		if (rc)
			return rc;
		bool last = !decode->avail;
		ZSTD_inBuffer in = {.src = decode->in, .size = decode->avail};
		ZSTD_outBuffer out = {.dst = decode->out, .size = PVB_DECODE_OUT};
		size_t state = ZSTD_decompressStream(context, &out, &in);

		decode->in += in.pos;
		decode->avail -= in.pos;
		rc = pvb_decode_emit(decode, decode->out, out.pos, error);
		if (rc)
			return rc;
		if (ZSTD_isError(state)) {
			if (ZSTD_getErrorCode(state) == ZSTD_error_memory_allocation)
				return pvb_decode_no_memory(decode, error);
			return pvb_decode_corrupt(decode, error, "%s", ZSTD_getErrorName(state));
		}
		if (state == 0)
			return 0;
		if (last && !out.pos)
			return pvb_decode_truncated(decode, error);
	}
}

int pvb_decode_zstd(struct pvb_decode *decode, struct pvb_error *error)
{
	int rc = pvb_decode_fill(decode, HEADER_MAX, error);

	if (!rc)
		rc = check_window(decode, error);
	if (rc)
		return rc;
	ZSTD_DCtx *context = ZSTD_createDCtx();

	if (!context)
		return pvb_decode_no_memory(decode, error);
	(void)ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax,
				     window_log(decode->memory_limit));
	rc = decompress_all(decode, context, error);
	(void)ZSTD_freeDCtx(context);
	return rc;
}
#endif
