/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fuzzing of whole lives begins with: bytes in the order in which fuzz-life.c takes them.
 */
#include <stdbool.h>

#include <pvbuild/plan.h>

#include "fuzz/life-kernel.h"
#include "fuzz/targets.h"
#include "support/elf-builder.h"

struct beginning {
	enum life_kernel kind;
	uint8_t flags, memory, fragment, shorter, shape; /* of the host */
	uint8_t choices, vcpus;                          /* of the wish */
	uint16_t pages, ramdisk;
};

static struct blob begin(const struct beginning *b)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, b->kind, 1);
	blob_append_number(&input, b->flags, 1);
	blob_append_number(&input, b->memory, 1);
	blob_append_number(&input, b->fragment, 1);
	blob_append_number(&input, b->shorter, 1);
	blob_append_number(&input, b->shape, 1);
	blob_append_number(&input, b->choices, 1);
	blob_append_number(&input, b->vcpus, 1);
	blob_append_number(&input, 12, 2); /* command line */
	blob_append_number(&input, 0, 1);  /* address bits */
	blob_append_number(&input, b->pages, 2);
	return input;
}

static void finish(struct blob *input, const struct beginning *b, bool at_least)
{
	blob_append_number(input, b->ramdisk, 2);
	blob_append_number(input, 9, 1);
	blob_append_number(input, at_least ? 1 : 0, 1);
	blob_append_number(input, 3, 1);
}

static struct blob whole(const struct beginning *b, bool at_least)
{
	struct blob input = begin(b);

	finish(&input, b, at_least);
	return input;
}

static struct blob small_64_with_a_tree(void)
{
	return whole(
		&(const struct beginning){
			.kind = LIFE_SMALL_64, .memory = 64, .choices = 2, .pages = 2048},
		false);
}

static struct blob small_32_as_little_as_there_is(void)
{
	return whole(&(const struct beginning){.kind = LIFE_SMALL_32, .memory = 64}, true);
}

static struct blob linux_64_in_fragments(void)
{
	return whole(&(const struct beginning){.kind = LIFE_LINUX_64,
					       .memory = 100,
					       .flags = 1,
					       .fragment = 40,
					       .shorter = 30,
					       .vcpus = 3,
					       .choices = 2 | 4 << 2,
					       .pages = 8000,
					       .ramdisk = 5000},
		     false);
}

static struct blob linux_32_with_a_ramdisk(void)
{
	return whole(
		&(const struct beginning){
			.kind = LIFE_LINUX_32, .memory = 100, .pages = 8000, .ramdisk = 7777},
		false);
}

static struct blob legacy_32_root_below_4g(void)
{
	return whole(&(const struct beginning){.kind = LIFE_LEGACY_32, .memory = 64, .pages = 4096},
		     false);
}

static struct blob too_little_memory(void)
{
	return whole(&(const struct beginning){.kind = LIFE_LINUX_64, .pages = 10000}, false);
}

static struct blob a_call_that_fails(void)
{
	const struct beginning b = {
		.kind = LIFE_SMALL_64, .flags = 0x80, .memory = 64, .pages = 2048};
	struct blob input = whole(&b, false), out = BLOB_INIT;

	/* The number of the call stands behind the host. */
	blob_append(&out, input.bytes, 6);
	blob_append_number(&out, 20, 1);
	blob_append(&out, input.bytes + 6, input.size - 6);
	blob_free(&input);
	return out;
}

static struct blob ranges_with_holes(void)
{
	const struct beginning b = {
		.kind = LIFE_SMALL_64, .memory = 64, .choices = 0x80 | 2, .shape = 1};
	struct blob input = begin(&b);

	blob_append_number(&input, 3, 1);
	for (unsigned i = 0; i < 3; i++) {
		blob_append_number(&input, 8 * i | i, 1);
		blob_append_number(&input, 300, 2);
	}
	blob_append_number(&input, 64, 1);
	finish(&input, &b, false);
	return input;
}

static struct blob made_64(void)
{
	const struct beginning b = {.kind = LIFE_MADE_64, .memory = 64, .pages = 4096};
	struct blob input = whole(&b, true);

	blob_append_number(&input, 0x11, 1);
	for (unsigned i = 0; i < 2; i++) {
		blob_append_number(&input, 256 + 16 * i, 2);
		blob_append_number(&input, 0, 1);
		blob_append_number(&input, 0x1234, 2);
		blob_append_number(&input, 0x300, 2);
	}
	blob_append_number(&input, 3, 1);
	blob_append_number(&input, 0x100100, 3);
	blob_append_number(&input, 3, 1);
	blob_append_number(&input, NOTE_INIT_P2M, 1);
	blob_append_number(&input, 4, 1);
	blob_append_number(&input, 0, 2);
	blob_append_number(&input, 22, 1);
	blob_append_number(&input, 4, 1);
	blob_append_number(&input, 3, 1);
	blob_append_number(&input, 22, 1);
	blob_append_number(&input, 1, 1);
	blob_append_number(&input, 10, 1);
	return input;
}

static struct blob made_32(void)
{
	const struct beginning b = {.kind = LIFE_MADE_32, .memory = 64, .pages = 4096};
	struct blob input = whole(&b, true);

	blob_append_number(&input, 0x20, 1);
	blob_append_number(&input, 256, 2);
	blob_append_number(&input, 0, 1);
	blob_append_number(&input, 0x1234, 2);
	blob_append_number(&input, 0x300, 2);
	blob_append_number(&input, 3, 1);
	blob_append_number(&input, 0x100100, 3);
	return input;
}

#ifdef HAVE_LIBFDT
static struct blob arm64(unsigned granule)
{
	const struct beginning b = {.kind = LIFE_ARM64,
				    .memory = 100,
				    .shape = (uint8_t)(granule << 6),
				    .vcpus = 2,
				    .pages = 8192,
				    .ramdisk = 2222};
	struct blob input = whole(&b, false);

	blob_append_number(&input, 0xa, 1);
	blob_append_number(&input, 0, 1);
	blob_append_number(&input, 20, 2);
	blob_append_number(&input, 1, 1);
	blob_append_number(&input, 3, 1);
	blob_append_number(&input, 0x15000, 3);
	return input;
}

static struct blob arm64_at_4k(void)
{
	return arm64(0);
}

static struct blob arm64_at_16k(void)
{
	return arm64(1);
}

static struct blob arm64_at_64k(void)
{
	return arm64(2);
}
#endif

const struct fuzz_seed life_seeds[] = {
	FUZZ_SEED(small_64_with_a_tree),
	FUZZ_SEED(small_32_as_little_as_there_is),
	FUZZ_SEED(linux_64_in_fragments),
	FUZZ_SEED(linux_32_with_a_ramdisk),
	FUZZ_SEED(legacy_32_root_below_4g),
	FUZZ_SEED(too_little_memory),
	FUZZ_SEED(a_call_that_fails),
	FUZZ_SEED(ranges_with_holes),
	FUZZ_SEED(made_64),
	FUZZ_SEED(made_32),
#ifdef HAVE_LIBFDT
	FUZZ_SEED(arm64_at_4k),
	FUZZ_SEED(arm64_at_16k),
	FUZZ_SEED(arm64_at_64k),
#endif
	{.name = NULL},
};
