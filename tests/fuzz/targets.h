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

#endif
