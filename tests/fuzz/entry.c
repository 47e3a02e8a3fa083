/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libFuzzer calls; PVB_FUZZ_TARGET is one of targets.h. */
#include "fuzz/targets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return PVB_FUZZ_TARGET(data, size);
}
