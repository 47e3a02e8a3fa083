/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guard whose hypervisor is a folder (FAKE_DOMAINS), where a file is a domain: its name
 * is the number, what it contains is the handle. "ended" there is a FIFO whose other end learns
 * by it when the guard has gone; "pid" says who it is.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "host/xen/guard.h"

static const char *folder;

static void path_of(uint32_t domid, char path[256])
{
	snprintf(path, 256, "%s/%u", folder, domid);
}

static int fake_open(void *opaque, struct pvb_error *error)
{
	char path[256];

	(void)opaque;
	snprintf(path, sizeof path, "%s/ended", folder);
	if (open(path, O_WRONLY) < 0) /* stays open for as long as the guard lives */
		return pvb_fail(error, PVB_E_HOST_ABSENT, "fake", "no %s", path);
	snprintf(path, sizeof path, "%s/pid", folder);
	FILE *pid = fopen(path, "w");
	if (!pid || fprintf(pid, "%d\n", (int)getpid()) < 0 || fclose(pid))
		return pvb_fail(error, PVB_E_HOST_ABSENT, "fake", "no %s", path);
	snprintf(path, sizeof path, "%s/unable", folder);
	if (access(path, F_OK) == 0)
		return pvb_fail(error, PVB_E_HOST_STORE, "fake", "unable, as it was told to be");
	return 0;
}

static int fake_get(void *opaque, uint32_t domid, uint8_t handle[XEN_HANDLE_SIZE], bool *found,
		    struct pvb_error *error)
{
	char path[256];

	(void)opaque;
	(void)error;
	path_of(domid, path);
	int fd = open(path, O_RDONLY);
	*found = fd >= 0 && read(fd, handle, XEN_HANDLE_SIZE) == XEN_HANDLE_SIZE;
	if (fd >= 0)
		close(fd);
	return 0;
}

static int fake_find(void *opaque, const uint8_t handle[XEN_HANDLE_SIZE], uint32_t *domid,
		     bool *found, struct pvb_error *error)
{
	uint8_t its[XEN_HANDLE_SIZE];

	for (*domid = 1; *domid < 10; (*domid)++) {
		(void)fake_get(opaque, *domid, its, found, error);
		if (*found && memcmp(its, handle, sizeof its) == 0)
			return 0;
	}
	*found = false;
	return 0;
}

static int fake_destroy(void *opaque, uint32_t domid, const uint8_t uuid[XEN_HANDLE_SIZE],
			struct pvb_error *error)
{
	char path[256];

	(void)opaque;
	(void)uuid;
	path_of(domid, path);
	if (unlink(path))
		return pvb_fail(error, PVB_E_HOST_DENIED, "fake", "%s: %s", path, strerror(errno));
	return 0;
}

/* What a test finds of it is the handle. */
static int fake_forget(void *opaque, uint32_t domid, const uint8_t uuid[XEN_HANDLE_SIZE],
		       struct pvb_error *error)
{
	char path[256];

	(void)opaque;
	snprintf(path, sizeof path, "%s/forgot-%u", folder, domid);
	FILE *file = fopen(path, "w");
	if (!file || fwrite(uuid, XEN_HANDLE_SIZE, 1, file) != 1 || fclose(file))
		return pvb_fail(error, PVB_E_HOST_STORE, "fake", "no %s", path);
	return 0;
}

static void fake_report(void *opaque, uint32_t domid, const struct pvb_error *error)
{
	char path[256];

	(void)opaque;
	(void)domid;
	snprintf(path, sizeof path, "%s/%s", folder, error ? "failed" : "cleared");
	FILE *file = fopen(path, "w");
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	static const struct xen_guard_ops ops = {
		.open = fake_open,
		.find = fake_find,
		.get = fake_get,
		.destroy = fake_destroy,
		.forget = fake_forget,
		.report = fake_report,
	};

	folder = getenv("FAKE_DOMAINS");
	if (!folder)
		return 3;
	return xen_guard_main(argc, argv, &ops, NULL);
}
