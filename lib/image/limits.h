/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an untrusted image may cost: the caller's options with their defaults filled in. */
#ifndef PVB_IMAGE_LIMITS_H
#define PVB_IMAGE_LIMITS_H

#include <stdint.h>

#include <pvbuild/image.h>

struct pvb_limits {
	uint32_t flags;
	uint32_t ratio;
	uint64_t file_size;
	uint64_t unpacked;  /* bytes, each layer */
	uint64_t plausible; /* bytes that a file of this size may unpack to, whatever the layer */
	uint64_t decoder_memory;
};

int pvb_limits_init(struct pvb_limits *limits, const struct pvb_image_options *options,
		    struct pvb_error *error);

/* The ratio is one of the whole file, once its size is known. */
void pvb_limits_set_file(struct pvb_limits *limits, uint64_t file_size);

/*
 * Whether something may unpack to size bytes. "says" is how this is known:
 * NULL where so many bytes came out, else what claims it ("its ELF header").
 */
int pvb_limits_check(const struct pvb_limits *limits, uint64_t size, const char *says,
		     struct pvb_error *error);

#endif
