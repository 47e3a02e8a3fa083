/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "differential/look.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

bool look_inside(const struct look *look, uint64_t offset, uint64_t size)
{
	return offset <= look->size && size <= look->size - offset;
}

uint64_t look_number(const struct look *look, uint64_t offset, unsigned width)
{
	uint64_t value = 0;

	if (look_inside(look, offset, width))
		memcpy(&value, look->bytes + offset, width);
	return value;
}

/* A member of a structure that the two classes have in common. */
#define MEMBER(look, at, kind, member)                                                             \
	((look)->bits == 64 ? look_number(look, (at) + offsetof(Elf64_##kind, member),             \
					  sizeof((Elf64_##kind *)NULL)->member)                    \
			    : look_number(look, (at) + offsetof(Elf32_##kind, member),             \
					  sizeof((Elf32_##kind *)NULL)->member))

bool look_is_loaded(const struct look_segment *segment)
{
	return segment->type == PT_LOAD && (segment->flags & (PF_R | PF_W | PF_X));
}

static void read_header(struct look *look)
{
	look->class = look->bytes[EI_CLASS];
	look->bits = look->class == ELFCLASS64 ? 64 : 32;
	look->machine = (uint16_t)MEMBER(look, 0, Ehdr, e_machine);
	look->phoff = MEMBER(look, 0, Ehdr, e_phoff);
	look->shoff = MEMBER(look, 0, Ehdr, e_shoff);
	look->phnum = (uint32_t)MEMBER(look, 0, Ehdr, e_phnum);
	look->phentsize = (uint32_t)MEMBER(look, 0, Ehdr, e_phentsize);
	look->shnum = (uint32_t)MEMBER(look, 0, Ehdr, e_shnum);
	look->shentsize = (uint32_t)MEMBER(look, 0, Ehdr, e_shentsize);
	look->shstrndx = (uint32_t)MEMBER(look, 0, Ehdr, e_shstrndx);
}

static void read_tables(struct look *look)
{
	for (uint32_t i = 0; i < look->phnum && i < LOOK_SEGMENTS; i++) {
		uint64_t at = look->phoff + (uint64_t)i * look->phentsize;

		if (!look_inside(look, at, 1))
			break;
		look->segments[look->segment_count++] = (struct look_segment){
			.type = (uint32_t)MEMBER(look, at, Phdr, p_type),
			.flags = (uint32_t)MEMBER(look, at, Phdr, p_flags),
			.offset = MEMBER(look, at, Phdr, p_offset),
			.vaddr = MEMBER(look, at, Phdr, p_vaddr),
			.paddr = MEMBER(look, at, Phdr, p_paddr),
			.filesz = MEMBER(look, at, Phdr, p_filesz),
			.memsz = MEMBER(look, at, Phdr, p_memsz),
		};
	}
	for (uint32_t i = 0; i < look->shnum && i < LOOK_SECTIONS; i++) {
		uint64_t at = look->shoff + (uint64_t)i * look->shentsize;

		if (!look_inside(look, at, 1))
			break;
		look->sections[look->section_count++] = (struct look_section){
			.name = (uint32_t)MEMBER(look, at, Shdr, sh_name),
			.type = (uint32_t)MEMBER(look, at, Shdr, sh_type),
			.link = (uint32_t)MEMBER(look, at, Shdr, sh_link),
			.offset = MEMBER(look, at, Shdr, sh_offset),
			.size = MEMBER(look, at, Shdr, sh_size),
		};
	}
}

static void read_text(const struct look *look, uint64_t at, char *text, size_t size)
{
	size_t length = 0;

	while (length + 1 < size && look_inside(look, at + length, 1) && look->bytes[at + length]) {
		text[length] = (char)look->bytes[at + length];
		length++;
	}
	text[length] = '\0';
}

/* All notes of a segment or section; whether there is one of Xen's among them. */
static bool read_notes(struct look *look, uint64_t at, uint64_t size)
{
	uint64_t end = at + size;
	bool xen = false;

	while (at < end && look_inside(look, at, 1) && look->note_count < LOOK_NOTES) {
		struct look_note *note = &look->notes[look->note_count++];
		/* Rounded in 32 bits. */
		uint32_t name = ((uint32_t)look_number(look, at, 4) + 3) & ~UINT32_C(3);
		uint32_t descriptor = ((uint32_t)look_number(look, at + 4, 4) + 3) & ~UINT32_C(3);

		note->owner_size = (uint32_t)look_number(look, at, 4);
		note->size = (uint32_t)look_number(look, at + 4, 4);
		note->type = (uint32_t)look_number(look, at + 8, 4);
		read_text(look, at + 12, note->owner, sizeof note->owner);
		note->descriptor = at + 12 + name;
		xen |= strcmp(note->owner, "Xen") == 0;
		note->end = end;
		note->at = at;
		at += 12 + (uint64_t)name + descriptor;
	}
	return xen;
}

static void read_all_notes(struct look *look)
{
	for (unsigned i = 0; i < look->segment_count; i++) {
		const struct look_segment *segment = &look->segments[i];

		if (segment->type == PT_NOTE && segment->offset)
			look->xen_notes |= read_notes(look, segment->offset, segment->filesz);
	}
	look->notes_of_sections = !look->xen_notes;

	unsigned seen = look->note_count;

	for (unsigned i = 1; i < look->section_count; i++) {
		const struct look_section *section = &look->sections[i];

		if (section->type == SHT_NOTE)
			look->xen_notes |= read_notes(look, section->offset, section->size);
	}
	for (unsigned i = 0; i < look->note_count; i++)
		look->own_notes |= strcmp(look->notes[i].owner, "pvbuild") == 0;
	/* What libelf does not read only counts for that. */
	if (!look->notes_of_sections)
		look->note_count = seen;
}

static void find_legacy(struct look *look)
{
	if (look->xen_notes || look->shstrndx >= look->section_count)
		return;
	for (unsigned i = 1; i < look->section_count && !look->has_legacy; i++) {
		const struct look_section *section = &look->sections[i];
		char name[16];

		read_text(look, look->sections[look->shstrndx].offset + section->name, name,
			  sizeof name);
		if (strcmp(name, "__xen_guest") != 0)
			continue;
		look->has_legacy = true;
		look->legacy_name_inside =
			section->name + sizeof "__xen_guest" <= look->sections[look->shstrndx].size;
		look->legacy = section->offset;
		look->legacy_size = section->size;
	}
}

void look_at(struct look *look, const uint8_t *file, size_t file_size, const uint8_t *inner,
	     size_t inner_size, const struct facts *theirs)
{
	*look = (struct look){
		.file = file,
		.file_size = file_size,
		.bytes = inner ? inner : file,
		.size = inner ? inner_size : file_size,
		.theirs = theirs,
	};
	look->elf = look->size >= EI_NIDENT && memcmp(look->bytes, ELFMAG, SELFMAG) == 0;
	if (!look->elf)
		return;
	read_header(look);
	read_tables(look);
	read_all_notes(look);
	find_legacy(look);
}

const struct look_note *look_xen_note(const struct look *look, uint32_t type)
{
	const struct look_note *last = NULL;

	for (unsigned i = 0; i < look->note_count; i++)
		if (look->notes[i].type == type && strcmp(look->notes[i].owner, "Xen") == 0)
			last = &look->notes[i];
	return last;
}

bool look_note_ends(const struct look *look, const struct look_note *note)
{
	/* A zero right behind it ends the string as well. */
	for (uint64_t i = 0; i <= note->size && look_inside(look, note->descriptor + i, 1); i++)
		if (!look->bytes[note->descriptor + i])
			return true;
	return false;
}

void look_legacy(const struct look *look, char *text, size_t size)
{
	read_text(look, look->legacy, text, size);
}
