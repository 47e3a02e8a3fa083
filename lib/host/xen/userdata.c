/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/xen/userdata.h"

#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "host/xen/nodes.h"

/* XEN_LIB_DIR of Xen's own configuration, as every distribution leaves it. */
#define FOLDER "/var/lib/xen"

void xen_userdata_remove(uint32_t domid, const uint8_t uuid[16])
{
	char pattern[160];
	glob_t found;

	(void)snprintf(pattern, sizeof pattern, FOLDER "/userdata-?.%" PRIu32 ".%s.*", domid,
		       xen_format_uuid(uuid).text);
	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			(void)unlink(found.gl_pathv[i]);
		globfree(&found);
	}
}
