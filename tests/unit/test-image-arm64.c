/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arm64 Image: its header, and the notes in a section of its PE header. */
#include "support/test.h"

#include <pvbuild/guest-abi.h>
#include <pvbuild/image.h>

#include "support/elf-builder.h"
#include "support/open.h"

#define MIB (UINT64_C(1) << 20)

static struct blob image_of(const uint32_t *granules, unsigned count)
{
	struct blob image = arm64_build(0, MIB, 0xa, 0x1000), notes = BLOB_INIT;

	for (unsigned i = 0; i < count; i++)
		note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_GRANULES, &granules[i],
			 sizeof granules[i]);
	arm64_add_notes(&image, &notes);
	return image;
}

static struct blob sound(void)
{
	const uint32_t granules = 0x14000;

	return image_of(&granules, 1);
}

static void the_header_says_what_is_loaded_where(void **state)
{
	(void)state;
	struct blob file = arm64_build(0x80000, 3 * MIB, 0xc, 0x1234);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_true(info->pv.supported);
	assert_int_equal(info->pv.guest_type, PVB_GUEST_ARM64);
	assert_int_equal(info->arm64.page_size, 16384);
	assert_int_equal(info->pv.entry, 0x80000);
	assert_int_equal(info->pv.kernel_start, 0x80000);
	assert_int_equal(info->pv.kernel_end, 0x80000 + 3 * MIB);
	assert_true(info->pv.virt_base == PVB_NONE);
	assert_int_equal(info->piece_count, 1);
	assert_int_equal(info->pieces[0].va, 0x80000);
	assert_int_equal(info->pieces[0].offset, 0);
	assert_int_equal(info->pieces[0].size, 0x1234);
	assert_int_equal(info->pieces[0].memory_size, 3 * MIB);
	assert_false(info->declares.guest_abi);
	assert_int_equal(info->declares.granules, 0);
	pvb_image_free(image);
}

static void an_image_that_does_not_say_its_size_takes_its_files(void **state)
{
	(void)state;
	struct blob file = arm64_build(0, 0, 0xff, 0x1234);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_true(info->pv.supported);
	assert_int_equal(info->pieces[0].va, 0x80000);
	assert_int_equal(info->pieces[0].memory_size, 0x1234);
	assert_int_equal(info->arm64.reserved_flags, 0);
	assert_false(info->arm64.big_endian);
	pvb_image_free(image);
}

static void a_big_endian_kernel_is_refused(void **state)
{
	(void)state;
	struct blob file = arm64_build(0, MIB, 0xb, 0x1000);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_false(info->pv.supported);
	assert_int_equal(info->pv.refusal, PVB_E_PV_MACHINE);
	assert_non_null(strstr(info->pv.reason, "big-endian"));
	assert_int_equal(info->piece_count, 0);
	pvb_image_free(image);
}

static void flags_without_a_meaning_are_told_apart(void **state)
{
	(void)state;
	struct blob file = arm64_build(0, MIB, UINT64_C(0x800000000000001a), 0x1000);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_true(info->pv.supported);
	assert_true(info->arm64.reserved_flags == UINT64_C(0x8000000000000010));
	pvb_image_free(image);
}

static void a_size_that_wraps_around_is_refused(void **state)
{
	(void)state;
	struct blob file = arm64_build(0x80000, UINT64_MAX, 0xa, 0x1000);

	open_refused(&file, PVB_E_ARM64_HEADER);
}

static void the_notes_are_those_of_the_section(void **state)
{
	(void)state;
	struct blob file = sound();
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_true(info->pv.supported);
	assert_true(info->declares.guest_abi);
	assert_int_equal(info->declares.granules, 0x14000);
	assert_int_equal(info->note_count, 1);
	assert_int_equal(info->notes[0].origin, PVB_NOTE_PE);
	assert_true(info->notes[0].used);
	pvb_image_free(image);
}

static void an_image_without_the_section_declares_nothing(void **state)
{
	(void)state;
	struct blob file = sound();

	memcpy(file.bytes + ARM64_PE_NOTES, ".pvnote\0", 8);
	struct pvb_image *image = open_ok(&file);

	assert_false(pvb_image_info(image)->declares.guest_abi);
	assert_int_equal(pvb_image_info(image)->note_count, 0);
	pvb_image_free(image);
}

