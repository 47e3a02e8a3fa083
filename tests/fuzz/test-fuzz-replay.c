/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the fuzzers begin with, and what they once found, run through their
 * targets without libFuzzer, so that "make check" sees a target that rotted.
 */
#include "support/test.h"

#include "fuzz/seeds.h"

static void replay(void **state)
{
	const struct seed *seed = (const struct seed *)*state;
	struct blob blob = seed->make();
	const unsigned fds = count_open_fds();

	if (!blob.size) {
		print_message("this build has no such codec\n");
		skip();
	}
	assert_int_equal(seed->target(blob.bytes, blob.size), 0);
	assert_int_equal(count_open_fds(), fds);
	blob_free(&blob);
}

int main(void)
{
	struct CMUnitTest tests[128];
	size_t count = 0;

	for (const struct seed *seed = seeds; seed->name; seed++) {
		if (count == sizeof tests / sizeof *tests)
			return 1;
		tests[count++] = (struct CMUnitTest){
			.name = seed->name,
			.test_func = replay,
			.initial_state = (void *)(uintptr_t)seed,
		};
	}
	return _cmocka_run_group_tests("fuzz replay", tests, count, NULL, NULL);
}
