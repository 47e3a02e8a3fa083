/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of lib/p2m share, and what the rest of the library writes a p2m from. */
#ifndef PVB_P2M_P2M_H
#define PVB_P2M_P2M_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/p2m.h>

#include "core/runs.h"

/* ---- geometry.c ---- */

bool pvb_p2m_geometry_is_sound(const struct pvb_p2m_geometry *geometry);

/* The same for whoever writes: PVB_E_ARG_INVALID with the numbers. */
int pvb_p2m_check_geometry(const struct pvb_p2m_geometry *geometry, struct pvb_error *error);

/*
 * Leaves below a page of a level, 1 for a leaf itself; UINT64_MAX where 64 bits end before, which
 * is more than there can be.
 */
uint64_t pvb_p2m_leaves_below(const struct pvb_p2m_geometry *geometry, unsigned level);

/*
 * That a tree of so many levels exists and reaches every PFN: PVB_E_ARG_P2M otherwise. The
 * geometry is sound.
 */
int pvb_p2m_check_levels(const struct pvb_p2m_geometry *geometry, unsigned levels,
			 struct pvb_error *error);

/* ---- map.c ---- */

/* A map of runs: number n maps to what the runs have for first + n. Borrows them. */
struct pvb_p2m_runs {
	const struct pvb_runs *runs;
	uint64_t first;
};
struct pvb_p2m_map pvb_p2m_map_of_runs(struct pvb_p2m_runs *runs);

/*
 * What a map that the caller has handed in says, for 1 <= limit. PVB_E_ARG_INVALID where it
 * breaks its contract, which would have the writer go round in circles or past its end.
 */
int pvb_p2m_map_find(const struct pvb_p2m_map *map, const char *name, uint64_t at, uint64_t limit,
		     uint64_t *mfn, uint64_t *count, struct pvb_error *error);

/* ---- list.c: entries ---- */

/* The highest MFN that an entry can hold: all ones are none. */
uint64_t pvb_p2m_highest_mfn(const struct pvb_p2m_geometry *geometry);

/* Write count entries, and return what is behind them: MFNs that ascend from mfn on, */
void *pvb_p2m_put_run(const struct pvb_p2m_geometry *geometry, void *to, uint64_t mfn,
		      uint64_t count);
/* or the same MFN, PVB_P2M_NONE for all ones. */
void *pvb_p2m_put_same(const struct pvb_p2m_geometry *geometry, void *to, uint64_t mfn,
		       uint64_t count);

#endif
