/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process in the background, and what it does when a guest has ended. */
#include "support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pvbuild/pvbuild.h>

#include "fate.h"
#include "host/host.h"
#include "fault.h"
#include "keeper.h"
#include "ward.h"

/* ---- fates ---- */

static void every_fate_has_the_name_that_it_is_asked_for_by(void **state)
{
	(void)state;
	for (unsigned i = FATE_DESTROY; i <= FATE_COREDUMP_RESTART; i++) {
		enum fate fate = (enum fate) - 1;

		assert_true(fate_parse(fate_name((enum fate)i), &fate));
		assert_int_equal(fate, i);
	}
	enum fate fate = FATE_PRESERVE;

	assert_false(fate_parse("rename-restart", &fate));
	assert_false(fate_parse("soft-reset", &fate));
	assert_false(fate_parse("", &fate));
	assert_int_equal(fate, FATE_PRESERVE);
}

static void the_reason_decides_the_fate(void **state)
{
	(void)state;
	const struct fates plain = FATES_INIT;
	const struct fates other = {.poweroff = FATE_PRESERVE,
				    .reboot = FATE_DESTROY,
				    .crash = FATE_COREDUMP_RESTART,
				    .watchdog = FATE_COREDUMP_DESTROY,
				    .soft_reset = FATE_RESTART};

	assert_int_equal(fate_of(&plain, PVB_SHUTDOWN_POWEROFF), FATE_DESTROY);
	assert_int_equal(fate_of(&plain, PVB_SHUTDOWN_REBOOT), FATE_RESTART);
	assert_int_equal(fate_of(&plain, PVB_SHUTDOWN_CRASH), FATE_DESTROY);
	assert_int_equal(fate_of(&plain, PVB_SHUTDOWN_WATCHDOG), FATE_DESTROY);
	assert_int_equal(fate_of(&plain, PVB_SHUTDOWN_SUSPEND), FATE_PRESERVE);
	assert_int_equal(fate_of(&other, PVB_SHUTDOWN_POWEROFF), FATE_PRESERVE);
	assert_int_equal(fate_of(&other, PVB_SHUTDOWN_REBOOT), FATE_DESTROY);
	assert_int_equal(fate_of(&other, PVB_SHUTDOWN_CRASH), FATE_COREDUMP_RESTART);
	assert_int_equal(fate_of(&other, PVB_SHUTDOWN_WATCHDOG), FATE_COREDUMP_DESTROY);
	assert_int_equal(fate_of(&other, PVB_SHUTDOWN_SOFT_RESET), FATE_RESTART);
	assert_int_equal(fate_of(&other, 4711), FATE_DESTROY);
	assert_true(fate_dumps(FATE_COREDUMP_RESTART) && fate_restarts(FATE_COREDUMP_RESTART));
	assert_true(fate_dumps(FATE_COREDUMP_DESTROY) && !fate_restarts(FATE_COREDUMP_DESTROY));
	assert_true(!fate_dumps(FATE_RESTART) && fate_restarts(FATE_RESTART));
	assert_false(fate_dumps(FATE_PRESERVE) || fate_restarts(FATE_PRESERVE));
}

static void every_end_has_a_word(void **state)
{
	(void)state;

	assert_string_equal(ward_end_name(&(struct ward_end){.gone = true}).text, "destroyed");
	assert_string_equal(ward_end_name(&(struct ward_end){.gone = true, .ended = true}).text,
			    "poweroff");
	assert_string_equal(ward_end_name(&(struct ward_end){.ended = true, .reason = 3}).text,
			    "crash");
	assert_string_equal(ward_end_name(&(struct ward_end){.ended = true, .reason = 255}).text,
			    "reason 255");
}

static void every_end_has_a_status(void **state)
{
	(void)state;
	static const int statuses[] = {0, 11, 12, 13, 14, 15, 17};

	for (unsigned reason = 0; reason < 7; reason++) {
		struct ward_end end = {.ended = true, .reason = reason};

		assert_int_equal(ward_end_status(&end), statuses[reason]);
		assert_int_equal(ward_crashed(&end), reason == PVB_SHUTDOWN_CRASH);
		/* Its registers went with it. */
		end.gone = true;
		assert_int_equal(ward_end_status(&end), statuses[reason]);
		assert_false(ward_crashed(&end));
	}
	assert_int_equal(ward_end_status(&(struct ward_end){.ended = true, .reason = 255}), 17);
	assert_int_equal(ward_end_status(&(struct ward_end){.gone = true}), 16);
}

/* ---- a domain without a core ---- */

