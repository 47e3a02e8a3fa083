/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the reader of options share. */
#ifndef PVB_HOST_SIM_OPTIONS_PARSE_H
#define PVB_HOST_SIM_OPTIONS_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/error.h>

#include "host/sim/options.h"

/*
 *   memory        bytes that there are to be, where no layout says where; 0 for the default
 *   extent        log2 of the largest extent's bytes; 0 where it was not said
 *   granule, gic  as was said; 0 where it was not
 */
struct sim_parser {
	struct sim_options *options;
	struct pvb_error *error;
	uint64_t seen;
	uint64_t memory;
	bool has_layout;
	unsigned extent;
	unsigned granule;
	unsigned gic;
};

int sim_option_refuse(struct sim_parser *parser, const char *key, const char *value,
		      const char *why);

/* ---- options-arch.c: what kind of machine; read before all else ---- */

int sim_option_arch(struct sim_parser *parser, const char *key, const char *value);
int sim_option_granule(struct sim_parser *parser, const char *key, const char *value);
int sim_option_guest_pages(struct sim_parser *parser, const char *key, const char *value);
int sim_option_gic(struct sim_parser *parser, const char *key, const char *value);
int sim_option_extent(struct sim_parser *parser, const char *key, const char *value);

/* See that they go together, and fill in what was not said. */
int sim_option_finish_arch(struct sim_parser *parser);

#endif
