/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From segments to pieces. Segments are loaded in the order of their headers, and where two of
 * them overlap the later one is what a guest sees: its bytes, and its zeros too. Pieces are what
 * comes of that, so that nobody who loads or checks a kernel needs to know of overlaps.
 */
#ifndef PVB_IMAGE_PIECES_H
#define PVB_IMAGE_PIECES_H

#include "image/image.h"

/*
 * Fill image->pieces from image->segments, in no order, none overlapping another, with room for
 * one more. Their va is p_paddr. info->overwritten becomes the bytes of segments that later ones
 * took. Fails for want of memory.
 */
int pvb_pieces_make(struct pvb_image *image, struct pvb_error *error);

#endif
