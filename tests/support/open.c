/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support/open.h"

#include "support/test.h"

struct pvb_image *open_ok(struct blob *file)
{
	struct pvb_image *image;
	struct pvb_error error;

	assert_ok(pvb_image_open_memory(file->bytes, file->size, "kernel", NULL, &image, &error),
		  &error);
	blob_free(file);
	return image;
}

void open_refused(struct blob *file, enum pvb_code code)
{
	struct pvb_image *image;
	struct pvb_error error;

	assert_fails_with(
		pvb_image_open_memory(file->bytes, file->size, "kernel", NULL, &image, &error),
		code, &error);
	blob_free(file);
}
