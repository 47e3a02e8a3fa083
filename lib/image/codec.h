/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of codecs, and what each of them is given: a window of a source to
 * pull from, a sink to push into, and memory within a limit. Every codec
 * streams; sizes that a stream states are never believed.
 */
#ifndef PVB_IMAGE_CODEC_H
#define PVB_IMAGE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/image.h>

#include "core/error.h"
#include "core/span.h"
#include "image/limits.h"
#include "image/sink.h"
#include "image/source.h"

struct pvb_decode;

struct pvb_codec_entry {
	const char *name;
	const char *library;
	const char *magic;
	size_t magic_size;
	/* Where the magic alone is too weak. */
	bool (*plausible)(struct pvb_span head);
	/* One stream, from its magic to its end. NULL: this build has no library for it. */
	int (*decode)(struct pvb_decode *decode, struct pvb_error *error);
	enum pvb_codec codec;
	/* Several streams one after the other are one file (gzip's members, xz's streams). */
	bool members;
};

extern const struct pvb_codec_entry pvb_codecs[];
extern const size_t pvb_codec_entries;

/* The codec that a stream which begins so is of, or NULL. */
const struct pvb_codec_entry *pvb_codec_of(struct pvb_span head);

/* The names of all, "gzip, bzip2, ...". */
const char *pvb_codec_list(char *text, size_t size);

/*
 * Decode what is in the window [offset, offset + size) of the source into the
 * sink. whole_file: further streams of the same kind may follow the first.
 * What follows the last is ignored: Linux appends the unpacked size, others
 * padding or a signature.
 */
int pvb_codec_run(const struct pvb_codec_entry *codec, const struct pvb_source *source,
		  uint64_t offset, uint64_t size, bool whole_file, const struct pvb_limits *limits,
		  struct pvb_sink *sink, struct pvb_error *error);

/* ---- for the codecs themselves --------------------------------------------- */

enum { PVB_DECODE_OUT = 65536 };

struct pvb_decode {
	const struct pvb_codec_entry *codec;
	const uint8_t *in; /* fetched and not consumed; a codec moves in and avail on */
	size_t avail;
	uint8_t *out; /* PVB_DECODE_OUT bytes for the codec's use */

	const struct pvb_source *source;
	uint64_t begin, fetched, end; /* of the source */
	uint8_t *buffer;
	struct pvb_sink *sink;
	bool whole_file;

	uint64_t memory_limit, memory_used;
	uint64_t memory_refused; /* what would have been used, where the limit said no */
};

/* Have at least "want" bytes, a few at most, or all that the window still has. */
int pvb_decode_fill(struct pvb_decode *decode, size_t want, struct pvb_error *error);

/* Exactly size bytes, or CODEC_TRUNCATED. */
int pvb_decode_take(struct pvb_decode *decode, void *to, size_t size, struct pvb_error *error);

uint64_t pvb_decode_left(const struct pvb_decode *decode);

int pvb_decode_emit(struct pvb_decode *decode, const void *bytes, size_t size,
		    struct pvb_error *error);

/* The stream is damaged: what is wrong, to which codec, place and progress are added. */
int pvb_decode_corrupt(const struct pvb_decode *decode, struct pvb_error *error, const char *format,
		       ...) PVB_PRINTF(3, 4);
int pvb_decode_truncated(const struct pvb_decode *decode, struct pvb_error *error);

/* The decoder wants needed bytes, more than it may have. */
int pvb_decode_too_hungry(const struct pvb_decode *decode, uint64_t needed,
			  struct pvb_error *error);

/* Memory within the limit; NULL says that there is none, or sets memory_refused. */
void *pvb_decode_alloc(struct pvb_decode *decode, uint64_t size);
void pvb_decode_release(struct pvb_decode *decode, void *memory);

/* Why pvb_decode_alloc() said no. */
int pvb_decode_no_memory(const struct pvb_decode *decode, struct pvb_error *error);

int pvb_decode_gzip(struct pvb_decode *decode, struct pvb_error *error);
int pvb_decode_bzip2(struct pvb_decode *decode, struct pvb_error *error);
int pvb_decode_lzma(struct pvb_decode *decode, struct pvb_error *error);
int pvb_decode_xz(struct pvb_decode *decode, struct pvb_error *error);
int pvb_decode_lzo(struct pvb_decode *decode, struct pvb_error *error);
int pvb_decode_lz4(struct pvb_decode *decode, struct pvb_error *error);
int pvb_decode_zstd(struct pvb_decode *decode, struct pvb_error *error);

bool pvb_lzma_plausible(struct pvb_span head);

#endif
