/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "torture/cost.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/host.h"
#include "support/test.h"
#include "torture/sanitized.h"

#define MIB UINT64_C(0x100000)

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
	const struct pvb_plan_info *plan;
	bool twice;
	uint64_t frames;
	uint64_t p2m_frames;
};

static struct tally tally;

/* How many of count PFNs belong to the p2m. */
static uint64_t count_p2m(uint64_t pfn, uint64_t count)
{
	uint64_t found = 0;

	for (size_t i = 0; i < tally.plan->segment_count; i++) {
		const struct pvb_plan_segment *segment = &tally.plan->segments[i];
		uint64_t first = segment->gpa / tally.plan->page_size;
		uint64_t end = first + segment->occupied / tally.plan->page_size;

		if (segment->kind != PVB_SEGMENT_P2M && segment->kind != PVB_SEGMENT_P2M_TREE)
			continue;
		if (first < pfn)
			first = pfn;
		if (end > pfn + count)
			end = pfn + count;
		if (end > first)
			found += end - first;
	}
	return found;
}

static int count_frames(struct pvb_host *host, const pvb_mfn_t *frames, size_t count,
			struct pvb_error *error)
{
	tally.frames += count;
	for (size_t i = 0; i < count;) {
		uint64_t here = 1, known;
		pvb_pfn_t pfn;
		int rc;

		while (i + here < count && frames[i + here].n == frames[i].n + here)
			here++;
		rc = tally.real->get_m2p_run(host, frames[i], here, &pfn, &known, error);
		if (rc)
			return rc;
		if (pfn.n != PVB_NO_FRAME)
			tally.p2m_frames += count_p2m(pfn.n, known);
		i += known;
	}
	return 0;
}

static int counted_map(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		       bool writable, void **at, struct pvb_error *error)
{
	int rc = count_frames(host, frames, count, error);

	if (rc == 0 && tally.twice)
		rc = count_frames(host, frames, count, error);
	return rc ? rc : tally.real->map_frames(host, domid, frames, count, writable, at, error);
}

static void count_mapped_frames(struct pvb_host *host, const struct pvb_plan *plan, bool twice)
{
	tally = (struct tally){
		.ops = *host->ops, .real = host->ops, .plan = pvb_plan_info(plan), .twice = twice};
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

static void prepare(struct built *built, const struct cost_request *request)
{
	const struct scenario *scenario = &request->scenario;
	struct pvb_plan_module module = {.name = "ramdisk", .bytes = scenario->ramdisk};
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_host_info info;

	memset(built, 0, sizeof *built);
	scenario_prepare(scenario, &built->files);
	assert_ok(pvb_host_open(request->host, &built->host, &built->error), &built->error);
	assert_ok(pvb_host_get_info(built->host, &info, &built->error), &built->error);
	assert_ok(pvb_image_open_memory(built->files.kernel.bytes, built->files.kernel.size,
					"kernel", NULL, &built->image, &built->error),
		  &built->error);
	spec.memory = scenario->memory;
	spec.modules = &module;
	spec.module_count = 1;
	spec.p2m = request->p2m;
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

static int audit(struct built *built, const struct scenario *scenario, uint64_t *checks)
{
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_audit *audit = NULL;
	int rc;

	options.image = built->image;
	options.module_fds = &built->files.ramdisk;
	options.module_fd_count = 1;
	options.memory = scenario->memory;
	rc = pvb_audit_domain(built->host, pvb_domain_info(built->domain)->domid, &options, &audit,
			      &built->error);
	if (rc)
		return rc;

	const struct pvb_audit_report *report = pvb_audit_report(audit);

	for (size_t i = 0; i < report->finding_count; i++)
		fprintf(stderr, "%s: %s: %s\n", report->findings[i].rule, report->findings[i].where,
			report->findings[i].message);
	rc = report->total_findings != 0;
	*checks = report->checks;
	pvb_audit_free(audit);
	return rc;
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
static int measure(struct built *built, const struct cost_request *request, struct cost *cost)
{
	const struct pvb_plan_info *plan = pvb_plan_info(built->plan);
	uint64_t allowed = pvb_image_info(built->image)->unpacked_size + 32 * MIB, now;

#if !SANITIZED
	struct rlimit before, limit;

	if (getrlimit(RLIMIT_DATA, &before))
		return 1;
	limit = (struct rlimit){status_bytes("VmData:") + allowed, before.rlim_max};
	if (setrlimit(RLIMIT_DATA, &limit))
		return 1;
#endif
	count_mapped_frames(built->host, built->plan, request->twice);
	if (build(built)) {
		fprintf(stderr, "%s: %s\n", built->error.stage, built->error.message);
		return 1;
	}
	cost->populate_calls = built->host->calls[PVB_CALL_POPULATE];
	cost->map_calls = built->host->calls[PVB_CALL_MAP_FRAMES];
	pvb_host_mapped(built->host, &now, &cost->mapped_peak);
	cost->bytes_written = tally.frames * plan->page_size;
	cost->p2m_written = tally.p2m_frames * plan->page_size;
	cost->bytes_planned = plan->page_size; /* shared info */
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct pvb_plan_segment *segment = &plan->segments[i];

		if (segment->kind != PVB_SEGMENT_PADDING)
			cost->bytes_planned += segment->occupied;
		if (segment->kind == PVB_SEGMENT_P2M)
			cost->list_pages += segment->occupied / plan->page_size;
		if (segment->kind == PVB_SEGMENT_P2M_TREE)
			cost->tree_pages += segment->occupied / plan->page_size;
	}
	cost->levels = plan->p2m_levels;
	cost->anonymous = built->peak;
	cost->allowed = allowed;
	cost->runs = pvb_domain_info(built->domain)->extent_count;
#if !SANITIZED
	if (setrlimit(RLIMIT_DATA, &before))
		return 1;
#endif
	if (request->audit && audit(built, &request->scenario, &cost->checks))
		return 1;
	return now != 0;
}

struct cost cost_of(const struct cost_request *request)
{
	struct built built;
	struct cost cost = {0};
	int report[2], status;

	prepare(&built, request);
	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int rc = measure(&built, request, &cost);

		_exit(rc || write(report[1], &cost, sizeof cost) != sizeof cost);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(read(report[0], &cost, sizeof cost), sizeof cost);
	assert_int_equal(close(report[0]), 0);
	assert_int_equal(close(report[1]), 0);
	discard(&built);
	print_message("# %s, %s, %s: %" PRIu64 " populate calls, %" PRIu64
		      " mappings of at most %" PRIu64 " MiB, %" PRIu64 " MiB written (%" PRIu64
		      " KiB of p2m), %" PRIu64 " KiB of our own memory (%" PRIu64
		      " allowed), %" PRIu64 " runs, %" PRIu64 " checks\n",
		      request->scenario.name, request->host,
		      request->p2m == PVB_P2M_WANT_TREE ? "tree" : "list", cost.populate_calls,
		      cost.map_calls, cost.mapped_peak / MIB, cost.bytes_written / MIB,
		      cost.p2m_written / 1024, cost.anonymous / 1024, cost.allowed / 1024,
		      cost.runs, cost.checks);
	return cost;
}

void assert_modest(const struct cost *cost)
{
	assert_true(cost->mapped_peak <= 64 * MIB);
	assert_int_equal(cost->bytes_written, cost->bytes_planned);
#if !SANITIZED
	assert_true(cost->anonymous <= cost->allowed);
#endif
}
