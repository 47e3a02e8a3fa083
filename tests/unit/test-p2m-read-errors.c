/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be wrong with a p2m, each by its code and with where it is. */
#include "unit/p2m-guest.h"

#include <inttypes.h>

#include "support/test.h"

static struct pvb_p2m *p2m;
static struct pvb_error error;

/* A read that fails, and the words that its message must have. */
static void assert_says(struct p2m_guest *guest, const struct pvb_p2m_options *options,
			enum pvb_code code, const char *words)
{
	p2m = (struct pvb_p2m *)1;
	assert_fails_with(pvb_p2m_read(&guest->access, NULL, options, &p2m, &error), code, &error);
	assert_null(p2m);
	assert_string_equal(error.stage, "p2m");
	assert_true(error.hint[0] || code == PVB_E_ARG_INVALID);
	if (!strstr(error.message, words))
		print_error("\"%s\" is not in \"%s\"\n", words, error.message);
	assert_non_null(strstr(error.message, words));
}

static void assert_reads(struct p2m_guest *guest, const struct pvb_p2m_options *options)
{
	assert_ok(pvb_p2m_read(&guest->access, NULL, options, &p2m, &error), &error);
}

/* The same is said of one PFN that is looked up on the way there. */
static void assert_lookup_fails(struct p2m_guest *guest, uint64_t pfn, enum pvb_code code)
{
	enum pvb_p2m_entry kind;
	uint64_t entry;

	assert_fails_with(pvb_p2m_lookup(&guest->access, NULL, NULL, pfn, &kind, &entry, &error),
			  code, &error);
}

/* A tree of four levels for 64 bits, of which a few pages are there. */
static const struct pvb_p2m_extent memory[] = {{0, 0x100000, 2000},
					       {UINT64_C(5) << 27, 0x200000, 9}};
#define PFNS (UINT64_C(6) << 27)

static void open_tree(struct p2m_guest *guest)
{
	guest_open(guest, 64, 0);
	guest_tree(guest, 4, PFNS, memory, 2);
	guest_confirm(guest, memory, 2);
}

/* ---- anchors ---- */

static void nothing_published_is_said_so(void **state)
{
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;

	(void)state;
	for (unsigned bits = 32; bits <= 64; bits += 32) {
		guest_open(&guest, bits, 0);
		options.anchor = PVB_P2M_ANCHOR_BY_PREFERENCE;
		assert_says(&guest, NULL, PVB_E_P2M_NONE, "pfn_to_mfn_frame_list_list is 0");
		options.anchor = PVB_P2M_ANCHOR_CR3;
		assert_says(&guest, &options, PVB_E_P2M_NONE, "p2m_cr3 is 0");
		options.anchor = PVB_P2M_ANCHOR_ROOT;
		assert_says(&guest, &options, PVB_E_P2M_NONE, "p2m_levels is 0");
		guest.anchors.max_pfn = 100;
		assert_says(&guest, NULL, PVB_E_P2M_NONE, "the guest has not published its p2m");
		guest_close(&guest);
	}
}

static void all_ones_refer_to_another_anchor(void **state)
{
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;

	(void)state;
	open_tree(&guest);
	guest.anchors.frame_list_list = PVB_P2M_NONE;
	options.anchor = PVB_P2M_ANCHOR_FRAME_LIST;
	assert_says(&guest, &options, PVB_E_P2M_ANCHOR,
		    "all ones: the guest refers to another anchor by that, and p2m_cr3 is 0 and "
		    "p2m_levels published");
	assert_non_null(strstr(error.hint, "follow that one"));
	guest.anchors.has_tree = false;
	assert_says(&guest, NULL, PVB_E_P2M_ANCHOR, "p2m_cr3 is 0 and p2m_levels not there");
	guest.anchors.p2m_cr3 = PVB_P2M_NONE;
	assert_says(&guest, NULL, PVB_E_P2M_ANCHOR, "p2m_cr3 is all ones, which names no frame");
	guest.anchors.p2m_cr3 = 0;
	guest.anchors.has_tree = true;
	guest.anchors.p2m_root = PVB_P2M_NONE;
	assert_says(&guest, NULL, PVB_E_P2M_ANCHOR, "p2m_root is all ones");
	guest.anchors.p2m_root = 0;
	assert_says(&guest, NULL, PVB_E_P2M_ANCHOR, "p2m_root is 0, although p2m_levels says");
	guest_close(&guest);
}

