/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dumped.h"

#include <inttypes.h>

#include "fault.h"

void dumped_warn(const struct pvb_dump_result *result)
{
	if (result->p2m.code)
		warn("the domain's p2m cannot be read, and the M2P took its place: %s",
		     result->p2m.message);
	else if (result->by_m2p)
		warn("the domain's p2m does not name %" PRIu64
		     " of its pages; they are where the M2P has them",
		     result->by_m2p);
	if (result->foreign)
		warn("%" PRIu64 " PFNs have frames of other domains, which are not in the core",
		     result->foreign);
	if (result->missing)
		warn("the core has %" PRIu64 " of the domain's %" PRIu64 " pages: neither p2m nor "
		     "M2P say where the others belong",
		     result->pages, result->domain_pages);
}
