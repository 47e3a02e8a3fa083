/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes and numbers as people write them. */
#ifndef PVB_TOOLS_SIZE_H
#define PVB_TOOLS_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* A whole number, of bytes or with K, M, G or T behind it (powers of 1024, also written KiB ...).
 */
bool parse_size(const char *text, uint64_t *bytes);

/* A whole decimal number from 0 to most. */
bool parse_number(const char *text, uint64_t most, uint64_t *number);

/* A whole number in decimal, or in hexadecimal behind 0x. */
bool parse_frame_number(const char *text, uint64_t *number);

struct size_text {
	char text[48];
};

/* "512 MiB", "33.4 MiB", "4097 bytes": one decimal at most, cut: for reading, not for computing. */
struct size_text format_size(uint64_t bytes);

#endif
