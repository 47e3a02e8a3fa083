/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The page tables, computed from the plan and the runs of memory, each frame
 * written once, and every table checked while it is at hand
 * (entries.c); then the pin, which has the hypervisor validate the tables.
 *
 * Entries are those of libxenguest: leaves present, writable, accessed, but
 * read-only where they map a page table; everything above with the user and
 * dirty bits too, which is what 64-bit Xen wants of a PV guest of either width.
 */
#include "build/builder.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "build/abi.h"
#include "build/entries.h"
#include "core/checked.h"

#define LEAF (PVB_ABI_PTE_P | PVB_ABI_PTE_RW | PVB_ABI_PTE_A)
#define LEAF_OF_TABLE (LEAF & ~PVB_ABI_PTE_RW)
#define UPPER (LEAF | PVB_ABI_PTE_US | PVB_ABI_PTE_D)

static unsigned shift_of_level(unsigned level)
{
	return PVB_ABI_X86_PAGE_SHIFT + PVB_ABI_TABLE_SHIFT * (level - 1);
}

/* The address as the page tables see it: without sign extension. */
static uint64_t table_va(const struct pvb_plan *plan, pvb_va_t va)
{
	unsigned bits = plan->levels == 4 ? PVB_ABI_VA_BITS_64 : PVB_ABI_VA_BITS_32;

	return va.a & ((UINT64_C(1) << bits) - 1);
}

static bool is_table(const struct pvb_plan *plan, uint64_t pfn)
{
	return pfn - plan->page_tables.first.n < plan->page_tables.count ||
	       pfn - plan->p2m_tables.first.n < plan->p2m_tables.count;
}

/* count entries that lead to the frames of count PFNs from pfn on. */
static int fill_entries(const struct pvb_builder *builder, uint64_t *entries, uint64_t pfn,
			uint64_t count, unsigned level, struct pvb_error *error)
{
	while (count) {
		uint64_t mfn, here;

		if (!pvb_runs_find(&builder->memory, pfn, &mfn, &here))
			return pvb_fail(error, PVB_E_BUG, builder->stage,
					"a level %u table is to map PFN 0x%" PRIx64
					", which has no memory",
					level, pfn);
		here = pvb_min(here, count);
		for (uint64_t i = 0; i < here; i++) {
			uint64_t flags = level > 1                          ? UPPER
					 : is_table(builder->plan, pfn + i) ? LEAF_OF_TABLE
									    : LEAF;

			entries[i] = htole64((mfn + i) << PVB_ABI_X86_PAGE_SHIFT | flags);
		}
		entries += here;
		pfn += here;
		count -= here;
	}
	return 0;
}

/*
 * What a mapping contributes to a table of a level that covers [from, last]: its tables
 * of the level below or, at the bottom, its pages. They cover [low, high] in steps of
 * one entry, and begin at PFN first.
 */
static bool children(const struct pvb_plan *plan, const struct pvb_plan_mapping *mapping,
		     unsigned level, uint64_t *low, uint64_t *high, uint64_t *first)
{
	unsigned shift = shift_of_level(level);

	if (level == 1) {
		*low = table_va(plan, mapping->from);
		*high = *low + (mapping->to.a - mapping->from.a - 1);
		*first = mapping->first.n;
		return mapping->to.a != mapping->from.a;
	}
	*low = table_va(plan, mapping->level[level - 2].from);
	*high = *low + (mapping->level[level - 2].count << shift) - 1;
	*first = mapping->level[level - 2].first.n;
	return mapping->level[level - 2].count != 0;
}

/* One table: entry i covers from + (i << shift_of_level(level)). */
static int fill_table(const struct pvb_builder *builder, uint64_t *entries, unsigned level,
		      uint64_t from, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	const struct pvb_plan_mapping *mappings[] = {&plan->initial, &plan->p2m_mapping};
	size_t count = plan->p2m_outside ? 2 : 1;
	unsigned shift = shift_of_level(level);
	uint64_t last = from + (UINT64_C(1) << (shift + PVB_ABI_TABLE_SHIFT)) - 1;

	memset(entries, 0, PVB_ABI_TABLE_ENTRIES * sizeof *entries);
	for (size_t i = 0; i < count; i++) {
		uint64_t low, high, first;

		if (!children(plan, mappings[i], level, &low, &high, &first) || low > last ||
		    high < from)
			continue;

		uint64_t begin = pvb_max(low, from), end = pvb_min(high, last);
		int rc = fill_entries(builder, &entries[(begin - from) >> shift],
				      first + ((begin - low) >> shift),
				      ((end - begin) >> shift) + 1, level, error);
		if (rc)
			return rc;
	}
	return 0;
}

