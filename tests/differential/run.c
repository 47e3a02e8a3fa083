/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "differential/run.h"

#include <inttypes.h>

#include "differential/built.h"
#include <pvbuild/image.h>

#include "support/test.h"

enum { SHOWN = 20 };

void run_begin(struct run *run, uint64_t seed)
{
	*run = (struct run){.seed = seed};
	assert_true(excuse_count <= EXCUSES_MAX);
	mutant_begin(getenv("PVB_KERNELS"));
	run->theirs = theirs_open(MUTANT_LARGEST);
}

void run_end(struct run *run)
{
	theirs_close(run->theirs);
	mutant_end();
}

void run_read(struct run *run, const struct blob *file, struct facts *ours, struct facts *theirs)
{
	facts_ours(file->bytes, file->size, ours);
	theirs_read(run->theirs, file->bytes, file->size, theirs);
}

/* What came of one mutant. */
struct outcome {
	struct facts ours, theirs;
	bool was_built;
	struct built built;
	struct verdict verdict;
};

/* What is rare, and makes another domain, is built more often than the rest. */
static bool is_odd(const struct outcome *outcome)
{
	const uint64_t usual_p2m = UINT64_C(0x8000000000), usual_low = 0xf5800000;
	const struct facts *theirs = &outcome->theirs;

	return outcome->ours.overlap ||
	       (theirs->hypercall_page != PVB_NONE && (theirs->hypercall_page < theirs->start ||
						       theirs->hypercall_page >= theirs->end)) ||
	       (theirs->init_p2m != PVB_NONE && theirs->init_p2m != usual_p2m) ||
	       (theirs->hv_start_low != PVB_NONE && theirs->hv_start_low != usual_low);
}

static bool is_built(uint64_t number, const struct outcome *outcome)
{
	unsigned one_in = is_odd(outcome) ? RUN_BUILD_OF_ODD : RUN_BUILD_EVERY;

	return outcome->theirs.accepted && number % one_in == 0;
}

static void judge_mutant(struct run *run, const struct mutant *mutant, uint64_t number,
			 size_t without, struct outcome *outcome)
{
	static struct look look;
	const struct blob *inner = mutant->packed ? &mutant->inner : NULL;
	uint32_t differ;
	int code;

	*outcome = (struct outcome){0};
	run_read(run, &mutant->file, &outcome->ours, &outcome->theirs);
	differ = differences(&outcome->ours, &outcome->theirs);
	code = outcome->ours.code;
	if (!differ && is_built(number, outcome)) {
		outcome->was_built = true;
		built_compare(&mutant->file, &outcome->built);
		differ = differences_built(&outcome->built);
		code = outcome->built.code;
	}
	if (!differ)
		return;
	look_at(&look, mutant->file.bytes, mutant->file.size, inner ? inner->bytes : NULL,
		inner ? inner->size : 0, &outcome->theirs);
	judge(&look, differ, code, without, &outcome->verdict);
}

void run_judge(struct run *run, uint64_t number, size_t without, struct verdict *verdict)
{
	struct outcome outcome;
	struct mutant mutant;

	mutant_make(run->seed, number, MUTANT_WHOLE, &mutant);
	judge_mutant(run, &mutant, number, without, &outcome);
	*verdict = outcome.verdict;
	mutant_free(&mutant);
}

static void print_differences(FILE *to, uint32_t bits)
{
	for (unsigned i = 0; i < DIFFERENCES; i++)
		if (bits >> i & 1)
			(void)fprintf(to, " %s", difference_names[i]);
}

static void print_failure(const struct run *run, uint64_t number, const char *what,
			  const struct outcome *outcome)
{
	const struct facts *ours = &outcome->ours, *theirs = &outcome->theirs;

	printf("# seed %" PRIu64 " case %" PRIu64 ": differs in:", run->seed, number);
	print_differences(stdout, outcome->verdict.unexcused);
	printf("\n#   %s\n", what);
	if (outcome->was_built)
		printf("#   %s", outcome->built.why);
	else if (ours->accepted)
		printf("#   ours: 0x%" PRIx64 " to 0x%" PRIx64 ", base 0x%" PRIx64
		       ", entry 0x%" PRIx64 "; theirs: 0x%" PRIx64 " to 0x%" PRIx64
		       ", base 0x%" PRIx64 ", entry 0x%" PRIx64 "\n",
		       ours->start, ours->end, ours->virt_base, ours->entry, theirs->start,
		       theirs->end, theirs->virt_base, theirs->entry);
	else
		printf("#   we refuse: %s: %s\n", pvb_code_name(ours->code), ours->why);
	(void)fflush(stdout);
}

