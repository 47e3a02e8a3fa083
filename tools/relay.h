/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Carrying bytes to and from a guest's console, for as long as there is one. */
#ifndef PVB_TOOLS_RELAY_H
#define PVB_TOOLS_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/domain.h>
#include <pvbuild/error.h>

enum relay_outcome {
	RELAY_LEFT,    /* Ctrl-] was typed */
	RELAY_CLOSED,  /* the console ended */
	RELAY_ENDED,   /* the domain did, and all that is to be had of what it wrote is written */
	RELAY_STOPPED, /* a byte arrived at "stop" */
};

/*
 *   in, out    the person's side. Where in ends, it is not read any more, and that is all
 *   escape     Ctrl-] from in is for us; where in is no terminal, it is a byte like any other
 *   console    the guest's side, which becomes non-blocking
 *   ended      readable once the domain may have ended; or -1
 *   has_ended  asked then, and at first: 1 if it has, 0 if not, or a negative code with *error
 *              filled; or NULL
 *   ring       asked at first, and of a domain that has ended once its console is silent or
 *              closed: the ring that it writes into. False where that cannot be looked at; or NULL
 *   silence_ms how long a silence is; 0 for the usual
 *   stop       readable once all is to be left as it is; or -1
 */
struct relay {
	int in;
	int out;
	bool escape;
	int console;
	int ended;
	int (*has_ended)(void *opaque, struct pvb_error *error);
	bool (*ring)(void *opaque, struct pvb_console_ring *ring);
	void *opaque;
	int silence_ms;
	int stop;
};

/*
 *   outcome   how it ended
 *   closed    by the console's end
 *   rescued   of a domain that has ended: so many bytes came from its ring, as nobody passed them
 * on gap, lost and before them some are missing, "lost" if that is known and not 0
 */
struct relay_result {
	enum relay_outcome outcome;
	bool closed;
	uint32_t rescued;
	bool gap;
	uint32_t lost;
};

/* Returns 0 and how it ended, or a negative code: output could not be written, has_ended failed. */
int relay_run(const struct relay *relay, struct relay_result *result, struct pvb_error *error);

#endif
