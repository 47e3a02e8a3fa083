/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a kernel declares beyond Xen's own notes (doc/guest-abi.md): the notes of
 * PVB_GUEST_NOTE_OWNER, Xen's number 19, which has had two meanings, and what is known
 * of a Linux by its version. What it comes to is info.declares.
 */
#ifndef PVB_IMAGE_DECLARES_H
#define PVB_IMAGE_DECLARES_H

#include <stdbool.h>

#include <pvbuild/guest-abi.h>

#include "core/error.h"
#include "image/image.h"

/* Their numbers are small: 1 to the last that is known. */
enum { PVB_OWN_NOTES = PVB_GUEST_NOTE_P2M_TREE + 1 };

/*
 * What has been met so far: for each note its index in info.notes plus 1, or 0 for none; widths
 * in bits, or 0 for none.
 */
struct pvb_declarations {
	size_t own[PVB_OWN_NOTES];
	size_t maxphys;
	unsigned own_bits, maxphys_bits;
};

/*
 * Read a note before it is kept: its name, its meaning, and whether it takes effect. The
 * index that it will have is info.note_count.
 */
int pvb_declares_own(struct pvb_image *image, struct pvb_declarations *declarations,
		     struct pvb_note *note, struct pvb_error *error);
int pvb_declares_xen_19(struct pvb_image *image, struct pvb_declarations *declarations,
			struct pvb_note *note, struct pvb_error *error);

/* All notes have been read: resolve them, and what is known of the kernel besides. */
int pvb_declares_finish(struct pvb_image *image, const struct pvb_declarations *declarations,
			struct pvb_error *error);

#endif
