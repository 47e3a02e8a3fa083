/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The private copy of an image. What can have been read from it is kept, and of an ELF nothing
 * else: a vmlinux has many times as much debug information as kernel. Every byte is copied once,
 * so that nothing that was believed changes afterwards.
 */
#ifndef PVB_IMAGE_KEEP_H
#define PVB_IMAGE_KEEP_H

#include "image/elf.h"
#include "image/image.h"
#include "image/limits.h"
#include "image/ranges.h"
#include "image/source.h"

/*
 *   source   to copy from; NULL where image->store has everything already
 *   kept     what has been asked for so far
 */
struct pvb_keep {
	struct pvb_image *image;
	const struct pvb_limits *limits;
	const struct pvb_source *source;
	struct pvb_ranges kept;
};

#define PVB_KEEP_AUTO __attribute__((cleanup(pvb_keep_end)))

/* Take a file over as the image's, and map it. */
int pvb_keep_store(struct pvb_image *image, struct pvb_store *store, struct pvb_error *error);

/* An empty file as large as the source becomes the image's, to be filled. */
int pvb_keep_begin(struct pvb_keep *keep, struct pvb_error *error);

/*
 * What is needed of an ELF, in this order: its tables, with which it is opened; its segments,
 * its notes, and what else says something of it; its table of symbols, where the kernel wants
 * that loaded.
 */
int pvb_keep_elf_tables(struct pvb_keep *keep, struct pvb_elf *elf, struct pvb_error *error);
int pvb_keep_elf_parts(struct pvb_keep *keep, const struct pvb_elf *elf, struct pvb_error *error);
int pvb_keep_elf_symbols(struct pvb_keep *keep, const struct pvb_elf *elf, struct pvb_error *error);

/* Give back what nobody has asked for, and has come all the same, out of a decoder. */
void pvb_keep_drop_rest(struct pvb_keep *keep, uint64_t size);

void pvb_keep_end(struct pvb_keep *keep);

#endif
