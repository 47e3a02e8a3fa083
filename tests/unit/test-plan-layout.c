/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a plan puts things: against libxenguest, against the contract, against a second count. */
#include "unit/plan-kernels.h"

#include <inttypes.h>

#include "core/checked.h"

/*
 * What libxenguest 4.17 lays out (its own page allocator and page-table
 * counter, run on these numbers). module: bytes, 0 for none. Frames but for
 * map_to, an address; tables of the initial mapping and of the list's own.
 */
struct vector {
	enum pvb_guest_type type;
	uint64_t virt_base, kernel_start, kernel_end, init_p2m, module;
	bool mod_start_pfn;
	uint64_t pages;
	uint64_t kernel_pages, module_pfn, p2m_pfn, start_info_pfn, tables_pfn, stack_pfn, map_to;
	uint64_t tables, p2m_tables;
};

#define LINUX                                                                                      \
	PVB_GUEST_X86_64, UINT64_C(0xffffffff80000000), UINT64_C(0xffffffff81000000),              \
		UINT64_C(0xffffffff84a00000)

static const struct vector vectors[] = {
	{LINUX, 0x8000000000, 5000000, true, 0x40000, 0x3a00, 0x4c00, 0x50c5, 0x4a00, 0x4a03,
	 0x4a2c, 0xffffffff84c00000, 41, 3},
	{LINUX, 0x8000000000, 5000000, false, 0x40000, 0x3a00, 0x4a00, 0x5000, 0x4ec5, 0x4ec8,
	 0x4ef3, 0xffffffff85000000, 43, 3},
	{LINUX, PVB_NONE, 5000000, false, 0x40000, 0x3a00, 0x4a00, 0x4ec5, 0x50c5, 0x50c8, 0x50f5,
	 0xffffffff85400000, 45, 0},
	{LINUX, 0x8000000000, 0, true, 0x10000000, 0x3a00, 0, 0x4c00, 0x4a00, 0x4a03, 0x4a2c,
	 0xffffffff84c00000, 41, 1027},
	{LINUX, 0x8000000000, 0, true, 0x100000000, 0x3a00, 0, 0x4c00, 0x4a00, 0x4a03, 0x4a2c,
	 0xffffffff84c00000, 41, 16417},
	{PVB_GUEST_X86_64, 0, 0, 0x123456, PVB_NONE, 0, false, 0x20000, 0x124, 0, 0x124, 0x224,
	 0x227, 0x22c, 0x400000, 5, 0},
	{PVB_GUEST_X86_64, 0, 0x10000, 0x923456, PVB_NONE, 30000001, false, 0x20000, 0x914, 0x924,
	 0x25c1, 0x26c1, 0x26c4, 0x26db, 0x2800000, 23, 0},
	{PVB_GUEST_X86_64, 0, 0x10000, 0x923456, PVB_NONE, 0, false, 0x10000000, 0x914, 0, 0x924,
	 0x80924, 0x80927, 0x80d34, 0x81000000, 1037, 0},
	{PVB_GUEST_X86_64, 0xffffffff80200000, 0xffffffff80201000, 0xffffffff80600fff,
	 0xffff900000000000, 12345, true, 0x8000, 0x400, 0x600, 0x604, 0x401, 0x404, 0x40a,
	 0xffffffff80800000, 6, 3},
	{PVB_GUEST_X86_32P, 0, 0, 0x123456, PVB_NONE, 0, false, 0x20000, 0x124, 0, 0x124, 0x1a4,
	 0x1a7, 0x1ae, 0x400000, 7, 0},
	{PVB_GUEST_X86_32P, 0xc0000000, 0xc0100000, 0xc0a12345, PVB_NONE, 7000000, false, 0x80000,
	 0x913, 0xa13, 0x10c0, 0x12c0, 0x12c3, 0x12cf, 0xc1400000, 12, 0},
	{PVB_GUEST_X86_32P, 0xc0000000, 0xc0100000, 0xc0a12345, PVB_NONE, 7000000, true, 0x80000,
	 0x913, 0x1000, 0xa13, 0xc13, 0xc16, 0xc20, 0xc1000000, 10, 0},
	{PVB_GUEST_X86_32P, 0x40000000, 0x40001000, 0x40300000, PVB_NONE, 0, false, 0x2000, 0x2ff,
	 0, 0x300, 0x308, 0x30b, 0x311, 0x40400000, 6, 0},
	{PVB_GUEST_X86_32P, 0xbf000000, 0xbf001000, 0xbf800000, PVB_NONE, 9000000, false, 0x8000,
	 0x7ff, 0x800, 0x1096, 0x10b6, 0x10b9, 0x10c6, 0xc0400000, 13, 0},
	{PVB_GUEST_X86_32P, 0x8000000, 0x8000000, 0x8080000, PVB_NONE, 1, true, 0x1000000, 0x80,
	 0x4400, 0x80, 0x4080, 0x4083, 0x40aa, 0xc400000, 39, 0},
};

