/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Declarations that are cut off, doubled, contradictory or absurd, in our notes and in number 19.
 */
#include "malformed/suite.h"

#include <pvbuild/guest-abi.h>

enum {
	OWNER_SIZE = sizeof PVB_GUEST_NOTE_OWNER,
	BITS = PVB_GUEST_NOTE_ADDRESS_BITS,
	PTE = PVB_GUEST_NOTE_PTE_BITS,
	GRANULES = PVB_GUEST_NOTE_GRANULES,
	TREE = PVB_GUEST_NOTE_P2M_TREE,
	UNKNOWN = 1000,
};

/* A value of so many bytes, said to have descsz. */
static void lying(struct specimen *kernel, uint32_t type, uint64_t value, uint32_t size,
		  uint32_t descsz)
{
	uint8_t bytes[32] = {0};

	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	specimen_raw_note(kernel, OWNER_SIZE, descsz, type, PVB_GUEST_NOTE_OWNER, bytes, size);
}

static void own(struct specimen *kernel, uint32_t type, uint64_t value, uint32_t size)
{
	lying(kernel, type, value, size, size);
}

static void xen_19(struct specimen *kernel, uint64_t value, uint32_t size)
{
	uint8_t bytes[16] = {0};

	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	specimen_raw_note(kernel, 4, size, NOTE_PHYS32_RELOC, "Xen", bytes, size);
}

/* ---- cut off --------------------------------------------------------------------------- */

KERNEL64(an_address_width_cut_off, lying(&kernel, BITS, 40, 0, 4))
KERNEL64(an_address_width_cut_off_in_its_middle, lying(&kernel, BITS, 40, 2, 8))
KERNEL64(free_bits_cut_off, lying(&kernel, PTE, 0, 8, 24))
KERNEL64(free_bits_of_4_gib, lying(&kernel, PTE, 0, 8, UINT32_MAX))
KERNEL64(granules_cut_off, lying(&kernel, GRANULES, 0, 0, 4))
KERNEL64(a_p2m_tree_cut_off, lying(&kernel, TREE, 0, 0, 4))
KERNEL64(an_unknown_note_of_ours_cut_off, lying(&kernel, UNKNOWN, 0, 8, 64))
KERNEL64(a_number_19_cut_off,
	 specimen_raw_note(&kernel, 4, 8, NOTE_PHYS32_RELOC, "Xen", "\x34\0\0", 4))

static struct blob cut_off_in_a_section(void)
{
	struct elf_builder b = ELF_BUILDER_64;
	struct blob xens = xen_notes(64), ours = BLOB_INIT;
	size_t at;

	(void)elf_add_load(&b, 0x100000, 0x1000, 0x1000);
	b.entry = 0x100010;
	(void)elf_add_note_segment(&b, &xens);
	at = note_add(&ours, PVB_GUEST_NOTE_OWNER, BITS, "\x28\0\0", 4);
	blob_put(&ours, at + 4, 8, 4);
	(void)elf_add_note_section(&b, ".note.pvbuild", &ours);
	return elf_build(&b);
}
SPOILT(an_address_width_cut_off_in_a_section_beside_xens_segment, cut_off_in_a_section(), )

/* ---- sizes that there are not -------------------------------------------------------------- */

KERNEL64(an_address_width_of_0_bytes, own(&kernel, BITS, 0, 0))
KERNEL64(an_address_width_of_1_byte, own(&kernel, BITS, 40, 1))
KERNEL64(an_address_width_of_8_bytes, own(&kernel, BITS, 40, 8))
KERNEL64(free_bits_of_0_bytes, own(&kernel, PTE, 0, 0))
KERNEL64(free_bits_of_4_bytes, own(&kernel, PTE, 0x200, 4))
KERNEL64(free_bits_of_12_bytes, own(&kernel, PTE, 0x200, 12))
KERNEL64(free_bits_of_32_bytes, own(&kernel, PTE, 0x200, 32))
KERNEL64(granules_of_2_bytes, own(&kernel, GRANULES, 0x4000, 2))
KERNEL64(granules_of_8_bytes, own(&kernel, GRANULES, 0x4000, 8))
KERNEL64(a_p2m_tree_of_0_bytes, own(&kernel, TREE, 0, 0))
KERNEL64(a_p2m_tree_of_1_byte, own(&kernel, TREE, 3, 1))
KERNEL64(a_p2m_tree_of_8_bytes, own(&kernel, TREE, 3, 8))
KERNEL64(a_number_19_of_6_bytes, xen_19(&kernel, 52, 6))

/* ---- said twice ------------------------------------------------------------------------------ */

KERNEL64(an_address_width_twice, own(&kernel, BITS, 40, 4), own(&kernel, BITS, 41, 4))
KERNEL64(the_same_address_width_twice, own(&kernel, BITS, 40, 4), own(&kernel, BITS, 40, 4))
KERNEL64(free_bits_twice, own(&kernel, PTE, 0x200, 8), own(&kernel, PTE, 0x200, 16))
KERNEL64(granules_twice, own(&kernel, GRANULES, 0x1000, 4), own(&kernel, GRANULES, 0x1000, 4))
KERNEL64(a_p2m_tree_twice, own(&kernel, TREE, 3, 4), own(&kernel, TREE, 4, 4))
KERNEL64(the_same_p2m_tree_twice, own(&kernel, TREE, 0, 4), own(&kernel, TREE, 0, 4))
KERNEL64(two_widths_of_number_19, xen_19(&kernel, 40, 4), xen_19(&kernel, UINT64_C(1) << 40, 8))

