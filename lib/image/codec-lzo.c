/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The container that lzop writes, as Linux's lib/decompress_unlzo.c knows it:
 * big-endian throughout, a header with its checksum, then blocks of plain
 * size, packed size, checksums and data, then a plain size of 0.
 */
#ifdef HAVE_LZO
#include <inttypes.h>
#include <lzo/lzo1x.h>
#include <zlib.h>

#include "image/codec.h"

enum {
	MAGIC_SIZE = 9,
	/* Versions in which fields were added to the header. */
	VERSION_0_940 = 0x0940,
	METHOD_FIRST = 1, /* LZO1X-1, LZO1X-1(15), LZO1X-999: one decoder for all */
	METHOD_LAST = 3,
};

/* What lzop itself takes at most; it writes 256 KiB unless told otherwise. */
#define MAX_BLOCK (UINT32_C(64) << 20)

enum {
	FLAG_ADLER32_PLAIN = 0x0001,
	FLAG_ADLER32_PACKED = 0x0002,
	FLAG_EXTRA_FIELD = 0x0040,
	FLAG_CRC32_PLAIN = 0x0100,
	FLAG_CRC32_PACKED = 0x0200,
	FLAG_MULTIPART = 0x0400,
	FLAG_FILTER = 0x0800,
	FLAG_HEADER_CRC32 = 0x1000,
};

/* Both checksums of the header's bytes, kept as it is read. */
struct header {
	struct pvb_decode *decode;
	uLong adler, crc;
	uint32_t flags;
};

static uint32_t big_endian(const uint8_t *bytes, unsigned width)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < width; i++)
		value = value << 8 | bytes[i];
	return value;
}

static int header_bytes(struct header *header, uint8_t *bytes, unsigned size,
			struct pvb_error *error)
{
	int rc = pvb_decode_take(header->decode, bytes, size, error);

	if (rc)
		return rc;
	header->adler = adler32(header->adler, bytes, size);
	header->crc = crc32(header->crc, bytes, size);
	return 0;
}

static int header_field(struct header *header, unsigned width, uint32_t *value,
			struct pvb_error *error)
{
	uint8_t bytes[4];
	int rc = header_bytes(header, bytes, width, error);

	*value = rc ? 0 : big_endian(bytes, width);
	return rc;
}

static int header_skip(struct header *header, uint32_t size, struct pvb_error *error)
{
	uint8_t bytes[64];
	int rc = 0;

	while (!rc && size) {
		unsigned part = size < sizeof bytes ? size : (unsigned)sizeof bytes;

		rc = header_bytes(header, bytes, part, error);
		size -= part;
	}
	return rc;
}

static int plain_field(struct pvb_decode *decode, uint32_t *value, struct pvb_error *error)
{
	uint8_t bytes[4];
	int rc = pvb_decode_take(decode, bytes, sizeof bytes, error);

	*value = rc ? 0 : big_endian(bytes, sizeof bytes);
	return rc;
}

static int check_header(struct header *header, struct pvb_error *error)
{
	uint32_t is = (uint32_t)(header->flags & FLAG_HEADER_CRC32 ? header->crc : header->adler);
	uint32_t said;
	int rc = plain_field(header->decode, &said, error);

	if (!rc && said != is)
		rc = pvb_decode_corrupt(header->decode, error, "the header's checksum is wrong");
	return rc;
}

static int read_header(struct pvb_decode *decode, uint32_t *flags, struct pvb_error *error)
{
	uint8_t magic[MAGIC_SIZE];
	struct header header = {
		.decode = decode, .adler = adler32(0, NULL, 0), .crc = crc32(0, NULL, 0)};
	uint32_t version, method, ignored, name_size;
	int rc;

	if ((rc = pvb_decode_take(decode, magic, sizeof magic, error)) ||
	    (rc = header_field(&header, 2, &version, error)) ||
	    (rc = header_field(&header, 2, &ignored, error)))
		return rc;
	bool modern = version >= VERSION_0_940;

	if ((modern && (rc = header_field(&header, 2, &ignored, error))) ||
	    (rc = header_field(&header, 1, &method, error)) ||
	    (modern && (rc = header_field(&header, 1, &ignored, error))) ||
	    (rc = header_field(&header, 4, &header.flags, error)))
		return rc;
	if (method < METHOD_FIRST || method > METHOD_LAST)
		return pvb_decode_corrupt(decode, error, "method %" PRIu32 " is none of LZO1X",
					  method);
	if (header.flags & (FLAG_FILTER | FLAG_MULTIPART))
		return pvb_decode_corrupt(decode, error,
					  "it is filtered or in parts, which no kernel is");

	/* Mode and time, which got its upper half later; then the file's name. */
	if ((rc = header_skip(&header, modern ? 12 : 8, error)) ||
	    (rc = header_field(&header, 1, &name_size, error)) ||
	    (rc = header_skip(&header, name_size, error)) || (rc = check_header(&header, error)))
		return rc;
	*flags = header.flags;
	if (!(header.flags & FLAG_EXTRA_FIELD))
		return 0;

	uint32_t size;
	header.adler = adler32(0, NULL, 0);
	header.crc = crc32(0, NULL, 0);
	if ((rc = header_field(&header, 4, &size, error)) ||
	    (rc = header_skip(&header, size, error)))
		return rc;
	return check_header(&header, error);
}