/* Only by one entry, and nothing else would do. */
static void note_excuses(struct run *run, uint64_t number, uint64_t by)
{
	bool alone = (by & (by - 1)) == 0;

	for (size_t i = 0; i < excuse_count; i++) {
		if (!(by >> i & 1))
			continue;
		if (alone && !run->alone[i]) {
			struct verdict verdict;

			run_judge(run, number, i, &verdict);
			run->alone[i] = verdict.unexcused != 0;
			if (run->alone[i] || !run->excused[i])
				run->example[i] = number;
		} else if (!run->excused[i]) {
			run->example[i] = number;
		}
		run->excused[i]++;
	}
}

static void one_case(struct run *run, uint64_t number)
{
	struct outcome outcome;
	struct mutant mutant;

	mutant_make(run->seed, number, MUTANT_WHOLE, &mutant);
	judge_mutant(run, &mutant, number, excuse_count, &outcome);
	run->cases++;
	run->accepted += outcome.theirs.accepted;
	run->accepted_by_both += outcome.theirs.accepted && outcome.ours.accepted;
	run->built += outcome.was_built;
	run->built_by_both += outcome.was_built && (outcome.built.outcome == BUILT_THE_SAME ||
						    outcome.built.outcome == BUILT_DIFFERENTLY);
	run->ended += strncmp(outcome.theirs.why, "ended ", 6) == 0 || outcome.built.ended;
	if (outcome.verdict.unexcused && run->failures++ < SHOWN)
		print_failure(run, number, mutant.what, &outcome);
	mutant_free(&mutant);
	note_excuses(run, number, outcome.verdict.excused_by);
}

void run_cases(struct run *run, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		one_case(run, run->next++);
}

void run_report(const struct run *run, FILE *to)
{
	(void)fprintf(to,
		      "# seed %" PRIu64 ": %" PRIu64 " cases, %" PRIu64
		      " accepted by libxenguest, %" PRIu64 " of them by libpvbuild; of %" PRIu64
		      " tried, %" PRIu64 " built by both; %" PRIu64
		      " ended libxenguest's process; %" PRIu64 " with a difference that is on no "
		      "list\n",
		      run->seed, run->cases, run->accepted, run->accepted_by_both, run->built,
		      run->built_by_both, run->ended, run->failures);
	for (size_t i = 0; i < excuse_count; i++)
		(void)fprintf(to, "# %8" PRIu64 " %s (first: case %" PRIu64 ")\n", run->excused[i],
			      excuses[i].name, run->example[i]);
	(void)fflush(to);
}

/* ---- shrinking ------------------------------------------------------------------- */

struct search {
	struct run *run;
	uint64_t number;
	size_t without;
	uint32_t wanted;
};

static bool same_as(const struct search *search, const struct mutant *mutant)
{
	struct outcome outcome;

	judge_mutant(search->run, mutant, search->number, search->without, &outcome);
	return outcome.verdict.unexcused == search->wanted;
}

static uint32_t fewest_steps(const struct search *search)
{
	struct mutant mutant;
	uint32_t steps = MUTANT_WHOLE;

	for (unsigned i = 0; i < MUTANT_STEPS_MAX; i++) {
		uint32_t fewer = steps & ~(UINT32_C(1) << i);

		mutant_make(search->run->seed, search->number, fewer, &mutant);
		if (same_as(search, &mutant))
			steps = fewer;
		mutant_free(&mutant);
	}
	return steps;
}

/* Bytes of a file that is not packed, as they were in the sound kernel. */
static void undo_bytes(const struct search *search, struct mutant *mutant, const struct blob *sound)
{
	size_t size = sound->size < mutant->file.size ? sound->size : mutant->file.size;

	for (size_t i = 0; i < size; i++) {
		uint8_t byte = mutant->file.bytes[i];

		if (byte == sound->bytes[i])
			continue;
		mutant->file.bytes[i] = sound->bytes[i];
		if (!same_as(search, mutant))
			mutant->file.bytes[i] = byte;
	}
}

void run_shrink(struct run *run, uint64_t number, size_t without, struct blob *file,
		struct verdict *verdict)
{
	struct search search = {.run = run, .number = number, .without = without};
	struct outcome outcome;
	struct mutant mutant, sound;

	run_judge(run, number, without, verdict);
	search.wanted = verdict->unexcused;
	mutant_make(run->seed, number, fewest_steps(&search), &mutant);
	mutant_make(run->seed, number, 0, &sound);
	if (!mutant.packed)
		undo_bytes(&search, &mutant, &sound.file);
	judge_mutant(run, &mutant, number, without, &outcome);
	*verdict = outcome.verdict;
	*file = blob_copy(&mutant.file);
	printf("# %s\n", mutant.what);
	mutant_free(&mutant);
	mutant_free(&sound);
}
