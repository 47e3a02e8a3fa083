/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * No orphan: builders that are killed after each step of a domain's life, and what
 * their guards make of it. The hypervisor is a folder; see fake-guard.c.
 */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/xen/guard.h"

static const char *program;

static const uint8_t birth[XEN_HANDLE_SIZE] = {1, 1, 1}, uuid[XEN_HANDLE_SIZE] = {2, 2, 2},
		     other[XEN_HANDLE_SIZE] = {3, 3, 3};

/* ---- a folder of domains ---- */

struct bench {
	char folder[64];
	int ended; /* read end of the FIFO */
	struct pvb_error error;
};

static const char *path_of(const struct bench *bench, const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", bench->folder, name);
	return path;
}

static void bench_open(struct bench *bench)
{
	memset(bench, 0, sizeof *bench);
	snprintf(bench->folder, sizeof bench->folder, "/tmp/pvbuild-guard-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	assert_int_equal(setenv("FAKE_DOMAINS", bench->folder, 1), 0);
	assert_int_equal(mkfifo(path_of(bench, "ended"), 0600), 0);
	bench->ended = open(path_of(bench, "ended"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(bench->ended >= 0);
	assert_int_equal(fcntl(bench->ended, F_SETFL, 0), 0);
}

static void bench_close(struct bench *bench)
{
	static const char *const names[] = {"ended",    "pid", "unable", "cleared", "failed",
					    "forgot-5", "1",   "5",      "6"};

	assert_int_equal(close(bench->ended), 0);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)unlink(path_of(bench, names[i]));
	assert_int_equal(rmdir(bench->folder), 0);
}

/* What the hypervisor does at createdomain and at setdomainhandle. */
static void domain_is(const struct bench *bench, const char *domid,
		      const uint8_t handle[XEN_HANDLE_SIZE])
{
	int fd = open(path_of(bench, domid), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, handle, XEN_HANDLE_SIZE) != XEN_HANDLE_SIZE || close(fd))
		abort();
}

static bool domain_is_of(const struct bench *bench, const char *name,
			 const uint8_t handle[XEN_HANDLE_SIZE])
{
	uint8_t its[XEN_HANDLE_SIZE];
	int fd = open(path_of(bench, name), O_RDONLY | O_CLOEXEC);
	bool is = fd >= 0 && read(fd, its, sizeof its) == XEN_HANDLE_SIZE &&
		  memcmp(its, handle, sizeof its) == 0;

	if (fd >= 0)
		close(fd);
	return is;
}

static bool domain_lives(const struct bench *bench, const char *domid)
{
	return access(path_of(bench, domid), F_OK) == 0;
}

/* Returns when nobody holds the FIFO open any more: every guard has ended. */
static void wait_for_guards(const struct bench *bench)
{
	char byte;

	assert_int_equal(read(bench->ended, &byte, 1), 0);
}

/* ---- a builder that is killed ---- */

enum step {
	BEFORE,    /* there is no guard yet */
	STARTED,   /* a guard waits */
	CREATED,   /* the domain is there, and the guard was not told */
	TOLD,      /* it was */
	NAMED,     /* the domain has the handle that was asked for */
	KEPT,      /* the guard has let go */
	DISMISSED, /* the builder has destroyed the domain itself */
	STEPS
};

static const bool survives[STEPS] = {[KEPT] = true};

/* Runs in a process of its own and does not come back. */
static void __attribute__((noreturn)) build_until(const struct bench *bench, enum step last)
{
	struct xen_guard *guard = NULL;
	struct pvb_error error;

	for (enum step step = BEFORE; step <= last; step++) {
		int rc = 0;

		switch (step) {
		case BEFORE:
		case STEPS:
			break;
		case STARTED:
			rc = xen_guard_start(program, birth, uuid, &guard, &error);
			break;
		case CREATED:
			domain_is(bench, "5", birth);
			break;
		case TOLD:
			rc = xen_guard_created(guard, 5, &error);
			break;
		case NAMED:
			domain_is(bench, "5", uuid);
			break;
		case KEPT:
			if (last == KEPT)
				rc = xen_guard_keep(guard, &error);
			break;
		case DISMISSED:
			(void)unlink(path_of(bench, "5"));
			xen_guard_dismiss(guard);
			/* somebody else's, of the same number */
			domain_is(bench, "5", other);
			break;
		}
		if (rc)
			_exit(1);
	}
	(void)raise(SIGKILL);
	_exit(2);
}

static pid_t start_builder(const struct bench *bench, enum step last)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		build_until(bench, last);
	return pid;
}

