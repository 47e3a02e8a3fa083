/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding a guest's console, and hearing of domains that come and end. */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "fake-xenstore.h"
#include "host/xen/console.h"
#include "host/xen/process.h"
#include "host/xen/store.h"
#include "host/xen/watch.h"

#define TTY "/local/domain/7/console/tty"

static const struct xen_console_wait usual = XEN_CONSOLE_WAIT_INIT;

/* A pseudoterminal as the console daemon has it. */
struct terminal {
	int master;
	char name[64];
};

static void terminal_open(struct terminal *terminal)
{
	terminal->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(terminal->master >= 0);
	assert_int_equal(grantpt(terminal->master), 0);
	assert_int_equal(unlockpt(terminal->master), 0);
	assert_int_equal(ptsname_r(terminal->master, terminal->name, sizeof terminal->name), 0);
}

static void introduce(unsigned domid)
{
	struct pvb_error error;
	struct xen_xs *store;

	fake_store_reset();
	assert_ok(xen_store_open(&store, &fake_patience, &error), &error);
	assert_true(xen_xs_introduce_domain(store, domid, 1, 1));
	xen_xs_close(store);
}

static void assert_is_console(int fd, const struct terminal *terminal)
{
	struct termios attributes;
	char text[8] = "";

	assert_int_equal(tcgetattr(fd, &attributes), 0);
	assert_false(attributes.c_lflag & (ICANON | ECHO | ISIG));
	assert_false(attributes.c_oflag & OPOST);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(terminal->master, "hi\n", 3), 3);
	assert_int_equal(read(fd, text, sizeof text), 3);
	assert_string_equal(text, "hi\n");
	assert_int_equal(write(fd, "a\003b", 3), 3);
	assert_int_equal(read(terminal->master, text, sizeof text), 3);
	assert_memory_equal(text, "a\003b", 3);
}

static void the_console_is_a_raw_terminal(void **state)
{
	(void)state;
	unsigned files = count_open_fds();
	struct terminal terminal;
	struct pvb_error error;
	int fd;

	introduce(7);
	terminal_open(&terminal);
	fake_store_put(TTY, terminal.name);
	assert_ok(xen_console_open(7, &usual, &fake_patience, &fd, &error), &error);
	assert_is_console(fd, &terminal);
	assert_int_equal(close(terminal.master), 0);
	char byte;
	assert_true(read(fd, &byte, 1) <= 0); /* the domain has gone */
	assert_int_equal(close(fd), 0);
	assert_int_equal(fake_store_connections(), 0);
	assert_int_equal(count_open_fds(), files);
}

static void *make_terminal_later(void *opaque)
{
	/* Only once somebody waits for it: the connection's watches are set. */
	while (fake_store_calls() < 6)
		sched_yield();
	fake_store_put(TTY, ((struct terminal *)opaque)->name);
	return NULL;
}

static void a_terminal_that_is_still_to_come_is_waited_for(void **state)
{
	(void)state;
	struct terminal terminal;
	struct pvb_error error;
	pthread_t daemon;
	int fd;

	introduce(7);
	fake_store_put(TTY, "");
	terminal_open(&terminal);
	assert_int_equal(pthread_create(&daemon, NULL, make_terminal_later, &terminal), 0);
	assert_ok(xen_console_open(7, &usual, &fake_patience, &fd, &error), &error);
	assert_int_equal(pthread_join(daemon, NULL), 0);
	assert_is_console(fd, &terminal);
	assert_int_equal(close(fd), 0);
	assert_int_equal(close(terminal.master), 0);
}

static void a_domain_that_the_store_does_not_know_has_none(void **state)
{
	(void)state;
	struct pvb_error error;
	int fd;

	introduce(8);
	fake_store_put(TTY, "");
	assert_fails_with(xen_console_open(7, &usual, &fake_patience, &fd, &error),
			  PVB_E_HOST_NO_DOMAIN, &error);
	assert_int_equal(fd, -1);
	assert_int_equal(fake_store_connections(), 0);
}

static void *end_domain(void *opaque)
{
	struct pvb_error error;
	struct xen_xs *store;

	(void)opaque;
	while (fake_store_calls() < 6)
		sched_yield();
	assert_ok(xen_store_open(&store, &fake_patience, &error), &error);
	assert_true(xen_xs_release_domain(store, 7));
	xen_xs_close(store);
	return NULL;
}

static void a_domain_that_ends_meanwhile_is_not_waited_for(void **state)
{
	(void)state;
	struct pvb_error error;
	pthread_t daemon;
	int fd;

	introduce(7);
	fake_store_put(TTY, "");
	assert_int_equal(pthread_create(&daemon, NULL, end_domain, NULL), 0);
	assert_fails_with(xen_console_open(7, &usual, &fake_patience, &fd, &error),
			  PVB_E_HOST_NO_DOMAIN, &error);
	assert_int_equal(pthread_join(daemon, NULL), 0);
	assert_int_equal(fake_store_connections(), 0);
}

