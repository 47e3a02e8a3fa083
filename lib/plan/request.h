/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plan is asked for, once everything that needs no layout to be refused has been. */
#ifndef PVB_PLAN_REQUEST_H
#define PVB_PLAN_REQUEST_H

#include <pvbuild/plan.h>

#include "plan/layout.h"
#include "plan/limits.h"
#include "plan/pte-bits.h"

/* vCPUs that are online when a guest starts, and that the domain has. */
struct pvb_plan_vcpus {
	uint32_t online;
	uint32_t max;
};

struct pvb_plan_request {
	struct pvb_spec spec;
	struct pvb_layout_input input;
	struct pvb_address_bits width;
	struct pvb_plan_pte_bits pte_bits;
	const char *command_line; /* the spec's; never NULL */
	uint64_t module_bytes;
	const char *module_name; /* the spec's; may be NULL */
	struct pvb_plan_vcpus vcpus;
	bool has_module;
};

/* The modules are what a guest of this kind can be given. */
int pvb_check_modules(const struct pvb_image_info *image, const struct pvb_spec *spec,
		      struct pvb_error *error);

/* guest: "a PV guest", which can have at most "most" of them. */
int pvb_resolve_vcpus(const struct pvb_spec *spec, const char *guest, uint32_t most,
		      struct pvb_plan_vcpus *vcpus, struct pvb_error *error);

/* Borrows from spec. The size of the guest is not looked at. */
int pvb_make_plan_request(const struct pvb_image_info *image, const struct pvb_spec *spec,
			  const struct pvb_host_info *host, struct pvb_plan_request *request,
			  struct pvb_error *error);

#endif
