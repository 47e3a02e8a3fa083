/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder in memory, for what can only be tried with a file that has a name; and files without. */
#ifndef PVB_TESTS_FUZZ_SCRATCH_H
#define PVB_TESTS_FUZZ_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

void scratch_make(void);

/* The path of a file of this name, which scratch_file() or whoever is tried may create. */
const char *scratch_path(const char *name);

/* Nothing is in the folder. */
void scratch_must_be_empty(void);

/* With all that is in it. */
void scratch_remove(void);

/* A file in memory of these bytes, and zeros up to size; its path, until the next call. */
const char *memory_file_path(int fd);
int memory_file(const void *bytes, size_t count, uint64_t size);

#endif
