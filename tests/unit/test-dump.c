/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cores: sound, sparse, and gone without a trace when anything is wrong. */
#include "support/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pvbuild/pvbuild.h>

#include "host/sim/sim.h"
#include "torture/scenario.h"

#define SCENARIO 0 /* 64-bit with a ramdisk */
#define START_INFO_MFN_LIST_AT 104

/* A domain on a host, and a folder of its own for cores. */
struct fixture {
	struct pvb_host *host;
	struct scenario_files files;
	uint32_t domid;
	char folder[32];
	char core[64];
};

static int set_up(void **state)
{
	static struct fixture fixture;
	struct scenario_result result = {0};
	struct pvb_error error;

	fixture = (struct fixture){.folder = "/tmp/pvbuild-dump-XXXXXX"};
	assert_non_null(mkdtemp(fixture.folder));
	(void)snprintf(fixture.core, sizeof fixture.core, "%s/core", fixture.folder);
	scenario_prepare(&scenarios[SCENARIO], &fixture.files);
	assert_ok(pvb_host_open("sim:memory=1G", &fixture.host, &error), &error);
	scenario_run(&scenarios[SCENARIO], &fixture.files, fixture.host, false, &result);
	assert_int_equal(result.rc, 0);
	fixture.domid = result.domid;
	*state = &fixture;
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

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	uint64_t mapped, peak;

	pvb_host_mapped(fixture->host, &mapped, &peak);
	assert_int_equal(mapped, 0);
	pvb_host_close(fixture->host);
	scenario_forget(&fixture->files);
	(void)unlink(fixture->core);
	assert_int_equal(rmdir(fixture->folder), 0);
	return 0;
}

static void refused(struct fixture *fixture, enum pvb_code code)
{
	struct pvb_error error;

	assert_fails_with(pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error),
			  code, &error);
	assert_int_equal(files_in(fixture->folder), 0);
}

static void dump(struct fixture *fixture)
{
	struct pvb_error error;

	assert_ok(pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error),
		  &error);
}

static struct pvb_host_vcpu registers_of(struct fixture *fixture)
{
	struct pvb_host_vcpu vcpu;
	struct pvb_error error;

	assert_ok(pvb_host_get_vcpu(fixture->host, fixture->domid, 0, &vcpu, &error), &error);
	return vcpu;
}

/* The frame behind the leaf that maps va, found as the processor would. */
static pvb_mfn_t frame_of(struct fixture *fixture, uint64_t va)
{
	uint64_t entry = registers_of(fixture).cr[3];

	for (unsigned level = 4; level > 0; level--) {
		uint64_t index = (va >> (12 + 9 * (level - 1))) & 511;

		assert_int_equal(pvb_sim_peek(fixture->host, PVB_MFN(entry << 12 >> 24), 8 * index,
					      &entry, sizeof entry),
				 0);
		assert_true(entry & 1);
	}
	return PVB_MFN(entry << 12 >> 24);
}

static void a_core_is_sparse_and_passes_the_audit(void **state)
{
	struct fixture *fixture = *state;
	struct pvb_audit *audit;
	struct pvb_error error;
	struct stat stat_of;

	assert_ok(pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error),
		  &error);
	/* vCPUs that were never brought up are no error, not even a forgotten one. */
	assert_int_equal(error.code, 0);
	assert_int_equal(stat(fixture->core, &stat_of), 0);
	assert_true((uint64_t)stat_of.st_size > scenarios[SCENARIO].memory);
	assert_true((uint64_t)stat_of.st_blocks * 512 < scenarios[SCENARIO].memory / 2);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	assert_ok(pvb_audit_core(fixture->core, NULL, &audit, &error), &error);
	assert_int_equal(pvb_audit_report(audit)->total_findings, 0);
	pvb_audit_free(audit);
}

static void a_running_or_missing_domain_is_not_dumped(void **state)
{
	struct fixture *fixture = *state;
	struct pvb_error error;

	assert_ok(pvb_host_unpause_domain(fixture->host, fixture->domid, &error), &error);
	refused(fixture, PVB_E_HOST_STATE);
	fixture->domid += 7;
	refused(fixture, PVB_E_HOST_NO_DOMAIN);
}

