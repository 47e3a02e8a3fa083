/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/p2m-store.h"

#include <inttypes.h>

#include "support/test.h"

#define NONE PVB_P2M_NONE

static uint64_t mixed(uint64_t value)
{
	value ^= value >> 31;
	value *= UINT64_C(0x9e3779b97f4a7c15);
	return value ^ value >> 29;
}

/* ---- frames ---- */

void store_free(struct store *store)
{
	for (size_t i = 0; i < store->slots; i++)
		free(store->pages[i].bytes);
	free(store->pages);
	*store = (struct store){.page_size = store->page_size};
}

/* The slot of a frame, or the free one where it belongs. */
static struct store_page *slot_of(const struct store *store, uint64_t mfn)
{
	size_t i = mixed(mfn) & (store->slots - 1);

	while (store->pages[i].bytes && store->pages[i].mfn != mfn)
		i = (i + 1) & (store->slots - 1);
	return &store->pages[i];
}

uint8_t *store_find(const struct store *store, uint64_t mfn)
{
	return store->slots ? slot_of(store, mfn)->bytes : NULL;
}

uint8_t *store_add(struct store *store, uint64_t mfn)
{
	if (store->count * 2 >= store->slots) {
		struct store grown = {store->page_size, NULL, 0, store->slots * 2 + 64};

		while (grown.slots & (grown.slots - 1))
			grown.slots &= grown.slots - 1;
		grown.pages = calloc(grown.slots, sizeof *grown.pages);
		assert_non_null(grown.pages);
		for (size_t i = 0; i < store->slots; i++)
			if (store->pages[i].bytes)
				*slot_of(&grown, store->pages[i].mfn) = store->pages[i];
		free(store->pages);
		store->pages = grown.pages;
		store->slots = grown.slots;
	}

	struct store_page *page = slot_of(store, mfn);

	assert_null(page->bytes);
	page->mfn = mfn;
	page->bytes = malloc(store->page_size);
	assert_non_null(page->bytes);
	store->count++;
	return page->bytes;
}

uint64_t entry_get(const uint8_t *page, unsigned entry_size, uint64_t index)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < entry_size; i++)
		value |= (uint64_t)page[index * entry_size + i] << (8 * i);
	return entry_size == 4 && value == UINT32_MAX ? NONE : value;
}

void entry_put(uint8_t *page, unsigned entry_size, uint64_t index, uint64_t value)
{
	for (unsigned i = 0; i < entry_size; i++)
		page[index * entry_size + i] = (uint8_t)(value >> (8 * i));
}

/* ---- a p2m ---- */

static uint64_t highest_of(const struct p2m_case *c)
{
	return c->geometry.entry_size == 8 ? UINT64_C(0xfffffffffffff) : UINT32_MAX - 1;
}

void p2m_case_fill(struct p2m_case *c, uint64_t *seed, uint64_t longest)
{
	uint64_t pfn = test_random(seed) % 2 ? 0 : test_random(seed) % longest;

	c->extents = (struct pvb_p2m_extents){c->list, 0};
	c->salt = test_random(seed);
	for (size_t i = 0; i < PVB_P2M_LEVELS_MAX - 1; i++)
		c->shared_frames[i] = 1 + i;
	while (pfn < c->geometry.pfns && c->extents.count < P2M_EXTENTS_MAX) {
		uint64_t left = c->geometry.pfns - pfn;
		uint64_t count = 1 + test_random(seed) % longest;

		if (count > left)
			count = left;
		if (count > highest_of(c) / 2)
			count = highest_of(c) / 2;
		c->list[c->extents.count++] = (struct pvb_p2m_extent){
			pfn, test_random(seed) % (highest_of(c) - count), count};
		pfn += count;
		/* sometimes the next follows at once, at another place */
		if (test_random(seed) % 3 && pfn < c->geometry.pfns) {
			uint64_t gap = test_random(seed) % longest;

			pfn = gap < c->geometry.pfns - pfn ? pfn + gap : c->geometry.pfns;
		}
	}
}

uint64_t p2m_case_mfn(const struct p2m_case *c, uint64_t pfn)
{
	for (size_t i = 0; i < c->extents.count; i++)
		if (pfn >= c->list[i].pfn && pfn - c->list[i].pfn < c->list[i].count)
			return c->list[i].mfn + (pfn - c->list[i].pfn);
	return NONE;
}

static uint64_t per_page(const struct p2m_case *c)
{
	return c->geometry.page_size / c->geometry.entry_size;
}

uint64_t p2m_case_pages(const struct p2m_case *c, unsigned level)
{
	uint64_t pages = c->geometry.pfns;

	while (level--)
		pages = pages / per_page(c) + (pages % per_page(c) ? 1 : 0);
	return pages;
}

/* The page of a level to which a PFN belongs. */
static uint64_t page_of(const struct p2m_case *c, unsigned level, uint64_t pfn)
{
	while (level--)
		pfn /= per_page(c);
	return pfn;
}

