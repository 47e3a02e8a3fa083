/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Xen notes and legacy strings that are cut, lie, contradict each other or ask for what is not
 * there. */
#include "malformed/suite.h"

/* ---- notes that are cut off or have impossible sizes ---------------------------------- */

KERNEL64(a_note_with_a_name_that_runs_past_the_segment,
	 specimen_raw_note(&kernel, 64, 0, 99, "Xen", "", 0))
KERNEL64(a_note_with_a_name_of_nearly_4_gib,
	 specimen_raw_note(&kernel, UINT32_MAX, 0, 99, "Xen", "", 0))
KERNEL64(a_note_with_a_name_whose_padding_wraps,
	 specimen_raw_note(&kernel, UINT32_MAX - 2, 0, 99, "Xen", "", 0))
KERNEL64(a_note_with_a_value_that_runs_past_the_segment,
	 specimen_raw_note(&kernel, 4, 64, 99, "Xen", "abc", 4))
KERNEL64(a_note_with_a_value_of_nearly_4_gib,
	 specimen_raw_note(&kernel, 4, UINT32_MAX, 99, "Xen", "abc", 4))
KERNEL64(a_note_with_a_value_whose_padding_wraps,
	 specimen_raw_note(&kernel, 4, UINT32_MAX - 2, 99, "Xen", "", 0))
KERNEL64(a_note_of_another_owner_with_a_value_that_runs_past_the_segment,
	 specimen_raw_note(&kernel, 4, 8, 3, "GNU", "abc", 4))
KERNEL64(a_note_of_another_owner_with_a_name_that_runs_past_the_segment,
	 specimen_raw_note(&kernel, 64, 0, 99, "GNU", "", 0))
KERNEL64(bytes_behind_the_notes, blob_append(&kernel.raw_notes, "\7\6\5\4\3\2\1", 7))
KERNEL64(a_note_header_cut_in_its_middle, blob_append(&kernel.raw_notes, "\4\0\0\0\4\0\0\0", 8))
KERNEL64(a_number_of_3_bytes, specimen_number(&kernel, NOTE_MOD_START_PFN, 1, 3))
KERNEL64(a_number_of_no_bytes, specimen_number(&kernel, NOTE_MOD_START_PFN, 1, 0))
KERNEL64(a_number_of_5_bytes, specimen_number(&kernel, NOTE_INIT_P2M, 1, 5))
KERNEL64(a_number_of_16_bytes, specimen_number(&kernel, NOTE_ENTRY, VIRT_64 + TEXT_64, 16))
KERNEL64(a_number_of_200_bytes, specimen_number(&kernel, NOTE_VIRT_BASE, 0, 200))
KERNEL64(numbers_of_1_and_2_bytes, specimen_number(&kernel, NOTE_MOD_START_PFN, 1, 1),
	 specimen_number(&kernel, NOTE_SUSPEND_CANCEL, 1, 2))

KERNEL64(more_notes_than_65536,
	 for (uint32_t i = 0; i < 65536; i++) specimen_raw_note(&kernel, 4, 0, 100, "Xen", "", 0))
KERNEL64(a_few_hundred_unknown_notes,
	 for (uint32_t i = 0; i < 300; i++) specimen_raw_note(&kernel, 4, 0, 100, "Xen", "", 0))

static void the_last_note_has_a_remark(const struct pvb_image_info *info)
{
	assert_true(info->note_count > 0);
	assert_non_null(info->notes[info->note_count - 1].meaning);
}

/* As a binutils of old wrote them; libelf skips such a segment. */
SPOILT(a_note_segment_that_starts_at_offset_0, sound_kernel(64),
       elf_set_ph(&image, 2, PH_OFFSET, 0))

/* ---- strings bounded by their descriptor ---------------------------------------------- */

static void add_string(struct specimen *kernel, uint32_t type, const char *text, uint32_t size)
{
	specimen_remove(kernel, type);
	specimen_raw_note(kernel, 4, size, type, "Xen", text, size);
}

