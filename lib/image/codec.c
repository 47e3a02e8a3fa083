/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/codec.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/checked.h"
#include "core/cleanup.h"
#include "image/image.h"

enum { BUFFER_SIZE = 65536 };

#ifdef HAVE_BZIP2
#define BZIP2 pvb_decode_bzip2
#else
#define BZIP2 NULL
#endif
#ifdef HAVE_LZO
#define LZO pvb_decode_lzo
#else
#define LZO NULL
#endif
#ifdef HAVE_LZ4
#define LZ4 pvb_decode_lz4
#else
#define LZ4 NULL
#endif
#ifdef HAVE_ZSTD
#define ZSTD pvb_decode_zstd
#else
#define ZSTD NULL
#endif

#define MAGIC(bytes) .magic = (bytes), .magic_size = sizeof(bytes) - 1

/* clang-format off */
const struct pvb_codec_entry pvb_codecs[] = {
	{.codec = PVB_CODEC_GZIP, .name = "gzip", .library = "zlib", MAGIC("\x1f\x8b\x08"),
	 .members = true, .decode = pvb_decode_gzip},
	{.codec = PVB_CODEC_BZIP2, .name = "bzip2", .library = "libbz2", MAGIC("BZh"),
	 .members = true, .decode = BZIP2},
	{.codec = PVB_CODEC_LZMA, .name = "lzma", .library = "liblzma", MAGIC("\x5d\x00\x00"),
	 .plausible = pvb_lzma_plausible, .decode = pvb_decode_lzma},
	{.codec = PVB_CODEC_XZ, .name = "xz", .library = "liblzma", MAGIC("\xfd" "7zXZ\x00"),
	 .members = true, .decode = pvb_decode_xz},
	{.codec = PVB_CODEC_LZO, .name = "lzo", .library = "liblzo2", MAGIC("\x89LZO\x00\r\n\x1a\n"),
	 .decode = LZO},
	{.codec = PVB_CODEC_LZ4, .name = "lz4", .library = "liblz4", MAGIC("\x02\x21\x4c\x18"),
	 .decode = LZ4},
	{.codec = PVB_CODEC_ZSTD, .name = "zstd", .library = "libzstd", MAGIC("\x28\xb5\x2f\xfd"),
	 .members = true, .decode = ZSTD},
};
/* clang-format on */
const size_t pvb_codec_entries = sizeof pvb_codecs / sizeof pvb_codecs[0];

static const struct pvb_codec_entry *entry_of(enum pvb_codec codec)
{
	for (size_t i = 0; i < pvb_codec_entries; i++)
		if (pvb_codecs[i].codec == codec)
			return &pvb_codecs[i];
	return NULL;
}

const char *pvb_codec_name(enum pvb_codec codec)
{
	const struct pvb_codec_entry *entry = entry_of(codec);

	if (entry)
		return entry->name;
	return codec == PVB_CODEC_NONE ? "none" : "unknown";
}

bool pvb_codec_available(enum pvb_codec codec)
{
	const struct pvb_codec_entry *entry = entry_of(codec);

	return entry ? entry->decode != NULL : codec == PVB_CODEC_NONE;
}

static bool has_magic(const struct pvb_codec_entry *codec, struct pvb_span head)
{
	return head.size >= codec->magic_size &&
	       memcmp(head.bytes, codec->magic, codec->magic_size) == 0;
}

const struct pvb_codec_entry *pvb_codec_of(struct pvb_span head)
{
	for (size_t i = 0; i < pvb_codec_entries; i++)
		if (has_magic(&pvb_codecs[i], head) &&
		    (!pvb_codecs[i].plausible || pvb_codecs[i].plausible(head)))
			return &pvb_codecs[i];
	return NULL;
}

const char *pvb_codec_list(char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < pvb_codec_entries && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "",
					 pvb_codecs[i].name);
	return text;
}

/* ---- input ------------------------------------------------------------------- */

int pvb_decode_fill(struct pvb_decode *decode, size_t want, struct pvb_error *error)
{
	if (decode->avail >= want || decode->fetched == decode->end)
		return 0;
	if (decode->avail)
		memmove(decode->buffer, decode->in, decode->avail);
	decode->in = decode->buffer;

	size_t part = (size_t)pvb_min(BUFFER_SIZE - decode->avail, decode->end - decode->fetched);
	int rc = pvb_source_read(decode->source, decode->fetched, decode->buffer + decode->avail,
				 part, error);
	if (rc)
		return rc;
	decode->fetched += part;
	decode->avail += part;
	return 0;
}

uint64_t pvb_decode_left(const struct pvb_decode *decode)
{
	return decode->avail + (decode->end - decode->fetched);
}

int pvb_decode_take(struct pvb_decode *decode, void *to, size_t size, struct pvb_error *error)
{
	uint8_t *bytes = (uint8_t *)to;

	if (pvb_decode_left(decode) < size)
		return pvb_decode_truncated(decode, error);
	while (size) {
		int rc = pvb_decode_fill(decode, 1, error);

		if (rc)
			return rc;
		size_t part = decode->avail < size ? decode->avail : size;

		memcpy(bytes, decode->in, part);
		decode->in += part;
		decode->avail -= part;
		bytes += part;
		size -= part;
	}
	return 0;
}

int pvb_decode_emit(struct pvb_decode *decode, const void *bytes, size_t size,
		    struct pvb_error *error)
{
	return pvb_sink_write(decode->sink, bytes, size, error);
}

/* ---- refusals ------------------------------------------------------------------ */

