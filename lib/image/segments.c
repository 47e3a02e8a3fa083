/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/segments.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/checked.h"

bool pvb_segment_has_place(const struct pvb_image_segment *segment)
{
	return segment->flags & (PVB_SEGMENT_R | PVB_SEGMENT_W | PVB_SEGMENT_X);
}

bool pvb_segment_is_loaded(const struct pvb_image_segment *segment)
{
	return segment->memsz && pvb_segment_has_place(segment);
}

static int check_segment(const struct pvb_elf *elf, uint32_t index,
			 const struct pvb_elf_segment *segment, uint32_t flags,
			 struct pvb_error *error)
{
	uint64_t last_address = elf->bits == 32 ? UINT32_MAX : UINT64_MAX;

	if (segment->filesz > segment->memsz)
		return pvb_fail(error, PVB_E_ELF_SEGMENT_SIZE, PVB_IMAGE_STAGE,
				"segment %" PRIu32 " has 0x%" PRIx64
				" bytes in the file and only 0x%" PRIx64 " in memory",
				index, segment->filesz, segment->memsz);
	if (segment->filesz && !pvb_span_has(elf->file, segment->offset, segment->filesz))
		return pvb_fail(error, PVB_E_ELF_SEGMENT_FILE, PVB_IMAGE_STAGE,
				"segment %" PRIu32 " is 0x%" PRIx64 " bytes at 0x%" PRIx64
				" of the file, which has only 0x%" PRIx64,
				index, segment->filesz, segment->offset, elf->file.size);
	if (segment->memsz && segment->memsz - 1 > last_address - segment->paddr)
		return pvb_fail(error, PVB_E_ELF_SEGMENT_WRAP, PVB_IMAGE_STAGE,
				"segment %" PRIu32 " of 0x%" PRIx64
				" bytes at physical address 0x%" PRIx64
				" wraps around the end of the address space",
				index, segment->memsz, segment->paddr);
	if (flags & PVB_IMAGE_REFUSE_WX && segment->flags & PF_W && segment->flags & PF_X)
		return pvb_fail(error, PVB_E_ELF_SEGMENT_WX, PVB_IMAGE_STAGE,
				"segment %" PRIu32 " at physical address 0x%" PRIx64
				" is both writable and executable",
				index, segment->paddr);
	return 0;
}

int pvb_segments_read(struct pvb_image *image, const struct pvb_elf *elf, uint32_t flags,
		      struct pvb_error *error)
{
	bool any = false;

	image->segments =
		(struct pvb_image_segment *)calloc(elf->phnum + 1, sizeof *image->segments);
	if (!image->segments)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "segments");
	for (uint32_t i = 0; i < elf->phnum; i++) {
		struct pvb_elf_segment segment;

		pvb_elf_segment(elf, i, &segment);
		if (segment.type != PT_LOAD)
			continue;
		struct pvb_image_segment *kept = &image->segments[image->info.segment_count++];
		*kept = (struct pvb_image_segment){
			.paddr = segment.paddr,
			.vaddr = segment.vaddr,
			.offset = segment.offset,
			.filesz = segment.filesz,
			.memsz = segment.memsz,
			.flags = segment.flags & (PVB_SEGMENT_R | PVB_SEGMENT_W | PVB_SEGMENT_X),
		};
		if (!pvb_segment_has_place(kept))
			continue;
		int rc = check_segment(elf, i, &segment, flags, error);
		if (rc)
			return rc;
		any |= pvb_segment_is_loaded(kept);
	}
	if (!any)
		return pvb_fail(error, PVB_E_ELF_NO_SEGMENTS, PVB_IMAGE_STAGE,
				"the ELF has %" PRIu32
				" program headers, and none of them is loadable",
				elf->phnum);
	return 0;
}
