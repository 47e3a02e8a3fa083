/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is written of a domain, how it goes in, and how it goes again. */
#include "support/test.h"

#include <errno.h>
#include <pthread.h>

#include "fake-xenstore.h"
#include "host/xen/record.h"
#include "host/xen/store.h"

#define UUID "00010203-0405-0607-0809-0a0b0c0d0e0f"

/*
 * What "xenstore-ls -f -p" shows of a guest that xl 4.17 made, sorted and with its numbers
 * replaced; tests/lab compares the two on a real host.
 */
static const char expected[] =
	"/libxl = \"\"   (n0)\n"
	"/libxl/7 = \"\"   (n0)\n"
	"/libxl/7/device = \"\"   (n0)\n"
	"/libxl/7/device/console = \"\"   (n0)\n"
	"/libxl/7/device/console/0 = \"\"   (n0)\n"
	"/libxl/7/device/console/0/backend = \"/local/domain/0/backend/console/7/0\"   (n0)\n"
	"/libxl/7/device/console/0/frontend = \"/local/domain/7/console\"   (n0)\n"
	"/libxl/7/device/console/0/frontend-id = \"7\"   (n0)\n"
	"/libxl/7/device/console/0/online = \"1\"   (n0)\n"
	"/libxl/7/device/console/0/protocol = \"vt100\"   (n0)\n"
	"/libxl/7/device/console/0/state = \"1\"   (n0)\n"
	"/libxl/7/dm-version = \"qemu_xen\"   (n0)\n"
	"/libxl/7/type = \"pv\"   (n0)\n"
	"/local = \"\"   (n0)\n"
	"/local/domain = \"\"   (n0)\n"
	"/local/domain/0 = \"\"   (n0)\n"
	"/local/domain/0/backend = \"\"   (n0)\n"
	"/local/domain/0/backend/console = \"\"   (n0)\n"
	"/local/domain/0/backend/console/7 = \"\"   (n0)\n"
	"/local/domain/0/backend/console/7/0 = \"\"   (n0,r7)\n"
	"/local/domain/0/backend/console/7/0/frontend = \"/local/domain/7/console\"   (n0,r7)\n"
	"/local/domain/0/backend/console/7/0/frontend-id = \"7\"   (n0,r7)\n"
	"/local/domain/0/backend/console/7/0/online = \"1\"   (n0,r7)\n"
	"/local/domain/0/backend/console/7/0/protocol = \"vt100\"   (n0,r7)\n"
	"/local/domain/0/backend/console/7/0/state = \"1\"   (n0,r7)\n"
	"/local/domain/0/name = \"Domain-0\"   (n0)\n"
	"/local/domain/7 = \"\"   (n0,r7)\n"
	"/local/domain/7/attr = \"\"   (n7)\n"
	"/local/domain/7/console = \"\"   (n0,r7)\n"
	"/local/domain/7/console/backend = \"/local/domain/0/backend/console/7/0\"   (n0,r7)\n"
	"/local/domain/7/console/backend-id = \"0\"   (n7,r0)\n"
	"/local/domain/7/console/limit = \"1048576\"   (n0,r7)\n"
	"/local/domain/7/console/output = \"pty\"   (n0,r7)\n"
	"/local/domain/7/console/port = \"2\"   (n0,r7)\n"
	"/local/domain/7/console/ring-ref = \"4660\"   (n0,r7)\n"
	"/local/domain/7/console/tty = \"\"   (n0,r7)\n"
	"/local/domain/7/console/type = \"xenconsoled\"   (n0,r7)\n"
	"/local/domain/7/control = \"\"   (n0,r7)\n"
	"/local/domain/7/control/feature-poweroff = \"\"   (n7)\n"
	"/local/domain/7/control/feature-reboot = \"\"   (n7)\n"
	"/local/domain/7/control/feature-suspend = \"\"   (n7)\n"
	"/local/domain/7/control/platform-feature-multiprocessor-suspend = \"1\"   (n0,r7)\n"
	"/local/domain/7/control/platform-feature-xs_reset_watches = \"1\"   (n0,r7)\n"
	"/local/domain/7/control/shutdown = \"\"   (n7)\n"
	"/local/domain/7/control/sysrq = \"\"   (n7)\n"
	"/local/domain/7/cpu = \"\"   (n0,r7)\n"
	"/local/domain/7/cpu/0 = \"\"   (n0,r7)\n"
	"/local/domain/7/cpu/0/availability = \"online\"   (n0,r7)\n"
	"/local/domain/7/cpu/1 = \"\"   (n0,r7)\n"
	"/local/domain/7/cpu/1/availability = \"online\"   (n0,r7)\n"
	"/local/domain/7/data = \"\"   (n7)\n"
	"/local/domain/7/device = \"\"   (n0,r7)\n"
	"/local/domain/7/device/suspend = \"\"   (n0,r7)\n"
	"/local/domain/7/device/suspend/event-channel = \"\"   (n7)\n"
	"/local/domain/7/domid = \"7\"   (n0,r7)\n"
	"/local/domain/7/drivers = \"\"   (n7)\n"
	"/local/domain/7/error = \"\"   (n7)\n"
	"/local/domain/7/feature = \"\"   (n7)\n"
	"/local/domain/7/memory = \"\"   (n0,r7)\n"
	"/local/domain/7/memory/static-max = \"131072\"   (n0,r7)\n"
	"/local/domain/7/memory/target = \"131072\"   (n0,r7)\n"
	"/local/domain/7/memory/videoram = \"0\"   (n0,r7)\n"
	"/local/domain/7/name = \"guest\"   (n0,r7)\n"
	"/local/domain/7/store = \"\"   (n0,r7)\n"
	"/local/domain/7/store/port = \"1\"   (n0,r7)\n"
	"/local/domain/7/store/ring-ref = \"4661\"   (n0,r7)\n"
	"/local/domain/7/vm = \"/vm/" UUID "\"   (n0,r7)\n"
	"/vm = \"\"   (n0)\n"
	"/vm/" UUID " = \"\"   (n0,r7)\n"
	"/vm/" UUID "/image = \"\"   (n0,r7)\n"
	"/vm/" UUID "/image/cmdline = \"root=/dev/xvda\"   (n0,r7)\n"
	"/vm/" UUID "/image/kernel = \"/boot/vmlinuz\"   (n0,r7)\n"
	"/vm/" UUID "/image/ostype = \"linux\"   (n0,r7)\n"
	"/vm/" UUID "/image/ramdisk = \"/boot/initrd\"   (n0,r7)\n"
	"/vm/" UUID "/name = \"guest\"   (n0,r7)\n"
	"/vm/" UUID "/start_time = \"1700000000.25\"   (n0,r7)\n"
	"/vm/" UUID "/uuid = \"" UUID "\"   (n0,r7)\n";

