/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What opening an image costs, counted: in proportion to its bytes, whatever its headers say. */
#include "support/test.h"

#include <elf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pvbuild/image.h>

#include "image/image.h"
#include "support/compress.h"
#include "support/cost.h"
#include "support/elf-builder.h"

#define MIB (UINT64_C(1) << 20)

static struct pvb_image *open_counted(const struct blob *file, struct pvb_cost *cost)
{
	struct pvb_image *image = NULL;
	struct pvb_error error;
	const char *wrong;

	assert_ok(pvb_image_open_counted(pvb_span(file->bytes, file->size), "kernel", NULL, cost,
					 &image, &error),
		  &error);
	wrong = cost_out_of_proportion(cost, file->size, NULL);
	if (wrong)
		print_error("%s\n", wrong);
	assert_null(wrong);
	return image;
}

static uint64_t memory_of(const struct pvb_image *image)
{
	struct stat status;

	assert_int_equal(fstat(pvb_image_fd(image), &status), 0);
	return (uint64_t)status.st_blocks * 512;
}

/* ---- banners -------------------------------------------------------------------------- */

/* Segments that are the same bytes of the file, these being "unit" again and again. */
static struct blob same_bytes(unsigned segments, const char *unit, const char *end)
{
	enum { SIZE = 1 << 20 };
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = xen_notes(64), text = BLOB_INIT;
	struct blob file;

	note_add_text(&notes, NOTE_GUEST_OS, "linux");
	elf_add_note_segment(&b, &notes);
	while (text.size < SIZE)
		blob_append(&text, unit, strlen(unit));
	blob_append(&text, end, strlen(end));
	const size_t size = text.size;

	elf_add_segment(&b, PT_LOAD, 0, &text, size);
	for (unsigned i = 1; i < segments; i++)
		elf_add_load(&b, (uint64_t)i << 24, 0, size);
	file = elf_build(&b);
	for (unsigned i = 1; i < segments; i++) {
		elf_set_ph(&file, 1 + i, PH_OFFSET, elf_get_ph(&file, 1, PH_OFFSET));
		elf_set_ph(&file, 1 + i, PH_FILESZ, size);
	}
	return file;
}

static void bytes_that_many_segments_name_are_scanned_once(void **state)
{
	struct blob file = same_bytes(20, "Linux version a (", "");
	struct pvb_cost cost;
	struct pvb_image *image = open_counted(&file, &cost);

	(void)state;
	assert_null(pvb_image_info(image)->kernel_version);
	assert_true(cost.scanned >= MIB);
	assert_true(cost.scanned <= 4 * file.size);
	assert_true(cost.copied <= file.size);
	pvb_image_free(image);
	blob_free(&file);
}

/* Each begins like a banner: no more may be looked at for that, and the true one is found. */
static void near_misses_cost_no_more_than_other_bytes(void **state)
{
	static const char *const units[] = {
		"Linux version a (",  "Linux version 6.1 (", "Linux version Linux version ",
		"Linux version 6.1@", "Linux version \n",    "@ \n(",
	};
	static const char banner[] = "\nLinux version 6.1.0-18-amd64 (who@where) #1 SMP\n";

	(void)state;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		struct blob file = same_bytes(3, units[i], banner);
		struct pvb_cost cost;
		struct pvb_image *image = open_counted(&file, &cost);

		assert_non_null(pvb_image_info(image)->kernel_version);
		assert_string_equal(pvb_image_info(image)->kernel_version,
				    "6.1.0-18-amd64 (who@where) #1 SMP");
		pvb_image_free(image);
		blob_free(&file);
	}
}

/* Looking at a hole through a mapping fills it: a kernel of zeros stays one that costs nothing. */
static void zeros_are_not_scanned(void **state)
{
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = xen_notes(64), zeros = BLOB_INIT;
	struct pvb_cost cost;

	(void)state;
	blob_append(&zeros, NULL, 64 * MIB);
	elf_add_note_segment(&b, &notes);
	elf_add_segment(&b, PT_LOAD, 0, &zeros, 64 * MIB);
	struct blob plain = elf_build(&b);
	struct blob file = compress_blob(PVB_CODEC_GZIP, &plain, NULL);
	struct pvb_image *image = open_counted(&file, &cost);

	assert_true(file.size < 112 << 10);
	assert_int_equal(pvb_image_info(image)->unpacked_size, plain.size);
	assert_true(pvb_image_info(image)->pv.supported);
	assert_true(cost.scanned < 64 << 10);
	assert_true(memory_of(image) < 64 << 10);
	pvb_image_free(image);

	/* As it is, too. */
	image = open_counted(&plain, &cost);
	assert_true(cost.scanned < 64 << 10);
	assert_true(memory_of(image) < 64 << 10);
	pvb_image_free(image);
	blob_free(&plain);
	blob_free(&file);
}

