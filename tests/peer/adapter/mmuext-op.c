/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mmuext_op: pinning page tables. */
#include "peer/adapter/internal.h"

#include <errno.h>

static unsigned level_to_pin(unsigned command)
{
	switch (command) {
	case MMUEXT_PIN_L1_TABLE:
		return 1;
	case MMUEXT_PIN_L2_TABLE:
		return 2;
	case MMUEXT_PIN_L3_TABLE:
		return 3;
	case MMUEXT_PIN_L4_TABLE:
		return 4;
	default:
		return 0;
	}
}

long peer_mmuext_op(struct peer_link *link, const uint64_t *arguments)
{
	const struct mmuext_op *ops = peer_pointer(arguments[0]);
	uint64_t count = arguments[1];
	uint32_t domid = (uint32_t)arguments[3];

	for (uint64_t i = 0; i < count; i++) {
		unsigned level = level_to_pin(ops[i].cmd);
		struct pvb_error error;

		if (level == 0)
			return peer_unknown("mmuext_op", ops[i].cmd, NULL);
		if (pvb_host_pin_table(link->host, domid, level, PVB_MFN(ops[i].arg1.mfn), &error))
			return peer_refused(&error);
	}
	return 0;
}
