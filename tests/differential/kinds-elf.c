/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kinds of files, by their headers and segments. */
#include "differential/kinds.h"

#include <elf.h>
#include <string.h>

#include "support/elf-builder.h"

#define PAGE UINT64_C(4096)
#define GIB_4 (UINT64_C(1) << 32)

/* ---- headers ------------------------------------------------------------------ */

bool has_a_class_of_no_meaning(const struct look *look)
{
	return look->elf && look->class != ELFCLASS32 && look->class != ELFCLASS64;
}

bool is_i386_in_64_bits(const struct look *look)
{
	return look->elf && look->bits == 64 && look->machine == EM_386;
}

bool has_headers_that_overlap(const struct look *look)
{
	uint32_t segment = look->bits == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	uint32_t section = look->bits == 64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);

	return look->elf && ((look->phnum && look->phentsize < segment) ||
			     (look->shoff && look->shentsize < section));
}

bool has_very_many_segments(const struct look *look)
{
	return look->elf && look->phnum > 128;
}

bool has_sections_that_wrap(const struct look *look)
{
	return look->elf && look->shoff > UINT64_MAX - (uint64_t)look->shnum * look->shentsize;
}

bool has_numbers_in_section_0(const struct look *look)
{
	return look->elf && look->shoff && (!look->shnum || look->shstrndx == SHN_XINDEX);
}

/* What libxenguest unpacks with gzip it takes for 16 bytes longer than it is. */
static bool is_gzip(const struct look *look)
{
	enum { MAGIC = 0x8b1f, SETUP_SECTS = 0x1f1, PAYLOAD_OFFSET = 0x248, SECTOR = 512 };
	const struct look file = {.bytes = look->file, .size = look->file_size};
	uint64_t payload = (look_number(&file, SETUP_SECTS, 1) + 1) * SECTOR +
			   look_number(&file, PAYLOAD_OFFSET, 4);

	return look->bytes != look->file &&
	       (look_number(&file, 0, 2) == MAGIC || look_number(&file, payload, 2) == MAGIC);
}

bool has_a_table_that_ends_just_beyond(const struct look *look)
{
	enum { BEYOND = 16 };
	uint64_t segments = look->phoff + (uint64_t)look->phnum * look->phentsize;
	uint64_t sections = look->shoff + (uint64_t)look->shnum * look->shentsize;

	return look->elf && is_gzip(look) &&
	       ((segments > look->size && segments <= look->size + BEYOND) ||
		(sections > look->size && sections <= look->size + BEYOND));
}

/* ---- segments ------------------------------------------------------------------- */

static bool any_segment(const struct look *look,
			bool (*is)(const struct look *look, const struct look_segment *segment))
{
	for (unsigned i = 0; look->elf && i < look->segment_count; i++)
		if (is(look, &look->segments[i]))
			return true;
	return false;
}

static bool is_loaded_from_nowhere(const struct look *look, const struct look_segment *segment)
{
	return look_is_loaded(segment) && segment->filesz &&
	       !look_inside(look, segment->offset, segment->filesz);
}

bool has_a_segment_outside_of_the_file(const struct look *look)
{
	return any_segment(look, is_loaded_from_nowhere);
}

static bool is_larger_in_the_file(const struct look *look, const struct look_segment *segment)
{
	(void)look;
	return look_is_loaded(segment) && segment->filesz > segment->memsz;
}

bool has_a_segment_larger_in_the_file(const struct look *look)
{
	return any_segment(look, is_larger_in_the_file);
}

static bool wraps(const struct look *look, const struct look_segment *segment)
{
	uint64_t most = look->bits == 64 ? UINT64_MAX : UINT32_MAX;

	return look_is_loaded(segment) && segment->memsz &&
	       segment->memsz - 1 > most - segment->paddr;
}

bool has_a_segment_that_wraps(const struct look *look)
{
	return any_segment(look, wraps);
}

static bool has_memory(const struct look *look, const struct look_segment *segment)
{
	(void)look;
	return look_is_loaded(segment) && segment->memsz;
}

bool has_nothing_to_load(const struct look *look)
{
	if (!look->elf)
		return look->theirs->start == look->theirs->end;
	return !any_segment(look, has_memory);
}

bool is_entered_at_its_end(const struct look *look)
{
	return look->elf && look->theirs->entry == look->theirs->end;
}

bool begins_within_a_page(const struct look *look)
{
	return look->theirs->start % PAGE != 0 || look->theirs->virt_base % PAGE != 0;
}

bool ends_beyond_4_gib(const struct look *look)
{
	return strcmp(look->theirs->guest_type, "xen-3.0-x86_32p") == 0 &&
	       look->theirs->end > GIB_4;
}

bool has_a_symbol_table_of_32_bits(const struct look *look)
{
	return look->elf && look->bits == 32 && look->theirs->symtab;
}

bool has_a_hypercall_page_elsewhere(const struct look *look)
{
	uint64_t page = look->theirs->hypercall_page;

	return page % PAGE != 0 || page < look->theirs->virt_base || page >= look->theirs->end;
}

/* Xen's slots are 256 to 271 of the L4 (public xen.h); each is 512 GiB. */
bool has_an_init_p2m_of_no_use(const struct look *look)
{
	enum { SLOT = 39, SLOTS = 512, XEN_FIRST = 256, XEN_LAST = 271 };
	const struct look_note *os = look_xen_note(look, NOTE_GUEST_OS);
	bool is_linux = os && look_inside(look, os->descriptor, 5) &&
			memcmp(look->bytes + os->descriptor, "linux", 5) == 0;
	uint64_t va = look->theirs->init_p2m, base = look->theirs->virt_base;
	uint64_t slot = va >> SLOT & (SLOTS - 1), upper = va >> (SLOT + 8);
	bool canonical = upper == 0 || upper == UINT64_MAX >> (SLOT + 8);

	return look->elf && va != UINT64_MAX &&
	       (va % PAGE || !canonical || (slot >= XEN_FIRST && slot <= XEN_LAST) || va >= base ||
		slot == (base >> SLOT & (SLOTS - 1)) || (is_linux && slot == 0));
}

bool has_the_hypervisor_low(const struct look *look)
{
	const uint64_t xen = 0xf5800000; /* where its part starts where the kernel does not say */

	return strcmp(look->theirs->guest_type, "xen-3.0-x86_32p") == 0 &&
	       look->theirs->hv_start_low < xen;
}

/* libelf counts pages. */
bool is_loaded_more_than_twice(const struct look *look)
{
	uint64_t pages = (look->theirs->end - look->theirs->start + PAGE - 1) / PAGE, all = 0;

	for (unsigned i = 0; look->elf && i < look->segment_count; i++)
		if (look_is_loaded(&look->segments[i]))
			all += look->segments[i].memsz;
	return look->elf && all > 2 * PAGE * pages;
}

bool has_a_symbol_table_that_is_broken(const struct look *look)
{
	if (!look->elf || !look->theirs->symtab)
		return false;
	for (unsigned i = 1; i < look->section_count; i++) {
		const struct look_section *symbols = &look->sections[i], *names;

		if (symbols->type != SHT_SYMTAB)
			continue;
		if (!symbols->link || symbols->link >= look->section_count)
			return true;
		names = &look->sections[symbols->link];
		return names->type != SHT_STRTAB ||
		       !look_inside(look, symbols->offset, symbols->size) ||
		       !look_inside(look, names->offset, names->size);
	}
	return false;
}
