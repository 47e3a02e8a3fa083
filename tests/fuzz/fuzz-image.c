/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz/targets.h"

#include <stdio.h>
#include <stdlib.h>

#include "image/image.h"
#include "malformed/invariants.h"
#include "support/cost.h"

int fuzz_image(const uint8_t *data, size_t size)
{
	/* Low limits, so that a run tries many images and not one large one. */
	const struct pvb_image_options options = {.size = sizeof options,
						  .flags = size & 1 ? PVB_IMAGE_REFUSE_WX : 0,
						  .max_unpacked = 4 << 20,
						  .max_decoder_memory = 16 << 20};
	struct pvb_image *image = NULL;
	struct pvb_error error = {0};
	struct pvb_cost cost = {0};
	int rc = pvb_image_open_counted(pvb_span(data, size), "fuzz", &options, &cost, &image,
					&error);
	const char *broken = NULL;

	if (rc == 0)
		broken = broken_invariant(image);
	else if (image || error.code != -rc || !error.message[0])
		broken = "a refusal says why, and leaves no image";
	else if (pvb_code_fault(-rc) != PVB_FAULT_IMAGE)
		broken = "a refusal blames the image";
	if (!broken)
		broken = cost_out_of_proportion(&cost, size, &options);
	if (broken) {
		(void)fprintf(stderr, "does not hold: %s (%d: %s)\n", broken, rc, error.message);
		abort();
	}
	pvb_image_free(image);
	return 0;
}
