/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make-kernel KIND FILE: write a hand-made kernel, for tests of the tool. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvbuild/guest-abi.h>

#include "support/elf-builder.h"

static struct blob pvh_only(void)
{
	struct elf_builder builder = ELF_BUILDER_32;
	struct blob notes = BLOB_INIT;

	builder.entry = 0x100000;
	(void)elf_add_load(&builder, 0x100000, 0x2000, 0x2000);
	(void)note_add_number(&notes, NOTE_PHYS32_ENTRY, 0x100000, 4);
	(void)elf_add_note_segment(&builder, &notes);
	return elf_build(&builder);
}

static struct blob linux_kernel(unsigned bits)
{
	struct elf_builder builder = linux_like(bits);

	return elf_build(&builder);
}

/* The second segment begins 512 bytes before the first one ends. */
static struct blob overlapping(void)
{
	struct elf_builder builder = linux_like(64);
	struct blob kernel = elf_build(&builder);

	elf_set_ph(&kernel, 0, PH_MEMSZ, 0x200200);
	return kernel;
}

/* Terminal escapes and bytes that are no UTF-8, where a note has text. */
static struct blob hostile_text(void)
{
	struct elf_builder builder = ELF_BUILDER_64;
	struct blob notes = xen_notes(64);

	(void)elf_add_load(&builder, 0, 0x2000, 0x2000);
	(void)note_add_text(&notes, NOTE_GUEST_VERSION, "\033[2Jgone\xff\xfe\xc3(\n");
	(void)elf_add_note_segment(&builder, &notes);
	return elf_build(&builder);
}

/* Xen's notes and others': one that is cut off, or Xen's behind padding to 8 bytes. */
static struct blob others(bool cut)
{
	struct elf_builder builder = ELF_BUILDER_64;
	struct blob notes = BLOB_INIT, xens = xen_notes(64);

	(void)elf_add_load(&builder, 0x100000, 0x1000, 0x5000);
	builder.entry = 0x100010;
	if (cut)
		blob_append_blob(&notes, &xens);
	size_t at = note_add(&notes, "GNU", 5, "1234", 4);
	if (cut)
		blob_put(&notes, at + 4, 5000, 4);
	blob_align(&notes, 8);
	if (!cut)
		blob_append_blob(&notes, &xens);
	builder.segments[elf_add_note_segment(&builder, &notes)].align = 8;
	blob_free(&xens);
	return elf_build(&builder);
}

/* Everything that can be declared, and some that cannot. */
static struct blob declaring(void)
{
	struct elf_builder builder = linux_like(64);
	struct blob notes = BLOB_INIT, masks = BLOB_INIT;

	(void)note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_ADDRESS_BITS, "\x28\0\0\0", 4);
	blob_append_number(&masks, UINT64_C(0x01f0000000000201), 8);
	blob_append_number(&masks, UINT64_C(0x00f0000000000000), 8);
	blob_append_number(&masks, PVB_GUEST_PTE_KEYS, 8);
	(void)note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_PTE_BITS, masks.bytes,
		       masks.size);
	(void)note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_GRANULES, "\0\x10\1\0", 4);
	(void)note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_P2M_TREE, "\4\0\0\0", 4);
	(void)note_add(&notes, PVB_GUEST_NOTE_OWNER, 77, "?", 1);
	(void)note_add_number(&notes, NOTE_PHYS32_RELOC, UINT64_C(1) << 40, 8);
	(void)elf_add_note_segment(&builder, &notes);
	blob_free(&masks);
	return elf_build(&builder);
}

static struct blob with_note_19(uint64_t value)
{
	struct elf_builder builder = linux_like(64);
	struct blob notes = BLOB_INIT;

	(void)note_add_number(&notes, NOTE_PHYS32_RELOC, value, 4);
	(void)elf_add_note_segment(&builder, &notes);
	return elf_build(&builder);
}

/* "declares52": a kernel of no known version that copes with so many address bits, by our note. */
static struct blob declares(const char *bits)
{
	struct elf_builder builder = linux_like(64);
	struct blob notes = BLOB_INIT, width = BLOB_INIT;

