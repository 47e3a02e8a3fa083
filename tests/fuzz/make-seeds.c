/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make-seeds TARGET DIRECTORY: writes the corpus that fuzzing TARGET ("image", "notes") begins
 * with. */
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

int main(int argc, char **argv)
{
	if (argc != 3 || (strcmp(argv[1], "image") && strcmp(argv[1], "notes"))) {
		(void)fprintf(stderr, "usage: make-seeds image|notes DIRECTORY\n");
		return 2;
	}
	for (const struct seed *seed = seeds; seed->name; seed++)
		if (seed->target == (strcmp(argv[1], "image") ? fuzz_notes : fuzz_image) &&
		    write_seed(argv[2], seed))
			return 1;
	return 0;
}
