/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ELF headers, program headers, section headers and segments that lie. */
#include "malformed/suite.h"

#include <elf.h>

SPOILT(a_sound_kernel, sound_kernel(64), )
SPOILT(a_sound_32_bit_kernel, sound_kernel(32), )

/* ---- nothing, or next to nothing ---------------------------------------------------- */

#define NOTHING (struct blob) BLOB_INIT

SPOILT(an_empty_file, NOTHING, )
SPOILT(one_byte, NOTHING, blob_append_text(&image, "\x7f"))
SPOILT(only_the_magic_of_an_elf, NOTHING, blob_append_text(&image, ELFMAG))
SPOILT(an_elf_cut_after_its_ident, sound_kernel(64), blob_cut(&image, EI_NIDENT))
SPOILT(an_elf_cut_one_byte_before_its_header_ends, sound_kernel(64),
       blob_cut(&image, sizeof(Elf64_Ehdr) - 1))
SPOILT(a_32_bit_elf_cut_one_byte_before_its_header_ends, sound_kernel(32),
       blob_cut(&image, sizeof(Elf32_Ehdr) - 1))
SPOILT(a_megabyte_of_zeros, NOTHING, blob_append(&image, NULL, 1 << 20))
SPOILT(a_shell_script, NOTHING, blob_append_text(&image, "#!/bin/sh\nexec /boot/vmlinuz\n"))
SPOILT(a_text_file, NOTHING,
       for (unsigned i = 0; i < 200; i++)
	       blob_append_text(&image, "This is no kernel but a letter to the administrator.\n"))

/* ---- the ELF header ----------------------------------------------------------------- */

/* One field of the ELF header changed. */
#define HEADER64(name_, field_, value_)                                                            \
	SPOILT(name_, sound_kernel(64), elf_set(&image, field_, (uint64_t)(value_)))
#define HEADER32(name_, field_, value_)                                                            \
	SPOILT(name_, sound_kernel(32), elf_set(&image, field_, (uint64_t)(value_)))

SPOILT(an_elf_with_one_letter_of_its_magic_wrong, sound_kernel(64),
       blob_put(&image, EI_MAG3, 'G', 1))
HEADER64(a_class_of_0, EH_CLASS, ELFCLASSNONE)
HEADER64(a_class_of_3, EH_CLASS, 3)
HEADER64(big_endian_data, EH_DATA, ELFDATA2MSB)
HEADER64(data_in_no_order_at_all, EH_DATA, ELFDATANONE)
HEADER64(an_ident_version_of_0, EH_IDENT_VERSION, EV_NONE)
HEADER64(an_ident_version_from_the_future, EH_IDENT_VERSION, 2)
HEADER64(a_version_of_0, EH_VERSION, EV_NONE)
HEADER64(a_version_from_the_future, EH_VERSION, 2)
HEADER64(a_machine_that_was_never_built, EH_MACHINE, 0xfefe)
HEADER64(a_kernel_for_powerpc, EH_MACHINE, EM_PPC64)
HEADER64(a_kernel_for_risc_v, EH_MACHINE, EM_RISCV)
HEADER64(an_aarch64_elf, EH_MACHINE, EM_AARCH64)
HEADER64(an_i386_machine_in_a_64_bit_elf, EH_MACHINE, EM_386)
HEADER32(an_x86_64_machine_in_a_32_bit_elf, EH_MACHINE, EM_X86_64)
HEADER32(an_aarch64_machine_in_a_32_bit_elf, EH_MACHINE, EM_AARCH64)
HEADER64(program_headers_of_0_bytes_each, EH_PHENTSIZE, 0)
HEADER64(program_headers_of_1_byte_each, EH_PHENTSIZE, 1)
HEADER64(program_headers_of_the_32_bit_size, EH_PHENTSIZE, sizeof(Elf32_Phdr))
HEADER32(program_headers_of_31_bytes_each, EH_PHENTSIZE, sizeof(Elf32_Phdr) - 1)
HEADER64(program_headers_of_64_kilobytes_each, EH_PHENTSIZE, 0xffff)
HEADER64(more_program_headers_than_fit_the_file, EH_PHNUM, 100)
HEADER64(more_program_headers_than_any_kernel_has, EH_PHNUM, 0x7000)
HEADER64(a_program_header_count_that_means_look_elsewhere, EH_PHNUM, 0xffff)
HEADER64(no_program_headers, EH_PHNUM, 0)
HEADER64(program_headers_at_the_end_of_the_address_space, EH_PHOFF, UINT64_MAX - 8)
HEADER64(program_headers_beyond_the_file, EH_PHOFF, 1 << 20)
HEADER32(program_headers_beyond_the_file_of_a_32_bit_elf, EH_PHOFF, 0xfffffff0)
SPOILT(program_headers_that_end_one_byte_after_the_file, sound_kernel(64),
       elf_set(&image, EH_PHOFF, image.size - 3 * sizeof(Elf64_Phdr) + 1))

