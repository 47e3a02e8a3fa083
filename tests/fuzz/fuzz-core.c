/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A core whose bytes are the input's, or a good one of which the input overwrites words. It is
 * refused as what it is, or read to the end: within a number of bytes that its size bounds,
 * with the same answer twice.
 */
#include "fuzz/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/check.h"
#include "fuzz/report.h"
#include "fuzz/scratch.h"
#include "fuzz/small-guest.h"
#include "reach/core-file.h"

#define PAGE 4096u
#define CHANGES_MOST 4096u
#define FILE_PAGES_MOST 4096u

/* Headers, notes and contexts stand before the pages. */
#define HEAD_BYTES 2048u

/*
 * Each page is read by a reader no more often than it can stand at levels, and once more for what
 * is in it; headers and tables of PFNs are read once.
 */
#define READS_OF_A_PAGE 8u
#define READS_BESIDE (UINT64_C(4) << 20)

/* A good core, and a copy to be spoilt. */
struct base {
	struct small_guest guest;
	struct core_file layout; /* fd is the good one's */
	const uint8_t *bytes;
	int copy;
};

static struct base bases[SMALL_GUESTS];

struct change {
	uint64_t offset;
	unsigned width;
};

static struct change changes[CHANGES_MOST];
static size_t change_count;
static bool was_cut;

/* ---- the good ones ------------------------------------------------------------------------- */

static void copy_all(const struct base *base)
{
	static const uint8_t zeros[PAGE];

	must(!ftruncate(base->copy, (off_t)base->layout.size));
	for (uint64_t at = 0; at < base->layout.size; at += PAGE) {
		const size_t n = base->layout.size - at < PAGE ? base->layout.size - at : PAGE;

		if (memcmp(base->bytes + at, zeros, n) != 0)
			must(pwrite(base->copy, base->bytes + at, n, (off_t)at) == (ssize_t)n);
	}
}

static void make_base(struct base *base, enum small_guest_kind kind)
{
	const char *path = scratch_path("core");
	struct pvb_error error = {0};
	void *at;

	small_guest_make(&base->guest, kind);
	must_after(!pvb_dump_core(base->guest.host, base->guest.domid, path, NULL, &error), &error);
	must_after(!core_file_open(path, &base->layout, &error), &error);
	must(!unlink(path));
	at = mmap(NULL, base->layout.size, PROT_READ, MAP_SHARED, base->layout.fd, 0);
	must(at != MAP_FAILED);
	base->bytes = at;
	base->copy = memory_file(NULL, 0, 0);
	copy_all(base);
}

static void make_bases(void)
{
	scratch_make();
	for (unsigned kind = 0; kind < SMALL_GUESTS; kind++)
		make_base(&bases[kind], (enum small_guest_kind)kind);
}

static void free_bases(void)
{
	for (unsigned kind = 0; kind < SMALL_GUESTS; kind++) {
		struct base *base = &bases[kind];

		must(!munmap((void *)(uintptr_t)base->bytes, base->layout.size));
		core_file_close(&base->layout);
		(void)close(base->copy);
		small_guest_free(&base->guest);
	}
	scratch_remove();
}

/* ---- spoiling one -------------------------------------------------------------------------- */

/* Bytes of the file that a place is, or its end for none. */
static uint64_t offset_of(const struct base *base, const struct spoil *spoil, unsigned nth,
			  unsigned *width)
{
	const struct core_file *core = &base->layout;
	const uint64_t word = spoil->index + nth;

	*width = 8;
	if (spoil->where == SPOIL_REGISTERS)
		return core->prstatus.offset + word * 8 % core->prstatus.size;
	if (spoil->where == SPOIL_M2P)
		return core->p2m.offset + word * 8 % core->p2m.size;
	if (spoil->where == SPOIL_OTHER) {
		*width = spoil->index & 0x4000 ? 2 : spoil->index & 0x2000 ? 4 : 8;
		return word * *width % HEAD_BYTES;
	}

	const struct spoil_place place = spoil_place(&base->guest, spoil, nth);

	*width = place.width;
	if (place.pfn == PVB_P2M_NONE)
		return core->shared_info.offset + place.offset;
	/* Pages stand in the order of their PFNs, those of the hole left out. */
	return place.pfn < core->pages ? core->page_data.offset + place.pfn * PAGE + place.offset
				       : core->size;
}

