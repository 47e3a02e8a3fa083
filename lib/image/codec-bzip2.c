/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_BZIP2
#include <bzlib.h>

#include "image/codec.h"

static void *allocate(void *decode, int items, int size)
{
	return pvb_decode_alloc((struct pvb_decode *)decode, (uint64_t)items * (uint64_t)size);
}

static void release(void *decode, void *memory)
{
	pvb_decode_release((struct pvb_decode *)decode, memory);
}

static int decompress_all(struct pvb_decode *decode, bz_stream *stream, struct pvb_error *error)
{
	/* libbz2 takes its input through a pointer to what it does not write. */
	char *in = (char *)decode->buffer;

	for (;;) {
		int rc = pvb_decode_fill(decode, 1, error);

		if (rc)
			return rc;
		if (!decode->avail)
			return pvb_decode_truncated(decode, error);
		stream->next_in = in + (decode->in - decode->buffer);
		stream->avail_in = (unsigned)decode->avail;
		stream->next_out = (char *)decode->out;
		stream->avail_out = PVB_DECODE_OUT;

		int state = BZ2_bzDecompress(stream);

		decode->in += decode->avail - stream->avail_in;
		decode->avail = stream->avail_in;
		rc = pvb_decode_emit(decode, decode->out, PVB_DECODE_OUT - stream->avail_out,
				     error);
		if (rc)
			return rc;
		if (state == BZ_STREAM_END)
			return 0;
		if (state == BZ_MEM_ERROR)
			return pvb_decode_no_memory(decode, error);
		if (state != BZ_OK)
			return pvb_decode_corrupt(decode, error, "%s",
						  state == BZ_DATA_ERROR ? "a checksum is wrong"
									 : "no bzip2 data");
	}
}

int pvb_decode_bzip2(struct pvb_decode *decode, struct pvb_error *error)
{
	bz_stream stream = {.bzalloc = allocate, .bzfree = release, .opaque = decode};

	if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK)
		return pvb_decode_no_memory(decode, error);
	int rc = decompress_all(decode, &stream, error);

	(void)BZ2_bzDecompressEnd(&stream);
	return rc;
}
#endif
