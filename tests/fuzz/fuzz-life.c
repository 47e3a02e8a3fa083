/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole way as one property: a kernel, a wish and a host made of the input's bytes. What
 * can be planned can be built, unless memory runs out or a call is made to fail; what was built
 * passes its audit, and so does its core; and nothing is left behind.
 */
#include "fuzz/targets.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pvbuild/pvbuild.h>

#include "core/checked.h"
#include "fuzz/check.h"
#include "fuzz/life-kernel.h"
#include "fuzz/report.h"
#include "fuzz/scratch.h"
#include "host/host.h"
#include "host/sim/sim.h"

#define PAGE 4096u
#define RANGES_MOST 4u
#define ARM64_PAGE_MOST 65536u
#define PAGES_MOST 12288u /* 48 MiB */

struct life {
	enum life_kernel kind;
	char description[256];
	char command_line[1100];
	struct pvb_plan_module module;
	struct pvb_memory_range ranges[RANGES_MOST];
	struct pvb_spec spec;
	struct pvb_image *image;
	struct pvb_host *host;
	struct pvb_host_info info; /* before anything was built */
	struct pvb_plan *plan;
	struct pvb_domain *domain;
	uint64_t fail_after; /* the call of the build's that fails; 0: none */
	int ramdisk;
};

/* ---- what the bytes mean ------------------------------------------------------------------- */

static void take_host(struct life *life, struct fuzz_input *input)
{
	static const char *const words[] = {",scramble", ",descending", ",debug",
					    ",noclaim",  ",no-pv32",    ",pte-bits=domain"};
	static const char *const granules[] = {"4K", "16K", "64K", "4K,gic=2"};
	static const char *const extents[] = {"", ",extent=4K", ",extent=2M"};
	const unsigned flags = (unsigned)take(input, 1);
	const unsigned memory = 16 + (unsigned)take(input, 1);
	const unsigned fragment = (unsigned)take(input, 1) % 101;
	const unsigned shorter = (unsigned)take(input, 1) % 101;
	const unsigned shape = (unsigned)take(input, 1);
	char *to = life->description;
	size_t room = sizeof life->description;
	const bool arm64 = life->kind == LIFE_ARM64;

	int used = snprintf(to, room, "sim:memory=%uM,fragment=%u,short=%u,nodes=%u,xen=4.%u",
			    memory, fragment, shorter, 1 + shape % 3, 13 + (shape >> 2) % 9);
	if (arm64)
		used += snprintf(to + used, room - (size_t)used, ",arch=arm64,granule=%s",
				 granules[shape >> 6]);
	else
		used += snprintf(to + used, room - (size_t)used, "%s", extents[shape % 3]);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (flags >> i & 1 && (!arm64 || i < 4))
			used += snprintf(to + used, room - (size_t)used, "%s", words[i]);
	must((size_t)used < room);
	life->fail_after = flags & 0x80 ? take(input, 1) : 0;
}

static void take_ranges(struct life *life, unsigned count, struct fuzz_input *input)
{
	uint64_t at = 0;

	for (unsigned i = 0; i < count; i++) {
		struct pvb_memory_range *range = &life->ranges[i];
		const uint64_t where = take(input, 1);

		*range = (struct pvb_memory_range){
			.gpa = at,
			.bytes = (take(input, 2) % (PAGES_MOST / RANGES_MOST)) * PAGE,
			.node = (int)(where & 3) - 1,
			.exact = where & 4,
		};
		at += range->bytes + (where >> 3) * (uint64_t)PAGE * (i ? 1 : 256);
	}
	if (count) {
		/* Kernels go into the first. */
		life->ranges[0].bytes += (uint64_t)take(input, 1) << 17;
		for (unsigned i = 1; i < count; i++)
			life->ranges[i].gpa += life->ranges[0].bytes;
		life->spec.ranges = life->ranges;
		life->spec.range_count = count;
	}
}

static void take_spec(struct life *life, struct fuzz_input *input)
{
	const unsigned choices = (unsigned)take(input, 1);
	const unsigned vcpus = (unsigned)take(input, 1), line = (unsigned)take(input, 2) % 1100;
	const unsigned bits = (unsigned)take(input, 1);
	struct pvb_spec *spec = &life->spec;

	*spec = (struct pvb_spec)PVB_SPEC_INIT;
	spec->memory = (1 + take(input, 2) % PAGES_MOST) * PAGE;
	if (life->kind == LIFE_ARM64 && !(choices & 0x20))
		spec->memory = pvb_round_down(spec->memory, ARM64_PAGE_MOST);
	spec->vcpus = vcpus < 250 ? vcpus % 35 : vcpus << 5;
	spec->max_address_bits = bits < 60 ? bits : 0;
	spec->p2m = (enum pvb_p2m_wish)(choices % 3);
	if (spec->p2m == PVB_P2M_WANT_TREE)
		spec->p2m_levels = choices >> 2 & 7;
	spec->strict_p2m = choices & 0x20;
	if (life->kind == LIFE_ARM64)
		spec->guest_page_size = choices & 0x40 ? 4096u << (choices & 3) * 2 : 0;
	memset(life->command_line, 'a', line);
	spec->command_line = line ? life->command_line : NULL;
	take_ranges(life, choices & 0x80 ? (unsigned)take(input, 1) % (RANGES_MOST + 1) : 0, input);
	if (spec->ranges)
		spec->memory = 0;
}

