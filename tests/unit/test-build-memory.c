/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How guest memory is asked for, and what is made of the answers. */
#include "support/test.h"

#include "build/builder.h"
#include "unit/fake-host.h"

#define GIB UINT64_C(0x40000000)

struct bench {
	struct fake_host fake;
	struct pvb_plan plan;
	struct pvb_memory_range range;
	struct pvb_builder builder;
	struct pvb_error error;
};

static void bench_open(struct bench *bench, uint64_t pages)
{
	memset(bench, 0, sizeof *bench);
	fake_open(&bench->fake);
	bench->plan.pages = bench->plan.p2m_geometry.pfns = pages;
	bench->range = (struct pvb_memory_range){.bytes = pages << 12, .node = PVB_ANY_NODE};
	bench->plan.info.ranges = &bench->range;
	bench->plan.info.range_count = 1;
	bench->plan.page_shift = 12;
	bench->plan.levels = 4;
	bench->builder = (struct pvb_builder){
		.host = &bench->fake.host,
		.plan = &bench->plan,
		.host_info = bench->fake.info,
		.address_bits = 44,
		.stage = "populate",
		.created = true,
	};
}

static void bench_close(struct bench *bench)
{
	pvb_runs_free(&bench->builder.memory);
	fake_close(&bench->fake);
}

static int populate(struct bench *bench)
{
	bench->builder.host_info = bench->fake.info;
	return pvb_build_populate(&bench->builder, &bench->error);
}

static void assert_whole(const struct bench *bench)
{
	assert_int_equal(pvb_runs_total(&bench->builder.memory), bench->plan.pages);
	assert_int_equal(bench->fake.populated, bench->plan.pages);
	assert_int_equal(bench->builder.populated, bench->plan.pages);
}

static void a_tebibyte_takes_a_few_calls(void **state)
{
	(void)state;
	static const struct {
		unsigned order, extents;
		uint64_t calls;
	} cases[] = {{9, 1024, 512}, {9, 512, 1024}, {18, 512, 2}, {18, 1024, 1}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bench bench;

		bench_open(&bench, UINT64_C(1) << 28);
		bench.fake.info.max_extent_order = cases[i].order;
		bench.fake.info.max_extents = cases[i].extents;
		assert_ok(populate(&bench), &bench.error);
		assert_int_equal(bench.fake.host.calls[PVB_CALL_POPULATE], cases[i].calls);
		assert_int_equal(bench.builder.memory.n, 1);
		assert_whole(&bench);
		bench_close(&bench);
	}
}

static void what_is_left_comes_in_smaller_extents(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, (2 << 18) + (3 << 9) + 5);
	bench.fake.info.max_extent_order = 18;
	assert_ok(populate(&bench), &bench.error);
	assert_whole(&bench);
	assert_int_equal(bench.fake.logged, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(bench.fake.log[i].order, i == 0 ? 18 : i == 1 ? 9 : 0);
	assert_int_equal(bench.fake.log[0].count, 2);
	assert_int_equal(bench.fake.log[1].first, 2 << 18);
	assert_int_equal(bench.fake.log[1].count, 3);
	assert_int_equal(bench.fake.log[2].count, 5);
	bench_close(&bench);
}

static void an_odd_largest_order_is_used_too(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, (1 << 12) + (1 << 9) + 1);
	bench.fake.info.max_extent_order = 12;
	bench.fake.info.max_extents = 0; /* a host that says nothing takes one at a time */
	assert_ok(populate(&bench), &bench.error);
	assert_whole(&bench);
	assert_int_equal(bench.fake.logged, 3);
	assert_int_equal(bench.fake.log[0].order, 12);
	assert_int_equal(bench.fake.log[1].order, 9);
	assert_int_equal(bench.fake.log[2].order, 0);
	bench_close(&bench);
}

