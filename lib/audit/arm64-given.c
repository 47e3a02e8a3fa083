/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An arm64 guest's kernel and ramdisk: where they are, and against what they were made of. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/arm64.h"
#include "core/checked.h"
#include "core/span.h"

/* The header of an Image (Linux Documentation/arch/arm64/booting.rst), at the entry. */
#define HEADER_BYTES 64u
#define HEADER_TEXT_OFFSET 8u
#define HEADER_IMAGE_SIZE 16u
#define HEADER_FLAGS 24u
#define HEADER_MAGIC 56u
#define HEADER_MAGIC_VALUE 0x644d5241u
#define OLD_TEXT_OFFSET UINT64_C(0x80000)

#define BOUNDARY (UINT64_C(2) << 20)

/* Where a ramdisk may be: with the kernel, from a multiple of 1 GiB on. */
#define WINDOW (UINT64_C(32) << 30)
#define WINDOW_START (UINT64_C(1) << 30)

/* A buffer of the guest's bytes and one of the file's, each a quarter of the audit's. */
#define PART (ARM64_BUFFER / 4)

/* The guest's memory from gpa on holds size bytes of a file; *differs where it does not. */
static int compare(struct arm64 *arm64, uint64_t gpa, int fd, uint64_t size, uint64_t *differs,
		   struct pvb_error *error)
{
	uint8_t *guest = arm64->buffer, *file = arm64->buffer + PART;

	for (*differs = 0; *differs < size;) {
		size_t part = (size_t)pvb_min(size - *differs, PART), at;
		int rc = read_guest(arm64, gpa + *differs, guest, part, error);

		if (rc)
			return rc;
		ssize_t got = pread(fd, file, part, (off_t)*differs);

		if (got <= 0)
			return 0;
		at = first_difference(guest, file, (size_t)got);
		*differs += at;
		if (at < (size_t)got)
			return 0;
	}
	return 0;
}

/* The tree names it as memory, and all of it is there: the one does not imply the other. */
static int is_memory(struct arm64 *arm64, const struct area *area, bool *there,
		     struct pvb_error *error)
{
	uint64_t missing;

	*there = in_a_bank(arm64, area);
	if (!*there)
		return 0;
	int rc = first_missing(arm64, area, &missing, error);
	*there = missing == area->from + area->bytes;
	return rc;
}

/* ---- kernel ---- */

static int check_header(struct arm64 *arm64, struct pvb_error *error)
{
	static const uint32_t pages[] = {0, 4096, 16384, 65536};
	struct check *check = arm64->check;
	const uint64_t pc = arm64->vcpu.pc;
	struct area head = {.from = pc, .bytes = HEADER_BYTES};
	uint64_t text_offset = 0, size = 0, flags = 0;
	uint8_t bytes[HEADER_BYTES];
	uint32_t magic = 0;

	bool there;
	int rc = is_memory(arm64, &head, &there, error);
	if (rc)
		return rc;
	if (!there) {
		finding(check, RULE_ARM64_ENTRY, place("pc"), "0x%" PRIx64 " is no memory", pc);
		return 0;
	}
	rc = read_guest(arm64, pc, bytes, sizeof bytes, error);
	if (rc)
		return rc;

	struct pvb_span span = pvb_span(bytes, sizeof bytes);
	(void)pvb_span_u64(span, HEADER_TEXT_OFFSET, &text_offset);
	(void)pvb_span_u64(span, HEADER_IMAGE_SIZE, &size);
	(void)pvb_span_u64(span, HEADER_FLAGS, &flags);
	(void)pvb_span_u32(span, HEADER_MAGIC, &magic);
	expect(check, RULE_ARM64_ENTRY, magic == HEADER_MAGIC_VALUE, place("pc"),
	       "no Image starts at 0x%" PRIx64, pc);
	if (magic != HEADER_MAGIC_VALUE)
		return 0;
	if (!size) {
		text_offset = OLD_TEXT_OFFSET;
		flags = 0;
	}
	arm64->kernel = (struct area){.from = pc, .bytes = pvb_max(size, HEADER_BYTES)};
	if (check->image && !size)
		arm64->kernel.bytes = pvb_max(check->image->unpacked_size, HEADER_BYTES);
	arm64->stated_page = pages[flags >> 1 & 3];
	expect(check, RULE_ARM64_KERNEL_PLACE,
	       pvb_is_aligned(pc - text_offset, BOUNDARY) && in_a_bank(arm64, &arm64->kernel),
	       place_gpa(pc),
	       "a kernel of %" PRIu64 " bytes that wants to be 0x%" PRIx64
	       " behind a boundary of 2 MiB, all in one bank",
	       arm64->kernel.bytes, text_offset);
	expect(check, RULE_ARM64_ENDIAN, !(flags & 1), place_gpa(pc + HEADER_FLAGS),
	       "the kernel is big-endian");
	return 0;
}