/* ---- the section headers -------------------------------------------------------------- */

/* The notes are in a section, and no segment. */
static struct blob kernel_with_note_section(void)
{
	struct specimen specimen;

	specimen_64(&specimen);
	specimen.home = HOME_SECTION;
	return specimen_assemble(&specimen);
}

#define SECTIONS64(name_, field_, value_)                                                          \
	SPOILT(name_, kernel_with_note_section(), elf_set(&image, field_, (uint64_t)(value_)))

SPOILT(a_sound_kernel_with_a_note_section, kernel_with_note_section(), )
SECTIONS64(section_headers_beyond_the_file, EH_SHOFF, 1 << 20)
SECTIONS64(section_headers_at_the_end_of_the_address_space, EH_SHOFF, UINT64_MAX - 63)
SECTIONS64(more_section_headers_than_fit_the_file, EH_SHNUM, 0x7000)
SECTIONS64(section_headers_of_1_byte_each, EH_SHENTSIZE, 1)
SECTIONS64(section_headers_of_0_bytes_each, EH_SHENTSIZE, 0)
/* Where the count does not fit its field, section 0 has it. */
static void count_elsewhere(struct blob *image, uint64_t count)
{
	elf_set(image, EH_SHNUM, 0);
	elf_set_sh(image, 0, SH_SIZE, count);
}

static void really_so_many_sections(struct blob *image, uint32_t count)
{
	blob_align(image, 8);
	elf_set(image, EH_SHOFF, blob_append(image, NULL, count * sizeof(Elf64_Shdr)));
	count_elsewhere(image, count);
}

SPOILT(a_count_of_sections_in_section_0, kernel_with_note_section(), count_elsewhere(&image, 3))
SPOILT(more_sections_than_fit_the_file, kernel_with_note_section(), count_elsewhere(&image, 70000))
SPOILT(more_sections_than_any_kernel_has, sound_kernel(64), really_so_many_sections(&image, 65537))
SPOILT(as_many_sections_as_a_kernel_may_have, sound_kernel(64),
       really_so_many_sections(&image, 65536))
SPOILT(more_sections_than_can_be_numbered, kernel_with_note_section(),
       count_elsewhere(&image, UINT64_C(1) << 60))
SPOILT(a_count_of_sections_in_a_section_beyond_the_file, kernel_with_note_section(),
       count_elsewhere(&image, 3), elf_set(&image, EH_SHOFF, image.size - 63))
SPOILT(section_headers_that_end_one_byte_after_the_file, kernel_with_note_section(),
       blob_cut(&image, image.size - 1))
SPOILT(a_note_section_beyond_the_file, kernel_with_note_section(),
       elf_set_sh(&image, 1, SH_OFFSET, image.size))
SPOILT(a_note_section_that_wraps, kernel_with_note_section(),
       elf_set_sh(&image, 1, SH_OFFSET, UINT64_MAX - 15), elf_set_sh(&image, 1, SH_SIZE, 32))

/* ---- segments ------------------------------------------------------------------------ */

/* One field of the first (0) or second (1) segment changed, or of the notes (2). */
#define SEGMENT64(name_, index_, field_, value_)                                                   \
	SPOILT(name_, sound_kernel(64), elf_set_ph(&image, index_, field_, (uint64_t)(value_)))
#define SEGMENT32(name_, index_, field_, value_)                                                   \
	SPOILT(name_, sound_kernel(32), elf_set_ph(&image, index_, field_, (uint64_t)(value_)))

