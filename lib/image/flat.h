/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The flat binary: a file that is copied to an address as it is, which a table
 * in its first 8 KiB tells, much like Multiboot's. (The facts are those of
 * xg_dom_binloader.c in Xen's tools.)
 */
#ifndef PVB_IMAGE_FLAT_H
#define PVB_IMAGE_FLAT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/span.h"

enum { PVB_FLAT_SEARCH = 8192, PVB_FLAT_TABLE = 32 };

struct pvb_flat {
	uint64_t start;  /* address of the file's first byte: PFN 0 */
	uint64_t load;   /* address of the first byte that is loaded ... */
	uint64_t offset; /* ... and where it is in the file */
	uint64_t filesz;
	uint64_t memsz;
	uint64_t entry;
	unsigned pae; /* 0 non-PAE, 1 PAE, 2 64-bit, 3 either of the first two */
};

/* Finds the table: the magic, with a checksum that is right. */
bool pvb_flat_find(struct pvb_span head, uint64_t *offset);

/* The magic is there, but with no right checksum behind it. */
bool pvb_flat_bad_checksum(struct pvb_span head);

int pvb_flat_parse(struct pvb_span file, struct pvb_flat *flat, struct pvb_error *error);

#endif
