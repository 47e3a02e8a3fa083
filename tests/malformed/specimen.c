/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malformed/specimen.h"

#include <elf.h>

#include "support/test.h"

static struct specimen_note *find_note(struct specimen *specimen, uint32_t type)
{
	for (size_t i = 0; i < specimen->note_count; i++)
		if (specimen->notes[i].type == type)
			return &specimen->notes[i];
	return NULL;
}

static void set_note(struct specimen *specimen, uint32_t type, const void *value, size_t size)
{
	struct specimen_note *note = find_note(specimen, type);

	if (!note) {
		assert_true(specimen->note_count <
			    sizeof specimen->notes / sizeof *specimen->notes);
		note = &specimen->notes[specimen->note_count++];
	}
	*note = (struct specimen_note){.owner = "Xen", .type = type, .size = (uint32_t)size};
	assert_true(size <= sizeof note->value);
	memcpy(note->value, value, size);
}

void specimen_number(struct specimen *specimen, uint32_t type, uint64_t value, unsigned width)
{
	uint8_t bytes[200] = {0};

	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	set_note(specimen, type, bytes, width);
}

void specimen_string(struct specimen *specimen, uint32_t type, const char *value)
{
	set_note(specimen, type, value, strlen(value) + 1);
}

void specimen_remove(struct specimen *specimen, uint32_t type)
{
	struct specimen_note *note = find_note(specimen, type);

	if (!note)
		fail_msg("no note of type %u to remove", type);
	else
		*note = specimen->notes[--specimen->note_count];
}

void specimen_raw_note(struct specimen *specimen, uint32_t namesz, uint32_t descsz, uint32_t type,
		       const char *name, const void *desc, size_t desc_size)
{
	struct blob *notes = &specimen->raw_notes;

	blob_append_number(notes, namesz, 4);
	blob_append_number(notes, descsz, 4);
	blob_append_number(notes, type, 4);
	blob_append(notes, name, strlen(name) + 1);
	blob_align(notes, 4);
	blob_append(notes, desc, desc_size);
	blob_align(notes, 4);
}

void specimen_64(struct specimen *specimen)
{
	*specimen = (struct specimen){.bits = 64};
	specimen_string(specimen, NOTE_GUEST_OS, "linux");
	specimen_string(specimen, NOTE_GUEST_VERSION, "2.6");
	specimen_string(specimen, NOTE_XEN_VERSION, "xen-3.0");
	specimen_number(specimen, NOTE_VIRT_BASE, VIRT_64, 8);
	specimen_number(specimen, NOTE_INIT_P2M, UINT64_C(0x8000000000), 8);
	specimen_number(specimen, NOTE_ENTRY, VIRT_64 + TEXT_64 + 0x40, 8);
	specimen_string(specimen, NOTE_FEATURES, "!writable_page_tables");
	specimen_number(specimen, NOTE_SUPPORTED_FEATURES, 0x8801, 4);
	specimen_string(specimen, NOTE_LOADER, "generic");
	specimen_number(specimen, NOTE_SUSPEND_CANCEL, 1, 4);
	specimen_number(specimen, NOTE_MOD_START_PFN, 1, 8);
	specimen_number(specimen, NOTE_PADDR_OFFSET, 0, 8);
}

void specimen_32(struct specimen *specimen)
{
	*specimen = (struct specimen){.bits = 32};
	specimen_string(specimen, NOTE_GUEST_OS, "linux");
	specimen_string(specimen, NOTE_XEN_VERSION, "xen-3.0");
	specimen_number(specimen, NOTE_VIRT_BASE, VIRT_32, 4);
	specimen_number(specimen, NOTE_ENTRY, VIRT_32 + TEXT_32 + 0x40, 4);
	specimen_string(specimen, NOTE_PAE_MODE, "yes");
	specimen_string(specimen, NOTE_LOADER, "generic");
	specimen_number(specimen, NOTE_HV_START_LOW, 0xf5800000, 4);
	specimen_number(specimen, NOTE_PADDR_OFFSET, 0, 4);
}

static struct blob all_notes(struct specimen *specimen)
{
	struct blob notes = BLOB_INIT;