static void layouts_are_those_of_libxenguest(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		const struct vector *v = &vectors[i];
		struct guest guest = small_guest(v->type);
		struct pvb_error error = {0};
		struct pvb_plan *plan;

		guest.image.pv.virt_base = v->virt_base;
		guest.image.pv.kernel_start = guest.image.pv.entry = v->kernel_start;
		guest.image.pv.kernel_end = v->kernel_end;
		guest.image.pv.init_p2m = v->init_p2m;
		guest.image.pv.mod_start_pfn = v->mod_start_pfn;
		guest.module.bytes = v->module;
		guest.spec.memory = v->pages * PAGE;
		assert_ok(plan_guest(&guest, &plan, &error), &error);

		assert_int_equal(plan->kernel.first.n, (v->kernel_start - v->virt_base) / PAGE);
		assert_int_equal(plan->kernel.count, v->kernel_pages);
		assert_int_equal(plan->has_module, v->module != 0);
		if (v->module) {
			assert_int_equal(plan->module.first.n, v->module_pfn);
			assert_int_equal(plan->module.bytes, v->module);
		}
		assert_int_equal(plan->p2m.first.n, v->p2m_pfn);
		assert_int_equal(plan->start_info.first.n, v->start_info_pfn);
		assert_int_equal(plan->xenstore.first.n, v->start_info_pfn + 1);
		assert_int_equal(plan->console.first.n, v->start_info_pfn + 2);
		assert_int_equal(plan->page_tables.first.n, v->tables_pfn);
		assert_int_equal(plan->boot_stack.first.n, v->stack_pfn);
		assert_int_equal(plan->info.map_to, v->map_to);
		assert_int_equal(plan->info.table_pages, v->tables);
		assert_int_equal(plan->info.p2m_table_pages, v->p2m_tables);
		assert_int_equal(plan->info.registers.rsi, v->virt_base + v->start_info_pfn * PAGE);
		assert_int_equal(plan->info.registers.rsp,
				 v->virt_base + (v->stack_pfn + 1) * PAGE);
		assert_int_equal(plan->info.registers.rip, v->kernel_start);
		pvb_plan_free(plan);
	}
}

/* ---- the contract, over random guests ------------------------------------ */

/* A set of (level, index) pairs. */
struct table_set {
	uint64_t key[1 << 12];
	size_t n;
};

static void add_table(struct table_set *set, unsigned level, uint64_t index)
{
	const size_t slots = sizeof set->key / sizeof set->key[0];
	uint64_t key = (index << 3 | level) + 1;
	size_t at = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 40) % slots;

	while (set->key[at] && set->key[at] != key)
		at = (at + 1) % slots;
	set->n += !set->key[at];
	assert_true(set->n < slots);
	set->key[at] = key;
}

/* Walk a range page by page, as a CPU would, and see which tables it comes by. */
static void walk(struct table_set *set, unsigned levels, uint64_t from, uint64_t to)
{
	for (uint64_t va = from; va != to; va += PAGE)
		for (unsigned level = 1; level <= levels; level++)
			add_table(set, level, level == levels ? 0 : va >> (12 + 9 * level));
}

