/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A library that was configured without libfdt: no device tree, so no arm64 guest. */
#include "plan/arm64-tree.h"

#include "core/error.h"

int pvb_arm64_tree_make(const struct pvb_arm64_tree_facts *facts, void **tree, size_t *size,
			struct pvb_error *error)
{
	(void)facts;
	(void)tree;
	(void)size;
	int rc = pvb_fail(error, PVB_E_ARG_UNSUPPORTED, "plan",
			  "arm64 guests are not in this build: it was configured without libfdt, "
			  "which makes their device trees");
	pvb_hint(error, "install libfdt-dev, configure and build again");
	return rc;
}
