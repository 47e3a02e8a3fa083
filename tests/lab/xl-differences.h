/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the domain that xl makes of a kernel differs from ours, and why: what a comparison is held
 * against, and what doc/libxl-differences.md is made from.
 */
#ifndef PVB_TESTS_LAB_XL_DIFFERENCES_H
#define PVB_TESTS_LAB_XL_DIFFERENCES_H

#include <stdio.h>

#include "lab/facts.h"

/*
 * Compare our domain with xl's. Each difference is a line of its own, with the reason, or saying
 * that there is none; so is what ought to differ and does not. Returns the number of those
 * lines that are not as they should be.
 */
unsigned explain_xl(const struct facts *ours, const struct facts *xls, FILE *to);

void write_xl_document(FILE *to);

#endif
