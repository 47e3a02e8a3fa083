/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains whose p2m is a tree, too: what stands in its pages, and what the guest is told of it. */
#include "support/test.h"

#include <pvbuild/pvbuild.h>

#include "build/builder.h"
#include "support/elf-builder.h"
#include "unit/fake-host.h"

#define MIB UINT64_C(0x100000)
#define SHARED_INFO 0x800 /* its frame */
#define ANSWER 0xe00
#define DIRT 0xc2

struct bench {
	struct fake_host fake;
	struct pvb_image *image;
	struct pvb_plan *plan;
	struct pvb_domain *domain;
	struct pvb_error error;
	struct pvb_build_options options;
	uint64_t mapped_before, mapped, reported, total; /* of the stage "p2m" */
};

/* levels 0: as many as are needed, or as the kernel asks for where asks is set. */
struct order {
	unsigned bits;
	bool init_p2m;
	bool asks;
	enum pvb_p2m_wish wish;
	uint32_t levels;
	uint64_t memory;
	uint64_t behind; /* where the last MiB of it is; 0: behind the rest */
};

static struct blob make_kernel(const struct order *order)
{
	if (!order->init_p2m)
		return small_kernel(order->bits);

	struct elf_builder b = linux_like(order->bits);
	struct blob notes = BLOB_INIT;

	if (order->asks) {
		note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_P2M_TREE, "\3\0\0\0", 4);
		elf_add_note_segment(&b, &notes);
	}
	return elf_build(&b);
}

static int watch(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	struct bench *bench = opaque;

	if (strcmp(stage, "p2m") != 0)
		return 0;
	if (done == 0)
		bench->mapped_before = bench->fake.frames_mapped;
	bench->mapped = bench->fake.frames_mapped - bench->mapped_before;
	bench->reported = done;
	bench->total = total;
	return 0;
}

static void bench_open(struct bench *bench, const struct order *order)
{
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct blob kernel = make_kernel(order);

	memset(bench, 0, sizeof *bench);
	fake_open(&bench->fake);
	bench->fake.dirty = true;
	snprintf(bench->fake.info.capabilities, sizeof bench->fake.info.capabilities,
		 "xen-3.0-x86_64 xen-3.0-x86_32p");
	assert_ok(pvb_image_open_memory(kernel.bytes, kernel.size, "kernel", NULL, &bench->image,
					&bench->error),
		  &bench->error);
	blob_free(&kernel);
	const struct pvb_memory_range ranges[] = {
		{0, order->memory - MIB, PVB_ANY_NODE, false},
		{order->behind, MIB, PVB_ANY_NODE, false},
	};

	spec.memory = order->memory;
	if (order->behind) {
		spec.ranges = ranges;
		spec.range_count = 2;
	}
	spec.p2m = order->wish;
	spec.p2m_levels = order->levels;
	assert_ok(pvb_plan_create(bench->image, &spec, &bench->fake.info, &bench->plan,
				  &bench->error),
		  &bench->error);
	bench->options = (struct pvb_build_options)PVB_BUILD_OPTIONS_INIT;
	bench->options.progress = watch;
	bench->options.progress_opaque = bench;
}

static int build(struct bench *bench)
{
	return pvb_build(&bench->fake.host, bench->plan, bench->image, &bench->options,
			 &bench->domain, &bench->error);
}

static void bench_close(struct bench *bench)
{
	pvb_domain_free(bench->domain);
	pvb_plan_free(bench->plan);
	pvb_image_free(bench->image);
	fake_close(&bench->fake);
}

