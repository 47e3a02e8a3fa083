/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a path or a descriptor may turn out to be other than a kernel's file. */
#include "config.h"

#include "malformed/specimen.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/test.h"

struct place {
	char directory[64];
	char path[96];
};

static int make_place(void **state)
{
	struct place *place = (struct place *)calloc(1, sizeof *place);

	if (!place)
		return -1;
	(void)snprintf(place->directory, sizeof place->directory, "/tmp/pvb-malformed-XXXXXX");
	if (!mkdtemp(place->directory) || chmod(place->directory, 0755))
		return -1;
	(void)snprintf(place->path, sizeof place->path, "%s/kernel", place->directory);
	*state = place;
	return 0;
}

static int leave_place(void **state)
{
	struct place *place = (struct place *)*state;

	(void)unlink(place->path);
	(void)rmdir(place->directory);
	free(place);
	return 0;
}

static void write_file(const struct place *place, const struct blob *blob)
{
	int fd = open(place->path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, blob->bytes, blob->size), blob->size);
	assert_int_equal(close(fd), 0);
}

static void path_is_refused(const char *path, int code)
{
	const unsigned fds = count_open_fds();
	struct pvb_image *image = (struct pvb_image *)(uintptr_t)1;
	struct pvb_error error;

	assert_fails_with(pvb_image_open(path, NULL, &image, &error), code, &error);
	assert_null(image);
	assert_int_equal(count_open_fds(), fds);
	/* The user has to see which of several files it was. */
	if (!strstr(error.message, path) && !strstr(error.context, path))
		fail_msg("no word of %s in \"%s\" [%s]", path, error.message, error.context);
}

static void fd_is_refused(int fd, int code)
{
	struct pvb_image *image = (struct pvb_image *)(uintptr_t)1;
	struct pvb_error error;

	assert_fails_with(pvb_image_open_fd(fd, "it", NULL, &image, &error), code, &error);
	assert_null(image);
}

static void a_sound_file_opens_by_path_and_by_descriptor(void **state)
{
	const struct place *place = (const struct place *)*state;
	struct blob kernel = sound_kernel(64);
	struct pvb_image *image = NULL;
	struct pvb_error error;

	write_file(place, &kernel);
	assert_ok(pvb_image_open(place->path, NULL, &image, &error), &error);
	assert_true(pvb_image_info(image)->pv.supported);
	assert_string_equal(pvb_image_info(image)->file, place->path);
	assert_int_equal(pvb_image_info(image)->file_size, kernel.size);
	pvb_image_free(image);

	int fd = open(place->path, O_RDONLY | O_CLOEXEC);

	/* From its start, wherever its offset is. */
	assert_int_equal(lseek(fd, 100, SEEK_SET), 100);
	assert_ok(pvb_image_open_fd(fd, "it", NULL, &image, &error), &error);
	assert_true(pvb_image_info(image)->pv.supported);
	pvb_image_free(image);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	assert_int_equal(close(fd), 0);
	blob_free(&kernel);
}

static void a_file_that_shrinks_after_it_was_opened_does_no_harm(void **state)
{
	const struct place *place = (const struct place *)*state;
	struct blob kernel = sound_kernel(64);
	struct pvb_image *image = NULL;
	struct pvb_error error;
	uint8_t bytes[64];

	write_file(place, &kernel);
	assert_ok(pvb_image_open(place->path, NULL, &image, &error), &error);
	assert_int_equal(truncate(place->path, 0), 0);
	assert_int_equal(pread(pvb_image_fd(image), bytes, sizeof bytes, 0), sizeof bytes);
	assert_memory_equal(bytes, kernel.bytes, sizeof bytes);
	for (size_t i = 0; i < pvb_image_info(image)->note_count; i++)
		assert_non_null(pvb_image_info(image)->notes[i].bytes);
	pvb_image_free(image);
	blob_free(&kernel);
}

static void a_path_to_nowhere_is_refused(void **state)
{
	(void)state;
	path_is_refused("/nonexistent/kernel", PVB_E_ARG_FILE);
	path_is_refused("", PVB_E_ARG_FILE);
}

