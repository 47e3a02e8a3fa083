/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void pvb_runs_free(struct pvb_runs *runs)
{
	free(runs->v);
	*runs = (struct pvb_runs)PVB_RUNS_INIT;
}

size_t pvb_runs_lower(const struct pvb_runs *runs, uint64_t key)
{
	size_t low = 0, high = runs->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (runs->v[middle].from + (runs->v[middle].count - 1) < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool pvb_runs_find(const struct pvb_runs *runs, uint64_t key, uint64_t *value, uint64_t *count)
{
	size_t i = pvb_runs_lower(runs, key);

	if (i == runs->n || runs->v[i].from > key)
		return false;

	uint64_t skip = key - runs->v[i].from;
	*value = runs->v[i].to + skip;
	if (count)
		*count = runs->v[i].count - skip;
	return true;
}

uint64_t pvb_runs_total(const struct pvb_runs *runs)
{
	uint64_t total = 0;

	for (size_t i = 0; i < runs->n; i++)
		total += runs->v[i].count;
	return total;
}

static bool make_room(struct pvb_runs *runs)
{
	if (runs->n < runs->capacity)
		return true;

	size_t capacity = runs->capacity ? runs->capacity * 2 : 16;
	struct pvb_run *v = reallocarray(runs->v, capacity, sizeof *v);

	if (!v)
		return false;
	runs->v = v;
	runs->capacity = capacity;
	return true;
}

static void insert_at(struct pvb_runs *runs, size_t i, struct pvb_run run)
{
	memmove(&runs->v[i + 1], &runs->v[i], (runs->n - i) * sizeof run);
	runs->v[i] = run;
	runs->n++;
}

static void delete_at(struct pvb_runs *runs, size_t i)
{
	runs->n--;
	memmove(&runs->v[i], &runs->v[i + 1], (runs->n - i) * sizeof *runs->v);
}

static bool continues(const struct pvb_run *run, uint64_t from, uint64_t to)
{
	return run->from + run->count == from && run->to + run->count == to;
}

int pvb_runs_add(struct pvb_runs *runs, uint64_t from, uint64_t to, uint64_t count)
{
	if (!count || from + (count - 1) < from || to + (count - 1) < to)
		return -EINVAL;

	size_t i = pvb_runs_lower(runs, from);

	if (i < runs->n && runs->v[i].from <= from + (count - 1))
		return -EEXIST;

	bool after_left = i > 0 && continues(&runs->v[i - 1], from, to);
	bool before_right =
		i < runs->n && from + count == runs->v[i].from && to + count == runs->v[i].to;

	if (after_left) {
		runs->v[i - 1].count += count;
		if (before_right) {
			runs->v[i - 1].count += runs->v[i].count;
			delete_at(runs, i);
		}
		return 0;
	}
	if (before_right) {
		runs->v[i].from = from;
		runs->v[i].to = to;
		runs->v[i].count += count;
		return 0;
	}
	if (!make_room(runs))
		return -ENOMEM;
	insert_at(runs, i, (struct pvb_run){.from = from, .to = to, .count = count});
	return 0;
}

int pvb_runs_remove(struct pvb_runs *runs, uint64_t from, uint64_t count)
{
	if (!count)
		return 0;

	uint64_t last = from + (count - 1) < from ? UINT64_MAX : from + (count - 1);
	size_t i = pvb_runs_lower(runs, from);

	while (i < runs->n && runs->v[i].from <= last) {
		struct pvb_run *run = &runs->v[i];
		uint64_t run_last = run->from + (run->count - 1);
		bool keep_left = run->from < from;
		bool keep_right = run_last > last;

		if (keep_left && keep_right) {
			if (!make_room(runs))
				return -ENOMEM;
			run = &runs->v[i];
			struct pvb_run right = {
				.from = last + 1,
				.to = run->to + (last + 1 - run->from),
				.count = run_last - last,
			};
			run->count = from - run->from;
			insert_at(runs, i + 1, right);
			return 0;
		}
		if (keep_left) {
			run->count = from - run->from;
			i++;
		} else if (keep_right) {
			run->to += last + 1 - run->from;
			run->from = last + 1;
			run->count = run_last - last;
			return 0;
		} else {
			delete_at(runs, i);
		}
	}
	return 0;
}
