/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain's memory into a core, through windows of so many frames from wherever they are: a
 * window costs the same whether they adjoin or not, and memory may be in single pages.
 */
#include "dump/dump.h"

#include <string.h>

#include "core/cleanup.h"
#include "core/error.h"

#define WINDOW_PAGES 2048u

/* Frames, and the page of .xen_pages that each belongs to, ascending. */
struct window {
	const struct core *core;
	pvb_mfn_t frames[WINDOW_PAGES];
	uint64_t pages[WINDOW_PAGES];
	size_t count;
};

static bool is_zero(const uint8_t *page)
{
	static const uint8_t zeros[DUMP_PAGE_BYTES];

	return memcmp(page, zeros, DUMP_PAGE_BYTES) == 0;
}

/* Of guest memory, all up to a page of .xen_pages is there. */
static int report_progress(const struct core *core, uint64_t page, struct pvb_error *error)
{
	const struct pvb_dump_options *options = &core->options;

	if (!options->progress ||
	    options->progress(options->progress_opaque, DUMP_STAGE, page * DUMP_PAGE_BYTES,
			      core->memory.result.pages * DUMP_PAGE_BYTES) == 0)
		return 0;
	return pvb_fail(error, PVB_E_ARG_CANCELLED, DUMP_STAGE,
			"the dump was cancelled by its caller");
}

/* The file stays sparse where a page holds nothing but zeros. */
static int write_window(const struct window *window, const uint8_t *bytes, struct pvb_error *error)
{
	const uint64_t start = window->core->sections[SECTION_PAGES].sh_offset;
	size_t run = 1;

	for (size_t i = 0; i < window->count; i += run) {
		const uint8_t *at = bytes + i * DUMP_PAGE_BYTES;

		run = 1;
		if (is_zero(at))
			continue;
		while (i + run < window->count &&
		       window->pages[i + run] == window->pages[i] + run &&
		       !is_zero(at + run * DUMP_PAGE_BYTES))
			run++;

		int rc = pvb_dump_write(window->core, at, run * DUMP_PAGE_BYTES,
					start + window->pages[i] * DUMP_PAGE_BYTES, error);

		if (rc)
			return rc;
	}
	return 0;
}

static int flush(struct window *window, struct pvb_error *error)
{
	const struct core *core = window->core;
	void *at;
	int rc;

	if (!window->count)
		return 0;
	rc = pvb_host_map_frames(core->host, core->domain.domid, window->frames, window->count,
				 false, &at, error);
	if (rc)
		return rc;
	rc = write_window(window, at, error);
	pvb_host_unmap_frames(core->host, at, window->count);
	if (!rc)
		rc = report_progress(core, window->pages[window->count - 1] + 1, error);
	window->count = 0;
	return rc;
}

/* count frames from mfn on, whose contents belong at page. */
static int take_touched(struct window *window, uint64_t mfn, uint64_t count, uint64_t page,
			struct pvb_error *error)
{
	for (uint64_t i = 0; i < count; i++) {
		window->frames[window->count] = PVB_MFN(mfn + i);
		window->pages[window->count++] = page + i;

		int rc = window->count < WINDOW_PAGES ? 0 : flush(window, error);

		if (rc)
			return rc;
	}
	return 0;
}

/* What nobody has touched is zero. */
static int take_run(struct window *window, const struct pvb_p2m_extent *run, uint64_t page,
		    struct pvb_error *error)
{
	for (uint64_t done = 0; done < run->count;) {
		uint64_t count;
		bool touched;
		int rc = pvb_host_get_touched_run(window->core->host, PVB_MFN(run->mfn + done),
						  run->count - done, &touched, &count, error);

		if (rc)
			return rc;
		if (touched)
			rc = take_touched(window, run->mfn + done, count, page + done, error);
		done += count;
		if (!rc && !window->count)
			rc = report_progress(window->core, page + done, error);
		if (rc)
			return rc;
	}
	return 0;
}

int pvb_dump_write_pages(const struct core *core, struct pvb_error *error)
{
	PVB_AUTO_FREE struct window *window = malloc(sizeof *window);
	uint64_t page = 0;
	int rc = 0;

	if (!window)
		return pvb_fail_memory(error, DUMP_STAGE, "a window of guest memory");
	window->core = core;
	window->count = 0;
	for (size_t i = 0; !rc && i < core->memory.count; i++) {
		rc = take_run(window, &core->memory.extents[i], page, error);
		page += core->memory.extents[i].count;
	}
	if (!rc)
		rc = flush(window, error);
	return rc ? rc : report_progress(core, page, error);
}
