/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * make-seeds                     lists the targets, each with the most bytes of an input
 * make-seeds TARGET DIRECTORY    writes the seeds of TARGET that are made by code
 */
#include "fuzz/targets.h"

#include <stdio.h>
#include <string.h>

static int write_seed(const char *directory, const struct fuzz_seed *seed)
{
	struct blob blob = seed->make();
	char path[4096];
	FILE *file = NULL;
	int rc = 0;

	(void)snprintf(path, sizeof path, "%s/%s", directory, seed->name);
	if (blob.size) {
		file = fopen(path, "wbe");
		rc = file && fwrite(blob.bytes, 1, blob.size, file) == blob.size ? 0 : -1;
	}
	if (file && fclose(file))
		rc = -1;
	if (rc)
		perror(path);
	blob_free(&blob);
	return rc;
}

int main(int argc, char **argv)
{
	const struct fuzz_target *target = argc == 3 ? fuzz_find_target(argv[1]) : NULL;

	for (size_t i = 0; argc == 1 && i < fuzz_target_count; i++)
		(void)printf("%s %zu\n", fuzz_targets[i]->name, fuzz_targets[i]->max_size);
	if (argc == 1)
		return 0;
	if (!target) {
		(void)fprintf(stderr, "usage: make-seeds [TARGET DIRECTORY]\n");
		return 2;
	}
	for (const struct fuzz_seed *seed = target->seeds; seed->name; seed++)
		if (write_seed(argv[2], seed))
			return 1;
	return 0;
}
