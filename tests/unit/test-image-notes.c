/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What kernels say of themselves, and whether a PV domain can be built from it. */
#include "support/test.h"

#include <elf.h>

#include <pvbuild/image.h>

#include "support/elf-builder.h"
#include "support/open.h"

static struct blob with_notes(unsigned bits, struct blob *notes)
{
	struct elf_builder b = {.bits = bits, .machine = bits == 64 ? EM_X86_64 : EM_386};

	elf_add_load(&b, 0x100000, 0x1000, 0x5000);
	b.entry = 0x100010;
	elf_add_note_segment(&b, notes);
	return elf_build(&b);
}

static struct blob with_string(const char *string)
{
	struct elf_builder b = {.bits = 32, .machine = EM_386};

	elf_add_load(&b, 0x100000, 0x1000, 0x5000);
	b.entry = 0x100010;
	elf_add_xen_guest(&b, string);
	return elf_build(&b);
}

/* Opens, and says that and why it is no PV kernel. */
static void assert_no_pv(struct blob *file, enum pvb_code code, const char *word)
{
	struct pvb_image *image = open_ok(file);
	const struct pvb_image_info *info = pvb_image_info(image);

	if (info->pv.refusal != (int)code)
		print_error("wanted %s, got %s: %s\n", pvb_code_name((int)code),
			    pvb_code_name(info->pv.refusal), info->pv.reason);
	assert_int_equal(info->pv.refusal, code);
	assert_false(info->pv.supported);
	assert_non_null(info->pv.reason);
	assert_non_null(strstr(info->pv.reason, word));
	assert_int_equal(info->piece_count, 0);
	assert_true(info->segment_count > 0);
	pvb_image_free(image);
}

static const struct pvb_note absent = {.owner = "(absent)", .size = UINT64_MAX};

/* The nth note of a kind, or the one above. */
static const struct pvb_note *find(const struct pvb_image_info *info, const char *owner,
				   uint32_t type, unsigned nth)
{
	for (size_t i = 0; i < info->note_count; i++)
		if (info->notes[i].type == type && strcmp(info->notes[i].owner, owner) == 0 &&
		    nth-- == 0)
			return &info->notes[i];
	return &absent;
}

/* ---- what is found ------------------------------------------------------------------ */

static void every_note_is_kept_with_its_meaning(void **state)
{
	(void)state;
	struct elf_builder b = linux_like(64);
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_int_equal(info->note_count, 16);
	const struct pvb_note *note = find(info, "Linux", 0x101, 0);
	assert_ptr_not_equal(note, &absent);
	assert_null(note->name);
	assert_int_equal(note->kind, PVB_NOTE_KIND_BYTES);
	assert_int_equal(note->size, 4);
	assert_memory_equal(note->bytes, "\0\0\0\0", 4);
	assert_false(note->used);

	note = find(info, "Xen", NOTE_GUEST_OS, 0);
	assert_ptr_not_equal(note, &absent);
	assert_string_equal(note->name, "GUEST_OS");
	assert_int_equal(note->kind, PVB_NOTE_KIND_STRING);
	assert_string_equal(note->string, "linux");
	assert_int_equal(note->size, 6);
	assert_int_equal(note->origin, PVB_NOTE_PT_NOTE);
	assert_true(note->used);

	/* FEATURES has no NUL in Linux: its descriptor is its bound. */
	note = find(info, "Xen", NOTE_FEATURES, 0);
	assert_ptr_not_equal(note, &absent);
	assert_string_equal(note->string, "!writable_page_tables|pae_pgdir_above_4gb");
	assert_int_equal(note->size, 41);

	note = find(info, "Xen", NOTE_INIT_P2M, 0);
	assert_ptr_not_equal(note, &absent);
	assert_int_equal(note->kind, PVB_NOTE_KIND_NUMBER);
	assert_int_equal(note->number, UINT64_C(0x8000000000));

	note = find(info, "Xen", NOTE_L1_MFN_VALID, 0);
	assert_ptr_not_equal(note, &absent);
	assert_int_equal(note->kind, PVB_NOTE_KIND_BYTES);
	assert_int_equal(note->size, 16);
	assert_false(note->used);
	pvb_image_free(image);
}

static void public_names_are_those_of_the_public_header(void **state)
{
	(void)state;
	assert_string_equal(pvb_xen_note_name(0), "INFO");
	assert_string_equal(pvb_xen_note_name(NOTE_MOD_START_PFN), "MOD_START_PFN");
	assert_string_equal(pvb_xen_note_name(19), "PHYS32_RELOC");
	assert_null(pvb_xen_note_name(20));
	assert_null(pvb_xen_note_name(UINT32_MAX));
	assert_string_equal(pvb_guest_type_name(PVB_GUEST_X86_64), "xen-3.0-x86_64");
	assert_string_equal(pvb_guest_type_name(PVB_GUEST_X86_32P), "xen-3.0-x86_32p");
	assert_string_equal(pvb_guest_type_name(PVB_GUEST_NONE), "none");
	assert_string_equal(pvb_container_name(PVB_CONTAINER_ELF), "elf");
	assert_string_equal(pvb_container_name(PVB_CONTAINER_BZIMAGE), "bzImage");
	assert_string_equal(pvb_container_name(PVB_CONTAINER_MULTIBOOT), "multiboot");
	assert_string_equal(pvb_container_name(PVB_CONTAINER_ARM64_IMAGE), "arm64-image");
}

