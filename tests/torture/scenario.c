/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "torture/scenario.h"

#include <sys/mman.h>
#include <unistd.h>

#include <pvbuild/guest-abi.h>

#include "host/host.h"
#include "host/sim/sim.h"
#include "support/compress.h"
#include "support/elf-builder.h"
#include "support/test.h"
#include "torture/sanitized.h"

#define MIB UINT64_C(0x100000)

struct blob scenario_linux_64(void)
{
	struct elf_builder b = linux_like(64);

	return elf_build(&b);
}

/* As a distribution has it: compressed (xz: the hungriest decoder), in a bzImage. */
struct blob scenario_bzimage_64(void)
{
	struct blob kernel = scenario_linux_64();
	struct blob payload = compress_blob(PVB_CODEC_XZ, &kernel, &(struct compress_options){0});
	struct bzimage spec = {.unpacked_size = (uint32_t)kernel.size};
	struct blob image = bzimage_build(&spec, &payload);

	blob_free(&kernel);
	return image;
}

struct blob scenario_linux_32(void)
{
	struct elf_builder b = linux_like(32);

	return elf_build(&b);
}

struct blob scenario_small_64(void)
{
	return small_kernel(64);
}

struct blob scenario_legacy_32(void)
{
	struct elf_builder b = ELF_BUILDER_32;

	elf_add_load(&b, 0x100000, 0x2000, 0x5000);
	elf_add_xen_guest(&b, "GUEST_OS=test,XEN_VER=xen-3.0,VIRT_BASE=0xc0000000,"
			      "ELF_PADDR_OFFSET=0x0,VIRT_ENTRY=0xc0100000,PAE=yes,LOADER=generic");
	return elf_build(&b);
}

/* It copes with every page size, and says so. */
static struct blob arm64_image(void)
{
	const uint32_t granules = 1u << 12 | 1u << 14 | 1u << 16;
	struct blob image = arm64_build(0, 3 * MIB, 0xe, 0x21000), notes = BLOB_INIT;

	note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_GRANULES, &granules, sizeof granules);
	arm64_add_notes(&image, &notes);
	return image;
}

static const struct pvb_memory_range with_hole[] = {
	{0, 24 * MIB, PVB_ANY_NODE, false},
	{64 * MIB, 4 * MIB, 0, true},
	{68 * MIB, 4 * MIB, 0, false},
};

const struct scenario scenarios[] = {
	{"64-bit bzImage, ramdisk", scenario_bzimage_64, 300001, 32 * MIB, 2, NULL, 0, NULL, 0,
	 false},
	{"32-bit, ramdisk", scenario_linux_32, 300001, 32 * MIB, 1, NULL, 0, NULL, 0, false},
	{"64-bit, as little as there is, confined, with a p2m tree", scenario_small_64, 0, 8 * MIB,
	 2, NULL, 4, NULL, 0, true},
	{"32-bit, root below 4 GiB", scenario_legacy_32, 5000, 16 * MIB, 1, NULL, 0, NULL, 0,
	 false},
	{"64-bit, with a hole and a p2m tree", scenario_linux_64, 0, 32 * MIB, 1, NULL, 3,
	 with_hole, 3, false},
};
const unsigned scenario_count = sizeof scenarios / sizeof scenarios[0];

const struct scenario arm64_scenarios[] = {
	{"arm64 at 4 KiB", arm64_image, 300001, 32 * MIB, 2, "arch=arm64,", 0, NULL, 0, false},
	{"arm64 at 16 KiB", arm64_image, 0, 32 * MIB, 1, "arch=arm64,granule=16K,", 0, NULL, 0,
	 false},
	{"arm64 at 64 KiB", arm64_image, 300001, 32 * MIB, 1, "arch=arm64,granule=64K,", 0, NULL, 0,
	 false},
};
#ifdef HAVE_LIBFDT
const unsigned arm64_scenario_count = sizeof arm64_scenarios / sizeof arm64_scenarios[0];
#else
const unsigned arm64_scenario_count = 0;
#endif

