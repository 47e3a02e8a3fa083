/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernels made to order. Say what the ELF shall hold, build it, and then break
 * the one thing that the test is about:
 *
 *	struct elf_builder b = ELF_BUILDER_64;
 *	elf_add_load(&b, 0x100000, 0x1000, 0x3000);
 *	struct blob notes = xen_notes(64);
 *	elf_add_note_segment(&b, &notes);
 *	struct blob kernel = elf_build(&b);
 *	elf_set_ph(&kernel, 0, PH_FILESZ, UINT64_MAX);
 *
 * The order in the file is: header, program headers, segments in the order in
 * which they were added, sections likewise, the section names, section headers.
 */
#ifndef PVB_TESTS_ELF_BUILDER_H
#define PVB_TESTS_ELF_BUILDER_H

#include <stdbool.h>
#include <stdint.h>

#include "support/blob.h"

enum { ELF_BUILDER_MAX = 24 };

struct elf_builder_part {
	/* Program header; also, for sections, where a name is given. */
	const char *name;
	uint32_t type;
	uint64_t flags;
	uint64_t vaddr; /* or sh_addr */
	uint64_t paddr;
	uint64_t memsz;
	uint64_t align;
	uint32_t link;
	uint64_t entsize;
	struct blob bytes;
	bool has_offset; /* use offset as it is and put no bytes into the file */
	uint64_t offset;
};

/* Fields may be set freely before elf_build(). bits is 32 or 64. */
struct elf_builder {
	unsigned bits;
	uint16_t machine;
	uint64_t entry;
	struct elf_builder_part segments[ELF_BUILDER_MAX];
	unsigned segment_count;
	struct elf_builder_part sections[ELF_BUILDER_MAX];
	unsigned section_count;
	bool no_section_table;
};

#define ELF_BUILDER_64                                                                             \
	{                                                                                          \
		.bits = 64, .machine = 62                                                          \
	}
#define ELF_BUILDER_32                                                                             \
	{                                                                                          \
		.bits = 32, .machine = 3                                                           \
	}

/*
 * Each returns the index of its program header, or of its section (sections
 * count from 1: 0 is the empty one). Bytes of blobs are copied, the blob is
 * freed. A load segment is filled with a pattern that tells its segment and place.
 */
unsigned elf_add_load(struct elf_builder *b, uint64_t paddr, uint64_t filesz, uint64_t memsz);
unsigned elf_add_segment(struct elf_builder *b, uint32_t type, uint64_t paddr, struct blob *bytes,
			 uint64_t memsz);
unsigned elf_add_note_segment(struct elf_builder *b, struct blob *notes);
unsigned elf_add_section(struct elf_builder *b, const char *name, uint32_t type,
			 struct blob *bytes);
unsigned elf_add_note_section(struct elf_builder *b, const char *name, struct blob *notes);
unsigned elf_add_xen_guest(struct elf_builder *b, const char *string); /* with its NUL */
/* ".symtab" with count symbols of made-up bytes and its ".strtab"; returns the former. */
unsigned elf_add_symbols(struct elf_builder *b, unsigned count);

/* Makes the file and empties the builder. */
struct blob elf_build(struct elf_builder *b);

/* ---- breaking it ------------------------------------------------------- */

enum elf_field {
	EH_CLASS,
	EH_DATA,
	EH_IDENT_VERSION,
	EH_TYPE,
	EH_MACHINE,
	EH_VERSION,
	EH_ENTRY,
	EH_PHOFF,
	EH_SHOFF,
	EH_EHSIZE,
	EH_PHENTSIZE,
	EH_PHNUM,
	EH_SHENTSIZE,
	EH_SHNUM,
	EH_SHSTRNDX,
};

enum elf_ph_field {
	PH_TYPE,
	PH_FLAGS,
	PH_OFFSET,
	PH_VADDR,
	PH_PADDR,
	PH_FILESZ,
	PH_MEMSZ,
	PH_ALIGN,
};

enum elf_sh_field {
	SH_NAME,
	SH_TYPE,
	SH_FLAGS,
	SH_ADDR,
	SH_OFFSET,
	SH_SIZE,
	SH_LINK,
	SH_INFO,
	SH_ENTSIZE,
	SH_ALIGN,
};

/* The class is taken from the file itself, so set EH_CLASS last. */
void elf_set(struct blob *elf, enum elf_field field, uint64_t value);
uint64_t elf_get(const struct blob *elf, enum elf_field field);
void elf_set_ph(struct blob *elf, unsigned index, enum elf_ph_field field, uint64_t value);
uint64_t elf_get_ph(const struct blob *elf, unsigned index, enum elf_ph_field field);
void elf_set_sh(struct blob *elf, unsigned index, enum elf_sh_field field, uint64_t value);
uint64_t elf_get_sh(const struct blob *elf, unsigned index, enum elf_sh_field field);

/* ---- notes ------------------------------------------------------------- */

