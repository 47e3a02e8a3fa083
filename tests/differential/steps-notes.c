/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps for ELF files: what they say of themselves. */
#include "differential/steps.h"

#include <elf.h>

#include "support/elf-builder.h"
#include "support/test.h"

static const char *const texts[] = {
	"generic",
	"linux",
	"Linux",
	"GNU Mach",
	"xen-3.0",
	"xen-3.0-x86_64",
	"xen-4.0",
	"yes",
	"yes[extended-cr3]",
	"no",
	"bimodal",
	"yes,bimodal",
	"",
	"writable_page_tables|pae_pgdir_above_4gb",
	"!writable_page_tables|!pae_pgdir_above_4gb|",
	"!auto_translated_physmap",
	"auto_translated_physmap|supervisor_mode_kernel",
	"!supervisor_mode_kernel",
	"!hvm_callback_vector",
	"dom0",
	"!dom0",
	"!nobody_knows_it",
	"nobody_knows_it|writable_page_tables",
	"a_name_that_is_longer_than_any_feature_has_ever_had_and_than_63_bytes|dom0",
};

static const char *any_text(struct step *step)
{
	return texts[step_random(step, sizeof texts / sizeof texts[0])];
}

/* Of the texts those that are features. */
static const char *any_features(struct step *step)
{
	enum { FIRST = 13, COUNT = sizeof texts / sizeof texts[0] };

	return texts[FIRST + step_random(step, COUNT - FIRST)];
}

/* An address that may make sense: of the kernel's segments, or near. */
static uint64_t any_address(struct step *step)
{
	unsigned index;
	uint64_t address = 0;

	if (!step_find_phdr(step, PT_LOAD, &index))
		return step_value(step, address, 8);
	address = step_phdr(step, index, step_random(step, 2) ? P_PADDR : P_VADDR);
	if (step_random(step, 4) == 0)
		address += step_phdr(step, index, P_MEMSZ);
	if (step_random(step, 3) == 0)
		address += UINT64_C(0xffffffff80000000);
	return step_random(step, 2) ? address : step_value(step, address, 8);
}

/* ---- notes ------------------------------------------------------------------------ */

enum { MANY = 128 };

/* Where notes are, as far as they can be followed. */
static unsigned find_notes(const struct step *step, uint64_t at, uint64_t size, uint64_t *found,
			   unsigned count)
{
	uint64_t end = at + size;

	while (count < MANY && at < end && at + 12 <= step->file->size) {
		found[count++] = at;
		at += 12 + ((step_get(step, at, 4) + 3) & ~UINT64_C(3)) +
		      ((step_get(step, at + 4, 4) + 3) & ~UINT64_C(3));
	}
	return count;
}

static unsigned all_notes(const struct step *step, uint64_t *found)
{
	unsigned count = 0;

	for (unsigned i = 0; i < step_phnum(step); i++)
		if (step_phdr(step, i, P_TYPE) == PT_NOTE)
			count = find_notes(step, step_phdr(step, i, P_OFFSET),
					   step_phdr(step, i, P_FILESZ), found, count);
	for (unsigned i = 0; i < step_shnum(step); i++)
		if (step_shdr(step, i, S_TYPE) == SHT_NOTE)
			count = find_notes(step, step_shdr(step, i, S_OFFSET),
					   step_shdr(step, i, S_SIZE), found, count);
	return count;
}

static void put_text(struct step *step, uint64_t at, const char *text, uint64_t room)
{
	uint64_t size = strlen(text) + step_random(step, 2);

	for (uint64_t i = 0; i < size && i < room; i++)
		step_put(step, at + i, (uint8_t)text[i], 1);
}

static void change_note(struct step *step)
{
	static const char *const fields[] = {"namesz", "descsz", "type"};
	uint64_t found[MANY];
	unsigned count = all_notes(step, found);

	if (!count)
		return;
	uint64_t at = found[step_random(step, count)];
	uint64_t descriptor = at + 12 + ((step_get(step, at, 4) + 3) & ~UINT64_C(3));
	uint64_t size = step_get(step, at + 4, 4), value;
	unsigned field = (unsigned)step_random(step, 3);

	switch (step_random(step, 5)) {
	case 0:
	case 1:
		value = field == 2
				? step_random(step, 21)
				: step_value(step, step_get(step, at + UINT64_C(4) * field, 4), 4);
		step_put(step, at + UINT64_C(4) * field, value, 4);
		step_say(step, "note at 0x%llx: %s = 0x%llx", (unsigned long long)at, fields[field],
			 (unsigned long long)(uint32_t)value);
		break;
	case 2:
		put_text(step, descriptor, any_text(step), size);
		step_say(step, "note at 0x%llx: another text", (unsigned long long)at);
		break;
	case 3:
		put_text(step, at + 12, step_random(step, 2) ? "Xen" : "GNU", 4);
		step_say(step, "note at 0x%llx: another owner", (unsigned long long)at);
		break;
	default:
		value = any_address(step);
		step_put(step, descriptor, value, size == 8 ? 8 : 4);
		step_say(step, "note at 0x%llx: 0x%llx", (unsigned long long)at,
			 (unsigned long long)value);
	}
}

