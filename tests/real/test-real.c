/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernels of a distribution, all the way: inspected, planned, built on the
 * simulated host, audited, dumped, and audited again from the dump. From the
 * least memory that each can take to the most that its ABI has.
 */
#include "support/test.h"

#include <unistd.h>

#include <pvbuild/pvbuild.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

/* An odd length, so that a rounded one shows. */
#define RAMDISK_BYTES 5000001u

struct kernel {
	const char *file;
	enum pvb_container container;
	enum pvb_codec codec;
	enum pvb_guest_type guest_type;
	const char *version; /* how the version begins, or NULL */
	uint64_t init_p2m;
	bool mod_start_pfn;
	bool legacy_notes;
	uint64_t largest;
	unsigned known_bits; /* that the version tells of, or 0 */
	unsigned reloc_19;   /* how many notes 19 it has, PHYS32_RELOC all */
};

static const struct kernel kernels[] = {
	{"vmlinuz-6.1", PVB_CONTAINER_BZIMAGE, PVB_CODEC_XZ, PVB_GUEST_X86_64, "6.1.",
	 UINT64_C(0x8000000000), true, false, TIB, 52, 0},
	{"vmlinuz-6.1-cloud", PVB_CONTAINER_BZIMAGE, PVB_CODEC_LZ4, PVB_GUEST_X86_64, "6.1.",
	 UINT64_C(0x8000000000), true, false, TIB, 52, 0},
	{"vmlinuz-6.12", PVB_CONTAINER_BZIMAGE, PVB_CODEC_ZSTD, PVB_GUEST_X86_64, "6.12.",
	 UINT64_C(0x8000000000), true, false, TIB, 52, 1},
	{"grub-x86_64-xen.bin", PVB_CONTAINER_ELF, PVB_CODEC_NONE, PVB_GUEST_X86_64, NULL, PVB_NONE,
	 false, false, TIB, 0, 0},
	{"grub-i386-xen.bin", PVB_CONTAINER_ELF, PVB_CODEC_NONE, PVB_GUEST_X86_32P, NULL, PVB_NONE,
	 false, false, 64 * GIB, 0, 0},
	{"gnumach-xen-x86_64.gz", PVB_CONTAINER_ELF, PVB_CODEC_GZIP, PVB_GUEST_X86_64, NULL,
	 PVB_NONE, false, true, TIB, 0, 0},
	{"gnumach-xen.gz", PVB_CONTAINER_ELF, PVB_CODEC_GZIP, PVB_GUEST_X86_32P, NULL, PVB_NONE,
	 false, true, 64 * GIB, 0, 0},
};

enum { KERNELS = sizeof kernels / sizeof kernels[0] };

/* What the tests of one kernel share. */
struct fixture {
	const struct kernel *kernel;
	struct pvb_image *image;
	int ramdisk;
};

static int open_fixture(void **state)
{
	const struct kernel *kernel = *state;
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct pvb_error error;
	char path[4096];

	assert_non_null(fixture);
	fixture->kernel = kernel;
	fixture->ramdisk = random_file(RAMDISK_BYTES, 7);
	if (!pvb_codec_available(kernel->codec))
		print_message("this build has no decoder for %s\n", pvb_codec_name(kernel->codec));
	else if (kernel_of_distribution(kernel->file, path))
		assert_ok(pvb_image_open(path, NULL, &fixture->image, &error), &error);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;

	pvb_image_free(fixture->image);
	(void)close(fixture->ramdisk);
	free(fixture);
	return 0;
}

#define NEEDS_KERNEL(fixture)                                                                      \
	do {                                                                                       \
		if (!(fixture)->image)                                                             \
			skip();                                                                    \
	} while (0)

static void is_what_it_is(void **state)
{
	const struct fixture *fixture = *state;

	NEEDS_KERNEL(fixture);
	const struct kernel *kernel = fixture->kernel;
	const struct pvb_image_info *info = pvb_image_info(fixture->image);

	assert_int_equal(info->container, kernel->container);
	assert_int_equal(info->codec, kernel->codec);
	assert_true(info->pv.supported);
	assert_int_equal(info->pv.guest_type, kernel->guest_type);
	assert_true(info->pv.init_p2m == kernel->init_p2m);
	assert_int_equal(info->pv.mod_start_pfn, kernel->mod_start_pfn);
	if (kernel->version)
		assert_memory_equal(info->kernel_version, kernel->version, strlen(kernel->version));
	else
		assert_null(info->kernel_version);
	assert_true(info->note_count > 3);
	/* Each of its notes can be read: only number 19 needs words. */
	for (size_t i = 0; i < info->note_count; i++)
		assert_true(!info->notes[i].meaning || info->notes[i].name);
	for (size_t i = 0; i < info->note_count; i++)
		if (info->notes[i].used && strcmp(info->notes[i].owner, "Xen") == 0)
			assert_int_equal(info->notes[i].origin == PVB_NOTE_XEN_GUEST,
					 kernel->legacy_notes);
}

