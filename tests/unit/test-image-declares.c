/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What kernels declare that they can cope with: note 19, our own notes, known versions. */
#include "support/test.h"

#include <elf.h>

#include <pvbuild/guest-abi.h>
#include <pvbuild/image.h>

#include "support/elf-builder.h"
#include "support/open.h"

static void assert_refused(struct blob *file, enum pvb_code code)
{
	struct pvb_image *image;
	struct pvb_error error;

	assert_fails_with(
		pvb_image_open_memory(file->bytes, file->size, "kernel", NULL, &image, &error),
		code, &error);
	assert_true(error.hint[0]);
	blob_free(file);
}

static struct elf_builder small(unsigned bits)
{
	struct elf_builder b = {.bits = bits, .machine = bits == 64 ? EM_X86_64 : EM_386};

	elf_add_load(&b, 0x100000, 0x1000, 0x5000);
	b.entry = 0x100010;
	return b;
}

static struct blob with_notes(unsigned bits, struct blob *notes)
{
	struct elf_builder b = small(bits);

	elf_add_note_segment(&b, notes);
	return elf_build(&b);
}

/* A number as it stands in a descriptor of so many bytes. */
static void add_own(struct blob *notes, uint32_t type, uint64_t value, unsigned size)
{
	uint8_t bytes[8];

	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	note_add(notes, PVB_GUEST_NOTE_OWNER, type, bytes, size);
}

static void add_words(struct blob *notes, const char *owner, uint32_t type, const uint64_t *words,
		      unsigned count)
{
	struct blob bytes = BLOB_INIT;

	for (unsigned i = 0; i < count; i++)
		blob_append_number(&bytes, words[i], 8);
	note_add(notes, owner, type, bytes.bytes, bytes.size);
	blob_free(&bytes);
}

static const struct pvb_note *last_of(const struct pvb_image_info *info, const char *owner,
				      uint32_t type)
{
	for (size_t i = info->note_count; i-- > 0;)
		if (info->notes[i].type == type && strcmp(info->notes[i].owner, owner) == 0)
			return &info->notes[i];
	fail_msg("there is no note %u of %s", type, owner);
	return NULL;
}

/* ---- number 19 ------------------------------------------------------------------ */

enum verdict { RELOC, RELOC_IGNORED, MAXPHYS, REFUSED };

struct row {
	unsigned size; /* bytes of the descriptor */
	uint32_t word[4];
	enum verdict verdict;
	unsigned bits;      /* of a MAXPHYS */
	enum pvb_code code; /* of a refusal */
};

