/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What somebody makes of a kernel's file before there is a domain: libpvbuild, and
 * libxenguest. The same facts of both, so that they can be compared.
 */
#ifndef PVB_TESTS_DIFFERENTIAL_FACTS_H
#define PVB_TESTS_DIFFERENTIAL_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FACTS_WHY_MAX = 256 };

/* Addresses are PVB_NONE where the kernel does not say. */
struct facts {
	bool accepted; /* a PV domain can be made of it, as far as the file tells */
	int code;      /* ours: why not (enum pvb_code) */
	char why[FACTS_WHY_MAX];
	char guest_type[32];
	bool elf; /* the facts below that come from notes mean something */
	uint64_t start, end, entry, virt_base;
	uint64_t paddr_offset, hypercall_page, init_p2m, hv_start_low, pvh_entry;
	uint32_t features_required, features_supported;
	unsigned pae;
	bool mod_start_pfn;
	bool symtab;  /* ours: it is carried; theirs: it is asked for */
	bool overlap; /* ours: segments do */
};

void facts_ours(const void *bytes, size_t size, struct facts *facts);

/*
 * libxenguest reads in a process of its own, which has limits of CPU time and memory. If that
 * process ends over a file, the file is not accepted, "why" says what ended it, and the next
 * file gets a new process.
 */
struct theirs;
struct theirs *theirs_open(size_t largest_file);
void theirs_close(struct theirs *theirs);
void theirs_read(struct theirs *theirs, const void *bytes, size_t size, struct facts *facts);

/* The same, but the process misbehaves before it has read the file. */
enum theirs_fault { THEIRS_CRASHES, THEIRS_LOOPS };
void theirs_misbehave(struct theirs *theirs, enum theirs_fault fault, struct facts *facts);

#endif
