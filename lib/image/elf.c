/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/elf.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/checked.h"
#include "image/image.h"

/*
 * Where the fields of one class stand. The sizes of addresses and offsets are
 * the only other difference, apart from where p_flags is.
 */
struct layout {
	unsigned ehdr, phdr, shdr;
	unsigned entry, phoff, shoff, phentsize;
	unsigned p_flags, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align;
	unsigned sh_offset, sh_size, sh_link, sh_info, sh_align;
};

#define FIELD(type, member) offsetof(type, member)
#define LAYOUT(bits)                                                                               \
	{                                                                                          \
		.ehdr = sizeof(Elf##bits##_Ehdr), .phdr = sizeof(Elf##bits##_Phdr),                \
		.shdr = sizeof(Elf##bits##_Shdr), .entry = FIELD(Elf##bits##_Ehdr, e_entry),       \
		.phoff = FIELD(Elf##bits##_Ehdr, e_phoff),                                         \
		.shoff = FIELD(Elf##bits##_Ehdr, e_shoff),                                         \
		.phentsize = FIELD(Elf##bits##_Ehdr, e_phentsize),                                 \
		.p_flags = FIELD(Elf##bits##_Phdr, p_flags),                                       \
		.p_offset = FIELD(Elf##bits##_Phdr, p_offset),                                     \
		.p_vaddr = FIELD(Elf##bits##_Phdr, p_vaddr),                                       \
		.p_paddr = FIELD(Elf##bits##_Phdr, p_paddr),                                       \
		.p_filesz = FIELD(Elf##bits##_Phdr, p_filesz),                                     \
		.p_memsz = FIELD(Elf##bits##_Phdr, p_memsz),                                       \
		.p_align = FIELD(Elf##bits##_Phdr, p_align),                                       \
		.sh_offset = FIELD(Elf##bits##_Shdr, sh_offset),                                   \
		.sh_size = FIELD(Elf##bits##_Shdr, sh_size),                                       \
		.sh_link = FIELD(Elf##bits##_Shdr, sh_link),                                       \
		.sh_info = FIELD(Elf##bits##_Shdr, sh_info),                                       \
		.sh_align = FIELD(Elf##bits##_Shdr, sh_addralign),                                 \
	}

static const struct layout layout32 = LAYOUT(32);
static const struct layout layout64 = LAYOUT(64);

static const struct layout *layout_of(const struct pvb_elf *elf)
{
	return elf->bits == 64 ? &layout64 : &layout32;
}

/* Fields of records whose size was checked: a read that misses yields 0, never a byte outside. */
static uint16_t u16(struct pvb_span record, unsigned offset)
{
	uint16_t value = 0;

	(void)pvb_span_u16(record, offset, &value);
	return value;
}

static uint32_t u32(struct pvb_span record, unsigned offset)
{
	uint32_t value = 0;

	(void)pvb_span_u32(record, offset, &value);
	return value;
}

static uint64_t word(const struct pvb_elf *elf, struct pvb_span record, unsigned offset)
{
	uint64_t value = 0;

	if (elf->bits == 32)
		return u32(record, offset);
	(void)pvb_span_u64(record, offset, &value);
	return value;
}

const char *pvb_elf_machine_name(uint16_t machine)
{
	switch (machine) {
	case EM_386:
		return "i386";
	case EM_X86_64:
		return "x86-64";
	case EM_AARCH64:
		return "aarch64";
	default:
		return "unknown";
	}
}

static int check_machine(const struct pvb_elf *elf, struct pvb_error *error)
{
	unsigned wants;
	int rc;

	switch (elf->machine) {
	case EM_386:
		wants = 32;
		break;
	case EM_X86_64:
	case EM_AARCH64:
		wants = 64;
		break;
	default:
		rc = pvb_fail(error, PVB_E_ELF_MACHINE, PVB_IMAGE_STAGE,
			      "an ELF for machine %u; PV guests are x86-64 (%u) or i386 (%u)",
			      elf->machine, EM_X86_64, EM_386);
		return rc;
	}
	/* An x86-64 ELF of 32 bits has 32-bit addresses in its headers, for a 64-bit guest. */
	if (elf->bits == wants || (elf->machine == EM_X86_64 && elf->bits == 32))
		return 0;
	return pvb_fail(error, PVB_E_ELF_CLASS, PVB_IMAGE_STAGE,
			"an ELF of %u bits for %s, which goes with %u bits", elf->bits,
			pvb_elf_machine_name(elf->machine), wants);
}

/* Headers may be larger than what this reader knows of, not smaller: they would overlap. */
static int check_stride(const char *what, unsigned stride, unsigned least, struct pvb_error *error)
{
	if (stride >= least)
		return 0;
	return pvb_fail(error, PVB_E_ELF_HEADER, PVB_IMAGE_STAGE,
			"the ELF header's size of a %s header is %u, less than the %u bytes that "
			"one has",
			what, stride, least);
}

/*
 * The header's own versions are not looked at, here no more than in libelf: there has been one
 * since 1995, and files that leave the fields 0 run everywhere.
 */
int pvb_elf_header(struct pvb_span head, struct pvb_elf *elf, struct pvb_error *error)
{
	struct pvb_span record;

	*elf = (struct pvb_elf){0};
	if (!pvb_span_part(head, 0, EI_NIDENT, &record))
		return pvb_fail(error, PVB_E_IMAGE_TRUNCATED, PVB_IMAGE_STAGE,
				"the file ends within the ELF header, after %" PRIu64 " bytes",
				head.size);
	if (record.bytes[EI_CLASS] != ELFCLASS32 && record.bytes[EI_CLASS] != ELFCLASS64)
		return pvb_fail(error, PVB_E_ELF_HEADER, PVB_IMAGE_STAGE,
				"the ELF header's class is %u, neither 1 (32 bits) nor 2 (64 bits)",
				record.bytes[EI_CLASS]);
	if (record.bytes[EI_DATA] != ELFDATA2LSB)
		return pvb_fail(error, PVB_E_ELF_HEADER, PVB_IMAGE_STAGE,
				"the ELF header's byte order is %u instead of %u (little-endian)",
				record.bytes[EI_DATA], ELFDATA2LSB);
	elf->bits = record.bytes[EI_CLASS] == ELFCLASS64 ? 64 : 32;

	const struct layout *layout = layout_of(elf);
	if (!pvb_span_part(head, 0, layout->ehdr, &record))
		return pvb_fail(error, PVB_E_IMAGE_TRUNCATED, PVB_IMAGE_STAGE,
				"the file ends within the ELF header, after %" PRIu64
				" of its %u bytes",
				head.size, layout->ehdr);
	elf->machine = u16(record, FIELD(Elf64_Ehdr, e_machine));
	elf->entry = word(elf, record, layout->entry);
	elf->phoff = word(elf, record, layout->phoff);
	elf->shoff = word(elf, record, layout->shoff);
	/* Five 16-bit fields in a row: phentsize, phnum, shentsize, shnum, shstrndx. */
	elf->phstride = u16(record, layout->phentsize);
	elf->phnum = u16(record, layout->phentsize + 2);
	elf->shstride = u16(record, layout->phentsize + 4);
	elf->shnum = u16(record, layout->phentsize + 6);
	elf->shstrndx = u16(record, layout->phentsize + 8);
	elf->phentsize = (uint16_t)layout->phdr;
	elf->shentsize = (uint16_t)layout->shdr;

	int rc = check_machine(elf, error);
	if (!rc && elf->phnum)
		rc = check_stride("program", elf->phstride, elf->phentsize, error);
	if (rc)
		return rc;
	if (elf->phnum > PVB_BUDGET_SEGMENTS)
		return pvb_fail(error, PVB_E_ELF_HEADER, PVB_IMAGE_STAGE,
				"the ELF header says that there are %u program headers; no kernel "
				"has more than a few, and %u is the limit",
				elf->phnum, PVB_BUDGET_SEGMENTS);
	if (!elf->shoff)
		elf->shnum = 0;
	return elf->shnum ? check_stride("section", elf->shstride, elf->shentsize, error) : 0;
}

void pvb_elf_decode_segment(const struct pvb_elf *elf, struct pvb_span raw,
			    struct pvb_elf_segment *segment)
{
	const struct layout *layout = layout_of(elf);

	*segment = (struct pvb_elf_segment){
		.type = u32(raw, 0),
		.flags = u32(raw, layout->p_flags),
		.offset = word(elf, raw, layout->p_offset),
		.vaddr = word(elf, raw, layout->p_vaddr),
		.paddr = word(elf, raw, layout->p_paddr),
		.filesz = word(elf, raw, layout->p_filesz),
		.memsz = word(elf, raw, layout->p_memsz),
		.align = word(elf, raw, layout->p_align),
	};
}

void pvb_elf_decode_section(const struct pvb_elf *elf, struct pvb_span raw,
			    struct pvb_elf_section *section)
{
	const struct layout *layout = layout_of(elf);

	*section = (struct pvb_elf_section){
		.name = u32(raw, 0),
		.type = u32(raw, 4),
		.offset = word(elf, raw, layout->sh_offset),
		.size = word(elf, raw, layout->sh_size),
		.link = u32(raw, layout->sh_link),
		.info = u32(raw, layout->sh_info),
		.align = word(elf, raw, layout->sh_align),
		.raw = raw,
	};
	section->in_file = section->type != SHT_NULL && section->type != SHT_NOBITS;
}

bool pvb_elf_is_loaded(const struct pvb_elf_segment *segment)
{
	return segment->type == PT_LOAD && segment->flags & (PF_R | PF_W | PF_X) && segment->memsz;
}

/* What a stride has behind the last header is not read, but counts, as in libelf. */
static bool table_fits(const struct pvb_elf *elf, uint64_t offset, uint64_t count, unsigned stride)
{
	uint64_t size;

	return pvb_mul(count, stride, &size) && pvb_span_has(elf->file, offset, size);
}

static int table_outside(const struct pvb_elf *elf, const char *what, uint64_t offset,
			 uint64_t count, unsigned entry, struct pvb_error *error)
{
	return pvb_fail(error, PVB_E_ELF_TABLE, PVB_IMAGE_STAGE,
			"the ELF header says that %" PRIu64
			" %s headers of %u bytes stand at 0x%" PRIx64
			", but the file has only 0x%" PRIx64 " bytes",
			count, what, entry, offset, elf->file.size);
}

/* Numbers too large for the header's 16 bits stand in section 0 (System V ABI, "Sections"). */
static int extended_numbers(struct pvb_elf *elf, struct pvb_error *error)
{
	struct pvb_elf_section first;

	if (!elf->shoff || (elf->shnum && elf->shstrndx != SHN_XINDEX))
		return 0;
	int rc = check_stride("section", elf->shstride, elf->shentsize, error);
	if (rc)
		return rc;
	if (!table_fits(elf, elf->shoff, 1, elf->shstride))
		return table_outside(elf, "section", elf->shoff, 1, elf->shstride, error);
	pvb_elf_section(elf, 0, &first);
	if (!elf->shnum) {
		if (first.size > UINT32_MAX)
			return table_outside(elf, "section", elf->shoff, first.size, elf->shstride,
					     error);
		elf->shnum = (uint32_t)first.size;
	}
	if (elf->shstrndx == SHN_XINDEX)
		elf->shstrndx = first.link;
	return 0;
}

int pvb_elf_open(struct pvb_span file, struct pvb_elf *elf, struct pvb_error *error)
{
	int rc = pvb_elf_header(file, elf, error);

	if (rc)
		return rc;
	elf->file = file;
	if (elf->phnum && !table_fits(elf, elf->phoff, elf->phnum, elf->phstride))
		return table_outside(elf, "program", elf->phoff, elf->phnum, elf->phstride, error);
	rc = extended_numbers(elf, error);
	if (rc)
		return rc;
	if (elf->shnum && !table_fits(elf, elf->shoff, elf->shnum, elf->shstride))
		return table_outside(elf, "section", elf->shoff, elf->shnum, elf->shstride, error);
	if (elf->shnum > PVB_BUDGET_SECTIONS)
		return pvb_fail(error, PVB_E_ELF_HEADER, PVB_IMAGE_STAGE,
				"the ELF says that there are %" PRIu32
				" section headers; %u is the limit",
				elf->shnum, PVB_BUDGET_SECTIONS);
	return 0;
}

/* An entry of a table that was checked to lie in the file: were it not, it would be all zero. */
static struct pvb_span table_entry(const struct pvb_elf *elf, uint64_t table, uint32_t index,
				   unsigned stride, unsigned size)
{
	static const uint8_t nothing[PVB_ELF_SHDR_MAX];
	struct pvb_span raw = pvb_span(nothing, size);

	(void)pvb_span_part(elf->file, table + (uint64_t)index * stride, size, &raw);
	return raw;
}

void pvb_elf_segment(const struct pvb_elf *elf, uint32_t index, struct pvb_elf_segment *segment)
{
	pvb_elf_decode_segment(
		elf, table_entry(elf, elf->phoff, index, elf->phstride, elf->phentsize), segment);
}

void pvb_elf_section(const struct pvb_elf *elf, uint32_t index, struct pvb_elf_section *section)
{
	pvb_elf_decode_section(
		elf, table_entry(elf, elf->shoff, index, elf->shstride, elf->shentsize), section);
}

int pvb_elf_section_bytes(const struct pvb_elf *elf, const struct pvb_elf_section *section,
			  const char *what, struct pvb_span *bytes, struct pvb_error *error)
{
	if (section->in_file && pvb_span_part(elf->file, section->offset, section->size, bytes))
		return 0;
	return pvb_fail(error, PVB_E_ELF_SECTION, PVB_IMAGE_STAGE,
			"%s: 0x%" PRIx64 " bytes at 0x%" PRIx64
			" of the file, which has only 0x%" PRIx64,
			what, section->size, section->offset, elf->file.size);
}

void pvb_elf_find_section(const struct pvb_elf *elf, const char *name,
			  struct pvb_elf_section *section, bool *found)
{
	struct pvb_elf_section strings;
	struct pvb_span names, here;

	*found = false;
	/* No table of names is no fault: then no section has one. */
	if (elf->shstrndx == SHN_UNDEF || elf->shstrndx >= elf->shnum)
		return;
	/* They are read as far as the file goes, and whatever their section's type is. */
	pvb_elf_section(elf, elf->shstrndx, &strings);
	if (!pvb_span_has(elf->file, strings.offset, 0) ||
	    !pvb_span_part(elf->file, strings.offset,
			   pvb_min(strings.size, elf->file.size - strings.offset), &names))
		return;

	for (uint32_t i = 1; i < elf->shnum && !*found; i++) {
		pvb_elf_section(elf, i, section);
		*found = pvb_span_part(names, section->name, strlen(name) + 1, &here) &&
			 memcmp(here.bytes, name, here.size) == 0;
	}
}
