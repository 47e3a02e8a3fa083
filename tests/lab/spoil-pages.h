/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reaching what a build has written, for those who spoil it. Each returns 0 or -code. */
#ifndef PVB_TESTS_LAB_SPOIL_PAGES_H
#define PVB_TESTS_LAB_SPOIL_PAGES_H

#include "lab/spoils.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE UINT64_C(4096)

/* Entries of page tables (Intel SDM 3A, 4.5). */
#define PTE_P UINT64_C(0x1)
#define PTE_RW UINT64_C(0x2)
#define PTE_US UINT64_C(0x4)
#define PTE_PCD UINT64_C(0x10)
#define PTE_A UINT64_C(0x20)
#define PTE_PSE UINT64_C(0x80)
#define PTE_NX (UINT64_C(1) << 63)
#define PTE_FRAME UINT64_C(0x000ffffffffff000)

uint64_t spoil_mfn(const struct spoiling *spoiling, uint64_t pfn);

/* The machine address of a page. */
uint64_t spoil_maddr(const struct spoiling *spoiling, uint64_t pfn);

int spoil_read(struct spoiling *spoiling, uint64_t pfn, size_t offset, void *bytes, size_t size,
	       struct pvb_error *error);
int spoil_write(struct spoiling *spoiling, uint64_t pfn, size_t offset, const void *bytes,
		size_t size, struct pvb_error *error);
int spoil_write_frame(struct spoiling *spoiling, uint64_t mfn, size_t offset, const void *bytes,
		      size_t size, struct pvb_error *error);
int spoil_write_word(struct spoiling *spoiling, uint64_t pfn, size_t offset, uint64_t word,
		     struct pvb_error *error);

/* Turn a few bits of a byte round. */
int spoil_byte(struct spoiling *spoiling, uint64_t pfn, size_t offset, struct pvb_error *error);

/* The shared info page's bytes at an offset: the low ones of value. */
int spoil_shared_info(struct spoiling *spoiling, size_t offset, uint64_t value, size_t size,
		      struct pvb_error *error);

/* Where the entry of an address stands, of the table of that level (1: the leaves'). */
int spoil_find_entry(struct spoiling *spoiling, uint64_t va, unsigned level, uint64_t *table,
		     size_t *offset, struct pvb_error *error);
int spoil_read_entry(struct spoiling *spoiling, uint64_t va, unsigned level, uint64_t *entry,
		     struct pvb_error *error);
int spoil_entry(struct spoiling *spoiling, uint64_t va, unsigned level, uint64_t clear,
		uint64_t set, struct pvb_error *error);

/* The PFN of what the kernel's symbol table calls so, and the offset in it; 0 or -code. */
int spoil_symbol(struct spoiling *spoiling, const char *name, uint64_t *pfn, size_t *offset,
		 struct pvb_error *error);

#endif