static const struct row rows[] = {
	/* Nothing, or all three words: the relocation of PVH. */
	{0, {0}, RELOC, 0, 0},
	{12, {0x200000, 0x1000000, 0x3fffffff}, RELOC, 0, 0},
	{12, {0x1000, 0, 0}, RELOC, 0, 0},
	{12, {0x80000000, 5, 5}, RELOC, 0, 0},
	{13, {0x200000, 0x1000000, 0x3fffffff}, RELOC, 0, 0},
	{16, {0x200000, 0x1000000, 0x1fffffff, 52}, RELOC, 0, 0},
	{12, {0x3fffffff, 0x1000000, 0x200000}, RELOC_IGNORED, 0, 0},
	{12, {0x200000, 2, 1}, RELOC_IGNORED, 0, 0},
	{12, {0x800, 0, 0x3fffffff}, RELOC_IGNORED, 0, 0},
	{12, {0, 0, UINT32_MAX}, RELOC_IGNORED, 0, 0},
	{12, {52, 0, 0}, RELOC_IGNORED, 0, 0},
	/* One word: a width, or an alignment. */
	{4, {32}, MAXPHYS, 32, 0},
	{4, {40}, MAXPHYS, 40, 0},
	{4, {52}, MAXPHYS, 52, 0},
	{4, {53}, REFUSED, 0, PVB_E_NOTE_ABSURD},
	{4, {64}, REFUSED, 0, PVB_E_NOTE_ABSURD},
	{4, {65}, REFUSED, 0, PVB_E_NOTE_VALUE},
	{4, {31}, REFUSED, 0, PVB_E_NOTE_VALUE},
	{4, {0}, REFUSED, 0, PVB_E_NOTE_VALUE},
	{4, {0x800}, REFUSED, 0, PVB_E_NOTE_VALUE},
	{4, {0x1000}, RELOC, 0, 0},
	{4, {0x200000}, RELOC, 0, 0},
	{4, {0x80000000}, RELOC, 0, 0},
	{4, {0x200001}, REFUSED, 0, PVB_E_NOTE_VALUE},
	{4, {UINT32_MAX}, REFUSED, 0, PVB_E_NOTE_VALUE},
	/* Two words: a width, a boundary, a last address, or an alignment and a lowest place. */
	{8, {32, 0}, MAXPHYS, 32, 0},
	{8, {52, 0}, MAXPHYS, 52, 0},
	{8, {64, 0}, REFUSED, 0, PVB_E_NOTE_ABSURD},
	{8, {52, 1}, REFUSED, 0, PVB_E_NOTE_VALUE},
	{8, {0, 1}, MAXPHYS, 32, 0},
	{8, {0, 0x4000}, MAXPHYS, 46, 0},
	{8, {0, 0x100000}, MAXPHYS, 52, 0},
	{8, {0, 0x200000}, REFUSED, 0, PVB_E_NOTE_ABSURD},
	{8, {0, 0x80000000}, REFUSED, 0, PVB_E_NOTE_ABSURD},
	{8, {0, 3}, REFUSED, 0, PVB_E_NOTE_VALUE},
	{8, {0, 0}, REFUSED, 0, PVB_E_NOTE_VALUE},
	{8, {UINT32_MAX, 0}, MAXPHYS, 32, 0},
	{8, {UINT32_MAX, 0x3fff}, MAXPHYS, 46, 0},
	{8, {UINT32_MAX, 0xfffff}, MAXPHYS, 52, 0},
	{8, {UINT32_MAX, 0x1fffff}, REFUSED, 0, PVB_E_NOTE_ABSURD},
	{8, {UINT32_MAX, UINT32_MAX}, REFUSED, 0, PVB_E_NOTE_ABSURD},
	{8, {UINT32_MAX, 2}, REFUSED, 0, PVB_E_NOTE_VALUE},
	{8, {0x1000, 0}, RELOC, 0, 0},
	{8, {0x200000, 0x1000000}, RELOC, 0, 0},
	{8, {0x200000, UINT32_MAX}, RELOC, 0, 0},
	{8, {0x200001, 0}, REFUSED, 0, PVB_E_NOTE_VALUE},
	/* Any other size. */
	{1, {52}, REFUSED, 0, PVB_E_NOTE_SIZE},
	{2, {52}, REFUSED, 0, PVB_E_NOTE_SIZE},
	{3, {52}, REFUSED, 0, PVB_E_NOTE_SIZE},
	{5, {52}, REFUSED, 0, PVB_E_NOTE_SIZE},
	{7, {0x200000, 0}, REFUSED, 0, PVB_E_NOTE_SIZE},
	{9, {52}, REFUSED, 0, PVB_E_NOTE_SIZE},
	{11, {0x200000, 0x1000000, 0x3fffffff}, REFUSED, 0, PVB_E_NOTE_SIZE},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static void add_19(struct blob *notes, const struct row *row)
{
	uint8_t bytes[16];

	assert_true(row->size <= sizeof bytes);
	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(row->word[i / 4] >> 8 * (i % 4));
	note_add(notes, "Xen", NOTE_PHYS32_RELOC, bytes, row->size);
}

static void check_19(const struct pvb_image_info *info, const struct row *row)
{
	const struct pvb_note *note = last_of(info, "Xen", NOTE_PHYS32_RELOC);
	bool is_width = row->verdict == MAXPHYS;

	assert_string_equal(note->name, is_width ? "MAXPHYS_SIZE" : "PHYS32_RELOC");
	assert_non_null(note->meaning);
	assert_int_equal(note->used, is_width);
	assert_int_equal(strstr(note->meaning, "ignored") != NULL, row->verdict == RELOC_IGNORED);
	assert_int_equal(info->declares.address_bits, row->bits);
	assert_int_equal(info->declares.address_bits_source,
			 is_width ? PVB_BITS_NOTE : PVB_BITS_DEFAULT);
	/* It is Xen's, so that it does not ask for what we publish. */
	assert_false(info->declares.guest_abi);
}

static void number_19_is_told_apart_by_value(void **state)
{
	(void)state;
	for (unsigned bits = 32; bits <= 64; bits += 32)
		for (unsigned i = 0; i < ROWS; i++) {
			struct blob notes = xen_notes(bits);

			add_19(&notes, &rows[i]);
			struct blob file = with_notes(bits, &notes);
			if (rows[i].verdict == REFUSED) {
				assert_refused(&file, rows[i].code);
				continue;
			}
			struct pvb_image *image = open_ok(&file);
			check_19(pvb_image_info(image), &rows[i]);
			pvb_image_free(image);
		}
}

static void every_width_has_three_forms(void **state)
{
	(void)state;
	for (unsigned bits = 32; bits <= 52; bits++) {
		const uint64_t forms[] = {bits, UINT64_C(1) << bits, (UINT64_C(1) << bits) - 1};

		for (unsigned form = 0; form < 3; form++) {
			struct blob notes = xen_notes(64);

			note_add_number(&notes, NOTE_PHYS32_RELOC, forms[form], 8);
			struct blob file = with_notes(64, &notes);
			struct pvb_image *image = open_ok(&file);

			assert_int_equal(pvb_image_info(image)->declares.address_bits, bits);
			pvb_image_free(image);
		}
	}
}

/* Each for itself, in either order; two widths are one too many. */
static void two_of_number_19_are_classified_one_by_one(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ROWS; i++)
		for (unsigned k = 0; k < ROWS; k++) {
			const struct row *a = &rows[i], *b = &rows[k];
			struct blob notes = xen_notes(64);

			add_19(&notes, a);
			add_19(&notes, b);
			struct blob file = with_notes(64, &notes);
			if (a->verdict == REFUSED || b->verdict == REFUSED) {
				assert_refused(&file, a->verdict == REFUSED ? a->code : b->code);
			} else if (a->verdict == MAXPHYS && b->verdict == MAXPHYS) {
				assert_refused(&file, PVB_E_NOTE_TWICE);
			} else {
				struct pvb_image *image = open_ok(&file);

				assert_int_equal(pvb_image_info(image)->declares.address_bits,
						 a->bits + b->bits);
				pvb_image_free(image);
			}
		}
}

