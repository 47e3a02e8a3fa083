/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loadable segments of an ELF: none that is loaded and lies about itself gets past here. */
#ifndef PVB_IMAGE_SEGMENTS_H
#define PVB_IMAGE_SEGMENTS_H

#include "image/elf.h"
#include "image/image.h"

/*
 * Fill image->segments with the PT_LOAD headers as they are. Those that have a place are checked:
 * inside the file, no larger there than in memory, not wrapping around.
 */
int pvb_segments_read(struct pvb_image *image, const struct pvb_elf *elf, uint32_t flags,
		      struct pvb_error *error);

/*
 * Whether a segment has a place in memory: libelf leaves out those with no permission at all, and
 * counts the place of one without size to the kernel's extent.
 */
bool pvb_segment_has_place(const struct pvb_image_segment *segment);

/* Whether there is also something to load. */
bool pvb_segment_is_loaded(const struct pvb_image_segment *segment);

#endif
