/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to the store, and the domain's way into it. */
#include "host/xen/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/error.h"

#define STAGE "xenstore"

/* Conflicts in a row after which something is wrong with the store, and not just lively. */
#define MOST_ATTEMPTS 1000

static int is_silent(const struct xen_xs *store, const char *doing, const char *path,
		     struct pvb_error *error)
{
	int rc = pvb_fail(error, PVB_E_HOST_SILENT, STAGE,
			  "xenstored has not answered for %u s; it was asked to %s %s",
			  xen_xs_limit(store), doing, path);

	pvb_hint(error, PVB_STORE_HINT);
	return rc;
}

int xen_store_fail(const struct xen_xs *store, struct pvb_error *error, const char *doing,
		   const char *path)
{
	int cause = errno;

	if (cause == ETIMEDOUT)
		return is_silent(store, doing, path, error);
	if (cause == ECONNRESET) {
		int rc = pvb_fail(error, PVB_E_HOST_STORE, STAGE,
				  "xenstored ended while it was asked to %s %s", doing, path);

		pvb_hint(error, "a xenstored that ended has lost its domains; see why it ended");
		return rc;
	}

	int rc = pvb_fail(error, PVB_E_HOST_STORE, STAGE, "xenstore would not %s %s: %s", doing,
			  path, strerror(cause));

	if (cause == ENOSPC || cause == EDQUOT)
		pvb_hint(error, "this domain has used up what the store allows it");
	else if (cause == EACCES || cause == EPERM)
		pvb_hint(error, "only the toolstack's domain, usually domain 0, may do that");
	return rc;
}

int xen_store_open(struct xen_xs **store, const struct xen_xs_patience *patience,
		   struct pvb_error *error)
{
	*store = xen_xs_open(NULL, patience);
	if (*store)
		return 0;
	if (errno == ETIMEDOUT) {
		int rc = pvb_fail(error, PVB_E_HOST_SILENT, STAGE,
				  "xenstored has not accepted a connection for %d s",
				  patience->limit_ms / 1000);

		pvb_hint(error, PVB_STORE_HINT);
		return rc;
	}

	int rc = pvb_fail(error, PVB_E_HOST_STORE, STAGE, "xenstore cannot be reached: %s",
			  strerror(errno));
	pvb_hint(error, "is xenstored running, and are you root in the toolstack's domain?");
	return rc;
}

int xen_store_transact(struct xen_xs *store, xen_store_fn act, void *opaque,
		       struct pvb_error *error)
{
	for (unsigned attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
		xs_transaction_t transaction = xen_xs_transaction_start(store);

		if (transaction == XBT_NULL)
			return xen_store_fail(store, error, "begin", "a transaction");

		int rc = act(store, transaction, opaque, error);
		if (rc) {
			(void)xen_xs_transaction_end(store, transaction, true);
			return rc;
		}
		if (xen_xs_transaction_end(store, transaction, false))
			return 0;
		if (errno != EAGAIN)
			return xen_store_fail(store, error, "commit", "a transaction");
	}
	errno = EAGAIN;
	return xen_store_fail(store, error, "commit", "a transaction in many attempts");
}

/* ---- writing ---- */

struct writing {
	struct xen_xs *store;
	xs_transaction_t transaction;
	const struct xen_domain_record *record;
	struct pvb_error *error;
};

/* The first of a node's permissions is its owner's, with what all others may do. */
static unsigned permissions_of(const struct xen_domain_record *record, enum xen_node_access access,
			       struct xs_permissions permissions[2])
{
	unsigned guest = record->domid, backend = record->told->console_domid;
	unsigned owner = PVB_DOMID_0, reader = guest;

