/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where notes stand: in segments, in sections; and the string that was before them. */
#include <elf.h>
#include <inttypes.h>

#include "core/checked.h"
#include "image/notes-walk.h"
#include "image/ranges.h"

/* However many headers name the same notes: no more is read than the file has bytes. */
static int count_list(struct pvb_image *image, const char *what, uint64_t size, uint64_t *sum,
		      struct pvb_error *error)
{
	*sum += size;
	if (*sum > image->bytes.size)
		return pvb_fail(error, PVB_E_NOTE_TOO_MANY, PVB_IMAGE_STAGE,
				"the %s of notes overlap: they come to %" PRIu64
				" bytes, more than the file's %" PRIu64,
				what, *sum, image->bytes.size);
	image->cost.noted += size;
	return 0;
}

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
	uint64_t sum = 0;

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
		int rc = count_list(image, "segments", bytes.size, &sum, error);
		if (!rc)
			rc = pvb_notes_walk(image, declared, bytes, &place, error);
		if (rc)
			return rc;
	}
	return 0;
}

/* Where segments of notes are: the notes of other owners there have been met with them. */
static int note_segments(const struct pvb_elf *elf, struct pvb_ranges *ranges,
			 struct pvb_error *error)
{
	int rc = 0;

	for (uint32_t i = 0; !rc && i < elf->phnum; i++) {
		struct pvb_elf_segment segment;

		if (is_note_segment(elf, i, &segment))
			rc = pvb_ranges_add(ranges, elf->file.size, segment.offset, segment.filesz,
					    error);
	}
	pvb_ranges_settle(ranges);
	return rc;
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
	PVB_RANGES_AUTO struct pvb_ranges segments = {0};
	uint64_t sum = 0;
	int rc = note_segments(elf, &segments, error);

	for (uint32_t i = 1; !rc && i < elf->shnum; i++) {
		struct pvb_elf_section section;
		struct pvb_span bytes;

		pvb_elf_section(elf, i, &section);
		if (section.type != SHT_NOTE)
			continue;
		declared->unread.sections++;

		const bool quiet =
			own_only || pvb_ranges_have(&segments, section.offset, section.size);

		if (own_only && !pvb_span_has(elf->file, section.offset, section.size))
			continue;
		rc = pvb_elf_section_bytes(elf, &section, "a section of notes", &bytes, error);
		if (!rc)
			rc = count_list(image, "sections", bytes.size, &sum, error);
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
	}
	return rc;
}

static int from_legacy(struct pvb_image *image, const struct pvb_elf *elf,
		       struct pvb_declared *declared, struct pvb_error *error)
{
	struct pvb_elf_section section;
	struct pvb_span bytes;
	bool found;

	pvb_elf_find_section(elf, PVB_LEGACY_SECTION, &section, &found);
	if (!found)
		return 0;
	/* libelf looks neither at the section's type nor at its end, but for the string's. */
	if (!pvb_span_has(elf->file, section.offset, 1) ||
	    !pvb_span_part(elf->file, section.offset,
			   pvb_min(section.size, elf->file.size - section.offset), &bytes))
		return pvb_elf_section_bytes(elf, &section, "the section __xen_guest", &bytes,
					     error);
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