	blob_append_number(&width, strtoul(bits, NULL, 10), 4);
	(void)note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_ADDRESS_BITS, width.bytes, 4);
	(void)elf_add_note_segment(&builder, &notes);
	blob_free(&width);
	return elf_build(&builder);
}

/*
 * "arm64-10": an Image with these flags; "arm64-10-aware": which declares every page size;
 * "arm64-10-offset": which stands in the midst of a page of 64 KiB.
 */
static struct blob arm64(const char *flags)
{
	const uint64_t text_offset = strstr(flags, "-offset") ? 0x83000 : 0;
	struct blob image = arm64_build(text_offset, 0x200000, strtoul(flags, NULL, 10), 0x8000);
	struct blob notes = BLOB_INIT;

	if (!strstr(flags, "-aware"))
		return image;
	(void)note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_GRANULES, "\0\x50\1\0", 4);
	arm64_add_notes(&image, &notes);
	return image;
}

/* "notes-N-BYTES": N notes of nobody's, each of so many bytes. */
static struct blob many_notes(const char *count)
{
	struct elf_builder builder = linux_like(64);
	struct blob notes = BLOB_INIT, bytes = BLOB_INIT;
	char *size;
	unsigned long left = strtoul(count, &size, 10);

	blob_append(&bytes, NULL, *size ? strtoul(size + 1, NULL, 10) : 0);
	for (; left; left--)
		(void)note_add(&notes, "x", 1, bytes.bytes, bytes.size);
	(void)elf_add_note_segment(&builder, &notes);
	blob_free(&bytes);
	return elf_build(&builder);
}

/* A string of one key of 4000 letters and of thousands of short ones. */
static struct blob long_key(void)
{
	struct elf_builder builder = ELF_BUILDER_64;
	struct blob text = BLOB_INIT;

	blob_append(&text, "GUEST_OS=linux,XEN_VER=xen-3.0,", 31);
	const size_t key = blob_append(&text, NULL, 4000);

	memset(text.bytes + key, 'k', 4000);
	for (unsigned i = 0; i < 5000; i++)
		blob_append(&text, ",a", 2);
	blob_append(&text, NULL, 1);
	(void)elf_add_load(&builder, 0, 0x2000, 0x2000);
	(void)elf_add_xen_guest(&builder, (const char *)text.bytes);
	blob_free(&text);
	return elf_build(&builder);
}

static struct blob truncated(void)
{
	struct blob kernel = small_kernel(64);

	blob_cut(&kernel, kernel.size / 2);
	return kernel;
}

int main(int count, char **arguments)
{
	const char *kind = count == 3 ? arguments[1] : "";
	struct blob kernel = BLOB_INIT;

	if (!strcmp(kind, "small64"))
		kernel = small_kernel(64);
	else if (!strcmp(kind, "small32"))
		kernel = small_kernel(32);
	else if (!strcmp(kind, "linux64"))
		kernel = linux_kernel(64);
	else if (!strcmp(kind, "linux32"))
		kernel = linux_kernel(32);
	else if (!strcmp(kind, "overlapping"))
		kernel = overlapping();
	else if (!strcmp(kind, "pvh"))
		kernel = pvh_only();
	else if (!strcmp(kind, "hostile"))
		kernel = hostile_text();
	else if (!strcmp(kind, "cut-note"))
		kernel = others(true);
	else if (!strcmp(kind, "padded-notes"))
		kernel = others(false);
	else if (!strcmp(kind, "declaring"))
		kernel = declaring();
	else if (!strcmp(kind, "absurd"))
		kernel = with_note_19(60);
	else if (!strcmp(kind, "neither"))
		kernel = with_note_19(77);
	else if (!strncmp(kind, "declares", 8))
		kernel = declares(kind + 8);
	else if (!strncmp(kind, "arm64-", 6))
		kernel = arm64(kind + 6);
	else if (!strncmp(kind, "notes-", 6))
		kernel = many_notes(kind + 6);
	else if (!strcmp(kind, "long-key"))
		kernel = long_key();
	else if (!strcmp(kind, "truncated"))
		kernel = truncated();
	else
		return 2;

	FILE *file = fopen(arguments[2], "we");

	if (!file || fwrite(kernel.bytes, 1, kernel.size, file) != kernel.size || fclose(file) != 0)
		return 1;
	blob_free(&kernel);
	return 0;
}