static void an_anchor_that_is_no_frame_is_told_with_what_it_names(void **state)
{
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;

	(void)state;
	open_tree(&guest);
	guest.anchors.p2m_root = GUEST_FRAMES;
	assert_says(&guest, NULL, PVB_E_P2M_ANCHOR,
		    "p2m_root is 0x10000000, which names MFN 0x10000000, and there is none from "
		    "0x10000000 on");
	/* What is all ones to a 32-bit guest is a number here. */
	guest.anchors.p2m_root = UINT32_MAX;
	assert_says(&guest, NULL, PVB_E_P2M_ANCHOR, "the all ones of a 32-bit guest mean nothing");
	guest.anchors.has_tree = false;
	guest.anchors.frame_list_list = UINT32_MAX;
	guest.anchors.max_pfn = 100;
	assert_says(&guest, NULL, PVB_E_P2M_ANCHOR,
		    "pfn_to_mfn_frame_list_list is 0xffffffff, which names MFN 0xffffffff");
	guest.anchors.p2m_cr3 = GUEST_FRAMES << 12;
	assert_says(&guest, NULL, PVB_E_P2M_ANCHOR,
		    "p2m_cr3 is 0x10000000000, which names MFN 0x10000000");
	options.anchor = (enum pvb_p2m_anchor)5;
	assert_says(&guest, &options, PVB_E_ARG_INVALID, "anchor 5");
	guest_close(&guest);

	guest_open(&guest, 32, 0);
	guest_list(&guest, 2000, memory, 1);
	guest.anchors.p2m_cr3 = 0xfff;
	/* Folded: the low bits of the register are the high ones of the frame. */
	assert_says(&guest, NULL, PVB_E_P2M_ANCHOR, "names MFN 0xfff00000");
	guest_close(&guest);
}

/* ---- sizes ---- */

static void a_tree_that_is_too_low_is_told_by_its_levels(void **state)
{
	struct p2m_guest guest;

	(void)state;
	open_tree(&guest);
	guest.anchors.p2m_levels = 3;
	guest.anchors.max_pfn = 0x8000001;
	assert_says(&guest, NULL, PVB_E_P2M_SHAPE,
		    "max_pfn 0x8000001 needs 4 levels; this tree has 3");
	guest.anchors.has_tree = false;
	guest.anchors.frame_list_list = guest.anchors.p2m_root;
	assert_says(&guest, NULL, PVB_E_P2M_SHAPE,
		    "max_pfn 0x8000001 needs 4 levels; this tree has 3");
	guest.anchors.has_tree = true;
	guest.anchors.p2m_levels = 6;
	assert_says(&guest, NULL, PVB_E_P2M_SHAPE, "p2m_levels is 6, and trees have 1 to 5");
	guest.anchors.p2m_levels = 0;
	assert_says(&guest, NULL, PVB_E_P2M_SHAPE, "p2m_levels is 0, and trees have 1 to 5");
	guest.anchors.p2m_levels = 5;
	guest.anchors.max_pfn = UINT64_MAX;
	assert_says(&guest, NULL, PVB_E_P2M_SHAPE, "more than a tree of 5 levels can hold");
	guest.anchors.max_pfn = 0;
	assert_says(&guest, NULL, PVB_E_P2M_SHAPE, "max_pfn is 0");
	guest_close(&guest);

	guest_open(&guest, 32, 0);
	guest_tree(&guest, 2, 1 << 20, memory, 1);
	guest.anchors.max_pfn = (1 << 20) + 1;
	assert_says(&guest, NULL, PVB_E_P2M_SHAPE,
		    "max_pfn 0x100001 needs 3 levels; this tree has 2");
	guest_close(&guest);
}