static uint64_t count_by_walking(const struct pvb_plan *plan, uint64_t map_to)
{
	struct table_set *set = calloc(1, sizeof *set);
	uint64_t n;

	assert_non_null(set);
	walk(set, plan->levels, plan->info.map_from, map_to);
	if (plan->levels == 3)
		for (uint64_t slot = plan->info.map_from >> 30; slot < 4; slot++)
			add_table(set, 2, slot);
	n = set->n;
	free(set);
	return n;
}

static uint64_t count_own_tables_by_walking(const struct pvb_plan *plan)
{
	struct table_set *set = calloc(1, sizeof *set);
	uint64_t n;

	assert_non_null(set);
	walk(set, plan->levels, plan->info.p2m_va, plan->info.p2m_va + plan->p2m.count * PAGE);
	n = set->n - 1; /* the root is the other mapping's */
	free(set);
	return n;
}

static void check_tables(const struct pvb_plan_tables *tables, size_t n, unsigned root_level,
			 uint64_t gpa, uint64_t pages)
{
	uint64_t next = gpa;

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(tables[i].level, root_level - i);
		assert_int_equal(tables[i].gpa, next);
		assert_true(tables[i].count > 0);
		next += tables[i].count * PAGE;
	}
	assert_int_equal(next - gpa, pages * PAGE);
}

/* A page for each group of PFNs that one leads to, from the leaves' own up. */
static uint64_t count_tree_pages(const struct pvb_plan *plan)
{
	uint64_t total = 0, covers = PAGE / plan->info.p2m_entry_size;

	for (unsigned level = 2; level <= plan->info.p2m_levels; level++) {
		covers *= PAGE / plan->info.p2m_entry_size;
		for (uint64_t pfn = 0; pfn < plan->pages; pfn += covers)
			total++;
	}
	return total;
}

