/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plan of an arm64 guest: translated by the processor, so that it has guest
 * physical addresses, in bytes, and nothing else.
 */
#ifndef PVB_PLAN_ARM64_H
#define PVB_PLAN_ARM64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/arm64-map.h"
#include "plan/plan.h"

/* bytes of guest memory at gpa. */
struct pvb_arm64_part {
	uint64_t gpa;
	uint64_t bytes;
};

/* What a build needs beside the public numbers. Parts start on pages of the host's but the kernel.
 */
struct pvb_plan_arm64 {
	struct pvb_arm64_part banks[PVB_ARM64_BANKS];
	size_t bank_count;
	struct pvb_arm64_part kernel; /* what its header says that it takes, or its file if more */
	uint64_t kernel_file_bytes;
	struct pvb_arm64_part module; /* bytes 0: none */
	struct pvb_arm64_part tree;
	const uint8_t *tree_bytes;
	uint64_t magic[PVB_ARM64_MAGIC_PAGES];
};

/* What decides where things go, but for the size of the guest. */
struct pvb_arm64_placement_input {
	uint64_t page;          /* bytes of the host's */
	uint64_t text_offset;   /* of the kernel behind a boundary of 2 MiB */
	uint64_t kernel_bytes;  /* in memory */
	bool kernel_end_known;  /* else the header is too old to say, and memory behind it is to be
				   left free as far as can be */
	uint64_t module_bytes;  /* 0: none */
	uint64_t tree_bytes[2]; /* with one bank of memory, with two */
};

struct pvb_arm64_placement {
	uint64_t kernel, kernel_end; /* rounded up to 2 MiB */
	uint64_t tree;
	uint64_t module;
};

/* Whether it fits; where it does not, the placement is undefined. */
bool pvb_arm64_place(const struct pvb_arm64_placement_input *input, uint64_t memory,
		     struct pvb_arm64_placement *placement);

/* The least memory that it fits into, or 0 where none will do. */
uint64_t pvb_arm64_least(const struct pvb_arm64_placement_input *input);

/*
 * Kernel and ramdisk lie in a window of at most 32 GiB that starts on 1 GiB, which is as
 * far as Linux maps when it looks for its ramdisk. Ends are past the last byte.
 */
bool pvb_arm64_in_window(uint64_t kernel, uint64_t kernel_end, uint64_t module,
			 uint64_t module_end);

/* As pvb_plan_from_info() and pvb_plan_minimum_from_info(), for an image of this kind. */
int pvb_plan_arm64(const struct pvb_image_info *image, const struct pvb_spec *spec,
		   const struct pvb_host_info *host, struct pvb_plan **plan,
		   struct pvb_error *error);
int pvb_plan_arm64_minimum(const struct pvb_image_info *image, const struct pvb_spec *spec,
			   const struct pvb_host_info *host, uint64_t *bytes,
			   struct pvb_error *error);

#endif
