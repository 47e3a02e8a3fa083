/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening an image that a test has made. Both take the file's bytes. */
#ifndef PVB_TESTS_OPEN_H
#define PVB_TESTS_OPEN_H

#include <pvbuild/image.h>

#include "support/blob.h"

struct pvb_image *open_ok(struct blob *file);

/* It is refused with exactly this code. */
void open_refused(struct blob *file, enum pvb_code code);

#endif
