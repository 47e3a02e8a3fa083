/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz/targets.h"

#include "malformed/specimen.h"

int fuzz_notes(const uint8_t *data, size_t size)
{
	struct specimen specimen;
	struct blob kernel;

	if (size < 1 || size > 1 << 16)
		return 0;
	if (data[0] & 1)
		specimen_32(&specimen);
	else
		specimen_64(&specimen);
	switch (data[0] >> 1 & 3) {
	case 1:
		specimen.home = HOME_SECTION;
		break;
	case 2:
		specimen.home = HOME_LEGACY;
		break;
	default:
		specimen.home = HOME_SEGMENT;
		break;
	}
	specimen.note_align = data[0] & 16 ? 8 : 4;
	specimen.note_count = data[0] & 8 ? specimen.note_count : 0;
	blob_append(specimen.home == HOME_LEGACY ? &specimen.legacy : &specimen.raw_notes, data + 1,
		    size - 1);
	kernel = specimen_assemble(&specimen);
	(void)fuzz_image(kernel.bytes, kernel.size);
	blob_free(&kernel);
	return 0;
}
