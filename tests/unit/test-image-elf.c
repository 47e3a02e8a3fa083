/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ELF kernels: what they hold is found, and those that lie are refused by name. */
#include "support/test.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <pvbuild/image.h>

#include "support/elf-builder.h"

static struct pvb_image *open_ok(const struct blob *file)
{
	struct pvb_image *image;
	struct pvb_error error;

	assert_ok(pvb_image_open_memory(file->bytes, file->size, "kernel", NULL, &image, &error),
		  &error);
	return image;
}

static void assert_refused(const struct blob *file, enum pvb_code code)
{
	struct pvb_image *image = (struct pvb_image *)&image;
	struct pvb_error error;
	unsigned fds = count_open_fds();

	assert_fails_with(
		pvb_image_open_memory(file->bytes, file->size, "kernel", NULL, &image, &error),
		code, &error);
	assert_null(image);
	assert_string_equal(error.stage, "image");
	assert_int_equal(count_open_fds(), fds);
	assert_int_equal(count_mappings_of("memfd:pvbuild-image"), 0);
}

static struct blob plain_kernel(unsigned bits)
{
	struct elf_builder b = linux_like(bits);

	return elf_build(&b);
}

/* Break one field of the Linux-like kernel, for both classes. */
#define assert_broken(set, code)                                                                   \
	do {                                                                                       \
		for (unsigned bits_ = 32; bits_ <= 64; bits_ += 32) {                              \
			struct blob elf = plain_kernel(bits_);                                     \
			set;                                                                       \
			assert_refused(&elf, code);                                                \
			blob_free(&elf);                                                           \
		}                                                                                  \
	} while (0)

static void a_linux_like_kernel_is_read_whole(void **state)
{
	(void)state;
	for (unsigned bits = 32; bits <= 64; bits += 32) {
		struct blob file = plain_kernel(bits);
		struct pvb_image *image = open_ok(&file);
		const struct pvb_image_info *info = pvb_image_info(image);
		uint64_t base = bits == 64 ? UINT64_C(0xffffffff80000000) : 0xc0000000;

		assert_string_equal(info->file, "kernel");
		assert_int_equal(info->file_size, file.size);
		assert_int_equal(info->unpacked_size, file.size);
		assert_int_equal(info->container, PVB_CONTAINER_ELF);
		assert_int_equal(info->codec, PVB_CODEC_NONE);
		assert_int_equal(info->layers, 0);
		assert_null(info->kernel_version);
		assert_int_equal(info->elf_bits, bits);
		assert_int_equal(info->elf_machine, bits == 64 ? EM_X86_64 : EM_386);

		assert_int_equal(info->segment_count, 2);
		assert_int_equal(info->segments[1].paddr, 0x1200000);
		assert_int_equal(info->segments[1].vaddr, base + 0x1200000);
		assert_int_equal(info->segments[1].filesz, 0x1800);
		assert_int_equal(info->segments[1].memsz, 0x4000);
		assert_int_equal(info->segments[1].flags,
				 PVB_SEGMENT_R | PVB_SEGMENT_W | PVB_SEGMENT_X);

		assert_int_equal(info->piece_count, 2);
		assert_int_equal(info->pieces[0].va, base + 0x1000000);
		assert_int_equal(info->pieces[1].va, base + 0x1200000);
		assert_int_equal(info->pieces[1].size, 0x1800);
		assert_int_equal(info->pieces[1].memory_size, 0x4000);

		assert_true(info->pv.supported);
		assert_int_equal(info->pv.refusal, 0);
		assert_null(info->pv.reason);
		assert_int_equal(info->pv.guest_type,
				 bits == 64 ? PVB_GUEST_X86_64 : PVB_GUEST_X86_32P);
		assert_int_equal(info->pv.virt_base, base);
		assert_int_equal(info->pv.entry, base + 0x1200100);
		assert_int_equal(info->pv.kernel_start, base + 0x1000000);
		assert_int_equal(info->pv.kernel_end, base + 0x1204000);
		assert_int_equal(info->pv.hypercall_page, base + 0x1001000);
		assert_true(info->pv.init_p2m == (bits == 64 ? UINT64_C(0x8000000000) : PVB_NONE));
		assert_true(info->pv.hv_start_low == (bits == 64 ? PVB_NONE : 0xf5800000));
		assert_true(info->pv.mod_start_pfn);
		assert_true(info->pv.is_linux);
		assert_false(info->pv.bsd_symtab);
		assert_int_equal(info->pv.features_required, PVB_FEATURE_WRITABLE_PAGE_TABLES);
		assert_int_equal(info->pv.features_supported, 0x8811);
		assert_true(info->pvh_entry == PVB_NONE);
		pvb_image_free(image);
		blob_free(&file);
	}
}

static void the_unpacked_image_is_the_file_and_sealed(void **state)
{
	(void)state;
	struct blob file = plain_kernel(64);
	struct pvb_image *image = open_ok(&file);
	int fd = pvb_image_fd(image);
	uint8_t *bytes = (uint8_t *)malloc(file.size);

	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, file.size, 0), file.size);
	assert_memory_equal(bytes, file.bytes, file.size);
	assert_int_equal(fcntl(fd, F_GET_SEALS),
			 F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	pvb_image_free(image);
	free(bytes);
	blob_free(&file);
}

