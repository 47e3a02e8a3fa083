/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/symtab.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "core/checked.h"
#include "image/image.h"

/*
 * What libelf lays out, and kernels therefore expect (xen libelf-loader.c). The
 * ELF header takes 64 bytes for either class, the three section headers follow.
 * libelf reserves room as if the size field stood there twice; that the symbols
 * begin behind this room is all that it means.
 */
enum {
	SIZE_FIELD = 4,
	EHDR_ROOM = 64,
	SECTIONS = 3, /* none, symbols, names */
	SYMBOLS = 1,
	NAMES = 2,
	HEADERS_MAX = 2 * SIZE_FIELD + EHDR_ROOM + SECTIONS * sizeof(Elf64_Shdr) + 8,
};

struct tables {
	struct pvb_elf_section symbols, names;
	struct pvb_span symbol_bytes, name_bytes;
};

/* Where things stand, counted from the size field. */
struct layout {
	uint64_t headers, symbols, names, end;
};

static void put(uint8_t *bytes, size_t offset, uint64_t value, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		bytes[offset + i] = (uint8_t)(value >> 8 * i);
}

static int find_tables(const struct pvb_elf *elf, struct tables *tables, bool *found,
		       struct pvb_error *error)
{
	*found = false;
	for (uint32_t i = 1; i < elf->shnum && !*found; i++) {
		pvb_elf_section(elf, i, &tables->symbols);
		*found = tables->symbols.type == SHT_SYMTAB;
	}
	if (!*found)
		return 0;

	uint32_t link = tables->symbols.link;
	if (link == SHN_UNDEF || link >= elf->shnum)
		return pvb_fail(error, PVB_E_ELF_SYMTAB, PVB_IMAGE_STAGE,
				"the kernel wants its symbol table loaded, but its names are said "
				"to be section %" PRIu32 " of %" PRIu32,
				link, elf->shnum);
	pvb_elf_section(elf, link, &tables->names);
	if (tables->names.type != SHT_STRTAB)
		return pvb_fail(error, PVB_E_ELF_SYMTAB, PVB_IMAGE_STAGE,
				"the kernel wants its symbol table loaded, but section %" PRIu32
				", which is to have its names, is of type %" PRIu32,
				link, tables->names.type);
	if (!pvb_span_part(elf->file, tables->symbols.offset, tables->symbols.size,
			   &tables->symbol_bytes) ||
	    !pvb_span_part(elf->file, tables->names.offset, tables->names.size,
			   &tables->name_bytes))
		return pvb_fail(error, PVB_E_ELF_SYMTAB, PVB_IMAGE_STAGE,
				"the kernel wants its symbol table loaded, but the 0x%" PRIx64
				" bytes of it at 0x%" PRIx64 ", or the 0x%" PRIx64
				" bytes of names at 0x%" PRIx64 ", lie outside the file",
				tables->symbols.size, tables->symbols.offset, tables->names.size,
				tables->names.offset);
	return 0;
}

/* Both tables lie in a file that has its limit, so these sums are far from overflowing. */
static struct layout lay_out(const struct pvb_elf *elf, const struct tables *tables, uint64_t unit)
{
	struct layout layout = {0};

	(void)pvb_round_up(UINT64_C(2) * SIZE_FIELD + EHDR_ROOM +
				   (uint64_t)SECTIONS * elf->shentsize,
			   unit, &layout.headers);
	layout.symbols = layout.headers;
	(void)pvb_round_up(layout.symbols + tables->symbol_bytes.size, unit, &layout.names);
	(void)pvb_round_up(layout.names + tables->name_bytes.size, unit, &layout.end);
	return layout;
}

/* A field of the ELF header, in either class. */
struct field {
	size_t at32, at64;
	unsigned width32, width64;
	uint64_t value32, value64;
};

#define FIELD(member, in32, in64)                                                                  \
	{                                                                                          \
		offsetof(Elf32_Ehdr, member), offsetof(Elf64_Ehdr, member),                        \
			sizeof((Elf32_Ehdr *)NULL)->member, sizeof((Elf64_Ehdr *)NULL)->member,    \
			(in32), (in64)                                                             \
	}

static const struct field header_fields[] = {
	FIELD(e_version, EV_CURRENT, EV_CURRENT),
	FIELD(e_ehsize, sizeof(Elf32_Ehdr), sizeof(Elf64_Ehdr)),
	FIELD(e_phoff, 0, 0),
	FIELD(e_phentsize, 0, 0),
	FIELD(e_phnum, 0, 0),
	FIELD(e_shoff, EHDR_ROOM, EHDR_ROOM),
	FIELD(e_shentsize, sizeof(Elf32_Shdr), sizeof(Elf64_Shdr)),
	FIELD(e_shnum, SECTIONS, SECTIONS),
	FIELD(e_shstrndx, SHN_UNDEF, SHN_UNDEF),
};

