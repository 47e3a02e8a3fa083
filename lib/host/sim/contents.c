/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/sim/contents.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/checked.h"
#include "host/sim/books.h"

static off_t offset_of(uint64_t mfn)
{
	return (off_t)(mfn << SIM_PAGE_SHIFT);
}

int sim_contents_open(struct sim_contents *contents, uint64_t frames, bool clean)
{
	*contents = (struct sim_contents){.frames = frames, .clean = clean};
	contents->fd = memfd_create("pvbuild-sim-memory", MFD_CLOEXEC);
	if (contents->fd < 0)
		return -1;
	return ftruncate(contents->fd, offset_of(frames));
}

void sim_contents_close(struct sim_contents *contents)
{
	if (contents->fd >= 0)
		(void)close(contents->fd);
	contents->fd = -1;
}

static bool is_hole(const struct sim_contents *contents, uint64_t mfn)
{
	return lseek(contents->fd, offset_of(mfn), SEEK_DATA) != offset_of(mfn);
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

	off_t at = offset_of(mfn);
	off_t data = lseek(contents->fd, at, SEEK_DATA);
	if (data != at) {
		/* After the last data there is an error. */
		if (data > at)
			*count = pvb_min(limit, (uint64_t)(data - at) >> SIM_PAGE_SHIFT);
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

bool sim_contents_read(const struct sim_contents *contents, uint64_t mfn, size_t offset,
		       void *bytes, size_t size)
{
	char *to = bytes;
	off_t at = offset_of(mfn) + (off_t)offset;

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
	if (!contents->clean && size < SIM_PAGE_SIZE && is_hole(contents, mfn)) {
		char page[SIM_PAGE_SIZE];

		memset(page, SIM_DIRTY_BYTE, sizeof page);
		if (!write_all(contents->fd, page, sizeof page, offset_of(mfn)))
			return false;
	}
	return write_all(contents->fd, bytes, size, offset_of(mfn) + (off_t)offset);
}

bool sim_contents_map(const struct sim_contents *contents, uint64_t mfn, uint64_t count,
		      bool writable, void *at)
{
	size_t size = count << SIM_PAGE_SHIFT;
	bool fill = false;

	for (uint64_t i = 0, run; !contents->clean && !fill && i < count; i += run)
		fill = !sim_contents_touched(contents, mfn + i, count - i, &run);

	int protection = writable || fill ? PROT_READ | PROT_WRITE : PROT_READ;
	/* What is mapped to be written is written whole: better one fault than one a page. */
	int flags = MAP_SHARED | MAP_FIXED | (fill || writable ? MAP_POPULATE : 0);

	/* Where to fill is found before populating, which leaves no holes. */
	if (!fill)
		return mmap(at, size, protection, flags, contents->fd, offset_of(mfn)) !=
		       MAP_FAILED;

	for (uint64_t i = 0, run; i < count; i += run) {
		bool touched = sim_contents_touched(contents, mfn + i, count - i, &run);
		char *to = (char *)at + (i << SIM_PAGE_SHIFT);
		size_t bytes = run << SIM_PAGE_SHIFT;

		if (mmap(to, bytes, protection, flags, contents->fd, offset_of(mfn + i)) ==
		    MAP_FAILED)
			return false;
		if (!touched)
			memset(to, SIM_DIRTY_BYTE, bytes);
	}
	return writable || mprotect(at, size, PROT_READ) == 0;
}

void sim_contents_forget(const struct sim_contents *contents, uint64_t mfn, uint64_t count)
{
	off_t at = offset_of(mfn), size = offset_of(count);
	off_t data = lseek(contents->fd, at, SEEK_DATA);

	if (data >= at && data < at + size)
		(void)fallocate(contents->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, size);
}