static void add_long_string(struct specimen *kernel)
{
	char text[5000];

	memset(text, 'x', sizeof text);
	specimen_raw_note(kernel, 4, sizeof text, NOTE_LOADER, "Xen", text, sizeof text);
}

KERNEL64(strings_without_their_terminators,
	 add_string(&kernel, NOTE_XEN_VERSION, "xen-3.0xen-2.0", 7),
	 add_string(&kernel, NOTE_LOADER, "genericgrub", 7),
	 add_string(&kernel, NOTE_FEATURES, "!writable_page_tables|!quantum", 21))
KERNEL64(a_version_that_is_right_only_beyond_its_end,
	 add_string(&kernel, NOTE_XEN_VERSION, "xen-3.0", 6))
KERNEL64(a_version_of_no_bytes, add_string(&kernel, NOTE_XEN_VERSION, "", 0))
KERNEL64(a_string_with_control_characters,
	 add_string(&kernel, NOTE_GUEST_VERSION, "\x1b[2J\x07\xff", 7))
KERNEL64(an_owner_with_control_characters, specimen_raw_note(&kernel, 5, 0, 1, "\x1b[0m", "", 0))
KERNEL64(an_owner_without_its_terminator_is_xen_all_the_same,
	 specimen_raw_note(&kernel, 3, 4, NOTE_XEN_VERSION, "Xen", "old", 4))

static void strings_are_bounded(const struct pvb_image_info *info)
{
	bool seen = false;

	for (size_t i = 0; i < info->note_count; i++)
		if (info->notes[i].type == NOTE_FEATURES) {
			assert_string_equal(info->notes[i].string, "!writable_page_tables");
			seen = true;
		}
	assert_true(seen);
	assert_int_equal(info->pv.features_required, PVB_FEATURE_WRITABLE_PAGE_TABLES);
}

/* As the last note of GRUB's i386-xen image: it ends in time, whatever its size says. */
KERNEL32(a_string_that_ends_before_its_size_runs_past_the_segment,
	 specimen_remove(&kernel, NOTE_PAE_MODE),
	 specimen_raw_note(&kernel, 4, 12, NOTE_PAE_MODE, "Xen", "yes", 4))
KERNEL32(a_string_that_never_ends_and_runs_past_the_segment,
	 specimen_remove(&kernel, NOTE_PAE_MODE),
	 specimen_raw_note(&kernel, 4, 12, NOTE_PAE_MODE, "Xen", "yes!", 4))
KERNEL64(a_string_of_5000_letters, specimen_remove(&kernel, NOTE_LOADER), add_long_string(&kernel))

/* ---- the last of duplicates --------------------------------------------------------- */

KERNEL64(an_entry_given_twice,
	 specimen_raw_note(&kernel, 4, 8, NOTE_ENTRY, "Xen", "\x80\0\0\x81\xff\xff\xff\xff", 8))
KERNEL64(a_second_version_that_is_wrong,
	 specimen_raw_note(&kernel, 4, 8, NOTE_XEN_VERSION, "Xen", "xen-2.0", 8))

static void the_last_entry_counts(const struct pvb_image_info *info)
{
	unsigned entries = 0, used = 0;

	assert_int_equal(info->pv.entry, UINT64_C(0xffffffff81000080));
	for (size_t i = 0; i < info->note_count; i++)
		if (info->notes[i].type == NOTE_ENTRY && !strcmp(info->notes[i].owner, "Xen")) {
			entries++;
			used += info->notes[i].used;
		}
	assert_int_equal(entries, 2);
	assert_int_equal(used, 1);
}

/* ---- sound, but nothing that a PV domain can be built from -------------------------------- */

KERNEL64(no_notes_at_all, kernel.note_count = 0)
KERNEL64(notes_of_everyone_but_xen,
	 for (size_t i = 0; i < kernel.note_count; i++) kernel.notes[i].owner = "XEN")
