/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A library that was configured without libfdt cannot read what an arm64 guest is told. */
#include "audit/arm64.h"

int check_tree(struct arm64 *arm64, bool *found, struct pvb_error *error)
{
	(void)arm64;
	*found = false;
	int rc = pvb_fail(error, PVB_E_ARG_UNSUPPORTED, "audit",
			  "arm64 guests are not in this build: it was configured without libfdt, "
			  "which reads their device trees");
	pvb_hint(error, "install libfdt-dev, configure and build again");
	return rc;
}
