/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways to break a good domain, one rule each at least; by subject in audit-mutations-*.c. */
#ifndef PVB_TESTS_AUDIT_MUTATIONS_H
#define PVB_TESTS_AUDIT_MUTATIONS_H

#include "unit/audit-domain.h"

/* Where a mutation can be seen. */
#define LIVE 1u
#define CORE 2u
#define BOTH (LIVE | CORE)

/*
 *   rule      that has to fire
 *   with      others that have to, as they follow from it
 *   spec      the good domain
 *   spoil     breaks it
 *   respec    changes what the image is made from, and not the domain
 */
struct mutation {
	const char *rule;
	const char *with;
	struct domain_spec spec;
	void (*spoil)(struct paper_domain *domain);
	void (*respec)(struct domain_spec *spec);
	unsigned where; /* 0 means BOTH */
	bool no_image;
	bool no_command_line;
	unsigned address_bits;
	uint64_t less_memory;
	bool by_record; /* the audit is not told of a width */
	/* It is told where memory is, the last range this much higher than it is. */
	bool by_ranges;
	uint64_t higher;
};

#define BITS_64                                                                                    \
	{                                                                                          \
		.bits = 64, .init_p2m = true, .hypercall = true, .is_linux = true,                 \
		.module_bytes = 12345, .module_by_pfn = true                                       \
	}
#define BITS_64_INSIDE                                                                             \
	{                                                                                          \
		.bits = 64, .module_bytes = 12345, .scrambled = true                               \
	}
#define DECLARING                                                                                  \
	{                                                                                          \
		.bits = 64, .init_p2m = true, .hypercall = true, .is_linux = true,                 \
		.module_bytes = 12345, .module_by_pfn = true, .declares = true                     \
	}
#define DECLARING_32                                                                               \
	{                                                                                          \
		.bits = 32, .hypercall = true, .module_bytes = 4097, .declares = true              \
	}
#define BITS_32                                                                                    \
	{                                                                                          \
		.bits = 32, .hypercall = true, .module_bytes = 4097                                \
	}
/* With a hole. */
#define HOLEY_64                                                                                   \
	{                                                                                          \
		.bits = 64, .init_p2m = true, .hypercall = true, .is_linux = true,                 \
		.module_bytes = 12345, .module_by_pfn = true, .pages = 9000, .hole_first = 4100,   \
		.hole_count = 2500                                                                 \
	}
#define HOLEY_32                                                                                   \
	{                                                                                          \
		.bits = 32, .hypercall = true, .module_bytes = 4097, .pages = 9001,                \
		.hole_first = 3000, .hole_count = 5000                                             \
	}
#define BITS_32_ZERO                                                                               \
	{                                                                                          \
		.bits = 32, .at_zero = true                                                        \
	}

struct mutations {
	const struct mutation *v;
	size_t count;
};

extern const struct mutations start_mutations;    /* registers, start_info */
extern const struct mutations table_mutations;    /* layout, page tables, frame types */
extern const struct mutations tree_mutations;     /* the p2m's tree, and what is said of it */
extern const struct mutations declared_mutations; /* what comes of a kernel's declarations */
extern const struct mutations memory_mutations;   /* p2m, shared pages, what it was made of */

#endif
