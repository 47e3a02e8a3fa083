/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/sim/books.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/checked.h"

#define TABLE_BYTES (SIM_CHUNK_FRAMES * sizeof(struct sim_frame))
#define SEGMENT_TABLES UINT64_C(512)
#define SEGMENT_BYTES (SEGMENT_TABLES * TABLE_BYTES)
#define INDEX(number) ((number) & (SIM_CHUNK_FRAMES - 1))

int sim_books_open(struct sim_books *books, uint64_t frames)
{
	*books = (struct sim_books){.fd = -1};
	books->spans = pvb_div_round_up(frames, SIM_SPAN_FRAMES);
	books->root = calloc(books->spans, sizeof(void *));
	if (!books->root)
		return -1;
	books->fd = memfd_create("pvbuild-sim-books", MFD_CLOEXEC);
	return books->fd < 0 ? -1 : 0;
}

void sim_books_close(struct sim_books *books)
{
	for (size_t i = 0; i < books->segment_count; i++)
		(void)munmap(books->segments[i], SEGMENT_BYTES);
	free(books->segments);
	free(books->root);
	if (books->fd >= 0)
		(void)close(books->fd);
	*books = (struct sim_books){.fd = -1};
}

static bool add_segment(struct sim_books *books)
{
	if (books->segment_count == books->segment_capacity) {
		size_t capacity = books->segment_capacity ? books->segment_capacity * 2 : 8;
		char **segments = reallocarray(books->segments, capacity, sizeof *segments);

		if (!segments)
			return false;
		books->segments = segments;
		books->segment_capacity = capacity;
	}

	off_t at = (off_t)(books->segment_count * SEGMENT_BYTES);
	if (ftruncate(books->fd, at + (off_t)SEGMENT_BYTES) != 0)
		return false;
	void *segment =
		mmap(NULL, SEGMENT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, books->fd, at);
	if (segment == MAP_FAILED)
		return false;
	books->segments[books->segment_count++] = segment;
	return true;
}

bool sim_books_reserve(struct sim_books *books, uint64_t pages)
{
	while (books->segment_count * SEGMENT_TABLES - books->next + books->released_count < pages)
		if (!add_segment(books))
			return false;
	return true;
}

void sim_books_clear(struct sim_books *books)
{
	memset(books->root, 0, books->spans * sizeof(void *));
	/* A hole reads as zeros through the mappings, which stay. */
	(void)fallocate(books->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			(off_t)(books->segment_count * SEGMENT_BYTES));
	books->next = 0;
	books->released = NULL;
	books->released_count = 0;
}

/* A page of zeros. sim_books_reserve() has seen to it that there is one. */
static struct sim_frame *take_page(struct sim_books *books)
{
	struct sim_frame *page = books->released;

	if (page) {
		books->released = page->page;
		books->released_count--;
		page->page = NULL;
		return page;
	}
	uint64_t number = books->next++;
	char *segment = books->segments[number / SEGMENT_TABLES];

	return (struct sim_frame *)(void *)(segment + (number % SEGMENT_TABLES) * TABLE_BYTES);
}

static void release_page(struct sim_books *books, struct sim_frame *page)
{
	memset(page, 0, TABLE_BYTES);
	page->page = books->released;
	books->released = page;
	books->released_count++;
}

struct sim_frame *sim_books_add_span(struct sim_books *books, uint64_t span)
{
	if (!books->root[span])
		books->root[span] = take_page(books);
	return books->root[span];
}

struct sim_frame *sim_books_chunk(const struct sim_books *books, uint64_t mfn)
{
	uint64_t span = mfn >> SIM_SPAN_ORDER;

	if (span >= books->spans || !books->root[span])
		return NULL;
	return &books->root[span][INDEX(mfn >> SIM_CHUNK_ORDER)];
}

struct sim_frame *sim_books_split(struct sim_books *books, struct sim_frame *chunk)
{
	struct sim_frame *page = take_page(books);

	if (chunk->kind == SIM_OWNED) {
		for (uint64_t i = 0; i < SIM_CHUNK_FRAMES; i++) {
			page[i] = *chunk;
			if (chunk->link != SIM_NO_LINK)
				page[i].link = (chunk->link + i) & SIM_NO_LINK;
		}
	}
	*chunk = (struct sim_frame){.kind = SIM_SPLIT, .page = page};
	return page;
}

void sim_books_unsplit(struct sim_books *books, struct sim_frame *chunk)
{
	release_page(books, chunk->page);
	*chunk = (struct sim_frame){0};
}

struct sim_frame *sim_books_frame(struct sim_books *books, uint64_t mfn)
{
	struct sim_frame *chunk = sim_books_chunk(books, mfn);

	if (!chunk)
		return NULL;
	if (chunk->kind != SIM_SPLIT) {
		if (!sim_books_reserve(books, 1))
			return NULL;
		(void)sim_books_split(books, chunk);
	}
	return &chunk->page[INDEX(mfn)];
}

struct sim_frame *sim_books_held(const struct sim_books *books, uint64_t mfn)
{
	const struct sim_frame *chunk = sim_books_chunk(books, mfn);

	assert(chunk && chunk->kind == SIM_SPLIT);
	return &chunk->page[INDEX(mfn)];
}

struct sim_frame sim_books_look(const struct sim_books *books, uint64_t mfn, uint64_t *count)
{
	const struct sim_frame *chunk = sim_books_chunk(books, mfn);

	if (!chunk) {
		*count = SIM_SPAN_FRAMES - (mfn & (SIM_SPAN_FRAMES - 1));
		return (struct sim_frame){.link = SIM_NO_LINK};
	}

	uint64_t index = INDEX(mfn);
	if (chunk->kind == SIM_SPLIT) {
		*count = 1;
		return chunk->page[index];
	}
	*count = SIM_CHUNK_FRAMES - index;
	struct sim_frame frame = *chunk;
	if (frame.kind != SIM_OWNED)
		return (struct sim_frame){.link = SIM_NO_LINK};
	if (frame.link != SIM_NO_LINK)
		frame.link = (frame.link + index) & SIM_NO_LINK;
	return frame;
}
