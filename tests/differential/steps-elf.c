/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps for ELF files: the headers. */
#include "differential/steps.h"

#include <elf.h>
#include <stddef.h>

#include "support/test.h"

enum { TABLE_MAX = 64 };

#define AT(type, member)                                                                           \
	{                                                                                          \
		offsetof(type, member), sizeof(((type *)NULL)->member), #member                    \
	}
#define EHDR(type)                                                                                 \
	{                                                                                          \
		{EI_CLASS, 1, "EI_CLASS"}, {EI_DATA, 1, "EI_DATA"}, {EI_VERSION, 1, "EI_VERSION"}, \
			AT(type, e_type), AT(type, e_machine), AT(type, e_version),                \
			AT(type, e_entry), AT(type, e_phoff), AT(type, e_shoff),                   \
			AT(type, e_ehsize), AT(type, e_phentsize), AT(type, e_phnum),              \
			AT(type, e_shentsize), AT(type, e_shnum), AT(type, e_shstrndx),            \
	}
#define PHDR(type)                                                                                 \
	{                                                                                          \
		AT(type, p_type), AT(type, p_flags), AT(type, p_offset), AT(type, p_vaddr),        \
			AT(type, p_paddr), AT(type, p_filesz), AT(type, p_memsz),                  \
			AT(type, p_align),                                                         \
	}
#define SHDR(type)                                                                                 \
	{                                                                                          \
		AT(type, sh_name), AT(type, sh_type), AT(type, sh_flags), AT(type, sh_addr),       \
			AT(type, sh_offset), AT(type, sh_size), AT(type, sh_link),                 \
			AT(type, sh_info), AT(type, sh_addralign), AT(type, sh_entsize),           \
	}

static const struct step_field ehdr[2][STEP_EHDR_FIELDS] = {EHDR(Elf32_Ehdr), EHDR(Elf64_Ehdr)};
static const struct step_field phdr[2][STEP_PHDR_FIELDS] = {PHDR(Elf32_Phdr), PHDR(Elf64_Phdr)};
static const struct step_field shdr[2][STEP_SHDR_FIELDS] = {SHDR(Elf32_Shdr), SHDR(Elf64_Shdr)};

enum { E_PHOFF = 7, E_SHOFF = 8, E_PHENTSIZE = 10, E_PHNUM, E_SHENTSIZE, E_SHNUM, E_SHSTRNDX };

bool step_is_wide(const struct step *step)
{
	return step_get(step, EI_CLASS, 1) == ELFCLASS64;
}

static uint64_t header(const struct step *step, unsigned field)
{
	const struct step_field *at = &ehdr[step_is_wide(step)][field];

	return step_get(step, at->offset, at->width);
}

static void set_header(struct step *step, unsigned field, uint64_t value)
{
	const struct step_field *at = &ehdr[step_is_wide(step)][field];

	step_put(step, at->offset, value, at->width);
}

unsigned step_phnum(const struct step *step)
{
	uint64_t count = header(step, E_PHNUM);

	return count < TABLE_MAX ? (unsigned)count : TABLE_MAX;
}

unsigned step_shnum(const struct step *step)
{
	uint64_t count = header(step, E_SHNUM);

	return count < TABLE_MAX ? (unsigned)count : TABLE_MAX;
}

static uint64_t phdr_at(const struct step *step, unsigned index)
{
	return header(step, E_PHOFF) + index * header(step, E_PHENTSIZE);
}

static uint64_t shdr_at(const struct step *step, unsigned index)
{
	return header(step, E_SHOFF) + index * header(step, E_SHENTSIZE);
}

uint64_t step_phdr(const struct step *step, unsigned index, enum step_phdr field)
{
	const struct step_field *at = &phdr[step_is_wide(step)][field];

	return step_get(step, phdr_at(step, index) + at->offset, at->width);
}

void step_set_phdr(struct step *step, unsigned index, enum step_phdr field, uint64_t value)
{
	const struct step_field *at = &phdr[step_is_wide(step)][field];

	step_put(step, phdr_at(step, index) + at->offset, value, at->width);
}

uint64_t step_shdr(const struct step *step, unsigned index, enum step_shdr field)
{
	const struct step_field *at = &shdr[step_is_wide(step)][field];

	return step_get(step, shdr_at(step, index) + at->offset, at->width);
}

void step_set_shdr(struct step *step, unsigned index, enum step_shdr field, uint64_t value)
{
	const struct step_field *at = &shdr[step_is_wide(step)][field];

	step_put(step, shdr_at(step, index) + at->offset, value, at->width);
}

uint64_t step_append(struct step *step, const struct blob *bytes)
{
	blob_align(step->file, 4);
	return blob_append_blob(step->file, bytes);
}

