/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is said to xenstored, and what becomes of it where xenstored says nothing. It is played by
 * the test: what it answers lies in the socket before it is asked, so that nothing takes time.
 */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/xen/xs.h"

/* Of Xen's public io/xs_wire.h. */
enum type {
	DIRECTORY = 1,
	READ = 2,
	WATCH = 4,
	START = 6,
	END = 7,
	INTRODUCE = 8,
	RELEASE = 9,
	WRITE = 11,
	RM = 13,
	SET_PERMS = 14,
	EVENT = 15,
	ERROR = 16,
	IS_INTRODUCED = 17,
	DIRECTORY_PART = 22,
};

#define MOST_BYTES 4096

struct header {
	uint32_t type, request, transaction, length;
};

/* Waits for nothing that is not there yet. */
static const struct xen_xs_patience impatient = {0};

struct bench {
	char folder[64];
	char path[80];
	int listener;
	int daemon;
	struct xen_xs *xs;
	uint32_t asked; /* requests so far */
};

static struct sockaddr_un address_of(const struct bench *bench)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "%s", bench->path);
	return address;
}

static void bench_listen(struct bench *bench, int backlog)
{
	memset(bench, 0, sizeof *bench);
	snprintf(bench->folder, sizeof bench->folder, "/tmp/pvbuild-xs-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->path, sizeof bench->path, "%s/socket", bench->folder);
	bench->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(bench->listener >= 0);

	struct sockaddr_un address = address_of(bench);

	assert_int_equal(bind(bench->listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(bench->listener, backlog), 0);
	bench->daemon = -1;
}

static void bench_open_with(struct bench *bench, const struct xen_xs_patience *patience)
{
	bench_listen(bench, 4);
	bench->xs = xen_xs_open(bench->path, patience);
	assert_non_null(bench->xs);
	bench->daemon = accept(bench->listener, NULL, NULL);
	assert_true(bench->daemon >= 0);
}

static void bench_open(struct bench *bench)
{
	bench_open_with(bench, &impatient);
}

static void bench_close(struct bench *bench)
{
	xen_xs_close(bench->xs);
	if (bench->daemon >= 0)
		assert_int_equal(close(bench->daemon), 0);
	assert_int_equal(close(bench->listener), 0);
	assert_int_equal(unlink(bench->path), 0);
	assert_int_equal(rmdir(bench->folder), 0);
}

static void say(struct bench *bench, const void *bytes, size_t length)
{
	assert_int_equal(write(bench->daemon, bytes, length), (ssize_t)length);
}

/* A message of the daemon's; contents have no terminator that does not stand there. */
static size_t message(char *to, uint32_t type, uint32_t request, const char *contents,
		      size_t length)
{
	struct header header = {type, request, 0, (uint32_t)length};

	memcpy(to, &header, sizeof header);
	memcpy(to + sizeof header, contents, length);
	return sizeof header + length;
}

static void say_message(struct bench *bench, uint32_t type, uint32_t request, const char *contents,
			size_t length)
{
	char bytes[sizeof(struct header) + MOST_BYTES];

	say(bench, bytes, message(bytes, type, request, contents, length));
}

/* The answer to the next request. */
#define ANSWER(bench, type, contents)                                                              \
	say_message(bench, type, ++(bench)->asked, contents, sizeof(contents) - 1)

/* What the client has sent. */
static void assert_heard(struct bench *bench, uint32_t type, uint32_t transaction,
			 const char *contents, size_t length)
{
	char bytes[MOST_BYTES];
	struct header header;

	assert_int_equal(read(bench->daemon, &header, sizeof header), sizeof header);
	assert_int_equal(header.type, type);
	assert_int_equal(header.transaction, transaction);
	assert_int_equal(header.length, length);
	assert_int_equal(read(bench->daemon, bytes, length), length);
	assert_memory_equal(bytes, contents, length);
}

#define HEARD(bench, type, transaction, contents)                                                  \
	assert_heard(bench, type, transaction, contents, sizeof(contents) - 1)

/* ---- calls ---- */

static void each_call_says_what_xenstored_is_to_do(void **state)
{
	(void)state;
	const struct xs_permissions permissions[] = {{.id = 0, .perms = XS_PERM_NONE},
						     {.id = 7, .perms = XS_PERM_READ}};
	struct bench bench;

	bench_open(&bench);
	ANSWER(&bench, START, "12\0");
	assert_int_equal(xen_xs_transaction_start(bench.xs), 12);
	HEARD(&bench, START, 0, "\0");
	ANSWER(&bench, WRITE, "OK\0");
	assert_true(xen_xs_write(bench.xs, 12, "/a/b", "xyz", 3));
	HEARD(&bench, WRITE, 12, "/a/b\0xyz");
	ANSWER(&bench, SET_PERMS, "OK\0");
	assert_true(xen_xs_set_permissions(bench.xs, 12, "/a", permissions, 2));
	HEARD(&bench, SET_PERMS, 12, "/a\0n0\0r7\0");
	ANSWER(&bench, RM, "OK\0");
	assert_true(xen_xs_rm(bench.xs, 12, "/a"));
	HEARD(&bench, RM, 12, "/a\0");
	ANSWER(&bench, END, "OK\0");
	assert_true(xen_xs_transaction_end(bench.xs, 12, false));
	HEARD(&bench, END, 12, "T\0");
	ANSWER(&bench, END, "OK\0");
	assert_true(xen_xs_transaction_end(bench.xs, 13, true));
	HEARD(&bench, END, 13, "F\0");
	ANSWER(&bench, INTRODUCE, "OK\0");
	assert_true(xen_xs_introduce_domain(bench.xs, 7, 4661, 1));
	HEARD(&bench, INTRODUCE, 0,
	      "7\0"
	      "4661\0"
	      "1\0");
	ANSWER(&bench, RELEASE, "OK\0");
	assert_true(xen_xs_release_domain(bench.xs, 7));
	HEARD(&bench, RELEASE, 0, "7\0");
	ANSWER(&bench, IS_INTRODUCED, "T\0");
	assert_true(xen_xs_is_domain_introduced(bench.xs, 7));
	HEARD(&bench, IS_INTRODUCED, 0, "7\0");
	ANSWER(&bench, IS_INTRODUCED, "F\0");
	assert_false(xen_xs_is_domain_introduced(bench.xs, 7));
	ANSWER(&bench, WATCH, "OK\0");
	assert_true(xen_xs_watch(bench.xs, "@releaseDomain", "end"));
	bench_close(&bench);
}

static void what_is_read_comes_with_a_terminator_of_its_own(void **state)
{
	(void)state;
	struct bench bench;
	unsigned length, count;

	bench_open(&bench);
	ANSWER(&bench, READ, "abc");
	char *value = xen_xs_read(bench.xs, XBT_NULL, "/x", &length);
	assert_string_equal(value, "abc");
	assert_int_equal(length, 3);
	free(value);
	HEARD(&bench, READ, 0, "/x\0");
	ANSWER(&bench, READ, "");
	value = xen_xs_read(bench.xs, XBT_NULL, "/x", NULL);
	assert_string_equal(value, "");
	free(value);
	ANSWER(&bench, DIRECTORY, "one\0two\0");
	char **names = xen_xs_directory(bench.xs, XBT_NULL, "/x", &count);
	assert_int_equal(count, 2);
	assert_string_equal(names[0], "one");
	assert_string_equal(names[1], "two");
	free(names);
	ANSWER(&bench, DIRECTORY, "");
	names = xen_xs_directory(bench.xs, XBT_NULL, "/x", &count);
	assert_non_null(names);
	assert_int_equal(count, 0);
	free(names);
	bench_close(&bench);
}

static void a_folder_of_more_names_than_a_message_has_room_for_is_read_in_parts(void **state)
{
	(void)state;
	struct bench bench;
	unsigned count;

	bench_open(&bench);
	ANSWER(&bench, ERROR, "E2BIG\0");
	ANSWER(&bench, DIRECTORY_PART, "5\0one\0two\0");
	ANSWER(&bench, DIRECTORY_PART, "6\0three\0"); /* it has changed: once more */
	ANSWER(&bench, DIRECTORY_PART, "6\0a\0b\0");
	ANSWER(&bench, DIRECTORY_PART, "6\0c\0\0");
	char **names = xen_xs_directory(bench.xs, 3, "/x", &count);
	assert_non_null(names);
	assert_int_equal(count, 3);
	assert_string_equal(names[0], "a");
	assert_string_equal(names[2], "c");
	free(names);
	HEARD(&bench, DIRECTORY, 3, "/x\0");
	HEARD(&bench, DIRECTORY_PART, 3,
	      "/x\0"
	      "0\0");
	HEARD(&bench, DIRECTORY_PART, 3,
	      "/x\0"
	      "8\0");
	HEARD(&bench, DIRECTORY_PART, 3,
	      "/x\0"
	      "0\0");
	HEARD(&bench, DIRECTORY_PART, 3,
	      "/x\0"
	      "4\0");

	/* Before 4.9. */
	ANSWER(&bench, ERROR, "E2BIG\0");
	ANSWER(&bench, ERROR, "ENOSYS\0");
	assert_null(xen_xs_directory(bench.xs, XBT_NULL, "/x", &count));
	assert_int_equal(errno, E2BIG);
	bench_close(&bench);
}

static void an_error_is_told_and_the_connection_goes_on(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int number;
	} errors[] = {{"ENOENT", ENOENT}, {"EAGAIN", EAGAIN}, {"EACCES", EACCES},
		      {"ENOSPC", ENOSPC}, {"EWHAT", EINVAL},  {"", EINVAL}};
	struct bench bench;

	bench_open(&bench);
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		say_message(&bench, ERROR, ++bench.asked, errors[i].name,
			    strlen(errors[i].name) + 1);
		assert_false(xen_xs_rm(bench.xs, XBT_NULL, "/x"));
		assert_int_equal(errno, errors[i].number);
	}
	assert_int_equal(xen_xs_broken(bench.xs), 0);
	ANSWER(&bench, RM, "OK\0");
	assert_true(xen_xs_rm(bench.xs, XBT_NULL, "/x"));
	bench_close(&bench);
}