static void declares_what_its_version_tells(void **state)
{
	const struct fixture *fixture = *state;

	NEEDS_KERNEL(fixture);
	const struct kernel *kernel = fixture->kernel;
	const struct pvb_image_info *info = pvb_image_info(fixture->image);
	unsigned relocs = 0;

	assert_int_equal(info->declares.address_bits, kernel->known_bits);
	assert_int_equal(info->declares.address_bits_source,
			 kernel->known_bits ? PVB_BITS_KERNEL : PVB_BITS_DEFAULT);
	assert_false(info->declares.guest_abi);
	for (size_t i = 0; i < info->note_count; i++) {
		const struct pvb_note *note = &info->notes[i];

		if (note->type != 19 || strcmp(note->owner, "Xen") != 0)
			continue;
		relocs++;
		assert_string_equal(note->name, "PHYS32_RELOC");
		assert_non_null(note->meaning);
		assert_null(strstr(note->meaning, "ignored"));
	}
	assert_int_equal(relocs, kernel->reloc_19);
}

static void audit_clean(const struct pvb_audit *audit)
{
	const struct pvb_audit_report *report = pvb_audit_report(audit);

	for (size_t i = 0; i < report->finding_count; i++)
		print_error("%s at %s: %s\n", report->findings[i].rule, report->findings[i].where,
			    report->findings[i].message);
	assert_int_equal(report->total_findings, 0);
	assert_true(report->passed);
	assert_true(report->checks > 20);
}

static void dump_and_audit(struct pvb_host *host, uint32_t domid,
			   const struct pvb_audit_options *expected)
{
	char path[] = "/tmp/pvbuild-core-XXXXXX";
	struct pvb_audit *audit;
	struct pvb_error error;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	(void)close(fd);
	assert_ok(pvb_dump_core(host, domid, path, NULL, &error), &error);
	assert_ok(pvb_audit_core(path, expected, &audit, &error), &error);
	audit_clean(audit);
	pvb_audit_free(audit);
	assert_int_equal(unlink(path), 0);
}

static void build_and_audit(const struct fixture *fixture, const char *description, uint64_t memory,
			    bool ramdisk, bool dump)
{
	const struct pvb_plan_module module = {.name = "ramdisk", .bytes = RAMDISK_BYTES};
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;
	struct pvb_audit_options expected = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_host_info before, after;
	struct pvb_domain *domain;
	struct pvb_audit *audit;
	struct pvb_plan *plan;
	struct pvb_host *host;
	struct pvb_error error;

	spec.memory = memory;
	spec.command_line = "console=hvc0 root=/dev/xvda1 ro quiet";
	spec.modules = ramdisk ? &module : NULL;
	spec.module_count = ramdisk;
	options.module_fds = ramdisk ? &fixture->ramdisk : NULL;
	options.module_fd_count = ramdisk;
	expected.image = fixture->image;
	expected.module_fds = options.module_fds;
	expected.module_fd_count = options.module_fd_count;
	expected.command_line = spec.command_line;
	expected.memory = memory;

	assert_ok(pvb_host_open(description, &host, &error), &error);
	assert_ok(pvb_host_get_info(host, &before, &error), &error);
	assert_ok(pvb_plan_create(fixture->image, &spec, &before, &plan, &error), &error);
	expected.address_bits = pvb_plan_info(plan)->address_bits;
	assert_ok(pvb_build(host, plan, fixture->image, &options, &domain, &error), &error);

	uint32_t domid = pvb_domain_info(domain)->domid;

	assert_int_equal(pvb_domain_info(domain)->start_info.nr_pages, memory / 4096);
	assert_ok(pvb_audit_domain(host, domid, &expected, &audit, &error), &error);
	audit_clean(audit);
	pvb_audit_free(audit);
	if (dump)
		dump_and_audit(host, domid, &expected);

	assert_ok(pvb_domain_destroy(host, domid, &error), &error);
	assert_ok(pvb_host_get_info(host, &after, &error), &error);
	assert_int_equal(after.memory_free, before.memory_free);
	pvb_domain_free(domain);
	pvb_plan_free(plan);
	pvb_host_close(host);
}

