/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What "p2m" has found out, for people and for programs. */
#ifndef PVB_TOOLS_P2M_VIEW_H
#define PVB_TOOLS_P2M_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/domain.h>
#include <pvbuild/p2m.h>

#include "p2m-convert.h"

/* How many extents, disagreements and frames of others are listed where --all is not given. */
#define P2M_VIEW_FEW 16

/*
 *   domain      where it is of a live one, else NULL; then file is set
 *   all         list everything
 *   walk        of one PFN; then there is no info
 *   conversion  that was made, or NULL
 */
struct p2m_view {
	const struct pvb_domain_state *domain;
	const char *file;
	const struct pvb_p2m_info *info;
	bool all;
	const struct pvb_p2m_path *walk;
	const struct conversion *conversion;
};

static inline size_t p2m_view_listed(const struct p2m_view *view, size_t count)
{
	return view->all || count <= P2M_VIEW_FEW ? count : P2M_VIEW_FEW;
}

/* Whether it is as it should be: an exit status is made of that. */
static inline bool p2m_view_good(const struct p2m_view *view)
{
	const struct pvb_p2m_path *walk = view->walk;

	if (!walk)
		return !view->info->total_disagreements && !view->info->total_not_owned &&
		       !view->info->wild;
	if (walk->kind == PVB_P2M_ENTRY_FRAME && walk->owner_known && !walk->owned)
		return false;
	if (walk->kind == PVB_P2M_ENTRY_FRAME && walk->m2p_known)
		return walk->m2p_pfn == walk->pfn;
	return walk->kind != PVB_P2M_ENTRY_WILD;
}

#endif
