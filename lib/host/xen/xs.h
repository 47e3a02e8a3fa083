/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection to xenstored that does not wait for ever.
 *
 * libxenstore blocks until xenstored answers: its interface has no limit and does not show its
 * descriptor. A xenstored that is stopped would stop everybody who asks it something, even whoever
 * only wants to give a domain's memory back. So the protocol (Xen's public io/xs_wire.h and
 * docs/misc/xenstore.txt) is spoken here, in calls named as libxenstore's. The types are
 * libxenstore's, too; its functions are not used.
 *
 * A request that is not answered within the limit fails with ETIMEDOUT, and the connection is
 * closed: xenstored drops what a closed connection has sent and xenstored has not read yet, and
 * ends its transaction. Every later call on the connection fails at once with the same errno. A
 * xenstored that ended gives ECONNRESET in the same way.
 */
#ifndef PVB_HOST_XEN_XS_H
#define PVB_HOST_XEN_XS_H

#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

/*
 * What a connection is opened with.
 *
 *   limit_ms    the longest silence after a request
 *   notice_ms   the silence after which notice is called, once until the next answer
 *   notice      NULL where nobody wants to hear of silence
 */
struct xen_xs_patience {
	int limit_ms;
	int notice_ms;
	void (*notice)(void *opaque);
	void *opaque;
};

struct xen_xs;

/*
 * Connect to xenstored's socket, or where there is no socket, because another domain has the store,
 * to the kernel's device. NULL with errno where neither is there, or nobody accepts the connection
 * within the limit (ETIMEDOUT). path names another socket or device; NULL for the usual ones.
 */
struct xen_xs *xen_xs_open(const char *path, const struct xen_xs_patience *patience);

/* NULL is fine. */
void xen_xs_close(struct xen_xs *xs);

/* Seconds of the limit, rounded up: for messages. */
unsigned xen_xs_limit(const struct xen_xs *xs);

/* 0, or the errno of the call that broke the connection. */
int xen_xs_broken(const struct xen_xs *xs);

/* ---- reading; what is returned is freed with free(). NULL with errno ---- */

char **xen_xs_directory(struct xen_xs *xs, xs_transaction_t transaction, const char *path,
			unsigned *count);

/* Terminated; length may be NULL. */
void *xen_xs_read(struct xen_xs *xs, xs_transaction_t transaction, const char *path,
		  unsigned *length);

/* ---- writing; false with errno ---- */

bool xen_xs_write(struct xen_xs *xs, xs_transaction_t transaction, const char *path,
		  const void *value, unsigned length);
bool xen_xs_rm(struct xen_xs *xs, xs_transaction_t transaction, const char *path);
bool xen_xs_set_permissions(struct xen_xs *xs, xs_transaction_t transaction, const char *path,
			    const struct xs_permissions *permissions, unsigned count);

/* XBT_NULL with errno. */
xs_transaction_t xen_xs_transaction_start(struct xen_xs *xs);

/* EAGAIN where somebody else was in the way. */
bool xen_xs_transaction_end(struct xen_xs *xs, xs_transaction_t transaction, bool abandon);

/* ---- domains ---- */

bool xen_xs_introduce_domain(struct xen_xs *xs, unsigned domid, unsigned long frame, unsigned port);
bool xen_xs_release_domain(struct xen_xs *xs, unsigned domid);

/* false also where xenstored does not say. */
bool xen_xs_is_domain_introduced(struct xen_xs *xs, unsigned domid);

/* ---- watches ---- */

bool xen_xs_watch(struct xen_xs *xs, const char *path, const char *token);

/*
 * The next event, its path at XS_WATCH_PATH and its token at XS_WATCH_TOKEN; freed with free().
 * NULL with EAGAIN where there is none now.
 */
char **xen_xs_check_watch(struct xen_xs *xs);

/* The next event, which is waited for as an answer is. */
char **xen_xs_read_watch(struct xen_xs *xs);

/*
 * Whether an event is there, or came within so many milliseconds. An event can arrive while an
 * answer is waited for; the descriptor does not tell of that one.
 */
bool xen_xs_wait_for_event(struct xen_xs *xs, int milliseconds);

/*
 * Readable when something comes. To be polled after xen_xs_check_watch() said that there is
 * nothing, and with no other call in between. -1 where the connection is broken.
 */
int xen_xs_fileno(struct xen_xs *xs);

#endif
