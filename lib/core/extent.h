/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An extent of memory in one word: its size is a power of two and its address a
 * multiple of its size, so the low bits of the address are free to tell the size.
 *
 *   bits 63:12   address, in bytes
 *   bits 11:6    flags, of which there are none yet
 *   bits 5:0     log2 of the size in bytes
 *
 * The word says the same to both sides whatever pages each of them has. The least
 * that it can tell of is 4 KiB, which is also the least that anything here has.
 */
#ifndef PVB_CORE_EXTENT_H
#define PVB_CORE_EXTENT_H

#include <stdint.h>

#include "core/frames.h"

typedef struct {
	uint64_t word;
} pvb_extent_t;

#define PVB_EXTENT_SHIFT_MIN 12u
#define PVB_EXTENT_SHIFT_MASK UINT64_C(0x03f)
#define PVB_EXTENT_FLAGS_MASK UINT64_C(0xfc0)
#define PVB_EXTENT_ADDRESS_MASK (~UINT64_C(0xfff))

/* What is wrong with an extent; the first of these that is. */
enum pvb_extent_flaw {
	PVB_EXTENT_SOUND = 0,
	PVB_EXTENT_TINY,       /* less than 4 KiB: its size would be told in bits of its address */
	PVB_EXTENT_FLAGGED,    /* a flag is set, and none has a meaning */
	PVB_EXTENT_SPLITS,     /* less than the granule */
	PVB_EXTENT_MISALIGNED, /* the address is no multiple of the size */
	PVB_EXTENT_WRAPS,      /* the end does not fit 64 bits */
};

/*
 * The word for 1 << shift bytes at an address, where memory comes in pieces of
 * 1 << granule. Sets *extent only if that is sound.
 */
enum pvb_extent_flaw pvb_extent_encode(uint64_t address, unsigned shift, unsigned granule,
				       pvb_extent_t *extent);

/* A word that somebody else made. */
enum pvb_extent_flaw pvb_extent_check(pvb_extent_t extent, unsigned granule);

/* "is less than the host's page", after the words "the extent". Never NULL. */
const char *pvb_extent_flaw_text(enum pvb_extent_flaw flaw);

static inline uint64_t pvb_extent_address(pvb_extent_t extent)
{
	return extent.word & PVB_EXTENT_ADDRESS_MASK;
}

static inline unsigned pvb_extent_shift(pvb_extent_t extent)
{
	return (unsigned)(extent.word & PVB_EXTENT_SHIFT_MASK);
}

static inline uint64_t pvb_extent_bytes(pvb_extent_t extent)
{
	return UINT64_C(1) << pvb_extent_shift(extent);
}

/* The first frame of an extent that is sound for pages of 1 << page_shift. */
static inline pvb_mfn_t pvb_extent_frame(pvb_extent_t extent, unsigned page_shift)
{
	return PVB_MFN(pvb_extent_address(extent) >> page_shift);
}

#endif
