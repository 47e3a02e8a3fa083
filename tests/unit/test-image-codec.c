/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every codec: round trips, damage, limits, and what tries to cost more than it may. */
#include "support/test.h"

#include <elf.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <pvbuild/image.h>

#include "support/compress.h"
#include "support/elf-builder.h"

static int open_blob(const struct blob *file, const struct pvb_image_options *options,
		     struct pvb_image **image, struct pvb_error *error)
{
	return pvb_image_open_memory(file->bytes, file->size, "kernel", options, image, error);
}

static void assert_refused_with(struct blob *file, const struct pvb_image_options *options,
				enum pvb_code code, struct pvb_error *error)
{
	struct pvb_image *image;
	unsigned fds = count_open_fds();

	assert_fails_with(open_blob(file, options, &image, error), code, error);
	assert_null(image);
	assert_int_equal(count_open_fds(), fds);
	assert_int_equal(count_mappings_of("memfd:pvbuild-image"), 0);
	blob_free(file);
}

static void assert_refused(struct blob *file, enum pvb_code code)
{
	struct pvb_error error;

	assert_refused_with(file, NULL, code, &error);
}

/* A kernel of some size with content that neither repeats nor compresses to nothing. */
static struct blob kernel(size_t size)
{
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = xen_notes(64), text = BLOB_INIT;
	uint64_t seed = 7;

	blob_append(&text, NULL, size);
	for (size_t i = 0; i < size; i++)
		text.bytes[i] =
			i % 4096 < 2048 ? (uint8_t) "pvbuild!"[i % 8] : (uint8_t)test_random(&seed);
	elf_add_segment(&b, PT_LOAD, 0, &text, size);
	elf_add_note_segment(&b, &notes);
	return elf_build(&b);
}

static void assert_unpacks_to(const struct blob *file, const struct blob *plain,
			      enum pvb_codec codec, enum pvb_container container,
			      const struct pvb_image_options *options)
{
	struct pvb_image *image;
	struct pvb_error error;

	assert_ok(open_blob(file, options, &image, &error), &error);
	const struct pvb_image_info *info = pvb_image_info(image);
	assert_int_equal(info->codec, codec);
	assert_int_equal(info->container, container);
	assert_int_equal(info->unpacked_size, plain->size);
	assert_int_equal(info->file_size, file->size);
	assert_true(info->pv.supported);
	uint8_t *bytes = (uint8_t *)malloc(plain->size);
	assert_non_null(bytes);
	assert_int_equal(pread(pvb_image_fd(image), bytes, plain->size, 0), plain->size);
	assert_memory_equal(bytes, plain->bytes, plain->size);
	free(bytes);
	pvb_image_free(image);
}

#define for_each_codec(codec)                                                                      \
	for (enum pvb_codec codec = PVB_CODEC_GZIP; codec <= LAST_CODEC;                           \
	     codec = (enum pvb_codec)(codec + 1))                                                  \
		if (can_compress(codec))

static void codecs_have_their_public_names(void **state)
{
	(void)state;
	static const char *const names[] = {"none", "gzip", "bzip2", "lzma",
					    "xz",   "lzo",  "lz4",   "zstd"};

	for (enum pvb_codec codec = PVB_CODEC_NONE; codec <= LAST_CODEC;
	     codec = (enum pvb_codec)(codec + 1)) {
		assert_string_equal(pvb_codec_name(codec), names[codec]);
		assert_int_equal(pvb_codec_available(codec), can_compress(codec));
	}
	assert_string_equal(pvb_codec_name((enum pvb_codec)99), "unknown");
	assert_false(pvb_codec_available((enum pvb_codec)99));
}

static void a_codec_that_is_missing_is_named(void **state)
{
	(void)state;
	static const char *const magic[] = {"",
					    "\x1f\x8b\x08",
					    "BZh9",
					    "]",
					    "",
					    "\x89LZO\0\r\n\x1a\n",
					    "\x02\x21\x4c\x18",
					    "\x28\xb5\x2f\xfd"};
	bool any = false;

	for (enum pvb_codec codec = PVB_CODEC_GZIP; codec <= LAST_CODEC;
	     codec = (enum pvb_codec)(codec + 1)) {
		if (pvb_codec_available(codec))
			continue;
		struct blob file = BLOB_INIT;
		struct pvb_error error;

		any = true;
		blob_append(&file, magic[codec], 9);
		assert_refused_with(&file, NULL, PVB_E_CODEC_MISSING, &error);
		assert_non_null(strstr(error.message, "and this build has no lib"));
		assert_non_null(strstr(error.message, pvb_codec_name(codec)));
		assert_non_null(strstr(error.hint, "extract-vmlinux"));
	}
	if (!any)
		skip(); /* this build has them all */
}