/* What few values of few notes do, which chance does not find often. */
static void aim_note(struct step *step)
{
	static const uint64_t p2m[] = {0x1000, UINT64_C(0x8000000800), UINT64_C(0xffff800000000000),
				       UINT64_C(0xffffff8000000000), UINT64_C(0x7fffc00000)};
	uint64_t found[MANY], value = 0;
	unsigned count = all_notes(step, found), index;

	for (unsigned i = 0; i < count; i++) {
		uint64_t at = found[i], type = step_get(step, at + 8, 4);
		uint64_t descriptor = at + 12 + ((step_get(step, at, 4) + 3) & ~UINT64_C(3));
		unsigned width = step_get(step, at + 4, 4) == 8 ? 8 : 4;

		if (type == NOTE_INIT_P2M)
			value = p2m[step_random(step, sizeof p2m / sizeof p2m[0])];
		else if (type == NOTE_HV_START_LOW)
			value = step_random(step, 2) << 31;
		else if (type == NOTE_ENTRY && step_find_phdr(step, PT_LOAD, &index))
			value = step_phdr(step, index, P_VADDR) + step_phdr(step, index, P_MEMSZ);
		else
			continue;
		if (step_random(step, 2))
			continue;
		step_put(step, descriptor, value, width);
		step_say(step, "note %u: 0x%llx ", (unsigned)type, (unsigned long long)value);
	}
}

static void add_note(struct step *step, struct blob *notes)
{
	static const char *const owners[] = {"Xen",   "Xen", "Xen", "Xen", "Xen",     "Xen",
					     "Linux", "GNU", "",    "XEN", "pvbuild", "FreeBSD"};
	static const unsigned sizes[] = {0, 1, 2, 3, 4, 4, 4, 5, 8, 8, 8, 12, 16, 24};
	const char *owner = owners[step_random(step, sizeof owners / sizeof owners[0])];
	uint32_t type = (uint32_t)step_random(step, 21);
	uint8_t bytes[24] = {0};

	if (step_random(step, 2)) {
		const char *text = any_text(step);

		note_add(notes, owner, type, text, strlen(text) + step_random(step, 2));
	} else {
		uint64_t value = any_address(step);

		if (step_random(step, 4) == 0)
			value = step_random(step, 70);
		memcpy(bytes, &value, sizeof value);
		memcpy(bytes + 12, &value, sizeof value);
		note_add(notes, owner, type, bytes,
			 sizes[step_random(step, sizeof sizes / sizeof sizes[0])]);
	}
	/* As behind notes that are aligned to 8 bytes. */
	if (step_random(step, 8) == 0)
		blob_append(notes, NULL, 4);
	step_say(step, " %s %u", owner, type);
}

/* The notes of a segment or section elsewhere, with more of them around. */
static void add_notes(struct step *step)
{
	unsigned index, before = (unsigned)step_random(step, 3);
	unsigned after = (unsigned)step_random(step, 3);
	bool segment = step_find_phdr(step, PT_NOTE, &index);
	struct blob notes = BLOB_INIT;

	if (!segment && !step_find_shdr(step, SHT_NOTE, &index))
		return;
	uint64_t at = segment ? step_phdr(step, index, P_OFFSET) : step_shdr(step, index, S_OFFSET);
	uint64_t size = segment ? step_phdr(step, index, P_FILESZ) : step_shdr(step, index, S_SIZE);

	step_say(step, "notes added:");
	for (unsigned i = 0; i < before; i++)
		add_note(step, &notes);
	for (uint64_t i = 0; i < size && i < 4096; i++)
		blob_append_number(&notes, step_get(step, at + i, 1), 1);
	for (unsigned i = 0; i < after; i++)
		add_note(step, &notes);
	at = step_append(step, &notes);
	if (segment) {
		step_set_phdr(step, index, P_OFFSET, at);
		step_set_phdr(step, index, P_FILESZ, notes.size);
	} else {
		step_set_shdr(step, index, S_OFFSET, at);
		step_set_shdr(step, index, S_SIZE, notes.size);
	}
	blob_free(&notes);
}

static void no_note_segment(struct step *step)
{
	unsigned index;

	if (!step_find_phdr(step, PT_NOTE, &index))
		return;
	step_set_phdr(step, index, P_TYPE, PT_NULL);
	step_say(step, "segment %u is no note segment", index);
}