static void a_path_through_a_file_is_refused(void **state)
{
	const struct place *place = (const struct place *)*state;
	struct blob kernel = sound_kernel(64);
	char path[128];

	write_file(place, &kernel);
	(void)snprintf(path, sizeof path, "%s/kernel", place->path);
	path_is_refused(path, PVB_E_ARG_FILE);
	blob_free(&kernel);
}

static void a_link_to_itself_is_refused(void **state)
{
	const struct place *place = (const struct place *)*state;

	(void)unlink(place->path);
	assert_int_equal(symlink(place->path, place->path), 0);
	path_is_refused(place->path, PVB_E_ARG_FILE);
}

static void a_directory_is_refused(void **state)
{
	const struct place *place = (const struct place *)*state;
	int fd = open(place->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	path_is_refused(place->directory, PVB_E_ARG_FILE);
	fd_is_refused(fd, PVB_E_ARG_FILE);
	assert_int_equal(close(fd), 0);
}

static void a_fifo_that_nobody_writes_to_does_not_hang(void **state)
{
	const struct place *place = (const struct place *)*state;

	(void)unlink(place->path);
	assert_int_equal(mkfifo(place->path, 0644), 0);
	path_is_refused(place->path, PVB_E_IMAGE_EMPTY);
}

static void devices_are_refused(void **state)
{
	(void)state;
	path_is_refused("/dev/null", PVB_E_ARG_FILE);
	path_is_refused("/dev/zero", PVB_E_ARG_FILE); /* it never ends */
}

static void a_file_that_may_not_be_read_is_refused(void **state)
{
	const struct place *place = (const struct place *)*state;
	struct blob kernel = sound_kernel(64);
	const uid_t user = geteuid();

	write_file(place, &kernel);
	assert_int_equal(chmod(place->path, 0), 0);
	if (user == 0)
		assert_int_equal(seteuid(65534), 0);
	path_is_refused(place->path, PVB_E_ARG_FILE);
	if (user == 0)
		assert_int_equal(seteuid(0), 0);
	blob_free(&kernel);
}

static void an_empty_file_is_refused(void **state)
{
	const struct place *place = (const struct place *)*state;

	write_file(place, &(const struct blob){0});
	path_is_refused(place->path, PVB_E_IMAGE_EMPTY);
}

static void descriptors_that_cannot_be_read_are_refused(void **state)
{
	const struct place *place = (const struct place *)*state;
	struct blob kernel = sound_kernel(64);
	int fd, pair[2];

	fd_is_refused(-1, PVB_E_ARG_FILE);
	write_file(place, &kernel);
	fd = open(place->path, O_WRONLY | O_CLOEXEC);
	fd_is_refused(fd, PVB_E_ARG_FILE);
	assert_int_equal(close(fd), 0);
	fd_is_refused(fd, PVB_E_ARG_FILE); /* closed */
	fd = open(place->path, O_PATH | O_CLOEXEC);
	fd_is_refused(fd, PVB_E_ARG_FILE);
	assert_int_equal(close(fd), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(close(pair[1]), 0);
	fd_is_refused(pair[0], PVB_E_IMAGE_EMPTY); /* at its end */
	assert_int_equal(close(pair[0]), 0);
	blob_free(&kernel);
}

/* As from a shell's <(...): it has no size, and is read until it ends. */
static int open_through_a_pipe(const struct blob *kernel, const struct pvb_image_options *options,
			       struct pvb_image **image, struct pvb_error *error)
{
	int ends[2], rc;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], kernel->bytes, kernel->size), kernel->size);
	assert_int_equal(close(ends[1]), 0);
	rc = pvb_image_open_fd(ends[0], "pipe", options, image, error);
	assert_int_equal(close(ends[0]), 0);
	return rc;
}

static void a_pipe_is_read_to_its_end_and_within_the_limit(void **state)
{
	const struct pvb_image_options options = {.size = sizeof options, .max_unpacked = 500};
	struct blob kernel = sound_kernel(64);
	struct pvb_image *image = NULL;
	struct pvb_error error;
	const unsigned fds = count_open_fds();

	(void)state;
	assert_ok(open_through_a_pipe(&kernel, NULL, &image, &error), &error);
	assert_true(pvb_image_info(image)->pv.supported);
	assert_int_equal(pvb_image_info(image)->unpacked_size, kernel.size);
	pvb_image_free(image);
	assert_fails_with(open_through_a_pipe(&kernel, &options, &image, &error),
			  PVB_E_IMAGE_TOO_LARGE, &error);
	assert_int_equal(count_open_fds(), fds);
	blob_free(&kernel);
}

