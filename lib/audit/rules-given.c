/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest against what it is known to have been made of: kernel, ramdisk, command line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/check.h"
#include "core/checked.h"
#include "core/cleanup.h"
#include "core/span.h"

#define WINDOW 256u
#define WINDOW_BYTES ((size_t)WINDOW * VIEW_PAGE_SIZE)

/* As much of size bytes at offset as there is. */
static int read_file(int fd, const char *what, uint64_t offset, uint8_t *to, size_t size,
		     size_t *done, struct pvb_error *error)
{
	for (*done = 0; *done < size;) {
		ssize_t n = pread(fd, to + *done, size - *done, (off_t)(offset + *done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pvb_fail(error, PVB_E_ARG_FILE, "audit", "%s cannot be read: %s",
					what, strerror(errno));
		if (n == 0)
			break;
		*done += (size_t)n;
	}
	return 0;
}

struct windows {
	uint8_t *guest;
	uint8_t *file;
};

/*
 * Bytes [from, to) of a piece, counted from its va: those of the image as far as the piece has
 * bytes in it, zeros from there on. Pages that cannot be read are the layout rules' matter.
 */
static int check_piece_window(struct check *check, const struct pvb_image_piece *piece,
			      uint64_t from, size_t size, const struct windows *windows,
			      bool *differs, struct pvb_error *error)
{
	const uint64_t va = piece->va + from;
	const size_t offset = va % VIEW_PAGE_SIZE;
	uint64_t page, done;
	size_t have = 0;

	if (!page_of_address(check, va, &page))
		return 0;
	int rc = read_virtual(check, page, pvb_div_round_up(offset + size, VIEW_PAGE_SIZE),
			      windows->guest, &done, error);

	if (rc || done * VIEW_PAGE_SIZE <= offset)
		return rc;
	size = (size_t)pvb_min(size, done * VIEW_PAGE_SIZE - offset);
	if (from < piece->size)
		rc = read_file(pvb_image_fd(check->options->image), "the unpacked image",
			       piece->offset + from, windows->file,
			       (size_t)pvb_min(size, piece->size - from), &have, error);
	if (rc)
		return rc;

	const uint8_t *guest = windows->guest + offset;
	const uint64_t hypercall = check->image->pv.hypercall_page;

	/* The hypervisor has written over this page. */
	if (hypercall != PVB_NONE && hypercall < va + size && va < hypercall + VIEW_PAGE_SIZE) {
		uint64_t first = pvb_max(va, hypercall) - va;
		uint64_t end = pvb_min(va + size, hypercall + VIEW_PAGE_SIZE) - va;

		memset(windows->guest + offset + first, 0, (size_t)(end - first));
		if (first < have)
			memset(windows->file + first, 0, (size_t)(pvb_min(end, have) - first));
	}
	size_t at = first_difference(guest, windows->file, have);

	if (at < have) {
		const uint64_t in_image = piece->offset + from + at;

		finding(check, RULE_KERNEL_BYTES, place_address(va + at),
			"the byte is 0x%02x, and in the image, at offset %llu, it is 0x%02x",
			guest[at], (unsigned long long)in_image, windows->file[at]);
		*differs = true;
		return 0;
	}
	at = first_nonzero(guest, have, size);
	if (at < size) {
		finding(check, RULE_KERNEL_BSS, place_address(va + at),
			"the byte is 0x%02x, and should be zero", guest[at]);
		*differs = true;
	}
	return 0;
}

static int check_piece(struct check *check, const struct pvb_image_piece *piece,
		       const struct windows *windows, struct pvb_error *error)
{
	bool differs = false;

	/* One report for a piece: what follows a difference mostly differs, too. */
	for (uint64_t from = 0; from < piece->memory_size && !differs;) {
		uint64_t room = WINDOW_BYTES - (piece->va + from) % VIEW_PAGE_SIZE;
		size_t size = (size_t)pvb_min(room, piece->memory_size - from);
		int rc = check_piece_window(check, piece, from, size, windows, &differs, error);

		if (rc)
			return rc;
		from += size;
	}
	return 0;
}

/*
 * Stubs of 32 bytes, the number of the hypercall in eax (Xen, pv/hypercall.c). The one for
 * iret does not return, and saves eax.
 */
#define STUB_SIZE 32u
#define HYPERCALLS 56u
#define HYPERCALL_IRET 23u

static size_t expected_stub(unsigned bits, uint32_t number, uint8_t *stub)
{
	static const uint8_t save_64[] = {0x51, 0x41, 0x53};
	static const uint8_t call_64[] = {0x0f, 0x05};
	static const uint8_t restore_64[] = {0x41, 0x5b, 0x59};
	static const uint8_t call_32[] = {0xcd, 0x82};
	size_t n = 0;

	if (bits == 64) {
		memcpy(stub, save_64, sizeof save_64);
		n = sizeof save_64;
	}
	if (number == HYPERCALL_IRET)
		stub[n++] = 0x50;
	stub[n++] = 0xb8;
	for (unsigned i = 0; i < 4; i++)
		stub[n++] = (uint8_t)(number >> (8 * i));
	memcpy(stub + n, bits == 64 ? call_64 : call_32, 2);
	n += 2;
	if (number == HYPERCALL_IRET)
		return n;
	if (bits == 64) {
		memcpy(stub + n, restore_64, sizeof restore_64);
		n += sizeof restore_64;
	}
	stub[n++] = 0xc3;
	return n;
}

static int check_hypercall_page(struct check *check, struct pvb_error *error)
{
	const uint64_t va = check->image->pv.hypercall_page;
	uint8_t bytes[VIEW_PAGE_SIZE], stub[STUB_SIZE];
	uint64_t page, done = 0;

	applies(check, RULE_KERNEL_HYPERCALL_PAGE);
	if (va == PVB_NONE || !page_of_address(check, va, &page))
		return 0;
	int rc = read_virtual(check, page, 1, bytes, &done, error);

	if (rc || !done)
		return rc;
	for (uint32_t i = 0; i < HYPERCALLS; i++) {
		size_t size = expected_stub(check->view->guest_bits, i, stub);
		size_t at = first_difference(bytes + (size_t)i * STUB_SIZE, stub, size);

		if (at == size)
			continue;
		finding(check, RULE_KERNEL_HYPERCALL_PAGE,
			place_address(va + (uint64_t)i * STUB_SIZE),
			"the stub of hypercall %u is not there: byte %zu is 0x%02x, and should be "
			"0x%02x",
			i, at, bytes[(size_t)i * STUB_SIZE + at], stub[at]);
		break;
	}
	return 0;
}

int check_kernel(struct check *check, struct pvb_error *error)
{
	const enum pvb_guest_type type =
		check->view->guest_bits == 64 ? PVB_GUEST_X86_64 : PVB_GUEST_X86_32P;

	if (check->options->command_line)
		expect(check, RULE_COMMAND_LINE,
		       strcmp(check->start.cmd_line, check->options->command_line) == 0,
		       place("cmd_line"),
		       "the command line has %zu bytes, and is not the %zu given",
		       strlen(check->start.cmd_line), strlen(check->options->command_line));
	if (!check->image)
		return 0;
	expect(check, RULE_KERNEL_GUEST_TYPE, check->image->pv.guest_type == type, place("domain"),
	       "the domain has %u bits, and the kernel is not made for that",
	       check->view->guest_bits);

	PVB_AUTO_FREE uint8_t *guest = (uint8_t *)malloc(WINDOW_BYTES);
	PVB_AUTO_FREE uint8_t *file = (uint8_t *)malloc(WINDOW_BYTES);

	if (!guest || !file)
		return pvb_fail_memory(error, "audit", "a window onto the kernel");
	applies(check, RULE_KERNEL_BYTES);
	applies(check, RULE_KERNEL_BSS);
	for (size_t i = 0; i < check->image->piece_count; i++) {
		int rc = check_piece(check, &check->image->pieces[i],
				     &(struct windows){guest, file}, error);

		if (rc)
			return rc;
	}
	return check_hypercall_page(check, error);
}

/* Pages of the ramdisk, wherever the guest has it. */
static int read_module(struct check *check, uint64_t first, uint64_t count, uint8_t *to,
		       uint64_t *done, struct pvb_error *error)
{
	const uint64_t pfn = check->layout.module_page.n + first;

	*done = 0;
	if (!(check->start.flags & SIF_MOD_START_PFN_))
		return read_virtual(check, check->layout.base + pfn, count, to, done, error);
	if (!check->layout.list_usable)
		return 0;
	return read_pfns(check, PVB_PFN(pfn), count, to, done, error);
}

static void check_length(struct check *check, uint64_t length)
{
	const uint64_t found = check->start.mod_len;
	uint64_t rounded;

	/* What libxenguest says of a ramdisk that it passes by PFN. */
	bool is_rounded = (check->start.flags & SIF_MOD_START_PFN_) && found != length &&
			  pvb_round_up(length, VIEW_PAGE_SIZE, &rounded) && found == rounded;

	expect(check, RULE_MODULE_ROUNDED, !is_rounded, place("mod_len"),
	       "mod_len is %llu, the ramdisk's %llu bytes rounded up to a page",
	       (unsigned long long)found, (unsigned long long)length);
	expect(check, RULE_MODULE_LENGTH, is_rounded || found == length, place("mod_len"),
	       "mod_len is %llu, and the ramdisk has %llu bytes", (unsigned long long)found,
	       (unsigned long long)length);
}

static struct place place_byte(uint64_t offset)
{
	return place("ramdisk, byte %llu", (unsigned long long)offset);
}

static int compare_module(struct check *check, int fd, const struct windows *windows,
			  uint64_t *length, struct pvb_error *error)
{
	bool differs = false;

	applies(check, RULE_MODULE_BYTES);
	applies(check, RULE_MODULE_TAIL);
	for (*length = 0;;) {
		const uint64_t first = *length / VIEW_PAGE_SIZE;
		const uint64_t left = check->layout.has_module && first < check->layout.module_pages
					      ? check->layout.module_pages - first
					      : 0;
		size_t have;
		uint64_t done = 0;
		int rc = read_file(fd, "the ramdisk", *length, windows->file, WINDOW_BYTES, &have,
				   error);

		if (!rc && left && !differs)
			rc = read_module(check, first, pvb_min(WINDOW, left), windows->guest, &done,
					 error);
		if (rc)
			return rc;

		size_t size = (size_t)pvb_min(have, done * VIEW_PAGE_SIZE);
		size_t at = first_difference(windows->guest, windows->file, size);

		if (at < size) {
			finding(check, RULE_MODULE_BYTES, place_byte(*length + at),
				"the byte is 0x%02x, and in the file it is 0x%02x",
				windows->guest[at], windows->file[at]);
			differs = true;
		}
		*length += have;
		if (have == WINDOW_BYTES)
			continue;

		/* The last window: the rest of the page in which the file ends. */
		size_t end =
			(size_t)pvb_min(pvb_div_round_up(have, VIEW_PAGE_SIZE) * VIEW_PAGE_SIZE,
					done * VIEW_PAGE_SIZE);

		at = first_nonzero(windows->guest, size, end);
		if (at < end)
			finding(check, RULE_MODULE_TAIL, place_byte(*length - have + at),
				"the byte past the ramdisk's end is 0x%02x, and should be zero",
				windows->guest[at]);
		return 0;
	}
}

int check_module(struct check *check, struct pvb_error *error)
{
	const struct pvb_audit_options *options = check->options;
	const bool by_pfn = check->start.flags & SIF_MOD_START_PFN_;
	uint64_t length;

	if (check->image)
		expect(check, RULE_MODULE_FLAG, !by_pfn || check->image->pv.mod_start_pfn,
		       place("flags"),
		       "the ramdisk is passed by PFN, and the kernel does not say that it knows "
		       "of such");
	if (!options->module_fds || !options->module_fd_count)
		return 0;

	PVB_AUTO_FREE uint8_t *guest = (uint8_t *)malloc(WINDOW_BYTES);
	PVB_AUTO_FREE uint8_t *file = (uint8_t *)malloc(WINDOW_BYTES);

	if (!guest || !file)
		return pvb_fail_memory(error, "audit", "a window onto the ramdisk");
	int rc = compare_module(check, options->module_fds[0], &(struct windows){guest, file},
				&length, error);

	if (!rc)
		check_length(check, length);
	return rc;
}
