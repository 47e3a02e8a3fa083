/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/p2m-form.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include <pvbuild/guest-abi.h>

#include "core/error.h"
#include "p2m/p2m.h"

#define STAGE "plan"

static_assert(PVB_P2M_LEVELS_MAX == PVB_GUEST_P2M_LEVELS_MOST,
	      "a kernel can ask for what can be made, and no more");

int pvb_check_no_p2m(const struct pvb_spec *spec, enum pvb_guest_type type, struct pvb_error *error)
{
	if (spec->p2m == PVB_P2M_AS_GUEST_ASKS && !spec->p2m_levels)
		return 0;
	int rc = pvb_fail(error, PVB_E_ARG_P2M, STAGE,
			  "a guest of type %s has no p2m: the processor translates its addresses",
			  pvb_guest_type_name(type));

	pvb_hint(error, "leave pvb_spec.p2m out");
	return rc;
}

static int check_wish(const struct pvb_spec *spec, struct pvb_error *error)
{
	int rc;

	if (spec->p2m != PVB_P2M_AS_GUEST_ASKS && spec->p2m != PVB_P2M_WANT_LIST &&
	    spec->p2m != PVB_P2M_WANT_TREE)
		return pvb_fail(error, PVB_E_ARG_P2M, STAGE, "there is no form %d of a p2m",
				(int)spec->p2m);
	if (!spec->p2m_levels)
		return 0;
	if (spec->p2m != PVB_P2M_WANT_TREE) {
		rc = pvb_fail(error, PVB_E_ARG_P2M, STAGE,
			      "%" PRIu32 " levels of a p2m, of which no tree is asked for",
			      spec->p2m_levels);
		pvb_hint(error, "a list has no levels; ask for a tree, or leave their number out");
		return rc;
	}
	if (spec->p2m_levels <= PVB_P2M_LEVELS_MAX)
		return 0;
	rc = pvb_fail(error, PVB_E_ARG_P2M, STAGE,
		      "a p2m tree of %" PRIu32 " levels: there are trees of 1 to %d",
		      spec->p2m_levels, PVB_P2M_LEVELS_MAX);
	pvb_hint(error, "leave their number out: then it is the fewest that suffice");
	return rc;
}

int pvb_resolve_p2m(const struct pvb_image_declares *declares, const struct pvb_spec *spec,
		    struct pvb_p2m_wanted *wanted, struct pvb_error *error)
{
	int rc = check_wish(spec, error);

	*wanted = (struct pvb_p2m_wanted){0};
	if (rc)
		return rc;
	wanted->declared = spec->p2m == PVB_P2M_AS_GUEST_ASKS && declares->p2m_tree;
	wanted->tree = spec->p2m == PVB_P2M_WANT_TREE || wanted->declared;
	if (!wanted->tree)
		return 0;
	wanted->levels = spec->p2m_levels;
	wanted->at_least = declares->p2m_levels;
	return 0;
}

unsigned pvb_p2m_levels(const struct pvb_p2m_wanted *wanted,
			const struct pvb_p2m_geometry *geometry)
{
	unsigned least;

	if (!wanted->tree)
		return 0;
	if (wanted->levels)
		return wanted->levels;
	least = pvb_p2m_least_levels(geometry);
	return least > wanted->at_least ? least : wanted->at_least;
}

int pvb_check_p2m_levels(const struct pvb_p2m_wanted *wanted,
			 const struct pvb_p2m_geometry *geometry, struct pvb_error *error)
{
	int rc = wanted->levels ? pvb_p2m_check_levels(geometry, wanted->levels, error) : 0;

	if (!rc || !error)
		return rc;
	(void)snprintf(error->stage, sizeof error->stage, STAGE);
	pvb_hint(error, "leave the number of levels out: then it is the fewest that suffice");
	return rc;
}
