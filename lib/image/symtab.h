/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The symbol table of a kernel that wants it in memory (the note BSD_SYMTAB).
 * NetBSD and its kin find, behind the kernel and aligned to a word, 32 bits of
 * size and then an ELF file with nothing in it but the symbols and their names.
 */
#ifndef PVB_IMAGE_SYMTAB_H
#define PVB_IMAGE_SYMTAB_H

#include <stdbool.h>

#include "image/elf.h"
#include "image/limits.h"
#include "image/store.h"

struct pvb_symtab {
	bool present;    /* a stripped kernel has none, and runs without */
	uint64_t offset; /* in the unpacked image, behind what was there */
	uint64_t size;
	uint64_t alignment; /* in memory, behind the kernel */
};

/*
 * Make the table and append it to the file behind elf, whose end moves on; it may
 * not grow beyond the limits.
 */
int pvb_symtab_append(const struct pvb_elf *elf, struct pvb_store *store,
		      const struct pvb_limits *limits, struct pvb_symtab *symtab,
		      struct pvb_error *error);

#endif
