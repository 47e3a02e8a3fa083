/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the checks compare with: found by asking Xen and by walking the page tables, and where
 * things were placed, by the order that xen.h promises. start_info is what is examined, so it
 * is not believed here.
 */
#include "hypercall.h"
#include "probe.h"

/* The tables of some 16 GiB that are mapped; a mapping beyond that is nobody's. */
#define MAX_TABLES 8192

struct facts facts;
struct page shared_info_page, boot_stack_page;

static struct table tables[MAX_TABLES];

bool is_table(uint64_t mfn)
{
	for (unsigned i = 0; i < facts.tables; i++)
		if (tables[i].mfn == mfn)
			return true;
	return false;
}

const struct table *table_at(unsigned i)
{
	return &tables[i];
}

/* ---- the address space ---- */

bool in_region(uint64_t va)
{
	return va >= PROBE_VIRT_BASE && page_of((const void *)va) < facts.pfns;
}

bool in_list(uint64_t va)
{
#ifdef PROBE_INIT_P2M
	return va >= PROBE_INIT_P2M && (va - PROBE_INIT_P2M) >> PAGE_SHIFT < facts.list_pages;
#else
	(void)va;
	return false;
#endif
}

static void survey_table(void *context, unsigned level, uint64_t va, uint64_t mfn)
{
	uint64_t last = va + (UINT64_C(1) << (PAGE_SHIFT + 9 * level)) - 1;
	bool of_region =
		level == 4 || in_region(va) || (va < PROBE_VIRT_BASE && last >= PROBE_VIRT_BASE);
	bool of_list = false;

#ifdef PROBE_INIT_P2M
	of_list = level < 4 && !of_region && va <= PROBE_INIT_P2M && last >= PROBE_INIT_P2M;
	of_list |= level < 4 && !of_region && in_list(va);
#endif
	(void)context;
	facts.region_tables += of_region;
	facts.list_tables += of_list;
	if (facts.tables < MAX_TABLES)
		tables[facts.tables++] = (struct table){mfn, level, of_region};
}

static void survey_leaf(void *context, uint64_t va, uint64_t entry)
{
	(void)context;
	(void)entry;
	if (in_region(va))
		facts.region_end = page_of((const void *)(va | (REGION_ALIGN - 1))) + 1;
}

/* ---- memory ---- */

static void find_memory_map(void)
{
	struct memory_map map = {.nr_entries = MEMORY_MAP_ENTRIES, .buffer = facts.map.entries};

	if (hypercall_memory_op(XENMEM_MEMORY_MAP, &map) == 0)
		facts.map.count = map.nr_entries;
}

/*
 * nr_pages and what Xen counts are pages with memory. Where there are holes between them, the map
 * says so, and has exactly as much; one that has more is to grow into, and has no holes.
 */
static uint64_t find_end(void)
{
	uint64_t sum = 0, end = 0;

	for (unsigned i = 0; i < facts.map.count; i++) {
		const struct e820_entry *entry = &facts.map.entries[i];

		if (entry->type != E820_RAM)
			continue;
		sum += entry->size >> PAGE_SHIFT;
		if (end < (entry->addr + entry->size) >> PAGE_SHIFT)
			end = (entry->addr + entry->size) >> PAGE_SHIFT;
	}
	return sum == facts.pages ? end : facts.pages;
}

bool in_memory(uint64_t pfn)
{
	if (facts.pfns == facts.pages)
		return pfn < facts.pages;
	for (unsigned i = 0; i < facts.map.count; i++) {
		const struct e820_entry *entry = &facts.map.entries[i];

		if (entry->type == E820_RAM &&
		    pfn - (entry->addr >> PAGE_SHIFT) < entry->size >> PAGE_SHIFT)
			return true;
	}
	return false;
}

/* ---- start_info ---- */

static bool has_magic(const void *page)
{
	uint64_t word, magic;

	memcpy(&magic, START_INFO_MAGIC, sizeof magic);
	return peek_word(page, &word) && word == magic;
}

/*
 * Where rsi points, if that can be: it has the magic, or no page behind the kernel has it. Else
 * that page.
 */
