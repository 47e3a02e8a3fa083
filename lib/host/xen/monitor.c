/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/xen/monitor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/error.h"
#include "host/xen/process.h"
#include "host/xen/store.h"

#define STAGE "xenstore"
#define NODE "/local/domain/%" PRIu32 "/pvbuild/monitor"

struct task {
	uint32_t domid;
	const char *value; /* NULL: none */
};

static int write_node(struct xen_xs *store, xs_transaction_t transaction, void *opaque,
		      struct pvb_error *error)
{
	/* As the rest of the record: not the guest's to read. */
	struct xs_permissions mine = {.id = PVB_DOMID_0, .perms = XS_PERM_NONE};
	const struct task *task = opaque;
	char path[XEN_NODE_PATH_MAX];

	/* Nobody would remove the node of a domain that went away meanwhile. */
	(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32 "/vm", task->domid);
	PVB_AUTO_FREE char *vm = xen_xs_read(store, transaction, path, NULL);
	if (!vm && errno == ENOENT)
		return pvb_fail(error, PVB_E_HOST_NO_DOMAIN, STAGE,
				"domain %" PRIu32 " was destroyed by somebody else", task->domid);
	if (!vm)
		return xen_store_fail(store, error, "read", path);
	(void)snprintf(path, sizeof path, NODE, task->domid);
	if (!task->value)
		return xen_store_remove_node(store, transaction, path, error);
	if (!xen_xs_write(store, transaction, path, task->value, (unsigned)strlen(task->value)))
		return xen_store_fail(store, error, "write", path);
	if (!xen_xs_set_permissions(store, transaction, path, &mine, 1))
		return xen_store_fail(store, error, "set the permissions of", path);
	return 0;
}

int xen_monitor_write(struct xen_xs *store, const char *proc, uint32_t domid, uint32_t pid,
		      struct pvb_error *error)
{
	struct task task = {.domid = domid};
	char value[48];
	uint64_t started;

	if (pid) {
		(void)xen_process_look(proc, pid, &started);
		(void)snprintf(value, sizeof value, "%" PRIu32 " %" PRIu64, pid, started);
		task.value = value;
	}
	return xen_store_transact(store, write_node, &task, error);
}

int xen_monitor_read(struct xen_xs *store, const char *proc, uint32_t domid,
		     struct pvb_host_monitor *monitor, struct pvb_error *error)
{
	char path[XEN_NODE_PATH_MAX], *end;
	uint64_t started;

	*monitor = (struct pvb_host_monitor){0};
	(void)snprintf(path, sizeof path, NODE, domid);
	PVB_AUTO_FREE char *value = xen_xs_read(store, XBT_NULL, path, NULL);
	if (!value && errno == ENOENT)
		return 0;
	if (!value)
		return xen_store_fail(store, error, "read", path);

	unsigned long pid = strtoul(value, &end, 10);

	if (end == value || *end != ' ' || !pid || pid > UINT32_MAX ||
	    strspn(value, "0123456789 ") != strlen(value))
		return pvb_fail(error, PVB_E_HOST_STORE, STAGE, "invalid value \"%.32s\" in %s",
				value, path);
	monitor->pid = (uint32_t)pid;
	monitor->gone = xen_process_look(proc, monitor->pid, &started) == XEN_PROCESS_ABSENT ||
			started != strtoull(end + 1, NULL, 10);
	return 0;
}