SEGMENT64(a_segment_beyond_the_file, 0, PH_OFFSET, 1 << 20)
SEGMENT64(a_segment_whose_place_in_the_file_wraps, 0, PH_OFFSET, UINT64_MAX - 0xff)
SEGMENT32(a_segment_beyond_the_file_of_a_32_bit_elf, 1, PH_OFFSET, 0xffffffc0)
SEGMENT64(a_segment_with_more_bytes_in_the_file_than_in_memory, 1, PH_MEMSZ, 0x7f)
SEGMENT32(a_32_bit_segment_with_more_bytes_in_the_file_than_in_memory, 0, PH_MEMSZ, 0xff)
SEGMENT64(a_segment_with_bytes_in_the_file_and_none_in_memory, 0, PH_MEMSZ, 0)
SEGMENT64(a_segment_that_wraps_around_the_address_space, 1, PH_PADDR, UINT64_MAX - 0xfff)
SEGMENT64(a_segment_with_a_size_that_wraps, 1, PH_MEMSZ, UINT64_MAX)
SEGMENT32(a_segment_that_wraps_around_4_gib, 1, PH_PADDR, 0xfffff000)
SEGMENT64(a_segment_that_overlaps_the_one_before, 1, PH_PADDR, 0x1000fff)
SEGMENT64(a_segment_that_covers_another, 0, PH_MEMSZ, 0x10000)
SEGMENT64(two_segments_at_one_place, 1, PH_PADDR, 0x1000000)
SEGMENT32(two_32_bit_segments_that_overlap_by_a_byte, 0, PH_MEMSZ, 0x1001)
SEGMENT64(a_segment_that_is_writable_and_executable, 1, PH_FLAGS, PF_R | PF_W | PF_X)
SEGMENT64(a_note_segment_beyond_the_file, 2, PH_OFFSET, 1 << 20)
SEGMENT64(a_note_segment_that_wraps, 2, PH_FILESZ, UINT64_MAX - 0xff)
SPOILT(a_segment_that_ends_one_byte_after_the_file, sound_kernel(64),
       elf_set_ph(&image, 1, PH_OFFSET, image.size - 0x80 + 1))

static void set_both(struct blob *image, enum elf_ph_field field, uint64_t value)
{
	elf_set_ph(image, 0, field, value);
	elf_set_ph(image, 1, field, value);
}

SPOILT(no_segment_that_loads, sound_kernel(64), set_both(&image, PH_TYPE, PT_NULL))
SPOILT(only_segments_without_memory, sound_kernel(64), set_both(&image, PH_FILESZ, 0),
       set_both(&image, PH_MEMSZ, 0))

static struct blob segments_in_descending_order(void)
{
	struct blob image = sound_kernel(64);

	for (int field = PH_TYPE; field <= PH_ALIGN; field++) {
		uint64_t first = elf_get_ph(&image, 0, (enum elf_ph_field)field);

		elf_set_ph(&image, 0, (enum elf_ph_field)field,
			   elf_get_ph(&image, 1, (enum elf_ph_field)field));
		elf_set_ph(&image, 1, (enum elf_ph_field)field, first);
	}
	return image;
}

/* ---- the symbol table that a BSD kernel asks for -------------------------------------- */

/* Section 1 is the symbol table, section 2 its names. */
static struct blob kernel_with_symbols(void)
{
	struct specimen specimen;

	specimen_64(&specimen);
	specimen_string(&specimen, NOTE_BSD_SYMTAB, "yes");
	specimen.symbols = true;
	return specimen_assemble(&specimen);
}

SPOILT(a_kernel_that_wants_its_symbols_and_has_them, kernel_with_symbols(), )
SPOILT(a_wanted_symbol_table_beyond_the_file, kernel_with_symbols(),
       elf_set_sh(&image, 1, SH_OFFSET, image.size - 8))
SPOILT(a_wanted_symbol_table_that_wraps, kernel_with_symbols(),
       elf_set_sh(&image, 1, SH_SIZE, UINT64_MAX - 0x20))
SPOILT(a_wanted_symbol_table_whose_names_are_beyond_the_file, kernel_with_symbols(),
       elf_set_sh(&image, 2, SH_SIZE, 1 << 24))
SPOILT(a_wanted_symbol_table_with_names_in_no_section, kernel_with_symbols(),
       elf_set_sh(&image, 1, SH_LINK, 77))

static void symbols_are_a_piece(const struct pvb_image_info *info)
{
	assert_true(info->pv.bsd_symtab);
	assert_int_equal(info->piece_count, 3);
}

static const struct pvb_image_options refuse_wx = {.size = sizeof refuse_wx,
						   .flags = PVB_IMAGE_REFUSE_WX};

static void pieces_ascend(const struct pvb_image_info *info)
{
	assert_int_equal(info->piece_count, 2);
	assert_int_equal(info->pieces[0].va, UINT64_C(0xffffffff81000000));
	assert_int_equal(info->pieces[1].va, UINT64_C(0xffffffff81001000));
}

