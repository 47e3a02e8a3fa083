/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The containers that are no ELF: bzImage, flat binary, arm64 Image; and real kernels. */
#include "support/test.h"

#include <elf.h>

#include <pvbuild/image.h>

#include "support/compress.h"
#include "support/elf-builder.h"

static int open_blob(const struct blob *file, struct pvb_image **image, struct pvb_error *error)
{
	return pvb_image_open_memory(file->bytes, file->size, "kernel", NULL, image, error);
}

static struct pvb_image *open_ok(const struct blob *file)
{
	struct pvb_image *image;
	struct pvb_error error;

	assert_ok(open_blob(file, &image, &error), &error);
	return image;
}

static void assert_refused(const struct blob *file, enum pvb_code code)
{
	struct pvb_image *image;
	struct pvb_error error;

	assert_fails_with(open_blob(file, &image, &error), code, &error);
}

/* ---- bzImage ------------------------------------------------------------------------- */

static struct blob bzimage_of(const struct bzimage *spec)
{
	struct blob elf = small_kernel(64);
	struct blob payload = compress_blob(PVB_CODEC_GZIP, &elf, NULL);

	blob_free(&elf);
	return bzimage_build(spec, &payload);
}

static void a_bzimage_is_read_through_its_setup_header(void **state)
{
	(void)state;
	struct bzimage specs[] = {
		{0},
		{.protocol = 0x208, .setup_sects = 27},
		{.payload_offset = 16, .no_size_trailer = true},
		{.setup_sects = 64, .payload_offset = 40000}, /* beyond the first 8 KiB */
	};

	for (unsigned i = 0; i < sizeof specs / sizeof specs[0]; i++) {
		struct blob file = bzimage_of(&specs[i]);
		struct pvb_image *image = open_ok(&file);
		const struct pvb_image_info *info = pvb_image_info(image);

		assert_int_equal(info->container, PVB_CONTAINER_BZIMAGE);
		assert_int_equal(info->codec, PVB_CODEC_GZIP);
		assert_int_equal(info->layers, 1);
		assert_int_equal(info->elf_bits, 64);
		assert_string_equal(info->kernel_version, "6.1.0-test (tests@example) #1");
		assert_true(info->pv.supported);
		pvb_image_free(image);
		blob_free(&file);
	}
}

static void setup_sects_of_zero_mean_four(void **state)
{
	(void)state;
	struct blob file = bzimage_of(&(struct bzimage){.setup_sects = 4});

	blob_put(&file, BZ_SETUP_SECTS, 0, 1);
	pvb_image_free(open_ok(&file));
	blob_free(&file);
}

static void magic_bytes_elsewhere_are_no_payload(void **state)
{
	(void)state;
	struct blob file = bzimage_of(&(struct bzimage){.payload_offset = 0x400});

	/* What a scanner would find first. */
	memcpy(file.bytes + 5 * 512 + 0x100, "\x1f\x8b\x08", 3);
	memcpy(file.bytes + 5 * 512 + 0x200,
	       "\xfd"
	       "7zXZ",
	       6);
	pvb_image_free(open_ok(&file));
	blob_free(&file);
}

static void a_payload_may_be_a_plain_elf(void **state)
{
	(void)state;
	struct blob elf = small_kernel(64);
	struct blob file = bzimage_build(&(struct bzimage){.unpacked_size = 1}, &elf);
	struct pvb_image *image = open_ok(&file);

	assert_int_equal(pvb_image_info(image)->codec, PVB_CODEC_NONE);
	assert_int_equal(pvb_image_info(image)->layers, 0);
	assert_int_equal(pvb_image_info(image)->container, PVB_CONTAINER_BZIMAGE);
	pvb_image_free(image);
	blob_free(&file);
}

static void old_protocols_are_refused_with_a_way_out(void **state)
{
	(void)state;
	struct blob file = bzimage_of(&(struct bzimage){.protocol = 0x0207});
	struct pvb_image *image;
	struct pvb_error error;

	assert_fails_with(open_blob(&file, &image, &error), PVB_E_BZIMAGE_PROTOCOL, &error);
	assert_non_null(strstr(error.message, "2.07"));
	assert_non_null(strstr(error.hint, "extract-vmlinux"));
	blob_free(&file);
}

