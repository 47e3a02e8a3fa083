/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many pages of a p2m there are at each level. */
#include "p2m/p2m.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/checked.h"
#include "core/error.h"

bool pvb_p2m_geometry_is_sound(const struct pvb_p2m_geometry *geometry)
{
	return geometry->pfns != 0 && (geometry->entry_size == 8 || geometry->entry_size == 4) &&
	       geometry->page_size >= 4096 &&
	       (geometry->page_size & (geometry->page_size - 1)) == 0;
}

int pvb_p2m_check_geometry(const struct pvb_p2m_geometry *geometry, struct pvb_error *error)
{
	if (pvb_p2m_geometry_is_sound(geometry))
		return 0;
	pvb_fail(error, PVB_E_ARG_INVALID, "p2m",
		 "there is no p2m of %" PRIu64 " PFNs in entries of %" PRIu32
		 " bytes and pages of %" PRIu32,
		 geometry->pfns, geometry->entry_size, geometry->page_size);
	pvb_hint(error, "At least one PFN, 8 or 4 bytes, and a power of two from 4096 on.");
	return -PVB_E_ARG_INVALID;
}

uint64_t pvb_p2m_entries_per_page(const struct pvb_p2m_geometry *geometry)
{
	if (!pvb_p2m_geometry_is_sound(geometry))
		return 0;
	return geometry->page_size / geometry->entry_size;
}

/* Entries per page, to a power; UINT64_MAX where that does not fit. */
static uint64_t power_of_entries(const struct pvb_p2m_geometry *geometry, unsigned exponent)
{
	uint64_t per_page = pvb_p2m_entries_per_page(geometry), power = 1;

	for (unsigned i = 0; i < exponent; i++) {
		if (!pvb_mul(power, per_page, &power))
			return UINT64_MAX;
	}
	return power;
}

uint64_t pvb_p2m_leaves_below(const struct pvb_p2m_geometry *geometry, unsigned level)
{
	return power_of_entries(geometry, level - 1);
}

uint64_t pvb_p2m_capacity(const struct pvb_p2m_geometry *geometry, unsigned levels)
{
	if (levels == 0 || levels > PVB_P2M_LEVELS_MAX || !pvb_p2m_geometry_is_sound(geometry))
		return 0;
	return power_of_entries(geometry, levels);
}

unsigned pvb_p2m_least_levels(const struct pvb_p2m_geometry *geometry)
{
	if (!pvb_p2m_geometry_is_sound(geometry))
		return 0;
	for (unsigned levels = 1; levels <= PVB_P2M_LEVELS_MAX; levels++) {
		if (geometry->pfns <= pvb_p2m_capacity(geometry, levels))
			return levels;
	}
	return 0;
}

uint64_t pvb_p2m_level_pages(const struct pvb_p2m_geometry *geometry, unsigned level)
{
	uint64_t pfns_below = pvb_p2m_capacity(geometry, level);

	return pfns_below ? pvb_div_round_up(geometry->pfns, pfns_below) : 0;
}

uint64_t pvb_p2m_list_pages(const struct pvb_p2m_geometry *geometry)
{
	return pvb_p2m_level_pages(geometry, 1);
}

uint64_t pvb_p2m_tree_pages(const struct pvb_p2m_geometry *geometry, unsigned levels)
{
	uint64_t pages = 0;

	if (geometry->pfns > pvb_p2m_capacity(geometry, levels))
		return 0;
	for (unsigned level = 2; level <= levels; level++)
		pages += pvb_p2m_level_pages(geometry, level);
	return pages;
}

/* "512 GiB": what a tree of so many levels reaches, which is a power of two. */
static const char *reach_text(char text[static 16], const struct pvb_p2m_geometry *geometry,
			      unsigned levels)
{
	static const char *const units[] = {"B",   "KiB", "MiB", "GiB", "TiB",
					    "PiB", "EiB", "ZiB", "YiB"};
	unsigned per_page = (unsigned)__builtin_ctzll(pvb_p2m_entries_per_page(geometry));
	unsigned shift = levels * per_page + (unsigned)__builtin_ctz(geometry->page_size);
	size_t unit = pvb_min(shift / 10, sizeof units / sizeof units[0] - 1);

	(void)snprintf(text, 16, "%u %s", 1u << (shift - 10 * unit), units[unit]);
	return text;
}

int pvb_p2m_check_levels(const struct pvb_p2m_geometry *geometry, unsigned levels,
			 struct pvb_error *error)
{
	unsigned least = pvb_p2m_least_levels(geometry);
	char reach[16];
	int rc;

	if (least == 0) {
		rc = pvb_fail(error, PVB_E_ARG_P2M, "p2m",
			      "%" PRIu64 " PFNs are more than any tree holds: %u levels reach %s",
			      geometry->pfns, PVB_P2M_LEVELS_MAX,
			      reach_text(reach, geometry, PVB_P2M_LEVELS_MAX));
	} else if (levels < 1 || levels > PVB_P2M_LEVELS_MAX) {
		rc = pvb_fail(error, PVB_E_ARG_P2M, "p2m",
			      "a tree of %u levels: there are trees of 1 to %u", levels,
			      PVB_P2M_LEVELS_MAX);
		pvb_hint(error, "%u are enough for %" PRIu64 " PFNs", least, geometry->pfns);
	} else if (levels < least) {
		rc = pvb_fail(error, PVB_E_ARG_P2M, "p2m",
			      "a tree of 0x%" PRIx64 " PFNs needs %u levels; %u reach %s",
			      geometry->pfns, least, levels, reach_text(reach, geometry, levels));
	} else {
		rc = 0;
	}
	return rc;
}
