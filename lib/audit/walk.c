/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/walk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "audit/check.h"
#include "core/checked.h"
#include "core/cleanup.h"

#define ENTRIES 512u

/* Bits of an entry (AMD64 manual, volume 2). */
#define P (UINT64_C(1) << 0)
#define RW (UINT64_C(1) << 1)
#define US (UINT64_C(1) << 2)
#define A (UINT64_C(1) << 5)
#define D (UINT64_C(1) << 6)
#define PSE (UINT64_C(1) << 7)
#define GLOBAL (UINT64_C(1) << 8)
#define AVAIL (UINT64_C(7) << 9)
#define FRAME UINT64_C(0x000ffffffffff000)
#define AVAIL_HIGH (UINT64_C(0x7ff) << 52)
#define SOFTWARE (AVAIL | AVAIL_HIGH)
#define NX (UINT64_C(1) << 63)

/* What Xen lets a guest without devices set (xen/arch/x86/mm.c, the disallow masks). */
#define LEGAL_UPPER (P | RW | US | A | D | AVAIL | AVAIL_HIGH | NX)
#define LEGAL_LEAF (LEGAL_UPPER | GLOBAL)
#define LEGAL_PAE_L3 (P | RW | US | A | D | AVAIL)

/* Xen's slots of a 64-bit root, and its L2 entries of a 32-bit guest's last GiB (0xf5800000 on). */
#define XEN_SLOT_FIRST 256u
#define XEN_SLOT_LAST 271u
#define XEN_SLOT_LINEAR 258u
#define XEN_PAE_L2_FIRST 428u

void walk_free(struct walk *walk)
{
	free(walk->tables);
	free(walk->hash);
	free(walk->by_pfn);
	free(walk->regions);
	*walk = (struct walk){0};
}

/*
 * The guest chooses its frame numbers, in a core at least; a key that it cannot know keeps it
 * from choosing ones that all meet in one slot.
 */
static void choose_hash_key(struct walk *walk)
{
	if (getrandom(&walk->hash_key, sizeof walk->hash_key, GRND_NONBLOCK) !=
	    (ssize_t)sizeof walk->hash_key)
		walk->hash_key = UINT64_C(0x9e3779b97f4a7c15);
	walk->hash_key |= 1;
}

static size_t hash_slot(const struct walk *walk, uint64_t frame)
{
	return (size_t)((frame * walk->hash_key) >> (64 - __builtin_ctzll(walk->hash_size)));
}

const struct walk_table *walk_table_of(const struct walk *walk, pvb_mfn_t frame)
{
	if (!walk->hash_size)
		return NULL;
	for (size_t slot = hash_slot(walk, frame.n);; slot = (slot + 1) & (walk->hash_size - 1)) {
		uint32_t index = walk->hash[slot];

		if (!index)
			return NULL;
		if (walk->tables[index - 1].frame.n == frame.n)
			return &walk->tables[index - 1];
	}
}

static void hash_in(struct walk *walk, size_t index)
{
	size_t slot = hash_slot(walk, walk->tables[index].frame.n);

	while (walk->hash[slot])
		slot = (slot + 1) & (walk->hash_size - 1);
	walk->hash[slot] = (uint32_t)index + 1;
}

static int add_table(struct walk *walk, struct walk_table table, struct pvb_error *error)
{
	if (walk->table_count == walk->table_capacity) {
		size_t capacity = walk->table_capacity ? walk->table_capacity * 2 : 256;
		struct walk_table *tables =
			(struct walk_table *)reallocarray(walk->tables, capacity, sizeof *tables);

		if (!tables)
			return pvb_fail_memory(error, "audit", "the tables found");
		walk->tables = tables;
		walk->table_capacity = capacity;

		uint32_t *hash = (uint32_t *)calloc(capacity * 2, sizeof *hash);

		if (!hash)
			return pvb_fail_memory(error, "audit", "the tables found");
		free(walk->hash);
		walk->hash = hash;
		walk->hash_size = capacity * 2;
		for (size_t i = 0; i < walk->table_count; i++)
			hash_in(walk, i);
	}
	walk->tables[walk->table_count] = table;
	hash_in(walk, walk->table_count++);
	return 0;
}