static void what_is_too_long_for_a_message_is_not_sent(void **state)
{
	(void)state;
	static char value[MOST_BYTES];
	struct bench bench;

	bench_open(&bench);
	assert_false(xen_xs_write(bench.xs, XBT_NULL, "/x", value, sizeof value - 2));
	assert_int_equal(errno, E2BIG);
	ANSWER(&bench, WRITE, "OK\0");
	assert_true(xen_xs_write(bench.xs, XBT_NULL, "/x", value, sizeof value - 3));
	bench_close(&bench);
}

/* ---- silence ---- */

/* Nothing more is asked, and what was asked is dropped with the connection. */
static void assert_broken(struct bench *bench, int cause)
{
	char byte;

	assert_int_equal(errno, cause);
	assert_int_equal(xen_xs_broken(bench->xs), cause);
	assert_int_equal(xen_xs_fileno(bench->xs), -1);
	HEARD(bench, READ, 0, "/x\0");
	assert_true(read(bench->daemon, &byte, 1) <= 0);
	errno = 0;
	assert_null(xen_xs_read(bench->xs, XBT_NULL, "/x", NULL));
	assert_int_equal(errno, cause);
	assert_null(xen_xs_check_watch(bench->xs));
	assert_int_equal(errno, cause);
}

static void an_answer_that_does_not_come_whole_ends_the_connection(void **state)
{
	(void)state;
	char whole[64];
	size_t length = message(whole, READ, 1, "value", 5);

	for (size_t cut = 0; cut < length; cut++) {
		struct bench bench;

		bench_open(&bench);
		say(&bench, whole, cut);
		assert_null(xen_xs_read(bench.xs, XBT_NULL, "/x", NULL));
		assert_broken(&bench, ETIMEDOUT);
		bench_close(&bench);

		bench_open(&bench);
		say(&bench, whole, cut);
		assert_int_equal(shutdown(bench.daemon, SHUT_WR), 0);
		assert_null(xen_xs_read(bench.xs, XBT_NULL, "/x", NULL));
		assert_broken(&bench, ECONNRESET);
		bench_close(&bench);
	}
}

