/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/console.h"

#include <assert.h>
#include <string.h>

#include "core/error.h"
#include "host/host.h"

static_assert(PVB_CONSOLE_RING_BYTES % sizeof(uint32_t) == 0, "a ring is copied in words");

/* A word at a time, once each: what was checked must be what is used. */
static uint32_t word_at(const void *page, size_t offset)
{
	return ((const volatile uint32_t *)page)[offset / sizeof(uint32_t)];
}

static void copy_out(uint8_t out[PVB_CONSOLE_RING_BYTES], const void *page)
{
	for (size_t i = 0; i < PVB_CONSOLE_RING_BYTES; i += sizeof(uint32_t)) {
		uint32_t word = word_at(page, PVB_CONSOLE_RING_OUT + i);

		memcpy(out + i, &word, sizeof word);
	}
}

void pvb_console_ring_read(struct pvb_console_ring *ring, const void *page)
{
	uint8_t out[PVB_CONSOLE_RING_BYTES];

	ring->taken = word_at(page, PVB_CONSOLE_RING_TAKEN);
	ring->written = word_at(page, PVB_CONSOLE_RING_WRITTEN);
	ring->count = 0;
	memset(ring->last, 0, sizeof ring->last);
	if (ring->written - ring->taken > sizeof out) {
		ring->taken = ring->written;
		return;
	}
	copy_out(out, page);
	ring->count = ring->written < sizeof out ? ring->written : sizeof out;
	for (uint32_t i = 0; i < ring->count; i++)
		ring->last[i] = out[(ring->written - ring->count + i) % sizeof out];
}

int pvb_domain_open_console_with(struct pvb_host *host, uint32_t domid,
				 const struct pvb_console_options *options, int *fd,
				 struct pvb_error *error)
{
	struct pvb_console_options own;
	int rc = pvb_options(&own, sizeof own, options, "open_console", error);

	*fd = -1;
	return rc ? rc : pvb_host_open_console(host, domid, &own, fd, error);
}

int pvb_domain_open_console(struct pvb_host *host, uint32_t domid, int *fd, struct pvb_error *error)
{
	return pvb_domain_open_console_with(host, domid, NULL, fd, error);
}

int pvb_domain_console_ring(struct pvb_host *host, uint32_t domid, struct pvb_console_ring *ring,
			    struct pvb_error *error)
{
	struct pvb_console_ring own = PVB_CONSOLE_RING_INIT;
	pvb_mfn_t frame;
	void *page;
	int rc = pvb_host_find_console(host, domid, &frame, error);

	if (rc == 0 && frame.n != PVB_NO_FRAME) {
		rc = pvb_host_map_frames(host, domid, &frame, 1, false, &page, error);
		if (rc == 0) {
			pvb_console_ring_read(&own, page);
			pvb_host_unmap_frames(host, page, 1);
		}
	}
	return rc ? rc : pvb_result(ring, &own, sizeof own, "console_ring", error);
}

int pvb_domain_console_pending(struct pvb_host *host, uint32_t domid, uint32_t *bytes,
			       struct pvb_error *error)
{
	struct pvb_console_ring ring = PVB_CONSOLE_RING_INIT;
	int rc = pvb_domain_console_ring(host, domid, &ring, error);

	*bytes = rc ? 0 : ring.written - ring.taken;
	return rc;
}
