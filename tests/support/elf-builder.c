/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support/test.h"

#include <elf.h>

#include "support/elf-builder.h"

/* ---- where the fields stand, by class ------------------------------------ */

struct place {
	uint8_t offset;
	uint8_t width;
};

static const struct place header_fields[2][15] = {
	{
		[EH_CLASS] = {4, 1},
		[EH_DATA] = {5, 1},
		[EH_IDENT_VERSION] = {6, 1},
		[EH_TYPE] = {16, 2},
		[EH_MACHINE] = {18, 2},
		[EH_VERSION] = {20, 4},
		[EH_ENTRY] = {24, 4},
		[EH_PHOFF] = {28, 4},
		[EH_SHOFF] = {32, 4},
		[EH_EHSIZE] = {40, 2},
		[EH_PHENTSIZE] = {42, 2},
		[EH_PHNUM] = {44, 2},
		[EH_SHENTSIZE] = {46, 2},
		[EH_SHNUM] = {48, 2},
		[EH_SHSTRNDX] = {50, 2},
	},
	{
		[EH_CLASS] = {4, 1},
		[EH_DATA] = {5, 1},
		[EH_IDENT_VERSION] = {6, 1},
		[EH_TYPE] = {16, 2},
		[EH_MACHINE] = {18, 2},
		[EH_VERSION] = {20, 4},
		[EH_ENTRY] = {24, 8},
		[EH_PHOFF] = {32, 8},
		[EH_SHOFF] = {40, 8},
		[EH_EHSIZE] = {52, 2},
		[EH_PHENTSIZE] = {54, 2},
		[EH_PHNUM] = {56, 2},
		[EH_SHENTSIZE] = {58, 2},
		[EH_SHNUM] = {60, 2},
		[EH_SHSTRNDX] = {62, 2},
	},
};

static const struct place ph_fields[2][8] = {
	{
		[PH_TYPE] = {0, 4},
		[PH_OFFSET] = {4, 4},
		[PH_VADDR] = {8, 4},
		[PH_PADDR] = {12, 4},
		[PH_FILESZ] = {16, 4},
		[PH_MEMSZ] = {20, 4},
		[PH_FLAGS] = {24, 4},
		[PH_ALIGN] = {28, 4},
	},
	{
		[PH_TYPE] = {0, 4},
		[PH_FLAGS] = {4, 4},
		[PH_OFFSET] = {8, 8},
		[PH_VADDR] = {16, 8},
		[PH_PADDR] = {24, 8},
		[PH_FILESZ] = {32, 8},
		[PH_MEMSZ] = {40, 8},
		[PH_ALIGN] = {48, 8},
	},
};

static const struct place sh_fields[2][SH_ALIGN + 1] = {
	{
		[SH_NAME] = {0, 4},
		[SH_TYPE] = {4, 4},
		[SH_FLAGS] = {8, 4},
		[SH_ADDR] = {12, 4},
		[SH_OFFSET] = {16, 4},
		[SH_SIZE] = {20, 4},
		[SH_LINK] = {24, 4},
		[SH_INFO] = {28, 4},
		[SH_ALIGN] = {32, 4},
		[SH_ENTSIZE] = {36, 4},
	},
	{
		[SH_NAME] = {0, 4},
		[SH_TYPE] = {4, 4},
		[SH_FLAGS] = {8, 8},
		[SH_ADDR] = {16, 8},
		[SH_OFFSET] = {24, 8},
		[SH_SIZE] = {32, 8},
		[SH_LINK] = {40, 4},
		[SH_INFO] = {44, 4},
		[SH_ALIGN] = {48, 8},
		[SH_ENTSIZE] = {56, 8},
	},
};

enum { EHDR32 = 52, EHDR64 = 64, PHDR32 = 32, PHDR64 = 56, SHDR32 = 40, SHDR64 = 64 };

static unsigned wide(const struct blob *elf)
{
	return elf->bytes[EI_CLASS] == ELFCLASS64;
}

void elf_set(struct blob *elf, enum elf_field field, uint64_t value)
{
	const struct place *place = &header_fields[wide(elf)][field];

	blob_put(elf, place->offset, value, place->width);
}

uint64_t elf_get(const struct blob *elf, enum elf_field field)
{
	const struct place *place = &header_fields[wide(elf)][field];

	return blob_get(elf, place->offset, place->width);
}

static size_t ph_at(const struct blob *elf, unsigned index)
{
	return elf_get(elf, EH_PHOFF) + index * (wide(elf) ? PHDR64 : PHDR32);
}