/* Start-of-day, items 1 to 7 of Xen's public xen.h, and our own numbers against each other. */
static void check_contract(const struct pvb_plan *plan, const struct guest *guest)
{
	static const enum pvb_segment_kind order[] = {
		PVB_SEGMENT_KERNEL,      PVB_SEGMENT_MODULE,     PVB_SEGMENT_P2M,
		PVB_SEGMENT_START_INFO,  PVB_SEGMENT_XENSTORE,   PVB_SEGMENT_CONSOLE,
		PVB_SEGMENT_PAGE_TABLES, PVB_SEGMENT_BOOT_STACK, PVB_SEGMENT_PADDING,
		PVB_SEGMENT_MODULE,      PVB_SEGMENT_P2M,        PVB_SEGMENT_P2M_TABLES,
		PVB_SEGMENT_P2M_TREE,
	};
	const struct pvb_plan_info *info = &plan->info;
	const struct pvb_image_pv *pv = &guest->image.pv;
	uint64_t next = pvb_round_down(pv->kernel_start, PAGE) - pv->virt_base;
	uint64_t padding = 0;
	size_t at = 0;

	assert_int_equal(info->map_from, pv->virt_base);
	assert_int_equal(info->map_to % MIB(4), 0);
	assert_true(info->map_to > info->map_from);

	for (size_t i = 0; i < info->segment_count; i++) {
		const struct pvb_plan_segment *s = &info->segments[i];
		uint64_t mapped_at = info->map_from + s->gpa;

		while (at < sizeof order / sizeof order[0] && order[at] != s->kind)
			at++;
		assert_true(at++ < sizeof order / sizeof order[0]);
		assert_int_equal(s->gpa, next);
		assert_int_equal(s->occupied % PAGE, 0);
		assert_true(s->bytes > 0 && s->bytes <= s->occupied &&
			    s->occupied - s->bytes < PAGE);
		next += s->occupied;
		if (s->gpa < info->map_to - info->map_from)
			assert_int_equal(s->va, mapped_at);
		else
			assert_int_equal(s->va,
					 s->kind == PVB_SEGMENT_P2M ? pv->init_p2m : PVB_NONE);
		if (s->kind == PVB_SEGMENT_PADDING) {
			padding = s->occupied;
			assert_int_equal(next, info->map_to - info->map_from);
		}
	}
	assert_true(padding >= KIB(512));
	assert_true(next <= info->memory);

	assert_int_equal(plan->kernel.bytes, pv->kernel_end - plan->kernel.va.a);
	assert_int_equal(plan->module.bytes, guest->module.bytes);
	assert_int_equal(plan->module_unmapped, plan->has_module && pv->mod_start_pfn);
	assert_int_equal(info->p2m_bytes, plan->pages * info->p2m_entry_size);
	assert_int_equal(info->p2m_gpa, plan->p2m.first.n * PAGE);
	assert_int_equal(plan->p2m_outside, info->p2m_va == pv->init_p2m);
	assert_int_equal(info->p2m_fallback != NULL,
			 pv->init_p2m != PVB_NONE && !plan->p2m_outside);

	assert_int_equal(plan->initial.from.a, info->map_from);
	assert_int_equal(plan->initial.to.a, info->map_to);
	assert_int_equal(plan->initial.first.n, 0);
	assert_int_equal(plan->initial.table_frames, plan->page_tables.count);
	assert_int_equal(info->table_pages, plan->page_tables.count);
	assert_int_equal(info->table_pages, count_by_walking(plan, info->map_to));
	assert_int_equal(info->table_level_count, plan->levels);
	check_tables(info->tables, info->table_level_count, plan->levels,
		     plan->page_tables.first.n * PAGE, info->table_pages);
	for (unsigned level = 1; level < plan->levels; level++) {
		uint64_t covers = PAGE << (9 * level);

		assert_int_equal(plan->initial.level[level - 1].from.a,
				 pvb_round_down(info->map_from, covers));
	}

	assert_int_equal(info->p2m_table_pages, plan->p2m_tables.count);
	assert_int_equal(info->p2m_table_level_count, plan->p2m_outside ? 3 : 0);
	if (plan->p2m_outside) {
		assert_int_equal(info->p2m_table_pages, count_own_tables_by_walking(plan));
		assert_int_equal(plan->p2m_tables.first.n, plan->p2m.first.n + plan->p2m.count);
		assert_int_equal(plan->p2m_mapping.first.n, plan->p2m.first.n);
		assert_int_equal(plan->p2m_mapping.level[3].count, 0);
		check_tables(info->p2m_tables, 3, 3, plan->p2m_tables.first.n * PAGE,
			     info->p2m_table_pages);
	}

	assert_int_equal(info->p2m_pfns, plan->pages);
	assert_int_equal(info->p2m_form == PVB_P2M_TREE, guest->spec.p2m == PVB_P2M_WANT_TREE);
	assert_int_equal(plan->p2m_tree.count, count_tree_pages(plan));

	/* No smaller region would have done. */
	for (uint64_t to = info->map_to - MIB(4); to >= info->map_to - MIB(16); to -= MIB(4)) {
		uint64_t used = plan->console.va.a + PAGE;

		if (to <= used || to > info->map_to)
			break;
		assert_true(used + (count_by_walking(plan, to) + 1) * PAGE + KIB(512) > to);
	}
}

static struct guest random_guest(uint64_t *seed)
{
	static const uint64_t wide[] = {
		0xffffffff80000000, 0xffffffff80000000, 0,
		0x400000,           0xffff880000000000, 0x7ffff80000,
		0x7f80000000,       0xffffff7fc0000000,
	};
	static const uint64_t narrow[] = {0,          0xc0000000, 0x40000000,
					  0xbf000000, 0xbfc00000, 0x80000000};
	static const uint64_t lists[] = {
		PVB_NONE,     0x8000000000,       0x8000000000,
		0x8000001000, 0x7f0000000000,     0xffff890000000000,
		0x8000000123, 0x0001000000000000, 0xffff810000000000,
	};
	bool is_64 = test_random(seed) % 3 != 0;
	struct guest guest = small_guest(is_64 ? PVB_GUEST_X86_64 : PVB_GUEST_X86_32P);
	struct pvb_image_pv *pv = &guest.image.pv;