static void without_an_efi_stub_there_is_no_pe_header(void **state)
{
	(void)state;
	struct blob file = sound();

	blob_put(&file, 0, 0x14000010, 4); /* b: no "MZ" */
	blob_put(&file, 60, 0x12345678, 4);
	struct pvb_image *image = open_ok(&file);

	assert_int_equal(pvb_image_info(image)->note_count, 0);
	pvb_image_free(image);
}

/* One change to a sound Image, and the code that it wants. */
static void malformed_declarations_are_refused(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint64_t value;
		unsigned width;
		enum pvb_code code;
	} faults[] = {
		{"a PE header outside the file", 60, 0x7fffffff, 4, PVB_E_ARM64_HEADER},
		{"a PE header at its last bytes", 60, 0x11fe, 4, PVB_E_ARM64_HEADER},
		{"no PE header there", 60, 0x80, 4, PVB_E_ARM64_HEADER},
		{"more sections than fit", ARM64_PE_SECTION_COUNT, 0xffff, 2, PVB_E_ARM64_HEADER},
		{"a table pushed out", ARM64_PE_OPTIONAL_SIZE, 0xffff, 2, PVB_E_ARM64_HEADER},
		{"a section past the end", ARM64_PE_NOTES_OFFSET, 0x1001, 4, PVB_E_IMAGE_TRUNCATED},
		{"a section far outside", ARM64_PE_NOTES_OFFSET, UINT32_MAX, 4,
		 PVB_E_IMAGE_TRUNCATED},
		{"a section too long", ARM64_PE_NOTES_SIZE, UINT32_MAX, 4, PVB_E_IMAGE_TRUNCATED},
		{"a note cut off in its header", ARM64_PE_NOTES_MEMORY, 8, 4, PVB_E_NOTE_MALFORMED},
		{"a note cut off in its owner", ARM64_PE_NOTES_MEMORY, 16, 4, PVB_E_NOTE_MALFORMED},
		{"a note cut off in its descriptor", ARM64_PE_NOTES_MEMORY, 22, 4,
		 PVB_E_NOTE_MALFORMED},
		{"a padded end read as notes", ARM64_PE_NOTES_MEMORY, 0x200, 4,
		 PVB_E_NOTE_MALFORMED},
		{"a descriptor of another size", 0x1004, 3, 4, PVB_E_NOTE_SIZE},
		{"no size that a page has", 0x1014, 0x8000, 4, PVB_E_NOTE_ABSURD},
		{"two sections of notes", ARM64_PE_NOTES + 40, UINT64_C(0x7365746f6e76702e), 8,
		 PVB_E_NOTE_TWICE},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct blob file = sound();

		print_message("# %s\n", faults[i].what);
		blob_put(&file, faults[i].at, faults[i].value, faults[i].width);
		open_refused(&file, faults[i].code);
	}
}

static void a_declaration_made_twice_is_refused(void **state)
{
	static const uint32_t granules[] = {0x1000, 0x1000};

	(void)state;
	struct blob file = image_of(granules, 2);

	open_refused(&file, PVB_E_NOTE_TWICE);
}

static void every_cut_of_it_is_refused_or_read_within_bounds(void **state)
{
	(void)state;
	struct blob whole = sound();

	for (size_t size = 0; size < whole.size; size += size < 0x100 ? 1 : 0x7f) {
		struct blob file = blob_copy(&whole);
		struct pvb_image *image;
		struct pvb_error error = {0};

		blob_cut(&file, size);
		if (pvb_image_open_memory(file.bytes, file.size, "Image", NULL, &image, &error))
			assert_int_equal(pvb_code_fault(error.code), PVB_FAULT_IMAGE);
		else
			fail_msg("opened after %zu bytes, without the notes that its table names",
				 size);
		blob_free(&file);
	}
	blob_free(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_says_what_is_loaded_where),
		cmocka_unit_test(an_image_that_does_not_say_its_size_takes_its_files),
		cmocka_unit_test(a_big_endian_kernel_is_refused),
		cmocka_unit_test(flags_without_a_meaning_are_told_apart),
		cmocka_unit_test(a_size_that_wraps_around_is_refused),
		cmocka_unit_test(the_notes_are_those_of_the_section),
		cmocka_unit_test(an_image_without_the_section_declares_nothing),
		cmocka_unit_test(without_an_efi_stub_there_is_no_pe_header),
		cmocka_unit_test(malformed_declarations_are_refused),
		cmocka_unit_test(a_declaration_made_twice_is_refused),
		cmocka_unit_test(every_cut_of_it_is_refused_or_read_within_bounds),
	};

	return cmocka_run_group_tests_name("arm64 Image", tests, NULL, NULL);
}
