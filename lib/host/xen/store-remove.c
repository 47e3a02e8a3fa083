/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's way out of the store, whoever wrote it there. */
#include "host/xen/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/error.h"

#define STAGE "xenstore"

/* Longer than any that is written of a domain. */
#define LONGEST_PATH 256

static int list(struct xs_handle *store, xs_transaction_t transaction, const char *path,
		char ***names, unsigned *count, struct pvb_error *error)
{
	*count = 0;
	*names = xs_directory(store, transaction, path, count);
	if (*names || errno == ENOENT)
		return 0;
	return xen_store_fail(error, "list", path);
}

int xen_store_remove_node(struct xs_handle *store, xs_transaction_t transaction, const char *path,
			  struct pvb_error *error)
{
	if (xs_rm(store, transaction, path) || errno == ENOENT)
		return 0;
	return xen_store_fail(error, "remove", path);
}

/* *value is NULL where there is no such node. */
static int read_node(struct xs_handle *store, xs_transaction_t transaction, const char *path,
		     char **value, unsigned *length, struct pvb_error *error)
{
	*length = 0;
	*value = xs_read(store, transaction, path, length);
	if (*value || errno == ENOENT)
		return 0;
	return xen_store_fail(error, "read", path);
}

/* A folder without a value and without children is what was made for the sake of its last child. */
static int is_empty(struct xs_handle *store, xs_transaction_t transaction, const char *path,
		    bool *empty, struct pvb_error *error)
{
	PVB_AUTO_FREE char *value = NULL;
	PVB_AUTO_FREE char **names = NULL;
	unsigned length, count = 0;
	int rc = read_node(store, transaction, path, &value, &length, error);

	if (rc == 0)
		rc = list(store, transaction, path, &names, &count, error);
	*empty = rc == 0 && value && length == 0 && count == 0;
	return rc;
}

static int remove_with_parents(struct xs_handle *store, xs_transaction_t transaction,
			       const char *path, struct pvb_error *error)
{
	char at[LONGEST_PATH];
	int rc = xen_store_remove_node(store, transaction, path, error);

	(void)snprintf(at, sizeof at, "%s", path);
	for (char *end = strrchr(at, '/'); rc == 0 && end && end != at; end = strrchr(at, '/')) {
		bool empty;

		*end = '\0';
		rc = is_empty(store, transaction, at, &empty, error);
		if (rc || !empty)
			break;
		rc = xen_store_remove_node(store, transaction, at, error);
	}
	return rc;
}

/* Consoles need nothing done to them but to be forgotten. */
static int remove_consoles(struct xs_handle *store, xs_transaction_t transaction, uint32_t domid,
			   struct pvb_error *error)
{
	char path[LONGEST_PATH];
	unsigned count;
	char **names;

	(void)snprintf(path, sizeof path, "/libxl/%" PRIu32 "/device/console", domid);
	int rc = list(store, transaction, path, &names, &count, error);
	for (unsigned i = 0; rc == 0 && i < count; i++) {
		PVB_AUTO_FREE char *backend = NULL;
		unsigned length;

		(void)snprintf(path, sizeof path, "/libxl/%" PRIu32 "/device/console/%.32s/backend",
			       domid, names[i]);
		rc = read_node(store, transaction, path, &backend, &length, error);
		if (backend && strncmp(backend, "/local/domain/", 14) == 0 &&
		    strstr(backend, "/backend/console/") && length < LONGEST_PATH)
			rc = remove_with_parents(store, transaction, backend, error);
	}
	free(names);
	return rc;
}

/* The node says where the record is, which is one of /vm and nothing else. */
static int remove_vm(struct xs_handle *store, xs_transaction_t transaction, uint32_t domid,
		     struct pvb_error *error)
{
	char path[LONGEST_PATH];

	(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32 "/vm", domid);
	PVB_AUTO_FREE char *vm = NULL;
	unsigned length;
	int rc = read_node(store, transaction, path, &vm, &length, error);
	if (rc || !vm || strncmp(vm, "/vm/", 4) != 0 || !vm[4] || strchr(vm + 4, '/'))
		return rc;
	return xen_store_remove_node(store, transaction, vm, error);
}

static int remove_all(struct xs_handle *store, xs_transaction_t transaction, void *opaque,
		      struct pvb_error *error)
{
	uint32_t domid = *(const uint32_t *)opaque;
	char path[LONGEST_PATH];
	int rc = remove_consoles(store, transaction, domid, error);

	if (rc == 0)
		rc = remove_vm(store, transaction, domid, error);
	if (rc == 0) {
		(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32, domid);
		rc = xen_store_remove_node(store, transaction, path, error);
	}
	if (rc == 0) {
		(void)snprintf(path, sizeof path, "/libxl/%" PRIu32, domid);
		rc = xen_store_remove_node(store, transaction, path, error);
	}
	return rc;
}

int xen_store_remove(struct xs_handle *store, uint32_t domid, struct pvb_error *error)
{
	return xen_store_transact(store, remove_all, &domid, error);
}

static int remove_late(struct xs_handle *store, xs_transaction_t transaction, void *opaque,
		       struct pvb_error *error)
{
	uint32_t domid = *(const uint32_t *)opaque;
	PVB_AUTO_FREE char *vm = NULL;
	char path[LONGEST_PATH];
	unsigned length;

	(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32 "/vm", domid);
	int rc = read_node(store, transaction, path, &vm, &length, error);
	/* Toolstacks write this one. */
	if (rc || vm)
		return rc;
	(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32, domid);
	return xen_store_remove_node(store, transaction, path, error);
}

int xen_store_remove_late(struct xs_handle *store, uint32_t domid, struct pvb_error *error)
{
	return xen_store_transact(store, remove_late, &domid, error);
}

int xen_store_check_plain(struct xs_handle *store, uint32_t domid, struct pvb_error *error)
{
	char path[LONGEST_PATH], found[128] = "";
	size_t used = 0;
	unsigned count;
	char **kinds;

	(void)snprintf(path, sizeof path, "/libxl/%" PRIu32 "/device", domid);
	int rc = list(store, XBT_NULL, path, &kinds, &count, error);
	for (unsigned i = 0; rc == 0 && i < count; i++) {
		if (strcmp(kinds[i], "console") == 0 || used >= sizeof found)
			continue;
		int more = snprintf(found + used, sizeof found - used, "%s%s", used ? ", " : "",
				    kinds[i]);
		used += (size_t)more;
	}
	free(kinds);
	if (rc || !used)
		return rc;
	rc = pvb_fail(error, PVB_E_HOST_STATE, STAGE,
		      "domain %" PRIu32 " has devices that another toolstack gave it: %s", domid,
		      found);
	pvb_hint(error,
		 "their backends must be taken down in order; \"xl destroy %" PRIu32 "\" does that",
		 domid);
	return rc;
}
