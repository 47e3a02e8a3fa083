/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernels with something changed go to libxenguest and to us. Where libxenguest accepts one, so
 * do we, and find the same facts; or the difference is on the list (excuses.c).
 *
 *   test-differential                        a bounded run, and whether it can fail
 *   test-differential --minutes N [SEED]     a long one
 *   test-differential --write SEED NUMBER FILE    a mutant as a file
 *   test-differential --shrink SEED NUMBER FILE   the smallest change of it that does the same
 *   test-differential --file FILE            what both make of a file
 */
#include "config.h"

#include "differential/built.h"
#include "differential/run.h"
#include "peer/peer.h"

#include <inttypes.h>
#include <signal.h>

#include "support/test.h"

/* Changing the seed is fine as long as all entries of the list still happen. */
enum { SEED = 1, CASES = 50000 };

static struct run run;

static int begin(void **state)
{
	(void)state;
	run_begin(&run, SEED);
	return 0;
}

static int end(void **state)
{
	(void)state;
	run_end(&run);
	return 0;
}

static void where_libxenguest_accepts_we_do_and_find_the_same_or_the_list_says_why(void **state)
{
	(void)state;
	run_cases(&run, CASES);
	run_report(&run, stdout);
	assert_int_equal(run.failures, 0);
	/* Most mutants are still kernels, or little would be compared. */
	assert_true(run.accepted > CASES / 4);
}

static void every_entry_of_the_list_happens(void **state)
{
	(void)state;
	for (size_t i = 0; i < excuse_count; i++) {
		if (!run.excused[i])
			print_error("%s never happens\n", excuses[i].name);
		assert_true(run.excused[i] > 0);
	}
}

/* A case that only one entry excuses is not excused when that entry is gone. */
static void an_entry_that_is_dropped_is_missed(void **state)
{
	(void)state;
	for (size_t i = 0; i < excuse_count; i++) {
		struct verdict verdict;

		run_judge(&run, run.example[i], i, &verdict);
		if (!verdict.unexcused)
			print_error("without %s, case %" PRIu64 " is excused by another entry\n",
				    excuses[i].name, run.example[i]);
		assert_int_not_equal(verdict.unexcused, 0);
	}
}

/* ---- whether it can fail ---------------------------------------------------------- */

static void spoil(struct facts *facts, enum differing difference)
{
	switch (difference) {
	case DIFFER_REFUSED:
		facts->accepted = false;
		facts->code = PVB_E_ELF_HEADER;
		break;
	case DIFFER_GUEST_TYPE:
		facts->guest_type[8] = '4';
		break;
	case DIFFER_START:
		facts->start++;
		break;
	case DIFFER_END:
		facts->end--;
		break;
	case DIFFER_ENTRY:
		facts->entry ^= 1;
		break;
	case DIFFER_VIRT_BASE:
		facts->virt_base += 0x1000;
		break;
	case DIFFER_PADDR_OFFSET:
		facts->paddr_offset++;
		break;
	case DIFFER_HYPERCALL_PAGE:
		facts->hypercall_page = 0;
		break;
	case DIFFER_INIT_P2M:
		facts->init_p2m++;
		break;
	case DIFFER_HV_START_LOW:
		facts->hv_start_low++;
		break;
	case DIFFER_PVH_ENTRY:
		facts->pvh_entry++;
		break;
	case DIFFER_REQUIRED:
		facts->features_required ^= 1;
		break;
	case DIFFER_SUPPORTED:
		facts->features_supported ^= 1u << 15;
		break;
	case DIFFER_PAE:
		facts->pae++;
		break;
	case DIFFER_MOD_START_PFN:
		facts->mod_start_pfn = !facts->mod_start_pfn;
		break;
	case DIFFER_SYMTAB:
		facts->symtab = true;
		break;
	case DIFFER_NOT_BUILT:
	case DIFFER_DOMAIN:
	case DIFFERENCES:
		break;
	}
}

/* Sound kernels of both widths, of which either reads the same, and one of the facts is not so. */
static void a_fact_that_is_not_so_is_found_whatever_it_is(void **state)
{
	static const unsigned widths[] = {64, 32};

	(void)state;
	for (unsigned i = 0; i < DIFFER_NOT_BUILT; i++) {
		static struct look look;
		bool found = false;

		for (size_t j = 0; j < 2; j++) {
			struct elf_builder builder = linux_like(widths[j]);
			struct blob kernel = elf_build(&builder);
			struct facts ours, theirs;
			struct verdict verdict;

			run_read(&run, &kernel, &ours, &theirs);
			assert_true(theirs.accepted);
			assert_int_equal(differences(&ours, &theirs), 0);
			spoil(&ours, (enum differing)i);
			look_at(&look, kernel.bytes, kernel.size, NULL, 0, &theirs);
			judge(&look, differences(&ours, &theirs), ours.code, excuse_count,
			      &verdict);
			found |= verdict.unexcused == UINT32_C(1) << i;
			blob_free(&kernel);
		}
		if (!found)
			print_error("%s\n", difference_names[i]);
		assert_true(found);
	}
}

