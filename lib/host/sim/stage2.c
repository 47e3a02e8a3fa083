/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/sim/stage2.h"

#include <stddef.h>

#include "core/checked.h"
#include "core/frames.h"

/*
 * What the hypervisor has in a guest's address space (public arch-arm.h, GUEST_*).
 * What does not trap is mapped: the CPU interface of a version 2 interrupt controller
 * is the real one's. gic: the version that it belongs to. A virtual UART traps only where
 * a domain was created with one, and no domain here is.
 */
static const struct {
	uint64_t base;
	uint64_t size;
	unsigned gic;
	bool traps;
	const char *name;
} regions[] = {
	{0x03001000, 0x00001000, 2, true, "the distributor of the GICv2"},
	{0x03002000, 0x00002000, 2, false, "the CPU interface of the GICv2"},
	{0x03001000, 0x00010000, 3, true, "the distributor of the GICv3"},
	{0x03020000, 0x01000000, 3, true, "the redistributors of the GICv3"},
};

#define REGION_COUNT (sizeof regions / sizeof regions[0])

/* Whether a region is there, and the pages that it takes. */
static bool pages_of(size_t i, unsigned shift, unsigned gic_version, uint64_t *first, uint64_t *end)
{
	uint64_t page = UINT64_C(1) << shift;

	*first = pvb_round_down(regions[i].base, page) >> shift;
	*end = pvb_div_round_up(regions[i].base + regions[i].size, page);
	return regions[i].gic == gic_version;
}

bool sim_stage2_clash(unsigned shift, unsigned gic_version, const char *names[2])
{
	uint64_t first, end, other_first, other_end;

	for (size_t i = 0; i < REGION_COUNT; i++) {
		if (!regions[i].traps || !pages_of(i, shift, gic_version, &first, &end))
			continue;
		for (size_t k = 0; k < REGION_COUNT; k++) {
			if (regions[k].traps ||
			    !pages_of(k, shift, gic_version, &other_first, &other_end) ||
			    other_first >= end || first >= other_end)
				continue;
			names[0] = regions[i].name;
			names[1] = regions[k].name;
			return true;
		}
	}
	return false;
}

const char *sim_stage2_reserved(const struct sim_stage2 *stage2, uint64_t address, uint64_t end)
{
	uint64_t first, stop;

	for (size_t i = 0; i < REGION_COUNT; i++)
		if (pages_of(i, stage2->shift, stage2->gic_version, &first, &stop) &&
		    address < stop << stage2->shift && first << stage2->shift < end)
			return regions[i].name;
	return NULL;
}

int sim_stage2_open(struct sim_stage2 *stage2, unsigned shift, unsigned gic_version)
{
	stage2->shift = shift;
	stage2->gic_version = gic_version;
	return sim_books_open(&stage2->map, UINT64_C(1) << (SIM_GUEST_BITS - shift));
}

void sim_stage2_close(struct sim_stage2 *stage2)
{
	sim_books_close(&stage2->map);
}

bool sim_stage2_reserve(struct sim_stage2 *stage2)
{
	return sim_books_reserve(&stage2->map, 2);
}

void sim_stage2_map(struct sim_stage2 *stage2, uint64_t gfn, uint64_t mfn, unsigned order)
{
	struct sim_frame behind = {.kind = SIM_OWNED, .link = mfn & SIM_NO_LINK};
	uint64_t frames = UINT64_C(1) << order;

	(void)sim_books_add_span(&stage2->map, gfn >> SIM_SPAN_ORDER);
	if (order >= SIM_CHUNK_ORDER) {
		for (uint64_t i = 0; i < frames; i += SIM_CHUNK_FRAMES) {
			*sim_books_chunk(&stage2->map, gfn + i) = behind;
			behind.link += SIM_CHUNK_FRAMES;
		}
		return;
	}

	struct sim_frame *chunk = sim_books_chunk(&stage2->map, gfn);
	if (chunk->kind != SIM_SPLIT)
		(void)sim_books_split(&stage2->map, chunk);
	for (uint64_t i = 0; i < frames; i++, behind.link++)
		*sim_books_held(&stage2->map, gfn + i) = behind;
}

bool sim_stage2_unmap(struct sim_stage2 *stage2, uint64_t gfn)
{
	struct sim_frame *entry = sim_books_frame(&stage2->map, gfn);

	if (entry)
		*entry = (struct sim_frame){0};
	return entry;
}

uint64_t sim_stage2_look(const struct sim_stage2 *stage2, uint64_t gfn, uint64_t *count)
{
	struct sim_frame behind = sim_books_look(&stage2->map, gfn, count);

	return behind.kind == SIM_OWNED ? behind.link : PVB_NO_FRAME;
}

bool sim_stage2_present(const struct sim_stage2 *stage2, uint64_t gfn, uint64_t limit,
			uint64_t *count)
{
	uint64_t run;
	bool present = sim_stage2_look(stage2, gfn, &run) != PVB_NO_FRAME;

	*count = run;
	while (*count < limit &&
	       (sim_stage2_look(stage2, gfn + *count, &run) != PVB_NO_FRAME) == present)
		*count += run;
	*count = pvb_min(*count, limit);
	return present;
}
