/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where notes stand: in segments, in sections; and the string that was before them. */
#include <elf.h>
#include <inttypes.h>

#include "core/checked.h"
#include "image/notes.h"

enum { OWNER_MAX = 64, NOTE_HEADER = 12 };

static bool is(struct pvb_span text, const char *word)
{
	return text.size == strlen(word) && memcmp(text.bytes, word, text.size) == 0;
}

struct place {
	const char *what;
	uint64_t at; /* of the bytes, in the file: for messages */
	enum pvb_note_origin origin;
	bool own_only; /* only notes of PVB_GUEST_NOTE_OWNER: the rest is passed over */
};

static int malformed(const struct place *place, uint64_t at, const char *why,
		     struct pvb_error *error)
{
	return pvb_fail(error, PVB_E_NOTE_MALFORMED, PVB_IMAGE_STAGE,
			"the ELF note at 0x%" PRIx64 ", in %s at 0x%" PRIx64 " of the file, %s",
			place->at + at, place->what, place->at, why);
}

static bool all_zero(struct pvb_span bytes)
{
	for (uint64_t i = 0; i < bytes.size; i++)
		if (bytes.bytes[i])
			return false;
	return true;
}

/*
 * The descriptor of a note, which may be said to be longer than what is left.
 * GRUB's i386-xen image ends with such a one: a PAE_MODE of 12 bytes, of which
 * there are "yes" and its NUL. A string that ends is whole, whatever its size.
 */
static bool descriptor_of(struct pvb_span rest, uint32_t size, bool is_string,
			  struct pvb_span *descriptor)
{
	uint64_t length;

	if (pvb_span_part(rest, 0, size, descriptor))
		return true;
	*descriptor = rest;
	return is_string && pvb_span_string(rest, 0, &length);
}

/*
 * All notes of one segment or section. They are padded to 4 bytes whatever
 * p_align says, as libelf, Linux and everybody else has it.
 */
static int walk(struct pvb_image *image, struct pvb_declared *declared, struct pvb_span bytes,
		const struct place *place, struct pvb_error *error)
{
	uint64_t at = 0;

	while (at < bytes.size) {
		struct pvb_span rest, owner, descriptor;
		uint32_t name_size, size, type;

		(void)pvb_span_part(bytes, at, bytes.size - at, &rest);
		if (!pvb_span_u32(rest, 0, &name_size) || !pvb_span_u32(rest, 4, &size) ||
		    !pvb_span_u32(rest, 8, &type)) {
			if (place->own_only || all_zero(rest))
				return 0;
			return malformed(place, at, "is cut off within its header", error);
		}
		if (!pvb_span_part(rest, NOTE_HEADER, name_size, &owner)) {
			if (place->own_only)
				return 0;
			return malformed(place, at, "is cut off within its owner's name", error);
		}
		/* Thousands of sections may name the same huge owner. */
		owner.size = pvb_min(owner.size, OWNER_MAX);
		(void)pvb_span_string(owner, 0, &owner.size);

		bool is_xen = is(owner, "Xen"), is_own = is(owner, PVB_GUEST_NOTE_OWNER);
		bool is_string = is_xen && pvb_xen_note_is_string(type);
		uint64_t padded_name = (name_size + UINT64_C(3)) & ~UINT64_C(3);
		uint64_t start = pvb_min(NOTE_HEADER + padded_name, rest.size);
		(void)pvb_span_part(rest, start, rest.size - start, &rest);
		if (!descriptor_of(rest, size, is_string, &descriptor)) {
			if (place->own_only && !is_own)
				return 0;
			return malformed(place, at, "is cut off within its descriptor", error);
		}
		at += start + ((size + UINT64_C(3)) & ~UINT64_C(3));
		if (place->own_only && !is_own)
			continue;

		struct pvb_note note = {
			.bytes = descriptor.size ? descriptor.bytes : NULL,
			.size = descriptor.size,
			.type = type,
			.origin = place->origin,
			.kind = PVB_NOTE_KIND_BYTES,
		};
		note.owner = is_xen   ? "Xen"
			     : is_own ? PVB_GUEST_NOTE_OWNER
				      : pvb_arena_escaped(&image->arena, owner);
		if (!note.owner)
			return pvb_fail_memory(error, PVB_IMAGE_STAGE, "a note's owner");
		int rc = pvb_notes_take(image, declared, &note, error);
		if (rc)
			return rc;
	}
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
	for (uint32_t i = 0; i < elf->phnum; i++) {
		struct pvb_elf_segment segment;
		struct pvb_span bytes;

		if (!is_note_segment(elf, i, &segment))
			continue;
		if (!pvb_span_part(elf->file, segment.offset, segment.filesz, &bytes))
			return pvb_fail(error, PVB_E_ELF_SEGMENT_FILE, PVB_IMAGE_STAGE,
					"segment %" PRIu32 " (notes) is 0x%" PRIx64
					" bytes at 0x%" PRIx64
					" of the file, which has only 0x%" PRIx64,
					i, segment.filesz, segment.offset, elf->file.size);
		const struct place place = {"a PT_NOTE segment", segment.offset, PVB_NOTE_PT_NOTE,
					    false};
		int rc = walk(image, declared, bytes, &place, error);
		if (rc)
			return rc;
	}
	return 0;
}

/* A section that a note segment covers has been read with it. */
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
 * was: unseen.
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
		if (section.type != SHT_NOTE || is_in_a_note_segment(elf, &section))
			continue;
		if (own_only && !pvb_span_has(elf->file, section.offset, section.size))
			continue;
		/* What is passed over is not counted, so that sections must not repeat each other.
		 */
		if (own_only && (passed += section.size) > elf->file.size)
			return pvb_fail(error, PVB_E_NOTE_TOO_MANY, PVB_IMAGE_STAGE,
					"the sections of notes overlap: they come to more than the "
					"file's %" PRIu64 " bytes",
					elf->file.size);
		int rc = pvb_elf_section_bytes(elf, &section, "a section of notes", &bytes, error);
		if (rc)
			return rc;
		const struct place place = {"a SHT_NOTE section", section.offset, PVB_NOTE_SHT_NOTE,
					    own_only};
		rc = walk(image, declared, bytes, &place, error);
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
	const struct place place = {"the section " PVB_GUEST_NOTE_SECTION, at, PVB_NOTE_PE, false};

	nothing_declared(declared);
	return walk(image, declared, bytes, &place, error);
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
