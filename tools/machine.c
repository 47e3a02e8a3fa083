/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine.h"

struct machine_span machine_span(const struct pvb_domain_info *domain)
{
	struct machine_span span = {0};

	for (size_t i = 0; i < domain->extent_count; i++) {
		const struct pvb_memory_extent *extent = &domain->extents[i];

		if (i == 0 || extent->maddr < span.from)
			span.from = extent->maddr;
		if (extent->maddr + extent->bytes > span.to)
			span.to = extent->maddr + extent->bytes;
	}
	return span;
}

struct machine_side machine_side(const struct pvb_domain_info *domain, unsigned bits)
{
	struct machine_side side = {0};
	uint64_t end = bits < 64 ? UINT64_C(1) << bits : UINT64_MAX;

	for (size_t i = 0; i < domain->extent_count; i++) {
		const struct pvb_memory_extent *extent = &domain->extents[i];
		uint64_t below = extent->maddr < end ? end - extent->maddr : 0;

		if (below > extent->bytes)
			below = extent->bytes;
		side.below += below;
		side.above += extent->bytes - below;
	}
	return side;
}