	pv->virt_base = is_64 ? wide[test_random(seed) % 8] : narrow[test_random(seed) % 6];
	if (test_random(seed) % 3 == 0)
		pv->virt_base += test_random(seed) % 2048 * PAGE;
	pv->kernel_start = pv->virt_base + (test_random(seed) % 3 ? test_random(seed) % MIB(8) : 0);
	pv->kernel_end =
		pv->kernel_start + 1 + test_random(seed) % (PAGE << test_random(seed) % 13);
	pv->entry = pv->kernel_start + test_random(seed) % (pv->kernel_end - pv->kernel_start);
	pv->init_p2m = lists[test_random(seed) % 9];
	pv->mod_start_pfn = test_random(seed) % 2;
	pv->is_linux = test_random(seed) % 2;
	if (test_random(seed) % 2)
		guest.module.bytes =
			1 + test_random(seed) % (UINT64_C(2) << test_random(seed) % 24);
	guest.spec.memory = test_random(seed) % (0x40000u >> test_random(seed) % 8) * PAGE;
	guest.spec.p2m = test_random(seed) % 2 ? PVB_P2M_WANT_TREE : PVB_P2M_AS_GUEST_ASKS;
	return guest;
}

static void every_plan_keeps_the_contract(void **state)
{
	(void)state;
	uint64_t seed = 1;
	unsigned planned = 0, small = 0, outside = 0;

	for (unsigned i = 0; i < 3000; i++) {
		struct guest guest = random_guest(&seed);
		struct pvb_error error = {0};
		struct pvb_plan *plan;
		int rc = plan_guest(&guest, &plan, &error);

		if (rc) {
			assert_int_equal(rc, -PVB_E_ARG_MEMORY_SMALL);
			small++;
			continue;
		}
		planned++;
		outside += plan->p2m_outside;
		check_contract(plan, &guest);
		pvb_plan_free(plan);
	}
	assert_true(planned > 1500 && small > 30 && outside > 200);
}

/* A larger kernel, ramdisk or guest never maps less, and always takes as much or more. */
static void layouts_grow_with_what_they_hold(void **state)
{
	(void)state;
	uint64_t seed = 2;

	for (unsigned i = 0; i < 1000; i++) {
		struct guest a = random_guest(&seed), b = a;
		struct pvb_error error = {0};
		struct pvb_plan *plan_a, *plan_b;
		uint64_t least_a, least_b;

		a.spec.memory = b.spec.memory = GIB(2);
		if (i % 3 == 0)
			b.image.pv.kernel_end += test_random(&seed) % MIB(16);
		else if (i % 3 == 1 && a.module.bytes)
			b.module.bytes += test_random(&seed) % MIB(16);
		else
			b.spec.memory += test_random(&seed) % 0x10000 * PAGE;
		assert_ok(plan_guest(&a, &plan_a, &error), &error);
		assert_ok(plan_guest(&b, &plan_b, &error), &error);
		assert_true(plan_b->info.map_to >= plan_a->info.map_to);
		assert_true(plan_b->info.table_pages >= plan_a->info.table_pages);
		assert_true(plan_b->info.minimum_memory >= plan_a->info.minimum_memory);
		assert_ok(least_memory(&a, &least_a, &error), &error);
		assert_ok(least_memory(&b, &least_b, &error), &error);
		assert_int_equal(least_a, plan_a->info.minimum_memory);
		assert_int_equal(least_b, plan_b->info.minimum_memory);
		pvb_plan_free(plan_a);
		pvb_plan_free(plan_b);
	}
}

/* ---- memory --------------------------------------------------------------- */

/* Reads what the refusal says is needed. */
static uint64_t needed(const struct pvb_error *error)
{
	uint64_t bytes = 0;

	assert_int_equal(sscanf(error->message, "the guest needs %" SCNu64 " bytes", &bytes), 1);
	return bytes;
}

static void the_least_memory_is_exact(void **state)
{
	(void)state;
	uint64_t seed = 3;

	for (unsigned i = 0; i < 1000; i++) {
		struct guest guest = random_guest(&seed);
		struct pvb_error error = {0};
		struct pvb_plan *plan;
		uint64_t least;

		assert_ok(least_memory(&guest, &least, &error), &error);
		guest.spec.memory = least;
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		assert_int_equal(plan->info.minimum_memory, least);
		pvb_plan_free(plan);

		guest.spec.memory = least - PAGE;
		assert_refused(&guest, PVB_E_ARG_MEMORY_SMALL);
		assert_int_equal(needed(&error), least);

		/* By trying every size, for some; by a sample for the rest. */
		for (uint64_t memory = 0; memory < least - PAGE;
		     memory += i < 10 ? PAGE : PAGE * (1 + test_random(&seed) % 999)) {
			guest.spec.memory = memory;
			assert_refused(&guest, PVB_E_ARG_MEMORY_SMALL);
			assert_int_equal(needed(&error), least);
		}
	}
}