void scenario_prepare(const struct scenario *scenario, struct scenario_files *files)
{
	files->kernel = scenario->kernel();
	files->ramdisk = -1;
	if (scenario->ramdisk) {
		uint8_t *bytes = malloc(scenario->ramdisk);

		assert_non_null(bytes);
		for (uint64_t i = 0; i < scenario->ramdisk; i++)
			bytes[i] = (uint8_t)(i * 13 + (i >> 12));
		files->ramdisk = memfd_create("ramdisk", MFD_CLOEXEC);
		assert_true(files->ramdisk >= 0);
		assert_int_equal(write(files->ramdisk, bytes, scenario->ramdisk),
				 scenario->ramdisk);
		free(bytes);
	}
}

void scenario_forget(struct scenario_files *files)
{
	blob_free(&files->kernel);
	if (files->ramdisk >= 0)
		assert_int_equal(close(files->ramdisk), 0);
}

static int audit_domain(struct pvb_host *host, const struct pvb_domain *domain,
			const struct scenario *scenario, const struct scenario_files *files,
			const struct pvb_image *image, struct scenario_result *result)
{
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_audit *audit = NULL;

	options.image = image;
	options.module_fds = &files->ramdisk;
	options.module_fd_count = scenario->ramdisk ? 1 : 0;
	options.memory = scenario->memory;
	int rc = pvb_audit_domain(host, pvb_domain_info(domain)->domid, &options, &audit,
				  &result->error);
	if (rc == 0) {
		const struct pvb_audit_report *report = pvb_audit_report(audit);

		for (size_t i = 0; i < report->finding_count; i++)
			print_error("%s: %s: %s\n", report->findings[i].rule,
				    report->findings[i].where, report->findings[i].message);
		assert_int_equal(report->total_findings, 0);
		assert_true(report->checks > 10);
	}
	pvb_audit_free(audit);
	return rc;
}

static void confine(struct pvb_spec *spec, struct pvb_build_options *options)
{
	static const char *const hard[] = {"0-3,^2", "all"};
	static const char *const soft[] = {"node:0", "1", "0"};

	spec->max_vcpus = spec->vcpus + 1;
	options->max_event_channels = 64;
	options->max_grant_frames = 8;
	options->max_maptrack_frames = PVB_NO_MAPTRACK;
	options->max_grant_version = 1;
	options->pool = "0";
	options->cpus = hard;
	options->cpus_count = 2;
	options->soft_cpus = soft;
	options->soft_cpus_count = 3;
	options->cpu_weight = 512;
	options->cpu_cap = 150;
}

void scenario_run(const struct scenario *scenario, const struct scenario_files *files,
		  struct pvb_host *host, bool audit, struct scenario_result *result)
{
	struct pvb_plan_module module = {.name = "ramdisk", .bytes = scenario->ramdisk};
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;
	struct pvb_host_info info;
	struct pvb_image *image = NULL;
	struct pvb_plan *plan = NULL;
	struct pvb_domain *domain = NULL;

	spec.memory = scenario->memory;
	spec.ranges = scenario->ranges;
	spec.range_count = scenario->range_count;
	spec.vcpus = scenario->vcpus;
	if (scenario->tree) {
		spec.p2m = PVB_P2M_WANT_TREE;
		spec.p2m_levels = scenario->tree;
	}
	spec.command_line = "console=hvc0";
	spec.modules = &module;
	spec.module_count = scenario->ramdisk ? 1 : 0;
	options.module_fds = &files->ramdisk;
	options.module_fd_count = spec.module_count;
	if (scenario->confined)
		confine(&spec, &options);

