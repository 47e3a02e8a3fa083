/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/extent.h"

#include "core/checked.h"

static enum pvb_extent_flaw judge(uint64_t address, unsigned shift, unsigned flags,
				  unsigned granule)
{
	uint64_t end;

	if (shift < PVB_EXTENT_SHIFT_MIN)
		return PVB_EXTENT_TINY;
	if (flags)
		return PVB_EXTENT_FLAGGED;
	if (shift < granule)
		return PVB_EXTENT_SPLITS;
	if (shift > PVB_EXTENT_SHIFT_MASK)
		return PVB_EXTENT_WRAPS;
	if (!pvb_is_aligned(address, UINT64_C(1) << shift))
		return PVB_EXTENT_MISALIGNED;
	return pvb_add(address, UINT64_C(1) << shift, &end) ? PVB_EXTENT_SOUND : PVB_EXTENT_WRAPS;
}

enum pvb_extent_flaw pvb_extent_encode(uint64_t address, unsigned shift, unsigned granule,
				       pvb_extent_t *extent)
{
	enum pvb_extent_flaw flaw = judge(address, shift, 0, granule);

	if (flaw == PVB_EXTENT_SOUND)
		extent->word = address | shift;
	return flaw;
}

enum pvb_extent_flaw pvb_extent_check(pvb_extent_t extent, unsigned granule)
{
	return judge(pvb_extent_address(extent), pvb_extent_shift(extent),
		     (unsigned)(extent.word & PVB_EXTENT_FLAGS_MASK), granule);
}

const char *pvb_extent_flaw_text(enum pvb_extent_flaw flaw)
{
	switch (flaw) {
	case PVB_EXTENT_SOUND:
		return "is sound";
	case PVB_EXTENT_TINY:
		return "is smaller than 4 KiB, which no extent is";
	case PVB_EXTENT_FLAGGED:
		return "has a flag set, and none has a meaning";
	case PVB_EXTENT_SPLITS:
		return "is smaller than the host's page";
	case PVB_EXTENT_MISALIGNED:
		return "is not aligned to its own size";
	case PVB_EXTENT_WRAPS:
		return "does not end below 2^64";
	}
	return "is of an unknown kind";
}