static const struct pvb_host_introduction told = {
	.name = "guest",
	.memory = UINT64_C(128) << 20,
	.vcpus = 2,
	.online_vcpus = 2,
	.store_frame = {4661},
	.store_port = 1,
	.console_frame = {4660},
	.console_port = 2,
	.kernel = "/boot/vmlinuz",
	.ramdisk = "/boot/initrd",
	.command_line = "root=/dev/xvda",
};

static struct xen_domain_record record_of(const struct pvb_host_introduction *introduction)
{
	struct xen_domain_record record = {
		.domid = 7,
		.start = {.tv_sec = 1700000000, .tv_nsec = 259999999},
		.told = introduction,
	};

	for (uint8_t i = 0; i < 16; i++)
		record.uuid[i] = i;
	return record;
}

struct bench {
	struct xen_xs *store;
	struct pvb_error error;
	char *before;
};

static void bench_open(struct bench *bench)
{
	memset(bench, 0, sizeof *bench);
	fake_store_reset();
	assert_ok(xen_store_open(&bench->store, &fake_patience, &bench->error), &bench->error);
	bench->before = fake_store_print();
}

static void bench_close(struct bench *bench)
{
	xen_xs_close(bench->store);
	free(bench->before);
	assert_int_equal(fake_store_connections(), 0);
	assert_int_equal(fake_store_transactions(), 0);
}

/* Those live that the store has been told of, and domain 0. */
static bool lives(void *opaque, uint32_t domid)
{
	(void)opaque;
	return !domid || fake_store_introduced(domid, &(unsigned long){0}, &(unsigned){0});
}

static const struct xen_living living = {lives, NULL};

/* As between the creation of domains and their introduction. */
static bool always(void *opaque, uint32_t domid)
{
	(void)opaque;
	(void)domid;
	return true;
}

static const struct xen_living everybody = {always, NULL};

/* From when it has its handle until it is whole. */
static int introduce(struct xen_xs *store, const struct xen_domain_record *record,
		     struct pvb_error *error)
{
	int rc = xen_store_claim(store, record, &living, error);

	return rc ? rc : xen_store_introduce(store, record, error);
}

static void assert_store_is(const char *wanted)
{
	char *is = fake_store_print();

	assert_string_equal(is, wanted);
	free(is);
}

/* ---- in ---- */

static void a_domain_is_written_node_by_node_as_libxl_writes_it(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	struct bench bench;
	unsigned long frame = 0;
	unsigned port = 0;

	bench_open(&bench);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	assert_store_is(expected);
	assert_true(fake_store_introduced(7, &frame, &port));
	assert_int_equal(frame, 4661);
	assert_int_equal(port, 1);
	bench_close(&bench);
}

static void what_was_not_given_is_not_written(void **state)
{
	(void)state;
	struct pvb_host_introduction bare = told;
	struct xen_domain_record record = record_of(&bare);
	struct bench bench;

	bare.kernel = bare.ramdisk = NULL;
	bare.command_line = "";
	bench_open(&bench);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	assert_true(fake_store_has("/vm/" UUID "/image/ostype"));
	assert_false(fake_store_has("/vm/" UUID "/image/kernel"));
	assert_false(fake_store_has("/vm/" UUID "/image/ramdisk"));
	assert_false(fake_store_has("/vm/" UUID "/image/cmdline"));
	bench_close(&bench);
}

