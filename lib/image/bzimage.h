/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Linux's x86 boot container: found and read through its setup header (Linux
 * Documentation/arch/x86/boot.rst). */
#ifndef PVB_IMAGE_BZIMAGE_H
#define PVB_IMAGE_BZIMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/span.h"

enum { PVB_BZIMAGE_VERSION_MAX = 256 };

struct pvb_bzimage {
	uint64_t payload_offset; /* in the file */
	uint64_t payload_size;
	uint64_t version_offset; /* of the version string in the file, 0: none */
	uint64_t version_size;   /* no longer than this */
};

bool pvb_bzimage_is(struct pvb_span head);

/* What of a bzImage its header accounts for, in bytes; 0 if it does not say. */
uint64_t pvb_bzimage_accounts_for(struct pvb_span head);

/* head is the beginning of a file of file_size bytes. */
int pvb_bzimage_parse(struct pvb_span head, uint64_t file_size, struct pvb_bzimage *bzimage,
		      struct pvb_error *error);

#endif
