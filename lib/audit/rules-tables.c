/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page tables as a whole. Single entries are judged during the walk (walk.c). */
#include "audit/check.h"
#include "core/checked.h"

/* Rules that the walk applies to every entry that it meets. */
static const enum audit_rule entry_rules[] = {
	RULE_TABLES_ILLEGAL_BITS, RULE_TABLES_SUPERPAGE,     RULE_TABLES_UNUSUAL_BITS,
	RULE_TABLES_UPPER_FLAGS,  RULE_TABLES_SOFTWARE_BITS, RULE_TABLES_NOT_PRESENT,
	RULE_TABLES_FOREIGN,      RULE_TABLES_SHARED,        RULE_LAYOUT_HYPERVISOR,
};

static void check_access(struct check *check, const struct walk_region *region)
{
	const struct walk *walk = &check->walk;
	size_t first;
	const size_t tables = walk_tables_in(walk, region->pfn, region->count, &first);

	if (region->writable) {
		for (size_t i = first; i < first + tables; i++) {
			uint64_t pfn = walk->by_pfn[i].pfn;

			finding(check, RULE_TABLES_WRITABLE,
				place_page(check, region->page + (pfn - region->pfn.n)),
				"the L%u table at PFN 0x%llx is mapped writable",
				walk->tables[walk->by_pfn[i].index].level, (unsigned long long)pfn);
		}
	} else if (tables < region->count) {
		uint64_t pfn = region->pfn.n;

		for (size_t i = first; i < first + tables && walk->by_pfn[i].pfn == pfn; i++)
			pfn++;
		finding(check, RULE_TABLES_READ_ONLY,
			place_page(check, region->page + (pfn - region->pfn.n)),
			"PFN 0x%llx is mapped read-only and is no page table",
			(unsigned long long)pfn);
	}
}

void check_tables(struct check *check)
{
	const struct walk *walk = &check->walk;
	bool have_slot3 = check->view->guest_bits == 64;

	for (size_t i = 0; i < sizeof entry_rules / sizeof entry_rules[0]; i++)
		applies(check, entry_rules[i]);
	if (check->view->guest_bits == 64)
		applies(check,
			check->root_info.pinned ? RULE_TABLES_KERNEL_MARK : RULE_TABLES_LEAF_FORM);
	applies(check, RULE_TABLES_WRITABLE);
	applies(check, RULE_TABLES_READ_ONLY);
	for (size_t i = 0; i < walk->region_count; i++)
		check_access(check, &walk->regions[i]);

	for (size_t i = 0; i < walk->table_count; i++)
		if (walk->tables[i].level == 2 && walk->tables[i].page >> 18 == 3)
			have_slot3 = true;
	expect(check, RULE_TABLES_PAE_SLOT3, have_slot3, place("L3 table, entry 3"),
	       "the entry is empty, and the hypervisor needs its L2 table for the M2P");
	expect(check, RULE_TABLES_TOO_MANY, !walk->truncated, place("cr3"),
	       "there are more than %u tables or %u regions: the walk was cut short",
	       WALK_MAX_TABLES, WALK_MAX_REGIONS);
}

/* Whether what a table covers has anything to do with count pages from page on. */
static bool covers(const struct walk_table *table, uint64_t page, uint64_t count)
{
	const uint64_t span = UINT64_C(1) << (9 * table->level);

	return table->page < page + count && page < table->page + span;
}