static void vcpus_beyond_those_that_are_online_are_offline(void **state)
{
	static const char *const words[] = {"online", "online", "offline", "offline"};
	struct pvb_host_introduction some = told;
	struct xen_domain_record record;
	struct bench bench;

	(void)state;
	bench_open(&bench);
	some.vcpus = 4;
	record = record_of(&some);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	char *is = fake_store_print();

	for (unsigned cpu = 0; cpu < 4; cpu++) {
		char line[80];

		(void)snprintf(line, sizeof line, "/local/domain/7/cpu/%u/availability = \"%s\" ",
			       cpu, words[cpu]);
		assert_non_null(strstr(is, line));
	}
	assert_null(strstr(is, "/cpu/4/"));
	free(is);
	bench_close(&bench);
}

static void a_console_elsewhere_belongs_to_its_backend(void **state)
{
	(void)state;
	struct pvb_host_introduction elsewhere = told;
	struct xen_domain_record record = record_of(&elsewhere);
	struct bench bench;

	elsewhere.console_domid = 3;
	bench_open(&bench);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	char *is = fake_store_print();
	assert_non_null(strstr(is, "/local/domain/3/backend/console/7/0 = \"\"   (n3,r7)\n"));
	assert_non_null(strstr(is, "/local/domain/7/console/tty = \"\"   (n3,r7)\n"));
	assert_non_null(strstr(is, "/local/domain/7/console/backend-id = \"3\"   (n7,r3)\n"));
	free(is);
	bench_close(&bench);
}

/* An unclean end of an earlier domain with this number. */
static void what_an_earlier_domain_left_goes(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	struct bench bench;

	bench_open(&bench);
	fake_store_put("/local/domain/7/device/vbd/51712/state", "4");
	fake_store_put("/libxl/7/device/vbd/51712/backend", "/local/domain/0/backend/vbd/7/51712");
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	assert_store_is(expected);
	bench_close(&bench);
}

static void a_commit_that_somebody_was_in_the_way_of_is_tried_again(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	struct bench bench;

	bench_open(&bench);
	fake_store_conflicts(3);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	assert_store_is(expected);
	fake_store_conflicts(UINT32_MAX);
	assert_fails_with(xen_store_remove(bench.store, 7, record.uuid, &bench.error),
			  PVB_E_HOST_STORE, &bench.error);
	assert_store_is(expected);
	bench_close(&bench);
}

static unsigned calls_to_introduce(struct bench *bench, const struct xen_domain_record *record)
{
	unsigned before = fake_store_calls();

	assert_ok(introduce(bench->store, record, &bench->error), &bench->error);
	return fake_store_calls() - before;
}

/*
 * Each is a round trip to another process. No call writes two nodes, of which 51 have none below
 * them.
 */
static void a_domain_is_introduced_in_few_round_trips(void **state)
{
	(void)state;
	struct pvb_host_introduction larger = told;
	struct xen_domain_record record = record_of(&told);
	struct bench bench;

	bench_open(&bench);
	unsigned calls = calls_to_introduce(&bench, &record);
	assert_in_range(calls, 51, 74);
	bench_close(&bench);

	bench_open(&bench);
	larger.vcpus += 3;
	record = record_of(&larger);
	assert_int_equal(calls_to_introduce(&bench, &record), calls + 3);
	bench_close(&bench);

	/* Another domain costs a look at its name. */
	bench_open(&bench);
	fake_store_put("/local/domain/6/name", "other");
	record = record_of(&told);
	assert_int_equal(calls_to_introduce(&bench, &record), calls + 1);
	bench_close(&bench);

	/* Somebody in the way costs a part of it again, and not all. */
	bench_open(&bench);
	fake_store_conflicts(1);
	assert_in_range(calls_to_introduce(&bench, &record), calls + 1, calls + calls / 2);
	bench_close(&bench);
}

static void whatever_call_fails_nothing_stays(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	struct bench bench;

	bench_open(&bench);
	unsigned calls = calls_to_introduce(&bench, &record);
	bench_close(&bench);

	for (unsigned nth = 1; nth <= calls; nth++) {
		unsigned long frame;
		unsigned port;

		bench_open(&bench);
		fake_store_fail(nth, EIO);
		assert_fails_with(introduce(bench.store, &record, &bench.error), PVB_E_HOST_STORE,
				  &bench.error);
		assert_string_equal(bench.error.context, "");
		assert_store_is(bench.before);
		assert_false(fake_store_introduced(7, &frame, &port));
		bench_close(&bench);
	}
}

/* As where the process is killed at that call: what it wrote is found by who clears up behind it.
 */
