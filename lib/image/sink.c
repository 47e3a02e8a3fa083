/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/checked.h"
#include "image/image.h"
#include "image/source.h"

enum {
	BUFFER_SIZE = 65536,
	HOLE_SIZE = 4096, /* what is looked at for zeros; a multiple of it fills the buffer */
};

static int no_room(const char *what, struct pvb_error *error)
{
	return pvb_fail(error, PVB_E_ARG_NO_MEMORY, PVB_IMAGE_STAGE,
			"the unpacked image cannot be kept in memory: %s: %s", what,
			strerror(errno));
}

int pvb_sink_open(struct pvb_sink *sink, const struct pvb_limits *limits, enum pvb_expect expect,
		  struct pvb_error *error)
{
	*sink = (struct pvb_sink){.fd = -1, .limits = limits};
	sink->buffer = (uint8_t *)malloc(BUFFER_SIZE);
	sink->watch = pvb_watch_new(expect);
	if (!sink->buffer || !sink->watch)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "a buffer");
	sink->fd = memfd_create("pvbuild-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (sink->fd < 0)
		return no_room("memfd_create", error);
	return 0;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static int put(int fd, const uint8_t *bytes, size_t size, uint64_t offset, struct pvb_error *error)
{
	while (size) {
		ssize_t put = pwrite(fd, bytes, size, (off_t)offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return no_room("pwrite", error);
		bytes += put;
		offset += (uint64_t)put;
		size -= (size_t)put;
	}
	return 0;
}

/* Write the buffer out but for its zeros. It starts at a multiple of HOLE_SIZE. */
static int flush(struct pvb_sink *sink, struct pvb_error *error)
{
	uint64_t base = sink->size - sink->fill;
	size_t from = 0, to = 0;

	while (to < sink->fill) {
		size_t part = sink->fill - to < HOLE_SIZE ? sink->fill - to : HOLE_SIZE;

		if (!is_zero(sink->buffer + to, part)) {
			to += part;
			continue;
		}
		int rc = put(sink->fd, sink->buffer + from, to - from, base + from, error);
		if (rc)
			return rc;
		from = to += part;
	}
	return put(sink->fd, sink->buffer + from, to - from, base + from, error);
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
	uint64_t flushed = sink->size - sink->fill;
	uint8_t *bytes = (uint8_t *)to;

	while (size) {
		if (offset >= flushed) {
			if (!pvb_span_copy(pvb_span(sink->buffer, sink->fill), offset - flushed,
					   bytes, size))
				return pvb_fail(error, PVB_E_BUG, PVB_IMAGE_STAGE,
						"byte %" PRIu64 " has not come yet", offset);
			return 0;
		}
		size_t part = (size_t)pvb_min(size, flushed - offset);
		ssize_t got = pread(sink->fd, bytes, part, (off_t)offset);

		/* Holes at the end are beyond the end of the file until it is finished. */
		if (got < 0)
			return no_room("pread", error);
		memset(bytes + got, 0, part - (size_t)got);
		bytes += part;
		offset += part;
		size -= part;
	}
	return 0;
}

int pvb_sink_finish(struct pvb_sink *sink, int *fd, uint64_t *size, struct pvb_error *error)
{
	int rc = pvb_watch_progress(sink->watch, sink, true, error);

	if (!rc)
		rc = flush(sink, error);
	if (rc)
		return rc;
	if (ftruncate(sink->fd, (off_t)sink->size))
		return no_room("ftruncate", error);
	*fd = sink->fd;
	*size = sink->size;
	sink->fd = -1;
	return 0;
}

void pvb_sink_close(struct pvb_sink *sink)
{
	if (sink->fd >= 0)
		(void)close(sink->fd);
	sink->fd = -1;
	free(sink->buffer);
	sink->buffer = NULL;
	pvb_watch_free(sink->watch);
	sink->watch = NULL;
}