static void a_place_that_cannot_be_written_is_said(void **state)
{
	struct fixture *fixture = *state;
	struct pvb_error error;

	assert_fails_with(
		pvb_dump_core(fixture->host, fixture->domid, "/nowhere/at/all", NULL, &error),
		PVB_E_ARG_FILE, &error);
	/* A folder cannot be replaced by a file. */
	assert_int_equal(mkdir(fixture->core, 0700), 0);
	assert_fails_with(pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error),
			  PVB_E_ARG_FILE, &error);
	assert_int_equal(files_in(fixture->folder), 1);
	assert_int_equal(rmdir(fixture->core), 0);
}

static void a_full_disk_leaves_an_older_core_alone(void **state)
{
	struct fixture *fixture = *state;
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
	assert_int_equal(files_in(fixture->folder), 1);
	assert_int_equal(pread(fd, &byte, 1, 0), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(close(fd), 0);
}

/* What memory holds does not matter: its PFNs and MFNs lie behind it. */
static void a_core_that_is_longer_than_files_may_be_is_not_begun(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit before, small;
	struct pvb_error error;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = scenarios[SCENARIO].memory;
	/* The signal that would end this process is not ignored: it must not come. */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_fails_with(pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error),
			  PVB_E_ARG_FILE, &error);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(strstr(error.message, "(RLIMIT_FSIZE)"));
	assert_non_null(strstr(error.hint, "ulimit -f"));
	assert_int_equal(files_in(fixture->folder), 0);
}

static int kill_at_once(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	(void)opaque, (void)stage, (void)done, (void)total;
	(void)raise(SIGKILL);
	return 0;
}

static void a_killed_dump_leaves_an_older_core_alone_and_nothing_else(void **state)
{
	struct fixture *fixture = *state;
	struct pvb_dump_options options = PVB_DUMP_OPTIONS_INIT;
	int fd = open(fixture->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), status;
	struct stat older, now;

	if (fd < 0)
		skip();
	assert_int_equal(close(fd), 0);
	dump(fixture);
	assert_int_equal(stat(fixture->core, &older), 0);
	options.progress = kill_at_once;

	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(pvb_dump_core(fixture->host, fixture->domid, fixture->core, &options, NULL) !=
		      0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(files_in(fixture->folder), 1);
	assert_int_equal(stat(fixture->core, &now), 0);
	assert_int_equal(now.st_ino, older.st_ino);
	assert_int_equal(now.st_size, older.st_size);
}

static uint64_t calls_of(struct pvb_host *host, const char *wanted)
{
	const char *name;
	uint64_t count;

	for (size_t i = 0; (name = pvb_host_call_count(host, i, &count)); i++)
		if (strcmp(name, wanted) == 0)
			return count;
	fail_msg("no call %s", wanted);
	return 0;
}

/* As after a restore by xl: no page's frame continues the one before. */
static void a_domain_in_single_pages_is_mapped_in_whole_windows(void **state)
{
	struct scenario_result result = {0};
	struct pvb_error error;
	struct fixture scattered = *(struct fixture *)*state;

	assert_ok(pvb_host_open("sim:memory=1G,scramble,fragment=100", &scattered.host, &error),
		  &error);
	scenario_run(&scenarios[SCENARIO], &scattered.files, scattered.host, false, &result);
	assert_int_equal(result.rc, 0);
	scattered.domid = result.domid;

	/* Each page is touched: what stands there is written again. */
	uint64_t pages = scenarios[SCENARIO].memory / 4096, maps;
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
	maps = calls_of(scattered.host, "map_frames");
	dump(&scattered);
	maps = calls_of(scattered.host, "map_frames") - maps;
	print_message("%llu maps for %llu pages\n", (unsigned long long)maps,
		      (unsigned long long)pages);
	/* Memory in windows of 8 MiB; shared info twice; four tables; the list; start_info. */
	assert_true(maps <= (pages + 2047) / 2048 + 16);
	pvb_host_close(scattered.host);
}

static void registers_that_lead_nowhere_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct pvb_host_vcpu vcpu = registers_of(fixture);

	vcpu.rsi = UINT64_C(0x700000000000);
	assert_int_equal(pvb_sim_set_registers(fixture->host, fixture->domid, 0, &vcpu), 0);
	refused(fixture, PVB_E_HOST_STATE);
	vcpu.rsi = vcpu.rip; /* mapped, but no start_info */
	assert_int_equal(pvb_sim_set_registers(fixture->host, fixture->domid, 0, &vcpu), 0);
	refused(fixture, PVB_E_HOST_STATE);
}