static int add_leaf(struct check *check, struct walk_region leaf, struct pvb_error *error)
{
	struct walk *walk = &check->walk;
	struct walk_region *last =
		walk->regions && walk->region_count ? &walk->regions[walk->region_count - 1] : NULL;

	if (last && leaf.page == last->page + last->count &&
	    leaf.pfn.n == last->pfn.n + last->count && leaf.writable == last->writable &&
	    leaf.no_execute == last->no_execute) {
		last->count++;
		return 0;
	}
	if (walk->region_count == WALK_MAX_REGIONS) {
		walk->truncated = true;
		return 0;
	}
	if (!walk->regions || walk->region_count == walk->region_capacity) {
		size_t capacity = walk->region_capacity ? walk->region_capacity * 2 : 64;
		struct walk_region *regions = (struct walk_region *)reallocarray(
			walk->regions, capacity, sizeof *regions);

		if (!regions)
			return pvb_fail_memory(error, "audit", "the regions found");
		walk->regions = regions;
		walk->region_capacity = capacity;
	}
	walk->regions[walk->region_count++] = leaf;
	return 0;
}

const struct walk_region *walk_region_from(const struct walk *walk, uint64_t page)
{
	size_t low = 0, high = walk->region_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (walk->regions[middle].page + walk->regions[middle].count <= page)
			low = middle + 1;
		else
			high = middle;
	}
	return low < walk->region_count ? &walk->regions[low] : NULL;
}

const struct walk_region *walk_region_of(const struct walk *walk, uint64_t page)
{
	const struct walk_region *region = walk_region_from(walk, page);

	return region && region->page <= page ? region : NULL;
}

size_t walk_tables_in(const struct walk *walk, pvb_pfn_t first, uint64_t count, size_t *index)
{
	size_t bound[2];
	const uint64_t keys[2] = {first.n, first.n + count};

	for (size_t k = 0; k < 2; k++) {
		size_t low = 0, high = walk->table_count;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (walk->by_pfn[middle].pfn < keys[k])
				low = middle + 1;
			else
				high = middle;
		}
		bound[k] = low;
	}
	*index = bound[0];
	return bound[1] - bound[0];
}

/* What a batch of entries of one table points to. */
struct targets {
	pvb_mfn_t frames[ENTRIES];
	struct view_frame info[ENTRIES];
	unsigned index[ENTRIES];
	size_t count;
};

static struct place place_entry(const struct check *check, const struct walk_table *table,
				unsigned index)
{
	return place("L%u table at PFN 0x%llx, entry %u (0x%llx)", table->level,
		     (unsigned long long)table->pfn.n, index,
		     (unsigned long long)page_address(
			     check, table->page + ((uint64_t)index << (9 * (table->level - 1)))));
}

static uint64_t entry_at(const uint8_t *bytes, unsigned index)
{
	uint64_t entry;

	/* The tables are little-endian, and so is every machine that builds this for x86 guests. */
	memcpy(&entry, bytes + (size_t)index * 8, 8);
	return entry;
}

/* The hypervisor's own entries, which nobody else may judge. */
static bool is_xens(const struct check *check, const struct walk_table *table, unsigned index)
{
	if (check->view->guest_bits == 64)
		return table->level == 4 && index >= XEN_SLOT_FIRST && index <= XEN_SLOT_LAST;
	return table->level == 2 && table->page >> 18 == 3 && index >= XEN_PAE_L2_FIRST;
}

static void check_leaf_bits(struct check *check, const struct walk_table *table, unsigned index,
			    uint64_t entry, uint64_t form)
{
	const bool wide = check->view->guest_bits == 64;
	const uint64_t mark = check->marks.kernel;
	const uint64_t usual = P | RW | A | D | FRAME | SOFTWARE | (wide ? US : 0);
	const uint64_t legal = (LEGAL_LEAF | FRAME) & ~check->marks.grant;
	const uint64_t software = entry & SOFTWARE & legal & ~mark;

	if (entry & ~legal)
		finding(check, RULE_TABLES_ILLEGAL_BITS, place_entry(check, table, index),
			"the leaf is 0x%016llx, of which the hypervisor refuses 0x%llx",
			(unsigned long long)entry, (unsigned long long)(entry & ~legal));
	else if (entry & ~usual)
		finding(check, RULE_TABLES_UNUSUAL_BITS, place_entry(check, table, index),
			"the leaf is 0x%016llx, and 0x%llx has no use at a start of day",
			(unsigned long long)entry, (unsigned long long)(entry & ~usual));
	if (software)
		finding(check, RULE_TABLES_SOFTWARE_BITS, place_entry(check, table, index),
			"the leaf is 0x%016llx, and the bits 0x%llx of it are the guest's",
			(unsigned long long)entry, (unsigned long long)software);
	if (!wide || (entry & (US | mark)) == form)
		return;
	if (check->root_info.pinned)
		finding(check, RULE_TABLES_KERNEL_MARK, place_entry(check, table, index),
			"the leaf is 0x%016llx: bits 2 and %u should be set, by which the "
			"hypervisor tells the kernel's pages from user space's",
			(unsigned long long)entry, check->marks.kernel_bit);
	else
		finding(check, RULE_TABLES_LEAF_FORM, place_entry(check, table, index),
			"the leaf is 0x%016llx: bits 2 and %u should both be %s, as in the "
			"other leaves",
			(unsigned long long)entry, check->marks.kernel_bit, form ? "set" : "clear");
}