static void the_last_of_duplicates_wins(void **state)
{
	(void)state;
	struct blob notes = xen_notes(64);

	note_add_number(&notes, NOTE_ENTRY, 0x100020, 8);
	note_add_number(&notes, NOTE_ENTRY, 0x100030, 4);
	note_add_number(&notes, NOTE_ENTRY, 0x10, 1);
	note_add_number(&notes, NOTE_ENTRY, 0x1020, 2);
	note_add_number(&notes, NOTE_ENTRY, 0x100040, 8);
	note_add_text(&notes, NOTE_FEATURES, "writable_page_tables");
	note_add_text(&notes, NOTE_FEATURES, "!pae_pgdir_above_4gb");
	note_add(&notes, "Xen", 4711, "what?", 5);
	struct blob file = with_notes(64, &notes);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_int_equal(info->pv.entry, 0x100040);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(find(info, "Xen", NOTE_ENTRY, i)->used, i == 4);
	assert_int_equal(find(info, "Xen", NOTE_ENTRY, 2)->number, 0x10);
	assert_int_equal(find(info, "Xen", NOTE_ENTRY, 3)->number, 0x1020);
	/* Features add up. */
	assert_int_equal(info->pv.features_supported,
			 PVB_FEATURE_WRITABLE_PAGE_TABLES | PVB_FEATURE_PAE_PGDIR_ABOVE_4GB);
	assert_int_equal(info->pv.features_required, PVB_FEATURE_PAE_PGDIR_ABOVE_4GB);
	assert_true(find(info, "Xen", NOTE_FEATURES, 0)->used);
	assert_true(find(info, "Xen", NOTE_FEATURES, 1)->used);
	/* Unknown ones are kept. */
	assert_ptr_not_equal(find(info, "Xen", 4711, 0), &absent);
	assert_null(find(info, "Xen", 4711, 0)->name);
	assert_false(find(info, "Xen", 4711, 0)->used);
	pvb_image_free(image);
}

static void strange_owners_and_strings_are_escaped(void **state)
{
	(void)state;
	struct blob notes = xen_notes(64);
	char long_owner[200];

	memset(long_owner, 'x', sizeof long_owner - 1);
	long_owner[sizeof long_owner - 1] = '\0';
	note_add(&notes, "\033[2J\\\"", 1, "", 0);
	note_add(&notes, long_owner, 2, "", 0);
	note_add(&notes, "", 3, "", 0);
	note_add_text(&notes, NOTE_GUEST_VERSION, "a\nb\xff");
	struct blob file = with_notes(64, &notes);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_ptr_not_equal(find(info, "\\x1b[2J\\x5c\"", 1, 0), &absent);
	assert_null(find(info, "\\x1b[2J\\x5c\"", 1, 0)->bytes);
	assert_ptr_not_equal(find(info, "", 3, 0), &absent);
	assert_string_equal(find(info, "Xen", NOTE_GUEST_VERSION, 0)->string, "a\\x0ab\\xff");
	assert_int_equal(strlen(info->notes[info->note_count - 3].owner), 64);
	pvb_image_free(image);
}

static void sections_are_looked_at_where_no_segment_has_xen_notes(void **state)
{
	(void)state;
	struct elf_builder b = ELF_BUILDER_64;
	struct blob gnu = BLOB_INIT, notes = xen_notes(64);

	elf_add_load(&b, 0, 0x100, 0x1000);
	note_add(&gnu, "GNU", 3, "0123456789", 10);
	elf_add_note_segment(&b, &gnu);
	elf_add_note_section(&b, ".note.Xen", &notes);
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_true(info->pv.supported);
	assert_int_equal(info->note_count, 4);
	assert_int_equal(find(info, "GNU", 3, 0)->origin, PVB_NOTE_PT_NOTE);
	assert_int_equal(find(info, "Xen", NOTE_LOADER, 0)->origin, PVB_NOTE_SHT_NOTE);
	pvb_image_free(image);

	/* With Xen notes in a segment, sections do not count. */
	b = linux_like(64);
	notes = xen_notes(64);
	elf_add_note_section(&b, ".note.Xen", &notes);
	file = elf_build(&b);
	image = open_ok(&file);
	assert_int_equal(pvb_image_info(image)->note_count, 16);
	pvb_image_free(image);
}

static void a_section_within_a_note_segment_is_not_read_twice(void **state)
{
	(void)state;
	struct elf_builder b = ELF_BUILDER_64;
	struct blob gnu = BLOB_INIT, notes = xen_notes(64), copy;

	elf_add_load(&b, 0, 0x100, 0x1000);
	note_add(&gnu, "GNU", 3, "0123456789", 10);
	copy = blob_copy(&gnu);
	elf_add_note_segment(&b, &gnu);
	unsigned section = elf_add_note_section(&b, ".note.gnu", &copy);
	elf_add_note_section(&b, ".note.Xen", &notes);
	struct blob file = elf_build(&b);
	elf_set_sh(&file, section, SH_OFFSET, elf_get_ph(&file, 1, PH_OFFSET));
	struct pvb_image *image = open_ok(&file);

	assert_ptr_equal(find(pvb_image_info(image), "GNU", 3, 1), &absent);
	assert_int_equal(pvb_image_info(image)->note_count, 4);
	pvb_image_free(image);
}

static void a_note_segment_without_an_offset_is_passed_over(void **state)
{
	(void)state;
	struct elf_builder b = linux_like(64);
	struct blob file = elf_build(&b);

	elf_set_ph(&file, 2, PH_OFFSET, 0);
	assert_no_pv(&file, PVB_E_PV_NO_NOTES, "no Xen notes");
}

static void cut_off_notes_are_refused(void **state)
{
	(void)state;
	/* Cut by that many bytes: within the descriptor, the name, the header. */
	for (unsigned cut = 1; cut <= 22; cut++) {
		struct blob notes = xen_notes(64);

		note_add_number(&notes, NOTE_VIRT_BASE, 0, 8);
		blob_cut(&notes, notes.size - cut);
		struct blob file = with_notes(64, &notes);
		open_refused(&file, PVB_E_NOTE_MALFORMED);
	}
	struct blob notes = xen_notes(64);
	size_t at = note_add(&notes, "Xen", 1, "1234", 4);
	blob_put(&notes, at, UINT32_MAX, 4);
	struct blob file = with_notes(64, &notes);
	open_refused(&file, PVB_E_NOTE_MALFORMED);

	notes = xen_notes(64);
	at = note_add(&notes, "Xen", 1, "1234", 4);
	blob_put(&notes, at + 4, UINT32_MAX, 4);
	file = with_notes(64, &notes);
	open_refused(&file, PVB_E_NOTE_MALFORMED);
}

