/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ramdisk. One that can be checked begins with the bytes "PVPROBE1", the CRC-32 of what
 * follows and its length, as gzip ends a file with them:
 *
 *     { printf PVPROBE1; gzip -c payload | tail -c 8; cat payload; } >ramdisk
 */
#include "check.h"

struct module_header {
	char magic[8];
	uint32_t crc;
	uint32_t length;
};

static bool by_pfn(void)
{
	return facts.start_info->flags & SIF_MOD_START_PFN;
}

/*
 * A page of it: where it is mapped, or else at the window, by its frame in the p2m list, which
 * is how a kernel reaches a ramdisk that it took by its PFN.
 */
static const uint8_t *page_at(uint64_t index)
{
	uint64_t start = facts.start_info->mod_start;

	if (!by_pfn())
		return (const uint8_t *)start + (index << PAGE_SHIFT);
	return window_map(WINDOW_PAGE, p2m()[start + index], 0) ? window_page(WINDOW_PAGE) : NULL;
}

static bool header(struct module_header *header)
{
	const uint8_t *page = facts.start_info->mod_len >= sizeof *header ? page_at(0) : NULL;
	uint64_t word;

	if (!page || !peek_word(page, &word))
		return false;
	memcpy(header, page, sizeof *header);
	return memcmp(header->magic, "PVPROBE1", sizeof header->magic) == 0;
}

/* What it should be, in bytes. */
static uint64_t true_length(void)
{
	struct module_header found;
	uint64_t expected;

	if (option_number("expect-ramdisk", &expected))
		return expected;
	if (header(&found))
		return sizeof found + found.length;
	return facts.start_info->mod_len;
}

bool module_mapped(void)
{
	return facts.start_info->mod_len && !by_pfn();
}

uint64_t module_pages(void)
{
	return (true_length() + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

void check_module_place(void)
{
	const struct start_info *info = facts.start_info;
	uint64_t pages = (info->mod_len + PAGE_SIZE - 1) >> PAGE_SHIFT;
	size_t length;
	const char *expected = option_text("expect-ramdisk", &length);

	if (!info->mod_len) {
		if (expected && !(length == 4 && memcmp(expected, "none", 4) == 0))
			fail("there is no ramdisk, and one was promised");
		if (info->mod_start)
			fail("mod_start is %lx, and there is no ramdisk", info->mod_start);
		return;
	}
	if (!by_pfn()) {
		if (info->mod_start != (uint64_t)kernel_end)
			fail("mod_start is %lx; the kernel ends at %lx", info->mod_start,
			     (uint64_t)kernel_end);
		return;
	}
#ifndef PROBE_MOD_START_PFN
	fail("mod_start is a PFN, which this kernel did not ask for");
#endif
	if (info->mod_start < facts.region_end || info->mod_start >= facts.pfns ||
	    pages > facts.pfns - info->mod_start)
		fail("%lu pages from PFN %lx on are not in %lx to %lx, the memory behind the "
		     "region",
		     pages, info->mod_start, facts.region_end, facts.pfns);
	else if (info->mod_start != facts.region_end)
		odd("mod_start is PFN %lx; the region ends at PFN %lx", info->mod_start,
		    facts.region_end);
}

void check_module_length(void)
{
	uint64_t found = facts.start_info->mod_len, length = true_length();

	if (!found)
		untested("there is no ramdisk");
	else if (found == length)
		return;
	else if (by_pfn() && found == module_pages() << PAGE_SHIFT)
		odd("mod_len is %lu, the pages of a ramdisk of %lu bytes", found, length);
	else
		fail("mod_len is %lu, and the ramdisk has %lu bytes", found, length);
}

void check_module_checksum(void)
{
	uint64_t from = 0, end = true_length(), expected;
	struct module_header found;
	uint32_t crc = 0;

	if (!facts.start_info->mod_len) {
		untested("there is no ramdisk");
		return;
	}
	if (option_number("ramdisk-crc", &expected)) {
		/* of all of it */
	} else if (header(&found)) {
		from = sizeof found;
		end = from + found.length;
		expected = found.crc;
	} else {
		untested("the ramdisk has no checksum that the probe knows");
		return;
	}
	while (from < end) {
		const uint8_t *page = page_at(from >> PAGE_SHIFT);
		uint64_t at = from % PAGE_SIZE, count = PAGE_SIZE - at;
		uint64_t word;

		if (count > end - from)
			count = end - from;
		if (!page || !peek_word(page, &word)) {
			fail("page %lu of it cannot be reached", from >> PAGE_SHIFT);
			return;
		}
		crc = crc32(crc, page + at, count);
		from += count;
	}
	if (crc != expected)
		fail("its CRC-32 is %x, not %lx", crc, expected);
}

void check_module_tail(void)
{
	uint64_t length = true_length(), used = length % PAGE_SIZE, at;
	const uint8_t *last;

	if (!facts.start_info->mod_len || !used) {
		untested("no page is filled in part");
		return;
	}
	last = page_at(length >> PAGE_SHIFT);
	if (!last) {
		fail("its last page cannot be reached");
		return;
	}
	at = first_nonzero(last + used, PAGE_SIZE - used);
	if (at < PAGE_SIZE - used)
		odd("byte %lu of its last page, behind its end, is not zero", used + at);
}