static void assert_was_killed(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void whenever_a_builder_is_killed_no_orphan_stays(void **state)
{
	(void)state;

	for (enum step last = BEFORE; last < DISMISSED; last++) {
		struct bench bench;

		bench_open(&bench);
		domain_is(&bench, "1", other);
		domain_is(&bench, "6", other);
		assert_was_killed(start_builder(&bench, last));
		if (last != BEFORE)
			wait_for_guards(&bench);
		if (domain_lives(&bench, "5") != survives[last])
			print_error("killed after step %d\n", (int)last);
		assert_int_equal(domain_lives(&bench, "5"), survives[last]);
		/* and somebody is told, but where there was nothing to do */
		assert_int_equal(domain_lives(&bench, "cleared"),
				 last >= CREATED && !survives[last]);
		assert_false(domain_lives(&bench, "failed"));
		assert_true(domain_lives(&bench, "1"));
		assert_true(domain_lives(&bench, "6"));
		bench_close(&bench);
	}
}

static void a_guard_that_was_dismissed_touches_nothing(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench);
	assert_was_killed(start_builder(&bench, DISMISSED));
	wait_for_guards(&bench);
	assert_true(domain_lives(&bench, "5"));
	bench_close(&bench);
}

/* Somebody else destroyed the domain, and its number went to another one. */
static void a_number_that_is_another_domains_by_now_is_left_alone(void **state)
{
	(void)state;
	struct bench bench;
	int status;

	bench_open(&bench);
	pid_t pid = fork();
	if (pid == 0) {
		struct xen_guard *guard;
		struct pvb_error error;

		if (xen_guard_start(program, birth, uuid, &guard, &error) ||
		    xen_guard_created(guard, 5, &error))
			_exit(1);
		domain_is(&bench, "5", other);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	wait_for_guards(&bench);
	assert_true(domain_lives(&bench, "5"));
	assert_false(domain_lives(&bench, "cleared"));
	/* What others still know is of the first one's UUID. */
	assert_true(domain_is_of(&bench, "forgot-5", uuid));
	bench_close(&bench);
}

/* A builder that destroyed its domain, and could not tell the store. */
static void a_guard_that_is_handed_the_rest_tells_the_others(void **state)
{
	(void)state;
	struct xen_guard *guard;
	struct bench bench;

	bench_open(&bench);
	assert_ok(xen_guard_start(program, birth, uuid, &guard, &bench.error), &bench.error);
	domain_is(&bench, "5", uuid);
	assert_ok(xen_guard_created(guard, 5, &bench.error), &bench.error);
	assert_int_equal(unlink(path_of(&bench, "5")), 0);
	xen_guard_hand_over(guard);
	wait_for_guards(&bench);
	assert_true(domain_is_of(&bench, "forgot-5", uuid));
	assert_false(domain_lives(&bench, "failed"));
	bench_close(&bench);
	xen_guard_hand_over(NULL);
}

/* As where the caller wants a domain only for as long as it lives itself ("guarded"). */
static void a_builder_that_just_ends_takes_its_domain_along(void **state)
{
	(void)state;
	struct bench bench;
	int status;

	bench_open(&bench);
	pid_t pid = fork();
	if (pid == 0) {
		struct xen_guard *guard;
		struct pvb_error error;

		if (xen_guard_start(program, birth, uuid, &guard, &error))
			_exit(1);
		domain_is(&bench, "5", uuid);
		if (xen_guard_created(guard, 5, &error))
			_exit(1);
		xen_guard_leave(guard);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	wait_for_guards(&bench);
	assert_false(domain_lives(&bench, "5"));
	bench_close(&bench);
}

/* A child that was forked meanwhile, without an exec, holds a copy of the builder's end. */
static void a_copy_of_the_channel_elsewhere_keeps_nothing_alive(void **state)
{
	(void)state;
	struct bench bench;
	int hold[2], status;

	bench_open(&bench);
	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct xen_guard *guard;
		struct pvb_error error;

		if (xen_guard_start(program, birth, uuid, &guard, &error))
			_exit(1);
		domain_is(&bench, "5", birth);
		if (fork() == 0) {
			char byte;

			close(hold[1]);
			_exit((int)read(hold[0], &byte, 1));
		}
		(void)raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	wait_for_guards(&bench);
	assert_false(domain_lives(&bench, "5"));
	assert_int_equal(close(hold[0]), 0);
	assert_int_equal(close(hold[1]), 0);
	bench_close(&bench);
}

/* ---- a guard in nobody's way ---- */

static volatile sig_atomic_t children_heard_of;

static void count_child(int signal)
{
	(void)signal;
	children_heard_of++;
}

static void a_guard_is_no_child_and_holds_no_file_of_its_builder(void **state)
{
	(void)state;
	struct sigaction count = {.sa_handler = count_child, .sa_flags = SA_RESTART}, before;
	unsigned files = count_open_fds();
	struct xen_guard *guard;
	struct bench bench;
	int file[2];
	char byte;

	bench_open(&bench);
	assert_int_equal(sigaction(SIGCHLD, &count, &before), 0);
	children_heard_of = 0;
	assert_int_equal(pipe(file), 0); /* inherited by whatever is started, and not closed */
	assert_ok(xen_guard_start(program, birth, uuid, &guard, &bench.error), &bench.error);
	assert_int_equal(close(file[1]), 0);
	assert_int_equal(read(file[0], &byte, 1), 0);
	assert_int_equal(close(file[0]), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_true(children_heard_of <= 1);
	domain_is(&bench, "5", uuid);
	assert_ok(xen_guard_created(guard, 5, &bench.error), &bench.error);
	assert_ok(xen_guard_keep(guard, &bench.error), &bench.error);
	wait_for_guards(&bench);
	assert_true(domain_lives(&bench, "5"));
	assert_true(children_heard_of <= 1);
	assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
	bench_close(&bench);
	assert_int_equal(count_open_fds(), files);
}

static void who_ignores_his_children_can_have_a_guard(void **state)
{
	(void)state;
	struct xen_guard *guard;
	struct bench bench;

	bench_open(&bench);
	assert_true(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	assert_ok(xen_guard_start(program, birth, uuid, &guard, &bench.error), &bench.error);
	assert_ok(xen_guard_keep(guard, &bench.error), &bench.error);
	assert_true(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
	wait_for_guards(&bench);
	bench_close(&bench);
}

static void each_domain_has_a_guard_of_its_own(void **state)
{
	(void)state;
	struct xen_guard *one, *two;
	struct bench bench;

	bench_open(&bench);
	assert_ok(xen_guard_start(program, birth, uuid, &one, &bench.error), &bench.error);
	assert_ok(xen_guard_start(program, other, other, &two, &bench.error), &bench.error);
	domain_is(&bench, "5", uuid);
	domain_is(&bench, "6", other);
	assert_ok(xen_guard_created(one, 5, &bench.error), &bench.error);
	assert_ok(xen_guard_created(two, 6, &bench.error), &bench.error);
	xen_guard_dismiss(one);
	assert_ok(xen_guard_keep(two, &bench.error), &bench.error);
	wait_for_guards(&bench);
	assert_true(domain_lives(&bench, "5"));
	assert_true(domain_lives(&bench, "6"));
	bench_close(&bench);
}

/* ---- a guard that fails ---- */

static void a_guard_that_cannot_be_started_is_told(void **state)
{
	(void)state;
	unsigned files = count_open_fds();
	struct xen_guard *guard;
	struct pvb_error error;

	assert_fails_with(xen_guard_start("/nowhere/pvbuild-guard", birth, uuid, &guard, &error),
			  PVB_E_HOST_GUARD, &error);
	assert_null(guard);
	assert_non_null(strstr(error.message, "/nowhere/pvbuild-guard"));
	assert_fails_with(xen_guard_start("/bin/true", birth, uuid, &guard, &error),
			  PVB_E_HOST_GUARD, &error);
	assert_non_null(strstr(error.message, "has ended"));
	assert_int_equal(count_open_fds(), files);
}

static void what_a_guard_lacks_is_what_the_builder_is_told(void **state)
{
	(void)state;
	struct xen_guard *guard;
	struct bench bench;

	bench_open(&bench);
	domain_is(&bench, "unable", other);
	assert_fails_with(xen_guard_start(program, birth, uuid, &guard, &bench.error),
			  PVB_E_HOST_STORE, &bench.error);
	assert_string_equal(bench.error.message, "unable, as it was told to be");
	wait_for_guards(&bench);
	bench_close(&bench);
}

static pid_t find_guard(const struct bench *bench)
{
	FILE *file = fopen(path_of(bench, "pid"), "r");
	int pid = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	fclose(file);
	assert_true(pid > 1);
	return pid;
}

static void a_domain_whose_guard_was_killed_is_not_kept(void **state)
{
	(void)state;
	struct xen_guard *guard;
	struct bench bench;

	bench_open(&bench);
	assert_ok(xen_guard_start(program, birth, uuid, &guard, &bench.error), &bench.error);
	domain_is(&bench, "5", uuid);
	assert_ok(xen_guard_created(guard, 5, &bench.error), &bench.error);
	pid_t pid = find_guard(&bench);
	assert_int_equal(kill(pid, SIGKILL), 0);
	wait_for_guards(&bench);
	assert_fails_with(xen_guard_keep(guard, &bench.error), PVB_E_HOST_GUARD, &bench.error);
	assert_non_null(strstr(bench.error.message, "domain 5"));
	xen_guard_dismiss(guard);
	bench_close(&bench);
}

static void what_would_end_another_process_does_not_end_a_guard(void **state)
{
	(void)state;
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM, SIGUSR1};
	struct xen_guard *guard;
	struct bench bench;

	bench_open(&bench);
	assert_ok(xen_guard_start(program, birth, uuid, &guard, &bench.error), &bench.error);
	pid_t pid = find_guard(&bench);
	assert_int_equal(getsid(pid) == getsid(0), 0);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		assert_int_equal(kill(pid, signals[i]), 0);
	assert_ok(xen_guard_keep(guard, &bench.error), &bench.error);
	wait_for_guards(&bench);
	bench_close(&bench);
}

/* A person who starts it by hand is told what it is. */
static void by_hand_it_does_nothing(void **state)
{
	(void)state;
	struct bench bench;
	char command[256];

	bench_open(&bench);
	snprintf(command, sizeof command, "%s </dev/null 3<&- >/dev/null 2>&1", program);
	int status = system(command);
	assert_int_equal(WEXITSTATUS(status), 2);
	snprintf(command, sizeof command, "%s 7 </dev/null 3<&- >/dev/null 2>&1", program);
	status = system(command);
	assert_int_equal(WEXITSTATUS(status), 2);
	bench_close(&bench);
}

int main(void)
{
	static char path[512];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whenever_a_builder_is_killed_no_orphan_stays),
		cmocka_unit_test(a_guard_that_was_dismissed_touches_nothing),
		cmocka_unit_test(a_number_that_is_another_domains_by_now_is_left_alone),
		cmocka_unit_test(a_guard_that_is_handed_the_rest_tells_the_others),
		cmocka_unit_test(a_builder_that_just_ends_takes_its_domain_along),
		cmocka_unit_test(a_copy_of_the_channel_elsewhere_keeps_nothing_alive),
		cmocka_unit_test(a_guard_is_no_child_and_holds_no_file_of_its_builder),
		cmocka_unit_test(who_ignores_his_children_can_have_a_guard),
		cmocka_unit_test(each_domain_has_a_guard_of_its_own),
		cmocka_unit_test(a_guard_that_cannot_be_started_is_told),
		cmocka_unit_test(what_a_guard_lacks_is_what_the_builder_is_told),
		cmocka_unit_test(a_domain_whose_guard_was_killed_is_not_kept),
		cmocka_unit_test(what_would_end_another_process_does_not_end_a_guard),
		cmocka_unit_test(by_hand_it_does_nothing),
	};
	const char *build = getenv("PVB_BUILDDIR");

	snprintf(path, sizeof path, "%s/tests/unit/fake-guard", build ? build : ".");
	program = path;
	(void)alarm(120); /* a guard that never ends would be waited for forever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
