/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/sim/heap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"

#define SPAN_CHUNKS (SIM_SPAN_FRAMES / SIM_CHUNK_FRAMES)

/*
 * Below this zone lies what 32-bit DMA can reach. With several nodes Xen touches
 * it only when nothing above is left on any of them (page_alloc.c, dma_bitsize).
 */
static unsigned dma_zone(const struct sim_heap *heap)
{
	return 32 - heap->options->page_shift;
}

static unsigned zone_of(uint64_t mfn)
{
	return mfn ? 64 - (unsigned)__builtin_clzll(mfn) : 0;
}

/* splitmix64: what scrambles is the same every time. */
static uint64_t next_random(struct sim_heap *heap)
{
	uint64_t z = heap->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

unsigned sim_heap_node(const struct sim_heap *heap, uint64_t mfn)
{
	unsigned low = 0, high = heap->options->nodes - 1;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (mfn < heap->nodes[middle].end)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* ---- lists of free blocks ---------------------------------------------------- */

/* The entry that stands for a block: its chunk's, or its first frame's. */
static struct sim_frame *block_entry(const struct sim_heap *heap, uint64_t mfn, unsigned order)
{
	struct sim_frame *chunk = sim_books_chunk(heap->books, mfn);

	if (order >= SIM_CHUNK_ORDER || !chunk)
		return chunk;
	return chunk->kind == SIM_SPLIT ? &chunk->page[mfn % SIM_CHUNK_FRAMES] : NULL;
}

/* The entry of a block that is on a list, or about to be. */
static struct sim_frame *listed(const struct sim_heap *heap, uint64_t mfn, unsigned order)
{
	struct sim_frame *entry = block_entry(heap, mfn, order);

	assert(entry);
	return entry;
}

static void push(struct sim_heap *heap, unsigned node, uint64_t mfn, unsigned order)
{
	unsigned z = zone_of(mfn);
	struct sim_zone *zone = &heap->nodes[node].zone[z];
	struct sim_list *list = &zone->list[order];
	struct sim_frame *entry = listed(heap, mfn, order);
	bool empty = !(zone->orders & 1u << order);

	assert(entry->kind == SIM_NONE);
	*entry = (struct sim_frame){
		.kind = SIM_FREE,
		.order = order & 31u,
		.domid = node & 0xffffu,
		.link = (empty ? SIM_NO_LINK : list->head) & SIM_NO_LINK,
		.previous = SIM_NO_LINK,
	};
	if (empty)
		list->tail = mfn;
	else
		listed(heap, list->head, order)->previous = mfn;
	list->head = mfn;
	zone->listed += UINT64_C(1) << order;
	zone->orders |= 1u << order;
	heap->nodes[node].zones |= UINT64_C(1) << z;
}

static bool zone_has_fresh(const struct sim_heap *heap, unsigned node, unsigned zone)
{
	for (size_t i = 0; i < heap->fresh_count; i++)
		if (heap->fresh[i].node == node && heap->fresh[i].zone == zone &&
		    heap->fresh[i].first < heap->fresh[i].end)
			return true;
	return false;
}

static void unlink_block(struct sim_heap *heap, unsigned node, uint64_t mfn, unsigned order)
{
	unsigned z = zone_of(mfn);
	struct sim_zone *zone = &heap->nodes[node].zone[z];
	struct sim_list *list = &zone->list[order];
	struct sim_frame *entry = listed(heap, mfn, order);
	uint64_t next = entry->link, previous = entry->previous;

	if (next != SIM_NO_LINK)
		listed(heap, next, order)->previous = previous;
	else
		list->tail = previous;
	if (previous != SIM_NO_LINK)
		listed(heap, previous, order)->link = next & SIM_NO_LINK;
	else
		list->head = next;
	*entry = (struct sim_frame){0};
	zone->listed -= UINT64_C(1) << order;

	if (list->head == SIM_NO_LINK) {
		zone->orders &= ~(1u << order);
		if (!zone->orders && !zone_has_fresh(heap, node, z))
			heap->nodes[node].zones &= ~(UINT64_C(1) << z);
	}
}

/* ---- fragmentation ----------------------------------------------------------- */

/*
 * Which chunks of a span have a frame taken out of them: spread evenly, the same
 * in every span.
 */
static bool is_fragmented(const struct sim_heap *heap, uint64_t mfn)
{
	uint64_t i = (mfn >> SIM_CHUNK_ORDER) % SPAN_CHUNKS, percent = heap->options->fragment;

	return (i + 1) * percent / 100 > i * percent / 100;
}

/* Which frame of such a chunk: another one in each, so that nothing lines up. */
static uint64_t taken_frame(uint64_t mfn)
{
	return ((mfn >> SIM_CHUNK_ORDER) * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - SIM_CHUNK_ORDER);
}

uint64_t sim_heap_taken_in_span(const struct sim_heap *heap)
{
	return SPAN_CHUNKS * heap->options->fragment / 100;
}

/* The largest block that a fresh span has in it. */
static unsigned fresh_order(const struct sim_heap *heap)
{
	if (!heap->options->fragment)
		return SIM_MAX_ORDER;
	for (unsigned order = SIM_MAX_ORDER; order >= SIM_CHUNK_ORDER; order--) {
		uint64_t chunks = UINT64_C(1) << (order - SIM_CHUNK_ORDER);

		for (uint64_t at = 0; at < SPAN_CHUNKS; at += chunks) {
			uint64_t i = 0;
			while (i < chunks && !is_fragmented(heap, (at + i) << SIM_CHUNK_ORDER))
				i++;
			if (i == chunks)
				return order;
		}
	}
	return SIM_CHUNK_ORDER - 1;
}

/* Free the frames of a chunk but the taken one. */
static void free_fragmented(struct sim_heap *heap, uint64_t mfn)
{
	struct sim_frame *page = sim_books_split(heap->books, sim_books_chunk(heap->books, mfn));
	unsigned node = sim_heap_node(heap, mfn);
	uint64_t taken = taken_frame(mfn);

	page[taken] = (struct sim_frame){.kind = SIM_TAKEN, .link = SIM_NO_LINK};
	for (unsigned order = 0; order < SIM_CHUNK_ORDER; order++)
		push(heap, node, mfn + (((taken >> order) ^ 1) << order), order);
}

/* Put a block on its list, together with its buddies that are free. */
static void merge_and_push(struct sim_heap *heap, uint64_t mfn, unsigned order)
{
	unsigned node = sim_heap_node(heap, mfn);

	for (; order < SIM_MAX_ORDER; order++) {
		uint64_t buddy = mfn ^ UINT64_C(1) << order;
		const struct sim_frame *entry = block_entry(heap, buddy, order);

		if (!entry || entry->kind != SIM_FREE || entry->order != order ||
		    entry->domid != node)
			break;
		unlink_block(heap, node, buddy, order);
		mfn &= ~(UINT64_C(1) << order);
		if (order + 1 == SIM_CHUNK_ORDER)
			sim_books_unsplit(heap->books, sim_books_chunk(heap->books, mfn));
	}
	push(heap, node, mfn, order);
}

/* Make a fresh span into blocks. Pages of the book have been reserved. */
static void break_up(struct sim_heap *heap, uint64_t span)
{
	uint64_t first = span << SIM_SPAN_ORDER;

	(void)sim_books_add_span(heap->books, span);
	if (!heap->options->fragment) {
		push(heap, sim_heap_node(heap, first), first, SIM_MAX_ORDER);
		return;
	}
	/* From the top down, so that the lists begin at the bottom. */
	for (uint64_t i = SPAN_CHUNKS; i-- > 0;) {
		uint64_t mfn = first + (i << SIM_CHUNK_ORDER);

		if (is_fragmented(heap, mfn))
			free_fragmented(heap, mfn);
		else
			merge_and_push(heap, mfn, SIM_CHUNK_ORDER);
	}
}

/* Break up the next fresh span of a zone that has one. */
static enum sim_grant open_fresh(struct sim_heap *heap, unsigned node, unsigned zone)
{
	for (size_t i = heap->fresh_count; i-- > 0;) {
		struct sim_fresh *fresh = &heap->fresh[i];

		if (fresh->node != node || fresh->zone != zone || fresh->first == fresh->end)
			continue;
		if (!sim_books_reserve(heap->books, 1 + sim_heap_taken_in_span(heap)))
			return SIM_OUT_OF_PROCESS_MEMORY;
		if (heap->options->scramble && next_random(heap) & 1)
			break_up(heap, fresh->first++);
		else
			break_up(heap, --fresh->end);
		return SIM_GRANTED;
	}
	return SIM_NO_SUCH_MEMORY;
}

/* ---- setting up -------------------------------------------------------------- */

static bool add_fresh(struct sim_heap *heap, unsigned node, uint64_t first, uint64_t end)
{
	/* Zones above the first span are whole spans. */
	while (first < end) {
		unsigned bits = zone_of(first), zone = bits + SIM_MAX_ORDER;
		uint64_t zone_end = UINT64_C(1) << bits;
		uint64_t stop = end < zone_end ? end : zone_end;

		if (heap->fresh_count == heap->fresh_capacity) {
			size_t capacity = heap->fresh_capacity ? heap->fresh_capacity * 2 : 16;
			struct sim_fresh *more = reallocarray(heap->fresh, capacity, sizeof *more);

			if (!more)
				return false;
			heap->fresh = more;
			heap->fresh_capacity = capacity;
		}
		heap->fresh[heap->fresh_count++] =
			(struct sim_fresh){.node = node, .zone = zone, .first = first, .end = stop};
		heap->nodes[node].zones |= UINT64_C(1) << zone;
		heap->free += (stop - first) * (SIM_SPAN_FRAMES - sim_heap_taken_in_span(heap));
		heap->taken += (stop - first) * sim_heap_taken_in_span(heap);
		first = stop;
	}
	return true;
}

/* Memory that does not fill a span becomes blocks at once. */
static bool add_ragged(struct sim_heap *heap, uint64_t first, uint64_t end)
{
	while (first < end) {
		unsigned order = (unsigned)__builtin_ctzll(first);

		if (order > SIM_MAX_ORDER)
			order = SIM_MAX_ORDER;
		while (order && UINT64_C(1) << order > end - first)
			order--;
		if (heap->options->fragment && order > SIM_CHUNK_ORDER)
			order = SIM_CHUNK_ORDER;
		if (!sim_books_reserve(heap->books, 2))
			return false;
		(void)sim_books_add_span(heap->books, first >> SIM_SPAN_ORDER);

		struct sim_frame *chunk = sim_books_chunk(heap->books, first);
		heap->free += UINT64_C(1) << order;
		if (order == SIM_CHUNK_ORDER && is_fragmented(heap, first)) {
			free_fragmented(heap, first);
			heap->free--;
			heap->taken++;
		} else {
			if (order < SIM_CHUNK_ORDER && chunk->kind != SIM_SPLIT)
				(void)sim_books_split(heap->books, chunk);
			merge_and_push(heap, first, order);
		}
		first += UINT64_C(1) << order;
	}
	return true;
}

/* Some memory of one node. */
static bool add_memory(struct sim_heap *heap, unsigned node, uint64_t first, uint64_t end)
{
	uint64_t whole_first = pvb_div_round_up(first, SIM_SPAN_FRAMES);
	uint64_t whole_end = end / SIM_SPAN_FRAMES;

	/* The first span lies in many zones. */
	if (!whole_first)
		whole_first = 1;
	if (whole_first >= whole_end)
		return add_ragged(heap, first, end);
	return add_ragged(heap, first, whole_first << SIM_SPAN_ORDER) &&
	       add_fresh(heap, node, whole_first, whole_end) &&
	       add_ragged(heap, whole_end << SIM_SPAN_ORDER, end);
}

static bool stock(struct sim_heap *heap)
{
	const struct sim_options *options = heap->options;
	unsigned shift = options->page_shift;

	/* Others came first, and took the highest memory, as everybody does. */
	uint64_t left = heap->total - heap->withheld;

	for (size_t i = 0; i < options->range_count && left; i++) {
		uint64_t first = options->ranges[i].base >> shift;
		uint64_t frames = pvb_min(options->ranges[i].size >> shift, left);
		uint64_t end = first + frames;

		left -= frames;
		while (first < end) {
			unsigned node = sim_heap_node(heap, first);
			uint64_t stop = node + 1 < options->nodes
						? pvb_min(end, heap->nodes[node].end)
						: end;

			if (!add_memory(heap, node, first, stop))
				return false;
			first = stop;
		}
	}
	return true;
}

/* Cut memory into nodes of the same size, give or take a chunk. */
static void place_nodes(struct sim_heap *heap)
{
	const struct sim_options *options = heap->options;
	uint64_t share = heap->total / options->nodes & ~(SIM_CHUNK_FRAMES - 1);
	uint64_t seen = 0;
	unsigned node = 0, shift = options->page_shift;

	for (size_t i = 0; i < options->range_count; i++) {
		uint64_t first = options->ranges[i].base >> shift;
		uint64_t frames = options->ranges[i].size >> shift;

		while (node + 1 < options->nodes && seen + frames >= (node + 1) * share) {
			uint64_t cut = first + ((node + 1) * share - seen);

			cut = pvb_min(pvb_div_round_up(cut, SIM_CHUNK_FRAMES) * SIM_CHUNK_FRAMES,
				      first + frames);
			heap->nodes[node].end = cut;
			node++;
		}
		seen += frames;
	}
	heap->nodes[options->nodes - 1].end = UINT64_MAX;
}

bool sim_heap_open(struct sim_heap *heap, const struct sim_options *options,
		   struct sim_books *books)
{
	unsigned shift = options->page_shift;

	*heap = (struct sim_heap){.options = options, .books = books};
	heap->nodes = calloc(options->nodes, sizeof *heap->nodes);
	if (!heap->nodes)
		return false;
	heap->total = options->memory >> shift;
	heap->withheld = (options->used + options->scrubbing) >> shift;
	heap->claimed = options->claimed >> shift;
	place_nodes(heap);
	heap->fresh_order = fresh_order(heap);
	if (!stock(heap))
		return false;
	heap->free_at_start = heap->free;
	return true;
}

void sim_heap_close(struct sim_heap *heap)
{
	free(heap->nodes);
	free(heap->fresh);
	*heap = (struct sim_heap){0};
}

void sim_heap_reset(struct sim_heap *heap)
{
	assert(heap->free == heap->free_at_start && heap->given == 0);
	sim_books_clear(heap->books);
	for (unsigned node = 0; node < heap->options->nodes; node++) {
		heap->nodes[node].zones = 0;
		for (unsigned zone = 0; zone < SIM_ZONES; zone++)
			heap->nodes[node].zone[zone] = (struct sim_zone){0};
	}
	heap->fresh_count = 0;
	heap->free = 0;
	heap->taken = 0;
	heap->random = 0;

	/* It was done before with the same result, so there is memory for it. */
	bool stocked = stock(heap);
	assert(stocked);
	(void)stocked;
}

/* ---- allocation -------------------------------------------------------------- */

/* Take a block of order "from" off its list and cut it down to "order". */
static uint64_t cut_down(struct sim_heap *heap, unsigned node, unsigned zone, unsigned from,
			 unsigned order)
{
	const struct sim_list *list = &heap->nodes[node].zone[zone].list[from];
	bool scramble = heap->options->scramble;
	uint64_t mfn = scramble && next_random(heap) & 1 ? list->tail : list->head;

	unlink_block(heap, node, mfn, from);
	while (from > order) {
		from--;
		if (from + 1 == SIM_CHUNK_ORDER)
			(void)sim_books_split(heap->books, sim_books_chunk(heap->books, mfn));

		/*
		 * Xen keeps the upper half, so that what it hands out descends. To keep the
		 * lower is as legal and makes longer runs.
		 */
		bool keep_upper = heap->options->descending;
		if (scramble)
			keep_upper = from == 0 || next_random(heap) & 1;

		uint64_t upper = mfn + (UINT64_C(1) << from);
		push(heap, node, keep_upper ? mfn : upper, from);
		if (keep_upper)
			mfn = upper;
	}
	return mfn;
}

static enum sim_grant alloc_in_node(struct sim_heap *heap, unsigned node, unsigned lowest,
				    unsigned highest, unsigned order, uint64_t *mfn)
{
	uint64_t mask = (UINT64_C(2) << highest) - 1;
	uint64_t zones = heap->nodes[node].zones & mask & ~((UINT64_C(1) << lowest) - 1);

	while (zones) {
		unsigned zone = 63 - (unsigned)__builtin_clzll(zones);
		uint32_t orders = heap->nodes[node].zone[zone].orders >> order;

		if (orders) {
			unsigned from = order + (unsigned)__builtin_ctz(orders);

			if (!sim_books_reserve(heap->books, 1))
				return SIM_OUT_OF_PROCESS_MEMORY;
			*mfn = cut_down(heap, node, zone, from, order);
			return SIM_GRANTED;
		}
		if (order <= heap->fresh_order) {
			enum sim_grant grant = open_fresh(heap, node, zone);

			if (grant == SIM_OUT_OF_PROCESS_MEMORY)
				return grant;
			if (grant == SIM_GRANTED)
				continue;
		}
		zones &= ~(UINT64_C(1) << zone);
	}
	return SIM_NO_SUCH_MEMORY;
}

/* Go round the nodes, from the one asked for, or the one after the last. */
static enum sim_grant alloc_in_nodes(struct sim_heap *heap, const struct sim_request *request,
				     unsigned lowest, unsigned highest, uint64_t *mfn)
{
	unsigned nodes = heap->options->nodes, node = 0;

	if (request->node >= 0 && (unsigned)request->node < nodes)
		node = (unsigned)request->node;
	else if (request->exact_node && request->node != SIM_ANY_NODE)
		return SIM_NO_SUCH_MEMORY;
	else if (request->last_node && *request->last_node != SIM_NO_NODE)
		node = (*request->last_node + 1) % nodes;

	for (unsigned i = 0; i < nodes; i++, node = (node + 1) % nodes) {
		enum sim_grant grant =
			alloc_in_node(heap, node, lowest, highest, request->order, mfn);

		if (grant == SIM_GRANTED && request->last_node)
			*request->last_node = node;
		if (grant != SIM_NO_SUCH_MEMORY)
			return grant;
		if (request->exact_node && request->node != SIM_ANY_NODE)
			break;
	}
	return SIM_NO_SUCH_MEMORY;
}

enum sim_grant sim_heap_alloc(struct sim_heap *heap, const struct sim_request *request,
			      uint64_t *mfn)
{
	uint64_t frames = UINT64_C(1) << request->order;
	unsigned shift = heap->options->page_shift, highest = SIM_ZONES - 1;
	enum sim_grant grant = SIM_NO_SUCH_MEMORY;

	if (heap->claimed + frames > heap->free && request->own_claim < frames)
		return SIM_NO_SUCH_MEMORY;
	if (request->bits && request->bits - shift < highest)
		highest = request->bits - shift;
	if (heap->options->nodes > 1 && highest > dma_zone(heap))
		grant = alloc_in_nodes(heap, request, dma_zone(heap) + 1, highest, mfn);
	if (grant == SIM_NO_SUCH_MEMORY)
		grant = alloc_in_nodes(heap, request, 0, highest, mfn);
	if (grant == SIM_GRANTED) {
		heap->free -= frames;
		heap->given += frames;
	}
	return grant;
}

void sim_heap_free(struct sim_heap *heap, uint64_t mfn, unsigned order)
{
	merge_and_push(heap, mfn, order);
	heap->free += UINT64_C(1) << order;
	heap->given -= UINT64_C(1) << order;
}

uint64_t sim_heap_free_below(const struct sim_heap *heap, unsigned bits)
{
	unsigned shift = heap->options->page_shift;
	unsigned end = bits > shift ? bits - shift + 1 : 0;
	uint64_t in_span = SIM_SPAN_FRAMES - sim_heap_taken_in_span(heap), frames = 0;

	for (unsigned node = 0; node < heap->options->nodes; node++)
		for (unsigned zone = 0; zone < SIM_ZONES && zone < end; zone++)
			frames += heap->nodes[node].zone[zone].listed;
	for (size_t i = 0; i < heap->fresh_count; i++)
		if (heap->fresh[i].zone < end)
			frames += (heap->fresh[i].end - heap->fresh[i].first) * in_span;
	return frames;
}