static const struct order trees[] = {
	{64, true, false, PVB_P2M_WANT_TREE, 0, 64 * MIB, 0},
	{64, true, true, PVB_P2M_AS_GUEST_ASKS, 0, 64 * MIB, 0},
	{64, true, false, PVB_P2M_WANT_TREE, 4, 64 * MIB, 0},
	{64, true, false, PVB_P2M_WANT_TREE, 5, 64 * MIB, 0},
	/* Two pages at the last level but one. */
	{64, true, false, PVB_P2M_WANT_TREE, 0, 1025 * MIB, 0},
	{64, false, false, PVB_P2M_WANT_TREE, 3, 8 * MIB, 0},
	{32, false, false, PVB_P2M_WANT_TREE, 0, 16 * MIB, 0},
	{32, false, false, PVB_P2M_WANT_TREE, 3, 16 * MIB, 0},
	{32, false, false, PVB_P2M_WANT_TREE, 5, 17 * MIB, 0},
	/* 1024 PFNs: the only page of the list is the root. */
	{32, false, false, PVB_P2M_WANT_TREE, 0, 4 * MIB, 0},
	{32, false, false, PVB_P2M_WANT_TREE, 2, 5 * MIB, 0},
	/* Pages of the list that have nothing but a hole are in the tree, too. */
	{64, true, false, PVB_P2M_WANT_TREE, 0, 64 * MIB, 1500 * MIB},
	{64, false, false, PVB_P2M_WANT_TREE, 4, 32 * MIB, 513 * MIB},
	{32, false, false, PVB_P2M_WANT_TREE, 0, 64 * MIB, 4500 * MIB},
};

static uint64_t end_of(const struct order *order)
{
	return order->behind ? order->behind + MIB : order->memory;
}

#define EACH_TREE(order)                                                                           \
	for (const struct order *order = trees; order < trees + sizeof trees / sizeof trees[0];    \
	     order++)

static uint64_t number(const uint8_t *at, unsigned width)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < width; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return width == 4 && value == UINT32_MAX ? UINT64_MAX : value;
}

static uint64_t mfn_of(const struct bench *bench, uint64_t pfn)
{
	const struct pvb_domain_info *info = pvb_domain_info(bench->domain);

	for (size_t i = 0; i < info->extent_count; i++)
		if ((pfn << 12) - info->extents[i].gpa < info->extents[i].bytes)
			return (info->extents[i].maddr + ((pfn << 12) - info->extents[i].gpa)) >>
			       12;
	return UINT64_MAX;
}

/* ---- its pages ---------------------------------------------------------------- */

struct walk {
	const struct bench *bench;
	unsigned width;
	uint64_t nodes, leaves;
};

/* Down from a frame of a level that covers PFNs from first on; the tree is full of what there is.
 */
static void descend(struct walk *walk, uint64_t mfn, unsigned level, uint64_t first)
{
	const unsigned entries = 4096 / walk->width;
	const struct pvb_plan_info *plan = pvb_plan_info(walk->bench->plan);
	uint64_t covers = 1;
	uint8_t page[4096];

	for (unsigned l = 1; l < level; l++)
		covers *= entries;
	*(level > 1 ? &walk->nodes : &walk->leaves) += 1;
	/* The leaves are the list's own pages, and no others that say the same. */
	if (level == 1)
		assert_int_equal(mfn, mfn_of(walk->bench, (plan->p2m_gpa >> 12) + first / entries));
	fake_read(&walk->bench->fake, mfn, page);
	for (unsigned i = 0; i < entries; i++) {
		uint64_t entry = number(page + (size_t)i * walk->width, walk->width);
		uint64_t pfn = first + i * covers;

		if (pfn >= plan->p2m_pfns) {
			assert_int_equal(entry, UINT64_MAX);
			continue;
		}
		if (level > 1)
			descend(walk, entry, level - 1, pfn);
		else
			assert_int_equal(entry, mfn_of(walk->bench, pfn));
	}
}

