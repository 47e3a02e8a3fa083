/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of an input as a sequence of choices; zeros follow its end. */
#ifndef PVB_TESTS_FUZZ_INPUT_H
#define PVB_TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* A little-endian number of 1 to 8 bytes. */
static inline uint64_t take(struct fuzz_input *input, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes && input->left; i++) {
		value |= (uint64_t)*input->at++ << 8 * i;
		input->left--;
	}
	return value;
}

#endif
