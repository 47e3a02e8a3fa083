/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between xs.c, which moves messages, and xs-calls.c, which makes and reads them. */
#ifndef PVB_HOST_XEN_XS_WIRE_H
#define PVB_HOST_XEN_XS_WIRE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* It takes types, and the errors that it has names for, as they are by then. */
#include <xen/io/xs_wire.h>

#include "host/xen/xs.h"

/* A message's contents, with a terminator behind them that length does not count. */
struct xen_xs_body {
	char *bytes;
	unsigned length;
};

/* Parts of a request; no request has more. */
#define XEN_XS_MOST_PARTS 4

/*
 * Send a request of these parts and wait for its answer, which the caller frees. false with the
 * errno that xenstored gave, or that broke the connection.
 */
bool xen_xs_talk(struct xen_xs *xs, enum xsd_sockmsg_type type, xs_transaction_t transaction,
		 const struct iovec *parts, size_t count, struct xen_xs_body *answer);

/* Take the oldest event. It is waited for if "wait" is set. */
bool xen_xs_take_event(struct xen_xs *xs, bool wait, struct xen_xs_body *event);

#endif
