/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A third reading of a kernel's file, for the list of differences: each entry of the list looks
 * here whether the file is of the kind that the entry is about. It reads ELF as libelf does
 * (xen/common/libelf) and knows nothing of what libpvbuild made of the file.
 */
#ifndef PVB_TESTS_DIFFERENTIAL_LOOK_H
#define PVB_TESTS_DIFFERENTIAL_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "differential/facts.h"

struct look_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

struct look_section {
	uint32_t name, type, link;
	uint64_t offset, size;
};

struct look_note {
	char owner[16]; /* cut */
	uint32_t type, size, owner_size;
	uint64_t at;         /* offset in the file */
	uint64_t descriptor; /* likewise */
	uint64_t end;        /* of the segment or section that it is in */
};

enum { LOOK_SEGMENTS = 256, LOOK_SECTIONS = 256, LOOK_NOTES = 512 };

/* Of files whose tables are longer than there is room here, only the beginning is seen. */
struct look {
	const uint8_t *file; /* the whole file, as it was given */
	size_t file_size;
	const uint8_t *bytes; /* the ELF in it, or the flat binary */
	size_t size;
	const struct facts *theirs;

	bool elf;
	unsigned bits; /* 32 for whatever is not 64, as in libelf */
	uint8_t class;
	uint16_t machine;
	uint64_t phoff, shoff;
	uint32_t phnum, phentsize, shnum, shentsize, shstrndx;
	struct look_segment segments[LOOK_SEGMENTS];
	unsigned segment_count;
	struct look_section sections[LOOK_SECTIONS]; /* from 0 */
	unsigned section_count;
	struct look_note notes[LOOK_NOTES];
	unsigned note_count;
	bool notes_of_sections; /* no segment had one of Xen's */
	bool xen_notes;
	bool own_notes; /* there are notes of pvbuild's owner anywhere */
	bool has_legacy;
	bool legacy_name_inside;      /* of the section of names */
	uint64_t legacy, legacy_size; /* the string's offset, and its section's size */
};

/* inner is what the file unpacks to, or NULL if it is not packed. Both stay the caller's. */
void look_at(struct look *look, const uint8_t *file, size_t file_size, const uint8_t *inner,
	     size_t inner_size, const struct facts *theirs);

/* A number at an offset of the ELF; 0 where that is outside. */
uint64_t look_number(const struct look *look, uint64_t offset, unsigned width);
bool look_inside(const struct look *look, uint64_t offset, uint64_t size);

/* Whether libelf loads it. */
bool look_is_loaded(const struct look_segment *segment);

/* Of Xen's notes of a type the last, which is the one that counts; or NULL. */
const struct look_note *look_xen_note(const struct look *look, uint32_t type);

/* Whether a note's string ends where its descriptor does, or before. */
bool look_note_ends(const struct look *look, const struct look_note *note);

/* The legacy string up to its NUL, as libelf reads it; cut to size. */
void look_legacy(const struct look *look, char *text, size_t size);

#endif