static void setup_headers_that_contradict_are_refused(void **state)
{
	(void)state;
	struct {
		enum bzimage_field field;
		unsigned width;
		uint64_t value;
		enum pvb_code code;
	} faults[] = {
		{BZ_PAYLOAD_LENGTH, 4, 0, PVB_E_BZIMAGE_HEADER},
		{BZ_PAYLOAD_LENGTH, 4, 0x7fffffff, PVB_E_IMAGE_TRUNCATED},
		{BZ_PAYLOAD_OFFSET, 4, UINT32_MAX, PVB_E_IMAGE_TRUNCATED},
		{BZ_SETUP_SECTS, 1, 255, PVB_E_IMAGE_TRUNCATED},
		{BZ_PAYLOAD_OFFSET, 4, 0x2cd, PVB_E_CODEC_UNKNOWN},
		{BZ_MAGIC, 4, 0, PVB_E_IMAGE_NO_LOADER},
	};

	for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct blob file = bzimage_of(&(struct bzimage){0});

		blob_put(&file, faults[i].field, faults[i].value, faults[i].width);
		assert_refused(&file, faults[i].code);
		blob_free(&file);
	}
}

/* What boot loaders look at does not matter: the file's own length decides. */
static void a_setup_header_need_not_suit_a_boot_loader(void **state)
{
	(void)state;
	static const struct {
		enum bzimage_field field;
		unsigned width;
		uint64_t value;
	} oddities[] = {
		{BZ_BOOT_FLAG, 2, 0}, {BZ_JUMP, 1, 0x20}, {BZ_SYSSIZE, 4, 10}, {BZ_SYSSIZE, 4, 0}};

	for (unsigned i = 0; i < sizeof oddities / sizeof oddities[0]; i++) {
		struct blob file = bzimage_of(&(struct bzimage){0});

		blob_put(&file, oddities[i].field, oddities[i].value, oddities[i].width);
		pvb_image_free(open_ok(&file));
		blob_put(&file, BZ_PAYLOAD_OFFSET, UINT32_MAX, 4);
		assert_refused(&file, PVB_E_IMAGE_TRUNCATED);
		blob_free(&file);
	}
}

static void cut_bzimages_are_called_truncated(void **state)
{
	(void)state;
	static const size_t sizes[] = {0x206, 0x207, 0x208, 0x24f, 0x400, 5 * 512 + 0x2cc + 10};

	for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct blob file = bzimage_of(&(struct bzimage){0});

		blob_cut(&file, sizes[i]);
		assert_refused(&file, PVB_E_IMAGE_TRUNCATED);
		blob_free(&file);
	}
}

static void a_version_that_is_not_there_is_none(void **state)
{
	(void)state;
	struct blob file = bzimage_of(&(struct bzimage){.version = ""});
	struct pvb_image *image = open_ok(&file);
	assert_null(pvb_image_info(image)->kernel_version);
	pvb_image_free(image);

	/* Beyond the setup code; at its very end without a NUL; empty. */
	static const uint16_t pointers[] = {0xffff, 4 * 512, 4 * 512 - 1, 0x150};
	blob_put(&file, 5 * 512 - 1, 'x', 1);
	for (unsigned i = 0; i < sizeof pointers / sizeof pointers[0]; i++) {
		blob_put(&file, BZ_VERSION_PTR, pointers[i], 2);
		image = open_ok(&file);
		assert_null(pvb_image_info(image)->kernel_version);
		pvb_image_free(image);
	}
	blob_free(&file);

	file = bzimage_of(&(struct bzimage){.version = "6.1\n\x80"});
	image = open_ok(&file);
	assert_string_equal(pvb_image_info(image)->kernel_version, "6.1\\x0a\\x80");
	pvb_image_free(image);
	blob_free(&file);
}

static void a_bzimage_of_a_kernel_without_xen_opens(void **state)
{
	(void)state;
	struct elf_builder b = ELF_BUILDER_64;
	elf_add_load(&b, 0x1000000, 0x1000, 0x1000);
	struct blob elf = elf_build(&b);
	struct blob payload = compress_blob(PVB_CODEC_XZ, &elf, NULL);
	struct blob file = bzimage_build(&(struct bzimage){0}, &payload);
	struct pvb_image *image = open_ok(&file);

	assert_int_equal(pvb_image_info(image)->pv.refusal, PVB_E_PV_NO_NOTES);
	assert_non_null(strstr(pvb_image_info(image)->pv.hint, "CONFIG_XEN_PV"));
	assert_true(pvb_image_info(image)->pv.virt_base == PVB_NONE);
	pvb_image_free(image);
	blob_free(&file);
	blob_free(&elf);
}