static void a_daemon_that_ended_is_told_from_one_that_is_silent(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench);
	assert_int_equal(close(bench.daemon), 0);
	bench.daemon = -1;
	assert_null(xen_xs_read(bench.xs, XBT_NULL, "/x", NULL));
	assert_int_equal(errno, ECONNRESET);
	bench_close(&bench);
}

/* It does not even take what it is told. */
static void a_daemon_that_does_not_listen_is_silent_too(void **state)
{
	(void)state;
	static char value[MOST_BYTES - 8];
	struct bench bench;
	unsigned sent = 0;

	bench_open(&bench);
	do
		ANSWER(&bench, WRITE, "OK\0");
	while (xen_xs_write(bench.xs, XBT_NULL, "/x", value, sizeof value) && ++sent < 4096);
	assert_in_range(sent, 1, 4095);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(xen_xs_broken(bench.xs), ETIMEDOUT);
	bench_close(&bench);
}

static void count_notice(void *opaque)
{
	++*(unsigned *)opaque;
}

static void silence_is_told_of_once(void **state)
{
	(void)state;
	unsigned notices = 0;
	const struct xen_xs_patience patience = {
		.limit_ms = 2, .notice_ms = 0, .notice = count_notice, .opaque = &notices};
	struct bench bench;

	bench_open_with(&bench, &patience);
	assert_int_equal(xen_xs_limit(bench.xs), 1);
	ANSWER(&bench, READ, "prompt");
	free(xen_xs_read(bench.xs, XBT_NULL, "/x", NULL));
	assert_int_equal(notices, 0);
	assert_null(xen_xs_read(bench.xs, XBT_NULL, "/x", NULL));
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(notices, 1);
	bench_close(&bench);
}