bool step_find_phdr(struct step *step, uint32_t type, unsigned *index)
{
	unsigned count = step_phnum(step), first = (unsigned)step_random(step, count);

	for (unsigned i = 0; i < count; i++) {
		*index = (first + i) % count;
		if (step_phdr(step, *index, P_TYPE) == type)
			return true;
	}
	return false;
}

bool step_find_shdr(struct step *step, uint32_t type, unsigned *index)
{
	unsigned count = step_shnum(step), first = (unsigned)step_random(step, count);

	for (unsigned i = 0; i < count; i++) {
		*index = (first + i) % count;
		if (step_shdr(step, *index, S_TYPE) == type)
			return true;
	}
	return false;
}

/* ---- the steps --------------------------------------------------------------------- */

static void change_header(struct step *step)
{
	unsigned field = (unsigned)step_random(step, STEP_EHDR_FIELDS);
	const struct step_field *at = &ehdr[step_is_wide(step)][field];
	uint64_t value = step_value(step, step_get(step, at->offset, at->width), at->width);

	/* Another machine and class that people do have. */
	static const uint64_t machines[] = {EM_386, EM_X86_64, EM_AARCH64};

	if (field == 4)
		value = machines[step_random(step, 3)];
	step_put(step, at->offset, value, at->width);
	step_say(step, "%s = 0x%llx", at->name, (unsigned long long)value);
}

static void change_segment(struct step *step)
{
	unsigned index = (unsigned)step_random(step, step_phnum(step));
	unsigned field = (unsigned)step_random(step, STEP_PHDR_FIELDS);
	uint64_t value = step_value(step, step_phdr(step, index, (enum step_phdr)field),
				    phdr[step_is_wide(step)][field].width);
	static const uint64_t types[] = {PT_NULL, PT_LOAD, PT_NOTE, PT_DYNAMIC, 0x6474e553};

	if (field == P_TYPE)
		value = types[step_random(step, sizeof types / sizeof types[0])];
	if (field == P_FLAGS)
		value = step_random(step, 9);
	step_set_phdr(step, index, (enum step_phdr)field, value);
	step_say(step, "segment %u: %s = 0x%llx", index, phdr[0][field].name,
		 (unsigned long long)value);
}

static void change_section(struct step *step)
{
	unsigned index = (unsigned)step_random(step, step_shnum(step));
	unsigned field = (unsigned)step_random(step, STEP_SHDR_FIELDS);
	uint64_t value = step_value(step, step_shdr(step, index, (enum step_shdr)field),
				    shdr[step_is_wide(step)][field].width);

	if (field == S_TYPE)
		value = step_random(step, 12);
	if (field == S_LINK && step_random(step, 2))
		value = step_random(step, step_shnum(step) + UINT64_C(2));
	step_set_shdr(step, index, (enum step_shdr)field, value);
	step_say(step, "section %u: %s = 0x%llx", index, shdr[0][field].name,
		 (unsigned long long)value);
}

/* Put a segment where another is, or begins, or ends, or near that. */
static void move_segment(struct step *step)
{
	static const int64_t near[] = {0, 0, 0, 1, -1, 0x80, -0x80, 0x1000, -0x1000, 0x100000};
	unsigned a, b;

	if (!step_find_phdr(step, PT_LOAD, &a) || !step_find_phdr(step, PT_LOAD, &b))
		return;
	uint64_t paddr = step_phdr(step, b, P_PADDR) +
			 (uint64_t)near[step_random(step, sizeof near / sizeof near[0])];

	if (step_random(step, 2))
		paddr += step_phdr(step, b, P_MEMSZ);
	else if (step_random(step, 2))
		paddr -= step_phdr(step, a, P_MEMSZ);
	step_set_phdr(step, a, P_PADDR, paddr);
	step_say(step, "segment %u: p_paddr = 0x%llx", a, (unsigned long long)paddr);
}

static void size_segment(struct step *step)
{
	unsigned a;

	if (!step_find_phdr(step, PT_LOAD, &a))
		return;
	uint64_t memsz =
		step_random(step, 2) ? step_random(step, 0x8000) : step_random(step, 9) << 12;
	uint64_t filesz =
		step_random(step, 2) ? step_random(step, memsz + 1) : step_phdr(step, a, P_FILESZ);

	if (step_random(step, 8) == 0)
		memsz = step_random(step, 0x3000000);
	step_set_phdr(step, a, P_MEMSZ, memsz);
	step_set_phdr(step, a, P_FILESZ, filesz);
	step_say(step, "segment %u: p_filesz = 0x%llx, p_memsz = 0x%llx", a,
		 (unsigned long long)filesz, (unsigned long long)memsz);
}

