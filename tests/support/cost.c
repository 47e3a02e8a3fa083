/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support/cost.h"

#include <stddef.h>

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

/* For each byte that is unpacked: the three ends that a line has are looked for one by one. */
#define SCANS 4u

/* Of facts for each byte of the image: a note of 12 bytes is one of 80 in memory, and escaped. */
#define FACTS 64u

/* What a decoder hands out at once, which is counted before the limit is. */
#define STEP (64 * KIB)

const char *cost_out_of_proportion(const struct pvb_cost *cost, uint64_t file_size,
				   const struct pvb_image_options *options)
{
	const uint64_t most = options && options->max_unpacked ? options->max_unpacked : 1024 * MIB;
	const uint64_t ratio = options && options->max_ratio ? options->max_ratio : 256;
	const uint64_t growth = ratio * file_size > 32 * MIB ? ratio * file_size : 32 * MIB;
	const uint64_t bytes = cost->unpacked + cost->copied;

	if (cost->unpacked > 2 * (most + STEP))
		return "more was unpacked than two layers may have";
	if (cost->grown > growth + STEP)
		return "zeros left out, more was unpacked than is plausible";
	if (cost->copied > file_size)
		return "more was copied than there is";
	if (cost->held > most + STEP)
		return "more is held than the limit";
	/* Pages that are used in part, and the layer around. */
	if (cost->stored_peak > cost->grown + 2 * cost->copied + file_size + MIB)
		return "more memory was taken than was written";
	if (cost->scanned > SCANS * bytes)
		return "bytes were scanned again and again";
	/* Each once, and twice more where padding has to be told from notes. */
	if (cost->notes > cost->noted / 4 + 3 * (PVB_BUDGET_SEGMENTS + PVB_BUDGET_SECTIONS))
		return "more notes were looked at than there is room for";
	/* The one that is too many is counted. */
	if (cost->noted > 2 * (cost->unpacked + file_size))
		return "the same notes were looked at again and again";
	if (cost->kept > FACTS * bytes + 64 * KIB || cost->kept > PVB_BUDGET_TEXT + 32 * MIB)
		return "more is known of the image than it says";
	return NULL;
}