/* One that has no memory, of which no core can be. */
static uint32_t new_domain(struct pvb_host *host)
{
	struct pvb_host_domain_config config = {.name = "guest", .uuid = {1, 2, 3}, .vcpus = 1};
	struct pvb_error error;
	uint32_t domid;

	assert_ok(pvb_host_create_domain(host, &config, &domid, &error), &error);
	return domid;
}

static void evidence_stays_where_there_is_no_core(void **state)
{
	const struct fates destroys = {.crash = FATE_COREDUMP_DESTROY};
	const struct fates anew = {.crash = FATE_COREDUMP_RESTART};
	const struct ward_end crash = {.ended = true, .reason = PVB_SHUTDOWN_CRASH};
	struct pvb_domain_state domain;
	struct pvb_error error;
	struct pvb_host *host;
	struct ward ward = {.name = "no/such/folder"};
	struct restarts restarts = RESTARTS_INIT;
	bool restart = true;

	(void)state;
	assert_ok(pvb_host_open("sim:memory=64M", &host, &error), &error);
	ward.domid = new_domain(host);
	assert_ok(ward_bury(host, &ward, &crash, &destroys, &restarts, &restart, &error), &error);
	assert_false(restart);
	assert_ok(pvb_domain_get(host, ward.domid, &domain, &error), &error);

	/*
	 * A service that was to go on comes to the pause before that, in which it waits for news of
	 * domains. This host has none.
	 */
	assert_fails_with(ward_bury(host, &ward, &crash, &anew, &restarts, &restart, &error),
			  PVB_E_HOST_STATE, &error);
	assert_string_equal(error.stage, "watch_domains");
	pvb_host_close(host);
}

/* ---- the process ---- */

/* There is no such folder beside xl's logs, so that nothing is written there. */
static const char no_log[] = "no-such-folder/test";

/* What the process in the background says goes through this pipe, which it is handed by number. */
struct report {
	int status;       /* its answer's code */
	const char *path; /* written to when it inherits */
};

static int work(void *opaque, const struct ward *ward, int fd)
{
	const struct report *report = opaque;
	struct pvb_error error = {0};

	if (report->status)
		(void)fault(&error, (enum pvb_code)report->status, "test", "domain %u, %s",
			    ward->domid, ward->name);
	keeper_answer(fd, report->status ? &error : NULL);
	if (!keeper_inherits(fd))
		return 7;

	/* A FIFO: whoever opens it for reading learns of it. */
	int out = open(report->path, O_WRONLY | O_CLOEXEC);

	if (out < 0)
		return 8;
	return write(out, ward, sizeof *ward) == (ssize_t)sizeof *ward ? 0 : 9;
}