/* ---- notes ---------------------------------------------------------------------------- */

static struct blob same_notes(unsigned segments, const struct blob *notes)
{
	struct elf_builder b = ELF_BUILDER_64;
	struct blob copy = blob_copy(notes);

	elf_add_load(&b, 0, 0x100, 0x1000);
	elf_add_note_segment(&b, &copy);
	for (unsigned i = 1; i < segments; i++) {
		struct blob none = BLOB_INIT;

		elf_add_note_segment(&b, &none);
	}
	struct blob file = elf_build(&b);

	for (unsigned i = 1; i < segments; i++) {
		elf_set_ph(&file, 1 + i, PH_OFFSET, elf_get_ph(&file, 1, PH_OFFSET));
		elf_set_ph(&file, 1 + i, PH_FILESZ, notes->size);
	}
	return file;
}

static void notes_count_against_the_size_of_the_file_once(void **state)
{
	struct blob notes = xen_notes(64), desc = BLOB_INIT;
	struct pvb_image *image = NULL;
	struct pvb_error error;
	struct pvb_cost cost;

	(void)state;
	blob_append(&desc, NULL, MIB);
	note_add(&notes, "BIG", 7, desc.bytes, desc.size);
	struct blob once = same_notes(1, &notes), often = same_notes(20, &notes);

	image = open_counted(&once, &cost);
	assert_int_equal(cost.noted, notes.size);
	pvb_image_free(image);
	assert_fails_with(pvb_image_open_counted(pvb_span(often.bytes, often.size), "kernel", NULL,
						 &cost, &image, &error),
			  PVB_E_NOTE_TOO_MANY, &error);
	assert_non_null(strstr(error.message, "overlap"));
	assert_true(cost.kept < 64 << 10);
	blob_free(&once);
	blob_free(&often);
	blob_free(&desc);
	blob_free(&notes);
}

/* Twice the same few is no harm, and libxenguest takes it. */
static void a_few_notes_twice_are_read_twice(void **state)
{
	struct blob notes = xen_notes(64);
	struct blob file = same_notes(2, &notes);
	struct pvb_cost cost;
	struct pvb_image *image = open_counted(&file, &cost);

	(void)state;
	assert_true(pvb_image_info(image)->pv.supported);
	assert_int_equal(pvb_image_info(image)->note_count, 2 * 3);
	pvb_image_free(image);
	blob_free(&file);
	blob_free(&notes);
}

/* A note of zeros is one of 12 bytes: holes would be filled by looking for the last of them. */
static void zeros_among_notes_end_the_reading(void **state)
{
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = xen_notes(64), zeros = BLOB_INIT;
	struct pvb_cost cost;

	(void)state;
	blob_append(&zeros, NULL, 16 * MIB);
	elf_add_load(&b, 0, 0x100, 0x1000);
	elf_add_note_segment(&b, &notes);
	elf_add_note_section(&b, ".note", &zeros);
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_counted(&file, &cost);

	assert_true(cost.notes <= PVB_BUDGET_NOTES + 16);
	assert_true(memory_of(image) < MIB);
	pvb_image_free(image);
	blob_free(&file);
}

/* ---- what no build reads ------------------------------------------------------------------ */

enum { DEBUG_SIZE = 8 << 20 };

static struct blob with_debug_information(bool symbols)
{
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = xen_notes(64), debug = BLOB_INIT;
	uint64_t seed = 7;

	blob_append(&debug, NULL, DEBUG_SIZE);
	for (size_t i = 0; i < debug.size; i += 512)
		debug.bytes[i] = (uint8_t)(test_random(&seed) | 1);
	if (symbols)
		note_add_text(&notes, NOTE_BSD_SYMTAB, "yes");
	elf_add_note_segment(&b, &notes);
	elf_add_load(&b, 0, 100000, 200000);
	elf_add_section(&b, ".debug_info", SHT_PROGBITS, &debug);
	elf_add_symbols(&b, 1000);
	return elf_build(&b);
}