static void what_cannot_be_undone_is_told_beside_the_cause_and_can_be_removed_later(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	struct bench bench;

	bench_open(&bench);
	unsigned before = fake_store_calls();
	assert_ok(xen_store_claim(bench.store, &record, &living, &bench.error), &bench.error);
	unsigned claiming = fake_store_calls() - before;
	assert_ok(xen_store_introduce(bench.store, &record, &bench.error), &bench.error);
	unsigned calls = fake_store_calls() - before;
	bench_close(&bench);

	for (unsigned nth = 1; nth <= calls; nth++) {
		bench_open(&bench);
		fake_store_break(nth, EIO);
		assert_fails_with(introduce(bench.store, &record, &bench.error), PVB_E_HOST_STORE,
				  &bench.error);
		/* A name is taken whole or not at all. */
		if (nth <= claiming)
			assert_store_is(bench.before);
		else
			assert_non_null(strstr(bench.error.context, "could not be removed"));
		fake_store_fail(0, 0);
		assert_ok(xen_store_remove(bench.store, 7, record.uuid, &bench.error),
			  &bench.error);
		assert_store_is(bench.before);
		bench_close(&bench);
	}
}

/* A request without an answer ends the connection: nothing more is asked over it. */
static void a_silent_store_is_told_by_name_at_each_call(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	struct bench bench;

	bench_open(&bench);
	unsigned calls = calls_to_introduce(&bench, &record);
	bench_close(&bench);

	for (unsigned nth = 1; nth <= calls; nth++) {
		bench_open(&bench);
		unsigned before = fake_store_calls();
		fake_store_silence(nth);
		assert_fails_with(introduce(bench.store, &record, &bench.error), PVB_E_HOST_SILENT,
				  &bench.error);
		assert_non_null(strstr(bench.error.message, "15 s"));
		assert_non_null(strstr(bench.error.hint, "PVBUILD_PATIENCE"));
		assert_int_equal(fake_store_calls() - before, nth);
		assert_int_equal(fake_store_transactions(), 0);
		assert_fails_with(xen_store_remove(bench.store, 7, record.uuid, &bench.error),
				  PVB_E_HOST_SILENT, &bench.error);

		fake_store_silence(0);
		xen_xs_close(bench.store);
		assert_ok(xen_store_open(&bench.store, &fake_patience, &bench.error), &bench.error);
		assert_ok(xen_store_remove(bench.store, 7, record.uuid, &bench.error),
			  &bench.error);
		assert_store_is(bench.before);
		bench_close(&bench);
	}
}

static void who_may_not_write_is_told_who_may(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	struct bench bench;

	bench_open(&bench);
	fake_store_fail(7, EACCES);
	assert_fails_with(introduce(bench.store, &record, &bench.error), PVB_E_HOST_STORE,
			  &bench.error);
	assert_non_null(strstr(bench.error.message, "/local/domain/7"));
	assert_non_null(strstr(bench.error.hint, "toolstack's domain"));
	bench_close(&bench);
}

static void a_store_that_does_not_run_is_told(void **state)
{
	(void)state;
	struct pvb_error error;
	struct xen_xs *store;

	fake_store_reset();
	fake_store_stop(true);
	assert_fails_with(xen_store_open(&store, &fake_patience, &error), PVB_E_HOST_STORE, &error);
	assert_non_null(strstr(error.hint, "xenstored"));
}

/* ---- out ---- */

static void a_domain_goes_without_a_trace(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	struct bench bench;

	bench_open(&bench);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	fake_store_put("/local/domain/7/data/updated", "by the guest");
	fake_store_put("/local/domain/7/console/tty", "/dev/pts/3");
	fake_store_conflicts(2);
	assert_ok(xen_store_remove(bench.store, 7, record.uuid, &bench.error), &bench.error);
	assert_store_is(bench.before);
	assert_ok(xen_store_remove(bench.store, 7, record.uuid, &bench.error), &bench.error);
	assert_store_is(bench.before);
	bench_close(&bench);
}

/* As a console daemon does that was about to: it wrote where the terminal is of a domain that went.
 */
static void what_is_written_of_a_domain_that_went_goes_too(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	struct bench bench;

	bench_open(&bench);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	assert_ok(xen_store_remove(bench.store, 7, record.uuid, &bench.error), &bench.error);
	fake_store_put("/local/domain/7/console/tty", "/dev/pts/3");
	fake_store_conflicts(2);
	assert_ok(xen_store_remove_late(bench.store, 7, &bench.error), &bench.error);
	assert_store_is(bench.before);
	assert_ok(xen_store_remove_late(bench.store, 7, &bench.error), &bench.error);
	assert_store_is(bench.before);

	/* A next domain of that number is another one. */
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	assert_ok(xen_store_remove_late(bench.store, 7, &bench.error), &bench.error);
	assert_store_is(expected);
	bench_close(&bench);
}

static void another_domain_is_left_alone(void **state)
{
	(void)state;
	struct pvb_host_introduction named_otherwise = told;
	struct xen_domain_record record = record_of(&told), other = record;
	struct bench bench;

	named_otherwise.name = "other";
	bench_open(&bench);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	char *alone = fake_store_print();
	other.domid = 70;
	other.uuid[0] = 1;
	other.told = &named_otherwise;
	assert_ok(introduce(bench.store, &other, &bench.error), &bench.error);
	assert_ok(xen_store_remove(bench.store, 70, other.uuid, &bench.error), &bench.error);
	assert_store_is(alone);
	assert_ok(introduce(bench.store, &other, &bench.error), &bench.error);
	assert_ok(xen_store_remove(bench.store, 7, record.uuid, &bench.error), &bench.error);
	assert_true(fake_store_has("/local/domain/70/console/tty"));
	assert_true(fake_store_has("/local/domain/0/backend/console/70/0/state"));
	assert_false(fake_store_has("/local/domain/0/backend/console/7"));
	free(alone);
	bench_close(&bench);
}