static struct blob in_a_segment_and_a_section(void)
{
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = xen_notes(64), ours = BLOB_INIT;

	(void)elf_add_load(&b, 0x100000, 0x1000, 0x1000);
	b.entry = 0x100010;
	(void)note_add(&notes, PVB_GUEST_NOTE_OWNER, BITS, "\x28\0\0", 4);
	(void)elf_add_note_segment(&b, &notes);
	(void)note_add(&ours, PVB_GUEST_NOTE_OWNER, BITS, "\x28\0\0", 4);
	(void)elf_add_note_section(&b, ".note.pvbuild", &ours);
	return elf_build(&b);
}
SPOILT(an_address_width_in_a_segment_and_again_in_a_section, in_a_segment_and_a_section(), )

/* ---- contradictions ----------------------------------------------------------------------------
 */

KERNEL64(two_notes_with_different_widths, own(&kernel, BITS, 40, 4), xen_19(&kernel, 41, 4))
KERNEL64(two_notes_with_different_widths_the_other_way_round, xen_19(&kernel, UINT64_C(1) << 41, 8),
	 own(&kernel, BITS, 40, 4))

/* ---- absurdities
 * ---------------------------------------------------------------------------------- */

KERNEL64(an_address_width_of_0, own(&kernel, BITS, 0, 4))
KERNEL64(an_address_width_of_31, own(&kernel, BITS, 31, 4))
KERNEL64(an_address_width_of_53, own(&kernel, BITS, 53, 4))
KERNEL64(an_address_width_of_4_billion, own(&kernel, BITS, UINT32_MAX, 4))
KERNEL32(a_32_bit_kernel_with_an_address_width_of_64, own(&kernel, BITS, 64, 4))
KERNEL64(granules_of_nothing, own(&kernel, GRANULES, 0, 4))
KERNEL64(a_granule_given_by_its_shift, own(&kernel, GRANULES, 14, 4))
KERNEL64(a_granule_of_8_kib, own(&kernel, GRANULES, 0x2000, 4))
KERNEL64(a_p2m_tree_of_6_levels, own(&kernel, TREE, 6, 4))
KERNEL64(a_p2m_tree_of_4_billion_levels, own(&kernel, TREE, UINT32_MAX, 4))
KERNEL32(a_32_bit_kernel_with_a_p2m_tree_of_6_levels, own(&kernel, TREE, 6, 4))
KERNEL64(a_number_19_of_53_bits, xen_19(&kernel, 53, 4))
KERNEL64(a_number_19_of_64_bits, xen_19(&kernel, 64, 8))
KERNEL64(a_number_19_that_is_a_boundary_of_53_bits, xen_19(&kernel, UINT64_C(1) << 53, 8))
KERNEL64(a_number_19_that_is_all_ones, xen_19(&kernel, UINT64_MAX, 8))
KERNEL64(a_number_19_that_is_neither, xen_19(&kernel, 31, 4))
KERNEL64(a_number_19_that_is_a_boundary_below_4_gib_in_8_bytes, xen_19(&kernel, 0x800, 8))

/* ---- sound
 * ---------------------------------------------------------------------------------------- */

KERNEL64(the_least_width, own(&kernel, BITS, 32, 4))
KERNEL32(the_largest_width, own(&kernel, BITS, 52, 4))
KERNEL64(a_p2m_tree_of_the_fewest_levels, own(&kernel, TREE, 0, 4))
KERNEL32(a_p2m_tree_of_the_most_levels, own(&kernel, TREE, 5, 4))
KERNEL64(no_free_bits_which_is_for_the_plan_to_judge, own(&kernel, PTE, 0, 8))
KERNEL64(an_unknown_note_of_ours_twice, own(&kernel, UNKNOWN, 1, 5), own(&kernel, UNKNOWN, 2, 0))
KERNEL64(notes_of_almost_our_owner, specimen_raw_note(&kernel, 8, 1, BITS, "pvbuilD", "x\0\0", 4),
	 specimen_raw_note(&kernel, 9, 1, BITS, "pvbuildx", "x\0\0", 4))
KERNEL64(a_relocation_in_the_order_of_an_early_patch,
	 specimen_raw_note(&kernel, 4, 12, NOTE_PHYS32_RELOC, "Xen",
			   "\xff\xff\xff\x3f\0\0\0\1\0\0\x20\0", 12))

static void nothing_is_declared(const struct pvb_image_info *info)
{
	assert_false(info->declares.guest_abi);
	assert_int_equal(info->declares.address_bits, 0);
}

static void it_is_ours_all_the_same(const struct pvb_image_info *info)
{
	assert_true(info->declares.guest_abi);
	assert_int_equal(info->declares.address_bits, 0);
}

