/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening an image while every allocation, mapping and memfd fails in turn. */
#include "support/test.h"

#include <pvbuild/image.h>

#include "support/compress.h"
#include "support/elf-builder.h"
#include "torture/inject.h"

/*
 * With each allocation failing once: a clean refusal that says whose fault it
 * is, or, where a library can do without, the image; never anything left behind.
 */
static void fail_each_in_turn(struct blob *file)
{
	unsigned fds = count_open_fds();
	uint64_t allocations = UINT64_MAX;

	for (uint64_t nth = 1; nth <= allocations; nth++) {
		struct pvb_image *image = NULL;
		struct pvb_error error = {0};
		int64_t before = inject_balance();

		inject_arm(nth);
		int rc = pvb_image_open_memory(file->bytes, file->size, "kernel", NULL, &image,
					       &error);
		uint64_t count = inject_disarm();
		bool fired = inject_fired();

		if (!fired)
			allocations = count;
		if (rc) {
			if (rc != -PVB_E_ARG_NO_MEMORY)
				print_error("allocation %u: %s: %s\n", (unsigned)nth,
					    pvb_code_name(-rc), error.message);
			assert_int_equal(rc, -PVB_E_ARG_NO_MEMORY);
			assert_int_equal(error.code, PVB_E_ARG_NO_MEMORY);
			assert_true(fired);
			assert_null(image);
		}
		pvb_image_free(image);
		assert_int_equal(inject_balance(), before);
		assert_int_equal(count_open_fds(), fds);
	}
	assert_true(allocations > 4);
	blob_free(file);
}

static void every_codec_survives_want_of_memory(void **state)
{
	(void)state;
	struct elf_builder b = linux_like(64);
	struct blob plain = elf_build(&b);

	for (enum pvb_codec codec = PVB_CODEC_GZIP; codec <= LAST_CODEC;
	     codec = (enum pvb_codec)(codec + 1)) {
		if (!can_compress(codec))
			continue;
		struct blob payload = compress_blob(codec, &plain, NULL);
		struct bzimage spec = {.unpacked_size = (uint32_t)plain.size};
		struct blob file = bzimage_build(&spec, &payload);

		fail_each_in_turn(&file);
	}
	blob_free(&plain);
}

static void two_layers_survive_want_of_memory(void **state)
{
	(void)state;
	struct blob elf = small_kernel(64);
	struct blob payload = compress_blob(PVB_CODEC_GZIP, &elf, NULL);
	struct blob inner = bzimage_build(&(struct bzimage){.unpacked_size = 1}, &payload);
	struct blob file = compress_blob(PVB_CODEC_GZIP, &inner, NULL);

	fail_each_in_turn(&file);
	blob_free(&inner);
	blob_free(&elf);
}

static void legacy_kernels_with_symbols_survive_want_of_memory(void **state)
{
	(void)state;
	struct elf_builder b = ELF_BUILDER_32;

	elf_add_load(&b, 0, 0x100, 0x1000);
	elf_add_xen_guest(&b, "LOADER=generic,XEN_VER=xen-3.0,PAE=yes,BSD_SYMTAB");
	(void)elf_add_symbols(&b, 3);
	struct blob file = elf_build(&b);
	fail_each_in_turn(&file);
}

static void refusals_survive_want_of_memory(void **state)
{
	(void)state;
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = xen_notes(64);

	note_add_text(&notes, NOTE_FEATURES, "!of_another_kind");
	elf_add_load(&b, 0, 0x100, 0x1000);
	elf_add_note_segment(&b, &notes);
	struct blob file = elf_build(&b);
	fail_each_in_turn(&file);

	struct blob flat = flat_build(&(struct flat_binary){.flags = 0x10000}, 8192);
	fail_each_in_turn(&flat);
	struct blob arm64 = arm64_build(0, 0x10000, 0, 0x1000);
	fail_each_in_turn(&arm64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_codec_survives_want_of_memory),
		cmocka_unit_test(two_layers_survive_want_of_memory),
		cmocka_unit_test(legacy_kernels_with_symbols_survive_want_of_memory),
		cmocka_unit_test(refusals_survive_want_of_memory),
	};

	return cmocka_run_group_tests_name("image-failures", tests, NULL, NULL);
}