static void a_tree_leads_to_the_list_for_every_pfn(void **state)
{
	(void)state;
	EACH_TREE(order)
	{
		struct bench bench;

		bench_open(&bench, order);
		assert_ok(build(&bench), &bench.error);

		const struct pvb_plan_info *plan = pvb_plan_info(bench.plan);
		struct walk walk = {.bench = &bench, .width = order->bits / 8};
		uint64_t root = pvb_domain_info(bench.domain)->p2m_root_maddr >> 12;

		assert_int_equal(root, mfn_of(&bench, plan->p2m_root_gpa >> 12));
		descend(&walk, root, plan->p2m_levels, 0);
		assert_int_equal(walk.leaves, bench.plan->p2m.count);
		assert_int_equal(walk.nodes, bench.plan->p2m_tree.count);
		bench_close(&bench);
	}
}

/* The fake host spoils what is mapped again, so that what is right was written in one go. */
static void each_page_of_it_is_mapped_once(void **state)
{
	(void)state;
	EACH_TREE(order)
	{
		struct bench bench;

		bench_open(&bench, order);
		assert_ok(build(&bench), &bench.error);

		uint64_t pages = bench.plan->p2m.count + bench.plan->p2m_tree.count;

		assert_int_equal(bench.mapped, pages);
		assert_int_equal(bench.total, pages << 12);
		assert_int_equal(bench.reported, bench.total);
		bench_close(&bench);
	}
}

static void a_plan_that_contradicts_itself_is_our_bug(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, &trees[2]);
	bench.plan->p2m_tree.count--;
	assert_fails_with(build(&bench), PVB_E_BUG, &bench.error);
	assert_string_equal(bench.error.stage, "p2m");
	assert_non_null(strstr(bench.error.message, "2 frames for a p2m tree of 3"));
	bench_close(&bench);
}

/* ---- what the guest is told ------------------------------------------------------ */

static void a_tree_is_told_of_in_shared_info(void **state)
{
	(void)state;
	EACH_TREE(order)
	{
		struct bench bench;
		uint8_t page[4096];

		bench_open(&bench, order);
		assert_ok(build(&bench), &bench.error);

		const struct pvb_plan_info *plan = pvb_plan_info(bench.plan);
		uint64_t root = pvb_domain_info(bench.domain)->p2m_root_maddr >> 12;
		bool wide = order->bits == 64;
		unsigned word = order->bits / 8;
		uint64_t list_list;

		/* By numbers, as a kernel without our header would look. */
		fake_read(&bench.fake, SHARED_INFO, page);
		assert_memory_equal(page + ANSWER, "pvbguest\1\0\0\0\x30\0\0\0\xf", 17);
		assert_int_equal(number(page + ANSWER + 32, 4), plan->p2m_levels);
		assert_int_equal(number(page + ANSWER + 36, 4), 0);
		assert_int_equal(number(page + ANSWER + 40, 8), root);
		for (unsigned i = ANSWER + 48; i < sizeof page; i++)
			assert_int_equal(page[i], DIRT);

		/* arch: max_pfn, pfn_to_mfn_frame_list_list, nmi_reason, p2m_cr3, p2m_vaddr, ... */
		assert_int_equal(number(page + (wide ? 0xc10 : 0x90c), word), end_of(order) >> 12);
		list_list = number(page + (wide ? 0xc18 : 0x910), word);
		assert_int_equal(list_list, plan->p2m_levels == 3 ? root : UINT64_MAX);
		for (unsigned i = wide ? 0xc20 : 0x914; i < (wide ? 0xc40 : 0x928); i++)
			assert_int_equal(page[i], 0);

		assert_int_equal(bench.fake.record.p2m_levels, plan->p2m_levels);
		assert_true(bench.fake.record.guest_abi);
		bench_close(&bench);
	}
}