/* ---- flat binaries ---------------------------------------------------------------------- */

/* 64-bit; the file's first 0x100 bytes are not loaded; some bss. */
static const struct flat_binary good_flat = {
	.header_offset = 0x1010,
	.flags = 0x00010001 | 2 << 14,
	.header_addr = 0x101010,
	.load_addr = 0x101000,
	.load_end_addr = 0x102000,
	.bss_end_addr = 0x108000,
	.entry_addr = 0x101040,
};

static void a_flat_binary_is_placed_by_its_table(void **state)
{
	(void)state;
	struct blob file = flat_build(&good_flat, 0x3000);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_int_equal(info->container, PVB_CONTAINER_MULTIBOOT);
	assert_int_equal(info->elf_bits, 0);
	assert_int_equal(info->elf_machine, 0);
	assert_int_equal(info->segment_count, 1);
	assert_int_equal(info->note_count, 0);
	assert_true(info->pv.supported);
	assert_int_equal(info->pv.guest_type, PVB_GUEST_X86_64);
	assert_int_equal(info->pv.virt_base, 0x100000);
	assert_int_equal(info->pv.kernel_start, 0x101000);
	assert_int_equal(info->pv.kernel_end, 0x108000);
	assert_int_equal(info->pv.entry, 0x101040);
	assert_true(info->pv.hypercall_page == PVB_NONE);
	assert_int_equal(info->piece_count, 1);
	assert_int_equal(info->pieces[0].va, 0x101000);
	assert_int_equal(info->pieces[0].offset, 0x1000);
	assert_int_equal(info->pieces[0].size, 0x1000);
	assert_int_equal(info->pieces[0].memory_size, 0x7000);
	pvb_image_free(image);

	struct blob packed = compress_blob(PVB_CODEC_GZIP, &file, NULL);
	image = open_ok(&packed);
	assert_int_equal(pvb_image_info(image)->container, PVB_CONTAINER_MULTIBOOT);
	assert_int_equal(pvb_image_info(image)->layers, 1);
	pvb_image_free(image);
	blob_free(&packed);
	blob_free(&file);
}

static void ends_that_are_not_said_are_those_of_the_file(void **state)
{
	(void)state;
	struct flat_binary spec = good_flat;
	spec.load_end_addr = spec.bss_end_addr = 0;
	struct blob file = flat_build(&spec, 0x3000);
	struct pvb_image *image = open_ok(&file);

	assert_int_equal(pvb_image_info(image)->pieces[0].size, 0x2000);
	assert_int_equal(pvb_image_info(image)->pieces[0].memory_size, 0x2000);
	pvb_image_free(image);
	blob_free(&file);
}

static void the_flags_of_a_flat_binary_say_what_it_is(void **state)
{
	(void)state;
	struct {
		unsigned pae;
		enum pvb_guest_type type;
		enum pvb_pae_mode mode;
	} kinds[] = {
		{0, PVB_GUEST_NONE, PVB_PAE_NO},
		{1, PVB_GUEST_X86_32P, PVB_PAE_YES},
		{2, PVB_GUEST_X86_64, PVB_PAE_NO},
		{3, PVB_GUEST_X86_32P, PVB_PAE_EXTENDED_CR3},
	};

	for (unsigned i = 0; i < 4; i++) {
		struct flat_binary spec = good_flat;
		spec.flags = 0x00010000 | kinds[i].pae << 14;
		struct blob file = flat_build(&spec, 0x3000);
		struct pvb_image *image = open_ok(&file);
		const struct pvb_image_pv *pv = &pvb_image_info(image)->pv;

		assert_int_equal(pv->guest_type, kinds[i].type);
		assert_int_equal(pv->pae, kinds[i].mode);
		assert_int_equal(pv->refusal, i ? 0 : PVB_E_PV_NON_PAE);
		pvb_image_free(image);
		blob_free(&file);
	}
}

