/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a Linux by its version, where it declares nothing itself. */
#ifndef PVB_IMAGE_LINUX_H
#define PVB_IMAGE_LINUX_H

#include "core/error.h"
#include "image/image.h"

/*
 * Find info.kernel_version in the unpacked image, of a Linux whose container did not carry
 * it. It may stay NULL.
 */
int pvb_linux_find_version(struct pvb_image *image, struct pvb_error *error);

/* Bits of machine address that this kernel is known to cope with, or 0. */
unsigned pvb_linux_address_bits(const struct pvb_image_info *info);

#endif
