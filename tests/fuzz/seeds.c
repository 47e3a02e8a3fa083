/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz/seeds.h"

#include <pvbuild/guest-abi.h>

#include <string.h>

#include "fuzz/targets.h"
#include "malformed/specimen.h"

/* ---- whole files ------------------------------------------------------------------------- */

static struct blob elf_64(void)
{
	return sound_kernel(64);
}

static struct blob elf_32(void)
{
	return sound_kernel(32);
}

static struct blob elf_with_symbols(void)
{
	struct specimen specimen;

	specimen_64(&specimen);
	specimen_string(&specimen, NOTE_BSD_SYMTAB, "yes");
	specimen.home = HOME_SECTION;
	specimen.symbols = true;
	return specimen_assemble(&specimen);
}

static const char legacy_string[] =
	"GUEST_OS=GNU Mach,GUEST_VERSION=1.3,XEN_VER=xen-3.0,VIRT_BASE=0xc0000000,"
	"ELF_PADDR_OFFSET=0x0,HYPERCALL_PAGE=0x101,VIRT_ENTRY=0xc0100040,LOADER=generic,"
	"PAE=yes[extended-cr3],FEATURES=!writable_page_tables|pae_pgdir_above_4gb,BSD_SYMTAB=yes";

static struct blob elf_with_legacy_string(void)
{
	struct specimen specimen;

	specimen_32(&specimen);
	specimen.home = HOME_LEGACY;
	blob_append(&specimen.legacy, legacy_string, sizeof legacy_string);
	return specimen_assemble(&specimen);
}

/* Nothing where this build has no such codec. */
static struct blob stream(enum pvb_codec codec)
{
	struct blob kernel = sound_kernel(64), packed = BLOB_INIT;

	if (can_compress(codec))
		packed = compress_blob(codec, &kernel, NULL);
	blob_free(&kernel);
	return packed;
}

static struct blob in_bzimage(enum pvb_codec codec)
{
	struct blob payload = stream(codec);

	return bzimage_build(
		&(const struct bzimage){.setup_sects = 1, .payload_offset = 0x40, .version = "6.1"},
		&payload);
}

#define CODEC_SEEDS(name_, id_)                                                                    \
	static struct blob name_##_stream(void)                                                    \
	{                                                                                          \
		return stream(PVB_CODEC_##id_);                                                    \
	}                                                                                          \
	static struct blob name_##_bzimage(void)                                                   \
	{                                                                                          \
		return in_bzimage(PVB_CODEC_##id_);                                                \
	}

CODEC_SEEDS(gzip, GZIP)
CODEC_SEEDS(bzip2, BZIP2)
CODEC_SEEDS(lzma, LZMA)
CODEC_SEEDS(xz, XZ)
CODEC_SEEDS(lzo, LZO)
CODEC_SEEDS(lz4, LZ4)
CODEC_SEEDS(zstd, ZSTD)

static struct blob gzipped_bzimage(void)
{
	struct blob image = in_bzimage(PVB_CODEC_XZ);
	struct blob packed = compress_blob(PVB_CODEC_GZIP, &image, NULL);

	blob_free(&image);
	return packed;
}

/* ---- notes -------------------------------------------------------------------------------- */

static struct blob notes(uint8_t where, unsigned bits)
{
	struct specimen specimen;
	struct blob input = BLOB_INIT;

	blob_append_number(&input, where, 1);
	if (bits == 64)
		specimen_64(&specimen);
	else
		specimen_32(&specimen);
	for (size_t i = 0; i < specimen.note_count; i++)
		note_add(&input, specimen.notes[i].owner, specimen.notes[i].type,
			 specimen.notes[i].value, specimen.notes[i].size);
	return input;
}

static struct blob notes_64_in_a_segment(void)
{
	return notes(0, 64);
}

static struct blob notes_32_in_a_segment(void)
{
	return notes(1, 32);
}

static struct blob notes_64_in_a_section(void)
{
	return notes(2, 64);
}

static struct blob notes_behind_others(void)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, 8, 1);
	note_add(&input, "Xen", NOTE_ENTRY, "\x80\0\0\x81\xff\xff\xff\xff", 8);
	note_add(&input, "GNU", 3, "0123456789abcdef0123", 20);
	note_add(&input, "Xen", NOTE_PHYS32_RELOC, "\0\0\x20\0\0\0\0\1\xff\xff\xff\x3f", 12);
	return input;
}

/* As GNU ld makes it, and a second file's notes behind: in an alignment of 8. */
static struct blob notes_behind_padding(void)
{
	struct blob input = BLOB_INIT, notes = BLOB_INIT;

	blob_append_number(&input, 8 | 16, 1);
	note_add_number(&notes, NOTE_MOD_START_PFN, 1, 4);
	blob_align(&notes, 8);
	note_add(&notes, "GNU", 5, "\2\0\0\300\4\0\0\0\3\0\0\0\0\0\0", 16);
	note_add_number(&notes, NOTE_HYPERCALL_PAGE, 0, 8);
	note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_ADDRESS_BITS, "\x28\0\0", 4);
	blob_append_blob(&input, &notes);
	blob_free(&notes);
	return input;
}

