/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process in the background that takes a domain over once the process which made it is gone,
 * however that ended; unless it was told that there is nothing left to do.
 *
 * It is there before the domain is, with nothing of its parent's open but its own end of a
 * connection; and it knows the domain before that runs, so that there is never nobody who would
 * see the guest end.
 */
#ifndef PVB_TOOLS_KEEPER_H
#define PVB_TOOLS_KEEPER_H

#include <sys/types.h>

#include "ward.h"

/* In the parent. */
struct keeper {
	pid_t pid;
	int fd;
};

#define KEEPER_INIT                                                                                \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/*
 * What the background process is for, once it has been told of a domain. It says with
 * keeper_answer() whether it is ready, and asks keeper_inherits() before it does anything else.
 * Its return value is the exit status.
 */
typedef int (*keeper_work)(void *opaque, const struct ward *ward, int fd);

/*
 * Fork. What the process says goes to the log of the domain of that name, beside xl's.
 * A pointer in opaque is good in both.
 */
int keeper_start(struct keeper *keeper, const char *name, keeper_work work, void *opaque,
		 struct pvb_error *error);

/* Tell it of the domain, and wait until it is ready. */
int keeper_appoint(struct keeper *keeper, const struct ward *ward, struct pvb_error *error);

/* There is nothing left to do. Returns when it has ended. Fine where there is none. */
void keeper_dismiss(struct keeper *keeper);

/* Leave the domain to it. Fine where there is none. */
void keeper_leave(struct keeper *keeper);

/* In the background process: a log that has become long is put aside, and a new one begun. */
void keeper_renew_log(const char *name);
/* error NULL: ready. */
void keeper_answer(int fd, const struct pvb_error *error);
/* Wait for the parent's end. False where it was dismissed. */
bool keeper_inherits(int fd);

#endif
