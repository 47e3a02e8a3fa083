/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small files that unpack to much, made without ever holding what they unpack to. */
#ifndef PVB_TESTS_MALFORMED_BOMB_MAKER_H
#define PVB_TESTS_MALFORMED_BOMB_MAKER_H

#include "malformed/specimen.h"

enum {
	STRETCH = 2 << 20, /* what repeats in a gzip stream; a second layer must see it do so */
	STREAM = 40 << 20, /* what one stream of the other codecs unpacks to, without a prefix */
	LZMA_STREAM = 160 << 20, /* lzma knows one stream only, and takes its time over it */
};

/* STRETCH bytes: zeros, or what does not pack but is again and again the same. */
struct blob zeros_to_repeat(void);
struct blob noise_to_repeat(void);

/* A gzip stream of prefix and then so many stretches. */
struct blob gzip_bomb(const struct blob *prefix, const struct blob *stretch, unsigned count);

/* A gibibyte of zeros behind a prefix (lzma: LZMA_STREAM of them), with any other codec. */
struct blob codec_bomb(enum pvb_codec codec, const struct blob *prefix);

/* gzip around a bzImage around the payload, which is freed. */
struct blob two_layers(struct blob payload);

/* A kernel's header and notes that claim so many bytes behind them in one segment. */
struct blob header_for(uint64_t size);

/* Zeros behind a prefix, for munmap(), in memory that is not there until somebody writes to it. */
struct blob zeros_behind(const struct blob *prefix, size_t zeros);

#endif
