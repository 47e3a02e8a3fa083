/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a kernel says of itself, wherever it says it: ELF notes in segments,
 * else in sections, else the legacy "__xen_guest" string; notes of our own wherever
 * they stand. All that is found is kept in the image; what it comes to, with no
 * defaults yet, is "declared".
 */
#ifndef PVB_IMAGE_NOTES_H
#define PVB_IMAGE_NOTES_H

#include <stdbool.h>

#include "image/declares.h"
#include "image/elf.h"
#include "image/image.h"

/* Numbers of Xen notes (Xen public elfnote.h). */
enum pvb_xen_note {
	PVB_XEN_NOTE_INFO = 0,
	PVB_XEN_NOTE_ENTRY = 1,
	PVB_XEN_NOTE_HYPERCALL_PAGE = 2,
	PVB_XEN_NOTE_VIRT_BASE = 3,
	PVB_XEN_NOTE_PADDR_OFFSET = 4,
	PVB_XEN_NOTE_XEN_VERSION = 5,
	PVB_XEN_NOTE_GUEST_OS = 6,
	PVB_XEN_NOTE_GUEST_VERSION = 7,
	PVB_XEN_NOTE_LOADER = 8,
	PVB_XEN_NOTE_PAE_MODE = 9,
	PVB_XEN_NOTE_FEATURES = 10,
	PVB_XEN_NOTE_BSD_SYMTAB = 11,
	PVB_XEN_NOTE_HV_START_LOW = 12,
	PVB_XEN_NOTE_L1_MFN_VALID = 13,
	PVB_XEN_NOTE_SUSPEND_CANCEL = 14,
	PVB_XEN_NOTE_INIT_P2M = 15,
	PVB_XEN_NOTE_MOD_START_PFN = 16,
	PVB_XEN_NOTE_SUPPORTED_FEATURES = 17,
	PVB_XEN_NOTE_PHYS32_ENTRY = 18,
	PVB_XEN_NOTE_PHYS32_RELOC = 19,
	PVB_XEN_NOTES
};

/*
 * Where notes were looked for and what could not be read there, for the sentence that refuses
 * a kernel for want of notes.
 *
 *   segments, sections   of notes, that were found
 *   misplaced            segments of notes that are said to begin at 0 of the file
 *   blank                headers that are all zero
 *   cut, cut_at          a note of another owner could not be read: the first, in the file
 *   lost, lost_at        notes of Xen's that libelf does not find, and the first of them;
 *   lost_align           the alignment that explains the padding before it
 */
struct pvb_unread {
	unsigned segments, sections, misplaced;
	unsigned blank, lost;
	bool cut;
	uint64_t cut_at, lost_at, lost_align;
};

/* Numbers are PVB_NONE, strings NULL, where the kernel says nothing. Strings are escaped. */
struct pvb_declared {
	bool xen;    /* there is any Xen note, or a legacy string */
	bool legacy; /* it is the string */
	uint64_t virt_base, paddr_offset, entry, hypercall_page;
	uint64_t init_p2m, hv_start_low, phys32_entry;
	const char *xen_version, *guest_os, *loader;
	enum pvb_pae_mode pae;
	bool bsd_symtab, mod_start_pfn;
	uint32_t features_required, features_supported;
	const char *unknown_feature; /* required, and not known by that name to anybody */
	/* Index of the note that took effect, for those of which the last one does; or -1. */
	long effective[PVB_XEN_NOTES];
	struct pvb_declarations declarations;
	struct pvb_unread unread;
};

int pvb_notes_read(struct pvb_image *image, const struct pvb_elf *elf,
		   struct pvb_declared *declared, struct pvb_error *error);

/* The notes of an arm64 Image: all those in its section of them, whose bytes are at "at" of the
 * file. */
int pvb_notes_read_section(struct pvb_image *image, struct pvb_span bytes, uint64_t at,
			   struct pvb_declared *declared, struct pvb_error *error);

/* A note that was found, of whatever owner: keep it, and let it take effect. */
int pvb_notes_take(struct pvb_image *image, struct pvb_declared *declared, struct pvb_note *note,
		   struct pvb_error *error);

/* Whether a Xen note is a string, which may end before its descriptor does. */
bool pvb_xen_note_is_string(uint32_t type);

/* ---- what notes and the legacy string share ---------------------------------- */

/* Longer ones are no names of anything (libelf's own limit). */
enum { PVB_NOTE_STRING_MAX = 4096 };

/* Keep a note. Takes no copy of its bytes, which the image maps. */
int pvb_notes_keep(struct pvb_image *image, const struct pvb_note *note, struct pvb_error *error);

/* The note kept last took effect, and an earlier one of its type no longer does. */
void pvb_notes_took_effect(struct pvb_image *image, struct pvb_declared *declared, uint32_t type);

/* "a|!b|c": names of features, "!" before what is required. */
int pvb_notes_features(struct pvb_image *image, struct pvb_declared *declared, struct pvb_span text,
		       struct pvb_error *error);

/* The name of a feature by its bit number, or NULL. */
const char *pvb_feature_name(unsigned bit);

/* "__xen_guest": image->info.notes and declared from its keys. */
int pvb_legacy_read(struct pvb_image *image, struct pvb_span text, struct pvb_declared *declared,
		    struct pvb_error *error);

#endif
