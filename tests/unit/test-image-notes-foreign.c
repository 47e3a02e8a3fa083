/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Xen's notes beside those of others: what linkers put around them, what cannot be read,
 * what is lost behind padding. What is right is what libelf makes of the same bytes.
 */
#include "support/test.h"

#include <elf.h>

#include <pvbuild/guest-abi.h>
#include <pvbuild/image.h>

#include "support/elf-builder.h"
#include "support/open.h"

#define WITHOUT_EFFECT                                                                             \
	"without effect: behind padding to 8 bytes, where Xen's builder does not find it"

static struct elf_builder loads_only(void)
{
	struct elf_builder b = ELF_BUILDER_64;

	elf_add_load(&b, 0x100000, 0x1000, 0x5000);
	b.entry = 0x100010;
	return b;
}

/* A kernel of one segment of notes, of that alignment. */
static struct blob with_notes(struct blob *notes, uint64_t align)
{
	struct elf_builder b = loads_only();

	b.segments[elf_add_note_segment(&b, notes)].align = align;
	return elf_build(&b);
}

static struct blob with_section(struct blob *notes, uint64_t align)
{
	struct elf_builder b = loads_only();
	unsigned section = elf_add_note_section(&b, ".notes", notes);

	b.sections[section - 1].align = align;
	return elf_build(&b);
}

/* Those of xen_notes(), to end 4 bytes after a multiple of 8. */
static struct blob uneven_notes(void)
{
	struct blob notes = xen_notes(64);

	if (notes.size % 8 == 0)
		note_add_number(&notes, NOTE_MOD_START_PFN, 1, 4);
	assert_int_equal(notes.size % 8, 4);
	return notes;
}

/* As gcc and GNU as make it for CET: of alignment 8. */
static void add_property(struct blob *notes)
{
	static const uint8_t features[32] = {2, 0, 0, 0xc0, 4, 0, 0, 0, 3};

	blob_align(notes, 8);
	note_add(notes, "GNU", 5, features, sizeof features);
}

static size_t add_raw(struct blob *notes, uint32_t name_size, uint32_t size, uint32_t type,
		      const char *name)
{
	size_t at = blob_append_number(notes, name_size, 4);

	blob_append_number(notes, size, 4);
	blob_append_number(notes, type, 4);
	blob_append(notes, name, strlen(name) + 1);
	blob_align(notes, 4);
	return at;
}

static const struct pvb_note *last_note(const struct pvb_image *image)
{
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_true(info->note_count > 0);
	return &info->notes[info->note_count - 1];
}

static unsigned count_notes(const struct pvb_image *image, const char *owner, bool used)
{
	const struct pvb_image_info *info = pvb_image_info(image);
	unsigned count = 0;

	for (size_t i = 0; i < info->note_count; i++)
		count += strcmp(info->notes[i].owner, owner) == 0 && info->notes[i].used == used;
	return count;
}

/* ---- what a linker makes -------------------------------------------------------------- */

static void a_property_behind_xens_notes_is_one_more_note(void **state)
{
	(void)state;
	for (unsigned in_section = 0; in_section < 2; in_section++) {
		struct blob notes = uneven_notes();

		add_property(&notes);
		struct blob file = in_section ? with_section(&notes, 8) : with_notes(&notes, 8);
		struct pvb_image *image = open_ok(&file);
		const struct pvb_note *note = last_note(image);

		assert_true(pvb_image_info(image)->pv.supported);
		assert_int_equal(pvb_image_info(image)->note_count, 5);
		assert_int_equal(count_notes(image, "Xen", true), 4);
		assert_string_equal(note->owner, "GNU");
		assert_int_equal(note->type, 5);
		assert_int_equal(note->size, 32);
		assert_null(note->meaning);
		pvb_image_free(image);
	}
}

static void a_property_before_xens_notes_is_one_more_note(void **state)
{
	(void)state;
	struct blob notes = BLOB_INIT, xens = uneven_notes();

	add_property(&notes);
	blob_append_blob(&notes, &xens);
	blob_free(&xens);
	struct blob file = with_notes(&notes, 8);
	struct pvb_image *image = open_ok(&file);

	assert_true(pvb_image_info(image)->pv.supported);
	assert_int_equal(pvb_image_info(image)->note_count, 5);
	assert_int_equal(count_notes(image, "Xen", true), 4);
	pvb_image_free(image);
}