	result->step = "image";
	result->rc = pvb_image_open_memory(files->kernel.bytes, files->kernel.size, "kernel", NULL,
					   &image, &result->error);
	if (result->rc == 0) {
		result->step = "host";
		result->rc = pvb_host_get_info(host, &info, &result->error);
	}
	if (result->rc == 0) {
		result->step = "plan";
		result->rc = pvb_plan_create(image, &spec, &info, &plan, &result->error);
	}
	if (result->rc == 0) {
		result->step = "build";
		result->rc = pvb_build(host, plan, image, &options, &domain, &result->error);
	}
	if (result->rc == 0) {
		result->domid = pvb_domain_info(domain)->domid;
		result->extents = pvb_domain_info(domain)->extent_count;
	}
	if (result->rc == 0 && audit) {
		result->step = "audit";
		result->rc = audit_domain(host, domain, scenario, files, image, result);
	}
	if (result->rc && strcmp(result->step, "audit") != 0)
		assert_null(domain);
	pvb_domain_free(domain);
	pvb_plan_free(plan);
	pvb_image_free(image);
}

static size_t count_domains(struct pvb_host *host)
{
	struct pvb_host_domain domains[4];
	struct pvb_error error = {0};
	size_t count = 0;

	assert_ok(pvb_host_list_domains(host, 1, domains, 4, &count, &error), &error);
	return count;
}

static void assert_books_balance(struct pvb_host *host)
{
	const char *fault = pvb_sim_check(host);

	if (fault)
		fail_msg("the host's books: %s", fault);
}

void assert_host_is_clean(struct pvb_host *host, const struct scenario_result *result)
{
	struct pvb_error error = {0};
	struct pvb_host_info info;
	uint64_t now, peak;
	bool built = strcmp(result->step, "audit") == 0 ||
		     (strcmp(result->step, "build") == 0 && result->rc == 0);

	pvb_sim_fail_after(host, 0);
	pvb_host_mapped(host, &now, &peak);
	assert_int_equal(now, 0);
	assert_true(peak <= 64 * MIB);
	assert_books_balance(host);
	assert_int_equal(count_domains(host), built);
	if (built) {
		assert_ok(pvb_domain_destroy(host, result->domid, &error), &error);
		assert_books_balance(host);
		assert_int_equal(count_domains(host), 0);
	}
	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	assert_int_equal(info.memory_claimed, 0);
}

void assert_clean_error(const struct scenario_result *result)
{
	assert_int_not_equal(result->rc, 0);
	assert_int_equal(result->error.code, -result->rc);
	assert_true(pvb_code_fault(result->error.code) != PVB_FAULT_NONE);
	assert_true(pvb_code_fault(result->error.code) != PVB_FAULT_BUG);
	assert_true(result->error.stage[0] != '\0');
	assert_true(result->error.message[0] != '\0');
	if (strcmp(result->step, "build") == 0 && strcmp(result->error.stage, "build") != 0)
		assert_non_null(strstr(result->error.context, "building domain"));
}

struct holdings count_holdings(void)
{
	struct holdings holdings = {.fds = count_open_fds()};
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned of_memory_files = 0;
	bool watched = SANITIZED;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof line, maps)) {
		holdings.mappings++;
		of_memory_files += strstr(line, "/memfd:") != NULL;
		watched |= strstr(line, "vgpreload") != NULL;
	}
	assert_int_equal(fclose(maps), 0);
	if (watched)
		holdings.mappings = of_memory_files;
	return holdings;
}

void assert_holds_only(struct holdings before)
{
	struct holdings now = count_holdings();

	assert_int_equal(now.fds, before.fds);
	assert_int_equal(now.mappings, before.mappings);
}

void scenario_try(const struct scenario *scenario, const struct scenario_files *files,
		  const char *description, bool audit, struct scenario_result *result)
{
	struct pvb_host *host;

	memset(result, 0, sizeof *result);
	assert_ok(pvb_host_open(description, &host, &result->error), &result->error);
	scenario_run(scenario, files, host, audit, result);
	assert_host_is_clean(host, result);
	pvb_host_close(host);
}