/* Extents of order 18 are used up after `budget' of them; order 9 gives at most 3 a call. */
static uint64_t fragmented(struct fake_host *fake, const struct pvb_host_populate *request)
{
	uint64_t count = request->count;

	if (request->shift == 30) {
		count = count < fake->budget ? count : fake->budget;
		fake->budget -= count;
	} else if (request->shift == 21) {
		count = count < 300 ? count : 300;
	}
	return count;
}

static void an_order_is_given_up_once_it_makes_no_progress(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, 4 << 18);
	bench.fake.info.max_extent_order = 18;
	bench.fake.allow = fragmented;
	bench.fake.budget = 1;
	assert_ok(populate(&bench), &bench.error);
	assert_whole(&bench);
	/* 1 extent of 4, then none; then 1536 extents in calls that give 300 */
	assert_int_equal(bench.fake.logged, 2 + 6);
	assert_int_equal(bench.fake.log[0].done, 1);
	assert_int_equal(bench.fake.log[1].count, 3);
	assert_int_equal(bench.fake.log[1].done, 0);
	for (size_t i = 2; i < 8; i++)
		assert_int_equal(bench.fake.log[i].order, 9);
	assert_int_equal(bench.fake.log[7].first, (1 << 18) + (1500 << 9));
	bench_close(&bench);
}

static uint64_t one_page_at_a_time(struct fake_host *fake, const struct pvb_host_populate *request)
{
	/* a gap between any two, so that no run grows */
	fake->next_mfn++;
	return request->shift == 12;
}

static void scattered_single_pages_make_a_guest_too(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, 1000);
	bench.fake.allow = one_page_at_a_time;
	assert_ok(populate(&bench), &bench.error);
	assert_whole(&bench);
	assert_int_equal(bench.builder.memory.n, 1000);
	assert_int_equal(bench.fake.logged, 1001);
	bench_close(&bench);
}

/* No more than `budget' pages in all. */
static uint64_t limited(struct fake_host *fake, const struct pvb_host_populate *request)
{
	uint64_t count = request->count, have = fake->budget >> (request->shift - 12);

	if (count > have)
		count = have;
	fake->budget -= count << (request->shift - 12);
	fake->info.memory_free = fake->budget << 12;
	return count;
}

static void too_little_memory_is_told_with_its_numbers(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, GIB >> 12);
	bench.fake.allow = limited;
	bench.fake.budget = 1537;
	bench.fake.info.memory_scrubbing = 5 << 20;
	bench.fake.info.memory_claimed = 7 << 20;
	assert_fails_with(populate(&bench), PVB_E_HOST_NO_MEMORY, &bench.error);
	assert_non_null(strstr(bench.error.message, "1073741824 bytes (1 GiB)"));
	assert_non_null(strstr(bench.error.message, "6295552 bytes (6.004 MiB)"));
	assert_non_null(strstr(bench.error.message, "0 bytes (0 KiB) free"));
	assert_non_null(strstr(bench.error.message, "5242880 bytes (5 MiB) being scrubbed"));
	assert_non_null(strstr(bench.error.message, "7340032 bytes (7 MiB) claimed"));
	assert_non_null(strstr(bench.error.hint, "less memory"));
	assert_int_equal(bench.builder.populated, 1537);
	bench_close(&bench);

	/* the host does not even tell what it has */
	bench_open(&bench, 10);
	bench.fake.allow = limited;
	bench.fake.fail_call = PVB_CALL_GET_INFO;
	bench.fake.fail_code = PVB_E_HOST_DENIED;
	assert_fails_with(populate(&bench), PVB_E_HOST_NO_MEMORY, &bench.error);
	assert_non_null(strstr(bench.error.message, "could not be learned"));
	bench_close(&bench);
}

static void the_address_limit_is_in_every_call(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, 20);
	bench.fake.allow = one_page_at_a_time;
	bench.builder.bits_to_ask = 46;
	assert_ok(populate(&bench), &bench.error);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(bench.fake.log[i].address_bits, 46);
	bench_close(&bench);

	/* where the host can go no higher, it is not asked not to */
	bench_open(&bench, 20);
	assert_ok(populate(&bench), &bench.error);
	assert_int_equal(bench.fake.log[0].address_bits, 0);
	bench_close(&bench);
}

