/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables for people: columns as wide as what stands in them. */
#ifndef PVB_TOOLS_TABLE_H
#define PVB_TOOLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table;

/* One letter a column: 'l' left, 'r' right. The first row is the heading. */
struct table *table_new(const char *columns);

/* The next cell of the row; rows fill by themselves. Control characters are made visible. */
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Have it printed as it comes, each line behind indent, so that it may have millions of rows;
 * table_print() prints the rest. Columns may become wider on the way.
 */
void table_flow(struct table *table, const char *indent, FILE *out);

/* Print it, each line behind indent, and release it. */
void table_print(struct table *table, const char *indent, FILE *out);

#endif
