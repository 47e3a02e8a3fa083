/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The legacy lz4 frame, which Linux uses: a magic, then blocks of 8 MiB, each
 * behind its compressed size. It has no end mark and no checksum: it ends where
 * the bytes end, or where the size of the whole output stands, as Linux
 * appends it to payloads.
 */
#ifdef HAVE_LZ4
#include <inttypes.h>
#include <lz4.h>

#include "image/codec.h"

enum { MAGIC_SIZE = 4, BLOCK_SIZE = 8 << 20 };
#define LEGACY_MAGIC UINT32_C(0x184c2102)

/* Also where the window ends. *last: the bytes taken were no block's size. */
static int next_block(struct pvb_decode *decode, uint32_t *size, bool *last,
		      struct pvb_error *error)
{
	uint8_t bytes[4];

	*last = pvb_decode_left(decode) == 0;
	if (*last)
		return 0;
	int rc = pvb_decode_take(decode, bytes, sizeof bytes, error);
	if (rc)
		return rc;
	(void)pvb_span_u32(pvb_span(bytes, sizeof bytes), 0, size);
	/* Padding, or what Linux appends. */
	*last = *size == 0 ||
		(pvb_decode_left(decode) == 0 && *size == (uint32_t)decode->sink->size);
	return 0;
}

static int decode_block(struct pvb_decode *decode, uint32_t size, char *plain,
			struct pvb_error *error)
{
	if (size > (uint32_t)LZ4_COMPRESSBOUND(BLOCK_SIZE))
		return pvb_decode_corrupt(decode, error,
					  "a block of %" PRIu32 " bytes, more than %d can take",
					  size, BLOCK_SIZE);
	if (size > pvb_decode_left(decode))
		return pvb_decode_truncated(decode, error);

	char *packed = (char *)pvb_decode_alloc(decode, size);
	if (!packed)
		return pvb_decode_no_memory(decode, error);
	int rc = pvb_decode_take(decode, packed, size, error);
	if (!rc) {
		int got = LZ4_decompress_safe(packed, plain, (int)size, BLOCK_SIZE);

		rc = got < 0 ? pvb_decode_corrupt(decode, error,
						  "a block of %" PRIu32 " bytes does not decode",
						  size)
			     : pvb_decode_emit(decode, plain, (size_t)got, error);
	}
	pvb_decode_release(decode, packed);
	return rc;
}

int pvb_decode_lz4(struct pvb_decode *decode, struct pvb_error *error)
{
	uint8_t magic[MAGIC_SIZE];
	char *plain = (char *)pvb_decode_alloc(decode, BLOCK_SIZE);

	if (!plain)
		return pvb_decode_no_memory(decode, error);
	int rc = pvb_decode_take(decode, magic, sizeof magic, error);
	while (!rc) {
		uint32_t size = 0;
		bool last;

		rc = next_block(decode, &size, &last, error);
		if (rc || last)
			break;
		/* Frames may follow each other; a block cannot have this size. */
		if (size != LEGACY_MAGIC)
			rc = decode_block(decode, size, plain, error);
	}
	pvb_decode_release(decode, plain);
	return rc;
}
#endif
