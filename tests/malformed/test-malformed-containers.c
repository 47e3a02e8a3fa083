/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bzImages, flat binaries and arm64 Images whose headers lie, and layers where none can be. */
#include "malformed/suite.h"

/* ---- bzImage --------------------------------------------------------------------------- */

static struct blob sound_bzimage(void)
{
	struct blob kernel = sound_kernel(64);
	struct blob image = packed_bzimage(PVB_CODEC_GZIP, &kernel);

	blob_free(&kernel);
	return image;
}

#define BZIMAGE(name_, field_, value_, width_)                                                     \
	SPOILT(name_, sound_bzimage(), blob_put(&image, field_, value_, width_))

SPOILT(a_sound_bzimage, sound_bzimage(), )
BZIMAGE(a_bzimage_of_protocol_2_07, BZ_PROTOCOL, 0x0207, 2)
BZIMAGE(a_bzimage_of_protocol_0, BZ_PROTOCOL, 0, 2)
BZIMAGE(a_bzimage_of_protocol_2_08, BZ_PROTOCOL, 0x0208, 2)
BZIMAGE(a_bzimage_of_a_protocol_from_the_future, BZ_PROTOCOL, 0x0299, 2)
BZIMAGE(a_bzimage_without_its_magic, BZ_MAGIC, 0, 4)
BZIMAGE(a_bzimage_with_a_payload_of_no_bytes, BZ_PAYLOAD_LENGTH, 0, 4)
BZIMAGE(a_bzimage_with_a_payload_of_1_byte, BZ_PAYLOAD_LENGTH, 1, 4)
BZIMAGE(a_bzimage_with_a_payload_longer_than_its_code, BZ_PAYLOAD_LENGTH, 1 << 20, 4)
BZIMAGE(a_bzimage_with_a_payload_of_4_gib, BZ_PAYLOAD_LENGTH, UINT32_MAX, 4)
BZIMAGE(a_bzimage_with_a_payload_beyond_its_code, BZ_PAYLOAD_OFFSET, 1 << 20, 4)
SPOILT(a_bzimage_with_code_and_payload_longer_than_the_file, sound_bzimage(),
       blob_put(&image, BZ_SYSSIZE, 1 << 20, 4), blob_put(&image, BZ_PAYLOAD_LENGTH, 1 << 20, 4))
BZIMAGE(a_bzimage_without_its_boot_flag, BZ_BOOT_FLAG, 0, 2)
BZIMAGE(a_bzimage_with_a_header_too_short_for_its_protocol, BZ_JUMP, 0x20, 1)
BZIMAGE(a_bzimage_with_a_payload_whose_end_wraps, BZ_PAYLOAD_OFFSET, UINT32_MAX - 0x200, 4)
BZIMAGE(a_bzimage_with_a_payload_at_the_wrong_place, BZ_PAYLOAD_OFFSET, 0x40, 4)
BZIMAGE(a_bzimage_with_a_setup_larger_than_the_file, BZ_SETUP_SECTS, 255, 1)
BZIMAGE(a_bzimage_with_a_setup_one_sector_too_small, BZ_SETUP_SECTS, 3, 1)
BZIMAGE(a_bzimage_with_a_setup_of_0_sectors_which_means_4, BZ_SETUP_SECTS, 0, 1)
BZIMAGE(a_bzimage_with_a_version_beyond_the_file, BZ_VERSION_PTR, 0xfff0, 2)
SPOILT(a_bzimage_with_a_version_that_cannot_be_printed, sound_bzimage(),
       memcpy(image.bytes + 0x300, "\x1b]0;\xff\x07\n", 7))
SPOILT(a_bzimage_with_a_version_that_never_ends, sound_bzimage(),
       memset(image.bytes + 0x300, 'v', 5 * 512 - 0x300))
SPOILT(a_bzimage_cut_inside_its_setup_header, sound_bzimage(), blob_cut(&image, 0x208))
SPOILT(a_bzimage_cut_before_its_payload_fields, sound_bzimage(), blob_cut(&image, 0x24c))
SPOILT(a_bzimage_cut_after_its_setup, sound_bzimage(), blob_cut(&image, 5 * 512))
SPOILT(a_bzimage_cut_inside_its_payload, sound_bzimage(), blob_cut(&image, image.size - 600))

