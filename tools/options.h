/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of all commands, in one table. */
#ifndef PVB_TOOLS_OPTIONS_H
#define PVB_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <pvbuild/error.h>
#include <pvbuild/plan.h>

#include "p2m-form.h"

enum option_id {
	/* global: before or after the command */
	OPTION_HOST,
	OPTION_JSON,
	OPTION_VERBOSE,
	OPTION_HELP,
	OPTION_VERSION,
	/* what to build from, or to compare with */
	OPTION_KERNEL,
	OPTION_RAMDISK,
	OPTION_CMDLINE,
	OPTION_MEMORY,
	OPTION_MEMORY_RANGE,
	OPTION_VCPUS,
	OPTION_MAX_VCPUS,
	OPTION_MAX_ADDRESS_BITS,
	OPTION_P2M,
	OPTION_STRICT_P2M,
	OPTION_GUEST_PAGE_SIZE,
	/* of the domain */
	OPTION_NAME,
	OPTION_CONSOLE,
	OPTION_PAUSED,
	OPTION_NO_MONITOR,
	OPTION_DRY_RUN,
	OPTION_AUDIT,
	OPTION_STRICT_ADDRESS_BITS,
	/* files to write */
	OPTION_DUMP,
	OPTION_PICTURE,
	OPTION_OUTPUT,
	/* what is to be known of a p2m */
	OPTION_ANCHOR,
	OPTION_PFN,
	OPTION_ALL,
	OPTION_CONVERT,
	OPTION_MAX_EXTENTS,
	/* what an image may cost */
	OPTION_MAX_UNPACKED,
	OPTION_MAX_DECODER_MEMORY,
	OPTION_MAX_RATIO,
	OPTION_REFUSE_WX,
	OPTION_COUNT,
};

/* A set of options. */
#define OPTION_BIT(id) (UINT64_C(1) << (id))
_Static_assert(OPTION_COUNT <= 64, "a set of options is one word");
#define OPTIONS_GLOBAL                                                                             \
	(OPTION_BIT(OPTION_HOST) | OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_VERBOSE) |          \
	 OPTION_BIT(OPTION_HELP) | OPTION_BIT(OPTION_VERSION))
#define OPTIONS_IMAGE                                                                              \
	(OPTION_BIT(OPTION_MAX_UNPACKED) | OPTION_BIT(OPTION_MAX_DECODER_MEMORY) |                 \
	 OPTION_BIT(OPTION_MAX_RATIO) | OPTION_BIT(OPTION_REFUSE_WX))
#define OPTIONS_GUEST                                                                              \
	(OPTION_BIT(OPTION_KERNEL) | OPTION_BIT(OPTION_RAMDISK) | OPTION_BIT(OPTION_CMDLINE) |     \
	 OPTION_BIT(OPTION_MEMORY) | OPTION_BIT(OPTION_MEMORY_RANGE) |                             \
	 OPTION_BIT(OPTION_MAX_ADDRESS_BITS))
#define OPTIONS_LAYOUT                                                                             \
	(OPTIONS_GUEST | OPTIONS_IMAGE | OPTION_BIT(OPTION_VCPUS) | OPTION_BIT(OPTION_MAX_VCPUS) | \
	 OPTION_BIT(OPTION_P2M) | OPTION_BIT(OPTION_STRICT_P2M) |                                  \
	 OPTION_BIT(OPTION_GUEST_PAGE_SIZE) | OPTION_BIT(OPTION_NAME))

/* More than a plan takes, so that it is the plan that refuses them. */
#define OPTION_RANGES_MAX 129

/*
 * What the command line says. Strings are argv's. Zero and NULL where an
 * option was not given; a zero that somebody gave is refused where it would
 * mean nothing.
 */
struct options {
	uint64_t given; /* OPTION_BIT of each that was */
	const char *host;
	const char *kernel;
	const char *ramdisk;
	const char *cmdline;
	const char *name;
	const char *dump;
	const char *picture;
	const char *output;
	const char *anchor;
	uint64_t pfn;
	uint64_t max_extents;
	uint64_t memory;
	struct pvb_memory_range ranges[OPTION_RANGES_MAX];
	size_t range_count;
	uint64_t max_unpacked;
	uint64_t max_decoder_memory;
	uint32_t max_ratio;
	uint32_t vcpus;
	uint32_t max_vcpus;
	uint32_t max_address_bits;
	uint32_t guest_page_size;
	struct p2m_form p2m;
	struct p2m_form convert;
	char **operands;
	int operand_count;
};

static inline bool option_given(const struct options *options, enum option_id id)
{
	return options->given & OPTION_BIT(id);
}

/*
 * Read options of the set "allowed" from arguments (arguments[0] is skipped)
 * into what options holds so far. Where stop is set, reading ends at the first
 * operand; else options and operands may be mixed. What is left over becomes
 * the operands.
 */
int options_parse(struct options *options, uint64_t allowed, bool stop, int count, char **arguments,
		  struct pvb_error *error);

/* What --help says of an option. letter 0: it has none; argument NULL: it takes none. */
struct option_text {
	const char *name;
	const char *argument;
	const char *help; /* "|" begins a line */
	char letter;
};
const struct option_text *option_text(enum option_id id);

/* The table of a set of options, for --help. */
void options_describe(FILE *out, uint64_t set);

#endif
