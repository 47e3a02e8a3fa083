/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "differential/bases.h"

#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "malformed/specimen.h"
#include "support/test.h"

static struct base *add(struct bases *bases, const char *name, enum base_kind kind,
			struct blob file)
{
	assert_true(bases->count < BASES_MAX);
	struct base *base = &bases->list[bases->count++];

	*base = (struct base){.name = name, .kind = kind, .file = file};
	return base;
}

static struct blob linux_with_sections(unsigned bits)
{
	struct elf_builder builder = linux_like(bits);
	struct blob text = BLOB_INIT;

	blob_append_text(&text, "nothing to see here");
	elf_add_section(&builder, ".comment", SHT_PROGBITS, &text);
	elf_add_symbols(&builder, 5);
	return elf_build(&builder);
}

static struct blob with_note_section(void)
{
	struct specimen specimen;

	specimen_64(&specimen);
	specimen.home = HOME_SECTION;
	return specimen_assemble(&specimen);
}

static struct blob with_symbols(unsigned bits)
{
	struct specimen specimen;

	if (bits == 64)
		specimen_64(&specimen);
	else
		specimen_32(&specimen);
	specimen_string(&specimen, NOTE_BSD_SYMTAB, "yes");
	specimen.symbols = true;
	return specimen_assemble(&specimen);
}

static struct blob with_legacy(unsigned bits, const char *string)
{
	struct specimen specimen;

	if (bits == 64)
		specimen_64(&specimen);
	else
		specimen_32(&specimen);
	specimen.home = HOME_LEGACY;
	specimen.symbols = true;
	blob_append(&specimen.legacy, string, strlen(string) + 1);
	return specimen_assemble(&specimen);
}

/* Four segments, next to each other and apart, one of them without a byte in the file. */
static struct blob with_four_segments(unsigned bits)
{
	struct elf_builder builder = {.bits = bits, .machine = bits == 64 ? EM_X86_64 : EM_386};
	struct blob notes = xen_notes(bits);

	builder.entry = 0x100010;
	elf_add_load(&builder, 0x100000, 0x1000, 0x1000);
	elf_add_load(&builder, 0x101000, 0x800, 0x1000);
	elf_add_load(&builder, 0x104000, 0x200, 0x3000);
	elf_add_load(&builder, 0x107000, 0, 0x1000);
	note_add_number(&notes, NOTE_VIRT_BASE, 0, 4);
	elf_add_note_segment(&builder, &notes);
	return elf_build(&builder);
}

/* Notes of more owners than Xen, in two segments and a section. */
static struct blob with_other_notes(void)
{
	struct elf_builder builder = linux_like(64);
	struct blob more = BLOB_INIT, section = BLOB_INIT;

	note_add(&more, "GNU", 3, "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24", 20);
	note_add(&more, "pvbuild", 1, "\56\0\0\0", 4);
	note_add_number(&more, NOTE_PHYS32_ENTRY, 0x1000000, 4);
	note_add_number(&more, NOTE_PHYS32_RELOC, 0x200000, 4);
	elf_add_note_segment(&builder, &more);
	note_add(&section, "Linux", 0x100, "6.1", 4);
	elf_add_note_section(&builder, ".note.Linux", &section);
	return elf_build(&builder);
}

static struct blob flat_of(uint32_t pae)
{
	const struct flat_binary flat = {
		.header_offset = 0x20,
		.flags = 0x10001 | pae << 14,
		.header_addr = 0x100020,
		.load_addr = 0x100000,
		.load_end_addr = 0x100800,
		.bss_end_addr = 0x102000,
		.entry_addr = 0x100060,
	};

	return flat_build(&flat, 0x1800);
}

