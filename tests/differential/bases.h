/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sound kernels that mutants are made from. */
#ifndef PVB_TESTS_DIFFERENTIAL_BASES_H
#define PVB_TESTS_DIFFERENTIAL_BASES_H

#include <stdbool.h>

#include <pvbuild/image.h>

#include "support/blob.h"

enum base_kind {
	BASE_ELF,
	BASE_FLAT,
	BASE_BZIMAGE, /* of which only the header is changed */
	BASE_PACKED,  /* an ELF that is changed and then packed with codec into a bzImage */
	BASE_GZIP,    /* an ELF that is changed and then packed as a whole */
};

struct base {
	const char *name;
	enum base_kind kind;
	enum pvb_codec codec;
	struct blob file;
	struct blob inner; /* of BASE_BZIMAGE: the ELF in it */
	bool slow;         /* takes long to unpack: rarely used */
};

enum { BASES_MAX = 48 };

struct bases {
	struct base list[BASES_MAX];
	unsigned count;
};

void bases_make(struct bases *bases, const char *directory);
void bases_free(struct bases *bases);

#endif
