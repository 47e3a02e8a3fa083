/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PVB_TESTS_MALFORMED_INVARIANTS_H
#define PVB_TESTS_MALFORMED_INVARIANTS_H

#include <pvbuild/image.h>

/* What is wrong with an image that opened, whatever its bytes were; or NULL. */
const char *broken_invariant(const struct pvb_image *image);

#endif