/* As GRUB's i386-xen image ends: 12 bytes are said, "yes" and its NUL are there. */
static void a_string_that_ends_is_whole_whatever_its_size(void **state)
{
	(void)state;
	struct blob notes = xen_notes(64);
	size_t at = note_add_text(&notes, NOTE_PAE_MODE, "yes");

	blob_put(&notes, at + 4, 12, 4);
	struct blob file = with_notes(32, &notes);
	struct pvb_image *image = open_ok(&file);
	assert_true(pvb_image_info(image)->pv.supported);
	assert_int_equal(find(pvb_image_info(image), "Xen", NOTE_PAE_MODE, 0)->size, 4);
	pvb_image_free(image);

	notes = xen_notes(64);
	at = note_add(&notes, "Xen", NOTE_PAE_MODE, "yes!", 4); /* no NUL */
	blob_put(&notes, at + 4, 12, 4);
	file = with_notes(32, &notes);
	open_refused(&file, PVB_E_NOTE_MALFORMED);
}

static void zeros_behind_the_last_note_are_padding(void **state)
{
	(void)state;
	struct blob notes = xen_notes(64);

	blob_append(&notes, NULL, 8);
	struct blob file = with_notes(64, &notes);
	pvb_image_free(open_ok(&file));
}

static void numbers_of_impossible_sizes_are_refused(void **state)
{
	(void)state;
	static const unsigned sizes[] = {0, 3, 5, 16};

	for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct blob notes = xen_notes(64);

		note_add(&notes, "Xen", NOTE_ENTRY, "0123456789abcdef", sizes[i]);
		struct blob file = with_notes(64, &notes);
		open_refused(&file, PVB_E_NOTE_VALUE);
	}
	struct blob notes = BLOB_INIT, file;
	char *text = (char *)calloc(1, 4098);
	assert_non_null(text);
	memset(text, 'a', 4097);
	note_add_text(&notes, NOTE_GUEST_OS, text);
	file = with_notes(64, &notes);
	open_refused(&file, PVB_E_NOTE_VALUE);
	free(text);
}

/* What is nothing to a PV builder may be any size, or out of reach of a 32-bit processor. */
static void numbers_that_a_builder_does_not_use_may_be_anything(void **state)
{
	(void)state;
	struct blob notes = xen_notes(64);

	note_add_number(&notes, NOTE_ENTRY, 0x100010, 8);
	note_add(&notes, "Xen", NOTE_SUSPEND_CANCEL, "12345", 5);
	note_add_number(&notes, NOTE_PHYS32_ENTRY, UINT64_C(1) << 32, 8);
	struct blob file = with_notes(64, &notes);
	struct pvb_image *image = open_ok(&file);

	assert_true(pvb_image_info(image)->pv.supported);
	assert_int_equal(pvb_image_info(image)->pvh_entry, UINT64_C(1) << 32);
	pvb_image_free(image);
}

static void supported_features_are_words(void **state)
{
	(void)state;
	struct blob notes = xen_notes(64);

	note_add(&notes, "Xen", NOTE_SUPPORTED_FEATURES, "\1\0\0\0\2\0\0\0\4\0\0\0", 12);
	note_add(&notes, "Xen", NOTE_SUPPORTED_FEATURES, "\0\x88\0\0\2\0\0\0", 8);
	struct blob file = with_notes(64, &notes);
	struct pvb_image *image = open_ok(&file);

	assert_int_equal(pvb_image_info(image)->pv.features_supported, 0x8801);
	pvb_image_free(image);

	notes = xen_notes(64);
	note_add(&notes, "Xen", NOTE_SUPPORTED_FEATURES, "\1\0\0\0\2\0", 6);
	note_add(&notes, "Xen", NOTE_SUPPORTED_FEATURES, "\1", 1);
	file = with_notes(64, &notes);
	image = open_ok(&file);
	assert_int_equal(pvb_image_info(image)->pv.features_supported, 0);
	pvb_image_free(image);
}

static void too_many_notes_are_refused(void **state)
{
	(void)state;
	struct blob notes = xen_notes(64);

	for (unsigned i = 0; i < 65536 - 3; i++)
		note_add(&notes, "x", 1, "", 0);
	struct blob more = blob_copy(&notes);
	struct blob file = with_notes(64, &notes);
	struct pvb_image *image = open_ok(&file);
	assert_int_equal(pvb_image_info(image)->note_count, 65536);
	pvb_image_free(image);

	note_add(&more, "x", 1, "", 0);
	file = with_notes(64, &more);
	open_refused(&file, PVB_E_NOTE_TOO_MANY);
}