static void spoil_word_at(const struct base *base, const struct spoil *spoil, unsigned nth)
{
	unsigned width;
	const uint64_t offset = offset_of(base, spoil, nth, &width);
	uint64_t before = 0, word;

	if (offset > base->layout.size - width || change_count == CHANGES_MOST)
		return;
	changes[change_count++] = (struct change){offset, width};
	memcpy(&before, base->bytes + offset, width);
	word = spoilt_word(&base->guest, spoil, nth, before);
	must(pwrite(base->copy, &word, width, (off_t)offset) == (ssize_t)width);
}

static void spoil(const struct base *base, const struct spoil *spoil)
{
	if (spoil->where == SPOIL_OTHER && spoil->index & 0x8000) {
		must(!ftruncate(base->copy, (off_t)(spoil->value % base->layout.size)));
		was_cut = true;
		return;
	}
	for (unsigned nth = 0; nth < spoil->count; nth++)
		spoil_word_at(base, spoil, nth);
}

static void mend(const struct base *base)
{
	while (change_count) {
		const struct change *change = &changes[--change_count];

		must(pwrite(base->copy, base->bytes + change->offset, change->width,
			    (off_t)change->offset) == (ssize_t)change->width);
	}
	if (was_cut)
		copy_all(base);
	was_cut = false;
}

/* ---- reading it ---------------------------------------------------------------------------- */

/* What is made of a core, beside the choices of a p2m's options. */
enum { AUDIT = 0, GIVEN = 1, P2M = 0x80 };

/* Bytes that this process has read so far, where the kernel counts them. */
static uint64_t bytes_read(void)
{
	FILE *file = fopen("/proc/self/io", "re");
	unsigned long long count = 0;

	if (file && fscanf(file, "rchar: %llu", &count) != 1)
		count = 0;
	if (file)
		(void)fclose(file);
	return count;
}

static bool is_a_cores_fault(int rc)
{
	return -rc >= PVB_E_CORE_FORMAT && -rc <= PVB_E_CORE_SECTION;
}

static bool is_a_p2ms_fault(int rc)
{
	return -rc >= PVB_E_P2M_SHARED && -rc <= PVB_E_P2M_M2P;
}

static struct pvb_audit *audit(const char *path, uint64_t size,
			       const struct pvb_audit_options *options, int *rc)
{
	const uint64_t before = bytes_read();
	struct pvb_audit *audit = NULL;
	struct pvb_error error = {0};

	*rc = pvb_audit_core(path, options, &audit, &error);
	must_be_sound(*rc, &error);
	must_after(*rc == 0 || is_a_cores_fault(*rc), &error);
	must((*rc == 0) == (audit != NULL));
	must(bytes_read() - before <= size * READS_OF_A_PAGE + READS_BESIDE);
	if (audit)
		must_be_a_report(pvb_audit_report(audit));
	return audit;
}

static void check_audit(const char *path, uint64_t size, const struct small_guest *given)
{
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	int rc, again;

	if (given) {
		options.image = given->image;
		options.memory = SMALL_GUEST_PAGES * PAGE;
		options.command_line = "";
	}

	struct pvb_audit *one = audit(path, size, &options, &rc);
	struct pvb_audit *other = audit(path, size, &options, &again);

	must(rc == again);
	if (one)
		must_agree(pvb_audit_report(one), pvb_audit_report(other));
	pvb_audit_free(one);
	pvb_audit_free(other);
}

static void check_trace(const char *path, const struct pvb_p2m_options *options,
			const struct pvb_p2m *p2m, uint64_t pfn)
{
	struct pvb_p2m_path walk;
	struct pvb_error error = {0};
	int rc = pvb_p2m_core_trace(path, options, pfn, &walk, &error);

	must_be_sound(rc, &error);
	must_after(rc == 0 || is_a_cores_fault(rc) || is_a_p2ms_fault(rc) ||
			   rc == -PVB_E_ARG_INVALID,
		   &error);
	if (!p2m || pfn >= pvb_p2m_info(p2m)->geometry.pfns)
		return;
	must_after(rc == 0 && walk.step_count <= PVB_P2M_STEPS_MAX, &error);
	if (!options->confirmed)
		must(pvb_p2m_find(p2m, pfn) ==
		     (walk.kind == PVB_P2M_ENTRY_FRAME ? walk.entry : PVB_P2M_NONE));
}

