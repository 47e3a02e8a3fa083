/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz/targets.h"

#include <string.h>

#define FUZZ_TARGET_POINTER(name_) &fuzz_##name_,
const struct fuzz_target *const fuzz_targets[] = {FUZZ_TARGETS(FUZZ_TARGET_POINTER)};
const size_t fuzz_target_count = sizeof fuzz_targets / sizeof fuzz_targets[0];

const struct fuzz_target *fuzz_find_target(const char *name)
{
	for (size_t i = 0; i < fuzz_target_count; i++)
		if (strcmp(fuzz_targets[i]->name, name) == 0)
			return fuzz_targets[i];
	return NULL;
}