static uint64_t nothing(struct fake_host *fake, const struct pvb_host_populate *request)
{
	(void)fake;
	(void)request;
	return 0;
}

static void no_memory_below_the_limit_names_the_limit(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, 1000);
	bench.fake.allow = nothing;
	bench.builder.address_bits = bench.builder.bits_to_ask = 40;
	assert_fails_with(populate(&bench), PVB_E_HOST_NO_MEMORY_BELOW, &bench.error);
	assert_non_null(strstr(bench.error.message, "1099511627776 bytes (1 TiB)"));
	assert_non_null(strstr(bench.error.hint, "2^40"));
	assert_int_equal(bench.fake.logged, 2);

	/* What is there, and what is elsewhere; where the host says the one and not the other,
	 * that. */
	bench.fake.free_below = 4096;
	bench.fake.info.memory_free = 3 * GIB;
	assert_fails_with(populate(&bench), PVB_E_HOST_NO_MEMORY_BELOW, &bench.error);
	assert_non_null(strstr(bench.error.message, "4096 bytes (4 KiB) free: "));
	assert_non_null(strstr(bench.error.message, "3221225472 bytes (3 GiB) free, "));
	bench.fake.fail_call = PVB_CALL_GET_FREE_BELOW;
	bench.fake.fail_code = PVB_E_HOST_DENIED;
	assert_fails_with(populate(&bench), PVB_E_HOST_NO_MEMORY_BELOW, &bench.error);
	assert_non_null(strstr(bench.error.message, "an unknown amount free: "));
	assert_non_null(strstr(bench.error.message, "3221225472 bytes (3 GiB) free, "));
	bench.fake.free_below = 0;

	/* with nothing free above it either, it is a plain lack of memory */
	bench.fake.info.memory_free = 999 << 12;
	assert_fails_with(populate(&bench), PVB_E_HOST_NO_MEMORY, &bench.error);
	/* our own claim is not what others hold */
	bench.fake.info.memory_free = GIB;
	bench.fake.info.memory_claimed = GIB;
	assert_fails_with(populate(&bench), PVB_E_HOST_NO_MEMORY, &bench.error);
	bench.builder.claimed = true;
	bench.fake.info.memory_claimed = 1000 << 12;
	assert_fails_with(populate(&bench), PVB_E_HOST_NO_MEMORY_BELOW, &bench.error);
	bench_close(&bench);
}

static void a_frame_above_the_limit_is_refused(void **state)
{
	(void)state;
	static const struct {
		uint64_t first_mfn;
		unsigned order;
		uint64_t pages;
		const char *pfn, *mfn; /* NULL: it fits */
	} cases[] = {
		{(UINT64_C(1) << 32) - 1024, 9, 1024, NULL, NULL},
		{(UINT64_C(1) << 32) - 512, 9, 1024, "PFN 0x200", "frame 0x100000000"},
		{(UINT64_C(1) << 32) + 512, 9, 512, "PFN 0x0", "frame 0x100000200"},
		{(UINT64_C(1) << 52) - 6, 0, 1, "PFN 0x0", "frame 0xffffffffffffa"},
		{(UINT64_C(1) << 52) - 1024, 9, 512, "PFN 0x0", "frame 0xffffffffffc00"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bench bench;

		bench_open(&bench, cases[i].pages);
		bench.fake.info.max_extent_order = cases[i].order;
		bench.fake.next_mfn = cases[i].first_mfn;
		if (cases[i].pfn) {
			assert_fails_with(populate(&bench), PVB_E_HOST_FRAME_TOO_HIGH,
					  &bench.error);
			assert_non_null(strstr(bench.error.message, cases[i].pfn));
			assert_non_null(strstr(bench.error.message, cases[i].mfn));
			assert_non_null(strstr(bench.error.message, "44 address bits"));
		} else {
			assert_ok(populate(&bench), &bench.error);
		}
		bench_close(&bench);
	}
}

static void a_host_that_counts_wrongly_is_not_believed(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, 10);
	bench.fake.extra = 1;
	assert_fails_with(populate(&bench), PVB_E_BUG, &bench.error);
	bench_close(&bench);
}