/* ---- our own ---------------------------------------------------------------------- */

static void our_notes_are_read(void **state)
{
	(void)state;
	const uint64_t masks[] = {UINT64_C(0x01f0000000000600), UINT64_C(0x0070000000000e00),
				  PVB_GUEST_PTE_KEYS};
	struct blob notes = xen_notes(64);

	add_own(&notes, PVB_GUEST_NOTE_ADDRESS_BITS, 40, 4);
	add_words(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_PTE_BITS, masks, 3);
	add_own(&notes, PVB_GUEST_NOTE_GRANULES, 1 << 12 | 1 << 16, 4);
	add_own(&notes, PVB_GUEST_NOTE_P2M_TREE, 4, 4);
	struct blob file = with_notes(64, &notes);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);
	const struct pvb_image_declares *declares = &info->declares;

	assert_true(declares->guest_abi);
	assert_int_equal(declares->address_bits, 40);
	assert_int_equal(declares->address_bits_source, PVB_BITS_NOTE);
	assert_true(declares->pte_bits);
	assert_true(declares->pte_keys);
	assert_int_equal(declares->pte_unused_l1, masks[0]);
	assert_int_equal(declares->pte_unused_upper, masks[1]);
	assert_int_equal(declares->granules, 1 << 12 | 1 << 16);

	assert_true(declares->p2m_tree);
	assert_int_equal(declares->p2m_levels, 4);

	static const char *const names[] = {NULL, "ADDRESS_BITS", "PTE_BITS", "GRANULES",
					    "P2M_TREE"};
	for (uint32_t type = 1; type <= 4; type++) {
		const struct pvb_note *note = last_of(info, PVB_GUEST_NOTE_OWNER, type);

		assert_string_equal(note->name, names[type]);
		assert_true(note->used);
		assert_non_null(note->meaning);
		assert_null(strstr(note->meaning, "ignored"));
	}
	pvb_image_free(image);
}

