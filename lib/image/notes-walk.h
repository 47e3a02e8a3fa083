/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One list of notes: what a segment, or a section, of notes holds. */
#ifndef PVB_IMAGE_NOTES_WALK_H
#define PVB_IMAGE_NOTES_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "image/notes.h"

struct pvb_note_place {
	const char *what;
	uint64_t at;    /* of the bytes, in the file */
	uint64_t align; /* p_align or sh_addralign, as the file states it */
	enum pvb_note_origin origin;
	bool quiet;    /* other owners' notes are passed over, readable or not */
	bool own_only; /* so are Xen's: only those of PVB_GUEST_NOTE_OWNER are taken */
	bool ours;     /* made for those notes: whatever cannot be read here could be one */
};

/*
 * Read all notes of a list. A note that cannot be read is refused (note.malformed) only
 * where it could be Xen's or one of ours. Any other is kept with a remark as its meaning.
 */
int pvb_notes_walk(struct pvb_image *image, struct pvb_declared *declared, struct pvb_span bytes,
		   const struct pvb_note_place *place, struct pvb_error *error);

#endif
