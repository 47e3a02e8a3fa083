/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The functions of lib/host/xen/xs.h over a table in this process, for a test that is
 * linked with it: permissions are inherited as xenstored has it, transactions see
 * a copy, watches fire once when they are set. Any call can be made to fail, or to
 * get no answer.
 */
#ifndef PVB_TESTS_FAKE_XENSTORE_H
#define PVB_TESTS_FAKE_XENSTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "host/xen/xs.h"

/* An empty store, where only "/", "/local/domain/0", "/vm" and "/libxl" are. */
void fake_store_reset(void);

/*
 * All that is in it, a line a node, ascending, as "xenstore-ls -f -p" shows it:
 * PATH = "VALUE"   (n0,r5). The caller frees it.
 */
char *fake_store_print(void);

/* As another process would. */
void fake_store_put(const char *path, const char *value);
bool fake_store_has(const char *path);

/* Calls that change or read something, since the last reset. */
unsigned fake_store_calls(void);

/* The nth of them, from 1, fails with this errno; 0 for none. */
void fake_store_fail(unsigned nth, int cause);

/* The nth of them and all after it. */
void fake_store_break(unsigned nth, int cause);

/* So many commits that come next find that somebody else was in the way. */
void fake_store_conflicts(unsigned commits);

/* The seconds that a call is said to have waited which gets no answer. None passes. */
#define FAKE_STORE_LIMIT_S 15

/* For whoever opens a connection to it. */
static const struct xen_xs_patience fake_patience = {.limit_ms = FAKE_STORE_LIMIT_S * 1000};

/* The nth call from here on, and each after it, gets no answer; 0: all do again. */
void fake_store_silence(unsigned nth);

/* No store runs. */
void fake_store_stop(bool stopped);

bool fake_store_introduced(unsigned domid, unsigned long *frame, unsigned *port);
unsigned fake_store_released(void); /* how often xen_xs_release_domain() was called */
unsigned fake_store_connections(void);
unsigned fake_store_transactions(void); /* that are open */

/* @introduceDomain or @releaseDomain, as xenstored fires them. */
void fake_store_fire(const char *special);

#endif