static void check_p2m(const char *path, uint64_t size, unsigned choices, uint64_t pfn)
{
	const uint64_t before = bytes_read();
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct pvb_p2m *p2m = NULL;
	struct pvb_error error = {0};

	options.anchor = (enum pvb_p2m_anchor)(choices % 5);
	options.strict = choices & 0x20;
	options.confirmed = choices & 0x40;

	int rc = pvb_p2m_core(path, &options, &p2m, &error);

	must_be_sound(rc, &error);
	must_after(rc == 0 || is_a_cores_fault(rc) || is_a_p2ms_fault(rc), &error);
	must((rc == 0) == (p2m != NULL));
	must(bytes_read() - before <= size * READS_OF_A_PAGE + READS_BESIDE);
	if (p2m)
		must_be_a_p2m(pvb_p2m_info(p2m));
	check_trace(path, &options, p2m, pfn);
	if (p2m)
		check_trace(path, &options, p2m, pvb_p2m_info(p2m)->geometry.pfns - 1);
	pvb_p2m_free(p2m);
}

static void check_file(int fd, const struct small_guest *guest, unsigned choices, uint64_t pfn)
{
	const char *path = memory_file_path(fd);
	const uint64_t size = (uint64_t)lseek(fd, 0, SEEK_END);

	if (choices & 0x80)
		check_p2m(path, size, choices, pfn);
	else
		check_audit(path, size, choices & GIVEN ? guest : NULL);
}

static void run(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	const unsigned kind = (unsigned)take(&input, 1) % (SMALL_GUESTS + 1);
	const unsigned choices = (unsigned)take(&input, 1);
	const uint64_t number = take(&input, 2);

	if (kind == SMALL_GUESTS) {
		int fd = memory_file(input.at, input.left, number % FILE_PAGES_MOST * PAGE);

		check_file(fd, &bases[SMALL_64_TREE].guest, choices, number);
		(void)close(fd);
		return;
	}
	while (input.left >= SPOIL_BYTES) {
		const struct spoil what = take_spoil(&input);

		spoil(&bases[kind], &what);
	}
	check_file(bases[kind].copy, &bases[kind].guest, choices, number);
	mend(&bases[kind]);
}

/* ---- what it begins with ------------------------------------------------------------------- */

static struct blob begin(unsigned kind, unsigned choices, unsigned number)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, kind, 1);
	blob_append_number(&input, choices, 1);
	blob_append_number(&input, number, 2);
	return input;
}

static struct blob good_64(void)
{
	return begin(SMALL_64_TREE, AUDIT | GIVEN, 0);
}

static struct blob good_with_a_hole(void)
{
	return begin(SMALL_64_HOLE, AUDIT, 0);
}

static struct blob good_32(void)
{
	return begin(SMALL_32_TREE, AUDIT, 0);
}

static struct blob good_p2m_64(void)
{
	return begin(SMALL_64_TREE, P2M, 5);
}

static struct blob good_p2m_32(void)
{
	return begin(SMALL_32_TREE, P2M | 2, 5);
}

static struct blob cut_short(void)
{
	struct blob input = begin(SMALL_64_TREE, AUDIT, 0);

	add_spoil(&input, SPOIL_OTHER, 0, 0x8000, 0x5000);
	return input;
}

static struct blob sections_elsewhere(void)
{
	struct blob input = begin(SMALL_64_TREE, AUDIT, 0);

	add_spoil(&input, SPOIL_OTHER, 0, 21, 0x100000);
	add_spoil(&input, SPOIL_OTHER, 12, 22, 63);
	return input;
}

static struct blob pages_at_other_pfns(void)
{
	struct blob input = begin(SMALL_64_HOLE, AUDIT, 0);

	add_spoil(&input, SPOIL_M2P, 0x3d, 200, 1);
	add_spoil(&input, SPOIL_M2P, 3, 301, 7);
	return input;
}

static struct blob tables_of_tables(void)
{
	struct blob input = begin(SMALL_64_TREE, AUDIT, 0);

	add_spoil(&input, SPOIL_TABLES, 0xf7, 0, 0);
	add_spoil(&input, SPOIL_START_INFO, 0x20, 8, UINT32_MAX);
	return input;
}

static struct blob tree_that_is_spoilt(void)
{
	struct blob input = begin(SMALL_64_TREE, P2M | 2, 9);

	add_spoil(&input, SPOIL_TREE, 0x34, 0, 2000);
	add_spoil(&input, SPOIL_ANCHORS, 0, 0, 1 << 27);
	return input;
}

/* ---- a core of its own, as small as there is ---- */

