/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where in the machine a domain's memory lies. */
#ifndef PVB_TOOLS_MACHINE_H
#define PVB_TOOLS_MACHINE_H

#include <stdint.h>

#include <pvbuild/pvbuild.h>

/* Addresses [from, to) that it lies within. */
struct machine_span {
	uint64_t from;
	uint64_t to;
};

struct machine_span machine_span(const struct pvb_domain_info *domain);

/* Bytes of it below machine address 1 << bits, and from there on. */
struct machine_side {
	uint64_t below;
	uint64_t above;
};

struct machine_side machine_side(const struct pvb_domain_info *domain, unsigned bits);

#endif