static uint64_t consumed(const struct pvb_decode *decode)
{
	return decode->fetched - decode->begin - decode->avail;
}

int pvb_decode_corrupt(const struct pvb_decode *decode, struct pvb_error *error, const char *format,
		       ...)
{
	char what[160];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	return pvb_fail(error, PVB_E_CODEC_CORRUPT, PVB_IMAGE_STAGE,
			"the %s stream is damaged: %s, near byte %" PRIu64
			" of the stream, after %" PRIu64 " bytes of output",
			decode->codec->name, what, consumed(decode), decode->sink->size);
}

int pvb_decode_truncated(const struct pvb_decode *decode, struct pvb_error *error)
{
	return pvb_fail(error, PVB_E_CODEC_TRUNCATED, PVB_IMAGE_STAGE,
			"the %s stream ends early: all %" PRIu64 " bytes of it gave %" PRIu64
			" bytes of output and no end",
			decode->codec->name, decode->end - decode->begin, decode->sink->size);
}

int pvb_decode_too_hungry(const struct pvb_decode *decode, uint64_t needed, struct pvb_error *error)
{
	int rc = pvb_fail(error, PVB_E_CODEC_MEMORY, PVB_IMAGE_STAGE,
			  "the %s stream needs a decoder of %" PRIu64
			  " bytes, more than the limit of %" PRIu64 " (at byte %" PRIu64
			  " of the stream, after %" PRIu64 " bytes of output)",
			  decode->codec->name, needed, decode->memory_limit, consumed(decode),
			  decode->sink->size);

	pvb_hint(error, "raise pvb_image_options.max_decoder_memory, or unpack the kernel with "
			"Linux's scripts/extract-vmlinux and use what comes out");
	return rc;
}

int pvb_decode_no_memory(const struct pvb_decode *decode, struct pvb_error *error)
{
	if (decode->memory_refused)
		return pvb_decode_too_hungry(decode, decode->memory_refused, error);
	return pvb_fail_memory(error, PVB_IMAGE_STAGE, "a decoder");
}

static int missing(const struct pvb_codec_entry *codec, struct pvb_error *error)
{
	int rc = pvb_fail(error, PVB_E_CODEC_MISSING, PVB_IMAGE_STAGE,
			  "this kernel is %s-compressed and this build has no %s", codec->name,
			  codec->library);

	pvb_hint(error,
		 "use a pvbuild that was configured with %s, or unpack the kernel with Linux's "
		 "scripts/extract-vmlinux and use what comes out",
		 codec->library);
	return rc;
}

/* ---- memory ---------------------------------------------------------------------- */

struct allocation {
	_Alignas(max_align_t) uint64_t size;
};

void *pvb_decode_alloc(struct pvb_decode *decode, uint64_t size)
{
	uint64_t total, used;

	if (!pvb_add(size, sizeof(struct allocation), &total) ||
	    !pvb_add(decode->memory_used, total, &used) || used > decode->memory_limit) {
		if (!pvb_add(decode->memory_used, size, &decode->memory_refused))
			decode->memory_refused = UINT64_MAX;
		return NULL;
	}
	struct allocation *allocation = (struct allocation *)malloc((size_t)total);

	if (!allocation)
		return NULL;
	allocation->size = total;
	decode->memory_used = used;
	return allocation + 1;
}

void pvb_decode_release(struct pvb_decode *decode, void *memory)
{
	if (!memory)
		return;
	struct allocation *allocation = (struct allocation *)memory - 1;

	decode->memory_used -= allocation->size;
	free(allocation);
}

/* ---- running --------------------------------------------------------------------- */

/*
 * No stream is as short as this: what is left of a window may begin like one by
 * chance, as Linux's 4 bytes of size or the padding that signatures bring.
 */
#define SHORTEST_STREAM 16

/*
 * Compressors that work in parallel, or that allow reading from the middle, make a stream of
 * every 64 KiB or more. Far more than that only keeps us starting decoders.
 */
#define MOST_STREAMS 8192u

static int run(struct pvb_decode *decode, struct pvb_error *error)
{
	const struct pvb_codec_entry *codec = decode->codec;
	unsigned streams = 0;
	int rc;

	do {
		if (streams++ == MOST_STREAMS)
			return pvb_decode_corrupt(
				decode, error, "it is made of more than %u streams", MOST_STREAMS);
		rc = codec->decode(decode, error);
		if (rc || !decode->whole_file || !codec->members ||
		    pvb_decode_left(decode) < SHORTEST_STREAM)
			return rc;
		rc = pvb_decode_fill(decode, SHORTEST_STREAM, error);
	} while (!rc && has_magic(codec, pvb_span(decode->in, decode->avail)));
	return rc;
}

int pvb_codec_run(const struct pvb_codec_entry *codec, const struct pvb_source *source,
		  uint64_t offset, uint64_t size, bool whole_file, const struct pvb_limits *limits,
		  struct pvb_sink *sink, struct pvb_error *error)
{
	if (!codec->decode)
		return missing(codec, error);

	PVB_AUTO_FREE uint8_t *buffers = (uint8_t *)malloc(BUFFER_SIZE + PVB_DECODE_OUT);
	if (!buffers)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "a decoder's buffers");
	struct pvb_decode decode = {
		.codec = codec,
		.in = buffers,
		.out = buffers + BUFFER_SIZE,
		.source = source,
		.begin = offset,
		.fetched = offset,
		.end = offset + size,
		.buffer = buffers,
		.sink = sink,
		.whole_file = whole_file,
		.memory_limit = limits->decoder_memory,
	};
	return run(&decode, error);
}