static void a_list_that_cannot_be_where_it_is_said_to_be_is_refused(void **state)
{
	struct p2m_guest guest;

	(void)state;
	guest_open(&guest, 64, 0);
	guest_list(&guest, 2000, memory, 1);
	guest.anchors.p2m_vaddr += 8;
	assert_says(&guest, NULL, PVB_E_P2M_ANCHOR, "a list begins with a page");
	guest.anchors.p2m_vaddr = UINT64_C(0x800000000000);
	assert_says(&guest, NULL, PVB_E_P2M_SHAPE, "does not fit into the address space");
	guest.anchors.p2m_vaddr = UINT64_C(0x7fffffffc000); /* 2000 PFNs are four pages */
	assert_says(&guest, NULL, PVB_E_P2M_UNMAPPED, "nothing is mapped at 0x7fffffffc000");
	guest.anchors.p2m_vaddr += 4096;
	assert_says(&guest, NULL, PVB_E_P2M_SHAPE, "of 4 pages from p2m_vaddr 0x7fffffffd000 on");
	guest.anchors.p2m_vaddr = UINT64_C(0xffffffffffffd000);
	assert_says(&guest, NULL, PVB_E_P2M_SHAPE, "of a 64-bit guest");
	guest.anchors.p2m_vaddr = UINT64_C(0xffff800000000000);
	assert_says(&guest, NULL, PVB_E_P2M_ANCHOR, "in the hypervisor's part");
	guest.anchors.p2m_vaddr = GUEST_VADDR_64;
	guest.anchors.max_pfn = UINT64_MAX;
	assert_says(&guest, NULL, PVB_E_P2M_SHAPE, "max_pfn 0xffffffffffffffff");
	guest.anchors.max_pfn = 0;
	assert_says(&guest, NULL, PVB_E_P2M_SHAPE, "p2m_cr3 is set, and max_pfn is 0");
	guest_close(&guest);

	guest_open(&guest, 32, 0);
	guest_list(&guest, 2000, memory, 1);
	guest.anchors.p2m_vaddr = 0xffffe000;
	/* The last page of all. */
	assert_says(&guest, NULL, PVB_E_P2M_UNMAPPED, "nothing is mapped at 0xffffe000");
	guest.anchors.p2m_vaddr = 0xfffff000;
	assert_says(&guest, NULL, PVB_E_P2M_SHAPE, "of a 32-bit guest");
	guest_close(&guest);

	guest_open(&guest, 64, 16384);
	guest.anchors.p2m_cr3 = 0x4000000;
	guest.anchors.max_pfn = 1;
	assert_fails_with(pvb_p2m_read(&guest.access, NULL, NULL, &p2m, &error), PVB_E_P2M_SHAPE,
			  &error);
	guest_close(&guest);
}

/* ---- trees ---- */

static void an_entry_that_was_never_filled_in_is_told_with_its_place(void **state)
{
	struct p2m_guest guest;
	char words[200];

	(void)state;
	open_tree(&guest);
	for (unsigned level = 4; level > 1; level--) {
		uint64_t node = guest_node(&guest, level, UINT64_C(5) << 27);
		unsigned index = level == 4 ? 5 : 0;
		uint64_t before = guest_get(&guest, node, index);

		guest_put(&guest, node, index, 0);
		(void)snprintf(
			words, sizeof words,
			"p2m_root, level %u, index %u of MFN 0x%" PRIx64
			" (for PFN 0x28000000 on): the entry is 0, so it was never filled in",
			level, index, node);
		assert_says(&guest, NULL, PVB_E_P2M_ZERO, words);
		assert_lookup_fails(&guest, UINT64_C(5) << 27, PVB_E_P2M_ZERO);
		guest_put(&guest, node, index, before);
	}
	/* Behind max_pfn nobody looks. */
	guest_put(&guest, guest.anchors.p2m_root, 6, 0);
	assert_reads(&guest, NULL);
	pvb_p2m_free(p2m);
	guest_close(&guest);
}

