/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xz, and the older lzma ("alone") format: one library, one loop. */
#include <lzma.h>

#include "image/codec.h"

static void *allocate(void *decode, size_t items, size_t size)
{
	return pvb_decode_alloc((struct pvb_decode *)decode, (uint64_t)items * size);
}

static void release(void *decode, void *memory)
{
	pvb_decode_release((struct pvb_decode *)decode, memory);
}

static int refuse(struct pvb_decode *decode, const lzma_stream *stream, lzma_ret state,
		  struct pvb_error *error)
{
	switch ((int)state) {
	case LZMA_MEM_ERROR:
		return pvb_decode_no_memory(decode, error);
	case LZMA_MEMLIMIT_ERROR:
		return pvb_decode_too_hungry(decode, lzma_memusage(stream), error);
	case LZMA_OPTIONS_ERROR:
		return pvb_decode_corrupt(
			decode, error, "it uses a filter or an option that liblzma does not have");
	case LZMA_FORMAT_ERROR:
		return pvb_decode_corrupt(decode, error, "its header makes no sense");
	default:
		return pvb_decode_corrupt(decode, error, "its data or a checksum is wrong");
	}
}

static int decode_all(struct pvb_decode *decode, lzma_stream *stream, struct pvb_error *error)
{
	for (;;) {
		int rc = pvb_decode_fill(decode, 1, error);

		if (rc)
			return rc;
		bool last = !decode->avail;
		stream->next_in = decode->in;
		stream->avail_in = decode->avail;
		stream->next_out = decode->out;
		stream->avail_out = PVB_DECODE_OUT;

		lzma_ret state = lzma_code(stream, LZMA_RUN);

		decode->in = stream->next_in;
		decode->avail = stream->avail_in;
		rc = pvb_decode_emit(decode, decode->out, PVB_DECODE_OUT - stream->avail_out,
				     error);
		if (rc)
			return rc;
		if (state == LZMA_STREAM_END)
			return 0;
		if (state != LZMA_OK && state != LZMA_BUF_ERROR)
			return refuse(decode, stream, state, error);
		if (last && stream->avail_out == PVB_DECODE_OUT)
			return pvb_decode_truncated(decode, error);
	}
}

static int decode_with(struct pvb_decode *decode,
		       lzma_ret (*begin)(lzma_stream *stream, uint64_t memory_limit),
		       struct pvb_error *error)
{
	const lzma_allocator allocator = {.alloc = allocate, .free = release, .opaque = decode};
	lzma_stream stream = LZMA_STREAM_INIT;

	stream.allocator = &allocator;
	lzma_ret state = begin(&stream, decode->memory_limit);
	int rc = state == LZMA_OK ? decode_all(decode, &stream, error)
				  : refuse(decode, &stream, state, error);

	lzma_end(&stream);
	return rc;
}

static lzma_ret begin_xz(lzma_stream *stream, uint64_t memory_limit)
{
	return lzma_stream_decoder(stream, memory_limit, 0);
}

int pvb_decode_xz(struct pvb_decode *decode, struct pvb_error *error)
{
	return decode_with(decode, begin_xz, error);
}

int pvb_decode_lzma(struct pvb_decode *decode, struct pvb_error *error)
{
	return decode_with(decode, lzma_alone_decoder, error);
}

/*
 * The lzma format has no magic: its first byte is lc, lp and pb in one, 0x5d
 * for every encoder's default, then comes the dictionary's size, then that of
 * the output or all ones. Any encoder's dictionary is 2^n or 2^n + 2^(n-1).
 */
bool pvb_lzma_plausible(struct pvb_span head)
{
	uint32_t dictionary;
	uint64_t size;

	if (!pvb_span_u32(head, 1, &dictionary) || !pvb_span_u64(head, 5, &size))
		return false;
	uint32_t lowest = dictionary & (~dictionary + 1);
	uint32_t rest = dictionary & ~lowest;

	return dictionary && (rest == 0 || rest == lowest << 1) &&
	       (size == UINT64_MAX || size < UINT64_C(1) << 38);
}
