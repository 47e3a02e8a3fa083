/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The strings of an image, which live and die with it. */
#ifndef PVB_IMAGE_ARENA_H
#define PVB_IMAGE_ARENA_H

#include <stdint.h>

#include "core/error.h"
#include "core/span.h"

struct pvb_arena {
	struct pvb_arena_block *blocks;
	uint64_t total;
};

void pvb_arena_free(struct pvb_arena *arena);

/* All return NULL where there is no memory. */
char *pvb_arena_text(struct pvb_arena *arena, const char *text);
char *pvb_arena_printf(struct pvb_arena *arena, const char *format, ...) PVB_PRINTF(2, 3);

/*
 * The bytes as text that can be printed anywhere: up to the first NUL or the
 * end, whatever is not printable ASCII as \xNN.
 */
char *pvb_arena_escaped(struct pvb_arena *arena, struct pvb_span bytes);

#endif