/* The number went to another domain while its first owner's nodes were to be removed. */
static void nodes_of_another_domain_of_the_same_number_are_left_alone(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	uint8_t gone[16] = {0xff};
	struct bench bench;

	bench_open(&bench);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	assert_ok(xen_store_remove(bench.store, 7, gone, &bench.error), &bench.error);
	assert_store_is(expected);
	bench_close(&bench);
}

/* libxl does not mind two domains of one UUID. */
static void a_record_that_another_domain_refers_to_stays(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	struct bench bench;

	bench_open(&bench);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	fake_store_put("/local/domain/8/vm", "/vm/" UUID);
	assert_ok(xen_store_remove(bench.store, 7, record.uuid, &bench.error), &bench.error);
	assert_false(fake_store_has("/local/domain/7"));
	assert_true(fake_store_has("/vm/" UUID "/start_time"));
	assert_ok(xen_store_remove(bench.store, 8, record.uuid, &bench.error), &bench.error);
	assert_store_is(bench.before);
	bench_close(&bench);
}

/* Nodes that say where others are are believed only as far as these may be. */
static void a_path_that_leads_astray_is_not_followed(void **state)
{
	(void)state;
	static const char *const astray[] = {"/vm", "/vm/", "/local/domain/0", "/vm/a/b", ""};
	struct xen_domain_record record = record_of(&told);
	struct bench bench;

	bench_open(&bench);
	fake_store_put("/vm/a/b", "stays");
	for (size_t i = 0; i < sizeof astray / sizeof astray[0]; i++) {
		fake_store_put("/local/domain/7/vm", astray[i]);
		fake_store_put("/libxl/7/device/console/0/backend", "/local/domain/0");
		assert_ok(xen_store_remove(bench.store, 7, record.uuid, &bench.error),
			  &bench.error);
		assert_false(fake_store_has("/local/domain/7"));
		assert_true(fake_store_has("/vm/a/b"));
		assert_true(fake_store_has("/local/domain/0/name"));
	}
	bench_close(&bench);
}

static void a_removal_that_fails_removes_nothing(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	struct bench bench;

	bench_open(&bench);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	unsigned before = fake_store_calls();
	char *whole = fake_store_print();
	assert_ok(xen_store_remove(bench.store, 7, record.uuid, &bench.error), &bench.error);
	unsigned calls = fake_store_calls() - before;
	bench_close(&bench);

	for (unsigned nth = 1; nth <= calls; nth++) {
		bench_open(&bench);
		assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
		fake_store_fail(nth, EIO);
		assert_fails_with(xen_store_remove(bench.store, 7, record.uuid, &bench.error),
				  PVB_E_HOST_STORE, &bench.error);
		assert_store_is(whole);
		bench_close(&bench);
	}
	assert_true(calls > 10);
	free(whole);
}

/*
 * xenstored says EINVAL of a node whose folder another one's transaction has removed meanwhile; the
 * commit is a conflict then, and the second time all is well. Of other calls it is a failure.
 */
static void two_may_remove_a_domain_at_once(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	unsigned again = 0, calls = 0;
	struct bench bench;

	/* The first time nothing fails, and the calls are counted. */
	for (unsigned nth = 0; nth <= calls; nth++) {
		bench_open(&bench);
		assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
		unsigned before = fake_store_calls();

		if (nth) {
			fake_store_fail(nth, EINVAL);
			fake_store_conflicts(1);
		}
		if (xen_store_remove(bench.store, 7, record.uuid, &bench.error) == 0) {
			assert_false(fake_store_has("/local/domain/7"));
			assert_false(fake_store_has("/libxl/7"));
			assert_false(fake_store_has("/local/domain/0/backend"));
			again += nth != 0;
		} else {
			assert_int_equal(bench.error.code, PVB_E_HOST_STORE);
			assert_true(nth && fake_store_has("/local/domain/7"));
		}
		if (!nth)
			calls = fake_store_calls() - before;
		bench_close(&bench);
	}
	/* The domain, its console's backend and the folders around that, /vm, /libxl. */
	assert_true(again > 5);
}

static void a_domain_with_devices_is_left_to_who_gave_them(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	struct bench bench;

	bench_open(&bench);
	assert_ok(xen_store_check_plain(bench.store, 7, &bench.error), &bench.error);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	assert_ok(xen_store_check_plain(bench.store, 7, &bench.error), &bench.error);
	fake_store_put("/libxl/7/device/vbd/51712/backend", "/local/domain/0/backend/vbd/7/51712");
	fake_store_put("/libxl/7/device/vif/0/backend", "/local/domain/0/backend/vif/7/0");
	assert_fails_with(xen_store_check_plain(bench.store, 7, &bench.error), PVB_E_HOST_STATE,
			  &bench.error);
	assert_non_null(strstr(bench.error.message, "vbd, vif"));
	assert_non_null(strstr(bench.error.hint, "xl destroy 7"));
	bench_close(&bench);
}

