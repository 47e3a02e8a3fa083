/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libFuzzer calls. PVB_FUZZ_TARGET in the environment says which target to run. */
#include "fuzz/targets.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fuzz_target *target;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("PVB_FUZZ_TARGET");

	(void)argc;
	target = name ? fuzz_find_target(name) : NULL;
	if (!target) {
		(void)fprintf(stderr, "%s: PVB_FUZZ_TARGET must name a target\n", (*argv)[0]);
		exit(2);
	}
	/* cmocka's checks are made outside its tests here: a failed one aborts. */
	(void)setenv("CMOCKA_TEST_ABORT", "1", 1);
	if (target->begin)
		target->begin();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target->run(data, size);
	return 0;
}