static void what_is_no_pseudoterminal_is_not_opened(void **state)
{
	(void)state;
	static const char *const others[] = {
		"/dev/null", "/dev/pts/",   "/dev/pts/ptmx", "/dev/pts/../null",  "/dev/pts/0/../1",
		"pts/0",     "/etc/passwd", "/dev/pts/0 ",   "/dev/pts/99999999", "/tmp/dev/pts/0",
	};
	struct pvb_error error;
	unsigned files;
	int fd;

	introduce(7);
	files = count_open_fds();
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		fake_store_put(TTY, others[i]);
		assert_fails_with(xen_console_open(7, &usual, &fake_patience, &fd, &error),
				  PVB_E_HOST_STATE, &error);
		assert_non_null(strstr(error.message, others[i]));
		assert_int_equal(fd, -1);
	}
	assert_int_equal(count_open_fds(), files);
}

static void a_store_that_fails_is_told_of_the_console(void **state)
{
	(void)state;
	struct pvb_error error;
	int fd;

	for (unsigned nth = 1; nth <= 3; nth++) {
		introduce(7);
		fake_store_put(TTY, "");
		fake_store_fail(nth, EIO);
		assert_fails_with(xen_console_open(7, &usual, &fake_patience, &fd, &error),
				  PVB_E_HOST_STORE, &error);
		assert_int_equal(fake_store_connections(), 0);
	}
}

/* ---- whether there is a daemon ---- */

/* A folder as proc(5) is, with one process in it and some things beside. */
struct proc {
	char folder[32];
	char process[48];
	char stat[64];
};

static void proc_open(struct proc *proc, const char *stat)
{
	(void)snprintf(proc->folder, sizeof proc->folder, "/tmp/pvb-proc-XXXXXX");
	assert_non_null(mkdtemp(proc->folder));
	(void)snprintf(proc->process, sizeof proc->process, "%s/4711", proc->folder);
	(void)snprintf(proc->stat, sizeof proc->stat, "%s/stat", proc->process);
	assert_int_equal(mkdir(proc->process, 0700), 0);
	if (!stat)
		return;
	int fd = open(proc->stat, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, stat, strlen(stat)), strlen(stat));
	assert_int_equal(close(fd), 0);
}

static void proc_close(const struct proc *proc)
{
	(void)unlink(proc->stat);
	assert_int_equal(rmdir(proc->process), 0);
	assert_int_equal(rmdir(proc->folder), 0);
}

static void processes_are_told_apart(void **state)
{
	(void)state;
	static const struct {
		const char *stat;
		enum xen_process daemon;
	} cases[] = {
		{"4711 (xenconsoled) S 1 2 3", XEN_PROCESS_RUNS},
		{"4711 (xenconsoled) R 1 2 3", XEN_PROCESS_RUNS},
		{"4711 (xenconsoled) D 1 2 3", XEN_PROCESS_RUNS},
		{"4711 (xenconsoled) T 1 2 3", XEN_PROCESS_STOPPED},
		{"4711 (xenconsoled) t 1 2 3", XEN_PROCESS_STOPPED},
		{"4711 (xenconsoled) Z 1 2 3", XEN_PROCESS_ABSENT},
		{"4711 (xenconsole) S 1 2 3", XEN_PROCESS_ABSENT},
		{"4711 (xenconsoled2) S 1 2 3", XEN_PROCESS_ABSENT},
		{"4711 ((xenconsoled) S) S 1 2 3", XEN_PROCESS_ABSENT},
		{"4711 (xenconsoled)", XEN_PROCESS_ABSENT},
		{"4711 )xenconsoled( S", XEN_PROCESS_ABSENT},
		{"", XEN_PROCESS_ABSENT},
		{NULL, XEN_PROCESS_ABSENT},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct proc proc;

		proc_open(&proc, cases[i].stat);
		assert_int_equal(xen_process_find(proc.folder, "xenconsoled"), cases[i].daemon);
		proc_close(&proc);
	}
	assert_int_equal(xen_process_find("/nowhere/at/all", "xenconsoled"), XEN_PROCESS_RUNS);
}

static void assert_gives_up(const char *stat, int64_t served_ms, int64_t alone_ms,
			    const char *words)
{
	struct xen_console_wait wait = {.served_ms = served_ms, .alone_ms = alone_ms};
	struct pvb_error error;
	struct proc proc;
	int fd;

	proc_open(&proc, stat);
	wait.proc = proc.folder;
	introduce(7);
	fake_store_put(TTY, "");
	assert_fails_with(xen_console_open(7, &wait, &fake_patience, &fd, &error), PVB_E_HOST_STATE,
			  &error);
	assert_non_null(strstr(error.message, words));
	assert_non_null(strstr(error.hint, "xenconsoled"));
	assert_int_equal(fd, -1);
	assert_int_equal(fake_store_connections(), 0);
	proc_close(&proc);
}

