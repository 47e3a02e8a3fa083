/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the fuzzers begin with, and what they once found, run through their targets without
 * libFuzzer, so that "make check" sees a target that rotted.
 *
 *   test-fuzz-replay                  all seeds
 *   test-fuzz-replay TARGET FILE...   these files alone
 */
#include "support/test.h"

#include <dirent.h>
#include <errno.h>

#include "fuzz/targets.h"

/* Made by code, or read from path. */
struct replay {
	const struct fuzz_target *target;
	struct blob (*make)(void);
	char path[4096];
};

static struct blob read_file(const char *path)
{
	struct blob blob = BLOB_INIT;
	uint8_t bytes[4096];
	FILE *file = fopen(path, "rbe");
	size_t got;

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
		blob_append(&blob, bytes, got);
	assert_false(ferror(file));
	assert_int_equal(fclose(file), 0);
	return blob;
}

static void run_replay(void **state)
{
	const struct replay *replay = *state;
	const struct fuzz_target *target = replay->target;
	struct blob blob = replay->make ? replay->make() : read_file(replay->path);
	const unsigned fds = count_open_fds();

	if (replay->make && !blob.size) {
		print_message("this build cannot make this seed\n");
		skip();
	}
	if (target->begin)
		target->begin();

	const unsigned own_fds = count_open_fds();

	target->run(blob.bytes, blob.size);
	assert_int_equal(count_open_fds(), own_fds);
	if (target->end)
		target->end();
	assert_int_equal(count_open_fds(), fds);
	blob_free(&blob);
}

struct suite {
	struct CMUnitTest *tests;
	size_t count;
};

static struct replay *add(struct suite *suite, const struct fuzz_target *target, const char *name)
{
	struct replay *replay = calloc(1, sizeof *replay);
	char *full = NULL;

	suite->tests = reallocarray(suite->tests, suite->count + 1, sizeof suite->tests[0]);
	if (!replay || !suite->tests || asprintf(&full, "%s: %s", target->name, name) < 0)
		abort();
	replay->target = target;
	suite->tests[suite->count++] =
		(struct CMUnitTest){.name = full, .test_func = run_replay, .initial_state = replay};
	return replay;
}

static void add_file(struct suite *suite, const struct fuzz_target *target, const char *path)
{
	struct replay *replay =
		add(suite, target, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);

	(void)snprintf(replay->path, sizeof replay->path, "%s", path);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void add_target(struct suite *suite, const struct fuzz_target *target)
{
	const char *sources = getenv("PVB_SRCDIR");
	struct dirent **entries;
	char folder[2048], path[4096];
	int count;

	for (const struct fuzz_seed *seed = target->seeds; seed->name; seed++)
		add(suite, target, seed->name)->make = seed->make;
	(void)snprintf(folder, sizeof folder, "%s/tests/fuzz/seeds/%s", sources ? sources : ".",
		       target->name);
	count = scandir(folder, &entries, is_visible, alphasort);
	for (int i = 0; i < count; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		add_file(suite, target, path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static void free_suite(struct suite *suite)
{
	for (size_t i = 0; i < suite->count; i++) {
		free((void *)(uintptr_t)suite->tests[i].name);
		free(suite->tests[i].initial_state);
	}
	free(suite->tests);
}

int main(int argc, char **argv)
{
	const struct fuzz_target *target = argc > 2 ? fuzz_find_target(argv[1]) : NULL;
	struct suite suite = {0};
	int failed;

	if (argc > 1 && !target) {
		(void)fprintf(stderr, "usage: test-fuzz-replay [TARGET FILE...]\n");
		return 2;
	}
	for (int i = 2; i < argc; i++)
		add_file(&suite, target, argv[i]);
	for (size_t i = 0; argc == 1 && i < fuzz_target_count; i++)
		add_target(&suite, fuzz_targets[i]);
	failed = _cmocka_run_group_tests("fuzz replay", suite.tests, suite.count, NULL, NULL);
	free_suite(&suite);
	return failed;
}
