/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sound images of every kind, cut at every length, with every byte changed,
 * and changed in many places at random, always the same. Whatever comes of it
 * is either an image that keeps its promises or a refusal that blames the
 * image; and nothing is left behind.
 */
#include "malformed/invariants.h"
#include "malformed/specimen.h"

#include "support/test.h"

/* ---- one of each kind --------------------------------------------------------------------- */

struct kind {
	struct blob (*make)(enum pvb_codec codec);
	enum pvb_codec codec;
};

static struct blob elf_64(enum pvb_codec codec)
{
	(void)codec;
	return sound_kernel(64);
}

static struct blob elf_32(enum pvb_codec codec)
{
	(void)codec;
	return sound_kernel(32);
}

static struct blob elf_with_sections(enum pvb_codec codec)
{
	struct specimen specimen;

	(void)codec;
	specimen_64(&specimen);
	specimen_string(&specimen, NOTE_BSD_SYMTAB, "yes");
	specimen.home = HOME_SECTION;
	specimen.symbols = true;
	return specimen_assemble(&specimen);
}

static struct blob elf_with_legacy_string(enum pvb_codec codec)
{
	static const char string[] =
		"GUEST_OS=GNU Mach,GUEST_VERSION=1.3,XEN_VER=xen-3.0,VIRT_BASE=0xc0000000,"
		"ELF_PADDR_OFFSET=0x0,HYPERCALL_PAGE=0x101,VIRT_ENTRY=0xc0100040,LOADER=generic,"
		"PAE=yes[extended-cr3],FEATURES=pae_pgdir_above_4gb|writable_page_tables";
	struct specimen specimen;

	(void)codec;
	specimen_32(&specimen);
	specimen.home = HOME_LEGACY;
	blob_append(&specimen.legacy, string, sizeof string);
	return specimen_assemble(&specimen);
}

static struct blob flat(enum pvb_codec codec)
{
	(void)codec;
	return sound_flat();
}

static struct blob arm64(enum pvb_codec codec)
{
	(void)codec;
	return sound_arm64();
}

static struct blob packed_elf(enum pvb_codec codec)
{
	need_codec(codec);
	return consumed(codec, sound_kernel(64));
}

static struct blob bzimage(enum pvb_codec codec)
{
	need_codec(codec);

	struct blob kernel = sound_kernel(64);
	struct blob image = packed_bzimage(codec, &kernel);

	blob_free(&kernel);
	return image;
}

static struct blob gzipped_bzimage(enum pvb_codec codec)
{
	return consumed(PVB_CODEC_GZIP, bzimage(codec));
}

/* ---- what must hold ------------------------------------------------------------------------- */

struct tally {
	unsigned opened, refused;
};

static void try_image(const uint8_t *bytes, size_t size, struct tally *tally)
{
	struct pvb_image *image = (struct pvb_image *)(uintptr_t)1;
	struct pvb_error error = {0};
	int rc = pvb_image_open_memory(bytes, size, "mutant", NULL, &image, &error);

	if (rc) {
		if (pvb_code_fault(-rc) != PVB_FAULT_IMAGE || error.code != -rc ||
		    !error.message[0] || image)
			fail_msg("a mutant gave %d (%s): %s", rc, pvb_code_name(-rc),
				 error.message);
		tally->refused++;
		return;
	}

	const char *broken = broken_invariant(image);

	if (broken)
		fail_msg("a mutant opened, but not: %s", broken);
	tally->opened++;
	pvb_image_free(image);
}

static void told(const char *what, const struct tally *tally)
{
	print_message("# %s: %u opened, %u refused\n", what, tally->opened, tally->refused);
}

static void sound_before_it_is_spoilt(const struct blob *image)
{
	struct tally tally = {0};

	try_image(image->bytes, image->size, &tally);
	assert_int_equal(tally.opened, 1);
}

static void every_truncation(void **state)
{
	const struct kind *kind = (const struct kind *)*state;
	struct blob image = kind->make(kind->codec);
	struct tally tally = {0};

	sound_before_it_is_spoilt(&image);

	const unsigned fds = count_open_fds();

	for (size_t size = 0; size < image.size; size++) {
		/* In a buffer of just that size, for a sanitizer to see what reads beyond. */
		uint8_t *cut = (uint8_t *)malloc(size ? size : 1);

		assert_non_null(cut);
		if (size)
			memcpy(cut, image.bytes, size);
		try_image(cut, size, &tally);
		free(cut);
	}
	assert_int_equal(count_open_fds(), fds);
	assert_true(tally.refused > 0);
	told("truncations", &tally);
	blob_free(&image);
}

static void every_byte_changed(void **state)
{
	static const uint8_t changes[] = {0x01, 0x80, 0xff};
	const struct kind *kind = (const struct kind *)*state;
	struct blob image = kind->make(kind->codec);
	struct tally tally = {0};
	const unsigned fds = count_open_fds();

	for (size_t at = 0; at < image.size; at++) {
		const uint8_t byte = image.bytes[at];

		/* Long stretches of filling are all the same to the parser: one byte is enough. */
		if (at > 0x400 && byte == image.bytes[at - 1] && byte == image.bytes[at - 2])
			continue;
		for (size_t i = 0; i < sizeof changes; i++) {
			image.bytes[at] = byte ^ changes[i];
			try_image(image.bytes, image.size, &tally);
		}
		image.bytes[at] = byte;
	}
	assert_int_equal(count_open_fds(), fds);
	assert_true(tally.refused > 0);
	told("bytes changed", &tally);
	blob_free(&image);
}

/* A few bytes, words or stretches, and lengths; numbers that parsers stumble over more often than
 * others. */