	switch (access) {
	case XEN_NODE_AS_PARENT:
		return 0;
	case XEN_NODE_HOST:
		reader = owner;
		break;
	case XEN_NODE_GUEST_READS:
		break;
	case XEN_NODE_GUEST:
		owner = guest;
		break;
	case XEN_NODE_BACKEND:
		owner = backend;
		break;
	case XEN_NODE_GUEST_SHARES:
		owner = guest;
		reader = backend;
		break;
	}
	permissions[0] = (struct xs_permissions){.id = owner, .perms = XS_PERM_NONE};
	permissions[1] = (struct xs_permissions){.id = reader, .perms = XS_PERM_READ};
	return access == XEN_NODE_HOST || access == XEN_NODE_GUEST ? 1 : 2;
}

static int write_node(void *opaque, const struct xen_node *node)
{
	const struct writing *writing = opaque;
	struct xs_permissions permissions[2];
	unsigned count = permissions_of(writing->record, node->access, permissions);

	if (node->value && !xen_xs_write(writing->store, writing->transaction, node->path,
					 node->value, (unsigned)strlen(node->value)))
		return xen_store_fail(writing->store, writing->error, "write", node->path);
	if (count && !xen_xs_set_permissions(writing->store, writing->transaction, node->path,
					     permissions, count))
		return xen_store_fail(writing->store, writing->error, "set the permissions of",
				      node->path);
	return 0;
}

int xen_store_write_part(struct xen_xs *store, xs_transaction_t transaction,
			 const struct xen_domain_record *record, enum xen_node_part part,
			 struct pvb_error *error)
{
	struct writing writing = {store, transaction, record, error};

	return xen_nodes_each(record, part, write_node, &writing);
}

static int write_last(struct xen_xs *store, xs_transaction_t transaction, void *opaque,
		      struct pvb_error *error)
{
	return xen_store_write_part(store, transaction, opaque, XEN_NODES_CONSOLE, error);
}

static int take_in(struct xen_xs *store, const struct xen_domain_record *record,
		   struct pvb_error *error)
{
	const struct pvb_host_introduction *told = record->told;

	if (xen_xs_introduce_domain(store, record->domid, told->store_frame.n, told->store_port))
		return 0;
	return xen_store_fail(store, error, "take in", "the new domain");
}

/*
 * Every call is a round trip, and a transaction that somebody was in the way of is done again. So
 * what nobody else has a hand in, which is most, is written without one: the UUID is this domain's
 * by now, and so is the record under /vm. The console comes after the introduction, all at once.
 */
int xen_store_introduce(struct xen_xs *store, const struct xen_domain_record *record,
			struct pvb_error *error)
{
	struct xen_domain_record own = *record;
	bool introduced = false;
	int rc = xen_store_write_part(store, XBT_NULL, record, XEN_NODES_DOMAIN, error);

	if (rc == 0) {
		rc = take_in(store, record, error);
		introduced = rc == 0;
	}
	if (rc == 0)
		rc = xen_store_transact(store, write_last, &own, error);
	if (rc) {
		struct pvb_error undoing = {0};

		if (introduced)
			(void)xen_xs_release_domain(store, record->domid);
		if (xen_store_remove(store, record->domid, record->uuid, &undoing))
			pvb_context(error, "and what was written could not be removed: %.100s",
				    undoing.message);
	}
	return rc;
}

/* ---- reading ---- */

/* Whether the store told; the name is empty where there is none. */
static bool read_name(struct xen_xs *store, const char *kind, uint32_t number,
		      char name[PVB_HOST_NAME_MAX])
{
	char path[XEN_NODE_PATH_MAX];

	(void)snprintf(path, sizeof path, "/local/%s/%" PRIu32 "/name", kind, number);
	PVB_AUTO_FREE char *value = xen_xs_read(store, XBT_NULL, path, NULL);
	bool told = value || errno == ENOENT;

	(void)snprintf(name, PVB_HOST_NAME_MAX, "%s", value ? value : "");
	return told;
}

bool xen_store_name(struct xen_xs *store, uint32_t domid, char name[PVB_HOST_NAME_MAX])
{
	return read_name(store, "domain", domid, name);
}

bool xen_store_pool_name(struct xen_xs *store, uint32_t pool, char name[PVB_HOST_NAME_MAX])
{
	return read_name(store, "pool", pool, name);
}