/* So are a domain that we do not build, and one that is another. test-peer spoils domains. */
static void a_domain_that_is_not_the_same_is_found(void **state)
{
	static const struct {
		enum built_outcome outcome;
		uint32_t differences;
	} outcomes[] = {
		{BUILT_THE_SAME, 0},
		{BUILT_BY_NEITHER, 0},
		{BUILT_BY_US_ALONE, 0},
		{BUILT_BY_THEM_ALONE, UINT32_C(1) << DIFFER_NOT_BUILT},
		{BUILT_DIFFERENTLY, UINT32_C(1) << DIFFER_DOMAIN},
	};
	struct elf_builder builder = linux_like(64);
	struct blob kernel = elf_build(&builder);
	static struct look look;
	struct facts ours, theirs;

	(void)state;
	run_read(&run, &kernel, &ours, &theirs);
	look_at(&look, kernel.bytes, kernel.size, NULL, 0, &theirs);
	for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
		const struct built built = {.outcome = outcomes[i].outcome};
		struct verdict verdict;

		judge(&look, differences_built(&built), 0, excuse_count, &verdict);
		assert_int_equal(verdict.unexcused, outcomes[i].differences);
	}
	blob_free(&kernel);
}

/* Where the list says that libxenguest refuses it later, it does. */
static void what_is_refused_later_is_not_built_by_libxenguest_either(void **state)
{
	(void)state;
	for (size_t i = 0; i < excuse_count; i++) {
		struct mutant mutant;

		if (!excuses[i].refused_later)
			continue;
		mutant_make(SEED, run.example[i], MUTANT_WHOLE, &mutant);
		assert_false(built_by_them(&mutant.file));
		mutant_free(&mutant);
	}
}

/* What is read of libxenguest's own structure, which no header declares, is where it is. */
static void what_is_read_of_libxenguest_is_what_the_kernel_says(void **state)
{
	const uint64_t base = UINT64_C(0xffffffff80000000);
	struct elf_builder builder = linux_like(64);
	struct blob kernel = elf_build(&builder);
	struct facts ours, theirs;

	(void)state;
	run_read(&run, &kernel, &ours, &theirs);
	assert_true(theirs.accepted);
	assert_string_equal(theirs.guest_type, "xen-3.0-x86_64");
	assert_int_equal(theirs.virt_base, base);
	assert_int_equal(theirs.entry, base + 0x1200100);
	assert_int_equal(theirs.hypercall_page, base + 0x1001000);
	assert_int_equal(theirs.init_p2m, UINT64_C(0x8000000000));
	assert_int_equal(theirs.paddr_offset, 0);
	assert_int_equal(theirs.hv_start_low, UINT64_MAX);
	assert_int_equal(theirs.pvh_entry, UINT64_MAX);
	assert_int_equal(theirs.features_required, 1);
	assert_int_equal(theirs.features_supported, 0x8811);
	assert_true(theirs.mod_start_pfn);
	assert_false(theirs.symtab);
	assert_int_equal(theirs.start, base + 0x1000000);
	assert_int_equal(theirs.end, base + 0x1204000);
	blob_free(&kernel);
}

static void a_crash_or_a_loop_of_libxenguest_is_no_acceptance(void **state)
{
	static const enum theirs_fault faults[] = {THEIRS_CRASHES, THEIRS_LOOPS};
	static const int signals[] = {SIGSEGV, SIGXCPU};
	struct blob kernel = small_kernel(64);
	struct facts ours, theirs;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char ended[32];

		(void)snprintf(ended, sizeof ended, "ended by signal %d ", signals[i]);
		theirs_misbehave(run.theirs, faults[i], &theirs);
		assert_false(theirs.accepted);
		assert_memory_equal(theirs.why, ended, strlen(ended));
		/* The next file is read as if nothing had been. */
		run_read(&run, &kernel, &ours, &theirs);
		assert_true(theirs.accepted);
	}
	blob_free(&kernel);
}

/* The same mutant each time; and what is shrunk differs as before, and from a sound kernel less. */
static void a_mutant_is_made_again_and_shrunk(void **state)
{
	(void)state;
	for (size_t i = 0; i < excuse_count; i += 7) {
		struct mutant one, two;
		struct verdict before, after;
		struct blob small = BLOB_INIT;

		mutant_make(SEED, run.example[i], MUTANT_WHOLE, &one);
		mutant_make(SEED, run.example[i], MUTANT_WHOLE, &two);
		assert_int_equal(one.file.size, two.file.size);
		assert_memory_equal(one.file.bytes, two.file.bytes, one.file.size);
		assert_string_equal(one.what, two.what);
		run_judge(&run, run.example[i], i, &before);
		run_shrink(&run, run.example[i], i, &small, &after);
		assert_int_equal(after.unexcused, before.unexcused);
		assert_true(small.size > 0);
		blob_free(&small);
		mutant_free(&one);
		mutant_free(&two);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_of_libxenguest_is_what_the_kernel_says),
		cmocka_unit_test(
			where_libxenguest_accepts_we_do_and_find_the_same_or_the_list_says_why),
		cmocka_unit_test(every_entry_of_the_list_happens),
		cmocka_unit_test(an_entry_that_is_dropped_is_missed),
		cmocka_unit_test(a_fact_that_is_not_so_is_found_whatever_it_is),
		cmocka_unit_test(a_domain_that_is_not_the_same_is_found),
		cmocka_unit_test(what_is_refused_later_is_not_built_by_libxenguest_either),
		cmocka_unit_test(a_crash_or_a_loop_of_libxenguest_is_no_acceptance),
		cmocka_unit_test(a_mutant_is_made_again_and_shrunk),
	};

	if (peer_preload(argv))
		return 1;
	if (argc > 1)
		return run_command(argc, argv);
	return cmocka_run_group_tests_name("differential", tests, begin, end);
}
