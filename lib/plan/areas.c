/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/areas.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/checked.h"
#include "core/error.h"

#define STAGE "plan"

const char *pvb_area_kind_name(enum pvb_area_kind kind)
{
	switch (kind) {
	case PVB_AREA_RAM:
		return "ram";
	case PVB_AREA_SHARED:
		return "shared";
	case PVB_AREA_TRAPPED:
		return "trapped";
	case PVB_AREA_DEVICE:
		return "device";
	case PVB_AREA_HOLE:
		return "hole";
	}
	return "unknown";
}

static int by_address(const void *a, const void *b)
{
	const struct pvb_plan_area *x = a, *y = b;

	return (x->gpa > y->gpa) - (x->gpa < y->gpa);
}

static uint64_t last_byte(const struct pvb_plan_area *area)
{
	return area->gpa + area->bytes - 1;
}

static int clash(const struct pvb_plan_area *low, const struct pvb_plan_area *high, unsigned shift,
		 struct pvb_error *error)
{
	uint64_t page = pvb_round_down(high->gpa, UINT64_C(1) << shift);
	int rc = pvb_fail(error, PVB_E_PLAN_CLASH, STAGE,
			  "%s (%s, 0x%" PRIx64 " to 0x%" PRIx64 ") and %s (%s, 0x%" PRIx64
			  " to 0x%" PRIx64 ") meet in the page of %" PRIu64 " KiB at 0x%" PRIx64,
			  low->name, pvb_area_kind_name(low->kind), low->gpa, last_byte(low),
			  high->name, pvb_area_kind_name(high->kind), high->gpa, last_byte(high),
			  (UINT64_C(1) << shift) >> 10, page);

	pvb_hint(error,
		 "the hypervisor maps, shares and traps by pages of its own: use a host with "
		 "smaller ones, or other addresses");
	return rc;
}

int pvb_areas_check(struct pvb_plan_area *areas, size_t count, unsigned shift,
		    struct pvb_error *error)
{
	const uint64_t page = UINT64_C(1) << shift;
	const struct pvb_plan_area *highest = NULL;

	qsort(areas, count, sizeof *areas, by_address);
	for (size_t i = 0; i < count; i++) {
		const struct pvb_plan_area *area = &areas[i];
		bool overlaps = highest && area->gpa <= last_byte(highest);

		if (highest && area->gpa >> shift <= last_byte(highest) >> shift &&
		    (overlaps || highest->kind != PVB_AREA_TRAPPED ||
		     area->kind != PVB_AREA_TRAPPED))
			return clash(highest, area, shift, error);
		if (!highest || last_byte(area) > last_byte(highest))
			highest = area;
	}
	for (size_t i = 0; i < count; i++) {
		const struct pvb_plan_area *area = &areas[i];

		if (area->kind != PVB_AREA_TRAPPED &&
		    !pvb_is_aligned(area->gpa | area->bytes, page))
			return pvb_fail(error, PVB_E_PLAN_CLASH, STAGE,
					"%s (%s, 0x%" PRIx64 " to 0x%" PRIx64
					") and what is around it meet in a page: it does not start "
					"and end on pages of %" PRIu64 " KiB",
					area->name, pvb_area_kind_name(area->kind), area->gpa,
					last_byte(area), page >> 10);
	}
	return 0;
}