/* As it has always been: the answer is there for those who asked, and says nothing of a tree. */
static void a_list_is_told_of_to_nobody(void **state)
{
	(void)state;
	static const struct order lists[] = {
		{64, true, true, PVB_P2M_WANT_LIST, 0, 64 * MIB, 0},
		{64, true, false, PVB_P2M_AS_GUEST_ASKS, 0, 64 * MIB, 0},
		{32, false, false, PVB_P2M_WANT_LIST, 0, 16 * MIB, 0},
	};

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		bool wide = lists[i].bits == 64;
		struct bench bench;
		uint8_t page[4096];

		bench_open(&bench, &lists[i]);
		assert_ok(build(&bench), &bench.error);
		fake_read(&bench.fake, SHARED_INFO, page);
		for (unsigned b = wide ? 0xc10 : 0x90c; b < (wide ? 0xc40 : 0x928); b++)
			assert_int_equal(page[b], 0);
		for (unsigned b = 0; b < 48; b++)
			if (!lists[i].asks)
				assert_int_equal(page[ANSWER + b], DIRT);
			else if (b >= 32)
				assert_int_equal(page[ANSWER + b], 0);
		if (lists[i].asks)
			assert_memory_equal(page + ANSWER, "pvbguest\1\0\0\0\x30\0\0\0\7", 17);
		assert_int_equal(bench.fake.record.p2m_levels, 0);
		assert_int_equal(pvb_domain_info(bench.domain)->p2m_root_maddr, PVB_NONE);
		assert_int_equal(bench.total, bench.plan->p2m.count << 12);
		bench_close(&bench);
	}
}

/* Of a list outside the initial mapping all of it is one range, to be given back at once. */
static void start_info_spans_list_tables_and_tree(void **state)
{
	(void)state;
	EACH_TREE(order)
	{
		struct bench bench;

		bench_open(&bench, order);
		assert_ok(build(&bench), &bench.error);

		const struct pvb_start_info *info = &pvb_domain_info(bench.domain)->start_info;
		const struct pvb_plan *plan = bench.plan;

		assert_true(info->flags & 0x10);
		if (order->init_p2m) {
			assert_int_equal(info->first_p2m_pfn, plan->p2m.first.n);
			assert_int_equal(info->nr_p2m_frames, plan->p2m.count +
								      plan->p2m_tables.count +
								      plan->p2m_tree.count);
			assert_int_equal(info->first_p2m_pfn + info->nr_p2m_frames,
					 plan->p2m_tree.first.n + plan->p2m_tree.count);
		} else {
			assert_int_equal(info->first_p2m_pfn, 0);
			assert_int_equal(info->nr_p2m_frames, 0);
		}
		bench_close(&bench);
	}
}

/* A tree above a list in the initial mapping is not mapped by it. */
static void no_table_leads_to_the_tree(void **state)
{
	(void)state;
	EACH_TREE(order)
	{
		struct bench bench;
		uint64_t page[512];

		bench_open(&bench, order);
		assert_ok(build(&bench), &bench.error);

		const struct pvb_plan *plan = bench.plan;
		const struct pvb_plan_region *tables[] = {&plan->page_tables, &plan->p2m_tables};

		for (unsigned t = 0; t < 2; t++)
			for (uint64_t i = 0; i < tables[t]->count; i++) {
				fake_read(&bench.fake, mfn_of(&bench, tables[t]->first.n + i),
					  page);
				for (unsigned e = 0; e < 512; e++)
					for (uint64_t n = 0; n < plan->p2m_tree.count; n++)
						assert_int_not_equal(
							page[e] >> 12 & 0xffffffffff,
							mfn_of(&bench, plan->p2m_tree.first.n + n));
			}
		bench_close(&bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_leads_to_the_list_for_every_pfn),
		cmocka_unit_test(each_page_of_it_is_mapped_once),
		cmocka_unit_test(a_plan_that_contradicts_itself_is_our_bug),
		cmocka_unit_test(a_tree_is_told_of_in_shared_info),
		cmocka_unit_test(a_list_is_told_of_to_nobody),
		cmocka_unit_test(start_info_spans_list_tables_and_tree),
		cmocka_unit_test(no_table_leads_to_the_tree),
	};

	return cmocka_run_group_tests_name("build p2m", tests, NULL, NULL);
}
