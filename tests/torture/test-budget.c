/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a domain of 1 TiB may cost: calls to the host, memory of our own, guest
 * memory mapped at once, bytes written. Counts and bytes, no times.
 */
#include "support/test.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/host.h"
#include "torture/sanitized.h"
#include "torture/scenario.h"

#define MIB UINT64_C(0x100000)
#define TIB (UINT64_C(1) << 40)

static const struct scenario tebibyte = {"1 TiB", scenario_linux_64, 3000000, TIB, 1, NULL, NULL,
					 0};

/* A field of /proc/self/status, in bytes, read without allocating anything. */
static uint64_t status_bytes(const char *field)
{
	char text[4096];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t size = read(fd, text, sizeof text - 1);

	assert_true(size > 0);
	assert_int_equal(close(fd), 0);
	text[size] = '\0';
	const char *at = strstr(text, field);
	assert_non_null(at);
	return strtoull(at + strlen(field), NULL, 10) * 1024;
}

/* ---- a host whose mappings are counted ---- */

struct tally {
	struct pvb_host_ops ops;
	const struct pvb_host_ops *real;
	uint64_t frames_mapped;
};

static struct tally tally;

static int counted_map(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		       bool writable, void **at, struct pvb_error *error)
{
	tally.frames_mapped += count;
	return tally.real->map_frames(host, domid, frames, count, writable, at, error);
}

static void count_mapped_frames(struct pvb_host *host)
{
	tally = (struct tally){.ops = *host->ops, .real = host->ops};
	tally.ops.map_frames = counted_map;
	host->ops = &tally.ops;
}

/* ---- */

struct built {
	struct pvb_host *host;
	struct pvb_image *image;
	struct pvb_plan *plan;
	struct pvb_domain *domain;
	struct pvb_error error;
	struct scenario_files files;
	uint64_t peak; /* of RssAnon */
};

static int sample(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	struct built *built = opaque;
	uint64_t now = status_bytes("RssAnon:");

	(void)stage;
	(void)done;
	(void)total;
	if (now > built->peak)
		built->peak = now;
	return 0;
}

static void prepare(struct built *built, const struct scenario *scenario, const char *description)
{
	struct pvb_plan_module module = {.name = "ramdisk", .bytes = scenario->ramdisk};
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_host_info info;

	memset(built, 0, sizeof *built);
	scenario_prepare(scenario, &built->files);
	assert_ok(pvb_host_open(description, &built->host, &built->error), &built->error);
	assert_ok(pvb_host_get_info(built->host, &info, &built->error), &built->error);
	assert_ok(pvb_image_open_memory(built->files.kernel.bytes, built->files.kernel.size,
					"kernel", NULL, &built->image, &built->error),
		  &built->error);
	spec.memory = scenario->memory;
	spec.modules = &module;
	spec.module_count = 1;
	assert_ok(pvb_plan_create(built->image, &spec, &info, &built->plan, &built->error),
		  &built->error);
}

static int build(struct built *built)
{
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;

	options.module_fds = &built->files.ramdisk;
	options.module_fd_count = 1;
	options.progress = sample;
	options.progress_opaque = built;
	return pvb_build(built->host, built->plan, built->image, &options, &built->domain,
			 &built->error);
}

static void discard(struct built *built)
{
	pvb_domain_free(built->domain);
	pvb_plan_free(built->plan);
	pvb_image_free(built->image);
	pvb_host_close(built->host);
	scenario_forget(&built->files);
}

/* What a build took, as the process that did it tells. */
struct cost {
	uint64_t populate_calls, map_calls;
	uint64_t mapped_peak;
	uint64_t bytes_written, bytes_planned;
	uint64_t anonymous, allowed;
	uint64_t runs;
};

static int measure(struct built *built, struct cost *cost)
{
	const struct pvb_plan_info *plan = pvb_plan_info(built->plan);
	uint64_t allowed = pvb_image_info(built->image)->unpacked_size + 32 * MIB, now;

#if !SANITIZED
	struct rlimit limit = {.rlim_cur = status_bytes("VmData:") + allowed};

	limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_DATA, &limit))
		return 1;
#endif
	count_mapped_frames(built->host);
	if (build(built)) {
		fprintf(stderr, "%s: %s\n", built->error.stage, built->error.message);
		return 1;
	}
	cost->populate_calls = built->host->calls[PVB_CALL_POPULATE];
	cost->map_calls = built->host->calls[PVB_CALL_MAP_FRAMES];
	pvb_host_mapped(built->host, &now, &cost->mapped_peak);
	cost->bytes_written = tally.frames_mapped * plan->page_size;
	cost->bytes_planned = plan->page_size; /* shared info */
	for (size_t i = 0; i < plan->segment_count; i++)
		if (plan->segments[i].kind != PVB_SEGMENT_PADDING)
			cost->bytes_planned += plan->segments[i].occupied;
	cost->anonymous = built->peak;
	cost->allowed = allowed;
	cost->runs = pvb_domain_info(built->domain)->extent_count;
	return now != 0;
}

/* Build in a process of its own, which may have only so much memory more than it has. */
static struct cost cost_of(const struct scenario *scenario, const char *host)
{
	struct built built;
	struct cost cost = {0};
	int report[2], status;

	prepare(&built, scenario, host);
	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int rc = measure(&built, &cost);

		_exit(rc || write(report[1], &cost, sizeof cost) != sizeof cost);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(read(report[0], &cost, sizeof cost), sizeof cost);
	assert_int_equal(close(report[0]), 0);
	assert_int_equal(close(report[1]), 0);
	discard(&built);
	print_message("# %s: %u populate calls, %u mappings of at most %u MiB, %u MiB written, "
		      "%u KiB of our own memory (%u allowed), %u runs\n",
		      host, (unsigned)cost.populate_calls, (unsigned)cost.map_calls,
		      (unsigned)(cost.mapped_peak / MIB), (unsigned)(cost.bytes_written / MIB),
		      (unsigned)(cost.anonymous / 1024), (unsigned)(cost.allowed / 1024),
		      (unsigned)cost.runs);
	return cost;
}

static void assert_within_budget(const struct cost *cost, uint64_t populate_calls)
{
	assert_true(cost->populate_calls <= populate_calls);
	assert_true(cost->mapped_peak <= 64 * MIB);
	/* nothing is written that is not in the plan, and nothing twice */
	assert_int_equal(cost->bytes_written, cost->bytes_planned);
	assert_true(cost->bytes_written >= 2048 * MIB);
#if !SANITIZED
	assert_true(cost->anonymous <= cost->allowed);
#endif
}

static void a_tebibyte_in_extents_of_2_mib(void **state)
{
	(void)state;
	struct cost cost = cost_of(&tebibyte, "sim:memory=1100G,extent=2M");

	assert_within_budget(&cost, 1100);
}

static void a_tebibyte_in_extents_of_1_gib(void **state)
{
	(void)state;
	struct cost cost = cost_of(&tebibyte, "sim:memory=20T,width=46,extent=1G,xen=4.22");

	assert_within_budget(&cost, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tebibyte_in_extents_of_2_mib),
		cmocka_unit_test(a_tebibyte_in_extents_of_1_gib),
	};

	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
