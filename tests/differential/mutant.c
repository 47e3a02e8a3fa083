/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps, and how many of which a mutant gets. */
#include "differential/mutant.h"

#include <stdarg.h>
#include <stdio.h>

#include "differential/bases.h"
#include "differential/steps.h"
#include "support/compress.h"
#include "support/elf-builder.h"
#include "support/test.h"

static struct bases bases;

void mutant_begin(const char *directory)
{
	bases_make(&bases, directory);
}

void mutant_end(void)
{
	bases_free(&bases);
}

void mutant_free(struct mutant *mutant)
{
	blob_free(&mutant->file);
	blob_free(&mutant->inner);
}

static void note_down(struct mutant *mutant, const char *text)
{
	size_t used = strlen(mutant->what);

	(void)snprintf(mutant->what + used, sizeof mutant->what - used, "%s%s", used ? "; " : "",
		       text);
}

/* A few thousands of small kernels for each of the slow ones; real ones are large, too. */
static const struct base *choose_base(uint64_t *random)
{
	for (;;) {
		const struct base *base = &bases.list[test_random(random) % bases.count];
		unsigned one_in = base->slow ? 512 : base->file.size > 1 << 17 ? 40 : 1;

		if (test_random(random) % one_in == 0)
			return base;
	}
}

static void pack(const struct base *base, struct mutant *mutant)
{
	struct blob packed =
		compress_blob(PVB_CODEC_GZIP, &mutant->inner, &(const struct compress_options){0});

	if (base->kind == BASE_GZIP)
		mutant->file = packed;
	else
		mutant->file =
			bzimage_build(&(const struct bzimage){.no_size_trailer = true}, &packed);
}

static enum step_kind kind_of(const struct base *base)
{
	switch (base->kind) {
	case BASE_FLAT:
		return STEPS_FLAT;
	case BASE_BZIMAGE:
		return STEPS_BZIMAGE;
	case BASE_ELF:
	case BASE_PACKED:
	case BASE_GZIP:
		break;
	}
	return STEPS_ELF;
}

void mutant_make(uint64_t seed, uint64_t number, uint32_t steps, struct mutant *mutant)
{
	uint64_t random = seed ^ number * UINT64_C(0xd1342543de82ef95);

	*mutant = (struct mutant){0};
	const struct base *base = choose_base(&random);
	const bool packs = base->kind == BASE_PACKED || base->kind == BASE_GZIP;
	struct blob *changed = packs ? &mutant->inner : &mutant->file;

	note_down(mutant, base->name);
	*changed = blob_copy(&base->file);
	if (base->kind == BASE_BZIMAGE)
		mutant->inner = blob_copy(&base->inner);
	mutant->packed = packs || base->kind == BASE_BZIMAGE;
	mutant->steps = 1;
	while (mutant->steps < MUTANT_STEPS_MAX && test_random(&random) % 2)
		mutant->steps++;
	for (unsigned i = 0; i < mutant->steps; i++) {
		/* Each step has a sequence of its own, so that one can be left out. */
		uint64_t own = test_random(&random);
		char what[160];

		if (!(steps >> i & 1))
			continue;
		step(kind_of(base), changed, &own, what, sizeof what);
		note_down(mutant, what);
	}
	if (packs)
		pack(base, mutant);
	assert_true(mutant->file.size <= MUTANT_LARGEST);
}