static void a_kernel_that_says_nothing_declares_nothing(void **state)
{
	(void)state;
	for (unsigned bits = 32; bits <= 64; bits += 32) {
		struct blob file = small_kernel(bits);
		struct pvb_image *image = open_ok(&file);
		static const struct pvb_image_declares nothing;

		assert_memory_equal(&pvb_image_info(image)->declares, &nothing, sizeof nothing);
		pvb_image_free(image);
	}
}

static void masks_that_are_left_out_have_their_defaults(void **state)
{
	(void)state;
	const uint64_t masks[] = {UINT64_C(1) << 52, UINT64_C(1) << 62};

	for (unsigned count = 1; count <= 2; count++) {
		struct blob notes = xen_notes(64);

		add_words(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_PTE_BITS, masks, count);
		struct blob file = with_notes(64, &notes);
		struct pvb_image *image = open_ok(&file);
		const struct pvb_image_declares *declares = &pvb_image_info(image)->declares;

		assert_true(declares->pte_bits);
		assert_false(declares->pte_keys);
		assert_int_equal(declares->pte_unused_l1, masks[0]);
		assert_int_equal(declares->pte_unused_upper, masks[count - 1]);
		pvb_image_free(image);
	}
}

static void what_means_nothing_is_ignored_with_a_remark(void **state)
{
	(void)state;
	const uint64_t not_software = ~(uint64_t)PVB_GUEST_PTE_SOFTWARE;
	static const struct {
		uint32_t type;
		uint64_t words[3];
		unsigned size;
		const char *remark;
	} cases[] = {
		{PVB_GUEST_NOTE_PTE_BITS, {UINT64_MAX}, 8, "not software's"},
		{PVB_GUEST_NOTE_PTE_BITS, {PVB_GUEST_PTE_SOFTWARE, 1}, 16, "not software's"},
		{PVB_GUEST_NOTE_PTE_BITS, {0, 0, 6}, 24, "flags"},
		{PVB_GUEST_NOTE_GRANULES, {1 << 12 | 1 << 13}, 4, "sizes"},
		{5, {0}, 0, "not known"},
		{0, {0}, 3, "not known"},
		{UINT32_MAX, {0}, 24, "not known"},
	};

	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct blob notes = xen_notes(64), words = BLOB_INIT;

		for (unsigned k = 0; k < 3; k++)
			blob_append_number(&words, cases[i].words[k], 8);
		note_add(&notes, PVB_GUEST_NOTE_OWNER, cases[i].type, words.bytes, cases[i].size);
		blob_free(&words);
		struct blob file = with_notes(64, &notes);
		struct pvb_image *image = open_ok(&file);
		const struct pvb_image_info *info = pvb_image_info(image);
		const struct pvb_note *note = last_of(info, PVB_GUEST_NOTE_OWNER, cases[i].type);

		assert_true(info->declares.guest_abi);
		assert_non_null(strstr(note->meaning, "ignored"));
		assert_non_null(strstr(note->meaning, cases[i].remark));
		assert_int_equal(info->declares.pte_unused_l1 & not_software, 0);
		assert_int_equal(info->declares.pte_unused_upper & not_software, 0);
		assert_int_equal(info->declares.granules & (1 << 13), 0);
		assert_int_equal(note->used, note->name != NULL);
		pvb_image_free(image);
	}
}

