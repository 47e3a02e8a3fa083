/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/facts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void facts_free(struct facts *facts)
{
	for (size_t i = 0; i < facts->n; i++) {
		free(facts->v[i].place);
		free(facts->v[i].value);
	}
	free(facts->v);
	*facts = (struct facts){0};
}

static void *must(void *memory)
{
	if (!memory) {
		fputs("no memory left\n", stderr);
		exit(3);
	}
	return memory;
}

void facts_add(struct facts *facts, const char *place, const char *value, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, value);
	(void)vsnprintf(text, sizeof text, value, arguments);
	va_end(arguments);
	if (facts->n == facts->capacity) {
		facts->capacity = facts->capacity ? 2 * facts->capacity : 1024;
		facts->v = must(reallocarray(facts->v, facts->capacity, sizeof *facts->v));
	}
	facts->v[facts->n++] = (struct fact){must(strdup(place)), must(strdup(text))};
}

const char *facts_find(const struct facts *facts, const char *place)
{
	for (size_t i = 0; i < facts->n; i++)
		if (strcmp(facts->v[i].place, place) == 0)
			return facts->v[i].value;
	return NULL;
}

static int by_place(const void *a, const void *b)
{
	const struct fact *const *x = a, *const *y = b;

	return strcmp((*x)->place, (*y)->place);
}

static const struct fact **sorted(const struct facts *facts)
{
	const struct fact **index = must(calloc(facts->n + 1, sizeof(const struct fact *)));

	for (size_t i = 0; i < facts->n; i++)
		index[i] = &facts->v[i];
	qsort(index, facts->n, sizeof(const struct fact *), by_place);
	return index;
}

static const char *look_up(const struct fact **index, size_t n, const struct fact *wanted)
{
	const struct fact **found =
		bsearch(&wanted, index, n, sizeof(const struct fact *), by_place);

	return found ? (*found)->value : NULL;
}

size_t facts_compare(const struct facts *a, const struct facts *b, facts_differ *differ,
		     void *opaque)
{
	const struct fact **a_index = sorted(a), **b_index = sorted(b);
	size_t count = 0;

	for (size_t i = 0; i < a->n; i++) {
		const char *there = look_up(b_index, b->n, &a->v[i]);

		if (there && strcmp(there, a->v[i].value) == 0)
			continue;
		differ(opaque, a->v[i].place, a->v[i].value, there);
		count++;
	}
	for (size_t i = 0; i < b->n; i++) {
		if (look_up(a_index, a->n, &b->v[i]))
			continue;
		differ(opaque, b->v[i].place, NULL, b->v[i].value);
		count++;
	}
	free(a_index);
	free(b_index);
	return count;
}
