/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/xen/end.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"

/* Looked at again so soon, then less and less often. */
#define FIRST_LOOK_MS 1
#define LAST_LOOK_MS 50

int xen_end(xc_interface *xc, uint32_t domid)
{
	int rc;

	/* What the guest sees of its own end should not depend on how far that is. */
	(void)xc_domain_pause(xc, domid);
	/* Xen gives memory back piece by piece, and may ask to be called again. */
	do
		rc = xc_domain_destroy(xc, domid);
	while (rc && errno == EAGAIN);
	return rc ? errno : 0;
}

static enum xen_ended look(xc_interface *xc, uint32_t domid, const uint8_t handle[16],
			   uint64_t *pages)
{
	xc_domaininfo_t info;
	int got = xc_domain_getinfolist(xc, domid, 1, &info);

	if (got < 0)
		return XEN_ENDED_UNKNOWN;
	if (got == 0 || info.domain != domid ||
	    memcmp(info.handle, handle, sizeof info.handle) != 0)
		return XEN_ENDED_GONE;
	*pages = info.tot_pages;
	return XEN_ENDED_STAYS;
}

enum xen_ended xen_await_end(xc_interface *xc, uint32_t domid, const uint8_t handle[16],
			     const struct xen_xs_patience *patience, uint64_t *pages)
{
	int64_t begun = pvb_now_ms();
	long wait_ms = FIRST_LOOK_MS;
	bool noticed = false;

	for (;;) {
		const struct timespec moment = {.tv_nsec = wait_ms * 1000000L};
		enum xen_ended ended = look(xc, domid, handle, pages);
		int64_t waited = pvb_now_ms() - begun;

		if (ended != XEN_ENDED_STAYS || waited >= patience->limit_ms)
			return ended;
		if (patience->notice && !noticed && waited >= patience->notice_ms) {
			noticed = true;
			patience->notice(patience->opaque);
		}
		(void)nanosleep(&moment, NULL);
		wait_ms = wait_ms * 2 < LAST_LOOK_MS ? wait_ms * 2 : LAST_LOOK_MS;
	}
}