static uint64_t minimum(const struct fixture *fixture, bool ramdisk)
{
	const struct pvb_plan_module module = {.name = "ramdisk", .bytes = RAMDISK_BYTES};
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_error error;
	uint64_t bytes;

	spec.modules = ramdisk ? &module : NULL;
	spec.module_count = ramdisk;
	assert_ok(pvb_plan_minimum_memory(fixture->image, &spec, NULL, &bytes, &error), &error);
	return bytes;
}

static void builds_in_its_least_memory(void **state)
{
	const struct fixture *fixture = *state;

	NEEDS_KERNEL(fixture);
	build_and_audit(fixture, "sim", minimum(fixture, false), false, true);
	build_and_audit(fixture, "sim", minimum(fixture, true), true, true);
}

static void is_refused_a_page_less(void **state)
{
	const struct fixture *fixture = *state;

	NEEDS_KERNEL(fixture);
	for (unsigned ramdisk = 0; ramdisk < 2; ramdisk++) {
		const struct pvb_plan_module module = {.name = "ramdisk", .bytes = RAMDISK_BYTES};
		struct pvb_spec spec = PVB_SPEC_INIT;
		struct pvb_plan *plan;
		struct pvb_error error;

		spec.modules = ramdisk ? &module : NULL;
		spec.module_count = ramdisk;
		spec.memory = minimum(fixture, ramdisk) - 4096;
		assert_fails_with(pvb_plan_create(fixture->image, &spec, NULL, &plan, &error),
				  PVB_E_ARG_MEMORY_SMALL, &error);
		assert_null(plan);
		assert_true(error.hint[0] != '\0');
	}
}

static void builds_at_usual_sizes(void **state)
{
	const struct fixture *fixture = *state;

	NEEDS_KERNEL(fixture);
	build_and_audit(fixture, "sim", 512 * MIB, false, false);
	build_and_audit(fixture, "sim", 512 * MIB, true, true);
	build_and_audit(fixture, "sim:xen=4.22", 4 * GIB + 4096, true, false);
}

static void builds_on_odd_hosts(void **state)
{
	const struct fixture *fixture = *state;

	NEEDS_KERNEL(fixture);
	build_and_audit(fixture, "sim:memory=2G,fragment=60", 256 * MIB, true, false);
	build_and_audit(fixture, "sim:memory=2G,scramble", 256 * MIB, true, true);
	build_and_audit(fixture, "sim:memory=2G,short=30,noclaim", 256 * MIB, true, false);
	build_and_audit(fixture, "sim:memory=4G,nodes=2,debug", 256 * MIB, true, false);
}

static void builds_at_its_largest(void **state)
{
	const struct fixture *fixture = *state;

	NEEDS_KERNEL(fixture);
	build_and_audit(fixture, "sim:memory=1200G", fixture->kernel->largest, true, false);
}

#define CASES 7
static const struct {
	const char *name;
	CMUnitTestFunction run;
} cases[CASES] = {
	{"is what it is", is_what_it_is},
	{"declares what its version tells", declares_what_its_version_tells},
	{"builds in its least memory", builds_in_its_least_memory},
	{"is refused a page less", is_refused_a_page_less},
	{"builds at usual sizes", builds_at_usual_sizes},
	{"builds on odd hosts", builds_on_odd_hosts},
	{"builds at its largest", builds_at_its_largest},
};

int main(void)
{
	static struct CMUnitTest tests[KERNELS * CASES];
	static char names[KERNELS * CASES][96];
	static struct kernel copies[KERNELS];

	for (unsigned k = 0; k < KERNELS; k++) {
		copies[k] = kernels[k];
		for (unsigned c = 0; c < CASES; c++) {
			unsigned i = k * CASES + c;

			(void)snprintf(names[i], sizeof names[i], "%s %s", kernels[k].file,
				       cases[c].name);
			tests[i] = (struct CMUnitTest){
				.name = names[i],
				.test_func = cases[c].run,
				.setup_func = open_fixture,
				.teardown_func = close_fixture,
				.initial_state = &copies[k],
			};
		}
	}
	return _cmocka_run_group_tests("real kernels", tests, KERNELS * CASES, NULL, NULL);
}