static void version_is_read(const struct pvb_image_info *info)
{
	assert_int_equal(info->container, PVB_CONTAINER_BZIMAGE);
	assert_int_equal(info->codec, PVB_CODEC_GZIP);
	assert_int_equal(info->layers, 1);
	assert_string_equal(info->kernel_version, "6.1.0-test (tests@example) #1");
}

static void no_version_is_read(const struct pvb_image_info *info)
{
	assert_null(info->kernel_version);
}

static struct blob bzimage_of(struct blob payload)
{
	return bzimage_build(&(const struct bzimage){.no_size_trailer = true}, &payload);
}

static struct blob text(const char *string)
{
	struct blob blob = BLOB_INIT;

	blob_append_text(&blob, string);
	return blob;
}

SPOILT(a_bzimage_with_a_payload_of_no_known_kind, bzimage_of(text("What codec might this be?")), )
SPOILT(a_bzimage_with_a_payload_that_is_not_compressed, bzimage_of(sound_kernel(64)), )
SPOILT(a_bzimage_in_a_bzimage, bzimage_of(consumed(PVB_CODEC_GZIP, sound_bzimage())), )
SPOILT(a_bzimage_of_a_flat_binary, bzimage_of(consumed(PVB_CODEC_GZIP, sound_flat())), )
SPOILT(a_bzimage_of_text, bzimage_of(consumed(PVB_CODEC_GZIP, text("Dear kernel, ..."))), )
SPOILT(a_bzimage_of_nothing, bzimage_of(consumed(PVB_CODEC_GZIP, text(""))), )
SPOILT(a_bzimage_with_two_layers_in_its_payload,
       bzimage_of(consumed(PVB_CODEC_GZIP, consumed(PVB_CODEC_GZIP, sound_kernel(64)))), )

/* ---- layers ---------------------------------------------------------------------------- */

SPOILT(a_gzipped_kernel, consumed(PVB_CODEC_GZIP, sound_kernel(64)), )
SPOILT(a_gzipped_bzimage, consumed(PVB_CODEC_GZIP, sound_bzimage()), )
SPOILT(a_gzipped_flat_binary, consumed(PVB_CODEC_GZIP, sound_flat()), )
SPOILT(a_gzipped_gzipped_kernel,
       consumed(PVB_CODEC_GZIP, consumed(PVB_CODEC_GZIP, sound_kernel(64))), )
SPOILT(a_gzipped_gzipped_bzimage,
       consumed(PVB_CODEC_GZIP, consumed(PVB_CODEC_GZIP, sound_bzimage())), )
SPOILT(a_gzipped_xz_kernel, consumed(PVB_CODEC_GZIP, consumed(PVB_CODEC_XZ, sound_kernel(64))), )
SPOILT(a_gzipped_text, consumed(PVB_CODEC_GZIP, text("Dear kernel, ...")), )
SPOILT(a_gzipped_empty_file, consumed(PVB_CODEC_GZIP, text("")), )
SPOILT(a_gzipped_first_half_of_an_elf_header,
       consumed(PVB_CODEC_GZIP, text("\x7f"
				     "ELF\2\1\1")), )

static struct blob kernel_and_a_megabyte(void)
{
	struct blob kernel = sound_kernel(64);

	blob_append(&kernel, NULL, 1 << 20);
	return kernel;
}

SPOILT(a_gzipped_kernel_with_a_megabyte_of_zeros_behind,
       consumed(PVB_CODEC_GZIP, kernel_and_a_megabyte()), )

static struct blob kernel_that_claims(uint64_t filesz)
{
	struct blob kernel = sound_kernel(64);

	elf_set_ph(&kernel, 0, PH_FILESZ, filesz);
	elf_set_ph(&kernel, 0, PH_MEMSZ, filesz);
	elf_set_ph(&kernel, 1, PH_PADDR, UINT64_C(1) << 40);
	return kernel;
}

