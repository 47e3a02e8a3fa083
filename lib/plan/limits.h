/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What bounds a guest from outside its layout: the kinds of guest that the host
 * runs, the memory that the ABI can count, and the width of machine addresses.
 */
#ifndef PVB_PLAN_LIMITS_H
#define PVB_PLAN_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/plan.h>

/* vCPUs that Xen can give a guest (MAX_VIRT_CPUS); those past the 32nd register their vcpu_info. */
#define PVB_MAX_VCPUS 8192

/* The command line's field in start_info, less its NUL. */
#define PVB_MAX_COMMAND_LINE 1023

/*
 *   bits, source   how wide a machine address may be, and what decides it
 *   binding        that is less than the host has
 *   own            the guest's own width, before the ABI and the host narrow it; own_source
 *                  says where it comes from
 */
struct pvb_address_bits {
	unsigned bits;
	enum pvb_bits_source source;
	bool binding;
	unsigned own;
	enum pvb_bits_source own_source;
};

/* The host runs guests of this kind. host may be NULL. */
int pvb_check_guest_type(enum pvb_guest_type type, const struct pvb_host_info *host,
			 struct pvb_error *error);

/* A caller's limit on the width is none (0), or one that makes sense. */
int pvb_check_admin_bits(unsigned admin, struct pvb_error *error);

/*
 * How wide a machine address the guest may be given: the least of its own width, of what
 * the machine-to-phys window of its ABI holds, and of what the host has. Its own is the
 * first there is of
 *
 *   admin                  the caller's, or 0
 *   what a note declares   which the caller may lower and not raise: the kernel knows itself
 *   what is known of the kernel's version
 *   a default for its kind
 *
 * The last two are what others take the kernel for, and the caller may know better.
 */
int pvb_resolve_address_bits(const struct pvb_image_info *image, unsigned admin,
			     const struct pvb_host_info *host, struct pvb_address_bits *result,
			     struct pvb_error *error);

/* What the kernel declares and what came of it, into the public numbers. */
void pvb_tell_declared(struct pvb_plan_info *info, const struct pvb_image_info *image,
		       const struct pvb_address_bits *width);

/* The most pages that the ABI, and the caller's own limit, let a guest of this kind have. */
uint64_t pvb_max_pages(enum pvb_guest_type type, unsigned page_shift,
		       const struct pvb_address_bits *width);

/* memory is a size that the guest's ABI and the address width have room for. */
int pvb_check_memory(enum pvb_guest_type type, uint64_t memory, unsigned page_shift,
		     const struct pvb_address_bits *width, struct pvb_error *error);

#endif