static void take_module(struct life *life, struct fuzz_input *input)
{
	const uint64_t bytes = take(input, 2) * (take(input, 1) % 32);

	life->ramdisk = -1;
	if (!bytes)
		return;
	life->ramdisk = memory_file("ramdisk", 7, bytes < 7 ? 7 : bytes);
	life->module = (struct pvb_plan_module){.name = "ramdisk", .bytes = bytes < 7 ? 7 : bytes};
	life->spec.modules = &life->module;
	life->spec.module_count = 1;
}

/* ---- the way ------------------------------------------------------------------------------- */

static bool open_image(struct life *life, const struct blob *kernel)
{
	const struct pvb_image_options options = {
		.size = sizeof options, .max_unpacked = 4 << 20, .max_decoder_memory = 16 << 20};
	struct pvb_error error = {0};
	int rc = pvb_image_open_memory(kernel->bytes, kernel->size, "kernel", &options,
				       &life->image, &error);

	must_be_sound(rc, &error);
	must_after(rc == 0 || pvb_code_fault(-rc) == PVB_FAULT_IMAGE, &error);
	return rc == 0;
}

/* What a kernel and a wish can be given at the least, they can be given, and a page less not. */
static void check_minimum(struct life *life, struct fuzz_input *input)
{
	struct pvb_spec *spec = &life->spec;
	struct pvb_error error = {0};
	struct pvb_plan *plan = NULL;
	uint64_t least;

	if (spec->ranges || life->kind == LIFE_ARM64)
		return;
	int rc = pvb_plan_minimum_memory(life->image, spec, &life->info, &least, &error);

	must_be_sound(rc, &error);
	if (rc)
		return;
	spec->memory = least - PAGE;
	must(pvb_plan_create(life->image, spec, &life->info, &plan, &error) && !plan);
	spec->memory = least;
	rc = pvb_plan_create(life->image, spec, &life->info, &plan, &error);
	must_after(rc == 0 && pvb_plan_info(plan)->minimum_memory == least, &error);
	pvb_plan_free(plan);
	spec->memory += take(input, 1) % 64 * PAGE;
}

static bool make_plan(struct life *life)
{
	struct pvb_error error = {0};
	int rc = pvb_plan_create(life->image, &life->spec, &life->info, &life->plan, &error);

	must_be_sound(rc, &error);
	must((rc == 0) == (life->plan != NULL));
	return rc == 0;
}

/* What a plan could not know of: memory that there is not, or not where it is wanted. */
static bool is_a_shortage(int code)
{
	return code == PVB_E_HOST_NO_MEMORY || code == PVB_E_HOST_NO_MEMORY_BELOW ||
	       code == PVB_E_HOST_CLAIM || code == PVB_E_HOST_LIMIT;
}

/* Only where the call that failed was to clear away: then that is said. */
static void clear_away(struct life *life, const struct pvb_error *error)
{
	struct pvb_host_domain domain;
	struct pvb_error unwanted;
	size_t count;

	must(!pvb_host_list_domains(life->host, 1, &domain, 1, &count, &unwanted));
	if (!count)
		return;
	must_after(life->fail_after && strstr(error->context, "could not be cleared away"), error);
	must(!pvb_domain_destroy(life->host, domain.domid, &unwanted));
}

static bool build(struct life *life)
{
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;
	struct pvb_error error = {0};

	options.module_fds = &life->ramdisk;
	options.module_fd_count = life->spec.module_count;
	pvb_sim_fail_after(life->host, life->fail_after);
	int rc = pvb_build(life->host, life->plan, life->image, &options, &life->domain, &error);

	pvb_sim_fail_after(life->host, 0);
	must_be_sound(rc, &error);
	must((rc == 0) == (life->domain != NULL));
	must_after(rc == 0 || is_a_shortage(-rc) ||
			   (life->fail_after && -rc == PVB_E_HOST_INJECTED),
		   &error);
	if (rc)
		clear_away(life, &error);
	return rc == 0;
}

/* ---- what was built ------------------------------------------------------------------------ */

static struct pvb_audit_options audit_options(const struct life *life)
{
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	const struct pvb_plan_info *plan = pvb_plan_info(life->plan);

