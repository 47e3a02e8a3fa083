/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file, or a stream that was unpacked, is, by its first bytes. */
#ifndef PVB_IMAGE_IDENTIFY_H
#define PVB_IMAGE_IDENTIFY_H

#include <stddef.h>

#include "core/span.h"
#include "image/codec.h"
#include "image/flat.h"

enum pvb_kind {
	PVB_KIND_NONE,
	PVB_KIND_ELF,
	PVB_KIND_BZIMAGE,
	PVB_KIND_ARM64,
	PVB_KIND_FLAT,
	PVB_KIND_COMPRESSED,
};

struct pvb_identity {
	enum pvb_kind kind;
	const struct pvb_codec_entry *codec; /* where COMPRESSED */
};

/* The furthest that any of them has to look: the flat binary's table within 8 KiB. */
enum { PVB_IDENTIFY_HEAD = PVB_FLAT_SEARCH + PVB_FLAT_TABLE };

struct pvb_identity pvb_identify(struct pvb_span head);

/* "ELF (it begins with ..., not with ...), bzImage (...), ...": of something that is none. */
const char *pvb_identify_reasons(struct pvb_span head, char *text, size_t size);

/* The first bytes, "4d 5a 90 00". */
const char *pvb_identify_bytes(struct pvb_span head, char *text, size_t size);

/* What to do about a file that no loader knows but we do by sight, or NULL. */
const char *pvb_identify_advice(struct pvb_span head);

#endif
