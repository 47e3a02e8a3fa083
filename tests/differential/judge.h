/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether libpvbuild and libxenguest agree over a kernel's file, and the list of what they may
 * differ in.
 */
#ifndef PVB_TESTS_DIFFERENTIAL_JUDGE_H
#define PVB_TESTS_DIFFERENTIAL_JUDGE_H

#include <stdio.h>

#include "differential/facts.h"
#include "differential/kinds.h"

/*
 * What they can differ in, where libxenguest accepts the file: in whether we do, or in a fact; and
 * where it builds a domain from the file: in whether we do, or in the domain.
 */
enum differing {
	DIFFER_REFUSED, /* there is nothing else to compare then */
	DIFFER_GUEST_TYPE,
	DIFFER_START,
	DIFFER_END,
	DIFFER_ENTRY,
	DIFFER_VIRT_BASE,
	DIFFER_PADDR_OFFSET,
	DIFFER_HYPERCALL_PAGE,
	DIFFER_INIT_P2M,
	DIFFER_HV_START_LOW,
	DIFFER_PVH_ENTRY,
	DIFFER_REQUIRED,
	DIFFER_SUPPORTED,
	DIFFER_PAE,
	DIFFER_MOD_START_PFN,
	DIFFER_SYMTAB,
	DIFFER_NOT_BUILT,
	DIFFER_DOMAIN,
	DIFFERENCES
};
extern const char *const difference_names[DIFFERENCES];

/* A bit for each difference: 1 << DIFFER_... */
uint32_t differences(const struct facts *ours, const struct facts *theirs);

/* A file that both accept, built by both: what they differ in, and what there is to say of it. */
struct built;
uint32_t differences_built(const struct built *built);

enum { EXCUSE_CODES = 8 };

/* Of whatever code a refusal is. */
#define EXCUSE_ANY (-1)

/*
 * One entry of the list. It excuses the differences of which it has the bit, in files that are of
 * its kind, as "applies" finds out for itself from the file; of refusals only those with one of
 * its codes.
 *
 *   refused_later   libxenguest accepts the file and builds no domain from it
 *   what     the kind of file, for the document
 *   ours, theirs, reason   likewise
 */
struct excuse {
	const char *name;
	kind_fn *applies;
	bool refused_later;
	uint32_t differences;
	int codes[EXCUSE_CODES];
	const char *what, *ours, *theirs, *reason;
};
extern const struct excuse excuses[];
extern const size_t excuse_count;
enum { EXCUSES_MAX = 64 };

struct verdict {
	uint32_t differences;
	uint32_t unexcused;
	uint64_t excused_by; /* a bit for each entry of the list that excused one */
};

/*
 * What of the differences the list excuses. code is that of our refusal, or 0; without is an entry
 * to leave out, or excuse_count.
 */
void judge(const struct look *look, uint32_t differences, int code, size_t without,
	   struct verdict *verdict);

/* The list as a table of the document. */
void excuses_write(FILE *to);

#endif
