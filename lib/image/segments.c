/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/segments.h"

#include <elf.h>
#include <inttypes.h>

#include "core/checked.h"
#include "core/cleanup.h"

bool pvb_segment_is_loaded(const struct pvb_image_segment *segment)
{
	return segment->memsz && (segment->flags & (PVB_SEGMENT_R | PVB_SEGMENT_W | PVB_SEGMENT_X));
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

static int by_address(const void *a, const void *b)
{
	const struct pvb_image_segment *x = (const struct pvb_image_segment *)a;
	const struct pvb_image_segment *y = (const struct pvb_image_segment *)b;

	return (x->paddr > y->paddr) - (x->paddr < y->paddr);
}

static int check_overlap(const struct pvb_image_segment *segments, size_t count,
			 struct pvb_error *error)
{
	PVB_AUTO_FREE struct pvb_image_segment *sorted =
		(struct pvb_image_segment *)calloc(count, sizeof *sorted);
	size_t n = 0;

	if (!sorted)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "segments");
	for (size_t i = 0; i < count; i++)
		if (segments[i].memsz)
			sorted[n++] = segments[i];
	qsort(sorted, n, sizeof *sorted, by_address);
	for (size_t i = 1; i < n; i++) {
		const struct pvb_image_segment *low = &sorted[i - 1], *high = &sorted[i];

		if (high->paddr - low->paddr < low->memsz)
			return pvb_fail(error, PVB_E_ELF_SEGMENT_OVERLAP, PVB_IMAGE_STAGE,
					"two segments overlap: 0x%" PRIx64
					" bytes at physical address 0x%" PRIx64 " and 0x%" PRIx64
					" bytes at 0x%" PRIx64,
					low->memsz, low->paddr, high->memsz, high->paddr);
	}
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
		int rc = check_segment(elf, i, &segment, flags, error);
		if (rc)
			return rc;

		struct pvb_image_segment *kept = &image->segments[image->info.segment_count++];
		*kept = (struct pvb_image_segment){
			.paddr = segment.paddr,
			.vaddr = segment.vaddr,
			.offset = segment.offset,
			.filesz = segment.filesz,
			.memsz = segment.memsz,
			.flags = segment.flags & (PVB_SEGMENT_R | PVB_SEGMENT_W | PVB_SEGMENT_X),
		};
		any |= pvb_segment_is_loaded(kept);
	}
	if (!any)
		return pvb_fail(error, PVB_E_ELF_NO_SEGMENTS, PVB_IMAGE_STAGE,
				"the ELF has %" PRIu32
				" program headers, and none of them is loadable",
				elf->phnum);
	return check_overlap(image->segments, image->info.segment_count, error);
}