static void an_entry_out_of_range_is_told_with_its_place(void **state)
{
	struct p2m_guest guest;

	(void)state;
	open_tree(&guest);
	uint64_t node = guest_node(&guest, 2, 600);

	guest_put(&guest, node, 3, GUEST_FRAMES + 7);
	assert_says(&guest, NULL, PVB_E_P2M_RANGE,
		    "level 2, index 3 of MFN 0x4002 (for PFN 0x600 on): the entry is 0x10000007, "
		    "and there is no MFN from 0x10000000 on");
	assert_lookup_fails(&guest, 1700, PVB_E_P2M_RANGE);
	/* All ones of half the width stand for nothing. */
	guest_put(&guest, node, 3, UINT32_MAX);
	assert_says(&guest, NULL, PVB_E_P2M_RANGE, "nor is it the all ones of a missing page");
	guest_put(&guest, node, 3, UINT64_MAX);
	assert_reads(&guest, NULL);
	assert_int_equal(pvb_p2m_info(p2m)->frames, 1536 + 9);
	pvb_p2m_free(p2m);
	guest_close(&guest);

	/* Of a 32-bit guest they are just that. */
	guest_open(&guest, 32, 0);
	guest_tree(&guest, 2, 3000, memory, 1);
	guest_put(&guest, guest.anchors.p2m_root, 1, UINT32_MAX);
	assert_reads(&guest, NULL);
	assert_int_equal(pvb_p2m_info(p2m)->frames, 1024);
	pvb_p2m_free(p2m);
	guest_close(&guest);
}

static void a_frame_that_is_not_the_guests_is_told_with_its_place(void **state)
{
	struct p2m_guest guest;

	(void)state;
	open_tree(&guest);
	/* A page of entries, among others that are fine, and a table. */
	uint64_t node = guest_node(&guest, 2, 0), before = guest_get(&guest, node, 2);

	guest_put(&guest, node, 2, 77);
	assert_fails_with(pvb_p2m_read(&guest.access, NULL, NULL, &p2m, &error), PVB_E_HOST_MAP,
			  &error);
	assert_non_null(strstr(error.message, "frame 0x4d is not the guest's"));
	assert_non_null(strstr(error.context, "following p2m_root, level 2, index 2 of MFN"));
	guest_put(&guest, node, 2, before);
	guest_put(&guest, guest_node(&guest, 4, 0), 5, 78);
	assert_fails_with(pvb_p2m_read(&guest.access, NULL, NULL, &p2m, &error), PVB_E_HOST_MAP,
			  &error);
	assert_non_null(strstr(error.context, "following p2m_root, level 4, index 5 of MFN"));
	guest_close(&guest);
}

static void a_page_above_itself_is_told_with_its_level(void **state)
{
	struct p2m_guest guest;
	char words[200];

	(void)state;
	open_tree(&guest);
	for (unsigned level = 4; level > 1; level--)
		for (unsigned above = level; above <= 4; above++) {
			uint64_t node = guest_node(&guest, level, UINT64_C(5) << 27);
			unsigned index = level == 4 ? 5 : 0;
			uint64_t before = guest_get(&guest, node, index);

			guest_put(&guest, node, index,
				  guest_node(&guest, above, UINT64_C(5) << 27));
			(void)snprintf(words, sizeof words,
				       "p2m_root, level %u, index %u of MFN 0x%" PRIx64
				       " (for PFN 0x28000000 on): the entry leads to MFN 0x%" PRIx64
				       ", which is the page of level %u above it",
				       level, index, node, guest_get(&guest, node, index), above);
			assert_says(&guest, NULL, PVB_E_P2M_CYCLE, words);
			assert_lookup_fails(&guest, UINT64_C(5) << 27, PVB_E_P2M_CYCLE);
			guest_put(&guest, node, index, before);
		}
	guest_close(&guest);
}

static void a_page_with_frames_stands_in_one_place_only(void **state)
{
	struct p2m_guest guest;

	(void)state;
	open_tree(&guest);
	uint64_t leaf = guest_node(&guest, 1, 0), node = guest_node(&guest, 2, UINT64_C(5) << 27);

	guest_put(&guest, node, 9, leaf);
	assert_says(
		&guest, NULL, PVB_E_P2M_SHARED,
		"level 2, index 9 of MFN 0x4008 (for PFN 0x28001200 on): the entry leads to MFN "
		"0x4003, which stands elsewhere in the p2m already");
	guest_put(&guest, node, 9, UINT64_MAX);
	/* A whole subtree. */
	guest_put(&guest, guest.anchors.p2m_root, 3, guest_node(&guest, 3, 0));
	assert_says(&guest, NULL, PVB_E_P2M_SHARED, "(for PFN 0x18000000 on)");
	guest_put(&guest, guest.anchors.p2m_root, 3, UINT64_MAX);
	/* A page of entries as a table: its entries are no pages that the guest has. */
	guest_put(&guest, guest.anchors.p2m_root, 3, leaf);
	assert_fails_with(pvb_p2m_read(&guest.access, NULL, NULL, &p2m, &error), PVB_E_HOST_MAP,
			  &error);
	guest_close(&guest);
}