static void check_kept(struct pvb_image *image, const struct blob *file, bool symbols)
{
	const struct pvb_image_info *info = pvb_image_info(image);
	uint8_t *bytes = (uint8_t *)malloc(100000);

	assert_non_null(bytes);
	assert_true(info->pv.supported);
	assert_int_equal(info->pv.bsd_symtab, symbols);
	assert_true(info->unpacked_size >= file->size);
	assert_true(memory_of(image) < 1 * MIB);
	for (size_t i = 0; i < info->piece_count; i++)
		if (info->pieces[i].offset < file->size) {
			assert_int_equal(pread(pvb_image_fd(image), bytes, 100000,
					       (off_t)info->pieces[i].offset),
					 100000);
			assert_memory_equal(bytes, file->bytes + info->pieces[i].offset, 100000);
		}
	free(bytes);
	pvb_image_free(image);
}

/* A vmlinux has many times as much of it as kernel. */
static void debug_information_is_not_kept(void **state)
{
	(void)state;
	for (unsigned symbols = 0; symbols < 2; symbols++) {
		struct blob plain = with_debug_information(symbols);
		struct blob packed = compress_blob(PVB_CODEC_GZIP, &plain, NULL);
		struct pvb_cost cost;
		struct pvb_image *image = open_counted(&plain, &cost);

		/* Of a file as it is, nothing of it is even read. */
		assert_true(cost.copied < 1 * MIB);
		assert_true(cost.stored_peak < 1 * MIB);
		assert_true(pvb_image_info(image)->memory_peak < 1 * MIB);
		check_kept(image, &plain, symbols);

		/* Out of a decoder it comes, and is given back. */
		image = open_counted(&packed, &cost);
		assert_true(cost.stored_peak > DEBUG_SIZE);
		assert_int_equal(pvb_image_info(image)->memory_peak, cost.stored_peak);
		check_kept(image, &plain, symbols);
		blob_free(&plain);
		blob_free(&packed);
	}
}

/* ---- layers ------------------------------------------------------------------------------ */

static void layers_that_are_there_at_once_count_together(void **state)
{
	struct blob plain = BLOB_INIT, kernel = small_kernel(64);
	struct pvb_image_options options = PVB_IMAGE_OPTIONS_INIT;
	struct pvb_image *image = NULL;
	struct pvb_error error;

	(void)state;
	blob_append_blob(&plain, &kernel);
	struct blob payload = compress_blob(PVB_CODEC_GZIP, &plain, NULL);
	struct blob bzimage =
		bzimage_build(&(const struct bzimage){.no_size_trailer = true}, &payload);
	struct blob file = compress_blob(PVB_CODEC_GZIP, &bzimage, NULL);

	options.max_unpacked = bzimage.size + plain.size;
	assert_ok(pvb_image_open_memory(file.bytes, file.size, NULL, &options, &image, &error),
		  &error);
	assert_true(pvb_image_info(image)->memory_peak > 0);
	pvb_image_free(image);
	options.max_unpacked--;
	assert_fails_with(
		pvb_image_open_memory(file.bytes, file.size, NULL, &options, &image, &error),
		PVB_E_IMAGE_TOO_LARGE, &error);
	assert_non_null(strstr(error.message, "of the layer around it"));
	blob_free(&plain);
	blob_free(&kernel);
	blob_free(&bzimage);
	blob_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_that_many_segments_name_are_scanned_once),
		cmocka_unit_test(near_misses_cost_no_more_than_other_bytes),
		cmocka_unit_test(zeros_are_not_scanned),
		cmocka_unit_test(notes_count_against_the_size_of_the_file_once),
		cmocka_unit_test(a_few_notes_twice_are_read_twice),
		cmocka_unit_test(zeros_among_notes_end_the_reading),
		cmocka_unit_test(debug_information_is_not_kept),
		cmocka_unit_test(layers_that_are_there_at_once_count_together),
	};

	return cmocka_run_group_tests_name("image-cost", tests, NULL, NULL);
}