static void a_start_info_that_asks_too_much_is_refused(void **state)
{
	struct fixture *fixture = *state;
	pvb_mfn_t start_info = frame_of(fixture, registers_of(fixture).rsi);
	uint64_t absurd = UINT64_C(1) << 50;

	assert_int_equal(pvb_sim_poke(fixture->host, start_info, 32, &absurd, sizeof absurd), 0);
	refused(fixture, PVB_E_HOST_STATE);
}

static void a_list_that_the_m2p_contradicts_is_refused(void **state)
{
	struct fixture *fixture = *state;
	pvb_mfn_t start_info = frame_of(fixture, registers_of(fixture).rsi);
	uint64_t list, mfn;

	assert_int_equal(
		pvb_sim_peek(fixture->host, start_info, START_INFO_MFN_LIST_AT, &list, sizeof list),
		0);
	assert_int_equal(
		pvb_sim_peek(fixture->host, frame_of(fixture, list), 8 * 5, &mfn, sizeof mfn), 0);
	assert_int_equal(pvb_sim_set_m2p(fixture->host, PVB_MFN(mfn), PVB_PFN(6)), 0);
	refused(fixture, PVB_E_HOST_STATE);
}

static void every_call_that_fails_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct pvb_error error;
	unsigned tried = 0;
	int rc;

	do {
		pvb_sim_fail_after(fixture->host, ++tried);
		rc = pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error);
		pvb_sim_fail_after(fixture->host, 0);
		if (rc) {
			assert_int_equal(rc, -PVB_E_HOST_INJECTED);
			assert_int_equal(files_in(fixture->folder), 0);
		}
	} while (rc && tried < 10000);
	assert_int_equal(rc, 0);
	assert_true(tried > 10);
	print_message("%u calls failed in turn\n", tried - 1);
}

/* ---- domains that have run ---- */

/* Xen public arch-x86/xen.h: struct arch_shared_info of 64-bit guests. */
enum { MAX_PFN_AT = 3088, FRAME_LIST_LIST_AT = 3096, P2M_CR3_AT = 3112, P2M_VADDR_AT = 3120 };

static void publish(struct fixture *fixture, size_t at, uint64_t value)
{
	struct pvb_host_domain domain;
	struct pvb_error error;

	assert_ok(pvb_host_get_domain(fixture->host, fixture->domid, &domain, &error), &error);
	assert_int_equal(pvb_sim_poke(fixture->host, domain.shared_info, at, &value, sizeof value),
			 0);
}

/* What start_info says of the p2m list; and then vCPU 0 is on its way, far from start_info. */
static uint64_t run_away(struct fixture *fixture, uint64_t *pages)
{
	struct pvb_host_vcpu vcpu = registers_of(fixture);
	pvb_mfn_t start_info = frame_of(fixture, vcpu.rsi);
	uint64_t list;

	assert_int_equal(
		pvb_sim_peek(fixture->host, start_info, START_INFO_MFN_LIST_AT, &list, sizeof list),
		0);
	assert_int_equal(pvb_sim_peek(fixture->host, start_info, 32, pages, sizeof *pages), 0);
	vcpu.rsi = 0;
	assert_int_equal(pvb_sim_set_registers(fixture->host, fixture->domid, 0, &vcpu), 0);
	return list;
}

/* The section of a core that has PFNs and MFNs, read by its place: the last but one. */
struct pair {
	uint64_t pfn;
	uint64_t mfn;
};

