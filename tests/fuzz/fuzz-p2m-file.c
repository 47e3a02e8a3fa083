/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file of a p2m, as "pvbuild p2m --convert tree" writes them, made of the input's bytes. What
 * can be read of it can be written again, and says the same.
 */
#include "fuzz/targets.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/report.h"
#include "fuzz/scratch.h"
#include "p2m-convert.h"
#include "p2m-file.h"

#define PAGE 4096u
#define PAGES 48u
#define RECORD 13u

/* A list has a word for each PFN. */
#define LIST_PFNS_MOST (UINT64_C(1) << 18)

struct file {
	uint8_t bytes[PAGES * PAGE];
	size_t size;
};

/* The head says where the tree is, records say what stands in its pages. */
static void take_tree(struct file *file, struct fuzz_input *input)
{
	const unsigned choices = (unsigned)take(input, 1);
	const unsigned bits = choices & 1 ? 32 : 64;
	struct pvb_error error;
	struct pvb_p2m_anchors anchors = {
		.guest_bits = bits,
		.frame_list_list = choices & 2 ? 1 : PVB_P2M_NONE,
		.has_tree = true,
		.p2m_levels = (uint32_t)(choices >> 4) % 7,
		.p2m_root = take(input, 1),
	};

	anchors.max_pfn = take(input, 2);
	anchors.max_pfn <<= take(input, 1) % 48;
	file->size = sizeof file->bytes;
	(void)pvb_p2m_write_anchors(&anchors, file->bytes, PAGE, &error);
	while (input->left >= RECORD) {
		const unsigned page = (unsigned)take(input, 1) % PAGES, width = bits / 8;
		unsigned at = (unsigned)take(input, 2) * width;
		const unsigned count = 1 + (unsigned)take(input, 1);
		const unsigned step = (unsigned)take(input, 1);
		uint64_t word = take(input, 8);

		for (unsigned n = 0; n < count && at + width <= PAGE; n++, at += width) {
			memcpy(file->bytes + (size_t)page * PAGE + at, &word, width);
			word += step;
		}
	}
}

static void take_bytes(struct file *file, struct fuzz_input *input)
{
	const size_t pages = (size_t)take(input, 1) % PAGES;
	const size_t left = input->left < sizeof file->bytes ? input->left : sizeof file->bytes;

	memcpy(file->bytes, input->at, left);
	file->size = left > pages * PAGE ? left : pages * PAGE;
}

static struct pvb_p2m *read_file(const char *path, bool *there)
{
	struct p2m_file file = P2M_FILE_INIT;
	struct pvb_p2m *p2m = NULL;
	struct pvb_error error = {0};
	int rc = p2m_file_open(&file, path, there, &error);

	must_be_sound(rc, &error);
	if (rc == 0 && *there) {
		rc = pvb_p2m_read(&file.access, &file.anchors, NULL, &p2m, &error);
		must_be_sound(rc, &error);
		must((rc == 0) == (p2m != NULL));
	}
	p2m_file_close(&file);
	if (p2m)
		must_be_a_p2m(pvb_p2m_info(p2m));
	return p2m;
}

/* The pages of a list say of each PFN what the p2m did. */
static void check_list(const char *path, const struct pvb_p2m *p2m)
{
	const struct pvb_p2m_geometry *geometry = &pvb_p2m_info(p2m)->geometry;
	FILE *file = fopen(path, "rbe");

	must(file);
	for (uint64_t pfn = 0; pfn < geometry->pfns; pfn++) {
		const uint64_t mfn = pvb_p2m_find(p2m, pfn);
		uint64_t word = 0;

		must(fread(&word, geometry->entry_size, 1, file) == 1);
		if (mfn == PVB_P2M_NONE)
			must(word == (geometry->entry_size == 4 ? UINT32_MAX : UINT64_MAX));
		else
			must(word == mfn);
	}
	(void)fclose(file);
}

static void check_tree(const char *path, const struct pvb_p2m *p2m)
{
	bool there = false;
	struct pvb_p2m *other = read_file(path, &there);

	must(there && other);
	must(pvb_p2m_info(other)->geometry.pfns == pvb_p2m_info(p2m)->geometry.pfns);
	must(pvb_p2m_info(other)->frames == pvb_p2m_info(p2m)->frames);
	must_be_same_memory(pvb_p2m_info(other), pvb_p2m_info(p2m));
	pvb_p2m_free(other);
}

