/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows onto guest memory: bounded, one at a time, gone when written. */
#include "build/builder.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/checked.h"

int pvb_window_create(struct pvb_builder *builder, struct pvb_error *error)
{
	builder->window_frames = pvb_max(PVB_WINDOW_BYTES >> builder->host->page_shift, 1);
	builder->window = calloc(builder->window_frames, sizeof *builder->window);
	if (!builder->window)
		return pvb_fail_memory(error, "build", "the frames of a window");
	return 0;
}

void pvb_window_free(struct pvb_builder *builder)
{
	free(builder->window);
	builder->window = NULL;
}

static int list_frames(struct pvb_builder *builder, uint64_t pfn, uint64_t count,
		       struct pvb_error *error)
{
	for (uint64_t i = 0; i < count;) {
		uint64_t mfn, here;

		if (!pvb_runs_find(&builder->memory, pfn + i, &mfn, &here))
			return pvb_fail(error, PVB_E_BUG, builder->stage,
					"PFN 0x%" PRIx64 " is to be written but has no memory",
					pfn + i);
		/* A translated guest's memory is mapped by its own frames. */
		if (builder->plan->arm64)
			mfn = pfn + i;
		here = pvb_min(here, count - i);
		for (uint64_t j = 0; j < here; j++)
			builder->window[i + j] = PVB_MFN(mfn + j);
		i += here;
	}
	return 0;
}

static int open_window(struct pvb_builder *builder, uint64_t count, void **at,
		       struct pvb_error *error)
{
	int rc = pvb_host_map_frames(builder->host, builder->domid, builder->window, (size_t)count,
				     true, at, error);

	if (rc == 0)
		builder->mapped += count;
	return rc;
}

void pvb_window_close(struct pvb_builder *builder, uint8_t *at, uint64_t count)
{
	pvb_host_unmap_frames(builder->host, at, (size_t)count);
	builder->mapped -= count;
}

int pvb_window_frame(struct pvb_builder *builder, pvb_mfn_t frame, uint8_t **at,
		     struct pvb_error *error)
{
	void *mapped;

	builder->window[0] = frame;
	int rc = open_window(builder, 1, &mapped, error);
	if (rc == 0)
		*at = mapped;
	return rc;
}

int pvb_window_each(struct pvb_builder *builder, pvb_pfn_t first, uint64_t count,
		    pvb_window_fn write, void *opaque, struct pvb_error *error)
{
	while (count) {
		uint64_t here = pvb_min(count, builder->window_frames);
		void *at;
		int rc = list_frames(builder, first.n, here, error);

		if (rc == 0)
			rc = open_window(builder, here, &at, error);
		if (rc)
			return rc;
		rc = write(builder, opaque, at, first, here, error);
		pvb_window_close(builder, at, here);
		if (rc == 0)
			rc = pvb_builder_advance(builder, here << builder->host->page_shift, error);
		if (rc)
			return rc;
		first.n += here;
		count -= here;
	}
	return 0;
}
