/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support/test.h"

#include <lzma.h>
#include <zlib.h>
#ifdef HAVE_BZIP2
#include <bzlib.h>
#endif
#ifdef HAVE_LZ4
#include <lz4hc.h>
#endif
#ifdef HAVE_LZO
#include <lzo/lzo1x.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "support/compress.h"

bool can_compress(enum pvb_codec codec)
{
	switch (codec) {
	case PVB_CODEC_NONE:
	case PVB_CODEC_GZIP:
	case PVB_CODEC_LZMA:
	case PVB_CODEC_XZ:
		return true;
	case PVB_CODEC_BZIP2:
#ifdef HAVE_BZIP2
		return true;
#else
		return false;
#endif
	case PVB_CODEC_LZO:
#ifdef HAVE_LZO
		return true;
#else
		return false;
#endif
	case PVB_CODEC_LZ4:
#ifdef HAVE_LZ4
		return true;
#else
		return false;
#endif
	case PVB_CODEC_ZSTD:
#ifdef HAVE_ZSTD
		return true;
#else
		return false;
#endif
	}
	return false;
}

static void deflate_some(z_stream *stream, struct blob *out, int flush)
{
	uint8_t buffer[16384];

	do {
		stream->next_out = buffer;
		stream->avail_out = sizeof buffer;
		int rc = deflate(stream, flush);
		assert_true(rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR);
		blob_append(out, buffer, sizeof buffer - stream->avail_out);
	} while (stream->avail_out == 0);
}

/* 15 bits of window; with 16 more zlib writes gzip's header and trailer itself. */
static void deflate_open(z_stream *stream, int window)
{
	memset(stream, 0, sizeof *stream);
	assert_int_equal(deflateInit2(stream, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY), Z_OK);
}

static void with_gzip(struct blob *out, const struct blob *plain)
{
	z_stream stream;

	deflate_open(&stream, 15 + 16);
	stream.next_in = plain->bytes;
	stream.avail_in = (uInt)plain->size;
	deflate_some(&stream, out, Z_FINISH);
	(void)deflateEnd(&stream);
}

/* Up to the next byte boundary, and without a reference to what came before. */
static void deflate_piece(z_stream *stream, struct blob *out, uint8_t *bytes, size_t size)
{
	stream->next_in = bytes;
	stream->avail_in = (uInt)size;
	deflate_some(stream, out, Z_FULL_FLUSH);
}

struct blob gzip_of_zeros(const struct blob *prefix, uint64_t zeros)
{
	enum { PIECE = 1 << 20 };
	static uint8_t nothing[PIECE];
	struct blob out = BLOB_INIT, piece = BLOB_INIT;
	uLong crc = crc32(crc32(0, NULL, 0), prefix->bytes, (uInt)prefix->size);
	const uLong piece_crc = crc32(crc32(0, NULL, 0), nothing, PIECE);
	const uint64_t size = prefix->size + zeros;
	z_stream stream;

	deflate_open(&stream, -15);
	blob_append(&out, "\x1f\x8b\x08\0\0\0\0\0\2\3", 10);
	deflate_piece(&stream, &out, prefix->bytes, prefix->size);
	/* A piece is the same wherever it stands: it is compressed once, and repeated. */
	for (; zeros >= PIECE; zeros -= PIECE) {
		if (!piece.size)
			deflate_piece(&stream, &piece, nothing, PIECE);
		blob_append_blob(&out, &piece);
		crc = crc32_combine(crc, piece_crc, PIECE);
	}
	crc = crc32(crc, nothing, (uInt)zeros);
	stream.next_in = nothing;
	stream.avail_in = (uInt)zeros;
	deflate_some(&stream, &out, Z_FINISH);
	(void)deflateEnd(&stream);
	blob_append_number(&out, crc, 4);
	blob_append_number(&out, size & UINT32_MAX, 4);
	blob_free(&piece);
	return out;
}

static void with_lzma(struct blob *out, const struct blob *plain, bool xz,
		      const struct compress_options *options)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_options_lzma lzma;
	uint8_t buffer[16384];
	lzma_ret rc;

	assert_false(lzma_lzma_preset(&lzma, 1));
	lzma.dict_size = options->dictionary ? options->dictionary : 1 << 20;
	lzma_filter filters[] = {
		{.id = LZMA_FILTER_X86},
		{.id = LZMA_FILTER_LZMA2, .options = &lzma},
		{.id = LZMA_VLI_UNKNOWN},
	};

	rc = xz ? lzma_stream_encoder(&stream, filters,
				      options->xz_crc64 ? LZMA_CHECK_CRC64 : LZMA_CHECK_CRC32)
		: lzma_alone_encoder(&stream, &lzma);
	assert_int_equal(rc, LZMA_OK);
	stream.next_in = plain->bytes;
	stream.avail_in = plain->size;
	do {
		stream.next_out = buffer;
		stream.avail_out = sizeof buffer;
		rc = lzma_code(&stream, LZMA_FINISH);
		assert_true(rc == LZMA_OK || rc == LZMA_STREAM_END);
		blob_append(out, buffer, sizeof buffer - stream.avail_out);
	} while (rc != LZMA_STREAM_END);
	lzma_end(&stream);
	if (!xz && options->content_size)
		blob_put(out, 5, plain->size, 8);
}

