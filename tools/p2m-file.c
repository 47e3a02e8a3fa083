/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "p2m-file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pvbuild/guest-abi.h>

#include "fault.h"

#define STAGE "p2m"
#define PAGE_BYTES 4096u

/* Frames are another machine's: whatever fits into a page-table entry. */
#define FRAMES_MOST (UINT64_C(1) << 40)

/* Exactly count bytes at offset. */
static int read_at(const struct p2m_file *file, void *to, size_t count, uint64_t offset,
		   struct pvb_error *error)
{
	uint8_t *at = (uint8_t *)to;

	while (count) {
		ssize_t got = pread(file->fd, at, count, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault(error, PVB_E_ARG_FILE, STAGE, "cannot read %s: %s", file->path,
				     strerror(errno));
		if (!got)
			return fault(error, PVB_E_CORE_TRUNCATED, STAGE,
				     "%s ends before byte %" PRIu64, file->path, offset + count);
		at += got;
		offset += (uint64_t)got;
		count -= (size_t)got;
	}
	return 0;
}

static int read_pages(void *opaque, const uint64_t *mfns, size_t count, void *to,
		      struct pvb_error *error)
{
	const struct p2m_file *file = (const struct p2m_file *)opaque;

	for (size_t i = 0; i < count; i++) {
		if (mfns[i] >= file->pages)
			return fault(error, PVB_E_P2M_RANGE, STAGE,
				     "page 0x%" PRIx64
				     " of the tree is wanted, and %s has 0x%" PRIx64 " pages",
				     mfns[i], file->path, file->pages);
		int rc = read_at(file, (uint8_t *)to + i * PAGE_BYTES, PAGE_BYTES,
				 mfns[i] * PAGE_BYTES, error);

		if (rc)
			return rc;
	}
	return 0;
}

/* A guest's width is not said: in the other one's place of max_pfn stands nothing. */
static int read_head(struct p2m_file *file, const uint8_t *page, bool *there,
		     struct pvb_error *error)
{
	struct pvb_guest_abi abi;
	int rc = 0;

	memcpy(&abi, page + PVB_GUEST_ABI_OFFSET, sizeof abi);
	*there = abi.magic == PVB_GUEST_ABI_MAGIC && abi.valid & PVB_GUEST_ABI_HAS_P2M_TREE;
	for (unsigned bits = 64; bits >= 32 && *there && !rc; bits -= 32) {
		rc = pvb_p2m_read_anchors(page, PAGE_BYTES, bits, &file->anchors, error);
		if (!rc && file->anchors.max_pfn)
			return 0;
	}
	return rc;
}

int p2m_file_open(struct p2m_file *file, const char *path, bool *there, struct pvb_error *error)
{
	uint8_t page[PAGE_BYTES];
	struct stat status;

	*file = (struct p2m_file){.path = path};
	*there = false;
	/* O_NONBLOCK: opening a FIFO must not hang. */
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (file->fd < 0 || fstat(file->fd, &status) != 0)
		return fault(error, PVB_E_ARG_FILE, STAGE, "cannot open %s: %s", path,
			     strerror(errno));
	file->pages = (uint64_t)status.st_size / PAGE_BYTES;
	if (!S_ISREG(status.st_mode) || !file->pages)
		return 0;

	int rc = read_at(file, page, sizeof page, 0, error);

	if (!rc)
		rc = read_head(file, page, there, error);
	file->access = (struct pvb_p2m_access){
		.opaque = file,
		.page_size = PAGE_BYTES,
		.frames = FRAMES_MOST,
		.read = read_pages,
	};
	return rc;
}

void p2m_file_close(struct p2m_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
}
