/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/probe-abi-ours.h"

#include "../examples/probe/abi.h"

#define FIELD(ours, our_field, xens, xens_field)                                                   \
	{#ours "." #our_field, offsetof(struct ours, our_field)},
#define SIZE(ours, xens) {"size of " #ours, sizeof(struct ours)},
#define NUMBER(ours, xens) {#ours, ours},

const struct probe_abi_fact probe_abi_ours[] = {
#include "unit/probe-abi.h"
};

const size_t probe_abi_count = sizeof probe_abi_ours / sizeof probe_abi_ours[0];
