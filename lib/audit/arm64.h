/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The audit of an arm64 guest. It starts where the guest does, in vCPU 0's
 * registers: x0 leads to the device tree, which says what the guest will believe of
 * its machine, and that is held against what the hypervisor has.
 */
#ifndef PVB_AUDIT_ARM64_H
#define PVB_AUDIT_ARM64_H

#include "audit/check.h"

/* [from, from + bytes) of guest physical addresses. */
struct area {
	uint64_t from;
	uint64_t bytes;
};

#define ARM64_BANKS 16u

/* Xen gives a guest no more physical addresses than this (arch/arm/p2m.c, 48 bits). */
#define ARM64_ADDRESS_SPACE (UINT64_C(1) << 48)

/* What the device tree says, as far as it says it. */
struct arm64_tree {
	struct area blob;
	struct area banks[ARM64_BANKS];
	size_t bank_count;
	struct area initrd;
	bool has_initrd;
	struct area grants;
	bool has_grants;
};

/*
 *   page         bytes of the host's
 *   kernel       what the header at pc says that it takes; bytes 0 where there is none
 *   stated_page  bytes of the kernel's pages by that header, or 0
 */
struct arm64 {
	struct check *check;
	struct pvb_host *host;
	struct pvb_host_info info;
	struct pvb_host_domain domain;
	struct pvb_host_arm64_vcpu vcpu;
	struct pvb_host_record record;
	uint64_t page;
	struct arm64_tree tree;
	struct area kernel;
	uint32_t stated_page;
	uint64_t console, store; /* addresses of the rings' pages, 0 where there are none */
	uint8_t *buffer;         /* of ARM64_BUFFER bytes */
};

#define ARM64_BUFFER ((size_t)1 << 20)

struct place place_gpa(uint64_t gpa);

bool areas_meet(const struct area *a, const struct area *b);

/* All of it is within one bank that the tree names. */
bool in_a_bank(const struct arm64 *arm64, const struct area *area);

/* Where of an area memory is missing first, or its end. */
int first_missing(struct arm64 *arm64, const struct area *area, uint64_t *at,
		  struct pvb_error *error);

/* Copy guest memory, all of which is there. At most ARM64_BUFFER bytes less a page. */
int read_guest(struct arm64 *arm64, uint64_t gpa, uint8_t *to, size_t bytes,
	       struct pvb_error *error);

/* The tree at x0: *found unless there is none that could be read. */
int check_tree(struct arm64 *arm64, bool *found, struct pvb_error *error);

int check_arm64_kernel(struct arm64 *arm64, struct pvb_error *error);
int check_arm64_module(struct arm64 *arm64, struct pvb_error *error);

/* The whole audit, of a domain that is known to be translated. */
int audit_arm64(struct check *check, struct pvb_host *host, uint32_t domid,
		struct pvb_error *error);

#endif