/* Many segments may name the same bytes, which must not multiply in memory. */
static void the_same_notes_a_thousand_times_are_too_many(void **state)
{
	(void)state;
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = xen_notes(64);
	char text[4000];

	memset(text, '\n', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (unsigned i = 0; i < 100; i++)
		note_add_text(&notes, NOTE_GUEST_VERSION, text);
	elf_add_load(&b, 0, 0x100, 0x1000);
	elf_add_note_segment(&b, &notes);
	for (unsigned i = 0; i < 20; i++) {
		struct blob none = BLOB_INIT;
		elf_add_note_segment(&b, &none);
	}
	struct blob file = elf_build(&b);
	for (unsigned i = 2; i < 22; i++) {
		elf_set_ph(&file, i, PH_OFFSET, elf_get_ph(&file, 1, PH_OFFSET));
		elf_set_ph(&file, i, PH_FILESZ, elf_get_ph(&file, 1, PH_FILESZ));
	}
	open_refused(&file, PVB_E_NOTE_TOO_MANY);
}

/* To look for the end of each owner's name would be to look at a terabyte. */
static void many_sections_with_one_huge_owner_are_too_many(void **state)
{
	enum { SECTIONS = 60000, OWNER = 16 << 20 };
	struct elf_builder b = ELF_BUILDER_64;
	struct blob note = BLOB_INIT;

	(void)state;
	blob_append_number(&note, OWNER, 4);
	blob_append_number(&note, 0, 4);
	blob_append_number(&note, 1, 4);

	const size_t owner = blob_append(&note, NULL, OWNER);

	memset(note.bytes + owner, 'A', OWNER);
	elf_add_load(&b, 0, 0x100, 0x1000);
	elf_add_note_section(&b, ".note", &note);

	struct blob file = elf_build(&b), once = blob_copy(&file);
	struct pvb_image *image = open_ok(&once);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_int_equal(info->note_count, 1);
	assert_int_equal(strlen(info->notes[0].owner), 64);
	pvb_image_free(image);
	blob_free(&once);

	struct blob header = BLOB_INIT;

	blob_append(&header, file.bytes + elf_get(&file, EH_SHOFF) + 64, 64);
	elf_set(&file, EH_SHOFF, file.size);
	elf_set(&file, EH_SHNUM, SECTIONS);
	elf_set(&file, EH_SHSTRNDX, 0);
	for (unsigned i = 0; i < SECTIONS; i++)
		blob_append_blob(&file, &header);
	blob_free(&header);

	open_refused(&file, PVB_E_NOTE_TOO_MANY);
}

/* ---- the legacy string ---------------------------------------------------------------- */

static void the_legacy_string_is_understood(void **state)
{
	(void)state;
	struct blob file = with_string("GUEST_OS=linux,GUEST_VER=2.6,XEN_VER=xen-3.0,"
				       "VIRT_BASE=0xC0000000,VIRT_ENTRY=0xC0100040,"
				       "ELF_PADDR_OFFSET=0x0,HYPERCALL_PAGE=0x101,"
				       "FEATURES=writable_page_tables|!pae_pgdir_above_4gb,"
				       "PAE=yes[extended-cr3],LOADER=generic,WHATEVER");
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_true(info->pv.supported);
	assert_int_equal(info->pv.virt_base, 0xc0000000);
	assert_int_equal(info->pv.paddr_offset, 0);
	assert_int_equal(info->pv.entry, 0xc0100040);
	assert_int_equal(info->pv.kernel_start, 0xc0100000);
	/* A page's number, not an address. */
	assert_int_equal(info->pv.hypercall_page, 0xc0101000);
	assert_int_equal(info->pv.pae, PVB_PAE_EXTENDED_CR3);
	assert_int_equal(info->pv.features_supported,
			 PVB_FEATURE_WRITABLE_PAGE_TABLES | PVB_FEATURE_PAE_PGDIR_ABOVE_4GB);
	assert_int_equal(info->pv.features_required, PVB_FEATURE_PAE_PGDIR_ABOVE_4GB);
	assert_true(info->pv.is_linux);
	assert_int_equal(info->note_count, 11);
	assert_int_equal(info->notes[0].origin, PVB_NOTE_XEN_GUEST);
	assert_string_equal(info->notes[1].name, "GUEST_VER");
	assert_int_equal(info->notes[1].type, NOTE_GUEST_VERSION);
	assert_false(info->notes[1].used);
	assert_string_equal(info->notes[3].name, "VIRT_BASE");
	assert_int_equal(info->notes[3].kind, PVB_NOTE_KIND_NUMBER);
	assert_int_equal(info->notes[3].number, 0xc0000000);
	assert_string_equal(info->notes[10].name, "WHATEVER");
	assert_int_equal(info->notes[10].type, UINT32_MAX);
	assert_string_equal(info->notes[10].string, "");
	pvb_image_free(image);
}

static void with_the_legacy_string_the_offset_is_virt_base(void **state)
{
	(void)state;
	struct elf_builder b = {.bits = 32, .machine = EM_386};

	elf_add_load(&b, 0xc0100000, 0x100, 0x1000);
	b.entry = 0xc0100000;
	elf_add_xen_guest(&b, "LOADER=generic,XEN_VER=xen-3.0,VIRT_BASE=0xc0000000,PAE=yes");
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);

	assert_true(pvb_image_info(image)->pv.supported);
	assert_int_equal(pvb_image_info(image)->pv.paddr_offset, 0xc0000000);
	assert_int_equal(pvb_image_info(image)->pv.kernel_start, 0xc0100000);
	assert_int_equal(pvb_image_info(image)->pv.pae, PVB_PAE_YES);
	pvb_image_free(image);

	/* With notes it is 0. */
	b = (struct elf_builder){.bits = 32, .machine = EM_386};
	struct blob notes = xen_notes(32);
	note_add_number(&notes, NOTE_VIRT_BASE, 0xc0000000, 4);
	elf_add_load(&b, 0x100000, 0x100, 0x1000);
	b.entry = 0xc0100000;
	elf_add_note_segment(&b, &notes);
	file = elf_build(&b);
	image = open_ok(&file);
	assert_true(pvb_image_info(image)->pv.supported);
	assert_int_equal(pvb_image_info(image)->pv.paddr_offset, 0);
	pvb_image_free(image);
}

static void a_hypercall_page_without_virt_base_counts_from_zero(void **state)
{
	(void)state;
	struct blob file = with_string("LOADER=generic,XEN_VER=xen-3.0,PAE=yes,HYPERCALL_PAGE=257");
	struct pvb_image *image = open_ok(&file);

	assert_int_equal(pvb_image_info(image)->pv.hypercall_page, 0x101000);
	pvb_image_free(image);
}

