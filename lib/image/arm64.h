/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arm64 Image header (Linux Documentation/arch/arm64/booting.rst), as far as it tells what it
 * is. */
#ifndef PVB_IMAGE_ARM64_H
#define PVB_IMAGE_ARM64_H

#include <stdbool.h>

#include <pvbuild/image.h>

#include "core/span.h"
#include "image/pe.h"

bool pvb_arm64_is(struct pvb_span head);
int pvb_arm64_parse(struct pvb_span file, struct pvb_image_arm64 *arm64, struct pvb_error *error);

/*
 * The section of ELF notes by which an Image declares what it can cope with: the
 * header has no room for that, and the Image, unlike the ELF that it was made from, no notes.
 */
int pvb_arm64_find_notes(struct pvb_span file, struct pvb_pe_section *notes, bool *found,
			 struct pvb_error *error);

#endif
