/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/limits.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/checked.h"
#include "core/error.h"
#include "image/image.h"

/*
 * A kernel of 8 MiB unpacks to 60; nothing real comes near 256 times, nor a small one near 32 MiB.
 * Zeros do not count, which a kernel with an empty file system in it has many of.
 */
#define DEFAULT_RATIO 256
#define ALWAYS_PLAUSIBLE (UINT64_C(32) << 20)
#define DEFAULT_UNPACKED (UINT64_C(1) << 30)
/* xz kernels since Linux 6.12 have a dictionary of 128 MiB. */
#define DEFAULT_DECODER_MEMORY (UINT64_C(256) << 20)

int pvb_limits_init(struct pvb_limits *limits, const struct pvb_image_options *options,
		    struct pvb_cost *cost, struct pvb_error *error)
{
	struct pvb_image_options known;
	int rc = pvb_options(&known, sizeof known, options, PVB_IMAGE_STAGE, error);

	if (rc)
		return rc;
	if (known.flags & ~PVB_IMAGE_REFUSE_WX)
		return pvb_fail(error, PVB_E_ARG_INVALID, PVB_IMAGE_STAGE,
				"image options have unknown flags 0x%" PRIx32,
				known.flags & ~PVB_IMAGE_REFUSE_WX);
	*limits = (struct pvb_limits){
		.flags = known.flags,
		.ratio = known.max_ratio ? known.max_ratio : DEFAULT_RATIO,
		.unpacked = known.max_unpacked ? known.max_unpacked : DEFAULT_UNPACKED,
		.decoder_memory = known.max_decoder_memory ? known.max_decoder_memory
							   : DEFAULT_DECODER_MEMORY,
		.cost = cost,
	};
	pvb_limits_set_file(limits, 0);
	return 0;
}

void pvb_limits_set_file(struct pvb_limits *limits, uint64_t file_size)
{
	uint64_t plausible;

	if (!pvb_mul(file_size, limits->ratio, &plausible))
		plausible = UINT64_MAX;
	limits->file_size = file_size;
	limits->plausible = pvb_max(plausible, ALWAYS_PLAUSIBLE);
}

int pvb_limits_check(const struct pvb_limits *limits, uint64_t held, uint64_t size,
		     const char *says, struct pvb_error *error)
{
	if (held <= limits->unpacked && size <= limits->unpacked - held)
		return 0;

	char how[80], beside[80] = "";
	if (says)
		(void)snprintf(how, sizeof how, "%" PRIu64 " bytes, as %s says,", size, says);
	else
		(void)snprintf(how, sizeof how, "at least %" PRIu64 " bytes,", size);
	if (held)
		(void)snprintf(beside, sizeof beside,
			       " beside the %" PRIu64 " of the layer around it,", held);

	int rc = pvb_fail(error, PVB_E_IMAGE_TOO_LARGE, PVB_IMAGE_STAGE,
			  "the image unpacks to %s%s more than the limit of %" PRIu64, how, beside,
			  limits->unpacked);
	pvb_hint(error, "if this image is to be trusted, raise pvb_image_options.max_unpacked");
	return rc;
}

int pvb_limits_check_growth(const struct pvb_limits *limits, struct pvb_error *error)
{
	if (limits->cost->grown <= limits->plausible)
		return 0;

	int rc = pvb_fail(error, PVB_E_IMAGE_RATIO, PVB_IMAGE_STAGE,
			  "the image unpacks to at least %" PRIu64
			  " bytes beside zeros, more than the %" PRIu64
			  " that are plausible for a file of %" PRIu64 " bytes",
			  limits->cost->grown, limits->plausible, limits->file_size);
	pvb_hint(error,
		 "this looks like a decompression bomb; if the image is to be trusted, raise "
		 "pvb_image_options.max_ratio (now %" PRIu32 ")",
		 limits->ratio);
	return rc;
}