static void check_upper_bits(struct check *check, const struct walk_table *table, unsigned index,
			     uint64_t entry)
{
	const bool pae_root = check->view->guest_bits == 32 && table->level == 3;
	const uint64_t legal = (pae_root ? LEGAL_PAE_L3 : LEGAL_UPPER) | FRAME;
	const uint64_t usual = P | RW | US | A | D | FRAME | SOFTWARE;
	const uint64_t software = entry & SOFTWARE & legal;

	if (entry & ~(legal | PSE))
		finding(check, RULE_TABLES_ILLEGAL_BITS, place_entry(check, table, index),
			"the entry is 0x%016llx, of which the hypervisor refuses 0x%llx",
			(unsigned long long)entry, (unsigned long long)(entry & ~(legal | PSE)));
	else if (entry & ~(usual | PSE))
		finding(check, RULE_TABLES_UNUSUAL_BITS, place_entry(check, table, index),
			"the entry is 0x%016llx, and 0x%llx has no use at a start of day",
			(unsigned long long)entry, (unsigned long long)(entry & ~(usual | PSE)));
	if (software)
		finding(check, RULE_TABLES_SOFTWARE_BITS, place_entry(check, table, index),
			"the entry is 0x%016llx, and the bits 0x%llx of it are the guest's",
			(unsigned long long)entry, (unsigned long long)software);
	if ((entry & (RW | US)) != (RW | US))
		finding(check, RULE_TABLES_UPPER_FLAGS, place_entry(check, table, index),
			"the entry is 0x%016llx, and bits 1 and 2 (0x6) should be set",
			(unsigned long long)entry);
}

/* Collect what a table points to, and judge the entries that need no more than a look. */
static void scan(struct check *check, const struct walk_table *table, const uint8_t *bytes,
		 struct targets *targets)
{
	const unsigned used = check->view->guest_bits == 32 && table->level == 3 ? 4 : ENTRIES;

	targets->count = 0;
	for (unsigned index = 0; index < ENTRIES; index++) {
		uint64_t entry = entry_at(bytes, index);

		if (!entry)
			continue;
		if (index >= used) {
			finding(check, RULE_TABLES_PAE_SLOT3, place_entry(check, table, index),
				"entry %u of the PAE root is 0x%016llx, and only the first 4 are "
				"in use",
				index, (unsigned long long)entry);
			continue;
		}
		if (is_xens(check, table, index)) {
			if (!(entry & P))
				continue;
		} else if (!(entry & P)) {
			finding(check, RULE_TABLES_NOT_PRESENT, place_entry(check, table, index),
				"the entry is not present and should be zero, but is 0x%016llx",
				(unsigned long long)entry);
			continue;
		}
		targets->frames[targets->count] = PVB_MFN((entry & FRAME) >> VIEW_PAGE_SHIFT);
		targets->index[targets->count++] = index;
	}
}

static int pfn_of(struct check *check, pvb_mfn_t frame, pvb_pfn_t *pfn, struct pvb_error *error)
{
	uint64_t count;

	return view_m2p(check->view, frame, 1, pfn, &count, error);
}

static int visit_leaves(struct check *check, const struct walk_table *table, const uint8_t *bytes,
			const struct targets *targets, uint64_t form, struct pvb_error *error)
{
	for (size_t i = 0; i < targets->count; i++) {
		unsigned index = targets->index[i];
		uint64_t entry = entry_at(bytes, index);
		const struct view_frame *info = &targets->info[i];
		pvb_pfn_t pfn = PVB_PFN(PVB_NO_FRAME);
		int rc = info->owned ? pfn_of(check, targets->frames[i], &pfn, error) : 0;

		if (rc)
			return rc;
		check_leaf_bits(check, table, index, entry, form);
		if (pfn.n == PVB_NO_FRAME) {
			finding(check, RULE_TABLES_FOREIGN, place_entry(check, table, index),
				"the leaf maps MFN 0x%llx, which is not the domain's",
				(unsigned long long)targets->frames[i].n);
			continue;
		}
		if (check->view->knows_types && info->type != PVB_FRAME_PLAIN &&
		    !walk_table_of(&check->walk, targets->frames[i]))
			finding(check, RULE_TYPES_LEAF, place_entry(check, table, index),
				"the leaf maps MFN 0x%llx, which is a page table to the "
				"hypervisor and none of this domain's root",
				(unsigned long long)targets->frames[i].n);
		rc = add_leaf(check,
			      (struct walk_region){.page = table->page + index,
						   .count = 1,
						   .pfn = pfn,
						   .writable = (entry & RW) != 0,
						   .no_execute = (entry & NX) != 0},
			      error);
		if (rc)
			return rc;
	}
	return 0;
}

