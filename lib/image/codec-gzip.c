/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define ZLIB_CONST
#include <zlib.h>

#include "image/codec.h"

static voidpf allocate(voidpf decode, uInt items, uInt size)
{
	return pvb_decode_alloc((struct pvb_decode *)decode, (uint64_t)items * size);
}

static void release(voidpf decode, voidpf memory)
{
	pvb_decode_release((struct pvb_decode *)decode, memory);
}

static int inflate_all(struct pvb_decode *decode, z_stream *stream, struct pvb_error *error)
{
	for (;;) {
		int rc = pvb_decode_fill(decode, 1, error);

		if (rc)
			return rc;
		if (!decode->avail)
			return pvb_decode_truncated(decode, error);
		stream->next_in = decode->in;
		stream->avail_in = (uInt)decode->avail;
		stream->next_out = decode->out;
		stream->avail_out = PVB_DECODE_OUT;

		int state = inflate(stream, Z_NO_FLUSH);

		decode->in = stream->next_in;
		decode->avail = stream->avail_in;
		rc = pvb_decode_emit(decode, decode->out, PVB_DECODE_OUT - stream->avail_out,
				     error);
		if (rc)
			return rc;
		if (state == Z_STREAM_END)
			return 0;
		if (state == Z_MEM_ERROR)
			return pvb_decode_no_memory(decode, error);
		if (state != Z_OK && state != Z_BUF_ERROR)
			return pvb_decode_corrupt(decode, error, "%s",
						  stream->msg ? stream->msg : "no deflate data");
	}
}

int pvb_decode_gzip(struct pvb_decode *decode, struct pvb_error *error)
{
	z_stream stream = {.zalloc = allocate, .zfree = release, .opaque = decode};

	/* 15: the largest window; + 16: with gzip's header and trailer, checksum and all. */
	if (inflateInit2(&stream, 15 + 16) != Z_OK)
		return pvb_decode_no_memory(decode, error);
	int rc = inflate_all(decode, &stream, error);

	(void)inflateEnd(&stream);
	return rc;
}
