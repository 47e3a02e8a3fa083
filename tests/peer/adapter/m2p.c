/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The M2P as Xen shares it: a list of where its pieces of 2 MiB are, and the pieces
 * themselves, to be mapped as frames of DOMID_XEN. A host of ours has no such
 * table, so that a piece is written when it is mapped; its frames have made-up numbers.
 */
#include "peer/adapter/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/memory.h>

#define CHUNK_BYTES (UINT64_C(2) << 20)
#define CHUNK_ENTRIES (CHUNK_BYTES / sizeof(uint64_t))
#define CHUNK_FRAMES (CHUNK_BYTES >> XC_PAGE_SHIFT)

/* No frame of a simulated host has a number as high as that of the table's first. */
#define FIRST_FRAME (UINT64_C(1) << 41)

static long run(struct peer_link *link, uint64_t frame, uint64_t limit, uint64_t *pfn,
		uint64_t *count)
{
	struct pvb_error error;
	pvb_pfn_t first;

	if (pvb_host_get_m2p_run(link->host, PVB_MFN(frame), limit, &first, count, &error))
		return peer_refused(&error);
	*pfn = first.n;
	return 0;
}

/* A piece of which no frame has a PFN is none: the last one before it is named again. */
long peer_machphys_mfn_list(struct peer_link *link, struct xen_machphys_mfn_list *list)
{
	struct pvb_host_info info;
	struct pvb_error error;
	uint64_t last = FIRST_FRAME;

	if (pvb_host_get_info(link->host, &info, &error))
		return peer_refused(&error);

	uint64_t frames = UINT64_C(1) << (info.address_bits - info.page_shift);
	uint64_t chunks = (frames + CHUNK_ENTRIES - 1) / CHUNK_ENTRIES;

	for (list->nr_extents = 0; list->nr_extents < list->max_extents; list->nr_extents++) {
		uint64_t pfn = PVB_NO_FRAME, count = 0, chunk = list->nr_extents;

		if (chunk == chunks)
			break;
		long rc = run(link, chunk * CHUNK_ENTRIES, CHUNK_ENTRIES, &pfn, &count);
		if (rc)
			return rc;
		if (pfn != PVB_NO_FRAME || count != CHUNK_ENTRIES)
			last = FIRST_FRAME + chunk * CHUNK_FRAMES;
		list->extent_start.p[chunk] = last;
	}
	return 0;
}

void *peer_map_m2p(struct peer_link *link, const xen_pfn_t *frames, size_t count, int prot)
{
	uint64_t first = (frames[0] - FIRST_FRAME) * (XC_PAGE_SIZE / sizeof(uint64_t));

	for (size_t i = 0; i < count; i++)
		if (frames[i] < FIRST_FRAME || frames[i] != frames[0] + i) {
			errno = EINVAL;
			return NULL;
		}
	/* Privileged or not, nobody writes to it. */
	if (prot & PROT_WRITE) {
		errno = EPERM;
		return NULL;
	}

	size_t bytes = count << XC_PAGE_SHIFT;
	uint64_t *table =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (table == MAP_FAILED)
		return NULL;
	for (uint64_t i = 0, n = 0; i < bytes / sizeof *table; i += n) {
		uint64_t pfn = PVB_NO_FRAME;
		long rc = run(link, first + i, bytes / sizeof *table - i, &pfn, &n);

		if (rc) {
			(void)munmap(table, bytes);
			errno = (int)-rc;
			return NULL;
		}
		for (uint64_t k = 0; k < n; k++)
			table[i + k] = pfn == PVB_NO_FRAME ? UINT64_MAX : pfn + k;
	}
	return table;
}
