/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * make-seeds TARGET DIRECTORY: writes the corpus that fuzzing TARGET ("image", "notes", "p2m",
 * "cost") begins with.
 */
#include "fuzz/seeds.h"

#include <stdio.h>
#include <string.h>

#include "fuzz/targets.h"

static int write_seed(const char *directory, const struct seed *seed)
{
	struct blob blob = seed->make();
	char path[4096];
	FILE *file;
	int rc = -1;

	(void)snprintf(path, sizeof path, "%s/%s", directory, seed->name);
	file = fopen(path, "wbe");
	if (file) {
		rc = fwrite(blob.bytes, 1, blob.size, file) == blob.size ? 0 : -1;
		if (fclose(file))
			rc = -1;
	}
	if (rc)
		perror(path);
	blob_free(&blob);
	return rc;
}

static const struct {
	const char *name;
	int (*target)(const uint8_t *data, size_t size);
} targets[] = {
	{"image", fuzz_image},
	{"notes", fuzz_notes},
	{"p2m", fuzz_p2m},
	{"cost", fuzz_cost},
};

int main(int argc, char **argv)
{
	int (*target)(const uint8_t *data, size_t size) = NULL;

	for (size_t i = 0; argc == 3 && i < sizeof targets / sizeof targets[0]; i++)
		if (strcmp(argv[1], targets[i].name) == 0)
			target = targets[i].target;
	if (!target) {
		(void)fprintf(stderr, "usage: make-seeds image|notes|p2m|cost DIRECTORY\n");
		return 2;
	}
	for (const struct seed *seed = seeds; seed->name; seed++)
		if (seed->target == target && write_seed(argv[2], seed))
			return 1;
	return 0;
}