SPOILT(a_gzipped_kernel_that_claims_512_mib,
       consumed(PVB_CODEC_GZIP, kernel_that_claims(512 << 20)), )
SPOILT(a_gzipped_kernel_that_claims_2_gib,
       consumed(PVB_CODEC_GZIP, kernel_that_claims(UINT64_C(2) << 30)), )
SPOILT(a_gzipped_kernel_that_claims_more_than_there_are_bytes,
       consumed(PVB_CODEC_GZIP, kernel_that_claims(UINT64_MAX - 0x200)), )

static void two_layers(const struct pvb_image_info *info)
{
	assert_int_equal(info->layers, 2);
	assert_int_equal(info->container, PVB_CONTAINER_BZIMAGE);
}

static void one_layer(const struct pvb_image_info *info)
{
	assert_int_equal(info->layers, 1);
	assert_int_equal(info->codec, PVB_CODEC_GZIP);
}

/* ---- the flat binary --------------------------------------------------------------------- */

enum {
	FLAT_AT = 0x20,
	FLAGS = 4,
	SUM = 8,
	HEADER = 12,
	LOAD = 16,
	LOAD_END = 20,
	BSS_END = 24,
	ENTRY = 28
};

#define FLAT(name_, field_, value_)                                                                \
	SPOILT(name_, sound_flat(), blob_put(&image, FLAT_AT + (field_), (value_), 4))

static void set_flags(struct blob *image, uint32_t flags)
{
	blob_put(image, FLAT_AT + FLAGS, flags, 4);
	blob_put(image, FLAT_AT + SUM, UINT64_C(0x200000000) - 0x336ec578 - flags, 4);
}

SPOILT(a_sound_flat_binary, sound_flat(), )
SPOILT(a_sound_64_bit_flat_binary, sound_flat(), set_flags(&image, 0x18001))
FLAT(a_flat_binary_with_a_wrong_checksum, SUM, 1)
SPOILT(a_flat_binary_that_states_no_addresses, sound_flat(), set_flags(&image, 0x4001))
SPOILT(a_flat_binary_that_wants_a_memory_map, sound_flat(), set_flags(&image, 0x14003))
SPOILT(a_flat_binary_that_wants_a_screen, sound_flat(), set_flags(&image, 0x14005))
SPOILT(a_flat_binary_without_pae, sound_flat(), set_flags(&image, 0x10001))
FLAT(a_flat_binary_whose_header_is_before_its_start, HEADER, 0xfffff)
FLAT(a_flat_binary_whose_header_is_too_far_from_its_start, HEADER, 0x100021)
FLAT(a_flat_binary_whose_start_wraps, HEADER, 0x10)
FLAT(a_flat_binary_that_loads_more_than_the_file_has, LOAD_END, 0x100801)
FLAT(a_flat_binary_that_ends_before_it_starts, LOAD_END, 0xff000)
FLAT(a_flat_binary_whose_bss_ends_before_its_data, BSS_END, 0x1007ff)
FLAT(a_flat_binary_with_its_entry_outside, ENTRY, 0x102000)
FLAT(a_flat_binary_with_its_entry_before, ENTRY, 0xfffff)
SPOILT(a_flat_binary_cut_inside_its_header, sound_flat(), blob_cut(&image, FLAT_AT + 30))
SPOILT(a_flat_binary_with_no_ends_stated, sound_flat(), blob_put(&image, FLAT_AT + LOAD_END, 0, 4),
       blob_put(&image, FLAT_AT + BSS_END, 0, 4))

static void whole_file_is_loaded(const struct pvb_image_info *info)
{
	assert_int_equal(info->container, PVB_CONTAINER_MULTIBOOT);
	assert_int_equal(info->piece_count, 1);
	assert_int_equal(info->pieces[0].size, 0x800);
	assert_int_equal(info->pieces[0].memory_size, 0x800);
}

/* ---- the arm64 Image ---------------------------------------------------------------------- */

