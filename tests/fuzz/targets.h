/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fuzz targets. A new one is a file fuzz-NAME.c with a struct fuzz_target in it, a line in
 * FUZZ_TARGETS below, and a line in room.mk: seeds, replay and "make fuzz" follow from that.
 */
#ifndef PVB_TESTS_FUZZ_TARGETS_H
#define PVB_TESTS_FUZZ_TARGETS_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "support/blob.h"

/* Makes an input to begin with; nothing where this build cannot. */
struct fuzz_seed {
	const char *name;
	struct blob (*make)(void);
};

/*
 * A target is a function of its bytes: the same bytes, the same outcome. It aborts where a
 * property does not hold (check.h), and leaves nothing behind.
 *
 *   name      as in "make fuzz TARGETS=name" and in tests/fuzz/seeds/name
 *   max_size  bytes of an input, more of which make it slower and find nothing
 *   begin     makes what all inputs share, or NULL
 *   run       tries one input
 *   end       releases what begin made, or NULL
 *   seeds     made by code, ends with a name of NULL. Others are the files of
 *             tests/fuzz/seeds/name, each named for what it once showed
 */
struct fuzz_target {
	const char *name;
	size_t max_size;
	void (*begin)(void);
	void (*run)(const uint8_t *data, size_t size);
	void (*end)(void);
	const struct fuzz_seed *seeds;
};

#ifdef HAVE_LIBFDT
#define FUZZ_TARGETS_LIBFDT(X) X(tree)
#else
#define FUZZ_TARGETS_LIBFDT(X)
#endif

#ifdef HAVE_XEN
#define FUZZ_TARGETS_XEN(X) X(cfg) X(guard)
#else
#define FUZZ_TARGETS_XEN(X)
#endif

/* clang-format off */
#define FUZZ_TARGETS(X) \
	X(image) \
	X(notes) \
	X(cost) \
	X(p2m) \
	X(p2m_file) \
	X(life) \
	X(live) \
	X(core) \
	FUZZ_TARGETS_LIBFDT(X) \
	FUZZ_TARGETS_XEN(X)
/* clang-format on */

#define FUZZ_TARGET_DECLARATION(name_) extern const struct fuzz_target fuzz_##name_;
FUZZ_TARGETS(FUZZ_TARGET_DECLARATION)

extern const struct fuzz_target *const fuzz_targets[];
extern const size_t fuzz_target_count;

/* NULL where there is none of this name. */
const struct fuzz_target *fuzz_find_target(const char *name);

#define FUZZ_SEED(make_)                                                                           \
	{                                                                                          \
		.name = #make_, .make = (make_)                                                    \
	}

#endif
