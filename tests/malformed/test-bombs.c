/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small files that unpack to a gibibyte. Each is opened in a child of its own,
 * which tells what that cost: the bytes that it had in memory at most, its own
 * and those in memfds, and what it left behind.
 */
#include "config.h"

#include "malformed/bomb-maker.h"
#include "malformed/specimen.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/test.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

#define MIB (UINT64_C(1) << 20)
#define PEAK_ALLOWED (100 * MIB)

/* Where a checker has its own allocator, memory and mappings are more its than ours. */
static bool has_own_memory(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	return !SANITIZED && !(preloaded && strstr(preloaded, "vgpreload"));
}

/* ---- what memfds hold: the linker hands us the library's calls ------------------------- */

int __real_memfd_create(const char *name, unsigned flags);
int __wrap_memfd_create(const char *name, unsigned flags);
int __real_close(int fd);
int __wrap_close(int fd);

static bool is_memfd[256];
static uint64_t memfd_peak;

int __wrap_memfd_create(const char *name, unsigned flags)
{
	int fd = __real_memfd_create(name, flags);

	if (fd >= (int)sizeof is_memfd)
		abort();
	if (fd >= 0)
		is_memfd[fd] = true;
	return fd;
}

/* Nothing shrinks, so the most there ever is, is there when one is closed. */
static void count_memfds(void)
{
	uint64_t bytes = 0;

	for (int fd = 0; fd < (int)sizeof is_memfd; fd++) {
		struct stat status;

		if (is_memfd[fd] && !fstat(fd, &status))
			bytes += (uint64_t)status.st_blocks * 512;
	}
	if (bytes > memfd_peak)
		memfd_peak = bytes;
}

int __wrap_close(int fd)
{
	count_memfds();
	if (fd >= 0 && fd < (int)sizeof is_memfd)
		is_memfd[fd] = false;
	return __real_close(fd);
}

/* ---- one opening, in a child ----------------------------------------------------------- */

struct cost {
	int result;
	bool supported;
	uint64_t rss_before, rss_peak, memfds;
	unsigned fds_left, mappings_left, memfd_mappings_left;
};

static unsigned count_memfd_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	unsigned count = 0;

	if (!maps)
		return 1;
	while (fgets(line, sizeof line, maps))
		count += strstr(line, "memfd:") != NULL;
	(void)fclose(maps);
	return count;
}

static uint64_t rss_peak(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)usage.ru_maxrss * 1024;
}

static void open_and_count(const struct blob *file, const struct pvb_image_options *options,
			   struct cost *cost)
{
	struct pvb_image *image = NULL;
	struct pvb_error error = {0};

	/* Once to warm up, so that what the C library keeps is not taken for a leak. */
	cost->rss_before = rss_peak();
	cost->result =
		pvb_image_open_memory(file->bytes, file->size, "bomb", options, &image, &error);
	if (image) {
		cost->supported = pvb_image_info(image)->pv.supported;
		count_memfds();
	}
	pvb_image_free(image);
	cost->rss_peak = rss_peak();
	cost->memfds = memfd_peak;

	const unsigned fds = count_open_fds(), mappings = count_mappings();

	image = NULL;
	if (pvb_image_open_memory(file->bytes, file->size, "bomb", options, &image, &error) !=
	    cost->result)
		cost->result = -PVB_E_BUG;
	pvb_image_free(image);
	cost->fds_left = count_open_fds() - fds;
	cost->mappings_left = count_mappings() - mappings;
	cost->memfd_mappings_left = count_memfd_mappings();
}

static struct cost cost_of(const struct blob *file, const struct pvb_image_options *options)
{
	struct cost *shared = (struct cost *)mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
						  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct cost cost;
	int status = -1;
	pid_t child;

	assert_true(shared != MAP_FAILED);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		open_and_count(file, options, shared);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	cost = *shared;
	assert_int_equal(munmap(shared, sizeof *shared), 0);
	return cost;
}

/* And there never was too much. */
static void nothing_is_left(const struct cost *cost)
{
	assert_int_equal(cost->fds_left, 0);
	assert_int_equal(cost->memfd_mappings_left, 0);
	assert_true(cost->memfds < PEAK_ALLOWED);
	if (has_own_memory()) {
		assert_int_equal(cost->mappings_left, 0);
		assert_true(cost->rss_peak + cost->memfds < PEAK_ALLOWED);
	}
}