/* Every declaration, and both readings of number 19. */
static struct blob notes_that_declare(void)
{
	static const uint8_t relocation[] = {0, 0, 0x20, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0x3f};
	struct blob input = BLOB_INIT;

	blob_append_number(&input, 8, 1);
	note_add(&input, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_ADDRESS_BITS, "\x28\0\0", 4);
	note_add(&input, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_PTE_BITS,
		 "\0\xe\0\0\0\0\x10\x40\0\xe\0\0\0\0\xf0\x7f\1\0\0\0\0\0\0", 24);
	note_add(&input, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_GRANULES, "\0\x50\1", 4);
	note_add(&input, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_P2M_TREE, "\3\0\0", 4);
	note_add(&input, "Xen", NOTE_PHYS32_RELOC, relocation, sizeof relocation);
	note_add_number(&input, NOTE_PHYS32_RELOC, UINT64_C(1) << 40, 8);
	return input;
}

static struct blob notes_in_a_legacy_string(void)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, 1 | 2 << 1, 1);
	blob_append(&input, legacy_string, sizeof legacy_string);
	return input;
}

/* ---- p2ms -------------------------------------------------------------------------------- */

static struct blob p2m_begin(unsigned flags, unsigned levels, unsigned max_pfn, unsigned shift)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, flags, 1);
	blob_append_number(&input, levels, 1);
	blob_append_number_be(&input, max_pfn, 2);
	blob_append_number(&input, shift, 1);
	return input;
}

static void p2m_words(struct blob *input, unsigned page, unsigned first, unsigned count,
		      uint64_t word)
{
	blob_append_number(input, page, 1);
	blob_append_number(input, first, 2);
	blob_append_number(input, count - 1, 1);
	blob_append_number(input, word, 8);
}

static void p2m_missing(struct blob *input, unsigned page)
{
	for (unsigned first = 0; first < 1024; first += 256)
		p2m_words(input, page, first, 256, UINT64_MAX);
}

/* Pages 1 to 3 one below the other, then two of entries; a third is 5, again and again. */
static struct blob p2m_tree(unsigned flags, unsigned levels, unsigned shift)
{
	struct blob input = p2m_begin(flags, levels, 3000, shift);

	for (unsigned page = 1; page <= 5; page++)
		p2m_missing(&input, page);
	for (unsigned page = 1; page + 1 < levels; page++)
		p2m_words(&input, page, 0, 1, page + 1);
	p2m_words(&input, levels - 1, 0, 1, levels);
	p2m_words(&input, levels - 1, 1, 256, 5);
	p2m_words(&input, levels, 3, 1, 0x1234);
	p2m_words(&input, levels, 4, 1, 0x1235);
	p2m_words(&input, levels, 5, 1, UINT64_C(1) << 63 | 7);
	return input;
}

static struct blob p2m_tree_of_64_bits(void)
{
	return p2m_tree(0, 3, 0);
}

static struct blob p2m_tree_of_32_bits(void)
{
	return p2m_tree(1, 2, 0);
}

static struct blob p2m_frame_lists(void)
{
	return p2m_tree(4, 3, 4);
}

static struct blob p2m_list(void)
{
	struct blob input = p2m_begin(2, 5, 3000, 0);

	for (unsigned page = 1; page < 4; page++)
		p2m_words(&input, page, 0, 1, (page + 1) << 12 | 1);
	p2m_words(&input, 4, 5, 200, 6 << 12 | 1);
	p2m_words(&input, 4, 5, 1, 5 << 12 | 1);
	p2m_missing(&input, 6);
	p2m_words(&input, 5, 0, 100, 0x4321);
	return input;
}

static struct blob p2m_list_of_32_bits(void)
{
	struct blob input = p2m_begin(3, 5, 3000, 0);

	for (unsigned page = 1; page < 3; page++)
		p2m_words(&input, page, 0, 1, (page + 1) << 12 | 1);
	p2m_words(&input, 3, 5, 20, 5 << 12 | 1);
	p2m_missing(&input, 5);
	return input;
}

/* ---- costs ------------------------------------------------------------------------------- */

static void cost_record(struct blob *input, uint64_t at, unsigned width, unsigned count,
			unsigned step, uint64_t value)
{
	blob_append_number(input, at, 3);
	blob_append_number(input, width - 1, 1);
	blob_append_number(input, count - 1, 2);
	blob_append_number(input, step, 2);
	blob_append_number(input, value, 8);
}

static struct blob cost_begin(unsigned size)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, 0, 1);
	blob_append_number(&input, size, 1);
	return input;
}

enum { PHOFF = 0x20, PHNUM = 0x38, SHOFF = 0x28, SHNUM = 0x3c, TABLE = 0x8000 };

