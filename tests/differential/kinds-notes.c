/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kinds of files, by what they say of themselves; and flat binaries. */
#include "differential/kinds.h"

#include <ctype.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "support/elf-builder.h"

#define PAGE UINT64_C(4096)

enum { NOTE_HEADER = 12 };

/* ---- notes -------------------------------------------------------------------------- */

bool has_notes_outside_of_the_file(const struct look *look)
{
	for (unsigned i = 0; look->elf && i < look->segment_count; i++) {
		const struct look_segment *segment = &look->segments[i];

		if (segment->type == PT_NOTE && segment->offset &&
		    !look_inside(look, segment->offset, segment->filesz))
			return true;
	}
	for (unsigned i = 1; look->notes_of_sections && i < look->section_count; i++) {
		const struct look_section *section = &look->sections[i];

		if (section->type == SHT_NOTE && !look_inside(look, section->offset, section->size))
			return true;
	}
	return false;
}

static bool any_xen_note(const struct look *look,
			 bool (*is)(const struct look *look, const struct look_note *note))
{
	for (unsigned i = 0; look->elf && i < look->note_count; i++)
		if (strcmp(look->notes[i].owner, "Xen") == 0 && is(look, &look->notes[i]))
			return true;
	return false;
}

static bool has_no_size_of_a_number(const struct look *look, const struct look_note *note)
{
	static const uint32_t numbers[] = {
		NOTE_ENTRY,        NOTE_HYPERCALL_PAGE, NOTE_VIRT_BASE,     NOTE_PADDR_OFFSET,
		NOTE_HV_START_LOW, NOTE_INIT_P2M,       NOTE_MOD_START_PFN, NOTE_PHYS32_ENTRY,
	};

	(void)look;
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (note->type == numbers[i])
			return note->size != 1 && note->size != 2 && note->size != 4 &&
			       note->size != 8;
	return false;
}

bool has_a_number_of_an_odd_size(const struct look *look)
{
	return any_xen_note(look, has_no_size_of_a_number);
}

static bool is_a_string(const struct look_note *note)
{
	return note->type >= NOTE_XEN_VERSION && note->type <= NOTE_BSD_SYMTAB;
}

static bool is_a_string_without_an_end(const struct look *look, const struct look_note *note)
{
	return is_a_string(note) && !look_note_ends(look, note);
}

bool has_a_note_without_an_end(const struct look *look)
{
	return any_xen_note(look, is_a_string_without_an_end);
}

static bool is_very_long(const struct look *look, const struct look_note *note)
{
	enum { MOST = 4096 };

	for (uint64_t i = 0; i < MOST; i++)
		if (!look_number(look, note->descriptor + i, 1))
			return false;
	return is_a_string(note);
}

bool has_a_very_long_string(const struct look *look)
{
	return any_xen_note(look, is_very_long);
}

bool has_very_many_notes(const struct look *look)
{
	return look->elf && look->note_count == LOOK_NOTES;
}

static bool ends_before_it_is_whole(const struct look *look, const struct look_note *note)
{
	return note->descriptor > note->end || note->size > note->end - note->descriptor ||
	       !look_inside(look, note->descriptor, note->size) ||
	       note->at + NOTE_HEADER + note->owner_size > note->end;
}

/* The end comes within the name of its owner, and as far as it goes it is Xen's or our own. */
static bool ends_before_its_owner_is_known(const struct look *look, const struct look_note *note)
{
	static const char xen[] = "Xen", own[] = "pvbuild";
	uint64_t name = note->at + NOTE_HEADER;
	uint64_t seen = note->end > name ? note->end - name : 0;

	return note->end < name + note->owner_size && look_inside(look, name, seen) &&
	       ((seen < sizeof xen && memcmp(look->bytes + name, xen, seen) == 0) ||
		(seen < sizeof own && memcmp(look->bytes + name, own, seen) == 0));
}

bool has_a_note_that_is_cut(const struct look *look)
{
	if (any_xen_note(look, ends_before_it_is_whole))
		return true;
	for (unsigned i = 0; look->elf && i < look->note_count; i++)
		if (ends_before_its_owner_is_known(look, &look->notes[i]))
			return true;
	return false;
}

static bool is_number_19(const struct look *look, const struct look_note *note)
{
	(void)look;
	return note->type == NOTE_PHYS32_RELOC;
}

bool has_note_19(const struct look *look)
{
	return any_xen_note(look, is_number_19);
}

bool has_notes_of_our_own(const struct look *look)
{
	return look->elf && look->own_notes;
}

bool is_pvh_only(const struct look *look)
{
	return look->elf && look_xen_note(look, NOTE_PHYS32_ENTRY) &&
	       !look_xen_note(look, NOTE_ENTRY);
}

bool has_a_wide_pvh_entry(const struct look *look)
{
	const struct look_note *note = look->elf ? look_xen_note(look, NOTE_PHYS32_ENTRY) : NULL;

	return note && note->size == 8 && look_number(look, note->descriptor, 8) >= UINT32_MAX;
}

