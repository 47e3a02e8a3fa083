/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a core is put, and how its bytes get there. */
#include "dump/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/checked.h"
#include "core/cleanup.h"
#include "core/error.h"
#include "core/newfile.h"

/* Bytes free on the file system of the core; false where it does not tell. */
static bool free_room(const struct core *core, uint64_t *bytes)
{
	struct statvfs there;

	/* What is set aside for root is free, too: who writes cores is root. */
	return fstatvfs(core->fd, &there) == 0 && there.f_blocks && there.f_frsize &&
	       pvb_mul(there.f_bfree, there.f_frsize, bytes);
}

static int check_limit(const struct core *core, struct pvb_error *error)
{
	struct rlimit limit;
	int rc;

	/* Beyond the limit, a process that does not ignore SIGXFSZ ends without a word. */
	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
	    core->bytes <= limit.rlim_cur)
		return 0;
	rc = pvb_fail(error, PVB_E_ARG_FILE, DUMP_STAGE,
		      "cannot write %s: the core has %" PRIu64
		      " bytes, and this process may write files of %" PRIu64 " (RLIMIT_FSIZE)",
		      core->path, core->bytes, (uint64_t)limit.rlim_cur);
	pvb_hint(error, "raise the limit: ulimit -f");
	return rc;
}

int pvb_dump_check_room(struct core *core, struct pvb_error *error)
{
	/* What memory holds may be zero and take no room; its PFNs and MFNs do. */
	const uint64_t least =
		core->sections[SECTION_P2M].sh_size + core->sections[SECTION_PRSTATUS].sh_size;
	int rc = check_limit(core, error);

	if (rc)
		return rc;
	core->knows_room = free_room(core, &core->room);
	if (!core->knows_room || least <= core->room)
		return 0;
	rc = pvb_fail(error, PVB_E_ARG_FILE, DUMP_STAGE,
		      "cannot write %s: the core takes at least %" PRIu64 " bytes, and %" PRIu64
		      " are free",
		      core->path, least, core->room);
	pvb_hint(error, "it takes up to %" PRIu64 " bytes, less where memory is zero", core->bytes);
	return rc;
}

static int write_failed(const struct core *core, uint64_t size, uint64_t offset, int reason,
			struct pvb_error *error)
{
	int rc = pvb_fail(error, PVB_E_ARG_FILE, DUMP_STAGE,
			  "cannot write %" PRIu64 " bytes at %" PRIu64 " of %s: %s", size, offset,
			  core->path, strerror(reason));

	if ((reason == ENOSPC || reason == EDQUOT) && core->knows_room)
		pvb_hint(error,
			 "the core takes up to %" PRIu64
			 " bytes, less where memory is zero; %" PRIu64 " were free before",
			 core->bytes, core->room);
	else if (reason == EFBIG)
		pvb_hint(error,
			 "the core has %" PRIu64 " bytes; the file system or RLIMIT_FSIZE "
			 "(ulimit -f) allows less",
			 core->bytes);
	return rc;
}

int pvb_dump_write(const struct core *core, const void *bytes, uint64_t size, uint64_t offset,
		   struct pvb_error *error)
{
	const uint8_t *from = (const uint8_t *)bytes;

	while (size) {
		ssize_t written = pwrite(core->fd, from, size, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return write_failed(core, size, offset, written ? errno : ENOSPC, error);
		from += written;
		offset += (uint64_t)written;
		size -= (uint64_t)written;
	}
	return 0;
}

/* What is at path is replaced by name: a device or a link would be lost by that. */
static int check_place(const char *path, struct pvb_error *error)
{
	if (pvb_newfile_fits(path))
		return 0;

	int rc = pvb_fail(error, PVB_E_ARG_FILE, DUMP_STAGE,
			  "cannot put the core at %s: what is there is no regular file", path);

	pvb_hint(error, "name a regular file, which is replaced, or what does not exist yet");
	return rc;
}

/* The core is made in the folder of its place, which has to be there and to be writable. */
static int check_folder(const char *path, struct pvb_error *error)
{
	PVB_AUTO_FREE char *folder = pvb_newfile_folder(path);

	if (!folder)
		return pvb_fail_memory(error, DUMP_STAGE, "a file name");
	if (access(folder, W_OK | X_OK) == 0)
		return 0;
	return pvb_fail(error, PVB_E_ARG_FILE, DUMP_STAGE,
			"cannot put the core at %s: no file can be created in %s: %s", path, folder,
			strerror(errno));
}

int pvb_dump_check(const char *path, struct pvb_error *error)
{
	int rc = check_place(path, error);

	return rc ? rc : check_folder(path, error);
}