static void add_made(struct bases *bases)
{
	static const char legacy64[] =
		"GUEST_OS=Test,XEN_VER=xen-3.0,VIRT_BASE=0xffffffff80000000,ELF_PADDR_OFFSET=0,"
		"VIRT_ENTRY=0xffffffff81000040,HYPERCALL_PAGE=0x1001,LOADER=generic,"
		"FEATURES=writable_page_tables|pae_pgdir_above_4gb";
	static const char legacy32[] =
		"GUEST_OS=GNU Mach,GUEST_VER=1.3,XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,"
		"ELF_PADDR_OFFSET=0x0,HYPERCALL_PAGE=0x102,LOADER=generic,PAE=yes[extended-cr3],"
		"BSD_SYMTAB";

	add(bases, "linux-64", BASE_ELF, linux_with_sections(64));
	add(bases, "linux-32", BASE_ELF, linux_with_sections(32));
	add(bases, "small-64", BASE_ELF, small_kernel(64));
	add(bases, "small-32", BASE_ELF, small_kernel(32));
	add(bases, "note-section", BASE_ELF, with_note_section());
	add(bases, "symbols-64", BASE_ELF, with_symbols(64));
	add(bases, "symbols-32", BASE_ELF, with_symbols(32));
	add(bases, "legacy-64", BASE_ELF, with_legacy(64, legacy64));
	add(bases, "legacy-32", BASE_ELF, with_legacy(32, legacy32));
	add(bases, "segments-64", BASE_ELF, with_four_segments(64));
	add(bases, "segments-32", BASE_ELF, with_four_segments(32));
	add(bases, "other-notes", BASE_ELF, with_other_notes());
	add(bases, "gzip", BASE_GZIP, linux_with_sections(64));
	add(bases, "flat-pae", BASE_FLAT, flat_of(1));
	add(bases, "flat-64", BASE_FLAT, flat_of(2));
	add(bases, "packed", BASE_PACKED, linux_with_sections(64))->codec = PVB_CODEC_GZIP;
	for (int codec = PVB_CODEC_GZIP; codec <= (int)LAST_CODEC; codec++) {
		struct blob inner = linux_with_sections(64);

		if (!can_compress((enum pvb_codec)codec)) {
			blob_free(&inner);
			continue;
		}
		struct blob file = packed_bzimage((enum pvb_codec)codec, &inner);

		add(bases, pvb_codec_name((enum pvb_codec)codec), BASE_BZIMAGE, file)->inner =
			inner;
	}
}

/* ---- real ones --------------------------------------------------------------- */

static struct blob read_all(int fd, uint64_t size)
{
	struct blob blob = BLOB_INIT;

	blob_append(&blob, NULL, size);
	assert_int_equal(pread(fd, blob.bytes, size, 0), size);
	return blob;
}

static struct blob read_path(const char *path)
{
	FILE *file = fopen(path, "re");
	long size;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	assert_true(size > 0);
	struct blob blob = read_all(fileno(file), (uint64_t)size);

	(void)fclose(file);
	return blob;
}

static void add_real(struct bases *bases, const char *directory, const char *name)
{
	char path[PATH_MAX];
	struct pvb_image *image;
	struct pvb_error error;

	(void)snprintf(path, sizeof path, "%s/%s", directory, name);
	if (access(path, R_OK))
		return;
	assert_ok(pvb_image_open(path, NULL, &image, &error), &error);
	const struct pvb_image_info *info = pvb_image_info(image);
	struct blob unpacked = read_all(pvb_image_fd(image), info->unpacked_size);

	if (info->container == PVB_CONTAINER_BZIMAGE) {
		struct base *base = add(bases, name, BASE_BZIMAGE, read_path(path));

		base->inner = unpacked;
		base->slow = true;
	} else {
		add(bases, name, BASE_ELF, unpacked);
	}
	pvb_image_free(image);
}

void bases_make(struct bases *bases, const char *directory)
{
	static const char *const names[] = {
		"grub-x86_64-xen.bin",   "grub-i386-xen.bin", "grub-i386-xen_pvh.bin",
		"gnumach-xen-x86_64.gz", "gnumach-xen.gz",    "vmlinuz-6.1",
	};

	*bases = (struct bases){0};
	add_made(bases);
	for (size_t i = 0; directory && i < sizeof names / sizeof names[0]; i++)
		add_real(bases, directory, names[i]);
}

void bases_free(struct bases *bases)
{
	for (unsigned i = 0; i < bases->count; i++) {
		blob_free(&bases->list[i].file);
		blob_free(&bases->list[i].inner);
	}
	bases->count = 0;
}