static void mutate(struct blob *image, uint64_t *random)
{
	static const uint64_t numbers[] = {0,
					   1,
					   0x7f,
					   0xff,
					   0xffff,
					   0x10000,
					   0x7fffffff,
					   0x80000000,
					   0xffffffff,
					   UINT64_C(0x7fffffffffffffff),
					   UINT64_C(0x8000000000000000),
					   UINT64_MAX,
					   UINT64_MAX - 0xfff};
	unsigned steps = 1 + (unsigned)(test_random(random) % 4);

	while (steps--) {
		const uint64_t dice = test_random(random);
		const unsigned width = 1u << (dice >> 8 & 3);
		size_t reach =
			dice >> 16 & 1 ? image->size : (image->size < 0x300 ? image->size : 0x300);

		if (reach < width)
			return;

		const size_t at = (size_t)(test_random(random) % (reach - width + 1));

		switch (dice % 8) {
		case 0:
		case 1:
			blob_put(image, at, test_random(random), width);
			break;
		case 2:
		case 3:
			blob_put(
				image, at,
				numbers[test_random(random) % (sizeof numbers / sizeof numbers[0])],
				width);
			break;
		case 4:
			blob_put(image, at,
				 blob_get(image, at, width) + (test_random(random) % 17) - 8,
				 width);
			break;
		case 5:
			image->bytes[at] ^= (uint8_t)(1u << (test_random(random) & 7));
			break;
		case 6: {
			size_t from = (size_t)(test_random(random) % (image->size - width + 1));

			memmove(image->bytes + at, image->bytes + from, width);
			break;
		}
		default:
			if (!(test_random(random) & 3))
				blob_cut(image, (size_t)(test_random(random) % (image->size + 1)));
			break;
		}
	}
}

static void two_thousand_mutants(void **state)
{
	const struct kind *kind = (const struct kind *)*state;
	struct blob image = kind->make(kind->codec);
	struct tally tally = {0};
	uint64_t random = 2024 + (uint64_t)kind->codec;
	const unsigned fds = count_open_fds();

	for (unsigned i = 0; i < 2000; i++) {
		struct blob mutant = blob_copy(&image);

		mutate(&mutant, &random);
		try_image(mutant.bytes, mutant.size, &tally);
		blob_free(&mutant);
	}
	assert_int_equal(count_open_fds(), fds);
	assert_true(tally.refused > 0);
	told("mutants", &tally);
	blob_free(&image);
}

/*
 * Decoders hand over what they unpack in parts, and the headers that account
 * for the rest may come in one of them, in two, or long after the first.
 */
static void tables_wherever_they_stand_are_understood(void **state)
{
	const unsigned fds = count_open_fds();

	(void)state;
	for (size_t size = 65536 - 900; size < 65536 + 300; size += 8) {
		struct elf_builder builder = ELF_BUILDER_64;
		struct blob notes = xen_notes(64), plain, packed_kernel;
		struct tally tally = {0};

		elf_add_load(&builder, 0x100000, size & 8 ? size : 64, 0x20000);
		if (!(size & 8))
			elf_add_load(&builder, 0x200000, size, 0x20000);
		elf_add_note_section(&builder, ".note.Xen", &notes);
		elf_add_symbols(&builder, 3);
		builder.entry = 0x100000;
		plain = elf_build(&builder);
		/* Zeros, every other time: they are not kept but remembered. */
		if (size & 16)
			memset(plain.bytes + 0x1000, 0, size - 0x2000);
		packed_kernel = packed(PVB_CODEC_GZIP, &plain);
		try_image(packed_kernel.bytes, packed_kernel.size, &tally);
		assert_int_equal(tally.opened, 1);
		blob_free(&plain);
		blob_free(&packed_kernel);
	}
	assert_int_equal(count_open_fds(), fds);
}

#define TEST(name_, function_, make_, codec_)                                                      \
	{                                                                                          \
		.name = name_, .test_func = (function_), .initial_state = &(struct kind)           \
		{                                                                                  \
			.make = (make_), .codec = PVB_CODEC_##codec_                               \
		}                                                                                  \
	}
#define KIND(name_, make_, codec_)                                                                 \
	TEST(name_ "_cut_at_every_length", every_truncation, make_, codec_),                       \
		TEST(name_ "_with_every_byte_changed", every_byte_changed, make_, codec_),         \
		TEST("two_thousand_mutants_of_" name_, two_thousand_mutants, make_, codec_)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_wherever_they_stand_are_understood),
		KIND("a_64_bit_elf", elf_64, NONE),
		KIND("a_32_bit_elf", elf_32, NONE),
		KIND("an_elf_with_sections_and_symbols", elf_with_sections, NONE),
		KIND("an_elf_with_a_legacy_string", elf_with_legacy_string, NONE),
		KIND("a_flat_binary", flat, NONE),
		KIND("an_arm64_image", arm64, NONE),
		KIND("a_gzip_stream", packed_elf, GZIP),
		KIND("a_bzip2_stream", packed_elf, BZIP2),
		KIND("an_lzma_stream", packed_elf, LZMA),
		KIND("an_xz_stream", packed_elf, XZ),
		KIND("an_lzo_stream", packed_elf, LZO),
		KIND("an_lz4_stream", packed_elf, LZ4),
		KIND("a_zstd_stream", packed_elf, ZSTD),
		KIND("a_gzip_bzimage", bzimage, GZIP),
		KIND("an_xz_bzimage", bzimage, XZ),
		KIND("an_lz4_bzimage", bzimage, LZ4),
		KIND("a_zstd_bzimage", bzimage, ZSTD),
		KIND("a_gzipped_lzo_bzimage", gzipped_bzimage, LZO),
	};

	return cmocka_run_group_tests_name("mutations", tests, NULL, NULL);
}
