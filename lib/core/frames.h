/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Frame numbers and addresses as distinct types, so that the compiler refuses
 * to mix them:
 *
 *   pvb_pfn_t  pseudo-physical frame number: the guest's contiguous view
 *   pvb_mfn_t  machine frame number: the host's
 *   pvb_va_t   guest virtual address, in bytes
 *
 * A frame number means nothing without a page size; that is a property of the
 * host (pvb_host_info.page_shift), never a constant.
 */
#ifndef PVB_CORE_FRAMES_H
#define PVB_CORE_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
	uint64_t n;
} pvb_pfn_t;

typedef struct {
	uint64_t n;
} pvb_mfn_t;

typedef struct {
	uint64_t a;
} pvb_va_t;

#define PVB_PFN(number) ((pvb_pfn_t){.n = (number)})
#define PVB_MFN(number) ((pvb_mfn_t){.n = (number)})
#define PVB_VA(address) ((pvb_va_t){.a = (address)})

/* No frame: never a legal PFN or MFN. */
#define PVB_NO_FRAME UINT64_MAX

/*
 * Interfaces that we choose have bytes; a hypervisor's calls have frames. This is the
 * way from one to the other: false where bytes are not whole pages of 1 << page_shift.
 */
static inline bool pvb_whole_frames(uint64_t bytes, unsigned page_shift, uint64_t *frames)
{
	*frames = bytes >> page_shift;
	return *frames << page_shift == bytes;
}

#endif
