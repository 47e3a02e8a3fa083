/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of a domain that has ended: pauses before it is built anew, and logs of all that. */
#include "support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "fault.h"
#include "host/host.h"
#include "logfile.h"
#include "ward.h"

/* ---- pauses ---- */

static void pauses_grow_while_guests_end_soon(void **state)
{
	(void)state;
	static const unsigned expected[] = {2, 4, 8, 16, 32, 60, 60};
	struct restarts restarts = RESTARTS_INIT;

	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
			assert_int_equal(restarts_pause(&restarts, i * 1000), expected[i]);
		/* One that has run for long has begun anew: as xl, and no more. */
		assert_int_equal(restarts_pause(&restarts, 60000), 2);
	}
	restarts.quick = UINT32_MAX;
	assert_int_equal(restarts_pause(&restarts, 0), 60);
	assert_int_equal(restarts_pause(&restarts, UINT64_MAX), 2);
	assert_int_equal(restarts.quick, 0);
}

/* ---- a host of one domain ---- */

struct one_domain {
	struct pvb_host host;
	struct pvb_host_domain domain;
	int news[2];
	unsigned looks;
	unsigned gone_after; /* looks; 0 for never */
	unsigned destroyed;
	bool destroy_is_late;
	uint32_t monitor;
};

static struct one_domain *one_of(struct pvb_host *host)
{
	return (struct one_domain *)(void *)host;
}

static int get_domain(struct pvb_host *host, uint32_t domid, struct pvb_host_domain *domain,
		      struct pvb_error *error)
{
	struct one_domain *one = one_of(host);

	if (domid != one->domain.domid || one->destroyed ||
	    (one->gone_after && ++one->looks > one->gone_after))
		return pvb_fail(error, PVB_E_HOST_NO_DOMAIN, "test", "gone");
	*domain = one->domain;
	return 0;
}

static int destroy_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	(void)domid;
	if (one_of(host)->destroy_is_late)
		return pvb_fail(error, PVB_E_HOST_NO_DOMAIN, "test", "gone");
	one_of(host)->destroyed++;
	return 0;
}

static int watch_domains(struct pvb_host *host, int *fd, struct pvb_error *error)
{
	char byte;

	(void)error;
	*fd = one_of(host)->news[0];
	(void)!read(*fd, &byte, 1);
	return 0;
}

static int get_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		    struct pvb_host_vcpu *registers, struct pvb_error *error)
{
	(void)host;
	(void)domid;
	(void)error;
	*registers = (struct pvb_host_vcpu){.flags = 1u << 5, .rip = 0x1234 + vcpu};
	return 0;
}

static int set_monitor(struct pvb_host *host, uint32_t domid, uint32_t pid, struct pvb_error *error)
{
	(void)domid;
	(void)error;
	one_of(host)->monitor = pid;
	return 0;
}

static int get_monitor(struct pvb_host *host, uint32_t domid, struct pvb_host_monitor *monitor,
		       struct pvb_error *error)
{
	(void)domid;
	(void)error;
	monitor->pid = one_of(host)->monitor;
	return 0;
}

static const struct pvb_host_ops ops = {
	.get_monitor = get_monitor,
	.set_monitor = set_monitor,
	.name = "one",
	.get_domain = get_domain,
	.destroy_domain = destroy_domain,
	.watch_domains = watch_domains,
	.get_vcpu = get_vcpu,
};

