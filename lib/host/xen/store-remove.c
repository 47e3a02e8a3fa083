/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's way out of the store, whoever wrote it there. */
#include "host/xen/store.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/cleanup.h"
#include "core/error.h"

#define STAGE "xenstore"

/* Longer than any that is written of a domain. */
#define LONGEST_PATH 256

static int list(struct xen_xs *store, xs_transaction_t transaction, const char *path, char ***names,
		unsigned *count, struct pvb_error *error)
{
	*count = 0;
	*names = xen_xs_directory(store, transaction, path, count);
	if (*names || errno == ENOENT)
		return 0;
	return xen_store_fail(store, error, "list", path);
}

int xen_store_remove_node(struct xen_xs *store, xs_transaction_t transaction, const char *path,
			  struct pvb_error *error)
{
	if (xen_xs_rm(store, transaction, path) || errno == ENOENT)
		return 0;
	/*
	 * xenstored's answer where somebody else has removed the folder around it since the
	 * transaction began, which ends in a conflict (rm_node() in xenstored_core.c).
	 */
	if (errno == EINVAL && transaction != XBT_NULL)
		return 0;
	return xen_store_fail(store, error, "remove", path);
}

/* *value is NULL where there is no such node. */
static int read_node(struct xen_xs *store, xs_transaction_t transaction, const char *path,
		     char **value, unsigned *length, struct pvb_error *error)
{
	*length = 0;
	*value = xen_xs_read(store, transaction, path, length);
	if (*value || errno == ENOENT)
		return 0;
	return xen_store_fail(store, error, "read", path);
}

/* A folder without a value and without children is what was made for the sake of its last child. */
static int is_empty(struct xen_xs *store, xs_transaction_t transaction, const char *path,
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

static int remove_with_parents(struct xen_xs *store, xs_transaction_t transaction, const char *path,
			       struct pvb_error *error)
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
static int remove_consoles(struct xen_xs *store, xs_transaction_t transaction, uint32_t domid,
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

/* ---- whose a number's nodes are ---- */

/* A node "vm" that names a record names one of /vm and nothing else. */
static bool names_record(const char *vm)
{
	return vm && strncmp(vm, "/vm/", 4) == 0 && vm[4] && !strchr(vm + 4, '/');
}

static bool looks_like_uuid(const char *text)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < sizeof shape - 1; i++)
		if (shape[i] == '-' ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

/*
 * The node "vm" is there before any other of a domain is, and says which domain that is. Where it
 * names no UUID at all the folder is what somebody has left, or a toolstack of another kind.
 */
static bool is_anothers(const char *vm, const uint8_t uuid[16])
{
	struct xen_uuid_text own = xen_format_uuid(uuid);

	return names_record(vm) && looks_like_uuid(vm + 4) &&
	       strncasecmp(vm + 4, own.text, strlen(own.text)) != 0;
}

/* Whether a domain other than this one refers to the same record. */
static int is_shared(struct xen_xs *store, xs_transaction_t transaction, uint32_t domid,
		     const char *record, bool *shared, struct pvb_error *error)
{
	PVB_AUTO_FREE char **domains = NULL;
	char path[LONGEST_PATH];
	unsigned count;
	int rc = list(store, transaction, "/local/domain", &domains, &count, error);

	*shared = false;
	for (unsigned i = 0; i < count && rc == 0 && !*shared; i++) {
		PVB_AUTO_FREE char *vm = NULL;
		unsigned length;

		if (strtoul(domains[i], NULL, 10) == domid)
			continue;
		(void)snprintf(path, sizeof path, "/local/domain/%.32s/vm", domains[i]);
		rc = read_node(store, transaction, path, &vm, &length, error);
		*shared = vm && strcmp(vm, record) == 0;
	}
	return rc;
}

static int read_vm(struct xen_xs *store, xs_transaction_t transaction, uint32_t domid, char **vm,
		   struct pvb_error *error)
{
	char path[LONGEST_PATH];
	unsigned length;

	(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32 "/vm", domid);
	return read_node(store, transaction, path, vm, &length, error);
}

/* ---- removing all ---- */

static int remove_record(struct xen_xs *store, xs_transaction_t transaction, uint32_t domid,
			 const char *vm, struct pvb_error *error)
{
	bool shared;

	if (!names_record(vm))
		return 0;

	int rc = is_shared(store, transaction, domid, vm, &shared, error);
	return rc || shared ? rc : xen_store_remove_node(store, transaction, vm, error);
}

struct removal {
	uint32_t domid;
	const uint8_t *uuid;
};

static int remove_all(struct xen_xs *store, xs_transaction_t transaction, void *opaque,
		      struct pvb_error *error)
{
	const struct removal *removal = opaque;
	uint32_t domid = removal->domid;
	PVB_AUTO_FREE char *vm = NULL;
	char path[LONGEST_PATH];
	int rc = read_vm(store, transaction, domid, &vm, error);

	if (rc || is_anothers(vm, removal->uuid))
		return rc;
	rc = remove_consoles(store, transaction, domid, error);
	if (rc == 0)
		rc = remove_record(store, transaction, domid, vm, error);
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

int xen_store_remove(struct xen_xs *store, uint32_t domid, const uint8_t uuid[16],
		     struct pvb_error *error)
{
	struct removal removal = {domid, uuid};

	return xen_store_transact(store, remove_all, &removal, error);
}

static int remove_late(struct xen_xs *store, xs_transaction_t transaction, void *opaque,
		       struct pvb_error *error)
{
	uint32_t domid = *(const uint32_t *)opaque;
	PVB_AUTO_FREE char *vm = NULL;
	char path[LONGEST_PATH];
	int rc = read_vm(store, transaction, domid, &vm, error);

	/* Toolstacks write this one. */
	if (rc || vm)
		return rc;
	(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32, domid);
	return xen_store_remove_node(store, transaction, path, error);
}

int xen_store_remove_late(struct xen_xs *store, uint32_t domid, struct pvb_error *error)
{
	return xen_store_transact(store, remove_late, &domid, error);
}

int xen_store_check_plain(struct xen_xs *store, uint32_t domid, struct pvb_error *error)
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
