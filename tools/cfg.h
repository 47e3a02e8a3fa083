/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl.cfg files. */
#ifndef PVB_TOOLS_CFG_H
#define PVB_TOOLS_CFG_H

#include <stdbool.h>

#include <pvbuild/error.h>

#include "guest.h"

/* Whether this build can read them. */
bool cfg_available(void);

/* Read one into guest, which is empty before. Says warnings on standard error. */
int cfg_read(struct guest *guest, const char *path, struct pvb_error *error);

#endif
