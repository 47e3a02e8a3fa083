/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans of images, through the front door. */
#include "support/elf-builder.h"
#include "support/test.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_outlives_its_image),
		cmocka_unit_test(without_an_image_there_is_no_plan),
	};

	return cmocka_run_group_tests_name("plan image", tests, NULL, NULL);
}