static void both_notes_of_a_width_must_agree(void **state)
{
	(void)state;
	static const struct {
		unsigned own;
		uint64_t xen;
		bool agree;
	} pairs[] = {
		{40, 40, true},
		{40, UINT64_C(1) << 40, true},
		{40, (UINT64_C(1) << 40) - 1, true},
		{40, 41, false},
		{52, UINT64_C(1) << 46, false},
	};

	for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		for (unsigned order = 0; order < 2; order++) {
			struct blob notes = xen_notes(64);

			if (order)
				add_own(&notes, PVB_GUEST_NOTE_ADDRESS_BITS, pairs[i].own, 4);
			note_add_number(&notes, NOTE_PHYS32_RELOC, pairs[i].xen, 8);
			if (!order)
				add_own(&notes, PVB_GUEST_NOTE_ADDRESS_BITS, pairs[i].own, 4);
			struct blob file = with_notes(64, &notes);
			if (!pairs[i].agree) {
				assert_refused(&file, PVB_E_NOTE_CONTRADICTION);
				continue;
			}
			struct pvb_image *image = open_ok(&file);

			assert_int_equal(pvb_image_info(image)->declares.address_bits, 40);
			pvb_image_free(image);
		}
}

static void a_tree_is_asked_for_with_its_levels(void **state)
{
	(void)state;
	for (unsigned bits = 32; bits <= 64; bits += 32)
		for (unsigned levels = 0; levels <= PVB_GUEST_P2M_LEVELS_MOST; levels++) {
			struct blob notes = xen_notes(bits);

			add_own(&notes, PVB_GUEST_NOTE_P2M_TREE, levels, 4);
			struct blob file = with_notes(bits, &notes);
			struct pvb_image *image = open_ok(&file);
			const struct pvb_image_info *info = pvb_image_info(image);
			const struct pvb_note *note =
				last_of(info, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_P2M_TREE);

			assert_true(info->declares.guest_abi);
			assert_true(info->declares.p2m_tree);
			assert_int_equal(info->declares.p2m_levels, levels);
			assert_int_equal(note->kind, PVB_NOTE_KIND_NUMBER);
			assert_int_equal(note->number, levels);
			assert_true(note->used);
			assert_int_equal(strstr(note->meaning, "fewest") != NULL, levels == 0);
			pvb_image_free(image);
		}

	struct blob notes = xen_notes(64);

	add_own(&notes, PVB_GUEST_NOTE_P2M_TREE, PVB_GUEST_P2M_LEVELS_MOST + 1, 4);
	struct blob file = with_notes(64, &notes);

	assert_refused(&file, PVB_E_NOTE_ABSURD);
}

/* ---- where they stand --------------------------------------------------------------- */

static struct blob one_width(unsigned bits)
{
	struct blob notes = BLOB_INIT;

	add_own(&notes, PVB_GUEST_NOTE_ADDRESS_BITS, bits, 4);
	return notes;
}

static void our_notes_are_found_wherever_they_stand(void **state)
{
	(void)state;
	enum { OURS_IN_SECTION = 1, XENS_IN_SECTION = 2, PLACES = 4 };

	for (unsigned place = 0; place < PLACES; place++) {
		struct elf_builder b = small(64);
		struct blob xens = xen_notes(64), ours = one_width(44);

		if (place & OURS_IN_SECTION)
			elf_add_note_section(&b, ".note.pvbuild", &ours);
		else
			elf_add_note_segment(&b, &ours);
		if (place & XENS_IN_SECTION)
			elf_add_note_section(&b, ".note.Xen", &xens);
		else
			elf_add_note_segment(&b, &xens);
		struct blob file = elf_build(&b);
		struct pvb_image *image = open_ok(&file);
		const struct pvb_image_info *info = pvb_image_info(image);

		assert_true(info->pv.supported);
		assert_int_equal(info->declares.address_bits, 44);
		assert_int_equal(last_of(info, PVB_GUEST_NOTE_OWNER, 1)->origin,
				 place & OURS_IN_SECTION ? PVB_NOTE_SHT_NOTE : PVB_NOTE_PT_NOTE);
		pvb_image_free(image);
	}
}

static void our_notes_are_found_beside_the_legacy_string(void **state)
{
	(void)state;
	struct elf_builder b = small(32);
	struct blob ours = one_width(36);

	elf_add_xen_guest(&b, "GUEST_OS=plan9,XEN_VER=xen-3.0,LOADER=generic,PAE=yes");
	elf_add_note_section(&b, ".note.pvbuild", &ours);
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);

	assert_true(pvb_image_info(image)->pv.supported);
	assert_int_equal(pvb_image_info(image)->declares.address_bits, 36);
	pvb_image_free(image);
}

