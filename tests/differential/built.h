/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that both accept, built by both on simulated hosts, and the two domains compared. */
#ifndef PVB_TESTS_DIFFERENTIAL_BUILT_H
#define PVB_TESTS_DIFFERENTIAL_BUILT_H

#include <stdbool.h>

#include "support/blob.h"

enum built_outcome {
	BUILT_THE_SAME,
	BUILT_BY_NEITHER, /* of such a size of memory */
	BUILT_BY_US_ALONE,
	BUILT_BY_THEM_ALONE,
	BUILT_DIFFERENTLY,
};

enum { BUILT_WHY_MAX = 4096 };

struct built {
	enum built_outcome outcome;
	int code;                /* of our refusal, or 0 */
	bool ended;              /* libxenguest ended its process */
	char why[BUILT_WHY_MAX]; /* lines */
};

/*
 * Both need peer_preload(), and work in a process of their own: libxenguest writes where it must
 * not over some files. If it ends its process, it has not built the domain; if something of ours
 * does, the domains differ.
 */
void built_compare(const struct blob *file, struct built *built);
bool built_by_them(const struct blob *file);

#endif
