/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cores: sound, sparse, and gone without a trace when anything is wrong. */
#include "support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/sim/sim.h"
#include "unit/dump-fixture.h"

static void a_core_is_sparse_and_passes_the_audit(void **state)
{
	struct dump_fixture *fixture = *state;
	struct pvb_audit *audit;
	struct pvb_error error;
	struct stat stat_of;

	assert_ok(pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error),
		  &error);
	/* vCPUs that were never brought up are no error, not even a forgotten one. */
	assert_int_equal(error.code, 0);
	assert_int_equal(stat(fixture->core, &stat_of), 0);
	assert_true((uint64_t)stat_of.st_size > scenarios[DUMP_SCENARIO].memory);
	assert_true((uint64_t)stat_of.st_blocks * 512 < scenarios[DUMP_SCENARIO].memory / 2);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	assert_ok(pvb_audit_core(fixture->core, NULL, &audit, &error), &error);
	assert_int_equal(pvb_audit_report(audit)->total_findings, 0);
	pvb_audit_free(audit);
}

static void a_running_or_missing_domain_is_not_dumped(void **state)
{
	struct dump_fixture *fixture = *state;
	struct pvb_error error;

	assert_ok(pvb_host_unpause_domain(fixture->host, fixture->domid, &error), &error);
	dump_refused(fixture, PVB_E_HOST_STATE);
	fixture->domid += 7;
	dump_refused(fixture, PVB_E_HOST_NO_DOMAIN);
}

static void a_place_that_cannot_be_written_is_said(void **state)
{
	struct dump_fixture *fixture = *state;
	struct pvb_error error;

	assert_fails_with(
		pvb_dump_core(fixture->host, fixture->domid, "/nowhere/at/all", NULL, &error),
		PVB_E_ARG_FILE, &error);
	/* A folder cannot be replaced by a file. */
	assert_int_equal(mkdir(fixture->core, 0700), 0);
	assert_fails_with(pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error),
			  PVB_E_ARG_FILE, &error);
	assert_int_equal(dump_files_in(fixture->folder), 1);
	assert_int_equal(rmdir(fixture->core), 0);
}

static void a_full_disk_leaves_an_older_core_alone(void **state)
{
	struct dump_fixture *fixture = *state;
	struct rlimit before, small;
	struct pvb_error error;
	char byte = 0;
	int fd = open(fixture->core, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 1 << 20;

	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_fails_with(pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error),
			  PVB_E_ARG_FILE, &error);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	(void)signal(SIGXFSZ, handler);
	assert_int_equal(dump_files_in(fixture->folder), 1);
	assert_int_equal(pread(fd, &byte, 1, 0), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(close(fd), 0);
}

/* What memory holds does not matter: its PFNs and MFNs lie behind it. */
static void a_core_that_is_longer_than_files_may_be_is_not_begun(void **state)
{
	struct dump_fixture *fixture = *state;
	struct rlimit before, small;
	struct pvb_error error;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = scenarios[DUMP_SCENARIO].memory;
	/* The signal that would end this process is not ignored: it must not come. */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_fails_with(pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error),
			  PVB_E_ARG_FILE, &error);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(strstr(error.message, "(RLIMIT_FSIZE)"));
	assert_non_null(strstr(error.hint, "ulimit -f"));
	assert_int_equal(dump_files_in(fixture->folder), 0);
}

static int kill_at_once(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	(void)opaque, (void)stage, (void)done, (void)total;
	(void)raise(SIGKILL);
	return 0;
}