static void flat_binaries_that_contradict_are_refused(void **state)
{
	(void)state;
	struct flat_binary faults[12];
	unsigned n = 0;
#define FAULT(field, value)                                                                        \
	do {                                                                                       \
		faults[n] = good_flat;                                                             \
		faults[n++].field = (value);                                                       \
	} while (0)

	FAULT(flags, 0);
	FAULT(flags, 0x00010002 | 2 << 14);
	FAULT(flags, 0x00030000 | 2 << 14);
	FAULT(header_addr, 0x100fff);
	FAULT(header_addr, 0x100);
	FAULT(load_addr, 0xff000);
	FAULT(load_addr, 0x101011);
	FAULT(load_end_addr, 0x104000);
	FAULT(load_end_addr, 0x100fff);
	FAULT(bss_end_addr, 0x101fff);
	for (unsigned i = 0; i < n; i++) {
		struct blob file = flat_build(&faults[i], 0x3000);

		assert_refused(&file, PVB_E_MULTIBOOT_HEADER);
		blob_free(&file);
	}
	struct flat_binary nothing = good_flat;
	nothing.load_end_addr = nothing.bss_end_addr = nothing.load_addr;
	struct blob file = flat_build(&nothing, 0x3000);
	assert_refused(&file, PVB_E_MULTIBOOT_HEADER);
	blob_free(&file);

	struct flat_binary outside = good_flat;
	outside.entry_addr = 0x108000;
	file = flat_build(&outside, 0x3000);
	struct pvb_image *image = open_ok(&file);
	assert_int_equal(pvb_image_info(image)->pv.refusal, PVB_E_PV_ADDRESSES);
	pvb_image_free(image);
	blob_free(&file);
}

static void a_table_with_a_wrong_checksum_is_none(void **state)
{
	(void)state;
	struct flat_binary spec = good_flat;
	spec.checksum_error = 1;
	struct blob file = flat_build(&spec, 0x3000);
	struct pvb_image *image;
	struct pvb_error error;

	assert_fails_with(open_blob(&file, &image, &error), PVB_E_IMAGE_NO_LOADER, &error);
	assert_non_null(strstr(error.message, "a wrong checksum"));
	blob_free(&file);

	/* So is one beyond the first 8 KiB, or not at a multiple of 4. */
	spec = good_flat;
	spec.header_offset = 8192;
	file = flat_build(&spec, 0x3000);
	assert_refused(&file, PVB_E_IMAGE_NO_LOADER);
	blob_free(&file);
	spec.header_offset = 0x1012;
	file = flat_build(&spec, 0x3000);
	assert_refused(&file, PVB_E_IMAGE_NO_LOADER);
	blob_free(&file);
	spec.header_offset = 8188;
	spec.header_addr = 0x100000 + 8188;
	spec.load_addr = 0x100000;
	spec.load_end_addr = 0;
	spec.entry_addr = 0x100000;
	file = flat_build(&spec, 8192 + 28);
	pvb_image_free(open_ok(&file));
	blob_free(&file);
}

/* ---- arm64 ---------------------------------------------------------------------------------- */

static void an_arm64_image_opens_compressed_or_not(void **state)
{
	(void)state;
	struct blob file = arm64_build(0, 0x20000, 0xa, 0x10000);
	struct blob packed = compress_blob(PVB_CODEC_GZIP, &file, NULL);

	for (unsigned round = 0; round < 2; round++) {
		struct pvb_image *image = open_ok(round ? &packed : &file);
		const struct pvb_image_info *info = pvb_image_info(image);

		assert_int_equal(info->container, PVB_CONTAINER_ARM64_IMAGE);
		assert_int_equal(info->layers, round);
		assert_true(info->pv.supported);
		assert_int_equal(info->pv.guest_type, PVB_GUEST_ARM64);
		assert_int_equal(info->arm64.image_size, 0x20000);
		assert_int_equal(info->arm64.page_size, 4096);
		assert_true(info->arm64.anywhere);
		assert_false(info->arm64.big_endian);
		assert_int_equal(info->arm64.flags, 0xa);
		assert_true(info->pvh_entry == PVB_NONE);
		pvb_image_free(image);
	}
	blob_free(&packed);
	blob_free(&file);
}

