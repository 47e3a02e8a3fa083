/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malformed/bomb-maker.h"

#include <sys/mman.h>
#include <zlib.h>

#include "support/test.h"

static void deflate_all(z_stream *stream, const struct blob *plain, struct blob *out)
{
	uint8_t buffer[16384];

	stream->next_in = plain->bytes;
	stream->avail_in = (uInt)plain->size;
	do {
		stream->next_out = buffer;
		stream->avail_out = sizeof buffer;
		assert_true(deflate(stream, Z_FULL_FLUSH) == Z_OK);
		blob_append(out, buffer, sizeof buffer - stream->avail_out);
	} while (!stream->avail_out);
}

/* After a full flush nothing refers to what was before, so packing one stretch is enough. */
struct blob gzip_bomb(const struct blob *prefix, const struct blob *stretch, unsigned count)
{
	struct blob out = BLOB_INIT, once = BLOB_INIT;
	z_stream stream = {0};
	uLong sum = crc32(0, prefix->bytes, (uInt)prefix->size);
	const uLong stretch_sum = crc32(0, stretch->bytes, (uInt)stretch->size);

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
	blob_append(&out, "\x1f\x8b\x08\0\0\0\0\0\x02\x03", 10);
	if (prefix->size)
		deflate_all(&stream, prefix, &out);
	deflate_all(&stream, stretch, &once);
	(void)deflateEnd(&stream);
	for (unsigned i = 0; i < count; i++) {
		blob_append_blob(&out, &once);
		sum = crc32_combine(sum, stretch_sum, (z_off_t)stretch->size);
	}
	blob_append(&out, "\x03\0", 2); /* an empty last block */
	blob_append_number(&out, sum, 4);
	blob_append_number(&out, prefix->size + count * stretch->size, 4);
	blob_free(&once);
	return out;
}

static size_t stream_size(enum pvb_codec codec)
{
	return codec == PVB_CODEC_LZMA ? LZMA_STREAM : STREAM;
}

struct blob zeros_behind(const struct blob *prefix, size_t zeros)
{
	const size_t size = prefix->size + zeros;
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_true(bytes != MAP_FAILED);
	if (prefix->size)
		memcpy(bytes, prefix->bytes, prefix->size);
	return (struct blob){.bytes = (uint8_t *)bytes, .size = size, .capacity = size};
}

/* Streams one after the other, or where the format has independent blocks, more of them. */
struct blob codec_bomb(enum pvb_codec codec, const struct blob *prefix)
{
	struct blob plain = zeros_behind(prefix, stream_size(codec));
	struct blob out, zeros, more;
	size_t head = 0, tail = 0;

	out = compress_blob(codec, &plain, NULL);
	assert_int_equal(munmap(plain.bytes, plain.capacity), 0);
	if (codec == PVB_CODEC_LZMA)
		return out; /* one stream is all that it knows */
	if (codec == PVB_CODEC_BZIP2 || codec == PVB_CODEC_XZ) {
		more = blob_copy(&out);
	} else {
		zeros = (struct blob)BLOB_INIT;
		blob_append(&zeros, NULL, 8 << 20);
		more = compress_blob(codec, &zeros, NULL);
		blob_free(&zeros);
	}
	if (codec == PVB_CODEC_LZ4)
		head = 4; /* its magic */
	if (codec == PVB_CODEC_LZO) {
		head = 38; /* its magic and header */
		tail = 4;  /* the mark of the end */
		blob_cut(&out, out.size - tail);
	}

	/* Of 8 MiB each, or of the whole stream. */
	const unsigned times = codec == PVB_CODEC_BZIP2 || codec == PVB_CODEC_XZ ? 25 : 124;

	for (unsigned i = 0; i < times; i++)
		blob_append(&out, more.bytes + head, more.size - head - tail);
	blob_append(&out, NULL, tail);
	blob_free(&more);
	return out;
}

struct blob two_layers(struct blob payload)
{
	struct blob image =
		bzimage_build(&(const struct bzimage){.no_size_trailer = true}, &payload);

	return consumed(PVB_CODEC_GZIP, image);
}

struct blob header_for(uint64_t size)
{
	struct elf_builder builder = ELF_BUILDER_64;
	struct blob notes = xen_notes(64);

	elf_add_note_segment(&builder, &notes);
	elf_add_load(&builder, 0x100000, 0, size);
	builder.no_section_table = true;
	builder.entry = 0x100000;

	struct blob header = elf_build(&builder);

	elf_set_ph(&header, 1, PH_FILESZ, size);
	assert_int_equal(elf_get_ph(&header, 1, PH_OFFSET), header.size);
	return header;
}

struct blob zeros_to_repeat(void)
{
	struct blob blob = BLOB_INIT;

	blob_append(&blob, NULL, STRETCH);
	return blob;
}

struct blob noise_to_repeat(void)
{
	struct blob blob = zeros_to_repeat();
	uint64_t state = 7;

	for (size_t i = 0; i < blob.size; i++)
		blob.bytes[i] = i < 8192 ? (uint8_t)test_random(&state) : blob.bytes[i - 8192];
	return blob;
}
