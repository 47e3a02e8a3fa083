/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to the store, and the domain's way into it. */
#include "host/xen/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/error.h"

#define STAGE "xenstore"

/* Conflicts in a row after which something is wrong with the store, and not just lively. */
#define MOST_ATTEMPTS 1000

int xen_store_fail(struct pvb_error *error, const char *doing, const char *path)
{
	int cause = errno;
	int rc = pvb_fail(error, PVB_E_HOST_STORE, STAGE, "xenstore would not %s %s: %s", doing,
			  path, strerror(cause));

	if (cause == ENOSPC || cause == EDQUOT)
		pvb_hint(error, "this domain has used up what the store allows it");
	else if (cause == EACCES || cause == EPERM)
		pvb_hint(error, "only the toolstack's domain, usually domain 0, may do that");
	return rc;
}

int xen_store_open(struct xs_handle **store, struct pvb_error *error)
{
	*store = xs_open(0);
	if (*store)
		return 0;

	int rc = pvb_fail(error, PVB_E_HOST_STORE, STAGE, "xenstore cannot be reached: %s",
			  strerror(errno));
	pvb_hint(error, "is xenstored running, and are you root in the toolstack's domain?");
	return rc;
}

int xen_store_transact(struct xs_handle *store, xen_store_fn act, void *opaque,
		       struct pvb_error *error)
{
	for (unsigned attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
		xs_transaction_t transaction = xs_transaction_start(store);

		if (transaction == XBT_NULL)
			return xen_store_fail(error, "begin", "a transaction");

		int rc = act(store, transaction, opaque, error);
		if (rc) {
			(void)xs_transaction_end(store, transaction, true);
			return rc;
		}
		if (xs_transaction_end(store, transaction, false))
			return 0;
		if (errno != EAGAIN)
			return xen_store_fail(error, "commit", "a transaction");
	}
	errno = EAGAIN;
	return xen_store_fail(error, "commit", "a transaction in many attempts");
}

/* ---- writing ---- */

struct writing {
	struct xs_handle *store;
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

	if (node->value && !xs_write(writing->store, writing->transaction, node->path, node->value,
				     (unsigned)strlen(node->value)))
		return xen_store_fail(writing->error, "write", node->path);
	if (count && !xs_set_permissions(writing->store, writing->transaction, node->path,
					 permissions, count))
		return xen_store_fail(writing->error, "set the permissions of", node->path);
	return 0;
}

int xen_store_check_name(struct xs_handle *store, xs_transaction_t transaction, const char *name,
			 uint32_t domid, struct pvb_error *error)
{
	unsigned count = 0;
	PVB_AUTO_FREE char **domains = xs_directory(store, transaction, "/local/domain", &count);

	if (!domains)
		return errno == ENOENT ? 0 : xen_store_fail(error, "list", "/local/domain");
	for (unsigned i = 0; i < count; i++) {
		unsigned long other = strtoul(domains[i], NULL, 10);
		char path[XEN_NODE_PATH_MAX];

		if (other == domid)
			continue;
		(void)snprintf(path, sizeof path, "/local/domain/%lu/name", other);
		PVB_AUTO_FREE char *taken = xs_read(store, transaction, path, NULL);
		if (!taken && errno != ENOENT)
			return xen_store_fail(error, "read", path);
		/* What an unclean end left behind takes nobody's name. */
		if (!taken || strcmp(taken, name) != 0 ||
		    !xs_is_domain_introduced(store, (unsigned)other))
			continue;
		int rc = pvb_fail(error, PVB_E_ARG_NAME, STAGE,
				  "there is a domain \"%.64s\" already, number %lu", name, other);
		pvb_hint(error, "give the new one another name, or destroy that one first");
		return rc;
	}
	return 0;
}

static int write_part(struct xs_handle *store, xs_transaction_t transaction,
		      const struct xen_domain_record *record, enum xen_node_part part,
		      struct pvb_error *error)
{
	struct writing writing = {store, transaction, record, error};

	return xen_nodes_each(record, part, write_node, &writing);
}

static int write_domain(struct xs_handle *store, const struct xen_domain_record *record,
			struct pvb_error *error)
{
	char path[XEN_NODE_PATH_MAX];
	int rc;

	(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32, record->domid);
	rc = xen_store_remove_node(store, XBT_NULL, path, error);
	if (rc == 0) {
		(void)snprintf(path, sizeof path, "/libxl/%" PRIu32, record->domid);
		rc = xen_store_remove_node(store, XBT_NULL, path, error);
	}
	if (rc == 0) {
		(void)snprintf(path, sizeof path, "/vm/%s", xen_format_uuid(record->uuid).text);
		rc = xen_store_remove_node(store, XBT_NULL, path, error);
	}
	return rc ? rc : write_part(store, XBT_NULL, record, XEN_NODES_DOMAIN, error);
}

static int write_last(struct xs_handle *store, xs_transaction_t transaction, void *opaque,
		      struct pvb_error *error)
{
	const struct xen_domain_record *record = opaque;
	int rc = xen_store_check_name(store, transaction, record->told->name, record->domid, error);

	if (rc == 0)
		rc = write_part(store, transaction, record, XEN_NODES_NAME, error);
	return rc ? rc : write_part(store, transaction, record, XEN_NODES_CONSOLE, error);
}

static int take_in(struct xs_handle *store, const struct xen_domain_record *record,
		   struct pvb_error *error)
{
	const struct pvb_host_introduction *told = record->told;

	if (xs_introduce_domain(store, record->domid, told->store_frame.n, told->store_port))
		return 0;
	return xen_store_fail(error, "take in", "the new domain");
}

/*
 * Every call is a round trip, and a transaction that somebody was in the way of is done again. So
 * what nobody else has a hand in, which is most, is written without one. The name comes after the
 * introduction: who looks for a name counts those of introduced domains only, and of two that find
 * it free at the same time, one is in the other's way.
 */
int xen_store_introduce(struct xs_handle *store, const struct xen_domain_record *record,
			struct pvb_error *error)
{
	struct xen_domain_record own = *record;
	bool introduced = false;
	int rc = write_domain(store, record, error);

	if (rc == 0) {
		rc = take_in(store, record, error);
		introduced = rc == 0;
	}
	if (rc == 0)
		rc = xen_store_transact(store, write_last, &own, error);
	if (rc) {
		struct pvb_error undoing = {0};

		if (introduced)
			(void)xs_release_domain(store, record->domid);
		if (xen_store_remove(store, record->domid, &undoing))
			pvb_context(error, "and what was written could not be removed: %.100s",
				    undoing.message);
	}
	return rc;
}

/* ---- reading ---- */

void xen_store_name(struct xs_handle *store, uint32_t domid, char name[PVB_HOST_NAME_MAX])
{
	char path[XEN_NODE_PATH_MAX];

	(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32 "/name", domid);
	PVB_AUTO_FREE char *value = xs_read(store, XBT_NULL, path, NULL);
	(void)snprintf(name, PVB_HOST_NAME_MAX, "%s", value ? value : "");
}
