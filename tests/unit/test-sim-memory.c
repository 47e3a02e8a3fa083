/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of the simulated host: who is given what, and that it all comes back. */
#include "test-sim.h"

#include "host/sim/options.h"

/* ---- a model to compare with: extents that are out, and what they have to satisfy ---- */

#define MAX_OUT 4096

struct out {
	uint64_t mfn;
	uint64_t frames;
	uint32_t domid;
};

struct ledger {
	struct out out[MAX_OUT];
	size_t count;
	uint64_t frames;
};

static void enter(struct ledger *ledger, uint32_t domid, uint64_t mfn, uint64_t frames)
{
	for (size_t i = 0; i < ledger->count; i++)
		if (mfn < ledger->out[i].mfn + ledger->out[i].frames &&
		    ledger->out[i].mfn < mfn + frames)
			fail_msg("frames %#llx+%llu are out already", (unsigned long long)mfn,
				 (unsigned long long)frames);
	assert_true(ledger->count < MAX_OUT);
	ledger->out[ledger->count++] = (struct out){mfn, frames, domid};
	ledger->frames += frames;
}

static void strike(struct ledger *ledger, uint32_t domid)
{
	size_t kept = 0;

	for (size_t i = 0; i < ledger->count; i++) {
		if (ledger->out[i].domid == domid)
			ledger->frames -= ledger->out[i].frames;
		else
			ledger->out[kept++] = ledger->out[i];
	}
	ledger->count = kept;
}

static bool in_memory(const struct sim_options *options, uint64_t mfn, uint64_t frames)
{
	for (size_t i = 0; i < options->range_count; i++)
		if (mfn * PAGE >= options->ranges[i].base &&
		    (mfn + frames) * PAGE <= options->ranges[i].base + options->ranges[i].size)
			return true;
	return false;
}

static void random_demands(const char *text)
{
	static struct ledger ledger;
	struct pvb_host *host = open_sim(text);
	struct sim_options options;
	struct pvb_error error;
	uint64_t seed = 7, all = free_memory(host);
	uint32_t domains[6] = {0};

	ledger = (struct ledger){.count = 0};
	assert_ok(sim_options_parse(text, &options, &error), &error);
	for (unsigned step = 0; step < 800; step++) {
		uint32_t *domid = &domains[test_random(&seed) % 6];

		if (!*domid) {
			*domid = new_domain(host, 64 * GIB);
		} else if (test_random(&seed) % 24 == 0) {
			destroy(host, *domid);
			strike(&ledger, *domid);
			*domid = 0;
		} else if (ledger.count + 16 < MAX_OUT) {
			pvb_extent_t out[16];
			struct pvb_host_populate request = {
				.address = (test_random(&seed) >> 30) * PAGE,
				.shift = 12 + (unsigned)(test_random(&seed) % 14),
				.count = test_random(&seed) % 16,
				.address_bits = test_random(&seed) % 2 ? 32 : 0,
				.node = (int)(test_random(&seed) % 3) - 1,
				.exact_node = test_random(&seed) % 2,
				.out = out,
			};
			uint64_t done;

			assert_ok(pvb_host_populate(host, *domid, &request, &done, &error), &error);
			for (uint64_t i = 0; i < done; i++) {
				uint64_t frames = UINT64_C(1) << (request.shift - 12);
				uint64_t mfn = pvb_extent_frame(out[i], 12).n;

				assert_int_equal(pvb_extent_check(out[i], 12), PVB_EXTENT_SOUND);
				assert_int_equal(pvb_extent_shift(out[i]), request.shift);
				assert_true(in_memory(&options, mfn, frames));
				if (request.address_bits)
					assert_true((mfn + frames - 1) >> 20 == 0);
				enter(&ledger, *domid, mfn, frames);
			}
		}

		unsigned live = 0;
		for (size_t i = 0; i < 6; i++)
			live += domains[i] != 0;
		/* Each has a shared info page, and one of a grant table. */
		assert_true(free_memory(host) == all - (ledger.frames + 2 * live) * PAGE);
		if (step % 50 == 0)
			assert_books_balance(host);
	}
	assert_true(ledger.count > 0);
	for (size_t i = 0; i < 6; i++)
		if (domains[i])
			destroy(host, domains[i]);
	assert_true(free_memory(host) == all);
	close_sim(host);
}

static void no_frame_is_out_twice_and_all_come_back(void **state)
{
	(void)state;
	random_demands("memory=6G");
	random_demands("memory=6G,scramble");
	random_demands("memory=6G,descending");
	random_demands("memory=6G,nodes=3");
	random_demands("memory=6G,fragment=30");
	random_demands("memory=6G,fragment=100,scramble,nodes=2");
	random_demands("memory=512M");
	random_demands("layout=1M+300M/0x14567000+1G/5G+0x23456000/64T+2G");
	random_demands("memory=6G,used=1G,scrubbing=2G");
}

