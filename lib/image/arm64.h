/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arm64 Image header (Linux Documentation/arch/arm64/booting.rst), as far as it tells what it
 * is. */
#ifndef PVB_IMAGE_ARM64_H
#define PVB_IMAGE_ARM64_H

#include <stdbool.h>

#include <pvbuild/image.h>

#include "core/span.h"

bool pvb_arm64_is(struct pvb_span head);
int pvb_arm64_parse(struct pvb_span file, struct pvb_image_arm64 *arm64, struct pvb_error *error);

#endif