KERNEL64(a_pvh_only_kernel, kernel.note_count = 0,
	 specimen_number(&kernel, NOTE_PHYS32_ENTRY, 0x1000040, 4))
KERNEL64(no_xen_version, specimen_remove(&kernel, NOTE_XEN_VERSION))
KERNEL64(a_kernel_for_xen_2, specimen_string(&kernel, NOTE_XEN_VERSION, "xen-2.0"))
KERNEL64(a_kernel_for_a_xen_of_the_future, specimen_string(&kernel, NOTE_XEN_VERSION, "xen-4.0"))
KERNEL64(a_loader_of_its_own, specimen_string(&kernel, NOTE_GUEST_OS, "plan9"),
	 specimen_string(&kernel, NOTE_LOADER, "fancy"))
KERNEL64(no_loader_and_not_linux, specimen_string(&kernel, NOTE_GUEST_OS, "plan9"),
	 specimen_remove(&kernel, NOTE_LOADER))
KERNEL64(no_loader_but_linux, specimen_remove(&kernel, NOTE_LOADER))
KERNEL64(a_required_feature_that_nobody_knows,
	 specimen_string(&kernel, NOTE_FEATURES, "writable_page_tables|!time_travel"))
KERNEL64(a_feature_that_nobody_knows_but_nobody_needs,
	 specimen_string(&kernel, NOTE_FEATURES, "writable_page_tables|time_travel"))
KERNEL64(a_required_feature_that_pv_cannot_have,
	 specimen_string(&kernel, NOTE_FEATURES, "!auto_translated_physmap"))
KERNEL64(a_kernel_that_must_be_dom0, specimen_string(&kernel, NOTE_FEATURES, "!dom0"))
KERNEL32(a_32_bit_kernel_without_pae, specimen_string(&kernel, NOTE_PAE_MODE, "no"))
KERNEL32(a_32_bit_kernel_that_says_nothing_of_pae, specimen_remove(&kernel, NOTE_PAE_MODE))
KERNEL32(a_32_bit_kernel_with_any_kind_of_paging,
	 specimen_string(&kernel, NOTE_PAE_MODE, "no,bimodal"))

/* ---- addresses that contradict each other -------------------------------------------------- */

KERNEL64(a_virt_base_above_the_kernel,
	 specimen_number(&kernel, NOTE_VIRT_BASE, UINT64_C(0xffffffffa0000000), 8))
KERNEL64(a_paddr_offset_without_a_virt_base, specimen_remove(&kernel, NOTE_VIRT_BASE))
KERNEL64(a_paddr_offset_above_the_kernel, specimen_number(&kernel, NOTE_PADDR_OFFSET, 0x2000000, 8))
KERNEL64(an_entry_before_the_kernel,
	 specimen_number(&kernel, NOTE_ENTRY, UINT64_C(0xffffffff80000000), 8))
KERNEL64(an_entry_at_the_very_end_of_the_kernel,
	 specimen_number(&kernel, NOTE_ENTRY, UINT64_C(0xffffffff81003000), 8))
KERNEL64(an_entry_on_the_last_byte_of_the_kernel,
	 specimen_number(&kernel, NOTE_ENTRY, UINT64_C(0xffffffff81002fff), 8))
KERNEL64(an_entry_of_0, specimen_number(&kernel, NOTE_ENTRY, 0, 8))
KERNEL64(a_virt_base_that_makes_the_kernel_wrap,
	 specimen_number(&kernel, NOTE_VIRT_BASE, UINT64_C(0xffffffffff000000), 8))
KERNEL64(a_p2m_inside_the_kernel_which_is_for_the_plan_to_judge,
	 specimen_number(&kernel, NOTE_INIT_P2M, UINT64_C(0xffffffff81001000), 8))
KERNEL32(a_32_bit_kernel_that_ends_above_4_gib,
	 specimen_number(&kernel, NOTE_VIRT_BASE, 0xfff00000, 4))