static void a_killed_dump_leaves_an_older_core_alone_and_nothing_else(void **state)
{
	struct dump_fixture *fixture = *state;
	struct pvb_dump_options options = PVB_DUMP_OPTIONS_INIT;
	int fd = open(fixture->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), status;
	struct stat older, now;

	if (fd < 0)
		skip();
	assert_int_equal(close(fd), 0);
	(void)dump_domain(fixture);
	assert_int_equal(stat(fixture->core, &older), 0);
	options.progress = kill_at_once;

	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(pvb_dump_core(fixture->host, fixture->domid, fixture->core, &options, NULL) !=
		      0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(dump_files_in(fixture->folder), 1);
	assert_int_equal(stat(fixture->core, &now), 0);
	assert_int_equal(now.st_ino, older.st_ino);
	assert_int_equal(now.st_size, older.st_size);
}

/* As after a restore by xl: no page's frame continues the one before. */
static void a_domain_in_single_pages_is_mapped_in_whole_windows(void **state)
{
	struct scenario_result result = {0};
	struct pvb_error error;
	struct dump_fixture scattered = *(struct dump_fixture *)*state;

	assert_ok(pvb_host_open("sim:memory=1G,scramble,fragment=100", &scattered.host, &error),
		  &error);
	scenario_run(&scenarios[DUMP_SCENARIO], &scattered.files, scattered.host, false, &result);
	assert_int_equal(result.rc, 0);
	scattered.domid = result.domid;

	/* Each page is touched: what stands there is written again. */
	uint64_t pages = scenarios[DUMP_SCENARIO].memory / 4096, maps;
	struct pvb_p2m *p2m;

	assert_ok(pvb_p2m_domain(scattered.host, scattered.domid, NULL, &p2m, &error), &error);
	assert_int_equal(pvb_p2m_info(p2m)->extent_count, pages);
	for (uint64_t pfn = 0; pfn < pages; pfn++) {
		uint8_t byte;
		pvb_mfn_t frame = PVB_MFN(pvb_p2m_find(p2m, pfn));

		assert_int_equal(pvb_sim_peek(scattered.host, frame, 4095, &byte, 1), 0);
		assert_int_equal(pvb_sim_poke(scattered.host, frame, 4095, &byte, 1), 0);
	}
	pvb_p2m_free(p2m);
	maps = dump_calls_of(scattered.host, "map_frames");
	(void)dump_domain(&scattered);
	maps = dump_calls_of(scattered.host, "map_frames") - maps;
	print_message("%llu maps for %llu pages\n", (unsigned long long)maps,
		      (unsigned long long)pages);
	/* Memory in windows of 8 MiB; shared info twice; four tables; the list; start_info. */
	assert_true(maps <= (pages + 2047) / 2048 + 16);
	pvb_host_close(scattered.host);
}

static void a_result_that_is_smaller_is_filled_as_far_as_it_goes(void **state)
{
	struct dump_fixture *fixture = *state;
	struct pvb_dump_options options = PVB_DUMP_OPTIONS_INIT;
	struct pvb_dump_result result;
	struct pvb_error error;

	memset(&result, 0x5a, sizeof result);
	result.size = offsetof(struct pvb_dump_result, by_m2p);
	options.result = &result;
	assert_ok(pvb_dump_core(fixture->host, fixture->domid, fixture->core, &options, &error),
		  &error);
	assert_int_equal(result.size, offsetof(struct pvb_dump_result, by_m2p));
	assert_int_equal(result.by_p2m, DUMP_PAGES);
	assert_int_equal(result.by_m2p, UINT64_C(0x5a5a5a5a5a5a5a5a));
	result.size = 3;
	assert_fails_with(
		pvb_dump_core(fixture->host, fixture->domid, fixture->core, &options, &error),
		PVB_E_ARG_INVALID, &error);
}

static void every_call_fails_in_turn(struct dump_fixture *fixture)
{
	struct pvb_error error;
	unsigned tried = 0;
	int rc;

	do {
		pvb_sim_fail_after(fixture->host, ++tried);
		rc = pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error);
		pvb_sim_fail_after(fixture->host, 0);
		if (rc) {
			assert_int_equal(rc, -PVB_E_HOST_INJECTED);
			assert_int_equal(dump_files_in(fixture->folder), 0);
		}
	} while (rc && tried < 10000);
	assert_int_equal(rc, 0);
	assert_true(tried > 10);
	print_message("%u calls failed in turn\n", tried - 1);
	assert_int_equal(unlink(fixture->core), 0);
}

/* Of one that is found by its list, and of one that is searched for. */
static void every_call_that_fails_leaves_nothing(void **state)
{
	struct dump_fixture *fixture = *state;
	struct pvb_host_vcpu vcpu = dump_registers(fixture);

	every_call_fails_in_turn(fixture);
	vcpu.rsi = 0;
	assert_int_equal(pvb_sim_set_registers(fixture->host, fixture->domid, 0, &vcpu), 0);
	every_call_fails_in_turn(fixture);
}

struct follower {
	uint64_t last;
	uint64_t total;
	unsigned calls;
	unsigned stop_at;
};

static int follow(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	struct follower *follower = opaque;

	assert_string_equal(stage, "dump");
	assert_true(done >= follower->last && done <= total);
	follower->last = done;
	follower->total = total;
	return ++follower->calls == follower->stop_at;
}

static void a_dump_can_be_followed_and_stopped(void **state)
{
	struct dump_fixture *fixture = *state;
	struct follower follower = {0};
	struct pvb_dump_options options = PVB_DUMP_OPTIONS_INIT;
	struct pvb_error error;

	options.progress = follow;
	options.progress_opaque = &follower;
	assert_ok(pvb_dump_core(fixture->host, fixture->domid, fixture->core, &options, &error),
		  &error);
	assert_true(follower.calls > 2);
	assert_int_equal(follower.total, scenarios[DUMP_SCENARIO].memory);
	assert_int_equal(follower.last, follower.total);
	assert_int_equal(unlink(fixture->core), 0);

	follower = (struct follower){.stop_at = 2};
	assert_fails_with(
		pvb_dump_core(fixture->host, fixture->domid, fixture->core, &options, &error),
		PVB_E_ARG_CANCELLED, &error);
	assert_int_equal(dump_files_in(fixture->folder), 0);
}

static void a_place_can_be_looked_at_before(void **state)
{
	struct dump_fixture *fixture = *state;
	struct pvb_error error;

	assert_ok(pvb_dump_check(fixture->core, &error), &error);
	assert_ok(pvb_dump_check("core-here", &error), &error);
	assert_int_equal(dump_files_in(fixture->folder), 0);
	assert_fails_with(pvb_dump_check("/nowhere/at/all", &error), PVB_E_ARG_FILE, &error);
	assert_fails_with(pvb_dump_check(fixture->folder, &error), PVB_E_ARG_FILE, &error);
	assert_fails_with(pvb_dump_check("/dev/null", &error), PVB_E_ARG_FILE, &error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DUMP_CASE(a_core_is_sparse_and_passes_the_audit),
		DUMP_CASE(a_running_or_missing_domain_is_not_dumped),
		DUMP_CASE(a_place_that_cannot_be_written_is_said),
		DUMP_CASE(a_full_disk_leaves_an_older_core_alone),
		DUMP_CASE(a_core_that_is_longer_than_files_may_be_is_not_begun),
		DUMP_CASE(a_killed_dump_leaves_an_older_core_alone_and_nothing_else),
		DUMP_CASE(a_domain_in_single_pages_is_mapped_in_whole_windows),
		DUMP_CASE(a_result_that_is_smaller_is_filled_as_far_as_it_goes),
		DUMP_CASE(every_call_that_fails_leaves_nothing),
		DUMP_CASE(a_dump_can_be_followed_and_stopped),
		DUMP_CASE(a_place_can_be_looked_at_before),
	};

	return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
