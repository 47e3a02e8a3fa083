/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who waits for a domain's end, by the store and by proc(5). */
#include "support/test.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-xenstore.h"
#include "host/xen/monitor.h"
#include "host/xen/process.h"
#include "host/xen/store.h"

#define NODE "/local/domain/7/pvbuild/monitor"
#define PROC "/proc"

static struct xen_xs *open_store(void)
{
	struct xen_xs *store;
	struct pvb_error error;

	fake_store_reset();
	assert_ok(xen_store_open(&store, &fake_patience, &error), &error);
	fake_store_put("/local/domain/7/vm", "/vm/x");
	return store;
}

static struct pvb_host_monitor read_of(struct xen_xs *store)
{
	struct pvb_host_monitor monitor;
	struct pvb_error error;

	assert_ok(xen_monitor_read(store, PROC, 7, &monitor, &error), &error);
	return monitor;
}

static void a_monitor_is_there_until_it_ends(void **state)
{
	(void)state;
	struct xen_xs *store = open_store();
	struct pvb_error error;
	int status;

	assert_int_equal(read_of(store).pid, 0);
	assert_ok(xen_monitor_write(store, PROC, 7, (uint32_t)getpid(), &error), &error);
	assert_int_equal(read_of(store).pid, getpid());
	assert_false(read_of(store).gone);

	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		(void)pause();
		_exit(0);
	}
	assert_ok(xen_monitor_write(store, PROC, 7, (uint32_t)child, &error), &error);
	assert_int_equal(read_of(store).pid, child);
	assert_false(read_of(store).gone);
	assert_int_equal(kill(child, SIGKILL), 0);
	/* A zombie does nothing any more. */
	siginfo_t info;

	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_true(read_of(store).gone);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(read_of(store).gone);
	xen_xs_close(store);
}

static void another_process_of_its_number_is_not_the_monitor(void **state)
{
	(void)state;
	struct xen_xs *store = open_store();
	char value[48];
	uint64_t started;

	assert_int_equal(xen_process_look(PROC, (uint32_t)getpid(), &started), XEN_PROCESS_RUNS);
	assert_true(started > 0);
	(void)snprintf(value, sizeof value, "%d %llu", getpid(), (unsigned long long)started);
	fake_store_put(NODE, value);
	assert_false(read_of(store).gone);
	(void)snprintf(value, sizeof value, "%d %llu", getpid(), (unsigned long long)started - 1);
	fake_store_put(NODE, value);
	assert_int_equal(read_of(store).pid, getpid());
	assert_true(read_of(store).gone);
	xen_xs_close(store);
}

static void one_that_leaves_on_purpose_leaves_no_note(void **state)
{
	(void)state;
	struct xen_xs *store = open_store();
	struct pvb_error error;

	assert_ok(xen_monitor_write(store, PROC, 7, (uint32_t)getpid(), &error), &error);
	for (unsigned i = 0; i < 2; i++) {
		assert_ok(xen_monitor_write(store, PROC, 7, 0, &error), &error);
		assert_false(fake_store_has(NODE));
		assert_int_equal(read_of(store).pid, 0);
	}
	xen_xs_close(store);
}

static void what_the_guest_may_read_it_is_not(void **state)
{
	(void)state;
	struct xen_xs *store = open_store();
	struct pvb_error error;

	assert_ok(xen_monitor_write(store, PROC, 7, (uint32_t)getpid(), &error), &error);
	char *all = fake_store_print();
	const char *line = strstr(all, NODE " = ");

	assert_non_null(line);
	assert_memory_equal(strchr(line, '(') + 1, "n0)", 3);
	free(all);
	xen_xs_close(store);
}

static void a_domain_that_went_away_gets_no_note(void **state)
{
	(void)state;
	struct xen_xs *store;
	struct pvb_error error;

	fake_store_reset();
	assert_ok(xen_store_open(&store, &fake_patience, &error), &error);
	assert_fails_with(xen_monitor_write(store, PROC, 7, 4711, &error), PVB_E_HOST_NO_DOMAIN,
			  &error);
	assert_false(fake_store_has(NODE));
	xen_xs_close(store);
}

static void what_no_monitor_writes_is_an_error(void **state)
{
	(void)state;
	static const char *const wrong[] = {"",     "x",    "12",    "12x 3",        "0 12",
					    "-1 2", "12 x", " 12 x", "99999999999 1"};
	struct xen_xs *store = open_store();
	struct pvb_host_monitor monitor;
	struct pvb_error error;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		fake_store_put(NODE, wrong[i]);
		assert_fails_with(xen_monitor_read(store, PROC, 7, &monitor, &error),
				  PVB_E_HOST_STORE, &error);
		assert_int_equal(monitor.pid, 0);
	}
	xen_xs_close(store);
}

static void a_store_that_fails_is_told_of(void **state)
{
	(void)state;
	struct xen_xs *store = open_store();
	struct pvb_host_monitor monitor;
	struct pvb_error error;

	for (unsigned nth = 1; nth <= 4; nth++) {
		fake_store_fail(nth, EIO);
		assert_fails_with(xen_monitor_write(store, PROC, 7, 4711, &error), PVB_E_HOST_STORE,
				  &error);
	}
	fake_store_fail(1, EIO);
	assert_fails_with(xen_monitor_read(store, PROC, 7, &monitor, &error), PVB_E_HOST_STORE,
			  &error);
	assert_int_equal(fake_store_transactions(), 0);
	xen_xs_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_monitor_is_there_until_it_ends),
		cmocka_unit_test(another_process_of_its_number_is_not_the_monitor),
		cmocka_unit_test(one_that_leaves_on_purpose_leaves_no_note),
		cmocka_unit_test(what_the_guest_may_read_it_is_not),
		cmocka_unit_test(a_domain_that_went_away_gets_no_note),
		cmocka_unit_test(what_no_monitor_writes_is_an_error),
		cmocka_unit_test(a_store_that_fails_is_told_of),
	};

	return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