#ifdef HAVE_BZIP2
static void with_bzip2(struct blob *out, const struct blob *plain)
{
	unsigned size = (unsigned)(plain->size + plain->size / 64 + 1024);

	blob_append(out, NULL, size);
	assert_int_equal(BZ2_bzBuffToBuffCompress((char *)out->bytes, &size, (char *)plain->bytes,
						  (unsigned)plain->size, 9, 0, 0),
			 BZ_OK);
	blob_cut(out, size);
}
#endif

#ifdef HAVE_LZ4
/* lz4 -l: magic, then blocks of 8 MiB, each behind its size; no end mark. */
static void with_lz4(struct blob *out, const struct blob *plain)
{
	enum { BLOCK = 8 << 20 };

	blob_append_number(out, 0x184c2102, 4);
	for (size_t at = 0; at < plain->size; at += BLOCK) {
		int part = plain->size - at < BLOCK ? (int)(plain->size - at) : (int)BLOCK;
		int bound = LZ4_compressBound(part);
		char *block = (char *)malloc((size_t)bound);

		assert_non_null(block);
		int size =
			LZ4_compress_default((const char *)plain->bytes + at, block, part, bound);
		assert_true(size > 0);
		blob_append_number(out, (uint64_t)size, 4);
		blob_append(out, block, (size_t)size);
		free(block);
	}
}
#endif

#ifdef HAVE_LZO
/* The container that lzop writes: magic, header with its checksum, blocks with theirs, a zero. */
static void with_lzo(struct blob *out, const struct blob *plain,
		     const struct compress_options *options)
{
	size_t block = options->lzo_block_size ? options->lzo_block_size : 256 << 10;
	uint8_t *work = (uint8_t *)malloc(LZO1X_1_MEM_COMPRESS);
	uint8_t *packed = (uint8_t *)malloc(block + block / 16 + 67);

	assert_non_null(work);
	assert_non_null(packed);
	blob_append(out, "\x89LZO\0\r\n\x1a\n", 9);

	size_t header = out->size;
	blob_append_number_be(out, 0x1040, 2);     /* version */
	blob_append_number_be(out, 0x20a0, 2);     /* of the library */
	blob_append_number_be(out, 0x0940, 2);     /* needed to extract */
	blob_append_number_be(out, 1, 1);          /* LZO1X-1 */
	blob_append_number_be(out, 5, 1);          /* level */
	blob_append_number_be(out, 0x03000001, 4); /* Unix, adler32 of the plain data */
	blob_append_number_be(out, 0100644, 4);
	blob_append_number_be(out, 0, 8); /* time */
	blob_append_number_be(out, 0, 1); /* no name */
	blob_append_number_be(out, adler32(1, out->bytes + header, (uInt)(out->size - header)), 4);

	for (size_t at = 0; at < plain->size; at += block) {
		size_t part = plain->size - at < block ? plain->size - at : block;
		lzo_uint size = 0;

		assert_int_equal(lzo1x_1_compress(plain->bytes + at, part, packed, &size, work),
				 LZO_E_OK);
		blob_append_number_be(out, part, 4);
		blob_append_number_be(out, size < part ? size : part, 4);
		blob_append_number_be(out, adler32(1, plain->bytes + at, (uInt)part), 4);
		if (size < part)
			blob_append(out, packed, size);
		else
			blob_append(out, plain->bytes + at, part);
	}
	blob_append_number_be(out, 0, 4);
	free(work);
	free(packed);
}
#endif

#ifdef HAVE_ZSTD
static void with_zstd(struct blob *out, const struct blob *plain,
		      const struct compress_options *options)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();

	assert_non_null(context);
	if (options->dictionary)
		(void)ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog,
					     __builtin_ctz(options->dictionary));
	(void)ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, options->content_size);
	(void)ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);

	size_t size = ZSTD_compressBound(plain->size);
	blob_append(out, NULL, size);
	ZSTD_outBuffer to = {.dst = out->bytes, .size = size};
	ZSTD_inBuffer from = {.src = plain->bytes, .size = plain->size};
	/* In two steps, for one alone would state the size whatever the flag says. */
	assert_false(ZSTD_isError(ZSTD_compressStream2(
		context, &to, &from, options->content_size ? ZSTD_e_end : ZSTD_e_continue)));
	assert_int_equal(ZSTD_compressStream2(context, &to, &from, ZSTD_e_end), 0);
	blob_cut(out, to.pos);
	(void)ZSTD_freeCCtx(context);
}
#endif

struct blob compress_blob(enum pvb_codec codec, const struct blob *plain,
			  const struct compress_options *options)
{
	static const struct compress_options none;
	struct blob out = BLOB_INIT;

	assert_true(can_compress(codec));
	if (!options)
		options = &none;
	switch (codec) {
	case PVB_CODEC_NONE:
		blob_append_blob(&out, plain);
		break;
	case PVB_CODEC_GZIP:
		with_gzip(&out, plain);
		break;
	case PVB_CODEC_LZMA:
	case PVB_CODEC_XZ:
		with_lzma(&out, plain, codec == PVB_CODEC_XZ, options);
		break;
	case PVB_CODEC_BZIP2:
#ifdef HAVE_BZIP2
		with_bzip2(&out, plain);
#endif
		break;
	case PVB_CODEC_LZO:
#ifdef HAVE_LZO
		with_lzo(&out, plain, options);
#endif
		break;
	case PVB_CODEC_LZ4:
#ifdef HAVE_LZ4
		with_lz4(&out, plain);
#endif
		break;
	case PVB_CODEC_ZSTD:
#ifdef HAVE_ZSTD
		with_zstd(&out, plain, options);
#endif
		break;
	}
	return out;
}