static size_t sh_at(const struct blob *elf, unsigned index)
{
	return elf_get(elf, EH_SHOFF) + index * (wide(elf) ? SHDR64 : SHDR32);
}

void elf_set_ph(struct blob *elf, unsigned index, enum elf_ph_field field, uint64_t value)
{
	const struct place *place = &ph_fields[wide(elf)][field];

	blob_put(elf, ph_at(elf, index) + place->offset, value, place->width);
}

uint64_t elf_get_ph(const struct blob *elf, unsigned index, enum elf_ph_field field)
{
	const struct place *place = &ph_fields[wide(elf)][field];

	return blob_get(elf, ph_at(elf, index) + place->offset, place->width);
}

void elf_set_sh(struct blob *elf, unsigned index, enum elf_sh_field field, uint64_t value)
{
	const struct place *place = &sh_fields[wide(elf)][field];

	blob_put(elf, sh_at(elf, index) + place->offset, value, place->width);
}

uint64_t elf_get_sh(const struct blob *elf, unsigned index, enum elf_sh_field field)
{
	const struct place *place = &sh_fields[wide(elf)][field];

	return blob_get(elf, sh_at(elf, index) + place->offset, place->width);
}

/* ---- putting it together --------------------------------------------------- */

static struct elf_builder_part *new_segment(struct elf_builder *b)
{
	assert_true(b->segment_count < ELF_BUILDER_MAX);
	return &b->segments[b->segment_count++];
}

unsigned elf_add_segment(struct elf_builder *b, uint32_t type, uint64_t paddr, struct blob *bytes,
			 uint64_t memsz)
{
	struct elf_builder_part *part = new_segment(b);

	*part = (struct elf_builder_part){
		.type = type,
		.flags = PF_R | (type == PT_LOAD ? PF_W | PF_X : 0),
		.vaddr = paddr,
		.paddr = paddr,
		.memsz = memsz,
		.align = 4,
		.bytes = *bytes,
	};
	*bytes = (struct blob)BLOB_INIT;
	return b->segment_count - 1;
}

unsigned elf_add_load(struct elf_builder *b, uint64_t paddr, uint64_t filesz, uint64_t memsz)
{
	struct blob bytes = BLOB_INIT;

	blob_append(&bytes, NULL, filesz);
	for (size_t i = 0; i < filesz; i++)
		bytes.bytes[i] = (uint8_t)(i * 7 + i / 251 + 31 * b->segment_count + 1);
	return elf_add_segment(b, PT_LOAD, paddr, &bytes, memsz);
}

unsigned elf_add_note_segment(struct elf_builder *b, struct blob *notes)
{
	return elf_add_segment(b, PT_NOTE, 0, notes, 0);
}

unsigned elf_add_section(struct elf_builder *b, const char *name, uint32_t type, struct blob *bytes)
{
	assert_true(b->section_count < ELF_BUILDER_MAX);
	b->sections[b->section_count++] = (struct elf_builder_part){
		.name = name,
		.type = type,
		.bytes = *bytes,
		.align = 4,
	};
	*bytes = (struct blob)BLOB_INIT;
	return b->section_count;
}

unsigned elf_add_note_section(struct elf_builder *b, const char *name, struct blob *notes)
{
	return elf_add_section(b, name, SHT_NOTE, notes);
}

unsigned elf_add_xen_guest(struct elf_builder *b, const char *string)
{
	struct blob bytes = BLOB_INIT;

	blob_append(&bytes, string, strlen(string) + 1);
	return elf_add_section(b, "__xen_guest", SHT_PROGBITS, &bytes);
}

unsigned elf_add_symbols(struct elf_builder *b, unsigned count)
{
	unsigned entry = b->bits == 64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	struct blob symbols = BLOB_INIT, names = BLOB_INIT;

	blob_append(&symbols, NULL, entry);
	blob_append_number(&names, 0, 1);
	for (unsigned i = 0; i < count; i++) {
		size_t at = blob_append(&symbols, NULL, entry);

		blob_put(&symbols, at, names.size, 4);
		blob_put(&symbols, at + (b->bits == 64 ? 8 : 4), 0x1000 + i * 16, 4);
		char name[24];
		(void)snprintf(name, sizeof name, "symbol_%u", i);
		blob_append(&names, name, strlen(name) + 1);
	}

	unsigned symtab = elf_add_section(b, ".symtab", SHT_SYMTAB, &symbols);
	unsigned strtab = elf_add_section(b, ".strtab", SHT_STRTAB, &names);

	b->sections[symtab - 1].link = strtab;
	b->sections[symtab - 1].entsize = entry;
	b->sections[symtab - 1].align = 8;
	return symtab;
}

