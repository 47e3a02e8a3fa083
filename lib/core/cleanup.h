/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Release by scope, so that an error path is a plain return. */
#ifndef PVB_CORE_CLEANUP_H
#define PVB_CORE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void pvb_cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void pvb_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#define PVB_AUTO_FREE __attribute__((cleanup(pvb_cleanup_free)))
#define PVB_AUTO_CLOSE __attribute__((cleanup(pvb_cleanup_close)))

/* Hand a resource on: returns it and leaves what makes the cleanup do nothing. */
#define PVB_STEAL(pointer)                                                                         \
	__extension__({                                                                            \
		__typeof__(pointer) stolen_ = (pointer);                                           \
		(pointer) = NULL;                                                                  \
		stolen_;                                                                           \
	})

#define PVB_STEAL_FD(fd)                                                                           \
	__extension__({                                                                            \
		int stolen_ = (fd);                                                                \
		(fd) = -1;                                                                         \
		stolen_;                                                                           \
	})

#endif