static void pieces_ascend_whatever_the_order_in_the_file(void **state)
{
	(void)state;
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = xen_notes(64);

	elf_add_load(&b, 0x9000, 0x100, 0x1000);
	elf_add_load(&b, 0x1000, 0x100, 0x2000);
	elf_add_load(&b, 0x5000, 0, 0x3000); /* nothing but bss */
	elf_add_load(&b, 0x4000, 0, 0);      /* nothing at all */
	elf_add_load(&b, 0x100000, 0x40, 0x40);
	b.segments[4].flags = 0; /* not loaded: libelf leaves it out */
	elf_add_note_segment(&b, &notes);
	b.entry = 0x1000;
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_int_equal(info->segment_count, 5);
	assert_int_equal(info->piece_count, 3);
	assert_int_equal(info->pieces[0].va, 0x1000);
	assert_int_equal(info->pieces[1].va, 0x5000);
	assert_int_equal(info->pieces[1].size, 0);
	assert_int_equal(info->pieces[2].va, 0x9000);
	assert_int_equal(info->pv.kernel_start, 0x1000);
	assert_int_equal(info->pv.kernel_end, 0xa000);
	pvb_image_free(image);
	blob_free(&file);
}

static void only_the_physical_address_decides_placement(void **state)
{
	(void)state;
	struct elf_builder b = linux_like(64);

	b.segments[1].vaddr = 0; /* as Linux has it for its per-CPU segment */
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);

	assert_true(pvb_image_info(image)->pieces[1].va == UINT64_C(0xffffffff81200000));
	pvb_image_free(image);
	blob_free(&file);
}

static void headers_are_checked(void **state)
{
	(void)state;
	assert_broken(elf_set(&elf, EH_DATA, ELFDATA2MSB), PVB_E_ELF_HEADER);
	assert_broken(elf_set(&elf, EH_CLASS, 0), PVB_E_ELF_HEADER);
	assert_broken(elf_set(&elf, EH_CLASS, 3), PVB_E_ELF_HEADER);
	assert_broken(elf_set(&elf, EH_PHENTSIZE, elf_get(&elf, EH_PHENTSIZE) - 1),
		      PVB_E_ELF_HEADER);
	assert_broken(elf_set(&elf, EH_SHENTSIZE, 1), PVB_E_ELF_HEADER);
	assert_broken(elf_set(&elf, EH_PHNUM, PN_XNUM), PVB_E_ELF_HEADER);
	assert_broken(elf_set(&elf, EH_PHNUM, 1025), PVB_E_ELF_HEADER);
	assert_broken(blob_cut(&elf, 4), PVB_E_IMAGE_TRUNCATED);
	assert_broken(blob_cut(&elf, 51), PVB_E_IMAGE_TRUNCATED);
}

static void machines_and_classes_must_go_together(void **state)
{
	(void)state;
	assert_broken(elf_set(&elf, EH_MACHINE, EM_ARM), PVB_E_ELF_MACHINE);
	assert_broken(elf_set(&elf, EH_MACHINE, EM_RISCV), PVB_E_ELF_MACHINE);
	assert_broken(elf_set(&elf, EH_MACHINE, bits_ == 64 ? EM_386 : EM_AARCH64),
		      PVB_E_ELF_CLASS);
}

/* The machine says what the guest is, and the class how wide addresses in the headers are. */
static void a_64_bit_kernel_may_come_in_a_32_bit_elf(void **state)
{
	(void)state;
	struct elf_builder b = {.bits = 32, .machine = EM_X86_64};
	struct blob notes = xen_notes(64);

	elf_add_load(&b, 0x100000, 0x1000, 0x2000);
	note_add_number(&notes, NOTE_VIRT_BASE, UINT64_C(0xffffffff80000000), 8);
	note_add_number(&notes, NOTE_ENTRY, UINT64_C(0xffffffff80100020), 8);
	elf_add_note_segment(&b, &notes);
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_true(info->pv.supported);
	assert_int_equal(info->elf_bits, 32);
	assert_int_equal(info->pv.guest_type, PVB_GUEST_X86_64);
	assert_int_equal(info->pieces[0].va, UINT64_C(0xffffffff80100000));
	pvb_image_free(image);
	blob_free(&file);
}

/* As libelf has it: versions are not looked at, and headers may be larger than we know of. */
static void versions_and_wider_headers_do_not_matter(void **state)
{
	(void)state;
	for (unsigned bits = 32; bits <= 64; bits += 32) {
		struct blob plain = plain_kernel(bits), file = blob_copy(&plain);
		uint64_t size = elf_get(&plain, EH_PHENTSIZE), wider = size + 24;
		uint64_t from = elf_get(&plain, EH_PHOFF), to = file.size;

		blob_append(&file, NULL, elf_get(&plain, EH_PHNUM) * wider);
		for (uint64_t i = 0; i < elf_get(&plain, EH_PHNUM); i++)
			memcpy(file.bytes + to + i * wider, plain.bytes + from + i * size, size);
		elf_set(&file, EH_PHOFF, to);
		elf_set(&file, EH_PHENTSIZE, wider);
		elf_set(&file, EH_VERSION, 0);
		elf_set(&file, EH_IDENT_VERSION, 0);
		struct pvb_image *image = open_ok(&file), *usual = open_ok(&plain);
		const struct pvb_image_info *info = pvb_image_info(image);

		assert_int_equal(info->piece_count, pvb_image_info(usual)->piece_count);
		for (size_t i = 0; i < info->piece_count; i++)
			assert_memory_equal(&info->pieces[i], &pvb_image_info(usual)->pieces[i],
					    sizeof info->pieces[i]);
		assert_int_equal(info->pv.entry, pvb_image_info(usual)->pv.entry);
		pvb_image_free(image);
		pvb_image_free(usual);
		blob_free(&file);
		blob_free(&plain);
	}
}