/*
 * The list in the initial mapping grows with the guest and can push its end
 * by 4 MiB, so that a little more than the least can be too little again. What
 * is then said to be needed is what is.
 */
static void more_than_the_least_can_be_too_little_and_says_so(void **state)
{
	(void)state;
	unsigned seen = 0;

	for (uint64_t kernel = PAGE; kernel < MIB(8); kernel += PAGE) {
		struct guest guest = small_guest(PVB_GUEST_X86_64);
		struct pvb_error error = {0};
		struct pvb_plan *plan;
		uint64_t least;

		guest.image.pv.kernel_end = kernel;
		assert_ok(least_memory(&guest, &least, &error), &error);
		guest.spec.memory = least + PAGE;
		if (!plan_guest(&guest, &plan, &error)) {
			pvb_plan_free(plan);
			continue;
		}
		seen++;
		assert_int_equal(error.code, PVB_E_ARG_MEMORY_SMALL);
		guest.spec.memory = needed(&error);
		assert_true(guest.spec.memory > least + PAGE);
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		assert_int_equal(plan->info.minimum_memory, least);
		pvb_plan_free(plan);
		for (guest.spec.memory -= PAGE; guest.spec.memory > least;
		     guest.spec.memory -= PAGE)
			assert_refused(&guest, PVB_E_ARG_MEMORY_SMALL);
	}
	assert_true(seen > 0);
}

/* The address for the list has room for a small one only: the guest is as small as it can be. */
static void the_least_memory_minds_where_the_list_lies(void **state)
{
	(void)state;
	unsigned outside = 0, inside = 0;

	for (uint64_t room = 1; room < 24; room++) {
		struct guest guest = linux_guest();
		struct pvb_error error = {0};
		struct pvb_plan *plan;
		uint64_t least;

		guest.image.pv.virt_base = UINT64_C(0xffffffff80000000);
		guest.image.pv.kernel_start = guest.image.pv.virt_base;
		guest.image.pv.entry = guest.image.pv.virt_base;
		guest.image.pv.kernel_end = guest.image.pv.virt_base + MIB(16);
		guest.image.pv.hypercall_page = PVB_NONE;
		guest.image.pv.init_p2m = UINT64_C(0x10000000000) - room * PAGE;
		assert_ok(least_memory(&guest, &least, &error), &error);
		for (guest.spec.memory = 0; guest.spec.memory < least; guest.spec.memory += PAGE)
			assert_refused(&guest, PVB_E_ARG_MEMORY_SMALL);
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		outside += plan->p2m_outside;
		inside += !plan->p2m_outside;
		pvb_plan_free(plan);
	}
	assert_true(outside > 0 && inside > 0);
}

