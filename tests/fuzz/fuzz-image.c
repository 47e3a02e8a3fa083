/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole file. */
#include "fuzz/targets.h"

#include "fuzz/check.h"
#include "image/image.h"
#include "malformed/invariants.h"
#include "malformed/specimen.h"
#include "support/cost.h"

static void run(const uint8_t *data, size_t size)
{
	/* Low limits, so that a run tries many images and not one large one. */
	const struct pvb_image_options options = {.size = sizeof options,
						  .flags = size & 1 ? PVB_IMAGE_REFUSE_WX : 0,
						  .max_unpacked = 4 << 20,
						  .max_decoder_memory = 16 << 20};
	struct pvb_image *image = NULL;
	struct pvb_error error = {0};
	struct pvb_cost cost = {0};
	int rc = pvb_image_open_counted(pvb_span(data, size), "fuzz", &options, &cost, &image,
					&error);

	if (rc == 0) {
		const char *broken = broken_invariant(image);

		if (broken)
			fuzz_broken(broken, __FILE__, __LINE__, NULL);
	} else {
		must_be_sound(rc, &error);
		must(!image);
		must_after(pvb_code_fault(-rc) == PVB_FAULT_IMAGE, &error);
	}
	pvb_image_free(image);

	const char *wrong = cost_out_of_proportion(&cost, size, &options);

	if (wrong)
		fuzz_broken(wrong, __FILE__, __LINE__, NULL);
}

/* ---- what it begins with ------------------------------------------------------------------ */

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

static struct blob elf_with_legacy_string(void)
{
	struct specimen specimen;

	specimen_32(&specimen);
	specimen.home = HOME_LEGACY;
	blob_append_text(&specimen.legacy, SPECIMEN_LEGACY);
	blob_append_number(&specimen.legacy, 0, 1);
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

static const struct fuzz_seed seeds[] = {
	FUZZ_SEED(elf_64),           FUZZ_SEED(elf_32),
	FUZZ_SEED(elf_with_symbols), FUZZ_SEED(elf_with_legacy_string),
	FUZZ_SEED(sound_flat),       FUZZ_SEED(sound_arm64),
	FUZZ_SEED(gzip_stream),      FUZZ_SEED(gzip_bzimage),
	FUZZ_SEED(bzip2_stream),     FUZZ_SEED(bzip2_bzimage),
	FUZZ_SEED(lzma_stream),      FUZZ_SEED(lzma_bzimage),
	FUZZ_SEED(xz_stream),        FUZZ_SEED(xz_bzimage),
	FUZZ_SEED(lzo_stream),       FUZZ_SEED(lzo_bzimage),
	FUZZ_SEED(lz4_stream),       FUZZ_SEED(lz4_bzimage),
	FUZZ_SEED(zstd_stream),      FUZZ_SEED(zstd_bzimage),
	FUZZ_SEED(gzipped_bzimage),  {.name = NULL},
};

const struct fuzz_target fuzz_image = {
	.name = "image", .max_size = 8192, .run = run, .seeds = seeds};
