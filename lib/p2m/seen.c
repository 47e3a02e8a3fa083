/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "p2m/seen.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/error.h"
#include "p2m/read.h"

/*
 * 64 MiB of bits, each 16 bytes of them for 64 neighbouring frames: enough for a p2m of 8 TiB
 * of which no two pages are neighbours. And as many pages that stand in several places as no
 * kernel has: Linux has four.
 */
#define CHUNKS_MOST (1u << 22)
#define BARREN_MOST (1u << 16)

#define CHUNK_FRAMES 64u

/* Both: number 0 is an empty slot. */
struct p2m_seen_chunk {
	uint64_t number;
	uint64_t frames;
};

struct p2m_seen_barren {
	uint64_t number;
	struct p2m_totals totals;
};

/* A guest chooses the frames, and is not to choose where in the table they go. */
static uint64_t hash_key(void)
{
	uint64_t key;

	if (getrandom(&key, sizeof key, GRND_NONBLOCK) != (ssize_t)sizeof key)
		key = UINT64_C(0x9e3779b97f4a7c15);
	return key | 1;
}

static size_t first_slot(const struct p2m_seen *seen, uint64_t number, size_t size)
{
	return (size_t)((number * seen->key) >> (64 - __builtin_ctzll(size)));
}

static struct p2m_seen_chunk *chunk_of(const struct p2m_seen *seen, uint64_t number)
{
	size_t slot = first_slot(seen, number, seen->chunk_size);

	while (seen->chunks[slot].number && seen->chunks[slot].number != number)
		slot = (slot + 1) & (seen->chunk_size - 1);
	return &seen->chunks[slot];
}

static struct p2m_seen_barren *barren_of(const struct p2m_seen *seen, uint64_t number)
{
	size_t slot = first_slot(seen, number, seen->barren_size);

	while (seen->barren[slot].number && seen->barren[slot].number != number)
		slot = (slot + 1) & (seen->barren_size - 1);
	return &seen->barren[slot];
}

static int too_many(struct pvb_error *error, const char *what, unsigned most)
{
	int rc = pvb_fail(error, PVB_E_P2M_SCATTERED, P2M_STAGE,
			  "the p2m has more than %u %s, which is more than is remembered of one",
			  most, what);

	pvb_hint(error, "no kernel makes one so: it was made to cost whoever reads it");
	return rc;
}

static int grow_chunks(struct p2m_seen *seen, struct pvb_error *error)
{
	struct p2m_seen old = *seen;

	if (seen->chunk_count >= CHUNKS_MOST)
		return too_many(error, "pages that are not neighbours", CHUNKS_MOST);
	seen->chunk_size = old.chunk_size ? old.chunk_size * 2 : 256;
	seen->chunks = calloc(seen->chunk_size, sizeof *seen->chunks);
	if (!seen->chunks) {
		*seen = old;
		return pvb_fail_memory(error, P2M_STAGE, "the pages of a p2m");
	}
	for (size_t i = 0; i < old.chunk_size; i++)
		if (old.chunks[i].number)
			*chunk_of(seen, old.chunks[i].number) = old.chunks[i];
	free(old.chunks);
	return 0;
}

static int grow_barren(struct p2m_seen *seen, struct pvb_error *error)
{
	struct p2m_seen old = *seen;

	if (seen->barren_count >= BARREN_MOST)
		return too_many(error, "pages that stand in several places", BARREN_MOST);
	seen->barren_size = old.barren_size ? old.barren_size * 2 : 64;
	seen->barren = calloc(seen->barren_size, sizeof *seen->barren);
	if (!seen->barren) {
		*seen = old;
		return pvb_fail_memory(error, P2M_STAGE, "the empty pages of a p2m");
	}
	for (size_t i = 0; i < old.barren_size; i++)
		if (old.barren[i].number)
			*barren_of(seen, old.barren[i].number) = old.barren[i];
	free(old.barren);
	return 0;
}

int pvb_p2m_seen_add(struct p2m_seen *seen, uint64_t frame, bool *before, struct pvb_error *error)
{
	uint64_t bit = UINT64_C(1) << (frame % CHUNK_FRAMES);
	struct p2m_seen_chunk *chunk;

	if (!seen->key)
		seen->key = hash_key();
	if (seen->chunk_count >= seen->chunk_size / 2) {
		int rc = grow_chunks(seen, error);

		if (rc)
			return rc;
	}
	chunk = chunk_of(seen, frame / CHUNK_FRAMES + 1);
	if (!chunk->number) {
		chunk->number = frame / CHUNK_FRAMES + 1;
		seen->chunk_count++;
	}
	*before = chunk->frames & bit;
	chunk->frames |= bit;
	return 0;
}

static uint64_t barren_number(uint64_t frame, unsigned height)
{
	return frame * (P2M_HEIGHT_MAX + 1) + height + 1;
}

const struct p2m_totals *pvb_p2m_seen_barren(const struct p2m_seen *seen, uint64_t frame,
					     unsigned height)
{
	const struct p2m_seen_barren *barren;

	if (!seen->barren_count)
		return NULL;
	barren = barren_of(seen, barren_number(frame, height));
	return barren->number ? &barren->totals : NULL;
}

int pvb_p2m_seen_note_barren(struct p2m_seen *seen, uint64_t frame, unsigned height,
			     const struct p2m_totals *totals, struct pvb_error *error)
{
	struct p2m_seen_barren *barren;

	if (seen->barren_count >= seen->barren_size / 2) {
		int rc = grow_barren(seen, error);

		if (rc)
			return rc;
	}
	barren = barren_of(seen, barren_number(frame, height));
	seen->barren_count += !barren->number;
	*barren = (struct p2m_seen_barren){barren_number(frame, height), *totals};
	return 0;
}

void pvb_p2m_seen_free(struct p2m_seen *seen)
{
	free(seen->chunks);
	free(seen->barren);
	*seen = (struct p2m_seen){0};
}