static uint64_t read_pairs(struct fixture *fixture, struct pair **pairs)
{
	uint8_t header[64], section[64];
	uint64_t table, at, size;
	int fd = open(fixture->core, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, header, sizeof header, 0), sizeof header);
	memcpy(&table, header + 40, 8);
	assert_int_equal(pread(fd, section, sizeof section, (off_t)(table + 6 * 64)), 64);
	memcpy(&at, section + 24, 8);
	memcpy(&size, section + 32, 8);
	*pairs = malloc(size);
	assert_non_null(*pairs);
	assert_int_equal(pread(fd, *pairs, size, (off_t)at), size);
	(void)close(fd);
	return size / sizeof **pairs;
}

/* The core has the memory that the domain had before, but for the PFNs of holes. */
static void assert_dumped_as_before(struct fixture *fixture, struct pair *before, uint64_t count,
				    const uint64_t *holes, unsigned hole_count)
{
	struct pair *after;

	dump(fixture);
	uint64_t left = read_pairs(fixture, &after);
	uint64_t at = 0;

	assert_int_equal(left, count - hole_count);
	for (uint64_t i = 0; i < count; i++) {
		bool hole = false;

		for (unsigned j = 0; j < hole_count; j++)
			hole |= before[i].pfn == holes[j];
		if (hole)
			continue;
		assert_int_equal(after[at].pfn, before[i].pfn);
		assert_int_equal(after[at].mfn, before[i].mfn);
		at++;
	}
	free(after);
}

static void a_published_list_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct pair *before;
	uint64_t pages;

	dump(fixture);
	uint64_t count = read_pairs(fixture, &before);
	uint64_t list = run_away(fixture, &pages);

	assert_int_equal(count, pages);
	assert_int_equal(unlink(fixture->core), 0);
	refused(fixture, PVB_E_HOST_STATE);

	/* The kernel could grow: its list goes on where nothing is mapped. */
	publish(fixture, MAX_PFN_AT, UINT64_C(1) << 27);
	publish(fixture, FRAME_LIST_LIST_AT, UINT64_MAX);
	publish(fixture, P2M_CR3_AT, registers_of(fixture).cr[3]);
	publish(fixture, P2M_VADDR_AT, list);
	assert_dumped_as_before(fixture, before, count, NULL, 0);

	/* A page was given back, one is another domain's, one the machine's, one no frame at all.
	 */
	const uint64_t holes[] = {3, 600, 601, 1200, 1201};
	const uint64_t marks[] = {UINT64_MAX, before[600].mfn | UINT64_C(1) << 63,
				  601 | UINT64_C(1) << 62, UINT64_C(1) << 50, before[7].mfn};

	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(pvb_sim_poke(fixture->host, frame_of(fixture, list + 8 * holes[i]),
					      8 * (holes[i] % 512), &marks[i], 8),
				 0);
	assert_dumped_as_before(fixture, before, count, holes, 5);
	free(before);
}

static void a_published_tree_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct pair *before;
	uint64_t pages;

	dump(fixture);
	uint64_t count = read_pairs(fixture, &before);
	uint64_t list = run_away(fixture, &pages);

	/* Two free pages of the guest's become the tree, above the pages of its list. */
	pvb_mfn_t top = PVB_MFN(before[count - 1].mfn), lists = PVB_MFN(before[count - 2].mfn);

	for (uint64_t i = 0; i < 512; i++) {
		uint64_t none = UINT64_MAX;
		uint64_t page =
			i < (pages + 511) / 512 ? frame_of(fixture, list + i * 4096).n : none;

		assert_int_equal(pvb_sim_poke(fixture->host, top, 8 * i, i ? &none : &lists.n, 8),
				 0);
		assert_int_equal(pvb_sim_poke(fixture->host, lists, 8 * i, &page, 8), 0);
	}
	publish(fixture, MAX_PFN_AT, pages + 5000);
	publish(fixture, FRAME_LIST_LIST_AT, top.n);
	assert_dumped_as_before(fixture, before, count, NULL, 0);

	/* One that says nothing of use is as good as none. */
	publish(fixture, FRAME_LIST_LIST_AT, UINT64_MAX);
	assert_int_equal(unlink(fixture->core), 0);
	refused(fixture, PVB_E_HOST_STATE);
	free(before);
}