static void an_aarch64_elf_opens_and_is_no_pv_kernel(void **state)
{
	(void)state;
	struct blob file = plain_kernel(64);

	elf_set(&file, EH_MACHINE, EM_AARCH64);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_false(info->pv.supported);
	assert_int_equal(info->pv.refusal, PVB_E_PV_MACHINE);
	assert_non_null(info->pv.reason);
	assert_int_equal(info->elf_machine, EM_AARCH64);
	assert_int_equal(info->piece_count, 0);
	pvb_image_free(image);
	blob_free(&file);
}

static void tables_must_lie_in_the_file(void **state)
{
	(void)state;
	assert_broken(elf_set(&elf, EH_PHOFF, elf.size - 1), PVB_E_ELF_TABLE);
	assert_broken(elf_set(&elf, EH_PHOFF, UINT64_MAX), PVB_E_ELF_TABLE);
	assert_broken(elf_set(&elf, EH_SHOFF, UINT64_MAX - 7), PVB_E_ELF_TABLE);
	assert_broken(elf_set(&elf, EH_SHNUM, 0xfeff), PVB_E_ELF_TABLE);
}

static void segments_must_lie_in_the_file(void **state)
{
	(void)state;
	assert_broken(elf_set_ph(&elf, 1, PH_OFFSET, elf.size - 0x17ff), PVB_E_ELF_SEGMENT_FILE);
	assert_broken(elf_set_ph(&elf, 1, PH_OFFSET, UINT64_MAX - 0x100), PVB_E_ELF_SEGMENT_FILE);
	assert_broken((elf_set_ph(&elf, 1, PH_FILESZ, 0x7fffffff),
		       elf_set_ph(&elf, 1, PH_MEMSZ, 0x7fffffff)),
		      PVB_E_ELF_SEGMENT_FILE);
	assert_broken(elf_set_ph(&elf, 2, PH_OFFSET, UINT64_MAX), PVB_E_ELF_SEGMENT_FILE);
	assert_broken(elf_set_ph(&elf, 2, PH_FILESZ, elf.size), PVB_E_ELF_SEGMENT_FILE);
}

static void segments_that_lie_about_their_size_are_refused(void **state)
{
	(void)state;
	assert_broken(elf_set_ph(&elf, 1, PH_MEMSZ, 0x17ff), PVB_E_ELF_SEGMENT_SIZE);
	assert_broken(elf_set_ph(&elf, 1, PH_PADDR, bits_ == 64 ? UINT64_MAX - 0xfff : 0xfffff000),
		      PVB_E_ELF_SEGMENT_WRAP);
	assert_broken(elf_set_ph(&elf, 1, PH_MEMSZ, bits_ == 64 ? UINT64_MAX : UINT32_MAX),
		      PVB_E_ELF_SEGMENT_WRAP);
}

/* Segments with no permission are not loaded, so they may lie about where they are. */
static void what_is_not_loaded_is_not_checked(void **state)
{
	(void)state;
	struct elf_builder b = linux_like(64);

	elf_add_load(&b, 0x1300000, 0x100, 0x1000);
	struct blob file = elf_build(&b);
	elf_set_ph(&file, 3, PH_FLAGS, 0);
	elf_set_ph(&file, 3, PH_OFFSET, UINT64_MAX - 5);
	elf_set_ph(&file, 3, PH_MEMSZ, 1);
	struct pvb_image *image = open_ok(&file);

	assert_int_equal(pvb_image_info(image)->segment_count, 3);
	assert_int_equal(pvb_image_info(image)->piece_count, 2);
	pvb_image_free(image);
	blob_free(&file);
}

/* One without size has a place all the same, and the kernel reaches as far. */
static void a_segment_without_size_counts_to_the_kernels_extent(void **state)
{
	(void)state;
	struct elf_builder b = linux_like(64);
	const uint64_t base = UINT64_C(0xffffffff80000000);

	elf_add_load(&b, 0xfff000, 0, 0);
	elf_add_load(&b, 0x1300000, 0, 0);
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);
	const struct pvb_image_info *info = pvb_image_info(image);

	assert_int_equal(info->pv.kernel_start, base + 0xfff000);
	assert_int_equal(info->pv.kernel_end, base + 0x1300000);
	assert_int_equal(info->piece_count, 2);
	pvb_image_free(image);
	blob_free(&file);
}

/* ---- segments that overlap -------------------------------------------------------- */