static void the_segment_that_does_not_fit_is_named(void **state)
{
	(void)state;
	static const struct {
		uint64_t pages;
		const char *name;
	} cases[] = {
		{0x1000, "kernel"},
		{0x49ff, "kernel"},
		{0x4a00, "start_info"},
		{0x4a01, "xenstore"},
		{0x4a02, "console"},
		{0x4a03, "page_tables"},
		{0x4a2c, "boot_stack"},
		{0x4a2d, "padding"},
		{0x4bff, "padding"},
		{0x4c00, "module0"},
		{0x50c4, "module0"},
		{0x50c5, "p2m"},
		{0x50c5 + 0x29, "p2m_tables"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct guest guest = linux_guest();
		struct pvb_error error = {0};
		char wanted[64];

		guest.module.bytes = 5000000;
		guest.spec.memory = cases[i].pages * PAGE;
		assert_refused(&guest, PVB_E_ARG_MEMORY_SMALL);
		(void)snprintf(wanted, sizeof wanted, ": %s, ", cases[i].name);
		assert_non_null(strstr(error.message, wanted));
		(void)snprintf(wanted, sizeof wanted, "%" PRIu64, guest.spec.memory);
		assert_non_null(strstr(error.message, wanted));
		(void)snprintf(wanted, sizeof wanted, "give it %" PRIu64 " KiB",
			       needed(&error) / 1024);
		assert_non_null(strstr(error.hint, wanted));
	}
}

/* ---- large guests ----------------------------------------------------------- */

static void sixteen_and_a_hundred_tebibytes_are_planned_right(void **state)
{
	(void)state;
	static const struct {
		uint64_t memory, list, l3, l2, l1;
	} cases[] = {
		{TIB(1), GIB(2), 1, 2, 1024},
		{TIB(16), GIB(32), 1, 32, 16384},
		{TIB(100), GIB(200), 1, 200, 102400},
		{TIB(128), GIB(256), 1, 256, 131072},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct guest guest = linux_guest();
		struct pvb_error error = {0};
		struct pvb_plan *plan;

		guest.spec.memory = cases[i].memory;
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		assert_int_equal(plan->info.memory, cases[i].memory);
		assert_int_equal(plan->pages, cases[i].memory / PAGE);
		assert_int_equal(plan->info.p2m_bytes, cases[i].list);
		assert_true(plan->p2m_outside);
		assert_int_equal(plan->p2m.count, cases[i].list / PAGE);
		assert_int_equal(plan->info.p2m_tables[0].count, cases[i].l3);
		assert_int_equal(plan->info.p2m_tables[1].count, cases[i].l2);
		assert_int_equal(plan->info.p2m_tables[2].count, cases[i].l1);
		assert_int_equal(plan->info.p2m_table_pages,
				 cases[i].l3 + cases[i].l2 + cases[i].l1);
		assert_int_equal(plan->info.table_pages, 41);
		assert_int_equal(plan->info.segments[plan->info.segment_count - 1].gpa,
				 UINT64_C(0x4c00000) + cases[i].list);
		pvb_plan_free(plan);

		/* And where the list has to lie in the initial mapping, which has room for it. */
		guest = small_guest(PVB_GUEST_X86_64);
		guest.spec.memory = cases[i].memory;
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		assert_false(plan->p2m_outside);
		assert_int_equal(plan->p2m.first.n, 0x124);
		assert_int_equal(plan->start_info.first.n, 0x124 + cases[i].list / PAGE);
		assert_true(plan->info.map_to > cases[i].list);
		assert_true(plan->info.map_to < cases[i].list + cases[i].list / 500 + MIB(8));
		assert_int_equal(plan->info.table_pages,
				 1 + pvb_div_round_up(plan->info.map_to, GIB(512)) +
					 pvb_div_round_up(plan->info.map_to, GIB(1)) +
					 pvb_div_round_up(plan->info.map_to, MIB(2)));
		pvb_plan_free(plan);
	}
}

static void a_32_bit_guest_can_have_all_that_its_abi_counts(void **state)
{
	(void)state;
	struct guest guest = pae_guest();
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	guest.spec.memory = GIB(128);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->info.p2m_bytes, MIB(128));
	assert_int_equal(plan->info.p2m_entry_size, 4);
	assert_int_equal(plan->guest_bits, 32);
	assert_int_equal(plan->levels, 3);
	assert_int_equal(plan->info.tables[0].level, 3);
	assert_int_equal(plan->info.tables[0].va_from, 0);
	assert_int_equal(plan->info.tables[1].va_from, 0xc0000000);
	pvb_plan_free(plan);
}

/* ---- what a plan says ------------------------------------------------------- */

