/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans of images, through the front door. */
#include "support/elf-builder.h"
#include "support/test.h"

#include <pvbuild/guest-abi.h>
#include <pvbuild/pvbuild.h>

static struct pvb_image *open_kernel(struct elf_builder *builder)
{
	struct blob notes = xen_notes(64);
	struct pvb_error error = {0};
	struct pvb_image *image;
	struct blob kernel;

	elf_add_note_segment(builder, &notes);
	kernel = elf_build(builder);
	assert_ok(pvb_image_open_memory(kernel.bytes, kernel.size, "kernel", NULL, &image, &error),
		  &error);
	blob_free(&kernel);
	return image;
}

static void a_plan_outlives_its_image(void **state)
{
	(void)state;
	struct elf_builder builder = ELF_BUILDER_64;
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_error error = {0};
	const struct pvb_plan_info *info;
	struct pvb_image *image;
	struct pvb_plan *plan;
	uint64_t least, base, start, end, entry;

	elf_add_load(&builder, 0x100000, 0x1000, 0x3001);
	builder.entry = 0x100000;
	image = open_kernel(&builder);
	assert_true(pvb_image_info(image)->pv.supported);
	base = pvb_image_info(image)->pv.virt_base;
	start = pvb_image_info(image)->pv.kernel_start;
	end = pvb_image_info(image)->pv.kernel_end;
	entry = pvb_image_info(image)->pv.entry;

	assert_ok(pvb_plan_minimum_memory(image, &spec, NULL, &least, &error), &error);
	spec.memory = least - 4096;
	assert_fails_with(pvb_plan_create(image, &spec, NULL, &plan, &error),
			  PVB_E_ARG_MEMORY_SMALL, &error);
	assert_null(plan);
	spec.memory = least;
	spec.command_line = "console=hvc0";
	assert_ok(pvb_plan_create(image, &spec, NULL, &plan, &error), &error);
	pvb_image_free(image);

	info = pvb_plan_info(plan);
	assert_int_equal(info->memory, least);
	assert_int_equal(info->virt_base, base);
	assert_int_equal(info->registers.rip, entry);
	assert_int_equal(info->segments[0].va, start & ~UINT64_C(4095));
	assert_int_equal(info->segments[0].va + info->segments[0].bytes, end);
	assert_string_equal(info->command_line, "console=hvc0");
	pvb_plan_free(plan);
}

static void without_an_image_there_is_no_plan(void **state)
{
	(void)state;
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_error error = {0};
	struct pvb_plan *plan;
	uint64_t least;

	assert_fails_with(pvb_plan_create(NULL, &spec, NULL, &plan, &error), PVB_E_ARG_INVALID,
			  &error);
	assert_null(plan);
	assert_fails_with(pvb_plan_minimum_memory(NULL, &spec, NULL, &least, &error),
			  PVB_E_ARG_INVALID, &error);
}

/* On x86 there are pages of 4 KiB and no others, with a host or without one. */
static void a_kernel_that_cannot_do_with_4_kib_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *mask;
		bool fits;
	} cases[] = {
		{"\0\x10\0", true}, {"\0\x50\1", true}, {"\0\x40\0", false}, {"\0\0\1", false}};

	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct elf_builder builder = ELF_BUILDER_64;
		struct pvb_spec spec = PVB_SPEC_INIT;
		struct blob notes = BLOB_INIT;
		struct pvb_plan *plan = NULL;
		struct pvb_error error;

		elf_add_load(&builder, 0x100000, 0x1000, 0x3001);
		builder.entry = 0x100000;
		note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_GRANULES, cases[i].mask, 4);
		elf_add_note_segment(&builder, &notes);
		struct pvb_image *image = open_kernel(&builder);

		spec.memory = UINT64_C(64) << 20;
		if (cases[i].fits)
			assert_ok(pvb_plan_create(image, &spec, NULL, &plan, &error), &error);
		else
			assert_fails_with(pvb_plan_create(image, &spec, NULL, &plan, &error),
					  PVB_E_PLAN_GRANULE, &error);
		pvb_plan_free(plan);
		pvb_image_free(image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_outlives_its_image),
		cmocka_unit_test(without_an_image_there_is_no_plan),
		cmocka_unit_test(a_kernel_that_cannot_do_with_4_kib_is_refused),
	};

	return cmocka_run_group_tests_name("plan image", tests, NULL, NULL);
}
