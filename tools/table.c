/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "text.h"

/* What is wider stands out, and does not have every other row filled up with spaces. */
#define WIDTH_MOST 80u

/* Rows that are kept to find out how wide columns are, of a table that flows. */
#define FLOW_ROWS 1024u

/* out: it flows there; NULL for one that is printed when it is complete. */
struct table {
	const char *columns;
	size_t column_count;
	size_t *widths;
	char **cells;
	size_t count;
	size_t room;
	const char *indent;
	FILE *out;
};

static void *got(void *pointer)
{
	if (!pointer) {
		(void)fputs("pvbuild: no memory left in this process for a table\n", stderr);
		exit(EXIT_REFUSED);
	}
	return pointer;
}

struct table *table_new(const char *columns)
{
	struct table *table = got(calloc(1, sizeof *table));

	table->columns = columns;
	table->column_count = strlen(columns);
	table->widths = got(calloc(table->column_count, sizeof table->widths[0]));
	return table;
}

void table_flow(struct table *table, const char *indent, FILE *out)
{
	table->indent = indent;
	table->out = out;
}

/* As put_text() shows it, so that its width is known. */
static char *visible(const char *text)
{
	char *result = NULL;
	size_t size;
	FILE *stream = got(open_memstream(&result, &size));

	put_text(stream, text);
	if (fclose(stream) != 0)
		(void)got(NULL);
	return result;
}

/* Characters, not bytes: continuation bytes of UTF-8 take no room. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void pad(size_t count, FILE *out)
{
	while (count--)
		(void)putc(' ', out);
}

static void print_row(const struct table *table, size_t row, const size_t *widths, FILE *out)
{
	size_t owed = 0; /* spaces that are printed only if something follows */

	for (size_t column = 0; column < table->column_count; column++) {
		size_t index = row * table->column_count + column;
		const char *text = index < table->count ? table->cells[index] : "";
		size_t width = width_of(text);
		size_t slack = width < widths[column] ? widths[column] - width : 0;

		if (table->columns[column] == 'r') {
			owed += slack;
			slack = 0;
		}
		if (*text) {
			pad(owed, out);
			(void)fputs(text, out);
			owed = 0;
		}
		owed += slack + 2;
	}
	(void)putc('\n', out);
}

/* Print what is there, and release it. */
static void print_rows(struct table *table, const char *indent, FILE *out)
{
	size_t rows = (table->count + table->column_count - 1) / table->column_count;

	for (size_t i = 0; i < table->count; i++) {
		size_t width = width_of(table->cells[i]);
		size_t *widest = &table->widths[i % table->column_count];

		if (width > *widest)
			*widest = width < WIDTH_MOST ? width : WIDTH_MOST;
	}
	for (size_t row = 0; row < rows; row++) {
		(void)fputs(indent, out);
		print_row(table, row, table->widths, out);
	}
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	table->count = 0;
}

void table_cell(struct table *table, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	if (table->out && table->count == FLOW_ROWS * table->column_count)
		print_rows(table, table->indent, table->out);
	if (table->count == table->room) {
		table->room = table->room ? 2 * table->room : 64;
		table->cells = got(reallocarray(table->cells, table->room, sizeof table->cells[0]));
	}
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		(void)got(NULL);
	va_end(arguments);
	table->cells[table->count++] = visible(text);
	free(text);
}

void table_print(struct table *table, const char *indent, FILE *out)
{
	print_rows(table, indent, out);
	free(table->widths);
	free(table->cells);
	free(table);
}