enum { PAINTED = 0x8000, PAINTED_AT = 0x100000 };

/* What a loader leaves that takes one header after the other: bytes, then zeros. */
static void paint(const struct blob *file, uint8_t *memory, uint64_t *overwritten)
{
	static bool taken[PAINTED];

	memset(memory, 0, PAINTED);
	memset(taken, 0, sizeof taken);
	*overwritten = 0;
	for (unsigned i = 0; i < elf_get(file, EH_PHNUM); i++) {
		uint64_t size = elf_get_ph(file, i, PH_FILESZ);
		uint64_t at = elf_get_ph(file, i, PH_PADDR) - PAINTED_AT;

		if (elf_get_ph(file, i, PH_TYPE) != PT_LOAD)
			continue;
		for (uint64_t j = 0; j < elf_get_ph(file, i, PH_MEMSZ); j++) {
			*overwritten += taken[at + j];
			taken[at + j] = true;
			memory[at + j] =
				j < size ? file->bytes[elf_get_ph(file, i, PH_OFFSET) + j] : 0;
		}
	}
}

static void load_pieces(const struct pvb_image *image, uint8_t *memory)
{
	const struct pvb_image_info *info = pvb_image_info(image);

	memset(memory, 0, PAINTED);
	for (size_t i = 0; i < info->piece_count; i++) {
		const struct pvb_image_piece *piece = &info->pieces[i];
		uint64_t at = piece->va - PAINTED_AT;

		assert_true(piece->memory_size > 0);
		assert_true(at + piece->memory_size <= PAINTED);
		if (i)
			assert_true(piece->va >=
				    info->pieces[i - 1].va + info->pieces[i - 1].memory_size);
		assert_int_equal(
			pread(pvb_image_fd(image), memory + at, piece->size, (off_t)piece->offset),
			piece->size);
	}
}

static struct blob overlapping_kernel(uint64_t *random)
{
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = xen_notes(64);
	unsigned count = 2 + (unsigned)(test_random(random) % 12);

	/* The first begins with a page, and all begin behind it. */
	elf_add_load(&b, PAINTED_AT, 1, 1);
	for (unsigned i = 0; i < count; i++) {
		uint64_t at = test_random(random) % (PAINTED / 2);
		uint64_t size = test_random(random) % (i % 2 ? PAINTED / 2 : 64);

		elf_add_load(&b, PAINTED_AT + at, test_random(random) % (size + 1), size);
	}
	b.entry = PAINTED_AT;
	elf_add_note_segment(&b, &notes);
	return elf_build(&b);
}

static void of_segments_that_overlap_the_last_is_seen(void **state)
{
	static uint8_t wanted[PAINTED], found[PAINTED];
	uint64_t random = 20;

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		struct blob file = overlapping_kernel(&random);
		struct pvb_image *image = open_ok(&file);
		uint64_t overwritten;

		paint(&file, wanted, &overwritten);
		load_pieces(image, found);
		assert_memory_equal(wanted, found, PAINTED);
		assert_int_equal(pvb_image_info(image)->overwritten, overwritten);
		pvb_image_free(image);
		blob_free(&file);
	}
}

static void of_segments_side_by_side_none_is_overwritten(void **state)
{
	(void)state;
	struct blob file = plain_kernel(64);

	elf_set_ph(&file, 0, PH_MEMSZ, 0x200000);
	struct pvb_image *image = open_ok(&file);

	assert_int_equal(pvb_image_info(image)->overwritten, 0);
	pvb_image_free(image);
	elf_set_ph(&file, 0, PH_MEMSZ, 0x200001);
	image = open_ok(&file);
	assert_int_equal(pvb_image_info(image)->overwritten, 1);
	pvb_image_free(image);
	blob_free(&file);
}

/* As many as there may be, each within the one before: two pieces of each but the last. */
static void as_many_segments_within_each_other_as_there_may_be(void **state)
{
	(void)state;
	enum { SEGMENTS = 127, STEP = 16 };
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = xen_notes(64);

	elf_add_note_segment(&b, &notes);
	elf_add_load(&b, PAINTED_AT, 16, (uint64_t)2 * STEP * SEGMENTS);
	b.entry = PAINTED_AT;
	struct blob file = elf_build(&b);
	uint64_t size = elf_get(&file, EH_PHENTSIZE), table = file.size, offset;

	offset = elf_get_ph(&file, 1, PH_OFFSET);
	blob_append(&file, NULL, (SEGMENTS + 1) * size);
	for (uint64_t i = 0; i <= SEGMENTS; i++)
		memcpy(file.bytes + table + i * size,
		       file.bytes + elf_get(&file, EH_PHOFF) + (i ? size : 0), size);
	elf_set(&file, EH_PHOFF, table);
	elf_set(&file, EH_PHNUM, SEGMENTS + 1);
	for (unsigned i = 0; i < SEGMENTS; i++) {
		elf_set_ph(&file, i + 1, PH_OFFSET, offset);
		elf_set_ph(&file, i + 1, PH_PADDR, PAINTED_AT + (uint64_t)i * STEP);
		elf_set_ph(&file, i + 1, PH_MEMSZ, (uint64_t)2 * STEP * (SEGMENTS - i));
	}
	struct pvb_image *image = open_ok(&file);

	assert_int_equal(pvb_image_info(image)->piece_count, 2 * SEGMENTS - 1);
	pvb_image_free(image);
	blob_free(&file);
}