	for (size_t i = 0; i < specimen->note_count; i++)
		note_add(&notes, specimen->notes[i].owner, specimen->notes[i].type,
			 specimen->notes[i].value, specimen->notes[i].size);
	blob_append_blob(&notes, &specimen->raw_notes);
	blob_free(&specimen->raw_notes);
	return notes;
}

struct blob specimen_assemble(struct specimen *specimen)
{
	const bool wide = specimen->bits == 64;
	struct elf_builder builder = {.bits = specimen->bits,
				      .machine = wide ? EM_X86_64 : EM_386,
				      .entry = wide ? VIRT_64 + TEXT_64 : VIRT_32 + TEXT_32};
	const uint64_t align = specimen->note_align ? specimen->note_align : 4;
	struct blob notes = all_notes(specimen);
	unsigned text = elf_add_load(&builder, wide ? TEXT_64 : TEXT_32, 0x100, 0x1000);
	unsigned data = elf_add_load(&builder, wide ? DATA_64 : DATA_32, 0x80, 0x2000);

	builder.segments[text].flags = PF_R | PF_X;
	builder.segments[data].flags = PF_R | PF_W;
	switch (specimen->home) {
	case HOME_SEGMENT:
		if (notes.size)
			builder.segments[elf_add_note_segment(&builder, &notes)].align = align;
		break;
	case HOME_SECTION:
		builder.sections[elf_add_note_section(&builder, ".note.Xen", &notes) - 1].align =
			align;
		break;
	case HOME_LEGACY:
		elf_add_section(&builder, "__xen_guest", SHT_PROGBITS, &specimen->legacy);
		break;
	}
	blob_free(&notes);
	blob_free(&specimen->legacy);
	if (specimen->symbols)
		elf_add_symbols(&builder, 3);
	return elf_build(&builder);
}

struct blob sound_kernel(unsigned bits)
{
	struct specimen specimen;

	if (bits == 64)
		specimen_64(&specimen);
	else
		specimen_32(&specimen);
	return specimen_assemble(&specimen);
}

struct blob repeating_kernel(size_t size, size_t period)
{
	struct elf_builder builder = ELF_BUILDER_64;
	struct blob notes = xen_notes(64);
	uint64_t state = 1;

	elf_add_note_segment(&builder, &notes);
	elf_add_load(&builder, 0x100000, size, (size + 0xfff) & ~(size_t)0xfff);
	builder.entry = 0x100000;

	struct blob kernel = elf_build(&builder);
	uint8_t *bytes = kernel.bytes + elf_get_ph(&kernel, 1, PH_OFFSET);

	for (size_t i = 0; i < size; i++)
		bytes[i] = i < period ? (uint8_t)test_random(&state) : bytes[i - period];
	return kernel;
}

struct blob noisy_kernel(size_t size)
{
	return repeating_kernel(size, size);
}

struct blob sound_flat(void)
{
	const struct flat_binary flat = {
		.header_offset = 0x20,
		.flags = 0x14001, /* whole pages, 32-bit PAE, states its addresses */
		.header_addr = 0x100020,
		.load_addr = 0x100000,
		.load_end_addr = 0x100800,
		.bss_end_addr = 0x102000,
		.entry_addr = 0x100060,
	};

	return flat_build(&flat, 0x800);
}

struct blob sound_arm64(void)
{
	return arm64_build(0, 0x10000, 0xa, 0x400); /* 4 KiB pages, anywhere */
}

void need_codec(enum pvb_codec codec)
{
	assert_int_equal(pvb_codec_available(codec), can_compress(codec));
	if (!pvb_codec_available(codec)) {
		print_message("this build has no %s\n", pvb_codec_name(codec));
		skip();
	}
}

struct blob packed(enum pvb_codec codec, const struct blob *plain)
{
	need_codec(codec);
	return compress_blob(codec, plain, &(const struct compress_options){0});
}

struct blob consumed(enum pvb_codec codec, struct blob plain)
{
	struct blob stream = packed(codec, &plain);

	blob_free(&plain);
	return stream;
}

struct blob packed_bzimage(enum pvb_codec codec, const struct blob *plain)
{
	struct blob payload = packed(codec, plain);

	/* gzip ends in the size anyway, and Linux adds none. */
	return bzimage_build(&(const struct bzimage){.unpacked_size = (uint32_t)plain->size,
						     .no_size_trailer = codec == PVB_CODEC_GZIP},
			     &payload);
}
