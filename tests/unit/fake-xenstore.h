/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The functions of libxenstore over a table in this process, for a test that is
 * linked with it: permissions are inherited as xenstored has it, transactions see
 * a copy, watches fire once when they are set. Any call can be made to fail.
 */
#ifndef PVB_TESTS_FAKE_XENSTORE_H
#define PVB_TESTS_FAKE_XENSTORE_H

#include <stdbool.h>
#include <stdint.h>

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

/* Calls of libxenstore that change or read something, since the last reset. */
unsigned fake_store_calls(void);

/* The nth of them, from 1, fails with this errno; 0 for none. */
void fake_store_fail(unsigned nth, int cause);

/* The nth of them and all after it. */
void fake_store_break(unsigned nth, int cause);

/* So many commits that come next find that somebody else was in the way. */
void fake_store_conflicts(unsigned commits);

/* No store runs. */
void fake_store_stop(bool stopped);

bool fake_store_introduced(unsigned domid, unsigned long *frame, unsigned *port);
unsigned fake_store_released(void); /* how often xs_release_domain() was called */
unsigned fake_store_connections(void);
unsigned fake_store_transactions(void); /* that are open */

/* @introduceDomain or @releaseDomain, as xenstored fires them. */
void fake_store_fire(const char *special);

#endif