struct small_section {
	uint32_t name, type;
	uint64_t offset, size;
};

static void add_note(struct blob *file, uint32_t type, const uint64_t *words, unsigned count)
{
	blob_append_number(file, 4, 4);
	blob_append_number(file, 8 * count, 4);
	blob_append_number(file, type, 4);
	blob_append(file, "Xen", 4);
	for (unsigned i = 0; i < count; i++)
		blob_append_number(file, words[i], 8);
}

static void add_header(struct blob *file, unsigned sections)
{
	blob_append(file, "\177ELF\2\1\1", 7);
	blob_append(file, NULL, 9);
	blob_append_number(file, 4, 2);  /* ET_CORE */
	blob_append_number(file, 62, 2); /* x86-64 */
	blob_append_number(file, 1, 4);
	blob_append(file, NULL, 16);     /* entry, program headers */
	blob_append_number(file, 64, 8); /* section headers */
	blob_append(file, NULL, 4);
	blob_append_number(file, 64, 2);
	blob_append(file, NULL, 4);
	blob_append_number(file, 64, 2);
	blob_append_number(file, sections, 2);
	blob_append_number(file, 1, 2); /* their names */
}

static void add_section_header(struct blob *file, const struct small_section *section)
{
	blob_append_number(file, section->name, 4);
	blob_append_number(file, section->type, 4);
	blob_append(file, NULL, 16);
	blob_append_number(file, section->offset, 8);
	blob_append_number(file, section->size, 8);
	blob_append(file, NULL, 24);
}

/* Two pages of memory, which follow the bytes as zeros; everything else stands before them. */
static struct blob small_core(void)
{
	static const char names[] = "\0.shstrtab\0.note.Xen\0.xen_prstatus\0.xen_pages\0.xen_p2m";
	enum {
		SECTIONS = 6,
		NAMES_AT = 64 + SECTIONS * 64,
		NOTES_AT = NAMES_AT + 64,
		NOTES = 16 + 16 + 32 + 16 + 8,
		P2M_AT = NOTES_AT + NOTES,
		CONTEXT_AT = P2M_AT + 32,
		PAGES_AT = 2 * PAGE
	};
	static const struct small_section sections[SECTIONS] = {
		{0},
		{1, 3, NAMES_AT, sizeof names},
		{11, 7, NOTES_AT, NOTES},
		{21, 1, CONTEXT_AT, 5168},
		{35, 1, PAGES_AT, (uint64_t)2 * PAGE},
		{46, 1, P2M_AT, 32},
	};
	struct blob input = begin(SMALL_GUESTS, AUDIT, 4), file = BLOB_INIT;

	add_header(&file, SECTIONS);
	for (unsigned i = 0; i < SECTIONS; i++)
		add_section_header(&file, &sections[i]);
	blob_append(&file, names, sizeof names);
	blob_append(&file, NULL, NOTES_AT - file.size);
	add_note(&file, 0x2000000, NULL, 0);
	add_note(&file, 0x2000001, (const uint64_t[]){0xf00febed, 1, 2, PAGE}, 4);
	add_note(&file, 0x2000003, (const uint64_t[]){1}, 1);
	for (uint64_t pfn = 0; pfn < 2; pfn++) {
		blob_append_number(&file, pfn, 8);
		blob_append_number(&file, 0x1000 + pfn, 8);
	}
	blob_append(&file, NULL, 5168);
	blob_put(&file, CONTEXT_AT + 5008, UINT64_C(0x1000) << 12, 8); /* cr3 */
	blob_append_blob(&input, &file);
	blob_free(&file);
	return input;
}

static const struct fuzz_seed seeds[] = {
	FUZZ_SEED(good_64),
	FUZZ_SEED(good_with_a_hole),
	FUZZ_SEED(good_32),
	FUZZ_SEED(good_p2m_64),
	FUZZ_SEED(good_p2m_32),
	FUZZ_SEED(cut_short),
	FUZZ_SEED(sections_elsewhere),
	FUZZ_SEED(pages_at_other_pfns),
	FUZZ_SEED(tables_of_tables),
	FUZZ_SEED(tree_that_is_spoilt),
	FUZZ_SEED(small_core),
	{.name = NULL},
};

const struct fuzz_target fuzz_core = {
	.name = "core",
	.max_size = 8192,
	.begin = make_bases,
	.run = run,
	.end = free_bases,
	.seeds = seeds,
};
