/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compressed streams made to order, with the libraries that this build has. */
#ifndef PVB_TESTS_COMPRESS_H
#define PVB_TESTS_COMPRESS_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/image.h>

#include "support/blob.h"

/* All zero is how Linux's own build compresses a kernel, but for the speed. */
struct compress_options {
	uint32_t dictionary;     /* bytes (xz, lzma), a power of two (zstd's window) */
	bool content_size;       /* zstd, lzma: state the size in the frame */
	uint32_t lzo_block_size; /* 256 KiB */
	bool xz_crc64;           /* CRC64 instead of CRC32 */
};

/* Whether the tests can make a stream of this kind: as pvb_codec_available(). */
bool can_compress(enum pvb_codec codec);

/* One stream. A codec that is not there fails the test: ask can_compress() first. */
struct blob compress_blob(enum pvb_codec codec, const struct blob *plain,
			  const struct compress_options *options);

/* What prefix, then "zeros" zeros, compress to, at next to no memory (gzip, level 9). */
struct blob gzip_of_zeros(const struct blob *prefix, uint64_t zeros);

/* For each codec but NONE: its enum values ascend from PVB_CODEC_GZIP to this one. */
#define LAST_CODEC PVB_CODEC_ZSTD

#endif