void check_table_places(struct check *check)
{
	const struct layout *layout = &check->layout;
	const struct walk *walk = &check->walk;
	const uint64_t room = layout->end - layout->base;
	const bool list_apart = layout->list_usable && !layout->list_inside;
	uint64_t next_initial = walk->tables[0].pfn.n, next_list = 0;
	bool in_order = true;

	if (!layout->list_usable)
		return;
	if (list_apart) {
		const struct walk_region *region = walk_region_of(walk, layout->list);

		next_list = region->pfn.n + (layout->list - region->page) + layout->list_pages;
	}
	applies(check, RULE_TABLES_ORDER);
	applies(check, RULE_TABLES_PLACE);
	applies(check, RULE_TABLES_P2M_MAPPED);
	for (size_t i = 0; i < walk->table_count; i++) {
		const struct walk_table *table = &walk->tables[i];
		const bool initial = table->pfn.n < room;
		/* The last L2 of a PAE guest is there for the M2P, and builders fill the gap. */
		const bool pae_l2 = check->view->guest_bits == 32 && table->level == 2;
		uint64_t *next = initial ? &next_initial : &next_list;

		if (!pae_l2 &&
		    (initial ? !covers(table, layout->base, room)
			     : !list_apart || !covers(table, layout->list, layout->list_pages))) {
			finding(check, RULE_TABLES_PLACE,
				place("L%u table at PFN 0x%llx", table->level,
				      (unsigned long long)table->pfn.n),
				"the table is for address 0x%llx, %s",
				(unsigned long long)page_address(check, table->page),
				initial ? "where the initial region is not"
					: "and stands outside the initial region without being "
					  "the p2m list's");
			continue;
		}
		/* One report: behind one that is out of place all the others are, too. */
		if (in_order && table->pfn.n != *next) {
			finding(check, RULE_TABLES_ORDER,
				place("L%u table at PFN 0x%llx", table->level,
				      (unsigned long long)table->pfn.n),
				"the table for address 0x%llx should stand at PFN 0x%llx",
				(unsigned long long)page_address(check, table->page),
				(unsigned long long)*next);
			in_order = false;
		}
		++*next;
	}

	for (size_t i = 0; i < walk->region_count; i++) {
		const struct walk_region *region = &walk->regions[i];
		const uint64_t from = pvb_max(region->pfn.n, room);
		const uint64_t end = region->pfn.n + region->count;
		size_t first;

		if (from < end && walk_tables_in(walk, PVB_PFN(from), end - from, &first))
			finding(check, RULE_TABLES_P2M_MAPPED,
				place_page(check, region->page + (walk->by_pfn[first].pfn -
								  region->pfn.n)),
				"PFN 0x%llx, a table of the p2m list, is mapped here",
				(unsigned long long)walk->by_pfn[first].pfn);
	}
}

static enum pvb_frame_type type_of_level(unsigned level)
{
	static const enum pvb_frame_type types[] = {PVB_FRAME_PLAIN, PVB_FRAME_L1, PVB_FRAME_L2,
						    PVB_FRAME_L3, PVB_FRAME_L4};

	return types[level];
}

int check_types(struct check *check, struct pvb_error *error)
{
	const struct walk *walk = &check->walk;
	const unsigned top = check->view->guest_bits == 64 ? 4 : 3;
	pvb_mfn_t frames[256];
	struct view_frame info[256];

	if (!check->view->knows_types)
		return 0;
	applies(check, RULE_TYPES_LEAF);
	expect(check, RULE_TYPES_ROOT,
	       check->root_info.pinned && check->root_info.type == type_of_level(top),
	       place("cr3, MFN 0x%llx", (unsigned long long)check->root.n),
	       "the root is %s, and should be pinned as an L%u table",
	       check->root_info.pinned ? "pinned as a table of another level" : "not pinned", top);

	applies(check, RULE_TYPES_TABLE);
	for (size_t i = 1; i < walk->table_count; i += 256) {
		const size_t count = (size_t)pvb_min(256, walk->table_count - i);

		for (size_t k = 0; k < count; k++)
			frames[k] = walk->tables[i + k].frame;
		int rc = view_frames(check->view, frames, count, info, error);

		if (rc)
			return rc;
		for (size_t k = 0; k < count; k++)
			if (info[k].type != type_of_level(walk->tables[i + k].level))
				finding(check, RULE_TYPES_TABLE,
					place("L%u table at PFN 0x%llx", walk->tables[i + k].level,
					      (unsigned long long)walk->tables[i + k].pfn.n),
					"the hypervisor does not hold MFN 0x%llx for an L%u table",
					(unsigned long long)frames[k].n, walk->tables[i + k].level);
	}
	return 0;
}
