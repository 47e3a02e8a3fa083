/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Being told to stop: SIGINT, SIGTERM and SIGHUP only ask, so that what was begun can be undone. */
#ifndef PVB_TOOLS_SIGNALS_H
#define PVB_TOOLS_SIGNALS_H

/* From now on they are remembered. A second one ends the process at once. */
void signals_catch(void);

/*
 * From now on they also interrupt calls that wait, and a byte arrives at the descriptor that is
 * returned (-1 where there is none to be had). A closed pipe is an error of write() from then on.
 */
int signals_watch(void);

/* In a forked process: they are as they were before any of this. */
void signals_forget(void);

/* The one that came, or 0. */
int signals_caught(void);

#endif
