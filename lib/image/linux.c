/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/linux.h"

#include <string.h>

#include "core/checked.h"
#include "image/segments.h"

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

/* A banner, and not a sentence in which the word occurs: a release, and who made it. */
static bool is_version(struct pvb_span text)
{
	const char *words = (const char *)text.bytes;
	const char *space = (const char *)memchr(words, ' ', text.size);
	unsigned major, minor;
	char release[16] = "";

	if (!space || (size_t)(space - words) + 2 >= text.size || space[1] != '(' ||
	    !memchr(space, '@', text.size - (size_t)(space - words)))
		return false;
	memcpy(release, words, (size_t)pvb_min(sizeof release - 1, (uint64_t)(space - words)));
	return read_release(release, &major, &minor);
}

static bool find_banner(struct pvb_span bytes, struct pvb_span *version)
{
	while (bytes.size > BANNER) {
		const uint8_t *at =
			(const uint8_t *)memmem(bytes.bytes, bytes.size, banner, BANNER);

		if (!at)
			return false;
		uint64_t skip = (uint64_t)(at - bytes.bytes) + BANNER;
		(void)pvb_span_part(bytes, skip, bytes.size - skip, &bytes);
		*version = pvb_span(bytes.bytes, pvb_min(bytes.size, VERSION_MAX));
		const uint8_t *end = (const uint8_t *)memchr(version->bytes, '\n', version->size);
		if (end)
			version->size = (uint64_t)(end - version->bytes);
		/* It ends with its line. */
		if (end && is_version(*version))
			return true;
	}
	return false;
}

int pvb_linux_find_version(struct pvb_image *image, struct pvb_error *error)
{
	struct pvb_image_info *info = &image->info;

	/* An arm64 Image has no notes to say what it is. */
	if (info->kernel_version ||
	    (!info->pv.is_linux && info->container != PVB_CONTAINER_ARM64_IMAGE))
		return 0;
	for (size_t i = 0; i < info->segment_count; i++) {
		const struct pvb_image_segment *segment = &image->segments[i];
		struct pvb_span bytes, version;

		if (!pvb_segment_is_loaded(segment) ||
		    !pvb_span_part(image->bytes, segment->offset, segment->filesz, &bytes) ||
		    !find_banner(bytes, &version))
			continue;
		info->kernel_version = pvb_arena_escaped(&image->arena, version);
		return info->kernel_version
			       ? 0
			       : pvb_fail_memory(error, PVB_IMAGE_STAGE, "the kernel's version");
	}
	return 0;
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