struct place {
	char folder[32];
	char fifo[48];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	assert_non_null(place);
	(void)snprintf(place->folder, sizeof place->folder, "/tmp/pvb-keeper-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	(void)snprintf(place->fifo, sizeof place->fifo, "%s/fifo", place->folder);
	assert_int_equal(mkfifo(place->fifo, 0600), 0);
	*state = place;
	return 0;
}

static int clear_place(void **state)
{
	struct place *place = *state;

	(void)unlink(place->fifo);
	(void)rmdir(place->folder);
	free(place);
	return 0;
}

static const struct ward some_ward = {.domid = 17, .uuid = {1, 2, 3}, .name = "guest"};

static void assert_inherited(const struct place *place)
{
	struct ward ward;
	int in = open(place->fifo, O_RDONLY | O_CLOEXEC);

	assert_true(in >= 0);
	assert_int_equal(read(in, &ward, sizeof ward), sizeof ward);
	assert_memory_equal(&ward, &some_ward, sizeof ward);
	(void)close(in);
}

static int exit_status(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_domain_that_is_left_is_inherited(void **state)
{
	struct place *place = *state;
	struct report report = {.path = place->fifo};
	struct keeper keeper;
	struct pvb_error error;

	assert_ok(keeper_start(&keeper, no_log, work, &report, &error), &error);
	assert_ok(keeper_appoint(&keeper, &some_ward, &error), &error);

	pid_t pid = keeper.pid;

	keeper_leave(&keeper);
	assert_inherited(place);
	assert_int_equal(exit_status(pid), 0);
}

static void a_killed_parent_leaves_its_domain(void **state)
{
	struct place *place = *state;
	struct report report = {.path = place->fifo};
	pid_t parent = fork();

	assert_true(parent >= 0);
	if (parent == 0) {
		struct keeper keeper;
		struct pvb_error error;

		if (keeper_start(&keeper, no_log, work, &report, &error) ||
		    keeper_appoint(&keeper, &some_ward, &error))
			_exit(1);
		(void)raise(SIGKILL);
	}

	int status;

	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_true(WIFSIGNALED(status));
	assert_inherited(place);
}

static void one_that_is_dismissed_does_nothing(void **state)
{
	struct place *place = *state;
	struct report report = {.path = "/nowhere/at/all"};
	struct keeper keeper;
	struct pvb_error error;

	(void)place;
	assert_ok(keeper_start(&keeper, no_log, work, &report, &error), &error);
	assert_ok(keeper_appoint(&keeper, &some_ward, &error), &error);

	pid_t pid = keeper.pid;

	keeper_dismiss(&keeper);
	assert_int_equal(keeper.fd, -1);
	keeper_dismiss(&keeper);
	/* It has been waited for. */
	assert_int_equal(waitpid(pid, NULL, 0), -1);
}

static void one_without_a_domain_ends_with_its_parent(void **state)
{
	struct place *place = *state;
	struct report report = {.path = place->fifo};
	struct keeper keeper;
	struct pvb_error error;

	assert_ok(keeper_start(&keeper, no_log, work, &report, &error), &error);
	keeper_leave(&keeper);
	assert_int_equal(exit_status(keeper.pid), EXIT_DONE);
}

static void what_it_cannot_do_is_the_parents_error(void **state)
{
	struct place *place = *state;
	struct report report = {.path = place->fifo, .status = PVB_E_HOST_DENIED};
	struct keeper keeper;
	struct pvb_error error;

	assert_ok(keeper_start(&keeper, no_log, work, &report, &error), &error);
	assert_fails_with(keeper_appoint(&keeper, &some_ward, &error), PVB_E_HOST_DENIED, &error);
	assert_string_equal(error.message, "domain 17, guest");
	keeper_dismiss(&keeper);
}

static void one_that_is_dead_is_an_error(void **state)
{
	struct place *place = *state;
	struct report report = {.path = place->fifo};
	struct keeper keeper;
	struct pvb_error error;

	assert_ok(keeper_start(&keeper, no_log, work, &report, &error), &error);
	assert_int_equal(kill(keeper.pid, SIGKILL), 0);
	assert_fails_with(keeper_appoint(&keeper, &some_ward, &error), PVB_E_HOST_STATE, &error);
	keeper_dismiss(&keeper);
}

/* Says in its exit status what it holds. */
static int look_around(void *opaque, const struct ward *ward, int fd)
{
	int *number = opaque;
	int status = 0;

	(void)ward;
	if (fcntl(*number, F_GETFD) >= 0)
		status |= 1;
	if (getsid(0) != getpid())
		status |= 2;
	for (int i = 0; i < 3; i++)
		if (fcntl(i, F_GETFD) < 0)
			status |= 4;
	keeper_answer(fd, NULL);
	if (keeper_inherits(fd))
		status |= 8;
	return status;
}

static void it_holds_nothing_of_its_parents(void **state)
{
	(void)state;
	/* A pipe that a shell reads to its end, and a high number. */
	int ends[2], high;
	struct keeper keeper;
	struct pvb_error error;

	assert_int_equal(pipe(ends), 0);
	high = fcntl(ends[1], F_DUPFD, 200);
	assert_true(high >= 200);
	assert_ok(keeper_start(&keeper, no_log, look_around, &high, &error), &error);
	(void)close(ends[1]);
	(void)close(high);
	assert_ok(keeper_appoint(&keeper, &some_ward, &error), &error);

	char byte;

	assert_int_equal(read(ends[0], &byte, 1), 0);
	keeper_leave(&keeper);
	assert_int_equal(exit_status(keeper.pid), 8);
	(void)close(ends[0]);
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, clear_place)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fate_has_the_name_that_it_is_asked_for_by),
		cmocka_unit_test(the_reason_decides_the_fate),
		cmocka_unit_test(evidence_stays_where_there_is_no_core),
		cmocka_unit_test(every_end_has_a_word),
		cmocka_unit_test(every_end_has_a_status),
		IN_PLACE(a_domain_that_is_left_is_inherited),
		IN_PLACE(a_killed_parent_leaves_its_domain),
		IN_PLACE(one_that_is_dismissed_does_nothing),
		IN_PLACE(one_without_a_domain_ends_with_its_parent),
		IN_PLACE(what_it_cannot_do_is_the_parents_error),
		IN_PLACE(one_that_is_dead_is_an_error),
		cmocka_unit_test(it_holds_nothing_of_its_parents),
	};
#undef IN_PLACE

	return cmocka_run_group_tests_name("keeper", tests, NULL, NULL);
}