static void misalign(pvb_extent_t *extent)
{
	extent->word += UINT64_C(1) << 12;
}

static void flag(pvb_extent_t *extent)
{
	extent->word |= 1u << 6;
}

static void halve(pvb_extent_t *extent)
{
	extent->word--;
}

static void split(pvb_extent_t *extent)
{
	extent->word = 0x100000 | 11;
}

static void wrap(pvb_extent_t *extent)
{
	extent->word = (UINT64_MAX << 21) | 21;
}

static void an_extent_that_cannot_be_is_not_believed(void **state)
{
	static const struct {
		void (*spoil)(pvb_extent_t *);
		const char *says;
	} cases[] = {
		{misalign, "not aligned"}, {flag, "flag"}, {halve, "another size"},
		{split, "4 KiB"},          {wrap, "2^64"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bench bench;

		bench_open(&bench, 1024);
		bench.fake.spoil = cases[i].spoil;
		assert_fails_with(populate(&bench), PVB_E_BUG, &bench.error);
		assert_non_null(strstr(bench.error.message, cases[i].says));
		assert_int_equal(bench.builder.populated, 0);
		bench_close(&bench);
	}
}

static void a_call_that_fails_is_passed_on(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, 4096);
	bench.fake.info.max_extents = 1;
	bench.fake.fail_call = PVB_CALL_POPULATE;
	bench.fake.fail_code = PVB_E_HOST_DENIED;
	bench.fake.fail_after = 3;
	assert_fails_with(populate(&bench), PVB_E_HOST_DENIED, &bench.error);
	assert_int_equal(pvb_runs_total(&bench.builder.memory), 3 << 9);
	bench_close(&bench);
}

static void set_layout(struct bench *bench, uint64_t xenstore, bool root_below_4g)
{
	struct pvb_plan *plan = &bench->plan;

	plan->xenstore = (struct pvb_plan_region){.first = PVB_PFN(xenstore), .count = 1};
	plan->console = (struct pvb_plan_region){.first = PVB_PFN(xenstore + 1), .count = 1};
	plan->levels = 3;
	plan->initial.level[2].first = PVB_PFN(xenstore + 2);
	plan->initial.level[2].count = 1;
	plan->info.root_below_4g = root_below_4g;
}

static void pages_with_a_limit_of_their_own_come_first(void **state)
{
	(void)state;
	static const struct {
		uint64_t pages, xenstore;
		unsigned bits;
		bool root;
		struct {
			uint64_t first, end;
			unsigned bits;
		} want[5];
	} cases[] = {
		/* nothing special */
		{8192, 1000, 44, false, {{0, 8192, 0}}},
		/* the root of a guest without extended cr3 */
		{8192, 1000, 37, true, {{1002, 1003, 32}, {0, 1002, 0}, {1003, 8192, 0}}},
		{1003, 1000, 37, true, {{1002, 1003, 32}, {0, 1002, 0}}},
		{8192, 1000, 32, true, {{0, 8192, 0}}},
		/* rings that a version 1 grant table can name */
		{8192, 1000, 47, false, {{0, 1024, 44}, {1024, 8192, 0}}},
		{8192, 1022, 47, false, {{0, 1024, 44}, {1024, 8192, 0}}},
		{1010, 1000, 47, false, {{0, 1010, 44}}},
		/* both */
		{8192,
		 1000,
		 47,
		 true,
		 {{1002, 1003, 32}, {0, 1002, 44}, {1003, 1024, 44}, {1024, 8192, 0}}},
		{8192, 1022, 47, true, {{1024, 1025, 32}, {0, 1024, 44}, {1025, 8192, 0}}},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bench bench;
		size_t at = 0;

		bench_open(&bench, cases[i].pages);
		set_layout(&bench, cases[i].xenstore, cases[i].root);
		bench.builder.address_bits = cases[i].bits;
		assert_ok(populate(&bench), &bench.error);
		assert_whole(&bench);
		for (size_t r = 0; r < 5 && cases[i].want[r].end; r++)
			for (uint64_t pfn = cases[i].want[r].first; pfn < cases[i].want[r].end;
			     at++) {
				assert_int_equal(bench.fake.log[at].first, pfn);
				assert_int_equal(bench.fake.log[at].address_bits,
						 cases[i].want[r].bits);
				pfn += bench.fake.log[at].done << bench.fake.log[at].order;
				assert_true(pfn <= cases[i].want[r].end);
			}
		assert_int_equal(at, bench.fake.logged);
		bench_close(&bench);
	}
}