/* More than anybody reads, or a string that is longer than anybody reads. */
static void very_much(struct step *step)
{
	struct blob notes = BLOB_INIT, text = BLOB_INIT;
	unsigned index;

	if (step_random(step, 50) || !step_find_phdr(step, PT_NOTE, &index))
		return;
	uint64_t at = step_phdr(step, index, P_OFFSET), size = step_phdr(step, index, P_FILESZ);

	for (uint64_t i = 0; i < size && i < 4096; i++)
		blob_append_number(&notes, step_get(step, at + i, 1), 1);
	if (step_random(step, 2)) {
		for (unsigned i = 0; i < 65537; i++)
			note_add(&notes, "Xen", NOTE_L1_MFN_VALID, NULL, 0);
		step_say(step, "65537 notes more");
	} else {
		blob_append(&text, NULL, 5000);
		memset(text.bytes, 'x', 4998);
		note_add(&notes, "Xen", NOTE_GUEST_VERSION, text.bytes, text.size);
		blob_free(&text);
		step_say(step, "a long string");
	}
	step_set_phdr(step, index, P_OFFSET, step_append(step, &notes));
	step_set_phdr(step, index, P_FILESZ, notes.size);
	blob_free(&notes);
}

void step_notes(struct step *step)
{
	static step_fn *const steps[] = {change_note, change_note,     change_note, add_notes,
					 add_notes,   no_note_segment, very_much,   aim_note};

	steps[step_random(step, sizeof steps / sizeof steps[0])](step);
}

/* ---- the legacy string --------------------------------------------------------------- */

static void add_key(struct step *step, struct blob *string)
{
	static const char *const keys[] = {
		"LOADER",    "GUEST_OS",   "GUEST_VER",        "XEN_VER",        "PAE",
		"FEATURES",  "BSD_SYMTAB", "VIRT_BASE",        "VIRT_ENTRY",     "HYPERCALL_PAGE",
		"PAE",       "FEATURES",   "ELF_PADDR_OFFSET", "HYPERCALL_PAGE", "loader",
		"SOMETHING",
	};
	static const char *const numbers[] = {"0x%llX",  "%llu",    "0%llo",
					      " 0x%llx", "0x%llxg", "-%llu"};
	const char *key = keys[step_random(step, sizeof keys / sizeof keys[0])];
	char value[200];

	if (strcmp(key, "FEATURES") == 0)
		(void)snprintf(value, sizeof value, "%s", any_features(step));
	else if (step_random(step, 2))
		(void)snprintf(value, sizeof value, "%s", any_text(step));
	else {
		/* The format is one of a list: this is no place for a check of arguments. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(value, sizeof value,
			       numbers[step_random(step, sizeof numbers / sizeof numbers[0])],
			       (unsigned long long)(step_random(step, 2)
							    ? any_address(step)
							    : step_random(step, 5000)));
#pragma GCC diagnostic pop
	}
	if (step_random(step, 12) == 0)
		(void)snprintf(value, sizeof value, "%0150d", 7);
	blob_append_text(string, string->size ? "," : "");
	blob_append_text(string, key);
	if (step_random(step, 8))
		blob_append_text(string, "=");
	blob_append_text(string, value);
	step_say(step, " %s=%s", key, value);
}

/* Another string, elsewhere, in place of the one that there is. */
void step_legacy(struct step *step)
{
	struct blob string = BLOB_INIT;
	unsigned index = 1, more = 1 + (unsigned)step_random(step, 3);

	if (step_shnum(step) < 2 || step_shdr(step, index, S_TYPE) == SHT_NOTE)
		return;
	uint64_t at = step_shdr(step, index, S_OFFSET), size = step_shdr(step, index, S_SIZE);

	/* The names are the last section's. */
	if (step_random(step, 16) == 0) {
		index = step_shnum(step) - 1;
		size = step_random(step, 16);
		step_set_shdr(step, index, S_SIZE, size);
		step_say(step, "names of %u bytes", (unsigned)size);
		return;
	}
	step_say(step, "string:");
	if (step_random(step, 4) == 0)
		blob_append_text(&string, "LOADER=generic,XEN_VER=xen-3.0,PAE=yes");
	else
		for (uint64_t i = 0; i < size && i < 4096 && step_get(step, at + i, 1); i++)
			blob_append_number(&string, step_get(step, at + i, 1), 1);
	for (unsigned i = 0; i < more; i++)
		add_key(step, &string);
	size = string.size;
	if (step_random(step, 4))
		size = blob_append_number(&string, 0, 1) + 1;
	else if (step_random(step, 2))
		blob_append_text(&string, "and more,PAE=no,FEATURES=dom0");
	step_set_shdr(step, index, S_OFFSET, step_append(step, &string));
	step_set_shdr(step, index, S_SIZE, size);
	blob_free(&string);
}