/* All of them where one of them is. */
static void pile_segments(struct step *step)
{
	unsigned a;

	if (!step_find_phdr(step, PT_LOAD, &a))
		return;
	uint64_t paddr = step_phdr(step, a, P_PADDR), memsz = step_phdr(step, a, P_MEMSZ);

	for (unsigned i = 0; i < step_phnum(step); i++) {
		if (step_phdr(step, i, P_TYPE) != PT_LOAD)
			continue;
		step_set_phdr(step, i, P_PADDR, paddr);
		step_set_phdr(step, i, P_MEMSZ, memsz);
		if (step_phdr(step, i, P_FILESZ) > memsz)
			step_set_phdr(step, i, P_FILESZ, memsz);
	}
	step_say(step, "all segments at 0x%llx", (unsigned long long)paddr);
}

static void copy_segment(struct step *step)
{
	unsigned count = step_phnum(step);
	unsigned from = (unsigned)step_random(step, count), to = (unsigned)step_random(step, count);
	bool swap = step_random(step, 2);

	for (unsigned field = 0; field < STEP_PHDR_FIELDS; field++) {
		uint64_t value = step_phdr(step, to, (enum step_phdr)field);

		step_set_phdr(step, to, (enum step_phdr)field,
			      step_phdr(step, from, (enum step_phdr)field));
		if (swap)
			step_set_phdr(step, from, (enum step_phdr)field, value);
	}
	step_say(step, "segment %u %s segment %u", from, swap ? "swapped with" : "copied over", to);
}

static void copy_section(struct step *step)
{
	unsigned count = step_shnum(step);
	unsigned from = (unsigned)step_random(step, count), to = (unsigned)step_random(step, count);

	for (unsigned field = 0; field < STEP_SHDR_FIELDS; field++)
		step_set_shdr(step, to, (enum step_shdr)field,
			      step_shdr(step, from, (enum step_shdr)field));
	step_say(step, "section %u copied over section %u", from, to);
}

/* The same table elsewhere, and each entry of it larger. */
static void widen_table(struct step *step)
{
	bool segments = step_random(step, 2);
	uint64_t size = header(step, segments ? E_PHENTSIZE : E_SHENTSIZE);
	unsigned count = segments ? step_phnum(step) : step_shnum(step);
	uint64_t wider = size + 4 * (1 + step_random(step, 16));
	struct blob table = BLOB_INIT;

	for (unsigned i = 0; i < count; i++) {
		uint64_t at = segments ? phdr_at(step, i) : shdr_at(step, i);

		for (uint64_t j = 0; j < wider && j < 256; j++)
			blob_append_number(&table, j < size ? step_get(step, at + j, 1) : 0, 1);
	}
	if (wider <= 256) {
		set_header(step, segments ? E_PHOFF : E_SHOFF, step_append(step, &table));
		set_header(step, segments ? E_PHENTSIZE : E_SHENTSIZE, wider);
		step_say(step, "%s headers of 0x%llx bytes", segments ? "program" : "section",
			 (unsigned long long)wider);
	}
	blob_free(&table);
}

/* So many that a budget is met. */
static void lengthen_table(struct step *step)
{
	uint64_t size = header(step, E_PHENTSIZE), count = 120 + step_random(step, 20);
	struct blob table = BLOB_INIT;

	if (size > 128)
		return;
	for (unsigned i = 0; i < count; i++)
		for (uint64_t j = 0; j < size; j++)
			blob_append_number(
				&table,
				i < step_phnum(step) ? step_get(step, phdr_at(step, i) + j, 1) : 0,
				1);
	set_header(step, E_PHOFF, step_append(step, &table));
	set_header(step, E_PHNUM, count);
	blob_free(&table);
	step_say(step, "%llu program headers", (unsigned long long)count);
}

/* What numbers too large for the header look like. */
static void number_elsewhere(struct step *step)
{
	if (step_random(step, 2)) {
		step_set_shdr(step, 0, S_SIZE,
			      step_random(step, 3) ? header(step, E_SHNUM)
						   : step_value(step, 0, 8));
		set_header(step, E_SHNUM, 0);
		step_say(step, "the number of sections in section 0");
	} else {
		step_set_shdr(step, 0, S_LINK, header(step, E_SHSTRNDX));
		set_header(step, E_SHSTRNDX, SHN_XINDEX);
		step_say(step, "the section of names in section 0");
	}
}

/* A table that begins shortly before the end of the address space. */
static void wrap_sections(struct step *step)
{
	uint64_t at = UINT64_MAX - step_random(step, 64 * 8);

	set_header(step, E_SHOFF, at);
	step_say(step, "e_shoff = 0x%llx", (unsigned long long)at);
}

void step_elf(struct step *step)
{
	static step_fn *const steps[] = {
		change_header,  change_header,  change_segment,   change_segment, change_segment,
		change_section, change_section, change_section,   move_segment,   move_segment,
		size_segment,   size_segment,   copy_segment,     copy_section,   pile_segments,
		widen_table,    lengthen_table, number_elsewhere, wrap_sections,
	};

	steps[step_random(step, sizeof steps / sizeof steps[0])](step);
}
