/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sections of a PE/COFF header, which a kernel with an EFI stub carries in
 * front (Microsoft PE Format; Linux arch/arm64/kernel/efi-header.S). Only as much
 * of it as it takes to find a section by its name.
 */
#ifndef PVB_IMAGE_PE_H
#define PVB_IMAGE_PE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/span.h"

/* A section's bytes in the file: size of them at offset. */
struct pvb_pe_section {
	uint64_t offset;
	uint64_t size;
};

/*
 * Look for the section of this name (at most 8 bytes) in the file whose PE
 * signature is at "at". *count is how many have it, section the first of them. The table
 * is refused where it lies outside the file, and so is such a section.
 */
int pvb_pe_find(struct pvb_span file, uint64_t at, const char *name, struct pvb_pe_section *section,
		unsigned *count, struct pvb_error *error);

#endif
