/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "heard.h"

void heard_add(struct heard *heard, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		heard->last[heard->total++ % sizeof heard->last] = (uint8_t)bytes[i];
}

/* Whether what came through may have ended with the first "count" bytes of the ring's. */
static bool may_end_with(const struct heard *heard, const struct pvb_console_ring *ring,
			 uint32_t count)
{
	uint64_t known = heard->total < sizeof heard->last ? heard->total : sizeof heard->last;

	for (uint32_t i = 1; i <= count && i <= known; i++)
		if (heard->last[(heard->total - i) % sizeof heard->last] != ring->last[count - i])
			return false;
	return true;
}

/* By the contents alone: as much as can be has come through. */
static struct heard_rest search(const struct heard *heard, const struct pvb_console_ring *ring)
{
	uint32_t untaken = ring->written - ring->taken;
	uint32_t rest = untaken < ring->count ? untaken : ring->count;

	/* Who has heard nothing cannot know what others have. */
	if (heard->total == 0)
		return (struct heard_rest){.rest = rest};
	while (rest < ring->count && !may_end_with(heard, ring, ring->count - rest))
		rest++;
	return (struct heard_rest){.rest = rest, .gap = rest == ring->count && rest > 0};
}

struct heard_rest heard_compare(const struct heard *heard, const struct pvb_console_ring *ring)
{
	/* Both modulo 1 << 32, as the guest counts. */
	uint32_t behind = ring->written - (uint32_t)heard->total;
	struct heard_rest by_content = search(heard, ring);

	if (heard->from_start && behind == 0)
		return (struct heard_rest){.whole = true};
	/* A guest that has begun its ring anew has written less than was heard. */
	if (!heard->from_start || !ring->count || behind > INT32_MAX)
		return by_content;

	uint32_t rest = behind < ring->count ? behind : ring->count;

	/* It fails where somebody else reads, too. */
	by_content.owed = true;
	if (!may_end_with(heard, ring, ring->count - rest))
		return by_content;
	return (struct heard_rest){
		.rest = rest, .lost = behind - rest, .gap = behind > rest, .owed = true};
}