enum { TEXT_OFFSET = 8, IMAGE_SIZE = 16, IMAGE_FLAGS = 24, IMAGE_MAGIC = 56 };

#define ARM64(name_, field_, value_)                                                               \
	SPOILT(name_, sound_arm64(), blob_put(&image, field_, value_, 8))

SPOILT(a_sound_arm64_image, sound_arm64(), )
ARM64(an_arm64_image_without_its_magic, IMAGE_MAGIC, 0)
ARM64(an_arm64_image_larger_than_it_says, IMAGE_SIZE, 0x3ff)
ARM64(an_arm64_image_whose_place_wraps, TEXT_OFFSET, UINT64_MAX - 0xff)
ARM64(a_big_endian_arm64_image, IMAGE_FLAGS, 0xb)
ARM64(an_arm64_image_from_before_linux_3_17, IMAGE_SIZE, 0)
SPOILT(an_arm64_image_cut_behind_its_magic, sound_arm64(), blob_cut(&image, 60))
SPOILT(an_arm64_image_cut_inside_its_magic, sound_arm64(), blob_cut(&image, 59))

int main(void)
{
	const struct CMUnitTest tests[] = {
		SOUND(a_sound_bzimage, version_is_read),
		SOUND(a_bzimage_of_protocol_2_08, version_is_read),
		SOUND(a_bzimage_of_a_protocol_from_the_future, version_is_read),
		SOUND(a_bzimage_with_a_setup_of_0_sectors_which_means_4, version_is_read),
		REFUSED(a_bzimage_of_protocol_2_07, BZIMAGE_PROTOCOL),
		REFUSED(a_bzimage_of_protocol_0, BZIMAGE_PROTOCOL),
		REFUSED(a_bzimage_without_its_magic, IMAGE_NO_LOADER),
		REFUSED(a_bzimage_with_a_payload_of_no_bytes, BZIMAGE_HEADER),
		REFUSED(a_bzimage_with_a_payload_of_1_byte, CODEC_UNKNOWN),
		REFUSED(a_bzimage_with_a_payload_longer_than_its_code, IMAGE_TRUNCATED),
		REFUSED(a_bzimage_with_a_payload_of_4_gib, IMAGE_TRUNCATED),
		REFUSED(a_bzimage_with_a_payload_beyond_its_code, IMAGE_TRUNCATED),
		REFUSED(a_bzimage_with_a_payload_whose_end_wraps, IMAGE_TRUNCATED),
		REFUSED(a_bzimage_with_code_and_payload_longer_than_the_file, IMAGE_TRUNCATED),
		SOUND(a_bzimage_without_its_boot_flag, version_is_read),
		SOUND(a_bzimage_with_a_header_too_short_for_its_protocol, version_is_read),
		REFUSED(a_bzimage_with_a_payload_at_the_wrong_place, CODEC_UNKNOWN),
		REFUSED(a_bzimage_with_a_setup_larger_than_the_file, IMAGE_TRUNCATED),
		REFUSED(a_bzimage_with_a_setup_one_sector_too_small, CODEC_UNKNOWN),
		SOUND(a_bzimage_with_a_version_beyond_the_file, no_version_is_read),
		SOUND(a_bzimage_with_a_version_that_cannot_be_printed, NULL),
		SOUND(a_bzimage_with_a_version_that_never_ends, NULL),
		REFUSED(a_bzimage_cut_inside_its_setup_header, IMAGE_TRUNCATED),
		REFUSED(a_bzimage_cut_before_its_payload_fields, IMAGE_TRUNCATED),
		REFUSED(a_bzimage_cut_after_its_setup, IMAGE_TRUNCATED),
		REFUSED(a_bzimage_cut_inside_its_payload, IMAGE_TRUNCATED),
		REFUSED(a_bzimage_with_a_payload_of_no_known_kind, CODEC_UNKNOWN),
		SOUND(a_bzimage_with_a_payload_that_is_not_compressed, NULL),
		REFUSED(a_bzimage_in_a_bzimage, IMAGE_NOT_A_KERNEL),
		REFUSED(a_bzimage_of_a_flat_binary, IMAGE_NOT_A_KERNEL),
		REFUSED(a_bzimage_of_text, IMAGE_NOT_A_KERNEL),
		REFUSED(a_bzimage_of_nothing, IMAGE_NOT_A_KERNEL),
		REFUSED(a_bzimage_with_two_layers_in_its_payload, IMAGE_NESTED),
		SOUND(a_gzipped_kernel, one_layer),
		SOUND(a_gzipped_bzimage, two_layers),
		SOUND(a_gzipped_flat_binary, one_layer),
		REFUSED(a_gzipped_gzipped_kernel, IMAGE_NESTED),
		REFUSED(a_gzipped_gzipped_bzimage, IMAGE_NESTED),
		REFUSED(a_gzipped_xz_kernel, IMAGE_NESTED),
		REFUSED(a_gzipped_text, IMAGE_NOT_A_KERNEL),
		REFUSED(a_gzipped_empty_file, IMAGE_NOT_A_KERNEL),
		REFUSED(a_gzipped_first_half_of_an_elf_header, IMAGE_TRUNCATED),
		REFUSED(a_gzipped_kernel_with_a_megabyte_of_zeros_behind, IMAGE_OUTGROWN),
		REFUSED(a_gzipped_kernel_that_claims_512_mib, ELF_SEGMENT_FILE),
		REFUSED(a_gzipped_kernel_that_claims_2_gib, IMAGE_TOO_LARGE),
		REFUSED(a_gzipped_kernel_that_claims_more_than_there_are_bytes, IMAGE_TOO_LARGE),
		SOUND(a_sound_flat_binary, NULL),
		SOUND(a_sound_64_bit_flat_binary, NULL),
		SOUND(a_flat_binary_with_no_ends_stated, whole_file_is_loaded),
		REFUSED(a_flat_binary_with_a_wrong_checksum, IMAGE_NO_LOADER),
		REFUSED(a_flat_binary_that_states_no_addresses, MULTIBOOT_HEADER),
		REFUSED(a_flat_binary_that_wants_a_memory_map, MULTIBOOT_HEADER),
		REFUSED(a_flat_binary_that_wants_a_screen, MULTIBOOT_HEADER),
		NO_PV(a_flat_binary_without_pae, PV_NON_PAE),
		REFUSED(a_flat_binary_whose_header_is_before_its_start, MULTIBOOT_HEADER),
		REFUSED(a_flat_binary_whose_header_is_too_far_from_its_start, MULTIBOOT_HEADER),
		REFUSED(a_flat_binary_whose_start_wraps, MULTIBOOT_HEADER),
		REFUSED(a_flat_binary_that_loads_more_than_the_file_has, MULTIBOOT_HEADER),
		REFUSED(a_flat_binary_that_ends_before_it_starts, MULTIBOOT_HEADER),
		REFUSED(a_flat_binary_whose_bss_ends_before_its_data, MULTIBOOT_HEADER),
		NO_PV(a_flat_binary_with_its_entry_outside, PV_ADDRESSES),
		NO_PV(a_flat_binary_with_its_entry_before, PV_ADDRESSES),
		REFUSED(a_flat_binary_cut_inside_its_header, IMAGE_NO_LOADER),
		SOUND(a_sound_arm64_image, NULL),
		SOUND(an_arm64_image_from_before_linux_3_17, NULL),
		NO_PV(a_big_endian_arm64_image, PV_MACHINE),
		REFUSED(an_arm64_image_without_its_magic, IMAGE_NO_LOADER),
		REFUSED(an_arm64_image_larger_than_it_says, ARM64_HEADER),
		REFUSED(an_arm64_image_whose_place_wraps, ARM64_HEADER),
		REFUSED(an_arm64_image_cut_behind_its_magic, ARM64_HEADER),
		REFUSED(an_arm64_image_cut_inside_its_magic, IMAGE_NO_LOADER),
	};

	return cmocka_run_group_tests_name("malformed containers", tests, NULL, NULL);
}