static void what_no_xenstored_says_ends_the_connection(void **state)
{
	(void)state;
	static const struct header wrong[] = {
		{READ, 2, 0, 0},              /* to a request that was not made */
		{WRITE, 1, 0, 0},             /* to another one */
		{READ, 1, 0, MOST_BYTES + 1}, /* longer than may be */
		{READ, 1, 0, UINT32_MAX},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct bench bench;

		bench_open(&bench);
		say(&bench, &wrong[i], sizeof wrong[i]);
		assert_null(xen_xs_read(bench.xs, XBT_NULL, "/x", NULL));
		assert_broken(&bench, EPROTO);
		bench_close(&bench);
	}
}

/* ---- events ---- */

static void assert_event(char **event, const char *path, const char *token)
{
	assert_non_null(event);
	assert_string_equal(event[XS_WATCH_PATH], path);
	assert_string_equal(event[XS_WATCH_TOKEN], token);
	free(event);
}

static void events_that_come_before_an_answer_are_kept(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench);
	assert_null(xen_xs_check_watch(bench.xs));
	assert_int_equal(errno, EAGAIN);
	say_message(&bench, EVENT, 0, "/a\0one", 7);
	say_message(&bench, EVENT, 0, "/b\0two", 7);
	ANSWER(&bench, READ, "value");
	say_message(&bench, EVENT, 0, "/c\0three", 9);
	free(xen_xs_read(bench.xs, XBT_NULL, "/x", NULL));
	assert_true(xen_xs_wait_for_event(bench.xs, 0));
	assert_event(xen_xs_check_watch(bench.xs), "/a", "one");
	assert_event(xen_xs_read_watch(bench.xs), "/b", "two");
	assert_true(xen_xs_wait_for_event(bench.xs, 0));
	assert_event(xen_xs_read_watch(bench.xs), "/c", "three");
	assert_false(xen_xs_wait_for_event(bench.xs, 0));
	assert_null(xen_xs_check_watch(bench.xs));
	assert_int_equal(errno, EAGAIN);

	/* In the middle of one. */
	struct header header = {EVENT, 0, 0, 7};
	say(&bench, &header, sizeof header);
	assert_null(xen_xs_check_watch(bench.xs));
	assert_int_equal(errno, EAGAIN);
	say(&bench, "/d\0four", 7);
	assert_event(xen_xs_check_watch(bench.xs), "/d", "four");

	assert_null(xen_xs_read_watch(bench.xs));
	assert_int_equal(errno, ETIMEDOUT);
	bench_close(&bench);
}