static void every_codec_unpacks_a_bare_kernel(void **state)
{
	(void)state;
	struct blob plain = kernel(300000);

	for_each_codec(codec)
	{
		struct blob file = compress_blob(codec, &plain, NULL);

		assert_unpacks_to(&file, &plain, codec, PVB_CONTAINER_ELF, NULL);
		/* Whatever follows is ignored: padding, or a signature. */
		blob_append(&file, NULL, 4096);
		assert_unpacks_to(&file, &plain, codec, PVB_CONTAINER_ELF, NULL);
		blob_free(&file);
	}
	blob_free(&plain);
}

static void every_codec_unpacks_a_bzimage_payload(void **state)
{
	(void)state;
	struct blob plain = kernel(300000);

	for_each_codec(codec)
	{
		struct bzimage spec = {.unpacked_size = (uint32_t)plain.size};
		struct blob payload = compress_blob(codec, &plain, NULL);
		struct blob file = bzimage_build(&spec, &payload);

		assert_unpacks_to(&file, &plain, codec, PVB_CONTAINER_BZIMAGE, NULL);
		blob_free(&file);
	}
	blob_free(&plain);
}

static void every_codec_unpacks_a_whole_bzimage(void **state)
{
	(void)state;
	struct blob plain = kernel(20000);

	for_each_codec(outer)
	{
		struct bzimage spec = {.unpacked_size = (uint32_t)plain.size};
		struct blob payload = compress_blob(PVB_CODEC_XZ, &plain, NULL);
		struct blob inner = bzimage_build(&spec, &payload);
		struct blob file = compress_blob(outer, &inner, NULL);
		struct pvb_image *image;
		struct pvb_error error;

		assert_ok(open_blob(&file, NULL, &image, &error), &error);
		assert_int_equal(pvb_image_info(image)->layers, 2);
		assert_int_equal(pvb_image_info(image)->codec, PVB_CODEC_XZ);
		assert_int_equal(pvb_image_info(image)->container, PVB_CONTAINER_BZIMAGE);
		assert_non_null(pvb_image_info(image)->kernel_version);
		pvb_image_free(image);
		blob_free(&inner);
		blob_free(&file);
	}
	blob_free(&plain);
}

static void several_streams_are_one_file(void **state)
{
	(void)state;
	struct blob plain = kernel(100000);

	for_each_codec(codec)
	{
		struct blob halves[2] = {BLOB_INIT, BLOB_INIT};

		if (codec == PVB_CODEC_LZMA || codec == PVB_CODEC_LZO)
			continue; /* their tools do not do that */
		blob_append(&halves[0], plain.bytes, 60000);
		blob_append(&halves[1], plain.bytes + 60000, plain.size - 60000);
		struct blob file = compress_blob(codec, &halves[0], NULL);
		struct blob second = compress_blob(codec, &halves[1], NULL);

		blob_append_blob(&file, &second);
		assert_unpacks_to(&file, &plain, codec, PVB_CONTAINER_ELF, NULL);
		blob_free(&second);
		blob_free(&file);
		blob_free(&halves[0]);
		blob_free(&halves[1]);
	}
	blob_free(&plain);
}

/* A byte a member: nobody compresses so, but it would keep us busy. */
static void too_many_streams_are_refused(void **state)
{
	(void)state;
	struct blob plain = kernel(100000), file = BLOB_INIT;
	struct pvb_image *image;
	struct pvb_error error;

	for (size_t i = 0; i < 8193; i++) {
		struct blob byte = BLOB_INIT;

		blob_append(&byte, plain.bytes + i, 1);
		struct blob member = compress_blob(PVB_CODEC_GZIP, &byte, NULL);

		blob_append_blob(&file, &member);
		blob_free(&member);
		blob_free(&byte);
	}
	assert_fails_with(
		pvb_image_open_memory(file.bytes, file.size, "many", NULL, &image, &error),
		PVB_E_CODEC_CORRUPT, &error);
	assert_non_null(strstr(error.message, "more than 8192 streams"));
	blob_free(&file);
	blob_free(&plain);
}

static void sizes_may_be_stated_or_not(void **state)
{
	(void)state;
	struct blob plain = kernel(100000);
	struct compress_options options = {.content_size = true};

	for_each_codec(codec)
	{
		struct blob file = compress_blob(codec, &plain, &options);

		assert_unpacks_to(&file, &plain, codec, PVB_CONTAINER_ELF, NULL);
		blob_free(&file);
	}
	blob_free(&plain);
}

static void lz4_blocks_are_8_mib(void **state)
{
	(void)state;
	if (!can_compress(PVB_CODEC_LZ4))
		skip();
	struct blob plain = kernel(9 << 20);
	struct blob file = compress_blob(PVB_CODEC_LZ4, &plain, NULL);

	assert_unpacks_to(&file, &plain, PVB_CODEC_LZ4, PVB_CONTAINER_ELF, NULL);
	blob_free(&file);
	blob_free(&plain);
}

