/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/linux.h"

#include <string.h>

#include "core/checked.h"
#include "image/ranges.h"
#include "image/segments.h"
#include "image/store.h"

/*
 * A 64-bit PV Linux takes the frame out of a page-table entry by XEN_PTE_MFN_MASK, which is 52
 * bits wide whatever __PHYSICAL_MASK is (arch/x86/include/asm/xen/page.h, pte_mfn_to_pfn() in
 * arch/x86/xen/mmu_pv.c). 4.19 has it. 4.14, to the last releases of its long-term series, has
 * not: it uses PTE_PFN_MASK, of 46 bits, and loses what lies above. Of those between, which
 * nobody maintains, no more is made than of the older ones, nor of a fix that a distribution
 * took back. 32-bit kernels use __PHYSICAL_MASK to this day.
 */
enum { WIDE_SINCE_MAJOR = 4, WIDE_SINCE_MINOR = 19, WIDE_BITS = 52 };

/* linux_banner of init/version.c: "Linux version 6.1.0-18-amd64 (who@where) (compiler) #1 ...". */
static const char banner[] = "Linux version ";

/* As long as the one in a bzImage may be. */
enum { BANNER = sizeof banner - 1, VERSION_MAX = 512 };

/* "4.19.0-rc1": numbers of a release, at the very start. */
static bool read_release(const char *text, unsigned *major, unsigned *minor)
{
	unsigned *const numbers[] = {major, minor};

	for (unsigned i = 0; i < 2; i++) {
		unsigned value = 0, digits = 0;

		for (; *text >= '0' && *text <= '9' && digits < 4; digits++)
			value = value * 10 + (unsigned)(*text++ - '0');
		if (!digits || (*text >= '0' && *text <= '9'))
			return false;
		if (i == 0 && *text++ != '.')
			return false;
		*numbers[i] = value;
	}
	return true;
}

/* A stretch of bytes that is looked through once, with the next of the ends that lines have. */
struct search {
	struct pvb_span bytes;
	uint64_t *scanned;
	uint64_t space, at, newline; /* where the next one stands, from where was last asked */
};

/* Where the next c stands from "from" on, which never goes back; the size where there is none. */
static uint64_t next(const struct search *search, uint64_t *known, uint64_t from, int c)
{
	const struct pvb_span bytes = search->bytes;

	if (*known < from) {
		const uint8_t *found =
			(const uint8_t *)memchr(bytes.bytes + from, c, (size_t)(bytes.size - from));

		*known = found ? (uint64_t)(found - bytes.bytes) : bytes.size;
		*search->scanned += *known - from;
	}
	return *known;
}

/*
 * Whether a banner goes on from "from", and not a sentence in which the word occurs: a release,
 * and who made it, up to the end of the line.
 */
static bool is_version(struct search *search, uint64_t from, struct pvb_span *version)
{
	const struct pvb_span bytes = search->bytes;
	const uint64_t space = next(search, &search->space, from, ' ');
	const uint64_t newline = next(search, &search->newline, from, '\n');
	unsigned major, minor;
	char release[16] = "";

	if (newline == bytes.size || newline - from >= VERSION_MAX || space + 2 >= newline ||
	    bytes.bytes[space + 1] != '(' || next(search, &search->at, space, '@') >= newline)
		return false;
	(void)pvb_span_copy(bytes, from, release, pvb_min(sizeof release - 1, space - from));
	*version = pvb_span(bytes.bytes + from, newline - from);
	return read_release(release, &major, &minor);
}

static bool find_banner(struct pvb_span bytes, uint64_t *scanned, struct pvb_span *version)
{
	struct search search = {.bytes = bytes, .scanned = scanned};
	uint64_t from = 0;

	*scanned += bytes.size;

	while (bytes.size - from > BANNER) {
		const uint8_t *found = (const uint8_t *)memmem(
			bytes.bytes + from, (size_t)(bytes.size - from), banner, BANNER);

		if (!found)
			return false;
		from = (uint64_t)(found - bytes.bytes) + BANNER;
		if (is_version(&search, from, version))
			return true;
	}
	return false;
}

/* In what takes memory of a range of the image. */
static bool find_in_range(struct pvb_image *image, const struct pvb_range *range,
			  struct pvb_span *version)
{
	struct pvb_span bytes;
	uint64_t begin, end = range->begin;

	for (;;) {
		pvb_store_next_data(&image->store, end, &begin, &end);
		begin = pvb_max(begin, range->begin);
		end = pvb_min(end, range->end);
		if (begin >= end || !pvb_span_part(image->bytes, begin, end - begin, &bytes))
			return false;
		if (find_banner(bytes, &image->cost.scanned, version))
			return true;
	}
}

/* Segments may be the same bytes of the file again and again. */
static int find_in_segments(struct pvb_image *image, struct pvb_span *version, bool *found,
			    struct pvb_error *error)
{
	PVB_RANGES_AUTO struct pvb_ranges ranges = {0};

	*found = false;
	for (size_t i = 0; i < image->info.segment_count; i++) {
		const struct pvb_image_segment *segment = &image->segments[i];
		int rc = pvb_segment_is_loaded(segment)
				 ? pvb_ranges_add(&ranges, image->bytes.size, segment->offset,
						  segment->filesz, error)
				 : 0;

		if (rc)
			return rc;
	}
	pvb_ranges_settle(&ranges);
	for (size_t i = 0; i < ranges.count && !*found; i++)
		*found = find_in_range(image, &ranges.list[i], version);
	return 0;
}

int pvb_linux_find_version(struct pvb_image *image, struct pvb_error *error)
{
	struct pvb_image_info *info = &image->info;
	struct pvb_span version;
	bool found;

	/* An arm64 Image has no notes to say what it is. */
	if (info->kernel_version ||
	    (!info->pv.is_linux && info->container != PVB_CONTAINER_ARM64_IMAGE))
		return 0;

	int rc = find_in_segments(image, &version, &found, error);

	if (rc || !found)
		return rc;
	info->kernel_version = pvb_arena_escaped(&image->arena, version);
	return info->kernel_version
		       ? 0
		       : pvb_fail_memory(error, PVB_IMAGE_STAGE, "the kernel's version");
}

unsigned pvb_linux_address_bits(const struct pvb_image_info *info)
{
	unsigned major, minor;

	if (!info->pv.is_linux || info->elf_bits != 64 || !info->kernel_version ||
	    !read_release(info->kernel_version, &major, &minor))
		return 0;
	if (major < WIDE_SINCE_MAJOR || (major == WIDE_SINCE_MAJOR && minor < WIDE_SINCE_MINOR))
		return 0;
	return WIDE_BITS;
}
