/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an untrusted image may cost, and what it has cost so far. */
#ifndef PVB_IMAGE_LIMITS_H
#define PVB_IMAGE_LIMITS_H

#include <stdint.h>

#include <pvbuild/image.h>

/*
 * Budgets that no option changes. What is counted against the size of the file beside them:
 * bytes of notes (once, however many headers name them), and bytes that are scanned.
 */
#define PVB_BUDGET_SEGMENTS 128u             /* real kernels have fewer than ten */
#define PVB_BUDGET_SECTIONS 65536u           /* one for each function would be some ten thousand */
#define PVB_BUDGET_NOTES 65536u              /* libelf's limit; Linux has some twenty */
#define PVB_BUDGET_TEXT (UINT64_C(16) << 20) /* strings: notes can name the same ones again */

/*
 * What opening one image costs, counted as it is spent.
 *
 *   unpacked      bytes that came out of decoders
 *   grown         of these, the ones that took memory: pages of zeros do not
 *   copied        bytes taken over as they were
 *   held          bytes of files in memory that are there now, holes included
 *   stored        bytes of memory that these take
 *   stored_peak   the most of it that there was at once
 *   scanned       bytes of the unpacked image that were looked at one by one
 *   notes         notes looked at
 *   noted         bytes of segments and sections of notes
 *   kept          bytes of the facts: arrays and strings
 */
struct pvb_cost {
	uint64_t unpacked;
	uint64_t grown;
	uint64_t copied;
	uint64_t held;
	uint64_t stored;
	uint64_t stored_peak;
	uint64_t scanned;
	uint64_t notes;
	uint64_t noted;
	uint64_t kept;
};

/*
 * What may be spent: the caller's options with their defaults filled in.
 *
 *   unpacked     bytes held at once, of all layers together
 *   plausible    bytes of memory that a file of this size may grow to, all layers together
 */
struct pvb_limits {
	uint32_t flags;
	uint32_t ratio;
	uint64_t file_size;
	uint64_t unpacked;
	uint64_t plausible;
	uint64_t decoder_memory;
	struct pvb_cost *cost;
};

int pvb_limits_init(struct pvb_limits *limits, const struct pvb_image_options *options,
		    struct pvb_cost *cost, struct pvb_error *error);

/* The ratio is one of the whole file, once its size is known. */
void pvb_limits_set_file(struct pvb_limits *limits, uint64_t file_size);

/*
 * Whether something may have size bytes beside "held" bytes of what is there already. "says" is
 * how this is known: NULL where so many bytes came out, else what claims it ("its ELF header").
 */
int pvb_limits_check(const struct pvb_limits *limits, uint64_t held, uint64_t size,
		     const char *says, struct pvb_error *error);

/* Whether what has come out of decoders may take as much memory as it does. */
int pvb_limits_check_growth(const struct pvb_limits *limits, struct pvb_error *error);

#endif