KERNEL32(a_32_bit_kernel_with_a_64_bit_virt_base,
	 specimen_number(&kernel, NOTE_VIRT_BASE, UINT64_C(0x1c0000000), 8))

/* ---- the legacy string of a section __xen_guest ------------------------------------------------
 */

/* The string is section 1, the names of the sections are section 2. */
static struct blob legacy(const char *text, size_t size)
{
	struct specimen kernel;

	specimen_32(&kernel);
	kernel.home = HOME_LEGACY;
	blob_append(&kernel.legacy, text, size);
	return specimen_assemble(&kernel);
}

#define GOOD                                                                                       \
	"GUEST_OS=plan9,XEN_VER=xen-3.0,VIRT_BASE=0xc0000000,ELF_PADDR_OFFSET=0x0,VIRT_ENTRY="     \
	"0xc0100040,PAE=yes,LOADER=generic"
#define LEGACY(name_, text_) SPOILT(name_, legacy(text_, sizeof(text_)), )

#define NAME32 "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF"
#define VALUE32 "0123456789abcdef0123456789abcdef"

LEGACY(a_good_legacy_string, GOOD)
LEGACY(a_legacy_string_of_no_keys, "")
LEGACY(a_legacy_number_that_is_a_word, GOOD ",HYPERCALL_PAGE=soon")
LEGACY(a_legacy_number_with_a_tail, GOOD ",VIRT_BASE=0xc0000000zz")
LEGACY(a_legacy_number_of_70_bits, GOOD ",VIRT_BASE=0x3ffffffffffffffff0")
LEGACY(a_legacy_number_that_is_negative, GOOD ",VIRT_BASE=-1")
LEGACY(a_legacy_number_that_is_empty, GOOD ",VIRT_BASE=")
LEGACY(a_legacy_name_of_32_letters, GOOD "," NAME32 "=1")
LEGACY(a_legacy_value_of_128_letters, GOOD ",GUEST_VER=" VALUE32 VALUE32 VALUE32 VALUE32)
LEGACY(a_legacy_value_of_127_letters,
       GOOD ",GUEST_VER=" VALUE32 VALUE32 VALUE32 "0123456789abcdef0123456789abcde")
LEGACY(a_legacy_key_that_nobody_knows, GOOD ",COLOUR=blue")
LEGACY(a_legacy_string_for_xen_2, GOOD ",XEN_VER=xen-2.0")
LEGACY(a_legacy_string_without_pae, "XEN_VER=xen-3.0,VIRT_BASE=0xc0000000,ELF_PADDR_OFFSET=0,VIRT_"
				    "ENTRY=0xc0100040,LOADER=generic")
LEGACY(a_legacy_required_feature_that_nobody_knows, GOOD ",FEATURES=!time_travel")
LEGACY(a_legacy_hypercall_page_that_wraps, GOOD ",HYPERCALL_PAGE=0xfffffffffffff")
LEGACY(a_legacy_string_with_empty_keys, ",," GOOD ",,")
LEGACY(a_legacy_entry_outside_the_kernel, GOOD ",VIRT_ENTRY=0xd0000000")

static struct blob long_legacy(const char *before, const char *after)
{
	struct blob string = BLOB_INIT, kernel;

	blob_append_text(&string, GOOD ",");
	blob_append_text(&string, before);
	for (unsigned i = 0; i < 5000; i++)
		blob_append_text(&string, "x");
	blob_append(&string, after, strlen(after) + 1);
	kernel = legacy((const char *)string.bytes, string.size);
	blob_free(&string);
	return kernel;
}

SPOILT(a_legacy_value_of_5000_letters, long_legacy("GUEST_VER=", ""), )
SPOILT(a_legacy_name_of_5000_letters, long_legacy("", "=1"), )
SPOILT(a_legacy_string_without_its_terminator, legacy(GOOD, sizeof(GOOD) - 1), )
SPOILT(a_legacy_section_beyond_the_file, legacy(GOOD, sizeof(GOOD)),
       elf_set_sh(&image, 1, SH_OFFSET, 0xffffff00))
