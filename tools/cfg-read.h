/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An xl.cfg file that is being read, for the files that read keys of one kind. */
#ifndef PVB_TOOLS_CFG_READ_H
#define PVB_TOOLS_CFG_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <libxlutil.h>

#include "guest.h"

#define CFG_STAGE "config"

struct cfg {
	const char *path; /* or what stands for one, in messages */
	bool is_input;
	bool layout_only;
	char *text;
	size_t size;
	FILE *report; /* libxlutil's words go to complaint */
	char *complaint;
	size_t complaint_size;
	XLU_Config *config;
};

/* An optional string, copied; *copy stays as it is where the key is not there. */
int cfg_get_copy(struct cfg *cfg, const char *key, char **copy, struct pvb_error *error);

/* An optional number from least to most; *value stays as it is where the key is not there. */
int cfg_get_number(struct cfg *cfg, const char *key, uint64_t least, uint64_t most, uint64_t *value,
		   struct pvb_error *error);

/* vCPUs, CPUs and their pool, weight and cap. */
int cfg_get_schedule(struct cfg *cfg, struct guest *guest, struct pvb_error *error);

/* What contains the guest: event channels and grants. */
int cfg_get_limits(struct cfg *cfg, struct guest_limits *limits, struct pvb_error *error);

#endif