/* ---- what cannot be read --------------------------------------------------------------- */

static void a_note_of_another_owner_that_is_cut_off_ends_the_reading(void **state)
{
	struct {
		const char *name;
		uint32_t name_size, size;
		size_t left; /* of the note */
		const char *owner;
		uint32_t type;
		uint64_t bytes;
		const char *meaning;
	} cuts[] = {
		{"GNU", 4, 5000, 24, "GNU", 3, 8,
		 "cut off: a value of 5000 bytes, of which 8 are left; nothing behind it is read"},
		{"GNU", 4, 4, 16, "GNU", 3, 0,
		 "cut off: a value of 4 bytes, of which 0 are left; nothing behind it is read"},
		{"GNU", 5000, 4, 20, "GNU", 3, 0,
		 "cut off: a name of 5000 bytes, of which 8 are left; nothing behind it is read"},
		{"Linux", 6, 4, 14, "Li", 3, 0,
		 "cut off: a name of 6 bytes, of which 2 are left; nothing behind it is read"},
		{"Linux", 6, 4, 12, "", 3, 0,
		 "cut off: a name of 6 bytes, of which 0 are left; nothing behind it is read"},
		{"Linux", 6, 4, 11, "", UINT32_MAX, 11,
		 "no note: only 11 of the 12 bytes of a header are left"},
		{"Linux", 6, 4, 1, "", UINT32_MAX, 1,
		 "no note: only 1 of the 12 bytes of a header are left"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
		struct blob notes = xen_notes(64);
		size_t at = add_raw(&notes, cuts[i].name_size, cuts[i].size, 3, cuts[i].name);

		blob_append(&notes, NULL, 64);
		blob_cut(&notes, at + cuts[i].left);
		struct blob file = with_notes(&notes, 4);
		struct pvb_image *image = open_ok(&file);
		const struct pvb_note *note = last_note(image);

		assert_true(pvb_image_info(image)->pv.supported);
		assert_int_equal(pvb_image_info(image)->note_count, 4);
		assert_string_equal(note->meaning, cuts[i].meaning);
		assert_string_equal(note->owner, cuts[i].owner);
		assert_int_equal(note->type, cuts[i].type);
		assert_int_equal(note->size, cuts[i].bytes);
		assert_null(note->name);
		assert_false(note->used);
		pvb_image_free(image);
	}
}

static void what_is_behind_a_note_that_is_cut_off_has_no_effect(void **state)
{
	(void)state;
	struct blob notes = xen_notes(64);

	add_raw(&notes, 4, 5000, 3, "GNU");
	note_add_text(&notes, NOTE_XEN_VERSION, "xen-2.0");
	struct blob file = with_notes(&notes, 4);
	struct pvb_image *image = open_ok(&file);

	assert_true(pvb_image_info(image)->pv.supported);
	assert_int_equal(pvb_image_info(image)->note_count, 4);
	pvb_image_free(image);
}

static void one_broken_list_does_not_end_the_others(void **state)
{
	(void)state;
	struct elf_builder b = loads_only();
	struct blob broken = BLOB_INIT, notes = xen_notes(64);

	add_raw(&broken, 0x2000, 16, 0x100, "GA*");
	struct blob again = blob_copy(&broken);
	elf_add_note_segment(&b, &broken);
	elf_add_note_section(&b, ".gnu.build.attributes", &again);
	elf_add_note_section(&b, ".note.Xen", &notes);
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_true(info->pv.supported);
	assert_int_equal(info->note_count, 5);
	assert_int_equal(info->notes[0].origin, PVB_NOTE_PT_NOTE);
	assert_int_equal(info->notes[1].origin, PVB_NOTE_SHT_NOTE);
	for (unsigned i = 0; i < 2; i++)
		assert_string_equal(info->notes[i].meaning,
				    "cut off: a name of 8192 bytes, of which 4 are left; nothing "
				    "behind it is read");
	pvb_image_free(image);
}

/* libelf reads sections from their start, and finds what the segment around them hides. */
static void sections_show_what_a_note_hides_in_their_segment(void **state)
{
	/* Of the note before Xen's: its own, none, and such as reach into Xen's or beyond them. */
	static const uint32_t sizes[] = {4, 0, 8, 28, 70, 5000};

	(void)state;
	for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct elf_builder b = loads_only();
		struct blob all = BLOB_INIT, xens = xen_notes(64), none = BLOB_INIT;
		const uint64_t size = xens.size;
		const size_t at = note_add(&all, "GNU", 3, "1234", 4);
		const uint64_t first = all.size;

		blob_put(&all, at + 4, sizes[i], 4);
		blob_append_blob(&all, &xens);
		blob_free(&xens);
		unsigned segment = elf_add_note_segment(&b, &all);
		unsigned gnu = elf_add_note_section(&b, ".note.gnu", &none);
		unsigned xen = elf_add_note_section(&b, ".note.Xen", &none);
		struct blob file = elf_build(&b);
		const uint64_t offset = elf_get_ph(&file, segment, PH_OFFSET);

		elf_set_sh(&file, gnu, SH_OFFSET, offset);
		elf_set_sh(&file, gnu, SH_SIZE, first);
		elf_set_sh(&file, xen, SH_OFFSET, offset + first);
		elf_set_sh(&file, xen, SH_SIZE, size);
		struct pvb_image *image = open_ok(&file);

		assert_true(pvb_image_info(image)->pv.supported);
		assert_int_equal(count_notes(image, "GNU", false), 1);
		pvb_image_free(image);
	}
}

