/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "outfile.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fault.h"
#include "signals.h"

int outfile_check(const char *path, const char *stage, struct pvb_error *error)
{
	if (pvb_newfile_fits(path))
		return 0;

	int rc = fault(error, PVB_E_ARG_FILE, stage,
		       "cannot write %s: what is there is no regular file", path);

	fault_hint(error, "name a regular file, which is replaced, or what does not exist yet");
	return rc;
}

static int failed(const struct outfile *file, const char *what, struct pvb_error *error)
{
	return fault(error, PVB_E_ARG_FILE, file->stage, "cannot %s %s: %s", what, file->new.path,
		     strerror(errno));
}

/* Everybody may read what is written as far as the umask lets them. */
static mode_t usual_mode(void)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	return 0666 & ~mask;
}

int outfile_open(struct outfile *file, const char *path, const char *stage, struct pvb_error *error)
{
	*file = (struct outfile){.stage = stage, .new = {.fd = -1, .path = path}};

	int rc = outfile_check(path, stage, error);

	if (rc)
		return rc;
	return pvb_newfile_open(&file->new, path, usual_mode()) == 0
		       ? 0
		       : failed(file, "create", error);
}

int outfile_check_room(const struct outfile *file, uint64_t size, struct pvb_error *error)
{
	struct statvfs there;

	/* A file system that does not tell shows it when it is full. */
	if (fstatvfs(file->new.fd, &there) != 0 || !there.f_blocks || !there.f_frsize ||
	    size / there.f_frsize <= there.f_bavail)
		return 0;
	return fault(error, PVB_E_ARG_FILE, file->stage,
		     "%s would have %" PRIu64 " bytes, and there is room for %" PRIu64,
		     file->new.path, size, (uint64_t)there.f_bavail * there.f_frsize);
}

int outfile_write(const struct outfile *file, const void *bytes, uint64_t size, uint64_t offset,
		  struct pvb_error *error)
{
	const uint8_t *from = (const uint8_t *)bytes;

	while (size) {
		if (signals_caught())
			return fault(error, PVB_E_ARG_CANCELLED, file->stage,
				     "stopped by a signal (%s); %s is not written",
				     strsignal(signals_caught()), file->new.path);

		ssize_t written = pwrite(file->new.fd, from, size, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			errno = written ? errno : ENOSPC;
			return failed(file, "write", error);
		}
		from += written;
		offset += (uint64_t)written;
		size -= (uint64_t)written;
	}
	return 0;
}

int outfile_commit(struct outfile *file, struct pvb_error *error)
{
	return pvb_newfile_commit(&file->new, false) == 0 ? 0 : failed(file, "put", error);
}

void outfile_close(struct outfile *file)
{
	pvb_newfile_discard(&file->new);
}