static void a_kernel_without_loadable_segments_is_refused(void **state)
{
	(void)state;
	assert_broken(
		(elf_set_ph(&elf, 0, PH_TYPE, PT_NULL), elf_set_ph(&elf, 1, PH_TYPE, PT_NULL)),
		PVB_E_ELF_NO_SEGMENTS);
	assert_broken((elf_set_ph(&elf, 0, PH_FLAGS, 0), elf_set_ph(&elf, 1, PH_FLAGS, 0)),
		      PVB_E_ELF_NO_SEGMENTS);
	assert_broken(elf_set(&elf, EH_PHNUM, 0), PVB_E_ELF_NO_SEGMENTS);
}

static void writable_and_executable_is_refused_on_request(void **state)
{
	(void)state;
	struct blob file = plain_kernel(64);
	struct pvb_image_options options = PVB_IMAGE_OPTIONS_INIT;
	struct pvb_image *image;
	struct pvb_error error;

	options.flags = PVB_IMAGE_REFUSE_WX;
	assert_fails_with(
		pvb_image_open_memory(file.bytes, file.size, "kernel", &options, &image, &error),
		PVB_E_ELF_SEGMENT_WX, &error);
	elf_set_ph(&file, 0, PH_FLAGS, PF_R | PF_X);
	elf_set_ph(&file, 1, PH_FLAGS, PF_R | PF_W);
	assert_ok(pvb_image_open_memory(file.bytes, file.size, "kernel", &options, &image, &error),
		  &error);
	pvb_image_free(image);
	blob_free(&file);
}

static void a_file_that_nobody_knows_says_what_was_tried(void **state)
{
	(void)state;
	static const char text[] = "#!/bin/sh\necho I am no kernel\n";
	struct pvb_image *image;
	struct pvb_error error;

	assert_fails_with(pvb_image_open_memory(text, sizeof text, "script", NULL, &image, &error),
			  PVB_E_IMAGE_NO_LOADER, &error);
	assert_non_null(strstr(error.message, "no loader for this file: tried ELF (it begins with "
					      "23 21 2f 62, not 7f 45 4c 46), bzImage ("));
	assert_non_null(strstr(error.message, "gzip, bzip2, lzma, xz, lzo, lz4, zstd"));
	assert_non_null(strstr(error.message, "flat binary (no magic 0x336ec578"));
	assert_non_null(strstr(error.context, "opening the kernel script"));

	struct {
		const char *bytes;
		size_t size;
		const char *hint;
	} known[] = {
		{"MZ\0\0zimg\0\0\0\0", 12, "zboot"},
		{"MZ\220\0\3\0\0\0\4\0\0\0", 12, "unified"},
		{"\x04\x22\x4d\x18\x64\x40\xa7\x00\x00", 9, "legacy"},
		{"\x27\x05\x19\x56", 4, "U-Boot"},
	};
	for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
		assert_fails_with(pvb_image_open_memory(known[i].bytes, known[i].size, NULL, NULL,
							&image, &error),
				  PVB_E_IMAGE_NO_LOADER, &error);
		assert_non_null(strstr(error.hint, known[i].hint));
	}
}

static void an_empty_file_is_called_empty(void **state)
{
	(void)state;
	struct pvb_image *image;
	struct pvb_error error;

	assert_fails_with(pvb_image_open_memory("", 0, NULL, NULL, &image, &error),
			  PVB_E_IMAGE_EMPTY, &error);
}

static void files_that_cannot_be_read_are_the_callers_fault(void **state)
{
	(void)state;
	struct pvb_image *image;
	struct pvb_error error;

	assert_fails_with(pvb_image_open("/nonexistent/kernel", NULL, &image, &error),
			  PVB_E_ARG_FILE, &error);
	assert_non_null(strstr(error.message, "No such file"));
	assert_fails_with(pvb_image_open("/", NULL, &image, &error), PVB_E_ARG_FILE, &error);
	assert_fails_with(pvb_image_open("/dev/null", NULL, &image, &error), PVB_E_ARG_FILE,
			  &error);
	assert_fails_with(pvb_image_open_fd(-1, "nothing", NULL, &image, &error), PVB_E_ARG_FILE,
			  &error);
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_fails_with(pvb_image_open_fd(fd, "wrong way", NULL, &image, &error), PVB_E_ARG_FILE,
			  &error);
	assert_int_equal(close(fd), 0);
}

static void options_are_checked(void **state)
{
	(void)state;
	struct blob file = plain_kernel(64);
	struct pvb_image *image;
	struct pvb_error error;
	struct {
		struct pvb_image_options known;
		uint64_t more;
	} newer = {.known = {.size = sizeof newer}, .more = 1};
	struct pvb_image_options options = PVB_IMAGE_OPTIONS_INIT;

	assert_fails_with(
		pvb_image_open_memory(file.bytes, file.size, NULL, &newer.known, &image, &error),
		PVB_E_ARG_VERSION, &error);
	options.flags = 1u << 31;
	assert_fails_with(
		pvb_image_open_memory(file.bytes, file.size, NULL, &options, &image, &error),
		PVB_E_ARG_INVALID, &error);
	options.flags = 0;
	options.max_unpacked = file.size - 1;
	assert_fails_with(
		pvb_image_open_memory(file.bytes, file.size, NULL, &options, &image, &error),
		PVB_E_IMAGE_TOO_LARGE, &error);
	options.max_unpacked = file.size;
	assert_ok(pvb_image_open_memory(file.bytes, file.size, NULL, &options, &image, &error),
		  &error);
	pvb_image_free(image);
	pvb_image_free(NULL);
	blob_free(&file);
}