static void a_plan_carries_what_it_was_made_from(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	const struct pvb_plan_info *info;
	struct pvb_plan *plan;
	char command_line[1024];

	memset(command_line, 'x', 1023);
	command_line[1023] = '\0';
	guest.spec.command_line = command_line;
	guest.module = (struct pvb_plan_module){.name = "initrd.img", .bytes = 5000000};
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	command_line[0] = 'y';

	info = pvb_plan_info(plan);
	assert_ptr_equal(info, &plan->info);
	assert_int_equal(info->guest_type, PVB_GUEST_X86_64);
	assert_int_equal(info->page_size, PAGE);
	assert_int_equal(info->vcpus, 1);
	assert_int_equal(strlen(info->command_line), 1023);
	assert_int_equal(info->command_line[0], 'x');
	assert_int_equal(info->registers.rip, UINT64_C(0xffffffff84000100));
	assert_int_equal(info->hypercall_page, UINT64_C(0xffffffff81001000));
	assert_true(plan->has_hypercall_page);
	assert_int_equal(plan->hypercall_page.n, 0x1001);
	assert_int_equal(info->virt_base, UINT64_C(0xffffffff80000000));
	assert_int_equal(info->p2m_form, PVB_P2M_LIST);
	assert_int_equal(info->p2m_va, UINT64_C(0x8000000000));
	assert_int_equal(info->p2m_tables[0].va_from, UINT64_C(0x8000000000));
	assert_int_equal(info->tables[0].va_from, 0);
	assert_int_equal(info->tables[1].va_from, UINT64_C(0xffffff8000000000));
	assert_int_equal(info->tables[3].va_from, UINT64_C(0xffffffff80000000));
	assert_false(info->root_below_4g);
	assert_int_equal(plan->image_unpacked_size, 12345678);

	static const char *const names[] = {"kernel",      "start_info", "xenstore", "console",
					    "page_tables", "boot_stack", "padding",  "module0",
					    "p2m",         "p2m_tables"};
	assert_int_equal(info->segment_count, sizeof names / sizeof names[0]);
	for (size_t i = 0; i < info->segment_count; i++)
		assert_string_equal(info->segments[i].name, names[i]);
	assert_int_equal(info->segments[7].bytes, 5000000);
	assert_int_equal(info->segments[7].occupied, 0x4c5000);
	pvb_plan_free(plan);
	pvb_plan_free(NULL);
}

static void without_a_hypercall_page_there_is_none(void **state)
{
	(void)state;
	struct guest guest = small_guest(PVB_GUEST_X86_64);
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	guest.spec.vcpus = 8192;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_false(plan->has_hypercall_page);
	assert_int_equal(plan->info.hypercall_page, PVB_NONE);
	assert_int_equal(plan->info.vcpus, 8192);
	assert_string_equal(plan->info.command_line, "");
	assert_null(plan->info.p2m_fallback);
	pvb_plan_free(plan);
}

static void only_a_kernel_without_extended_cr3_needs_its_root_low(void **state)
{
	(void)state;
	static const struct {
		enum pvb_pae_mode pae;
		bool low;
	} cases[] = {{PVB_PAE_YES, true}, {PVB_PAE_EXTENDED_CR3, false}, {PVB_PAE_BIMODAL, false}};

	for (size_t i = 0; i < 3; i++) {
		struct guest guest = pae_guest();
		struct pvb_error error = {0};
		struct pvb_plan *plan;

		guest.image.pv.pae = cases[i].pae;
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		assert_int_equal(plan->info.root_below_4g, cases[i].low);
		pvb_plan_free(plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_are_those_of_libxenguest),
		cmocka_unit_test(every_plan_keeps_the_contract),
		cmocka_unit_test(layouts_grow_with_what_they_hold),
		cmocka_unit_test(the_least_memory_is_exact),
		cmocka_unit_test(more_than_the_least_can_be_too_little_and_says_so),
		cmocka_unit_test(the_least_memory_minds_where_the_list_lies),
		cmocka_unit_test(the_segment_that_does_not_fit_is_named),
		cmocka_unit_test(sixteen_and_a_hundred_tebibytes_are_planned_right),
		cmocka_unit_test(a_32_bit_guest_can_have_all_that_its_abi_counts),
		cmocka_unit_test(a_plan_carries_what_it_was_made_from),
		cmocka_unit_test(without_a_hypercall_page_there_is_none),
		cmocka_unit_test(only_a_kernel_without_extended_cr3_needs_its_root_low),
	};

	return cmocka_run_group_tests_name("plan layout", tests, NULL, NULL);
}