SPOILT(a_legacy_section_whose_name_is_beyond_the_names, legacy(GOOD, sizeof(GOOD)),
       elf_set_sh(&image, 1, SH_NAME, 0x7fffffff))
SPOILT(a_legacy_section_of_type_0, legacy(GOOD, sizeof(GOOD)), elf_set_sh(&image, 1, SH_TYPE, 0))
SPOILT(names_of_sections_beyond_the_file, legacy(GOOD, sizeof(GOOD)),
       elf_set_sh(&image, 2, SH_OFFSET, 0xffffff00))
SPOILT(names_of_sections_in_a_section_that_is_not_there, legacy(GOOD, sizeof(GOOD)),
       elf_set(&image, EH_SHSTRNDX, 0x1234))

int main(void)
{
	const struct CMUnitTest tests[] = {
		REFUSED(a_note_with_a_name_that_runs_past_the_segment, NOTE_MALFORMED),
		REFUSED(a_note_with_a_name_of_nearly_4_gib, NOTE_MALFORMED),
		REFUSED(a_note_with_a_name_whose_padding_wraps, NOTE_MALFORMED),
		REFUSED(a_note_with_a_value_that_runs_past_the_segment, NOTE_MALFORMED),
		REFUSED(a_note_with_a_value_of_nearly_4_gib, NOTE_MALFORMED),
		REFUSED(a_note_with_a_value_whose_padding_wraps, NOTE_MALFORMED),
		SOUND(a_note_of_another_owner_with_a_value_that_runs_past_the_segment,
		      the_last_note_has_a_remark),
		SOUND(a_note_of_another_owner_with_a_name_that_runs_past_the_segment,
		      the_last_note_has_a_remark),
		SOUND(bytes_behind_the_notes, the_last_note_has_a_remark),
		REFUSED(a_note_header_cut_in_its_middle, NOTE_MALFORMED),
		REFUSED(a_number_of_no_bytes, NOTE_VALUE),
		REFUSED(a_number_of_3_bytes, NOTE_VALUE),
		REFUSED(a_number_of_5_bytes, NOTE_VALUE),
		REFUSED(a_number_of_16_bytes, NOTE_VALUE),
		REFUSED(a_number_of_200_bytes, NOTE_VALUE),
		SOUND(numbers_of_1_and_2_bytes, NULL),
		REFUSED(more_notes_than_65536, NOTE_TOO_MANY),
		SOUND(a_few_hundred_unknown_notes, NULL),
		NO_PV(a_note_segment_that_starts_at_offset_0, PV_NO_NOTES),
		SOUND(strings_without_their_terminators, strings_are_bounded),
		NO_PV(a_version_that_is_right_only_beyond_its_end, PV_XEN_VERSION),
		NO_PV(a_version_of_no_bytes, PV_XEN_VERSION),
		SOUND(a_string_with_control_characters, NULL),
		SOUND(an_owner_with_control_characters, NULL),
		NO_PV(an_owner_without_its_terminator_is_xen_all_the_same, PV_XEN_VERSION),
		SOUND(a_string_that_ends_before_its_size_runs_past_the_segment, NULL),
		REFUSED(a_string_that_never_ends_and_runs_past_the_segment, NOTE_MALFORMED),
		REFUSED(a_string_of_5000_letters, NOTE_VALUE),
		SOUND(an_entry_given_twice, the_last_entry_counts),
		NO_PV(a_second_version_that_is_wrong, PV_XEN_VERSION),
		NO_PV(no_notes_at_all, PV_NO_NOTES),
		NO_PV(notes_of_everyone_but_xen, PV_NO_NOTES),
		NO_PV(a_pvh_only_kernel, PV_PVH_ONLY),
		NO_PV(no_xen_version, PV_XEN_VERSION),
		NO_PV(a_kernel_for_xen_2, PV_XEN_VERSION),
		NO_PV(a_kernel_for_a_xen_of_the_future, PV_XEN_VERSION),
		NO_PV(a_loader_of_its_own, PV_LOADER),
		NO_PV(no_loader_and_not_linux, PV_LOADER),
		SOUND(no_loader_but_linux, NULL),
		NO_PV(a_required_feature_that_nobody_knows, PV_FEATURE),
		SOUND(a_feature_that_nobody_knows_but_nobody_needs, NULL),
		NO_PV(a_required_feature_that_pv_cannot_have, PV_FEATURE),
		NO_PV(a_kernel_that_must_be_dom0, PV_FEATURE),
		NO_PV(a_32_bit_kernel_without_pae, PV_NON_PAE),
		NO_PV(a_32_bit_kernel_that_says_nothing_of_pae, PV_NON_PAE),
		SOUND(a_32_bit_kernel_with_any_kind_of_paging, NULL),
		NO_PV(a_virt_base_above_the_kernel, PV_ADDRESSES),
		NO_PV(a_paddr_offset_without_a_virt_base, PV_ADDRESSES),
		NO_PV(a_paddr_offset_above_the_kernel, PV_ADDRESSES),
		NO_PV(an_entry_before_the_kernel, PV_ADDRESSES),
		NO_PV(an_entry_at_the_very_end_of_the_kernel, PV_ADDRESSES),
		SOUND(an_entry_on_the_last_byte_of_the_kernel, NULL),
		NO_PV(an_entry_of_0, PV_ADDRESSES),
		NO_PV(a_virt_base_that_makes_the_kernel_wrap, PV_ADDRESSES),
		SOUND(a_p2m_inside_the_kernel_which_is_for_the_plan_to_judge, NULL),
		NO_PV(a_32_bit_kernel_that_ends_above_4_gib, PV_ADDRESSES),
		NO_PV(a_32_bit_kernel_with_a_64_bit_virt_base, PV_ADDRESSES),
		SOUND(a_good_legacy_string, NULL),
		NO_PV(a_legacy_string_of_no_keys, PV_LOADER),
		SOUND(a_legacy_string_without_its_terminator, NULL),
		REFUSED(a_legacy_number_that_is_a_word, NOTE_VALUE),
		REFUSED(a_legacy_number_with_a_tail, NOTE_VALUE),
		REFUSED(a_legacy_number_of_70_bits, NOTE_VALUE),
		REFUSED(a_legacy_number_that_is_negative, NOTE_VALUE),
		REFUSED(a_legacy_number_that_is_empty, NOTE_VALUE),
		SOUND(a_legacy_name_of_32_letters, NULL),
		SOUND(a_legacy_value_of_128_letters, NULL),
		REFUSED(a_legacy_value_of_5000_letters, NOTE_VALUE),
		REFUSED(a_legacy_name_of_5000_letters, NOTE_VALUE),
		SOUND(a_legacy_value_of_127_letters, NULL),
		SOUND(a_legacy_key_that_nobody_knows, NULL),
		SOUND(a_legacy_string_with_empty_keys, NULL),
		NO_PV(a_legacy_string_for_xen_2, PV_XEN_VERSION),
		NO_PV(a_legacy_string_without_pae, PV_NON_PAE),
		NO_PV(a_legacy_required_feature_that_nobody_knows, PV_FEATURE),
		REFUSED(a_legacy_hypercall_page_that_wraps, NOTE_VALUE),
		NO_PV(a_legacy_entry_outside_the_kernel, PV_ADDRESSES),
		REFUSED(a_legacy_section_beyond_the_file, ELF_SECTION),
		NO_PV(a_legacy_section_whose_name_is_beyond_the_names, PV_NO_NOTES),
		NO_PV(names_of_sections_beyond_the_file, PV_NO_NOTES),
		SOUND(a_legacy_section_of_type_0, NULL),
		NO_PV(names_of_sections_in_a_section_that_is_not_there, PV_NO_NOTES),
	};

	return cmocka_run_group_tests_name("malformed notes", tests, NULL, NULL);
}