	options.image = life->image;
	options.module_fds = &life->ramdisk;
	options.module_fd_count = life->spec.module_count;
	options.command_line = plan->command_line;
	options.memory = plan->memory;
	options.ranges = plan->ranges;
	options.range_count = plan->range_count;
	return options;
}

/* The core says of the domain what the domain says of itself. */
static void check_core(const struct life *life, const char *path,
		       const struct pvb_audit_report *live)
{
	const struct pvb_audit_options options = audit_options(life);
	struct pvb_p2m *of_domain = NULL, *of_core = NULL;
	struct pvb_audit *audit = NULL;
	struct pvb_error error = {0};
	const uint32_t domid = pvb_domain_info(life->domain)->domid;
	int rc = pvb_audit_core(path, &options, &audit, &error);

	must_after(rc == 0, &error);
	must_pass(pvb_audit_report(audit));
	must(pvb_audit_report(audit)->total_findings <= live->total_findings);
	pvb_audit_free(audit);
	rc = pvb_p2m_domain(life->host, domid, NULL, &of_domain, &error);
	must_after(rc == 0, &error);
	rc = pvb_p2m_core(path, NULL, &of_core, &error);
	must_after(rc == 0, &error);
	must_be_a_p2m(pvb_p2m_info(of_domain));
	must_be_same_memory(pvb_p2m_info(of_domain), pvb_p2m_info(of_core));
	must(pvb_p2m_info(of_domain)->frames * PAGE == pvb_plan_info(life->plan)->memory);
	must(pvb_p2m_info(of_domain)->total_disagreements == 0);
	pvb_p2m_free(of_domain);
	pvb_p2m_free(of_core);
}

static void check_domain(const struct life *life)
{
	const uint32_t domid = pvb_domain_info(life->domain)->domid;
	const struct pvb_audit_options options = audit_options(life);
	const char *path = scratch_path("core");
	struct pvb_audit *audit = NULL;
	struct pvb_error error = {0};
	int rc = pvb_audit_domain(life->host, domid, &options, &audit, &error);

	must_after(rc == 0, &error);
	must_pass(pvb_audit_report(audit));
	rc = pvb_dump_core(life->host, domid, path, NULL, &error);
	if (pvb_domain_info(life->domain)->translated) {
		must_after(rc == -PVB_E_HOST_GUEST_TYPE, &error);
	} else {
		must_after(rc == 0, &error);
		check_core(life, path, pvb_audit_report(audit));
		(void)unlink(path);
	}
	pvb_audit_free(audit);
	rc = pvb_domain_destroy(life->host, domid, &error);
	must_after(rc == 0, &error);
}

/* The host is as it was before. */
static void check_host(struct life *life)
{
	struct pvb_host_domain domains[2];
	struct pvb_host_info info;
	struct pvb_error error = {0};
	uint64_t now, peak;
	size_t count = 0;
	const char *fault = pvb_sim_check(life->host);

	if (fault)
		fuzz_broken(fault, __FILE__, __LINE__, NULL);
	must(!pvb_host_list_domains(life->host, 1, domains, 2, &count, &error) && !count);
	must(!pvb_host_get_info(life->host, &info, &error));
	must(info.memory_free == life->info.memory_free);
	must(info.memory_claimed == life->info.memory_claimed);
	pvb_host_mapped(life->host, &now, &peak);
	must(now == 0);
	scratch_must_be_empty();
}

static void live(struct life *life, const struct blob *kernel, struct fuzz_input *input)
{
	struct pvb_error error = {0};
	int rc;

	if (!open_image(life, kernel))
		return;
	rc = pvb_host_open(life->description, &life->host, &error);
	must_be_sound(rc, &error);
	if (rc)
		return;
	must(!pvb_host_get_info(life->host, &life->info, &error));
	if (take(input, 1) & 1)
		check_minimum(life, input);
	if (make_plan(life) && build(life))
		check_domain(life);
	check_host(life);
}

static void run(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct life life = {.kind = (enum life_kernel)(take(&input, 1) % LIFE_KERNELS)};

	take_host(&life, &input);
	take_spec(&life, &input);
	take_module(&life, &input);
	/* Before the kernel, whose bytes are as many as there are. */
	struct fuzz_input later = {input.at, input.left < 2 ? input.left : 2};

	(void)take(&input, 2);
	struct blob kernel = life_kernel(life.kind, &input);

	live(&life, &kernel, &later);
	pvb_domain_free(life.domain);
	pvb_plan_free(life.plan);
	pvb_image_free(life.image);
	pvb_host_close(life.host);
	blob_free(&kernel);
	if (life.ramdisk >= 0)
		(void)close(life.ramdisk);
}

const struct fuzz_target fuzz_life = {
	.name = "life",
	.max_size = 512,
	.begin = scratch_make,
	.run = run,
	.end = scratch_remove,
	.seeds = life_seeds,
};
