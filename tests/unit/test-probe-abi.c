/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The probe guest's own header against Xen's. */
#include "support/test.h"

/* As a guest of today would have it. */
#include <xen/xen-compat.h>
#undef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>

#include "unit/probe-abi-ours.h"

#define FIELD(ours, our_field, xens, xens_field) offsetof(struct xens, xens_field),
#define SIZE(ours, xens) sizeof(struct xens),
#define NUMBER(ours, xens) (uint64_t)(xens),

static const uint64_t xens[] = {
#include "unit/probe-abi.h"
};

static void every_offset_and_number_is_that_of_xens_headers(void **state)
{
	unsigned wrong = 0;

	(void)state;
	assert_int_equal(probe_abi_count, sizeof xens / sizeof xens[0]);
	for (size_t i = 0; i < probe_abi_count; i++) {
		if (probe_abi_ours[i].value == xens[i])
			continue;
		print_error("%s is %#jx, and Xen's headers have %#jx\n", probe_abi_ours[i].name,
			    (uintmax_t)probe_abi_ours[i].value, (uintmax_t)xens[i]);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_offset_and_number_is_that_of_xens_headers),
	};

	return cmocka_run_group_tests_name("probe: the interface", tests, NULL, NULL);
}