static uint64_t put_bytes(struct blob *elf, struct elf_builder_part *part)
{
	if (part->has_offset)
		return part->offset;
	blob_align(elf, 16);
	return blob_append_blob(elf, &part->bytes);
}

struct blob elf_build(struct elf_builder *b)
{
	struct blob elf = BLOB_INIT, names = BLOB_INIT;
	bool is64 = b->bits == 64;

	blob_append(&elf, NULL, is64 ? EHDR64 : EHDR32);
	blob_put(&elf, 0, 0x464c457f, 4);
	elf.bytes[EI_CLASS] = is64 ? ELFCLASS64 : ELFCLASS32;
	elf_set(&elf, EH_DATA, ELFDATA2LSB);
	elf_set(&elf, EH_IDENT_VERSION, EV_CURRENT);
	elf_set(&elf, EH_TYPE, ET_EXEC);
	elf_set(&elf, EH_MACHINE, b->machine);
	elf_set(&elf, EH_VERSION, EV_CURRENT);
	elf_set(&elf, EH_ENTRY, b->entry);
	elf_set(&elf, EH_EHSIZE, is64 ? EHDR64 : EHDR32);
	elf_set(&elf, EH_PHENTSIZE, is64 ? PHDR64 : PHDR32);
	elf_set(&elf, EH_PHNUM, b->segment_count);
	elf_set(&elf, EH_PHOFF, elf.size);
	blob_append(&elf, NULL, b->segment_count * (is64 ? PHDR64 : PHDR32));

	for (unsigned i = 0; i < b->segment_count; i++) {
		struct elf_builder_part *part = &b->segments[i];

		elf_set_ph(&elf, i, PH_TYPE, part->type);
		elf_set_ph(&elf, i, PH_FLAGS, part->flags);
		elf_set_ph(&elf, i, PH_OFFSET, put_bytes(&elf, part));
		elf_set_ph(&elf, i, PH_VADDR, part->vaddr);
		elf_set_ph(&elf, i, PH_PADDR, part->paddr);
		elf_set_ph(&elf, i, PH_FILESZ, part->bytes.size);
		elf_set_ph(&elf, i, PH_MEMSZ, part->memsz);
		elf_set_ph(&elf, i, PH_ALIGN, part->align);
		blob_free(&part->bytes);
	}

	uint64_t at[ELF_BUILDER_MAX] = {0}, name_at[ELF_BUILDER_MAX + 1];

	blob_append_number(&names, 0, 1);
	for (unsigned i = 0; i < b->section_count; i++) {
		at[i] = put_bytes(&elf, &b->sections[i]);
		name_at[i] =
			blob_append(&names, b->sections[i].name, strlen(b->sections[i].name) + 1);
	}
	name_at[b->section_count] = blob_append(&names, ".shstrtab", sizeof ".shstrtab");

	if (!b->no_section_table) {
		unsigned strings = b->section_count + 1;
		uint64_t strings_at = blob_append_blob(&elf, &names);

		blob_align(&elf, 8);
		elf_set(&elf, EH_SHENTSIZE, is64 ? SHDR64 : SHDR32);
		elf_set(&elf, EH_SHNUM, strings + 1);
		elf_set(&elf, EH_SHSTRNDX, strings);
		elf_set(&elf, EH_SHOFF, elf.size);
		blob_append(&elf, NULL, (strings + 1) * (is64 ? SHDR64 : SHDR32));
		for (unsigned i = 0; i < b->section_count; i++) {
			struct elf_builder_part *part = &b->sections[i];

			elf_set_sh(&elf, i + 1, SH_NAME, name_at[i]);
			elf_set_sh(&elf, i + 1, SH_TYPE, part->type);
			elf_set_sh(&elf, i + 1, SH_FLAGS, part->flags);
			elf_set_sh(&elf, i + 1, SH_ADDR, part->vaddr);
			elf_set_sh(&elf, i + 1, SH_OFFSET, at[i]);
			elf_set_sh(&elf, i + 1, SH_SIZE, part->bytes.size);
			elf_set_sh(&elf, i + 1, SH_LINK, part->link);
			elf_set_sh(&elf, i + 1, SH_ALIGN, part->align);
			elf_set_sh(&elf, i + 1, SH_ENTSIZE, part->entsize);
		}
		elf_set_sh(&elf, strings, SH_NAME, name_at[b->section_count]);
		elf_set_sh(&elf, strings, SH_TYPE, SHT_STRTAB);
		elf_set_sh(&elf, strings, SH_OFFSET, strings_at);
		elf_set_sh(&elf, strings, SH_SIZE, names.size);
	}
	for (unsigned i = 0; i < b->section_count; i++)
		blob_free(&b->sections[i].bytes);
	blob_free(&names);
	b->segment_count = b->section_count = 0;
	return elf;
}