/* Every frame, one at a time; returns how many there were. */
static uint64_t take_all(struct pvb_host *host, unsigned order, uint64_t *seen_sum)
{
	uint32_t domid = new_domain(host, 64 * GIB);
	struct pvb_host_domain domain;
	struct pvb_error error;
	pvb_mfn_t out[512];
	uint64_t total = 0, got;

	while ((got = give(host, domid, total, order, 512, out)) > 0) {
		for (uint64_t i = 0; i < got; i++)
			*seen_sum += out[i].n;
		total += got;
	}
	assert_ok(pvb_host_get_domain(host, domid, &domain, &error), &error);
	assert_true(domain.pages == total << order);
	return total;
}

static void memory_can_be_used_up_to_the_last_frame(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("layout=1M+15M/20M+4K/24M+40M");
	uint64_t all = free_memory(host) / PAGE, sum = 0, expected = 0;

	for (uint64_t mfn = 0x100; mfn < 0x1000; mfn++)
		expected += mfn;
	expected += 0x1400;
	for (uint64_t mfn = 0x1800; mfn < 0x4000; mfn++)
		expected += mfn;
	uint64_t frames = take_all(host, 0, &sum);

	/* One page is the domain's shared info, and one its grant table. */
	struct pvb_host_domain domain;
	struct pvb_error error;
	pvb_mfn_t grants;
	size_t count;
	assert_ok(pvb_host_get_domain(host, 1, &domain, &error), &error);
	assert_ok(pvb_host_get_grant_frames(host, 1, &grants, 1, &count, &error), &error);
	assert_int_equal(count, 1);
	assert_int_equal(frames, all - 2);
	assert_true(sum == expected - domain.shared_info.n - grants.n);
	assert_true(free_memory(host) == 0);

	struct pvb_host_domain_config config = plain_config();
	uint32_t domid;
	assert_fails_with(pvb_host_create_domain(host, &config, &domid, &error),
			  PVB_E_HOST_NO_MEMORY_BELOW, &error);
	close_sim(host);

	host = open_sim("layout=1M+15M,xen=4.22");
	(void)take_all(host, 0, &sum);
	assert_fails_with(pvb_host_create_domain(host, &config, &domid, &error),
			  PVB_E_HOST_NO_MEMORY, &error);
	close_sim(host);
}

static void low_memory_is_used_last(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=8G");
	uint32_t domid = new_domain(host, 16 * GIB);
	pvb_mfn_t out[4];
	unsigned high = 0;

	while (give(host, domid, 0, 18, 1, out) == 1 && out[0].n >= GIB * 4 / PAGE)
		high++;
	assert_int_equal(high, 4);
	assert_true(out[0].n < GIB * 4 / PAGE);
	close_sim(host);
}

static void a_limit_on_addresses_holds(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("layout=0+4G/64T+16G");
	uint32_t domid = new_domain(host, 64 * GIB);
	pvb_extent_t out[8];
	struct pvb_host_populate request = {.shift = 21, .count = 8, .node = -1, .out = out};
	struct pvb_error error;
	uint64_t done;

	assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
	assert_int_equal(done, 8);
	for (size_t i = 0; i < 8; i++)
		assert_true(out[i].word >= 64 * TIB);

	/* What all memory satisfies is no limit. */
	request.address_bits = 47;
	assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
	assert_true(out[0].word >= 64 * TIB);

	request.address_bits = 46;
	assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
	assert_int_equal(done, 8);
	for (size_t i = 0; i < 8; i++)
		assert_true(out[i].word < 4 * GIB);

	request.address_bits = 31;
	assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
	assert_int_equal(done, 8);
	for (size_t i = 0; i < 8; i++)
		assert_true(out[i].word < 2 * GIB);

	request.address_bits = 20;
	assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
	assert_int_equal(done, 0);

	request.address_bits = 12;
	assert_fails_with(pvb_host_populate(host, domid, &request, &done, &error),
			  PVB_E_ARG_INVALID, &error);
	close_sim(host);
}

static void a_32_bit_domain_gets_what_its_m2p_reaches(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=300G");
	uint32_t domid = new_domain(host, 400 * GIB);
	struct pvb_error error;
	pvb_mfn_t out[1];
	uint64_t got = 0;

	assert_ok(pvb_host_set_guest_bits(host, domid, 32, &error), &error);
	while (give(host, domid, got << 18, 18, 1, out)) {
		assert_true(out[0].n < UINT64_C(1) << 25);
		got++;
	}
	assert_true(got >= 120 && got < 128);
	close_sim(host);

	/* Where the window covers all of memory there is no limit. */
	host = open_sim("memory=160G");
	domid = new_domain(host, 400 * GIB);
	assert_ok(pvb_host_set_guest_bits(host, domid, 32, &error), &error);
	assert_int_equal(give(host, domid, 0, 0, 1, out), 1);
	assert_true(out[0].n >= UINT64_C(1) << 25);
	close_sim(host);
}

