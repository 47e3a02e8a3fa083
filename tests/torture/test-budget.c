/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a domain of 1 TiB may cost: calls to the host, memory of our own, guest
 * memory mapped at once, bytes written. Counts and bytes, no times.
 */
#include "support/test.h"

#include "torture/cost.h"

#define MIB UINT64_C(0x100000)
#define TIB (UINT64_C(1) << 40)

static struct cost cost_of_a_tebibyte(const char *host)
{
	const struct cost_request request = {
		.scenario = {"1 TiB", scenario_linux_64, 3000000, TIB, 1, NULL, 0, NULL, 0, false},
		.host = host,
	};

	return cost_of(&request);
}

static void assert_within_budget(const struct cost *cost, uint64_t populate_calls)
{
	assert_modest(cost);
	assert_true(cost->populate_calls <= populate_calls);
	assert_true(cost->bytes_written >= 2048 * MIB);
}

static void a_tebibyte_in_extents_of_2_mib(void **state)
{
	(void)state;
	struct cost cost = cost_of_a_tebibyte("sim:memory=1100G,extent=2M");

	assert_within_budget(&cost, 1100);
}

static void a_tebibyte_in_extents_of_1_gib(void **state)
{
	(void)state;
	struct cost cost = cost_of_a_tebibyte("sim:memory=20T,width=46,extent=1G,xen=4.22");

	assert_within_budget(&cost, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tebibyte_in_extents_of_2_mib),
		cmocka_unit_test(a_tebibyte_in_extents_of_1_gib),
	};

	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
