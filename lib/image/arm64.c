/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/arm64.h"

#include <inttypes.h>

#include <pvbuild/guest-abi.h>

#include "core/checked.h"
#include "core/error.h"
#include "image/image.h"
#include "image/pe.h"

/* Offsets in the file. */
enum {
	TEXT_OFFSET = 8,
	IMAGE_SIZE = 16,
	FLAGS = 24,
	MAGIC = 56,
	PE_OFFSET = 60,
	HEADER_SIZE = 64,
};

enum {
	FLAG_BIG_ENDIAN = 1 << 0,
	FLAG_PAGE_SIZE_SHIFT = 1,
	FLAG_PAGE_SIZE_MASK = 3,
	FLAG_ANYWHERE = 1 << 3,
	FLAGS_KNOWN = (1 << 4) - 1,
};

/* Images go to text_offset behind a boundary of this many bytes. */
#define PLACEMENT_UNIT (UINT64_C(2) << 20)

/* What text_offset is where image_size is 0 (from before Linux 3.17), whatever it says. */
#define OLD_TEXT_OFFSET UINT64_C(0x80000)

bool pvb_arm64_is(struct pvb_span head)
{
	struct pvb_span magic;

	return pvb_span_part(head, MAGIC, 4, &magic) && memcmp(magic.bytes, "ARM\x64", 4) == 0;
}

int pvb_arm64_parse(struct pvb_span file, struct pvb_image_arm64 *arm64, struct pvb_error *error)
{
	static const uint32_t page_sizes[] = {0, 4096, 16384, 65536};

	*arm64 = (struct pvb_image_arm64){0};
	if (file.size < HEADER_SIZE || !pvb_span_u64(file, TEXT_OFFSET, &arm64->text_offset) ||
	    !pvb_span_u64(file, IMAGE_SIZE, &arm64->image_size) ||
	    !pvb_span_u64(file, FLAGS, &arm64->flags))
		return pvb_fail(error, PVB_E_ARM64_HEADER, PVB_IMAGE_STAGE,
				"the arm64 Image ends within its header, after %" PRIu64
				" of %u bytes",
				file.size, HEADER_SIZE);
	if (!arm64->image_size) {
		arm64->text_offset = OLD_TEXT_OFFSET;
		arm64->flags = 0;
		return 0;
	}
	/* It counts the bss too: whoever believes it would leave part of the file behind. */
	if (arm64->image_size < file.size)
		return pvb_fail(error, PVB_E_ARM64_HEADER, PVB_IMAGE_STAGE,
				"the arm64 Image says that it takes %" PRIu64
				" bytes of memory, but the file alone has %" PRIu64,
				arm64->image_size, file.size);
	if (arm64->text_offset >= PLACEMENT_UNIT || !pvb_is_aligned(arm64->text_offset, 4096))
		return pvb_fail(error, PVB_E_ARM64_HEADER, PVB_IMAGE_STAGE,
				"the arm64 Image's text_offset is 0x%" PRIx64
				", not a multiple of 4 KiB below 2 MiB",
				arm64->text_offset);
	arm64->big_endian = (arm64->flags & FLAG_BIG_ENDIAN) != 0;
	arm64->page_size = page_sizes[arm64->flags >> FLAG_PAGE_SIZE_SHIFT & FLAG_PAGE_SIZE_MASK];
	arm64->anywhere = (arm64->flags & FLAG_ANYWHERE) != 0;
	arm64->reserved_flags = arm64->flags & ~(uint64_t)FLAGS_KNOWN;
	return 0;
}

int pvb_arm64_find_notes(struct pvb_span file, struct pvb_pe_section *notes, bool *found,
			 struct pvb_error *error)
{
	unsigned count;
	uint32_t pe = 0;

	*found = false;
	/* Without an EFI stub the first instruction is no "MZ", and the field is reserved. */
	(void)pvb_span_u32(file, PE_OFFSET, &pe);
	if (!pe || memcmp(file.bytes, "MZ", 2) != 0)
		return 0;
	int rc = pvb_pe_find(file, pe, PVB_GUEST_NOTE_SECTION, notes, &count, error);
	if (rc)
		return rc;
	if (count > 1)
		return pvb_fail(error, PVB_E_NOTE_TWICE, PVB_IMAGE_STAGE,
				"the arm64 Image has %u sections " PVB_GUEST_NOTE_SECTION
				" of declarations, where one is all that there can be",
				count);
	*found = count == 1;
	return 0;
}
