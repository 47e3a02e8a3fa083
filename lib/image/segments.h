/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loadable segments of an ELF: none that lies about itself gets past here. */
#ifndef PVB_IMAGE_SEGMENTS_H
#define PVB_IMAGE_SEGMENTS_H

#include "image/elf.h"
#include "image/image.h"

/*
 * Fill image->segments with the PT_LOAD headers as they are, checked: inside
 * the file, no larger there than in memory, not wrapping around, not meeting
 * each other where they are placed, which p_paddr alone decides.
 */
int pvb_segments_read(struct pvb_image *image, const struct pvb_elf *elf, uint32_t flags,
		      struct pvb_error *error);

/*
 * Whether a segment is loaded: libelf leaves out those with no permission at
 * all, and one without size has nothing to load.
 */
bool pvb_segment_is_loaded(const struct pvb_image_segment *segment);

#endif