struct scene {
	struct one_domain one;
	struct ward ward;
	struct ward_end end;
	struct restarts restarts;
	int stop[2];
	char said[4096];
};

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);

	assert_non_null(scene);
	scene->one = (struct one_domain){
		.host = {.ops = &ops, .page_shift = 12},
		.domain = {.domid = 5,
			   .guest_bits = 64,
			   .vcpus = 2,
			   .shutdown = true,
			   .shutdown_reason = PVB_SHUTDOWN_CRASH},
		.monitor = 4711,
	};
	assert_int_equal(pipe2(scene->one.news, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(pipe2(scene->stop, O_CLOEXEC), 0);
	scene->ward = (struct ward){
		.domid = 5, .name = "guest", .started_ms = restarts_clock_ms() - 1000};
	scene->end = (struct ward_end){.ended = true, .reason = PVB_SHUTDOWN_CRASH};
	scene->restarts = (struct restarts)RESTARTS_INIT;
	scene->restarts.stop = scene->stop[0];
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	for (size_t i = 0; i < 2; i++) {
		(void)close(scene->one.news[i]);
		(void)close(scene->stop[i]);
	}
	free(scene);
	return 0;
}

/* What is said on standard error meanwhile is kept. */
static int bury(struct scene *scene, enum fate fate, bool *restart, struct pvb_error *error)
{
	struct fates fates = {.crash = fate};
	int before = dup(STDERR_FILENO), pipes[2];

	assert_true(before >= 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_true(dup2(pipes[1], STDERR_FILENO) >= 0);
	int rc = ward_bury(&scene->one.host, &scene->ward, &scene->end, &fates, &scene->restarts,
			   restart, error);

	assert_true(dup2(before, STDERR_FILENO) >= 0);
	(void)close(before);
	(void)close(pipes[1]);
	ssize_t got = read(pipes[0], scene->said, sizeof scene->said - 1);

	assert_true(got > 0);
	(void)close(pipes[0]);
	return rc;
}

static void a_crash_is_told_of_with_registers(void **state)
{
	struct scene *scene = *state;
	struct pvb_error error;
	bool restart;

	assert_ok(bury(scene, FATE_DESTROY, &restart, &error), &error);
	assert_false(restart);
	assert_int_equal(scene->one.destroyed, 1);
	assert_non_null(strstr(scene->said, "crash, to be followed by destroy"));
	assert_non_null(strstr(scene->said, "vCPU 0 of domain 5"));
	assert_non_null(strstr(scene->said, "rip    0x0000000000001234"));
	assert_non_null(strstr(scene->said, "vCPU 1 of domain 5"));
	assert_non_null(strstr(scene->said, "rip    0x0000000000001235"));
	assert_null(strstr(scene->said, "vCPU 2"));
}

static void what_is_preserved_is_told_of_and_stays(void **state)
{
	struct scene *scene = *state;
	struct pvb_error error;
	bool restart;

	assert_ok(bury(scene, FATE_PRESERVE, &restart, &error), &error);
	assert_false(restart);
	assert_int_equal(scene->one.destroyed, 0);
	assert_non_null(strstr(scene->said, "rip    0x"));
	/* It is left alone on purpose, which is not to be taken for a monitor that was killed. */
	assert_int_equal(scene->one.monitor, 0);
}

/* A pause of a minute: the test would be seen to take it. */
static void who_destroys_it_ends_the_pause_and_the_restarts(void **state)
{
	struct scene *scene = *state;
	struct pvb_error error;
	bool restart;

	scene->restarts.quick = 10;
	/* There as the registers are read (three looks), and when the pause begins. */
	scene->one.gone_after = 4;
	assert_int_equal(write(scene->one.news[1], "!", 1), 1);
	assert_int_equal(write(scene->one.news[1], "!", 1), 1);
	assert_ok(bury(scene, FATE_RESTART, &restart, &error), &error);
	assert_false(restart);
	assert_int_equal(scene->one.destroyed, 0);
	assert_non_null(strstr(scene->said, "is built anew in 60 s"));
	assert_non_null(strstr(scene->said, "has been destroyed"));
}

static void after_the_pause_it_is_built_anew(void **state)
{
	struct scene *scene = *state;
	struct pvb_error error;
	bool restart;

	scene->restarts.second_ms = 0;
	assert_ok(bury(scene, FATE_RESTART, &restart, &error), &error);
	assert_true(restart);
	assert_int_equal(scene->one.destroyed, 1);
	assert_int_equal(scene->restarts.quick, 1);
}

/* Destroying takes its time: of one that has begun, the store knows first. */
static void who_is_about_to_destroy_it_ends_the_restarts(void **state)
{
	struct scene *scene = *state;
	struct pvb_error error;
	bool restart;

	scene->restarts.second_ms = 0;
	scene->one.monitor = 0;
	assert_ok(bury(scene, FATE_RESTART, &restart, &error), &error);
	assert_false(restart);
	assert_int_equal(scene->one.destroyed, 0);
	assert_non_null(strstr(scene->said, "has been destroyed"));
}

static void and_so_does_who_is_faster(void **state)
{
	struct scene *scene = *state;
	struct pvb_error error;
	bool restart;

	scene->restarts.second_ms = 0;
	scene->one.destroy_is_late = true;
	assert_ok(bury(scene, FATE_RESTART, &restart, &error), &error);
	assert_false(restart);
	assert_non_null(strstr(scene->said, "has been destroyed"));
}

static void a_signal_ends_the_pause_and_leaves_the_domain(void **state)
{
	struct scene *scene = *state;
	struct pvb_error error;
	bool restart;

	scene->restarts.quick = 10;
	assert_int_equal(write(scene->stop[1], "!", 1), 1);
	assert_fails_with(bury(scene, FATE_RESTART, &restart, &error), PVB_E_ARG_CANCELLED, &error);
	assert_false(restart);
	assert_int_equal(scene->one.destroyed, 0);
}

static void what_is_gone_is_nobodys_to_bury(void **state)
{
	struct scene *scene = *state;
	struct pvb_error error;
	bool restart;

	scene->end.gone = true;
	assert_ok(bury(scene, FATE_RESTART, &restart, &error), &error);
	assert_false(restart);
	assert_int_equal(scene->one.destroyed, 0);
	assert_null(strstr(scene->said, "rip"));
}

/* ---- logs ---- */

struct place {
	char folder[32];
	char path[48];
	char aside[56];
};

static void place_open(struct place *place)
{
	(void)snprintf(place->folder, sizeof place->folder, "/tmp/pvb-log-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	(void)snprintf(place->path, sizeof place->path, "%s/log", place->folder);
	(void)snprintf(place->aside, sizeof place->aside, "%s.1", place->path);
}

static void place_close(const struct place *place)
{
	(void)unlink(place->path);
	(void)unlink(place->aside);
	assert_int_equal(rmdir(place->folder), 0);
}

static off_t size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) ? -1 : status.st_size;
}

static void a_log_never_has_much_more_than_its_most(void **state)
{
	(void)state;
	struct place place;

	place_open(&place);
	int fds[] = {logfile_open(place.path, 100), -1};

	assert_true(fds[0] >= 0);
	fds[1] = dup(fds[0]);
	for (unsigned i = 0; i < 1000; i++) {
		logfile_renew(place.path, 100, fds, 2);
		assert_int_equal(write(fds[i % 2], "a line\n", 7), 7);
		assert_true(size_of(place.path) < 100 + 7);
		assert_true(size_of(place.aside) < 100 + 7);
	}
	assert_true(size_of(place.aside) >= 100);
	(void)close(fds[0]);
	(void)close(fds[1]);
	place_close(&place);
}

static void one_that_is_full_is_begun_anew_when_it_is_opened(void **state)
{
	(void)state;
	struct place place;

	place_open(&place);
	for (unsigned i = 0; i < 10; i++) {
		int fd = logfile_open(place.path, 10);

		assert_int_equal(write(fd, "12345\n", 6), 6);
		assert_int_equal(close(fd), 0);
		assert_int_equal(size_of(place.path), i % 2 ? 12 : 6);
		assert_int_equal(size_of(place.aside), i < 2 ? -1 : 12);
	}
	place_close(&place);
}

static void one_that_others_put_aside_is_left_to_them(void **state)
{
	(void)state;
	struct place place;
	char elsewhere[64];

	place_open(&place);
	(void)snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", place.folder);
	int fd = logfile_open(place.path, 5);

	assert_int_equal(write(fd, "12345\n", 6), 6);
	assert_int_equal(rename(place.path, elsewhere), 0);
	logfile_renew(place.path, 5, &fd, 1);
	assert_int_equal(write(fd, "6\n", 2), 2);
	assert_int_equal(size_of(place.path), 2);
	assert_int_equal(size_of(place.aside), -1);
	assert_int_equal(size_of(elsewhere), 6);
	assert_int_equal(unlink(elsewhere), 0);
	(void)close(fd);
	place_close(&place);
}

static void what_cannot_be_written_is_no_log(void **state)
{
	(void)state;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_int_equal(logfile_open("/no-such-folder/log", 100), -1);
	/* Where there was none, there is no log to be renewed. */
	logfile_renew("/no-such-folder/log", 0, &null, 1);
	assert_int_equal(write(null, "x", 1), 1);
	(void)close(null);
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_grow_while_guests_end_soon),
		IN_SCENE(a_crash_is_told_of_with_registers),
		IN_SCENE(what_is_preserved_is_told_of_and_stays),
		IN_SCENE(who_destroys_it_ends_the_pause_and_the_restarts),
		IN_SCENE(after_the_pause_it_is_built_anew),
		IN_SCENE(who_is_about_to_destroy_it_ends_the_restarts),
		IN_SCENE(and_so_does_who_is_faster),
		IN_SCENE(a_signal_ends_the_pause_and_leaves_the_domain),
		IN_SCENE(what_is_gone_is_nobodys_to_bury),
		cmocka_unit_test(a_log_never_has_much_more_than_its_most),
		cmocka_unit_test(one_that_is_full_is_begun_anew_when_it_is_opened),
		cmocka_unit_test(one_that_others_put_aside_is_left_to_them),
		cmocka_unit_test(what_cannot_be_written_is_no_log),
	};
#undef IN_SCENE

	return cmocka_run_group_tests_name("ward", tests, NULL, NULL);
}
