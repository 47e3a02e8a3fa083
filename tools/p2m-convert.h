/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A p2m in the other form, as a file of pages. A list is the array itself, from byte 0 on. A tree
 * is a machine of its own, in which page numbers of the file are the frames: page 0 is a page of
 * shared info that names the root, and every entry above the leaves the number of a page.
 * pvbuild(1) describes it.
 */
#ifndef PVB_TOOLS_P2M_CONVERT_H
#define PVB_TOOLS_P2M_CONVERT_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/p2m.h>

/*
 *   path, tree, levels  are asked for: levels 0 for the fewest that suffice
 *   root     page of the root; 0 of a list
 *   nodes    pages above the leaves, from page 1 on; then shared ones that stand for what is
 *            missing, one for each level below the root, or none; then leaves; pages of all of the
 * file
 */
struct conversion {
	const char *path;
	bool tree;
	uint32_t levels;
	uint32_t page_size;
	uint64_t root;
	uint64_t nodes;
	uint64_t shared;
	uint64_t leaves;
	uint64_t pages;
};

/* Fills in the rest. On failure no file is left, and one that was there stays as it was. */
int conversion_write(struct conversion *conversion, const struct pvb_p2m_info *info,
		     struct pvb_error *error);

#endif
