/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program does when it is told to do something else than its tests. */
#include "differential/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int usage(void)
{
	(void)fputs("usage: test-differential [--minutes N [SEED] | --write SEED NUMBER FILE |\n"
		    "                          --shrink SEED NUMBER FILE | --file FILE]\n",
		    stderr);
	return 2;
}

static int write_file(const char *path, const struct blob *file)
{
	FILE *to = fopen(path, "we");
	bool written = to && fwrite(file->bytes, 1, file->size, to) == file->size;

	if ((to && fclose(to)) || !written) {
		perror(path);
		return 3;
	}
	return 0;
}

static int read_file(const char *path, struct blob *file)
{
	FILE *from = fopen(path, "re");
	char buffer[4096];
	size_t got;

	if (!from) {
		perror(path);
		return 3;
	}
	while ((got = fread(buffer, 1, sizeof buffer, from)) > 0 && file->size < MUTANT_LARGEST)
		blob_append(file, buffer, got);
	(void)fclose(from);
	return 0;
}

static void print_facts(const char *whose, const struct facts *facts)
{
	if (!facts->accepted) {
		printf("%s: refused: %s\n", whose, facts->why);
		return;
	}
	printf("%s: %s, 0x%" PRIx64 " to 0x%" PRIx64 ", virt_base 0x%" PRIx64 ", entry 0x%" PRIx64
	       "\n",
	       whose, facts->guest_type, facts->start, facts->end, facts->virt_base, facts->entry);
	if (facts->elf)
		printf("  paddr_offset 0x%" PRIx64 ", hypercall page 0x%" PRIx64
		       ", init_p2m 0x%" PRIx64 ", hv_start_low 0x%" PRIx64
		       ", features 0x%x of 0x%x, PAE %u, PVH entry 0x%" PRIx64 "%s%s\n",
		       facts->paddr_offset, facts->hypercall_page, facts->init_p2m,
		       facts->hv_start_low, facts->features_required, facts->features_supported,
		       facts->pae, facts->pvh_entry, facts->mod_start_pfn ? ", mod_start_pfn" : "",
		       facts->symtab ? ", symbol table" : "");
}

static int one_file(const char *path)
{
	static struct run run;
	struct blob file = BLOB_INIT;
	struct facts ours, theirs;
	int rc = read_file(path, &file);

	if (rc)
		return rc;
	run_begin(&run, 0);
	run_read(&run, &file, &ours, &theirs);
	print_facts("libpvbuild", &ours);
	print_facts("libxenguest", &theirs);
	run_end(&run);
	blob_free(&file);
	return 0;
}

static int one_case(uint64_t seed, uint64_t number, const char *path, bool shrink)
{
	static struct run run;
	struct mutant mutant;
	struct verdict verdict;
	struct blob small = BLOB_INIT;
	int rc;

	run_begin(&run, seed);
	mutant_make(seed, number, MUTANT_WHOLE, &mutant);
	printf("# %s\n", mutant.what);
	if (shrink) {
		run_shrink(&run, number, excuse_count, &small, &verdict);
		rc = write_file(path, &small);
		blob_free(&small);
	} else {
		rc = write_file(path, &mutant.file);
	}
	mutant_free(&mutant);
	run_end(&run);
	return rc;
}

static double now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int many_cases(double minutes, uint64_t seed)
{
	enum { BATCH = 100, BETWEEN_REPORTS = 300 };
	static struct run run;
	double start = now(), said = start;

	run_begin(&run, seed);
	while (now() - start < 60 * minutes) {
		run_cases(&run, BATCH);
		if (now() - said < BETWEEN_REPORTS)
			continue;
		said = now();
		printf("# %.0f seconds\n", said - start);
		run_report(&run, stdout);
	}
	printf("# %.0f seconds\n", now() - start);
	run_report(&run, stdout);
	run_end(&run);
	return run.failures != 0;
}

int run_command(int argc, char **argv)
{
	const char *command = argv[1];

	if (strcmp(command, "--file") == 0 && argc == 3)
		return one_file(argv[2]);
	if ((strcmp(command, "--write") == 0 || strcmp(command, "--shrink") == 0) && argc == 5)
		return one_case(strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0), argv[4],
				strcmp(command, "--shrink") == 0);
	/* Without a seed, another one each time; it is printed. */
	if (strcmp(command, "--minutes") == 0 && (argc == 3 || argc == 4))
		return many_cases(strtod(argv[2], NULL),
				  argc == 4 ? strtoull(argv[3], NULL, 0) : (uint64_t)time(NULL));
	return usage();
}
