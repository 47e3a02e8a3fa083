/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/checked.h"
#include "core/cleanup.h"
#include "image/image.h"

static int no_room(const char *what, struct pvb_error *error)
{
	return pvb_fail(error, PVB_E_ARG_NO_MEMORY, PVB_IMAGE_STAGE,
			"the unpacked image cannot be kept in memory: %s: %s", what,
			strerror(errno));
}

int pvb_store_open(struct pvb_store *store, struct pvb_cost *cost, struct pvb_error *error)
{
	*store = (struct pvb_store){.cost = cost};
	store->fd = memfd_create("pvbuild-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return store->fd < 0 ? no_room("memfd_create", error) : 0;
}

void pvb_store_close(struct pvb_store *store)
{
	if (store->fd < 0)
		return;
	(void)close(store->fd);
	store->fd = -1;
	store->cost->held -= store->size;
	store->cost->stored -= store->stored;
}

struct pvb_store pvb_store_steal(struct pvb_store *store)
{
	struct pvb_store taken = *store;

	store->fd = -1;
	return taken;
}

static void count_stored(struct pvb_store *store, uint64_t stored)
{
	struct pvb_cost *cost = store->cost;

	cost->stored += stored - store->stored;
	cost->stored_peak = pvb_max(cost->stored_peak, cost->stored);
	store->stored = stored;
}

static void count_size(struct pvb_store *store, uint64_t size)
{
	store->cost->held += size - store->size;
	store->size = size;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static int put(struct pvb_store *store, uint64_t offset, const uint8_t *bytes, size_t size,
	       struct pvb_error *error)
{
	count_stored(store, store->stored + size);
	while (size) {
		ssize_t done = pwrite(store->fd, bytes, size, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return no_room("pwrite", error);
		bytes += done;
		offset += (uint64_t)done;
		size -= (size_t)done;
	}
	return 0;
}

int pvb_store_put(struct pvb_store *store, uint64_t offset, const uint8_t *bytes, size_t size,
		  struct pvb_error *error)
{
	size_t from = 0, to = 0;

	count_size(store, pvb_max(store->size, offset + size));
	while (to < size) {
		size_t part = (size_t)pvb_min(size - to, PVB_STORE_HOLE);

		if (!is_zero(bytes + to, part)) {
			to += part;
			continue;
		}
		int rc = put(store, offset + from, bytes + from, to - from, error);
		if (rc)
			return rc;
		from = to += part;
	}
	return put(store, offset + from, bytes + from, to - from, error);
}

int pvb_store_get(const struct pvb_store *store, uint64_t offset, void *to, size_t size,
		  struct pvb_error *error)
{
	uint8_t *bytes = (uint8_t *)to;

	while (size) {
		ssize_t got = pread(store->fd, bytes, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return no_room("pread", error);
		if (got == 0) {
			memset(bytes, 0, size);
			return 0;
		}
		bytes += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

int pvb_store_finish(struct pvb_store *store, uint64_t size, struct pvb_error *error)
{
	if (ftruncate(store->fd, (off_t)size))
		return no_room("ftruncate", error);
	count_size(store, size);
	pvb_store_measure(store);
	return 0;
}

void pvb_store_drop(struct pvb_store *store, uint64_t offset, uint64_t size)
{
	if (size)
		(void)fallocate(store->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				(off_t)offset, (off_t)size);
}

void pvb_store_measure(struct pvb_store *store)
{
	struct stat status;

	if (!fstat(store->fd, &status))
		count_stored(store, (uint64_t)status.st_blocks * 512);
}

void pvb_store_next_data(const struct pvb_store *store, uint64_t offset, uint64_t *begin,
			 uint64_t *end)
{
	off_t data = lseek(store->fd, (off_t)offset, SEEK_DATA), hole;

	*begin = *end = store->size;
	if (data < 0)
		return;
	hole = lseek(store->fd, data, SEEK_HOLE);
	*begin = (uint64_t)data;
	if (hole >= 0)
		*end = (uint64_t)hole;
	(void)lseek(store->fd, 0, SEEK_SET);
}