static void legacy_values_that_are_no_numbers_are_refused(void **state)
{
	(void)state;
	static const char *const values[] = {"",
					     "0x",
					     "12abc",
					     "-1",
					     " 1",
					     "+",
					     "08x",
					     "0xffffffffffffffff",
					     "99999999999999999999"};

	for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
		char text[120];

		(void)snprintf(text, sizeof text,
			       "LOADER=generic,XEN_VER=xen-3.0,PAE=yes,VIRT_BASE=%s", values[i]);
		struct blob file = with_string(text);
		open_refused(&file, PVB_E_NOTE_VALUE);
	}
	struct blob file = with_string("HYPERCALL_PAGE=0xfffffffffffff0");
	open_refused(&file, PVB_E_NOTE_VALUE);

	char *text = (char *)calloc(1, 8000);
	assert_non_null(text);
	memset(text, 'K', 7000);
	file = with_string(text);
	open_refused(&file, PVB_E_NOTE_VALUE);
	free(text);
}

static void the_legacy_string_must_lie_in_the_file(void **state)
{
	(void)state;
	struct elf_builder b = {.bits = 64, .machine = EM_X86_64};
	elf_add_load(&b, 0, 0x100, 0x1000);
	unsigned section = elf_add_xen_guest(&b, "LOADER=generic,XEN_VER=xen-3.0");
	struct blob good = elf_build(&b), file = blob_copy(&good);

	elf_set_sh(&file, section, SH_OFFSET, file.size);
	open_refused(&file, PVB_E_ELF_SECTION);

	/* Neither its type nor its end matters, nor those of the names that it is found by. */
	file = blob_copy(&good);
	elf_set_sh(&file, section, SH_TYPE, SHT_NULL);
	elf_set_sh(&file, section, SH_SIZE, UINT32_MAX);
	elf_set_sh(&file, section + 1, SH_TYPE, SHT_NOBITS);
	elf_set_sh(&file, section + 1, SH_SIZE, UINT32_MAX);
	struct pvb_image *odd = open_ok(&file);
	assert_true(pvb_image_info(odd)->pv.supported);
	pvb_image_free(odd);

	/* Without names it is not found. */
	file = blob_copy(&good);
	elf_set_sh(&file, section + 1, SH_OFFSET, file.size + 1);
	assert_no_pv(&file, PVB_E_PV_NO_NOTES, "no Xen notes");
	file = blob_copy(&good);
	elf_set(&file, EH_SHSTRNDX, 0);
	assert_no_pv(&file, PVB_E_PV_NO_NOTES, "no Xen notes");

	/* It may end with its section. */
	file = blob_copy(&good);
	elf_set_sh(&file, section, SH_SIZE, strlen("LOADER=generic,XEN_VER=xen-3.0"));
	struct pvb_image *image = open_ok(&file);
	assert_true(pvb_image_info(image)->pv.supported);
	pvb_image_free(image);
	blob_free(&good);

	/* A section of notes, too. */
	b = (struct elf_builder){.bits = 64, .machine = EM_X86_64};
	struct blob notes = xen_notes(64);
	elf_add_load(&b, 0, 0x100, 0x1000);
	section = elf_add_note_section(&b, ".note.Xen", &notes);
	file = elf_build(&b);
	elf_set_sh(&file, section, SH_SIZE, file.size);
	open_refused(&file, PVB_E_ELF_SECTION);
}

static void legacy_bsd_symtab_is_wanted_by_being_there(void **state)
{
	(void)state;
	struct elf_builder b = {.bits = 64, .machine = EM_X86_64};

	elf_add_load(&b, 0, 0x100, 0x1000);
	elf_add_xen_guest(&b, "LOADER=generic,XEN_VER=xen-3.0,BSD_SYMTAB=no,,PAE=no");
	(void)elf_add_symbols(&b, 2);
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);

	assert_true(pvb_image_info(image)->pv.bsd_symtab);
	pvb_image_free(image);
}

/* ---- the guests that there are ---------------------------------------------------------- */

static void linux_without_a_hypercall_page_is_fine(void **state)
{
	(void)state;
	struct blob notes = xen_notes(64);

	note_add_text(&notes, NOTE_GUEST_OS, "linux");
	note_add(&notes, "Xen", NOTE_PHYS32_RELOC, "\0\0\x20\0\0\0\0\1\xff\xff\xff\x3f", 12);
	note_add_number(&notes, NOTE_PHYS32_ENTRY, 0x1000a30, 8);
	note_add_number(&notes, NOTE_ENTRY, 0x100040, 8);
	struct blob file = with_notes(64, &notes);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_true(info->pv.supported);
	assert_true(info->pv.hypercall_page == PVB_NONE);
	assert_true(info->pv.init_p2m == PVB_NONE);
	assert_int_equal(info->pvh_entry, 0x1000a30);
	assert_false(info->pv.mod_start_pfn);
	pvb_image_free(image);
}