static void xz_checks_are_all_known(void **state)
{
	(void)state;
	struct blob plain = kernel(50000);
	struct compress_options options = {.xz_crc64 = true};
	struct blob file = compress_blob(PVB_CODEC_XZ, &plain, &options);

	assert_unpacks_to(&file, &plain, PVB_CODEC_XZ, PVB_CONTAINER_ELF, NULL);
	blob_free(&file);
	blob_free(&plain);
}

/* Cut anywhere: the stream is called truncated, whichever byte is the last. */
static void truncated_streams_are_called_so(void **state)
{
	(void)state;
	struct blob plain = kernel(100000);

	for_each_codec(codec)
	{
		struct blob whole = compress_blob(codec, &plain, NULL);

		for (unsigned tenth = 1; tenth < 10; tenth++) {
			struct blob file = blob_copy(&whole);
			struct pvb_error error;

			blob_cut(&file, file.size * tenth / 10);
			assert_refused_with(&file, NULL, PVB_E_CODEC_TRUNCATED, &error);
			assert_non_null(strstr(error.message, pvb_codec_name(codec)));
			assert_non_null(strstr(error.message, "bytes of output"));
		}
		/* The last byte alone. */
		if (codec != PVB_CODEC_LZMA) {
			struct blob file = blob_copy(&whole);
			blob_cut(&file, file.size - 1);
			assert_refused(&file, PVB_E_CODEC_TRUNCATED);
		}
		blob_free(&whole);
	}
	blob_free(&plain);
}

static void damaged_streams_are_called_so(void **state)
{
	(void)state;
	struct blob plain = kernel(100000);

	for_each_codec(codec)
	{
		struct blob file = compress_blob(codec, &plain, NULL);
		struct pvb_image *image;
		struct pvb_error error;

		/*
		 * Much of the middle, so that no codec takes it for content; but of
		 * bzip2 a checksum, for its damage shows everywhere in a block at once.
		 */
		if (codec == PVB_CODEC_BZIP2)
			file.bytes[10] ^= 1;
		else
			memset(file.bytes + file.size / 2, 0xa5, 200);
		int rc = open_blob(&file, NULL, &image, &error);
		if (rc != -PVB_E_CODEC_CORRUPT)
			print_error("%s: %s\n", pvb_codec_name(codec), error.message);
		/* lz4 alone has no checksum: it may yield a kernel that is no longer the same. */
		if (codec == PVB_CODEC_LZ4 && !rc)
			pvb_image_free(image);
		else
			assert_int_equal(rc, -PVB_E_CODEC_CORRUPT);
		blob_free(&file);
	}
	blob_free(&plain);
}

static void headers_of_streams_are_checked(void **state)
{
	(void)state;
	struct {
		enum pvb_codec codec;
		size_t offset;
		uint8_t value;
	} faults[] = {
		{PVB_CODEC_GZIP, 3, 0xe0}, /* reserved flags */
		{PVB_CODEC_BZIP2, 3, 'x'}, /* block size */
		{PVB_CODEC_XZ, 7, 0x0f},   /* check */
		{PVB_CODEC_ZSTD, 4, 0x08}, /* reserved bit */
		{PVB_CODEC_LZO, 15, 9},    /* method */
		{PVB_CODEC_LZO, 19, 0x08}, /* flags: filtered */
		{PVB_CODEC_LZO, 40, 0},    /* checksum of the header */
		{PVB_CODEC_LZ4, 7, 0x7f},  /* size of the first block */
	};
	struct blob plain = kernel(5000);

	for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		if (!can_compress(faults[i].codec))
			continue;
		struct blob file = compress_blob(faults[i].codec, &plain, NULL);

		if (file.bytes[faults[i].offset] == faults[i].value)
			file.bytes[faults[i].offset] ^= 0x55;
		else
			file.bytes[faults[i].offset] = faults[i].value;
		assert_refused(&file, PVB_E_CODEC_CORRUPT);
	}
	blob_free(&plain);
}

/* ---- lzo's container, field by field --------------------------------------------------- */

/* Offsets in what compress_blob() writes: magic 9, header 25, its checksum 4, blocks. */
enum { LZO_BLOCKS = 38 };

/* Flags of the header (lzop's own names: F_ADLER32_D, ...). */
enum {
	LZO_PLAIN_ADLER = 0x0001,
	LZO_PACKED_ADLER = 0x0002,
	LZO_EXTRA = 0x0040,
	LZO_PLAIN_CRC = 0x0100,
	LZO_PACKED_CRC = 0x0200,
	LZO_HEADER_CRC = 0x1000,
};