static void how_long_to_wait_is_a_matter_of_who_would_come(void **state)
{
	(void)state;
	assert_gives_up(NULL, INT64_MAX, 0, "no xenconsoled runs here");
	assert_gives_up("4711 (xenconsoled) Z 1", INT64_MAX, 0, "no xenconsoled runs here");
	assert_gives_up("4711 (xenconsoled) T 1", 0, INT64_MAX, "xenconsoled is stopped");
	assert_gives_up("4711 (xenconsoled) S 1", 0, INT64_MAX, "xenconsoled runs");
}

struct interest {
	unsigned calls;
	uint64_t total;
};

static int lose_interest(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	struct interest *interest = opaque;

	assert_string_equal(stage, "console");
	assert_true(done < total);
	interest->total = total;
	return ++interest->calls == 2;
}

static void whoever_waits_can_stop_that(void **state)
{
	(void)state;
	struct xen_console_wait wait = XEN_CONSOLE_WAIT_INIT;
	struct interest interest = {0};
	struct pvb_error error;
	int fd;

	introduce(7);
	fake_store_put(TTY, "");
	wait.alone_ms = wait.served_ms;
	wait.look_ms = 1;
	wait.progress = lose_interest;
	wait.progress_opaque = &interest;
	assert_fails_with(xen_console_open(7, &wait, &fake_patience, &fd, &error),
			  PVB_E_ARG_CANCELLED, &error);
	assert_int_equal(interest.calls, 2);
	assert_int_equal(interest.total, wait.served_ms);
	assert_int_equal(fake_store_connections(), 0);
}

/* ---- domains that come and end ---- */

static bool readable(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	return poll(&ready, 1, 0) == 1;
}

static void the_descriptor_tells_what_happened_since_the_last_call(void **state)
{
	(void)state;
	static const char *const events[] = {"@introduceDomain", "@releaseDomain"};
	struct xen_xs *watching = NULL;
	struct pvb_error error;
	int fd, again;

	fake_store_reset();
	assert_ok(xen_watch(&watching, &fake_patience, &fd, &error), &error);
	assert_false(readable(fd));
	for (size_t i = 0; i < 2; i++) {
		fake_store_fire(events[i]);
		assert_true(readable(fd));
		assert_true(readable(fd));
		fake_store_fire(events[i]);
		assert_ok(xen_watch(&watching, &fake_patience, &again, &error), &error);
		assert_int_equal(again, fd);
		assert_false(readable(fd));
	}
	xen_xs_close(watching);
}

static void a_watch_that_fails_is_told_and_can_be_tried_again(void **state)
{
	(void)state;
	struct xen_xs *watching = NULL;
	struct pvb_error error;
	int fd;

	fake_store_reset();
	for (unsigned nth = 1; nth <= 6; nth++) {
		fake_store_fail(nth, EIO);
		assert_fails_with(xen_watch(&watching, &fake_patience, &fd, &error),
				  PVB_E_HOST_STORE, &error);
		xen_xs_close(watching);
		watching = NULL;
		assert_int_equal(fake_store_connections(), 0);
	}
	assert_ok(xen_watch(&watching, &fake_patience, &fd, &error), &error);
	xen_xs_close(watching);
}

static void where_the_ring_is_the_store_says(void **state)
{
	(void)state;
	static const char path[] = "/local/domain/7/console/ring-ref";
	static const char *const wrong[] = {"", "x", "0x10", "-1"};
	struct pvb_error error;
	struct xen_xs *store;

	fake_store_reset();
	assert_ok(xen_store_open(&store, &fake_patience, &error), &error);
	assert_true(xen_console_ring(store, 7).n == PVB_NO_FRAME);
	assert_true(xen_xs_write(store, XBT_NULL, path, "4711", 4));
	assert_int_equal(xen_console_ring(store, 7).n, 4711);
	for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_true(
			xen_xs_write(store, XBT_NULL, path, wrong[i], (unsigned)strlen(wrong[i])));
		assert_true(xen_console_ring(store, 7).n == PVB_NO_FRAME);
	}
	xen_xs_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_console_is_a_raw_terminal),
		cmocka_unit_test(a_terminal_that_is_still_to_come_is_waited_for),
		cmocka_unit_test(a_domain_that_the_store_does_not_know_has_none),
		cmocka_unit_test(a_domain_that_ends_meanwhile_is_not_waited_for),
		cmocka_unit_test(what_is_no_pseudoterminal_is_not_opened),
		cmocka_unit_test(a_store_that_fails_is_told_of_the_console),
		cmocka_unit_test(the_descriptor_tells_what_happened_since_the_last_call),
		cmocka_unit_test(processes_are_told_apart),
		cmocka_unit_test(how_long_to_wait_is_a_matter_of_who_would_come),
		cmocka_unit_test(whoever_waits_can_stop_that),
		cmocka_unit_test(where_the_ring_is_the_store_says),
		cmocka_unit_test(a_watch_that_fails_is_told_and_can_be_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