static void nodes_take_turns_and_can_be_asked_for(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=16G,nodes=2");
	uint32_t domid = new_domain(host, 64 * GIB);
	uint64_t border = 8 * GIB + GIB * 3 / 4 + MIB;
	pvb_extent_t out[4];
	struct pvb_host_populate request = {.shift = 21, .count = 4, .node = -1, .out = out};
	struct pvb_error error;
	uint64_t done, total = 0;

	assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
	assert_int_equal(done, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(out[i].word >= border, i % 2);

	request.node = 0;
	assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
	for (size_t i = 0; i < 4; i++)
		assert_true(out[i].word < border);

	/* A node that is full helps out with others, unless it is to be that one. */
	request.node = 1;
	request.exact_node = true;
	do {
		assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
		for (size_t i = 0; i < done; i++)
			assert_true(out[i].word >= border);
		total += done;
	} while (done == 4);
	assert_true(total >= 4096 - 8 && total <= 4096);
	request.exact_node = false;
	assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
	assert_int_equal(done, 4);
	assert_true(out[0].word < border);

	/* There is no node 2, and there can be no node 64. */
	request.node = 2;
	assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
	assert_int_equal(done, 4);
	request.exact_node = true;
	assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
	assert_int_equal(done, 0);
	request.node = 64;
	assert_fails_with(pvb_host_populate(host, domid, &request, &done, &error),
			  PVB_E_ARG_INVALID, &error);
	close_sim(host);
}

static void with_nodes_dma_memory_is_spared(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=16G,nodes=4");
	uint32_t domid = new_domain(host, 64 * GIB);
	pvb_mfn_t out[1];
	unsigned extents = 0;

	/* Node 0 is all below 4 GiB but for little, and stays untouched until the end. */
	while (give(host, domid, 0, 9, 1, out) && out[0].n >= 4 * GIB / PAGE)
		extents++;
	/* But for the one of which a frame is the grant table's. */
	assert_int_equal(extents, (16 * GIB - (3 * GIB + GIB / 4 - MIB)) / (2 * MIB) - 1);
	close_sim(host);
}

static void fragments_have_no_large_extents(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G,fragment=100");
	uint32_t domid = new_domain(host, 64 * GIB);
	pvb_mfn_t out[1];

	assert_int_equal(give(host, domid, 0, 9, 1, out), 0);
	assert_int_equal(give(host, domid, 0, 18, 1, out), 0);
	assert_int_equal(give(host, domid, 0, 8, 1, out), 1);
	assert_true(free_memory(host) > 4 * GIB / 512 * 511 - 2 * MIB);
	assert_true(free_memory(host) < 4 * GIB / 512 * 511 + 2 * MIB);
	close_sim(host);

	/* A quarter of the chunks: three quarters of the extents are there. */
	host = open_sim("layout=4G+8G,xen=4.22,fragment=25");
	domid = new_domain(host, 64 * GIB);
	uint64_t extents = 0;
	while (give(host, domid, 0, 9, 1, out))
		extents++;
	assert_true(extents == 8 * 512 * 3 / 4 || extents == 8 * 512 * 3 / 4 - 1);
	close_sim(host);
}

static void scrambled_frames_make_no_runs(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G,scramble");
	uint32_t domid = new_domain(host, 64 * GIB);
	static pvb_mfn_t out[4096];
	unsigned ascending = 0;

	assert_int_equal(give(host, domid, 0, 0, 4096, out), 4096);
	for (size_t i = 1; i < 4096; i++)
		ascending += out[i].n == out[i - 1].n + 1;
	assert_true(ascending < 4096 / 4);

	/* Extents are contiguous all the same, and the order is the same every time. */
	struct pvb_host *again = open_sim("memory=4G,scramble");
	static pvb_mfn_t other[4096];
	assert_int_equal(give(again, new_domain(again, 64 * GIB), 0, 0, 4096, other), 4096);
	assert_memory_equal(out, other, sizeof out);
	assert_int_equal(give(host, domid, 8192, 9, 16, out), 16);
	for (size_t i = 0; i < 16; i++) {
		struct pvb_error error;
		pvb_pfn_t pfn;
		uint64_t count;

		assert_int_equal(out[i].n % 512, 0);
		assert_ok(pvb_host_get_m2p_run(host, out[i], 512, &pfn, &count, &error), &error);
		assert_int_equal(pfn.n, 8192 + i * 512);
		assert_int_equal(count, 512);
	}
	close_sim(host);
	close_sim(again);
}

static void descending_is_how_xen_cuts_blocks(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("layout=1M+1G/4G+4G,descending");
	uint32_t domid = new_domain(host, 64 * GIB);
	pvb_mfn_t out[512];

	assert_int_equal(give(host, domid, 0, 9, 512, out), 512);
	for (size_t i = 1; i < 512; i++)
		assert_true(out[i].n == out[i - 1].n - 512);
	close_sim(host);

	host = open_sim("layout=1M+1G/4G+4G");
	domid = new_domain(host, 64 * GIB);
	/* What is left of the GiB that the grant table is in. */
	assert_int_equal(give(host, domid, 0, 9, 511, out), 511);
	for (size_t i = 1; i < 511; i++)
		assert_true(out[i].n == out[i - 1].n + 512);
	close_sim(host);
}

static void counts_can_fall_short_but_never_stop(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G,short=70");
	uint32_t domid = new_domain(host, 64 * GIB);
	pvb_mfn_t out[100];
	uint64_t total = 0;
	unsigned calls = 0;

	assert_int_equal(give(host, domid, 0, 9, 100, out), 30);
	for (uint64_t left = 70; left; calls++) {
		uint64_t got = give(host, domid, 0, 9, left, out);

		assert_true(got > 0);
		left -= got;
		total += got;
	}
	assert_int_equal(total, 70);
	assert_true(calls > 1);
	assert_int_equal(give(host, domid, 0, 9, 1, out), 1);
	assert_int_equal(give(host, domid, 0, 9, 0, out), 0);
	close_sim(host);

	host = open_sim("memory=4G,short=100");
	domid = new_domain(host, 64 * GIB);
	assert_int_equal(give(host, domid, 0, 0, 100, out), 1);
	close_sim(host);
}

static void what_xen_dislikes_gets_a_count_of_none(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=8G");
	uint32_t domid = new_domain(host, 3 * MIB);
	pvb_mfn_t out[4];
	struct pvb_error error;
	uint64_t done;

	assert_int_equal(give(host, domid, 0, 18, 1, out), 0);
	assert_int_equal(give(host, domid, 0, 19, 1, out), 0);
	assert_int_equal(give(host, domid, 0, 39, 1, out), 0);
	assert_int_equal(give(host, domid, 0, 0, UINT64_C(1) << 26, out), 0);
	assert_int_equal(give(host, domid, 0, 9, 4, out), 1);
	assert_int_equal(give(host, domid, 0, 8, 4, out), 1);
	assert_int_equal(give(host, domid, 0, 0, 1, out), 0);

	/* A limit that goes below what is there lets nothing in. */
	assert_ok(pvb_host_set_max_memory(host, domid, MIB, &error), &error);
	assert_int_equal(give(host, domid, 0, 0, 1, out), 0);
	assert_ok(pvb_host_set_max_memory(host, domid, UINT64_MAX, &error), &error);
	assert_int_equal(give(host, domid, 0, 0, 1, out), 1);

	struct pvb_host_domain domain;
	assert_ok(pvb_host_get_domain(host, domid, &domain, &error), &error);
	assert_true(domain.max_pages == UINT32_MAX);

	/* What is past any M2P is a mistake of the caller's. */
	pvb_extent_t extents[1];
	struct pvb_host_populate request = {
		.address = UINT64_C(1) << 52, .shift = 12, .count = 1, .node = -1, .out = extents};
	assert_fails_with(pvb_host_populate(host, domid, &request, &done, &error),
			  PVB_E_ARG_INVALID, &error);
	request.address = UINT64_MAX - PAGE + 1;
	request.count = 2;
	assert_fails_with(pvb_host_populate(host, domid, &request, &done, &error),
			  PVB_E_ARG_INVALID, &error);
	request.address = 0;
	request.count = UINT64_MAX;
	request.shift = 21;
	assert_fails_with(pvb_host_populate(host, domid, &request, &done, &error),
			  PVB_E_ARG_INVALID, &error);

	/* And so is what is not pages. */
	request.count = 1;
	request.shift = 11;
	assert_fails_with(pvb_host_populate(host, domid, &request, &done, &error),
			  PVB_E_ARG_INVALID, &error);
	request.shift = 64;
	assert_fails_with(pvb_host_populate(host, domid, &request, &done, &error),
			  PVB_E_ARG_INVALID, &error);
	request.shift = 12;
	request.address = PAGE + 1;
	assert_fails_with(pvb_host_populate(host, domid, &request, &done, &error),
			  PVB_E_ARG_INVALID, &error);
	close_sim(host);

	host = open_sim("memory=8G,extent=2M");
	domid = new_domain(host, 8 * GIB);
	assert_int_equal(give(host, domid, 0, 18, 1, out), 0);
	assert_int_equal(give(host, domid, 0, 9, 1, out), 1);
	close_sim(host);
}

static void claims_set_memory_aside(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	uint32_t first = new_domain(host, 3 * GIB), second = new_domain(host, 4 * GIB);
	struct pvb_host_info info;
	struct pvb_host_domain domain;
	struct pvb_error error;
	pvb_mfn_t out[2048];

	assert_fails_with(pvb_host_claim_memory(host, first, 3 * GIB + PAGE, &error),
			  PVB_E_HOST_CLAIM, &error);
	assert_ok(pvb_host_claim_memory(host, first, 3 * GIB, &error), &error);
	assert_fails_with(pvb_host_claim_memory(host, first, 2 * GIB, &error), PVB_E_HOST_CLAIM,
			  &error);
	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	assert_true(info.memory_claimed == 3 * GIB);
	assert_true(info.memory_free == 4 * GIB - 4 * PAGE);

	/* Another domain gets what is not claimed, and can claim no more than that. */
	assert_fails_with(pvb_host_claim_memory(host, second, GIB, &error), PVB_E_HOST_CLAIM,
			  &error);
	assert_non_null(strstr(error.message, "claimed"));
	assert_int_equal(give(host, second, 0, 9, 2048, out), 511);
	assert_int_equal(give(host, second, 0, 0, 2048, out), 508);

	/* The claimant gets all of it; its claim shrinks as it does. */
	assert_int_equal(give(host, first, 0, 9, 1024, out), 1024);
	assert_ok(pvb_host_get_domain(host, first, &domain, &error), &error);
	assert_true(domain.claimed_pages == GIB / PAGE);
	assert_ok(pvb_host_claim_memory(host, first, 0, &error), &error);
	assert_ok(pvb_host_get_domain(host, first, &domain, &error), &error);
	assert_true(domain.claimed_pages == 0);
	assert_int_equal(give(host, second, 0, 9, 1, out), 1);

	/* What a domain has already is no part of its claim. */
	assert_fails_with(pvb_host_claim_memory(host, first, 2 * GIB, &error), PVB_E_HOST_CLAIM,
			  &error);
	assert_ok(pvb_host_claim_memory(host, first, 2 * GIB + PAGE, &error), &error);
	assert_ok(pvb_host_get_domain(host, first, &domain, &error), &error);
	assert_int_equal(domain.claimed_pages, 1);

	/* A claim dies with its domain. */
	destroy(host, first);
	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	assert_true(info.memory_claimed == 0);
	close_sim(host);
}

static void claims_of_others_and_hosts_without_claims(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G,claimed=3G");
	uint32_t domid = new_domain(host, 4 * GIB);
	struct pvb_error error;
	pvb_mfn_t out[2048];

	assert_int_equal(give(host, domid, 0, 9, 2048, out), 511);
	close_sim(host);

	host = open_sim("noclaim");
	domid = new_domain(host, 4 * GIB);
	assert_fails_with(pvb_host_claim_memory(host, domid, GIB, &error), PVB_E_HOST_CLAIM,
			  &error);
	assert_ok(pvb_host_claim_memory(host, domid, 0, &error), &error);
	close_sim(host);
}

static void what_is_scrubbed_or_used_is_not_free(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G,scrubbing=1G,used=1G");
	uint32_t domid = new_domain(host, 4 * GIB);
	uint64_t sum = 0;

	assert_true(free_memory(host) == 2 * GIB - 2 * PAGE);
	destroy(host, domid);
	assert_int_equal(take_all(host, 0, &sum), 2 * GIB / PAGE - 2);
	close_sim(host);
}

/* Summed up by hand, for every width there is. */
static void check_free_below(const char *options, const uint64_t (*ranges)[2], size_t count)
{
	struct pvb_host *host = open_sim(options);
	struct pvb_error error;
	uint64_t bytes;

	for (unsigned bits = 0; bits <= 64; bits++) {
		uint64_t end = bits < 64 ? UINT64_C(1) << bits : UINT64_MAX, expected = 0;

		for (size_t i = 0; i < count; i++) {
			uint64_t stop = ranges[i][0] + ranges[i][1];

			if (ranges[i][0] < end)
				expected += (stop < end ? stop : end) - ranges[i][0];
		}
		assert_ok(pvb_host_get_free_below(host, bits, &bytes, &error), &error);
		assert_true(bytes == expected);
	}
	close_sim(host);
}

static void free_memory_is_known_by_where_it_lies(void **state)
{
	(void)state;
	static const uint64_t odd[][2] = {{MIB, 5 * MIB},
					  {20 * MIB, PAGE},
					  {3 * GIB + MIB, 2 * GIB},
					  {65536 * GIB, 40960 * GIB}};

	check_free_below("layout=1M+5M/20M+4K/0xc0100000+2G/64T+40T", odd, 4);
	check_free_below("layout=1M+5M/20M+4K/0xc0100000+2G/64T+40T,nodes=3", odd, 4);

	/* As memory goes out and comes back, in pieces and whole. */
	struct pvb_host *host = open_sim("memory=16G,fragment=50");
	struct pvb_error error;
	uint32_t domid = new_domain(host, 64 * GIB);
	uint64_t low, before, all;
	pvb_extent_t extents[1000];
	pvb_mfn_t out[1000];

	assert_ok(pvb_host_get_free_below(host, 32, &before, &error), &error);
	assert_true(before > GIB && before < 4 * GIB);
	struct pvb_host_populate request = {
		.shift = 15, .count = 1000, .address_bits = 32, .node = -1, .out = extents};
	uint64_t done;
	assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
	assert_int_equal(done, 1000);
	assert_ok(pvb_host_get_free_below(host, 32, &low, &error), &error);
	assert_true(low == before - 8000 * PAGE);
	assert_int_equal(give(host, domid, 100000, 9, 1000, out), 1000);
	assert_ok(pvb_host_get_free_below(host, 32, &low, &error), &error);
	assert_true(low == before - 8000 * PAGE);
	assert_ok(pvb_host_get_free_below(host, 52, &all, &error), &error);
	assert_true(all == free_memory(host));
	destroy(host, domid);
	assert_ok(pvb_host_get_free_below(host, 52, &all, &error), &error);
	assert_true(all == free_memory(host));
	close_sim(host);
}

/* Xen's own pages are taken from the top of what it has mapped: 4 TiB, if there is more than 5. */
static void what_xen_takes_for_itself_lies_in_its_direct_map(void **state)
{
	(void)state;
	static const struct {
		const char *options;
		uint64_t from, to;
	} cases[] = {
		{"memory=8G,xen=4.22", 4 * GIB, 16 * GIB},
		{"layout=1M+3G/4G+5000G,xen=4.22", 4096 * GIB, 5120 * GIB},
		{"layout=1M+3G/4G+8T/64T+40T,xen=4.22", 2048 * GIB, 4096 * GIB},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pvb_host *host = open_sim(cases[i].options);
		uint32_t domid = new_domain(host, GIB);
		struct pvb_host_domain domain;
		struct pvb_sim_frame frame;
		struct pvb_error error;
		pvb_mfn_t grants;
		size_t count;

		assert_ok(pvb_host_get_domain(host, domid, &domain, &error), &error);
		assert_in_range(domain.shared_info.n, cases[i].from / PAGE, cases[i].to / PAGE - 1);
		assert_ok(pvb_host_get_grant_frames(host, domid, &grants, 1, &count, &error),
			  &error);
		assert_int_equal(count, 1);
		assert_in_range(grants.n, cases[i].from / PAGE, cases[i].to / PAGE - 1);
		pvb_sim_look(host, grants, &frame);
		assert_true(frame.grant_table && !frame.shared_info && frame.domid == domid);
		pvb_sim_look(host, domain.shared_info, &frame);
		assert_true(frame.shared_info && !frame.grant_table);
		destroy(host, domid);
		close_sim(host);
	}
}

static void the_m2p_is_told_in_runs(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=16G");
	uint32_t domid = new_domain(host, 16 * GIB);
	struct pvb_error error;
	pvb_mfn_t out[4], small;
	pvb_pfn_t pfn;
	uint64_t count;

	assert_int_equal(give(host, domid, 0x1000, 18, 1, out), 1);
	assert_ok(pvb_host_get_m2p_run(host, out[0], UINT64_MAX, &pfn, &count, &error), &error);
	assert_true(pfn.n == 0x1000);
	assert_true(count == UINT64_C(1) << 18);
	assert_ok(pvb_host_get_m2p_run(host, PVB_MFN(out[0].n + 700), 100, &pfn, &count, &error),
		  &error);
	assert_true(pfn.n == 0x1000 + 700);
	assert_int_equal(count, 100);

	/* A broken entry in the middle ends the run, and is one of its own. */
	assert_int_equal(pvb_sim_set_m2p(host, PVB_MFN(out[0].n + 1000), PVB_PFN(5)), 0);
	assert_ok(pvb_host_get_m2p_run(host, out[0], UINT64_MAX, &pfn, &count, &error), &error);
	assert_int_equal(count, 1000);
	assert_ok(pvb_host_get_m2p_run(host, PVB_MFN(out[0].n + 1000), 9, &pfn, &count, &error),
		  &error);
	assert_int_equal(pfn.n, 5);
	assert_int_equal(count, 1);
	assert_int_equal(pvb_sim_set_m2p(host, PVB_MFN(out[0].n + 1000), PVB_PFN(PVB_NO_FRAME)), 0);
	assert_ok(pvb_host_get_m2p_run(host, PVB_MFN(out[0].n + 1000), 9, &pfn, &count, &error),
		  &error);
	assert_true(pfn.n == PVB_NO_FRAME);
	assert_int_equal(count, 1);

	/* What is nobody's has no PFN, however far one looks. */
	assert_ok(pvb_host_get_m2p_run(host, PVB_MFN(0), 0x100, &pfn, &count, &error), &error);
	assert_true(pfn.n == PVB_NO_FRAME);
	assert_int_equal(count, 0x100);
	assert_ok(pvb_host_get_m2p_run(host, PVB_MFN(UINT64_MAX), UINT64_MAX, &pfn, &count, &error),
		  &error);
	assert_true(pfn.n == PVB_NO_FRAME);
	assert_true(count == UINT64_MAX);
	assert_fails_with(pvb_host_get_m2p_run(host, PVB_MFN(0), 0, &pfn, &count, &error),
			  PVB_E_ARG_INVALID, &error);

	/* Single frames that follow each other are one run, too. */
	assert_int_equal(give(host, domid, 0x900000, 0, 1, &small), 1);
	assert_int_equal(give(host, domid, 0x900001, 0, 3, out), 3);
	assert_true(out[0].n == small.n + 1);
	assert_ok(pvb_host_get_m2p_run(host, small, UINT64_MAX, &pfn, &count, &error), &error);
	assert_true(pfn.n == 0x900000);
	assert_int_equal(count, 4);
	assert_int_equal(pvb_sim_set_m2p(host, PVB_MFN(3), PVB_PFN(0)), -1);
	close_sim(host);
}

static void frames_can_be_given_back_one_by_one(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	uint32_t domid = new_domain(host, 4 * GIB), other = new_domain(host, GIB);
	uint64_t all = free_memory(host);
	struct pvb_sim_frame frame;
	pvb_mfn_t out[1];

	assert_int_equal(give(host, domid, 0, 9, 1, out), 1);
	assert_int_equal(pvb_sim_give_back(host, other, out[0]), -1);
	assert_int_equal(pvb_sim_give_back(host, 99, out[0]), -1);
	assert_int_equal(pvb_sim_give_back(host, domid, PVB_MFN(out[0].n + 512)), -1);
	for (uint64_t i = 0; i < 512; i++) {
		assert_int_equal(pvb_sim_give_back(host, domid, PVB_MFN(out[0].n + i)), 0);
		pvb_sim_look(host, PVB_MFN(out[0].n + i), &frame);
		assert_false(frame.owned);
	}
	assert_true(free_memory(host) == all);
	assert_int_equal(give(host, domid, 0, 18, 1, out), 1);
	close_sim(host);
}

/* ---- what it costs --------------------------------------------------------------- */

static uint64_t anonymous_memory(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[200];
	unsigned long long kib = 0;

	assert_non_null(status);
	while (fgets(line, sizeof line, status))
		if (sscanf(line, "RssAnon: %llu", &kib) == 1)
			break;
	assert_int_equal(fclose(status), 0);
	return kib * KIB;
}

static void a_huge_host_costs_nothing_until_it_is_used(void **state)
{
	(void)state;
	uint64_t before = anonymous_memory();
	struct pvb_host *host = open_sim("layout=0+3G/70T+50T");
	uint32_t domid = new_domain(host, 64 * GIB);
	struct pvb_error error;
	pvb_mfn_t out[32];
	void *at;

	assert_int_equal(give(host, domid, 0, 9, 32, out), 32);
	assert_true(out[0].n >= 70 * TIB / PAGE);
	assert_ok(pvb_host_map_frames(host, domid, out, 1, true, &at, &error), &error);
	memset(at, 1, PAGE);
	pvb_host_unmap_frames(host, at, 1);
	assert_true(anonymous_memory() < before + 4 * MIB);
	close_sim(host);
}

static void a_terabyte_domain_is_a_few_runs(void **state)
{
	(void)state;
	uint64_t before = anonymous_memory();
	struct pvb_host *host = open_sim("memory=1100G");
	uint32_t domid = new_domain(host, TIB);
	static pvb_mfn_t out[512];
	uint64_t runs = 0, last = UINT64_MAX;

	for (uint64_t extent = 0; extent < TIB / (2 * MIB); extent += 512) {
		assert_int_equal(give(host, domid, extent * 512, 9, 512, out), 512);
		for (size_t i = 0; i < 512; i++) {
			runs += out[i].n != last + 512;
			last = out[i].n;
		}
	}
	assert_true(runs <= 1100);
	assert_true(anonymous_memory() < before + 4 * MIB);
	assert_books_balance(host);
	destroy(host, domid);
	assert_true(free_memory(host) == 1100 * GIB);
	close_sim(host);
}

/* The host as one that only tells what single frames are, as Xen does. */
static struct pvb_host_ops without_runs(struct pvb_host *host)
{
	struct pvb_host_ops ops = *host->ops;

	ops.get_owned_run = NULL;
	return ops;
}

/* Frames of both domains, of nobody, of Xen's and beyond all memory, in runs of random lengths. */
static void owners_are_told_in_runs(void **state)
{
	struct pvb_host *host = open_sim("memory=64M,fragment=30,scramble");
	const struct pvb_host_ops *all = host->ops, single = without_runs(host);
	uint32_t domid[2] = {new_domain(host, 8 * MIB), new_domain(host, 8 * MIB)};
	struct pvb_host_frames runs[200];
	struct pvb_error error;
	uint64_t seed = 11, told = 0;
	pvb_mfn_t out[64];

	(void)state;
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(give(host, domid[i % 2], 64 * (i / 2), 0, 64, out), 64);
	for (unsigned i = 0; i < 200; i++)
		runs[i] = (struct pvb_host_frames){PVB_MFN(test_random(&seed) % 20000),
						   1 + test_random(&seed) % 3000};
	for (size_t first = 0; first < 200;) {
		uint64_t count[2];
		bool owned[2];

		for (unsigned i = 0; i < 2; i++) {
			host->ops = i ? &single : all;
			assert_ok(pvb_host_get_owned_run(host, domid[0], runs + first, 200 - first,
							 &owned[i], &count[i], &error),
				  &error);
		}
		assert_int_equal(owned[0], owned[1]);
		assert_int_equal(count[0], count[1]);
		assert_true(count[0] > 0);
		told += count[0];
		for (uint64_t left = count[0]; left;) {
			uint64_t n = left < runs[first].count ? left : runs[first].count;

			for (uint64_t i = 0; i < n; i++) {
				struct pvb_sim_frame frame;

				pvb_sim_look(host, PVB_MFN(runs[first].first.n + i), &frame);
				assert_int_equal(owned[0], frame.owned && frame.domid == domid[0]);
			}
			left -= n;
			runs[first].first.n += n;
			runs[first].count -= n;
			first += !runs[first].count;
		}
	}
	assert_true(told > 200000);
	host->ops = all;
	close_sim(host);
}

static uint64_t calls_of(struct pvb_host *host, enum pvb_host_call call)
{
	return host->calls[call];
}

static void owners_are_asked_in_batches(void **state)
{
	struct pvb_host *host = open_sim("memory=64M");
	const struct pvb_host_ops *all = host->ops, single = without_runs(host);
	uint32_t domid = new_domain(host, 32 * MIB);
	struct pvb_host_frames runs[16] = {{.count = 0}};
	struct pvb_error error;
	pvb_mfn_t out[16];
	uint64_t count, before;
	bool owned;

	(void)state;
	assert_fails_with(pvb_host_get_owned_run(host, domid, runs, 0, &owned, &count, &error),
			  PVB_E_ARG_INVALID, &error);
	assert_fails_with(pvb_host_get_owned_run(host, domid, runs, 1, &owned, &count, &error),
			  PVB_E_ARG_INVALID, &error);
	runs[0] = (struct pvb_host_frames){PVB_MFN(UINT64_MAX), 2};
	assert_fails_with(pvb_host_get_owned_run(host, domid, runs, 1, &owned, &count, &error),
			  PVB_E_ARG_INVALID, &error);
	assert_int_equal(give(host, domid, 0, 9, 16, out), 16);
	for (unsigned i = 0; i < 16; i++)
		runs[i] = (struct pvb_host_frames){out[i], 512};
	for (unsigned i = 0; i < 2; i++) {
		host->ops = i ? &single : all;
		before = calls_of(host, PVB_CALL_GET_FRAME_INFO);
		assert_ok(pvb_host_get_owned_run(host, domid, runs, 16, &owned, &count, &error),
			  &error);
		assert_true(owned);
		assert_int_equal(count, 8192);
		/* 32 frames, then 1024 at a time. */
		assert_int_equal(calls_of(host, PVB_CALL_GET_FRAME_INFO) - before, i ? 9 : 0);
	}
	host->ops = all;
	close_sim(host);
}

static void a_scrambled_domain_of_16_gib_works(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=20G,scramble,fragment=50");
	uint32_t domid = new_domain(host, 16 * GIB);
	static pvb_mfn_t out[4096];

	for (uint64_t pfn = 0; pfn < 16 * GIB / PAGE; pfn += 4096)
		assert_int_equal(give(host, domid, pfn, 0, 4096, out), 4096);
	assert_books_balance(host);
	destroy(host, domid);
	close_sim(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_frame_is_out_twice_and_all_come_back),
		cmocka_unit_test(memory_can_be_used_up_to_the_last_frame),
		cmocka_unit_test(low_memory_is_used_last),
		cmocka_unit_test(a_limit_on_addresses_holds),
		cmocka_unit_test(a_32_bit_domain_gets_what_its_m2p_reaches),
		cmocka_unit_test(nodes_take_turns_and_can_be_asked_for),
		cmocka_unit_test(with_nodes_dma_memory_is_spared),
		cmocka_unit_test(fragments_have_no_large_extents),
		cmocka_unit_test(scrambled_frames_make_no_runs),
		cmocka_unit_test(descending_is_how_xen_cuts_blocks),
		cmocka_unit_test(counts_can_fall_short_but_never_stop),
		cmocka_unit_test(what_xen_dislikes_gets_a_count_of_none),
		cmocka_unit_test(claims_set_memory_aside),
		cmocka_unit_test(claims_of_others_and_hosts_without_claims),
		cmocka_unit_test(what_is_scrubbed_or_used_is_not_free),
		cmocka_unit_test(free_memory_is_known_by_where_it_lies),
		cmocka_unit_test(what_xen_takes_for_itself_lies_in_its_direct_map),
		cmocka_unit_test(the_m2p_is_told_in_runs),
		cmocka_unit_test(frames_can_be_given_back_one_by_one),
		cmocka_unit_test(a_huge_host_costs_nothing_until_it_is_used),
		cmocka_unit_test(a_terabyte_domain_is_a_few_runs),
		cmocka_unit_test(owners_are_told_in_runs),
		cmocka_unit_test(owners_are_asked_in_batches),
		cmocka_unit_test(a_scrambled_domain_of_16_gib_works),
	};

	return cmocka_run_group_tests_name("sim-memory", tests, NULL, NULL);
}
