/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernels as a plan sees them, made by hand, and a guest of one to change in a test. */
#ifndef PVB_TESTS_PLAN_KERNELS_H
#define PVB_TESTS_PLAN_KERNELS_H

#include "support/test.h"

#include <pvbuild/pvbuild.h>

#include "plan/plan.h"

#define PAGE UINT64_C(4096)
#define KIB(n) (UINT64_C(n) << 10)
#define MIB(n) (UINT64_C(n) << 20)
#define GIB(n) (UINT64_C(n) << 30)
#define TIB(n) (UINT64_C(n) << 40)

/* All that a plan is made of. module.bytes 0: no module. */
struct guest {
	struct pvb_image_info image;
	struct pvb_plan_module module;
	struct pvb_spec spec;
	const struct pvb_host_info *host;
};

/* A 64-bit Linux as distributions build it, 1 GiB. */
static inline struct guest linux_guest(void)
{
	return (struct guest){
		.image =
			{
				.file = "vmlinuz",
				.unpacked_size = 12345678,
				.pv =
					{
						.supported = true,
						.mod_start_pfn = true,
						.is_linux = true,
						.guest_type = PVB_GUEST_X86_64,
						.virt_base = UINT64_C(0xffffffff80000000),
						.entry = UINT64_C(0xffffffff84000100),
						.kernel_start = UINT64_C(0xffffffff81000000),
						.kernel_end = UINT64_C(0xffffffff84a00000),
						.hypercall_page = UINT64_C(0xffffffff81001000),
						.init_p2m = UINT64_C(0x8000000000),
						.hv_start_low = PVB_NONE,
					},
				.pvh_entry = PVB_NONE,
			},
		.spec = {.size = sizeof(struct pvb_spec), .memory = GIB(1)},
	};
}

/* A boot loader or library kernel: at the bottom of the address space, asking for nothing. */
static inline struct guest small_guest(enum pvb_guest_type type)
{
	struct guest guest = linux_guest();

	guest.image.pv = (struct pvb_image_pv){
		.supported = true,
		.guest_type = type,
		.pae = PVB_PAE_EXTENDED_CR3,
		.virt_base = 0,
		.entry = 0,
		.kernel_start = 0,
		.kernel_end = 0x123456,
		.hypercall_page = PVB_NONE,
		.init_p2m = PVB_NONE,
		.hv_start_low = PVB_NONE,
	};
	guest.spec.memory = MIB(512);
	return guest;
}

/* A 32-bit PAE kernel in the usual place. */
static inline struct guest pae_guest(void)
{
	struct guest guest = small_guest(PVB_GUEST_X86_32P);

	guest.image.pv.virt_base = 0xc0000000;
	guest.image.pv.entry = 0xc0100000;
	guest.image.pv.kernel_start = 0xc0100000;
	guest.image.pv.kernel_end = 0xc0a12345;
	return guest;
}

static inline const struct pvb_spec *spec_of(struct guest *guest)
{
	if (guest->module.bytes) {
		guest->spec.modules = &guest->module;
		guest->spec.module_count = 1;
	}
	return &guest->spec;
}

static inline int plan_guest(struct guest *guest, struct pvb_plan **plan, struct pvb_error *error)
{
	return pvb_plan_from_info(&guest->image, spec_of(guest), guest->host, plan, error);
}

static inline int least_memory(struct guest *guest, uint64_t *bytes, struct pvb_error *error)
{
	return pvb_plan_minimum_from_info(&guest->image, spec_of(guest), guest->host, bytes, error);
}

/* The guest cannot be planned, with exactly this code, and no plan comes of it. */
#define assert_refused(guest_, code_)                                                              \
	do {                                                                                       \
		struct pvb_plan *plan_ = (struct pvb_plan *)-1;                                    \
		assert_fails_with(plan_guest((guest_), &plan_, &error), (code_), &error);          \
		assert_null(plan_);                                                                \
		assert_string_equal(error.stage, "plan");                                          \
	} while (0)

#endif
