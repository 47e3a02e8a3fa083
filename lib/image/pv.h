/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The judgement: whether a PV domain can be built from what was found, and if
 * not, why not, by name. An image that cannot be still opens.
 */
#ifndef PVB_IMAGE_PV_H
#define PVB_IMAGE_PV_H

#include "image/elf.h"
#include "image/flat.h"
#include "image/image.h"
#include "image/limits.h"
#include "image/notes.h"

/*
 * These fill image->info.pv, pvh_entry and the pieces. They fail for want of
 * memory, and over a symbol table that is wanted and malformed.
 */
int pvb_pv_judge_elf(struct pvb_image *image, const struct pvb_elf *elf,
		     const struct pvb_declared *declared, const struct pvb_limits *limits,
		     struct pvb_error *error);
int pvb_pv_judge_flat(struct pvb_image *image, const struct pvb_flat *flat,
		      struct pvb_error *error);
int pvb_pv_judge_arm64(struct pvb_image *image, struct pvb_error *error);

#endif