/* An entry that leads to a table of the next level. */
static int visit_upper_entry(struct check *check, struct walk_table table, unsigned index,
			     uint64_t entry, pvb_mfn_t frame, bool owned, struct pvb_error *error)
{
	const struct walk_table *known = walk_table_of(&check->walk, frame);
	pvb_pfn_t pfn = PVB_PFN(PVB_NO_FRAME);

	check_upper_bits(check, &table, index, entry);
	if (entry & PSE) {
		finding(check, RULE_TABLES_SUPERPAGE, place_entry(check, &table, index),
			"the entry is 0x%016llx, which maps a superpage; PV guests have none",
			(unsigned long long)entry);
		return 0;
	}
	int rc = owned ? pfn_of(check, frame, &pfn, error) : 0;

	if (rc)
		return rc;
	if (pfn.n == PVB_NO_FRAME) {
		finding(check, RULE_TABLES_FOREIGN, place_entry(check, &table, index),
			"the entry leads to MFN 0x%llx, which is not the domain's",
			(unsigned long long)frame.n);
		return 0;
	}
	if (known) {
		finding(check, RULE_TABLES_SHARED, place_entry(check, &table, index),
			"the entry leads to PFN 0x%llx, which is an L%u table already",
			(unsigned long long)pfn.n, known->level);
		return 0;
	}
	if (check->walk.table_count == WALK_MAX_TABLES) {
		check->walk.truncated = true;
		return 0;
	}
	return add_table(&check->walk,
			 (struct walk_table){.frame = frame,
					     .pfn = pfn,
					     .page = table.page +
						     ((uint64_t)index << (9 * (table.level - 1))),
					     .level = table.level - 1},
			 error);
}

static int visit_upper(struct check *check, const struct walk_table *table, const uint8_t *bytes,
		       const struct targets *targets, struct pvb_error *error)
{
	/* A copy: tables may move when one is added. */
	const struct walk_table this = *table;

	for (size_t i = 0; i < targets->count; i++) {
		unsigned index = targets->index[i];

		if (is_xens(check, &this, index)) {
			/* Xen maps the root itself at its linear slot; all else there is Xen's own.
			 */
			bool linear = index == XEN_SLOT_LINEAR && this.level == 4 &&
				      targets->frames[i].n == check->root.n;

			if (targets->info[i].owned && !linear)
				finding(check, RULE_LAYOUT_HYPERVISOR,
					place_entry(check, &this, index),
					"the entry leads to MFN 0x%llx, a frame of the domain, "
					"in the hypervisor's part of the table",
					(unsigned long long)targets->frames[i].n);
			continue;
		}
		int rc = visit_upper_entry(check, this, index, entry_at(bytes, index),
					   targets->frames[i], targets->info[i].owned, error);

		if (rc)
			return rc;
	}
	return 0;
}

/* The bits that the first leaf has, which all others should have too. */
static uint64_t leaf_form(const struct check *check, const uint8_t *bytes)
{
	for (unsigned i = 0; i < ENTRIES; i++) {
		uint64_t entry = entry_at(bytes, i);

		if (!(entry & P))
			continue;
		/* Under a pin there is but one form. */
		return entry & check->marks.kernel || check->root_info.pinned
			       ? US | check->marks.kernel
			       : 0;
	}
	return 0;
}

#define WINDOW 64u

static int visit_window(struct check *check, size_t first, size_t count, uint8_t *bytes,
			struct targets *targets, uint64_t *form, bool *have_form,
			struct pvb_error *error)
{
	pvb_mfn_t frames[WINDOW] = {{0}};

	for (size_t i = 0; i < count; i++)
		frames[i] = check->walk.tables[first + i].frame;
	int rc = view_read(check->view, frames, count, bytes, error);

