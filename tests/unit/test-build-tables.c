/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page tables and the p2m list, walked back from the frames that they were written to. */
#include "support/test.h"

#include <unistd.h>

#include "build/builder.h"
#include "unit/fake-host.h"

#define TABLE_MASK UINT64_C(0x000ffffffffff000)

struct layout {
	unsigned levels;
	uint64_t virt_base;
	uint64_t map_pages;
	uint64_t tables_pfn;
	uint64_t pages;
	uint64_t p2m_pages; /* of guest memory; 0 for no list outside */
	unsigned l2_until;  /* PAE: the last slot with an L2 */
	uint64_t shape;     /* bytes of guest memory between two runs of the machine's */
};

struct bench {
	struct fake_host fake;
	struct pvb_plan plan;
	struct pvb_builder builder;
	struct pvb_error error;
	uint64_t tables;
};

static uint64_t truncate_va(const struct bench *bench, uint64_t va)
{
	return va & (bench->plan.levels == 4 ? (UINT64_C(1) << 48) - 1 : UINT32_MAX);
}

/* The tables of a mapping by the book: as many of each level as its range touches. */
static uint64_t place_tables(struct pvb_plan_mapping *mapping, unsigned levels, unsigned top,
			     uint64_t pfn, uint64_t l2_until)
{
	uint64_t mask = levels == 4 ? (UINT64_C(1) << 48) - 1 : UINT32_MAX;
	uint64_t from = mapping->from.a & mask, last = (mapping->to.a - 1) & mask;
	uint64_t start = pfn;

	for (unsigned level = levels; level >= 1; level--) {
		unsigned shift = 12 + 9 * level;
		uint64_t first = from >> shift, end = last >> shift;

		mapping->level[level - 1].first = PVB_PFN(pfn);
		if (level > top) {
			mapping->level[level - 1].count = 0;
			continue;
		}
		if (level == 2 && l2_until)
			end = l2_until;
		mapping->level[level - 1].from = PVB_VA(level == levels ? 0 : first << shift);
		mapping->level[level - 1].count = level == levels ? 1 : end - first + 1;
		pfn += mapping->level[level - 1].count;
	}
	mapping->table_frames = pfn - start;
	return pfn;
}

static void bench_open(struct bench *bench, const struct layout *layout)
{
	struct pvb_plan *plan = &bench->plan;
	uint64_t pfn;

	memset(bench, 0, sizeof *bench);
	fake_open(&bench->fake);
	plan->levels = layout->levels;
	plan->guest_bits = layout->levels == 4 ? 64 : 32;
	plan->page_shift = 12;
	plan->pages = layout->pages;
	plan->p2m_geometry.pfns = layout->pages;
	plan->info.page_size = 4096;
	plan->virt_base = PVB_VA(layout->virt_base);
	plan->p2m_geometry = (struct pvb_p2m_geometry){
		.pfns = layout->pages, .entry_size = plan->guest_bits / 8, .page_size = 4096};
	plan->initial.from = PVB_VA(layout->virt_base);
	plan->initial.to = PVB_VA(layout->virt_base + (layout->map_pages << 12));
	if (plan->guest_bits == 64)
		for (unsigned i = 0; i < 4; i++)
			plan->initial.level[i].from = PVB_VA(UINT64_MAX << 48);
	pfn = place_tables(&plan->initial, layout->levels, layout->levels, layout->tables_pfn,
			   layout->l2_until);
	plan->page_tables.first = PVB_PFN(layout->tables_pfn);
	plan->page_tables.count = pfn - layout->tables_pfn;
	plan->page_tables.va = PVB_VA(layout->virt_base + (layout->tables_pfn << 12));
	bench->tables = plan->page_tables.count;
	if (layout->p2m_pages) {
		plan->p2m_outside = true;
		plan->p2m.first = PVB_PFN(layout->map_pages);
		plan->p2m.count = (layout->pages + 511) / 512;
		plan->p2m.va = PVB_VA(UINT64_C(0x8000000000));
		plan->p2m_mapping.first = plan->p2m.first;
		plan->p2m_mapping.from = plan->p2m.va;
		plan->p2m_mapping.to = PVB_VA(plan->p2m.va.a + (plan->p2m.count << 12));
		plan->p2m_tables.first = PVB_PFN(layout->map_pages + plan->p2m.count);
		pfn = place_tables(&plan->p2m_mapping, 4, 3, plan->p2m_tables.first.n, 0);
		plan->p2m_tables.count = pfn - plan->p2m_tables.first.n;
		bench->tables += plan->p2m_tables.count;
		assert_true(pfn <= plan->pages);
	} else {
		plan->p2m.first = PVB_PFN(0x10);
		plan->p2m.count = (layout->pages * (plan->guest_bits / 8) + 4095) / 4096;
	}

	bench->builder = (struct pvb_builder){
		.host = &bench->fake.host,
		.plan = plan,
		.host_info = bench->fake.info,
		.stage = "page_tables",
		.domid = 7,
		.address_bits = 46,
		.pte_bits.kernel_bit = PVB_GUEST_PTE_NO_BIT,
	};
	/* machine memory runs downwards, a few pages at a time */
	for (uint64_t at = 0; at < layout->pages;) {
		uint64_t count =
			layout->shape < layout->pages - at ? layout->shape : layout->pages - at;

		assert_int_equal(
			pvb_runs_add(&bench->builder.memory, at, 0x5000000 - 2 * at, count), 0);
		at += count;
	}
	assert_ok(pvb_window_create(&bench->builder, &bench->error), &bench->error);
}

