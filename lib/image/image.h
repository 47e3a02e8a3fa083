/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a kernel is read:
 *
 *     file ──► source ──► identify ──► codec ──► sink ──► ELF, flat, arm64 ──► pv
 *              (bytes)    (by magic)  (streams)  (memfd)    (facts)         (judgement)
 *
 * open.c walks it. Nothing in this room knows of a host, a domain or memory.
 */
#ifndef PVB_IMAGE_IMAGE_H
#define PVB_IMAGE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include <pvbuild/image.h>

#include "core/span.h"
#include "image/arena.h"
#include "image/limits.h"
#include "image/store.h"

#define PVB_IMAGE_STAGE "image"

/* The x86 ABI page: kernels are linked against it whatever a host's frames are. */
#define PVB_X86_PAGE UINT64_C(4096)

/* The section whose string said what notes say today. */
#define PVB_LEGACY_SECTION "__xen_guest"

/* The public arrays of info, here where they may still be written to. */
struct pvb_image {
	struct pvb_image_info info;
	struct pvb_image_segment *segments;
	struct pvb_image_piece *pieces;
	struct pvb_note *notes;
	size_t note_capacity;
	struct pvb_arena arena;
	struct pvb_cost cost;
	struct pvb_store store;
	struct pvb_span bytes; /* all of the store, mapped: what descriptors of notes point into */
};

/*
 * pvb_image_open_memory(), which also tells what it has cost, of an image that was refused too.
 * cost may be NULL.
 */
int pvb_image_open_counted(struct pvb_span bytes, const char *name,
			   const struct pvb_image_options *options, struct pvb_cost *cost,
			   struct pvb_image **image, struct pvb_error *error);

#endif
