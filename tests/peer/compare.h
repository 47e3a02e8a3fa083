/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two domains, field by field; and the differences that are as they should be. */
#ifndef PVB_PEER_COMPARE_H
#define PVB_PEER_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "peer/peer.h"
#include "peer/view.h"

/*
 * One field that differs: how often, and where first. ours and theirs are the
 * values at that place, as numbers.
 */
struct difference {
	const char *field;
	uint64_t count;
	uint64_t ours;
	uint64_t theirs;
	char where[64];
	bool explained;
};

#define DIFFERENCE_MAX 128

struct comparison {
	const struct peer_case *which;
	struct peer_domain *ours;
	struct peer_domain *theirs;
	struct view a; /* ours */
	struct view b;
	struct difference differences[DIFFERENCE_MAX];
	size_t difference_count;
	uint64_t compared; /* values that were looked at */
	char why[VIEW_WHY_MAX];
};

/* Compare everything. 0, or -1 with why filled where a domain cannot be read. */
int compare(struct comparison *comparison, const struct peer_case *which, struct peer_domain *ours,
	    struct peer_domain *theirs);
void comparison_close(struct comparison *comparison);

/*
 * A difference that is as it should be. ours and theirs and reason are for the
 * reader (and make doc/libxenguest-differences.md); when says in which cases it has
 * to occur, and right whether the two values are the ones expected.
 */
struct expectation {
	const char *field;
	const char *ours;
	const char *theirs;
	const char *when_text;
	const char *reason;
	bool (*when)(const struct comparison *comparison);
	bool (*right)(const struct comparison *comparison, const struct difference *difference);
};

extern const struct expectation expectations[];
extern const size_t expectation_count;

/*
 * Hold a comparison against the table. Says, a line each through say(), what
 * differs and is not listed, differs otherwise than listed, or is listed for such a
 * case and does not differ. Returns the number of lines.
 */
typedef void say_fn(void *opaque, const char *line);
unsigned explain(struct comparison *comparison, say_fn *say, void *opaque);

/* The document of the table. */
void write_expectations(FILE *to);

#endif