/* In libelf's 32 bits such a size is padded to 0, so that the next note follows at once. */
static void sizes_of_nearly_4_gib_are_passed_over(void **state)
{
	static const struct {
		uint32_t name_size, size;
		const char *meaning;
	} sizes[] = {
		{4, UINT32_MAX, "cut off: a value of 4294967295 bytes, of which 72 are left"},
		{4, UINT32_MAX - 2, "cut off: a value of 4294967293 bytes, of which 72 are left"},
		{UINT32_MAX, 4, "cut off: a name of 4294967295 bytes, of which 76 are left"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct blob notes = BLOB_INIT, xens = xen_notes(64);

		add_raw(&notes, sizes[i].name_size, sizes[i].size, 3, "GNU");
		blob_append_blob(&notes, &xens);
		blob_free(&xens);
		struct blob file = with_notes(&notes, 4);
		struct pvb_image *image = open_ok(&file);

		assert_true(pvb_image_info(image)->pv.supported);
		assert_int_equal(pvb_image_info(image)->note_count, 4);
		assert_string_equal(pvb_image_info(image)->notes[0].meaning, sizes[i].meaning);
		pvb_image_free(image);
	}
}

static void what_could_be_xens_or_ours_is_refused_if_it_is_cut_off(void **state)
{
	static const char *const owners[] = {"Xen", PVB_GUEST_NOTE_OWNER};

	(void)state;
	for (unsigned owner = 0; owner < 2; owner++)
		for (unsigned in_section = 0; in_section < 2; in_section++)
			for (unsigned foreign = 0; foreign < 2; foreign++)
				for (size_t left = 1; left < 12 + strlen(owners[owner]) + 1 + 4;
				     left++) {
					struct blob notes = xen_notes(64);

					if (foreign)
						note_add(&notes, "Linux", 0x101, "1234", 4);
					size_t at =
						note_add(&notes, owners[owner], 1, "\x28\0\0\0", 4);

					blob_cut(&notes, at + left);
					struct blob file = in_section ? with_section(&notes, 4)
								      : with_notes(&notes, 4);
					open_refused(&file, PVB_E_NOTE_MALFORMED);
				}
}

/* ---- whose a note is --------------------------------------------------------------------- */

/* libelf goes by the string behind the header, up to its NUL, and not by the name's length. */
static void a_note_is_xens_by_the_string_behind_its_header(void **state)
{
	static const struct {
		uint32_t name_size;
		const char *name;
		bool xens;
	} names[] = {
		{1, "Xen", true},   {2, "Xen", true}, {3, "Xen", true},    {4, "Xen", true},
		{5, "Xen", true},   {8, "Xen", true}, {4, "XEN", false},   {5, "Xenx", false},
		{4, "Xenx", false}, {3, "Xe", false}, {6, "xenon", false}, {0, "", false},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct blob notes = xen_notes(64);
		size_t at =
			add_raw(&notes, names[i].name_size, 8, NOTE_HYPERCALL_PAGE, names[i].name);

		blob_append(&notes, NULL, 8);
		blob_cut(&notes, at + 12 + ((names[i].name_size + 3) & ~(size_t)3));
		if (names[i].name_size)
			blob_append_number(&notes, 0x102000, 8);
		else
			blob_append(&notes, "12345678", 8);
		struct blob file = with_notes(&notes, 4);
		struct pvb_image *image = open_ok(&file);

		assert_true(pvb_image_info(image)->pv.supported);
		assert_true(pvb_image_info(image)->pv.hypercall_page ==
			    (names[i].xens ? 0x102000 : PVB_NONE));
		pvb_image_free(image);
	}
}

static void an_owner_that_does_not_end_is_nobodys_and_refused(void **state)
{
	(void)state;
	struct blob notes = xen_notes(64);

	/* The list ends before the NUL does, and the length is another. */
	blob_cut(&notes, add_raw(&notes, UINT32_MAX, 4, 1, "Xen") + 15);
	struct blob cut = with_notes(&notes, 4);
	open_refused(&cut, PVB_E_NOTE_MALFORMED);

	notes = xen_notes(64);
	size_t at = note_add_number(&notes, NOTE_HYPERCALL_PAGE, 0x102000, 8);

	blob_put(&notes, at, 3, 4);
	notes.bytes[at + 15] = 'x';
	struct blob file = with_notes(&notes, 4);
	open_refused(&file, PVB_E_NOTE_MALFORMED);
}

/* ---- padding ------------------------------------------------------------------------------- */

/* As object files come in a linker's order: first another one's, with its property. */
static struct blob notes_behind_padding(const struct blob *behind)
{
	struct blob notes = BLOB_INIT;

	note_add(&notes, "GNU", 3, "1234", 4);
	assert_int_equal(notes.size % 8, 4);
	add_property(&notes);
	blob_append_blob(&notes, behind);
	return notes;
}

static void xens_notes_behind_padding_are_lost_and_the_refusal_says_so(void **state)
{
	(void)state;
	struct elf_builder b = loads_only();
	struct blob xens = xen_notes(64), notes = notes_behind_padding(&xens), none = BLOB_INIT;

	/* One section and one segment of it, as linker scripts make them. */
	blob_free(&xens);
	b.segments[elf_add_note_segment(&b, &notes)].align = 8;
	b.sections[elf_add_note_section(&b, ".notes", &none) - 1].align = 8;
	struct blob file = elf_build(&b);
	elf_set_sh(&file, 1, SH_OFFSET, elf_get_ph(&file, 1, PH_OFFSET));
	elf_set_sh(&file, 1, SH_SIZE, elf_get_ph(&file, 1, PH_FILESZ));
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_int_equal(info->pv.refusal, PVB_E_PV_NO_NOTES);
	assert_string_equal(info->pv.reason,
			    "no Xen notes are found in 1 segment and 1 section of notes, and "
			    "there is no section __xen_guest; padding to an alignment of 8 bytes "
			    "hides 3 Xen notes from Xen's builder, from 0x10f8 of the file on");
	assert_string_equal(info->pv.hint, "align all notes to 4 bytes in the linker script: put "
					   ".note.gnu.property behind Xen's notes, or discard it");
	assert_int_equal(info->note_count, 5);
	assert_int_equal(count_notes(image, "Xen", false), 3);
	assert_string_equal(last_note(image)->name, "LOADER");
	assert_string_equal(last_note(image)->meaning, WITHOUT_EFFECT);
	pvb_image_free(image);
}

static void some_of_xens_notes_behind_padding_leave_a_kernel_without_them(void **state)
{
	(void)state;
	/* Two object files with notes: those of the second one are lost. */
	struct blob notes = uneven_notes();

	add_property(&notes);
	note_add_number(&notes, NOTE_HYPERCALL_PAGE, 0x102000, 8);
	note_add_text(&notes, NOTE_XEN_VERSION, "xen-2.0");
	struct blob file = with_notes(&notes, 8);
	struct pvb_image *image = open_ok(&file);

	assert_true(pvb_image_info(image)->pv.supported);
	assert_true(pvb_image_info(image)->pv.hypercall_page == PVB_NONE);
	assert_int_equal(count_notes(image, "Xen", true), 4);
	assert_int_equal(count_notes(image, "Xen", false), 2);
	assert_string_equal(last_note(image)->meaning, WITHOUT_EFFECT);
	pvb_image_free(image);

	/* The same where what is lost is needed. */
	notes = (struct blob)BLOB_INIT;
	note_add_text(&notes, NOTE_GUEST_OS, "linux");
	note_add_number(&notes, NOTE_MOD_START_PFN, 1, 4);
	add_property(&notes);
	note_add_text(&notes, NOTE_XEN_VERSION, "xen-3.0");
	file = with_notes(&notes, 8);
	image = open_ok(&file);
	assert_int_equal(pvb_image_info(image)->pv.refusal, PVB_E_PV_XEN_VERSION);
	assert_string_equal(pvb_image_info(image)->pv.reason,
			    "the kernel's note XEN_VERSION is missing; padding to an alignment of "
			    "8 bytes hides 1 Xen note from Xen's builder, from 0x1110 of the file "
			    "on");
	pvb_image_free(image);
}

/* libelf reads sections where a segment has no note of Xen's that it finds. */
static void sections_show_what_padding_hides_in_their_segment(void **state)
{
	(void)state;
	struct elf_builder b = loads_only();
	struct blob xens = xen_notes(64), notes = notes_behind_padding(&xens), none = BLOB_INIT;
	const uint64_t size = xens.size, all = notes.size;

	blob_free(&xens);
	unsigned segment = elf_add_note_segment(&b, &notes);
	unsigned section = elf_add_note_section(&b, ".note.Xen", &none);
	b.segments[segment].align = 8;
	struct blob file = elf_build(&b);

	elf_set_sh(&file, section, SH_OFFSET, elf_get_ph(&file, segment, PH_OFFSET) + all - size);
	elf_set_sh(&file, section, SH_SIZE, size);
	struct pvb_image *image = open_ok(&file);

	assert_true(pvb_image_info(image)->pv.supported);
	assert_int_equal(count_notes(image, "Xen", true), 3);
	assert_int_equal(count_notes(image, "Xen", false), 3);
	pvb_image_free(image);
}

/* No other builder reads them, and a declaration that was not seen would be no limit. */
static void our_notes_behind_padding_are_read(void **state)
{
	(void)state;
	for (unsigned in_section = 0; in_section < 2; in_section++) {
		struct elf_builder b = loads_only();
		struct blob notes = xen_notes(64);

		if (in_section)
			elf_add_note_segment(&b, &notes);
		if (notes.size % 8 == 0)
			note_add(&notes, "Linux", 0x101, "1234567", 8);
		assert_int_equal(notes.size % 8, 4);
		add_property(&notes);
		note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_ADDRESS_BITS, "\x28\0\0", 4);
		if (in_section)
			b.sections[elf_add_note_section(&b, ".note", &notes) - 1].align = 8;
		else
			b.segments[elf_add_note_segment(&b, &notes)].align = 8;
		struct blob file = elf_build(&b);
		struct pvb_image *image = open_ok(&file);

		assert_true(pvb_image_info(image)->pv.supported);
		assert_int_equal(pvb_image_info(image)->declares.address_bits, 40);
		pvb_image_free(image);
	}
}