/* A kernel that lies can have less of itself dumped, and nothing else. */
static void a_published_list_that_lies_costs_no_more_than_a_refusal(void **state)
{
	struct fixture *fixture = *state;
	struct pvb_error error;
	uint64_t pages, seed = 42;
	uint64_t list = run_away(fixture, &pages);

	publish(fixture, MAX_PFN_AT, UINT64_MAX);
	publish(fixture, P2M_CR3_AT, registers_of(fixture).cr[3]);
	publish(fixture, P2M_VADDR_AT, list + 12345);
	for (unsigned i = 0; i < 50; i++) {
		int rc = pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error);

		assert_true(rc == 0 || rc == -PVB_E_HOST_STATE || rc == -PVB_E_HOST_MAP ||
			    rc == -PVB_E_BUG);
		assert_true(rc != -PVB_E_BUG);
		publish(fixture, P2M_CR3_AT, test_random(&seed) >> (i % 40));
		publish(fixture, P2M_VADDR_AT, test_random(&seed) >> (i % 30));
		if (i % 3 == 0)
			publish(fixture, P2M_CR3_AT, registers_of(fixture).cr[3]);
	}
}

/* ---- progress ---- */

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
	struct fixture *fixture = *state;
	struct follower follower = {0};
	struct pvb_dump_options options = PVB_DUMP_OPTIONS_INIT;
	struct pvb_error error;

	options.progress = follow;
	options.progress_opaque = &follower;
	assert_ok(pvb_dump_core(fixture->host, fixture->domid, fixture->core, &options, &error),
		  &error);
	assert_true(follower.calls > 2);
	assert_int_equal(follower.total, scenarios[SCENARIO].memory);
	assert_int_equal(follower.last, follower.total);
	assert_int_equal(unlink(fixture->core), 0);

	follower = (struct follower){.stop_at = 2};
	assert_fails_with(
		pvb_dump_core(fixture->host, fixture->domid, fixture->core, &options, &error),
		PVB_E_ARG_CANCELLED, &error);
	assert_int_equal(files_in(fixture->folder), 0);
}

static void a_place_can_be_looked_at_before(void **state)
{
	struct fixture *fixture = *state;
	struct pvb_error error;

	assert_ok(pvb_dump_check(fixture->core, &error), &error);
	assert_ok(pvb_dump_check("core-here", &error), &error);
	assert_int_equal(files_in(fixture->folder), 0);
	assert_fails_with(pvb_dump_check("/nowhere/at/all", &error), PVB_E_ARG_FILE, &error);
	assert_fails_with(pvb_dump_check(fixture->folder, &error), PVB_E_ARG_FILE, &error);
	assert_fails_with(pvb_dump_check("/dev/null", &error), PVB_E_ARG_FILE, &error);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_core_is_sparse_and_passes_the_audit),
		CASE(a_running_or_missing_domain_is_not_dumped),
		CASE(a_place_that_cannot_be_written_is_said),
		CASE(a_full_disk_leaves_an_older_core_alone),
		CASE(a_core_that_is_longer_than_files_may_be_is_not_begun),
		CASE(a_killed_dump_leaves_an_older_core_alone_and_nothing_else),
		CASE(a_domain_in_single_pages_is_mapped_in_whole_windows),
		CASE(registers_that_lead_nowhere_are_refused),
		CASE(a_start_info_that_asks_too_much_is_refused),
		CASE(a_list_that_the_m2p_contradicts_is_refused),
		CASE(every_call_that_fails_leaves_nothing),
		CASE(a_published_list_is_found),
		CASE(a_published_tree_is_found),
		CASE(a_published_list_that_lies_costs_no_more_than_a_refusal),
		CASE(a_dump_can_be_followed_and_stopped),
		CASE(a_place_can_be_looked_at_before),
	};

	return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