/* What is there now, and what the host is, go together. */
static void check_granule(struct arm64 *arm64)
{
	const struct pvb_image_info *image = arm64->check->image;
	const struct pvb_host_record *record = &arm64->record;

	if (record->known)
		expect(arm64->check, RULE_ARM64_GRANULE,
		       record->granule_shift == arm64->info.page_shift, place("the record"),
		       "the domain was made for pages of 2^%u bytes, and the hypervisor's have "
		       "%" PRIu64,
		       record->granule_shift, arm64->page);
	if (arm64->stated_page && arm64->info.guest_page_sizes)
		expect(arm64->check, RULE_ARM64_GRANULE,
		       (arm64->info.guest_page_sizes & arm64->stated_page) != 0, place("kernel"),
		       "it has pages of %" PRIu32 " bytes, and the processor none for guests",
		       arm64->stated_page);
	if (!image)
		return;
	uint32_t declared = image->declares.granules;

	expect(arm64->check, RULE_ARM64_GRANULE,
	       declared ? (declared & arm64->page) != 0 : arm64->page == 4096, place("kernel"),
	       "the hypervisor has pages of %" PRIu64 " bytes, and the kernel declares 0x%" PRIx32
	       " (0: knows of 4096 only)",
	       arm64->page, declared);
}

static int check_bytes(struct arm64 *arm64, struct pvb_error *error)
{
	struct check *check = arm64->check;
	const struct pvb_image_info *image = check->image;
	uint64_t differs;
	bool there;

	if (!image || !arm64->kernel.bytes)
		return 0;
	expect(check, RULE_ARM64_KERNEL_TYPE, image->pv.guest_type == PVB_GUEST_ARM64,
	       place("kernel"), "the kernel that was given is for %s guests",
	       pvb_guest_type_name(image->pv.guest_type));
	struct area file = {.from = arm64->kernel.from, .bytes = image->unpacked_size};
	if (image->pv.guest_type != PVB_GUEST_ARM64 || !in_a_bank(arm64, &file))
		return 0;
	int rc = is_memory(arm64, &file, &there, error);
	if (rc)
		return rc;
	expect(check, RULE_ARM64_KERNEL_BYTES, there, place_gpa(file.from),
	       "part of the kernel's %" PRIu64 " bytes is not there", file.bytes);
	if (!there)
		return 0;
	rc = compare(arm64, file.from, pvb_image_fd(check->options->image), file.bytes, &differs,
		     error);
	if (rc)
		return rc;
	expect(check, RULE_ARM64_KERNEL_BYTES, differs == file.bytes,
	       place_gpa(file.from + differs), "it is not what byte %" PRIu64 " of the image is",
	       differs);
	return 0;
}

int check_arm64_kernel(struct arm64 *arm64, struct pvb_error *error)
{
	const struct arm64_tree *tree = &arm64->tree;
	struct check *check = arm64->check;
	int rc = check_header(arm64, error);

	if (rc)
		return rc;
	check_granule(arm64);
	expect(check, RULE_ARM64_OVERLAP,
	       !areas_meet(&arm64->kernel, &tree->blob) &&
		       !(tree->has_initrd && (areas_meet(&arm64->kernel, &tree->initrd) ||
					      areas_meet(&tree->blob, &tree->initrd))),
	       place_gpa(arm64->kernel.from), "kernel, device tree and ramdisk overlap");
	return check_bytes(arm64, error);
}

/* ---- ramdisk ---- */

static void check_place(struct arm64 *arm64)
{
	const struct area *initrd = &arm64->tree.initrd, *kernel = &arm64->kernel;
	const uint64_t kernel_end = kernel->from + kernel->bytes;
	const uint64_t from = pvb_round_down(pvb_min(initrd->from, kernel->from), WINDOW_START);
	const uint64_t end = pvb_max(initrd->from + initrd->bytes, kernel_end);

	if (kernel->bytes)
		expect(arm64->check, RULE_ARM64_INITRD_WINDOW, end - from <= WINDOW,
		       place_gpa(initrd->from),
		       "ramdisk and kernel are further apart than the 32 GiB from 0x%" PRIx64 " on",
		       from);
}

int check_arm64_module(struct arm64 *arm64, struct pvb_error *error)
{
	const struct arm64_tree *tree = &arm64->tree;
	struct check *check = arm64->check;
	const size_t given = check->options->module_fd_count;
	struct stat status;
	uint64_t differs;
	bool there = false;
	int rc;

	if (tree->has_initrd) {
		rc = is_memory(arm64, &tree->initrd, &there, error);
		if (rc)
			return rc;
		expect(check, RULE_ARM64_INITRD, there, place("/chosen/linux,initrd-start"),
		       "the ramdisk is not in memory");
		check_place(arm64);
	}
	if (check->image)
		expect(check, RULE_ARM64_INITRD, tree->has_initrd == (given != 0),
		       place("/chosen/linux,initrd-start"), "%s",
		       given ? "no ramdisk, where one was given" : "a ramdisk that nobody gave");
	if (!given || !there)
		return 0;

	int fd = check->options->module_fds[0];
	uint64_t size = fstat(fd, &status) == 0 ? (uint64_t)status.st_size : 0;

	expect(check, RULE_ARM64_INITRD_BYTES, tree->initrd.bytes == size,
	       place("/chosen/linux,initrd-end"),
	       "the ramdisk has %" PRIu64 " bytes, and the one that was given %" PRIu64,
	       tree->initrd.bytes, size);
	rc = compare(arm64, tree->initrd.from, fd, pvb_min(size, tree->initrd.bytes), &differs,
		     error);
	if (rc)
		return rc;
	expect(check, RULE_ARM64_INITRD_BYTES, differs == pvb_min(size, tree->initrd.bytes),
	       place_gpa(tree->initrd.from + differs),
	       "it is not what byte %" PRIu64 " of the ramdisk is", differs);
	return 0;
}
