/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fate.h"

#include <stddef.h>
#include <string.h>

#include <pvbuild/domain.h>

static const char *const names[] = {
	[FATE_DESTROY] = "destroy",
	[FATE_RESTART] = "restart",
	[FATE_PRESERVE] = "preserve",
	[FATE_COREDUMP_DESTROY] = "coredump-destroy",
	[FATE_COREDUMP_RESTART] = "coredump-restart",
};

const char *fate_name(enum fate fate)
{
	return names[fate];
}

bool fate_parse(const char *text, enum fate *fate)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (!strcmp(text, names[i])) {
			*fate = (enum fate)i;
			return true;
		}
	}
	return false;
}

enum fate fate_of(const struct fates *fates, unsigned reason)
{
	switch (reason) {
	case PVB_SHUTDOWN_POWEROFF:
		return fates->poweroff;
	case PVB_SHUTDOWN_REBOOT:
		return fates->reboot;
	case PVB_SHUTDOWN_CRASH:
		return fates->crash;
	case PVB_SHUTDOWN_WATCHDOG:
		return fates->watchdog;
	case PVB_SHUTDOWN_SOFT_RESET:
		return fates->soft_reset;
	case PVB_SHUTDOWN_SUSPEND:
		/* It waits for whoever asked it to. */
		return FATE_PRESERVE;
	default:
		return FATE_DESTROY;
	}
}

bool fate_dumps(enum fate fate)
{
	return fate == FATE_COREDUMP_DESTROY || fate == FATE_COREDUMP_RESTART;
}

bool fate_restarts(enum fate fate)
{
	return fate == FATE_RESTART || fate == FATE_COREDUMP_RESTART;
}