static void a_huge_sparse_file_of_zeros_is_refused_by_its_first_bytes(void **state)
{
	const struct place *place = (const struct place *)*state;

	write_file(place, &(const struct blob){0});
	assert_int_equal(truncate(place->path, INT64_C(1) << 40), 0);
	path_is_refused(place->path, PVB_E_IMAGE_NO_LOADER);
}

static void a_huge_sparse_file_behind_a_kernel_is_refused_by_its_size(void **state)
{
	const struct place *place = (const struct place *)*state;
	struct blob kernel = sound_kernel(64);

	write_file(place, &kernel);
	assert_int_equal(truncate(place->path, INT64_C(1) << 40), 0);
	path_is_refused(place->path, PVB_E_IMAGE_TOO_LARGE);
	blob_free(&kernel);
}

/* Refused before anything is read, so that a caller's mistake is not taken for a bad image. */
static void options_that_this_library_does_not_know_are_refused(void **state)
{
	struct {
		struct pvb_image_options options;
		uint64_t tail;
	} newer = {.options = PVB_IMAGE_OPTIONS_INIT};
	struct blob kernel = sound_kernel(64);
	struct pvb_image *image = NULL;
	struct pvb_error error;

	(void)state;
	newer.options.size = sizeof newer;
	assert_ok(pvb_image_open_memory(kernel.bytes, kernel.size, "it", &newer.options, &image,
					&error),
		  &error);
	pvb_image_free(image);
	newer.tail = 1;
	assert_fails_with(pvb_image_open_memory(kernel.bytes, kernel.size, "it", &newer.options,
						&image, &error),
			  PVB_E_ARG_VERSION, &error);
	newer.options = (struct pvb_image_options)PVB_IMAGE_OPTIONS_INIT;
	newer.options.flags = UINT32_C(1) << 31;
	assert_fails_with(pvb_image_open_memory(kernel.bytes, kernel.size, "it", &newer.options,
						&image, &error),
			  PVB_E_ARG_INVALID, &error);
	assert_null(image);
	blob_free(&kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_sound_file_opens_by_path_and_by_descriptor,
						make_place, leave_place),
		cmocka_unit_test_setup_teardown(
			a_file_that_shrinks_after_it_was_opened_does_no_harm, make_place,
			leave_place),
		cmocka_unit_test(a_path_to_nowhere_is_refused),
		cmocka_unit_test_setup_teardown(a_path_through_a_file_is_refused, make_place,
						leave_place),
		cmocka_unit_test_setup_teardown(a_link_to_itself_is_refused, make_place,
						leave_place),
		cmocka_unit_test_setup_teardown(a_directory_is_refused, make_place, leave_place),
		cmocka_unit_test_setup_teardown(a_fifo_that_nobody_writes_to_does_not_hang,
						make_place, leave_place),
		cmocka_unit_test(devices_are_refused),
		cmocka_unit_test_setup_teardown(a_file_that_may_not_be_read_is_refused, make_place,
						leave_place),
		cmocka_unit_test_setup_teardown(an_empty_file_is_refused, make_place, leave_place),
		cmocka_unit_test_setup_teardown(descriptors_that_cannot_be_read_are_refused,
						make_place, leave_place),
		cmocka_unit_test_setup_teardown(
			a_huge_sparse_file_of_zeros_is_refused_by_its_first_bytes, make_place,
			leave_place),
		cmocka_unit_test_setup_teardown(
			a_huge_sparse_file_behind_a_kernel_is_refused_by_its_size, make_place,
			leave_place),
		cmocka_unit_test(a_pipe_is_read_to_its_end_and_within_the_limit),
		cmocka_unit_test(options_that_this_library_does_not_know_are_refused),
	};

	return cmocka_run_group_tests_name("malformed files", tests, NULL, NULL);
}
