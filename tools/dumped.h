/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is to be said of a core beside that it is there. */
#ifndef PVB_TOOLS_DUMPED_H
#define PVB_TOOLS_DUMPED_H

#include <pvbuild/dump.h>

/* On standard error; nothing where the core has all memory, by the domain's own p2m. */
void dumped_warn(const struct pvb_dump_result *result);

#endif