	for (size_t i = 0; i < count && !rc; i++) {
		const struct walk_table table = check->walk.tables[first + i];
		const uint8_t *page = bytes + i * VIEW_PAGE_SIZE;

		scan(check, &table, page, targets);
		if (!targets->count)
			continue;
		rc = view_frames(check->view, targets->frames, targets->count, targets->info,
				 error);
		if (rc)
			break;
		if (table.level > 1) {
			rc = visit_upper(check, &table, page, targets, error);
			continue;
		}
		if (!*have_form) {
			*form = leaf_form(check, page);
			*have_form = true;
		}
		rc = visit_leaves(check, &table, page, targets, *form, error);
	}
	return rc;
}

static int compare_by_pfn(const void *a, const void *b)
{
	const struct walk_by_pfn *x = (const struct walk_by_pfn *)a;
	const struct walk_by_pfn *y = (const struct walk_by_pfn *)b;

	return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

static int sort_by_pfn(struct walk *walk, struct pvb_error *error)
{
	walk->by_pfn =
		(struct walk_by_pfn *)reallocarray(NULL, walk->table_count, sizeof *walk->by_pfn);
	if (!walk->by_pfn)
		return pvb_fail_memory(error, "audit", "the tables found");
	for (size_t i = 0; i < walk->table_count; i++)
		walk->by_pfn[i] = (struct walk_by_pfn){walk->tables[i].pfn.n, (uint32_t)i};
	qsort(walk->by_pfn, walk->table_count, sizeof *walk->by_pfn, compare_by_pfn);
	return 0;
}

int walk_tables(struct check *check, struct pvb_error *error)
{
	struct walk *walk = &check->walk;
	const unsigned top = check->view->guest_bits == 64 ? 4 : 3;
	pvb_pfn_t pfn;
	uint64_t form = 0;
	bool have_form = false;
	PVB_AUTO_FREE uint8_t *bytes = (uint8_t *)malloc((size_t)WINDOW * VIEW_PAGE_SIZE);
	PVB_AUTO_FREE struct targets *targets = (struct targets *)malloc(sizeof *targets);

	if (!bytes || !targets)
		return pvb_fail_memory(error, "audit", "a window onto page tables");
	choose_hash_key(walk);
	int rc = pfn_of(check, check->root, &pfn, error);

	if (!rc)
		rc = add_table(walk, (struct walk_table){check->root, pfn, 0, top}, error);
	/* The list grows while it is read: all of one level, then all of the next. */
	for (size_t next = 0; !rc && next < walk->table_count;) {
		size_t count = 1;

		while (count < WINDOW && next + count < walk->table_count &&
		       walk->tables[next + count].level == walk->tables[next].level)
			count++;
		rc = visit_window(check, next, count, bytes, targets, &form, &have_form, error);
		next += count;
	}
	return rc ? rc : sort_by_pfn(walk, error);
}

/* The L1 table that covers a page, if the walk found it there. */
static int find_l1(struct check *check, uint64_t page, const struct walk_table **l1,
		   struct pvb_error *error)
{
	const struct walk_table *table = walk_table_of(&check->walk, check->root);

	while (table && table->level > 1) {
		unsigned index = (page >> (9 * (table->level - 1))) & (ENTRIES - 1);
		const uint8_t *bytes;
		int rc = view_page(check->view, table->frame, &bytes, error);

		if (rc)
			return rc;
		uint64_t entry = entry_at(bytes, index);
		const struct walk_table *next =
			walk_table_of(&check->walk, PVB_MFN((entry & FRAME) >> VIEW_PAGE_SHIFT));
		bool same = next && (entry & P) && !(entry & PSE) &&
			    next->level == table->level - 1 &&
			    next->page >> (9 * next->level) == page >> (9 * next->level);

		table = same ? next : NULL;
	}
	*l1 = table;
	return 0;
}

int walk_frames(struct check *check, uint64_t page, size_t count, pvb_mfn_t *frames, size_t *done,
		struct pvb_error *error)
{
	uint8_t entries[VIEW_PAGE_SIZE];
	uint64_t have = UINT64_MAX;

	for (*done = 0; *done < count; ++*done, page++) {
		if (!walk_region_of(&check->walk, page))
			return 0;
		if (page >> 9 != have) {
			const struct walk_table *l1;
			const uint8_t *bytes;
			int rc = find_l1(check, page, &l1, error);

			if (rc || !l1)
				return rc;
			rc = view_page(check->view, l1->frame, &bytes, error);
			if (rc)
				return rc;
			memcpy(entries, bytes, sizeof entries);
			have = page >> 9;
		}
		uint64_t entry = entry_at(entries, page & (ENTRIES - 1));

		frames[*done] = PVB_MFN((entry & FRAME) >> VIEW_PAGE_SHIFT);
	}
	return 0;
}