static void the_flags_of_an_arm64_image_are_read(void **state)
{
	(void)state;
	struct {
		uint64_t flags;
		uint32_t page_size;
	} sizes[] = {{0, 0}, {2, 4096}, {4, 16384}, {7, 65536}};

	for (unsigned i = 0; i < 4; i++) {
		struct blob file = arm64_build(0x80000, 0x20000, sizes[i].flags, 0x1000);
		struct pvb_image *image = open_ok(&file);

		assert_int_equal(pvb_image_info(image)->arm64.page_size, sizes[i].page_size);
		assert_int_equal(pvb_image_info(image)->arm64.big_endian, sizes[i].flags & 1);
		assert_int_equal(pvb_image_info(image)->arm64.text_offset, 0x80000);
		pvb_image_free(image);
		blob_free(&file);
	}
	/* From before the size was stated: then the rest does not count either. */
	struct blob file = arm64_build(0x1234567, 0, UINT64_MAX, 0x1000);
	struct pvb_image *image = open_ok(&file);
	assert_int_equal(pvb_image_info(image)->arm64.text_offset, 0x80000);
	assert_int_equal(pvb_image_info(image)->arm64.page_size, 0);
	pvb_image_free(image);
	blob_free(&file);
}

static void malformed_arm64_headers_are_refused(void **state)
{
	(void)state;
	struct {
		uint64_t text_offset, image_size;
		size_t size;
	} faults[] = {
		{0, 0x1000, 63},        {0, 63, 64}, {0, 0xfff, 0x1000}, {0x200000, 0x1000, 0x1000},
		{0x80, 0x1000, 0x1000},
	};

	for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct blob file =
			arm64_build(faults[i].text_offset, faults[i].image_size, 0, faults[i].size);

		assert_refused(&file, PVB_E_ARM64_HEADER);
		blob_free(&file);
	}
}

/* ---- real kernels -----------------------------------------------------------------------------
 */

static const struct {
	const char *file;
	const char *version;
	enum pvb_container container;
	enum pvb_codec codec;
	bool supported, mod_start_pfn, legacy;
	enum pvb_guest_type type;
	uint64_t virt_base, entry_low, init_p2m;
	size_t pieces;
} real_kernels[] = {
	{"vmlinuz-6.1", "6.1.", PVB_CONTAINER_BZIMAGE, PVB_CODEC_XZ, true, true, false,
	 PVB_GUEST_X86_64, UINT64_C(0xffffffff80000000), UINT64_C(0xffffffff81000000),
	 UINT64_C(0x8000000000), 4},
	{"vmlinuz-6.1-cloud", "6.1.", PVB_CONTAINER_BZIMAGE, PVB_CODEC_LZ4, true, true, false,
	 PVB_GUEST_X86_64, UINT64_C(0xffffffff80000000), UINT64_C(0xffffffff81000000),
	 UINT64_C(0x8000000000), 4},
	{"vmlinuz-6.12", "6.12.", PVB_CONTAINER_BZIMAGE, PVB_CODEC_ZSTD, true, true, false,
	 PVB_GUEST_X86_64, UINT64_C(0xffffffff80000000), UINT64_C(0xffffffff81000000),
	 UINT64_C(0x8000000000), 4},
	{"grub-x86_64-xen.bin", NULL, PVB_CONTAINER_ELF, PVB_CODEC_NONE, true, false, false,
	 PVB_GUEST_X86_64, 0, 0, PVB_NONE, 2},
	{"grub-i386-xen.bin", NULL, PVB_CONTAINER_ELF, PVB_CODEC_NONE, true, false, false,
	 PVB_GUEST_X86_32P, 0, 0, PVB_NONE, 2},
	{"grub-i386-xen_pvh.bin", NULL, PVB_CONTAINER_ELF, PVB_CODEC_NONE, false, false, false,
	 PVB_GUEST_NONE, 0, 0x100000, PVB_NONE, 0},
	{"gnumach-xen.gz", NULL, PVB_CONTAINER_ELF, PVB_CODEC_GZIP, true, false, true,
	 PVB_GUEST_X86_32P, 0xc0000000, 0xc0000000, PVB_NONE, 2},
};