/* Everything before the symbols. Each byte is set: what is not, is zero (CVE-2016-9384). */
static void make_header(const struct pvb_elf *elf, const struct tables *tables,
			const struct layout *layout, uint8_t *bytes)
{
	bool wide = elf->bits == 64;
	uint8_t *header = bytes + SIZE_FIELD;

	memset(bytes, 0, HEADERS_MAX);
	put(bytes, 0, layout->names + tables->name_bytes.size - SIZE_FIELD, SIZE_FIELD);
	(void)pvb_span_copy(elf->file, 0, header, wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr));
	for (size_t i = 0; i < sizeof header_fields / sizeof header_fields[0]; i++) {
		const struct field *field = &header_fields[i];

		if (wide)
			put(header, field->at64, field->value64, field->width64);
		else
			put(header, field->at32, field->value32, field->width32);
	}

	/* The section headers as they were, but for where the bytes are now. */
	size_t at_offset = wide ? offsetof(Elf64_Shdr, sh_offset) : offsetof(Elf32_Shdr, sh_offset);
	size_t at_link = wide ? offsetof(Elf64_Shdr, sh_link) : offsetof(Elf32_Shdr, sh_link);
	uint8_t *symbols = header + EHDR_ROOM + (size_t)SYMBOLS * elf->shentsize;
	uint8_t *names = header + EHDR_ROOM + (size_t)NAMES * elf->shentsize;

	(void)pvb_span_copy(tables->symbols.raw, 0, symbols, elf->shentsize);
	(void)pvb_span_copy(tables->names.raw, 0, names, elf->shentsize);
	put(symbols, at_offset, layout->symbols - SIZE_FIELD, elf->bits / 8);
	put(symbols, at_link, NAMES, 4);
	put(names, at_offset, layout->names - SIZE_FIELD, elf->bits / 8);
}

/* From one place of the file to another, through a buffer: a hole that is looked at is filled. */
static int append(struct pvb_store *store, const struct pvb_limits *limits, uint64_t to,
		  uint64_t from, uint64_t size, struct pvb_error *error)
{
	uint8_t buffer[4 * PVB_STORE_HOLE];

	while (size) {
		const uint64_t before = store->stored;
		size_t part = (size_t)pvb_min(size, sizeof buffer);
		int rc = pvb_store_get(store, from, buffer, part, error);

		if (!rc)
			rc = pvb_store_put(store, to, buffer, part, error);
		limits->cost->grown += store->stored - before;
		if (!rc)
			rc = pvb_limits_check_growth(limits, error);
		if (rc)
			return rc;
		from += part;
		to += part;
		size -= part;
	}
	return 0;
}

static int write_table(const struct pvb_elf *elf, const struct tables *tables,
		       const struct layout *layout, struct pvb_store *store,
		       const struct pvb_limits *limits, struct pvb_error *error)
{
	const uint64_t offset = elf->file.size;
	uint8_t headers[HEADERS_MAX];

	make_header(elf, tables, layout, headers);
	int rc = pvb_store_put(store, offset, headers, layout->headers, error);
	if (!rc)
		rc = append(store, limits, offset + layout->symbols, tables->symbols.offset,
			    tables->symbols.size, error);
	if (!rc)
		rc = append(store, limits, offset + layout->names, tables->names.offset,
			    tables->names.size, error);
	return rc ? rc : pvb_store_finish(store, offset + layout->end, error);
}

int pvb_symtab_append(const struct pvb_elf *elf, struct pvb_store *store,
		      const struct pvb_limits *limits, struct pvb_symtab *symtab,
		      struct pvb_error *error)
{
	const uint64_t offset = elf->file.size;
	uint64_t unit = elf->bits == 64 ? 8 : 4;
	struct tables tables = {0};
	bool found;
	int rc = find_tables(elf, &tables, &found, error);

	*symtab = (struct pvb_symtab){0};
	if (rc || !found)
		return rc;

	struct layout layout = lay_out(elf, &tables, unit);

	if (layout.end > UINT32_MAX)
		return pvb_fail(error, PVB_E_ELF_SYMTAB, PVB_IMAGE_STAGE,
				"the kernel wants its symbol table loaded, but with 0x%" PRIx64
				" bytes it is larger than its size field can say",
				layout.end);
	/* Its two sections may each name the whole file, which would treble it. */
	rc = pvb_limits_check(limits, 0, offset + layout.end, "its symbol table", error);
	if (!rc)
		rc = write_table(elf, &tables, &layout, store, limits, error);
	if (rc)
		return rc;
	*symtab = (struct pvb_symtab){
		.present = true,
		.offset = offset,
		.size = layout.end,
		.alignment = unit,
	};
	return 0;
}