static void bench_close(struct bench *bench)
{
	pvb_window_free(&bench->builder);
	pvb_runs_free(&bench->builder.memory);
	fake_close(&bench->fake);
}

static uint64_t mfn_of(const struct bench *bench, uint64_t pfn)
{
	uint64_t mfn = 0;

	assert_true(pvb_runs_find(&bench->builder.memory, pfn, &mfn, NULL));
	return mfn;
}

static uint64_t entry_of(const struct bench *bench, uint64_t mfn, uint64_t index)
{
	uint64_t page[512];

	fake_read(&bench->fake, mfn, page);
	return page[index];
}

/* The leaf that maps va; checks the flags of what leads to it. */
static uint64_t walk(const struct bench *bench, uint64_t va)
{
	unsigned levels = bench->plan.levels;
	uint64_t mfn = mfn_of(bench, bench->plan.page_tables.first.n);

	va = truncate_va(bench, va);
	for (unsigned level = levels;; level--) {
		uint64_t entry = entry_of(bench, mfn, va >> (12 + 9 * (level - 1)) & 511);

		if (level == 1)
			return entry;
		assert_int_equal(entry & ~TABLE_MASK, 0x67);
		mfn = entry >> 12;
	}
}

/* Entries of all tables that are not zero. */
static uint64_t count_entries(const struct bench *bench)
{
	const struct pvb_plan_region *regions[] = {&bench->plan.page_tables,
						   &bench->plan.p2m_tables};
	uint64_t present = 0, page[512];

	for (unsigned r = 0; r < 2; r++)
		for (uint64_t i = 0; i < regions[r]->count; i++) {
			fake_read(&bench->fake, mfn_of(bench, regions[r]->first.n + i), page);
			for (unsigned e = 0; e < 512; e++)
				present += page[e] != 0;
		}
	return present;
}

static const struct layout layouts[] = {
	/* Linux: kernel high, list in slot 1 */
	{4, UINT64_C(0xffffffff80000000), 0x400, 0x300, 0x100000, 1, 0, 7},
	/* the list inside; an odd base */
	{4, UINT64_C(0xffffffff80101000), 0x2ff, 0x200, 0x400, 0, 0, 1},
	/* from 0 up, over more than one L2 */
	{4, 0, 0x80000, 0x7000, 0x80000, 0, 0, 4096},
	/* up to the very end of the address space */
	{4, UINT64_C(0xffffffffffc00000), 0x400, 0x3f0, 0x400, 0, 0, 100},
	/* across a boundary of L3s */
	{4, UINT64_C(0x7fffc00000), 0x800, 0x3f0, 0x800, 0, 0, 3},
	/* PAE: the L2 of slot 3 is there whatever is mapped */
	{3, 0xc0000000, 0x400, 0x300, 0x400, 0, 0, 7},
	{3, 0, 0x1000, 0x300, 0x1000, 0, 3, 5},
	{3, 0x40000000, 0x400, 0x300, 0x400, 0, 3, 5},
	/* up to where the hypervisor begins */
	{3, 0xf5400000, 0x400, 0x300, 0x400, 0, 0, 5},
};

static void every_page_is_mapped_once_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
		const struct layout *layout = &layouts[i];
		struct bench bench;

		bench_open(&bench, layout);
		/* memory comes dirty */
		for (uint64_t t = 0; t < bench.plan.page_tables.count; t++) {
			uint8_t dirt[4096];

			memset(dirt, 0xc2, sizeof dirt);
			assert_int_equal(
				pwrite(bench.fake.fd, dirt, sizeof dirt,
				       (off_t)(mfn_of(&bench, layout->tables_pfn + t) << 12)),
				sizeof dirt);
		}
		assert_ok(pvb_build_page_tables(&bench.builder, &bench.error), &bench.error);
		assert_int_equal(bench.fake.frames_mapped, bench.tables);
		assert_int_equal(bench.fake.host.mapped_now, 0);

		uint64_t step = layout->map_pages > 0x2000 ? 61 : 1, leaves = 0;
		for (uint64_t pfn = 0; pfn < layout->map_pages; pfn += step) {
			bool table = pfn - layout->tables_pfn < bench.plan.page_tables.count;

			assert_int_equal(walk(&bench, layout->virt_base + (pfn << 12)),
					 mfn_of(&bench, pfn) << 12 | (table ? 0x21 : 0x23));
		}
		leaves = layout->map_pages;
		if (layout->p2m_pages) {
			for (uint64_t f = 0; f < bench.plan.p2m.count; f++)
				assert_int_equal(walk(&bench, bench.plan.p2m.va.a + (f << 12)),
						 mfn_of(&bench, bench.plan.p2m.first.n + f) << 12 |
							 0x23);
			leaves += bench.plan.p2m.count;
		}
		/* each table but the root is led to by one entry */
		assert_int_equal(count_entries(&bench), leaves + bench.tables - 1);
		bench_close(&bench);
	}
}