static void more_pieces_than_wanted_are_refused(void **state)
{
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;

	(void)state;
	guest_open(&guest, 64, 0);
	guest_tree(&guest, 2, 2000, memory, 1);
	for (unsigned i = 0; i < 512; i += 2)
		guest_put(&guest, guest_node(&guest, 1, 0), i, UINT64_MAX);
	options.max_extents = 256;
	assert_reads(&guest, &options);
	pvb_p2m_free(p2m);
	options.max_extents = 255;
	assert_says(&guest, &options, PVB_E_P2M_SCATTERED, "in more than 255 pieces");
	guest_close(&guest);
}

/* ---- lists ---- */

static void what_is_not_mapped_is_told_with_its_level(void **state)
{
	struct pvb_p2m_options strict = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;
	uint64_t va = GUEST_VADDR_64, pfn = 512 * 600;
	const struct pvb_p2m_extent dense = {0, 0x100000, 512 * 1000};

	(void)state;
	strict.strict = true;
	guest_open(&guest, 64, 0);
	guest_list(&guest, dense.count, &dense, 1);
	guest_confirm(&guest, &dense, 1);
	assert_reads(&guest, &strict);
	pvb_p2m_free(p2m);
	va += pfn / 512 * 4096;

	uint64_t *leaf = guest_pte(&guest, guest_table(&guest, 1, va), va >> 12 & 511);
	uint64_t before = *leaf;
	char words[200];

	*leaf &= ~UINT64_C(1);
	(void)snprintf(words, sizeof words,
		       "p2m_cr3, page table of level 1, index %u of MFN 0x%" PRIx64
		       " (for PFN 0x4b000 on): the entry is not present: nothing is mapped at "
		       "0x%" PRIx64,
		       (unsigned)(va >> 12 & 511), guest_table(&guest, 1, va), va);
	assert_says(&guest, &strict, PVB_E_P2M_UNMAPPED, words);
	/* Who is not strict is told how many there are. */
	assert_reads(&guest, NULL);
	assert_int_equal(pvb_p2m_info(p2m)->missing_pages, 1);
	assert_int_equal(pvb_p2m_info(p2m)->holes, 512);
	pvb_p2m_free(p2m);

	*leaf = (before & 0xfff) | (GUEST_FRAMES + 5) << 12;
	assert_says(&guest, NULL, PVB_E_P2M_RANGE, "page table of level 1, index");
	assert_lookup_fails(&guest, pfn, PVB_E_P2M_RANGE);
	*leaf = before;

	uint64_t *upper = guest_pte(&guest, guest_table(&guest, 2, va), va >> 21 & 511);

	before = *upper;
	*upper |= 0x80;
	assert_says(&guest, NULL, PVB_E_P2M_UNMAPPED, "which maps a large page");
	*upper = 0;
	assert_says(&guest, &strict, PVB_E_P2M_UNMAPPED, "page table of level 2, index");
	*upper = before;

	/* A root that maps itself, as PV guests have them, is no place for a list. */
	uint64_t root = guest.anchors.p2m_cr3 >> 12;

	*guest_pte(&guest, root, va >> 39 & 511) = root << 12 | 0x67;
	assert_says(&guest, NULL, PVB_E_P2M_CYCLE,
		    "which is the page of level 4 above it: the p2m stands in itself");
	/* Nothing at all is no list, strict or not. */
	*guest_pte(&guest, root, va >> 39 & 511) = 0;
	assert_says(&guest, NULL, PVB_E_P2M_UNMAPPED,
		    "page table of level 4, index 402 of MFN 0x4000 (for PFN 0x0 on): the entry is "
		    "not present");
	guest_close(&guest);
}