/* ---- names ---- */

static void a_name_that_a_live_domain_has_is_refused(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told), second = record;
	struct bench bench;

	bench_open(&bench);
	second.domid = 8;
	second.uuid[0] = 1;
	fake_store_put("/local/domain/6/name", "guest"); /* which is no domain any more */
	char *before = fake_store_print();
	assert_ok(xen_store_check_name(bench.store, XBT_NULL, "guest", 7, &living, &bench.error),
		  &bench.error);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	assert_fails_with(introduce(bench.store, &second, &bench.error), PVB_E_ARG_NAME,
			  &bench.error);
	assert_non_null(strstr(bench.error.message, "already, number 7"));
	assert_false(fake_store_has("/local/domain/8"));
	assert_ok(xen_store_check_name(bench.store, XBT_NULL, "guest", 7, &living, &bench.error),
		  &bench.error);
	assert_true(xen_xs_release_domain(bench.store, 7));
	assert_ok(xen_store_remove(bench.store, 7, record.uuid, &bench.error), &bench.error);
	assert_store_is(before);
	free(before);
	bench_close(&bench);
}

/* As libxl has it while it builds: the domain is not introduced yet. */
static void a_name_belongs_to_whoever_has_the_domain(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told), second = record;
	struct bench bench;

	bench_open(&bench);
	second.domid = 8;
	second.uuid[0] = 1;
	assert_ok(xen_store_claim(bench.store, &record, &everybody, &bench.error), &bench.error);
	assert_fails_with(xen_store_claim(bench.store, &second, &everybody, &bench.error),
			  PVB_E_ARG_NAME, &bench.error);
	assert_ok(xen_store_remove(bench.store, 7, record.uuid, &bench.error), &bench.error);
	assert_store_is(bench.before);
	bench_close(&bench);
}

/* ---- UUIDs ---- */

static void a_uuid_that_a_live_domain_has_is_refused(void **state)
{
	(void)state;
	struct pvb_host_introduction named_otherwise = told;
	struct xen_domain_record record = record_of(&told), second = record;
	struct bench bench;

	named_otherwise.name = "other";
	bench_open(&bench);
	second.domid = 8;
	second.told = &named_otherwise;
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	assert_fails_with(introduce(bench.store, &second, &bench.error), PVB_E_ARG_INVALID,
			  &bench.error);
	assert_non_null(strstr(bench.error.message, "domain 7 has the UUID " UUID));
	assert_store_is(expected);
	bench_close(&bench);
}

/* Its guard may still be about to clear it away, and must not take the next one's record along. */
static void a_dead_domains_uuid_is_taken_over(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told), second = record;
	struct bench bench;

	bench_open(&bench);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	assert_true(xen_xs_release_domain(bench.store, 7));
	second.domid = 8;
	assert_ok(introduce(bench.store, &second, &bench.error), &bench.error);
	assert_ok(xen_store_remove(bench.store, 7, record.uuid, &bench.error), &bench.error);
	assert_false(fake_store_has("/local/domain/7"));
	assert_false(fake_store_has("/libxl/7"));
	assert_true(fake_store_has("/local/domain/8/name"));
	assert_true(fake_store_has("/vm/" UUID "/start_time"));
	assert_ok(xen_store_remove(bench.store, 8, second.uuid, &bench.error), &bench.error);
	assert_store_is(bench.before);
	bench_close(&bench);
}

/* ---- several at once ---- */

#define AT_ONCE 3
#define ROUNDS 60

struct contender {
	pthread_barrier_t *start;
	struct xen_domain_record record;
	struct pvb_error error;
	int rc;
};

static void *contend(void *opaque)
{
	struct contender *own = opaque;
	struct xen_xs *store;

	own->rc = xen_store_open(&store, &fake_patience, &own->error);
	(void)pthread_barrier_wait(own->start);
	if (own->rc == 0)
		own->rc = xen_store_claim(store, &own->record, &everybody, &own->error);
	xen_xs_close(store);
	return NULL;
}

/* Returns how many got what they all want; the others are told so, by this code. */
static unsigned contend_at_once(const struct xen_domain_record records[AT_ONCE], enum pvb_code code)
{
	struct contender contenders[AT_ONCE];
	pthread_t threads[AT_ONCE];
	pthread_barrier_t start;
	unsigned winners = 0;

	assert_int_equal(pthread_barrier_init(&start, NULL, AT_ONCE), 0);
	for (size_t i = 0; i < AT_ONCE; i++) {
		contenders[i] = (struct contender){.start = &start, .record = records[i]};
		assert_int_equal(pthread_create(&threads[i], NULL, contend, &contenders[i]), 0);
	}
	for (size_t i = 0; i < AT_ONCE; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		if (contenders[i].rc == 0)
			winners++;
		else
			assert_int_equal(contenders[i].rc, -(int)code);
	}
	assert_int_equal(pthread_barrier_destroy(&start), 0);
	return winners;
}