static void a_tree_is_asked_for(const struct pvb_image_info *info)
{
	assert_true(info->declares.guest_abi);
	assert_true(info->declares.p2m_tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REFUSED(an_address_width_cut_off, NOTE_MALFORMED),
		REFUSED(an_address_width_cut_off_in_its_middle, NOTE_MALFORMED),
		REFUSED(free_bits_cut_off, NOTE_MALFORMED),
		REFUSED(free_bits_of_4_gib, NOTE_MALFORMED),
		REFUSED(granules_cut_off, NOTE_MALFORMED),
		REFUSED(a_p2m_tree_cut_off, NOTE_MALFORMED),
		REFUSED(an_unknown_note_of_ours_cut_off, NOTE_MALFORMED),
		REFUSED(a_number_19_cut_off, NOTE_MALFORMED),
		REFUSED(an_address_width_cut_off_in_a_section_beside_xens_segment, NOTE_MALFORMED),
		REFUSED(an_address_width_of_0_bytes, NOTE_SIZE),
		REFUSED(an_address_width_of_1_byte, NOTE_SIZE),
		REFUSED(an_address_width_of_8_bytes, NOTE_SIZE),
		REFUSED(free_bits_of_0_bytes, NOTE_SIZE),
		REFUSED(free_bits_of_4_bytes, NOTE_SIZE),
		REFUSED(free_bits_of_12_bytes, NOTE_SIZE),
		REFUSED(free_bits_of_32_bytes, NOTE_SIZE),
		REFUSED(granules_of_2_bytes, NOTE_SIZE),
		REFUSED(granules_of_8_bytes, NOTE_SIZE),
		REFUSED(a_p2m_tree_of_0_bytes, NOTE_SIZE),
		REFUSED(a_p2m_tree_of_1_byte, NOTE_SIZE),
		REFUSED(a_p2m_tree_of_8_bytes, NOTE_SIZE),
		REFUSED(a_number_19_of_6_bytes, NOTE_SIZE),
		REFUSED(an_address_width_twice, NOTE_TWICE),
		REFUSED(the_same_address_width_twice, NOTE_TWICE),
		REFUSED(free_bits_twice, NOTE_TWICE),
		REFUSED(granules_twice, NOTE_TWICE),
		REFUSED(a_p2m_tree_twice, NOTE_TWICE),
		REFUSED(the_same_p2m_tree_twice, NOTE_TWICE),
		REFUSED(two_widths_of_number_19, NOTE_TWICE),
		REFUSED(an_address_width_in_a_segment_and_again_in_a_section, NOTE_TWICE),
		REFUSED(two_notes_with_different_widths, NOTE_CONTRADICTION),
		REFUSED(two_notes_with_different_widths_the_other_way_round, NOTE_CONTRADICTION),
		REFUSED(an_address_width_of_0, NOTE_ABSURD),
		REFUSED(an_address_width_of_31, NOTE_ABSURD),
		REFUSED(an_address_width_of_53, NOTE_ABSURD),
		REFUSED(an_address_width_of_4_billion, NOTE_ABSURD),
		REFUSED(a_32_bit_kernel_with_an_address_width_of_64, NOTE_ABSURD),
		REFUSED(granules_of_nothing, NOTE_ABSURD),
		REFUSED(a_granule_given_by_its_shift, NOTE_ABSURD),
		REFUSED(a_granule_of_8_kib, NOTE_ABSURD),
		REFUSED(a_p2m_tree_of_6_levels, NOTE_ABSURD),
		REFUSED(a_p2m_tree_of_4_billion_levels, NOTE_ABSURD),
		REFUSED(a_32_bit_kernel_with_a_p2m_tree_of_6_levels, NOTE_ABSURD),
		REFUSED(a_number_19_of_53_bits, NOTE_ABSURD),
		REFUSED(a_number_19_of_64_bits, NOTE_ABSURD),
		REFUSED(a_number_19_that_is_a_boundary_of_53_bits, NOTE_ABSURD),
		REFUSED(a_number_19_that_is_all_ones, NOTE_ABSURD),
		REFUSED(a_number_19_that_is_neither, NOTE_VALUE),
		REFUSED(a_number_19_that_is_a_boundary_below_4_gib_in_8_bytes, NOTE_VALUE),
		SOUND(the_least_width, NULL),
		SOUND(the_largest_width, NULL),
		SOUND(a_p2m_tree_of_the_fewest_levels, a_tree_is_asked_for),
		SOUND(a_p2m_tree_of_the_most_levels, a_tree_is_asked_for),
		SOUND(no_free_bits_which_is_for_the_plan_to_judge, it_is_ours_all_the_same),
		SOUND(an_unknown_note_of_ours_twice, it_is_ours_all_the_same),
		SOUND(notes_of_almost_our_owner, nothing_is_declared),
		SOUND(a_relocation_in_the_order_of_an_early_patch, nothing_is_declared),
	};

	return cmocka_run_group_tests_name("malformed declarations", tests, NULL, NULL);
}