/* Xen does not look there, so what stands there was never a reason to refuse a kernel. */
static void sections_beside_segments_with_xen_notes_give_our_notes_alone(void **state)
{
	(void)state;
	struct elf_builder b = small(64);
	struct blob xens = xen_notes(64), mixed = BLOB_INIT, broken = BLOB_INIT;

	elf_add_note_segment(&b, &xens);
	note_add_text(&mixed, NOTE_XEN_VERSION, "xen-2.0");
	note_add(&mixed, "GNU", 1, "abcd", 4);
	add_own(&mixed, PVB_GUEST_NOTE_ADDRESS_BITS, 45, 4);
	/* The last one's descriptor is 4 GiB. */
	blob_append(&mixed, "\4\0\0\0\377\377\377\377\1\0\0\0GNU", 16);
	elf_add_note_section(&b, ".note.mixed", &mixed);
	blob_append(&broken, "\377\377\377\377", 4);
	elf_add_note_section(&b, ".note.broken", &broken);
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_true(info->pv.supported);
	assert_int_equal(info->declares.address_bits, 45);
	for (size_t i = 0; i < info->note_count; i++)
		if (info->notes[i].origin == PVB_NOTE_SHT_NOTE)
			assert_string_equal(info->notes[i].owner, PVB_GUEST_NOTE_OWNER);
	pvb_image_free(image);
}

static void a_note_that_two_segments_show_is_one_note(void **state)
{
	(void)state;
	struct blob notes = xen_notes(64);

	add_own(&notes, PVB_GUEST_NOTE_ADDRESS_BITS, 43, 4);
	add_own(&notes, PVB_GUEST_NOTE_GRANULES, 1 << 14, 4);
	note_add_number(&notes, NOTE_PHYS32_RELOC, 43, 4);

	uint64_t size = notes.size;
	struct elf_builder b = small(64);
	struct blob nothing = BLOB_INIT;
	unsigned whole = elf_add_note_segment(&b, &notes);
	unsigned again = elf_add_note_segment(&b, &nothing);
	struct blob file = elf_build(&b);

	elf_set_ph(&file, again, PH_OFFSET, elf_get_ph(&file, whole, PH_OFFSET));
	elf_set_ph(&file, again, PH_FILESZ, size);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_declares *declares = &pvb_image_info(image)->declares;

	assert_int_equal(declares->address_bits, 43);
	assert_int_equal(declares->granules, 1 << 14);
	pvb_image_free(image);
}

/* What is passed over is bounded by the file, however often its sections name it. */
static void sections_that_repeat_each_other_are_too_many(void **state)
{
	(void)state;
	struct elf_builder b = small(64);
	struct blob xens = xen_notes(64), filler = BLOB_INIT;

	elf_add_note_segment(&b, &xens);
	for (unsigned i = 0; i < 4000; i++)
		note_add(&filler, "GNU", 1, "", 0);
	uint64_t size = filler.size;
	unsigned first = elf_add_note_section(&b, ".note.0", &filler);

	for (unsigned i = 1; i < 8; i++) {
		struct blob none = BLOB_INIT;

		elf_add_note_section(&b, ".note.n", &none);
	}
	struct blob file = elf_build(&b);
	for (unsigned i = 1; i < 8; i++) {
		elf_set_sh(&file, first + i, SH_OFFSET, elf_get_sh(&file, first, SH_OFFSET));
		elf_set_sh(&file, first + i, SH_SIZE, size);
	}
	struct pvb_image *image;
	struct pvb_error error;

	assert_fails_with(pvb_image_open_memory(file.bytes, file.size, "k", NULL, &image, &error),
			  PVB_E_NOTE_TOO_MANY, &error);
	blob_free(&file);
}

/* ---- what is known of Linux ----------------------------------------------------------- */

struct release {
	const char *version;
	unsigned bits;
};

