/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is to happen to a domain once its guest has ended: on_poweroff and the others of xl.cfg(5).
 */
#ifndef PVB_TOOLS_FATE_H
#define PVB_TOOLS_FATE_H

#include <stdbool.h>

enum fate {
	FATE_DESTROY,
	FATE_RESTART,
	FATE_PRESERVE,
	FATE_COREDUMP_DESTROY,
	FATE_COREDUMP_RESTART,
};

struct fates {
	enum fate poweroff;
	enum fate reboot;
	enum fate crash;
	enum fate watchdog;
	enum fate soft_reset;
};

/* As in xl.cfg(5); but a guest that asks for a soft reset, which PV guests do not, is destroyed. */
#define FATES_INIT                                                                                 \
	{                                                                                          \
		.poweroff = FATE_DESTROY, .reboot = FATE_RESTART, .crash = FATE_DESTROY,           \
		.watchdog = FATE_DESTROY, .soft_reset = FATE_DESTROY                               \
	}

/* The spelling of xl.cfg(5). */
const char *fate_name(enum fate fate);

/* False where it is none of ours. */
bool fate_parse(const char *text, enum fate *fate);

/* Of a domain that ended for this reason (enum pvb_shutdown_reason, or another). */
enum fate fate_of(const struct fates *fates, unsigned reason);

bool fate_dumps(enum fate fate);
bool fate_restarts(enum fate fate);

#endif
