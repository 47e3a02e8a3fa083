/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A distribution's arm64 kernel, all the way at every page size that a hypervisor
 * can have: as it is, with pages of 4 KiB, and with its header edited to 16 and 64. Each
 * with and without a declaration that it knows of such hypervisors.
 */
#include "support/test.h"

#include <unistd.h>

#include <pvbuild/guest-abi.h>
#include <pvbuild/pvbuild.h>

#include "support/elf-builder.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

#define KERNEL "vmlinuz-6.1-arm64"

/* An odd length, so that a rounded one shows. */
#define RAMDISK_BYTES 5000001u

/* Of the Image's header, and of the PE header behind it. */
enum { FLAGS = 24, PE_OFFSET = 60, PE_SECTIONS = 6, PE_OPTIONAL = 20, PE_TABLE = 24, SECTION = 40 };

struct fixture {
	struct blob file; /* empty: there is none */
	int ramdisk;
};

static bool read_kernel(struct blob *file)
{
	char path[4096], buffer[65536];
	size_t size;

	if (!kernel_of_distribution(KERNEL, path))
		return false;
	FILE *stream = fopen(path, "re");
	assert_non_null(stream);
	while ((size = fread(buffer, 1, sizeof buffer, stream)))
		(void)blob_append(file, buffer, size);
	assert_int_equal(fclose(stream), 0);
	return true;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	assert_non_null(fixture);
	fixture->ramdisk = random_file(RAMDISK_BYTES, 5);
	(void)read_kernel(&fixture->file);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	blob_free(&fixture->file);
	(void)close(fixture->ramdisk);
	free(fixture);
	return 0;
}

#define NEEDS_KERNEL(fixture)                                                                      \
	do {                                                                                       \
		if (!(fixture)->file.size)                                                         \
			skip();                                                                    \
		if (!have_arm64()) {                                                               \
			print_message("this build has no arm64 guests\n");                         \
			skip();                                                                    \
		}                                                                                  \
	} while (0)

static bool have_arm64(void)
{
#ifdef HAVE_LIBFDT
	return true;
#else
	return false;
#endif
}

/*
 * A section .pvnotes, as a linker would make it: an entry behind the others, where the kernel
 * has nothing but nops up to its code, and bytes behind what is in the file.
 */
static void declare(struct blob *file, uint32_t granules)
{
	const uint32_t nop = 0xd503201f;
	const size_t pe = blob_get(file, PE_OFFSET, 4);
	const unsigned sections = (unsigned)blob_get(file, pe + PE_SECTIONS, 2);
	const size_t entry =
		pe + PE_TABLE + blob_get(file, pe + PE_OPTIONAL, 2) + (size_t)sections * SECTION;
	struct blob notes = BLOB_INIT;

	for (size_t i = 0; i < SECTION; i += 4)
		assert_int_equal(blob_get(file, entry + i, 4), nop);
	note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_GRANULES, &granules, sizeof granules);
	blob_put(file, pe + PE_SECTIONS, sections + 1, 2);
	memset(file->bytes + entry, 0, SECTION);
	memcpy(file->bytes + entry, PVB_GUEST_NOTE_SECTION, 8);
	blob_put(file, entry + 8, notes.size, 4);
	blob_put(file, entry + 12, file->size, 4);
	blob_put(file, entry + 16, notes.size, 4);
	blob_put(file, entry + 20, file->size, 4);
	(void)blob_append_blob(file, &notes);
	blob_free(&notes);
}

/* The kernel with pages of 1 << shift by its header, and a declaration where granules is not 0. */
static struct pvb_image *open_as(const struct fixture *fixture, unsigned shift, uint32_t granules)
{
	struct blob file = blob_copy(&fixture->file);
	struct pvb_image *image;
	struct pvb_error error;

	blob_put(&file, FLAGS, (blob_get(&file, FLAGS, 8) & ~UINT64_C(6)) | (shift - 10) / 2 << 1,
		 8);
	if (granules)
		declare(&file, granules);
	assert_ok(pvb_image_open_memory(file.bytes, file.size, KERNEL, NULL, &image, &error),
		  &error);
	assert_int_equal(pvb_image_info(image)->arm64.page_size, 1u << shift);
	assert_int_equal(pvb_image_info(image)->declares.granules, granules);
	blob_free(&file);
	return image;
}

static void is_what_it_is(void **state)
{
	const struct fixture *fixture = *state;

	NEEDS_KERNEL(fixture);
	struct pvb_image *image = open_as(fixture, 12, 0);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_int_equal(info->container, PVB_CONTAINER_ARM64_IMAGE);
	assert_int_equal(info->codec, PVB_CODEC_NONE);
	assert_true(info->pv.supported);
	assert_int_equal(info->pv.guest_type, PVB_GUEST_ARM64);
	assert_true(info->arm64.anywhere && !info->arm64.big_endian);
	assert_int_equal(info->arm64.text_offset, 0);
	assert_int_equal(info->arm64.reserved_flags, 0);
	assert_true(info->arm64.image_size > info->unpacked_size);
	assert_memory_equal(info->kernel_version, "6.1.", 4);
	assert_int_equal(info->note_count, 0);
	assert_false(info->declares.guest_abi);
	pvb_image_free(image);
}

static void audit_clean(struct pvb_host *host, uint32_t domid,
			const struct pvb_audit_options *expected)
{
	struct pvb_audit *audit;
	struct pvb_error error;

	assert_ok(pvb_audit_domain(host, domid, expected, &audit, &error), &error);
	const struct pvb_audit_report *report = pvb_audit_report(audit);

	for (size_t i = 0; i < report->finding_count; i++)
		print_error("%s at %s: %s\n", report->findings[i].rule, report->findings[i].where,
			    report->findings[i].message);
	assert_int_equal(report->total_findings, 0);
	assert_true(report->checks > 30);
	pvb_audit_free(audit);
}

