/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Carrying bytes to and from a guest's console, for as long as there is one. */
#ifndef PVB_TOOLS_RELAY_H
#define PVB_TOOLS_RELAY_H

#include <stdbool.h>

#include <pvbuild/error.h>

enum relay_outcome {
	RELAY_LEFT,    /* Ctrl-] was typed */
	RELAY_CLOSED,  /* the console ended */
	RELAY_ENDED,   /* the domain did, and what it had still written has been passed on */
	RELAY_STOPPED, /* a byte arrived at "stop" */
};

/*
 *   in, out    the person's side. Where in ends, it is not read any more, and that is all
 *   escape     Ctrl-] from in is for us; where in is no terminal, it is a byte like any other
 *   console    the guest's side, which becomes non-blocking
 *   ended      readable once the domain may have ended; or -1
 *   expects    asked of a domain that has ended, once its console is silent: whether more is to
 *              come; or NULL
 *   has_ended  asked then, and at first: 1 if it has, 0 if not, or a negative code with *error
 *              filled; or NULL
 *   stop       readable once all is to be left as it is; or -1
 */
struct relay {
	int in;
	int out;
	bool escape;
	int console;
	int ended;
	int (*has_ended)(void *opaque, struct pvb_error *error);
	bool (*expects)(void *opaque);
	void *opaque;
	int stop;
};

/* Returns 0 and how it ended, or a negative code: output could not be written, has_ended failed. */
int relay_run(const struct relay *relay, enum relay_outcome *outcome, struct pvb_error *error);

#endif
