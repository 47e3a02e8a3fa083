/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/sim/contents.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/checked.h"

static off_t offset_of(const struct sim_contents *contents, uint64_t mfn)
{
	return (off_t)(mfn << contents->shift);
}

int sim_contents_open(struct sim_contents *contents, unsigned shift, uint64_t frames, bool clean)
{
	*contents = (struct sim_contents){.shift = shift, .frames = frames, .clean = clean};
	contents->fd = memfd_create("pvbuild-sim-memory", MFD_CLOEXEC);
	if (contents->fd < 0)
		return -1;
	return ftruncate(contents->fd, offset_of(contents, frames));
}

void sim_contents_close(struct sim_contents *contents)
{
	if (contents->fd >= 0)
		(void)close(contents->fd);
	contents->fd = -1;
}

/* The first data from a frame on, or -1: there is none. A frame can begin with a hole. */
static off_t next_data(const struct sim_contents *contents, uint64_t mfn)
{
	return lseek(contents->fd, offset_of(contents, mfn), SEEK_DATA);
}

static bool is_hole(const struct sim_contents *contents, uint64_t mfn)
{
	off_t data = next_data(contents, mfn);

	return data < 0 || data >= offset_of(contents, mfn + 1);
}

/*
 * SEEK_HOLE would tell the length of a run that was touched, too, but walks all of it
 * however little is asked for; SEEK_DATA jumps.
 */
bool sim_contents_touched(const struct sim_contents *contents, uint64_t mfn, uint64_t limit,
			  uint64_t *count)
{
	*count = limit;
	if (mfn >= contents->frames)
		return false;

	off_t data = next_data(contents, mfn);
	if (data < 0 || data >= offset_of(contents, mfn + 1)) {
		/* After the last data there is an error. */
		if (data > 0)
			*count = pvb_min(limit, ((uint64_t)data >> contents->shift) - mfn);
		return false;
	}
	for (*count = 1; *count < limit && !is_hole(contents, mfn + *count); ++*count)
		;
	return true;
}

static bool write_all(int fd, const char *bytes, size_t size, off_t at)
{
	while (size) {
		ssize_t n = pwrite(fd, bytes, size, at);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			bytes += n;
			size -= (size_t)n;
			at += n;
		}
	}
	return true;
}

/* A whole frame of the same byte. */
static bool fill(const struct sim_contents *contents, uint64_t mfn, int byte)
{
	char piece[4096];
	off_t at = offset_of(contents, mfn), end = offset_of(contents, mfn + 1);

	memset(piece, byte, sizeof piece);
	for (; at < end; at += (off_t)sizeof piece)
		if (!write_all(contents->fd, piece, sizeof piece, at))
			return false;
	return true;
}

bool sim_contents_read(const struct sim_contents *contents, uint64_t mfn, size_t offset,
		       void *bytes, size_t size)
{
	char *to = bytes;
	off_t at = offset_of(contents, mfn) + (off_t)offset;

	if (!contents->clean && is_hole(contents, mfn)) {
		memset(bytes, SIM_DIRTY_BYTE, size);
		return true;
	}
	while (size) {
		ssize_t n = pread(contents->fd, to, size, at);

		if (n == 0)
			errno = EIO;
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		if (n > 0) {
			to += n;
			size -= (size_t)n;
			at += n;
		}
	}
	return true;
}

bool sim_contents_write(const struct sim_contents *contents, uint64_t mfn, size_t offset,
			const void *bytes, size_t size)
{
	if (!contents->clean && size < UINT64_C(1) << contents->shift && is_hole(contents, mfn) &&
	    !fill(contents, mfn, SIM_DIRTY_BYTE))
		return false;
	return write_all(contents->fd, bytes, size, offset_of(contents, mfn) + (off_t)offset);
}

bool sim_contents_zero(const struct sim_contents *contents, uint64_t mfn)
{
	return fill(contents, mfn, 0);
}

bool sim_contents_map(const struct sim_contents *contents, uint64_t mfn, uint64_t count,
		      bool writable, void *at)
{
	size_t size = count << contents->shift;
	bool dirty = false;

	for (uint64_t i = 0, run; !contents->clean && !dirty && i < count; i += run)
		dirty = !sim_contents_touched(contents, mfn + i, count - i, &run);

	int protection = writable || dirty ? PROT_READ | PROT_WRITE : PROT_READ;
	/* What is mapped to be written is written whole: better one fault than one a page. */
	int flags = MAP_SHARED | MAP_FIXED | (dirty || writable ? MAP_POPULATE : 0);

	/* Where to fill is found before populating, which leaves no holes. */
	if (!dirty)
		return mmap(at, size, protection, flags, contents->fd, offset_of(contents, mfn)) !=
		       MAP_FAILED;

	for (uint64_t i = 0, run; i < count; i += run) {
		bool touched = sim_contents_touched(contents, mfn + i, count - i, &run);
		char *to = (char *)at + (i << contents->shift);
		size_t bytes = run << contents->shift;

		if (mmap(to, bytes, protection, flags, contents->fd,
			 offset_of(contents, mfn + i)) == MAP_FAILED)
			return false;
		if (!touched)
			memset(to, SIM_DIRTY_BYTE, bytes);
	}
	return writable || mprotect(at, size, PROT_READ) == 0;
}

void sim_contents_forget(const struct sim_contents *contents, uint64_t mfn, uint64_t count)
{
	off_t at = offset_of(contents, mfn), size = offset_of(contents, count);
	off_t data = lseek(contents->fd, at, SEEK_DATA);

	if (data >= at && data < at + size)
		(void)fallocate(contents->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, size);
}