static void strictness_is_about_entries_too(void **state)
{
	struct pvb_p2m_options strict = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;

	(void)state;
	open_tree(&guest);
	strict.strict = true;
	assert_reads(&guest, &strict);
	pvb_p2m_free(p2m);

	uint64_t leaf = guest_node(&guest, 1, 512);

	guest_put(&guest, leaf, 6, UINT64_C(1) << 63 | 5);
	assert_says(
		&guest, &strict, PVB_E_P2M_RANGE,
		"entry 6 of the page there, PFN 0x206, is 0x8000000000000005, which is marked as "
		"another domain's");
	guest_put(&guest, leaf, 6, UINT64_C(1) << 62 | 5);
	assert_says(&guest, &strict, PVB_E_P2M_RANGE, "marked as the machine's own");
	guest_put(&guest, leaf, 6, GUEST_FRAMES);
	assert_says(&guest, &strict, PVB_E_P2M_RANGE, "which is no hole and no MFN below");
	guest_put(&guest, leaf, 6, 0x100207);
	assert_says(&guest, &strict, PVB_E_P2M_M2P,
		    "PFN 0x206 at MFN 0x100207, but the M2P has that frame as PFN 0x207");
	guest_close(&guest);
}

/* ---- the host, and the caller ---- */

static void every_read_that_fails_is_told(void **state)
{
	struct p2m_guest guest;
	unsigned failed = 0;
	int rc;

	(void)state;
	open_tree(&guest);
	do {
		guest.reads = 0;
		guest.fail_read = ++failed;
		rc = pvb_p2m_read(&guest.access, NULL, NULL, &p2m, &error);
		assert_true(rc == 0 || rc == -PVB_E_HOST_INJECTED);
	} while (rc);
	/* Four tables, then the three that lead to the second extent, and a page or more below
	 * both. */
	assert_int_equal(failed, 8);
	pvb_p2m_free(p2m);
	guest_close(&guest);
}

static int no_m2p(void *opaque, uint64_t mfn, uint64_t limit, uint64_t *pfn, uint64_t *count,
		  struct pvb_error *why)
{
	(void)opaque;
	(void)mfn;
	(void)why;
	*pfn = 0;
	*count = limit + 1;
	return 0;
}

static void what_a_caller_does_wrong_is_told(void **state)
{
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;

	(void)state;
	open_tree(&guest);
	guest.access.m2p = no_m2p;
	assert_says(&guest, NULL, PVB_E_ARG_INVALID, "the function for the M2P was asked");
	guest.access.page_size = 12288;
	assert_says(&guest, NULL, PVB_E_ARG_INVALID, "frames of 12288 bytes");
	guest.access.page_size = 4096;
	guest.anchors.guest_bits = 16;
	assert_says(&guest, NULL, PVB_E_ARG_INVALID, "and not 16");
	guest.access.anchors = NULL;
	assert_says(&guest, NULL, PVB_E_ARG_INVALID, "neither anchors nor a way");
	options.size = 4;
	assert_true(pvb_p2m_read(&guest.access, &guest.anchors, &options, &p2m, &error) != 0);
	options.size = sizeof options;
	options.anchor = PVB_P2M_ANCHOR_START_INFO;
	guest.anchors.guest_bits = 64;
	assert_fails_with(pvb_p2m_read(&guest.access, &guest.anchors, &options, &p2m, &error),
			  PVB_E_P2M_SHAPE, &error);
	guest_close(&guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_published_is_said_so),
		cmocka_unit_test(all_ones_refer_to_another_anchor),
		cmocka_unit_test(an_anchor_that_is_no_frame_is_told_with_what_it_names),
		cmocka_unit_test(a_tree_that_is_too_low_is_told_by_its_levels),
		cmocka_unit_test(a_list_that_cannot_be_where_it_is_said_to_be_is_refused),
		cmocka_unit_test(an_entry_that_was_never_filled_in_is_told_with_its_place),
		cmocka_unit_test(an_entry_out_of_range_is_told_with_its_place),
		cmocka_unit_test(a_frame_that_is_not_the_guests_is_told_with_its_place),
		cmocka_unit_test(a_page_above_itself_is_told_with_its_level),
		cmocka_unit_test(a_page_with_frames_stands_in_one_place_only),
		cmocka_unit_test(more_pieces_than_wanted_are_refused),
		cmocka_unit_test(what_is_not_mapped_is_told_with_its_level),
		cmocka_unit_test(strictness_is_about_entries_too),
		cmocka_unit_test(every_read_that_fails_is_told),
		cmocka_unit_test(what_a_caller_does_wrong_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
