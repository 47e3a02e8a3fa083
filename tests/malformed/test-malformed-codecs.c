/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every codec: sound, cut, damaged, followed by rubbish, hungry for memory. */
#include "malformed/suite.h"

#include <zlib.h>

/* About 20 KiB packed, whatever packs it; and no more than one block in any of them. */
static struct blob plain_kernel(void)
{
	return noisy_kernel(20000);
}

static struct blob stream_of(enum pvb_codec codec)
{
	need_codec(codec);
	return consumed(codec, plain_kernel());
}

static struct blob bzimage_with(enum pvb_codec codec)
{
	need_codec(codec);

	struct blob plain = plain_kernel();
	struct blob image = packed_bzimage(codec, &plain);

	blob_free(&plain);
	return image;
}

static void flip(struct blob *image, size_t offset)
{
	blob_put(image, offset, blob_get(image, offset, 1) ^ 0x55, 1);
}

/* What all codecs have in common. */
#define CODEC(name_, id_, header_)                                                                 \
	SPOILT(a_sound_##name_##_stream, stream_of(PVB_CODEC_##id_), )                             \
	SPOILT(a_sound_##name_##_bzimage, bzimage_with(PVB_CODEC_##id_), )                         \
	SPOILT(a_##name_##_stream_cut_in_its_header, stream_of(PVB_CODEC_##id_),                   \
	       blob_cut(&image, header_))                                                          \
	SPOILT(a_##name_##_stream_cut_in_its_first_quarter, stream_of(PVB_CODEC_##id_),            \
	       blob_cut(&image, image.size / 4))                                                   \
	SPOILT(a_##name_##_stream_cut_in_its_middle, stream_of(PVB_CODEC_##id_),                   \
	       blob_cut(&image, image.size / 2))                                                   \
	SPOILT(a_##name_##_stream_cut_by_one_byte, stream_of(PVB_CODEC_##id_),                     \
	       blob_cut(&image, image.size - 1))                                                   \
	SPOILT(a_##name_##_stream_followed_by_rubbish, stream_of(PVB_CODEC_##id_),                 \
	       blob_append_text(&image, "and so say all of us"))                                   \
	static void name_##_is_told(const struct pvb_image_info *info)                             \
	{                                                                                          \
		assert_int_equal(info->codec, PVB_CODEC_##id_);                                    \
		assert_int_equal(info->layers, 1);                                                 \
	}

CODEC(gzip, GZIP, 6)
CODEC(bzip2, BZIP2, 6)
CODEC(lzma, LZMA, 15)
CODEC(xz, XZ, 10)
CODEC(lzo, LZO, 20)
CODEC(lz4, LZ4, 6)
CODEC(zstd, ZSTD, 6)

#define CODEC_ROWS(name_)                                                                          \
	SOUND(a_sound_##name_##_stream, name_##_is_told),                                          \
		SOUND(a_sound_##name_##_bzimage, name_##_is_told),                                 \
		REFUSED(a_##name_##_stream_cut_in_its_header, CODEC_TRUNCATED),                    \
		REFUSED(a_##name_##_stream_cut_in_its_first_quarter, CODEC_TRUNCATED),             \
		REFUSED(a_##name_##_stream_cut_in_its_middle, CODEC_TRUNCATED),                    \
		REFUSED(a_##name_##_stream_cut_by_one_byte, CODEC_TRUNCATED)

#define DAMAGED(name_, id_, ...) SPOILT(name_, stream_of(PVB_CODEC_##id_), __VA_ARGS__)

/* ---- gzip (RFC 1952) ------------------------------------------------------------------- */

DAMAGED(a_gzip_stream_with_another_method, GZIP, blob_put(&image, 2, 9, 1))
DAMAGED(a_gzip_stream_with_reserved_flags, GZIP, blob_put(&image, 3, 0xe0, 1))
DAMAGED(a_gzip_stream_with_a_name_that_never_ends, GZIP, blob_put(&image, 3, 8, 1),
	memset(image.bytes + 10, 'n', image.size - 10))
DAMAGED(a_gzip_stream_with_a_block_of_no_kind, GZIP, blob_put(&image, 10, 0x07, 1))
DAMAGED(a_gzip_stream_with_a_wrong_checksum, GZIP, flip(&image, image.size - 8))
DAMAGED(a_gzip_stream_with_a_wrong_size, GZIP, flip(&image, image.size - 4))
DAMAGED(a_gzip_stream_damaged_in_its_middle, GZIP, flip(&image, image.size / 2))

/* ---- bzip2 ----------------------------------------------------------------------------- */

DAMAGED(a_bzip2_stream_with_a_wrong_block_magic, BZIP2, flip(&image, 5))
DAMAGED(a_bzip2_stream_with_a_wrong_block_checksum, BZIP2, flip(&image, 10))
DAMAGED(a_bzip2_stream_whose_damage_shows_in_its_first_bytes, BZIP2, flip(&image, image.size / 2))
DAMAGED(a_bzip2_stream_with_a_wrong_checksum, BZIP2, flip(&image, image.size - 2))

/* ---- lzma and xz ----------------------------------------------------------------------- */

DAMAGED(an_lzma_stream_with_properties_that_cannot_be, LZMA, blob_put(&image, 0, 0xff, 1))
DAMAGED(an_lzma_stream_with_a_wrong_size, LZMA, blob_put(&image, 5, 100, 8))
DAMAGED(an_lzma_stream_whose_first_byte_is_not_0, LZMA, blob_put(&image, 13, 1, 1))
DAMAGED(an_lzma_stream_with_a_dictionary_of_4_gib, LZMA, blob_put(&image, 1, 0xc0000000, 4))

DAMAGED(an_xz_stream_with_unknown_flags, XZ, blob_put(&image, 6, 0xff, 1))
DAMAGED(an_xz_stream_with_a_wrong_header_checksum, XZ, flip(&image, 8))
DAMAGED(an_xz_stream_with_a_damaged_block_header, XZ, flip(&image, 13))
DAMAGED(an_xz_stream_damaged_in_its_middle, XZ, flip(&image, image.size / 2))
DAMAGED(an_xz_stream_with_a_damaged_index, XZ, flip(&image, image.size - 18))
DAMAGED(an_xz_stream_with_a_wrong_footer, XZ, flip(&image, image.size - 1))

/* The LZMA2 filter's byte in the block header, with the header's own checksum made right again. */
static void set_xz_dictionary(struct blob *image, uint8_t coded)
{
	enum { BLOCK = 12 };
	const size_t size = ((size_t)image->bytes[BLOCK] + 1) * 4;
	bool found = false;

	for (size_t i = BLOCK + 2; i + 2 < BLOCK + size - 4 && !found; i++)
		if (image->bytes[i] == 0x21 && image->bytes[i + 1] == 1) {
			image->bytes[i + 2] = coded;
			found = true;
		}
	assert_true(found);
	blob_put(image, BLOCK + size - 4, crc32(0, image->bytes + BLOCK, (uInt)size - 4), 4);
}

/* Coded as in the xz file format, 5.3.1: 30 is 128 MiB, 32 is 256 MiB, 34 is 512 MiB, 40 is 4 GiB
 * - 1. */
DAMAGED(an_xz_stream_with_a_dictionary_of_128_mib, XZ, set_xz_dictionary(&image, 30))
DAMAGED(an_xz_stream_with_a_dictionary_of_512_mib, XZ, set_xz_dictionary(&image, 34))
DAMAGED(an_xz_stream_with_a_dictionary_of_4_gib, XZ, set_xz_dictionary(&image, 40))
DAMAGED(an_xz_stream_with_a_dictionary_that_cannot_be, XZ, set_xz_dictionary(&image, 41))

/* ---- lzo (what lzop writes) -------------------------------------------------------------- */

enum {
	LZO_HEADER = 9,
	LZO_METHOD = LZO_HEADER + 6,
	LZO_SUM = LZO_HEADER + 25,
	LZO_BLOCK = LZO_HEADER + 29
};

DAMAGED(an_lzo_stream_with_a_wrong_header_checksum, LZO, flip(&image, LZO_SUM))
DAMAGED(an_lzo_stream_with_a_damaged_header, LZO, flip(&image, LZO_METHOD))
DAMAGED(an_lzo_stream_with_a_wrong_block_checksum, LZO, flip(&image, LZO_BLOCK + 8))
DAMAGED(an_lzo_stream_with_a_block_larger_than_it_unpacks_to, LZO,
	blob_put(&image, LZO_BLOCK, 0, 1), blob_put(&image, LZO_BLOCK + 1, 0, 1),
	blob_put(&image, LZO_BLOCK + 2, 1, 1))
DAMAGED(an_lzo_stream_with_a_block_that_unpacks_to_2_gib, LZO, blob_put(&image, LZO_BLOCK, 0x80, 1))
DAMAGED(an_lzo_stream_damaged_in_its_middle, LZO, flip(&image, image.size / 2))

/* ---- lz4, the legacy frame ------------------------------------------------------------------ */

/* A block that copies from before its beginning, or that goes on for ever. */
static struct blob lz4_block(const char *block, size_t size)
{
	struct blob image = BLOB_INIT;

	need_codec(PVB_CODEC_LZ4);
	blob_append_number(&image, 0x184c2102, 4);
	blob_append_number(&image, size, 4);
	blob_append(&image, block, size);
	return image;
}

SPOILT(an_lz4_stream_that_copies_from_nowhere,
       lz4_block("\x1f"
		 "\x7f\x00\x00\xff\xff\xff\x00",
		 8), )
SPOILT(an_lz4_stream_that_copies_from_before_its_start,
       lz4_block("\x1f"
		 "\x7f\xff\x7f\xff\xff\xff\x00",
		 8), )
DAMAGED(an_lz4_stream_with_a_block_of_2_gib, LZ4, blob_put(&image, 4, 0x80000000, 4))
DAMAGED(an_lz4_stream_with_a_block_of_no_bytes, LZ4, blob_put(&image, 4, 0, 4))
DAMAGED(an_lz4_stream_of_no_blocks, LZ4, blob_cut(&image, 4))

/* ---- zstd (RFC 8878) ------------------------------------------------------------------------- */

enum { ZSTD_DESCRIPTOR = 4, ZSTD_WINDOW = 5 };

/* The window is 2^(10 + value / 8) bytes. */
DAMAGED(a_zstd_stream_with_the_reserved_bit_set, ZSTD,
	blob_put(&image, ZSTD_DESCRIPTOR, blob_get(&image, ZSTD_DESCRIPTOR, 1) | 8, 1))
DAMAGED(a_zstd_stream_with_a_window_of_128_mib, ZSTD,
	blob_put(&image, ZSTD_WINDOW, (27 - 10) * 8, 1))
DAMAGED(a_zstd_stream_with_a_window_of_1_gib, ZSTD, blob_put(&image, ZSTD_WINDOW, (30 - 10) * 8, 1))
DAMAGED(a_zstd_stream_with_a_window_of_2_tib, ZSTD, blob_put(&image, ZSTD_WINDOW, 0xf8, 1))
DAMAGED(a_zstd_stream_with_a_block_of_no_kind, ZSTD,
	blob_put(&image, ZSTD_WINDOW + 1, blob_get(&image, ZSTD_WINDOW + 1, 1) | 6, 1))
DAMAGED(a_zstd_stream_with_a_wrong_checksum, ZSTD, flip(&image, image.size - 1))
DAMAGED(a_zstd_stream_damaged_in_its_middle, ZSTD, flip(&image, image.size / 2))

/* A frame of one segment states its content's size, and that is its window. */
static struct blob zstd_frame(uint8_t descriptor, uint64_t size, unsigned width)
{
	struct blob image = BLOB_INIT;

	need_codec(PVB_CODEC_ZSTD);
	blob_append_number(&image, 0xfd2fb528, 4);
	blob_append_number(&image, descriptor, 1);
	blob_append_number(&image, size, width);
	return image;
}

SPOILT(a_zstd_frame_that_states_4_eib, zstd_frame(0xe0, UINT64_C(1) << 62, 8), )
SPOILT(a_zstd_frame_that_states_4_gib, zstd_frame(0xa0, UINT32_MAX, 4), )
SPOILT(a_zstd_frame_that_states_64_kib_and_ends, zstd_frame(0x60, 0xff00, 2), )
SPOILT(a_zstd_frame_that_states_5_bytes_and_ends, zstd_frame(0x20, 5, 1), )

/* ---- several streams that are one file -------------------------------------------- */

static struct blob split(enum pvb_codec codec)
{
	need_codec(codec);

	struct blob plain = plain_kernel(), image, rest;
	struct blob head = blob_copy(&plain), tail = BLOB_INIT;

	blob_cut(&head, plain.size / 2);
	blob_append(&tail, plain.bytes + plain.size / 2, plain.size - plain.size / 2);
	blob_free(&plain);
	image = consumed(codec, head);
	rest = consumed(codec, tail);
	blob_append_blob(&image, &rest);
	blob_free(&rest);
	return image;
}

SPOILT(a_kernel_in_two_members_of_gzip, split(PVB_CODEC_GZIP), )
SPOILT(a_kernel_in_two_streams_of_xz, split(PVB_CODEC_XZ), )
SPOILT(a_kernel_in_two_streams_of_bzip2, split(PVB_CODEC_BZIP2), )
SPOILT(a_kernel_in_two_frames_of_zstd, split(PVB_CODEC_ZSTD), )
SPOILT(a_second_member_of_gzip_that_is_damaged, split(PVB_CODEC_GZIP), flip(&image, image.size - 8))
SPOILT(a_second_member_of_gzip_that_is_cut, split(PVB_CODEC_GZIP), blob_cut(&image, image.size - 9))

/* ---- limits that the caller sets ----------------------------------------------------------------
 */

static const struct pvb_image_options little_memory = {.size = sizeof little_memory,
						       .max_decoder_memory = 1 << 12};
static const struct pvb_image_options little_output = {.size = sizeof little_output,
						       .max_unpacked = 10000};

SPOILT(an_lzo_stream_and_too_little_memory_for_it, stream_of(PVB_CODEC_LZO), )
SPOILT(an_lz4_stream_and_too_little_memory_for_it, stream_of(PVB_CODEC_LZ4), )
SPOILT(a_gzip_stream_and_too_little_memory_for_it, stream_of(PVB_CODEC_GZIP), )
SPOILT(an_xz_stream_and_too_little_memory_for_it, stream_of(PVB_CODEC_XZ), )
SPOILT(an_lzma_stream_and_too_little_memory_for_it, stream_of(PVB_CODEC_LZMA), )
SPOILT(a_bzip2_stream_and_too_little_memory_for_it, stream_of(PVB_CODEC_BZIP2), )
SPOILT(a_zstd_stream_and_too_little_memory_for_it, stream_of(PVB_CODEC_ZSTD), )
SPOILT(a_gzip_stream_and_too_low_a_limit_of_output, stream_of(PVB_CODEC_GZIP), )
SPOILT(an_xz_bzimage_and_too_low_a_limit_of_output, bzimage_with(PVB_CODEC_XZ), )
SPOILT(forty_megabytes_of_one_byte, consumed(PVB_CODEC_GZIP, repeating_kernel(40 << 20, 1)), )

/* ---- streams with something damaged inside a bzImage
 * ----------------------------------------------- */

#define DAMAGED_BZIMAGE(name_, id_)                                                                \
	SPOILT(a_bzimage_with_a_damaged_##name_##_payload, bzimage_with(PVB_CODEC_##id_),          \
	       flip(&image, image.size / 2))

DAMAGED_BZIMAGE(gzip, GZIP)
DAMAGED_BZIMAGE(bzip2, BZIP2)
DAMAGED_BZIMAGE(xz, XZ)
DAMAGED_BZIMAGE(lzo, LZO)
DAMAGED_BZIMAGE(zstd, ZSTD)

/* ---- codecs that were left out when this was configured ------------------------------------- */

static void a_codec_that_this_build_lacks_is_named(void **state)
{
	static const struct {
		enum pvb_codec codec;
		uint8_t magic[9];
	} optional[] = {
		{PVB_CODEC_BZIP2, {'B', 'Z', 'h', '9'}},
		{PVB_CODEC_LZO, {0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n'}},
		{PVB_CODEC_LZ4, {0x02, 0x21, 0x4c, 0x18}},
		{PVB_CODEC_ZSTD, {0x28, 0xb5, 0x2f, 0xfd}},
	};
	unsigned lacking = 0;

	(void)state;
	for (size_t i = 0; i < sizeof optional / sizeof *optional; i++) {
		uint8_t bytes[64] = {0};
		struct pvb_image *image = NULL;
		struct pvb_error error;

		if (pvb_codec_available(optional[i].codec))
			continue;
		lacking++;
		memcpy(bytes, optional[i].magic, sizeof optional[i].magic);
		assert_fails_with(
			pvb_image_open_memory(bytes, sizeof bytes, "it", NULL, &image, &error),
			PVB_E_CODEC_MISSING, &error);
		assert_non_null(strstr(error.message, pvb_codec_name(optional[i].codec)));
	}
	if (!lacking) {
		print_message("this build has every codec\n");
		skip();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CODEC_ROWS(gzip),
		CODEC_ROWS(bzip2),
		CODEC_ROWS(lzma),
		CODEC_ROWS(xz),
		CODEC_ROWS(lzo),
		CODEC_ROWS(lz4),
		CODEC_ROWS(zstd),
		/* As Linux appends a size, and others padding or a signature. */
		SOUND(a_gzip_stream_followed_by_rubbish, gzip_is_told),
		SOUND(a_bzip2_stream_followed_by_rubbish, bzip2_is_told),
		SOUND(a_lzma_stream_followed_by_rubbish, lzma_is_told),
		SOUND(a_xz_stream_followed_by_rubbish, xz_is_told),
		SOUND(a_lzo_stream_followed_by_rubbish, lzo_is_told),
		SOUND(a_zstd_stream_followed_by_rubbish, zstd_is_told),
		/* Such a frame has no end mark: what follows is its next block. */
		REFUSED(a_lz4_stream_followed_by_rubbish, CODEC_CORRUPT),
		REFUSED(a_gzip_stream_with_another_method, IMAGE_NO_LOADER),
		REFUSED(a_gzip_stream_with_reserved_flags, CODEC_CORRUPT),
		REFUSED(a_gzip_stream_with_a_name_that_never_ends, CODEC_TRUNCATED),
		REFUSED(a_gzip_stream_with_a_block_of_no_kind, CODEC_CORRUPT),
		REFUSED(a_gzip_stream_with_a_wrong_checksum, CODEC_CORRUPT),
		REFUSED(a_gzip_stream_with_a_wrong_size, CODEC_CORRUPT),
		REFUSED(a_gzip_stream_damaged_in_its_middle, CODEC_CORRUPT),
		REFUSED(a_bzip2_stream_with_a_wrong_block_magic, CODEC_CORRUPT),
		REFUSED(a_bzip2_stream_with_a_wrong_block_checksum, CODEC_CORRUPT),
		REFUSED(a_bzip2_stream_whose_damage_shows_in_its_first_bytes, IMAGE_NOT_A_KERNEL),
		REFUSED(a_bzip2_stream_with_a_wrong_checksum, CODEC_CORRUPT),
		REFUSED(an_lzma_stream_with_properties_that_cannot_be, IMAGE_NO_LOADER),
		REFUSED(an_lzma_stream_with_a_wrong_size, CODEC_CORRUPT),
		REFUSED(an_lzma_stream_whose_first_byte_is_not_0, CODEC_CORRUPT),
		REFUSED(an_lzma_stream_with_a_dictionary_of_4_gib, CODEC_MEMORY),
		REFUSED(an_xz_stream_with_unknown_flags, CODEC_CORRUPT),
		REFUSED(an_xz_stream_with_a_wrong_header_checksum, CODEC_CORRUPT),
		REFUSED(an_xz_stream_with_a_damaged_block_header, CODEC_CORRUPT),
		REFUSED(an_xz_stream_damaged_in_its_middle, CODEC_CORRUPT),
		REFUSED(an_xz_stream_with_a_damaged_index, CODEC_CORRUPT),
		REFUSED(an_xz_stream_with_a_wrong_footer, CODEC_CORRUPT),
		SOUND(an_xz_stream_with_a_dictionary_of_128_mib, NULL),
		REFUSED(an_xz_stream_with_a_dictionary_of_512_mib, CODEC_MEMORY),
		REFUSED(an_xz_stream_with_a_dictionary_of_4_gib, CODEC_MEMORY),
		REFUSED(an_xz_stream_with_a_dictionary_that_cannot_be, CODEC_CORRUPT),
		REFUSED(an_lzo_stream_with_a_wrong_header_checksum, CODEC_CORRUPT),
		REFUSED(an_lzo_stream_with_a_damaged_header, CODEC_CORRUPT),
		REFUSED(an_lzo_stream_with_a_wrong_block_checksum, CODEC_CORRUPT),
		REFUSED(an_lzo_stream_with_a_block_larger_than_it_unpacks_to, CODEC_CORRUPT),
		REFUSED(an_lzo_stream_with_a_block_that_unpacks_to_2_gib, CODEC_CORRUPT),
		REFUSED(an_lzo_stream_damaged_in_its_middle, CODEC_CORRUPT),
		REFUSED(an_lz4_stream_that_copies_from_nowhere, CODEC_CORRUPT),
		REFUSED(an_lz4_stream_that_copies_from_before_its_start, CODEC_CORRUPT),
		REFUSED(an_lz4_stream_with_a_block_of_2_gib, CODEC_CORRUPT),
		REFUSED(an_lz4_stream_with_a_block_of_no_bytes, IMAGE_NOT_A_KERNEL),
		REFUSED(an_lz4_stream_of_no_blocks, IMAGE_NOT_A_KERNEL),
		REFUSED(a_zstd_stream_with_the_reserved_bit_set, CODEC_CORRUPT),
		SOUND(a_zstd_stream_with_a_window_of_128_mib, NULL),
		REFUSED(a_zstd_stream_with_a_window_of_1_gib, CODEC_MEMORY),
		REFUSED(a_zstd_stream_with_a_window_of_2_tib, CODEC_MEMORY),
		REFUSED(a_zstd_stream_with_a_block_of_no_kind, CODEC_CORRUPT),
		REFUSED(a_zstd_stream_with_a_wrong_checksum, CODEC_CORRUPT),
		REFUSED(a_zstd_stream_damaged_in_its_middle, CODEC_CORRUPT),
		REFUSED(a_zstd_frame_that_states_4_eib, CODEC_MEMORY),
		REFUSED(a_zstd_frame_that_states_4_gib, CODEC_MEMORY),
		REFUSED(a_zstd_frame_that_states_64_kib_and_ends, CODEC_TRUNCATED),
		REFUSED(a_zstd_frame_that_states_5_bytes_and_ends, CODEC_TRUNCATED),
		SOUND(a_kernel_in_two_members_of_gzip, gzip_is_told),
		SOUND(a_kernel_in_two_streams_of_xz, xz_is_told),
		SOUND(a_kernel_in_two_streams_of_bzip2, bzip2_is_told),
		SOUND(a_kernel_in_two_frames_of_zstd, zstd_is_told),
		REFUSED(a_second_member_of_gzip_that_is_damaged, CODEC_CORRUPT),
		REFUSED(a_second_member_of_gzip_that_is_cut, CODEC_TRUNCATED),
		REFUSED_WITH(an_lzo_stream_and_too_little_memory_for_it, CODEC_MEMORY,
			     &little_memory),
		REFUSED_WITH(an_lz4_stream_and_too_little_memory_for_it, CODEC_MEMORY,
			     &little_memory),
		REFUSED_WITH(a_gzip_stream_and_too_little_memory_for_it, CODEC_MEMORY,
			     &little_memory),
		REFUSED_WITH(an_xz_stream_and_too_little_memory_for_it, CODEC_MEMORY,
			     &little_memory),
		REFUSED_WITH(an_lzma_stream_and_too_little_memory_for_it, CODEC_MEMORY,
			     &little_memory),
		REFUSED_WITH(a_bzip2_stream_and_too_little_memory_for_it, CODEC_MEMORY,
			     &little_memory),
		REFUSED_WITH(a_zstd_stream_and_too_little_memory_for_it, CODEC_MEMORY,
			     &little_memory),
		REFUSED_WITH(a_gzip_stream_and_too_low_a_limit_of_output, IMAGE_TOO_LARGE,
			     &little_output),
		REFUSED_WITH(an_xz_bzimage_and_too_low_a_limit_of_output, IMAGE_TOO_LARGE,
			     &little_output),
		REFUSED(forty_megabytes_of_one_byte, IMAGE_RATIO),
		REFUSED(a_bzimage_with_a_damaged_gzip_payload, CODEC_CORRUPT),
		REFUSED(a_bzimage_with_a_damaged_bzip2_payload, IMAGE_NOT_A_KERNEL),
		REFUSED(a_bzimage_with_a_damaged_xz_payload, CODEC_CORRUPT),
		REFUSED(a_bzimage_with_a_damaged_lzo_payload, CODEC_CORRUPT),
		REFUSED(a_bzimage_with_a_damaged_zstd_payload, CODEC_CORRUPT),
		cmocka_unit_test(a_codec_that_this_build_lacks_is_named),
	};

	return cmocka_run_group_tests_name("malformed codecs", tests, NULL, NULL);
}