static void lzo_blocks_are_checked(void **state)
{
	(void)state;
	if (!can_compress(PVB_CODEC_LZO))
		skip();
	struct blob plain = kernel(5000);
	struct {
		size_t offset;
		uint8_t value;
	} faults[] = {
		{LZO_BLOCKS, 0x7f},      /* 2 GiB of plain data */
		{LZO_BLOCKS + 2, 0},     /* less plain data than packed */
		{LZO_BLOCKS + 8, 0x12},  /* checksum */
		{LZO_BLOCKS + 20, 0x81}, /* the data */
	};

	for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct blob file = compress_blob(PVB_CODEC_LZO, &plain, NULL);

		file.bytes[faults[i].offset] ^= 0x40;
		file.bytes[faults[i].offset] = faults[i].value;
		assert_refused(&file, PVB_E_CODEC_CORRUPT);
	}
	/* Larger blocks are fine, and so are those that do not shrink. */
	struct compress_options options = {.lzo_block_size = 1 << 20};
	struct blob big = kernel(3 << 20);
	struct blob file = compress_blob(PVB_CODEC_LZO, &big, &options);
	assert_unpacks_to(&file, &big, PVB_CODEC_LZO, PVB_CONTAINER_ELF, NULL);
	blob_free(&file);
	options.lzo_block_size = 512;
	file = compress_blob(PVB_CODEC_LZO, &big, &options);
	assert_unpacks_to(&file, &big, PVB_CODEC_LZO, PVB_CONTAINER_ELF, NULL);
	blob_free(&file);
	blob_free(&big);
	blob_free(&plain);
}

/* A stream of one block, with every field that the container can have. */
static struct blob lzo_stream(uint16_t version, uint32_t flags, const struct blob *plain)
{
	struct compress_options options = {.lzo_block_size = (uint32_t)plain->size};
	struct blob simple = compress_blob(PVB_CODEC_LZO, plain, &options), file = BLOB_INIT;
	uint32_t packed_size = 0;
	size_t header;

	for (unsigned i = 0; i < 4; i++)
		packed_size = packed_size << 8 | simple.bytes[LZO_BLOCKS + 4 + i];
	const uint8_t *packed = simple.bytes + LZO_BLOCKS + 12;

	blob_append(&file, simple.bytes, 9);
	header = file.size;
	blob_append_number_be(&file, version, 2);
	blob_append_number_be(&file, 0x20a0, 2);
	if (version >= 0x940)
		blob_append_number_be(&file, 0x940, 2);
	blob_append_number_be(&file, 3, 1);
	if (version >= 0x940)
		blob_append_number_be(&file, 9, 1);
	blob_append_number_be(&file, flags, 4);
	blob_append(&file, NULL, version >= 0x940 ? 12 : 8);
	blob_append_number_be(&file, 7, 1);
	blob_append(&file, "vmlinux", 7);
	for (unsigned part = 0; part < (flags & LZO_EXTRA ? 2 : 1); part++) {
		if (part) {
			header = file.size;
			blob_append_number_be(&file, 100, 4);
			blob_append(&file, NULL, 100);
		}
		const uint8_t *bytes = file.bytes + header;
		uInt size = (uInt)(file.size - header);
		uLong sum =
			flags & LZO_HEADER_CRC ? crc32(0, bytes, size) : adler32(1, bytes, size);

		blob_append_number_be(&file, sum, 4);
	}
	blob_append_number_be(&file, plain->size, 4);
	blob_append_number_be(&file, packed_size, 4);
	if (flags & LZO_PLAIN_ADLER)
		blob_append_number_be(&file, adler32(1, plain->bytes, (uInt)plain->size), 4);
	if (flags & LZO_PLAIN_CRC)
		blob_append_number_be(&file, crc32(0, plain->bytes, (uInt)plain->size), 4);
	if (flags & LZO_PACKED_ADLER)
		blob_append_number_be(&file, adler32(1, packed, packed_size), 4);
	if (flags & LZO_PACKED_CRC)
		blob_append_number_be(&file, crc32(0, packed, packed_size), 4);
	blob_append(&file, packed, packed_size);
	blob_append_number_be(&file, 0, 4);
	blob_free(&simple);
	return file;
}

