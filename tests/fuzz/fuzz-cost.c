/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int fuzz_cost(const uint8_t *data, size_t size)
{
	struct pvb_image *image = NULL;
	struct pvb_error error;
	struct pvb_cost cost = {0};
	struct blob file;
	const char *wrong;

	if (size < HEADER)
		return 0;
	file = make_file(data, size);
	(void)pvb_image_open_counted(pvb_span(file.bytes, file.size), "fuzz", NULL, &cost, &image,
				     &error);
	pvb_image_free(image);
	wrong = cost_out_of_proportion(&cost, file.size, NULL);
	if (wrong) {
		(void)fprintf(stderr, "%zu bytes: %s\n", file.size, wrong);
		abort();
	}
	blob_free(&file);
	return 0;
}