static void check_conversion(const struct pvb_p2m *p2m, bool tree, uint32_t levels)
{
	const char *path = scratch_path("converted");
	struct conversion conversion = {.path = path, .tree = tree, .levels = levels};
	const struct pvb_p2m_info *info = pvb_p2m_info(p2m);
	struct pvb_error error = {0};

	if (!tree && info->geometry.pfns > LIST_PFNS_MOST)
		return;
	int rc = conversion_write(&conversion, info, &error);

	must_be_sound(rc, &error);
	/* Too few levels for so many PFNs, or too many of them for any. */
	must_after(rc == 0 || (tree && rc == -PVB_E_ARG_P2M), &error);
	must_after(rc == 0 || levels || !pvb_p2m_least_levels(&info->geometry), &error);
	if (rc == 0) {
		if (tree)
			check_tree(path, p2m);
		else
			check_list(path, p2m);
		must(!unlink(path));
	}
	scratch_must_be_empty();
}

static void run(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	const unsigned choices = (unsigned)take(&input, 1);
	struct file file = {0};
	bool there = false;

	if (choices & 1)
		take_bytes(&file, &input);
	else
		take_tree(&file, &input);

	int fd = memory_file(file.bytes, file.size, file.size);
	struct pvb_p2m *p2m = read_file(memory_file_path(fd), &there);

	if (p2m) {
		check_conversion(p2m, true, choices >> 1 & 7);
		check_conversion(p2m, true, 0);
		check_conversion(p2m, false, 0);
	}
	pvb_p2m_free(p2m);
	(void)close(fd);
}

/* ---- what it begins with ------------------------------------------------------------------- */

static struct blob begin(unsigned choices, unsigned root, unsigned max_pfn, unsigned shift)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, 0, 1);
	blob_append_number(&input, choices, 1);
	blob_append_number(&input, root, 1);
	blob_append_number(&input, max_pfn, 2);
	blob_append_number(&input, shift, 1);
	return input;
}

static void add(struct blob *input, unsigned page, unsigned first, unsigned count, unsigned step,
		uint64_t word)
{
	blob_append_number(input, page, 1);
	blob_append_number(input, first, 2);
	blob_append_number(input, count - 1, 1);
	blob_append_number(input, step, 1);
	blob_append_number(input, word, 8);
}

static void add_missing(struct blob *input, unsigned page)
{
	for (unsigned first = 0; first < 1024; first += 256)
		add(input, page, first, 256, 0, UINT64_MAX);
}

/* Pages from 1 on one below the other; the last has runs of frames, and holes. */
static struct blob tree(unsigned bits_choice, unsigned levels, unsigned max_pfn)
{
	struct blob input = begin(levels << 4 | bits_choice, 1, max_pfn, 0);

	for (unsigned page = 1; page <= levels; page++) {
		add_missing(&input, page);
		if (page < levels)
			add(&input, page, 0, 1, 0, page + 1);
	}
	add(&input, levels, 0, 100, 1, 0x4321);
	add(&input, levels, 300, 90, 3, 0x14321);
	return input;
}

static struct blob tree_of_one_level(void)
{
	return tree(0, 1, 500);
}

static struct blob tree_of_three_levels(void)
{
	return tree(0, 3, 500);
}

static struct blob tree_of_32_bits(void)
{
	return tree(1, 2, 900);
}

static struct blob tree_with_pages_shared(void)
{
	struct blob input = tree(0, 3, 65535);

	add_missing(&input, 4);
	add(&input, 2, 1, 255, 0, 4);
	return input;
}

static struct blob tree_that_leads_out_of_the_file(void)
{
	struct blob input = tree(0, 2, 1000);

	add(&input, 1, 1, 1, 0, 4711);
	return input;
}

static struct blob bytes_of_no_tree(void)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, 1, 1);
	blob_append_number(&input, 2, 1);
	blob_append_text(&input, "a page of something else");
	return input;
}

static const struct fuzz_seed seeds[] = {
	FUZZ_SEED(tree_of_one_level),
	FUZZ_SEED(tree_of_three_levels),
	FUZZ_SEED(tree_of_32_bits),
	FUZZ_SEED(tree_with_pages_shared),
	FUZZ_SEED(tree_that_leads_out_of_the_file),
	FUZZ_SEED(bytes_of_no_tree),
	{.name = NULL},
};

const struct fuzz_target fuzz_p2m_file = {
	.name = "p2m-file",
	.max_size = 4096,
	.begin = scratch_make,
	.run = run,
	.end = scratch_remove,
	.seeds = seeds,
};
