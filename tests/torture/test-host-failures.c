/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every call to the host fails in turn, those of the audit too. */
#include "support/test.h"

#include "torture/scenario.h"

static void fail_each_call_of(const struct scenario *scenario)
{
	struct scenario_files files;
	struct holdings before = {0};
	unsigned points = 0;
	char stages[1000] = "";

	scenario_prepare(scenario, &files);
	for (;;) {
		struct scenario_result result;
		char description[96];

		/* Of PV guests, the kind of host that has the most calls. */
		(void)snprintf(description, sizeof description, "sim:%smemory=256M,fail=%u",
			       scenario->host ? scenario->host : "pte-bits=domain,", points + 1);
		scenario_try(scenario, &files, description, true, &result);
		/* libraries may keep something of their first use */
		if (points == 0)
			before = count_holdings();
		assert_holds_only(before);
		if (result.rc == 0)
			break;
		points++;
		assert_int_equal(result.error.code, PVB_E_HOST_INJECTED);
		assert_clean_error(&result);
		if (!strstr(stages, result.error.stage))
			snprintf(stages + strlen(stages), sizeof stages - strlen(stages), " %s",
				 result.error.stage);
	}
	print_message("# %s: %u calls failed in turn, in:%s\n", scenario->name, points, stages);
	assert_true(points > 40);
	scenario_forget(&files);
}

static void every_call_to_the_host_fails_in_turn(void **state)
{
	(void)state;
	for (unsigned i = 0; i < scenario_count; i++)
		fail_each_call_of(&scenarios[i]);
}

static void every_call_for_an_arm64_guest_fails_in_turn(void **state)
{
	(void)state;
	if (!arm64_scenario_count) {
		print_message("this build has no arm64 guests\n");
		skip();
	}
	for (unsigned i = 0; i < arm64_scenario_count; i++)
		fail_each_call_of(&arm64_scenarios[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_to_the_host_fails_in_turn),
		cmocka_unit_test(every_call_for_an_arm64_guest_fails_in_turn),
	};

	return cmocka_run_group_tests_name("torture: host calls", tests, NULL, NULL);
}