static void of_several_at_once_exactly_one_gets_a_name_or_a_uuid(void **state)
{
	(void)state;
	struct pvb_host_introduction names[AT_ONCE] = {told, told, told};
	struct xen_domain_record records[AT_ONCE];
	struct bench bench;

	names[1].name = "second";
	names[2].name = "third";
	for (unsigned round = 0; round < ROUNDS; round++) {
		bool of_name = round % 2;

		for (unsigned i = 0; i < AT_ONCE; i++) {
			records[i] = record_of(of_name ? &told : &names[i]);
			records[i].domid = 7 + i;
			records[i].uuid[0] = of_name ? (uint8_t)i : 0;
		}
		bench_open(&bench);
		assert_int_equal(
			contend_at_once(records, of_name ? PVB_E_ARG_NAME : PVB_E_ARG_INVALID), 1);
		bench_close(&bench);
	}
}

static void a_name_is_read_and_cut_where_there_is_no_room(void **state)
{
	(void)state;
	char name[PVB_HOST_NAME_MAX], longer[150];
	struct bench bench;

	bench_open(&bench);
	xen_store_name(bench.store, 0, name);
	assert_string_equal(name, "Domain-0");
	xen_store_name(bench.store, 7, name);
	assert_string_equal(name, "");
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	fake_store_put("/local/domain/7/name", longer);
	xen_store_name(bench.store, 7, name);
	assert_int_equal(strlen(name), PVB_HOST_NAME_MAX - 1);
	bench_close(&bench);
}

/* ---- the record ---- */

static const struct pvb_host_record whole = {
	.known = true,
	.guest_abi = true,
	.pte_bits = true,
	.address_bits = 40,
	.granule_shift = 12,
	.pte_kernel_bit = 52,
	.pte_grant_bit = 255,
	.pte_flags = 1,
	.p2m_levels = 4,
};

static void a_record_is_the_toolstacks_alone_and_goes_with_its_domain(void **state)
{
	(void)state;
	struct xen_domain_record record = record_of(&told);
	struct pvb_host_record read;
	struct bench bench;

	bench_open(&bench);
	assert_ok(xen_record_read(bench.store, 7, &read, &bench.error), &bench.error);
	assert_false(read.known || read.address_bits || read.guest_abi || read.pte_bits);
	assert_ok(introduce(bench.store, &record, &bench.error), &bench.error);
	assert_ok(xen_record_write(bench.store, 7, &whole, &bench.error), &bench.error);

	char *is = fake_store_print();
	assert_non_null(strstr(is, "/local/domain/7/pvbuild = \"\"   (n0)\n"
				   "/local/domain/7/pvbuild/address-bits = \"40\"   (n0)\n"
				   "/local/domain/7/pvbuild/granule-shift = \"12\"   (n0)\n"
				   "/local/domain/7/pvbuild/guest-abi = \"1\"   (n0)\n"
				   "/local/domain/7/pvbuild/p2m-levels = \"4\"   (n0)\n"
				   "/local/domain/7/pvbuild/pte-flags = \"1\"   (n0)\n"
				   "/local/domain/7/pvbuild/pte-grant-bit = \"255\"   (n0)\n"
				   "/local/domain/7/pvbuild/pte-kernel-bit = \"52\"   (n0)\n"));
	free(is);
	assert_ok(xen_record_read(bench.store, 7, &read, &bench.error), &bench.error);
	assert_memory_equal(&read, &whole, sizeof read);
	assert_ok(xen_record_read(bench.store, 8, &read, &bench.error), &bench.error);
	assert_false(read.known);
	assert_ok(xen_store_remove(bench.store, 7, record.uuid, &bench.error), &bench.error);
	assert_store_is(bench.before);
	bench_close(&bench);
}

/* As it is once the domain has been introduced. */
static void bench_open_introduced(struct bench *bench)
{
	bench_open(bench);
	fake_store_put("/local/domain/7/vm", "/vm/some-uuid");
	free(bench->before);
	bench->before = fake_store_print();
}

static void what_was_not_settled_is_not_in_the_record(void **state)
{
	(void)state;
	struct pvb_host_record narrow = {.known = true, .address_bits = 46, .granule_shift = 12};
	struct pvb_host_record read;
	struct bench bench;

	bench_open_introduced(&bench);
	assert_ok(xen_record_write(bench.store, 7, &narrow, &bench.error), &bench.error);
	assert_false(fake_store_has("/local/domain/7/pvbuild/pte-flags"));
	assert_ok(xen_record_read(bench.store, 7, &read, &bench.error), &bench.error);
	assert_memory_equal(&read, &narrow, sizeof read);
	bench_close(&bench);
}