static int memory_file(const struct blob *bytes)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes->bytes, bytes->size), bytes->size);
	return fd;
}

static void descriptors_are_read_from_their_start_and_left_as_they_were(void **state)
{
	(void)state;
	struct blob file = plain_kernel(64);
	struct pvb_image *image;
	struct pvb_error error;
	int fd = memory_file(&file);

	/* The offset is at the end, and stays there. */
	assert_ok(pvb_image_open_fd(fd, NULL, NULL, &image, &error), &error);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), file.size);
	assert_int_equal(pvb_image_info(image)->file_size, file.size);

	/* Whatever happens to the file later does not reach the image. */
	assert_int_equal(ftruncate(fd, 0), 0);
	uint8_t first = 0;
	assert_int_equal(pread(pvb_image_fd(image), &first, 1, 0), 1);
	assert_int_equal(first, 0x7f);
	pvb_image_free(image);
	assert_int_equal(close(fd), 0);
	blob_free(&file);
}

static void pipes_are_read_to_their_end(void **state)
{
	(void)state;
	struct blob file = plain_kernel(64);
	struct pvb_image_options options = PVB_IMAGE_OPTIONS_INIT;
	struct pvb_image *image;
	struct pvb_error error;
	int ends[2];

	for (unsigned round = 0; round < 2; round++) {
		assert_true(file.size < 65536);
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		assert_int_equal(write(ends[1], file.bytes, file.size), file.size);
		assert_int_equal(close(ends[1]), 0);
		if (round == 0) {
			assert_ok(pvb_image_open_fd(ends[0], "pipe", &options, &image, &error),
				  &error);
			assert_true(pvb_image_info(image)->pv.supported);
			assert_int_equal(pvb_image_info(image)->file_size, file.size);
			pvb_image_free(image);
		} else {
			options.max_unpacked = file.size / 2;
			assert_fails_with(
				pvb_image_open_fd(ends[0], "pipe", &options, &image, &error),
				PVB_E_IMAGE_TOO_LARGE, &error);
		}
		assert_int_equal(close(ends[0]), 0);
	}
	blob_free(&file);
}

static void zeros_cost_nothing(void **state)
{
	(void)state;
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = xen_notes(64), big = BLOB_INIT;

	blob_append(&big, NULL, 8 << 20);
	memset(big.bytes, 0x55, 4096);
	memset(big.bytes + big.size - 100, 0x66, 100);
	elf_add_segment(&b, PT_LOAD, 0, &big, 8 << 20);
	elf_add_note_segment(&b, &notes);
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);
	int fd = pvb_image_fd(image);
	off_t hole = lseek(fd, 0, SEEK_HOLE);

	assert_true(hole > 0 && hole <= 4096 * 3);
	uint8_t *bytes = (uint8_t *)malloc(file.size);
	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, file.size, 0), file.size);
	assert_memory_equal(bytes, file.bytes, file.size);
	free(bytes);
	pvb_image_free(image);
	blob_free(&file);
}

/* ---- the symbol table that BSD kernels ask for ----------------------------------- */

static struct elf_builder bsd_like(unsigned bits)
{
	struct elf_builder b = {.bits = bits, .machine = bits == 64 ? EM_X86_64 : EM_386};
	struct blob notes = xen_notes(bits);

	note_add_text(&notes, NOTE_BSD_SYMTAB, "yes");
	note_add_number(&notes, NOTE_VIRT_BASE, 0x10000000, 4);
	elf_add_load(&b, 0, 0x1000, 0x1ffd); /* so that the end is not aligned */
	b.entry = 0x10000000;
	elf_add_note_segment(&b, &notes);
	return b;
}