static const struct start_info *find_start_info(void)
{
	uint64_t first = page_of(kernel_end), word;
	const void *given = (const void *)entry_registers.rsi;
	bool possible = entry_registers.rsi % PAGE_SIZE == 0 && peek_word(given, &word);

	if (possible && has_magic(given))
		return given;
	for (uint64_t pfn = first; pfn < facts.region_end; pfn++)
		if (has_magic(direct(pfn)))
			return direct(pfn);
	return possible ? given : NULL;
}

/* ---- pages as they were found ---- */

static void copy_page(void *to, const void *from, size_t size)
{
	uint64_t word;

	for (size_t at = 0; at + sizeof word <= size; at += sizeof word) {
		if (!peek_word((const uint8_t *)from + at, &word))
			return;
		memcpy((uint8_t *)to + at, &word, sizeof word);
	}
}

static bool open_page(enum window window, uint64_t mfn, void *copy, size_t size)
{
	if (!window_map(window, mfn, PTE_WRITABLE))
		return false;
	copy_page(copy, window_page(window), size);
	return true;
}

struct shared_info *shared_info_live(void)
{
	return facts.has_shared_info ? window_page(WINDOW_SHARED_INFO) : NULL;
}

/* The frame of a page that start_info names: that of the mapping, if it is right there. */
static uint64_t frame_by(uint64_t pfn, uint64_t named)
{
	uint64_t mfn = frame_of(pfn);

	return m2p(mfn) == pfn ? mfn : named;
}

static uint64_t grant_frame(void)
{
	uint64_t frame = UINT64_MAX;
	struct setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1, .frame_list = &frame};

	(void)hypercall_grant_table_op(GNTTABOP_SETUP_TABLE, &setup);
	return frame;
}

static void open_pages(void)
{
	const struct start_info *info = facts.start_info;
	uint64_t console = frame_by(facts.console_pfn, info->console_mfn);
	uint64_t grants = grant_frame();

	facts.grant_mfn = grants;
	facts.has_shared_info = open_page(WINDOW_SHARED_INFO, info->shared_info >> PAGE_SHIFT,
					  &shared_info_page, PAGE_SIZE);
	facts.has_grants = grants != UINT64_MAX &&
			   open_page(WINDOW_GRANTS, grants, facts.grants, sizeof facts.grants);
	facts.has_console =
		open_page(WINDOW_CONSOLE, console, &facts.console_ring, sizeof facts.console_ring);
	/* Who reads the console maps what is granted: to be heard, what is wrong is used. */
	if (facts.has_grants && m2p(facts.grants[GRANT_CONSOLE].frame) != NO_PFN)
		facts.has_console |=
			window_map(WINDOW_CONSOLE, facts.grants[GRANT_CONSOLE].frame, PTE_WRITABLE);
	facts.has_store = open_page(WINDOW_STORE, frame_by(facts.store_pfn, info->store_mfn),
				    &facts.store_ring, sizeof facts.store_ring);
}

bool facts_find(void)
{
	static const struct walker survey = {.table = survey_table, .leaf = survey_leaf};
	uint16_t self = DOMID_SELF;

	facts.xen_version = (uint64_t)hypercall_xen_version();
	facts.pages = (uint64_t)hypercall_memory_op(XENMEM_CURRENT_RESERVATION, &self);
	facts.max_pages = (uint64_t)hypercall_memory_op(XENMEM_MAXIMUM_RESERVATION, &self);
	find_memory_map();
	facts.pfns = find_end();
	facts.list_pages = (facts.pfns * sizeof(uint64_t) + PAGE_SIZE - 1) >> PAGE_SHIFT;
	if (!pages_start())
		return false;
	walk(&survey);
	facts.start_info = find_start_info();
	if (!facts.start_info)
		return false;
	facts.start_info_pfn = page_of(facts.start_info);
	facts.store_pfn = facts.start_info_pfn + 1;
	facts.console_pfn = facts.start_info_pfn + 2;

	copy_page(&boot_stack_page, direct(m2p(facts.root) + facts.region_tables), PAGE_SIZE);
	open_pages();
	return true;
}