/* ---- notes ------------------------------------------------------------------- */

size_t note_add(struct blob *notes, const char *owner, uint32_t type, const void *desc, size_t size)
{
	size_t at = notes->size;

	blob_append_number(notes, strlen(owner) + 1, 4);
	blob_append_number(notes, size, 4);
	blob_append_number(notes, type, 4);
	blob_append(notes, owner, strlen(owner) + 1);
	blob_align(notes, 4);
	blob_append(notes, desc, size);
	blob_align(notes, 4);
	return at;
}

size_t note_add_text(struct blob *notes, enum xen_note type, const char *text)
{
	return note_add(notes, "Xen", type, text, strlen(text) + 1);
}

size_t note_add_number(struct blob *notes, enum xen_note type, uint64_t value, unsigned width)
{
	uint8_t desc[8];

	for (unsigned i = 0; i < width; i++)
		desc[i] = (uint8_t)(value >> 8 * i);
	return note_add(notes, "Xen", type, desc, width);
}

struct blob xen_notes(unsigned bits)
{
	struct blob notes = BLOB_INIT;

	note_add_text(&notes, NOTE_GUEST_OS, "Test");
	note_add_text(&notes, NOTE_XEN_VERSION, "xen-3.0");
	note_add_text(&notes, NOTE_LOADER, "generic");
	if (bits == 32)
		note_add_text(&notes, NOTE_PAE_MODE, "yes");
	return notes;
}

/* ---- whole kernels ------------------------------------------------------------- */

struct elf_builder linux_like(unsigned bits)
{
	static const char features[] = "!writable_page_tables|pae_pgdir_above_4gb";
	bool is64 = bits == 64;
	uint64_t base = is64 ? UINT64_C(0xffffffff80000000) : 0xc0000000;
	unsigned width = bits / 8;
	struct elf_builder b = {.bits = bits, .machine = is64 ? EM_X86_64 : EM_386};
	struct blob notes = BLOB_INIT;

	elf_add_load(&b, 0x1000000, 0x3000, 0x3000);
	elf_add_load(&b, 0x1200000, 0x1800, 0x4000);
	for (unsigned i = 0; i < b.segment_count; i++)
		b.segments[i].vaddr = base + b.segments[i].paddr;
	b.entry = 0x1000000;
	note_add(&notes, "Linux", 0x101, "\0\0\0", 4);
	note_add_text(&notes, NOTE_GUEST_OS, "linux");
	note_add_text(&notes, NOTE_GUEST_VERSION, "2.6");
	note_add_text(&notes, NOTE_XEN_VERSION, "xen-3.0");
	note_add_number(&notes, NOTE_VIRT_BASE, base, width);
	if (is64)
		note_add_number(&notes, NOTE_INIT_P2M, UINT64_C(0x8000000000), 8);
	note_add_number(&notes, NOTE_ENTRY, base + 0x1200100, width);
	note_add_number(&notes, NOTE_HYPERCALL_PAGE, base + 0x1001000, width);
	note_add(&notes, "Xen", NOTE_FEATURES, features, sizeof features - 1);
	note_add_text(&notes, NOTE_PAE_MODE, "yes");
	note_add(&notes, "Xen", NOTE_L1_MFN_VALID, "\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16);
	note_add_number(&notes, NOTE_MOD_START_PFN, 1, 4);
	note_add_number(&notes, NOTE_PADDR_OFFSET, 0, width);
	note_add_number(&notes, NOTE_SUPPORTED_FEATURES, 0x8801, 4);
	note_add_text(&notes, NOTE_LOADER, "generic");
	note_add_number(&notes, NOTE_SUSPEND_CANCEL, 1, 4);
	if (!is64)
		note_add_number(&notes, NOTE_HV_START_LOW, 0xf5800000, 4);
	elf_add_note_segment(&b, &notes);
	return b;
}

struct blob small_kernel(unsigned bits)
{
	struct elf_builder b = {.bits = bits, .machine = bits == 64 ? EM_X86_64 : EM_386};
	struct blob notes = xen_notes(bits);

