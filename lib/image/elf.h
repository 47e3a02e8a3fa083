/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading ELF, 32 and 64 bits, little-endian, through spans. Facts only: which
 * of them a PV kernel may have is for others to say.
 */
#ifndef PVB_IMAGE_ELF_H
#define PVB_IMAGE_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/span.h"

/* The larger class's sizes: room enough for either. */
enum { PVB_ELF_EHDR_MAX = 64, PVB_ELF_PHDR_MAX = 56, PVB_ELF_SHDR_MAX = 64 };

struct pvb_elf {
	struct pvb_span file;
	unsigned bits;
	uint16_t machine;
	uint64_t entry;
	uint64_t phoff, shoff;
	uint32_t phnum, shnum;         /* shnum is the true one only after pvb_elf_open() */
	uint16_t phentsize, shentsize; /* bytes of a header that are read */
	uint16_t phstride, shstride;   /* bytes from one header to the next: no less */
	uint32_t shstrndx;
};

struct pvb_elf_segment {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t vaddr, paddr;
	uint64_t filesz, memsz;
	uint64_t align;
};

struct pvb_elf_section {
	uint32_t name;
	uint32_t type;
	uint64_t offset, size;
	uint32_t link, info;
	uint64_t align;
	bool in_file; /* takes bytes of the file */
	struct pvb_span raw;
};

/* Read and check the header. head need not hold more than it. elf->file stays empty. */
int pvb_elf_header(struct pvb_span head, struct pvb_elf *elf, struct pvb_error *error);

/* The same of a whole file, whose tables must lie within it. */
int pvb_elf_open(struct pvb_span file, struct pvb_elf *elf, struct pvb_error *error);

/* One table entry; raw has at least phentsize, or shentsize, bytes. */
void pvb_elf_decode_segment(const struct pvb_elf *elf, struct pvb_span raw,
			    struct pvb_elf_segment *segment);
void pvb_elf_decode_section(const struct pvb_elf *elf, struct pvb_span raw,
			    struct pvb_elf_section *section);

/*
 * Whether a segment is loaded: libelf leaves out those with no permission at all. One without
 * size has nothing to load.
 */
bool pvb_elf_is_loaded(const struct pvb_elf_segment *segment);

/* Of an open file; index is below phnum, or shnum. */
void pvb_elf_segment(const struct pvb_elf *elf, uint32_t index, struct pvb_elf_segment *segment);
void pvb_elf_section(const struct pvb_elf *elf, uint32_t index, struct pvb_elf_section *section);

/* The bytes of a section that is needed, "what" for messages. */
int pvb_elf_section_bytes(const struct pvb_elf *elf, const struct pvb_elf_section *section,
			  const char *what, struct pvb_span *bytes, struct pvb_error *error);

/* Find a section by name: *found says whether there is one. */
void pvb_elf_find_section(const struct pvb_elf *elf, const char *name,
			  struct pvb_elf_section *section, bool *found);

/* "x86-64", "i386", "aarch64". */
const char *pvb_elf_machine_name(uint16_t machine);

#endif
