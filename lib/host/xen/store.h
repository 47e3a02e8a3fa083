/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains in xenstore: what other tools of the host know of them. See nodes.h for
 * what is written. All of it is done over a connection that is handed in.
 */
#ifndef PVB_HOST_XEN_STORE_H
#define PVB_HOST_XEN_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "host/xen/xs.h"

#include "host/host.h"
#include "host/xen/nodes.h"

/* What to do about a xenstored that does not answer. */
#define PVB_STORE_HINT                                                                             \
	"see whether xenstored is stopped or starved; the environment variable PVBUILD_PATIENCE "  \
	"gives it more seconds"

/*
 * Fails with PVB_E_HOST_STORE where no store runs, and with PVB_E_HOST_SILENT where it does not
 * answer, as all calls below do.
 */
int xen_store_open(struct xen_xs **store, const struct xen_xs_patience *patience,
		   struct pvb_error *error);

/*
 * Which domains live: the hypervisor has them, and nobody has destroyed them. The store alone does
 * not know: nodes can be left of a domain that is gone, and libxl writes a domain's name long
 * before it introduces the domain. Where the hypervisor does not say, a domain lives.
 */
struct xen_living {
	bool (*lives)(void *opaque, uint32_t domid);
	void *opaque;
};

/*
 * That no other domain has this name, as libxl wants it. Fails with PVB_E_ARG_NAME, saying which
 * has.
 */
int xen_store_check_name(struct xen_xs *store, xs_transaction_t transaction, const char *name,
			 uint32_t domid, const struct xen_living *living, struct pvb_error *error);

/*
 * Take a new domain's name and UUID, in one transaction, before anything else of the domain is
 * written. Of several who want the same at the same time, exactly one gets it; the others fail with
 * PVB_E_ARG_NAME or PVB_E_ARG_INVALID. What was left of an earlier domain of this number, or of a
 * dead one of this UUID, goes.
 *
 * record   its introduction needs to have the name alone
 */
int xen_store_claim(struct xen_xs *store, const struct xen_domain_record *record,
		    const struct xen_living *living, struct pvb_error *error);

/*
 * Write all that is to be known of a domain whose name and UUID were taken, and introduce it. Where
 * it fails, nothing is left, the name and the UUID included; where the process ends in between,
 * xen_store_remove() finds all of it.
 */
int xen_store_introduce(struct xen_xs *store, const struct xen_domain_record *record,
			struct pvb_error *error);

/*
 * Of a domain that somebody gave a name; "" otherwise. false where the store does not say, and then
 * "", too.
 */
bool xen_store_name(struct xen_xs *store, uint32_t domid, char name[PVB_HOST_NAME_MAX]);

/* The same of a CPU pool. */
bool xen_store_pool_name(struct xen_xs *store, uint32_t pool, char name[PVB_HOST_NAME_MAX]);

/*
 * That nothing is attached to this domain which only its toolstack could take down again: disks,
 * network interfaces, a device model. Fails with PVB_E_HOST_STATE, naming what there is.
 */
int xen_store_check_plain(struct xen_xs *store, uint32_t domid, struct pvb_error *error);

/*
 * Remove what is known of a domain, whoever wrote it: libxl's folders and ours, its record under
 * /vm, its console's backend, and folders that are empty by that. Fine where there is nothing.
 *
 * The domain may be gone already, and its number another domain's: what belongs to a domain of
 * another UUID is left alone, and so is a record that another domain refers to, too.
 */
int xen_store_remove(struct xen_xs *store, uint32_t domid, const uint8_t uuid[16],
		     struct pvb_error *error);

/*
 * For later: what somebody has written of a domain after it was removed, who did not know that yet.
 * A domain that a toolstack has given the same number to is left alone.
 */
int xen_store_remove_late(struct xen_xs *store, uint32_t domid, struct pvb_error *error);

/* ---- for the files beside ---- */

/* What the store refused, and why (errno). */
int xen_store_fail(const struct xen_xs *store, struct pvb_error *error, const char *doing,
		   const char *path);

/* That a domain has this UUID. */
int xen_store_uuid_is_taken(uint32_t domid, const uint8_t uuid[16], struct pvb_error *error);

/* Write a part of a domain's nodes. */
int xen_store_write_part(struct xen_xs *store, xs_transaction_t transaction,
			 const struct xen_domain_record *record, enum xen_node_part part,
			 struct pvb_error *error);

/* With all that is below it. Fine where it is not there. */
int xen_store_remove_node(struct xen_xs *store, xs_transaction_t transaction, const char *path,
			  struct pvb_error *error);

/*
 * Do something in a transaction, again for as long as somebody else was in the way. It is told
 * which transaction; what it returns but 0 abandons it.
 */
typedef int (*xen_store_fn)(struct xen_xs *store, xs_transaction_t transaction, void *opaque,
			    struct pvb_error *error);
int xen_store_transact(struct xen_xs *store, xen_store_fn act, void *opaque,
		       struct pvb_error *error);

#endif