static void the_root_is_pinned_with_nothing_mapped(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, &layouts[0]);
	assert_ok(pvb_build_page_tables(&bench.builder, &bench.error), &bench.error);
	assert_ok(pvb_build_pin(&bench.builder, &bench.error), &bench.error);
	assert_int_equal(bench.fake.pinned_level, 4);
	assert_int_equal(bench.fake.pinned.n, mfn_of(&bench, 0x300));
	assert_int_equal(bench.fake.mapped_at_pin, 0);

	bench.builder.mapped = 1;
	assert_fails_with(pvb_build_pin(&bench.builder, &bench.error), PVB_E_BUG, &bench.error);
	bench_close(&bench);

	bench_open(&bench, &layouts[5]);
	assert_ok(pvb_build_pin(&bench.builder, &bench.error), &bench.error);
	assert_int_equal(bench.fake.pinned_level, 3);
	bench_close(&bench);
}

static void the_list_holds_the_memory_and_ends_in_ones(void **state)
{
	(void)state;
	struct bench bench;
	struct layout layout = layouts[0];

	layout.pages = 0x100003;
	bench_open(&bench, &layout);
	bench.builder.stage = "p2m";
	assert_ok(pvb_build_p2m(&bench.builder, &bench.error), &bench.error);
	assert_int_equal(bench.fake.frames_mapped, bench.plan.p2m.count);
	for (uint64_t frame = 0; frame < bench.plan.p2m.count; frame += 97) {
		uint64_t page[512];

		fake_read(&bench.fake, mfn_of(&bench, bench.plan.p2m.first.n + frame), page);
		for (uint64_t e = 0; e < 512; e++)
			assert_int_equal(page[e], mfn_of(&bench, frame * 512 + e));
	}
	uint64_t page[512];
	fake_read(&bench.fake, mfn_of(&bench, bench.plan.p2m.first.n + bench.plan.p2m.count - 1),
		  page);
	for (uint64_t e = 0; e < 512; e++)
		assert_int_equal(page[e], e < 3 ? mfn_of(&bench, 0x100000 + e) : UINT64_MAX);

	bench.plan.p2m.count++;
	assert_fails_with(pvb_build_p2m(&bench.builder, &bench.error), PVB_E_BUG, &bench.error);
	bench_close(&bench);
}

static void a_plan_that_contradicts_itself_is_our_bug(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, &layouts[0]);
	bench.plan.page_tables.count++;
	assert_fails_with(pvb_build_page_tables(&bench.builder, &bench.error), PVB_E_BUG,
			  &bench.error);
	bench.plan.page_tables.count--;
	/* a page that is to be mapped, or a table, without memory */
	assert_int_equal(pvb_runs_remove(&bench.builder.memory, 0x50, 1), 0);
	assert_fails_with(pvb_build_page_tables(&bench.builder, &bench.error), PVB_E_BUG,
			  &bench.error);
	assert_non_null(strstr(bench.error.message, "PFN 0x50"));
	assert_int_equal(pvb_runs_remove(&bench.builder.memory, 0x300, 1), 0);
	assert_fails_with(pvb_build_page_tables(&bench.builder, &bench.error), PVB_E_BUG,
			  &bench.error);
	assert_fails_with(pvb_build_pin(&bench.builder, &bench.error), PVB_E_BUG, &bench.error);
	assert_int_equal(bench.fake.host.mapped_now, 0);
	bench_close(&bench);
}