/* Without an owner, without a value: to libelf these are notes like others. */
static void notes_without_an_owner_are_no_padding_where_xens_follow(void **state)
{
	(void)state;
	struct blob notes = BLOB_INIT, xens = xen_notes(64);

	note_add(&notes, "GNU", 3, "1234", 4);
	add_raw(&notes, 0, 4, 1, "abc");
	add_raw(&notes, 0, 0, 7, "");
	blob_cut(&notes, notes.size - 4);
	blob_append_blob(&notes, &xens);
	blob_free(&xens);
	struct blob file = with_notes(&notes, 8);
	struct pvb_image *image = open_ok(&file);

	assert_true(pvb_image_info(image)->pv.supported);
	assert_int_equal(pvb_image_info(image)->note_count, 6);
	assert_int_equal(count_notes(image, "Xen", true), 3);
	pvb_image_free(image);
}

/* A size that was rounded up, to a page or more. */
static void zeros_behind_the_notes_are_nothing(void **state)
{
	static const size_t counts[] = {1, 4, 11, 12, 13, 64, 4096, 2 << 20};
	static const unsigned aligns[] = {0, 4, 8, 16, 4096};

	(void)state;
	for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++)
		for (unsigned k = 0; k < sizeof aligns / sizeof aligns[0]; k++) {
			struct blob notes = xen_notes(64);

			blob_append(&notes, NULL, counts[i]);
			struct blob file = with_notes(&notes, aligns[k]);
			struct pvb_image *image = open_ok(&file);

			assert_true(pvb_image_info(image)->pv.supported);
			assert_int_equal(pvb_image_info(image)->note_count, 3);
			pvb_image_free(image);
		}
}

