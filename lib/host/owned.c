/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose frames are: one question for many runs of them. */
#include "host/host.h"

#include "core/checked.h"
#include "core/error.h"

static const char call[] = "get_owned_run";

/*
 * One hypercall answers for this many frames (Xen: XEN_DOMCTL_getpageframeinfo3). The first
 * question is small, so that answers that alternate do not cost a whole batch for each frame.
 */
#define BATCH_FIRST 32u
#define BATCH 1024u

/* Where a reader of the runs stands. */
struct position {
	const struct pvb_host_frames *runs;
	size_t run_count;
	size_t run;
	uint64_t within;
};

static size_t take_frames(struct position *at, pvb_mfn_t *frames, size_t room)
{
	size_t n = 0;

	while (n < room && at->run < at->run_count) {
		const struct pvb_host_frames *run = &at->runs[at->run];
		uint64_t left = run->count - at->within;

		for (; left && n < room; left--) {
			frames[n] = PVB_MFN(run->first.n + at->within);
			at->within++;
			n++;
		}
		if (!left) {
			at->run++;
			at->within = 0;
		}
	}
	return n;
}

static int ask_types(struct pvb_host *host, uint32_t domid, const struct pvb_host_frames *runs,
		     size_t run_count, bool *owned, uint64_t *count, struct pvb_error *error)
{
	struct position at = {.runs = runs, .run_count = run_count};
	struct pvb_host_frame_info info[BATCH];
	pvb_mfn_t frames[BATCH];
	size_t n;

	*count = 0;
	while ((n = take_frames(&at, frames, *count ? BATCH : BATCH_FIRST))) {
		int rc = pvb_host_get_frame_info(host, domid, frames, n, info, error);

		if (rc)
			return rc;
		if (!*count)
			*owned = info[0].type != PVB_FRAME_FOREIGN;
		for (size_t i = 0; i < n; i++, ++*count)
			if ((info[i].type != PVB_FRAME_FOREIGN) != *owned)
				return 0;
	}
	return 0;
}

int pvb_host_get_owned_run(struct pvb_host *host, uint32_t domid,
			   const struct pvb_host_frames *runs, size_t run_count, bool *owned,
			   uint64_t *count, struct pvb_error *error)
{
	host->calls[PVB_CALL_GET_OWNED_RUN]++;
	*owned = false;
	*count = 0;
	for (size_t i = 0; i < run_count; i++)
		if (!runs[i].count || runs[i].count - 1 > UINT64_MAX - runs[i].first.n)
			return pvb_fail(error, PVB_E_ARG_INVALID, call,
					"run %zu of frames has no frame, or ends beyond 64 bits",
					i);
	if (!run_count)
		return pvb_fail(error, PVB_E_ARG_INVALID, call, "no frames");
	if (host->ops->get_owned_run)
		return host->ops->get_owned_run(host, domid, runs, run_count, owned, count, error);
	return ask_types(host, domid, runs, run_count, owned, count, error);
}