static void each_range_is_asked_for_at_its_address_and_node(void **state)
{
	(void)state;
	static const struct pvb_memory_range ranges[] = {
		{0, 1010 << 12, 3, true},
		{1010 << 12, 3000 << 12, PVB_ANY_NODE, false},
		{UINT64_C(0x100000) << 12, 512 << 12, 0, false},
	};
	/* The rings and the root are in the first range; each cut is a region of its own. */
	static const struct {
		uint64_t first, pages;
		unsigned bits;
		int node;
		bool exact;
	} want[] = {
		{1002, 1, 32, 3, true},    {0, 1002, 44, 3, true},     {1003, 7, 44, 3, true},
		{1010, 14, 44, -1, false}, {1024, 2986, 0, -1, false}, {0x100000, 512, 0, 0, false},
	};
	struct bench bench;
	size_t at = 0;

	bench_open(&bench, 1010 + 3000 + 512);
	bench.plan.p2m_geometry.pfns = 0x100000 + 512;
	bench.plan.info.ranges = ranges;
	bench.plan.info.range_count = 3;
	set_layout(&bench, 1000, true);
	bench.builder.address_bits = 47;
	assert_ok(populate(&bench), &bench.error);
	assert_whole(&bench);
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
		for (uint64_t done = 0; done < want[i].pages; at++) {
			assert_int_equal(bench.fake.log[at].first, want[i].first + done);
			assert_int_equal(bench.fake.log[at].address_bits, want[i].bits);
			assert_int_equal(bench.fake.log[at].node, want[i].node);
			assert_int_equal(bench.fake.log[at].exact, want[i].exact);
			done += bench.fake.log[at].done << bench.fake.log[at].order;
			assert_true(done <= want[i].pages);
		}
	assert_int_equal(at, bench.fake.logged);
	for (size_t i = 0; i < 3; i++) {
		uint64_t mfn, first = ranges[i].gpa >> 12, last = first + (ranges[i].bytes >> 12);

		assert_true(pvb_runs_find(&bench.builder.memory, first, &mfn, NULL));
		assert_true(pvb_runs_find(&bench.builder.memory, last - 1, &mfn, NULL));
		assert_int_equal(pvb_runs_find(&bench.builder.memory, last, &mfn, NULL), i == 0);
	}
	bench_close(&bench);
}

static void a_root_that_does_not_come_low_is_refused(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, 8192);
	set_layout(&bench, 1000, true);
	bench.fake.next_mfn = 0x100000;
	assert_fails_with(populate(&bench), PVB_E_HOST_FRAME_TOO_HIGH, &bench.error);
	assert_non_null(strstr(bench.error.message, "root page table"));
	bench.fake.allow = nothing;
	assert_fails_with(populate(&bench), PVB_E_HOST_NO_MEMORY_BELOW, &bench.error);
	assert_non_null(strstr(bench.error.message, "(4 GiB)"));
	bench_close(&bench);
}

