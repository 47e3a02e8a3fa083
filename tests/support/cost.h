/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What opening an image may cost, held against what it did. */
#ifndef PVB_TESTS_SUPPORT_COST_H
#define PVB_TESTS_SUPPORT_COST_H

#include "image/limits.h"

/*
 * What is out of proportion, or NULL: cost is what a file of so many bytes has led to, whether it
 * was opened or refused; options are those that it was opened with.
 */
const char *cost_out_of_proportion(const struct pvb_cost *cost, uint64_t file_size,
				   const struct pvb_image_options *options);

#endif