bool requires_what_is_not_there(const struct look *look)
{
	enum { AUTO_TRANSLATED = 2, SUPERVISOR_MODE = 3, CALLBACK_VECTOR = 8 };

	return look->theirs->features_required &
	       (1u << AUTO_TRANSLATED | 1u << SUPERVISOR_MODE | 1u << CALLBACK_VECTOR);
}

/* ---- the legacy string ---------------------------------------------------------------- */

enum { LEGACY_MAX = 16384 };

typedef bool legacy_fn(const struct look *look, const char *key, const char *value);

/* Whether it is so of any key and value. libelf has room for keys of 30 letters, values of 126. */
static bool any_key(const struct look *look, legacy_fn *is)
{
	static char text[LEGACY_MAX];
	char *rest = text, *item;

	if (!look->elf || !look->has_legacy)
		return false;
	look_legacy(look, text, sizeof text);
	while ((item = strsep(&rest, ","))) {
		char *value = strchr(item, '=');

		if (value)
			*value++ = '\0';
		if (is(look, item, value ? value : ""))
			return true;
	}
	return false;
}

static bool is_no_number(const struct look *look, const char *key, const char *value)
{
	static const char *const keys[] = {"VIRT_BASE", "VIRT_ENTRY", "ELF_PADDR_OFFSET",
					   "HYPERCALL_PAGE"};
	char *end;

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		if (strcmp(key, keys[i]) != 0)
			continue;
		unsigned long long number = strtoull(value, &end, 0);

		/* The number of a page that no address has is none either. */
		return !isdigit((unsigned char)value[0]) || *end || number == UINT64_MAX ||
		       (i == 3 && (number > UINT64_MAX / PAGE ||
				   number * PAGE > UINT64_MAX - look->theirs->virt_base));
	}
	return false;
}

bool has_a_legacy_number_that_is_none(const struct look *look)
{
	return any_key(look, is_no_number);
}

static bool is_too_long(const struct look *look, const char *key, const char *value)
{
	enum { KEY = 31, VALUE = 127 };

	(void)look;
	return strlen(key) >= KEY || strlen(value) >= VALUE;
}

bool has_a_long_legacy_value(const struct look *look)
{
	return any_key(look, is_too_long);
}

static bool requires_the_unknown(const struct look *look, const char *key, const char *value)
{
	static const char *const known[] = {
		"writable_page_tables",
		"writable_descriptor_tables",
		"auto_translated_physmap",
		"supervisor_mode_kernel",
		"pae_pgdir_above_4gb",
		"hvm_callback_vector",
		"dom0",
	};

	(void)look;
	if (strcmp(key, "FEATURES") != 0)
		return false;
	while ((value = strchr(value, '!'))) {
		size_t length = strcspn(++value, "|");
		bool found = false;

		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			found |=
				strlen(known[i]) == length && strncmp(known[i], value, length) == 0;
		if (!found)
			return true;
	}
	return false;
}

bool has_a_legacy_feature_that_is_unknown(const struct look *look)
{
	return any_key(look, requires_the_unknown);
}

/* libelf goes on to the next zero; we end with the section. */
bool has_a_legacy_string_without_an_end(const struct look *look)
{
	if (!look->elf || !look->has_legacy || !look_inside(look, look->legacy, 1))
		return false;
	for (uint64_t i = 0; i <= look->legacy_size && look_inside(look, look->legacy + i, 1); i++)
		if (!look->bytes[look->legacy + i])
			return false;
	return true;
}

bool has_a_legacy_name_outside(const struct look *look)
{
	return look->elf && look->has_legacy && !look->legacy_name_inside;
}

/* ---- flat binaries ------------------------------------------------------------------ */

enum { FLAT_HEADER = 12, FLAT_LOAD = 16, FLAT_LOAD_END = 20, FLAT_ENTRY = 28 };

static bool find_flat(const struct look *look, uint64_t *at)
{
	enum { MAGIC = 0x336ec578, SEARCH = 8192, TABLE = 32 };

	for (*at = 0; !look->elf && *at < SEARCH && look_inside(look, *at, TABLE); *at += 4)
		if (look_number(look, *at, 4) == MAGIC &&
		    (uint32_t)(MAGIC + look_number(look, *at + 4, 4) +
			       look_number(look, *at + 8, 4)) == 0)
			return true;
	return false;
}

bool is_flat_and_ends_before_it_begins(const struct look *look)
{
	uint64_t at, end;

	if (!find_flat(look, &at))
		return false;
	end = look_number(look, at + FLAT_LOAD_END, 4);
	return end && end < look_number(look, at + FLAT_LOAD, 4);
}

bool is_flat_and_begins_below_0(const struct look *look)
{
	uint64_t at;

	return find_flat(look, &at) && look_number(look, at + FLAT_HEADER, 4) < at;
}

bool is_flat_and_entered_outside(const struct look *look)
{
	uint64_t at;

	return find_flat(look, &at) && (look->theirs->entry < look->theirs->start ||
					look->theirs->entry >= look->theirs->end);
}