bool p2m_case_has(const struct p2m_case *c, unsigned level, uint64_t index)
{
	if (!c->may_miss || level == c->levels)
		return true;
	for (size_t i = 0; i < c->extents.count; i++) {
		const struct pvb_p2m_extent *e = &c->list[i];

		if (page_of(c, level, e->pfn) <= index &&
		    index <= page_of(c, level, e->pfn + e->count - 1))
			return true;
	}
	return false;
}

uint64_t p2m_case_number(const struct p2m_case *c, unsigned level, uint64_t index)
{
	uint64_t number = index;

	for (unsigned above = c->levels; above > level; above--)
		number += p2m_case_pages(c, above);
	return number;
}

/* Frames of a row of pages: blocks of c->spread, anywhere. */
static uint64_t frame_of(const struct p2m_case *c, uint64_t kind, uint64_t number)
{
	uint64_t block = number / c->spread, blocks = highest_of(c) / c->spread - 16;

	return c->spread * (1 + mixed(mixed(c->salt + kind) + block) % blocks) + 8 +
	       number % c->spread;
}

enum { KIND_LEAF, KIND_NODE };

uint64_t p2m_case_frame(const struct p2m_case *c, unsigned level, uint64_t index)
{
	if (level == 1)
		return frame_of(c, KIND_LEAF, index);
	return frame_of(c, KIND_NODE, p2m_case_number(c, level, index));
}

static void find_frames(const struct p2m_case *c, uint64_t kind, uint64_t at, uint64_t limit,
			uint64_t *mfn, uint64_t *count)
{
	*mfn = frame_of(c, kind, at);
	*count = c->spread - at % c->spread;
	if (*count > limit)
		*count = limit;
}

static void find_node(void *opaque, uint64_t at, uint64_t limit, uint64_t *mfn, uint64_t *count)
{
	find_frames(opaque, KIND_NODE, at, limit, mfn, count);
}

static void find_leaf(void *opaque, uint64_t at, uint64_t limit, uint64_t *mfn, uint64_t *count)
{
	const struct p2m_case *c = opaque;

	find_frames(c, KIND_LEAF, at, limit, mfn, count);
	if (!c->may_miss)
		return;

	bool there = p2m_case_has(c, 1, at);
	uint64_t end = at + (there ? *count : limit);

	/* As far as this extent goes, or up to the next. */
	for (size_t i = 0; i < c->extents.count; i++) {
		const struct pvb_p2m_extent *e = &c->list[i];
		uint64_t first = page_of(c, 1, e->pfn), last = page_of(c, 1, e->pfn + e->count - 1);

		if (there && first <= at && at <= last && last + 1 < end)
			end = last + 1;
		if (!there && first > at && first < end)
			end = first;
	}
	*mfn = there ? *mfn : NONE;
	*count = end - at;
}

struct pvb_p2m_tree p2m_case_tree(struct p2m_case *c)
{
	return (struct pvb_p2m_tree){
		.geometry = c->geometry,
		.levels = c->levels,
		.leaves = {c, find_leaf},
		.nodes = {c, find_node},
		.shared = c->shared ? c->shared_frames : NULL,
		.shared_count = c->shared ? c->levels - 1 : 0,
	};
}

/* ---- writing it ---- */

static uint64_t frame_of_number(const struct store_sink *sink, uint64_t number)
{
	const struct p2m_case *c = sink->c;
	uint64_t pages = p2m_case_number(c, 1, 0);

	if (sink->leaves)
		return p2m_case_has(c, 1, number) ? frame_of(c, KIND_LEAF, number) : NONE;
	if (number < pages)
		return frame_of(c, KIND_NODE, number);
	assert_true(c->shared && number - pages < c->levels - 1);
	return c->shared_frames[number - pages];
}

/* So many pages from number on, into frames of their own. */
static int hand_out(struct store_sink *sink, uint64_t number, uint64_t count,
		    pvb_p2m_visit_fn visit, void *visitor, struct pvb_error *error)
{
	size_t size = sink->store->page_size;
	uint8_t *pages = calloc(count + 1, size), *behind = pages + count * size;

	assert_non_null(pages);
	memset(pages, 0x5a, (count + 1) * size);

	int rc = visit(visitor, pages, number, count, error);

	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(behind[i], 0x5a);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t from = sink->spoil == SPOIL_SWAP ? count - 1 - i : i;
		uint64_t mfn = frame_of_number(sink, number + i);

		if (mfn == NONE || (sink->spoil == SPOIL_LEAVE_OUT && i == count - 1))
			continue;
		memcpy(store_add(sink->store, mfn), pages + from * size, size);
	}
	free(pages);
	return rc;
}

static int each(void *opaque, uint64_t first, uint64_t count, pvb_p2m_visit_fn visit, void *visitor,
		struct pvb_error *error)
{
	struct store_sink *sink = opaque;
	int rc = 0;

