/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An arm64 kernel as a plan sees it, and a host that runs it, to change in a test. */
#ifndef PVB_TESTS_ARM64_KERNELS_H
#define PVB_TESTS_ARM64_KERNELS_H

#include <pvbuild/guest-abi.h>

#include "unit/plan-kernels.h"

struct arm64_guest {
	struct guest guest;
	struct pvb_host_info host;
	struct pvb_image_piece piece;
};

/* Sets what points within the structure, and what follows from the header. */
static inline struct guest *arm64_finish(struct arm64_guest *made)
{
	struct pvb_image_info *image = &made->guest.image;
	uint64_t from = image->arm64.text_offset;
	uint64_t memory = image->arm64.image_size;

	if (memory < image->unpacked_size)
		memory = image->unpacked_size;
	made->piece = (struct pvb_image_piece){
		.va = from,
		.size = image->unpacked_size,
		.memory_size = memory,
	};
	image->pieces = &made->piece;
	image->piece_count = 1;
	image->pv.kernel_start = image->pv.entry = from;
	image->pv.kernel_end = from + memory;
	made->guest.host = &made->host;
	return &made->guest;
}

/* A kernel with pages of 1 << kernel (0: unstated), on a host with pages of 1 << host. */
static inline struct arm64_guest arm64_guest(unsigned host, unsigned kernel)
{
	return (struct arm64_guest){
		.guest =
			{
				.image =
					{
						.file = "Image",
						.unpacked_size = MIB(20) + 12345,
						.container = PVB_CONTAINER_ARM64_IMAGE,
						.pv =
							{
								.supported = true,
								.guest_type = PVB_GUEST_ARM64,
								.virt_base = PVB_NONE,
								.hypercall_page = PVB_NONE,
								.init_p2m = PVB_NONE,
								.hv_start_low = PVB_NONE,
							},
						.pvh_entry = PVB_NONE,
						.arm64 =
							{
								.image_size = MIB(21) + 0x10000,
								.page_size =
									kernel ? 1u << kernel : 0,
								.anywhere = true,
							},
					},
				.spec = {.size = sizeof(struct pvb_spec), .memory = MIB(512)},
			},
		.host =
			{
				.name = "sim",
				.version = "4.17",
				.capabilities = "xen-3.0-aarch64",
				.xen_major = 4,
				.xen_minor = 17,
				.page_shift = host,
				.address_bits = 48,
				.guest_page_sizes = 1u << 12 | 1u << 14 | 1u << 16,
				.gic_version = 3,
			},
	};
}

/* The one that declares that it copes with everything. */
static inline struct arm64_guest arm64_aware_guest(unsigned host, unsigned kernel)
{
	struct arm64_guest made = arm64_guest(host, kernel);

	made.guest.image.declares.guest_abi = true;
	made.guest.image.declares.granules = 1u << 12 | 1u << 14 | 1u << 16;
	return made;
}

static inline const struct pvb_plan_segment *segment_of(const struct pvb_plan *plan,
							const char *name)
{
	static const struct pvb_plan_segment none;
	const struct pvb_plan_info *info = pvb_plan_info(plan);

	for (size_t i = 0; i < info->segment_count; i++)
		if (!strcmp(info->segments[i].name, name))
			return &info->segments[i];
	fail_msg("the plan has no %s", name);
	return &none;
}

#endif
