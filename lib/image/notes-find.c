/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where notes stand: in segments, in sections; and the string that was before them. */
#include <elf.h>
#include <inttypes.h>

#include "image/notes-walk.h"

static bool is_note_segment(const struct pvb_elf *elf, uint32_t index,
			    struct pvb_elf_segment *segment)
{
	pvb_elf_segment(elf, index, segment);
	/* Some binutils leave p_offset 0 in note segments; libelf passes those over. */
	return segment->type == PT_NOTE && segment->offset != 0;
}

static int from_segments(struct pvb_image *image, const struct pvb_elf *elf,
			 struct pvb_declared *declared, struct pvb_error *error)
{
	for (uint32_t i = 0; i < elf->phnum; i++) {
		struct pvb_elf_segment segment;
		struct pvb_span bytes;

		if (!is_note_segment(elf, i, &segment)) {
			declared->unread.misplaced += segment.type == PT_NOTE;
			continue;
		}
		declared->unread.segments++;
		if (!pvb_span_part(elf->file, segment.offset, segment.filesz, &bytes))
			return pvb_fail(error, PVB_E_ELF_SEGMENT_FILE, PVB_IMAGE_STAGE,
					"segment %" PRIu32 " (notes) is 0x%" PRIx64
					" bytes at 0x%" PRIx64
					" of the file, which has only 0x%" PRIx64,
					i, segment.filesz, segment.offset, elf->file.size);
		const struct pvb_note_place place = {
			.what = "a PT_NOTE segment",
			.at = segment.offset,
			.align = segment.align,
			.origin = PVB_NOTE_PT_NOTE,
		};
		int rc = pvb_notes_walk(image, declared, bytes, &place, error);
		if (rc)
			return rc;
	}
	return 0;
}

/* The notes of other owners in such a section have been met with the segment. */
static bool is_in_a_note_segment(const struct pvb_elf *elf, const struct pvb_elf_section *section)
{
	struct pvb_elf_segment segment;

	for (uint32_t i = 0; i < elf->phnum; i++)
		if (is_note_segment(elf, i, &segment) && section->offset >= segment.offset &&
		    section->offset - segment.offset <= segment.filesz &&
		    section->size <= segment.filesz - (section->offset - segment.offset))
			return true;
	return false;
}

/*
 * libelf reads sections only where no segment has a note of Xen's. Where one has, only our
 * own notes are taken from sections, and what is wrong with others there is as it always
 * was: unseen. A section can begin with a note that the reading of its segment did not come
 * to, so those within segments are read like others.
 */
static int from_sections(struct pvb_image *image, const struct pvb_elf *elf,
			 struct pvb_declared *declared, struct pvb_error *error)
{
	const bool own_only = declared->xen;
	uint64_t passed = 0;

	for (uint32_t i = 1; i < elf->shnum; i++) {
		struct pvb_elf_section section;
		struct pvb_span bytes;

		pvb_elf_section(elf, i, &section);
		if (section.type != SHT_NOTE)
			continue;
		declared->unread.sections++;

		const bool quiet = own_only || is_in_a_note_segment(elf, &section);

		if (own_only && !pvb_span_has(elf->file, section.offset, section.size))
			continue;
		/* What is passed over is not counted, so that sections must not repeat each other.
		 */
		if (quiet && (passed += section.size) > elf->file.size)
			return pvb_fail(error, PVB_E_NOTE_TOO_MANY, PVB_IMAGE_STAGE,
					"the sections of notes overlap: they come to more than the "
					"file's %" PRIu64 " bytes",
					elf->file.size);
		int rc = pvb_elf_section_bytes(elf, &section, "a section of notes", &bytes, error);
		if (rc)
			return rc;
		const struct pvb_note_place place = {
			.what = "a SHT_NOTE section",
			.at = section.offset,
			.align = section.align,
			.origin = PVB_NOTE_SHT_NOTE,
			.quiet = quiet,
			.own_only = own_only,
		};
		rc = pvb_notes_walk(image, declared, bytes, &place, error);
		if (rc)
			return rc;
	}
	return 0;
}

static int from_legacy(struct pvb_image *image, const struct pvb_elf *elf,
		       struct pvb_declared *declared, struct pvb_error *error)
{
	struct pvb_elf_section section;
	struct pvb_span bytes;
	bool found;
	int rc = pvb_elf_find_section(elf, "__xen_guest", &section, &found, error);

	if (rc || !found)
		return rc;
	rc = pvb_elf_section_bytes(elf, &section, "the section __xen_guest", &bytes, error);
	if (rc)
		return rc;
	declared->xen = declared->legacy = true;
	return pvb_legacy_read(image, bytes, declared, error);
}

static void nothing_declared(struct pvb_declared *declared)
{
	*declared = (struct pvb_declared){
		.virt_base = PVB_NONE,
		.paddr_offset = PVB_NONE,
		.entry = PVB_NONE,
		.hypercall_page = PVB_NONE,
		.init_p2m = PVB_NONE,
		.hv_start_low = PVB_NONE,
		.phys32_entry = PVB_NONE,
	};
	for (unsigned i = 0; i < PVB_XEN_NOTES; i++)
		declared->effective[i] = -1;
}

int pvb_notes_read_section(struct pvb_image *image, struct pvb_span bytes, uint64_t at,
			   struct pvb_declared *declared, struct pvb_error *error)
{
	const struct pvb_note_place place = {
		.what = "the section " PVB_GUEST_NOTE_SECTION,
		.at = at,
		.origin = PVB_NOTE_PE,
		.ours = true,
	};

	nothing_declared(declared);
	return pvb_notes_walk(image, declared, bytes, &place, error);
}

int pvb_notes_read(struct pvb_image *image, const struct pvb_elf *elf,
		   struct pvb_declared *declared, struct pvb_error *error)
{
	nothing_declared(declared);
	int rc = from_segments(image, elf, declared, error);
	if (!rc)
		rc = from_sections(image, elf, declared, error);
	if (!rc && !declared->xen)
		rc = from_legacy(image, elf, declared, error);
	return rc;
}
