/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In place of cfg.c where libxlutil is not there. */
#include "cfg.h"
#include "fault.h"

bool cfg_available(void)
{
	return false;
}

int cfg_read(struct guest *guest, const struct cfg_source *source, struct pvb_error *error)
{
	(void)guest;
	int rc = fault(error, PVB_E_ARG_UNSUPPORTED, "config",
		       "cannot read %s: this build of pvbuild has no libxlutil, which reads "
		       "xl.cfg files",
		       source->path ? source->path : source->words[0]);

	fault_hint(error, "say it with options (--kernel FILE --memory SIZE ...), or install a "
			  "pvbuild that was configured with Xen's libraries");
	return rc;
}
