/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/source.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "image/image.h"
#include "image/sink.h"

void pvb_source_memory(struct pvb_source *source, struct pvb_span memory, const char *name)
{
	*source = (struct pvb_source){.name = name,
				      .fd = -1,
				      .store = PVB_STORE_INIT,
				      .memory = memory,
				      .size = memory.size};
}

static int cannot_read(const char *name, int reason, struct pvb_error *error)
{
	return pvb_fail(error, PVB_E_ARG_FILE, PVB_IMAGE_STAGE, "%s cannot be read: %s", name,
			strerror(reason));
}

/* Everything that a pipe has to say, within the limit of one layer. */
static int drain(struct pvb_source *source, int fd, const struct pvb_limits *limits,
		 struct pvb_error *error)
{
	PVB_SINK_AUTO struct pvb_sink sink = PVB_SINK_INIT;
	uint8_t buffer[16384];
	int rc = pvb_sink_open(&sink, limits, PVB_EXPECT_ANYTHING, error);

	while (!rc) {
		ssize_t got = read(fd, buffer, sizeof buffer);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return cannot_read(source->name, errno, error);
		if (got == 0)
			break;
		rc = pvb_sink_write(&sink, buffer, (size_t)got, error);
	}

	PVB_STORE_AUTO struct pvb_store copy = PVB_STORE_INIT;
	if (!rc)
		rc = pvb_sink_finish(&sink, &copy, error);
	if (!rc)
		pvb_source_replace(source, &copy);
	return rc;
}

int pvb_source_fd(struct pvb_source *source, int fd, const char *name,
		  const struct pvb_limits *limits, struct pvb_error *error)
{
	struct stat status;

	*source = (struct pvb_source){.name = name, .fd = fd, .store = PVB_STORE_INIT};
	if (fstat(fd, &status))
		return cannot_read(name, errno, error);
	if (S_ISDIR(status.st_mode))
		return cannot_read(name, EISDIR, error);
	/* Some of them never end (/dev/zero), others wait for somebody to type. */
	if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
		return pvb_fail(error, PVB_E_ARG_FILE, PVB_IMAGE_STAGE,
				"%s cannot be read: it is a device, not a file", name);
	/* Files of procfs and sysfs say that they are regular and empty. */
	if (S_ISREG(status.st_mode) && status.st_size > 0) {
		source->size = (uint64_t)status.st_size;
		return 0;
	}
	return drain(source, fd, limits, error);
}

void pvb_source_replace(struct pvb_source *source, struct pvb_store *store)
{
	pvb_source_close(source);
	source->store = pvb_store_steal(store);
	source->fd = source->store.fd;
	source->size = source->store.size;
}

void pvb_source_close(struct pvb_source *source)
{
	pvb_store_close(&source->store);
	source->fd = -1;
}

int pvb_source_read(const struct pvb_source *source, uint64_t offset, void *to, size_t size,
		    struct pvb_error *error)
{
	uint8_t *bytes = (uint8_t *)to;

	if (source->fd < 0) {
		if (pvb_span_copy(source->memory, offset, to, size))
			return 0;
		return pvb_fail(error, PVB_E_BUG, PVB_IMAGE_STAGE,
				"read of %zu bytes at %" PRIu64 " of %" PRIu64, size, offset,
				source->size);
	}
	while (size) {
		ssize_t got = pread(source->fd, bytes, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return cannot_read(source->name, errno, error);
		if (got == 0)
			return pvb_fail(error, PVB_E_ARG_FILE, PVB_IMAGE_STAGE,
					"%s became shorter while it was read: no byte %" PRIu64
					" of %" PRIu64,
					source->name, offset, source->size);
		bytes += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}
