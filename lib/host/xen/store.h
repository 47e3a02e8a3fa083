/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains in xenstore: what other tools of the host know of them. See nodes.h for
 * what is written. All of it is done over a connection that is handed in.
 */
#ifndef PVB_HOST_XEN_STORE_H
#define PVB_HOST_XEN_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

#include "host/host.h"
#include "host/xen/nodes.h"

/* Fails with PVB_E_HOST_STORE where no store runs. */
int xen_store_open(struct xs_handle **store, struct pvb_error *error);

/*
 * Write all that is to be known of a domain, and introduce it. What was there of an earlier
 * domain of this number goes. Where it fails, nothing is left; where the process ends in between,
 * xen_store_remove() finds all of it.
 */
int xen_store_introduce(struct xs_handle *store, const struct xen_domain_record *record,
			struct pvb_error *error);

/*
 * That no other domain has this name, as libxl wants it. Fails with PVB_E_ARG_NAME, saying which
 * has. Introducing a domain looks again, so that of two at the same time only one gets it.
 */
int xen_store_check_name(struct xs_handle *store, xs_transaction_t transaction, const char *name,
			 uint32_t domid, struct pvb_error *error);

/* Of a domain that somebody gave a name; "" otherwise, or where it cannot be read. */
void xen_store_name(struct xs_handle *store, uint32_t domid, char name[PVB_HOST_NAME_MAX]);

/*
 * That nothing is attached to this domain which only its toolstack could take down again: disks,
 * network interfaces, a device model. Fails with PVB_E_HOST_STATE, naming what there is.
 */
int xen_store_check_plain(struct xs_handle *store, uint32_t domid, struct pvb_error *error);

/*
 * Remove what is known of a domain, whoever wrote it: libxl's folders and ours, its record under
 * /vm, its console's backend, and folders that are empty by that. Fine where there is nothing.
 */
int xen_store_remove(struct xs_handle *store, uint32_t domid, struct pvb_error *error);

/*
 * For later: what somebody has written of a domain after it was removed, who did not know that yet.
 * A domain that a toolstack has given the same number to is left alone.
 */
int xen_store_remove_late(struct xs_handle *store, uint32_t domid, struct pvb_error *error);

/* ---- for the files beside ---- */

/* What the store refused, and why (errno). */
int xen_store_fail(struct pvb_error *error, const char *doing, const char *path);

/* With all that is below it. Fine where it is not there. */
int xen_store_remove_node(struct xs_handle *store, xs_transaction_t transaction, const char *path,
			  struct pvb_error *error);

/*
 * Do something in a transaction, again for as long as somebody else was in the way. It is told
 * which transaction; what it returns but 0 abandons it.
 */
typedef int (*xen_store_fn)(struct xs_handle *store, xs_transaction_t transaction, void *opaque,
			    struct pvb_error *error);
int xen_store_transact(struct xs_handle *store, xen_store_fn act, void *opaque,
		       struct pvb_error *error);

#endif