static void all_is_claimed_first_and_the_rest_given_back(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, 4096);
	assert_ok(pvb_build_claim(&bench.builder, &bench.error), &bench.error);
	assert_true(bench.builder.claimed);
	assert_int_equal(bench.fake.claimed, 4096 << 12);
	assert_ok(populate(&bench), &bench.error);
	assert_false(bench.builder.claimed);
	assert_int_equal(bench.fake.claimed, 0);
	assert_int_equal(bench.fake.claim_calls, 2);
	assert_ok(pvb_build_release_claim(&bench.builder, &bench.error), &bench.error);
	assert_int_equal(bench.fake.claim_calls, 2);
	bench_close(&bench);

	bench_open(&bench, 4096);
	bench.builder.host_info.claims = false;
	assert_ok(pvb_build_claim(&bench.builder, &bench.error), &bench.error);
	assert_int_equal(bench.fake.claim_calls, 0);
	bench_close(&bench);
}

static void a_refused_claim_tells_what_there_is(void **state)
{
	(void)state;
	static const struct {
		int from, to;
		uint64_t free;
		bool told;
	} cases[] = {
		{PVB_E_HOST_CLAIM, PVB_E_HOST_CLAIM, 8 * GIB, true},
		{PVB_E_HOST_CLAIM, PVB_E_HOST_NO_MEMORY, GIB, true},
		{PVB_E_HOST_NO_MEMORY, PVB_E_HOST_NO_MEMORY, GIB, true},
		{PVB_E_HOST_DENIED, PVB_E_HOST_DENIED, GIB, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bench bench;

		bench_open(&bench, 4 * GIB >> 12);
		bench.fake.info.memory_free = cases[i].free;
		bench.fake.info.memory_claimed = 6 * GIB;
		bench.fake.fail_call = PVB_CALL_CLAIM_MEMORY;
		bench.fake.fail_code = cases[i].from;
		assert_fails_with(pvb_build_claim(&bench.builder, &bench.error), cases[i].to,
				  &bench.error);
		assert_false(bench.builder.claimed);
		if (cases[i].told) {
			assert_non_null(strstr(bench.error.message, "4294967296 bytes (4 GiB)"));
			assert_non_null(
				strstr(bench.error.message, "6442450944 bytes (6 GiB) claimed"));
			assert_true(bench.error.hint[0] != '\0');
		}
		bench_close(&bench);
	}
}

static void what_cannot_lie_low_is_refused_before_anything_is_allocated(void **state)
{
	(void)state;
	struct bench bench;

	for (unsigned claims = 0; claims < 2; claims++) {
		bench_open(&bench, 4 * GIB >> 12);
		bench.builder.host_info.claims = claims;
		bench.builder.address_bits = bench.builder.bits_to_ask = 40;
		bench.fake.info.memory_free = 9 * GIB;
		bench.fake.free_below = 4 * GIB;
		assert_ok(pvb_build_claim(&bench.builder, &bench.error), &bench.error);
		assert_int_equal(bench.builder.claimed, claims);

		bench.fake.free_below -= 4096;
		bench.builder.claimed = false;
		assert_fails_with(pvb_build_claim(&bench.builder, &bench.error),
				  PVB_E_HOST_NO_MEMORY_BELOW, &bench.error);
		assert_non_null(strstr(bench.error.message, "1099511627776 bytes (1 TiB)"));
		assert_non_null(strstr(bench.error.message, "4294963200 bytes (4 GiB) free: "));
		assert_non_null(strstr(bench.error.message, "9663676416 bytes (9 GiB) free, "));
		assert_non_null(strstr(bench.error.hint, "2^40"));
		assert_int_equal(bench.fake.logged, 0);

		/* What the build gives back as it fails. */
		assert_int_equal(bench.builder.claimed, claims);
		assert_ok(pvb_build_release_claim(&bench.builder, &bench.error), &bench.error);
		bench_close(&bench);
	}

	/* Where there is too little of all memory, that is found as it is asked for. */
	bench_open(&bench, 4 * GIB >> 12);
	bench.builder.host_info.claims = false;
	bench.builder.address_bits = bench.builder.bits_to_ask = 40;
	bench.fake.info.memory_free = 3 * GIB;
	assert_ok(pvb_build_claim(&bench.builder, &bench.error), &bench.error);

	/* A host that does not say where its memory is is asked for it all the same. */
	bench.fake.info.memory_free = 9 * GIB;
	bench.fake.free_below = GIB;
	bench.fake.fail_call = PVB_CALL_GET_FREE_BELOW;
	bench.fake.fail_code = PVB_E_HOST_DENIED;
	assert_ok(pvb_build_claim(&bench.builder, &bench.error), &bench.error);
	bench.fake.fail_code = PVB_E_HOST_STATE;
	bench.fake.fail_after = 0;
	assert_ok(pvb_build_claim(&bench.builder, &bench.error), &bench.error);
	bench.fake.fail_code = PVB_E_HOST_INJECTED;
	bench.fake.fail_after = 0;
	assert_fails_with(pvb_build_claim(&bench.builder, &bench.error), PVB_E_HOST_INJECTED,
			  &bench.error);

	/* Nobody asks where nothing has to lie low. */
	bench.builder.bits_to_ask = 0;
	uint64_t calls = bench.fake.host.calls[PVB_CALL_GET_FREE_BELOW];
	assert_ok(pvb_build_claim(&bench.builder, &bench.error), &bench.error);
	assert_int_equal(bench.fake.host.calls[PVB_CALL_GET_FREE_BELOW], calls);
	bench_close(&bench);
}

static int cancel_at(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	assert_string_equal(stage, "populate");
	assert_int_equal(total, 4096 << 12);
	return done >= *(const uint64_t *)opaque;
}

static void progress_counts_bytes_and_can_cancel(void **state)
{
	(void)state;
	struct bench bench;
	uint64_t limit = 3 << 21;

	bench_open(&bench, 4096);
	bench.fake.info.max_extents = 1;
	bench.builder.total = pvb_build_populate_bytes(&bench.builder);
	bench.builder.options.progress = cancel_at;
	bench.builder.options.progress_opaque = &limit;
	assert_fails_with(populate(&bench), PVB_E_ARG_CANCELLED, &bench.error);
	assert_int_equal(bench.builder.done, limit);
	assert_int_equal(bench.fake.logged, 3);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tebibyte_takes_a_few_calls),
		cmocka_unit_test(what_is_left_comes_in_smaller_extents),
		cmocka_unit_test(an_odd_largest_order_is_used_too),
		cmocka_unit_test(an_order_is_given_up_once_it_makes_no_progress),
		cmocka_unit_test(scattered_single_pages_make_a_guest_too),
		cmocka_unit_test(too_little_memory_is_told_with_its_numbers),
		cmocka_unit_test(the_address_limit_is_in_every_call),
		cmocka_unit_test(no_memory_below_the_limit_names_the_limit),
		cmocka_unit_test(a_frame_above_the_limit_is_refused),
		cmocka_unit_test(a_host_that_counts_wrongly_is_not_believed),
		cmocka_unit_test(an_extent_that_cannot_be_is_not_believed),
		cmocka_unit_test(a_call_that_fails_is_passed_on),
		cmocka_unit_test(pages_with_a_limit_of_their_own_come_first),
		cmocka_unit_test(each_range_is_asked_for_at_its_address_and_node),
		cmocka_unit_test(a_root_that_does_not_come_low_is_refused),
		cmocka_unit_test(all_is_claimed_first_and_the_rest_given_back),
		cmocka_unit_test(a_refused_claim_tells_what_there_is),
		cmocka_unit_test(what_cannot_lie_low_is_refused_before_anything_is_allocated),
		cmocka_unit_test(progress_counts_bytes_and_can_cancel),
	};

	return cmocka_run_group_tests_name("build: memory", tests, NULL, NULL);
}
