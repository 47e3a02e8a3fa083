/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names and UUIDs, each of which one living domain has.
 *
 * Two builders who want the same at the same time both find it free before they have domains. So
 * each takes it in a transaction, once its domain is there and has its handle: it looks through the
 * others' nodes, and writes its own. Transactions are one after the other, or else the later one is
 * told to try again; so the second sees what the first wrote. The first one's domain lives from
 * before that until its builder fails or somebody destroys it, and only then is free what it took.
 *
 * libxl takes a name in the same way: by a node of a domain that the hypervisor has.
 */
#include "host/xen/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/error.h"

#define STAGE "xenstore"

/* Of each domain but one that has a folder: nonzero ends it. */
typedef int (*other_fn)(struct xen_xs *store, xs_transaction_t transaction, uint32_t other,
			void *opaque, struct pvb_error *error);

static int each_other(struct xen_xs *store, xs_transaction_t transaction, uint32_t domid,
		      other_fn each, void *opaque, struct pvb_error *error)
{
	unsigned count = 0;
	PVB_AUTO_FREE char **domains =
		xen_xs_directory(store, transaction, "/local/domain", &count);
	int rc = 0;

	if (!domains)
		return errno == ENOENT ? 0 : xen_store_fail(store, error, "list", "/local/domain");
	for (unsigned i = 0; i < count && rc == 0; i++) {
		uint32_t other = (uint32_t)strtoul(domains[i], NULL, 10);

		if (other != domid)
			rc = each(store, transaction, other, opaque, error);
	}
	return rc;
}

/* Whether a node of a domain has this value. */
static int has_value(struct xen_xs *store, xs_transaction_t transaction, uint32_t domid,
		     const char *node, const char *wanted, bool *has, struct pvb_error *error)
{
	char path[XEN_NODE_PATH_MAX];

	(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32 "/%s", domid, node);
	PVB_AUTO_FREE char *value = xen_xs_read(store, transaction, path, NULL);

	*has = value && strcmp(value, wanted) == 0;
	return value || errno == ENOENT ? 0 : xen_store_fail(store, error, "read", path);
}

/* ---- names ---- */

struct name_check {
	const char *name;
	const struct xen_living *living;
};

static int check_others_name(struct xen_xs *store, xs_transaction_t transaction, uint32_t other,
			     void *opaque, struct pvb_error *error)
{
	const struct name_check *check = opaque;
	bool has;
	int rc = has_value(store, transaction, other, "name", check->name, &has, error);

	/* What an unclean end left behind takes nobody's name. */
	if (rc || !has || !check->living->lives(check->living->opaque, other))
		return rc;
	rc = pvb_fail(error, PVB_E_ARG_NAME, STAGE,
		      "there is a domain \"%.64s\" already, number %" PRIu32, check->name, other);
	pvb_hint(error, "give the new one another name, or destroy that one first");
	return rc;
}

int xen_store_check_name(struct xen_xs *store, xs_transaction_t transaction, const char *name,
			 uint32_t domid, const struct xen_living *living, struct pvb_error *error)
{
	struct name_check check = {name, living};

	return each_other(store, transaction, domid, check_others_name, &check, error);
}

/* ---- UUIDs ---- */

int xen_store_uuid_is_taken(uint32_t domid, const uint8_t uuid[16], struct pvb_error *error)
{
	int rc = pvb_fail(error, PVB_E_ARG_INVALID, "create_domain",
			  "domain %" PRIu32 " has the UUID %s already", domid,
			  xen_format_uuid(uuid).text);

	pvb_hint(error, "leave the UUID out to have a new one made");
	return rc;
}

struct uuid_check {
	const uint8_t *uuid;
	const char *record;
	const struct xen_living *living;
};

/* What a dead domain left is taken over, or whoever clears it away would take the record along. */
static int take_from(struct xen_xs *store, xs_transaction_t transaction, uint32_t other,
		     void *opaque, struct pvb_error *error)
{
	const struct uuid_check *check = opaque;
	char path[XEN_NODE_PATH_MAX];
	bool has;
	int rc = has_value(store, transaction, other, "vm", check->record, &has, error);

	if (rc || !has)
		return rc;
	if (check->living->lives(check->living->opaque, other))
		return xen_store_uuid_is_taken(other, check->uuid, error);
	(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32, other);
	return xen_store_remove_node(store, transaction, path, error);
}

/* A record that is not there is nobody's, and others need not be asked whose it is. */
static int take_uuid(struct xen_xs *store, xs_transaction_t transaction,
		     const struct xen_domain_record *record, const struct xen_living *living,
		     struct pvb_error *error)
{
	char path[XEN_NODE_PATH_MAX];
	struct uuid_check check = {record->uuid, path, living};

	(void)snprintf(path, sizeof path, "/vm/%s", xen_format_uuid(record->uuid).text);
	PVB_AUTO_FREE char *there = xen_xs_read(store, transaction, path, NULL);

	if (!there)
		return errno == ENOENT ? 0 : xen_store_fail(store, error, "read", path);

	int rc = each_other(store, transaction, record->domid, take_from, &check, error);
	return rc ? rc : xen_store_remove_node(store, transaction, path, error);
}

/* ---- both ---- */

struct claim {
	const struct xen_domain_record *record;
	const struct xen_living *living;
};

static int claim(struct xen_xs *store, xs_transaction_t transaction, void *opaque,
		 struct pvb_error *error)
{
	const struct claim *claim = opaque;
	const struct xen_domain_record *record = claim->record;
	char path[XEN_NODE_PATH_MAX];
	int rc = xen_store_check_name(store, transaction, record->told->name, record->domid,
				      claim->living, error);

	if (rc == 0)
		rc = take_uuid(store, transaction, record, claim->living, error);
	if (rc == 0) {
		(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32, record->domid);
		rc = xen_store_remove_node(store, transaction, path, error);
	}
	if (rc == 0) {
		(void)snprintf(path, sizeof path, "/libxl/%" PRIu32, record->domid);
		rc = xen_store_remove_node(store, transaction, path, error);
	}
	return rc ? rc : xen_store_write_part(store, transaction, record, XEN_NODES_CLAIM, error);
}

int xen_store_claim(struct xen_xs *store, const struct xen_domain_record *record,
		    const struct xen_living *living, struct pvb_error *error)
{
	struct claim own = {record, living};

	return xen_store_transact(store, claim, &own, error);
}