static const struct release releases[] = {
	{"4.19.0-rc1 (a@b) #1", 52},
	{"4.19.325 (a@b) #1", 52},
	{"4.20 (a@b) #1", 52},
	{"5.0.0 (a@b) #1", 52},
	{"6.12.48+deb13-amd64 (debian-kernel@lists.debian.org) #1 SMP", 52},
	{"10.2.1 (a@b) #1", 52},
	{"4.18.20 (a@b) #1", 0},
	{"4.14.336 (a@b) #1", 0},
	{"4.9.337 (a@b) #1", 0},
	{"4.1.52 (a@b) #1", 0},
	{"3.19.0 (a@b) #1", 0},
	{"2.6.32 (a@b) #1", 0},
	{"419 (a@b) #1", 0},
	{"4x19 (a@b) #1", 0},
	{"4.x19 (a@b) #1", 0},
	{"v6.1.0 (a@b) #1", 0},
	{"12345.1 (a@b) #1", 0},
	{"4.12345 (a@b) #1", 0},
};

enum { RELEASES = sizeof releases / sizeof releases[0] };

static void a_bzimage_has_its_version_in_its_header(void **state)
{
	(void)state;
	for (unsigned bits = 32; bits <= 64; bits += 32)
		for (unsigned i = 0; i < RELEASES; i++) {
			struct elf_builder b = linux_like(bits);
			struct blob kernel = elf_build(&b);
			struct bzimage spec = {.version = releases[i].version};
			struct blob file = bzimage_build(&spec, &kernel);
			struct pvb_image *image = open_ok(&file);
			const struct pvb_image_declares *declares =
				&pvb_image_info(image)->declares;
			unsigned wanted = bits == 64 ? releases[i].bits : 0;

			assert_int_equal(declares->address_bits, wanted);
			assert_int_equal(declares->address_bits_source,
					 wanted ? PVB_BITS_KERNEL : PVB_BITS_DEFAULT);
			assert_false(declares->guest_abi);
			pvb_image_free(image);
		}
}

/* A Linux ELF with this text somewhere in its first segment. */
static struct blob with_text(unsigned bits, const char *guest_os, const char *text)
{
	struct elf_builder b = {.bits = bits, .machine = bits == 64 ? EM_X86_64 : EM_386};
	struct blob bytes = BLOB_INIT, notes = BLOB_INIT;

	blob_append(&bytes, NULL, 700);
	blob_append(&bytes, text, strlen(text));
	blob_append(&bytes, NULL, 100);
	elf_add_segment(&b, PT_LOAD, 0x100000, &bytes, 0x1000);
	b.entry = 0x100010;
	note_add_text(&notes, NOTE_GUEST_OS, guest_os);
	note_add_text(&notes, NOTE_XEN_VERSION, "xen-3.0");
	note_add_text(&notes, NOTE_LOADER, "generic");
	note_add_text(&notes, NOTE_PAE_MODE, "yes");
	elf_add_note_segment(&b, &notes);
	return elf_build(&b);
}

static void a_bare_linux_has_its_version_in_its_banner(void **state)
{
	(void)state;
	static const struct {
		unsigned bits;
		const char *guest_os, *text, *version;
		unsigned wanted;
	} cases[] = {
		{64, "linux", "Linux version 6.1.0-18-amd64 (a@b) (gcc) #1 SMP\n",
		 "6.1.0-18-amd64 (a@b) (gcc) #1 SMP", 52},
		{64, "linux", "Linux version 4.14.0 (a@b) (gcc) #1 SMP\n",
		 "4.14.0 (a@b) (gcc) #1 SMP", 0},
		/* Not the first place where the words stand. */
		{64, "linux", "Linux version %s\nLinux version 5.10.1 (a@b)\n", "5.10.1 (a@b)", 52},
		{64, "linux", "Linux version 3 is old\n\0", NULL, 0},
		{64, "linux", "needs Linux version 5.1 (or later), mail me@home", NULL, 0},
		{64, "linux", "Linux version 5.1.0 (nobody)\n", NULL, 0},
		{64, "linux", "Linux version 5.1.0 ", NULL, 0},
		{64, "linux", "Linux version ", NULL, 0},
		/* 32 bits, or not Linux: nothing is known. */
		{32, "linux", "Linux version 6.1.0 (a@b)\n", "6.1.0 (a@b)", 0},
		{64, "plan9", "Linux version 6.1.0 (a@b)\n", NULL, 0},
	};

	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct blob file = with_text(cases[i].bits, cases[i].guest_os, cases[i].text);
		struct pvb_image *image = open_ok(&file);
		const struct pvb_image_info *info = pvb_image_info(image);

		assert_int_equal(info->declares.address_bits, cases[i].wanted);
		if (cases[i].version)
			assert_string_equal(info->kernel_version, cases[i].version);
		else
			assert_null(info->kernel_version);
		pvb_image_free(image);
	}
}

