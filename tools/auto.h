/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Release by scope, so that an error path is a plain return. */
#ifndef PVB_TOOLS_AUTO_H
#define PVB_TOOLS_AUTO_H

#include <stdlib.h>

static inline void auto_free(void *pointer)
{
	free(*(void **)pointer);
}

#define AUTO_FREE __attribute__((cleanup(auto_free)))
#define AUTO(release) __attribute__((cleanup(release)))

#endif