static void lzo_headers_of_every_kind_are_read(void **state)
{
	(void)state;
	if (!can_compress(PVB_CODEC_LZO))
		skip();
	static const uint32_t flags[] = {
		0,
		LZO_PLAIN_ADLER,
		LZO_PLAIN_CRC | LZO_PACKED_CRC,
		LZO_PLAIN_ADLER | LZO_PACKED_ADLER | LZO_HEADER_CRC,
		LZO_EXTRA | LZO_PLAIN_ADLER,
		LZO_EXTRA | LZO_HEADER_CRC | LZO_PLAIN_CRC | LZO_PACKED_ADLER,
	};
	struct blob plain = kernel(20000);

	for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++)
		for (unsigned old = 0; old < 2; old++) {
			struct blob file = lzo_stream(old ? 0x900 : 0x1040, flags[i], &plain);

			assert_unpacks_to(&file, &plain, PVB_CODEC_LZO, PVB_CONTAINER_ELF, NULL);

			/* With any checksum the last byte of the data cannot change unseen. */
			file.bytes[file.size - 5 - 3] ^= 1;
			if (flags[i])
				assert_refused(&file, PVB_E_CODEC_CORRUPT);
			blob_free(&file);

			/* And it ends early at every byte. */
			for (unsigned cut = 9; cut < 200; cut += 3) {
				file = lzo_stream(old ? 0x900 : 0x1040, flags[i], &plain);
				blob_cut(&file, cut);
				assert_refused(&file, PVB_E_CODEC_TRUNCATED);
			}
		}

	/* The extra field has a checksum of its own. */
	struct blob file = lzo_stream(0x1040, LZO_EXTRA, &plain);
	file.bytes[9 + 32 + 4 + 50] ^= 1;
	assert_refused(&file, PVB_E_CODEC_CORRUPT);
	blob_free(&plain);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void an_xz_dictionary_of_128_mib_works(void **state)
{
	(void)state;
	struct blob plain = kernel(100000);
	struct compress_options options = {.dictionary = UINT32_C(128) << 20};

	for_each_codec(codec)
	{
		if (codec != PVB_CODEC_XZ && codec != PVB_CODEC_LZMA && codec != PVB_CODEC_ZSTD)
			continue;
		struct blob file = compress_blob(codec, &plain, &options);

		assert_unpacks_to(&file, &plain, codec, PVB_CONTAINER_ELF, NULL);
		blob_free(&file);
	}
	blob_free(&plain);
}

static void decoders_that_are_too_hungry_say_how_much_they_want(void **state)
{
	(void)state;
	struct blob plain = kernel(100000);
	struct compress_options dictionary = {.dictionary = UINT32_C(32) << 20};
	struct pvb_image_options options = PVB_IMAGE_OPTIONS_INIT;

	for_each_codec(codec)
	{
		struct pvb_error error;

		/* Small enough for each: gzip takes some 40 KiB. */
		options.max_decoder_memory = 16 << 10;
		struct blob file = compress_blob(codec, &plain, &dictionary);
		struct blob again = blob_copy(&file);
		assert_refused_with(&file, &options, PVB_E_CODEC_MEMORY, &error);
		assert_non_null(strstr(error.message, "more than the limit of 16384"));
		assert_non_null(strstr(error.hint, "max_decoder_memory"));

		/* And enough for each. */
		options.max_decoder_memory = 36 << 20;
		assert_unpacks_to(&again, &plain, codec, PVB_CONTAINER_ELF, &options);
		blob_free(&again);
	}
	blob_free(&plain);
}

static void zstd_windows_are_read_in_all_their_forms(void **state)
{
	(void)state;
	if (!can_compress(PVB_CODEC_ZSTD))
		skip();
	static const struct {
		const char *header;
		size_t size;
		bool hungry;
	} frames[] = {
		{"\x28\xb5\x2f\xfd\x00\x88\x00", 7, false},             /* 2^27 */
		{"\x28\xb5\x2f\xfd\x00\x90\x00", 7, true},              /* 2^28 = the limit */
		{"\x28\xb5\x2f\xfd\x00\xff\x00", 7, true},              /* the largest */
		{"\x28\xb5\x2f\xfd\x20\xff\x00", 7, false},             /* one byte */
		{"\x28\xb5\x2f\xfd\x60\xff\xff\x00", 8, false},         /* two */
		{"\x28\xb5\x2f\xfd\xa0\xff\xff\xff\xff\x00", 10, true}, /* four */
		{"\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\xff\xff\xff\xff\x00", 14, true},
		{"\x28\xb5\x2f\xfd\xa3\0\0\0\0\xff\xff\xff\xff\x00", 14, true},
		{"\x28\xb5\x2f\xfd", 4, false},
		{"\x28\xb5\x2f\xfd\x00", 5, false},
		{"\x28\xb5\x2f\xfd\x20", 5, false},
		{"\x28\xb5\x2f\xfd\x60\xff", 6, false},
		{"\x28\xb5\x2f\xfd\xa0\xff\xff", 7, false},
	};

	for (unsigned i = 0; i < sizeof frames / sizeof frames[0]; i++) {
		struct blob file = BLOB_INIT;
		struct pvb_image *image;
		struct pvb_error error;

		blob_append(&file, frames[i].header, frames[i].size);
		int rc = open_blob(&file, NULL, &image, &error);
		if ((rc == -PVB_E_CODEC_MEMORY) != frames[i].hungry)
			print_error("frame %u: %s\n", i, error.message);
		assert_int_equal(rc == -PVB_E_CODEC_MEMORY, frames[i].hungry);
		assert_true(rc == -PVB_E_CODEC_MEMORY || rc == -PVB_E_CODEC_TRUNCATED);
		blob_free(&file);
	}
}