static void a_bsd_symbol_table_is_made(void **state)
{
	(void)state;
	for (unsigned bits = 32; bits <= 64; bits += 32) {
		struct elf_builder b = bsd_like(bits);
		unsigned symtab = elf_add_symbols(&b, 5);
		struct blob file = elf_build(&b);
		uint64_t symbols_at = elf_get_sh(&file, symtab, SH_OFFSET);
		uint64_t symbols_size = elf_get_sh(&file, symtab, SH_SIZE);
		uint64_t names_at = elf_get_sh(&file, symtab + 1, SH_OFFSET);
		uint64_t names_size = elf_get_sh(&file, symtab + 1, SH_SIZE);
		struct pvb_image *image = open_ok(&file);
		const struct pvb_image_info *info = pvb_image_info(image);

		assert_true(info->pv.supported);
		assert_true(info->pv.bsd_symtab);
		assert_int_equal(info->piece_count, 2);
		const struct pvb_image_piece *piece = &info->pieces[1];
		assert_int_equal(piece->va, 0x10002000);
		assert_int_equal(piece->va + piece->memory_size, info->pv.kernel_end);
		assert_int_equal(piece->size, piece->memory_size);
		assert_int_equal(piece->offset, file.size);
		assert_int_equal(info->unpacked_size, piece->offset + piece->size);

		struct blob table = BLOB_INIT;
		blob_append(&table, NULL, piece->size);
		assert_int_equal(
			pread(pvb_image_fd(image), table.bytes, table.size, (off_t)piece->offset),
			table.size);

		/* Its size, and behind that an ELF file that a reader of ELF understands. */
		struct blob elf = BLOB_INIT;
		blob_append(&elf, table.bytes + 4, table.size - 4);
		uint64_t size = blob_get(&table, 0, 4);
		assert_true(size <= elf.size && elf.size - size < 8);
		assert_int_equal(elf_get(&elf, EH_SHNUM), 3);
		assert_int_equal(elf_get(&elf, EH_PHNUM), 0);
		assert_int_equal(elf_get(&elf, EH_PHOFF), 0);
		assert_int_equal(elf_get(&elf, EH_SHOFF), 64);
		assert_int_equal(elf_get(&elf, EH_SHSTRNDX), 0);
		assert_int_equal(elf_get(&elf, EH_EHSIZE), bits == 64 ? 64 : 52);
		assert_int_equal(elf_get(&elf, EH_SHENTSIZE), bits == 64 ? 64 : 40);
		assert_int_equal(elf_get(&elf, EH_MACHINE), bits == 64 ? EM_X86_64 : EM_386);
		assert_int_equal(elf_get_sh(&elf, 0, SH_TYPE), SHT_NULL);
		assert_int_equal(elf_get_sh(&elf, 1, SH_TYPE), SHT_SYMTAB);
		assert_int_equal(elf_get_sh(&elf, 1, SH_LINK), 2);
		assert_int_equal(elf_get_sh(&elf, 1, SH_SIZE), symbols_size);
		assert_int_equal(elf_get_sh(&elf, 2, SH_TYPE), SHT_STRTAB);
		assert_int_equal(elf_get_sh(&elf, 2, SH_SIZE), names_size);
		assert_memory_equal(elf.bytes + elf_get_sh(&elf, 1, SH_OFFSET),
				    file.bytes + symbols_at, symbols_size);
		assert_memory_equal(elf.bytes + elf_get_sh(&elf, 2, SH_OFFSET),
				    file.bytes + names_at, names_size);
		assert_int_equal(elf_get_sh(&elf, 2, SH_OFFSET) + names_size, size);
		/* Symbols stand aligned in memory. */
		assert_int_equal((piece->va + 4 + elf_get_sh(&elf, 1, SH_OFFSET)) % (bits / 8), 0);
		if (bits == 64)
			assert_int_equal(elf_get_sh(&elf, 1, SH_OFFSET), 260);

		/* Not one byte of it is by chance: between the tables there are zeros. */
		for (uint64_t i = bits == 64 ? 64 : 52; i < 64; i++)
			assert_int_equal(elf.bytes[i], 0);
		blob_free(&table);
		blob_free(&elf);
		pvb_image_free(image);
		blob_free(&file);
	}
}

static void a_stripped_bsd_kernel_does_without(void **state)
{
	(void)state;
	struct elf_builder b = bsd_like(64);
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);

	assert_true(pvb_image_info(image)->pv.supported);
	assert_false(pvb_image_info(image)->pv.bsd_symtab);
	assert_int_equal(pvb_image_info(image)->piece_count, 1);
	pvb_image_free(image);
	blob_free(&file);
}

static void malformed_symbol_tables_are_refused_where_wanted(void **state)
{
	(void)state;
	struct {
		unsigned section; /* from the symbols on */
		enum elf_sh_field field;
		uint64_t value;
	} faults[] = {
		{0, SH_LINK, 0},          {0, SH_LINK, 99},         {0, SH_OFFSET, 0x7fffffff},
		{0, SH_SIZE, 0x7fffffff}, {1, SH_SIZE, 0x7fffffff}, {1, SH_TYPE, SHT_PROGBITS},
	};

	for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct elf_builder b = bsd_like(64);
		unsigned symtab = elf_add_symbols(&b, 3);
		struct blob file = elf_build(&b);

		elf_set_sh(&file, symtab + faults[i].section, faults[i].field, faults[i].value);
		assert_refused(&file, PVB_E_ELF_SYMTAB);
		blob_free(&file);

		/* Where nobody asks for it, nobody looks at it. */
		b = linux_like(64);
		symtab = elf_add_symbols(&b, 3);
		file = elf_build(&b);
		elf_set_sh(&file, symtab + faults[i].section, faults[i].field, faults[i].value);
		pvb_image_free(open_ok(&file));
		blob_free(&file);
	}
}

