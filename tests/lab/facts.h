/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is so, as places and what is found there: two such lists can be held against each other. */
#ifndef PVB_TESTS_LAB_FACTS_H
#define PVB_TESTS_LAB_FACTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/error.h"

struct fact {
	char *place;
	char *value;
};

struct facts {
	struct fact *v;
	size_t n;
	size_t capacity;
};

void facts_free(struct facts *facts);

/* The process ends where it has no memory left: these are programs that test. */
void facts_add(struct facts *facts, const char *place, const char *value, ...) PVB_PRINTF(3, 4);

/* What is said of a place, or NULL. */
const char *facts_find(const struct facts *facts, const char *place);

/*
 * Call back for each place where the two do not say the same, in the order of a and then that
 * of b; a value of NULL: nothing is said there. Returns the number of them.
 */
typedef void facts_differ(void *opaque, const char *place, const char *a, const char *b);
size_t facts_compare(const struct facts *a, const struct facts *b, facts_differ *differ,
		     void *opaque);

#endif
