/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a kernel costs: fails where that is out of proportion to its bytes. A byte of flags (bit
 * 0: 32 bits), one of the size (1 KiB << n); then records, each three bytes of a place behind
 * the start of a sound kernel, one of a width less one, two of a count less one, two of a
 * step or 0 for the width, and eight bytes, so many of which are written there.
 */
#include "fuzz/targets.h"

#include <string.h>

#include "fuzz/check.h"
#include "image/image.h"
#include "malformed/specimen.h"
#include "support/cost.h"

#define HEADER 2u
#define RECORD 16u

static uint32_t number(const uint8_t *bytes, unsigned width)
{
	uint32_t value = 0;

	while (width--)
		value = value << 8 | bytes[width];
	return value;
}

/* What stands in a record, again and again. */
static void write_record(struct blob *file, const uint8_t *record)
{
	const size_t width = 1 + (record[3] & 7), step = number(record + 6, 2);
	size_t at = number(record, 3), count = 1 + number(record + 4, 2);

	for (; count && at + width <= file->size; count--, at += step ? step : width)
		memcpy(file->bytes + at, record + 8, width);
}

static struct blob make_file(const uint8_t *data, size_t size)
{
	struct blob file = sound_kernel(data[0] & 1 ? 32 : 64);
	const size_t wanted = (size_t)1 << (10 + data[1] % 9);

	if (file.size < wanted)
		blob_append(&file, NULL, wanted - file.size);
	for (data += HEADER, size -= HEADER; size >= RECORD; data += RECORD, size -= RECORD)
		write_record(&file, data);
	return file;
}

static void run(const uint8_t *data, size_t size)
{
	struct pvb_image *image = NULL;
	struct pvb_error error;
	struct pvb_cost cost = {0};
	struct blob file;
	const char *wrong;

	if (size < HEADER)
		return;
	file = make_file(data, size);
	(void)pvb_image_open_counted(pvb_span(file.bytes, file.size), "fuzz", NULL, &cost, &image,
				     &error);
	pvb_image_free(image);
	wrong = cost_out_of_proportion(&cost, file.size, NULL);
	if (wrong)
		fuzz_broken(wrong, __FILE__, __LINE__, NULL);
	blob_free(&file);
}

/* ---- what it begins with ------------------------------------------------------------------ */

static void cost_record(struct blob *input, uint64_t at, unsigned width, unsigned count,
			unsigned step, uint64_t value)
{
	blob_append_number(input, at, 3);
	blob_append_number(input, width - 1, 1);
	blob_append_number(input, count - 1, 2);
	blob_append_number(input, step, 2);
	blob_append_number(input, value, 8);
}

static struct blob cost_begin(unsigned size)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, 0, 1);
	blob_append_number(&input, size, 1);
	return input;
}

enum { PHOFF = 0x20, PHNUM = 0x38, SHOFF = 0x28, SHNUM = 0x3c, TABLE = 0x8000 };

/* Headers of one kind, size bytes at an offset each, in a table of their own. */
static void cost_segments(struct blob *input, unsigned count, unsigned type, uint64_t offset,
			  uint64_t size)
{
	cost_record(input, PHOFF, 8, 1, 0, TABLE);
	cost_record(input, PHNUM, 2, 1, 0, count);
	cost_record(input, TABLE, 8, count, 56, UINT64_C(5) << 32 | type);
	cost_record(input, TABLE + 8, 8, count, 56, offset);
	cost_record(input, TABLE + 32, 8, count, 56, size);
	cost_record(input, TABLE + 40, 8, count, 56, size);
	/* Each behind the one before; it does not matter where. */
	for (unsigned i = 0; i < count; i++)
		cost_record(input, TABLE + 24 + 56 * i, 8, 1, 0, (uint64_t)i << 24);
}

/* Notes for the first of them, as a Linux has them, and banners that are none. */
static struct blob cost_same_bytes(void)
{
	struct blob input = cost_begin(7);

	cost_segments(&input, 100, 1, 0x10000, 0xc000);
	cost_record(&input, TABLE, 4, 1, 0, 4);
	cost_record(&input, TABLE + 8, 8, 1, 0, 0xc000);
	cost_record(&input, TABLE + 32, 8, 1, 0, 40);
	cost_record(&input, 0xc000, 8, 1, 0, UINT64_C(6) << 32 | 4);
	cost_record(&input, 0xc008, 8, 1, 0, UINT64_C(0x6e655800000006));
	cost_record(&input, 0xc010, 8, 1, 0, UINT64_C(0x78756e696c));
	for (unsigned i = 0; i < 2; i++)
		cost_record(&input, 0x10000 + 8 * i, 8, 0x800, 24,
			    i ? UINT64_C(0x206e6f6973726576) : UINT64_C(0x2078756e694c2020));
	return input;
}

static struct blob cost_same_notes(void)
{
	struct blob input = cost_begin(7);

	cost_segments(&input, 100, 4, 0x10000, 0xc000);
	cost_record(&input, TABLE + 56 * 99, 4, 1, 0, 1);
	cost_record(&input, 0x10000, 8, 0x800, 24, UINT64_C(8) << 32 | 4);
	cost_record(&input, 0x10008, 8, 0x800, 24, UINT64_C(0x6e655800000007));
	return input;
}

static struct blob cost_sections(void)
{
	struct blob input = cost_begin(8);

	cost_record(&input, SHOFF, 8, 1, 0, TABLE);
	cost_record(&input, SHNUM, 2, 1, 0, 1500);
	cost_record(&input, TABLE + 4, 4, 1500, 64, 7);
	cost_record(&input, TABLE + 24, 8, 1500, 64, TABLE);
	cost_record(&input, TABLE + 32, 8, 1500, 64, 0x10000);
	return input;
}

static const struct fuzz_seed seeds[] = {
	FUZZ_SEED(cost_same_bytes),
	FUZZ_SEED(cost_same_notes),
	FUZZ_SEED(cost_sections),
	{.name = NULL},
};

const struct fuzz_target fuzz_cost = {.name = "cost", .max_size = 8192, .run = run, .seeds = seeds};