/* ---- properties ------------------------------------------------------------------------- */

static void add_random_note(struct blob *notes, uint64_t *random)
{
	static const char *const owners[] = {"",    "G",     "GNU",     "Linux",  "Xe",
					     "XEN", "Xenix", "pvbuilt", "FreeBSD"};
	const char *owner = owners[test_random(random) % (sizeof owners / sizeof owners[0])];
	const size_t size = (size_t)(test_random(random) % 40);
	uint8_t value[40];
	size_t at;

	for (size_t i = 0; i < sizeof value; i++)
		value[i] = (uint8_t)(test_random(random) % 4 ? test_random(random) : 0);
	at = note_add(notes, owner, (uint32_t)(test_random(random) % 20), value, size);
	/* Some leave their NUL out of the name's length, which padding hides as often as not. */
	if (strlen(owner) % 4 && test_random(random) % 2)
		blob_put(notes, at, strlen(owner), 4);
}

static void add_random_bytes(struct blob *notes, uint64_t *random)
{
	for (uint64_t left = test_random(random) % 100; left; left--)
		blob_append_number(notes, test_random(random) & 0xff, 1);
}

static void assert_same_facts(const struct pvb_image_info *info, const struct pvb_image_info *plain)
{
	size_t next = 0;

	assert_int_equal(info->pv.refusal, 0);
	assert_true(info->pv.entry == plain->pv.entry);
	assert_true(info->pv.virt_base == plain->pv.virt_base);
	assert_true(info->pv.hypercall_page == plain->pv.hypercall_page);
	assert_true(info->pv.init_p2m == plain->pv.init_p2m);
	assert_int_equal(info->pv.features_required, plain->pv.features_required);
	assert_int_equal(info->pv.features_supported, plain->pv.features_supported);
	assert_int_equal(info->pv.mod_start_pfn, plain->pv.mod_start_pfn);
	assert_int_equal(info->declares.address_bits, plain->declares.address_bits);
	for (size_t i = 0; i < info->note_count; i++) {
		const struct pvb_note *note = &info->notes[i];

		if (strcmp(note->owner, "Xen") != 0 &&
		    strcmp(note->owner, PVB_GUEST_NOTE_OWNER) != 0)
			continue;
		assert_true(next < plain->note_count);
		assert_int_equal(note->type, plain->notes[next].type);
		assert_int_equal(note->size, plain->notes[next].size);
		assert_int_equal(note->used, plain->notes[next].used);
		assert_memory_equal(note->bytes, plain->notes[next].bytes, note->size);
		next++;
	}
	assert_int_equal(next, plain->note_count);
}