static void output_is_limited(void **state)
{
	(void)state;
	struct blob plain = kernel(300000);
	struct pvb_image_options options = PVB_IMAGE_OPTIONS_INIT;

	for_each_codec(codec)
	{
		struct pvb_error error;
		struct blob file = compress_blob(codec, &plain, NULL);

		/* Known from the ELF header, before the bytes come. */
		options.max_unpacked = plain.size - 1;
		assert_refused_with(&file, &options, PVB_E_IMAGE_TOO_LARGE, &error);
		assert_non_null(strstr(error.hint, "max_unpacked"));

		file = compress_blob(codec, &plain, NULL);
		options.max_unpacked = plain.size;
		assert_unpacks_to(&file, &plain, codec, PVB_CONTAINER_ELF, &options);
		blob_free(&file);
	}
	blob_free(&plain);
}

/* ---- bombs --------------------------------------------------------------------------------------
 */

#define GIB (UINT64_C(1) << 30)

static long peak_kib(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

/* gzip(bzImage(gzip(prefix, then zeros up to 1 GiB))), which comes to some 18 KB. */
static struct blob two_layer_bomb(const struct blob *prefix)
{
	struct blob payload = gzip_of_zeros(prefix, GIB - prefix->size);
	struct bzimage spec = {.unpacked_size = (uint32_t)GIB};
	struct blob bzimage = bzimage_build(&spec, &payload);
	struct blob file = gzip_of_zeros(&bzimage, 0);

	blob_free(&bzimage);
	assert_true(file.size < 20000);
	return file;
}

static void assert_cheap(struct blob *file, enum pvb_code code)
{
	long before = peak_kib();

	assert_refused(file, code);
	/* The outer layer's megabyte and the decoders: far from the gigabyte. */
	assert_true(peak_kib() - before < 20000);
}

static void bombs_of_zeros_cost_kilobytes(void **state)
{
	(void)state;
	struct blob nothing = BLOB_INIT;
	struct blob file = two_layer_bomb(&nothing);
	assert_cheap(&file, PVB_E_IMAGE_NOT_A_KERNEL);

	file = gzip_of_zeros(&nothing, GIB / 4);
	assert_cheap(&file, PVB_E_IMAGE_NOT_A_KERNEL);
}

static void bombs_behind_a_modest_elf_header_outgrow_it(void **state)
{
	(void)state;
	struct blob prefix = small_kernel(64);
	struct blob file = two_layer_bomb(&prefix);
	assert_cheap(&file, PVB_E_IMAGE_OUTGROWN);
	blob_free(&prefix);

	prefix = small_kernel(32);
	file = gzip_of_zeros(&prefix, GIB / 4);
	assert_cheap(&file, PVB_E_IMAGE_OUTGROWN);
	blob_free(&prefix);
}

static void bombs_behind_a_boastful_elf_header_are_too_large(void **state)
{
	(void)state;
	struct blob prefix = small_kernel(64);
	elf_set_ph(&prefix, 0, PH_FILESZ, GIB - 0x10000);
	elf_set_ph(&prefix, 0, PH_MEMSZ, GIB);
	struct blob file = two_layer_bomb(&prefix);
	struct pvb_error error;
	struct blob again = blob_copy(&file);

	assert_cheap(&file, PVB_E_IMAGE_TOO_LARGE);
	assert_refused_with(&again, NULL, PVB_E_IMAGE_TOO_LARGE, &error);
	assert_non_null(strstr(error.hint, "max_unpacked"));
	assert_non_null(strstr(error.message, "of the layer around it"));
	assert_non_null(strstr(error.context, "payload"));
	blob_free(&prefix);

	/* One that claims more than anything may have. */
	prefix = small_kernel(64);
	elf_set_ph(&prefix, 0, PH_FILESZ, UINT64_MAX);
	file = two_layer_bomb(&prefix);
	assert_cheap(&file, PVB_E_IMAGE_TOO_LARGE);
	blob_free(&prefix);

	/* The boast may be in where the tables are. */
	prefix = small_kernel(64);
	elf_set(&prefix, EH_SHOFF, GIB - 0x10000);
	file = two_layer_bomb(&prefix);
	assert_cheap(&file, PVB_E_IMAGE_TOO_LARGE);
	blob_free(&prefix);
}

static void sections_account_for_bytes_but_lies_do_not(void **state)
{
	(void)state;
	/* 200,000 bytes that no segment has, with the section table before them. */
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = xen_notes(64), debug = BLOB_INIT;
	uint64_t seed = 3;

	elf_add_load(&b, 0, 0x100, 0x1000);
	elf_add_note_segment(&b, &notes);
	blob_append(&debug, NULL, 64 * 8);
	unsigned section = elf_add_section(&b, ".debug", SHT_PROGBITS, &debug);
	struct blob plain = elf_build(&b);
	uint64_t at = plain.size;

	blob_append(&plain, NULL, 200000);
	for (uint64_t i = at; i < plain.size; i++)
		plain.bytes[i] = (uint8_t)test_random(&seed);
	struct blob file = compress_blob(PVB_CODEC_GZIP, &plain, NULL);
	assert_refused(&file, PVB_E_IMAGE_OUTGROWN);

	elf_set_sh(&plain, section, SH_OFFSET, at);
	elf_set_sh(&plain, section, SH_SIZE, plain.size - at);
	file = compress_blob(PVB_CODEC_GZIP, &plain, NULL);
	/* No build reads them, so that they are not kept. */
	struct blob kept = blob_copy(&plain);
	memset(kept.bytes + at, 0, kept.size - at);
	assert_unpacks_to(&file, &kept, PVB_CODEC_GZIP, PVB_CONTAINER_ELF, NULL);
	blob_free(&kept);
	blob_free(&file);

	elf_set_sh(&plain, section, SH_SIZE, UINT64_MAX);
	file = compress_blob(PVB_CODEC_GZIP, &plain, NULL);
	assert_refused(&file, PVB_E_IMAGE_OUTGROWN);
	elf_set_sh(&plain, section, SH_OFFSET, UINT64_MAX);
	file = compress_blob(PVB_CODEC_GZIP, &plain, NULL);
	assert_refused(&file, PVB_E_IMAGE_OUTGROWN);
	blob_free(&plain);
}

/* Wherever they fall among the pieces in which a stream comes. */
static void tables_may_stand_anywhere(void **state)
{
	(void)state;
	for (size_t size = 64500; size < 66500; size += 50) {
		struct blob plain = kernel(size);
		/* The program headers, too, are moved to the end. */
		uint64_t at = blob_append(&plain, plain.bytes + 64, 2 * 56);

		elf_set(&plain, EH_PHOFF, at);
		struct blob file = compress_blob(PVB_CODEC_GZIP, &plain, NULL);
		assert_unpacks_to(&file, &plain, PVB_CODEC_GZIP, PVB_CONTAINER_ELF, NULL);
		blob_free(&file);
		blob_free(&plain);
	}
}

static void relocations_behind_the_elf_are_within_the_slack(void **state)
{
	(void)state;
	struct blob plain = kernel(1 << 20);

	blob_append(&plain, NULL, plain.size / 50); /* as Linux: some 2 % */
	struct blob file = compress_blob(PVB_CODEC_GZIP, &plain, NULL);
	assert_unpacks_to(&file, &plain, PVB_CODEC_GZIP, PVB_CONTAINER_ELF, NULL);
	blob_free(&file);
	blob_free(&plain);
}

static void a_bzimage_that_outgrows_its_header_is_refused(void **state)
{
	(void)state;
	struct blob elf = small_kernel(64);
	struct blob payload = compress_blob(PVB_CODEC_GZIP, &elf, NULL);
	struct blob bzimage = bzimage_build(&(struct bzimage){.unpacked_size = 1}, &payload);
	struct blob file = gzip_of_zeros(&bzimage, GIB / 4);

	assert_cheap(&file, PVB_E_IMAGE_OUTGROWN);
	blob_free(&bzimage);
	blob_free(&elf);
}

/* Nothing says how large a flat binary is, and zeros cost nothing. */
static void a_bare_flat_binary_of_zeros_costs_nothing(void **state)
{
	(void)state;
	struct flat_binary spec = {
		.flags = 0x10000 | 2 << 14, .header_addr = 0, .load_addr = 0, .entry_addr = 0};
	struct blob prefix = flat_build(&spec, 8192);
	struct blob file = gzip_of_zeros(&prefix, GIB / 4);
	struct pvb_image *image = NULL;
	struct pvb_error error;
	struct stat status;
	long before = peak_kib();

	assert_ok(open_blob(&file, NULL, &image, &error), &error);
	assert_int_equal(pvb_image_info(image)->unpacked_size, prefix.size + GIB / 4);
	assert_true(peak_kib() - before < 20000);
	assert_int_equal(fstat(pvb_image_fd(image), &status), 0);
	assert_true(status.st_blocks * 512 <= 1 << 20);
	assert_true(pvb_image_info(image)->memory_peak <= 1 << 20);
	pvb_image_free(image);
	blob_free(&file);
	blob_free(&prefix);
}

/* ---- layers
 * ---------------------------------------------------------------------------------------- */

static void a_second_layer_around_the_file_is_refused(void **state)
{
	(void)state;
	struct blob plain = kernel(20000);

	for_each_codec(codec)
	{
		struct blob once = compress_blob(codec, &plain, NULL);
		struct blob twice = compress_blob(PVB_CODEC_GZIP, &once, NULL);
		struct pvb_error error;

		assert_refused_with(&twice, NULL, PVB_E_IMAGE_NESTED, &error);
		assert_non_null(strstr(error.message, pvb_codec_name(codec)));

		/* The same inside a payload. */
		struct bzimage spec = {.unpacked_size = (uint32_t)once.size};
		struct blob payload = compress_blob(PVB_CODEC_GZIP, &once, NULL);
		struct blob bzimage = bzimage_build(&spec, &payload);
		assert_refused(&bzimage, PVB_E_IMAGE_NESTED);
		blob_free(&once);
	}
	blob_free(&plain);
}

static void what_is_no_kernel_is_refused_by_its_first_bytes(void **state)
{
	(void)state;
	struct blob text = BLOB_INIT;
	struct pvb_error error;

	for (unsigned i = 0; i < 2000; i++)
		blob_append_text(&text, "I am no kernel. ");
	for_each_codec(codec)
	{
		struct blob file = compress_blob(codec, &text, NULL);

		assert_refused_with(&file, NULL, PVB_E_IMAGE_NOT_A_KERNEL, &error);
		assert_non_null(strstr(error.message, "tried ELF"));
		struct blob payload = compress_blob(codec, &text, NULL);
		file = bzimage_build(&(struct bzimage){.unpacked_size = (uint32_t)text.size},
				     &payload);
		assert_refused_with(&file, NULL, PVB_E_IMAGE_NOT_A_KERNEL, &error);
		assert_non_null(strstr(error.message, "begins with 49 20 61 6d"));
	}

	/* A stream of nothing. */
	blob_cut(&text, 0);
	struct blob file = compress_blob(PVB_CODEC_GZIP, &text, NULL);
	assert_refused(&file, PVB_E_IMAGE_NOT_A_KERNEL);

	/* Inside a payload there is only ELF. */
	struct blob arm = arm64_build(0, 4096, 2, 4096);
	struct blob payload = compress_blob(PVB_CODEC_GZIP, &arm, NULL);
	file = bzimage_build(&(struct bzimage){0}, &payload);
	assert_refused(&file, PVB_E_IMAGE_NOT_A_KERNEL);
	blob_free(&arm);
	struct blob elf = small_kernel(64);
	struct blob inner = compress_blob(PVB_CODEC_GZIP, &elf, NULL);
	struct blob bzimage = bzimage_build(&(struct bzimage){0}, &inner);
	payload = compress_blob(PVB_CODEC_GZIP, &bzimage, NULL);
	file = bzimage_build(&(struct bzimage){0}, &payload);
	assert_refused(&file, PVB_E_IMAGE_NOT_A_KERNEL);
	blob_free(&bzimage);
	blob_free(&elf);
	blob_free(&text);
}

static void malformed_elfs_are_refused_before_they_are_unpacked(void **state)
{
	(void)state;
	struct blob prefix = small_kernel(64);

	elf_set(&prefix, EH_MACHINE, EM_MIPS);
	struct blob file = two_layer_bomb(&prefix);
	assert_cheap(&file, PVB_E_ELF_MACHINE);
	blob_free(&prefix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codecs_have_their_public_names),
		cmocka_unit_test(a_codec_that_is_missing_is_named),
		/* First of all those that measure the peak. */
		cmocka_unit_test(bombs_of_zeros_cost_kilobytes),
		cmocka_unit_test(bombs_behind_a_modest_elf_header_outgrow_it),
		cmocka_unit_test(bombs_behind_a_boastful_elf_header_are_too_large),
		cmocka_unit_test(malformed_elfs_are_refused_before_they_are_unpacked),
		cmocka_unit_test(a_bzimage_that_outgrows_its_header_is_refused),
		cmocka_unit_test(a_bare_flat_binary_of_zeros_costs_nothing),
		cmocka_unit_test(every_codec_unpacks_a_bare_kernel),
		cmocka_unit_test(every_codec_unpacks_a_bzimage_payload),
		cmocka_unit_test(every_codec_unpacks_a_whole_bzimage),
		cmocka_unit_test(several_streams_are_one_file),
		cmocka_unit_test(too_many_streams_are_refused),
		cmocka_unit_test(sizes_may_be_stated_or_not),
		cmocka_unit_test(lz4_blocks_are_8_mib),
		cmocka_unit_test(xz_checks_are_all_known),
		cmocka_unit_test(truncated_streams_are_called_so),
		cmocka_unit_test(damaged_streams_are_called_so),
		cmocka_unit_test(headers_of_streams_are_checked),
		cmocka_unit_test(lzo_blocks_are_checked),
		cmocka_unit_test(lzo_headers_of_every_kind_are_read),
		cmocka_unit_test(an_xz_dictionary_of_128_mib_works),
		cmocka_unit_test(decoders_that_are_too_hungry_say_how_much_they_want),
		cmocka_unit_test(zstd_windows_are_read_in_all_their_forms),
		cmocka_unit_test(output_is_limited),
		cmocka_unit_test(sections_account_for_bytes_but_lies_do_not),
		cmocka_unit_test(tables_may_stand_anywhere),
		cmocka_unit_test(relocations_behind_the_elf_are_within_the_slack),
		cmocka_unit_test(a_second_layer_around_the_file_is_refused),
		cmocka_unit_test(what_is_no_kernel_is_refused_by_its_first_bytes),
	};

	return cmocka_run_group_tests_name("image-codec", tests, NULL, NULL);
}
