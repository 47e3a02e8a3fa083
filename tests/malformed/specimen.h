/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small sound images to spoil. A specimen is a kernel of two segments whose
 * notes can be replaced, removed or added to before it is assembled; the
 * assembled bytes can be changed after.
 */
#ifndef PVB_TESTS_MALFORMED_SPECIMEN_H
#define PVB_TESTS_MALFORMED_SPECIMEN_H

#include "support/blob.h"
#include "support/compress.h"
#include "support/elf-builder.h"

enum note_home {
	HOME_SEGMENT, /* PT_NOTE: program header 2 */
	HOME_SECTION, /* SHT_NOTE, outside any PT_NOTE: section 1 */
	HOME_LEGACY,  /* a section __xen_guest: section 1 */
};

struct specimen_note {
	const char *owner;
	uint32_t type;
	uint32_t size;
	uint8_t value[200];
};

struct specimen {
	unsigned bits;
	enum note_home home;
	size_t note_count;
	struct specimen_note notes[32];
	struct blob raw_notes; /* behind the others, as they are */
	uint64_t note_align;   /* of the segment or section; 0: 4 */
	struct blob legacy;
	bool symbols; /* with a .symtab and its .strtab, the last sections */
};

/* At 16 MiB (1 MiB on 32 bits): 4 KiB of code with 256 bytes in the file, 8 KiB of data with 128.
 */
enum { TEXT_64 = 0x1000000, DATA_64 = 0x1001000, END_64 = 0x1003000 };
#define VIRT_64 UINT64_C(0xffffffff80000000)
enum { TEXT_32 = 0x100000, DATA_32 = 0x101000, END_32 = 0x103000 };
#define VIRT_32 UINT64_C(0xc0000000)

void specimen_64(struct specimen *specimen);
void specimen_32(struct specimen *specimen); /* PAE */

/* Replace or add a note; remove one. */
void specimen_number(struct specimen *specimen, uint32_t type, uint64_t value, unsigned width);
void specimen_string(struct specimen *specimen, uint32_t type, const char *value);
void specimen_remove(struct specimen *specimen, uint32_t type);

/* One more note behind the others, whose header says what it is told to. */
void specimen_raw_note(struct specimen *specimen, uint32_t namesz, uint32_t descsz, uint32_t type,
		       const char *name, const void *desc, size_t desc_size);

/* What a kernel without notes has in a section __xen_guest. */
#define SPECIMEN_LEGACY                                                                            \
	"GUEST_OS=GNU Mach,GUEST_VERSION=1.3,XEN_VER=xen-3.0,VIRT_BASE=0xc0000000,"                \
	"ELF_PADDR_OFFSET=0x0,HYPERCALL_PAGE=0x101,VIRT_ENTRY=0xc0100040,LOADER=generic,"          \
	"PAE=yes[extended-cr3],FEATURES=!writable_page_tables|pae_pgdir_above_4gb,BSD_SYMTAB=yes"

/* Makes the file and empties the specimen. */
struct blob specimen_assemble(struct specimen *specimen);

struct blob sound_kernel(unsigned bits);

/* A sound kernel of size bytes that nothing compresses, or that repeats itself every so many. */
struct blob noisy_kernel(size_t size);
struct blob repeating_kernel(size_t size, size_t period);

/* Flat binary and arm64 Image, sound. */
struct blob sound_flat(void);
struct blob sound_arm64(void);

/* codec around plain; the test is skipped, with the reason, where this build has no such codec. */
struct blob packed(enum pvb_codec codec, const struct blob *plain);
struct blob consumed(enum pvb_codec codec, struct blob plain); /* the same, and frees plain */
void need_codec(enum pvb_codec codec);

/* A bzImage around what codec makes of plain, nothing freed. */
struct blob packed_bzimage(enum pvb_codec codec, const struct blob *plain);

#endif
