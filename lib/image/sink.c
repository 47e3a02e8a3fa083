/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/sink.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "image/image.h"
#include "image/source.h"

/* A multiple of what is looked at for zeros. */
enum { BUFFER_SIZE = 16 * PVB_STORE_HOLE };

int pvb_sink_open(struct pvb_sink *sink, const struct pvb_limits *limits, enum pvb_expect expect,
		  struct pvb_error *error)
{
	*sink = (struct pvb_sink){
		.store = PVB_STORE_INIT,
		.limits = limits,
		.held = limits->cost->held,
		.decoded = expect != PVB_EXPECT_ANYTHING,
	};
	sink->buffer = (uint8_t *)malloc(BUFFER_SIZE);
	sink->watch = pvb_watch_new(expect);
	if (!sink->buffer || !sink->watch)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "a buffer");
	return pvb_store_open(&sink->store, limits->cost, error);
}

/* Write the buffer out but for its zeros. It starts at a multiple of PVB_STORE_HOLE. */
static int flush(struct pvb_sink *sink, struct pvb_error *error)
{
	struct pvb_cost *cost = sink->limits->cost;
	const uint64_t before = sink->store.stored;
	int rc = pvb_store_put(&sink->store, sink->size - sink->fill, sink->buffer, sink->fill,
			       error);

	if (!sink->decoded) {
		cost->copied += sink->fill;
		return rc;
	}
	cost->unpacked += sink->fill;
	cost->grown += sink->store.stored - before;
	return rc ? rc : pvb_limits_check_growth(sink->limits, error);
}

int pvb_sink_write(struct pvb_sink *sink, const void *bytes, size_t size, struct pvb_error *error)
{
	const uint8_t *from = (const uint8_t *)bytes;

	while (size) {
		size_t part = BUFFER_SIZE - sink->fill;

		if (part > size)
			part = size;
		memcpy(sink->buffer + sink->fill, from, part);
		sink->fill += part;
		sink->size += part;
		from += part;
		size -= part;

		int rc = pvb_watch_progress(sink->watch, sink, false, error);
		if (!rc)
			rc = pvb_watch_limits(sink->watch, sink, error);
		if (!rc && sink->fill == BUFFER_SIZE) {
			rc = flush(sink, error);
			sink->fill = 0;
		}
		if (rc)
			return rc;
	}
	return 0;
}

int pvb_sink_read_back(struct pvb_sink *sink, uint64_t offset, void *to, size_t size,
		       struct pvb_error *error)
{
	const uint64_t flushed = sink->size - sink->fill;
	uint8_t *bytes = (uint8_t *)to;

	/* Holes at the end are beyond the end of the file until it is finished. */
	if (offset < flushed) {
		size_t part = (size_t)pvb_min(size, flushed - offset);
		int rc = pvb_store_get(&sink->store, offset, bytes, part, error);

		if (rc)
			return rc;
		bytes += part;
		offset += part;
		size -= part;
	}
	if (!size ||
	    pvb_span_copy(pvb_span(sink->buffer, sink->fill), offset - flushed, bytes, size))
		return 0;
	return pvb_fail(error, PVB_E_BUG, PVB_IMAGE_STAGE, "byte %" PRIu64 " has not come yet",
			offset);
}

int pvb_sink_finish(struct pvb_sink *sink, struct pvb_store *store, struct pvb_error *error)
{
	int rc = pvb_watch_progress(sink->watch, sink, true, error);

	if (!rc)
		rc = flush(sink, error);
	if (!rc)
		rc = pvb_store_finish(&sink->store, sink->size, error);
	if (!rc)
		*store = pvb_store_steal(&sink->store);
	return rc;
}

void pvb_sink_close(struct pvb_sink *sink)
{
	pvb_store_close(&sink->store);
	free(sink->buffer);
	sink->buffer = NULL;
	pvb_watch_free(sink->watch);
	sink->watch = NULL;
}
