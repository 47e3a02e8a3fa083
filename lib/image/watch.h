/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What may come out of a decoder. The first bytes must be those of a kernel;
 * from then on the kernel's own header says how many bytes there can be, and
 * no more are taken in than that, a slack for what is appended to kernels, and
 * the caller's limits allow. So a bomb costs kilobytes and not its full size.
 */
#ifndef PVB_IMAGE_WATCH_H
#define PVB_IMAGE_WATCH_H

#include <stdbool.h>

#include "core/error.h"

enum pvb_expect {
	PVB_EXPECT_ANYTHING, /* a plain copy: already looked at, and no larger than it is */
	PVB_EXPECT_KERNEL,   /* out of a whole file: anything that has a loader */
	PVB_EXPECT_ELF,      /* out of a bzImage's payload */
};

struct pvb_sink;
struct pvb_watch;

struct pvb_watch *pvb_watch_new(enum pvb_expect expect);
void pvb_watch_free(struct pvb_watch *watch);

/* More has come in; "all" when nothing more will. */
int pvb_watch_progress(struct pvb_watch *watch, struct pvb_sink *sink, bool all,
		       struct pvb_error *error);

/* Whether what has come in is within its limits. */
int pvb_watch_limits(const struct pvb_watch *watch, const struct pvb_sink *sink,
		     struct pvb_error *error);

#endif