/* Headers of one kind, size bytes at an offset each, in a table of their own. */
static void cost_segments(struct blob *input, unsigned count, unsigned type, uint64_t offset,
			  uint64_t size)
{
	cost_record(input, PHOFF, 8, 1, 0, TABLE);
	cost_record(input, PHNUM, 2, 1, 0, count);
	cost_record(input, TABLE, 8, count, 56, UINT64_C(5) << 32 | type);
	cost_record(input, TABLE + 8, 8, count, 56, offset);
	cost_record(input, TABLE + 32, 8, count, 56, size);
	cost_record(input, TABLE + 40, 8, count, 56, size);
	/* Each behind the one before; it does not matter where. */
	for (unsigned i = 0; i < count; i++)
		cost_record(input, TABLE + 24 + 56 * i, 8, 1, 0, (uint64_t)i << 24);
}

/* Notes for the first of them, as a Linux has them, and banners that are none. */
static struct blob cost_same_bytes(void)
{
	struct blob input = cost_begin(7);

	cost_segments(&input, 100, 1, 0x10000, 0xc000);
	cost_record(&input, TABLE, 4, 1, 0, 4);
	cost_record(&input, TABLE + 8, 8, 1, 0, 0xc000);
	cost_record(&input, TABLE + 32, 8, 1, 0, 40);
	cost_record(&input, 0xc000, 8, 1, 0, UINT64_C(6) << 32 | 4);
	cost_record(&input, 0xc008, 8, 1, 0, UINT64_C(0x6e655800000006));
	cost_record(&input, 0xc010, 8, 1, 0, UINT64_C(0x78756e696c));
	for (unsigned i = 0; i < 2; i++)
		cost_record(&input, 0x10000 + 8 * i, 8, 0x800, 24,
			    i ? UINT64_C(0x206e6f6973726576) : UINT64_C(0x2078756e694c2020));
	return input;
}

static struct blob cost_same_notes(void)
{
	struct blob input = cost_begin(7);

	cost_segments(&input, 100, 4, 0x10000, 0xc000);
	cost_record(&input, TABLE + 56 * 99, 4, 1, 0, 1);
	cost_record(&input, 0x10000, 8, 0x800, 24, UINT64_C(8) << 32 | 4);
	cost_record(&input, 0x10008, 8, 0x800, 24, UINT64_C(0x6e655800000007));
	return input;
}

static struct blob cost_sections(void)
{
	struct blob input = cost_begin(8);

	cost_record(&input, SHOFF, 8, 1, 0, TABLE);
	cost_record(&input, SHNUM, 2, 1, 0, 1500);
	cost_record(&input, TABLE + 4, 4, 1500, 64, 7);
	cost_record(&input, TABLE + 24, 8, 1500, 64, TABLE);
	cost_record(&input, TABLE + 32, 8, 1500, 64, 0x10000);
	return input;
}

#define IMAGE_SEED(make_)                                                                          \
	{                                                                                          \
		.name = #make_, .target = fuzz_image, .make = (make_)                              \
	}
#define NOTES_SEED(make_)                                                                          \
	{                                                                                          \
		.name = #make_, .target = fuzz_notes, .make = (make_)                              \
	}
#define COST_SEED(make_)                                                                           \
	{                                                                                          \
		.name = #make_, .target = fuzz_cost, .make = (make_)                               \
	}
#define P2M_SEED(make_)                                                                            \
	{                                                                                          \
		.name = #make_, .target = fuzz_p2m, .make = (make_)                                \
	}

const struct seed seeds[] = {
	IMAGE_SEED(elf_64),
	IMAGE_SEED(elf_32),
	IMAGE_SEED(elf_with_symbols),
	IMAGE_SEED(elf_with_legacy_string),
	IMAGE_SEED(sound_flat),
	IMAGE_SEED(sound_arm64),
	IMAGE_SEED(gzip_stream),
	IMAGE_SEED(gzip_bzimage),
	IMAGE_SEED(bzip2_stream),
	IMAGE_SEED(bzip2_bzimage),
	IMAGE_SEED(lzma_stream),
	IMAGE_SEED(lzma_bzimage),
	IMAGE_SEED(xz_stream),
	IMAGE_SEED(xz_bzimage),
	IMAGE_SEED(lzo_stream),
	IMAGE_SEED(lzo_bzimage),
	IMAGE_SEED(lz4_stream),
	IMAGE_SEED(lz4_bzimage),
	IMAGE_SEED(zstd_stream),
	IMAGE_SEED(zstd_bzimage),
	IMAGE_SEED(gzipped_bzimage),
	NOTES_SEED(notes_64_in_a_segment),
	NOTES_SEED(notes_32_in_a_segment),
	NOTES_SEED(notes_64_in_a_section),
	NOTES_SEED(notes_behind_others),
	NOTES_SEED(notes_behind_padding),
	NOTES_SEED(notes_that_declare),
	NOTES_SEED(notes_in_a_legacy_string),
	P2M_SEED(p2m_tree_of_64_bits),
	P2M_SEED(p2m_tree_of_32_bits),
	P2M_SEED(p2m_frame_lists),
	P2M_SEED(p2m_list),
	P2M_SEED(p2m_list_of_32_bits),
	COST_SEED(cost_same_bytes),
	COST_SEED(cost_same_notes),
	COST_SEED(cost_sections),
	{.name = NULL},
};