/* Numbers of the Xen notes (Xen public elfnote.h), said once more for the tests' own use. */
enum xen_note {
	NOTE_ENTRY = 1,
	NOTE_HYPERCALL_PAGE = 2,
	NOTE_VIRT_BASE = 3,
	NOTE_PADDR_OFFSET = 4,
	NOTE_XEN_VERSION = 5,
	NOTE_GUEST_OS = 6,
	NOTE_GUEST_VERSION = 7,
	NOTE_LOADER = 8,
	NOTE_PAE_MODE = 9,
	NOTE_FEATURES = 10,
	NOTE_BSD_SYMTAB = 11,
	NOTE_HV_START_LOW = 12,
	NOTE_L1_MFN_VALID = 13,
	NOTE_SUSPEND_CANCEL = 14,
	NOTE_INIT_P2M = 15,
	NOTE_MOD_START_PFN = 16,
	NOTE_SUPPORTED_FEATURES = 17,
	NOTE_PHYS32_ENTRY = 18,
	NOTE_PHYS32_RELOC = 19,
};

/* Returns the offset of the note's header. */
size_t note_add(struct blob *notes, const char *owner, uint32_t type, const void *desc,
		size_t size);
size_t note_add_text(struct blob *notes, enum xen_note type, const char *text); /* with NUL */
size_t note_add_number(struct blob *notes, enum xen_note type, uint64_t value, unsigned width);

/* GUEST_OS, XEN_VERSION, LOADER, and on 32 bits PAE_MODE "yes": as little as a PV kernel has. */
struct blob xen_notes(unsigned bits);

/* ---- whole kernels ----------------------------------------------------- */

/*
 * What Linux is like: at 16 MiB, VIRT_BASE, ENTRY, INIT_P2M (64 bits), HYPERCALL_PAGE,
 * FEATURES, MOD_START_PFN, ... The builder is left open for more.
 */
struct elf_builder linux_like(unsigned bits);

/* The smallest PV kernel: linked at 0, the notes of xen_notes(), one segment. */
struct blob small_kernel(unsigned bits);

/* ---- bzImage ----------------------------------------------------------- */

/* Zeros mean what Linux writes. */
struct bzimage {
	uint16_t protocol;       /* 0x020f */
	uint8_t setup_sects;     /* 4 */
	const char *version;     /* "6.1.0-test (tests@example) #1"; "" for no pointer */
	uint32_t payload_offset; /* 0x2cc behind the setup */
	bool no_size_trailer;    /* leave the payload as it is */
	uint32_t unpacked_size;  /* what the trailer says */
};

enum bzimage_field {
	BZ_SETUP_SECTS = 0x1f1,    /* 1 byte */
	BZ_SYSSIZE = 0x1f4,        /* 4 bytes */
	BZ_BOOT_FLAG = 0x1fe,      /* 2 bytes */
	BZ_JUMP = 0x201,           /* 1 byte: how long the header is */
	BZ_MAGIC = 0x202,          /* 4 bytes */
	BZ_PROTOCOL = 0x206,       /* 2 bytes */
	BZ_VERSION_PTR = 0x20e,    /* 2 bytes */
	BZ_PAYLOAD_OFFSET = 0x248, /* 4 bytes */
	BZ_PAYLOAD_LENGTH = 0x24c, /* 4 bytes */
};

/* A bzImage around a compressed payload; frees the payload. */
struct blob bzimage_build(const struct bzimage *spec, struct blob *payload);

/* ---- flat binary and arm64 Image --------------------------------------- */

struct flat_binary {
	uint32_t header_offset; /* where in the file the table stands */
	uint32_t flags;
	uint32_t header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr;
	uint32_t checksum_error; /* added to the right checksum */
};

/* size bytes, with the table of the magic 0x336ec578 in it. */
struct blob flat_build(const struct flat_binary *spec, size_t size);

/* An arm64 Image of size bytes. */
struct blob arm64_build(uint64_t text_offset, uint64_t image_size, uint64_t flags, size_t size);

/*
 * Give an arm64 Image of at least 0x400 bytes a PE header, of which section 1 is called
 * .pvnotes; its bytes are appended and notes freed. Where its parts are:
 */
enum {
	ARM64_PE = 0x40,
	ARM64_PE_SECTION_COUNT = ARM64_PE + 6,      /* 2 bytes */
	ARM64_PE_OPTIONAL_SIZE = ARM64_PE + 20,     /* 2 bytes */
	ARM64_PE_SECTIONS = ARM64_PE + 24 + 0x20,   /* of 40 bytes each */
	ARM64_PE_NOTES = ARM64_PE_SECTIONS + 40,    /* section 1: its name, 8 bytes */
	ARM64_PE_NOTES_MEMORY = ARM64_PE_NOTES + 8, /* 4 bytes */
	ARM64_PE_NOTES_SIZE = ARM64_PE_NOTES + 16,  /* 4 bytes */
	ARM64_PE_NOTES_OFFSET = ARM64_PE_NOTES + 20 /* 4 bytes */
};
void arm64_add_notes(struct blob *image, struct blob *notes);

#endif