static void bomb_is_refused(const char *what, const struct blob *file, uint64_t unpacked, int code)
{
	const struct cost cost = cost_of(file, NULL);
	const uint64_t peak = cost.rss_peak + cost.memfds;

	print_message(
		"# %s: %zu bytes for %llu MiB: %s; %.1f MiB of memory (%.1f before), %.1f of it "
		"unpacked\n",
		what, file->size, (unsigned long long)(unpacked / MIB), pvb_code_name(-cost.result),
		(double)peak / (double)MIB, (double)cost.rss_before / (double)MIB,
		(double)cost.memfds / (double)MIB);
	if (cost.result != -code)
		print_error("%s: wanted %s\n", what, pvb_code_name(code));
	assert_int_equal(cost.result, -code);
	nothing_is_left(&cost);
}

/* ---- gzip ------------------------------------------------------------------------------ */

#define GIB (UINT64_C(1) << 30)

static struct blob nothing(void)
{
	return (struct blob)BLOB_INIT;
}

static void gzip_case(const char *what, struct blob prefix, struct blob stretch, bool both_layers,
		      int code)
{
	struct blob bomb = gzip_bomb(&prefix, &stretch, GIB / STRETCH);

	if (both_layers)
		bomb = two_layers(bomb);
	blob_free(&prefix);
	blob_free(&stretch);
	bomb_is_refused(what, &bomb, GIB, code);
	blob_free(&bomb);
}

static void a_gibibyte_of_zeros_in_two_layers_of_gzip_is_refused(void **state)
{
	(void)state;
	gzip_case("zeros", nothing(), zeros_to_repeat(), true, PVB_E_IMAGE_NOT_A_KERNEL);
}

static void a_gibibyte_of_zeros_in_one_layer_of_gzip_is_refused(void **state)
{
	(void)state;
	gzip_case("zeros, one layer", nothing(), zeros_to_repeat(), false,
		  PVB_E_IMAGE_NOT_A_KERNEL);
}

static void a_gibibyte_of_zeros_behind_a_kernel_is_refused(void **state)
{
	(void)state;
	gzip_case("a kernel and zeros", sound_kernel(64), zeros_to_repeat(), true,
		  PVB_E_IMAGE_OUTGROWN);
}

static void a_gibibyte_of_zeros_behind_a_kernel_in_one_layer_is_refused(void **state)
{
	(void)state;
	gzip_case("a kernel and zeros, one layer", sound_kernel(64), zeros_to_repeat(), false,
		  PVB_E_IMAGE_OUTGROWN);
}

static void a_header_that_claims_exactly_the_gibibyte_behind_it_is_refused(void **state)
{
	(void)state;
	gzip_case("a header that claims it all", header_for(GIB), zeros_to_repeat(), true,
		  PVB_E_IMAGE_TOO_LARGE);
	gzip_case("a header that claims it all, one layer", header_for(GIB), zeros_to_repeat(),
		  false, PVB_E_IMAGE_TOO_LARGE);
}

static void a_header_that_claims_more_than_the_limit_is_refused(void **state)
{
	(void)state;
	gzip_case("a header that claims 2 GiB", header_for(2 * GIB), zeros_to_repeat(), true,
		  PVB_E_IMAGE_TOO_LARGE);
}

static void noise_that_repeats_is_refused(void **state)
{
	(void)state;
	gzip_case("noise", nothing(), noise_to_repeat(), true, PVB_E_IMAGE_NOT_A_KERNEL);
}

static void noise_that_repeats_behind_a_kernel_is_refused(void **state)
{
	(void)state;
	gzip_case("a kernel and noise", sound_kernel(64), noise_to_repeat(), true,
		  PVB_E_IMAGE_OUTGROWN);
}

static void noise_that_repeats_behind_a_header_that_claims_it_is_refused(void **state)
{
	(void)state;
	gzip_case("a header that claims noise", header_for(GIB), noise_to_repeat(), true,
		  PVB_E_IMAGE_TOO_LARGE);
	gzip_case("a header that claims half of it", header_for(GIB / 2), noise_to_repeat(), true,
		  PVB_E_IMAGE_RATIO);
}

/* The bzImage, and not its payload, is what swells. */
static void a_bzimage_that_a_gibibyte_of_zeros_follows_is_refused(void **state)
{
	struct blob kernel = sound_kernel(64);
	struct blob image = packed_bzimage(PVB_CODEC_GZIP, &kernel);

	(void)state;
	blob_free(&kernel);
	gzip_case("a bzImage and zeros", image, zeros_to_repeat(), false, PVB_E_IMAGE_OUTGROWN);
}

/*
 * A kernel whose symbols and whose names are each said to be the whole file: what is appended
 * is twice what there was. Of zeros that costs nothing, of anything else it counts.
 */
