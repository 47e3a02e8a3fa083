/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One change of a kernel's file. */
#ifndef PVB_TESTS_DIFFERENTIAL_STEPS_H
#define PVB_TESTS_DIFFERENTIAL_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "support/blob.h"

enum step_kind { STEPS_ELF, STEPS_FLAT, STEPS_BZIMAGE };

/* Do one step, chosen by random, and say in what which it was. */
void step(enum step_kind kind, struct blob *file, uint64_t *random, char *what, size_t size);

/* ---- for the steps ------------------------------------------------------------ */

struct step {
	struct blob *file;
	uint64_t *random;
	char *what;
	size_t what_size;
};

typedef void step_fn(struct step *step);

uint64_t step_random(struct step *step, uint64_t below);

/* Numbers in the file; outside of it there are zeros, and writing does nothing. */
uint64_t step_get(const struct step *step, uint64_t offset, unsigned width);
void step_put(struct step *step, uint64_t offset, uint64_t value, unsigned width);

/* A value that code may stumble over, given the one that is there. */
uint64_t step_value(struct step *step, uint64_t old, unsigned width);

__attribute__((format(printf, 2, 3))) void step_say(struct step *step, const char *format, ...);

/* Those of ELF files. */
step_fn step_elf;

/* Those of the notes and of the legacy string in an ELF file. */
step_fn step_notes;
step_fn step_legacy;

/* ---- ELF files, as they are by now, in either class ---------------------------- */

struct step_field {
	uint8_t offset, width;
	const char *name;
};

enum { STEP_EHDR_FIELDS = 15, STEP_PHDR_FIELDS = 8, STEP_SHDR_FIELDS = 10 };

/* Named like in elf.h, in the order of these. */
enum step_phdr { P_TYPE, P_FLAGS, P_OFFSET, P_VADDR, P_PADDR, P_FILESZ, P_MEMSZ, P_ALIGN };
enum step_shdr {
	S_NAME,
	S_TYPE,
	S_FLAGS,
	S_ADDR,
	S_OFFSET,
	S_SIZE,
	S_LINK,
	S_INFO,
	S_ALIGN,
	S_ENTSIZE
};

bool step_is_wide(const struct step *step);
unsigned step_phnum(const struct step *step); /* no more than 64 */
unsigned step_shnum(const struct step *step);
uint64_t step_phdr(const struct step *step, unsigned index, enum step_phdr field);
void step_set_phdr(struct step *step, unsigned index, enum step_phdr field, uint64_t value);
uint64_t step_shdr(const struct step *step, unsigned index, enum step_shdr field);
void step_set_shdr(struct step *step, unsigned index, enum step_shdr field, uint64_t value);

/* Append bytes, and say where they are. */
uint64_t step_append(struct step *step, const struct blob *bytes);

/* Some index of a program header or section of a type; false if there is none. */
bool step_find_phdr(struct step *step, uint32_t type, unsigned *index);
bool step_find_shdr(struct step *step, uint32_t type, unsigned *index);

#endif
