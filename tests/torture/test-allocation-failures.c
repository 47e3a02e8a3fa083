/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every allocation fails in turn: of the host, the image, the plan, the build, the audit. */
#include "support/test.h"

#include "torture/inject.h"
#include "torture/scenario.h"

static bool try_one(const struct scenario *scenario, const struct scenario_files *files,
		    uint64_t nth)
{
	struct scenario_result result = {.step = "host"};
	struct pvb_host *host = NULL;
	char description[64];

	(void)snprintf(description, sizeof description, "sim:%smemory=256M",
		       scenario->host ? scenario->host : "");
	inject_arm(nth);
	result.rc = pvb_host_open(description, &host, &result.error);
	if (result.rc == 0)
		scenario_run(scenario, files, host, true, &result);
	inject_disarm();
	if (result.rc)
		assert_clean_error(&result);
	if (host)
		assert_host_is_clean(host, &result);
	pvb_host_close(host);
	if (result.rc)
		assert_true(inject_fired());
	return inject_fired();
}

static void fail_each_allocation_of(const struct scenario *scenario)
{
	struct scenario_files files;
	struct holdings before;
	uint64_t nth = 0;

	scenario_prepare(scenario, &files);
	/* libraries may keep something of their first use */
	assert_false(try_one(scenario, &files, 0));
	before = count_holdings();

	int64_t blocks = inject_balance();
	while (try_one(scenario, &files, ++nth)) {
		assert_int_equal(inject_balance(), blocks);
		assert_holds_only(before);
	}
	print_message("# %s: %u allocations failed in turn\n", scenario->name, (unsigned)nth - 1);
	assert_true(nth > 50);
	scenario_forget(&files);
}

static void every_allocation_fails_in_turn(void **state)
{
	(void)state;
	for (unsigned i = 0; i < scenario_count; i++)
		fail_each_allocation_of(&scenarios[i]);
}

static void every_allocation_for_an_arm64_guest_fails_in_turn(void **state)
{
	(void)state;
	if (!arm64_scenario_count) {
		print_message("this build has no arm64 guests\n");
		skip();
	}
	for (unsigned i = 0; i < arm64_scenario_count; i++)
		fail_each_allocation_of(&arm64_scenarios[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_fails_in_turn),
		cmocka_unit_test(every_allocation_for_an_arm64_guest_fails_in_turn),
	};

	return cmocka_run_group_tests_name("torture: allocations", tests, NULL, NULL);
}
