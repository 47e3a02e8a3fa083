/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Short counts, fragmented and scrambled memory: all of it builds, and passes the audit. */
#include "support/test.h"

#include "torture/scenario.h"

static const char *const hosts[] = {
	"sim:memory=256M",
	"sim:memory=256M,short=50",
	"sim:memory=256M,short=99",
	"sim:memory=256M,fragment=30",
	"sim:memory=256M,fragment=100",
	"sim:memory=256M,scramble",
	"sim:memory=256M,descending",
	"sim:memory=256M,fragment=60,scramble,short=30",
	"sim:memory=256M,extent=4K",
	"sim:memory=8G,extent=1G,xen=4.22,scramble",
	"sim:memory=256M,xen=4.21,noclaim",
	"sim:memory=256M,nodes=4,scramble",
	"sim:layout=1M+100M/8G+100M,fragment=50,scramble",
	"sim:layout=1M+64M/60T+256M,width=46,descending",
};

static void any_shape_of_memory_makes_a_sound_domain(void **state)
{
	(void)state;
	unsigned built = 0;
	uint64_t most = 0;

	for (unsigned i = 0; i < scenario_count; i++) {
		struct scenario_files files;

		scenario_prepare(&scenarios[i], &files);
		for (unsigned h = 0; h < sizeof hosts / sizeof hosts[0]; h++) {
			struct scenario_result result;

			scenario_try(&scenarios[i], &files, hosts[h], true, &result);
			if (result.rc)
				print_error("%s on %s: %s: %s\n", scenarios[i].name, hosts[h],
					    result.error.stage, result.error.message);
			assert_int_equal(result.rc, 0);
			if (result.extents > most)
				most = result.extents;
			built++;
		}
		scenario_forget(&files);
	}
	print_message("# %u domains built and audited, in up to %u runs of memory\n", built,
		      (unsigned)most);
	assert_true(most > 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_shape_of_memory_makes_a_sound_domain),
	};

	return cmocka_run_group_tests_name("torture: awkward memory", tests, NULL, NULL);
}