static void assert_whole(const struct pvb_domain_info *info, uint64_t memory, uint64_t page)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < info->extent_count; i++)
		sum += info->extents[i].bytes;
	assert_int_equal(sum, memory + 4 * page);
	assert_true(info->translated);
}

static void build_and_audit(const struct fixture *fixture, struct pvb_image *image,
			    const char *description, uint64_t memory)
{
	const struct pvb_plan_module module = {.name = "ramdisk", .bytes = RAMDISK_BYTES};
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;
	struct pvb_audit_options expected = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_host_info before, after;
	struct pvb_domain *domain;
	struct pvb_plan *plan;
	struct pvb_host *host;
	struct pvb_error error;
	uint64_t now, peak;

	spec.vcpus = 4;
	spec.command_line = "console=hvc0 root=/dev/xvda1 ro quiet";
	spec.modules = &module;
	spec.module_count = 1;
	options.module_fds = &fixture->ramdisk;
	options.module_fd_count = 1;
	assert_ok(pvb_host_open(description, &host, &error), &error);
	assert_ok(pvb_host_get_info(host, &before, &error), &error);
	assert_ok(pvb_plan_minimum_memory(image, &spec, &before, &spec.memory, &error), &error);
	if (memory)
		spec.memory = memory;
	expected.image = image;
	expected.module_fds = options.module_fds;
	expected.module_fd_count = 1;
	expected.command_line = spec.command_line;
	expected.memory = spec.memory;

	assert_ok(pvb_plan_create(image, &spec, &before, &plan, &error), &error);
	assert_ok(pvb_build(host, plan, image, &options, &domain, &error), &error);
	assert_whole(pvb_domain_info(domain), spec.memory, UINT64_C(1) << before.page_shift);
	audit_clean(host, pvb_domain_info(domain)->domid, &expected);
	pvb_host_mapped(host, &now, &peak);
	assert_int_equal(now, 0);
	assert_true(peak <= 16 * MIB);
	assert_ok(pvb_domain_destroy(host, pvb_domain_info(domain)->domid, &error), &error);
	assert_ok(pvb_host_get_info(host, &after, &error), &error);
	assert_int_equal(after.memory_free, before.memory_free);
	pvb_domain_free(domain);
	pvb_plan_free(plan);
	pvb_host_close(host);
}

static void refuse(struct pvb_image *image, const char *description)
{
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_host_info info;
	struct pvb_host *host;
	struct pvb_plan *plan;
	struct pvb_error error;

	spec.memory = 512 * MIB;
	assert_ok(pvb_host_open(description, &host, &error), &error);
	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	assert_fails_with(pvb_plan_create(image, &spec, &info, &plan, &error), PVB_E_PLAN_GRANULE,
			  &error);
	assert_non_null(strstr(error.message, " KiB"));
	assert_true(error.hint[0]);
	pvb_host_close(host);
}

static void is_built_or_refused_at_every_page_size(void **state)
{
	static const unsigned shifts[] = {12, 14, 16};
	const struct fixture *fixture = *state;

	NEEDS_KERNEL(fixture);
	for (unsigned k = 0; k < 3; k++)
		for (unsigned declares = 0; declares < 2; declares++) {
			struct pvb_image *image =
				open_as(fixture, shifts[k], declares ? 0x15000 : 0);

			for (unsigned h = 0; h < 3; h++) {
				char host[64];

				(void)snprintf(host, sizeof host,
					       "sim:arch=arm64,memory=4G,granule=%uK",
					       1u << (shifts[h] - 10));
				if (h == 0 || declares)
					build_and_audit(fixture, image, host, 512 * MIB);
				else
					refuse(image, host);
			}
			pvb_image_free(image);
		}
}

static void is_built_from_the_least_to_the_most(void **state)
{
	const struct fixture *fixture = *state;

	NEEDS_KERNEL(fixture);
	struct pvb_image *image = open_as(fixture, 12, 0x15000);

	build_and_audit(fixture, image, "sim:arch=arm64,memory=4G", 0);
	build_and_audit(fixture, image, "sim:arch=arm64,memory=4G,granule=16K", 0);
	build_and_audit(fixture, image, "sim:arch=arm64,memory=4G,granule=64K", 0);
	build_and_audit(fixture, image, "sim:arch=arm64,memory=1200G", 1019 * GIB);
	build_and_audit(fixture, image, "sim:arch=arm64,memory=1200G,granule=64K", 1019 * GIB);
	build_and_audit(fixture, image, "sim:arch=arm64,memory=16G,granule=16K", 4 * GIB + 16384);
	pvb_image_free(image);
}

static void is_built_on_odd_hosts(void **state)
{
	const struct fixture *fixture = *state;

	NEEDS_KERNEL(fixture);
	struct pvb_image *image = open_as(fixture, 16, 0x15000);

	build_and_audit(fixture, image, "sim:arch=arm64,memory=2G,fragment=60", 256 * MIB);
	build_and_audit(fixture, image, "sim:arch=arm64,memory=2G,scramble,granule=16K", 256 * MIB);
	build_and_audit(fixture, image, "sim:arch=arm64,memory=2G,short=30,noclaim,granule=64K",
			256 * MIB);
	pvb_image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_what_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(is_built_or_refused_at_every_page_size, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(is_built_from_the_least_to_the_most, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(is_built_on_odd_hosts, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("a real arm64 kernel", tests, NULL, NULL);
}