	elf_add_load(&b, 0, 0x1000, 0x2000);
	elf_add_note_segment(&b, &notes);
	return elf_build(&b);
}

/* ---- bzImage ----------------------------------------------------------------------- */

struct blob bzimage_build(const struct bzimage *spec, struct blob *payload)
{
	struct blob image = BLOB_INIT;
	const char *version = spec->version ? spec->version : "6.1.0-test (tests@example) #1";
	unsigned sects = spec->setup_sects ? spec->setup_sects : 4;
	uint32_t offset = spec->payload_offset ? spec->payload_offset : 0x2cc;
	uint16_t protocol = spec->protocol ? spec->protocol : 0x020f;

	if (!spec->no_size_trailer)
		blob_append_number(payload, spec->unpacked_size, 4);
	blob_append(&image, NULL, (sects + 1) * 512 + offset);
	blob_append_blob(&image, payload);
	blob_append(&image, NULL, 512);
	blob_align(&image, 16);

	blob_put(&image, BZ_SETUP_SECTS, sects, 1);
	blob_put(&image, BZ_SYSSIZE, (image.size - (sects + 1) * 512) / 16, 4);
	blob_put(&image, BZ_BOOT_FLAG, 0xaa55, 2);
	blob_put(&image, 0x200, 0xeb, 1);
	blob_put(&image, BZ_JUMP, 0x6a, 1);
	memcpy(image.bytes + BZ_MAGIC, "HdrS", 4);
	blob_put(&image, BZ_PROTOCOL, protocol, 2);
	blob_put(&image, BZ_PAYLOAD_OFFSET, offset, 4);
	blob_put(&image, BZ_PAYLOAD_LENGTH, payload->size, 4);
	if (version[0]) {
		assert_true(0x300 + strlen(version) < (sects + 1) * 512);
		blob_put(&image, BZ_VERSION_PTR, 0x100, 2);
		memcpy(image.bytes + 0x300, version, strlen(version));
	}
	blob_free(payload);
	return image;
}

/* ---- flat binary and arm64 Image --------------------------------------------------- */

struct blob flat_build(const struct flat_binary *spec, size_t size)
{
	static const uint32_t magic = 0x336ec578;
	struct blob image = BLOB_INIT;
	const uint32_t table[] = {
		magic,
		spec->flags,
		0 - magic - spec->flags + spec->checksum_error,
		spec->header_addr,
		spec->load_addr,
		spec->load_end_addr,
		spec->bss_end_addr,
		spec->entry_addr,
	};

	blob_append(&image, NULL, size);
	memset(image.bytes, 0xf4, size); /* hlt */
	for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++)
		blob_put(&image, spec->header_offset + 4 * i, table[i], 4);
	return image;
}

struct blob arm64_build(uint64_t text_offset, uint64_t image_size, uint64_t flags, size_t size)
{
	struct blob image = BLOB_INIT;

	blob_append(&image, NULL, size);
	blob_put(&image, 0, 0x91005a4d, 4); /* add x13, x18, #0x16: "MZ" */
	blob_put(&image, 8, text_offset, 8);
	blob_put(&image, 16, image_size, 8);
	blob_put(&image, 24, flags, 8);
	blob_put(&image, 56, 0x644d5241, 4);
	return image;
}

void arm64_add_notes(struct blob *image, struct blob *notes)
{
	/* The file ends with padding, which is no note. */
	const size_t padded = (notes->size + 0x1ff) & ~(size_t)0x1ff;
	const size_t at = image->size;

	blob_put(image, 60, ARM64_PE, 4);
	memcpy(image->bytes + ARM64_PE, "PE\0\0\x64\xaa", 6);
	blob_put(image, ARM64_PE_SECTION_COUNT, 3, 2);
	blob_put(image, ARM64_PE_OPTIONAL_SIZE, 0x20, 2);
	memcpy(image->bytes + ARM64_PE_SECTIONS, ".text\0\0", 8);
	blob_put(image, ARM64_PE_SECTIONS + 16, 0x10000000, 4); /* not looked at */
	memcpy(image->bytes + ARM64_PE_NOTES, ".pvnotes", 8);
	blob_put(image, ARM64_PE_NOTES_MEMORY, notes->size, 4);
	blob_put(image, ARM64_PE_NOTES_SIZE, padded, 4);
	blob_put(image, ARM64_PE_NOTES_OFFSET, at, 4);
	memcpy(image->bytes + ARM64_PE_NOTES + 40, ".data\0\0", 8);
	blob_append_blob(image, notes);
	blob_append(image, NULL, at + padded - image->size);
	memset(image->bytes + at + notes->size, 0xff, padded - notes->size);
	blob_free(notes);
}