struct block {
	uint32_t plain_size, packed_size;
	uint32_t plain_adler, plain_crc, packed_adler, packed_crc;
};

static int read_block_header(struct pvb_decode *decode, uint32_t flags, struct block *block,
			     struct pvb_error *error)
{
	int rc;

	*block = (struct block){0};
	if ((rc = plain_field(decode, &block->plain_size, error)) || !block->plain_size ||
	    (rc = plain_field(decode, &block->packed_size, error)))
		return rc;
	if (block->plain_size > MAX_BLOCK || block->packed_size > block->plain_size ||
	    !block->packed_size)
		return pvb_decode_corrupt(decode, error,
					  "a block of %" PRIu32 " bytes packed into %" PRIu32,
					  block->plain_size, block->packed_size);

	/* A block that did not shrink is stored, and has no checksums of its own. */
	bool packed = block->packed_size < block->plain_size;
	if ((flags & FLAG_ADLER32_PLAIN &&
	     (rc = plain_field(decode, &block->plain_adler, error))) ||
	    (flags & FLAG_CRC32_PLAIN && (rc = plain_field(decode, &block->plain_crc, error))) ||
	    (packed && flags & FLAG_ADLER32_PACKED &&
	     (rc = plain_field(decode, &block->packed_adler, error))) ||
	    (packed && flags & FLAG_CRC32_PACKED &&
	     (rc = plain_field(decode, &block->packed_crc, error))))
		return rc;
	if (block->packed_size > pvb_decode_left(decode))
		return pvb_decode_truncated(decode, error);
	return 0;
}

static bool sums_match(const uint8_t *bytes, uint32_t size, uint32_t flags, uint32_t adler_flag,
		       uint32_t adler, uint32_t crc_flag, uint32_t crc)
{
	return (!(flags & adler_flag) ||
		(uint32_t)adler32(adler32(0, NULL, 0), bytes, size) == adler) &&
	       (!(flags & crc_flag) || (uint32_t)crc32(crc32(0, NULL, 0), bytes, size) == crc);
}

static int decode_block(struct pvb_decode *decode, uint32_t flags, const struct block *block,
			uint8_t *plain, uint8_t *packed, struct pvb_error *error)
{
	lzo_uint got = block->plain_size;
	bool stored = block->packed_size == block->plain_size;
	int rc = pvb_decode_take(decode, stored ? plain : packed, block->packed_size, error);

	if (rc)
		return rc;
	if (!stored) {
		if (!sums_match(packed, block->packed_size, flags, FLAG_ADLER32_PACKED,
				block->packed_adler, FLAG_CRC32_PACKED, block->packed_crc))
			return pvb_decode_corrupt(decode, error, "a block's checksum is wrong");
		if (lzo1x_decompress_safe(packed, block->packed_size, plain, &got, NULL) !=
			    LZO_E_OK ||
		    got != block->plain_size)
			return pvb_decode_corrupt(decode, error,
						  "a block of %" PRIu32 " bytes does not decode",
						  block->packed_size);
	}
	if (!sums_match(plain, block->plain_size, flags, FLAG_ADLER32_PLAIN, block->plain_adler,
			FLAG_CRC32_PLAIN, block->plain_crc))
		return pvb_decode_corrupt(decode, error,
					  "the checksum of a block's %" PRIu32 " bytes is wrong",
					  block->plain_size);
	return pvb_decode_emit(decode, plain, block->plain_size, error);
}

/* Memory for one block, plain and packed. The first block is the largest of a stream. */
static int decode_with_memory(struct pvb_decode *decode, uint32_t flags, const struct block *block,
			      struct pvb_error *error)
{
	uint8_t *memory = (uint8_t *)pvb_decode_alloc(decode, (uint64_t)block->plain_size +
								      block->packed_size);

	if (!memory)
		return pvb_decode_no_memory(decode, error);
	int rc = decode_block(decode, flags, block, memory, memory + block->plain_size, error);

	pvb_decode_release(decode, memory);
	return rc;
}

int pvb_decode_lzo(struct pvb_decode *decode, struct pvb_error *error)
{
	uint32_t flags = 0;
	struct block block;
	int rc = read_header(decode, &flags, error);

	while (!rc) {
		rc = read_block_header(decode, flags, &block, error);
		if (rc || !block.plain_size)
			break;
		rc = decode_with_memory(decode, flags, &block, error);
	}
	return rc;
}
#endif