enum { OWN_NOTES = 7 };

static void add_nth(struct blob *notes, unsigned nth)
{
	switch (nth) {
	case 0:
		note_add_text(notes, NOTE_GUEST_OS, "linux");
		break;
	case 1:
		note_add_text(notes, NOTE_XEN_VERSION, "xen-3.0");
		break;
	case 2:
		note_add_number(notes, NOTE_ENTRY, 0x100040, 8);
		break;
	case 3:
		note_add_number(notes, NOTE_HYPERCALL_PAGE, 0x101000, 8);
		break;
	case 4:
		note_add_text(notes, NOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb");
		break;
	case 5:
		note_add_number(notes, NOTE_MOD_START_PFN, 1, 4);
		break;
	default:
		note_add(notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_ADDRESS_BITS, "\x28\0\0", 4);
		break;
	}
}

/* Between, before and behind; whatever the alignment; with anything at all behind the last. */
static void notes_of_others_never_change_what_is_found(void **state)
{
	static const unsigned aligns[] = {0, 1, 4, 8, 16};
	struct blob notes = BLOB_INIT;
	uint64_t random = 4711;

	(void)state;
	for (unsigned i = 0; i < OWN_NOTES; i++)
		add_nth(&notes, i);
	struct blob file = with_notes(&notes, 4);
	struct pvb_image *plain = open_ok(&file);

	for (unsigned round = 0; round < 3000; round++) {
		for (unsigned i = 0; i < OWN_NOTES; i++) {
			for (uint64_t others = test_random(&random) % 3; others; others--)
				add_random_note(&notes, &random);
			add_nth(&notes, i);
		}
		for (uint64_t others = test_random(&random) % 3; others; others--)
			add_random_note(&notes, &random);
		if (round % 3 == 0)
			add_random_bytes(&notes, &random);
		if (round % 3 == 1)
			add_property(&notes);

		const unsigned align = aligns[test_random(&random) % 5];

		file = round % 2 ? with_section(&notes, align) : with_notes(&notes, align);
		struct pvb_image *image = open_ok(&file);

		assert_same_facts(pvb_image_info(image), pvb_image_info(plain));
		pvb_image_free(image);
	}
	pvb_image_free(plain);
}

/* Wherever it is cut, and whatever its sizes say. */
static void nothing_that_is_wrong_with_the_last_note_of_another_owner_is_refused(void **state)
{
	static const uint32_t sizes[] = {0, 1, 5, 0x7fffffff, UINT32_MAX - 3, UINT32_MAX};
	const unsigned count = sizeof sizes / sizeof sizes[0];

	(void)state;
	for (unsigned i = 0; i < count * count; i++)
		for (size_t left = 0; left < 32; left++) {
			struct blob notes = xen_notes(64);
			size_t at = add_raw(&notes, sizes[i % count], sizes[i / count], 3, "Linux");

			blob_append(&notes, NULL, 16);
			blob_cut(&notes, at + left);
			struct blob file = with_notes(&notes, 8);
			struct pvb_image *image = open_ok(&file);

			assert_true(pvb_image_info(image)->pv.supported);
			assert_int_equal(count_notes(image, "Xen", true), 3);
			pvb_image_free(image);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_property_behind_xens_notes_is_one_more_note),
		cmocka_unit_test(a_property_before_xens_notes_is_one_more_note),
		cmocka_unit_test(a_note_of_another_owner_that_is_cut_off_ends_the_reading),
		cmocka_unit_test(what_is_behind_a_note_that_is_cut_off_has_no_effect),
		cmocka_unit_test(one_broken_list_does_not_end_the_others),
		cmocka_unit_test(sections_show_what_a_note_hides_in_their_segment),
		cmocka_unit_test(sizes_of_nearly_4_gib_are_passed_over),
		cmocka_unit_test(what_could_be_xens_or_ours_is_refused_if_it_is_cut_off),
		cmocka_unit_test(a_note_is_xens_by_the_string_behind_its_header),
		cmocka_unit_test(an_owner_that_does_not_end_is_nobodys_and_refused),
		cmocka_unit_test(xens_notes_behind_padding_are_lost_and_the_refusal_says_so),
		cmocka_unit_test(some_of_xens_notes_behind_padding_leave_a_kernel_without_them),
		cmocka_unit_test(sections_show_what_padding_hides_in_their_segment),
		cmocka_unit_test(our_notes_behind_padding_are_read),
		cmocka_unit_test(notes_without_an_owner_are_no_padding_where_xens_follow),
		cmocka_unit_test(zeros_behind_the_notes_are_nothing),
		cmocka_unit_test(notes_of_others_never_change_what_is_found),
		cmocka_unit_test(
			nothing_that_is_wrong_with_the_last_note_of_another_owner_is_refused),
	};

	return cmocka_run_group_tests_name("image-notes-foreign", tests, NULL, NULL);
}