/* Tables are checked while they are written: a plan that hides one of them is found out. */
static void a_table_that_the_guest_could_write_to_never_reaches_the_pin(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, &layouts[2]);
	bench.plan.page_tables.count--;
	assert_fails_with(pvb_build_page_tables(&bench.builder, &bench.error),
			  PVB_E_BUG_TABLE_ENTRY, &bench.error);
	assert_non_null(strstr(bench.error.message, "bit 1, RW"));
	assert_non_null(strstr(bench.error.message, "of the L1 table"));
	assert_int_equal(bench.fake.host.mapped_now, 0);
	bench_close(&bench);

	/* The same of an address that the guest does not cope with. */
	bench_open(&bench, &layouts[0]);
	bench.builder.address_bits = 36;
	assert_fails_with(pvb_build_page_tables(&bench.builder, &bench.error),
			  PVB_E_BUG_TABLE_ENTRY, &bench.error);
	assert_non_null(strstr(bench.error.message, "36 bits of address"));
	bench_close(&bench);
}

/* ---- windows ---- */

struct visits {
	uint64_t next;
	unsigned count;
	int fail_at;
};

static int visit(struct pvb_builder *builder, void *opaque, uint8_t *at, pvb_pfn_t first,
		 uint64_t count, struct pvb_error *error)
{
	struct visits *visits = opaque;

	assert_int_equal(first.n, visits->next);
	assert_int_equal(builder->mapped, count);
	visits->next += count;
	for (uint64_t i = 0; i < count; i++)
		memcpy(at + (i << 12), &(uint64_t){first.n + i}, 8);
	if ((int)visits->count++ == visits->fail_at)
		return pvb_fail(error, PVB_E_BUG, "test", "as told");
	return 0;
}

static void windows_are_bounded_and_reach_each_frame_once(void **state)
{
	(void)state;
	struct bench bench;
	struct visits visits = {.next = 5, .fail_at = -1};
	uint64_t now, peak, page[512];

	bench_open(&bench, &layouts[0]);
	assert_ok(pvb_window_each(&bench.builder, PVB_PFN(5), 10000, visit, &visits, &bench.error),
		  &bench.error);
	assert_int_equal(visits.count, 3);
	assert_int_equal(bench.fake.frames_mapped, 10000);
	assert_int_equal(bench.fake.largest_map, PVB_WINDOW_BYTES >> 12);
	pvb_host_mapped(&bench.fake.host, &now, &peak);
	assert_int_equal(now, 0);
	assert_int_equal(peak, PVB_WINDOW_BYTES);
	for (uint64_t pfn = 5; pfn < 10005; pfn += 111) {
		fake_read(&bench.fake, mfn_of(&bench, pfn), page);
		assert_int_equal(page[0], pfn);
	}
	bench_close(&bench);
}

static int stop(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	(void)opaque;
	(void)stage;
	return done >= total / 2;
}

static void a_window_is_closed_whatever_fails(void **state)
{
	(void)state;
	struct bench bench;
	struct visits visits = {.next = 5, .fail_at = 1};
	uint8_t *at;

	bench_open(&bench, &layouts[0]);
	assert_fails_with(
		pvb_window_each(&bench.builder, PVB_PFN(5), 20000, visit, &visits, &bench.error),
		PVB_E_BUG, &bench.error);
	assert_int_equal(visits.count, 2);
	assert_int_equal(bench.fake.host.mapped_now, 0);

	bench.fake.fail_call = PVB_CALL_MAP_FRAMES;
	bench.fake.fail_code = PVB_E_HOST_MAP;
	bench.fake.fail_after = 1;
	visits = (struct visits){.next = 5, .fail_at = -1};
	assert_fails_with(
		pvb_window_each(&bench.builder, PVB_PFN(5), 20000, visit, &visits, &bench.error),
		PVB_E_HOST_MAP, &bench.error);
	assert_int_equal(visits.count, 1);

	bench.fake.fail_code = PVB_E_HOST_MAP;
	bench.fake.fail_after = 0;
	assert_fails_with(pvb_window_frame(&bench.builder, PVB_MFN(1), &at, &bench.error),
			  PVB_E_HOST_MAP, &bench.error);

	visits = (struct visits){.next = 5, .fail_at = -1};
	bench.builder.options.progress = stop;
	bench.builder.total = 20000 << 12;
	assert_fails_with(
		pvb_window_each(&bench.builder, PVB_PFN(5), 20000, visit, &visits, &bench.error),
		PVB_E_ARG_CANCELLED, &bench.error);
	assert_int_equal(visits.count, 3);
	assert_int_equal(bench.builder.mapped, 0);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_is_mapped_once_and_nothing_else),
		cmocka_unit_test(the_root_is_pinned_with_nothing_mapped),
		cmocka_unit_test(the_list_holds_the_memory_and_ends_in_ones),
		cmocka_unit_test(a_plan_that_contradicts_itself_is_our_bug),
		cmocka_unit_test(a_table_that_the_guest_could_write_to_never_reaches_the_pin),
		cmocka_unit_test(windows_are_bounded_and_reach_each_frame_once),
		cmocka_unit_test(a_window_is_closed_whatever_fails),
	};

	return cmocka_run_group_tests_name("build: tables and windows", tests, NULL, NULL);
}
