/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernels made of an input's bytes, most of which a domain can be built of; and seeds of lives. */
#ifndef PVB_TESTS_FUZZ_LIFE_KERNEL_H
#define PVB_TESTS_FUZZ_LIFE_KERNEL_H

#include "fuzz/input.h"
#include "fuzz/targets.h"
#include "support/blob.h"

enum life_kernel {
	LIFE_SMALL_64,
	LIFE_SMALL_32,
	LIFE_LINUX_64,
	LIFE_LINUX_32,
	LIFE_MADE_64, /* segments and notes as the input says */
	LIFE_MADE_32,
	LIFE_LEGACY_32,
	LIFE_ARM64,
	LIFE_KERNELS,
};

struct blob life_kernel(enum life_kernel kind, struct fuzz_input *input);

extern const struct fuzz_seed life_seeds[];

#endif
