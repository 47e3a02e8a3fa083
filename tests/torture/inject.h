/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Allocations that fail when told to: malloc() and its kin, mmap() and
 * memfd_create(), wherever they are called from. Under a sanitizer, which has an
 * allocator of its own, only calls from the library and the test itself.
 */
#ifndef PVB_TESTS_INJECT_H
#define PVB_TESTS_INJECT_H

#include <stdbool.h>
#include <stdint.h>

/* From here on the nth allocation fails, counted from 1; 0 for none. */
void inject_arm(uint64_t nth);

/* No failures from here on. Returns how many allocations there were since inject_arm(). */
uint64_t inject_disarm(void);

/* Whether the one that was to fail has. */
bool inject_fired(void);

/*
 * Blocks that are allocated now. Under a sanitizer, which looks for leaks itself, always 0.
 */
int64_t inject_balance(void);

#endif