static void netbsd_has_an_offset(void **state)
{
	(void)state;
	const uint64_t base = UINT64_C(0xffffffff80000000);
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = BLOB_INIT;

	note_add_text(&notes, NOTE_GUEST_OS, "NetBSD");
	note_add_text(&notes, NOTE_XEN_VERSION, "xen-3.0");
	note_add_number(&notes, NOTE_VIRT_BASE, base, 8);
	note_add_number(&notes, NOTE_PADDR_OFFSET, base, 8);
	note_add_number(&notes, NOTE_ENTRY, base + 0x200000, 8);
	note_add_number(&notes, NOTE_HYPERCALL_PAGE, base + 0x201000, 8);
	note_add_number(&notes, NOTE_HV_START_LOW, UINT64_C(0xffff800000000000), 8);
	note_add_text(&notes, NOTE_FEATURES, "");
	note_add_text(&notes, NOTE_PAE_MODE, "yes");
	note_add(&notes, "Xen", NOTE_L1_MFN_VALID, "\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16);
	note_add_text(&notes, NOTE_LOADER, "generic");
	note_add_number(&notes, NOTE_SUSPEND_CANCEL, 0, 4);
	note_add_text(&notes, NOTE_BSD_SYMTAB, "yes");
	elf_add_load(&b, base + 0x200000, 0x1000, 0x3000);
	elf_add_note_segment(&b, &notes);
	(void)elf_add_symbols(&b, 20);
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_true(info->pv.supported);
	assert_true(info->pv.bsd_symtab);
	assert_true(info->pv.kernel_start == base + 0x200000);
	assert_true(info->pieces[0].va == base + 0x200000);
	assert_true(info->pieces[1].va == base + 0x203000);
	assert_int_equal(info->piece_count, 2);
	pvb_image_free(image);
}

static void mini_os_leaves_almost_all_to_defaults(void **state)
{
	(void)state;
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = BLOB_INIT;

	note_add_text(&notes, NOTE_GUEST_OS, "Mini-OS");
	note_add_text(&notes, NOTE_LOADER, "generic");
	note_add_number(&notes, NOTE_HYPERCALL_PAGE, 0x2000, 8);
	note_add_text(&notes, NOTE_XEN_VERSION, "xen-3.0");
	elf_add_load(&b, 0, 0x3000, 0x5000);
	/* As Unikraft's: in a section that no segment has. */
	elf_add_note_section(&b, ".note.Xen", &notes);
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_true(info->pv.supported);
	assert_int_equal(info->pv.virt_base, 0);
	assert_int_equal(info->pv.paddr_offset, 0);
	assert_int_equal(info->pv.entry, 0);
	assert_int_equal(info->pv.hypercall_page, 0x2000);
	assert_false(info->pv.is_linux);
	pvb_image_free(image);

	/* The older one of sysml. */
	file = with_string("XEN_VER=xen-3.0,VIRT_BASE=0x0,ELF_PADDR_OFFSET=0x0,"
			   "HYPERCALL_PAGE=0x2,PAE=yes,LOADER=generic");
	image = open_ok(&file);
	info = pvb_image_info(image);
	assert_true(info->pv.supported);
	assert_int_equal(info->pv.hypercall_page, 0x2000);
	pvb_image_free(image);
}

static void pvh_only_images_are_refused_by_name(void **state)
{
	(void)state;
	/* Mirage on Solo5 */
	struct blob notes = BLOB_INIT;
	note_add_number(&notes, NOTE_PHYS32_ENTRY, 0x100020, 4);
	struct blob file = with_notes(64, &notes);
	assert_no_pv(&file, PVB_E_PV_PVH_ONLY, "PVH-only image");

	/* Linux without CONFIG_XEN_PV */
	notes = xen_notes(64);
	note_add_number(&notes, NOTE_PHYS32_ENTRY, 0x100020, 8);
	file = with_notes(64, &notes);
	assert_no_pv(&file, PVB_E_PV_PVH_ONLY, "PVH-only image");
}

static void kernels_that_are_not_for_xen_are_refused_by_name(void **state)
{
	(void)state;
	struct blob notes = BLOB_INIT;
	note_add(&notes, "GNU", 3, "1234", 4);
	struct blob file = with_notes(64, &notes);
	assert_no_pv(&file, PVB_E_PV_NO_NOTES, "not a Xen kernel");

	note_add_text(&notes, NOTE_XEN_VERSION, "xen-3.0");
	note_add_text(&notes, NOTE_GUEST_OS, "plan9");
	file = with_notes(64, &notes);
	assert_no_pv(&file, PVB_E_PV_LOADER, "plan9");

	notes = xen_notes(64);
	note_add_text(&notes, NOTE_LOADER, "special");
	file = with_notes(64, &notes);
	assert_no_pv(&file, PVB_E_PV_LOADER, "special");

	/* Linux need not name its loader. */
	note_add_text(&notes, NOTE_GUEST_OS, "linux");
	file = with_notes(64, &notes);
	assert_no_pv(&file, PVB_E_PV_XEN_VERSION, "XEN_VERSION is missing");
}

static void assert_reason(struct blob *file, enum pvb_code code, const char *reason,
			  const char *hint)
{
	struct pvb_image *image = open_ok(file);
	const struct pvb_image_pv *pv = &pvb_image_info(image)->pv;

	assert_int_equal(pv->refusal, code);
	assert_string_equal(pv->reason, reason);
	assert_string_equal(pv->hint, hint);
	pvb_image_free(image);
}

#define NEEDED                                                                                     \
	"a PV kernel needs the Xen notes XEN_VERSION \"xen-3.0\", and LOADER \"generic\" or "      \
	"GUEST_OS \"linux\""
#define CONFIGURED NEEDED "; Linux has them with CONFIG_XEN_PV=y"

static void a_kernel_without_xen_notes_is_told_where_they_were_looked_for(void **state)
{
	(void)state;
	struct elf_builder b = ELF_BUILDER_64;

	elf_add_load(&b, 0x100000, 0x100, 0x1000);
	struct blob file = elf_build(&b);
	assert_reason(&file, PVB_E_PV_NO_NOTES,
		      "no Xen notes are found in 0 segments and 0 sections of notes, and there is "
		      "no section __xen_guest: not a Xen kernel",
		      CONFIGURED);

	struct blob gnu = BLOB_INIT, more;

	note_add(&gnu, "GNU", 3, "1234", 4);
	more = blob_copy(&gnu);
	elf_add_load(&b, 0x100000, 0x100, 0x1000);
	elf_add_note_segment(&b, &gnu);
	elf_add_note_section(&b, ".note.gnu.build-id", &more);
	file = elf_build(&b);
	assert_reason(&file, PVB_E_PV_NO_NOTES,
		      "no Xen notes are found in 1 segment and 1 section of notes, and there is no "
		      "section __xen_guest: not a Xen kernel",
		      CONFIGURED);

	b = linux_like(64);
	file = elf_build(&b);
	elf_set_ph(&file, 2, PH_OFFSET, 0);
	assert_reason(&file, PVB_E_PV_NO_NOTES,
		      "no Xen notes are found in 0 segments and 0 sections of notes, and there is "
		      "no section __xen_guest: not a Xen kernel; Xen's builder passes over 1 more "
		      "segment of notes, because p_offset is 0",
		      CONFIGURED);

	struct blob notes = BLOB_INIT, xens = xen_notes(64);

	size_t at = note_add(&notes, "GNU", 3, "1234", 4);
	blob_put(&notes, at + 4, 1000, 4);
	blob_append_blob(&notes, &xens);
	blob_free(&xens);
	file = with_notes(64, &notes);
	assert_reason(&file, PVB_E_PV_NO_NOTES,
		      "no Xen notes are found in 1 segment and 0 sections of notes, and there is "
		      "no section __xen_guest: not a Xen kernel; the note at 0x10b0 of the file is "
		      "cut off, and nothing behind it is read",
		      CONFIGURED);
}

static void a_note_that_is_missing_is_named(void **state)
{
	static const struct {
		const char *os, *version, *loader; /* NULL: no such note */
		enum pvb_code code;
		const char *reason, *hint;
	} cases[] = {
		{"linux", NULL, NULL, PVB_E_PV_XEN_VERSION,
		 "the kernel's note XEN_VERSION is missing", NEEDED},
		{"linux", "", NULL, PVB_E_PV_XEN_VERSION, "the kernel's note XEN_VERSION is empty",
		 NEEDED},
		{"linux", "xen-2.0", NULL, PVB_E_PV_XEN_VERSION,
		 "the kernel was built for the Xen interface \"xen-2.0\", not xen-3.0",
		 "the interface of every Xen since 2005 is called xen-3.0"},
		{NULL, "xen-3.0", NULL, PVB_E_PV_LOADER,
		 "the generic loader is the only one that there is; the kernel's note LOADER is "
		 "missing, and its GUEST_OS is missing",
		 NEEDED},
		{"plan9", "xen-3.0", "", PVB_E_PV_LOADER,
		 "the generic loader is the only one that there is; the kernel's note LOADER is "
		 "empty, and its GUEST_OS is \"plan9\"",
		 NEEDED},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct blob notes = BLOB_INIT;

		note_add_number(&notes, NOTE_MOD_START_PFN, 1, 4);
		if (cases[i].os)
			note_add_text(&notes, NOTE_GUEST_OS, cases[i].os);
		if (cases[i].version)
			note_add_text(&notes, NOTE_XEN_VERSION, cases[i].version);
		if (cases[i].loader)
			note_add_text(&notes, NOTE_LOADER, cases[i].loader);
		struct blob file = with_notes(64, &notes);
		assert_reason(&file, cases[i].code, cases[i].reason, cases[i].hint);
	}
}

static void a_key_that_is_missing_is_named(void **state)
{
	static const struct {
		const char *string;
		enum pvb_code code;
		const char *reason;
	} cases[] = {
		{"", PVB_E_PV_LOADER,
		 "the generic loader is the only one that there is; the kernel's key LOADER is "
		 "missing, and its GUEST_OS is missing"},
		{"LOADER=generic,PAE=yes", PVB_E_PV_XEN_VERSION,
		 "the kernel's key XEN_VER of the section __xen_guest is missing"},
		{"LOADER=generic,PAE=yes,XEN_VER=", PVB_E_PV_XEN_VERSION,
		 "the kernel's key XEN_VER of the section __xen_guest is empty"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct blob file = with_string(cases[i].string);
		assert_reason(&file, cases[i].code, cases[i].reason, NEEDED);
	}
}

static void another_xen_interface_is_refused_by_name(void **state)
{
	(void)state;
	struct blob notes = xen_notes(64);
	note_add_text(&notes, NOTE_XEN_VERSION, "xen-2.0");
	struct blob file = with_notes(64, &notes);
	assert_no_pv(&file, PVB_E_PV_XEN_VERSION, "xen-2.0");

	/* Later additions to the version are fine, as they are to the loader. */
	notes = xen_notes(64);
	note_add_text(&notes, NOTE_XEN_VERSION, "xen-3.0-something");
	note_add_text(&notes, NOTE_LOADER, "generic2");
	file = with_notes(64, &notes);
	struct pvb_image *image = open_ok(&file);
	assert_true(pvb_image_info(image)->pv.supported);
	pvb_image_free(image);
}

static void pae_decides_over_32_bit_kernels(void **state)
{
	(void)state;
	struct {
		const char *mode;
		enum pvb_pae_mode pae;
	} modes[] = {
		{"yes", PVB_PAE_EXTENDED_CR3},
		{"bimodal", PVB_PAE_BIMODAL},
		{"yes,bimodal", PVB_PAE_BIMODAL},
		{"no", PVB_PAE_NO},
		{"YES", PVB_PAE_NO},
	};

	for (unsigned i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		struct blob notes = xen_notes(64);

		note_add_text(&notes, NOTE_PAE_MODE, modes[i].mode);
		struct blob file = with_notes(32, &notes);
		if (modes[i].pae == PVB_PAE_NO) {
			assert_no_pv(&file, PVB_E_PV_NON_PAE, "32-bit non-PAE");
			continue;
		}
		struct pvb_image *image = open_ok(&file);
		assert_true(pvb_image_info(image)->pv.supported);
		assert_int_equal(pvb_image_info(image)->pv.guest_type, PVB_GUEST_X86_32P);
		assert_int_equal(pvb_image_info(image)->pv.pae, modes[i].pae);
		pvb_image_free(image);
	}
	struct blob notes = xen_notes(64);
	struct blob file = with_notes(32, &notes);
	assert_no_pv(&file, PVB_E_PV_NON_PAE, "non-PAE");
	file = with_string("LOADER=generic,XEN_VER=xen-3.0,PAE=no");
	assert_no_pv(&file, PVB_E_PV_NON_PAE, "non-PAE");
}

static void features_that_we_do_not_provide_are_named(void **state)
{
	(void)state;
	struct {
		const char *features;
		const char *named; /* NULL: accepted */
	} lists[] = {
		{"", NULL},
		{"|||", NULL},
		{"!writable_page_tables", NULL},
		{"!writable_page_tables|!writable_descriptor_tables|!pae_pgdir_above_4gb", NULL},
		{"dom0|auto_translated_physmap|supervisor_mode_kernel|hvm_callback_vector", NULL},
		{"something_new|writable_page_tables", NULL},
		{"writable_page_tables|!dom0", "dom0"},
		{"!auto_translated_physmap", "auto_translated_physmap"},
		{"!supervisor_mode_kernel", "supervisor_mode_kernel"},
		{"!hvm_callback_vector", "hvm_callback_vector"},
		{"!something_new|!something_else", "something_new"},
		{"writable_page_tables|!", "feature \"!\" without a name, which we do not provide"},
		{"!writable_page_tables_", "writable_page_tables_"},
	};

	for (unsigned i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		struct blob notes = xen_notes(64);

		note_add_text(&notes, NOTE_FEATURES, lists[i].features);
		struct blob file = with_notes(64, &notes);
		if (lists[i].named) {
			assert_no_pv(&file, PVB_E_PV_FEATURE, lists[i].named);
			continue;
		}
		struct pvb_image *image = open_ok(&file);
		assert_true(pvb_image_info(image)->pv.supported);
		pvb_image_free(image);
	}
	struct blob file = with_string("LOADER=generic,XEN_VER=xen-3.0,PAE=yes,FEATURES=!new");
	assert_no_pv(&file, PVB_E_PV_FEATURE, "feature new");
}

static void addresses_that_contradict_each_other_are_refused_by_name(void **state)
{
	(void)state;
	struct {
		unsigned bits;
		enum xen_note type[2];
		uint64_t value[2];
		const char *word;
	} wrong[] = {
		{64, {NOTE_PADDR_OFFSET}, {0x100000}, "PADDR_OFFSET"},
		{64, {NOTE_ENTRY}, {0xfffff}, "entry"},
		{64, {NOTE_ENTRY}, {0x105000}, "entry"},
		{64, {NOTE_VIRT_BASE}, {0x1234000}, "entry"},
		{64, {NOTE_VIRT_BASE, NOTE_PADDR_OFFSET}, {0x100000, 0x100001}, "below"},
		{64, {NOTE_VIRT_BASE}, {UINT64_MAX - 0x103000 + 1}, "wrap"},
		{64, {NOTE_VIRT_BASE, NOTE_ENTRY}, {0x100800, 0x200810}, "page"},
		{32, {NOTE_VIRT_BASE, NOTE_ENTRY}, {0xfff00000, 0}, "32-bit"},
	};

	for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct blob notes = xen_notes(wrong[i].bits);

		for (unsigned k = 0; k < 2 && wrong[i].type[k]; k++)
			note_add_number(&notes, wrong[i].type[k], wrong[i].value[k], 8);
		struct blob file = with_notes(wrong[i].bits, &notes);
		assert_no_pv(&file, PVB_E_PV_ADDRESSES, wrong[i].word);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_note_is_kept_with_its_meaning),
		cmocka_unit_test(public_names_are_those_of_the_public_header),
		cmocka_unit_test(the_last_of_duplicates_wins),
		cmocka_unit_test(strange_owners_and_strings_are_escaped),
		cmocka_unit_test(sections_are_looked_at_where_no_segment_has_xen_notes),
		cmocka_unit_test(a_section_within_a_note_segment_is_not_read_twice),
		cmocka_unit_test(a_note_segment_without_an_offset_is_passed_over),
		cmocka_unit_test(cut_off_notes_are_refused),
		cmocka_unit_test(a_string_that_ends_is_whole_whatever_its_size),
		cmocka_unit_test(zeros_behind_the_last_note_are_padding),
		cmocka_unit_test(numbers_of_impossible_sizes_are_refused),
		cmocka_unit_test(numbers_that_a_builder_does_not_use_may_be_anything),
		cmocka_unit_test(supported_features_are_words),
		cmocka_unit_test(too_many_notes_are_refused),
		cmocka_unit_test(the_same_notes_a_thousand_times_are_too_many),
		cmocka_unit_test(many_sections_with_one_huge_owner_are_too_many),
		cmocka_unit_test(the_legacy_string_is_understood),
		cmocka_unit_test(with_the_legacy_string_the_offset_is_virt_base),
		cmocka_unit_test(a_hypercall_page_without_virt_base_counts_from_zero),
		cmocka_unit_test(legacy_values_that_are_no_numbers_are_refused),
		cmocka_unit_test(the_legacy_string_must_lie_in_the_file),
		cmocka_unit_test(legacy_bsd_symtab_is_wanted_by_being_there),
		cmocka_unit_test(linux_without_a_hypercall_page_is_fine),
		cmocka_unit_test(netbsd_has_an_offset),
		cmocka_unit_test(mini_os_leaves_almost_all_to_defaults),
		cmocka_unit_test(pvh_only_images_are_refused_by_name),
		cmocka_unit_test(kernels_that_are_not_for_xen_are_refused_by_name),
		cmocka_unit_test(a_kernel_without_xen_notes_is_told_where_they_were_looked_for),
		cmocka_unit_test(a_note_that_is_missing_is_named),
		cmocka_unit_test(a_key_that_is_missing_is_named),
		cmocka_unit_test(another_xen_interface_is_refused_by_name),
		cmocka_unit_test(pae_decides_over_32_bit_kernels),
		cmocka_unit_test(features_that_we_do_not_provide_are_named),
		cmocka_unit_test(addresses_that_contradict_each_other_are_refused_by_name),
	};

	return cmocka_run_group_tests_name("image-notes", tests, NULL, NULL);
}
