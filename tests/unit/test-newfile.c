/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file is in its place whole, or not at all, however the process ends. */
#include "support/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/newfile.h"

struct fixture {
	char folder[32];
	char path[64];
};

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){.folder = "/tmp/pvbuild-file-XXXXXX"};
	assert_non_null(mkdtemp(fixture.folder));
	(void)snprintf(fixture.path, sizeof fixture.path, "%s/file", fixture.folder);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	(void)unlink(fixture->path);
	assert_int_equal(rmdir(fixture->folder), 0);
	return 0;
}

static unsigned files_in(const char *folder)
{
	DIR *directory = opendir(folder);
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory)))
		count += entry->d_name[0] != '.';
	assert_int_equal(closedir(directory), 0);
	return count;
}

static bool has_unnamed_files(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		assert_int_equal(close(fd), 0);
	return fd >= 0;
}

static void assert_contains(const char *path, const char *text)
{
	char bytes[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, bytes, sizeof bytes - 1) >= 0);
	assert_int_equal(close(fd), 0);
	assert_string_equal(bytes, text);
}

typedef int opener(struct pvb_newfile *file, const char *path, mode_t mode);

static opener *const openers[] = {pvb_newfile_open, pvb_newfile_open_named};

static void a_file_is_placed_and_replaced(void **state)
{
	struct fixture *fixture = *state;
	struct stat there;

	for (unsigned i = 0; i < 2; i++)
		for (unsigned durable = 0; durable < 2; durable++) {
			static const char *const texts[2][2] = {{"one", "two"}, {"three", "four"}};
			const char *text = texts[i][durable];
			struct pvb_newfile file;

			assert_int_equal(openers[i](&file, fixture->path, 0640), 0);
			assert_true(write(file.fd, text, strlen(text)) > 0);
			assert_int_equal(files_in(fixture->folder),
					 (unsigned)(i || durable) + (file.temporary != NULL));
			assert_int_equal(pvb_newfile_commit(&file, durable), 0);
			assert_int_equal(file.fd, -1);
			assert_null(file.temporary);
			assert_contains(fixture->path, text);
			assert_int_equal(files_in(fixture->folder), 1);
			assert_int_equal(stat(fixture->path, &there), 0);
			assert_int_equal(there.st_mode & 07777, 0640);
		}
}

static void a_file_that_is_given_up_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	unsigned fds = count_open_fds();

	for (unsigned i = 0; i < 2; i++) {
		struct pvb_newfile file;

		assert_int_equal(openers[i](&file, fixture->path, 0600), 0);
		assert_int_equal(write(file.fd, "x", 1), 1);
		pvb_newfile_discard(&file);
		assert_int_equal(files_in(fixture->folder), 0);
		pvb_newfile_discard(&file);
	}
	assert_int_equal(count_open_fds(), fds);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct pvb_newfile file;

		errno = 0;
		assert_int_equal(openers[i](&file, "/nowhere/at/all", 0600), -1);
		assert_int_equal(errno, ENOENT);
		assert_int_equal(file.fd, -1);
		assert_null(file.temporary);
		pvb_newfile_discard(&file);
	}
}

/* Somebody has made a folder of the place meanwhile. */
static void a_place_that_cannot_be_taken_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < 2; i++) {
		struct pvb_newfile file;

		assert_int_equal(openers[i](&file, fixture->path, 0600), 0);
		assert_int_equal(mkdir(fixture->path, 0700), 0);
		assert_false(pvb_newfile_fits(fixture->path));
		assert_int_equal(pvb_newfile_commit(&file, true), -1);
		assert_int_equal(errno, EISDIR);
		pvb_newfile_discard(&file);
		assert_int_equal(files_in(fixture->folder), 1);
		assert_int_equal(rmdir(fixture->path), 0);
	}
	assert_true(pvb_newfile_fits(fixture->path));
}

static void a_killed_process_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	int status;

	if (!has_unnamed_files(fixture->folder))
		skip();

	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct pvb_newfile file;

		if (pvb_newfile_open(&file, fixture->path, 0600) != 0 ||
		    write(file.fd, "x", 1) != 1)
			_exit(1);
		(void)raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(files_in(fixture->folder), 0);
}

static void a_folder_is_what_stands_before_the_last_slash(void **state)
{
	static const char *const paths[][2] = {
		{"core", "."}, {"/core", "/"}, {"a/core", "a"}, {"/a/b/core", "/a/b"}};

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		char *folder = pvb_newfile_folder(paths[i][0]);

		assert_string_equal(folder, paths[i][1]);
		free(folder);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_file_is_placed_and_replaced),
		CASE(a_file_that_is_given_up_leaves_nothing),
		cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
		CASE(a_place_that_cannot_be_taken_leaves_nothing),
		CASE(a_killed_process_leaves_nothing),
		cmocka_unit_test(a_folder_is_what_stands_before_the_last_slash),
	};

	return cmocka_run_group_tests_name("newfile", tests, NULL, NULL);
}