static struct blob kernel_whose_symbols_are_all_of_it(struct blob stretch, unsigned stretches)
{
	const uint64_t size = stretches * (uint64_t)STRETCH;
	struct elf_builder builder = ELF_BUILDER_64;
	struct blob notes = xen_notes(64), header, file;

	note_add_text(&notes, NOTE_BSD_SYMTAB, "yes");
	elf_add_note_segment(&builder, &notes);
	elf_add_load(&builder, 0x100000, 0, size);
	elf_add_symbols(&builder, 1);
	builder.entry = 0x100000;
	header = elf_build(&builder);
	elf_set_ph(&header, 1, PH_OFFSET, header.size);
	elf_set_ph(&header, 1, PH_FILESZ, size);
	for (unsigned section = 1; section <= 2; section++) {
		elf_set_sh(&header, section, SH_OFFSET, 0);
		elf_set_sh(&header, section, SH_SIZE, header.size + size);
	}
	file = two_layers(gzip_bomb(&header, &stretch, stretches));
	blob_free(&header);
	blob_free(&stretch);
	return file;
}

static void symbols_that_treble_an_image_are_refused(void **state)
{
	struct blob file = kernel_whose_symbols_are_all_of_it(noise_to_repeat(), 7);

	(void)state;
	bomb_is_refused("symbols", &file, 21 * (uint64_t)STRETCH, PVB_E_IMAGE_RATIO);
	blob_free(&file);
	file = kernel_whose_symbols_are_all_of_it(zeros_to_repeat(), 250);
	bomb_is_refused("symbols, twice of half a gibibyte", &file, 750 * (uint64_t)STRETCH,
			PVB_E_IMAGE_TOO_LARGE);
	blob_free(&file);
}

/* Accepted, and next to nothing of it takes memory. */
static void costs_nothing(const char *what, const struct blob *file, uint64_t most)
{
	const struct cost cost = cost_of(file, NULL);

	print_message("# %s: %zu bytes: %.1f MiB of memory, %.1f of it unpacked\n", what,
		      file->size, (double)(cost.rss_peak + cost.memfds) / (double)MIB,
		      (double)cost.memfds / (double)MIB);
	assert_int_equal(cost.result, 0);
	assert_true(cost.supported);
	assert_true(cost.memfds < most);
	nothing_is_left(&cost);
}

/* As a unikernel has that carries an empty file system. libxenguest takes it as well. */
static void a_kernel_of_zeros_costs_nothing(void **state)
{
	struct blob header = header_for(120 * (uint64_t)STRETCH), stretch = zeros_to_repeat();
	struct blob file = gzip_bomb(&header, &stretch, 120);

	(void)state;
	costs_nothing("a kernel of 240 MiB of zeros", &file, MIB);
	file = two_layers(file);
	costs_nothing("the same in two layers", &file, MIB);
	blob_free(&file);
	file = kernel_whose_symbols_are_all_of_it(zeros_to_repeat(), 120);
	costs_nothing("the same, and its symbols are all of it, twice", &file, MIB);
	blob_free(&file);
	blob_free(&header);
	blob_free(&stretch);
}

/*
 * The worst that the limits let through, at 32 MiB for both layers together: a kernel
 * that is all there, in a bzImage that is mostly something else.
 */
static void the_most_that_is_allowed_keeps_within_bounds(void **state)
{
	const unsigned stretches = 7;
	const uint64_t size = stretches * (uint64_t)STRETCH;
	struct blob header = header_for(size);
	struct blob stretch = noise_to_repeat();
	struct blob payload = gzip_bomb(&header, &stretch, stretches);
	struct blob file;
	struct cost cost;

	(void)state;
	for (unsigned i = 0; i < stretches; i++)
		blob_append_blob(&payload, &stretch);
	file = two_layers(payload);
	blob_free(&stretch);
	blob_free(&header);
	cost = cost_of(&file, NULL);
	print_message("# allowed: %zu bytes for twice %llu MiB: %.1f MiB of memory, %.1f of it "
		      "unpacked\n",
		      file.size, (unsigned long long)(size / MIB),
		      (double)(cost.rss_peak + cost.memfds) / (double)MIB,
		      (double)cost.memfds / (double)MIB);
	assert_int_equal(cost.result, 0);
	assert_true(cost.supported);
	assert_true(cost.memfds >= 2 * size); /* the measure measures */
	assert_true(cost.memfds <= 32 * MIB);
	nothing_is_left(&cost);
	blob_free(&file);
}

/* ---- the other codecs --------------------------------------------------------------------- */