struct write_tables {
	const struct pvb_plan_mapping *mapping;
	struct pvb_entry_rules rules;
};

static int write_tables(struct pvb_builder *builder, void *opaque, uint8_t *at, pvb_pfn_t first,
			uint64_t count, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	const struct write_tables *what = opaque;
	const struct pvb_plan_mapping *mapping = what->mapping;
	uint64_t *entries = (uint64_t *)(void *)at;
	unsigned level = plan->levels;

	for (uint64_t i = 0; i < count; i++, entries += PVB_ABI_TABLE_ENTRIES) {
		uint64_t pfn = first.n + i;

		while (level &&
		       pfn - mapping->level[level - 1].first.n >= mapping->level[level - 1].count)
			level--;
		if (level == 0)
			return pvb_fail(error, PVB_E_BUG, builder->stage,
					"PFN 0x%" PRIx64 " is to be a page table, but of no level",
					pfn);

		uint64_t index = pfn - mapping->level[level - 1].first.n;
		uint64_t from = table_va(plan, mapping->level[level - 1].from) +
				(index << (shift_of_level(level) + PVB_ABI_TABLE_SHIFT));
		struct pvb_entry_table table = {level, pfn, from};
		int rc = fill_table(builder, entries, level, from, error);

		if (rc == 0)
			rc = pvb_entries_check(&what->rules, &table, entries, builder->stage,
					       error);
		if (rc)
			return rc;
	}
	return 0;
}

/* The frames of a mapping's tables, by what the mapping says, and not the plan's list of parts. */
static int note_tables(const struct pvb_builder *builder, const struct pvb_plan_mapping *mapping,
		       struct pvb_runs *tables, struct pvb_error *error)
{
	for (unsigned level = 1; level <= builder->plan->levels; level++) {
		uint64_t pfn = mapping->level[level - 1].first.n;
		uint64_t count = mapping->level[level - 1].count;

		while (count) {
			uint64_t mfn, here;

			if (!pvb_runs_find(&builder->memory, pfn, &mfn, &here))
				return pvb_fail(error, PVB_E_BUG, builder->stage,
						"PFN 0x%" PRIx64
						" is to be a page table but has no memory",
						pfn);
			here = pvb_min(here, count);
			int rc = pvb_runs_add(tables, mfn, pfn, here);
			if (rc == -ENOMEM)
				return pvb_fail_memory(error, builder->stage,
						       "the frames of page tables");
			if (rc)
				return pvb_fail(error, PVB_E_BUG, builder->stage,
						"machine frame 0x%" PRIx64
						" is to be two page tables",
						mfn);
			pfn += here;
			count -= here;
		}
	}
	return 0;
}

uint64_t pvb_build_page_tables_bytes(const struct pvb_builder *builder)
{
	return (builder->plan->page_tables.count + builder->plan->p2m_tables.count)
	       << builder->host->page_shift;
}

int pvb_build_page_tables(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	struct pvb_runs tables = {0};
	struct write_tables what = {
		.mapping = &plan->initial,
		.rules =
			{
				.guest_bits = plan->guest_bits,
				.address_bits = builder->address_bits,
				.kernel_bit = builder->pte_bits.kernel_bit,
				.tables = &tables,
			},
	};
	int rc = note_tables(builder, &plan->initial, &tables, error);

	if (rc == 0 && plan->p2m_outside)
		rc = note_tables(builder, &plan->p2m_mapping, &tables, error);
	if (rc == 0)
		rc = pvb_window_each(builder, plan->page_tables.first, plan->page_tables.count,
				     write_tables, &what, error);
	what.mapping = &plan->p2m_mapping;
	if (rc == 0 && plan->p2m_outside)
		rc = pvb_window_each(builder, plan->p2m_tables.first, plan->p2m_tables.count,
				     write_tables, &what, error);
	pvb_runs_free(&tables);
	return rc;
}

/*
 * A frame has one type at a time: a table that anybody has mapped writable, we
 * included, cannot become one.
 */
int pvb_build_pin(struct pvb_builder *builder, struct pvb_error *error)
{
	pvb_mfn_t root;
	int rc = pvb_builder_frame(builder,
				   builder->plan->initial.level[builder->plan->levels - 1].first,
				   &root, error);

	if (rc)
		return rc;
	if (builder->mapped)
		return pvb_fail(error, PVB_E_BUG, builder->stage,
				"%" PRIu64 " frames of the guest are still mapped at the pin",
				builder->mapped);
	return pvb_host_pin_table(builder->host, builder->domid, builder->plan->levels, root,
				  error);
}
