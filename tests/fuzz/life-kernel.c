/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz/life-kernel.h"

#include <pvbuild/guest-abi.h>

#include "support/elf-builder.h"

#define MIB UINT64_C(0x100000)
#define PAGE 4096u
#define NOTES_MOST 24u
#define SEGMENTS_MOST 4u

/* Where kernels are linked, and what is near it. */
static uint64_t take_address(struct fuzz_input *input, unsigned bits)
{
	const uint64_t base = bits == 64 ? UINT64_C(0xffffffff80000000) : 0xc0000000;

	switch (take(input, 1) % 6) {
	case 0:
		return base;
	case 1:
		return base + take(input, 2) * PAGE;
	case 2:
		return base + take(input, 3);
	case 3:
		return take(input, 3);
	case 4:
		return UINT64_C(0x8000000000) + take(input, 2) * PAGE;
	default:
		return take(input, bits / 8);
	}
}

static void add_text(struct blob *notes, enum xen_note type, struct fuzz_input *input)
{
	static const char *const texts[] = {
		"linux",
		"xen-3.0",
		"generic",
		"yes",
		"yes,bimodal",
		"no",
		"!writable_page_tables|pae_pgdir_above_4gb",
		"!auto_translated_physmap|supervisor_mode_kernel",
		"6.1.0",
		"",
	};

	note_add_text(notes, type, texts[take(input, 1) % (sizeof texts / sizeof texts[0])]);
}

static void add_own(struct blob *notes, struct fuzz_input *input)
{
	const uint32_t type = (uint32_t)take(input, 1) % 6;
	uint64_t values[3] = {0};

	switch (type) {
	case PVB_GUEST_NOTE_ADDRESS_BITS:
		values[0] = 30 + take(input, 1) % 24;
		break;
	case PVB_GUEST_NOTE_GRANULES:
		values[0] = take(input, 3);
		break;
	case PVB_GUEST_NOTE_P2M_TREE:
		values[0] = take(input, 1) % 8;
		break;
	default:
		for (size_t i = 0; i < 3; i++)
			values[i] = take(input, 1) << 52 | take(input, 2);
	}
	note_add(notes, PVB_GUEST_NOTE_OWNER, type, values,
		 type == PVB_GUEST_NOTE_PTE_BITS ? sizeof values : 4);
}

static void add_note(struct blob *notes, unsigned bits, struct fuzz_input *input)
{
	const uint32_t type = (uint32_t)take(input, 1) % 24;

	switch (type) {
	case NOTE_ENTRY:
	case NOTE_HYPERCALL_PAGE:
	case NOTE_VIRT_BASE:
	case NOTE_PADDR_OFFSET:
	case NOTE_INIT_P2M:
	case NOTE_HV_START_LOW:
		note_add_number(notes, type, take_address(input, bits), bits / 8);
		break;
	case NOTE_XEN_VERSION:
	case NOTE_GUEST_OS:
	case NOTE_GUEST_VERSION:
	case NOTE_LOADER:
	case NOTE_PAE_MODE:
	case NOTE_FEATURES:
	case NOTE_BSD_SYMTAB:
		add_text(notes, type, input);
		break;
	case NOTE_MOD_START_PFN:
	case NOTE_SUSPEND_CANCEL:
	case NOTE_SUPPORTED_FEATURES:
		note_add_number(notes, type, take(input, 2), 4);
		break;
	case NOTE_L1_MFN_VALID:
	case NOTE_PHYS32_ENTRY:
	case NOTE_PHYS32_RELOC:
		note_add_number(notes, type, take(input, 4), bits / 8);
		break;
	default:
		add_own(notes, input);
	}
}

static void add_notes(struct blob *notes, unsigned bits, struct fuzz_input *input)
{
	for (unsigned count = (unsigned)take(input, 1) % NOTES_MOST; count; count--)
		add_note(notes, bits, input);
}

/* Sizes in pages, and a part of one. */
static void add_segment(struct elf_builder *b, struct fuzz_input *input)
{
	const uint64_t paddr = take(input, 2) % 0x2000 * PAGE + take(input, 1) % 4 * 0x400;
	const uint64_t filesz = take(input, 2) % 0x4000;
	const uint64_t memsz = filesz + take(input, 2) * 16;

	elf_add_load(b, paddr, filesz, memsz);
}

static struct blob made_kernel(unsigned bits, struct fuzz_input *input)
{
	struct elf_builder b = {.bits = bits, .machine = bits == 64 ? 62 : 3};
	struct blob notes = xen_notes(bits);
	const unsigned choices = (unsigned)take(input, 1);

	for (unsigned i = 0; i <= choices % SEGMENTS_MOST; i++)
		add_segment(&b, input);
	b.entry = take_address(input, bits);
	add_notes(&notes, bits, input);
	if (choices & 0x10)
		elf_add_symbols(&b, (unsigned)take(input, 1));
	if (choices & 0x20)
		elf_add_note_section(&b, ".note.Xen", &notes);
	else
		elf_add_note_segment(&b, &notes);
	return elf_build(&b);
}

static struct blob linux_kernel(unsigned bits, struct fuzz_input *input)
{
	struct elf_builder b = linux_like(bits);
	struct blob notes = BLOB_INIT;

	add_notes(&notes, bits, input);
	elf_add_note_segment(&b, &notes);
	return elf_build(&b);
}

static struct blob legacy_kernel(void)
{
	struct elf_builder b = ELF_BUILDER_32;

	elf_add_load(&b, MIB, 0x2000, 0x5000);
	elf_add_xen_guest(&b, "GUEST_OS=test,XEN_VER=xen-3.0,VIRT_BASE=0xc0000000,"
			      "ELF_PADDR_OFFSET=0x0,VIRT_ENTRY=0xc0100000,PAE=yes,LOADER=generic");
	return elf_build(&b);
}

static struct blob arm64_kernel(struct fuzz_input *input)
{
	const unsigned flags = (unsigned)take(input, 1) & 0xf;
	struct blob image =
		arm64_build(take(input, 1) << 16, MIB + take(input, 2) * PAGE, flags, 0x2000);
	struct blob notes = BLOB_INIT;

	for (unsigned count = (unsigned)take(input, 1) % 4; count; count--)
		add_own(&notes, input);
	arm64_add_notes(&image, &notes);
	return image;
}

struct blob life_kernel(enum life_kernel kind, struct fuzz_input *input)
{
	switch (kind) {
	case LIFE_SMALL_64:
		return small_kernel(64);
	case LIFE_SMALL_32:
		return small_kernel(32);
	case LIFE_LINUX_64:
		return linux_kernel(64, input);
	case LIFE_LINUX_32:
		return linux_kernel(32, input);
	case LIFE_MADE_64:
		return made_kernel(64, input);
	case LIFE_MADE_32:
		return made_kernel(32, input);
	case LIFE_LEGACY_32:
		return legacy_kernel();
	case LIFE_ARM64:
	case LIFE_KERNELS:
		break;
	}
	return arm64_kernel(input);
}