struct codec_case {
	enum pvb_codec codec;
	struct blob (*prefix)(void);
	int code;
};

static struct blob a_kernel(void)
{
	return sound_kernel(64);
}

/* As much as one stream has, or more of them where the codec's blocks are its streams. */
static struct blob a_header_for_a_stream(void)
{
	return header_for(STREAM);
}

static void codec_bomb_is_refused(void **state)
{
	const struct codec_case *test = (const struct codec_case *)*state;
	need_codec(test->codec);

	struct blob prefix = test->prefix();
	struct blob file = two_layers(codec_bomb(test->codec, &prefix));

	blob_free(&prefix);
	bomb_is_refused(pvb_codec_name(test->codec), &file,
			test->codec == PVB_CODEC_LZMA ? (uint64_t)LZMA_STREAM : GIB, test->code);
	blob_free(&file);
}

#define CODEC_CASE(name_, id_, prefix_, code_)                                                     \
	{                                                                                          \
		.name = name_, .test_func = codec_bomb_is_refused,                                 \
		.initial_state = &(struct codec_case)                                              \
		{                                                                                  \
			PVB_CODEC_##id_, prefix_, PVB_E_##code_                                    \
		}                                                                                  \
	}
/* None: a kernel like any other. */
#define PVB_E_OK_ PVB_OK

/* swells_: what becomes of zeros that go on behind what a header claims. */
#define CODEC_CASES(id_, name_, swells_)                                                           \
	CODEC_CASE("zeros_in_" name_ "_in_gzip_are_refused", id_, nothing, IMAGE_NOT_A_KERNEL),    \
		CODEC_CASE("zeros_behind_a_kernel_in_" name_ "_in_gzip_are_refused", id_,          \
			   a_kernel, IMAGE_OUTGROWN),                                              \
		CODEC_CASE("zeros_that_a_header_claims_in_" name_ "_in_gzip_cost_nothing", id_,    \
			   a_header_for_a_stream, swells_)

/* What a codec has to hold at once is bounded too. */
static void zeros_in_one_block_of_lzo_are_refused(void **state)
{
	struct blob empty = nothing(), plain, file;

	(void)state;
	need_codec(PVB_CODEC_LZO);
	plain = zeros_behind(&empty, 64 << 20);
	file = two_layers(
		compress_blob(PVB_CODEC_LZO, &plain,
			      &(const struct compress_options){.lzo_block_size = 64 << 20}));
	assert_int_equal(munmap(plain.bytes, plain.capacity), 0);
	bomb_is_refused("one block of lzo", &file, 64 * MIB, PVB_E_IMAGE_NOT_A_KERNEL);
	blob_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gibibyte_of_zeros_in_two_layers_of_gzip_is_refused),
		cmocka_unit_test(a_gibibyte_of_zeros_in_one_layer_of_gzip_is_refused),
		cmocka_unit_test(a_gibibyte_of_zeros_behind_a_kernel_is_refused),
		cmocka_unit_test(a_gibibyte_of_zeros_behind_a_kernel_in_one_layer_is_refused),
		cmocka_unit_test(a_header_that_claims_exactly_the_gibibyte_behind_it_is_refused),
		cmocka_unit_test(a_header_that_claims_more_than_the_limit_is_refused),
		cmocka_unit_test(noise_that_repeats_is_refused),
		cmocka_unit_test(noise_that_repeats_behind_a_kernel_is_refused),
		cmocka_unit_test(noise_that_repeats_behind_a_header_that_claims_it_is_refused),
		cmocka_unit_test(a_bzimage_that_a_gibibyte_of_zeros_follows_is_refused),
		cmocka_unit_test(symbols_that_treble_an_image_are_refused),
		cmocka_unit_test(the_most_that_is_allowed_keeps_within_bounds),
		cmocka_unit_test(a_kernel_of_zeros_costs_nothing),
		CODEC_CASES(BZIP2, "bzip2", OK_),
		CODEC_CASES(LZMA, "lzma", IMAGE_OUTGROWN),
		CODEC_CASES(XZ, "xz", OK_),
		CODEC_CASES(LZO, "lzo", IMAGE_OUTGROWN),
		cmocka_unit_test(zeros_in_one_block_of_lzo_are_refused),
		CODEC_CASES(LZ4, "lz4", IMAGE_OUTGROWN),
		CODEC_CASES(ZSTD, "zstd", OK_),
	};

#ifdef __GLIBC__
	/* Large blocks go back to the system, and are not counted as the child's. */
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
	return cmocka_run_group_tests_name("bombs", tests, NULL, NULL);
}