static void the_symbol_table_counts_against_the_limit(void **state)
{
	(void)state;
	struct elf_builder b = bsd_like(64);
	struct pvb_image_options options = PVB_IMAGE_OPTIONS_INIT;
	struct pvb_image *image;
	struct pvb_error error;

	(void)elf_add_symbols(&b, 3);
	struct blob file = elf_build(&b);
	options.max_unpacked = file.size + 100;
	assert_fails_with(
		pvb_image_open_memory(file.bytes, file.size, NULL, &options, &image, &error),
		PVB_E_IMAGE_TOO_LARGE, &error);
	blob_free(&file);
}

static void a_symbol_table_beyond_the_address_space_is_refused_by_name(void **state)
{
	(void)state;
	struct elf_builder b = {.bits = 64, .machine = EM_X86_64};
	struct blob notes = xen_notes(64);

	note_add_text(&notes, NOTE_BSD_SYMTAB, "yes");
	elf_add_load(&b, UINT64_MAX - 0xfff, 0x100, 0x1000);
	elf_add_note_segment(&b, &notes);
	(void)elf_add_symbols(&b, 3);
	struct blob file = elf_build(&b);
	struct pvb_image *image = open_ok(&file);

	assert_int_equal(pvb_image_info(image)->pv.refusal, PVB_E_PV_ADDRESSES);
	assert_false(pvb_image_info(image)->pv.bsd_symtab);
	pvb_image_free(image);
	blob_free(&file);
}

/* ---- section numbers beyond 16 bits ------------------------------------------------ */

static void extended_section_numbers_are_understood(void **state)
{
	(void)state;
	struct elf_builder b = {.bits = 64, .machine = EM_X86_64};

	elf_add_load(&b, 0, 0x100, 0x1000);
	elf_add_xen_guest(&b, "LOADER=generic,XEN_VER=xen-3.0");
	struct blob file = elf_build(&b);
	uint64_t count = elf_get(&file, EH_SHNUM), names = elf_get(&file, EH_SHSTRNDX);

	elf_set(&file, EH_SHNUM, 0);
	elf_set(&file, EH_SHSTRNDX, SHN_XINDEX);
	elf_set_sh(&file, 0, SH_SIZE, count);
	elf_set_sh(&file, 0, SH_LINK, names);
	struct pvb_image *image = open_ok(&file);
	assert_true(pvb_image_info(image)->pv.supported);
	pvb_image_free(image);

	elf_set_sh(&file, 0, SH_SIZE, UINT32_MAX);
	assert_refused(&file, PVB_E_ELF_TABLE);
	elf_set_sh(&file, 0, SH_SIZE, UINT64_MAX);
	assert_refused(&file, PVB_E_ELF_TABLE);
	elf_set(&file, EH_SHOFF, file.size - 10);
	assert_refused(&file, PVB_E_ELF_TABLE);
	elf_set(&file, EH_SHENTSIZE, 63);
	assert_refused(&file, PVB_E_ELF_HEADER);
	blob_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_linux_like_kernel_is_read_whole),
		cmocka_unit_test(the_unpacked_image_is_the_file_and_sealed),
		cmocka_unit_test(pieces_ascend_whatever_the_order_in_the_file),
		cmocka_unit_test(only_the_physical_address_decides_placement),
		cmocka_unit_test(headers_are_checked),
		cmocka_unit_test(machines_and_classes_must_go_together),
		cmocka_unit_test(a_64_bit_kernel_may_come_in_a_32_bit_elf),
		cmocka_unit_test(versions_and_wider_headers_do_not_matter),
		cmocka_unit_test(an_aarch64_elf_opens_and_is_no_pv_kernel),
		cmocka_unit_test(tables_must_lie_in_the_file),
		cmocka_unit_test(segments_must_lie_in_the_file),
		cmocka_unit_test(segments_that_lie_about_their_size_are_refused),
		cmocka_unit_test(what_is_not_loaded_is_not_checked),
		cmocka_unit_test(a_segment_without_size_counts_to_the_kernels_extent),
		cmocka_unit_test(of_segments_that_overlap_the_last_is_seen),
		cmocka_unit_test(of_segments_side_by_side_none_is_overwritten),
		cmocka_unit_test(as_many_segments_within_each_other_as_there_may_be),
		cmocka_unit_test(a_kernel_without_loadable_segments_is_refused),
		cmocka_unit_test(writable_and_executable_is_refused_on_request),
		cmocka_unit_test(a_file_that_nobody_knows_says_what_was_tried),
		cmocka_unit_test(an_empty_file_is_called_empty),
		cmocka_unit_test(files_that_cannot_be_read_are_the_callers_fault),
		cmocka_unit_test(options_are_checked),
		cmocka_unit_test(descriptors_are_read_from_their_start_and_left_as_they_were),
		cmocka_unit_test(pipes_are_read_to_their_end),
		cmocka_unit_test(zeros_cost_nothing),
		cmocka_unit_test(a_bsd_symbol_table_is_made),
		cmocka_unit_test(a_stripped_bsd_kernel_does_without),
		cmocka_unit_test(malformed_symbol_tables_are_refused_where_wanted),
		cmocka_unit_test(the_symbol_table_counts_against_the_limit),
		cmocka_unit_test(a_symbol_table_beyond_the_address_space_is_refused_by_name),
		cmocka_unit_test(extended_section_numbers_are_understood),
	};

	return cmocka_run_group_tests_name("image-elf", tests, NULL, NULL);
}