	assert_true(count > 0);
	assert_true(first >= sink->next);
	sink->next = first + count;
	sink->offered += count;
	if (sink->wanted) {
		for (size_t i = 0; i < sink->wanted_count && rc == 0; i++)
			if (sink->wanted[i] >= first && sink->wanted[i] - first < count)
				rc = hand_out(sink, sink->wanted[i], 1, visit, visitor, error);
		return rc;
	}
	for (uint64_t i = 0; i < count && rc == 0; i += sink->at_once)
		rc = hand_out(sink, first + i,
			      count - i < sink->at_once ? count - i : sink->at_once, visit, visitor,
			      error);
	return rc;
}

struct pvb_p2m_sink store_sink_of(struct store_sink *sink)
{
	return (struct pvb_p2m_sink){.opaque = sink, .each = each};
}

int p2m_case_write(struct p2m_case *c, struct store *store, unsigned at_once,
		   enum store_spoil spoil, struct pvb_error *error)
{
	struct store_sink leaves = {
		.store = store, .c = c, .leaves = true, .at_once = at_once, .spoil = spoil};
	struct store_sink nodes = {.store = store, .c = c, .at_once = at_once, .spoil = spoil};
	struct pvb_p2m_sink leaf_sink = store_sink_of(&leaves), node_sink = store_sink_of(&nodes);
	struct pvb_p2m_map memory = pvb_p2m_map_of(&c->extents);
	struct pvb_p2m_tree tree = p2m_case_tree(c);
	int rc = pvb_p2m_write_list(&c->geometry, &memory, &leaf_sink, error);

	return rc ? rc : pvb_p2m_write_tree(&tree, &node_sink, error);
}

/* ---- reading it ---- */

bool store_read_tree(const struct store *store, const struct pvb_p2m_geometry *geometry,
		     unsigned levels, uint64_t root, uint64_t pfn, uint64_t *mfn)
{
	uint64_t digits[PVB_P2M_LEVELS_MAX], entries = geometry->page_size / geometry->entry_size;

	for (unsigned i = 0; i < levels; i++, pfn /= entries)
		digits[i] = pfn % entries;
	*mfn = root;
	while (levels--) {
		const uint8_t *page = store_find(store, *mfn);

		if (!page)
			return false;
		*mfn = entry_get(page, geometry->entry_size, digits[levels]);
		if (*mfn == NONE)
			return true;
	}
	return true;
}

static const char *wrong(unsigned level, uint64_t index, uint64_t entry, uint64_t got,
			 uint64_t wanted)
{
	static char text[160];

	(void)snprintf(text, sizeof text,
		       "level %u, page %" PRIu64 ", entry %" PRIu64 ": %" PRIx64
		       " and not %" PRIx64,
		       level, index, entry, got, wanted);
	return text;
}

static const char *check_page(const struct p2m_case *c, const struct store *store, unsigned level,
			      uint64_t index, uint64_t mfn, uint64_t *seen)
{
	const uint8_t *page = store_find(store, mfn);
	const char *fault = NULL;

	if (!page)
		return wrong(level, index, 0, NONE, mfn);
	++*seen;
	for (uint64_t i = 0; i < per_page(c) && !fault; i++) {
		uint64_t below = index * per_page(c) + i, want;
		uint64_t got = entry_get(page, c->geometry.entry_size, i);
		bool there = below < p2m_case_pages(c, level - 1);

		if (level == 1)
			want = there ? p2m_case_mfn(c, below) : NONE;
		else if (there && p2m_case_has(c, level - 1, below))
			want = p2m_case_frame(c, level - 1, below);
		else
			want = there && c->shared ? c->shared_frames[level - 2] : NONE;
		if (got != want)
			fault = wrong(level, index, i, got, want);
		else if (level > 1 && there && p2m_case_has(c, level - 1, below))
			fault = check_page(c, store, level - 1, below, got, seen);
	}
	return fault;
}

const char *p2m_case_check(const struct p2m_case *c, const struct store *store, uint64_t root)
{
	uint64_t seen = 0;
	const char *fault = NULL;

	if (root != p2m_case_frame(c, c->levels, 0))
		return wrong(c->levels, 0, 0, root, p2m_case_frame(c, c->levels, 0));
	for (unsigned level = 1; c->shared && level < c->levels && !fault; level++) {
		const uint8_t *page = store_find(store, c->shared_frames[level - 1]);
		uint64_t want = level == 1 ? NONE : c->shared_frames[level - 2];

		/* The shared page of a leaf is the writer's as well. */
		if (!page)
			return wrong(level, 0, 0, NONE, c->shared_frames[level - 1]);
		seen++;
		for (uint64_t i = 0; i < per_page(c) && !fault; i++)
			if (entry_get(page, c->geometry.entry_size, i) != want)
				fault = wrong(level, 0, i,
					      entry_get(page, c->geometry.entry_size, i), want);
	}
	if (!fault)
		fault = check_page(c, store, c->levels, 0, root, &seen);
	if (!fault && seen != store->count)
		fault = wrong(0, 0, 0, store->count, seen);
	return fault;
}