static void a_64_bit_guest(const struct pvb_image_info *info)
{
	assert_int_equal(info->elf_bits, 32);
	assert_int_equal(info->pv.guest_type, PVB_GUEST_X86_64);
}

static void one_byte_is_overwritten(const struct pvb_image_info *info)
{
	assert_int_equal(info->overwritten, 1);
	assert_int_equal(info->piece_count, 2);
	assert_int_equal(info->pieces[0].va + info->pieces[0].memory_size, info->pieces[1].va);
}

/* From 0x1000000 on 0x10000 bytes, and at 0x1001000 the 0x2000 of the second segment. */
static void the_covered_is_seen(const struct pvb_image_info *info)
{
	assert_int_equal(info->overwritten, 0x2000);
	assert_int_equal(info->piece_count, 3);
	assert_int_equal(info->pieces[1].va, UINT64_C(0xffffffff81001000));
	assert_int_equal(info->pieces[1].size, 0x80);
	assert_int_equal(info->pieces[1].memory_size, 0x2000);
	assert_int_equal(info->pieces[2].va, UINT64_C(0xffffffff81003000));
	assert_int_equal(info->pieces[2].size, 0);
	assert_int_equal(info->pieces[2].memory_size, 0xd000);
}

static void only_the_second_is_seen(const struct pvb_image_info *info)
{
	assert_int_equal(info->overwritten, 0x1000);
	assert_int_equal(info->piece_count, 1);
	assert_int_equal(info->pieces[0].size, 0x80);
	assert_int_equal(info->pieces[0].memory_size, 0x2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SOUND(a_sound_kernel, pieces_ascend),
		SOUND(a_sound_32_bit_kernel, NULL),
		SOUND(a_sound_kernel_with_a_note_section, pieces_ascend),
		REFUSED(an_empty_file, IMAGE_EMPTY),
		REFUSED(one_byte, IMAGE_NO_LOADER),
		REFUSED(only_the_magic_of_an_elf, IMAGE_TRUNCATED),
		REFUSED(an_elf_cut_after_its_ident, IMAGE_TRUNCATED),
		REFUSED(an_elf_cut_one_byte_before_its_header_ends, IMAGE_TRUNCATED),
		REFUSED(a_32_bit_elf_cut_one_byte_before_its_header_ends, IMAGE_TRUNCATED),
		REFUSED(a_text_file, IMAGE_NO_LOADER),
		REFUSED(a_megabyte_of_zeros, IMAGE_NO_LOADER),
		REFUSED(a_shell_script, IMAGE_NO_LOADER),
		REFUSED(an_elf_with_one_letter_of_its_magic_wrong, IMAGE_NO_LOADER),
		REFUSED(a_class_of_0, ELF_HEADER),
		REFUSED(a_class_of_3, ELF_HEADER),
		REFUSED(big_endian_data, ELF_HEADER),
		REFUSED(data_in_no_order_at_all, ELF_HEADER),
		SOUND(an_ident_version_of_0, pieces_ascend),
		SOUND(an_ident_version_from_the_future, pieces_ascend),
		SOUND(a_version_of_0, pieces_ascend),
		SOUND(a_version_from_the_future, pieces_ascend),
		REFUSED(a_machine_that_was_never_built, ELF_MACHINE),
		REFUSED(a_kernel_for_powerpc, ELF_MACHINE),
		REFUSED(a_kernel_for_risc_v, ELF_MACHINE),
		NO_PV(an_aarch64_elf, PV_MACHINE),
		REFUSED(an_i386_machine_in_a_64_bit_elf, ELF_CLASS),
		SOUND(an_x86_64_machine_in_a_32_bit_elf, a_64_bit_guest),
		REFUSED(an_aarch64_machine_in_a_32_bit_elf, ELF_CLASS),
		REFUSED(program_headers_of_0_bytes_each, ELF_HEADER),
		REFUSED(program_headers_of_1_byte_each, ELF_HEADER),
		REFUSED(program_headers_of_the_32_bit_size, ELF_HEADER),
		REFUSED(program_headers_of_31_bytes_each, ELF_HEADER),
		REFUSED(program_headers_of_64_kilobytes_each, ELF_TABLE),
		REFUSED(more_program_headers_than_fit_the_file, ELF_TABLE),
		REFUSED(more_program_headers_than_any_kernel_has, ELF_HEADER),
		REFUSED(a_program_header_count_that_means_look_elsewhere, ELF_HEADER),
		REFUSED(no_program_headers, ELF_NO_SEGMENTS),
		REFUSED(program_headers_at_the_end_of_the_address_space, ELF_TABLE),
		REFUSED(program_headers_beyond_the_file, ELF_TABLE),
		REFUSED(program_headers_beyond_the_file_of_a_32_bit_elf, ELF_TABLE),
		REFUSED(program_headers_that_end_one_byte_after_the_file, ELF_TABLE),
		REFUSED(section_headers_beyond_the_file, ELF_TABLE),
		REFUSED(section_headers_at_the_end_of_the_address_space, ELF_TABLE),
		REFUSED(more_section_headers_than_fit_the_file, ELF_TABLE),
		REFUSED(section_headers_that_end_one_byte_after_the_file, ELF_TABLE),
		SOUND(a_count_of_sections_in_section_0, pieces_ascend),
		SOUND(as_many_sections_as_a_kernel_may_have, pieces_ascend),
		REFUSED(more_sections_than_any_kernel_has, ELF_HEADER),
		REFUSED(more_sections_than_fit_the_file, ELF_TABLE),
		REFUSED(more_sections_than_can_be_numbered, ELF_TABLE),
		REFUSED(a_count_of_sections_in_a_section_beyond_the_file, ELF_TABLE),
		REFUSED(section_headers_of_1_byte_each, ELF_HEADER),
		REFUSED(section_headers_of_0_bytes_each, ELF_HEADER),
		REFUSED(a_note_section_beyond_the_file, ELF_SECTION),
		REFUSED(a_note_section_that_wraps, ELF_SECTION),
		REFUSED(a_segment_beyond_the_file, ELF_SEGMENT_FILE),
		REFUSED(a_segment_whose_place_in_the_file_wraps, ELF_SEGMENT_FILE),
		REFUSED(a_segment_beyond_the_file_of_a_32_bit_elf, ELF_SEGMENT_FILE),
		REFUSED(a_segment_that_ends_one_byte_after_the_file, ELF_SEGMENT_FILE),
		REFUSED(a_segment_with_more_bytes_in_the_file_than_in_memory, ELF_SEGMENT_SIZE),
		REFUSED(a_32_bit_segment_with_more_bytes_in_the_file_than_in_memory,
			ELF_SEGMENT_SIZE),
		REFUSED(a_segment_with_bytes_in_the_file_and_none_in_memory, ELF_SEGMENT_SIZE),
		REFUSED(a_segment_that_wraps_around_the_address_space, ELF_SEGMENT_WRAP),
		REFUSED(a_segment_with_a_size_that_wraps, ELF_SEGMENT_WRAP),
		REFUSED(a_segment_that_wraps_around_4_gib, ELF_SEGMENT_WRAP),
		SOUND(a_segment_that_overlaps_the_one_before, one_byte_is_overwritten),
		SOUND(a_segment_that_covers_another, the_covered_is_seen),
		SOUND(two_segments_at_one_place, only_the_second_is_seen),
		SOUND(two_32_bit_segments_that_overlap_by_a_byte, one_byte_is_overwritten),
		REFUSED_WITH(a_segment_that_is_writable_and_executable, ELF_SEGMENT_WX, &refuse_wx),
		SOUND(a_segment_that_is_writable_and_executable, NULL),
		SOUND(segments_in_descending_order, pieces_ascend),
		REFUSED(no_segment_that_loads, ELF_NO_SEGMENTS),
		REFUSED(only_segments_without_memory, ELF_NO_SEGMENTS),
		REFUSED(a_note_segment_beyond_the_file, ELF_SEGMENT_FILE),
		REFUSED(a_note_segment_that_wraps, ELF_SEGMENT_FILE),
		SOUND(a_kernel_that_wants_its_symbols_and_has_them, symbols_are_a_piece),
		REFUSED(a_wanted_symbol_table_beyond_the_file, ELF_SYMTAB),
		REFUSED(a_wanted_symbol_table_that_wraps, ELF_SYMTAB),
		REFUSED(a_wanted_symbol_table_whose_names_are_beyond_the_file, ELF_SYMTAB),
		REFUSED(a_wanted_symbol_table_with_names_in_no_section, ELF_SYMTAB),
	};

	return cmocka_run_group_tests_name("malformed ELF", tests, NULL, NULL);
}
