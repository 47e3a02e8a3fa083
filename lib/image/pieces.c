/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/pieces.h"

#include <stdlib.h>

#include "core/checked.h"
#include "image/segments.h"

/* What is left of a piece from "skip" bytes on. */
static struct pvb_image_piece behind(const struct pvb_image_piece *piece, uint64_t skip)
{
	uint64_t bytes = pvb_min(skip, piece->size);

	return (struct pvb_image_piece){
		.va = piece->va + skip,
		.offset = piece->offset + bytes,
		.size = piece->size - bytes,
		.memory_size = piece->memory_size - skip,
	};
}

/* The first "keep" bytes of a piece. */
static struct pvb_image_piece before(const struct pvb_image_piece *piece, uint64_t keep)
{
	return (struct pvb_image_piece){
		.va = piece->va,
		.offset = piece->offset,
		.size = pvb_min(piece->size, keep),
		.memory_size = keep,
	};
}

/* The last address, which is an address even of a piece that ends with the address space. */
static uint64_t last(const struct pvb_image_piece *piece)
{
	return piece->va + (piece->memory_size - 1);
}

/*
 * Take the place of a new piece from those that are there. At most one of them has a part on
 * either side of it, and becomes two.
 */
static void make_room(struct pvb_image *image, const struct pvb_image_piece *new)
{
	struct pvb_image_info *info = &image->info;
	size_t count = info->piece_count, kept = 0;
	struct pvb_image_piece split = {0};

	for (size_t i = 0; i < count; i++) {
		const struct pvb_image_piece old = image->pieces[i];
		uint64_t low = pvb_max(old.va, new->va), high = pvb_min(last(&old), last(new));

		if (low > high) {
			image->pieces[kept++] = old;
			continue;
		}
		info->overwritten += high - low + 1;
		if (old.va < new->va)
			image->pieces[kept++] = before(&old, new->va - old.va);
		if (last(&old) > last(new)) {
			const struct pvb_image_piece rest = behind(&old, last(new) - old.va + 1);

			/* A part before it has taken the old one's slot. */
			if (old.va < new->va)
				split = rest;
			else
				image->pieces[kept++] = rest;
		}
	}
	if (split.memory_size)
		image->pieces[kept++] = split;
	info->piece_count = kept;
}

int pvb_pieces_make(struct pvb_image *image, struct pvb_error *error)
{
	struct pvb_image_info *info = &image->info;

	/* A segment adds itself, and may split one piece. */
	image->pieces = (struct pvb_image_piece *)calloc(2 * info->segment_count + 1,
							 sizeof *image->pieces);
	if (!image->pieces)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "pieces");
	for (size_t i = 0; i < info->segment_count; i++) {
		const struct pvb_image_segment *segment = &image->segments[i];
		const struct pvb_image_piece piece = {
			.va = segment->paddr,
			.offset = segment->offset,
			.size = segment->filesz,
			.memory_size = segment->memsz,
		};

		if (!pvb_segment_is_loaded(segment))
			continue;
		make_room(image, &piece);
		image->pieces[info->piece_count++] = piece;
	}
	return 0;
}
