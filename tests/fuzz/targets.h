/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is fuzzed. A target takes any bytes; it ends the process where the
 * library broke a promise. libFuzzer calls it through entry.c, the replay in
 * "make check" directly.
 */
#ifndef PVB_TESTS_FUZZ_TARGETS_H
#define PVB_TESTS_FUZZ_TARGETS_H

#include <stddef.h>
#include <stdint.h>

/* A whole file. */
int fuzz_image(const uint8_t *data, size_t size);

/*
 * The notes of an otherwise sound kernel: the first byte says where they are
 * (bit 0: a 32-bit kernel; bits 1 and 2: segment, section, legacy string; bit 3:
 * behind notes that are sound), the rest is what stands there.
 */
int fuzz_notes(const uint8_t *data, size_t size);

/*
 * The p2m of a guest of up to 64 pages: a byte of flags (bit 0: 32 bits; 1: a list; 2: a list of
 * frame lists), one of levels, three of max_pfn, of its most significant bits first and a shift;
 * then words of pages, each a byte for the page, two for the first entry, one for how many
 * more, and eight for what is written there.
 */
int fuzz_p2m(const uint8_t *data, size_t size);

/*
 * What a kernel costs: fails where that is out of proportion to its bytes. A byte of flags (bit
 * 0: 32 bits), one of the size (1 KiB << n); then records, each three bytes of a place behind
 * the start of a sound kernel, one of a width less one, two of a count less one, two of a
 * step or 0 for the width, and eight bytes, so many of which are written there.
 */
int fuzz_cost(const uint8_t *data, size_t size);

#endif
