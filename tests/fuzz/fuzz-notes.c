/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The notes of an otherwise sound kernel: the first byte says where they are
 * (bit 0: a 32-bit kernel; bits 1 and 2: segment, section, legacy string; bit 3:
 * behind notes that are sound; bit 4: in an alignment of 8), the rest is what stands there.
 */
#include "fuzz/targets.h"

#include <pvbuild/guest-abi.h>

#include "malformed/specimen.h"

static void run(const uint8_t *data, size_t size)
{
	struct specimen specimen;
	struct blob kernel;

	if (size < 1 || size > 1 << 16)
		return;
	if (data[0] & 1)
		specimen_32(&specimen);
	else
		specimen_64(&specimen);
	switch (data[0] >> 1 & 3) {
	case 1:
		specimen.home = HOME_SECTION;
		break;
	case 2:
		specimen.home = HOME_LEGACY;
		break;
	default:
		specimen.home = HOME_SEGMENT;
		break;
	}
	specimen.note_align = data[0] & 16 ? 8 : 4;
	specimen.note_count = data[0] & 8 ? specimen.note_count : 0;
	blob_append(specimen.home == HOME_LEGACY ? &specimen.legacy : &specimen.raw_notes, data + 1,
		    size - 1);
	kernel = specimen_assemble(&specimen);
	fuzz_image.run(kernel.bytes, kernel.size);
	blob_free(&kernel);
}

/* ---- what it begins with ------------------------------------------------------------------ */

static struct blob notes(uint8_t where, unsigned bits)
{
	struct specimen specimen;
	struct blob input = BLOB_INIT;

	blob_append_number(&input, where, 1);
	if (bits == 64)
		specimen_64(&specimen);
	else
		specimen_32(&specimen);
	for (size_t i = 0; i < specimen.note_count; i++)
		note_add(&input, specimen.notes[i].owner, specimen.notes[i].type,
			 specimen.notes[i].value, specimen.notes[i].size);
	return input;
}

static struct blob notes_64_in_a_segment(void)
{
	return notes(0, 64);
}

static struct blob notes_32_in_a_segment(void)
{
	return notes(1, 32);
}

static struct blob notes_64_in_a_section(void)
{
	return notes(2, 64);
}

static struct blob notes_behind_others(void)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, 8, 1);
	note_add(&input, "Xen", NOTE_ENTRY, "\x80\0\0\x81\xff\xff\xff\xff", 8);
	note_add(&input, "GNU", 3, "0123456789abcdef0123", 20);
	note_add(&input, "Xen", NOTE_PHYS32_RELOC, "\0\0\x20\0\0\0\0\1\xff\xff\xff\x3f", 12);
	return input;
}

/* As GNU ld makes it, and a second file's notes behind: in an alignment of 8. */
static struct blob notes_behind_padding(void)
{
	struct blob input = BLOB_INIT, notes = BLOB_INIT;

	blob_append_number(&input, 8 | 16, 1);
	note_add_number(&notes, NOTE_MOD_START_PFN, 1, 4);
	blob_align(&notes, 8);
	note_add(&notes, "GNU", 5, "\2\0\0\300\4\0\0\0\3\0\0\0\0\0\0", 16);
	note_add_number(&notes, NOTE_HYPERCALL_PAGE, 0, 8);
	note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_ADDRESS_BITS, "\x28\0\0", 4);
	blob_append_blob(&input, &notes);
	blob_free(&notes);
	return input;
}

/* Every declaration, and both readings of number 19. */
static struct blob notes_that_declare(void)
{
	static const uint8_t relocation[] = {0, 0, 0x20, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0x3f};
	struct blob input = BLOB_INIT;

	blob_append_number(&input, 8, 1);
	note_add(&input, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_ADDRESS_BITS, "\x28\0\0", 4);
	note_add(&input, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_PTE_BITS,
		 "\0\xe\0\0\0\0\x10\x40\0\xe\0\0\0\0\xf0\x7f\1\0\0\0\0\0\0", 24);
	note_add(&input, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_GRANULES, "\0\x50\1", 4);
	note_add(&input, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_P2M_TREE, "\3\0\0", 4);
	note_add(&input, "Xen", NOTE_PHYS32_RELOC, relocation, sizeof relocation);
	note_add_number(&input, NOTE_PHYS32_RELOC, UINT64_C(1) << 40, 8);
	return input;
}

static struct blob notes_in_a_legacy_string(void)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, 1 | 2 << 1, 1);
	blob_append_text(&input, SPECIMEN_LEGACY);
	blob_append_number(&input, 0, 1);
	return input;
}

static const struct fuzz_seed seeds[] = {
	FUZZ_SEED(notes_64_in_a_segment),    FUZZ_SEED(notes_32_in_a_segment),
	FUZZ_SEED(notes_64_in_a_section),    FUZZ_SEED(notes_behind_others),
	FUZZ_SEED(notes_behind_padding),     FUZZ_SEED(notes_that_declare),
	FUZZ_SEED(notes_in_a_legacy_string), {.name = NULL},
};

const struct fuzz_target fuzz_notes = {
	.name = "notes", .max_size = 8192, .run = run, .seeds = seeds};