/* At the very end of a segment, at the end of the file: nothing is read beyond. */
static void a_banner_may_be_cut_off_anywhere(void **state)
{
	(void)state;
	static const char text[] = "Linux version 6.1.0 (a@b) #1\n";

	for (unsigned length = 0; length < sizeof text; length++) {
		struct elf_builder b = {.bits = 64, .machine = EM_X86_64};
		struct blob bytes = BLOB_INIT, notes = xen_notes(64);

		note_add_text(&notes, NOTE_GUEST_OS, "linux");
		elf_add_note_segment(&b, &notes);
		blob_append(&bytes, NULL, 64);
		blob_append(&bytes, text, length);
		elf_add_segment(&b, PT_LOAD, 0x100000, &bytes, 0x1000);
		b.entry = 0x100010;
		b.no_section_table = true;
		struct blob file = elf_build(&b);
		struct pvb_image *image = open_ok(&file);

		assert_int_equal(pvb_image_info(image)->declares.address_bits,
				 length == sizeof text - 1 ? 52 : 0);
		pvb_image_free(image);
	}
}

static void a_note_beats_the_version(void **state)
{
	(void)state;
	for (unsigned own = 0; own < 2; own++) {
		struct elf_builder b = linux_like(64);
		struct blob notes = BLOB_INIT;

		if (own)
			add_own(&notes, PVB_GUEST_NOTE_ADDRESS_BITS, 40, 4);
		else
			note_add_number(&notes, NOTE_PHYS32_RELOC, 40, 4);
		elf_add_note_segment(&b, &notes);
		struct blob kernel = elf_build(&b);
		struct bzimage spec = {.version = "6.12.1 (a@b)"};
		struct blob file = bzimage_build(&spec, &kernel);
		struct pvb_image *image = open_ok(&file);
		const struct pvb_image_declares *declares = &pvb_image_info(image)->declares;

		assert_int_equal(declares->address_bits, 40);
		assert_int_equal(declares->address_bits_source, PVB_BITS_NOTE);
		pvb_image_free(image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(number_19_is_told_apart_by_value),
		cmocka_unit_test(every_width_has_three_forms),
		cmocka_unit_test(two_of_number_19_are_classified_one_by_one),
		cmocka_unit_test(our_notes_are_read),
		cmocka_unit_test(a_kernel_that_says_nothing_declares_nothing),
		cmocka_unit_test(masks_that_are_left_out_have_their_defaults),
		cmocka_unit_test(what_means_nothing_is_ignored_with_a_remark),
		cmocka_unit_test(both_notes_of_a_width_must_agree),
		cmocka_unit_test(a_tree_is_asked_for_with_its_levels),
		cmocka_unit_test(our_notes_are_found_wherever_they_stand),
		cmocka_unit_test(our_notes_are_found_beside_the_legacy_string),
		cmocka_unit_test(sections_beside_segments_with_xen_notes_give_our_notes_alone),
		cmocka_unit_test(a_note_that_two_segments_show_is_one_note),
		cmocka_unit_test(sections_that_repeat_each_other_are_too_many),
		cmocka_unit_test(a_bzimage_has_its_version_in_its_header),
		cmocka_unit_test(a_bare_linux_has_its_version_in_its_banner),
		cmocka_unit_test(a_banner_may_be_cut_off_anywhere),
		cmocka_unit_test(a_note_beats_the_version),
	};

	return cmocka_run_group_tests_name("image-declares", tests, NULL, NULL);
}