static void real_kernel(unsigned i)
{
	struct pvb_image *image;
	struct pvb_error error;
	char path[4096];

	if (!kernel_of_distribution(real_kernels[i].file, path))
		skip();
	if (!pvb_codec_available(real_kernels[i].codec)) {
		print_message("# this build has no %s\n", pvb_codec_name(real_kernels[i].codec));
		skip();
	}

	assert_ok(pvb_image_open(path, NULL, &image, &error), &error);
	const struct pvb_image_info *info = pvb_image_info(image);
	assert_int_equal(info->container, real_kernels[i].container);
	assert_int_equal(info->codec, real_kernels[i].codec);
	if (real_kernels[i].version)
		assert_memory_equal(info->kernel_version, real_kernels[i].version,
				    strlen(real_kernels[i].version));
	else
		assert_null(info->kernel_version);
	assert_int_equal(info->pv.supported, real_kernels[i].supported);
	assert_int_equal(info->pv.refusal, real_kernels[i].supported ? 0 : PVB_E_PV_PVH_ONLY);
	assert_int_equal(info->pv.guest_type, real_kernels[i].type);
	assert_int_equal(info->pv.mod_start_pfn, real_kernels[i].mod_start_pfn);
	assert_true(info->pv.virt_base == real_kernels[i].virt_base);
	assert_true(info->pv.entry >= real_kernels[i].entry_low);
	assert_true(info->pv.entry < info->pv.kernel_end);
	assert_true(info->pv.init_p2m == real_kernels[i].init_p2m);
	assert_int_equal(info->piece_count, real_kernels[i].pieces);
	bool legacy = false;
	for (size_t k = 0; k < info->note_count; k++)
		legacy |= info->notes[k].origin == PVB_NOTE_XEN_GUEST;
	assert_int_equal(legacy, real_kernels[i].legacy);
	for (size_t k = 1; k < info->piece_count; k++)
		assert_true(info->pieces[k].va >=
			    info->pieces[k - 1].va + info->pieces[k - 1].memory_size);
	pvb_image_free(image);
}

static void linux_6_1_is_read(void **state)
{
	(void)state;
	real_kernel(0);
}

static void linux_6_1_cloud_is_read(void **state)
{
	(void)state;
	real_kernel(1);
}

static void linux_6_12_is_read(void **state)
{
	(void)state;
	real_kernel(2);
}

static void grub_for_64_bits_is_read(void **state)
{
	(void)state;
	real_kernel(3);
}

static void grub_for_32_bits_is_read(void **state)
{
	(void)state;
	real_kernel(4);
}

static void grub_for_pvh_is_refused(void **state)
{
	(void)state;
	real_kernel(5);
}

static void gnumach_is_read(void **state)
{
	(void)state;
	real_kernel(6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bzimage_is_read_through_its_setup_header),
		cmocka_unit_test(setup_sects_of_zero_mean_four),
		cmocka_unit_test(magic_bytes_elsewhere_are_no_payload),
		cmocka_unit_test(a_payload_may_be_a_plain_elf),
		cmocka_unit_test(old_protocols_are_refused_with_a_way_out),
		cmocka_unit_test(setup_headers_that_contradict_are_refused),
		cmocka_unit_test(a_setup_header_need_not_suit_a_boot_loader),
		cmocka_unit_test(cut_bzimages_are_called_truncated),
		cmocka_unit_test(a_version_that_is_not_there_is_none),
		cmocka_unit_test(a_bzimage_of_a_kernel_without_xen_opens),
		cmocka_unit_test(a_flat_binary_is_placed_by_its_table),
		cmocka_unit_test(ends_that_are_not_said_are_those_of_the_file),
		cmocka_unit_test(the_flags_of_a_flat_binary_say_what_it_is),
		cmocka_unit_test(flat_binaries_that_contradict_are_refused),
		cmocka_unit_test(a_table_with_a_wrong_checksum_is_none),
		cmocka_unit_test(an_arm64_image_opens_compressed_or_not),
		cmocka_unit_test(the_flags_of_an_arm64_image_are_read),
		cmocka_unit_test(malformed_arm64_headers_are_refused),
		cmocka_unit_test(linux_6_1_is_read),
		cmocka_unit_test(linux_6_1_cloud_is_read),
		cmocka_unit_test(linux_6_12_is_read),
		cmocka_unit_test(grub_for_64_bits_is_read),
		cmocka_unit_test(grub_for_32_bits_is_read),
		cmocka_unit_test(grub_for_pvh_is_refused),
		cmocka_unit_test(gnumach_is_read),
	};

	return cmocka_run_group_tests_name("image-bzimage", tests, NULL, NULL);
}