static void an_event_without_a_token_is_none(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench);
	say_message(&bench, EVENT, 0, "/a", 3);
	assert_null(xen_xs_check_watch(bench.xs));
	assert_int_equal(errno, EPROTO);
	bench_close(&bench);
}

/* What nobody took is freed. */
static void a_connection_is_closed_with_what_is_left(void **state)
{
	(void)state;
	unsigned files = count_open_fds();
	struct bench bench;

	bench_open(&bench);
	say_message(&bench, EVENT, 0, "/a\0one", 7);
	ANSWER(&bench, READ, "value");
	say(&bench, &(struct header){READ, 9, 0, 100}, sizeof(struct header));
	free(xen_xs_read(bench.xs, XBT_NULL, "/x", NULL));
	assert_event(xen_xs_check_watch(bench.xs), "/a", "one");
	assert_null(xen_xs_check_watch(bench.xs));
	bench_close(&bench);
	xen_xs_close(NULL);
	assert_int_equal(count_open_fds(), files);
}

/* ---- connecting ---- */

static void whoever_is_not_there_is_told_from_whoever_does_not_accept(void **state)
{
	(void)state;
	unsigned files = count_open_fds();
	struct bench bench;
	int waiting[64];
	size_t count = 0;

	assert_null(xen_xs_open("/nowhere/socket", &impatient));
	assert_int_equal(errno, ENOENT);

	bench_listen(&bench, 0);
	struct sockaddr_un address = address_of(&bench);
	for (;;) {
		assert_true(count < sizeof waiting / sizeof waiting[0]);
		waiting[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		assert_true(waiting[count] >= 0);
		if (connect(waiting[count++], (struct sockaddr *)&address, sizeof address))
			break;
	}
	assert_int_equal(errno, EAGAIN);
	assert_null(xen_xs_open(bench.path, &impatient));
	assert_int_equal(errno, ETIMEDOUT);
	while (count)
		assert_int_equal(close(waiting[--count]), 0);

	/* The socket of a daemon that ended. */
	assert_int_equal(close(bench.listener), 0);
	assert_null(xen_xs_open(bench.path, &impatient));
	assert_int_equal(errno, ECONNREFUSED);
	assert_int_equal(unlink(bench.path), 0);
	assert_int_equal(rmdir(bench.folder), 0);
	assert_int_equal(count_open_fds(), files);
}

static void the_environment_names_another_place(void **state)
{
	(void)state;
	struct bench bench;

	bench_listen(&bench, 4);
	assert_int_equal(setenv("XENSTORED_RUNDIR", bench.folder, 1), 0);
	bench.xs = xen_xs_open(NULL, &impatient);
	assert_non_null(bench.xs);
	xen_xs_close(bench.xs);
	assert_int_equal(setenv("XENSTORED_PATH", "/nowhere/socket", 1), 0);
	bench.xs = xen_xs_open(NULL, &impatient);
	assert_null(bench.xs);
	assert_int_equal(unsetenv("XENSTORED_PATH"), 0);
	assert_int_equal(unsetenv("XENSTORED_RUNDIR"), 0);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_says_what_xenstored_is_to_do),
		cmocka_unit_test(what_is_read_comes_with_a_terminator_of_its_own),
		cmocka_unit_test(
			a_folder_of_more_names_than_a_message_has_room_for_is_read_in_parts),
		cmocka_unit_test(an_error_is_told_and_the_connection_goes_on),
		cmocka_unit_test(what_is_too_long_for_a_message_is_not_sent),
		cmocka_unit_test(an_answer_that_does_not_come_whole_ends_the_connection),
		cmocka_unit_test(a_daemon_that_ended_is_told_from_one_that_is_silent),
		cmocka_unit_test(a_daemon_that_does_not_listen_is_silent_too),
		cmocka_unit_test(silence_is_told_of_once),
		cmocka_unit_test(what_no_xenstored_says_ends_the_connection),
		cmocka_unit_test(events_that_come_before_an_answer_are_kept),
		cmocka_unit_test(an_event_without_a_token_is_none),
		cmocka_unit_test(a_connection_is_closed_with_what_is_left),
		cmocka_unit_test(whoever_is_not_there_is_told_from_whoever_does_not_accept),
		cmocka_unit_test(the_environment_names_another_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
