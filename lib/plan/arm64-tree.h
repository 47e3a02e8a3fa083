/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device tree of an arm64 guest: all that it learns of its machine. */
#ifndef PVB_PLAN_ARM64_TREE_H
#define PVB_PLAN_ARM64_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/plan.h>

/* What goes into it. Its size depends on none of the addresses and sizes in here. */
struct pvb_arm64_tree_facts {
	unsigned xen_major, xen_minor;
	uint32_t vcpus;
	uint32_t gic;
	const char *command_line; /* never NULL */
	bool has_module;
	uint64_t module_from, module_to; /* [from, to) */
	const struct pvb_plan_area *banks;
	size_t bank_count;
	bool publish; /* the kernel has notes of ours: tell it the page size */
	unsigned page_shift;
};

/* It may not be larger than this (Linux Documentation/arch/arm64/booting.rst). */
#define PVB_ARM64_TREE_MAX (UINT64_C(2) << 20)

/* *tree is the caller's to free. PVB_E_ARG_UNSUPPORTED in a library without libfdt. */
int pvb_arm64_tree_make(const struct pvb_arm64_tree_facts *facts, void **tree, size_t *size,
			struct pvb_error *error);

#endif