static void what_is_no_record_is_not_taken_for_one(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "x", "-1", "256", "40 ", "99999999999999999999"};
	struct pvb_host_record read;
	struct bench bench;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		bench_open(&bench);
		fake_store_put("/local/domain/7/pvbuild/address-bits", wrong[i]);
		assert_fails_with(xen_record_read(bench.store, 7, &read, &bench.error),
				  PVB_E_HOST_STORE, &bench.error);
		assert_non_null(strstr(bench.error.message, "pvbuild/address-bits"));
		bench_close(&bench);
	}
	bench_open(&bench);
	fake_store_put("/local/domain/7/pvbuild/guest-abi", "2");
	assert_fails_with(xen_record_read(bench.store, 7, &read, &bench.error), PVB_E_HOST_STORE,
			  &bench.error);
	bench_close(&bench);
	bench_open(&bench);
	fake_store_put("/local/domain/7/pvbuild/p2m-levels", "6");
	assert_fails_with(xen_record_read(bench.store, 7, &read, &bench.error), PVB_E_HOST_STORE,
			  &bench.error);
	bench_close(&bench);
}

static void a_record_is_whole_or_not_there(void **state)
{
	(void)state;
	struct pvb_host_record read;
	struct bench bench;

	bench_open_introduced(&bench);
	unsigned before = fake_store_calls();
	assert_ok(xen_record_write(bench.store, 7, &whole, &bench.error), &bench.error);
	unsigned writes = fake_store_calls() - before;
	before = fake_store_calls();
	assert_ok(xen_record_read(bench.store, 7, &read, &bench.error), &bench.error);
	unsigned reads = fake_store_calls() - before;
	bench_close(&bench);

	for (unsigned nth = 1; nth <= writes; nth++) {
		bench_open_introduced(&bench);
		fake_store_fail(nth, EIO);
		assert_fails_with(xen_record_write(bench.store, 7, &whole, &bench.error),
				  PVB_E_HOST_STORE, &bench.error);
		assert_store_is(bench.before);
		bench_close(&bench);
	}
	for (unsigned nth = 1; nth <= reads; nth++) {
		bench_open_introduced(&bench);
		assert_ok(xen_record_write(bench.store, 7, &whole, &bench.error), &bench.error);
		fake_store_fail(nth, EIO);
		assert_fails_with(xen_record_read(bench.store, 7, &read, &bench.error),
				  PVB_E_HOST_STORE, &bench.error);
		bench_close(&bench);
	}
}

static void a_domain_that_is_gone_gets_no_record(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench);
	assert_fails_with(xen_record_write(bench.store, 7, &whole, &bench.error),
			  PVB_E_HOST_NO_DOMAIN, &bench.error);
	assert_store_is(bench.before);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_is_written_node_by_node_as_libxl_writes_it),
		cmocka_unit_test(what_was_not_given_is_not_written),
		cmocka_unit_test(vcpus_beyond_those_that_are_online_are_offline),
		cmocka_unit_test(a_console_elsewhere_belongs_to_its_backend),
		cmocka_unit_test(what_an_earlier_domain_left_goes),
		cmocka_unit_test(a_commit_that_somebody_was_in_the_way_of_is_tried_again),
		cmocka_unit_test(a_domain_is_introduced_in_few_round_trips),
		cmocka_unit_test(whatever_call_fails_nothing_stays),
		cmocka_unit_test(
			what_cannot_be_undone_is_told_beside_the_cause_and_can_be_removed_later),
		cmocka_unit_test(a_silent_store_is_told_by_name_at_each_call),
		cmocka_unit_test(who_may_not_write_is_told_who_may),
		cmocka_unit_test(a_store_that_does_not_run_is_told),
		cmocka_unit_test(a_domain_goes_without_a_trace),
		cmocka_unit_test(what_is_written_of_a_domain_that_went_goes_too),
		cmocka_unit_test(another_domain_is_left_alone),
		cmocka_unit_test(nodes_of_another_domain_of_the_same_number_are_left_alone),
		cmocka_unit_test(a_record_that_another_domain_refers_to_stays),
		cmocka_unit_test(a_path_that_leads_astray_is_not_followed),
		cmocka_unit_test(a_removal_that_fails_removes_nothing),
		cmocka_unit_test(two_may_remove_a_domain_at_once),
		cmocka_unit_test(a_domain_with_devices_is_left_to_who_gave_them),
		cmocka_unit_test(a_name_that_a_live_domain_has_is_refused),
		cmocka_unit_test(a_name_belongs_to_whoever_has_the_domain),
		cmocka_unit_test(a_uuid_that_a_live_domain_has_is_refused),
		cmocka_unit_test(a_dead_domains_uuid_is_taken_over),
		cmocka_unit_test(of_several_at_once_exactly_one_gets_a_name_or_a_uuid),
		cmocka_unit_test(a_name_is_read_and_cut_where_there_is_no_room),
		cmocka_unit_test(a_record_is_the_toolstacks_alone_and_goes_with_its_domain),
		cmocka_unit_test(what_was_not_settled_is_not_in_the_record),
		cmocka_unit_test(what_is_no_record_is_not_taken_for_one),
		cmocka_unit_test(a_record_is_whole_or_not_there),
		cmocka_unit_test(a_domain_that_is_gone_gets_no_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
